// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "./IPool.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";

/// The cap cannot be written with three digits (at most 511) and zeros, in raw token units.
error CapNotRepresentable(uint256 cap);
/// A curve parameter is outside its range; see `KinkedCurve.Parameters`.
error CurveOutOfRange(uint256 base, uint256 kink, uint256 slope1, uint256 slope2);
/// More than 100 %.
error ReserveFactorOutOfRange(uint256 percent);
/// Not `ltv <= threshold < 100 %`.
error ThresholdOutOfRange(uint256 ltvBps, uint256 thresholdBps);
/// A reserve that is collateral stays so: a threshold of zero would put pledged assets out of a liquidator's reach. Lower the
/// LTV to zero instead.
error ThresholdCannotVanish(uint256 id);
/// Not `floor <= cap`, or the cap is above 100 %.
error BonusOutOfRange(uint256 floorBps, uint256 capBps);
/// Seizing at the bonus cap would take more value than the threshold leaves: threshold * (1 + cap) must stay below 100 %.
error BonusTimesThreshold(uint256 thresholdBps, uint256 capBps);
/// More than 100 % of the bonus.
error FeeOutOfRange(uint256 percent);
/// Not whole minutes, zero, or more than 65,535 of them.
error MaxAgeOutOfRange(uint256 seconds_);
/// The least debt cannot be written with a number up to 15 and zeros, in raw token units.
error MinDebtNotRepresentable(uint256 minDebt);
/// The cap of idle collateral has more than 93 bits.
error IdleCapOutOfRange(uint256 cap);
/// A limit on outflow needs a capacity that is a cap and not zero, and a window of 1 second to 30 days. Zero and zero: no limit.
error OutflowOutOfRange(uint256 capacity, uint256 window);
/// A lowered threshold goes down over at least `MIN_RAMP` and at most a year, in seconds.
error RampOutOfRange(uint256 seconds_);
/// An asset that a category takes as collateral or lends has no reserve in the pool; or it takes none.
error CategoryBitmapOutOfRange(uint256 collaterals, uint256 borrowables);
/// A category that some accounts may have chosen keeps its kind: what was isolated stays isolated, and the other way round.
error CategoryKindFixed(uint256 category);
/// An asset enters or leaves a category's collaterals only where nobody's threshold falls at once by it: ramp down the one
/// that is higher first.
error CategoryCollateralFixed(uint256 category, uint256 id);
/// This function only tightens: a cap, or the LTV, would rise from `from` to `to`.
error WouldLoosen(uint256 from, uint256 to);
/// The decimals of token and feed together are more than 63.
error DecimalsOutOfRange(uint256 sum);
/// The source of a price is replaced by `setFeed`, which checks it: here it must be what it is.
error FeedFixed(uint256 id, address feed, uint256 maxAge);
/// The new feed says `price` for a whole token, in WAD: not between the two that were given.
error PriceOutOfRange(uint256 price, uint256 lowest, uint256 highest);
/// The new feed is more than `MAX_PRICE_STEP` from what there is, in WAD. Where the old price is wrong, `pausePrice` first.
error PriceJump(uint256 known, uint256 price);
/// A reserve's two feeds have the same decimals.
error FeedDecimalsDiffer(address feed, uint256 decimals, uint256 expected);
/// Zero, or more than `MAX_PRICE_PAUSE`.
error PricePauseOutOfRange(uint256 seconds_);
/// The price is paused, or was: not again before `notBefore`, Unix seconds, unless its source is replaced.
error PricePausedLately(uint256 id, uint256 notBefore);
/// The price is still out of use since the last time: resume it first, which anybody may by then.
error PriceNotResumed(uint256 id);
/// The reserve's price is in use.
error PriceNotPaused(uint256 id);
/// More than `MAX_GRACE`.
error GraceOutOfRange(uint256 seconds_);
/// The feed gives no price now.
error FeedWithoutPrice(address feed);
/// The token delivered `received` when asked for `sent`: a fee, a rebase, or a lie.
error TokenNotExact(address token, uint256 sent, uint256 received);
/// The token is another reserve's, under a second address.
error TokenOfAnotherReserve(address token);
/// The pool has no terms of liquidation yet: set them before the first reserve.
error LiquidationTermsRequired();
/// A reserve opens with a supply that nobody can withdraw; it must not be zero.
error SeedRequired();
/// Not `full health < 100 % < target health`, no dust, less of it than `writeOffBelow`, or a value does not fit its field.
error LiquidationTermsOutOfRange(uint256 targetHealthBps, uint256 fullHealthBps, uint256 dust, uint256 writeOffBelow);

