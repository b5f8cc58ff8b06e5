// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice An auction as it should not be: whoever has bid most when it ends gets all the collateral, for whatever that was. For
/// tests only.
contract MockNaiveBids {
    IERC20 private immutable _debt;
    IERC20 private immutable _collateral;
    uint256 private immutable _end;
    address public bidder;
    uint256 public bid;

    constructor(IERC20 debt, IERC20 collateral, uint256 duration) {
        (_debt, _collateral, _end) = (debt, collateral, block.timestamp + duration);
    }

    function offer(uint256 amount) external {
        require(block.timestamp < _end && (bidder == address(0) || amount > bid), "too late or too little");
        _debt.transferFrom(msg.sender, address(this), amount);
        if (bidder != address(0)) _debt.transfer(bidder, bid);
        (bidder, bid) = (msg.sender, amount);
    }

    function settle() external {
        require(block.timestamp >= _end, "too early");
        _collateral.transfer(bidder, _collateral.balanceOf(address(this)));
    }
}
