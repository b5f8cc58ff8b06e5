"""The adaptive rate curve in integers, wei for wei as `contracts/rates/AdaptiveCurve.sol`.

While utilization is above its target the whole curve rises, below it sinks:

    rate(U) = rate_at_target * factor(d),    rate_at_target after t = rate_at_target * e^(speed d t)

with d the distance of U from its target, -1 to 1. The state is the logarithm of the rate at target
over its initial value: it moves in a straight line between two bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WAD = 10**18
YEAR_S = 365 * 86_400

LEVEL = WAD * WAD * YEAR_S
ONE = 10**27
PER_LEVEL = LEVEL // ONE
PER_WAD = ONE // WAD
LN_2 = 693147180559945309417232121
MAX_ELAPSED_S = 2**64 - 1

MAX_STEEPNESS = 100 * WAD
MAX_SPEED = 1_000 * WAD
MAX_CHARGE = 20 * WAD


def exponential(x: int) -> tuple[int, int]:
    """e^x and (e^x - 1) / x, which is its mean between zero and x.

    Parameters
    ----------
    x : scaled by `ONE`, 0 to 47.

    Returns
    -------
    Both scaled by `ONE`, each within 1e-25 of itself.
    """
    k, r = divmod(x, LN_2)
    mean, term, n = 0, ONE, 2
    while term:
        mean += term
        term = term * r // (n * ONE)
        n += 1
    grown = ONE + r * mean // ONE << k
    if k:
        mean = (grown - ONE) * ONE // x
    return grown, mean


def level_of(rate: int, smaller: int) -> int:
    """ln(rate / smaller) scaled by `LEVEL`, by Newton's method; `smaller` is not above `rate`."""
    x = rate * ONE // smaller
    y, m = 0, x
    while m >= 2 * ONE:
        y += LN_2
        m //= 2
    y += m - ONE
    for _ in range(6):
        grown, _mean = exponential(y)
        y += x * ONE // grown - ONE
    return y * PER_LEVEL


@dataclass
class AdaptiveCurve:
    """One reserve's curve and where it stands.

    Attributes
    ----------
    target : utilization in WAD, between zero and one, both excluded.
    steepness : WAD; the rate at full use over the rate at target, and the latter over that at no use.
    speed : WAD a year.
    initial_rate, min_rate, max_rate : at target, a year in WAD.
    level : ln(rate at target / initial_rate), scaled by `LEVEL`.
    """

    target: int
    steepness: int
    speed: int
    initial_rate: int
    min_rate: int
    max_rate: int
    level: int = 0
    lowest: int = field(init=False)
    highest: int = field(init=False)

    def __post_init__(self) -> None:
        if not 0 < self.target < WAD:
            raise ValueError(f"target is {self.target}; keep it inside 0 and {WAD}.")
        if not WAD <= self.steepness <= MAX_STEEPNESS:
            raise ValueError(f"steepness is {self.steepness}; keep it in {WAD} to {MAX_STEEPNESS}.")
        if not 0 < self.speed <= MAX_SPEED:
            raise ValueError(f"speed is {self.speed}; keep it above 0 and up to {MAX_SPEED}.")
        most = MAX_CHARGE * WAD // self.steepness
        if not 0 < self.min_rate <= self.initial_rate <= self.max_rate <= most:
            rates = (self.min_rate, self.initial_rate, self.max_rate)
            raise ValueError(f"rates are {rates}; they must rise from above 0 up to {most}.")
        self.lowest = -level_of(self.initial_rate, self.min_rate)
        self.highest = level_of(self.max_rate, self.initial_rate)

    # ------------------------------------------------------------------ as the contract answers

    def borrow_rate(self, utilization: int, elapsed_s: int) -> int:
        """The rate per second in WAD over the `elapsed_s` seconds to come, rounded down."""
        d = self.distance(utilization)
        return self._mean_rate_at_target(d, elapsed_s) * self.factor(d) // WAD // (PER_WAD * YEAR_S)

    def accrued(self, utilization: int, elapsed_s: int) -> None:
        """Moves the level over an interval."""
        self.level = self._hold(self.level + self._drift(self.distance(utilization), elapsed_s))

    def rate_at_target(self) -> int:
        """A year in WAD, rounded to the nearest."""
        return (self._rate_at_target(self.level) + PER_WAD // 2) // PER_WAD

    # ------------------------------------------------------------------ what it is made of

    def distance(self, utilization: int) -> int:
        """Of utilization from its target in WAD, -1 to 1, rounded towards zero."""
        if utilization >= WAD:
            return WAD
        if utilization >= self.target:
            return (utilization - self.target) * WAD // (WAD - self.target)
        return -((self.target - utilization) * WAD // self.target)

    def factor(self, d: int) -> int:
        """The rate at a distance over the rate at target, in WAD, rounded towards one."""
        if d >= 0:
            return WAD + (self.steepness - WAD) * d // WAD
        return WAD - (WAD - WAD * WAD // self.steepness) * -d // WAD

    def _mean_rate_at_target(self, d: int, elapsed_s: int) -> int:
        drift = self._drift(d, elapsed_s)
        end = self._hold(self.level + drift)
        if drift == 0:
            return self._rate_at_target(self.level)
        moved, total = abs(end - self.level), abs(drift)
        grown, mean = exponential(moved // PER_LEVEL)
        mean = self._rate_at_target(max(self.level, end)) * mean // grown
        if moved == total:
            return mean
        share = moved * ONE // total
        return (mean * share + self._rate_at_target(end) * (ONE - share)) // ONE

    def _drift(self, d: int, elapsed_s: int) -> int:
        return self.speed * min(elapsed_s, MAX_ELAPSED_S) * d

    def _hold(self, level: int) -> int:
        return min(max(level, self.lowest), self.highest)

    def _rate_at_target(self, level: int) -> int:
        grown, _ = exponential(abs(level) // PER_LEVEL)
        scaled = self.initial_rate * PER_WAD
        return scaled * ONE // grown if level < 0 else scaled * grown // ONE
