// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @notice A wrapped native currency in the manner of WETH: one for one, no fee.
interface IWrappedNative is IERC20 {
    function deposit() external payable;
    function withdraw(uint256 amount) external;
}

/// @title Gateway for the chain's native currency
/// @notice Native currency in and out of the pool's reserve of its wrapped form, for the caller's own account and no other.
///
/// It acts by permissions that the caller has given it in the pool, scoped and expiring:
/// - to open a supply: `authorize(gateway, ACTION_SUPPLY, expiry)`; topping one up takes none;
/// - to withdraw: an allowance `allow(gateway, positionId, shares, expiry)`, or an authorization of `ACTION_WITHDRAW`;
/// - to borrow: credit `allow(gateway, reserveId | DEBT, assets, expiry)`, or an authorization of `ACTION_BORROW`;
/// - to repay: none.
///
/// Amounts are as in `IPool`: raw units, with the bit `SHARES` shares, `type(uint256).max` all there is. Rounding is the pool's. It
/// keeps nothing: what comes in goes to the pool or back. @dev Every function reverts as the pool's action of its name does.
interface INativeGateway {
    /// Native currency is accepted with a call, or from its wrapper; `sender` sent some without.
    error NotWrappedNative(address sender);
    /// The zero address or the wrapper would not give native currency to anybody.
    error InvalidReceiver(address receiver);
    /// The receiver refused `amount` of native currency.
    error NativeTransferFailed(address receiver, uint256 amount);

    /// @notice Supplies what is sent along, earning or idle, to the caller.
    /// @return shares Minted, rounded down.
    function supplyNative(bool idle) external payable returns (uint256 shares);

    /// @notice Withdraws `amount` of the caller's supply to `to`. @dev Also reverts: InvalidReceiver, NativeTransferFailed.
    /// @return assets Paid out, rounded down. @return shares Burned, rounded up.
    function withdrawNative(bool idle, uint256 amount, address to) external returns (uint256 assets, uint256 shares);

    /// @notice Borrows `amount` as the caller's debt, to `to`. @dev Also reverts: InvalidReceiver, NativeTransferFailed.
    /// @return assets Paid out, rounded down. @return shares Debt shares minted, rounded up.
    function borrowNative(uint256 amount, address to) external returns (uint256 assets, uint256 shares);

    /// @notice Repays debt of the caller with what is sent along, and gives back what is more than the debt. Send a little more
    /// than the debt to clear it: it grows until the call is in a block. @dev Also reverts: NativeTransferFailed.
    /// @return assets Repaid. @return shares Debt shares burned, rounded down.
    function repayNative() external payable returns (uint256 assets, uint256 shares);

    /// @notice From the wrapper alone. @dev Reverts: NotWrappedNative.
    receive() external payable;

    /// @notice The pool, the wrapped native currency, and the id of its reserve.
    function pool() external view returns (IPool);
    function wrapped() external view returns (IWrappedNative);
    function reserveId() external view returns (uint256);
}
