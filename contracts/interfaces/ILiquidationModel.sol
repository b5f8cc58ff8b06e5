// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The account and the pair of assets that a liquidator picked. All in WAD; values in the base currency.
struct LiquidationCase {
    address account;
    uint256 debtValue; // of all the account's debts, rounded up
    uint256 limit; // sum of collateral value times threshold, rounded down; below debtValue
    uint256 debtSide; // of the debt to repay, rounded up
    uint256 collateralSide; // of the collateral to seize, rounded down
    uint256 threshold; // of the collateral to seize
    uint256 bonusFloor;
    uint256 bonusCap;
}

/// What a pool asks of every liquidation.
struct LiquidationTerms {
    uint256 targetHealth; // WAD, above one: a liquidation restores it
    uint256 fullHealth; // WAD, below one: under it everything may be repaid, at the bonus cap
    uint256 dust; // value in WAD: less than this is never left behind on either side
}

/// @title Liquidation model
/// @notice How much of an unhealthy account may be repaid, and at what bonus. The pool carries the target-health rule and
/// needs no call for it; a pool whose external model is set asks this interface instead.
/// @dev The pool never lets a model take more than the debt and the collateral that are there, nor pay a bonus above the cap
/// of the collateral. A model that reverts, answers short, uses more gas than `Untrusted.GAS`, or allows less than the pool's
/// dust falls back to the built-in rule: no model can block a liquidation.
interface ILiquidationModel {
    /// @return repayValue The most that may be repaid, as value in WAD. At or above `debtSide`, all of the debt; at or above
    /// what the collateral covers at that bonus, all of the collateral.
    /// @return bonus What the liquidator gets on top of the value repaid, in WAD.
    function size(LiquidationCase calldata c, LiquidationTerms calldata terms)
        external
        view
        returns (uint256 repayValue, uint256 bonus);
}