/// @dev Everything that a reserve is opened with. Amounts in raw token units, `type(uint256).max` for no cap.
struct ReserveParameters {
    address feed;
    uint256 maxAge; // seconds, whole minutes
    uint256 ltvBps;
    uint256 thresholdBps;
    uint256 bonusFloorBps;
    uint256 bonusCapBps;
    uint256 liquidationFeePercent; // of the bonus
    uint256 reserveFactorPercent;
    KinkedCurve.Parameters curve;
    address rateModel; // zero: the curve
    uint256 supplyCap;
    uint256 borrowCap;
    uint256 idleCap; // of collateral that sits idle, beside the supply cap
    uint256 minDebt; // zero: none
    bool borrowable;
}

/// @dev A category's terms; bitmaps by reserve id.
struct CategoryParameters {
    uint256 collaterals;
    uint256 borrowables;
    uint256 ltvBps;
    uint256 thresholdBps;
    uint256 bonusFloorBps;
    uint256 bonusCapBps;
    bool isolated; // no other collateral counts for an account that chose it
}

/// @dev A price that is out of use on a guardian's word: its feed, none when it is in use again, and until when.
struct PricePause {
    address feed;
    uint256 end; // Unix seconds
}

/// @title Configurator: the only writer of a pool's configuration
/// @notice Validates, bounds and explains what the pool then stores without question. One configurator serves any number of
/// pools that were deployed with its address. Who may call what, and after which delay, is decided by an OpenZeppelin
/// AccessManager; every function here but the views is restricted by it.
/// @dev Every function also reverts with `AccessManagedUnauthorized` and with the pool's own errors.
interface IConfigurator {
    /// @notice Opens a reserve and supplies its seed, from the caller, in one transaction: there is no block in which the
    /// market is open and empty. The seed belongs to the configurator, which cannot withdraw.
    /// @dev Self-test: the token has code and decimals, the feed has a price now, and the token delivers exactly what it is
    /// asked to transfer, in and out, and moves no other reserve's balance. Reverts: SeedRequired, LiquidationTermsRequired,
    /// FeedWithoutPrice, DecimalsOutOfRange, MaxAgeOutOfRange, TokenNotExact, TokenOfAnotherReserve, and as `setRates`,
    /// `setLimits`, `setIdleCap` and `setRisk` for its parameters.
    function listReserve(IPool pool, address token, ReserveParameters calldata p, uint256 seed)
        external
        returns (uint256 id);

    /// @notice Replaces curve, reserve factor and external model (zero: none). Interest up to now is charged at the old ones.
    /// @dev Reverts: CurveOutOfRange, ReserveFactorOutOfRange.
    function setRates(
        IPool pool,
        uint256 id,
        KinkedCurve.Parameters calldata curve,
        uint256 reserveFactorPercent,
        address rateModel
    ) external;

    /// @notice Replaces caps of lending, in raw token units, and whether the asset may be borrowed.
    /// @dev Reverts: CapNotRepresentable.
    function setLimits(IPool pool, uint256 id, uint256 supplyCap, uint256 borrowCap, bool borrowable) external;

    /// @notice Replaces the cap of idle collateral. It cannot go below what sits idle now; returns what it is.
    /// @dev Reverts: IdleCapOutOfRange.
    function setIdleCap(IPool pool, uint256 id, uint256 cap) external returns (uint256);

    /// @notice Lets at most `capacity` raw units leave the reserve in a row, as withdrawals and loans less what comes in; what has
    /// left comes free again within `window` seconds. Zero and zero: no limit. Liquidations and idle collateral are never limited.
    /// @dev Reverts: OutflowOutOfRange.
    function setOutflowLimit(IPool pool, uint256 id, uint256 capacity, uint256 window) external;

    /// @notice Names the account whose earning supply in the reserve pays for bad debt after the buffer and before the other
    /// suppliers; zero: none. It loses what it supplies: an insurance vault, never a user.
    function setInsurer(IPool pool, uint256 id, address insurer) external;

    /// @notice For a guardian: lowers caps and the LTV, and stops borrowing; never the other way round.
    /// @dev Values above what is there leave it as it is only if they are `type(uint256).max`, else: WouldLoosen. Categories
    /// keep their own terms: stop the borrowing of what they lend.
    function tighten(IPool pool, uint256 id, uint256 supplyCap, uint256 borrowCap, uint256 ltvBps, bool stopBorrowing)
        external;

