// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolCallbacks} from "../interfaces/IPoolActions.sol";

/// @notice A contract that does what it is told: at once, or when a pool calls back, with the steps that came along as data. It
/// approves nothing by itself. For tests only.
contract MockCaller is IPoolCallbacks {
    struct Step {
        address target;
        bytes data;
    }

    event CalledBack(bytes4 indexed callback, uint256 id, uint256 assets);

    /// @notice Makes the calls in this contract's name; fails with the first that fails, as it does.
    function act(Step[] memory steps) public {
        for (uint256 k; k < steps.length; ++k) {
            (bool ok, bytes memory answer) = steps[k].target.call(steps[k].data);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }

    /// @inheritdoc IPoolCallbacks
    function onSupply(uint256 positionId, uint256 assets, bytes calldata data) external {
        _answer(positionId, assets, data);
    }

    /// @inheritdoc IPoolCallbacks
    function onRepay(uint256 id, uint256 assets, bytes calldata data) external {
        _answer(id, assets, data);
    }

    /// @inheritdoc IPoolCallbacks
    function onLiquidate(address, uint256 repaid, uint256 received, bytes calldata data) external {
        _answer(received, repaid, data);
    }

    /// @inheritdoc IPoolCallbacks
    function onFlashLoan(uint256 id, uint256 assets, bytes calldata data) external {
        _answer(id, assets, data);
    }

    /// @inheritdoc IPoolCallbacks
    function onFlashLoans(uint256[] calldata ids, uint256[] calldata assets, bytes calldata data) external {
        _answer(ids.length, assets[assets.length - 1], data);
    }

    function _answer(uint256 id, uint256 assets, bytes calldata data) private {
        emit CalledBack(msg.sig, id, assets);
        if (data.length != 0) act(abi.decode(data, (Step[])));
    }
}
