"""The interest curves and their compounding, for every reserve at once.

Utilization U = debt / supply sets what borrowers pay a year:

    rate(U) = base + slope1 U / kink                                  up to the kink
    rate(U) = base + slope1 + slope2 (U - kink) / (1 - kink)          above it

Suppliers get rate(U) U (1 - reserve_factor). Interest over dt seconds compounds as
x + x^2/2 + x^3/6 with x = rate dt / year: the first three terms of e^x - 1, as on chain.

The adaptive curve has a state, its rate at target, which follows the distance d of U from a target:

    rate(U) = rate_at_target factor(d),      rate_at_target after dt = rate_at_target e^(speed d dt)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numba import njit, vectorize
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)

YEAR_S = 365 * 86_400
RATE_FIELDS = ("base", "kink", "slope1", "slope2", "reserve_factor")
ADAPTIVE_RANGES = {
    "target": (1e-9, 1.0 - 1e-9),
    "steepness": (1.0, 100.0),
    "speed": (1e-18, 1000.0),
    "min_rate": (1e-18, 20.0),
    "initial_rate": (1e-18, 20.0),
    "max_rate": (1e-18, 20.0),
}


class InputError(ValueError):
    """An input that cannot be simulated; the text says what is wrong, where and what to do."""


def as_row(name: str, values: ArrayLike, *, size: int | None = None) -> FloatArray:
    """A read-only copy of `values` as a vector of floats, of length `size` if given."""
    row = np.array(values, dtype=np.float64, ndmin=1)
    if row.ndim != 1 or (size is not None and row.size != size):
        wanted = "one dimension" if size is None else f"{size} values, one per reserve"
        raise InputError(f"{name} has shape {row.shape}; give it {wanted}.")
    if np.isnan(row).any():
        raise InputError(f"{name}[{int(np.isnan(row).argmax())}] is not a number; set it.")
    row.flags.writeable = False
    return row


def require_between(name: str, values: FloatArray, low: float, high: float) -> None:
    """Refuse values outside [low, high], naming the first."""
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        at = int(bad[0])
        raise InputError(f"{name}[{at}] is {values[at]:g}; keep it between {low:g} and {high:g}.")


def elementwise(rule: Callable[..., float], *, arguments: int) -> Callable[..., FloatArray]:
    """The scalar `rule` for whole arrays, compiled, with NumPy's broadcasting."""
    make: Any = vectorize
    kinds = ",".join(["float64"] * arguments)
    compiled: Callable[..., FloatArray] = make([f"float64({kinds})"], cache=True)(rule)
    return compiled


@dataclass(frozen=True)
class RateCurve:
    """The curves of R reserves.

    Attributes
    ----------
    base, slope1, slope2 : (R,) annual fractions (0.055 is 5.5 % a year).
    kink : (R,) utilization where the second slope starts, in (0, 1].
    reserve_factor : (R,) share of the interest that the protocol keeps, in [0, 1].
    """

    base: FloatArray
    kink: FloatArray
    slope1: FloatArray
    slope2: FloatArray
    reserve_factor: FloatArray

    def __post_init__(self) -> None:
        size = np.atleast_1d(self.base).size
        for name in RATE_FIELDS:
            row = as_row(name, getattr(self, name), size=size)
            lowest = 1e-9 if name == "kink" else 0.0
            highest = 1.0 if name in ("kink", "reserve_factor") else 1000.0
            require_between(name, row, lowest, highest)
            object.__setattr__(self, name, row)

    @property
    def reserves(self) -> int:
        """How many reserves the curves are for."""
        return self.base.size


def _annual_rate(
    utilization: float, base: float, kink: float, slope1: float, slope2: float
) -> float:
    if utilization <= kink:
        return base + slope1 * utilization / kink
    return base + slope1 + slope2 * (utilization - kink) / (1.0 - kink)


