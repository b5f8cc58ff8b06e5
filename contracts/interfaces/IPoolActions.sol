// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Values in the base currency, WAD.
struct AccountData {
    uint256 collateralValue; // rounded down
    uint256 debtValue; // rounded up
    uint256 borrowLimit; // collateral times LTV; where a reserve has a cautious feed, less may be borrowed
    uint256 liquidationLimit; // collateral times threshold
    uint256 health; // liquidationLimit over debtValue; type(uint256).max without debt
    bool unpriced; // an asset of the account has no price and counts as zero here
}

/// @notice The actions of a pool. Units, rounding and assumptions: see `IPool`; every error: see `IPoolErrors`.
/// @dev Beside what each lists: what takes tokens reverts with TransferFromFailed, what pays them out with TransferFailed; what
/// mints shares with SharesOverflow; every action with Reentrancy; and what reads a price with InsufficientGas.
interface IPoolActions {
    // -------------------------------------------------------------- events

    /// @dev `interest` and `totals` are the reserve's words after the action (see `ReserveSlots`): the whole state can be
    /// rebuilt from events alone. Supplying mints and withdrawing burns tokens of ERC-6909; no `Transfer` is logged for them.
    event Supply(
        uint256 indexed id,
        address indexed account,
        address caller,
        uint256 assets,
        uint256 shares,
        uint256 interest,
        uint256 totals
    );
    event Withdraw(
        uint256 indexed id,
        address indexed account,
        address caller,
        address to,
        uint256 assets,
        uint256 shares,
        uint256 interest,
        uint256 totals
    );
    /// @dev Of idle collateral, one share of which is one raw unit; `token` is the reserve's token word after the action.
    event SupplyIdle(uint256 indexed id, address indexed account, address caller, uint256 assets, uint256 token);
    event WithdrawIdle(
        uint256 indexed id, address indexed account, address caller, address to, uint256 assets, uint256 token
    );
    event Borrow(
        uint256 indexed id,
        address indexed account,
        address caller,
        address to,
        uint256 assets,
        uint256 shares,
        uint256 interest,
        uint256 totals
    );
    event Repay(
        uint256 indexed id,
        address indexed account,
        address caller,
        uint256 assets,
        uint256 shares,
        uint256 interest,
        uint256 totals
    );
    event FlashLoan(uint256 indexed id, address indexed caller, uint256 assets);
    /// @dev `seized` leaves the account, in assets; `fee` of it stays as buffer. Both reserves' words after the action; for idle
    /// collateral zero and its token word.
    event Liquidate(
        address indexed account,
        uint256 indexed debtId,
        uint256 indexed collateralId,
        address liquidator,
        address to,
        uint256 repaid,
        uint256 repaidShares,
        uint256 seized,
        uint256 seizedShares,
        uint256 fee,
        uint256 debtInterest,
        uint256 debtTotals,
        uint256 collateralInterest,
        uint256 collateralTotals
    );
    /// @dev Collateral worth too little to seize, all of it taken into the buffer when an account's bad debt is written off.
    /// Words as in `Liquidate`.
    event Forfeit(uint256 indexed id, address indexed account, uint256 assets, uint256 interest, uint256 totals);
    /// @dev `shares` of the insurer, worth `assets`, are burned to pay for bad debt.
    event Slash(uint256 indexed id, address indexed insurer, uint256 assets, uint256 shares);
    /// @dev The account's whole debt, `assets`, is gone. `deficit` of it the suppliers have lost; buffer and insurer paid the rest.
    event WriteOff(
        uint256 indexed id, address indexed account, uint256 assets, uint256 deficit, uint256 interest, uint256 totals
    );
    /// @dev What a write-off has left is worth next to nothing: the reserve froze. Its token word.
    event Frozen(uint256 indexed id, uint256 token);
    /// @dev ERC-6909: supply shares that change hands.
    event Transfer(
        address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount
    );

    // -------------------------------------------------------------- lending

