// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

/// @notice Accounts whose cover is looked at in the wrong place: at the end of a list of actions only if the last of them says so,
/// before a withdrawal instead of after it, and never when a category with better terms is left; and whose owners can be given what
/// stops them. One token, at four fifths; in category 1 at nineteen twentieths. For tests only.
contract MockNaiveAccounts {
    uint8 public constant SUPPLY = 1;
    uint8 public constant BORROW = 2;

    MockToken public immutable token;
    mapping(address account => uint256) public supplied;
    mapping(address account => uint256) public owed;
    mapping(address account => uint256) public category;
    mapping(address account => uint256) public gifts;

    constructor(MockToken token_) {
        token = token_;
    }

    function batch(uint8[] calldata actions, uint256[] calldata amounts) external {
        bool check;
        for (uint256 k; k < actions.length; ++k) {
            check = _do(actions[k], amounts[k]);
        }
        if (check) _requireCovered(msg.sender);
    }

    /// @dev Whether cover has to be looked at.
    function _do(uint8 action, uint256 amount) private returns (bool) {
        if (action == SUPPLY) {
            supplied[msg.sender] += amount;
            token.transferFrom(msg.sender, address(this), amount);
        } else if (action == BORROW) {
            owed[msg.sender] += amount;
            token.transfer(msg.sender, amount);
            return true;
        }
        return false;
    }

    function emergencyWithdraw() external {
        _requireCovered(msg.sender);
        uint256 amount = supplied[msg.sender];
        supplied[msg.sender] = 0;
        token.transfer(msg.sender, amount);
    }

    function setCategory(uint256 category_) external {
        category[msg.sender] = category_;
    }

    /// @notice Something that nobody lends against, as collateral of `to` whether he wants it or not.
    function give(address to) external {
        ++gifts[to];
    }

    function withdraw(uint256 amount) external {
        require(gifts[msg.sender] == 0, "gift");
        supplied[msg.sender] -= amount;
        _requireCovered(msg.sender);
        token.transfer(msg.sender, amount);
    }

    function _requireCovered(address account) private view {
        uint256 percent = category[account] == 1 ? 95 : 80;
        require(owed[account] * 100 <= supplied[account] * percent, "cover");
    }
}
