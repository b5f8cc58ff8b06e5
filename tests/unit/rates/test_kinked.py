"""The two-slope curve: known points of real markets, and one answer from library and contract.

annual(U) = base + slope1 * U / kink                             up to the kink
annual(U) = base + slope1 + slope2 * (U - kink) / (1 - kink)     above it
"""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import WAD, YEAR_S
from tests._revm import Reverted

WETH_CORE = (0, 92, 25, 8)  # 2.5 % up to 92 %, 8 % above
USDC_CORE = (0, 92, 55, 10)  # 5.5 % up to 92 %, 10 % above

CURVES = st.tuples(
    st.integers(0, 1_023), st.integers(1, 100), st.integers(0, 1_023), st.integers(0, 1_023)
)
QUICK = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def libraries(machine):
    return machine.deploy("MockLibraries")


@pytest.mark.parametrize(
    ("curve", "utilization", "annual"),
    [
        (WETH_CORE, 0, 0),
        (WETH_CORE, 0.46, 0.0125),
        (WETH_CORE, 0.92, 0.025),
        (WETH_CORE, 0.96, 0.065),
        (WETH_CORE, 1, 0.105),
        (USDC_CORE, 0.92, 0.055),
        (USDC_CORE, 0.95, 0.0925),
        (USDC_CORE, 1, 0.155),
    ],
)
def test_curve__known_points__are_met(libraries, curve, utilization, annual):
    rate = libraries.curveRate(curve, round(utilization * 100) * WAD // 100)
    assert rate * YEAR_S == pytest.approx(annual * WAD, abs=YEAR_S)


@QUICK
@given(curve=CURVES, u=st.integers(0, WAD))
def test_curve__any__is_the_formula_rounded_down(libraries, curve, u):
    base, kink, slope1, slope2 = curve
    k = kink * 10**16
    annual = base * 10**14
    if u <= k:
        annual += slope1 * 10**15 * u // k
    else:
        annual += slope1 * 10**15 + slope2 * 10**16 * (u - k) // (WAD - k)
    assert libraries.curveRate(curve, u) == annual // YEAR_S


@QUICK
@given(curve=CURVES, u=st.integers(0, WAD), more=st.integers(0, WAD))
def test_curve__higher_utilization__never_costs_less(libraries, curve, u, more):
    assert libraries.curveRate(curve, max(u, more)) >= libraries.curveRate(curve, min(u, more))


@QUICK
@given(curve=CURVES)
def test_curve__packed__unpacks_to_itself(libraries, curve):
    assert libraries.repackCurve(curve) == curve


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(curve=CURVES, u=st.integers(0, WAD), elapsed=st.integers(0, YEAR_S))
def test_model__any__answers_like_the_library(machine, libraries, curve, u, elapsed):
    model = machine.deploy("KinkedRateModel", curve)
    assert model.borrowRate(model.address, 0, u, elapsed) == libraries.curveRate(curve, u)


@pytest.mark.parametrize(
    "curve", [(1_024, 50, 0, 0), (0, 0, 0, 0), (0, 101, 0, 0), (0, 50, 1_024, 0), (0, 50, 0, 1_024)]
)
def test_model__curve_out_of_range__refused(machine, curve):
    with pytest.raises(Reverted) as refusal:
        machine.deploy("KinkedRateModel", curve)
    assert (refusal.value.name, refusal.value.arguments) == ("InvalidCurve", curve)


@pytest.mark.parametrize("curve", [(1_023, 100, 1_023, 1_023), (0, 1, 0, 0)])
def test_model__curve_at_the_edge_of_its_range__accepted(machine, curve):
    base, kink, slope1, slope2 = curve
    packed = base | kink << 10 | slope1 << 17 | slope2 << 27
    assert machine.deploy("KinkedRateModel", curve).curve() == packed


# ------------------------------------------------------------------------------- compounding


@pytest.mark.parametrize(("annual", "growth"), [(0.1, 0.1051666667), (1, 1.6666666667)])
def test_growth__of_a_year__is_three_terms_of_the_series(libraries, annual, growth):
    rate = int(annual * WAD) // YEAR_S
    assert libraries.growth(rate, YEAR_S) == pytest.approx(growth * WAD, rel=1e-9)


@QUICK
@given(annual=st.floats(0, 11), elapsed=st.integers(0, YEAR_S))
def test_growth__any__misses_the_exponential_from_below_by_less_than_stated(
    libraries, annual, elapsed
):
    """By less than x^4 / 24 * e^x."""
    rate = int(annual * WAD) // YEAR_S
    x = rate * elapsed / WAD
    growth = libraries.growth(rate, elapsed) / WAD
    slack = 1e-12 * max(1.0, math.exp(x))  # of floating point
    missed = math.expm1(x) - growth
    assert -slack <= missed <= x**4 / 24 * math.exp(x) + slack


def test_growth__no_time__is_nothing(libraries):
    assert libraries.growth(10**12, 0) == 0
