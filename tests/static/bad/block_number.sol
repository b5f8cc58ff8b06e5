// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract BlockNumber {
    function elapsed(uint256 since) external view returns (uint256) {
        return block.number - since;
    }
}
