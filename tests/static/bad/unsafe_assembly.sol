// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract UnsafeAssembly {
    function answer() external pure returns (uint256 value) {
        assembly {
            mstore(0x80, 42)
            value := mload(0x80)
        }
    }
}
