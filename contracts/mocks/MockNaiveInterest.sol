// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

/// @notice A market that counts time as it should not: supplies with what they have earned up to now, debts as when somebody last
/// accrued; and whoever accrues lets a second pass, though none has since somebody else did. Coins are lent at interest, dollars
/// without; either is worth one, and covers 80 %. For tests only.
contract MockNaiveInterest {
    MockToken private immutable _coin;
    MockToken private immutable _dollar;
    uint256 private immutable _rate; // per second, WAD
    uint256 private _index = 1e18;
    uint256 private _accruedAt = block.timestamp;
    mapping(address account => uint256) private _supplyShares;
    mapping(address account => uint256) private _debtShares;
    mapping(address account => int256) public dollarsOf; // owed where negative

    constructor(MockToken coin, MockToken dollar, uint256 rate) {
        (_coin, _dollar, _rate) = (coin, dollar, rate);
    }

    function accrue() external {
        uint256 elapsed = block.timestamp - _accruedAt;
        _index = _indexAfter(elapsed == 0 ? 1 : elapsed);
        _accruedAt = block.timestamp;
    }

    function supply(uint256 coins) external {
        _supplyShares[msg.sender] += coins * 1e18 / _index;
        _coin.transferFrom(msg.sender, address(this), coins);
    }

    function borrow(uint256 coins) external {
        _debtShares[msg.sender] += coins * 1e18 / _index;
        require(free(msg.sender) >= 0, "uncovered");
        _coin.transfer(msg.sender, coins);
    }

    function depositDollars(uint256 dollars) external {
        dollarsOf[msg.sender] += int256(dollars);
        _dollar.transferFrom(msg.sender, address(this), dollars);
    }

    function takeDollars(uint256 dollars) external {
        dollarsOf[msg.sender] -= int256(dollars);
        require(free(msg.sender) >= 0, "uncovered");
        _dollar.transfer(msg.sender, dollars);
    }

    /// @notice Pays coins for dollars, and 5 %.
    function liquidate(address account, uint256 coins) external {
        require(free(account) < 0, "healthy");
        uint256 dollars = coins * 105 / 100;
        _debtShares[account] -= coins * 1e18 / _index;
        dollarsOf[account] -= int256(dollars);
        _coin.transferFrom(msg.sender, address(this), coins);
        _dollar.transfer(msg.sender, dollars);
    }

    function supplied(address account) public view returns (uint256) {
        return _supplyShares[account] * _indexAfter(block.timestamp - _accruedAt) / 1e18;
    }

    function owed(address account) public view returns (uint256) {
        return _debtShares[account] * _index / 1e18;
    }

    /// @notice What an account may still borrow, or is short of.
    function free(address account) public view returns (int256) {
        int256 dollars = dollarsOf[account];
        int256 coins = int256(supplied(account));
        int256 limit = (dollars > 0 ? coins + dollars : coins) * 80 / 100;
        return limit - int256(owed(account)) + (dollars < 0 ? dollars : int256(0));
    }

    function _indexAfter(uint256 elapsed) private view returns (uint256) {
        return _index + _index * _rate * elapsed / 1e18;
    }
}
