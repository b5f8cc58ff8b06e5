// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {TargetHealth} from "./TargetHealth.sol";

/// @notice The target-health rule as a contract: the template for a rule of your own.
contract TargetHealthModel is ILiquidationModel {
    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata c, LiquidationTerms calldata terms)
        external
        pure
        returns (uint256 repayValue, uint256 bonus)
    {
        return TargetHealth.size(c, terms);
    }
}
