// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolActions} from "./IPoolActions.sol";
import {IPoolErrors} from "./IPoolErrors.sol";
import {IPoolExtension} from "./IPoolExtension.sol";

/// @title Weir pool: one multi-asset money market
/// @notice Suppliers earn what borrowers pay; debts are backed by collateral; unhealthy accounts are liquidated.
///
/// Units. An *amount* is raw token units; with the bit `SHARES` set, shares; or `type(uint256).max`, all there is, where that
/// makes sense. Shares times index over WAD are assets; indices start at one WAD and grow with every second of interest. Values
/// are in the pool's base currency, WAD. Reserves are known by ids 0 to 63, in the order of listing.
///
/// A supply earns, or sits idle where nobody lends it on: then a share is one raw unit, it can always be withdrawn, and using
/// it costs less gas. A *position id* says which: the reserve's id, or with the bit `IDLE` set. Position ids are also the token
/// ids of ERC-6909; in allowances the bit `DEBT` makes a reserve's id stand for credit.
///
/// Rounding is against the caller: shares minted to a supplier down, shares burned up; debt shares minted up, burned down;
/// collateral value down, debt value up.
///
/// Accounting is internal: tokens sent to the pool without a call change nobody's claim; they add to the buffer of the reserve,
/// as does every unit that rounding leaves. The buffer pays for bad debt before suppliers do.
///
/// What is assumed of a listed token: it moves exactly the amount asked for, takes no fee, does not rebase, reverts or returns
/// false on failure, and holds fewer than 2^112 raw units. Feeds and models: see their interfaces.
///
/// Every action reverts with `Reentrancy` inside another one, except in a callback that the pool has announced, where its books
/// are in order; views likewise.
///
/// A pool is two contracts with one address and one storage: the actions, and what is called less often (permissions,
/// configuration, views), which the first one delegates to. Both are immutable.
interface IPool is IPoolActions, IPoolExtension, IPoolErrors {}
