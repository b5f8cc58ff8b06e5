// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IWrappedNative} from "../periphery/INativeGateway.sol";

/// @notice A gateway as it should not be: several calls in one transaction, each of which counts the same ether. For tests only.
contract MockNaiveGateway {
    IWrappedNative private immutable _wrapped;
    mapping(address account => uint256) public supplied;

    constructor(IWrappedNative wrapped) payable {
        _wrapped = wrapped;
    }

    function supplyNative() external payable {
        _wrapped.deposit{value: msg.value}();
        supplied[msg.sender] += msg.value;
    }

    function batch(bytes[] calldata calls) external payable {
        for (uint256 k; k < calls.length; ++k) {
            (bool ok,) = address(this).delegatecall(calls[k]);
            require(ok);
        }
    }
}
