// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Pool {
    uint256 private _total;

    function supply(uint256 amount) external {
        _total += amount;
    }
}
