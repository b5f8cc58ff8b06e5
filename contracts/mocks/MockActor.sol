// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITokenReceiver} from "./MockHookToken.sol";

/// @notice A contract that acts as it is told, and once more whenever a token calls it. For tests only.
contract MockActor is ITokenReceiver {
    address private _target;
    bytes private _data;
    uint256 public calls; // made out of the hook
    bool public succeeded; // the last of them
    bytes public answer;

    /// @notice What to call from inside the hook.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @notice Calls `target` in this contract's name.
    function act(address target, bytes calldata data) external returns (bytes memory result) {
        bool ok;
        (ok, result) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function tokenMoved() external {
        if (_target == address(0)) return;
        ++calls;
        (succeeded, answer) = _target.call(_data);
    }
}
