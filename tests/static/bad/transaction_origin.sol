// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract TransactionOrigin {
    function isUser() external view returns (bool) {
        return tx.origin == msg.sender;
    }
}
