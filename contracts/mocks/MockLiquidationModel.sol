// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";

/// @notice A liquidation model that behaves as it is told, well or badly. For tests only.
contract MockLiquidationModel is ILiquidationModel {
    enum Behaviour {
        Honest,
        Reverting,
        Short, // answers with one word instead of two
        Burning, // uses up all the gas it is given
        Bombing // answers with a megabyte
    }

    Behaviour public behaviour;
    uint256 public repayValue;
    uint256 public bonus;

    constructor(Behaviour behaviour_, uint256 repayValue_, uint256 bonus_) {
        (behaviour, repayValue, bonus) = (behaviour_, repayValue_, bonus_);
    }

    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata, LiquidationTerms calldata) external view returns (uint256, uint256) {
        require(behaviour != Behaviour.Reverting, "MockLiquidationModel: no");
        if (behaviour == Behaviour.Burning) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (behaviour == Behaviour.Short) {
            assembly ("memory-safe") {
                return(0, 32)
            }
        }
        if (behaviour == Behaviour.Bombing) {
            assembly ("memory-safe") {
                return(0, 1048576)
            }
        }
        return (repayValue, bonus);
    }
}
