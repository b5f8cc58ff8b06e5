// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Untrusted} from "../libraries/Untrusted.sol";
import {WAD, WadMath, YEAR} from "../libraries/WadMath.sol";
import {FeedAdapter} from "./FeedAdapter.sol";
import {FeedReader} from "./FeedReader.sol";

/// Where a staked token's or vault share's rate is read: a view that answers one number.
struct RateSource {
    address target;
    bytes4 selector; // such as stEthPerToken, getExchangeRate, convertToAssets
    uint256 unit; // what `convertToAssets` is asked about: one whole share, or more for more digits; others ignore it
    uint8 decimals; // of the rate: for `unit` shares, how many decimals of one whole share's worth
}

/// The highest and the lowest rate seen, by where they lead: each changes from its own date on.
struct Corridor {
    uint96 high;
    uint32 highAt;
    uint96 low;
    uint32 lowAt;
}

/// @title The price of a staked token or vault share
/// @notice Rate times base feed, where the rate is believed within a corridor only: it may not have grown faster than `maxGrowth` since it
/// was seen, nor fallen faster than `maxDecline`, both a year's, in WAD and compounded continuously, so that a limit does not depend on
/// how often the corridor moves.
///
/// Above the corridor the price is the corridor's upper edge: whoever gives to the vault, or misreports, gains growth only, and slowly.
/// Below there is no price: a sudden loss may be a lie, on which nobody shall be liquidated, or true, and then nobody shall borrow at the
/// rate before it. Declining, the lower edge reaches a true loss, and the price is back; until then repaying and adding collateral
/// remain, and control may set another feed.
///
/// Moving. `update`, by anyone. Sightings gather for a `PERIOD`, of which the highest and lowest become the corridor, each with its
/// own date: rate and date are of one moment, always. All sightings lie within the corridor, so it can only become narrower than time made
/// it; and a true rate that keeps to the limits is never outside, as long as one of a period's sightings is true: who lets the rate jump for
/// a transaction and sights it only makes the corridor wider. Keepers should call more often than once a period; when nobody does, the
/// corridor goes on widening at its limits.
///
/// A rate within limits is passed on exactly. The answer bears the base's date, as the rate is read live.
/// Check `limits` before listing: the first corridor is the rate at construction.
contract GrowthCappedFeed is FeedAdapter {
    using WadMath for uint256;

    /// More than one, or than a hundred, a year.
    error InvalidLimits(uint256 maxGrowth, uint256 maxDecline);
    /// The rate source does not answer, or with a rate of more than 96 bits, none, or at construction fewer than 9 digits.
    error NoRate(address target, uint256 rate);
    /// The rate has fallen faster than `maxDecline`.
    error BelowFloor(uint256 rate, uint256 floor);

    event Moved(Corridor corridor);
    event Seen(uint256 rate);

    /// How long sightings gather.
    uint256 public constant PERIOD = 1 days;

    uint256 private constant MIN_FIRST_RATE = 1e9;

    IPriceFeed public immutable base;
    uint256 public immutable baseMaxAge;
    address public immutable rateTarget;
    bytes4 public immutable rateSelector;
    uint256 public immutable rateUnit;
    uint256 public immutable maxGrowth;
    uint256 public immutable maxDecline;

    uint256 private immutable _up;
    uint256 private immutable _down;

    Corridor private _corridor;
    Corridor private _seen;
    uint40 private _seenSince;

    /// @param baseMaxAge_ Seconds. @param maxGrowth_ At most WAD. @param maxDecline_ At most 100 WAD. @param decimals_ The answer's.
    constructor(
        IPriceFeed base_,
        uint256 baseMaxAge_,
        RateSource memory rate_,
        uint256 maxGrowth_,
        uint256 maxDecline_,
        uint8 decimals_
    ) FeedAdapter(decimals_) {
        if (maxGrowth_ > WAD || maxDecline_ > 100 * WAD) {
            revert InvalidLimits(maxGrowth_, maxDecline_);
        }
        if (rate_.decimals > MAX_DECIMALS) revert InvalidDecimals(rate_.decimals);
        base = base_;
        baseMaxAge = _checked(baseMaxAge_);
        (rateTarget, rateSelector, rateUnit) = (rate_.target, rate_.selector, rate_.unit);
        (maxGrowth, maxDecline) = (maxGrowth_, maxDecline_);
        (_up, _down) = _scale(rate_.decimals + _decimalsOf(base_), decimals_);

        (bool ok, uint256 first) = _ask(rate_.target, rate_.selector, rate_.unit);
        if (!ok || first < MIN_FIRST_RATE) revert NoRate(rate_.target, first);
        _corridor = _seen = _sighting(first);
        _seenSince = uint40(block.timestamp);
    }

    // -------------------------------------------------------------- corridor

    /// @notice Sights the rate, and moves the corridor once a period is over. Reverts while there is no rate.
    function update() external {
        uint256 rate = _rate();
        Corridor memory seen = _seen;
        bool over = block.timestamp - _seenSince >= PERIOD;
        if (over) {
            _corridor = seen;
            _seenSince = uint40(block.timestamp);
            emit Moved(seen);
        }
        (uint256 floor, uint256 cap) = limits();
        Corridor memory now_ = _sighting(FixedPointMathLib.clamp(rate, floor, cap));
        if (over || now_.high > _highest(seen)) (seen.high, seen.highAt) = (now_.high, now_.highAt);
        if (over || now_.low < _lowest(seen)) (seen.low, seen.lowAt) = (now_.low, now_.lowAt);
        _seen = seen;
        emit Seen(now_.high);
    }

    /// @notice The lowest and the highest rate that are believed now.
    function limits() public view returns (uint256 floor, uint256 cap) {
        Corridor memory corridor = _corridor;
        return (_lowest(corridor), _highest(corridor));
    }

    /// @notice What prices are held to, what has been seen since, and since when.
    function sightings() external view returns (Corridor memory corridor, Corridor memory seen, uint256 since) {
        return (_corridor, _seen, _seenSince);
    }

    // -------------------------------------------------------------- internal

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        uint256 rate = _rate();
        (uint256 floor, uint256 cap) = limits();
        if (rate < floor) revert BelowFloor(rate, floor);
        (answer, updatedAt) = _read(base, baseMaxAge);
        answer = FixedPointMathLib.fullMulDiv(rate.min(cap) * answer, _up, _down);
        _requirePrecision(answer);
    }

    function _rate() private view returns (uint256 rate) {
        bool ok;
        (ok, rate) = _ask(rateTarget, rateSelector, rateUnit);
        if (!ok) revert NoRate(rateTarget, rate);
    }

    function _ask(address target, bytes4 selector, uint256 unit) private view returns (bool ok, uint256 rate) {
        (ok, rate,) = Untrusted.ask(target, abi.encodeWithSelector(selector, unit), 1);
        ok = ok && rate != 0 && rate <= FeedReader.MAX_ANSWER;
    }

    /// @dev Rounded up, so that a rate's own rounding does not lift it above.
    function _highest(Corridor memory c) private view returns (uint256) {
        return uint256(c.high).mulUp(_exp(int256(maxGrowth), c.highAt)).min(FeedReader.MAX_ANSWER);
    }

    function _lowest(Corridor memory c) private view returns (uint256) {
        return uint256(c.low).mulDown(_exp(-int256(maxDecline), c.lowAt));
    }

    /// @dev e^(yearly * years since then).
    function _exp(int256 yearly, uint256 since) private view returns (uint256) {
        return uint256(FixedPointMathLib.expWad(yearly * int256(block.timestamp - since) / int256(YEAR)));
    }

    /// @dev Rates have 96 bits; 32 bits of seconds end in 2106.
    function _sighting(uint256 rate) private view returns (Corridor memory) {
        return Corridor(uint96(rate), uint32(block.timestamp), uint96(rate), uint32(block.timestamp));
    }
}
