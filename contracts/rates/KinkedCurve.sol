// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WAD, YEAR} from "../libraries/WadMath.sol";

/// @notice The two-slope curve, packed into 37 bits so that a reserve's hot word can carry it.
/// annual(U) = base + slope1 * U / kink                                 up to the kink
/// annual(U) = base + slope1 + slope2 * (U - kink) / (1 - kink)         above it
library KinkedCurve {
    uint256 internal constant BITS = 37;

    struct Parameters {
        uint256 base; // steps of 0.01 % a year, 10 bits
        uint256 kink; // steps of 1 % of utilization, 7 bits, 1 to 100
        uint256 slope1; // steps of 0.1 % a year, 10 bits
        uint256 slope2; // steps of 1 % a year, 10 bits
    }

    function pack(Parameters memory p) internal pure returns (uint256) {
        return p.base | p.kink << 10 | p.slope1 << 17 | p.slope2 << 27;
    }

    function unpack(uint256 curve) internal pure returns (Parameters memory p) {
        p.base = curve & 0x3ff;
        p.kink = curve >> 10 & 0x7f;
        p.slope1 = curve >> 17 & 0x3ff;
        p.slope2 = curve >> 27 & 0x3ff;
    }

    function isValid(Parameters memory p) internal pure returns (bool) {
        return p.base <= 0x3ff && p.kink > 0 && p.kink <= 100 && p.slope1 <= 0x3ff && p.slope2 <= 0x3ff;
    }

    /// @notice The borrow rate per second in WAD, rounded down. `utilization` in WAD, at most one.
    function borrowRate(uint256 curve, uint256 utilization) internal pure returns (uint256) {
        // Every field has at most ten bits: no product comes near a word.
        unchecked {
            uint256 kink = (curve >> 10 & 0x7f) * 1e16;
            uint256 annual = (curve & 0x3ff) * 1e14;
            uint256 slope1 = (curve >> 17 & 0x3ff) * 1e15;
            if (utilization <= kink) {
                annual += slope1 * utilization / kink;
            } else {
                annual += slope1 + (curve >> 27 & 0x3ff) * 1e16 * (utilization - kink) / (WAD - kink);
            }
            return annual / YEAR;
        }
    }
}
