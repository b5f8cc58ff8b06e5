// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A token that refuses by returning false instead of reverting, and moves nothing. For tests only.
contract MockFalseToken {
    uint8 public constant decimals = 18;

    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function approve(address, uint256) external pure returns (bool) {
        return false;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}
