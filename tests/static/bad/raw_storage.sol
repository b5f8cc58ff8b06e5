// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract RawStorage {
    uint256 private _total;

    function set(uint256 total) external {
        assembly ("memory-safe") {
            sstore(_total.slot, total)
        }
    }
}
