// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface Vm {
    function assume(bool) external pure;
    function prank(address) external;
    function warp(uint256) external;
}

interface Svm {
    function createCalldata(string memory contractName) external pure returns (bytes memory);
}

/// @notice What Halmos answers to. Arguments of a `check_` function stand for all their values.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
}
