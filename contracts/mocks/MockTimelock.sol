// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @notice A timelock whose operations anyone may execute once they are due, one by one and in any order. For tests only.
contract MockTimelock is TimelockController {
    constructor(uint256 minDelay, address[] memory proposers)
        TimelockController(minDelay, proposers, new address[](1), address(0))
    {}
}
