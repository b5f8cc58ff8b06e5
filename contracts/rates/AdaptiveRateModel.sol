// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRateModel} from "../interfaces/IRateModel.sol";
import {WAD} from "../libraries/WadMath.sol";
import {AdaptiveCurve} from "./AdaptiveCurve.sol";

/// @notice The adaptive curve as a contract. One serves any number of pools: each moves the levels of its own reserves, and
/// nobody else's.
contract AdaptiveRateModel is IRateModel {
    struct Parameters {
        uint256 target; // utilization in WAD, between zero and one, both excluded
        uint256 steepness; // WAD, one to `MAX_STEEPNESS`
        uint256 speed; // WAD a year, at most `MAX_SPEED`: at full use e^speed is what a year makes of the rate at target
        uint256 initialRate; // at target, a year in WAD, as the bounds
        uint256 minRate;
        uint256 maxRate;
    }

    uint256 public constant MAX_STEEPNESS = 100 * WAD;
    uint256 public constant MAX_SPEED = 1_000 * WAD;
    /// The most that a pool lets a model charge in a year, `Compounding.MAX_RATE`, holds for the curve at full use.
    uint256 public constant MAX_CHARGE = 20 * WAD;

    uint256 public immutable target;
    uint256 public immutable steepness;
    uint256 public immutable speed;
    uint256 public immutable initialRate;
    uint256 public immutable minRate;
    uint256 public immutable maxRate;
    int256 private immutable lowest;
    int256 private immutable highest;

    /// @notice ln(rateAtTarget / initialRate) of a pool's reserve, scaled by `AdaptiveCurve.LEVEL`; zero before its first
    /// accrual.
    mapping(address pool => mapping(uint256 id => int256)) public level;

    /// Not above zero and below one.
    error InvalidTarget(uint256 target);
    /// Not from one to `MAX_STEEPNESS`.
    error InvalidSteepness(uint256 steepness);
    /// Zero, or above `MAX_SPEED`.
    error InvalidSpeed(uint256 speed);
    /// Wanted are 0 < minRate <= initialRate <= maxRate and maxRate * steepness <= `MAX_CHARGE`.
    error InvalidRates(uint256 minRate, uint256 initialRate, uint256 maxRate);

    constructor(Parameters memory p) {
        if (p.target == 0 || p.target >= WAD) revert InvalidTarget(p.target);
        if (p.steepness < WAD || p.steepness > MAX_STEEPNESS) revert InvalidSteepness(p.steepness);
        if (p.speed == 0 || p.speed > MAX_SPEED) revert InvalidSpeed(p.speed);
        if (
            p.minRate == 0 || p.minRate > p.initialRate || p.initialRate > p.maxRate
                || p.maxRate > MAX_CHARGE * WAD / p.steepness
        ) revert InvalidRates(p.minRate, p.initialRate, p.maxRate);

        (target, steepness, speed) = (p.target, p.steepness, p.speed);
        (initialRate, minRate, maxRate) = (p.initialRate, p.minRate, p.maxRate);
        lowest = -AdaptiveCurve.levelOf(p.initialRate, p.minRate);
        highest = AdaptiveCurve.levelOf(p.maxRate, p.initialRate);
    }

    /// @inheritdoc IRateModel
    function borrowRate(address pool, uint256 id, uint256 utilization, uint256 elapsed)
        external
        view
        returns (uint256)
    {
        return AdaptiveCurve.borrowRate(_curve(), level[pool][id], utilization, elapsed);
    }

    /// @inheritdoc IRateModel
    function accrued(uint256 id, uint256 utilization, uint256 elapsed) external {
        level[msg.sender][id] = AdaptiveCurve.move(_curve(), level[msg.sender][id], utilization, elapsed);
    }

    /// @notice What a pool's reserve would charge a year at its target, in WAD, as of its last accrual, rounded to the nearest.
    function rateAtTarget(address pool, uint256 id) external view returns (uint256) {
        return AdaptiveCurve.rateAtTarget(_curve(), level[pool][id]);
    }

    function _curve() private view returns (AdaptiveCurve.Curve memory) {
        return AdaptiveCurve.Curve(target, steepness, speed, initialRate, lowest, highest);
    }
}
