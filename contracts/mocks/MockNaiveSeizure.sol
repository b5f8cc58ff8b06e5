// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {ITokenReceiver} from "./MockHookToken.sol";

/// @notice A liquidation as it should not be: whoever stands on its way can stop it. It looks at a price for each of any number of
/// deposits, refuses an offer that is a unit too large, tells the debtor, pays a fee to a treasury before everything, also none, and
/// pays the liquidator in tokens or not at all. For tests only.
contract MockNaiveSeizure {
    IERC20 private immutable _token;
    IPriceFeed private immutable _feed;
    address private immutable _account;
    address private immutable _treasury;
    uint256 public deposits = 1;
    uint256 public debt;
    uint256 public feePercent;

    constructor(IERC20 token, IPriceFeed feed, address account, address treasury, uint256 debt_, uint256 feePercent_) {
        (_token, _feed, _account, _treasury) = (token, feed, account, treasury);
        (debt, feePercent) = (debt_, feePercent_);
    }

    /// @notice Many deposits of dust, told at once.
    function deposit(uint256 times) external {
        deposits += times;
    }

    function repay(uint256 amount) external {
        debt -= amount;
    }

    function lend(address to, uint256 amount) external {
        _token.transfer(to, amount);
    }

    function liquidate(uint256 amount) external {
        for (uint256 k; k < deposits; ++k) {
            _feed.latestRoundData();
        }
        debt -= amount;
        if (_account.code.length != 0) ITokenReceiver(_account).tokenMoved();
        uint256 fee = amount * feePercent / 100;
        _token.transfer(_treasury, fee);
        _token.transfer(msg.sender, amount - fee);
    }
}
