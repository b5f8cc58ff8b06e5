// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// ------------------------------------------------------------------ errors

/// No reserve has this id.
error UnknownReserve(uint256 id);
/// The pool is full: 64 reserves.
error TooManyReserves();
/// The token is a reserve already.
error AlreadyListed(address token, uint256 id);
/// Nothing to do: the amount is zero, or worth less than one share.
error ZeroAmount();
/// A required address is zero.
error ZeroAddress();
/// `caller` may not do this for `account`: `action` is missing from the authorization, or it has expired.
error NotAuthorized(address account, address caller, uint256 action);
/// Only the configurator may.
error NotConfigurator(address caller);
/// The reserve takes no new supply or debt.
error ReserveFrozen(uint256 id);
/// As frozen, and no liquidations either. Withdrawing and repaying go on.
error ReservePaused(uint256 id);
/// A write-off has left the reserve's supply worth next to nothing: it stays frozen.
error ReserveWorthless(uint256 id);
/// The asset cannot be borrowed.
error NotBorrowable(uint256 id);
/// Supply would stand at `total`, above `cap`. Both in assets.
error SupplyCapExceeded(uint256 id, uint256 total, uint256 cap);
/// Debt would stand at `total`, above `cap`. Both in assets.
error BorrowCapExceeded(uint256 id, uint256 total, uint256 cap);
/// The account's supply is `available` assets only.
error InsufficientSupply(uint256 id, uint256 requested, uint256 available);
/// The reserve's cash is `available` assets only; the rest is lent.
error InsufficientCash(uint256 id, uint256 requested, uint256 available);
/// The account has no debt, or no supply, in this reserve.
error NoPosition(address account, uint256 id);
/// The feed of this reserve gives no price, which the action needs.
error NoPrice(uint256 id);
/// Debt worth `debtValue` would stand against a borrowing limit of `borrowLimit`.
error Undercollateralized(address account, uint256 debtValue, uint256 borrowLimit);
/// The account's health is at or above one.
error Healthy(address account, uint256 health);
/// An account cannot liquidate itself.
error SelfLiquidation();
/// The supply in this reserve is not collateral of this account.
error NotCollateral(address account, uint256 id);
/// `maxRepay` is so low that less than the pool's dust would be left of the debt or the collateral: offer more.
error LeavesDust(uint256 debtValueLeft, uint256 collateralValueLeft);
/// The liquidator would get less collateral than asked for.
error SeizedTooLittle(uint256 received, uint256 minimum);
/// The account's collateral is worth too much for its debt to be written off, or one of its assets has no price.
error NotBadDebt(address account, uint256 collateralValue, uint256 debtValue);
/// More was asked for than the protocol's income, in assets.
error InsufficientBuffer(uint256 id, uint256 requested, uint256 available);

// ------------------------------------------------------------------ what the views return

/// @dev Accrued to the moment of the call. Rates are per second in WAD, fractions in WAD, amounts in raw token units.
struct ReserveData {
    address token;
    address feed;
    address rateModel; // zero: the kinked curve below
    bool paused;
    bool frozen;
    bool borrowable;
    uint256 supplyShares;
    uint256 debtShares;
    uint256 supplyIndex;
    uint256 debtIndex;
    uint256 timestamp; // Unix seconds at which the stored indices were current
    uint256 supplyAssets;
    uint256 debtAssets;
    uint256 cash;
    uint256 buffer; // the protocol's income, first to absorb bad debt
    uint256 utilization;
    uint256 borrowRate;
    uint256 supplyRate;
    uint256 supplyCap; // type(uint256).max: none
    uint256 borrowCap;
    uint256 price; // the feed's answer; zero: no price
    uint256 priceDecimals; // of the token and the feed together
    uint256 maxAge; // seconds
    uint256 ltv;
    uint256 threshold;
    uint256 bonusFloor;
    uint256 bonusCap;
    uint256 liquidationFee; // share of the bonus
    uint256 reserveFactor;
    uint256 curve; // as packed by KinkedCurve
}

/// @dev Values in the base currency, WAD.
struct AccountData {
    uint256 collateralValue; // rounded down
    uint256 debtValue; // rounded up
    uint256 borrowLimit; // collateral times LTV
    uint256 liquidationLimit; // collateral times threshold
    uint256 health; // liquidationLimit over debtValue; type(uint256).max without debt
    bool unpriced; // an asset of the account has no price and counts as zero here
}

struct Position {
    uint256 id;
    uint256 supplyShares;
    uint256 debtShares;
    bool collateral;
}