    /// @notice Supplies `amount` to `account`, from the caller. A supply that this opens counts as collateral; so does one that
    /// was opened by a `transfer`, once its owner supplies to it.
    /// @dev Anyone may top up a supply; opening one for somebody else takes his authorization (`ACTION_SUPPLY`).
    /// Reverts: UnknownReserve, ReserveFrozen, ReservePaused, ZeroAmount, AmountTooLarge, NotAuthorized, SupplyCapExceeded,
    /// IdleCapExceeded, OtherMode.
    /// @return assets Taken from the caller, rounded up. @return shares Minted, rounded down.
    function supply(uint256 positionId, uint256 amount, address account)
        external
        returns (uint256 assets, uint256 shares);

    /// @notice As `supply`; calls `onSupply` of the caller, who holds the new position by then, before taking the assets.
    function supplyAndCall(uint256 positionId, uint256 amount, address account, bytes calldata data)
        external
        returns (uint256 assets, uint256 shares);

    /// @notice Withdraws `amount` of `account` to `to`. `type(uint256).max` withdraws all there is and leaves nothing.
    /// @dev Takes `ACTION_WITHDRAW` or an allowance when the caller is not the account. With debt, what remains must cover it
    /// at the LTV, unless the asset has a threshold of zero and so covers nothing. Never paused, never gated; needs no price
    /// without debt. A limit on outflow, where a reserve has one, slows it down.
    /// Reverts: UnknownReserve, ZeroAmount, AmountTooLarge, ZeroAddress, NotAuthorized, InsufficientAllowance,
    /// InsufficientShares, InsufficientCash, OutflowLimitExceeded, NoPrice (of a debt), Undercollateralized.
    /// @return assets Paid out, rounded down. @return shares Burned, rounded up.
    function withdraw(uint256 positionId, uint256 amount, address account, address to)
        external
        returns (uint256 assets, uint256 shares);

    /// @notice ERC-6909: moves `amount` shares of the caller. A supply that this opens is no collateral until its owner supplies
    /// to it or says so (`setCollateral`). The sender's debts must stay covered. Opening an *idle* supply for somebody else
    /// takes his authorization (`ACTION_SUPPLY`); who would rather be idle than earn with what he was given can `convert` it, or
    /// transfer it away where there is no cash: a contract that supplies idle must be able to. All of a supply, sent to oneself,
    /// is opened anew and so stops being collateral; a part of it changes nothing.
    /// @dev Reverts: UnknownReserve, ZeroAmount, ZeroAddress, InsufficientShares, OtherMode, NotAuthorized, NoPrice,
    /// Undercollateralized.
    function transfer(address receiver, uint256 positionId, uint256 amount) external returns (bool);

    /// @notice ERC-6909: as `transfer`, for a sender whose allowance or authorization (`ACTION_WITHDRAW`) the caller has.
    function transferFrom(address sender, address receiver, uint256 positionId, uint256 amount) external returns (bool);

    // -------------------------------------------------------------- borrowing

    /// @notice Borrows `amount` to `to`, as debt of `account`.
    /// @dev Takes `ACTION_BORROW` or an allowance of credit when the caller is not the account. Collateral must cover all debts
    /// at the LTV, and the debt must reach the reserve's minimum.
    /// Reverts: UnknownReserve, ReserveFrozen, ReservePaused, NotBorrowable, NotInCategory, ZeroAmount, AmountTooLarge,
    /// ZeroAddress, NotAuthorized, InsufficientAllowance, BorrowCapExceeded, InsufficientCash, OutflowLimitExceeded,
    /// DebtTooSmall, NoPrice, Undercollateralized.
    /// @return assets Paid out, rounded down. @return shares Debt shares minted, rounded up.
    function borrow(uint256 id, uint256 amount, address account, address to)
        external
        returns (uint256 assets, uint256 shares);

    /// @notice Repays debt of `account` from the caller. An amount at or above the debt clears it and takes no more.
    /// @dev Anyone may. Never paused, never gated, needs no price. Reverts: UnknownReserve, ZeroAmount, NoPosition.
    /// @return assets Taken, rounded up. @return shares Debt shares burned, rounded down.
    function repay(uint256 id, uint256 amount, address account) external returns (uint256 assets, uint256 shares);

