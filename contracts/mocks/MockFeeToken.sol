// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockToken} from "./MockToken.sol";

/// @notice A token that burns a hundredth of every transfer, or only of those sent by one account. For tests only.
contract MockFeeToken is MockToken {
    address private immutable _payer; // zero: everybody pays

    constructor(address payer) MockToken("Fee", "FEE", 18) {
        _payer = payer;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        bool charged = from != address(0) && to != address(0) && (_payer == address(0) || from == _payer);
        if (charged) super._update(to, address(0), amount / 100);
    }
}
