// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

// 1e18 stands for one: fractions, indices, values and rates per second are scaled by it.
uint256 constant WAD = 1e18;
// A basis point, 0.01 %.
uint256 constant BPS = 1e14;
// A year has 365 days wherever an annual rate is meant.
uint256 constant YEAR = 365 days;

/// @notice Products and quotients with the rounding in the name; overflow and division by zero revert.
library WadMath {
    function mulDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.mulWad(a, b);
    }

    function mulUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.mulWadUp(a, b);
    }

    function divDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.divWad(a, b);
    }

    function divUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.divWadUp(a, b);
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.min(a, b);
    }

    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.max(a, b);
    }

    function zeroFloorSub(uint256 a, uint256 b) internal pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(a, b);
    }
}
