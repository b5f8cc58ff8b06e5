// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// 1e18 stands for one: fractions, indices, values and rates per second are scaled by it.
uint256 constant WAD = 1e18;
// A year has 365 days wherever an annual rate is meant.
uint256 constant YEAR = 365 days;

/// @notice Products and quotients with the rounding in the name; overflow reverts.
library WadMath {
    function mulDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return a * b / WAD;
    }

    function mulUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return divideUp(a * b, WAD);
    }

    function divDown(uint256 a, uint256 b) internal pure returns (uint256) {
        return a * WAD / b;
    }

    function divUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return divideUp(a * WAD, b);
    }

    function divideUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a + b - 1) / b;
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function zeroFloorSub(uint256 a, uint256 b) internal pure returns (uint256) {
        return a > b ? a - b : 0;
    }
}
