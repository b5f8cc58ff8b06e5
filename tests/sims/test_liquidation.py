"""Is the size of a liquidation the right one, and does liquidating help?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sims.liquidation import (
    LiquidationTerms,
    bonus_at,
    bonus_of,
    drop_to_bad_debt,
    health_after,
    rank_pairs,
    repay_value,
    repay_value_of,
    shortfall,
    toxic_ltv,
)
from sims.rates import InputError
from tests.sims._pools import PARAMS

TERMS = LiquidationTerms()
NO_DUST = LiquidationTerms(dust=0.0)
AAVE = {"threshold": 0.83, "bonus": 0.05}

values = st.floats(2_000.0, 1e8)
healths = st.floats(0.05, 0.9999)
thresholds = st.floats(0.3, 0.93)
bonuses = st.floats(0.0, 0.06)


# ---------------------------------------------------------------- published figures


@pytest.mark.parametrize(
    ("bonus", "expected"),
    [(0.045, 0.956938), (0.05, 0.952381), (0.06, 0.943396), (0.075, 0.930233), (0.10, 0.909091)],
)
def test_toxic_ltv__V7__matches(bonus: float, expected: float) -> None:
    assert toxic_ltv(bonus) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("debt", "ltv"), [(96.0, 0.963082), (95.0, 0.943162)])
def test_health_after__V8_half_repaid__gives_the_published_ltv(debt: float, ltv: float) -> None:
    # With a threshold of one, health is the inverse of the debt-to-collateral ratio.
    after = health_after(debt, limit=100.0, repaid=debt / 2, bonus=0.045, threshold=1.0)
    assert 1.0 / after == pytest.approx(ltv, abs=5e-7)


@pytest.mark.parametrize(("debt", "worsens"), [(96.0, True), (95.0, False)])
def test_health_after__V8_either_side_of_the_toxic_ltv__turns(debt: float, worsens: bool) -> None:
    after = health_after(debt, limit=100.0, repaid=debt / 2, bonus=0.045, threshold=1.0)
    assert (after < 100.0 / debt) == worsens == (debt / 100.0 > toxic_ltv(0.045))


def test_repay_value__V13_underwater__takes_all_and_leaves_the_deficit() -> None:
    repaid = repay_value(
        9800.0, TERMS, limit=8300.0, debt_side=9800.0, collateral_side=10_000.0, **AAVE
    )
    assert repaid == pytest.approx(9523.8095, abs=5e-5)
    assert shortfall(9800.0, cover=10_000.0 / 1.05) == pytest.approx(276.1905, abs=5e-5)


def test_repay_value__V13_below_the_floor_but_solvent__repays_all() -> None:
    terms = LiquidationTerms(full_liquidation_health=0.95)
    repaid = repay_value(
        8800.0, terms, limit=8300.0, debt_side=8800.0, collateral_side=10_000.0, **AAVE
    )
    assert (repaid, 10_000.0 - repaid * 1.05) == (8800.0, pytest.approx(760.0))


def test_health_after__V13_half_repaid__matches() -> None:
    after = health_after(8400.0, limit=8300.0, repaid=4200.0, **AAVE)
    assert after == pytest.approx(1.104690, abs=5e-7)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.625, 0.29577), (0.77, 0.17293), (0.80, 0.14894), (0.86, 0.10230), (0.915, 0.06106)],
)
def test_drop_to_bad_debt__V26_morpho_s_incentive__matches(
    threshold: float, expected: float
) -> None:
    bonus = 1.0 / (0.3 * threshold + 0.7) - 1.0
    assert drop_to_bad_debt(threshold, bonus=bonus) == pytest.approx(expected, abs=5e-6)


# ---------------------------------------------------------------- the rule


@given(debt=values, health=st.floats(0.901, 0.9999), threshold=thresholds, bonus=bonuses)
def test_repay_value__enough_on_both_sides__restores_target_health(
    debt: float, health: float, threshold: float, bonus: float
) -> None:
    limit = health * debt
    given_ = {"limit": limit, "threshold": threshold, "bonus": bonus}
    collateral = limit / threshold
    repaid = repay_value(debt, NO_DUST, debt_side=debt, collateral_side=collateral, **given_)
    assume(repaid < 0.999 * min(debt, collateral / (1.0 + bonus)))
    after = health_after(debt, limit=limit, repaid=repaid, bonus=bonus, threshold=threshold)
    assert after == pytest.approx(NO_DUST.target_health, rel=1e-6)


@given(debt=values, health=healths, threshold=thresholds, bonus=bonuses, part=st.floats(0.01, 0.99))
def test_health_after__any_size__rises_only_above_bonus_times_threshold(
    debt: float, health: float, threshold: float, bonus: float, part: float
) -> None:
    frontier = (1.0 + bonus) * threshold
    assume(abs(health - frontier) > 1e-6)
    limit = health * debt
    repaid = part * min(debt, limit / threshold / (1.0 + bonus))
    after = health_after(debt, limit=limit, repaid=repaid, bonus=bonus, threshold=threshold)
    assert (after > health) == (health > frontier)


@given(debt=values, health=healths, threshold=thresholds, bonus=bonuses, side=st.floats(0.1, 1.0))
def test_repay_value__anything__is_positive_and_within_both_sides(
    debt: float, health: float, threshold: float, bonus: float, side: float
) -> None:
    limit = health * debt
    collateral = side * limit / threshold
    repaid = repay_value(
        debt,
        TERMS,
        limit=limit,
        debt_side=side * debt,
        collateral_side=collateral,
        threshold=threshold,
        bonus=bonus,
    )
    assert 0.0 < repaid <= min(side * debt, collateral / (1.0 + bonus))


@given(debt=values, health=healths, threshold=thresholds, bonus=bonuses)
def test_repay_value__what_remains__is_no_avoidable_dust(
    debt: float, health: float, threshold: float, bonus: float
) -> None:
    limit = health * debt
    collateral = limit / threshold
    repaid = repay_value(
        debt,
        TERMS,
        limit=limit,
        debt_side=debt,
        collateral_side=collateral,
        threshold=threshold,
        bonus=bonus,
    )
    left = min(debt - repaid, collateral - repaid * (1.0 + bonus))
    assert left >= TERMS.dust or repaid == min(debt, collateral / (1.0 + bonus))


@pytest.mark.parametrize(("health", "repays_all"), [(0.8999, True), (0.9001, False)])
def test_repay_value__either_side_of_full_liquidation_health__turns(
    health: float, repays_all: bool
) -> None:
    debt = 100_000.0
    repaid = repay_value(
        debt, TERMS, limit=health * debt, debt_side=debt, collateral_side=debt * 1.2, **AAVE
    )
    assert (repaid == debt) == repays_all


@pytest.mark.parametrize(("debt", "repays_all"), [(1_300.0, True), (13_000.0, False)])
def test_repay_value__dust_would_be_left__repays_all(debt: float, repays_all: bool) -> None:
    repaid = repay_value(
        debt, TERMS, limit=0.99 * debt, debt_side=debt, collateral_side=1.19 * debt, **AAVE
    )
    assert (repaid == debt) == repays_all


@given(
    debt=values, health=healths, threshold=thresholds, bonus=bonuses, dust=st.floats(0.0, 5_000.0)
)
def test_repay_value__arrays__are_the_compiled_scalar_to_the_bit(
    debt: float, health: float, threshold: float, bonus: float, dust: float
) -> None:
    terms = LiquidationTerms(dust=dust)
    limit = health * debt
    collateral = limit / threshold
    scalar = repay_value_of(
        debt,
        limit,
        debt,
        collateral,
        threshold,
        bonus,
        terms.target_health,
        terms.full_liquidation_health,
        dust,
    )
    many = repay_value(
        np.full(3, debt),
        terms,
        limit=limit,
        debt_side=debt,
        collateral_side=collateral,
        threshold=threshold,
        bonus=bonus,
    )
    assert many.tolist() == [scalar] * 3


# ---------------------------------------------------------------- bonus


@pytest.mark.parametrize(
    ("health", "expected"), [(1.0, 0.02), (0.95, 0.03), (0.90, 0.04), (0.50, 0.04)]
)
def test_bonus_at__health__rises_from_floor_to_cap(health: float, expected: float) -> None:
    assert bonus_at(health, TERMS, floor=0.02, cap=0.04) == pytest.approx(expected)


@given(healths)
def test_bonus_at__arrays__are_the_compiled_scalar_to_the_bit(health: float) -> None:
    many = bonus_at(np.full(2, health), TERMS, floor=0.02, cap=0.04)
    assert many.tolist() == [bonus_of(health, 0.02, 0.04, 0.90)] * 2


# ---------------------------------------------------------------- order


def test_rank_pairs__different_values__largest_first() -> None:
    assert rank_pairs({(0, 1): 5, (2, 1): 9, (0, 3): 7}) == [(2, 1), (0, 3), (0, 1)]


def test_rank_pairs__equal_values__lowest_debt_then_lowest_collateral_first() -> None:
    pairs = {(2, 0): 5, (1, 3): 5, (1, 2): 5}
    assert rank_pairs(pairs) == [(1, 2), (1, 3), (2, 0)]


def test_rank_pairs__nothing_to_repay__is_left_out() -> None:
    assert rank_pairs({(0, 0): 0.0, (1, 0): 1.0}) == [(1, 0)]


@given(st.dictionaries(st.tuples(st.integers(0, 63), st.integers(0, 63)), st.integers(0, 10)))
def test_rank_pairs__floats_and_wei__order_alike(repayable: dict[tuple[int, int], int]) -> None:
    wei = {pair: value * 10**18 for pair, value in repayable.items()}
    floats = {pair: float(value) for pair, value in repayable.items()}
    assert rank_pairs(wei) == rank_pairs(floats)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": np.array([0.96, 0.78, 0.80])}, "ETH: .* is not below 1"),
        ({"bonus_floor": np.array([0.025, 0.07, 0.02])}, "BTC: bonus_floor is above"),
        ({"fee": np.array([0.1, 0.1, 1.2])}, r"fee\[2\]"),
        ({"ltv": np.zeros(2)}, "ltv"),
        ({"symbols": ("ETH",)}, "curve has 3 reserves"),
    ],
)
def test_reserve_params__contradiction__says_where(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(PARAMS, **change)


def test_reserve_params__just_short_of_toxic__is_accepted() -> None:
    assert replace(PARAMS, threshold=np.array([0.952, 0.78, 0.80])).reserves == 3


@pytest.mark.parametrize(
    "change",
    [
        {"target_health": 1.0},
        {"full_liquidation_health": 1.0},
        {"full_liquidation_health": 0.0},
        {"dust": -1.0},
        {"write_off_below": np.nan},
    ],
)
def test_liquidation_terms__out_of_range__names_the_field(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        LiquidationTerms(**change)
