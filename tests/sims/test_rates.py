"""Do the curves charge what published markets charged, and compound as the chain does?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sims.rates import (
    YEAR_S,
    InputError,
    RateCurve,
    borrow_rate,
    equilibrium_utilization,
    growth,
    growth_error,
    supply_rate,
    utilization_at,
    utilization_sweep,
)


def curve(
    base: float = 0.0,
    kink: float = 0.92,
    slope1: float = 0.055,
    slope2: float = 0.10,
    reserve_factor: float = 0.10,
) -> RateCurve:
    """One reserve; USDC on Aave v3 core unless told otherwise."""
    values = (base, kink, slope1, slope2, reserve_factor)
    return RateCurve(*(np.array([value]) for value in values))


WETH = curve(slope1=0.025, slope2=0.08)
fractions = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("utilization", "expected"), [(0.46, 0.0125), (0.92, 0.025), (0.96, 0.065), (1.0, 0.105)]
)
def test_borrow_rate__V1_weth__matches(utilization: float, expected: float) -> None:
    assert borrow_rate(WETH, utilization) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("utilization", "expected"), [(0.92, 0.055), (0.95, 0.0925), (1.0, 0.155)])
def test_borrow_rate__V2_usdc__matches(utilization: float, expected: float) -> None:
    assert borrow_rate(curve(), utilization) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("utilization", "expected"), [(0.92, 0.04554), (0.95, 0.0790875), (1.0, 0.1395)]
)
def test_supply_rate__V2_usdc__matches(utilization: float, expected: float) -> None:
    assert supply_rate(curve(), utilization) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("rate", "expected"), [(0.1006, 0.9092), (0.105, 0.90975)])
def test_utilization_at__V3_eth_run_of_july_2025__was_not_full(
    rate: float, expected: float
) -> None:
    june = curve(kink=0.90, slope1=0.027, slope2=0.80)
    assert utilization_at(june, rate) == pytest.approx(expected, abs=1e-9)


def test_utilization_at__V3_later_curve__reads_higher() -> None:
    july = curve(kink=0.94, slope1=0.027, slope2=0.40)
    assert utilization_at(july, 0.105) == pytest.approx(0.9517, abs=1e-9)


@pytest.mark.parametrize("rate", [-0.01, 0.16])
def test_utilization_at__rate_never_charged__is_not_a_number(rate: float) -> None:
    assert np.isnan(utilization_at(curve(), rate)[0])


@given(fractions)
def test_utilization_at__any_utilization__inverts_the_curve(utilization: float) -> None:
    rate = borrow_rate(curve(base=0.01), utilization)
    assert utilization_at(curve(base=0.01), rate) == pytest.approx(utilization, abs=1e-9)


@pytest.mark.parametrize(("rate", "expected"), [(0.10, 1.1051666667), (1.00, 2.6666666667)])
def test_growth__V4_a_year__is_three_terms(rate: float, expected: float) -> None:
    assert 1.0 + growth(rate, YEAR_S) == pytest.approx(expected, abs=5e-11)


def test_growth_error__V4_a_year_at_10_percent__is_what_the_exponential_has_more() -> None:
    assert growth_error(0.10, YEAR_S) == pytest.approx(1.1051709181 - 1.1051666667, abs=1e-10)


@given(rate=st.floats(1e-3, 5.0), dt_s=st.floats(60.0, YEAR_S))
def test_growth_error__any_rate_and_time__is_positive_and_bounded(rate: float, dt_s: float) -> None:
    x = rate * dt_s / YEAR_S
    error = growth_error(rate, dt_s)
    assert -1e-15 <= error <= x**4 / 24.0 * np.exp(x) + 1e-15


def test_borrow_rate__above_full__is_that_of_full() -> None:
    assert borrow_rate(curve(), 1.7) == borrow_rate(curve(), 1.0)


def test_borrow_rate__kink_at_one__never_uses_the_second_slope() -> None:
    assert borrow_rate(curve(kink=1.0, slope2=9.0), 1.0) == pytest.approx(0.055)


@given(low=fractions, high=fractions)
def test_borrow_rate__more_utilization__is_never_cheaper(low: float, high: float) -> None:
    assume(low <= high)
    assert borrow_rate(curve(), low) <= borrow_rate(curve(), high)


@given(fractions)
def test_supply_rate__any_utilization__pays_out_what_borrowers_pay_less_the_factor(
    utilization: float,
) -> None:
    paid = borrow_rate(curve(), utilization) * utilization * 0.90
    assert supply_rate(curve(), utilization) == pytest.approx(float(paid[0]), abs=1e-15)


def test_utilization_sweep__two_reserves__has_a_column_each() -> None:
    both = RateCurve(
        base=np.zeros(2),
        kink=np.array([0.92, 0.92]),
        slope1=np.array([0.025, 0.055]),
        slope2=np.array([0.08, 0.10]),
        reserve_factor=np.array([0.15, 0.10]),
    )
    table = utilization_sweep(both, [0.0, 0.92, 1.0])
    np.testing.assert_allclose(table.borrow, [[0.0, 0.0], [0.025, 0.055], [0.105, 0.155]])
    np.testing.assert_allclose(table.supply[2], [0.08925, 0.1395])


def test_equilibrium__V25_elastic_both_sides__matches() -> None:
    usdc = curve()
    used = equilibrium_utilization(
        usdc, 0, supplied=lambda rate: 1000 + 5000 * rate, borrowed=lambda rate: 900 - 2000 * rate
    )
    assert used == pytest.approx(0.715768, abs=5e-7)
    assert borrow_rate(usdc, used)[0] == pytest.approx(0.04279046, abs=5e-9)
    assert 1000 + 5000 * supply_rate(usdc, used)[0] == pytest.approx(1137.826, abs=5e-4)
    assert 900 - 2000 * borrow_rate(usdc, used)[0] == pytest.approx(814.419, abs=5e-4)


@pytest.mark.parametrize(("borrowed", "expected"), [(5000.0, 1.0), (0.0, 0.0)])
def test_equilibrium__rates_cannot_balance__ends_full_or_empty(
    borrowed: float, expected: float
) -> None:
    used = equilibrium_utilization(
        curve(), 0, supplied=lambda _: 1000.0, borrowed=lambda _: borrowed
    )
    assert used == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kink": 0.0}, r"kink\[0\] is 0"),
        ({"kink": 1.01}, r"kink\[0\]"),
        ({"slope1": -0.01}, r"slope1\[0\]"),
        ({"reserve_factor": 1.1}, r"reserve_factor\[0\]"),
        ({"base": np.nan}, r"base\[0\] is not a number"),
    ],
)
def test_rate_curve__value_out_of_range__names_it(change: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        curve(**change)


def test_rate_curve__uneven_lengths__names_the_odd_one() -> None:
    with pytest.raises(InputError, match="slope2"):
        RateCurve(np.zeros(2), np.ones(2), np.zeros(2), np.zeros(3), np.zeros(2))
