// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {WadMath} from "./WadMath.sol";

/// @notice What an `amount` argument says: assets; with the bit `SHARES` set, shares; or `ALL`, everything there is.
/// @dev Assets and shares are tied by assets = shares * index / WAD. What is not named exactly is rounded against the caller.
library Amounts {
    using WadMath for uint256;

    /// Set in an amount: the rest of it counts shares.
    uint256 internal constant SHARES = 1 << 255;
    /// The whole supply, or the whole debt.
    uint256 internal constant ALL = type(uint256).max;

    /// More than any reserve can hold; below it no product here overflows.
    uint256 internal constant LIMIT = type(uint128).max;

    /// @notice A supply: assets up, shares down.
    function toSupply(uint256 amount, uint256 index) internal pure returns (uint256 assets, uint256 shares) {
        if (amount & SHARES == 0) (assets, shares) = (bounded(amount), amount.divDown(index));
        else (assets, shares) = ((shares = bounded(amount ^ SHARES)).mulUp(index), shares);
        if (shares == 0) revert IPoolErrors.ZeroAmount();
    }

    /// @notice A withdrawal: assets down, shares up. `ALL` takes every share and may be worth nothing.
    function toWithdraw(uint256 amount, uint256 held, uint256 index)
        internal
        pure
        returns (uint256 assets, uint256 shares)
    {
        if (amount == ALL) {
            (assets, shares) = (held.mulDown(index), held);
        } else if (amount & SHARES != 0) {
            (assets, shares) = ((shares = bounded(amount ^ SHARES)).mulDown(index), shares);
        } else if (index == 0) {
            revert IPoolErrors.ZeroAmount(); // written off: no number of shares is worth anything
        } else {
            (assets, shares) = (bounded(amount), amount.divUp(index));
        }
        if (shares == 0) revert IPoolErrors.ZeroAmount();
    }

    /// @notice A loan: assets down, shares up.
    function toBorrow(uint256 amount, uint256 index) internal pure returns (uint256 assets, uint256 shares) {
        if (amount & SHARES == 0) (assets, shares) = (bounded(amount), amount.divUp(index));
        else (assets, shares) = ((shares = bounded(amount ^ SHARES)).mulDown(index), shares);
        if (shares == 0) revert IPoolErrors.ZeroAmount();
    }

    /// @notice A repayment: assets up, shares down. What reaches the debt clears it and takes no more.
    function toRepay(uint256 amount, uint256 owed, uint256 index)
        internal
        pure
        returns (uint256 assets, uint256 shares)
    {
        if (amount & SHARES != 0) {
            shares = (amount ^ SHARES).min(owed);
            assets = shares.mulUp(index);
        } else {
            assets = owed.mulUp(index);
            if (amount >= assets) return (assets, owed);
            (assets, shares) = (amount, amount.divDown(index));
        }
        if (shares == 0) revert IPoolErrors.ZeroAmount();
    }

    function bounded(uint256 amount) internal pure returns (uint256) {
        if (amount > LIMIT) revert IPoolErrors.AmountTooLarge(amount);
        return amount;
    }
}
