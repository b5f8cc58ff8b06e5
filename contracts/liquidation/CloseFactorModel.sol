// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";

/// @title Liquidation by close factor
/// @notice Half of a debt while the account is only just unhealthy and both sides are large, all of it otherwise; at the collateral's
/// bonus cap, always. The rule of Aave v3.3, for pools that shall behave as its users expect.
/// @dev As there, a liquidation that would leave less than the pool's dust on either side takes everything on it. It does not aim at a
/// health: where it leaves an account depends on where it began.
contract CloseFactorModel is ILiquidationModel {
    using WadMath for uint256;

    /// Not `fullHealth < 100 %`.
    error InvalidFullHealth(uint256 fullHealth);

    /// Above this health, in WAD, half of the debt at most.
    uint256 public immutable fullHealth;
    /// Only where both sides are worth at least this, in WAD.
    uint256 public immutable minSide;

    uint256 private constant CLOSE_FACTOR = 0.5e18;

    constructor(uint256 fullHealth_, uint256 minSide_) {
        if (fullHealth_ >= WAD) revert InvalidFullHealth(fullHealth_);
        (fullHealth, minSide) = (fullHealth_, minSide_);
    }

    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata c, LiquidationTerms calldata terms)
        external
        view
        returns (uint256 repayValue, uint256 bonus)
    {
        bonus = c.bonusCap;
        uint256 most = c.debtSide.min(c.collateralSide.divDown(WAD + bonus));
        bool small = c.debtSide < minSide || c.collateralSide < minSide;
        if (small || c.limit.divDown(c.debtValue) <= fullHealth) return (most, bonus);

        // Of all the account's debts, as there.
        repayValue = c.debtValue.mulDown(CLOSE_FACTOR).min(most);
        bool leavesDust =
            c.debtSide - repayValue < terms.dust || c.collateralSide - repayValue.mulDown(WAD + bonus) < terms.dust;
        if (leavesDust) repayValue = most;
    }
}
