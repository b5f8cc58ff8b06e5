// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

interface ITokenReceiver {
    function tokenMoved() external;
}

/// @notice A token in the manner of ERC-777: contracts are called when it leaves or reaches them. For tests only.
contract MockHookToken is MockToken {
    constructor() MockToken("Hook", "HOOK", 18) {}

    mapping(address account => bool) public listens;

    function listen(bool on) external {
        listens[msg.sender] = on;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (listens[from]) ITokenReceiver(from).tokenMoved();
        super._update(from, to, amount);
        if (listens[to]) ITokenReceiver(to).tokenMoved();
    }
}
