"""Accruing from whatever words a reserve may hold: it never reverts, and goes one way.

The words are written into the pool's storage, so that no state is left out for being hard to reach;
what comes of them is compared with the twin.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims import exact
from sims.exact import MAX, MAX_INDEX, MAX_RATE, MAX_SHARES, WAD
from tests._revm import Reverted
from tests.machine.world import TOLD, World

CURVED = 1
WORDS_PER_RESERVE = 16
INDICES, SHARES = st.integers(WAD, MAX_INDEX), st.one_of(st.just(0), st.integers(0, MAX_SHARES))
SECONDS = st.one_of(st.integers(0, 100), st.integers(0, 2**31))


@pytest.fixture(scope="module")
def any_world() -> World:
    """Reserve 1 goes by its curve, reserve 4 by a model that says whatever it is told."""
    return World(0)


def put(any_world: World, id_: int, fields: dict[str, int], elapsed_s: int) -> None:
    """Replaces a reserve's two words, limits and curve kept unless named."""
    words = any_world.pool.named("reserveWords", id_)
    rates = fields.get("curve", words["interest"] >> 208 & 2**37 - 1)
    rates |= fields["factor"] << 37 | words["interest"] >> 208 & ~(2**44 - 1)
    interest = fields["supply_index"] | fields["debt_index"] << 88 | rates << 208
    interest |= any_world.chain.now << 176
    totals = fields["supplied"] | fields["owed"] << 112 | words["totals"] >> 224 << 224
    for slot, word in enumerate((interest, totals)):
        any_world.chain.evm.insert_account_storage(
            any_world.pool.address, id_ * WORDS_PER_RESERVE + slot, word
        )
    any_world.chain.now += elapsed_s


def check(any_world: World, id_: int, fields: dict[str, int], elapsed_s: int) -> None:
    """As the twin says; no index falls, no rate is above its bound, and the views answer as well."""
    any_world.chain.now = any_world.twin.now
    put(any_world, id_, fields, elapsed_s)
    expected, now = any_world.read_reserve(id_), any_world.chain.now
    before = replace(expected)
    expected.accrue(now)
    view = any_world.pool.named("reserveData", id_)

    any_world.pool.accrue(id_)

    after = any_world.read_reserve(id_)
    assert (after.supply_index, after.debt_index) == (expected.supply_index, expected.debt_index)
    assert (view["supplyIndex"], view["debtIndex"]) == (after.supply_index, after.debt_index)
    assert after.supply_index >= before.supply_index
    assert after.debt_index >= before.debt_index
    assert after.timestamp == now
    assert view["borrowRate"] <= MAX_RATE
    assert 0 <= view["utilization"] <= WAD
    debt, supplied = after.debt_assets, after.supply_assets
    assert view["cash"] == max(supplied - debt, 0)


STATES = st.fixed_dictionaries(
    {
        "supply_index": st.one_of(INDICES, st.integers(0, WAD)),
        "debt_index": INDICES,
        "supplied": SHARES,
        "owed": SHARES,
        "factor": st.integers(0, 100),
    }
)
CURVES = st.tuples(
    st.integers(0, 1_023), st.integers(1, 100), st.integers(0, 1_023), st.integers(0, 1_023)
)


@settings(max_examples=300)
@given(state=STATES, curve=CURVES, elapsed_s=SECONDS)
def test_accrue__any_words_on_any_curve__never_reverts(any_world, state, curve, elapsed_s):
    base, kink, slope1, slope2 = curve
    packed = base | kink << 10 | slope1 << 17 | slope2 << 27
    check(any_world, CURVED, {**state, "curve": packed}, elapsed_s)


@settings(max_examples=200)
@given(state=STATES, rate=st.one_of(st.integers(0, 2 * MAX_RATE), st.just(MAX)), elapsed_s=SECONDS)
def test_accrue__any_words_at_any_models_rate__never_reverts(any_world, state, rate, elapsed_s):
    any_world.told.setNextRate(rate)
    any_world.told.accrued(TOLD, 0, 0)  # moves to it
    check(any_world, TOLD, state, elapsed_s)


# ------------------------------------------------------------------------------- they can fail

LENT = {"supply_index": WAD, "debt_index": WAD, "supplied": 10**24, "owed": 10**24, "factor": 10}


def test_accrue__date_that_lies_ahead__reverts(any_world):
    """No time can lead there; that the pool may revert at all is what the tests above look for."""
    any_world.chain.now = any_world.twin.now
    put(any_world, TOLD, LENT, -1)
    with pytest.raises(Reverted):
        any_world.pool.accrue(TOLD)


def test_accrue__twin_that_rounds_a_debt_down__is_noticed(any_world, monkeypatch):
    state = {**LENT, "debt_index": WAD + 1}
    check(any_world, CURVED, state, 1)
    monkeypatch.setattr(exact, "mul_up", exact.mul_down)
    with pytest.raises(AssertionError):
        check(any_world, CURVED, state, 1)
