// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";

/// @notice A constant product market without fees, and a feed of its price of the moment: what no pool should read.
contract MockSpotFeed is IPriceFeed {
    uint8 public constant decimals = 8;
    uint256 public tokens;
    uint256 public dollars;

    constructor(uint256 tokens_, uint256 dollars_) {
        (tokens, dollars) = (tokens_, dollars_);
    }

    /// @notice Buys tokens for dollars, or sells tokens that were bought when `dollars_` is negative. Nobody is asked to pay here.
    function trade(int256 dollars_) external {
        uint256 product = tokens * dollars;
        dollars = uint256(int256(dollars) + dollars_);
        tokens = product / dollars;
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, int256(dollars * 1e8 / tokens), block.timestamp, block.timestamp, 1);
    }
}
