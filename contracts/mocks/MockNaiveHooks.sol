// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockHookToken} from "./MockHookToken.sol";

/// @notice A market as it should not be for a token that calls back: it writes down what it has read before the token moved, pays a
/// loan out before it is owed, and tells a price while half of a withdrawal has happened. Nothing is locked. It lends a dollar token
/// up to what is supplied of the other, one for one. For tests only.
contract MockNaiveHooks {
    MockHookToken public immutable token;
    uint256 public total;
    mapping(address account => uint256) public supplied;
    mapping(address account => uint256) public owed;

    constructor(MockHookToken token_) {
        token = token_;
    }

    function supply(uint256 amount) external {
        uint256 held = supplied[msg.sender];
        token.transferFrom(msg.sender, address(this), amount);
        total += amount;
        supplied[msg.sender] = held + amount;
    }

    function withdraw(uint256 amount) external {
        require(supplied[msg.sender] >= owed[msg.sender] + amount, "cover");
        supplied[msg.sender] -= amount;
        token.transfer(msg.sender, amount);
        total -= amount;
    }

    function borrow(uint256 amount) external {
        require(supplied[msg.sender] >= owed[msg.sender] + amount, "cover");
        token.transfer(msg.sender, amount);
        owed[msg.sender] += amount;
    }

    /// @notice What one of its shares is worth, WAD.
    function price() external view returns (uint256) {
        return token.balanceOf(address(this)) * 1e18 / total;
    }
}
