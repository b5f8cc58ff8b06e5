// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IToken {
    function balanceOf(address account) external view returns (uint256);
}

contract OwnBalance {
    function cash(IToken token) external view returns (uint256) {
        return token.balanceOf(address(this));
    }
}
