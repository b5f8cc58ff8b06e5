// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolCallbacks} from "../interfaces/IPoolActions.sol";
import {MockToken} from "./MockToken.sol";

/// @notice A market with what has emptied others: it opens without a seed, its shares are worth more by whatever comes in, it rounds
/// one way whoever asks, and has a cap at one door only. It lends dollars against a token that is worth a hundred of them, both with
/// 18 decimals; shares and debts are public because nothing here is worth hiding. For tests only.
contract MockNaiveMarket {
    /// What a share grows by: any token that arrives, or what flash loans bring back beyond what they took.
    enum Income {
        Balance,
        Loans
    }

    enum Rounding {
        Down,
        HalfUp,
        Up
    }

    uint256 public constant PRICE = 100;

    MockToken public immutable token;
    MockToken public immutable dollar;
    Income private immutable _income;
    Rounding private immutable _rounding;
    uint256 private immutable _cap;
    address private immutable _governor;

    uint256 public ltvPercent;
    uint256 public totalShares;
    mapping(address account => uint256) public sharesOf;
    mapping(address account => uint256) public debtOf;
    uint256 private _index = 1e18;

    constructor(MockToken token_, MockToken dollar_, Income income, Rounding rounding, uint256 cap, address governor) {
        (token, dollar, _income, _rounding, _cap, _governor) = (token_, dollar_, income, rounding, cap, governor);
    }

    function setLtv(uint256 percent) external {
        require(msg.sender == _governor);
        ltvPercent = percent;
    }

    function index() public view returns (uint256) {
        if (_income == Income.Loans || totalShares == 0) return _index;
        return token.balanceOf(address(this)) * 1e18 / totalShares;
    }

    function supply(uint256 amount) external {
        require(totalShares * index() / 1e18 + amount <= _cap, "cap");
        uint256 shares = _toShares(amount);
        totalShares += shares;
        sharesOf[msg.sender] += shares;
        token.transferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 amount) external {
        uint256 shares = _toShares(amount);
        _requireCovered(sharesOf[msg.sender] - shares, debtOf[msg.sender]);
        totalShares -= shares;
        sharesOf[msg.sender] -= shares;
        token.transfer(msg.sender, amount);
    }

    function borrow(uint256 amount) external {
        _requireCovered(sharesOf[msg.sender], debtOf[msg.sender] += amount);
        dollar.transfer(msg.sender, amount);
    }

    /// @notice For nine basis points at least.
    function flashLoan(uint256 amount, bytes calldata data) external {
        uint256 before = token.balanceOf(address(this));
        token.transfer(msg.sender, amount);
        IPoolCallbacks(msg.sender).onFlashLoan(0, amount, data);
        uint256 income = token.balanceOf(address(this)) - before;
        require(income >= amount * 9 / 10_000, "premium");
        _index += income * 1e18 / totalShares;
    }

    function _toShares(uint256 amount) private view returns (uint256) {
        uint256 index_ = index();
        uint256 extra = _rounding == Rounding.Down ? 0 : _rounding == Rounding.HalfUp ? index_ / 2 : index_ - 1;
        return (amount * 1e18 + extra) / index_;
    }

    function _requireCovered(uint256 shares, uint256 debt) private view {
        require(debt <= shares * index() / 1e18 * PRICE * ltvPercent / 100, "cover");
    }
}
