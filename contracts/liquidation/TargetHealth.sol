// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";

/// @notice Repays just enough to restore a target health, at a bonus that grows with the shortfall.
///
/// With debt D, limit L, health h = L / D, bonus b and threshold t, repaying x leaves health
/// (L - x (1 + b) t) / (D - x); that equals the target H at
///
///     x = (H D - L) / (H - (1 + b) t)
///
/// which is positive because the configuration keeps (1 + b) t < 1 < H.
///
/// Between D and D (1 + b) of collateral an account is still solvent, and a full bonus leaves a part of its debt uncovered.
/// It is paid all the same: a bonus cut to what is there would fall to zero as the account nears insolvency and jump to the cap
/// just beyond it, so that waiting for bad debt would pay best.
library TargetHealth {
    using WadMath for uint256;

    function size(LiquidationCase memory c, LiquidationTerms memory terms)
        internal
        pure
        returns (uint256 repayValue, uint256 bonus)
    {
        uint256 health = c.limit.divDown(c.debtValue);
        unchecked {
            // Fractions: health and full health are below one, the floor at or below the cap.
            uint256 span = WAD - terms.fullHealth;
            bonus = c.bonusFloor + (c.bonusCap - c.bonusFloor) * (WAD - health).min(span) / span;
        }

        uint256 most = c.debtSide.min(c.collateralSide.divDown(WAD + bonus));
        if (health < terms.fullHealth) return (most, bonus);

        uint256 missing = terms.targetHealth.mulUp(c.debtValue) - c.limit;
        repayValue = missing.divUp(terms.targetHealth - (WAD + bonus).mulDown(c.threshold)).min(most);

        bool leavesDust = c.debtSide - repayValue < terms.dust
            || c.collateralSide.zeroFloorSub(repayValue.mulDown(WAD + bonus)) < terms.dust;
        if (leavesDust) repayValue = most;
    }
}
