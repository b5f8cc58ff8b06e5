// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WAD, YEAR} from "../libraries/WadMath.sol";

/// @notice A curve that looks for its own height: while utilization is above its target the whole curve rises, below it sinks.
///
/// d(U) = (U - target) / (1 - target) above the target, (U - target) / target below it          -1 to 1
/// rate(U) = rateAtTarget * (1 + (steepness - 1) * d)                                           above the target
/// rate(U) = rateAtTarget * (1 + (1 - 1 / steepness) * d)                                       below it
/// rateAtTarget after t seconds = rateAtTarget * e^(speed * d * t / year), held between two bounds
///
/// @dev The state is not the rate at target but its level, ln(rateAtTarget / initialRate): it moves in a straight line, so
/// many short intervals at one utilization end where a long one does, to the last digit, and the bounds cut it exactly.
/// An interval costs the mean of the rate over it in closed form. Of the two pieces it can have,
///
///     moving between low and high:  (high - low) / ln(high / low)          resting at a bound:  bound
///
/// each counts by its share of the time. With d and its factor rounded to 1e-18 this misses the exact mean by less than
/// 1e-12 wei a second, and is then rounded down to the wei a second. So however a time is divided into intervals, the sum of
/// rate * elapsed is the same up to a wei a second: 3.2e-11 in a year.
library AdaptiveCurve {
    struct Curve {
        uint256 target; // utilization in WAD, between zero and one, both excluded
        uint256 steepness; // WAD: the rate at full use over the rate at target, and the latter over the rate at no use
        uint256 speed; // WAD a year, at most 1,000
        uint256 initialRate; // a year, in WAD; no rate at target is above 20
        int256 lowest; // the levels of the bounds, at most zero and at least zero
        int256 highest;
    }

    /// One, in a level. The product of a speed, a distance and seconds is a level without a division.
    uint256 internal constant LEVEL = WAD * WAD * YEAR;
    /// One, in the exponential and in rates on their way to it.
    uint256 internal constant ONE = 1e27;
    uint256 private constant PER_LEVEL = LEVEL / ONE;
    uint256 private constant PER_WAD = ONE / WAD;
    uint256 private constant LN_2 = 693147180559945309417232121;

    /// Time beyond this changes nothing, and speed * distance * time stays far from overflow: 1e21 * 1e18 * 2^64 < 2^255.
    uint256 private constant MAX_ELAPSED = type(uint64).max;

    // ------------------------------------------------------------------ rates

    /// @notice The borrow rate per second in WAD, averaged over `elapsed` seconds that began at `level`, rounded down.
    function borrowRate(Curve memory c, int256 level, uint256 utilization, uint256 elapsed)
        internal
        pure
        returns (uint256)
    {
        int256 d = distance(c, utilization);
        return meanRateAtTarget(c, level, d, elapsed) * factor(c, d) / WAD / (PER_WAD * YEAR);
    }

    /// @notice The rate at target a year in WAD, rounded to the nearest.
    function rateAtTarget(Curve memory c, int256 level) internal pure returns (uint256) {
        return (_rateAtTarget(c, level) + PER_WAD / 2) / PER_WAD;
    }

    /// @notice The level that `elapsed` seconds lead to.
    function move(Curve memory c, int256 level, uint256 utilization, uint256 elapsed) internal pure returns (int256) {
        return _hold(c, level + _drift(c, distance(c, utilization), elapsed));
    }

    /// @notice How far utilization is from its target, in WAD: -1 when nothing is used, 1 from full use on.
    function distance(Curve memory c, uint256 utilization) internal pure returns (int256) {
        if (utilization >= WAD) return int256(WAD);
        return utilization >= c.target
            ? int256((utilization - c.target) * WAD / (WAD - c.target))
            : -int256((c.target - utilization) * WAD / c.target);
    }

    /// @notice The rate at a distance over the rate at target, in WAD, rounded towards one.
    function factor(Curve memory c, int256 d) internal pure returns (uint256) {
        return d >= 0
            ? WAD + (c.steepness - WAD) * uint256(d) / WAD
            : WAD - (WAD - WAD * WAD / c.steepness) * uint256(-d) / WAD;
    }

    /// @notice The mean of the rate at target over an interval, a year, scaled by `ONE`.
    function meanRateAtTarget(Curve memory c, int256 level, int256 d, uint256 elapsed) internal pure returns (uint256) {
        int256 drift = _drift(c, d, elapsed);
        int256 end = _hold(c, level + drift);
        if (drift == 0) return _rateAtTarget(c, level);

        uint256 moved = _size(end - level);
        (uint256 grown, uint256 mean) = exponential(moved / PER_LEVEL);
        // From the higher end, whose digits suffice: those of a very low rate would not, multiplied.
        mean = _rateAtTarget(c, level > end ? level : end) * mean / grown;
        uint256 total = _size(drift);
        if (moved == total) return mean;

        uint256 share = moved * ONE / total;
        return (mean * share + _rateAtTarget(c, end) * (ONE - share)) / ONE;
    }

    /// @dev Where the level would go without bounds.
    function _drift(Curve memory c, int256 d, uint256 elapsed) private pure returns (int256) {
        return int256(c.speed * (elapsed < MAX_ELAPSED ? elapsed : MAX_ELAPSED)) * d;
    }

    function _hold(Curve memory c, int256 level) private pure returns (int256) {
        return level < c.lowest ? c.lowest : level > c.highest ? c.highest : level;
    }

    function _rateAtTarget(Curve memory c, int256 level) private pure returns (uint256) {
        (uint256 grown,) = exponential(_size(level) / PER_LEVEL);
        return level < 0 ? c.initialRate * PER_WAD * ONE / grown : c.initialRate * PER_WAD * grown / ONE;
    }

    function _size(int256 x) private pure returns (uint256) {
        return uint256(x < 0 ? -x : x);
    }

    // ------------------------------------------------------------------ exponential

    /// @notice e^x, and (e^x - 1) / x, which is its mean between zero and x; both within 1e-25 of themselves.
    /// @dev x is scaled by `ONE`, as the results are, and at most 47. With x = k ln 2 + r, e^x = 2^k e^r, and
    /// (e^r - 1) / r = 1 + r/2! + r^2/3! + ..., which has no difference of near numbers however small r is.
    function exponential(uint256 x) internal pure returns (uint256 grown, uint256 mean) {
        // No overflow: r and every term are at most ONE < 2^90, the sum is under 2 ONE, and grown is under e^47 ONE < 2^158.
        unchecked {
            uint256 r = x % LN_2;
            uint256 term = ONE;
            for (uint256 n = 2; term != 0; ++n) {
                mean += term;
                term = term * r / (n * ONE);
            }
            grown = ONE + r * mean / ONE << x / LN_2;
            if (x >= LN_2) mean = (grown - ONE) * ONE / x;
        }
    }

    /// @notice The level of `rate` over `smaller`, which is not above it; both at most 20 WAD and not zero.
    /// @dev Newton's method for e^y = x. It starts less than 0.31 above ln x, because ln m <= m - 1, and each step leaves less
    /// than half the square of what was missing: six leave nothing.
    function levelOf(uint256 rate, uint256 smaller) internal pure returns (int256) {
        uint256 x = rate * ONE / smaller;
        uint256 y;
        uint256 m = x;
        for (; m >= 2 * ONE; m /= 2) {
            y += LN_2;
        }
        y += m - ONE;
        for (uint256 i = 0; i < 6; ++i) {
            (uint256 grown,) = exponential(y);
            y = y + x * ONE / grown - ONE;
        }
        return int256(y * PER_LEVEL);
    }
}
