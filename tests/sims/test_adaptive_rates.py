"""The adaptive curve: integers against the exact functions, floats against the integers."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.adaptive import LEVEL, ONE, WAD, AdaptiveCurve, exponential, level_of
from sims.rates import YEAR_S, AdaptiveRates, InputError, adapt

TARGET, STEEPNESS, SPEED, INITIAL, LOWEST, HIGHEST = 0.9, 4.0, 50.0, 0.04, 0.001, 2.0
GOOD = {
    "target": TARGET,
    "steepness": STEEPNESS,
    "speed": SPEED,
    "initial_rate": INITIAL,
    "min_rate": LOWEST,
    "max_rate": HIGHEST,
}


def rates(**changes: float) -> AdaptiveRates:
    """One reserve's curve in floats."""
    return AdaptiveRates(**{k: np.array([v]) for k, v in (GOOD | changes).items()})


def integers(**changes: int) -> AdaptiveCurve:
    """The same in integers."""
    return AdaptiveCurve(**({k: round(v * 10**6) * 10**12 for k, v in GOOD.items()} | changes))


wads = st.integers(0, WAD)
years = st.integers(0, 5 * YEAR_S)

# -------------------------------------------------------------------------------- the exponential


@given(st.integers(1, 47 * ONE) | st.integers(1, ONE) | st.integers(0, 89).map(lambda n: 2**n))
def test_exponential__any__is_within_the_stated_error(x: int) -> None:
    with localcontext(prec=80):
        exact = (Decimal(x) / ONE).exp()
        for got, wanted in zip(exponential(x), (exact, (exact - 1) * ONE / x), strict=True):
            assert abs(Decimal(got) / ONE / wanted - 1) < Decimal("1e-25")


def test_exponential__of_zero__is_one_and_so_is_its_mean() -> None:
    assert exponential(0) == (ONE, ONE)


@given(st.integers(1, 20 * WAD), st.integers(1, 20 * WAD))
def test_level_of__any_two_rates__is_the_logarithm(a: int, b: int) -> None:
    low, high = min(a, b), max(a, b)
    with localcontext(prec=80):
        exact = (Decimal(high) / low).ln()
        assert abs(Decimal(level_of(high, low)) / LEVEL - exact) < Decimal("1e-25")


# ------------------------------------------------------------------------------------- the curve


@pytest.mark.parametrize(
    ("utilization", "annual"),
    [(0.0, 0.01), (0.45, 0.025), (0.9, 0.04), (0.95, 0.10), (1.0, 0.16), (1.7, 0.16)],
)
def test_adapt__at_this_moment__is_the_curve(utilization: float, annual: float) -> None:
    borrow, after = adapt(rates(), INITIAL, utilization, 0.0)
    assert borrow == pytest.approx(annual, abs=1e-15)
    assert after == pytest.approx(INITIAL, abs=1e-15)


@given(used=wads, target=st.integers(1, WAD - 1), steepness=st.integers(WAD, 100 * WAD))
def test_factor__any_utilization__is_the_formula_rounded(
    used: int, target: int, steepness: int
) -> None:
    curve = integers(target=target, steepness=steepness, max_rate=WAD // 5)
    above = used >= target
    d = Fraction(used - target, WAD - target if above else target)
    slope = Fraction(steepness, WAD) - 1 if above else 1 - Fraction(WAD, steepness)

    got = curve.distance(used)

    assert abs(got - d * WAD) < 1
    assert abs(curve.factor(got) - (1 + slope * d) * WAD) < 2 + slope


@pytest.mark.parametrize(
    ("utilization", "expected"),
    # Days at full use and at none, and at the target.
    [(1.0, 0.04 * math.exp(50 * 10 / 365)), (0.0, 0.04 * math.exp(-50 * 10 / 365)), (0.9, 0.04)],
)
def test_adapt__ten_days__moves_the_rate_at_target(utilization: float, expected: float) -> None:
    _, after = adapt(rates(), INITIAL, utilization, 10 * 86_400.0)
    assert after == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("utilization", "bound"), [(1.0, HIGHEST), (0.0, LOWEST)])
def test_adapt__years__end_at_the_bounds(utilization: float, bound: float) -> None:
    _, after = adapt(rates(), INITIAL, utilization, 100.0 * YEAR_S)
    assert after == bound


# ---------------------------------------------------------------------------- floats and integers


@given(before=st.tuples(wads, years), used=wads, elapsed=years)
def test_adapt__any_interval__is_what_the_integers_say(
    before: tuple[int, int], used: int, elapsed: int
) -> None:
    exact = integers()
    exact.accrued(*before)
    start = exact.rate_at_target() / WAD
    charged = exact.borrow_rate(used, elapsed) * YEAR_S / WAD
    exact.accrued(used, elapsed)

    borrow, after = adapt(rates(), start, used / WAD, float(elapsed))

    # The integers are cut at a wei a second.
    assert charged <= borrow + 1e-12 and borrow <= charged + YEAR_S / WAD + 1e-12  # noqa: PT018
    assert after == pytest.approx(exact.rate_at_target() / WAD, rel=1e-11)


@given(used=wads, elapsed=st.integers(1, 5 * YEAR_S), cut=st.floats(0.0, 1.0))
def test_adapt__interval_cut_in_two__costs_the_same(used: int, elapsed: int, cut: float) -> None:
    first_s, utilization = elapsed * cut, used / WAD
    whole, end = adapt(rates(), INITIAL, utilization, float(elapsed))

    first, middle = adapt(rates(), INITIAL, utilization, first_s)
    second, end_of_two = adapt(rates(), middle, utilization, elapsed - first_s)

    assert first * cut + second * (1.0 - cut) == pytest.approx(whole, rel=1e-10)
    assert end_of_two == pytest.approx(end, rel=1e-10)


def test_adapt__paths_by_reserves__keeps_the_shape() -> None:
    both = AdaptiveRates(**{k: np.array([v, v]) for k, v in GOOD.items()})
    borrow, after = adapt(both, np.full((3, 2), INITIAL), np.array([[0.0], [0.9], [1.0]]), 3_600.0)
    assert borrow.shape == after.shape == (3, 2)
    assert both.reserves == 2
    assert (np.diff(borrow[:, 0]) > 0.0).all()


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": 0.0}, r"target\[0\] is 0"),
        ({"target": 1.0}, r"target\[0\] is 1"),
        ({"steepness": 0.99}, r"steepness\[0\]"),
        ({"speed": 0.0}, r"speed\[0\]"),
        ({"min_rate": 0.0}, r"min_rate\[0\]"),
        ({"min_rate": 0.05}, r"min_rate\[0\] is above initial_rate"),
        ({"initial_rate": 3.0}, r"initial_rate\[0\] is above max_rate"),
        ({"max_rate": 5.1}, r"max_rate\[0\] times steepness"),
    ],
)
def test_adaptive_rates__value_out_of_range__names_it(change: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        rates(**change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": WAD}, "target is"),
        ({"steepness": WAD - 1}, "steepness is"),
        ({"speed": 0}, "speed is"),
        ({"min_rate": 0}, "rates are"),
        ({"max_rate": 6 * WAD}, "rates are"),
    ],
)
def test_adaptive_curve__value_out_of_range__names_it(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        integers(**change)
