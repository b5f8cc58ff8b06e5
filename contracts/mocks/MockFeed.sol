// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";

/// @notice A feed whose answer anyone may set, in one slot like a real aggregator's. For local chains and forks only.
contract MockFeed is IPriceFeed {
    uint8 public decimals;
    int192 private _answer;
    uint40 private _updatedAt;
    bool public dead;

    constructor(uint8 decimals_, int192 answer) {
        decimals = decimals_;
        set(answer);
    }

    /// @notice Sets the answer, dated now.
    function set(int192 answer) public {
        setAt(answer, uint40(block.timestamp));
    }

    /// @notice Sets the answer with a date of its own.
    function setAt(int192 answer, uint40 updatedAt) public {
        (_answer, _updatedAt) = (answer, updatedAt);
    }

    /// @notice Makes the feed revert, or answer again.
    function kill(bool dead_) external {
        dead = dead_;
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        require(!dead, "MockFeed: dead");
        return (1, _answer, _updatedAt, _updatedAt, 1);
    }
}
