// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract DelegateCall {
    function run(address code, bytes calldata data) external {
        (bool ok,) = code.delegatecall(data);
        require(ok);
    }
}
