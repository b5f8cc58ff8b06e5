// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Amounts} from "../libraries/Amounts.sol";
import {Outflows} from "../libraries/Outflows.sol";
import {Ramps} from "../libraries/Ramps.sol";
import {Interest, Reserves, Totals} from "../libraries/Reserves.sol";

/// @notice The conversions and the accrual of a reserve by themselves, on words that the caller makes up. For tests only.
contract MockReserves {
    function toSupply(uint256 amount, uint256 index) external pure returns (uint256 assets, uint256 shares) {
        return Amounts.toSupply(amount, index);
    }

    function toWithdraw(uint256 amount, uint256 held, uint256 index)
        external
        pure
        returns (uint256 assets, uint256 shares)
    {
        return Amounts.toWithdraw(amount, held, index);
    }

    function toBorrow(uint256 amount, uint256 index) external pure returns (uint256 assets, uint256 shares) {
        return Amounts.toBorrow(amount, index);
    }

    function toRepay(uint256 amount, uint256 owed, uint256 index)
        external
        pure
        returns (uint256 assets, uint256 shares)
    {
        return Amounts.toRepay(amount, owed, index);
    }

    function sums(Totals totals, Interest interest)
        external
        pure
        returns (uint256 supplyAssets, uint256 debtAssets, uint256 cash, uint256 utilization)
    {
        return (
            totals.supplyAssets(interest),
            totals.debtAssets(interest),
            totals.cash(interest),
            totals.utilization(interest)
        );
    }

    function grow(Interest interest, Totals totals, uint256 rate)
        external
        view
        returns (uint256 supplyIndex, uint256 debtIndex)
    {
        Interest grown = Reserves.grow(interest, totals, rate);
        return (grown.supplyIndex(), grown.debtIndex());
    }

    function ramp(uint256 word, uint256 target) external view returns (uint256) {
        return Ramps.threshold(word, target);
    }

    function outflow(uint256 word) external view returns (uint256) {
        return Outflows.level(word);
    }
}
