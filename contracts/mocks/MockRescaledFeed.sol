// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockFeed} from "./MockFeed.sol";

/// @notice A feed that one day goes on in other decimals, as a proxy with a new implementation may. For tests only.
contract MockRescaledFeed is MockFeed {
    constructor(uint8 decimals_, int192 answer) MockFeed(decimals_, answer) {}

    function rescale(uint8 decimals_, int192 answer) external {
        decimals = decimals_;
        set(answer);
    }
}
