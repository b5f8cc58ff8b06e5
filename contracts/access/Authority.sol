// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice OpenZeppelin's AccessManager, unchanged: who may call which function of a configurator, and after which delay.
contract Authority is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
