// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IConfigurator, ReserveParameters} from "../interfaces/IConfigurator.sol";
import {IPool} from "../interfaces/IPool.sol";
import {ReserveWords} from "../interfaces/IPoolExtension.sol";
import "../interfaces/IRiskSteward.sol";
import {Ramps} from "../libraries/Ramps.sol";
import {Interest, Reserves, Risk, Totals} from "../libraries/Reserves.sol";
import {BPS, WadMath} from "../libraries/WadMath.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";

/// @title Risk steward
contract RiskSteward is IRiskSteward, AccessManaged {
    using WadMath for uint256;

    uint256 public constant MIN_PERIOD = 1 hours;
    /// The configurator's.
    uint256 public constant MIN_RAMP = Ramps.MIN;

    uint256 private constant MAX_STEP = 10_000;

    IConfigurator public immutable configurator;

    mapping(Parameter => Bound) private _bounds;
    mapping(IPool pool => mapping(uint256 id => mapping(Parameter => uint256))) private _changedAt;
    /// @inheritdoc IRiskSteward
    uint256 public ramp = 7 days;

    /// @param authority The configurator's AccessManager.
    constructor(address authority, IConfigurator configurator_) AccessManaged(authority) {
        configurator = configurator_;
    }

    // ------------------------------------------------------------------ bounds

    /// @inheritdoc IRiskSteward
    function setBound(Parameter parameter, Bound calldata bound) external restricted {
        if (bound.up > MAX_STEP || bound.down > MAX_STEP) revert StepOutOfRange(bound.up, bound.down);
        if (bound.period < MIN_PERIOD || bound.period > 365 days) revert PeriodOutOfRange(bound.period);
        _bounds[parameter] = bound;
        emit BoundSet(parameter, bound);
    }

    /// @inheritdoc IRiskSteward
    function setRamp(uint256 seconds_) external restricted {
        if (seconds_ < MIN_RAMP || seconds_ > Ramps.MAX) revert RampOutOfRange(seconds_);
        ramp = seconds_;
        emit RampSet(seconds_);
    }

    // ------------------------------------------------------------------ changes

    /// @inheritdoc IRiskSteward
    function change(IPool pool, uint256 id, Parameter parameter, uint256 value) external restricted {
        ReserveWords memory words = pool.reserveWords(id);
        (uint256 now_, uint256 lowest, uint256 highest, uint256 notBefore) = _next(pool, id, parameter, words);
        if (value == now_) revert NothingToChange(parameter, value);
        if (block.timestamp < notBefore) revert TooSoon(parameter, notBefore);
        if (value < lowest || value > highest) revert OutOfBounds(parameter, value, lowest, highest);
        _changedAt[pool][id][parameter] = block.timestamp;

        if (parameter == Parameter.IdleCap) value = configurator.setIdleCap(pool, id, value);
        else if (parameter <= Parameter.BorrowCap) _setLimits(pool, id, parameter, value, words);
        else if (parameter <= Parameter.BonusCap) _setRisk(pool, id, parameter, value, words);
        else _setRates(pool, id, parameter, value, words);
        emit Changed(pool, id, parameter, now_, value, msg.sender);
    }

    function _setLimits(IPool pool, uint256 id, Parameter parameter, uint256 value, ReserveWords memory words) private {
        Totals t = Totals.wrap(words.totals);
        uint256 supplyCap = parameter == Parameter.SupplyCap ? value : t.supplyCap();
        uint256 borrowCap = parameter == Parameter.BorrowCap ? value : t.borrowCap();
        configurator.setLimits(pool, id, supplyCap, borrowCap, t.isBorrowable());
    }

    function _setRates(IPool pool, uint256 id, Parameter parameter, uint256 value, ReserveWords memory words) private {
        Interest i = Interest.wrap(words.interest);
        KinkedCurve.Parameters memory curve = KinkedCurve.unpack(i.rates());
        uint256 reserveFactor = i.reserveFactor();
        if (parameter == Parameter.ReserveFactor) reserveFactor = value;
        else if (parameter == Parameter.Base) curve.base = value;
        else if (parameter == Parameter.Kink) curve.kink = value;
        else if (parameter == Parameter.Slope1) curve.slope1 = value;
        else curve.slope2 = value;
        configurator.setRates(pool, id, curve, reserveFactor, address(uint160(words.model)));
    }

    function _setRisk(IPool pool, uint256 id, Parameter parameter, uint256 value, ReserveWords memory words) private {
        Risk k = Risk.wrap(words.risk);
        ReserveParameters memory p;
        (p.feed, p.maxAge, p.minDebt) = (k.feed(), k.maxAge(), k.minDebt());
        p.liquidationFeePercent = k.liquidationFee() / 1e16;
        (p.ltvBps, p.thresholdBps) = (k.ltv() / BPS, k.threshold() / BPS);
        (p.bonusFloorBps, p.bonusCapBps) = (k.bonusFloor() / BPS, k.bonusCap() / BPS);
        if (parameter == Parameter.Ltv) p.ltvBps = value;
        else if (parameter == Parameter.Threshold) p.thresholdBps = value;
        else if (parameter == Parameter.BonusFloor) p.bonusFloorBps = value;
        else p.bonusCapBps = value;
        configurator.setRisk(pool, id, p, _rampSeconds(parameter, words));
    }

    /// @dev A threshold that is on its way down stays on its way: its end neither moves closer nor, for another parameter, away.
    function _rampSeconds(Parameter parameter, ReserveWords memory words) private view returns (uint256) {
        uint256 end = Risk.wrap(words.risk).ramps() ? Ramps.end(words.ramp) : 0;
        uint256 left = end.zeroFloorSub(block.timestamp);
        if (parameter == Parameter.Threshold) return left > ramp ? left : ramp;
        if (left != 0 && left < MIN_RAMP) revert RampEnding(end);
        return left;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRiskSteward
    function boundOf(Parameter parameter) external view returns (Bound memory) {
        return _bounds[parameter];
    }

    /// @inheritdoc IRiskSteward
    function next(IPool pool, uint256 id, Parameter parameter)
        external
        view
        returns (uint256 value, uint256 lowest, uint256 highest, uint256 notBefore)
    {
        return _next(pool, id, parameter, pool.reserveWords(id));
    }

    function _next(IPool pool, uint256 id, Parameter parameter, ReserveWords memory words)
        private
        view
        returns (uint256 value, uint256 lowest, uint256 highest, uint256 notBefore)
    {
        value = _valueOf(parameter, words);
        (uint256 up, uint256 down) = (_bounds[parameter].up, _bounds[parameter].down);
        if (parameter <= Parameter.IdleCap) {
            // No cap: type(uint256).max, or the most that idle collateral has room for.
            bool none = value > type(uint112).max || (parameter == Parameter.IdleCap && value == Reserves.MAX_IDLE);
            (up, down) = none ? (0, 0) : (value * up / MAX_STEP, value * down / MAX_STEP);
        } else if (value == 0 && (parameter == Parameter.Ltv || parameter == Parameter.Threshold)) {
            up = 0;
        }
        (lowest, highest) = (value.zeroFloorSub(down), value + up);
        uint256 changedAt = _changedAt[pool][id][parameter];
        if (changedAt != 0) notBefore = changedAt + _bounds[parameter].period;
    }

    function _valueOf(Parameter parameter, ReserveWords memory words) private pure returns (uint256) {
        Risk k = Risk.wrap(words.risk);
        if (parameter == Parameter.Ltv) return k.ltv() / BPS;
        if (parameter == Parameter.Threshold) return k.threshold() / BPS;
        if (parameter == Parameter.BonusFloor) return k.bonusFloor() / BPS;
        if (parameter == Parameter.BonusCap) return k.bonusCap() / BPS;
        Totals t = Totals.wrap(words.totals);
        if (parameter == Parameter.SupplyCap) return t.supplyCap();
        if (parameter == Parameter.BorrowCap) return t.borrowCap();
        if (parameter == Parameter.IdleCap) return words.idleCap;
        Interest i = Interest.wrap(words.interest);
        if (parameter == Parameter.ReserveFactor) return i.reserveFactor();
        KinkedCurve.Parameters memory curve = KinkedCurve.unpack(i.rates());
        if (parameter == Parameter.Base) return curve.base;
        if (parameter == Parameter.Kink) return curve.kink;
        if (parameter == Parameter.Slope1) return curve.slope1;
        return curve.slope2;
    }
}
