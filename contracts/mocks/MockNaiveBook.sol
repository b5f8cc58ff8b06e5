// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRateModel} from "../interfaces/IRateModel.sol";
import {MockToken} from "./MockToken.sol";

/// @notice Books as they should not be kept: shares of a debt are rounded for whoever borrows, what is seized to the nearest; a
/// transfer reads both balances before it writes either; interest is lost to rounding with every second that is asked for, charged
/// for the past at a new rate, stops everything where a model fails, and where the index is full. For tests only.
contract MockNaiveBook {
    MockToken public immutable token;
    IRateModel public model; // zero: the rate below
    uint256 public rate; // per second, WAD
    uint256 public index = 1e18;
    uint256 public totalDebt; // what has been borrowed, with interest in whole units
    mapping(address account => uint256) public balanceOf;
    mapping(address account => uint256) public sharesOf;
    uint256 private _last = block.timestamp;

    constructor(MockToken token_, uint256 index_) {
        (token, index) = (token_, index_);
    }

    function setRate(uint256 rate_, IRateModel model_) external {
        (rate, model) = (rate_, model_);
    }

    function accrue() public {
        uint256 elapsed = block.timestamp - _last;
        _last = block.timestamp;
        uint256 growth =
            elapsed * (address(model) == address(0) ? rate : model.borrowRate(address(this), 0, 0, elapsed));
        index = SafeCast.toUint88(index + index * growth / 1e18);
        totalDebt += totalDebt * growth / 1e18;
    }

    function supply(uint256 amount) external {
        accrue();
        balanceOf[msg.sender] += amount;
        token.transferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 amount) external {
        accrue();
        balanceOf[msg.sender] -= amount;
        token.transfer(msg.sender, amount);
    }

    function transfer(address to, uint256 amount) external {
        (uint256 mine, uint256 theirs) = (balanceOf[msg.sender], balanceOf[to]);
        balanceOf[msg.sender] = mine - amount;
        balanceOf[to] = theirs + amount;
    }

    function borrow(uint256 amount) external {
        accrue();
        sharesOf[msg.sender] += amount * 1e18 / index;
        totalDebt += amount;
        token.transfer(msg.sender, amount);
    }

    function debtOf(address account) external view returns (uint256) {
        return sharesOf[account] * index / 1e18;
    }

    /// @notice What a liquidator gets for a debt repaid; prices in any unit, the bonus in hundredths.
    function seized(uint256 repaid, uint256 debtPrice, uint256 collateralPrice, uint256 bonusPercent)
        external
        pure
        returns (uint256)
    {
        uint256 withBonus = (repaid * debtPrice * (100 + bonusPercent) + 50) / 100;
        return (withBonus + collateralPrice / 2) / collateralPrice;
    }
}
