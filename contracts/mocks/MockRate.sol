// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A staked token's rate, which anyone may set.
contract MockRate {
    uint256 public rate;

    constructor(uint256 rate_) {
        rate = rate_;
    }

    function set(uint256 rate_) external {
        rate = rate_;
    }
}
