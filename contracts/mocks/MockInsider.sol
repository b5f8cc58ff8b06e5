// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockCaller} from "./MockCaller.sol";
import {ITokenReceiver} from "./MockHookToken.sol";

/// @notice A contract that does what it is told, as `MockCaller`, and makes one call more whenever a token calls it: whether that
/// went well, and what it answered. For tests only.
contract MockInsider is MockCaller, ITokenReceiver {
    address private _target;
    bytes private _data;
    uint256 public calls;
    bool public succeeded; // the first of them
    bytes public answer;

    /// @notice What to call from inside.
    function arm(address target, bytes calldata data) external {
        (_target, _data, calls) = (target, data, 0);
    }

    function tokenMoved() external {
        if (_target == address(0)) return;
        if (++calls > 1) return;
        (succeeded, answer) = _target.call(_data);
    }
}
