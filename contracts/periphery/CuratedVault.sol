// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20, IERC20, IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPool} from "../interfaces/IPool.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {WAD, WadMath, YEAR} from "../libraries/WadMath.sol";
import {Allocation, ICuratedVault, Market} from "./ICuratedVault.sol";
import {ReserveRoom} from "./ReserveRoom.sol";

/// @title Curated vault
/// @dev Whatever concerns a pool happens in a call of the vault to itself, with limited gas. So a pool that reverts, answers nonsense,
/// burns its gas or moves something else than it was asked to fails as one step that never was, and the walk goes on without it.
contract CuratedVault is ERC4626, ERC20Permit, AccessManaged, ReentrancyGuardTransient, ICuratedVault {
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using ReserveRoom for ReserveData;

    // ------------------------------------------------------------------ constants

    uint256 public constant MAX_MARKETS = 16;
    /// @notice Of gains, WAD.
    uint256 public constant MAX_FEE = 0.5e18;
    /// @notice How much faster than this a market's gains are not counted, per year, WAD.
    uint256 public constant MAX_GROWTH = 2e18;
    /// @dev The most gas that a step in a pool may use. A pool uses 100,000, and three times 300,000 with strategies at their limits.
    uint256 private constant STEP_GAS = 1_500_000;

    // ------------------------------------------------------------------ immutables

    /// @dev Digits of a share beyond the asset's.
    uint8 private immutable _offset;

    // ------------------------------------------------------------------ storage

    mapping(IPool pool => Market) private _markets;
    IPool[] private _supplyQueue;
    IPool[] private _withdrawQueue; // all markets
    /// @inheritdoc ICuratedVault
    uint256 public idle;
    /// @inheritdoc ICuratedVault
    uint256 public highWater;
    /// @inheritdoc ICuratedVault
    uint256 public depositLimit = type(uint128).max;
    /// @inheritdoc ICuratedVault
    uint256 public fee;
    /// @inheritdoc ICuratedVault
    address public feeRecipient;

    // ------------------------------------------------------------------ constructor

    constructor(IERC20 asset_, string memory name_, string memory symbol_, address authority_, address feeRecipient_)
        ERC20(name_, symbol_)
        ERC20Permit(name_)
        ERC4626(asset_)
        AccessManaged(authority_)
    {
        uint8 assetDecimals = IERC20Metadata(address(asset_)).decimals();
        _offset = assetDecimals < 18 ? 18 - assetDecimals : 0;
        _setFeeRecipient(feeRecipient_);
    }

    modifier onlySelf() {
        if (msg.sender != address(this)) revert NotSelf(msg.sender);
        _;
    }

    // ------------------------------------------------------------------ in

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        uint256 total = _accrue(true);
        uint256 room = depositLimit.saturatingSub(total);
        if (assets > room) revert ERC4626ExceededMaxDeposit(receiver, assets, room);
        shares = _toShares(assets, total, totalSupply(), Math.Rounding.Floor);
        if (shares == 0 && assets != 0) revert NothingMinted(assets);
        _enter(assets, shares, receiver);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 assets)
    {
        uint256 total = _accrue(true);
        uint256 room = _toShares(depositLimit.saturatingSub(total), total, totalSupply(), Math.Rounding.Floor);
        if (shares > room) revert ERC4626ExceededMaxMint(receiver, shares, room);
        assets = _toAssets(shares, total, totalSupply(), Math.Rounding.Ceil);
        _enter(assets, shares, receiver);
    }

    function _enter(uint256 assets, uint256 shares, address receiver) private {
        _transferIn(msg.sender, assets);
        idle += assets;
        highWater += assets;
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
        _lend(assets);
    }

    /// @dev Walks the supply queue. What no market takes stays cash.
    function _lend(uint256 assets) private {
        uint256 count = _supplyQueue.length;
        for (uint256 k; k < count && assets != 0; ++k) {
            IPool pool = _supplyQueue[k];
            Market storage m = _markets[pool];
            if (m.suspended) continue;
            uint256 amount = assets.min(uint256(m.cap).saturatingSub(m.counted));
            if (amount == 0) continue;
            amount = amount.min(_ask(pool, this.suppliableTo));
            if (amount == 0) continue;
            uint256 before = gasleft();
            try this.step{gas: STEP_GAS}(pool, amount, 0) {
                assets -= amount;
            } catch {
                _requireFullStep(before);
            }
        }
    }

    // ------------------------------------------------------------------ out

    /// @inheritdoc IERC4626
    function withdraw(uint256 assets, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        uint256 total = _accrue(false);
        shares = _toShares(assets, total, totalSupply(), Math.Rounding.Ceil);
        _leave(assets, shares, total, receiver, owner);
    }

    /// @inheritdoc IERC4626
    function redeem(uint256 shares, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        nonReentrant
        returns (uint256 assets)
    {
        uint256 total = _accrue(false);
        assets = _toAssets(shares, total, totalSupply(), Math.Rounding.Floor);
        _leave(assets, shares, total, receiver, owner);
    }

    function _leave(uint256 assets, uint256 shares, uint256 total, address receiver, address owner) private {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        _burn(owner, shares);
        // In proportion: a loss that is still to be made good leaves with those who bore it.
        if (total != 0) highWater = highWater.mulDiv(total - assets, total, Math.Rounding.Ceil);
        _fetch(assets);
        idle -= assets;
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
        _transferOut(receiver, assets);
    }

    /// @dev Walks the withdraw queue until there is enough cash.
    function _fetch(uint256 assets) private {
        uint256 missing = assets.saturatingSub(idle);
        uint256 count = _withdrawQueue.length;
        for (uint256 k; k < count && missing != 0; ++k) {
            IPool pool = _withdrawQueue[k];
            uint256 amount = missing.min(_withdrawable(pool, _markets[pool].counted));
            if (amount == 0) continue;
            uint256 before = gasleft();
            try this.step{gas: STEP_GAS}(pool, 0, amount) {
                missing -= amount;
            } catch {
                _requireFullStep(before);
            }
        }
        if (missing != 0) revert InsufficientLiquidity(assets, assets - missing);
    }

    /// @dev No more than counts: a gift to the vault's supply must not come in by this way either.
    function _withdrawable(IPool pool, uint256 counted) private view returns (uint256) {
        return counted == 0 || _markets[pool].suspended ? 0 : _ask(pool, this.withdrawableFrom).min(counted);
    }

    // ------------------------------------------------------------------ steps in one pool

    /// @dev The vault's call to itself; see `_supplyTo` and `_withdrawFrom`.
    function step(IPool pool, uint256 supplied, uint256 withdrawn) external onlySelf {
        if (supplied != 0) _supplyTo(pool, supplied);
        else _withdrawFrom(pool, withdrawn);
    }

    /// @dev Exactly: so the allowance is used up, and the vault's cash is what it counts.
    function _supplyTo(IPool pool, uint256 assets) private {
        Market storage m = _markets[pool];
        IERC20 token = IERC20(asset());
        if (m.counted == 0) m.countedAt = uint40(block.timestamp);
        uint256 held = token.balanceOf(address(this));
        token.forceApprove(address(pool), assets);
        pool.supply(m.id, assets, address(this));
        uint256 moved = held - token.balanceOf(address(this));
        if (moved != assets) revert MovementNotExact(pool, assets, moved);
        idle -= assets;
        m.counted = (m.counted + assets).toUint128();
        emit Moved(pool, assets, 0);
    }

    function _withdrawFrom(IPool pool, uint256 assets) private {
        Market storage m = _markets[pool];
        IERC20 token = IERC20(asset());
        uint256 held = token.balanceOf(address(this));
        pool.withdraw(m.id, assets, address(this), address(this));
        uint256 moved = token.balanceOf(address(this)) - held;
        if (assets == Amounts.ALL) assets = m.counted = 0;
        else if (moved != assets) revert MovementNotExact(pool, assets, moved);
        else m.counted = uint256(m.counted).saturatingSub(assets).toUint128();
        idle += moved;
        emit Moved(pool, 0, moved);
    }

    /// @dev A view of the vault about a pool; zero where the pool does not answer.
    function _ask(IPool pool, function(IPool) external view returns (uint256) view_)
        private
        view
        returns (uint256 answer)
    {
        uint256 before = gasleft();
        try view_{gas: STEP_GAS}(pool) returns (uint256 answer_) {
            return answer_;
        } catch {
            _requireFullStep(before);
        }
    }

    /// @dev No caller makes a sound pool fail by sending little gas.
    function _requireFullStep(uint256 gasBefore) private pure {
        if (gasBefore - gasBefore / 64 < STEP_GAS + 10_000) revert InsufficientGas();
    }

    // ------------------------------------------------------------------ what it is worth

    /// @dev Counts gains and losses up to now and charges the fee. Whoever is `entering` must know the price: it does with all markets
    /// settled only.
    function _accrue(bool entering) private returns (uint256 total) {
        total = idle;
        uint256 count = _withdrawQueue.length;
        for (uint256 k; k < count; ++k) {
            IPool pool = _withdrawQueue[k];
            (uint256 counted, bool settled) = _count(pool);
            total += counted;
            if (settled) {
                // Fits: what was counted before had 112 bits at most, as all of a token, and grows at MAX_GROWTH.
                (_markets[pool].counted, _markets[pool].countedAt) = (uint128(counted), uint40(block.timestamp));
            } else if (entering) {
                revert MarketUnsettled(pool);
            }
        }
        uint256 feeShares = _feeShares(total);
        if (feeShares != 0) _mint(feeRecipient, feeShares);
        if (total > highWater) highWater = total;
        emit Accrued(total, feeShares);
    }

    /// @inheritdoc ICuratedVault
    function survey() public view nonReentrantView returns (uint256 assets, uint256 shares, bool settled) {
        (assets, settled) = (idle, true);
        uint256 count = _withdrawQueue.length;
        for (uint256 k; k < count; ++k) {
            (uint256 counted, bool settled_) = _count(_withdrawQueue[k]);
            assets += counted;
            settled = settled && settled_;
        }
        shares = totalSupply() + _feeShares(assets);
    }

    /// @dev What a market counts for. Its supply is asked for only where the vault has lent something: what others put there is theirs to
    /// lose. Rounded up to a unit, the growth allowed never stands still, however often it is counted.
    function _count(IPool pool) private view returns (uint256 counted, bool settled) {
        Market storage m = _markets[pool];
        counted = m.counted;
        if (counted == 0) return (0, true);
        if (m.suspended) return (counted, false);
        uint256 before = gasleft();
        try this.valueIn{gas: STEP_GAS}(pool) returns (uint256 value) {
            uint256 elapsed = block.timestamp - m.countedAt;
            return (value.min(counted + counted.mulDiv(MAX_GROWTH * elapsed, WAD * YEAR, Math.Rounding.Ceil)), true);
        } catch (bytes memory reason) {
            _requireFullStep(before);
            // Its books are between two states: a loss may be under way.
            if (bytes4(reason) == IPoolErrors.Reentrancy.selector) revert IPoolErrors.Reentrancy();
        }
    }

    function _feeShares(uint256 total) private view returns (uint256) {
        uint256 assets = WadMath.mulDown(total.saturatingSub(highWater), fee);
        return assets == 0 ? 0 : _toShares(assets, total - assets, totalSupply(), Math.Rounding.Floor);
    }

    function _toShares(uint256 assets, uint256 total, uint256 supply, Math.Rounding rounding)
        private
        view
        returns (uint256)
    {
        return assets.mulDiv(supply + 10 ** _offset, total + 1, rounding);
    }

    function _toAssets(uint256 shares, uint256 total, uint256 supply, Math.Rounding rounding)
        private
        view
        returns (uint256)
    {
        return shares.mulDiv(total + 1, supply + 10 ** _offset, rounding);
    }

    // ------------------------------------------------------------------ curator

    /// @inheritdoc ICuratedVault
    function raiseCap(IPool pool, uint256 cap) external restricted {
        Market storage m = _markets[pool];
        if (cap <= m.cap) revert CapNotRaised(pool, m.cap, cap);
        if (!m.listed) {
            if (_withdrawQueue.length == MAX_MARKETS) revert TooManyMarkets();
            (m.id, m.listed) = (pool.reserveId(asset()).toUint8(), true);
            _withdrawQueue.push(pool);
            emit MarketAdded(pool, m.id);
        }
        m.cap = cap.toUint128();
        emit CapSet(pool, cap);
    }

    /// @inheritdoc ICuratedVault
    function setFee(uint256 fee_) external restricted nonReentrant {
        if (fee_ > MAX_FEE) revert FeeOutOfRange(fee_);
        _accrue(false);
        fee = fee_;
        emit FeeSet(fee_);
    }

    /// @inheritdoc ICuratedVault
    function setFeeRecipient(address recipient) external restricted nonReentrant {
        _accrue(false);
        _setFeeRecipient(recipient);
    }

    function _setFeeRecipient(address recipient) private {
        if (recipient == address(0)) revert ZeroRecipient();
        feeRecipient = recipient;
        emit FeeRecipientSet(recipient);
    }

    /// @inheritdoc ICuratedVault
    function setDepositLimit(uint256 limit) external restricted {
        depositLimit = limit;
        emit DepositLimitSet(limit);
    }

    /// @inheritdoc ICuratedVault
    function abandon(IPool pool) external restricted nonReentrant {
        uint256 loss = _listed(pool).counted;
        _drop(pool, loss);
    }

    /// @inheritdoc ICuratedVault
    function resume(IPool pool) external restricted {
        _listed(pool).suspended = false;
        emit Suspended(pool, false);
    }

    /// @inheritdoc ICuratedVault
    function sweep(address token, address to) external restricted nonReentrant returns (uint256 amount) {
        amount = IERC20(token).balanceOf(address(this));
        if (token == asset()) amount -= idle;
        IERC20(token).safeTransfer(to, amount);
    }

    // ------------------------------------------------------------------ allocator

    /// @inheritdoc ICuratedVault
    function reallocate(Allocation[] calldata allocations) external restricted nonReentrant {
        _accrue(false);
        for (uint256 k; k < allocations.length; ++k) {
            (IPool pool, uint256 target) = (allocations[k].pool, allocations[k].assets);
            Market storage m = _listed(pool);
            uint256 held = pool.supplyBalance(address(this), m.id);
            if (target < held) {
                _withdrawFrom(pool, target == 0 ? Amounts.ALL : held - target);
                continue;
            }
            uint256 amount = target == Amounts.ALL ? idle : target - held;
            if (amount == 0) continue;
            if (m.suspended) revert MarketUnsettled(pool);
            uint256 room = uint256(m.cap).saturatingSub(m.counted);
            if (amount > room) revert MarketCapExceeded(pool, amount, room);
            if (amount > idle) revert InsufficientIdle(amount, idle);
            _supplyTo(pool, amount);
        }
    }

    /// @inheritdoc ICuratedVault
    function setSupplyQueue(IPool[] calldata pools) external restricted {
        if (pools.length > MAX_MARKETS) revert TooManyMarkets();
        for (uint256 k; k < pools.length; ++k) {
            _listed(pools[k]);
        }
        _supplyQueue = pools;
        emit SupplyQueueSet(pools);
    }

    /// @inheritdoc ICuratedVault
    function setWithdrawQueue(IPool[] calldata pools) external restricted {
        if (pools.length != _withdrawQueue.length) revert QueueIncomplete();
        for (uint256 k; k < pools.length; ++k) {
            _listed(pools[k]);
            for (uint256 j; j < k; ++j) {
                if (address(pools[j]) == address(pools[k])) revert QueueIncomplete();
            }
        }
        _withdrawQueue = pools;
        emit WithdrawQueueSet(pools);
    }

    /// @inheritdoc ICuratedVault
    function remove(IPool pool) external restricted nonReentrant {
        Market storage m = _listed(pool);
        _accrue(false);
        if (m.cap == 0 && pool.balanceOf(address(this), m.id) != 0) _withdrawFrom(pool, Amounts.ALL);
        if (m.cap != 0 || m.counted != 0) revert MarketInUse(pool, m.cap, m.counted);
        _drop(pool, 0);
    }

    function _drop(IPool pool, uint256 loss) private {
        delete _markets[pool];
        _cut(_supplyQueue, pool);
        _cut(_withdrawQueue, pool);
        emit MarketRemoved(pool, loss);
    }

    /// @dev Keeps the order of the others.
    function _cut(IPool[] storage queue, IPool pool) private {
        uint256 kept;
        uint256 count = queue.length;
        for (uint256 k; k < count; ++k) {
            if (address(queue[k]) != address(pool)) queue[kept++] = queue[k];
        }
        for (; kept < count; ++kept) {
            queue.pop();
        }
    }

    // ------------------------------------------------------------------ guardian

    /// @inheritdoc ICuratedVault
    function lowerCap(IPool pool, uint256 cap) external restricted {
        Market storage m = _listed(pool);
        if (cap >= m.cap) revert CapNotLowered(pool, m.cap, cap);
        m.cap = cap.toUint128();
        emit CapSet(pool, cap);
    }

    /// @inheritdoc ICuratedVault
    function suspend(IPool pool) external restricted {
        _listed(pool).suspended = true;
        emit Suspended(pool, true);
    }

    function _listed(IPool pool) private view returns (Market storage m) {
        m = _markets[pool];
        if (!m.listed) revert UnknownMarket(pool);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256 assets) {
        (assets,,) = survey();
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        try this.survey() returns (uint256 total, uint256 supply, bool settled) {
            uint256 room = depositLimit.saturatingSub(total);
            return settled && _toShares(room, total, supply, Math.Rounding.Floor) != 0 ? room : 0;
        } catch {
            return 0;
        }
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626, IERC4626) returns (uint256) {
        try this.survey() returns (uint256 total, uint256 supply, bool settled) {
            if (settled) return _toShares(depositLimit.saturatingSub(total), total, supply, Math.Rounding.Floor);
        } catch {}
        return 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        try this.survey() returns (uint256 total, uint256 supply, bool) {
            return _toAssets(balanceOf(owner), total, supply, Math.Rounding.Floor).min(liquidity());
        } catch {
            return 0;
        }
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        try this.survey() returns (uint256 total, uint256 supply, bool) {
            // What pays at most the liquidity: floor(shares * (total + 1) / all shares) <= liquidity.
            uint256 paid = _toShares(liquidity() + 1, total, supply, Math.Rounding.Ceil) - 1;
            return balanceOf(owner).min(paid);
        } catch {
            return 0;
        }
    }

    /// @inheritdoc ICuratedVault
    function liquidity() public view returns (uint256 assets) {
        assets = idle;
        uint256 count = _withdrawQueue.length;
        for (uint256 k; k < count; ++k) {
            IPool pool = _withdrawQueue[k];
            (uint256 counted,) = _count(pool);
            assets += _withdrawable(pool, counted);
        }
    }

    /// @inheritdoc ICuratedVault
    function market(IPool pool) external view returns (Market memory) {
        return _markets[pool];
    }

    /// @inheritdoc ICuratedVault
    function supplyQueue() external view returns (IPool[] memory) {
        return _supplyQueue;
    }

    /// @inheritdoc ICuratedVault
    function withdrawQueue() external view returns (IPool[] memory) {
        return _withdrawQueue;
    }

    /// @inheritdoc ICuratedVault
    function valueIn(IPool pool) external view returns (uint256) {
        return pool.supplyBalance(address(this), _listed(pool).id);
    }

    /// @inheritdoc ICuratedVault
    function withdrawableFrom(IPool pool) external view returns (uint256) {
        uint256 id = _listed(pool).id;
        return pool.reserveData(id).withdrawable(pool, pool.balanceOf(address(this), id));
    }

    /// @inheritdoc ICuratedVault
    function suppliableTo(IPool pool) external view returns (uint256) {
        return pool.reserveData(_listed(pool).id).suppliable();
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public view override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return super.decimals();
    }

    // ------------------------------------------------------------------ internal

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        (uint256 total, uint256 supply,) = survey();
        return _toShares(assets, total, supply, rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        (uint256 total, uint256 supply,) = survey();
        return _toAssets(shares, total, supply, rounding);
    }

    function _decimalsOffset() internal view override returns (uint8) {
        return _offset;
    }
}
