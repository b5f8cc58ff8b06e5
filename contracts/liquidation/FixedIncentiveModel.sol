// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";

/// @title Liquidation at a fixed incentive
/// @notice As much of the debt as the liquidator likes, at an incentive that follows from the threshold t alone:
///
///     1 + bonus = min(1.15, 1 / (0.3 t + 0.7))
///
/// The rule of Morpho Blue. The collateral's bonus cap still holds.
contract FixedIncentiveModel is ILiquidationModel {
    using WadMath for uint256;

    uint256 private constant CURSOR = 0.3e18;
    uint256 private constant MAX_INCENTIVE = 1.15e18;

    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata c, LiquidationTerms calldata)
        external
        pure
        returns (uint256 repayValue, uint256 bonus)
    {
        return (c.debtSide, incentive(c.threshold) - WAD);
    }

    /// @notice What is seized for each unit of value repaid, WAD, rounded down.
    function incentive(uint256 threshold) public pure returns (uint256) {
        return WAD.divDown(WAD - CURSOR.mulDown(WAD - threshold)).min(MAX_INCENTIVE);
    }
}
