// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @title Curated vault: one asset, lent out over several pools
/// @notice An ERC-4626 vault. Curators decide which pools it may lend to and how much to each, allocators where in those bounds it lends,
/// guardians take risk away at once. Each of the three is whatever role the authority, an OpenZeppelin AccessManager, gives the
/// functions named below; what it should delay is everything marked so.
///
/// Units. Assets are raw token units. Shares have 18 decimals, or the asset's where these are more. Fractions are WAD. As many shares and
/// one raw unit as if they belonged to nobody stand against inflation of the first shares.
///
/// Accounting. The vault counts its own cash, and per market what the pool says its supply is worth. A loss counts at once, for everybody;
/// a gain at `MAX_GROWTH` at most, so that neither a gift of pool shares nor a lying pool moves the share price by a jump. Tokens sent
/// without a call are nobody's: `sweep` takes them out. Each movement between vault and pool may cost all holders together what a pool's
/// rounding takes, less than one of its shares and two raw units.
///
/// Rounding. Shares minted and assets paid down, shares burned and assets taken up; a round trip never gains.
///
/// Where it goes. Deposits walk the supply queue, within caps and what each pool takes; the rest stays cash. Withdrawals take cash first,
/// then walk the withdraw queue. A pool that is paused, short of cash or broken is skipped. Deposits larger than the market they displace
/// can move money from the end of one queue to the front of the other, within caps.
///
/// A pool that does not answer keeps the value it had last, and nobody can deposit meanwhile; who leaves is paid out of the others. In
/// the middle of an action of a pool nobody can do either, and views revert, so that a loss about to be counted cannot be left
/// behind. A pool that pretends to be busy stops the vault until a guardian suspends it.
///
/// Fee. A share of what the vault is worth above its highest value so far, as new shares, taken before anything else happens. The highest
/// value moves with deposits and withdrawals; after a loss nothing is charged until it is made good.
///
/// `maxWithdraw` and `maxRedeem` are what all markets together pay now; `maxDeposit` and `maxMint` what the deposit limit leaves; zero where
/// the call would revert. One unit more reverts.
///
/// What is assumed: the asset is one that pools can list (see `IPool`); the authority is honest. Of pools nothing, beyond that they
/// keep what is lent to them.
///
/// @dev Reverts, beside those of ERC-20, ERC-4626 (OpenZeppelin) and AccessManaged: ReentrancyGuardReentrantCall, the pool's Reentrancy.
interface ICuratedVault is IERC4626 {
    // -------------------------------------------------------------- errors

    /// The pool is no market of this vault.
    error UnknownMarket(IPool pool);
    /// This pool's supply cannot be valued now, or is suspended: nobody can deposit.
    error MarketUnsettled(IPool pool);
    /// The deposit is worth less than one share.
    error NothingMinted(uint256 assets);
    /// Cash and all markets together pay `available` only.
    error InsufficientLiquidity(uint256 requested, uint256 available);
    /// There was room for `room` only under the market's cap.
    error MarketCapExceeded(IPool pool, uint256 assets, uint256 room);
    /// The vault's cash is `available` only.
    error InsufficientIdle(uint256 requested, uint256 available);
    /// The pool moved `moved` when asked to move `asked`.
    error MovementNotExact(IPool pool, uint256 asked, uint256 moved);
    /// `raiseCap` raises, `lowerCap` lowers.
    error CapNotRaised(IPool pool, uint256 from, uint256 to);
    /// As `CapNotRaised`.
    error CapNotLowered(IPool pool, uint256 from, uint256 to);
    /// A market leaves with a cap of zero, and empty.
    error MarketInUse(IPool pool, uint256 cap, uint256 counted);
    /// No more than `MAX_MARKETS`.
    error TooManyMarkets();
    /// The queue misses a market, or names one twice.
    error QueueIncomplete();
    /// More than `MAX_FEE`.
    error FeeOutOfRange(uint256 fee);
    /// Fees have to go to somebody.
    error ZeroRecipient();
    /// A pool ran out of the caller's gas: send more, unspent gas comes back.
    error InsufficientGas();
    /// For the vault's own calls to itself.
    error NotSelf(address caller);

    // -------------------------------------------------------------- events

    /// @dev What the vault is worth, and the fee's shares.
    event Accrued(uint256 totalAssets, uint256 feeShares);
    event Moved(IPool indexed pool, uint256 supplied, uint256 withdrawn);
    event CapSet(IPool indexed pool, uint256 cap);
    event MarketAdded(IPool indexed pool, uint256 id);
    event MarketRemoved(IPool indexed pool, uint256 loss);
    event Suspended(IPool indexed pool, bool suspended);
    event SupplyQueueSet(IPool[] pools);
    event WithdrawQueueSet(IPool[] pools);
    event FeeSet(uint256 fee);
    event FeeRecipientSet(address recipient);
    event DepositLimitSet(uint256 limit);