/// @title Weir pool: one multi-asset money market
/// @notice Suppliers earn what borrowers pay; debts are backed by collateral; unhealthy accounts are liquidated.
///
/// Units. Amounts are raw token units. Shares times index over WAD are assets; indices start at one WAD and grow with every
/// second of interest. Values are in the pool's base currency, WAD. Reserves are known by ids 0 to 63, in the order of listing.
///
/// Rounding is against the caller: shares minted to a supplier down, shares burned up; debt shares minted up, burned down;
/// collateral value down, debt value up.
///
/// Accounting is internal: tokens sent to the pool without a call change nobody's claim; they add to the buffer of the reserve,
/// as does every unit that rounding leaves. The buffer pays for bad debt before suppliers do.
///
/// What is assumed of a listed token: it moves exactly the amount asked for, takes no fee, does not rebase, reverts or returns
/// false on failure, and holds fewer than 2^112 raw units. Feeds and models: see their interfaces.
///
/// Every action that changes state reverts with `ReentrancyGuardReentrantCall` inside another one, and so do views.
interface IPool {
    // -------------------------------------------------------------- events

    /// @dev `index` and `totals` are the reserve's words after the action (see `ReserveSlots`): the whole state can be
    /// rebuilt from events alone.
    event Supply(
        uint256 indexed id,
        address indexed account,
        address caller,
        uint256 assets,
        uint256 shares,
        uint256 index,
        uint256 totals
    );
    event Withdraw(
        uint256 indexed id,
        address indexed account,
        address caller,
        address to,
        uint256 assets,
        uint256 shares,
        uint256 index,
        uint256 totals
    );
    event Borrow(
        uint256 indexed id,
        address indexed account,
        address caller,
        address to,
        uint256 assets,
        uint256 shares,
        uint256 index,
        uint256 totals
    );
    event Repay(
        uint256 indexed id,
        address indexed account,
        address caller,
        uint256 assets,
        uint256 shares,
        uint256 index,
        uint256 totals
    );
    event CollateralSet(uint256 indexed id, address indexed account, address caller, bool enabled);
    event Authorized(address indexed account, address indexed operator, uint256 actions, uint256 expiry);
    event Accrued(uint256 indexed id, uint256 index, uint256 totals);
    /// @dev The two sides of a liquidation. `seized` leaves the account, `seized - fee` goes to the liquidator.
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
        uint256 fee
    );
    /// @dev Follows `Liquidate`, once for each of the two reserves.
    event LiquidationTotals(uint256 indexed id, uint256 index, uint256 totals);
    /// @dev Collateral worth too little to seize, taken into the buffer when an account's bad debt is written off.
    event Forfeit(
        uint256 indexed id, address indexed account, uint256 assets, uint256 shares, uint256 index, uint256 totals
    );
    /// @dev `deficit` is the part of `assets` that the buffer could not pay and suppliers lost.
    event WriteOff(
        uint256 indexed id,
        address indexed account,
        uint256 assets,
        uint256 shares,
        uint256 deficit,
        uint256 index,
        uint256 totals
    );
    /// @dev Supply shares that change hands, as ERC-6909 has it.
    event Transfer(
        address caller, address indexed sender, address indexed receiver, uint256 indexed id, uint256 amount
    );
    event ReserveListed(uint256 indexed id, address indexed token);
    event ReserveConfigured(
        uint256 indexed id, uint256 index, uint256 totals, uint256 risk, uint256 token, uint256 model
    );
    event LiquidationConfigured(uint256 terms);
    event BufferCollected(uint256 indexed id, address indexed to, uint256 assets, uint256 index, uint256 totals);

    // -------------------------------------------------------------- actions

    /// @notice Supplies `assets` to `account`, from the caller. A supply that this opens counts as collateral.
    /// @dev Anyone may top up a supply; opening one for somebody else takes his authorization (`ACTION_SUPPLY`).
    /// Reverts: UnknownReserve, ReserveFrozen, ReservePaused, ZeroAmount, NotAuthorized, SupplyCapExceeded.
    /// @return shares Minted, rounded down.
    function supply(uint256 id, uint256 assets, address account) external returns (uint256 shares);

    /// @notice Withdraws `assets` of `account` to `to`. `type(uint256).max` withdraws all there is and leaves nothing.
    /// @dev Takes `ACTION_WITHDRAW` when the caller is not the account. With debt, what remains must cover it at the LTV,
    /// unless the asset has a threshold of zero and so covers nothing. Never paused, never gated; needs no price without debt.
    /// Reverts: UnknownReserve, ZeroAmount, ZeroAddress, NotAuthorized, InsufficientSupply, InsufficientCash, NoPrice (of a
    /// debt), Undercollateralized.
    /// @return withdrawn Assets paid out. @return shares Burned, rounded up.
    function withdraw(uint256 id, uint256 assets, address account, address to)
        external
        returns (uint256 withdrawn, uint256 shares);

    /// @notice Borrows `assets` to `to`, as debt of `account`.
    /// @dev Takes `ACTION_BORROW` when the caller is not the account. Collateral must cover all debts at the LTV.
    /// Reverts: UnknownReserve, ReserveFrozen, ReservePaused, NotBorrowable, ZeroAmount, ZeroAddress, NotAuthorized,
    /// BorrowCapExceeded, InsufficientCash, NoPrice, Undercollateralized.
    /// @return shares Debt shares minted, rounded up.
    function borrow(uint256 id, uint256 assets, address account, address to) external returns (uint256 shares);

    /// @notice Repays debt of `account` from the caller. An amount at or above the debt clears it and takes no more.
    /// @dev Anyone may. Never paused, never gated, needs no price. Reverts: UnknownReserve, ZeroAmount, NoPosition.
    /// @return repaid Assets taken. @return shares Debt shares burned, rounded down.
    function repay(uint256 id, uint256 assets, address account) external returns (uint256 repaid, uint256 shares);

    /// @notice Says whether a supply of `account` counts as collateral.
    /// @dev Takes `ACTION_COLLATERAL` when the caller is not the account. Switching off with debt needs cover at the LTV.
    /// Never gated where the asset has a threshold of zero.
    /// Reverts: UnknownReserve, NoPosition, NotAuthorized, NoPrice (of a debt), Undercollateralized.
    function setCollateral(uint256 id, bool enabled, address account) external;

    /// @notice Repays part of an unhealthy account's debt, from the caller, and takes its collateral at a bonus, to `to`.
    /// @dev How much may be repaid and at what bonus: see `ILiquidationModel`. The protocol keeps its fee, a share of the
    /// bonus, as buffer. If what is left is bad debt (collateral worth at most `writeOffBelow`, and less than the debt), the
    /// rest of the collateral is forfeited and all debts are written off: buffers pay first, then suppliers pro rata.
    /// An account with an unpriced or paused asset is liquidated on its others, and never written off meanwhile.
    /// Reverts: UnknownReserve, ReservePaused, SelfLiquidation, NoPosition, NotCollateral, NoPrice, Healthy, ZeroAmount,
    /// LeavesDust, SeizedTooLittle, InsufficientCash, NotAuthorized, ZeroAddress.
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

    /// @notice Writes off the debts of an account whose collateral is worth at most `writeOffBelow` and less than its debt, as
    /// `liquidate` does in the same call. Anyone may. Reverts: NotBadDebt, ReservePaused (of a debt or a collateral).
    function writeOff(address account) external;

    /// @notice Lets `operator` do `actions` (a sum of the ACTION constants) for the caller until `expiry`, Unix seconds.
    /// Replaces what was granted before; zero actions revoke. @dev Reverts: ZeroAddress.
    function authorize(address operator, uint256 actions, uint256 expiry) external;

    /// @notice Stores a reserve's interest up to now. No one needs to: every action and every view includes it.
    function accrue(uint256 id) external;

    // -------------------------------------------------------------- views

    /// @notice The balance of a supply in assets, with interest, rounded down.
    function supplyBalance(address account, uint256 id) external view returns (uint256);

    /// @notice A debt in assets, with interest, rounded up.
    function debtBalance(address account, uint256 id) external view returns (uint256);

    /// @notice Liquidation limit over debt value in WAD; below one the account can be liquidated. Max without debt.
    function healthFactor(address account) external view returns (uint256);

    /// @notice The account's values, limits and health.
    function accountData(address account) external view returns (AccountData memory);

    /// @notice The account's positions in shares, by ascending reserve id.
    function positions(address account) external view returns (Position[] memory);

    /// @notice Everything about a reserve. Reverts: UnknownReserve.
    function reserveData(uint256 id) external view returns (ReserveData memory);

    /// @notice The raw words of a reserve, as stored; see `ReserveSlots`.
    function reserveWords(uint256 id)
        external
        view
        returns (uint256 index, uint256 totals, uint256 risk, uint256 token, uint256 model);

    /// @notice The id of a token's reserve. Reverts: UnknownReserve(type(uint256).max).
    function reserveId(address token) external view returns (uint256);

    function reserveCount() external view returns (uint256);

    /// @notice The pool's terms of liquidation and its external model (zero: the built-in rule). Health in WAD, values in WAD.
    function liquidationTerms()
        external
        view
        returns (uint256 targetHealth, uint256 fullHealth, uint256 dust, uint256 writeOffBelow, address model);

    /// @notice What `operator` may do for `account`, and until when.
    function authorization(address account, address operator) external view returns (uint256 actions, uint256 expiry);

    function configurator() external view returns (address);

    // -------------------------------------------------------------- configuration, for the configurator alone

    /// @notice Opens a reserve with its packed words. The configurator validates; the pool only stores.
    function addReserve(address token, uint256 rates, uint256 limits, uint256 risk, address model)
        external
        returns (uint256 id);

    /// @notice Replaces curve, reserve factor and external model, after accruing at the old ones.
    function setRates(uint256 id, uint256 rates, address model) external;

    /// @notice Replaces caps and the borrowable flag.
    function setLimits(uint256 id, uint256 limits) external;

    /// @notice Replaces feed and risk parameters.
    function setRisk(uint256 id, uint256 risk) external;

    /// @notice Pauses or freezes, or ends it. Reverts: ReserveWorthless.
    function setSwitches(uint256 id, bool paused, bool frozen) external;

    /// @notice Replaces the packed terms of liquidation; see `LiquidationWord`.
    function setLiquidationTerms(uint256 terms) external;

    /// @notice Pays protocol income out; none of it where more is owed than supplied. Reverts: InsufficientBuffer.
    function collectBuffer(uint256 id, uint256 assets, address to) external;
}
