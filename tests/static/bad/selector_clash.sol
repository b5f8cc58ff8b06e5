// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Pool {
    function total() external pure returns (uint256) {
        return 1;
    }
}

contract PoolExtension {
    function total() external pure returns (uint256) {
        return 2;
    }
}
