// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {Untrusted} from "../libraries/Untrusted.sol";
import {WadMath} from "../libraries/WadMath.sol";
import {TargetHealth} from "./TargetHealth.sol";

/// @notice What a pool goes by: its external model, held to its bounds, or the target-health rule that it carries.
library LiquidationRule {
    using WadMath for uint256;

    /// @param model Zero: the built-in rule.
    function size(address model, LiquidationCase memory c, LiquidationTerms memory terms)
        internal
        view
        returns (uint256 repayValue, uint256 bonus)
    {
        if (model != address(0)) {
            bool ok;
            (ok, repayValue, bonus) = Untrusted.ask(model, abi.encodeCall(ILiquidationModel.size, (c, terms)), 2);
            // An answer too small to act on is none.
            if (ok && repayValue != 0 && repayValue >= terms.dust.min(c.debtSide)) {
                return (repayValue.min(c.debtSide), bonus.min(c.bonusCap));
            }
        }
        return TargetHealth.size(c, terms);
    }
}
