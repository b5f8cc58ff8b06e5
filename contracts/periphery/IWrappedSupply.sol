// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @title Wrapped supply: one earning reserve of a pool as an ERC-4626 vault
/// @notice One share of the wrapper is one supply share of the pool, always: its price is the reserve's supply index, which
/// nothing moves but interest and write-offs. There is no owner, no fee and nothing to set. Units: assets in raw token units,
/// shares in the pool's supply shares; both have the token's decimals. An ERC-20 with permit (ERC-2612).
///
/// Rounding is the pool's: shares minted and assets paid down, shares burned and assets taken up. Whoever deposits less than one
/// share is worth reverts and keeps it. `preview` functions are what the same call does in the same block.
///
/// `maxDeposit` and `maxMint` are zero while the reserve is paused or frozen, and otherwise what the supply cap leaves;
/// `maxWithdraw` and `maxRedeem` heed the reserve's cash, its limit on outflow and, within a callback, the tokens that are really
/// there. One unit more reverts. They are zero while the pool is in the middle of an action; `convert`, `preview` and
/// `totalAssets` revert then, so that nobody reads a price between two states. Amounts of zero do nothing.
///
/// The wrapper borrows nothing and nobody can make it owe anything, so that its position, which counts as collateral, is never
/// at risk. Pool shares and tokens that are sent to it without a call belong to nobody.
///
/// @dev Reverts, beside those of ERC-20: the pool's (see `IPoolErrors`): ReservePaused, ReserveFrozen, SupplyCapExceeded, ZeroAmount
/// going in; InsufficientCash, OutflowLimitExceeded, ZeroAddress coming out; Reentrancy in the middle of an action of the pool.
/// ERC4626ExceededMaxWithdraw: more assets than any reserve can hold.
interface IWrappedSupply is IERC4626 {
    /// @notice Pool shares that came in and went out as such; assets did not move.
    event SharesDeposited(address indexed sender, address indexed owner, uint256 shares);
    event SharesRedeemed(address indexed sender, address indexed receiver, address indexed owner, uint256 shares);

    /// @notice Takes `shares` of the pool's supply from the caller, by his ERC-6909 allowance or authorization, and mints as many to
    /// `receiver`. @dev Neither cap nor pause matter. Reverts as the pool's `transferFrom` does.
    function depositShares(uint256 shares, address receiver) external;

    /// @notice Burns `shares` of `owner`, by his ERC-20 allowance if he is not the caller, and sends as many of the pool's supply to
    /// `receiver`. @dev Neither cash nor limits matter. Reverts as the pool's `transfer` does: with OtherMode where the receiver
    /// supplies idle.
    function redeemShares(uint256 shares, address receiver, address owner) external;

    /// @notice The pool, and the id of the reserve in it.
    function pool() external view returns (IPool);
    function reserveId() external view returns (uint256);
}
