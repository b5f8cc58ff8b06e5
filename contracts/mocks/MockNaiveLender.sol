// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";

/// @notice A lender as it should not be: lends up to where it liquidates, liquidates whomever it is told to, by a part of a debt at a
/// time and at a bonus that need not be there; keeps debts that nothing covers, and lets anybody give his to anybody; can stop
/// repayments alone; and lends for a moment against its own balance. Tokens of 18 decimals, no interest. For tests only.
contract MockNaiveLender {
    struct Asset {
        IERC20 token;
        IPriceFeed feed;
    }

    Asset[] private _assets;
    uint256 internal immutable _threshold; // WAD, of all assets
    uint256 private immutable _bonus; // WAD
    uint256 private immutable _closeFactor; // WAD
    bool public paused;
    mapping(uint256 id => mapping(address account => uint256)) public supplied;
    mapping(uint256 id => mapping(address account => uint256)) public owed;

    constructor(uint256 threshold, uint256 bonus, uint256 closeFactor) {
        (_threshold, _bonus, _closeFactor) = (threshold, bonus, closeFactor);
    }

    function list(IERC20 token, IPriceFeed feed) external {
        _assets.push(Asset(token, feed));
    }

    function pause(bool paused_) external {
        paused = paused_;
    }

    function supply(uint256 id, uint256 amount) external {
        supplied[id][msg.sender] += amount;
        _assets[id].token.transferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 id, uint256 amount) external {
        supplied[id][msg.sender] -= amount;
        require(_isCovered(msg.sender), "uncovered");
        _assets[id].token.transfer(msg.sender, amount);
    }

    function borrow(uint256 id, uint256 amount) external {
        owed[id][msg.sender] += amount;
        require(_isCovered(msg.sender), "uncovered");
        _assets[id].token.transfer(msg.sender, amount);
    }

    function repay(uint256 id, uint256 amount) external {
        require(!paused, "paused");
        owed[id][msg.sender] -= amount;
        _assets[id].token.transferFrom(msg.sender, address(this), amount);
    }

    /// @notice Makes a debt somebody else's, who is not asked.
    function giveDebt(uint256 id, uint256 amount, address to) external {
        owed[id][msg.sender] -= amount;
        owed[id][to] += amount;
    }

    /// @dev Both supplies are read before either is written: where they are one, it only grows.
    function liquidate(address account, uint256 debtId, uint256 collateralId, uint256 amount) public virtual {
        require(amount <= owed[debtId][account] * _closeFactor / 1e18, "too much");
        uint256 seized = amount * _price(debtId) / _price(collateralId) * (1e18 + _bonus) / 1e18;
        uint256 theirs = supplied[collateralId][account];
        uint256 mine = supplied[collateralId][msg.sender];
        if (seized > theirs) seized = theirs;
        owed[debtId][account] -= amount;
        supplied[collateralId][account] = theirs - seized;
        supplied[collateralId][msg.sender] = mine + seized;
        _assets[debtId].token.transferFrom(msg.sender, address(this), amount);
    }

    function flashLoan(uint256 id, uint256 amount) external {
        IERC20 token = _assets[id].token;
        uint256 before = token.balanceOf(address(this));
        token.transfer(msg.sender, amount);
        (bool ok,) = msg.sender.call(abi.encodeWithSignature("onFlashLoan(uint256,uint256,bytes)", id, amount, ""));
        require(ok && token.balanceOf(address(this)) >= before, "not paid back");
    }

    /// @notice What the account's supplies and its debts are worth.
    function values(address account) public view returns (uint256 collateral, uint256 debt) {
        for (uint256 id; id < _assets.length; ++id) {
            collateral += supplied[id][account] * _price(id) / 1e8;
            debt += owed[id][account] * _price(id) / 1e8;
        }
    }

    function _isCovered(address account) private view returns (bool) {
        (uint256 collateral, uint256 debt) = values(account);
        return debt <= collateral * _threshold / 1e18;
    }

    function _price(uint256 id) private view returns (uint256) {
        (, int256 answer,,,) = _assets[id].feed.latestRoundData();
        return uint256(answer);
    }
}
