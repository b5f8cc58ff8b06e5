// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Every reason for which a pool refuses. Amounts in raw units, values in the base currency and healths in WAD.
interface IPoolErrors {
    // ------------------------------------------------------------------ who

    /// `caller` may not do this for `account`: `action` is missing from the authorization, or it has expired.
    error NotAuthorized(address account, address caller, uint256 action);
    /// The caller's allowance over this position id (with `DEBT` set: over credit) is `allowed` only, or has expired.
    error InsufficientAllowance(
        address account, address caller, uint256 positionId, uint256 requested, uint256 allowed
    );
    /// Only the configurator may.
    error NotConfigurator(address caller);
    /// Neither a signature of the account nor, if it is a contract, accepted by it (ERC-1271): wrong signer, wrong chain, wrong
    /// pool or other values than those signed.
    error InvalidSignature(address account);
    /// The signature was good until `deadline`, Unix seconds.
    error SignatureExpired(uint256 deadline);
    /// The signature's nonce is used, or not the next of its key.
    error InvalidAccountNonce(address account, uint256 currentNonce);
    /// Another action is running: a token, a callback or a strategy has called back.
    error Reentrancy();
    /// The account's health is only checked at the end of the running batch: it cannot be liquidated before.
    error HealthCheckPending(address account);

    // ------------------------------------------------------------------ what

    /// No reserve has this id.
    error UnknownReserve(uint256 id);
    /// The pool is full: 64 reserves.
    error TooManyReserves();
    /// The token is a reserve already.
    error AlreadyListed(address token, uint256 id);
    /// Nothing to do: the amount is zero, or worth less than one share.
    error ZeroAmount();
    /// More than any reserve can hold.
    error AmountTooLarge(uint256 amount);
    /// A required address is zero.
    error ZeroAddress();
    /// Lists of different lengths, or an empty one.
    error LengthMismatch(uint256 first, uint256 second);
    /// More shares than a position or a reserve can hold: 2^112 - 1.
    error SharesOverflow(uint256 shares);

    // ------------------------------------------------------------------ tokens

    /// The token did not come from the caller: no approval for the pool, too small a balance, or the token refuses.
    error TransferFromFailed();
    /// The token did not leave the pool: less is there than was asked for (a flash loan), or the token refuses.
    error TransferFailed();

    // ------------------------------------------------------------------ a reserve's state

    /// The reserve takes no new supply or debt.
    error ReserveFrozen(uint256 id);
    /// As frozen, and no liquidations or write-offs either. Withdrawing and repaying go on.
    error ReservePaused(uint256 id);
    /// The reserve was paused: no liquidations or write-offs before `end`, Unix seconds.
    error GracePeriod(uint256 id, uint256 end);
    /// A write-off has left the reserve's supply worth next to nothing: it stays frozen.
    error ReserveWorthless(uint256 id);
    /// The asset cannot be borrowed.
    error NotBorrowable(uint256 id);
    /// There was room for `room` only under the supply cap, in assets.
    error SupplyCapExceeded(uint256 id, uint256 assets, uint256 room);
    /// There was room for `room` only under the borrow cap, in assets.
    error BorrowCapExceeded(uint256 id, uint256 assets, uint256 room);
    /// There was room for `room` only under the cap of idle collateral.
    error IdleCapExceeded(uint256 id, uint256 assets, uint256 room);
    /// The reserve's cash is `available` assets only; the rest is lent.
    error InsufficientCash(uint256 id, uint256 requested, uint256 available);
    /// The limit on outflow lets only `available` assets out now; it fills up with time.
    error OutflowLimitExceeded(uint256 id, uint256 assets, uint256 available);
    /// More was asked for than the protocol's income, in assets.
    error InsufficientBuffer(uint256 id, uint256 requested, uint256 available);

    // ------------------------------------------------------------------ an account's state

    /// The account has only `held` shares of this position.
    error InsufficientShares(address account, uint256 positionId, uint256 requested, uint256 held);
    /// The account's supply in this reserve is in the other mode, earning or idle: convert it first.
    error OtherMode(address account, uint256 positionId);
    /// The account has no debt, or no supply, in this reserve.
    error NoPosition(address account, uint256 id);
    /// Borrowing must leave a debt of at least `minimum` assets.
    error DebtTooSmall(uint256 id, uint256 debt, uint256 minimum);
    /// The account's category does not lend this asset.
    error NotInCategory(uint256 category, uint256 id);
    /// No category has this number.
    error UnknownCategory(uint256 category);
    /// A feed gives no price, and too little gas is left to be sure that this is not the caller's doing: send 310,000 more.
    error InsufficientGas();
    /// The feed of this reserve gives no price, which the action needs.
    error NoPrice(uint256 id);
    /// Debt worth `debtValue` would stand against a borrowing limit of `borrowLimit`: a health of `health` at the LTVs.
    error Undercollateralized(address account, uint256 debtValue, uint256 borrowLimit, uint256 health);

    // ------------------------------------------------------------------ liquidation

    /// The account's health is at or above one.
    error Healthy(address account, uint256 health);
    /// An account cannot liquidate itself, nor get its own collateral.
    error SelfLiquidation();
    /// The supply in this reserve is not collateral of this account.
    error NotCollateral(address account, uint256 id);
    /// `maxRepay` is so low that less than the pool's dust would be left of the debt or the collateral: offer more.
    error LeavesDust(uint256 debtValueLeft, uint256 collateralValueLeft);
    /// The liquidator would get less collateral than asked for.
    error SeizedTooLittle(uint256 received, uint256 minimum);
    /// The account's collateral is worth too much for its debt to be written off, or one of its assets has no price.
    error NotBadDebt(address account, uint256 collateralValue, uint256 debtValue);
}
