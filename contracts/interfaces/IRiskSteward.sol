// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "./IPool.sol";

/// @dev What a steward may change, one at a time. Caps in raw token units, fractions in steps of 0.01 %, the reserve factor in
/// per cent, the curve in the steps of `KinkedCurve.Parameters`.
enum Parameter {
    SupplyCap,
    BorrowCap,
    IdleCap,
    Ltv,
    Threshold,
    BonusFloor,
    BonusCap,
    ReserveFactor,
    Base,
    Kink,
    Slope1,
    Slope2
}

/// @dev How far and how often. Steps of caps are shares of the cap, in steps of 0.01 %; all others are in the parameter's own
/// unit. Zero: not in this direction.
struct Bound {
    uint256 up;
    uint256 down;
    uint256 period; // seconds between two changes of one parameter of one reserve
}

/// @title Risk steward: small changes without the long way
/// @notice Holds a role on a configurator, and passes on the changes that are small and seldom enough. Whatever is not in
/// `Parameter` it cannot touch: it lists nothing, replaces no feed and no model, allows no borrowing that is not allowed, and
/// starts nothing that a guardian has stopped.
///
/// A change names one parameter of one reserve; everything else is read back from the pool in the same call, so that nothing
/// stale is written. Its step starts from the value of that moment, whoever has set it. There is no limit to what many steps
/// add up to: the bounds say how fast it can go, and so how much time there is to take the role away.
/// @dev The configurator's own validation holds as well, with its errors. A risk parameter can be changed only while the feed
/// gives a price. A cap that is none stays so; and what is zero stays zero where that means "no": a cap, the LTV, the threshold.
interface IRiskSteward {
    event BoundSet(Parameter indexed parameter, Bound bound);
    event RampSet(uint256 seconds_);
    /// @dev `to`: as the pool has it now. A cap of idle collateral does not go below what sits idle.
    event Changed(
        IPool indexed pool, uint256 indexed id, Parameter indexed parameter, uint256 from, uint256 to, address caller
    );

    /// It was asked for `requested`; from the value of now, `lowest` to `highest` are within the bounds.
    error OutOfBounds(Parameter parameter, uint256 requested, uint256 lowest, uint256 highest);
    /// The next change of this parameter of this reserve is possible from `next` on, Unix seconds.
    error TooSoon(Parameter parameter, uint256 next);
    /// The parameter has this value already.
    error NothingToChange(Parameter parameter, uint256 value);
    /// On the last day of a ramp of the threshold no other risk parameter changes: the ramp would have to be drawn out. It ends
    /// at `end`, Unix seconds.
    error RampEnding(uint256 end);
    /// A parameter changes at most once in `MIN_PERIOD`, an hour; a period of more than a year is a mistake.
    error PeriodOutOfRange(uint256 period);
    /// A step is at most 10,000: a cap may double or vanish, and no fraction has more steps than that.
    error StepOutOfRange(uint256 up, uint256 down);
    /// A ramp takes at least as long as the configurator asks, and at most a year.
    error RampOutOfRange(uint256 seconds_);

    /// @notice Replaces the bound of a parameter, for all reserves of all pools. Until then nothing is allowed.
    /// @dev Restricted, to be delayed by the manager. Reverts: PeriodOutOfRange, StepOutOfRange.
    function setBound(Parameter parameter, Bound calldata bound) external;

    /// @notice Replaces how long a lowered threshold takes to come down. @dev Restricted. Reverts: RampOutOfRange.
    function setRamp(uint256 seconds_) external;

    /// @notice Changes a parameter of a reserve to `value`. A lowered threshold ramps down; a ramp under way is never hastened.
    /// @dev Restricted. Reverts: NothingToChange, TooSoon, OutOfBounds, RampEnding, and with the configurator's and the pool's
    /// errors.
    function change(IPool pool, uint256 id, Parameter parameter, uint256 value) external;

    function boundOf(Parameter parameter) external view returns (Bound memory);

    /// @notice Seconds that a lowered threshold takes to come down.
    function ramp() external view returns (uint256);

    /// @notice What the next change may be: the value now, the values within the bounds, and from when on. A cap must also be one
    /// that the configurator can write.
    function next(IPool pool, uint256 id, Parameter parameter)
        external
        view
        returns (uint256 value, uint256 lowest, uint256 highest, uint256 notBefore);
}
