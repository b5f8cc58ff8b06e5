// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRateModel} from "../interfaces/IRateModel.sol";
import {KinkedCurve} from "./KinkedCurve.sol";

/// @notice The two-slope curve as a contract: the template for a model of your own.
contract KinkedRateModel is IRateModel {
    /// A field that does not fit its bits, or a kink of zero or above 100 %.
    error InvalidCurve(uint256 base, uint256 kink, uint256 slope1, uint256 slope2);

    uint256 public immutable curve;

    constructor(KinkedCurve.Parameters memory p) {
        if (!KinkedCurve.isValid(p)) revert InvalidCurve(p.base, p.kink, p.slope1, p.slope2);
        curve = KinkedCurve.pack(p);
    }

    /// @inheritdoc IRateModel
    function borrowRate(address, uint256, uint256 utilization, uint256) external view returns (uint256) {
        return KinkedCurve.borrowRate(curve, utilization);
    }

    /// @inheritdoc IRateModel
    function accrued(uint256, uint256, uint256) external {}
}
