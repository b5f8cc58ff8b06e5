// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITokenReceiver} from "./MockHookToken.sol";
import {MockToken} from "./MockToken.sol";

/// @notice A token of an issuer who pauses it and blocks accounts in both directions; it does not move nothing, if told so, and calls
/// who listens. For tests only.
contract MockMoodyToken is MockToken {
    error Refused(address from, address to, uint256 amount);

    bool private _paused;
    bool private _refusesZero;
    mapping(address account => bool) private _isBlocked;
    mapping(address account => bool) private _listens;

    constructor() MockToken("Moody", "MOOD", 18) {}

    function pause(bool on) external {
        _paused = on;
    }

    function refuseZero(bool on) external {
        _refusesZero = on;
    }

    function block_(address account, bool on) external {
        _isBlocked[account] = on;
    }

    function listen(address account, bool on) external {
        _listens[account] = on;
    }

    function _update(address from, address to, uint256 amount) internal override {
        bool refused = _paused || _isBlocked[from] || _isBlocked[to] || _refusesZero && amount == 0;
        if (refused) revert Refused(from, to, amount);
        super._update(from, to, amount);
        if (_listens[from]) ITokenReceiver(from).tokenMoved();
        if (_listens[to]) ITokenReceiver(to).tokenMoved();
    }
}
