// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";

/// @dev What a borrower lets others do for him, as signed (EIP-712; the domain's contract stands for the pool).
struct DeleverageOrder {
    address account;
    uint256 debtId;
    uint256 positionId; // of the collateral, earning or idle
    uint256 trigger; // health in WAD: may be filled below it
    uint256 target; // health in WAD: no fill may lead above it; type(uint256).max: any, and so the whole debt
    uint256 bonus; // WAD, on top of the value repaid
    uint256 maxRepay; // by all orders with this nonce, in raw units of the debt's asset
    uint256 deadline; // Unix seconds
    uint256 nonce; // any number; orders that share one share what may be repaid
}

/// @title Orders to deleverage
/// @notice A softer end than liquidation, for who wants it: a borrower signs at which health, before the threshold, anybody may repay a
/// part of his debt and take that value of his collateral, at the pool's prices and with a bonus that the borrower has set himself.
///
/// It acts by permissions that the borrower gives this contract in the pool, by transaction or signature, and may take back at any
/// time: an allowance `allow(orders, positionId, shares, expiry)`, or an authorization of `ACTION_WITHDRAW`. It uses them for a valid
/// order of the same account and for nothing else.
///
/// Every fill leaves the account healthier than before. The pool adds a condition of its own: what is taken out must leave the debts
/// covered at the LTV. An account that is between LTV and threshold takes a fill that is large enough to bring it back; so put the
/// trigger above threshold over LTV. Rounding is against the filler, by a unit at most on either side.
interface IDeleverageOrders {
    /// Orders of this account with this nonce are filled up, or cancelled.
    error NothingLeft(address account, uint256 nonce);
    /// The account's health is not below what the order says.
    error NotTriggered(address account, uint256 health, uint256 trigger);
    /// The account's health would not rise: the bonus is too high for it.
    error NotHealthier(address account, uint256 before, uint256 afterwards);
    /// The fill is too large: it would lead above the order's target.
    error AboveTarget(address account, uint256 health, uint256 target);
    /// An asset of the account has no price, so that nobody knows its health.
    error Unpriced(address account);
    /// The filler would get less collateral than he asked for.
    error ReceivedTooLittle(uint256 received, uint256 minimum);
    /// Only the pool calls back.
    error NotPool(address caller);

    event Filled(
        address indexed account,
        uint256 indexed nonce,
        address indexed filler,
        uint256 debtId,
        uint256 positionId,
        uint256 repaid,
        uint256 received
    );
    event Cancelled(address indexed account, uint256 indexed nonce);

    /// @notice Fills an order or a part of it: repays from the caller, who has approved this contract, and pays him in collateral.
    /// @param signature Of the account, an EOA or a contract (ERC-1271).
    /// @param amount The most to repay, in assets. Less is repaid where the debt or the order ends before.
    /// @param minReceived The least collateral to receive, in assets.
    /// @param data If not empty, `onFill` of the caller is called with it, after he has got the collateral and before he pays.
    /// @dev Reverts: NothingLeft, NotTriggered, NotHealthier, AboveTarget, Unpriced, ReceivedTooLittle;
    /// ReentrancyGuardReentrantCall from inside another fill; of `IPoolErrors` SignatureExpired, InvalidSignature and NoPrice; and as
    /// the pool's `repay` and `withdraw` do: ZeroAmount, UnknownReserve, NotAuthorized, InsufficientAllowance, InsufficientShares,
    /// InsufficientCash, OutflowLimitExceeded, Undercollateralized.
    /// @return repaid Assets taken from the caller. @return received Assets of the collateral.
    function fill(
        DeleverageOrder calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 minReceived,
        bytes calldata data
    ) external returns (uint256 repaid, uint256 received);

    /// @notice Ends all orders of the caller that carry this nonce, signed or to be signed.
    function cancel(uint256 nonce) external;

    /// @notice How much orders with this nonce have repaid; type(uint256).max if cancelled.
    function filled(address account, uint256 nonce) external view returns (uint256);

    /// @notice What the account signs.
    function digest(DeleverageOrder calldata order) external view returns (bytes32);

    function pool() external view returns (IPool);
}

/// @notice What a filler implements who sells the collateral before he pays.
interface IFillCallback {
    function onFill(address account, uint256 repaid, uint256 received, bytes calldata data) external;
}
