// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolCallbacks} from "../interfaces/IPoolActions.sol";
import {MockToken} from "./MockToken.sol";

/// @notice A market for dollars whose receipts are collateral in it, at what it holds and is owed for each at the moment: also while it
/// has lent that for a moment. They cover 80 %. For tests only.
contract MockNaiveReceipts is MockToken {
    MockToken private immutable _dollar;
    uint256 private _lent;
    mapping(address account => uint256) public pledged;
    mapping(address account => uint256) public owed;

    constructor(MockToken dollar) MockToken("Receipt", "RCPT", 18) {
        _dollar = dollar;
    }

    function rate() public view returns (uint256) {
        return totalSupply() == 0 ? 1e18 : (_dollar.balanceOf(address(this)) + _lent) * 1e18 / totalSupply();
    }

    function deposit(uint256 dollars) external {
        _mint(msg.sender, dollars * 1e18 / rate());
        _dollar.transferFrom(msg.sender, address(this), dollars);
    }

    function redeem(uint256 receipts) external {
        uint256 dollars = receipts * rate() / 1e18;
        _burn(msg.sender, receipts);
        _dollar.transfer(msg.sender, dollars);
    }

    function pledge(uint256 receipts) external {
        pledged[msg.sender] += receipts;
        _transfer(msg.sender, address(this), receipts);
    }

    function borrow(uint256 dollars) external {
        owed[msg.sender] += dollars;
        require(_isCovered(msg.sender), "uncovered");
        _lent += dollars;
        _dollar.transfer(msg.sender, dollars);
    }

    /// @notice Pays dollars for receipts, and 5 %.
    function liquidate(address account, uint256 dollars) external {
        require(!_isCovered(account), "healthy");
        uint256 receipts = dollars * 1.05e18 / rate();
        owed[account] -= dollars;
        _lent -= dollars;
        pledged[account] -= receipts;
        _dollar.transferFrom(msg.sender, address(this), dollars);
        _transfer(address(this), msg.sender, receipts);
    }

    function flashLoan(uint256 dollars, bytes calldata data) external {
        uint256 before = _dollar.balanceOf(address(this));
        _dollar.transfer(msg.sender, dollars);
        IPoolCallbacks(msg.sender).onFlashLoan(0, dollars, data);
        _dollar.transferFrom(msg.sender, address(this), dollars);
        require(_dollar.balanceOf(address(this)) >= before, "not paid back");
    }

    function _isCovered(address account) private view returns (bool) {
        return owed[account] <= pledged[account] * rate() / 1e18 * 80 / 100;
    }
}
