// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BPS} from "./WadMath.sol";

/// @notice A liquidation threshold on its way down: nobody is liquidated at once because a parameter changed.
/// @dev from 14 | start 40 | end 40 | spare. Steps of 0.01 %, Unix seconds. Lowest bits first.
library Ramps {
    /// The fastest and the slowest ramp, in seconds.
    uint256 internal constant MIN = 1 days;
    uint256 internal constant MAX = 365 days;

    function pack(uint256 fromBps, uint256 start_, uint256 end_) internal pure returns (uint256) {
        return fromBps | start_ << 14 | end_ << 54;
    }

    function end(uint256 word) internal pure returns (uint256) {
        return word >> 54 & type(uint40).max;
    }

    /// @notice The threshold now, on a straight line to `target`, rounded up; at `target` once there and for a word of zero, which
    /// is no ramp. Both in WAD.
    function threshold(uint256 word, uint256 target) internal view returns (uint256) {
        uint256 end_ = end(word);
        if (block.timestamp >= end_) return target;
        uint256 from = (word & 0x3fff) * BPS;
        uint256 left = end_ - block.timestamp;
        uint256 whole = end_ - (word >> 14 & type(uint40).max);
        return target + ((from - target) * left + whole - 1) / whole;
    }
}
