// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract UncheckedWithoutReason {
    function sum(uint256 a, uint256 b) external pure returns (uint256) {
        unchecked {
            return a + b;
        }
    }
}