annual_rate = njit(cache=True)(_annual_rate)
"""One reserve's rate as a scalar, for compiled loops; utilization must be in [0, 1]."""

_annual_rates = elementwise(_annual_rate, arguments=5)


def borrow_rate(curve: RateCurve, utilization: ArrayLike) -> FloatArray:
    """What borrowers pay a year.

    Parameters
    ----------
    curve : the curves of R reserves.
    utilization : (..., R) or scalar; clamped to [0, 1], as the pool does.

    Returns
    -------
    (..., R) annual fractions.
    """
    used = np.clip(np.asarray(utilization, dtype=np.float64), 0.0, 1.0)
    return _annual_rates(used, curve.base, curve.kink, curve.slope1, curve.slope2)


def supply_rate(curve: RateCurve, utilization: ArrayLike) -> FloatArray:
    """What suppliers get a year: the borrowers' interest less the reserve factor, per unit."""
    used = np.clip(np.asarray(utilization, dtype=np.float64), 0.0, 1.0)
    return borrow_rate(curve, used) * used * (1.0 - curve.reserve_factor)


def utilization_at(curve: RateCurve, rate: ArrayLike) -> FloatArray:
    """The utilization at which borrowers pay `rate`: the curve read backwards.

    Parameters
    ----------
    rate : (R,) or scalar, annual.

    Returns
    -------
    (R,) utilization in [0, 1]; NaN where the curve never charges that rate.
    """
    wanted = np.broadcast_to(np.asarray(rate, dtype=np.float64), curve.base.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (wanted - curve.base) / curve.slope1 * curve.kink
        above = curve.kink + (wanted - curve.base - curve.slope1) / curve.slope2 * (
            1.0 - curve.kink
        )
        answer = np.where(wanted <= curve.base + curve.slope1, below, above)
    return np.where((answer >= 0.0) & (answer <= 1.0), answer, np.nan)


@dataclass(frozen=True)
class AdaptiveRates:
    """The adaptive curves of R reserves; `sims.adaptive` has the same in integers.

    Attributes
    ----------
    target : (R,) utilization, inside (0, 1).
    steepness : (R,) rate at full use over rate at target, and the latter over the rate at no use.
    speed : (R,) a year; after a year at full use the rate at target is e^speed as high.
    min_rate, initial_rate, max_rate : (R,) at target, annual fractions.
    """

    target: FloatArray
    steepness: FloatArray
    speed: FloatArray
    min_rate: FloatArray
    initial_rate: FloatArray
    max_rate: FloatArray

    def __post_init__(self) -> None:
        size = np.atleast_1d(self.target).size
        for name, (lowest, highest) in ADAPTIVE_RANGES.items():
            row = as_row(name, getattr(self, name), size=size)
            require_between(name, row, lowest, highest)
            object.__setattr__(self, name, row)
        for low, high in (("min_rate", "initial_rate"), ("initial_rate", "max_rate")):
            bad = np.flatnonzero(getattr(self, low) > getattr(self, high))
            if bad.size:
                raise InputError(f"{low}[{int(bad[0])}] is above {high}; order the rates.")
        dear = np.flatnonzero(self.max_rate * self.steepness > 20.0 * (1.0 + 1e-12))
        if dear.size:
            at = int(dear[0])
            raise InputError(f"max_rate[{at}] times steepness is above 20; no pool charges that.")

    @property
    def reserves(self) -> int:
        """How many reserves the curves are for."""
        return self.target.size


def adapt(
    curve: AdaptiveRates, rate_at_target: ArrayLike, utilization: ArrayLike, dt_s: float
) -> tuple[FloatArray, FloatArray]:
    """What borrowers pay over an interval, and the rate at target when it is over.

    Parameters
    ----------
    curve : the curves of R reserves.
    rate_at_target : (..., R) or scalar, annual; cut to the bounds.
    utilization : (..., R) or scalar; clamped to [0, 1], as the pool does.
    dt_s : length of the interval; zero gives the rate of the moment.

    Returns
    -------
    borrow_rate : (..., R) annual fractions, the mean over the interval in closed form.
    rate_at_target : (..., R) annual fractions.
    """
    used = np.clip(np.asarray(utilization, dtype=np.float64), 0.0, 1.0)
    side = np.where(used >= curve.target, 1.0 - curve.target, curve.target)
    distance = (used - curve.target) / side
    steep = np.where(distance >= 0.0, curve.steepness - 1.0, 1.0 - 1.0 / curve.steepness)

    # In logarithms the rate at target moves in a straight line until it rests at a bound.
    start = np.clip(np.asarray(rate_at_target, dtype=np.float64), curve.min_rate, curve.max_rate)
    drift = curve.speed * distance * (dt_s / YEAR_S)
    after = start * np.exp(np.clip(drift, -50.0, 50.0))
    end = np.clip(after, curve.min_rate, curve.max_rate)
    moved = np.where(after == end, drift, np.log(end / start))
    with np.errstate(divide="ignore", invalid="ignore"):
        moving = start * np.where(moved == 0.0, 1.0, np.expm1(moved) / moved)
        share = np.where(drift == 0.0, 1.0, moved / drift)
    mean = moving * share + end * (1.0 - share)
    return np.asarray(mean * (1.0 + steep * distance)), np.asarray(end)


def _growth(x: Number) -> Number:
    grown: Number = x + x * x / 2.0 + x * x * x / 6.0
    return grown


growth_of = njit(cache=True)(_growth)
"""Growth for one exponent x, for compiled loops."""


def growth(rate: ArrayLike, dt_s: float) -> FloatArray:
    """Interest on one unit of debt over `dt_s` seconds at the annual `rate`, as on chain."""
    x = np.asarray(rate, dtype=np.float64) * (dt_s / YEAR_S)
    return np.asarray(_growth(x), dtype=np.float64)


def growth_error(rate: ArrayLike, dt_s: float) -> FloatArray:
    """How far `growth` falls short of e^x - 1: never negative, below x^4/24 e^x."""
    x = np.asarray(rate, dtype=np.float64) * (dt_s / YEAR_S)
    return np.asarray(np.expm1(x) - growth(rate, dt_s))


@dataclass(frozen=True)
class RateTable:
    """Rates over a grid of utilizations.

    Attributes
    ----------
    utilization : (U,) fractions.
    borrow, supply : (U, R) annual fractions.
    """

    utilization: FloatArray
    borrow: FloatArray
    supply: FloatArray


def utilization_sweep(curve: RateCurve, grid: ArrayLike) -> RateTable:
    """Both rates of every reserve at every utilization of `grid` (U,)."""
    used = np.asarray(grid, dtype=np.float64)
    return RateTable(
        utilization=used,
        borrow=borrow_rate(curve, used[:, None]),
        supply=supply_rate(curve, used[:, None]),
    )


def equilibrium_utilization(
    curve: RateCurve,
    reserve: int,
    *,
    supplied: Callable[[float], float],
    borrowed: Callable[[float], float],
) -> float:
    """The utilization that suppliers and borrowers who answer to rates settle on.

    Parameters
    ----------
    reserve : which reserve's curve.
    supplied : tokens supplied, as a non-decreasing function of the annual supply rate.
    borrowed : tokens borrowed, as a non-increasing function of the annual borrow rate.

    Returns
    -------
    U with U = borrowed(rate(U)) / supplied(supply_rate(U)); one if even a full pool does not clear.
    """

    def excess(used: float) -> float:
        at_rate = float(borrow_rate(curve, used)[reserve])
        earned = float(supply_rate(curve, used)[reserve])
        return borrowed(at_rate) - used * supplied(earned)

    if excess(1.0) >= 0.0:
        return 1.0
    if excess(0.0) <= 0.0:
        return 0.0
    return float(brentq(excess, 0.0, 1.0, xtol=1e-14))
