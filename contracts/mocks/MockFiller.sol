// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFillCallback} from "../periphery/IDeleverageOrders.sol";
import {MockCaller} from "./MockCaller.sol";

/// @notice Fills orders, and takes the steps that came along when it is called for the payment. For tests only.
contract MockFiller is MockCaller, IFillCallback {
    /// @inheritdoc IFillCallback
    function onFill(address, uint256 repaid, uint256 received, bytes calldata data) external {
        emit CalledBack(msg.sig, received, repaid);
        act(abi.decode(data, (Step[])));
    }
}
