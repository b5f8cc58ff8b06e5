// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20, IERC20, IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {MetadataReaderLib} from "solady/utils/MetadataReaderLib.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {WAD} from "../libraries/WadMath.sol";
import {IWrappedSupply} from "./IWrappedSupply.sol";
import {ReserveRoom} from "./ReserveRoom.sol";

/// @title Wrapped supply
/// @dev The actions do no arithmetic of their own: they mint and burn what the pool says it has minted and burned.
contract WrappedSupply is ERC4626, ERC20Permit, IWrappedSupply {
    using Math for uint256;
    using SafeERC20 for IERC20;
    using ReserveRoom for ReserveData;

    // ------------------------------------------------------------------ immutables

    /// @inheritdoc IWrappedSupply
    IPool public immutable pool;
    /// @inheritdoc IWrappedSupply
    uint256 public immutable reserveId;

    // ------------------------------------------------------------------ constructor

    /// @param token A reserve of the pool. Reverts: UnknownReserve.
    constructor(IPool pool_, IERC20 token)
        ERC20(
            string.concat("Earning ", MetadataReaderLib.readName(address(token))),
            string.concat("earn", MetadataReaderLib.readSymbol(address(token)))
        )
        ERC20Permit(string.concat("Earning ", MetadataReaderLib.readName(address(token))))
        ERC4626(token)
    {
        pool = pool_;
        reserveId = pool_.reserveId(address(token));
        // The pool takes from its caller only, and this contract calls it for what it has just received.
        token.forceApprove(address(pool_), type(uint256).max);
    }

    // ------------------------------------------------------------------ in

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver) public override(ERC4626, IERC4626) returns (uint256 shares) {
        if (assets != 0) {
            _transferIn(msg.sender, assets);
            (, shares) = pool.supply(reserveId, assets, address(this));
        }
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) returns (uint256 assets) {
        if (shares != 0) {
            assets = previewMint(shares);
            _transferIn(msg.sender, assets);
            pool.supply(reserveId, shares | Amounts.SHARES, address(this));
        }
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @inheritdoc IWrappedSupply
    function depositShares(uint256 shares, address receiver) external {
        pool.transferFrom(msg.sender, address(this), reserveId, shares);
        _mint(receiver, shares);
        emit SharesDeposited(msg.sender, receiver, shares);
    }

    // ------------------------------------------------------------------ out

    /// @inheritdoc IERC4626
    function withdraw(uint256 assets, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        returns (uint256 shares)
    {
        // Above, the pool would read the amount as shares.
        if (assets > Amounts.LIMIT) revert ERC4626ExceededMaxWithdraw(owner, assets, maxWithdraw(owner));
        // Paid before burned, because only the pool knows how many shares it takes. It is locked while the token moves: whatever
        // a receiver does here meanwhile is as if done before.
        if (assets != 0) (, shares) = pool.withdraw(reserveId, assets, address(this), receiver);
        _spend(owner, shares);
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// @inheritdoc IERC4626
    function redeem(uint256 shares, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        returns (uint256 assets)
    {
        _spend(owner, shares);
        if (shares != 0) {
            (assets,) = pool.withdraw(reserveId, shares | Amounts.SHARES, address(this), receiver);
        }
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// @inheritdoc IWrappedSupply
    function redeemShares(uint256 shares, address receiver, address owner) external {
        _spend(owner, shares);
        pool.transfer(receiver, reserveId, shares);
        emit SharesRedeemed(msg.sender, receiver, owner, shares);
    }

    function _spend(address owner, uint256 shares) private {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        _burn(owner, shares);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IERC4626
    /// @dev What the wrapper's shares are worth; a gift to its position is not in it.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return convertToAssets(totalSupply());
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok ? d.suppliable() : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok ? d.mintable() : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok ? d.withdrawable(pool, balanceOf(owner)) : 0;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        (bool ok, ReserveData memory d) = ReserveRoom.tryRead(pool, reserveId);
        return ok ? d.redeemable(pool, balanceOf(owner)) : 0;
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return super.decimals();
    }

    // ------------------------------------------------------------------ internal

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        uint256 index = pool.reserveData(reserveId).supplyIndex;
        // A supply that a write-off has taken whole buys nothing, and no shares of it pay for assets.
        if (index == 0 && rounding == Math.Rounding.Floor) return 0;
        return assets.mulDiv(WAD, index, rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        return shares.mulDiv(pool.reserveData(reserveId).supplyIndex, WAD, rounding);
    }
}
