"""The positions of an account against a plain dictionary, over thousands of random writes.

The library packs the first supply and the first debt into one word and the rest elsewhere. Whatever
is written in whatever order, it must read like `{id: shares}` per side and a set of switched off
collaterals.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SUPPLY, DEBT = 0, 1
MAX_SHARES = 2**112 - 1
HAS_MORE = 1 << 246

# A few ids that meet often, both ends of the range, and any other.
IDS = st.one_of(st.sampled_from([0, 1, 2, 62, 63]), st.integers(0, 63))
SHARES = st.one_of(st.just(0), st.sampled_from([1, MAX_SHARES]), st.integers(0, MAX_SHARES))
WRITES = st.tuples(st.just("shares"), IDS, st.sampled_from([SUPPLY, DEBT]), SHARES)
SWITCHES = st.tuples(st.just("switch"), IDS, st.booleans())


@dataclass
class Model:
    """What the library stands for."""

    sides: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    off: set[int] = field(default_factory=set)

    def set_shares(self, id_: int, side: int, shares: int) -> None:
        if shares:
            self.sides[side][id_] = shares
        else:
            self.sides[side].pop(id_, None)
            if side == SUPPLY:
                self.off.discard(id_)  # the next supply counts again

    def set_collateral(self, id_: int, enabled: bool) -> None:
        (self.off.discard if enabled else self.off.add)(id_)

    @property
    def words(self) -> list[int]:
        """In the order of `MockPositions.all`."""
        supplies, debts = self.sides
        bitmaps = [
            sum(1 << i for i in supplies),
            sum(1 << i for i in debts),
            sum(1 << i for i in supplies if i not in self.off),
        ]
        return bitmaps + [side.get(i, 0) for side in self.sides for i in range(64)]


@pytest.fixture
def ledger(machine):
    return machine.deploy("MockPositions")


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.one_of(WRITES, WRITES, SWITCHES), min_size=40, max_size=80))
def test_positions__any_writes__read_like_a_dictionary(machine, ledger, steps):
    account = "0x" + secrets.token_hex(
        20
    )  # of this example alone: none starts from another's state
    model = Model()
    for kind, id_, *values in steps:
        if kind == "shares":
            side, shares = values
            model.set_shares(id_, side, shares)
            ledger.setShares(account, id_, side, shares)
        elif id_ in model.sides[SUPPLY]:  # the pool asks for a supply first
            (enabled,) = values
            model.set_collateral(id_, enabled)
            ledger.setCollateral(account, id_, enabled)

        supplies, debts, collaterals, supply, debt = ledger.all(account)
        assert [supplies, debts, collaterals, *supply, *debt] == model.words

        word, bitmaps = ledger.words(account)
        for side in (SUPPLY, DEBT):
            first = word >> 112 * side & MAX_SHARES
            assert bool(first) == bool(model.sides[side]), "an empty first place means nothing"
        assert bool(word & HAS_MORE) == bool(bitmaps)


def test_positions__one_of_each__is_one_slot(ledger):
    account = "0x" + "a1" * 20
    ledger.setShares(account, 63, SUPPLY, MAX_SHARES)
    ledger.setShares(account, 7, DEBT, 1)

    word, bitmaps = ledger.words(account)

    assert bitmaps == 0
    assert word & HAS_MORE == 0
    assert word & MAX_SHARES == MAX_SHARES
    assert (word >> 224 & 63, word >> 230 & 63) == (63, 7)


def test_positions__of_one_account__are_not_anothers(ledger):
    first, second = "0x" + "a1" * 20, "0x" + "a2" * 20
    for id_ in (3, 4):
        ledger.setShares(first, id_, SUPPLY, 10)

    assert ledger.sharesOf(second, 3, SUPPLY) == ledger.sharesOf(second, 4, SUPPLY) == 0


def test_positions__promotion__takes_the_lowest_and_its_switch(ledger):
    account = "0x" + "a1" * 20
    for id_ in (9, 30, 20):
        ledger.setShares(account, id_, SUPPLY, id_)
    ledger.setCollateral(account, 20, False)

    ledger.setShares(account, 9, SUPPLY, 0)

    word, _ = ledger.words(account)
    assert (word & MAX_SHARES, word >> 224 & 63) == (20, 20)
    _, _, collaterals, _, _ = ledger.all(account)
    assert collaterals == 1 << 30
