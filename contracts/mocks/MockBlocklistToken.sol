// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

/// @notice A token that pays nothing to whom its issuer has blocked. For tests only.
contract MockBlocklistToken is MockToken {
    error Blocked(address account);

    mapping(address account => bool) public isBlocked;

    constructor() MockToken("Block", "BLK", 18) {}

    function block_(address account, bool on) external {
        isBlocked[account] = on;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isBlocked[to]) revert Blocked(to);
        super._update(from, to, amount);
    }
}