    /// @notice Replaces the risk parameters in `p`; the rest of it is not read. Feed and maximum age must be what they are.
    /// @dev A threshold that is lowered goes down on a straight line over `rampSeconds`, so that nobody is liquidated at once;
    /// everything else holds from now on. Reverts: FeedFixed, ThresholdCannotVanish, ThresholdOutOfRange, BonusOutOfRange,
    /// BonusTimesThreshold, FeeOutOfRange, MinDebtNotRepresentable, RampOutOfRange.
    function setRisk(IPool pool, uint256 id, ReserveParameters calldata p, uint256 rampSeconds) external;

    /// @notice Replaces the source of a reserve's price.
    /// @dev The new one must answer now, between `lowest` and `highest` (of a whole token, in WAD), and within `MAX_PRICE_STEP`
    /// of the old one, unless that gives no price or is paused. Reverts: FeedWithoutPrice, PriceOutOfRange, PriceJump,
    /// FeedDecimalsDiffer, MaxAgeOutOfRange, DecimalsOutOfRange.
    function setFeed(IPool pool, uint256 id, address feed, uint256 maxAge, uint256 lowest, uint256 highest) external;

    /// @notice A second feed, of the same decimals and within `MAX_PRICE_STEP` of the first now; zero: none. Borrowing and
    /// withdrawing go by whichever of the two favours the account less, and by none if either has none; liquidations by the
    /// first alone. A moving average resists a price moved for a moment; a sequencer's watch never stops a liquidation here.
    /// @dev Reverts: FeedWithoutPrice, FeedDecimalsDiffer, PriceJump.
    function setCautiousFeed(IPool pool, uint256 id, address feed) external;

    /// @notice For a guardian: the reserve has no price for at most `MAX_PRICE_PAUSE`, so that a wrong one is used for nothing
    /// until `setFeed` replaces its source. As where a feed is dead: nothing is borrowed or seized by it, exits go on, and an
    /// account that has it as collateral has only its other collateral meanwhile, on which it may be liquidated. Where that must
    /// not happen, `pause` the debts first.
    /// @dev Reverts: PricePauseOutOfRange, PricePausedLately, PriceNotResumed.
    function pausePrice(IPool pool, uint256 id, uint256 seconds_) external;

    /// @notice Uses the old source again: anybody may once the time is over, and before it whoever has the role.
    /// @dev Reverts: PriceNotPaused.
    function resumePrice(IPool pool, uint256 id) external;

    /// @notice The reserve's last pause of its price.
    function pricePause(IPool pool, uint256 id) external view returns (PricePause memory);

    /// @notice Opens a category, 1 to 255, or replaces its terms; its threshold ramps down like a reserve's.
    /// @dev Reverts: CategoryBitmapOutOfRange, CategoryKindFixed, CategoryCollateralFixed, RampOutOfRange, and as `setRisk` for its
    /// terms.
    function setCategory(IPool pool, uint256 category, CategoryParameters calldata p, uint256 rampSeconds) external;

    /// @notice Stops new supply, new debt and liquidations of a reserve. Never exits.
    function pause(IPool pool, uint256 id) external;

    /// @notice Ends a pause; liquidations of the reserve go on `grace` seconds later, at most `MAX_GRACE`, so that borrowers act
    /// first. @dev Reverts: GraceOutOfRange.
    function unpause(IPool pool, uint256 id, uint256 grace) external;

    /// @notice Stops new supply and new debt of a reserve; liquidations go on.
    function freeze(IPool pool, uint256 id) external;

    function unfreeze(IPool pool, uint256 id) external;

    /// @notice Replaces the pool's terms of liquidation. Dust and `writeOffBelow` in whole units of the base currency. Dust is
    /// at least one, the least that an external model may allow, and at least `writeOffBelow`, so that no liquidation leaves
    /// behind what anybody may write off. @dev Reverts: LiquidationTermsOutOfRange.
    function setLiquidationTerms(
        IPool pool,
        uint256 targetHealthBps,
        uint256 fullHealthBps,
        uint256 dust,
        uint256 writeOffBelow,
        address model
    ) external;

    /// @notice Pays protocol income out of a reserve's buffer.
    function collectBuffer(IPool pool, uint256 id, uint256 assets, address to) external;
}
