"""Compounding against the exact exponential, in 60 digits.

growth(rate, t) = x + x^2/2 + x^3/6 with x = rate * t: below e^x - 1, by less than x^4 / 24 * e^x.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import WAD, YEAR_S

MAX_RATE = 20 * WAD // YEAR_S
HOUR_S = 3_600

MANY = settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def libraries(machine):
    return machine.deploy("MockLibraries")


def missed(libraries, rate: int, elapsed: int) -> tuple[Decimal, Decimal, Decimal]:
    """What growth is short of e^x - 1, what it may be short of, and what its own rounding may add."""
    with localcontext(prec=60):
        x = Decimal(rate * elapsed) / WAD
        short = x.exp() - 1 - Decimal(libraries.growth(rate, elapsed)) / WAD
        # Two terms are rounded down, and the loss of the second is in the third as well, times x / 3.
        return short, x**4 / 24 * x.exp(), (2 + x / 3) / WAD


def annual(per_cent: int) -> int:
    """Per second in WAD."""
    return per_cent * WAD // 100 // YEAR_S


@pytest.mark.parametrize(("per_cent", "grown"), [(10, 0.1051666667), (100, 1.6666666667)])
def test_growth__V4_a_year__is_three_terms(libraries, per_cent, grown):
    assert libraries.growth(annual(per_cent), YEAR_S) == pytest.approx(grown * WAD, rel=1e-9)


def test_growth__V4_a_year_at_10_percent__misses_what_the_exponential_has_more(libraries):
    short, _, _ = missed(libraries, annual(10), YEAR_S)
    assert float(short) == pytest.approx(1.1051709181 - 1.1051666667, abs=1e-10)


@MANY
@given(rate=st.integers(0, MAX_RATE), elapsed=st.integers(0, YEAR_S))
def test_growth__any_rate_and_time__misses_the_exponential_by_less_than_stated(
    libraries, rate, elapsed
):
    short, stated, rounding = missed(libraries, rate, elapsed)
    assert 0 <= short <= stated + rounding


@MANY
@given(per_cent=st.integers(1, 2_000), elapsed=st.integers(1, 10 * 86_400))
def test_growth__time_between_visits__misses_the_exponential_by_less_than_stated(
    libraries, per_cent, elapsed
):
    short, stated, rounding = missed(libraries, annual(per_cent), elapsed)
    assert 0 <= short <= stated + rounding


@MANY
@given(per_cent=st.integers(10, 200))
def test_growth__a_year__misses_the_exponential_by_more_than_a_tenth_of_what_is_stated(
    libraries, per_cent
):
    """The bound is not a generous one: a tenth of it would be wrong."""
    short, stated, rounding = missed(libraries, annual(per_cent), YEAR_S)
    assert short > stated / 10 + rounding


@pytest.mark.parametrize(
    ("per_cent", "elapsed", "stated"),
    [(10, YEAR_S, Decimal("4.3e-6")), (100, HOUR_S, Decimal("1e-17"))],
)
def test_growth__named_examples__are_as_stated(libraries, per_cent, elapsed, stated):
    short, _, rounding = missed(libraries, annual(per_cent), elapsed)
    assert stated / 4 < short <= stated + rounding
