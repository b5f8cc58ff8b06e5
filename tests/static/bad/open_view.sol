// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Pool {
    uint256 private _total;

    function total() external view returns (uint256) {
        return _total;
    }
}
