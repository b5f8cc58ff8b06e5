// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import "../interfaces/IConfigurator.sol";
import {IPool} from "../interfaces/IPool.sol";
import {CategoryData, ReserveWords} from "../interfaces/IPoolExtension.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Caps} from "../libraries/Caps.sol";
import {Categories} from "../libraries/Categories.sol";
import {LiquidationWord} from "../libraries/LiquidationWord.sol";
import {Outflows} from "../libraries/Outflows.sol";
import {Ramps} from "../libraries/Ramps.sol";
import {Reserves, Risk, RiskWord, Token, Totals} from "../libraries/Reserves.sol";
import {BPS, WAD, WadMath} from "../libraries/WadMath.sol";
import {FeedReader} from "../oracle/FeedReader.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";

/// @title Configurator
contract Configurator is IConfigurator, AccessManaged {
    using SafeTransferLib for address;
    using WadMath for uint256;

    /// The fastest that a threshold may ramp down.
    uint256 public constant MIN_RAMP = Ramps.MIN;

    /// The longest that liquidations wait after a pause.
    uint256 public constant MAX_GRACE = 4 hours;
    /// The longest that a price is out of use on a guardian's word: long enough to replace its source. As long again must pass
    /// before the next time.
    uint256 public constant MAX_PRICE_PAUSE = 3 days;
    /// The furthest that a new source may be from what it replaces, of the old price.
    uint256 public constant MAX_PRICE_STEP = 0.1e18;

    uint256 private constant ONE_BPS = 10_000;
    /// @dev Of a reserve's limits what `setLimits` leaves alone.
    uint256 private constant SET_APART = Reserves.LIMITED_OUTFLOW | Reserves.INSURED;

    mapping(IPool pool => mapping(uint256 id => PricePause)) private _pricePauses;

    /// @param authority The AccessManager that decides who may call what.
    constructor(address authority) AccessManaged(authority) {}

    // ------------------------------------------------------------------ listing

    /// @inheritdoc IConfigurator
    function listReserve(IPool pool, address token, ReserveParameters calldata p, uint256 seed)
        external
        restricted
        returns (uint256 id)
    {
        if (seed == 0) revert SeedRequired();
        (uint256 targetHealth,,,,) = pool.liquidationTerms();
        if (targetHealth == 0) revert LiquidationTermsRequired();
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), seed);
        _requireExact(token, address(this), before, seed);

        id = pool.addReserve(
            token,
            _rates(p.curve, p.reserveFactorPercent, p.rateModel),
            _limits(p.supplyCap, p.borrowCap, p.borrowable),
            _source(token, p.feed, p.maxAge) | _terms(p, p.thresholdBps),
            p.rateModel,
            _idleCap(p.idleCap)
        );

        before = token.balanceOf(address(pool));
        uint256 others = _heldOfOthers(pool, id);
        token.safeApproveWithRetry(address(pool), seed);
        pool.supply(id, seed, address(this));
        _requireExact(token, address(pool), before, seed);
        if (_heldOfOthers(pool, id) != others) revert TokenOfAnotherReserve(token);
    }

    /// @dev What the pool holds of all reserves before this one: a second address of one of their tokens would move it too.
    function _heldOfOthers(IPool pool, uint256 id) private view returns (uint256 sum) {
        for (uint256 k; k < id; ++k) {
            unchecked {
                // Only compared, so that it may wrap around.
                sum += SafeTransferLib.balanceOf(Token.wrap(pool.reserveWords(k).token).addr(), address(pool));
            }
        }
    }

    /// @dev What arrived must be what was sent.
    function _requireExact(address token, address holder, uint256 before, uint256 sent) private view {
        uint256 held = token.balanceOf(holder);
        if (held != before + sent) revert TokenNotExact(token, sent, held > before ? held - before : 0);
    }

    // ------------------------------------------------------------------ parameters

    /// @inheritdoc IConfigurator
    function setRates(
        IPool pool,
        uint256 id,
        KinkedCurve.Parameters calldata curve,
        uint256 reserveFactorPercent,
        address rateModel
    ) external restricted {
        pool.setRates(id, _rates(curve, reserveFactorPercent, rateModel), rateModel);
    }

    /// @inheritdoc IConfigurator
    function setLimits(IPool pool, uint256 id, uint256 supplyCap, uint256 borrowCap, bool borrowable)
        external
        restricted
    {
        ReserveWords memory words = pool.reserveWords(id);
        _setLimits(pool, id, words, _limits(supplyCap, borrowCap, borrowable) | _limitsOf(words) & SET_APART);
    }

    function _setLimits(IPool pool, uint256 id, ReserveWords memory words, uint256 limits) private {
        pool.setLimits(id, limits, words.outflow, address(uint160(words.insurer)));
    }

    function _limitsOf(ReserveWords memory words) private pure returns (uint256) {
        return Totals.wrap(words.totals).limits();
    }

    /// @inheritdoc IConfigurator
    function setIdleCap(IPool pool, uint256 id, uint256 cap) external restricted returns (uint256) {
        return pool.setIdleCap(id, _idleCap(cap));
    }

    /// @inheritdoc IConfigurator
    function setOutflowLimit(IPool pool, uint256 id, uint256 capacity, uint256 window) external restricted {
        ReserveWords memory words = pool.reserveWords(id);
        uint256 limits = _limitsOf(words) & ~Reserves.LIMITED_OUTFLOW;
        if (capacity == 0 && window == 0) {
            words.outflow = 0;
            return _setLimits(pool, id, words, limits);
        }
        (uint256 code, bool exact) = Caps.encode(capacity);
        if (!exact || capacity == 0 || capacity > type(uint112).max || window == 0 || window > 30 days) {
            revert OutflowOutOfRange(capacity, window);
        }
        words.outflow = Outflows.pack(code, window, capacity, block.timestamp);
        _setLimits(pool, id, words, limits | Reserves.LIMITED_OUTFLOW);
    }

    /// @inheritdoc IConfigurator
    function setInsurer(IPool pool, uint256 id, address insurer) external restricted {
        ReserveWords memory words = pool.reserveWords(id);
        words.insurer = uint160(insurer);
        uint256 limits = _limitsOf(words) & ~Reserves.INSURED;
        _setLimits(pool, id, words, insurer == address(0) ? limits : limits | Reserves.INSURED);
    }

    /// @inheritdoc IConfigurator
    function tighten(IPool pool, uint256 id, uint256 supplyCap, uint256 borrowCap, uint256 ltvBps, bool stopBorrowing)
        external
        restricted
    {
        ReserveWords memory words = pool.reserveWords(id);
        Totals totals = Totals.wrap(words.totals);
        supplyCap = _lower(supplyCap, totals.supplyCap());
        borrowCap = _lower(borrowCap, totals.borrowCap());
        bool borrowable = totals.isBorrowable() && !stopBorrowing;
        _setLimits(pool, id, words, _limits(supplyCap, borrowCap, borrowable) | _limitsOf(words) & SET_APART);
        ltvBps = _lower(ltvBps, Risk.wrap(words.risk).ltv() / BPS);
        _setRisk(pool, id, words, words.risk & ~(uint256(0x3fff) << 160) | ltvBps << 160);
    }

    function _lower(uint256 to, uint256 from) private pure returns (uint256) {
        if (to == type(uint256).max) return from;
        if (to > from) revert WouldLoosen(from, to);
        return to;
    }

    /// @inheritdoc IConfigurator
    function setRisk(IPool pool, uint256 id, ReserveParameters calldata p, uint256 rampSeconds) external restricted {
        // From the stored words alone: a broken token must not be able to keep an LTV up.
        ReserveWords memory words = pool.reserveWords(id);
        uint256 threshold = Risk.wrap(words.risk).threshold();
        if (threshold != 0 && p.thresholdBps == 0) revert ThresholdCannotVanish(id);
        threshold = Ramps.threshold(words.ramp, threshold);
        (uint256 highest, uint256 ramp) = _ramp(threshold, p.thresholdBps, rampSeconds);
        Risk before = Risk.wrap(words.risk);
        // While its price is out of use a reserve has no feed, and what is announced goes through all the same.
        bool paused = before.feed() == address(0);
        if (!paused && p.feed != before.feed() || p.maxAge != before.maxAge()) {
            revert FeedFixed(id, before.feed(), before.maxAge());
        }
        words.ramp = ramp;
        uint256 risk = words.risk & RiskWord.SOURCE | _terms(p, highest);
        _setRisk(pool, id, words, ramp == 0 ? risk : risk | RiskWord.RAMPS);
    }

    function _setRisk(IPool pool, uint256 id, ReserveWords memory words, uint256 risk) private {
        pool.setRisk(id, risk, words.ramp, address(uint160(words.cautiousFeed)));
    }

    // ------------------------------------------------------------------ prices

    /// @inheritdoc IConfigurator
    function setFeed(IPool pool, uint256 id, address feed, uint256 maxAge, uint256 lowest, uint256 highest)
        external
        restricted
    {
        ReserveWords memory words = pool.reserveWords(id);
        uint256 source = _source(Token.wrap(words.token).addr(), feed, maxAge);
        uint256 price = _price(feed, maxAge);
        if (price < lowest || price > highest) revert PriceOutOfRange(price, lowest, highest);
        address before = Risk.wrap(words.risk).feed();
        if (before != address(0)) _requireNear(before, Risk.wrap(words.risk).maxAge(), price);
        address cautiousFeed = address(uint160(words.cautiousFeed));
        if (cautiousFeed != address(0)) _requireDecimals(cautiousFeed, IPriceFeed(feed).decimals());

        delete _pricePauses[pool][id];
        _setRisk(pool, id, words, words.risk & (~RiskWord.SOURCE | RiskWord.CAUTIOUS) | source);
    }

    /// @inheritdoc IConfigurator
    function setCautiousFeed(IPool pool, uint256 id, address feed) external restricted {
        ReserveWords memory words = pool.reserveWords(id);
        Risk risk = Risk.wrap(words.risk);
        words.cautiousFeed = uint160(feed);
        if (feed == address(0)) return _setRisk(pool, id, words, words.risk & ~RiskWord.CAUTIOUS);
        _requireDecimals(feed, risk.decimals() - IERC20Metadata(Token.wrap(words.token).addr()).decimals());
        uint256 price = _price(feed, risk.maxAge());
        if (price == 0) revert FeedWithoutPrice(feed);
        _requireNear(risk.feed(), risk.maxAge(), price);
        _setRisk(pool, id, words, words.risk | RiskWord.CAUTIOUS);
    }

    /// @inheritdoc IConfigurator
    function pausePrice(IPool pool, uint256 id, uint256 seconds_) external restricted {
        if (seconds_ == 0 || seconds_ > MAX_PRICE_PAUSE) revert PricePauseOutOfRange(seconds_);
        PricePause storage p = _pricePauses[pool][id];
        if (p.end != 0 && block.timestamp < p.end + MAX_PRICE_PAUSE) {
            revert PricePausedLately(id, p.end + MAX_PRICE_PAUSE);
        }
        if (p.feed != address(0)) revert PriceNotResumed(id);
        ReserveWords memory words = pool.reserveWords(id);
        (p.feed, p.end) = (Risk.wrap(words.risk).feed(), block.timestamp + seconds_);
        _setRisk(pool, id, words, words.risk & ~uint256(type(uint160).max));
    }

    /// @inheritdoc IConfigurator
    function resumePrice(IPool pool, uint256 id) external {
        PricePause storage p = _pricePauses[pool][id];
        address feed = p.feed;
        if (feed == address(0)) revert PriceNotPaused(id);
        if (block.timestamp < p.end) _checkCanCall(msg.sender, msg.data);
        p.feed = address(0);
        ReserveWords memory words = pool.reserveWords(id);
        _setRisk(pool, id, words, words.risk | uint160(feed));
    }

    /// @inheritdoc IConfigurator
    function pricePause(IPool pool, uint256 id) external view returns (PricePause memory) {
        return _pricePauses[pool][id];
    }

    /// @dev Of one whole token, in WAD; zero: none.
    function _price(address feed, uint256 maxAge) private view returns (uint256) {
        uint256 answer = FeedReader.read(feed, maxAge);
        return answer == 0 ? 0 : answer * WAD / 10 ** IPriceFeed(feed).decimals(); // 96 + 60 bits
    }

    /// @dev There is nothing to compare with where the other feed gives no price.
    function _requireNear(address other, uint256 maxAge, uint256 price) private view {
        uint256 known = _price(other, maxAge);
        uint256 distance = known > price ? known - price : price - known;
        if (known != 0 && distance.divUp(known) > MAX_PRICE_STEP) revert PriceJump(known, price);
    }

    function _requireDecimals(address feed, uint256 expected) private view {
        uint256 decimals = IPriceFeed(feed).decimals();
        if (decimals != expected) revert FeedDecimalsDiffer(feed, decimals, expected);
    }

    /// @inheritdoc IConfigurator
    function setCategory(IPool pool, uint256 category, CategoryParameters calldata p, uint256 rampSeconds)
        external
        restricted
    {
        uint256 listed = pool.reserveCount();
        if (p.collaterals == 0 || (p.collaterals | p.borrowables) >> listed != 0) {
            revert CategoryBitmapOutOfRange(p.collaterals, p.borrowables);
        }
        CategoryData memory d = pool.categoryData(category);
        if (d.collaterals != 0) _requireSameKind(pool, category, d, p);
        (uint256 highest, uint256 ramp) = _ramp(d.threshold, p.thresholdBps, rampSeconds);
        if (p.thresholdBps == 0) revert ThresholdOutOfRange(p.ltvBps, p.thresholdBps);
        _requireTerms(p.ltvBps, p.thresholdBps, p.bonusFloorBps, p.bonusCapBps, highest);
        uint256 word = p.collaterals | p.borrowables << 64 | p.ltvBps << 128 | p.thresholdBps << 142 | p.bonusFloorBps
            << 156 | p.bonusCapBps << 170;
        if (p.isolated) word |= Categories.ISOLATED;
        if (ramp != 0) word |= Categories.RAMPS;
        pool.setCategoryTerms(category, word, ramp);
    }

    /// @dev Nobody who chose a category may lose at once what counts as his collateral, or a part of its threshold.
    function _requireSameKind(IPool pool, uint256 category, CategoryData memory d, CategoryParameters calldata p)
        private
        view
    {
        if (d.isolated != p.isolated) revert CategoryKindFixed(category);
        uint256 removed = d.collaterals & ~p.collaterals;
        for (uint256 id; removed >> id != 0; ++id) {
            if (removed >> id & 1 == 0) continue;
            if (d.isolated || d.threshold > pool.reserveData(id).threshold) {
                revert CategoryCollateralFixed(category, id);
            }
        }
        uint256 added = p.collaterals & ~d.collaterals;
        for (uint256 id; added >> id != 0 && !d.isolated; ++id) {
            if (added >> id & 1 != 0 && p.thresholdBps * BPS < pool.reserveData(id).threshold) {
                revert CategoryCollateralFixed(category, id);
            }
        }
    }

    /// @dev From the threshold now, in WAD, down to the new one; the highest of both, in steps, and the ramp's word if there is one.
    function _ramp(uint256 now_, uint256 thresholdBps, uint256 rampSeconds)
        private
        view
        returns (uint256 highestBps, uint256 ramp)
    {
        uint256 nowBps = (now_ + BPS - 1) / BPS;
        if (nowBps <= thresholdBps) return (thresholdBps, 0);
        if (rampSeconds < MIN_RAMP || rampSeconds > Ramps.MAX) revert RampOutOfRange(rampSeconds);
        return (nowBps, Ramps.pack(nowBps, block.timestamp, block.timestamp + rampSeconds));
    }

    /// @inheritdoc IConfigurator
    function setLiquidationTerms(
        IPool pool,
        uint256 targetHealthBps,
        uint256 fullHealthBps,
        uint256 dust,
        uint256 writeOffBelow,
        address model
    ) external restricted {
        bool fits = targetHealthBps <= type(uint16).max && dust <= type(uint24).max && writeOffBelow <= type(uint16).max;
        if (
            !fits || fullHealthBps >= ONE_BPS || targetHealthBps <= ONE_BPS || fullHealthBps == 0 || dust == 0
                || dust < writeOffBelow
        ) {
            revert LiquidationTermsOutOfRange(targetHealthBps, fullHealthBps, dust, writeOffBelow);
        }
        pool.setLiquidationTerms(LiquidationWord.pack(model, targetHealthBps, fullHealthBps, dust, writeOffBelow));
    }

    // ------------------------------------------------------------------ switches

    /// @inheritdoc IConfigurator
    function pause(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, true, _has(pool, id, Reserves.FROZEN), 0);
    }

    /// @inheritdoc IConfigurator
    function unpause(IPool pool, uint256 id, uint256 grace) external restricted {
        if (grace > MAX_GRACE) revert GraceOutOfRange(grace);
        pool.setSwitches(id, false, _has(pool, id, Reserves.FROZEN), grace);
    }

    /// @inheritdoc IConfigurator
    function freeze(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, _has(pool, id, Reserves.PAUSED), true, 0);
    }

    /// @inheritdoc IConfigurator
    function unfreeze(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, _has(pool, id, Reserves.PAUSED), false, 0);
    }

    /// @dev From the stored word alone: a broken token, feed or model must not be able to block a switch.
    function _has(IPool pool, uint256 id, uint256 flag) private view returns (bool) {
        return pool.reserveWords(id).token & flag != 0;
    }

    /// @inheritdoc IConfigurator
    function collectBuffer(IPool pool, uint256 id, uint256 assets, address to) external restricted {
        pool.collectBuffer(id, assets, to);
    }

    // ------------------------------------------------------------------ validation and packing

    function _rates(KinkedCurve.Parameters calldata curve, uint256 reserveFactorPercent, address rateModel)
        private
        pure
        returns (uint256 rates)
    {
        if (!KinkedCurve.isValid(curve)) {
            revert CurveOutOfRange(curve.base, curve.kink, curve.slope1, curve.slope2);
        }
        if (reserveFactorPercent > 100) revert ReserveFactorOutOfRange(reserveFactorPercent);
        rates = KinkedCurve.pack(curve) | reserveFactorPercent << KinkedCurve.BITS;
        if (rateModel != address(0)) rates |= Reserves.EXTERNAL_MODEL;
    }

    function _limits(uint256 supplyCap, uint256 borrowCap, bool borrowable) private pure returns (uint256 limits) {
        limits = _cap(supplyCap) | _cap(borrowCap) << 14;
        if (borrowable) limits |= Reserves.BORROWABLE;
    }

    function _cap(uint256 cap) private pure returns (uint256 code) {
        bool exact;
        (code, exact) = Caps.encode(cap);
        if (!exact) revert CapNotRepresentable(cap);
    }

    function _idleCap(uint256 cap) private pure returns (uint256) {
        if (cap == type(uint256).max) return Reserves.MAX_IDLE;
        if (cap > Reserves.MAX_IDLE) revert IdleCapOutOfRange(cap);
        return cap;
    }

    /// @dev `highestBps`: where the threshold stands while it ramps down, or the threshold.
    function _requireTerms(
        uint256 ltvBps,
        uint256 thresholdBps,
        uint256 bonusFloorBps,
        uint256 bonusCapBps,
        uint256 highestBps
    ) private pure {
        if (ltvBps > thresholdBps || thresholdBps >= ONE_BPS) {
            revert ThresholdOutOfRange(ltvBps, thresholdBps);
        }
        if (bonusFloorBps > bonusCapBps || bonusCapBps > ONE_BPS) revert BonusOutOfRange(bonusFloorBps, bonusCapBps);
        if (highestBps * (ONE_BPS + bonusCapBps) >= ONE_BPS * ONE_BPS) {
            revert BonusTimesThreshold(highestBps, bonusCapBps);
        }
    }

    /// @dev The source of a price, which must have one.
    function _source(address token, address feed, uint256 maxAge) private view returns (uint256) {
        uint256 minutes_ = maxAge / 1 minutes;
        if (minutes_ == 0 || minutes_ > type(uint16).max || maxAge % 1 minutes != 0) revert MaxAgeOutOfRange(maxAge);
        uint256 decimals = uint256(IERC20Metadata(token).decimals()) + IPriceFeed(feed).decimals();
        if (decimals > 63) revert DecimalsOutOfRange(decimals);
        if (FeedReader.read(feed, maxAge) == 0) revert FeedWithoutPrice(feed);
        return uint160(feed) | decimals << 216 | minutes_ << 222;
    }

    function _terms(ReserveParameters calldata p, uint256 highestBps) private pure returns (uint256) {
        _requireTerms(p.ltvBps, p.thresholdBps, p.bonusFloorBps, p.bonusCapBps, highestBps);
        if (p.liquidationFeePercent > 100) revert FeeOutOfRange(p.liquidationFeePercent);
        return p.ltvBps << 160 | p.thresholdBps << 174 | p.bonusFloorBps << 188 | p.bonusCapBps << 202
            | p.liquidationFeePercent << 238 | _minDebt(p.minDebt) << 245;
    }

    function _minDebt(uint256 minDebt) private pure returns (uint256 code) {
        bool exact;
        (code, exact) = Caps.pack(minDebt, RiskWord.MAX_MIN_DEBT_DIGITS);
        if (!exact) revert MinDebtNotRepresentable(minDebt);
    }
}
