// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20, IERC20, IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MetadataReaderLib} from "solady/utils/MetadataReaderLib.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {WAD} from "../libraries/WadMath.sol";
import {IInsuranceVault} from "./IInsuranceVault.sol";
import {ReserveRoom} from "./ReserveRoom.sol";

/// @title Insurance vault
/// @dev Everything is counted in the pool's supply shares, which the pool tells: nothing is remembered that a slashing would have to
/// correct. Two steps, each rounded against the caller: the vault's shares to the pool's, and those to assets.
contract InsuranceVault is ERC4626, ERC20Permit, ReentrancyGuardTransient, IInsuranceVault {
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using ReserveRoom for ReserveData;

    // ------------------------------------------------------------------ constants

    uint8 private constant OFFSET = 6;
    uint256 private constant VIRTUAL_SHARES = 10 ** OFFSET;
    /// @dev The part of their first worth under which shares buy no company. It bounds what a pool's share can buy, so that no number
    /// of slashings makes the vault's shares overflow: 2^112 times 10^12 is below 2^152.
    uint256 private constant DEPLETED_AT = 1e6;

    // ------------------------------------------------------------------ immutables

    /// @inheritdoc IInsuranceVault
    IPool public immutable pool;
    /// @inheritdoc IInsuranceVault
    uint256 public immutable reserveId;
    /// @inheritdoc IInsuranceVault
    uint256 public immutable cooldownPeriod;
    /// @inheritdoc IInsuranceVault
    uint256 public immutable window;

    // ------------------------------------------------------------------ storage

    struct Cooldown {
        uint208 shares; // never more than the holder has
        uint48 startedAt;
    }

    mapping(address owner => Cooldown) private _cooldowns;

    // ------------------------------------------------------------------ constructor

    /// @param token A reserve of the pool. Reverts: UnknownReserve.
    constructor(IPool pool_, IERC20 token, uint256 cooldownPeriod_, uint256 window_)
        ERC20(
            string.concat("Insuring ", MetadataReaderLib.readName(address(token))),
            string.concat("ins", MetadataReaderLib.readSymbol(address(token)))
        )
        ERC20Permit(string.concat("Insuring ", MetadataReaderLib.readName(address(token))))
        ERC4626(token)
    {
        bool fits = cooldownPeriod_ >= 1 days && cooldownPeriod_ <= 90 days && window_ >= 1 hours
            && window_ <= cooldownPeriod_;
        if (!fits) revert PeriodsOutOfRange(cooldownPeriod_, window_);
        (pool, reserveId) = (pool_, pool_.reserveId(address(token)));
        (cooldownPeriod, window) = (cooldownPeriod_, window_);
        // The pool takes from its caller only, and this contract calls it for what it has just received.
        token.forceApprove(address(pool_), type(uint256).max);
    }

    // ------------------------------------------------------------------ in

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        shares = previewDeposit(assets);
        if (shares == 0) revert NothingMinted(assets);
        _enter(assets, assets, shares, receiver);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 assets)
    {
        uint256 supplied = _toSupply(shares, Math.Rounding.Ceil);
        assets = _worth(supplied, Math.Rounding.Ceil);
        _enter(assets, supplied | Amounts.SHARES, shares, receiver);
    }

    function _enter(uint256 assets, uint256 amount, uint256 shares, address receiver) private {
        if (isDepleted()) revert Depleted();
        _transferIn(msg.sender, assets);
        pool.supply(reserveId, amount, address(this));
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    // ------------------------------------------------------------------ out

    /// @inheritdoc IInsuranceVault
    function cooldown(uint256 shares) external {
        uint256 balance = balanceOf(msg.sender);
        if (shares > balance) revert CooldownExceedsBalance(msg.sender, shares, balance);
        _cooldowns[msg.sender] = Cooldown(shares.toUint208(), uint48(block.timestamp));
        (, uint256 opensAt, uint256 closesAt) = cooldownOf(msg.sender);
        emit CooldownStarted(msg.sender, shares, opensAt, closesAt);
    }

    /// @inheritdoc IERC4626
    function withdraw(uint256 assets, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        // Above, the pool would read the amount as shares.
        if (assets > Amounts.LIMIT) revert ERC4626ExceededMaxWithdraw(owner, assets, maxWithdraw(owner));
        shares = previewWithdraw(assets);
        _leave(assets, assets, shares, receiver, owner);
    }

    /// @inheritdoc IERC4626
    function redeem(uint256 shares, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 assets)
    {
        uint256 supplied = _toSupply(shares, Math.Rounding.Floor);
        assets = _worth(supplied, Math.Rounding.Floor);
        _leave(assets, supplied == 0 ? 0 : supplied | Amounts.SHARES, shares, receiver, owner);
    }

    function _leave(uint256 assets, uint256 amount, uint256 shares, address receiver, address owner) private {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        uint256 ready = _ready(owner);
        if (shares > ready) revert NotCooledDown(owner, shares, ready);
        // Casts back what fitted before.
        _cooldowns[owner].shares -= uint208(shares);
        _burn(owner, shares);
        if (amount != 0) pool.withdraw(reserveId, amount, address(this), receiver);
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// @dev The shares that may leave now.
    function _ready(address owner) private view returns (uint256) {
        (uint256 shares, uint256 opensAt, uint256 closesAt) = cooldownOf(owner);
        return block.timestamp >= opensAt && block.timestamp < closesAt ? shares : 0;
    }

    /// @dev What is given away is cooled no more.
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        uint256 left = balanceOf(from);
        if (_cooldowns[from].shares > left) _cooldowns[from].shares = left.toUint208();
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IInsuranceVault
    function cooldownOf(address owner) public view returns (uint256 shares, uint256 opensAt, uint256 closesAt) {
        shares = _cooldowns[owner].shares;
        if (shares == 0) return (0, 0, 0);
        opensAt = _cooldowns[owner].startedAt + cooldownPeriod;
        closesAt = opensAt + window;
    }

    /// @inheritdoc IInsuranceVault
    function isDepleted() public view returns (bool) {
        return (_supplied() + 1) * VIRTUAL_SHARES * DEPLETED_AT < totalSupply() + VIRTUAL_SHARES;
    }

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return pool.supplyBalance(address(this), reserveId);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return _worth(_toSupply(shares, Math.Rounding.Ceil), Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok && !isDepleted() ? d.suppliable() : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        // The most shares that cost at most so much supply, rounded up.
        return ok && !isDepleted() ? _toShares(d.mintable(), Math.Rounding.Floor) : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok ? d.withdrawable(pool, _toSupply(_ready(owner), Math.Rounding.Floor)) : 0;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        if (!ok) return 0;
        uint256 ready = _ready(owner);
        uint256 supplied = _toSupply(ready, Math.Rounding.Floor);
        uint256 redeemable = d.redeemable(pool, supplied);
        // The most shares that are worth no more supply than that, rounded down.
        return redeemable == supplied ? ready : _toShares(redeemable + 1, Math.Rounding.Ceil) - 1;
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return super.decimals();
    }

    // ------------------------------------------------------------------ internal

    /// @dev The vault's supply shares in the pool. They may fall at any moment.
    function _supplied() private view returns (uint256) {
        return pool.balanceOf(address(this), reserveId);
    }

    function _toShares(uint256 supplied, Math.Rounding rounding) private view returns (uint256) {
        return supplied.mulDiv(totalSupply() + VIRTUAL_SHARES, _supplied() + 1, rounding);
    }

    function _toSupply(uint256 shares, Math.Rounding rounding) private view returns (uint256) {
        return shares.mulDiv(_supplied() + 1, totalSupply() + VIRTUAL_SHARES, rounding);
    }

    /// @dev Of the pool's shares.
    function _worth(uint256 supplied, Math.Rounding rounding) private view returns (uint256) {
        return supplied.mulDiv(pool.reserveData(reserveId).supplyIndex, WAD, rounding);
    }

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        uint256 index = pool.reserveData(reserveId).supplyIndex;
        // A supply that a write-off has taken whole buys nothing, and no shares of it pay for assets.
        if (index == 0 && rounding == Math.Rounding.Floor) return 0;
        return _toShares(assets.mulDiv(WAD, index, rounding), rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        return _worth(_toSupply(shares, rounding), rounding);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return OFFSET;
    }
}
