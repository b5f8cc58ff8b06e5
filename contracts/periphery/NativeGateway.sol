// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IPool} from "../interfaces/IPool.sol";
import {Positions} from "../libraries/Positions.sol";
import {INativeGateway, IWrappedNative} from "./INativeGateway.sol";

/// @title Gateway for the chain's native currency
/// @dev Holds nothing between two calls and acts for its caller only, so that it needs no lock: a call from inside another one is as
/// good as one after it.
contract NativeGateway is INativeGateway {
    // ------------------------------------------------------------------ immutables

    /// @inheritdoc INativeGateway
    IPool public immutable pool;
    /// @inheritdoc INativeGateway
    IWrappedNative public immutable wrapped;
    /// @inheritdoc INativeGateway
    uint256 public immutable reserveId;

    // ------------------------------------------------------------------ constructor

    /// @param wrapped_ A reserve of the pool. Reverts: UnknownReserve.
    constructor(IPool pool_, IWrappedNative wrapped_) {
        (pool, wrapped, reserveId) = (pool_, wrapped_, pool_.reserveId(address(wrapped_)));
        // The pool takes from its caller only, and this contract calls it for what it has just received.
        wrapped_.approve(address(pool_), type(uint256).max);
    }

    // ------------------------------------------------------------------ lending

    /// @inheritdoc INativeGateway
    function supplyNative(bool idle) external payable returns (uint256 shares) {
        wrapped.deposit{value: msg.value}();
        (, shares) = pool.supply(_positionId(idle), msg.value, msg.sender);
    }

    /// @inheritdoc INativeGateway
    function withdrawNative(bool idle, uint256 amount, address to) external returns (uint256 assets, uint256 shares) {
        (assets, shares) = pool.withdraw(_positionId(idle), amount, msg.sender, address(this));
        _payOut(assets, to);
    }

    // ------------------------------------------------------------------ borrowing

    /// @inheritdoc INativeGateway
    function borrowNative(uint256 amount, address to) external returns (uint256 assets, uint256 shares) {
        (assets, shares) = pool.borrow(reserveId, amount, msg.sender, address(this));
        _payOut(assets, to);
    }

    /// @inheritdoc INativeGateway
    function repayNative() external payable returns (uint256 assets, uint256 shares) {
        wrapped.deposit{value: msg.value}();
        (assets, shares) = pool.repay(reserveId, msg.value, msg.sender);
        if (assets != msg.value) _payOut(msg.value - assets, msg.sender);
    }

    // ------------------------------------------------------------------ internal

    /// @inheritdoc INativeGateway
    receive() external payable {
        if (msg.sender != address(wrapped)) revert NotWrappedNative(msg.sender);
    }

    function _positionId(bool idle) private view returns (uint256) {
        return idle ? reserveId | Positions.IDLE : reserveId;
    }

    function _payOut(uint256 assets, address to) private {
        // The wrapper would wrap it again, for this contract.
        if (to == address(0) || to == address(wrapped)) revert InvalidReceiver(to);
        wrapped.withdraw(assets);
        if (!SafeTransferLib.trySafeTransferETH(to, assets, gasleft())) revert NativeTransferFailed(to, assets);
    }
}
