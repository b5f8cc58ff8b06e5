// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRateModel} from "../interfaces/IRateModel.sol";

/// @notice A rate model that behaves as it is told, well or badly, in both of its functions. For tests only.
contract MockRateModel is IRateModel {
    enum Behaviour {
        Honest,
        Reverting,
        Short, // answers with less than a word
        Burning, // uses up all the gas it is given
        Bombing // answers with a megabyte
    }

    Behaviour public behaviour;
    uint256 public rate;
    /// What `accrued` makes of the rate: a model with a state of its own.
    uint256 public nextRate;
    uint256 public accruals;
    uint256 public lastUtilization;
    uint256 public lastElapsed;

    constructor(Behaviour behaviour_, uint256 rate_) {
        behaviour = behaviour_;
        (rate, nextRate) = (rate_, rate_);
    }

    function setNextRate(uint256 nextRate_) external {
        nextRate = nextRate_;
    }

    /// @inheritdoc IRateModel
    function borrowRate(address, uint256, uint256, uint256) external view returns (uint256) {
        _behave();
        return rate;
    }

    /// @inheritdoc IRateModel
    function accrued(uint256, uint256 utilization, uint256 elapsed) external {
        _behave();
        ++accruals;
        (lastUtilization, lastElapsed, rate) = (utilization, elapsed, nextRate);
    }

    function _behave() private view {
        require(behaviour != Behaviour.Reverting, "MockRateModel: no");
        if (behaviour == Behaviour.Burning) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (behaviour == Behaviour.Short) {
            assembly ("memory-safe") {
                return(0, 31)
            }
        }
        if (behaviour == Behaviour.Bombing) {
            assembly ("memory-safe") {
                return(0, 1048576)
            }
        }
    }
}