    // -------------------------------------------------------------- curator

    /// @notice Lets up to `cap` assets be lent to a pool, more than before; the first time makes it a market, at the end of the withdraw
    /// queue. To be delayed. @dev Reverts: CapNotRaised, TooManyMarkets, UnknownReserve of the pool.
    function raiseCap(IPool pool, uint256 cap) external;

    /// @notice The part of gains that is charged from now on; up to now, the one before. To be delayed. @dev Reverts: FeeOutOfRange.
    function setFee(uint256 fee) external;

    function setFeeRecipient(address recipient) external;

    /// @notice The most that the vault takes: deposits stop where it is worth as much. What pools have no room for earns nothing and yet
    /// has its part of all interest, so keep it near the sum of the caps.
    function setDepositLimit(uint256 limit) external;

    /// @notice Gives up a market and what is in it: the loss is counted at once. To be delayed. A market that is added again later is
    /// empty to the vault, but the allocator can fetch what is still there.
    function abandon(IPool pool) external;

    /// @notice Ends a suspension. To be delayed.
    function resume(IPool pool) external;

    /// @notice Sends out tokens that are not the vault's: any other token, and the asset beyond what is counted.
    function sweep(address token, address to) external returns (uint256 amount);

    // -------------------------------------------------------------- allocator

    /// @notice Moves money between markets, by way of the vault's cash, in the order given, until each holds `assets`. Zero empties a market
    /// to the last share; `type(uint256).max` lends all the cash that is left.
    /// @dev All or nothing. Reverts: UnknownMarket, MarketUnsettled, MarketCapExceeded, InsufficientIdle, MovementNotExact, the pool's.
    function reallocate(Allocation[] calldata allocations) external;

    /// @notice Which markets deposits go to, in this order; none: they stay cash. @dev Reverts: UnknownMarket, TooManyMarkets.
    function setSupplyQueue(IPool[] calldata pools) external;

    /// @notice The order in which withdrawals ask the markets, each of them once. @dev Reverts: UnknownMarket, QueueIncomplete.
    function setWithdrawQueue(IPool[] calldata pools) external;

    /// @notice Drops a market whose cap is zero, taking out what is in it. @dev Reverts: UnknownMarket, MarketInUse, the pool's.
    function remove(IPool pool) external;

    // -------------------------------------------------------------- guardian

    /// @notice Lends less to a pool from now on; what is there stays until it is moved. @dev Reverts: UnknownMarket, CapNotLowered.
    function lowerCap(IPool pool, uint256 cap) external;

    /// @notice Stops asking a pool that cannot be trusted: it keeps the value it had last, and nobody can deposit, until it is resumed or
    /// given up. Withdrawals go on without it. @dev Reverts: UnknownMarket.
    function suspend(IPool pool) external;

    // -------------------------------------------------------------- views

    /// @notice A market; all zero for none. `counted` as of `countedAt`.
    function market(IPool pool) external view returns (Market memory);

    function supplyQueue() external view returns (IPool[] memory);
    function withdrawQueue() external view returns (IPool[] memory);

    /// @notice The vault's cash.
    function idle() external view returns (uint256);

    /// @notice What can be withdrawn now, by all together.
    function liquidity() external view returns (uint256);

    /// @notice Above this the fee is charged, in assets.
    function highWater() external view returns (uint256);

    function fee() external view returns (uint256);
    function feeRecipient() external view returns (address);
    function depositLimit() external view returns (uint256);

    /// @notice What the vault is worth, its shares including the fee's due, and whether all markets have said so.
    function survey() external view returns (uint256 assets, uint256 shares, bool settled);

    /// @notice What one pool says, or reverts with: the value of the vault's supply, how much of it can be withdrawn, and how
    /// much more would be taken.
    function valueIn(IPool pool) external view returns (uint256);
    function withdrawableFrom(IPool pool) external view returns (uint256);
    function suppliableTo(IPool pool) external view returns (uint256);
}

/// @dev Amounts in assets.
struct Market {
    uint128 cap;
    uint128 counted; // what the vault's supply is worth, as far as it is counted
    uint40 countedAt; // Unix seconds
    uint8 id; // of the asset's reserve in the pool
    bool listed;
    bool suspended;
}

struct Allocation {
    IPool pool;
    uint256 assets;
}
