// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {WAD} from "../libraries/WadMath.sol";
import {FeedAdapter} from "./FeedAdapter.sol";

/// @title A moving average of a feed
/// @notice Each observation holds until the next, at most `maxGap` seconds, and its weight fades by e every `window` seconds. Anyone
/// observes, with `poke`.
///
/// How far it can be moved. A price that is wrong in one block moves the average by at most t / window of its error, where t is the time
/// until somebody pokes again: a block's, or `maxGap` when nobody cares. Never within its own block: an observation weighs nothing
/// until time has passed. Of two in one block the first counts.
///
/// What poking gains: nothing. With the same price between, one poke or a thousand make the same average; one that comes too late only
/// starts the average anew.
///
/// No price: until observations without a gap have gone on for `window`, and when the last is older than `maxGap`. In its first window
/// the average is the plain one over time. The answer bears the date of the last observation's source.
///
/// Where it belongs: beside a source's own price, as the cautious feed of a reserve.
/// @dev The mean has 32 binary digits more than a price, so that rounding does not add up.
contract MovingAverageFeed is FeedAdapter {
    /// Not `0 < maxGap < window <= 30 days`.
    error InvalidWindow(uint256 window, uint256 maxGap);
    /// Observations have gone on for `observed` seconds only.
    error TooFewObservations(uint256 observed, uint256 window);
    /// Nobody has observed for longer than `maxGap`.
    error ObservationTooOld(uint256 observedAt, uint256 maxGap);

    event Observed(uint256 answer, uint256 average);

    uint256 private constant FRACTION = 1 << 32;

    IPriceFeed public immutable source;
    uint256 public immutable maxAge;
    uint256 public immutable window;
    uint256 public immutable maxGap;

    /// Up to the last observation, times `FRACTION`.
    uint128 private _mean;
    uint96 private _last;
    uint32 private _lastAt;
    /// When the first observation after the last gap was made.
    uint32 private _since;
    /// When the source last changed, as of the last observation.
    uint40 private _updatedAt;

    /// @param maxAge_ @param window_ @param maxGap_ Seconds; a gap is shorter than the window, a window at most 30 days.
    constructor(IPriceFeed source_, uint256 maxAge_, uint256 window_, uint256 maxGap_) FeedAdapter(source_.decimals()) {
        if (maxGap_ == 0 || maxGap_ >= window_ || window_ > 30 days) revert InvalidWindow(window_, maxGap_);
        source = source_;
        maxAge = _checked(maxAge_);
        window = window_;
        maxGap = maxGap_;
    }

    /// @notice Observes the source. Reverts while it has no price; does nothing a second time in a block.
    function poke() external {
        if (_lastAt == block.timestamp) return;
        (uint256 answer, uint256 updatedAt) = _read(source, maxAge);
        uint256 mean;
        if (block.timestamp - _lastAt > maxGap) {
            mean = answer * FRACTION;
            _since = uint32(block.timestamp);
        } else {
            mean = _meanNow();
        }
        // Means and answers have 128 and 96 bits, as prices have 96; 32 bits of seconds end in 2106.
        (_mean, _last, _lastAt) = (uint128(mean), uint96(answer), uint32(block.timestamp));
        _updatedAt = uint40(updatedAt);
        emit Observed(answer, mean / FRACTION);
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        if (block.timestamp - _lastAt > maxGap) revert ObservationTooOld(_lastAt, maxGap);
        uint256 observed = block.timestamp - _since;
        if (observed < window) revert TooFewObservations(observed, window);
        return (_meanNow() / FRACTION, _updatedAt);
    }

    /// @dev The last observation holds until now. Rounded towards it.
    function _meanNow() private view returns (uint256) {
        uint256 held = block.timestamp - _lastAt;
        uint256 until = _lastAt - _since;
        uint256 weight; // of the mean so far
        if (held + until <= window) {
            weight = held == 0 ? WAD : until * WAD / (until + held);
        } else if (until < window) {
            // Plain up to the end of the first window, fading from there.
            weight = until * WAD / window * _fading(held + until - window) / WAD;
        } else {
            weight = _fading(held);
        }
        (uint256 mean, uint256 last) = (_mean, uint256(_last) * FRACTION);
        return mean > last ? last + (mean - last) * weight / WAD : last - (last - mean) * weight / WAD;
    }

    /// @dev What time leaves of a weight.
    function _fading(uint256 elapsed) private view returns (uint256) {
        return uint256(FixedPointMathLib.expWad(-int256(elapsed * WAD / window)));
    }
}