    /// @notice As `repay`; calls `onRepay` of the caller, whose debt is lower by then, before taking the assets.
    function repayAndCall(uint256 id, uint256 amount, address account, bytes calldata data)
        external
        returns (uint256 assets, uint256 shares);

    // -------------------------------------------------------------- composing

    /// @notice Lends the pool's tokens, idle ones too, to the caller for the time of its `onFlashLoan`, free of charge.
    /// @dev The pool takes the assets back afterwards: approve it. Not of paused reserves. Reverts: UnknownReserve, ReservePaused.
    function flashLoan(uint256 id, uint256 assets, bytes calldata data) external;

    /// @notice Runs calls to this pool one after the other, as the caller, all or none. The health of every account whose health
    /// they touch is checked once, at the end; until then it cannot be liquidated.
    /// @dev Reverts with whatever a call reverts with; at the end: NoPrice, Undercollateralized.
    /// @return results What each call returned.
    function batch(bytes[] calldata calls) external returns (bytes[] memory results);

    // -------------------------------------------------------------- liquidation

    /// @notice Repays part of an unhealthy account's debt, from the caller, and takes its collateral at a bonus, to `to`.
    /// @dev How much may be repaid and at what bonus: see `ILiquidationModel`. The protocol keeps its fee, a share of the
    /// bonus, as buffer. If what is left is bad debt (collateral worth at most `writeOffBelow`, and less than the debt), the
    /// rest of the collateral is forfeited and all debts are written off: buffers pay first, then insurers, then suppliers pro
    /// rata. An account with an unpriced or paused asset is liquidated on its others, and never written off meanwhile.
    /// Reverts: UnknownReserve, ReservePaused, GracePeriod, SelfLiquidation, HealthCheckPending, NoPosition, NotCollateral, NoPrice,
    /// Healthy, ZeroAmount, LeavesDust, SeizedTooLittle, InsufficientCash, NotAuthorized, OtherMode, ZeroAddress.
    /// @param collateralId The reserve's id, whether the collateral earns or sits idle.
    /// @param maxRepay The most to repay, in assets; `type(uint256).max` for as much as the rule allows.
    /// @param minReceived The least collateral to receive, in assets; or, with the bit `SHARES` set, in supply shares. Then
    /// the collateral stays in the reserve and becomes the supply of `to`, so that neither thin cash nor a full cap nor a
    /// frozen reserve stops a liquidation. Opening a supply for somebody else takes his authorization (`ACTION_SUPPLY`).
    /// @return repaid Assets taken from the caller. @return received Collateral paid out, in assets or shares.
    function liquidate(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to
    ) external returns (uint256 repaid, uint256 received);

    /// @notice As `liquidate`; calls `onLiquidate` of the caller between paying out the collateral and taking the repayment, so
    /// that a liquidator needs no capital.
    function liquidateAndCall(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to,
        bytes calldata data
    ) external returns (uint256 repaid, uint256 received);

    /// @notice Writes off the debts of an account whose collateral is worth at most `writeOffBelow` and less than its debt, as
    /// `liquidate` does in the same call. Anyone may.
    /// @dev Reverts: NotBadDebt, HealthCheckPending, ReservePaused, GracePeriod (of a debt or a collateral).
    function writeOff(address account) external;

    // -------------------------------------------------------------- views

    /// @notice Liquidation limit over debt value in WAD; below one the account can be liquidated. Max without debt.
    function healthFactor(address account) external view returns (uint256);

    /// @notice The account's values, limits and health.
    function accountData(address account) external view returns (AccountData memory);
}

/// @notice What a caller implements for the actions that call back. The pool's books are in order meanwhile and it may be called
/// again; afterwards it takes what is due with `transferFrom`.
interface IPoolCallbacks {
    function onSupply(uint256 positionId, uint256 assets, bytes calldata data) external;
    function onRepay(uint256 id, uint256 assets, bytes calldata data) external;
    function onLiquidate(address account, uint256 repaid, uint256 received, bytes calldata data) external;
    function onFlashLoan(uint256 id, uint256 assets, bytes calldata data) external;
    function onFlashLoans(uint256[] calldata ids, uint256[] calldata assets, bytes calldata data) external;
}
