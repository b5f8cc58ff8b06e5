// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {TargetHealth} from "../liquidation/TargetHealth.sol";

/// @notice An auction as it should not be: started at any time by anybody, also anew, and for ever. For tests only.
contract MockNaiveAuction is ILiquidationModel {
    uint256 private constant DURATION = 1800;
    mapping(address account => uint256) public startedAt;

    function start(address account) external {
        startedAt[account] = block.timestamp;
    }

    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata c, LiquidationTerms calldata terms)
        external
        view
        returns (uint256, uint256)
    {
        LiquidationCase memory flat = c;
        uint256 since = startedAt[c.account];
        uint256 elapsed = since == 0 ? 0 : block.timestamp - since;
        if (elapsed > DURATION) elapsed = DURATION;
        flat.bonusFloor = flat.bonusCap = c.bonusFloor + (c.bonusCap - c.bonusFloor) * elapsed / DURATION;
        return TargetHealth.size(flat, terms);
    }
}
