"""The target-health rule: library, contract and exact fractions agree."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests._cast import WAD, ZERO
from tests._rule import Case, Rule

QUICK = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
BPS = WAD // 10_000
TARGET, FULL, DUST = 10_500 * BPS, 9_000 * BPS, 1_000 * WAD
TERMS = (TARGET, FULL, DUST)


def of_anybody(case):
    """The struct: the rule does not look at whose account it is."""
    return (ZERO, *case)


@st.composite
def cases(draw, health_percent: int = 0):
    """Unhealthy accounts of up to a billion, with several debts and collaterals."""
    threshold = draw(st.integers(100, 9_500))
    cap = draw(st.integers(0, min(10_000, 10**8 // threshold - 10_000 - 1)))
    floor = draw(st.integers(0, cap))
    debt = draw(st.integers(WAD, 10**9 * WAD))
    limit = draw(st.integers(-(-debt * health_percent // 100), max(debt - 1, 0)))
    debt_side = draw(st.integers(1, debt))
    collateral_side = draw(st.integers(0, limit * 10_000 // threshold))
    values = (debt, limit, debt_side, collateral_side)
    return (*values, threshold * BPS, floor * BPS, cap * BPS)


@pytest.fixture
def libraries(machine):
    return machine.deploy("MockLibraries")


@pytest.fixture
def model(machine):
    return machine.deploy("TargetHealthModel")


@QUICK
@given(case=cases())
def test_model__any_case__answers_like_the_library(libraries, model, case):
    assert model.size(of_anybody(case), TERMS) == libraries.targetHealth(of_anybody(case), TERMS)


@QUICK
@given(case=cases())
def test_size__any_case__is_the_rule_in_fractions(libraries, case):
    wad = [Fraction(v, WAD) for v in case]
    rule = Rule()
    repay, bonus = rule.size(Case(*wad))
    # Where a rounding decides between two branches, either is right.
    most = min(wad[2], wad[3] / (1 + bonus))
    left = [wad[2] - repay, wad[3] - repay * (1 + bonus)]
    near = any(abs(rest - rule.dust) < Fraction(1, 10**6) for rest in left)
    assume(not near or repay == most)

    got_repay, got_bonus = libraries.targetHealth(of_anybody(case), TERMS)

    # A wei of health moves the bonus by at most ten.
    assert abs(Fraction(got_bonus, WAD) - bonus) <= Fraction(11, WAD)
    assert float(Fraction(got_repay, WAD)) == pytest.approx(float(repay), rel=1e-9, abs=1e-9)


@QUICK
@given(case=cases())
def test_size__any_case__never_exceeds_debt_collateral_or_cap(libraries, case):
    _, _, debt_side, collateral_side, _, floor, cap = case

    repay, bonus = libraries.targetHealth(of_anybody(case), TERMS)

    assert floor <= bonus <= cap
    assert repay <= debt_side
    assert repay * (WAD + bonus) // WAD <= collateral_side


@QUICK
@given(case=cases(health_percent=90))
def test_size__above_the_hard_floor__restores_the_target_or_takes_all_it_can(libraries, case):
    debt, limit, debt_side, collateral_side, threshold, *_ = (Fraction(v, WAD) for v in case)

    repay, bonus = (Fraction(v, WAD) for v in libraries.targetHealth(of_anybody(case), TERMS))

    all_debt = repay == debt_side
    all_collateral = collateral_side - repay * (1 + bonus) < Fraction(1, 10**9)
    if not (all_debt or all_collateral):
        health = (limit - repay * (1 + bonus) * threshold) / (debt - repay)
        assert float(health) >= 1.05 - 1e-9


@pytest.mark.parametrize(
    ("health_bps", "bonus_bps"), [(9_999.99, 250), (9_750, 312.5), (9_500, 375), (9_000, 500)]
)
def test_size__falling_health__raises_the_bonus_in_a_line(libraries, health_bps, bonus_bps):
    debt = 10**6 * WAD
    limit = round(debt * health_bps / 10_000)
    case = (debt, limit, debt, 2 * debt, 5_000 * BPS, 250 * BPS, 500 * BPS)

    _, bonus = libraries.targetHealth(of_anybody(case), TERMS)

    assert bonus == pytest.approx(bonus_bps * BPS, rel=1e-4)


@pytest.mark.parametrize(("health_bps", "everything"), [(9_000, False), (8_999, True)])
def test_size__at_the_hard_floor__takes_everything_only_below_it(libraries, health_bps, everything):
    debt = 10**6 * WAD
    case = (debt, debt * health_bps // 10_000, debt, 2 * debt, 4_500 * BPS, 0, 500 * BPS)

    repay, _ = libraries.targetHealth(of_anybody(case), TERMS)

    assert (repay == debt) is everything


@pytest.mark.parametrize(("extra", "everything"), [(-1, True), (1, False)])
def test_size__debt_left_around_dust__extends_only_below_it(libraries, extra, everything):
    """Health 0.95 needs a repayment of 100,000 / (1.05 - 0.45) of a million, whatever the side."""
    debt = 10**6 * WAD
    case = (debt, debt * 95 // 100, 0, 2 * debt, 4_500 * BPS, 0, 0)
    needed = -(-100_000 * WAD * 100 // 60)
    side = needed + DUST + extra * WAD

    repay, _ = libraries.targetHealth(of_anybody((*case[:2], side, *case[3:])), TERMS)

    assert (repay == side) is everything
    assert repay == pytest.approx(side if everything else needed, rel=1e-12)
