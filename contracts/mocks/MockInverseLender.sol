// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {MockToken} from "./MockToken.sol";

/// @notice A lender that asks how much collateral a dollar is worth: nothing, once the collateral is dear enough. For tests only.
contract MockInverseLender {
    MockToken private immutable _dollar;
    IPriceFeed private immutable _feed;
    uint256 private immutable _collateral;
    uint256 public debt;

    /// @param collateral What the borrower has, with 18 decimals as the price.
    constructor(MockToken dollar, IPriceFeed feed, uint256 collateral) {
        (_dollar, _feed, _collateral) = (dollar, feed, collateral);
    }

    function borrow(uint256 amount) external {
        (, int256 price,,,) = _feed.latestRoundData();
        debt += amount;
        require(debt * (1e36 / uint256(price)) / 1e18 <= _collateral * 8 / 10, "cover");
        _dollar.transfer(msg.sender, amount);
    }
}
