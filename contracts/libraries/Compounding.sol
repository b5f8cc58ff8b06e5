// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WAD, YEAR} from "./WadMath.sol";

/// @notice Interest compounded every second over one interval.
library Compounding {
    /// The fastest rate that any model may charge: 2,000 % a year.
    uint256 internal constant MAX_RATE = 20 * WAD / YEAR;

    /// @notice e^(rate * elapsed) - 1 in WAD, as the first three terms of its series, rounded down.
    /// @dev With x = rate * elapsed the exact value is missed by less than x^4 / 24 * e^x and 2 + x / 3 wei, always downwards:
    /// 4e-6 of the debt for a year untouched at 10 %, 1e-17 for an hour at 100 %.
    /// `rate` is at most `MAX_RATE`, `elapsed` fewer than 2^32 seconds: x has 72 bits, and no product more than 216.
    function growth(uint256 rate, uint256 elapsed) internal pure returns (uint256) {
        unchecked {
            uint256 x = rate * elapsed;
            uint256 second = x * x / (2 * WAD);
            uint256 third = second * x / (3 * WAD);
            return x + second + third;
        }
    }
}
