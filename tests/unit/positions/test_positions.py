"""The positions of an account against a plain dictionary, over thousands of random writes.

The library packs the first supply and the first debt into one word and the rest elsewhere. Whatever
is written in whatever order, it must read like `{id: shares}` per side, a set of supplies that sit
idle and a set of those that are no collateral.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import IDLE
from tests._revm import Reverted

SUPPLY, DEBT = 0, 1
MAX_SHARES = 2**112 - 1
HAS_MORE = 1 << 246

# A few ids that meet often, both ends of the range, and any other.
IDS = st.one_of(st.sampled_from([0, 1, 2, 62, 63]), st.integers(0, 63))
SHARES = st.one_of(st.sampled_from([1, MAX_SHARES]), st.integers(1, MAX_SHARES))
SIDES = st.sampled_from([SUPPLY, DEBT])
STEPS = st.one_of(
    st.tuples(st.just("increase"), IDS, SIDES, SHARES, st.booleans(), st.booleans()),
    st.tuples(st.just("close"), IDS, SIDES),
    st.tuples(st.just("decrease"), IDS, SIDES, SHARES, st.booleans()),
    st.tuples(st.just("switch"), IDS, st.booleans()),
    st.tuples(st.just("choose"), st.integers(0, 255)),
    st.tuples(st.just("give"), IDS, SHARES),
    st.tuples(st.just("accept"), IDS),
)


@dataclass
class Model:
    """What the library stands for."""

    sides: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    off: set[int] = field(default_factory=set)
    idle: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    category: int = 0

    def refusal(self, id_: int, side: int, change: int, idle: bool) -> str | None:
        """The errors that a change of shares may meet."""
        held = self.sides[side].get(id_, 0)
        other = bool(held) and side == SUPPLY and (id_ in self.idle) is not idle
        if change < 0:
            return "InsufficientShares" if other or held + change < 0 else None
        overflows = held + change > MAX_SHARES
        return "|".join(["OtherMode"] * other + ["SharesOverflow"] * overflows) or None

    def add(self, id_: int, side: int, change: int, idle: bool, collateral: bool) -> None:
        shares = self.sides[side].get(id_, 0) + change
        if side == SUPPLY and shares == change:  # it opens
            (self.idle.add if idle else self.idle.discard)(id_)
            (self.off.discard if collateral else self.off.add)(id_)
        self.sides[side][id_] = shares
        if not shares:
            del self.sides[side][id_]

    @property
    def words(self) -> list[int]:
        """In the order of `MockPositions.all`."""
        supplies, debts = self.sides
        bitmaps = [
            sum(1 << i for i in supplies),
            sum(1 << i for i in debts),
            sum(1 << i for i in supplies if i not in self.off),
            sum(1 << i for i in supplies if i in self.idle),
        ]
        shares = [side.get(i, 0) for side in self.sides for i in range(64)]
        return [*bitmaps, self.category, *shares]


@pytest.fixture
def ledger(machine):
    return machine.deploy("MockPositions")


def take(ledger, account: str, model: Model, step: tuple) -> None:
    """One write, on both."""
    kind, *args = step
    if kind == "choose":
        (model.category,) = args
        ledger.setCategory(account, model.category)
        return
    id_, *args = args
    if kind == "switch":
        if id_ in model.sides[SUPPLY]:  # the pool asks for a supply first
            (model.off.discard if args[0] else model.off.add)(id_)
            model.given.discard(id_)
            ledger.setCollateral(account, id_, args[0])
        return
    if kind == "give":
        if id_ not in model.sides[SUPPLY]:  # only what this opens is a gift
            take(ledger, account, model, ("increase", id_, SUPPLY, args[0], False, False))
            model.given.add(id_)
            ledger.give(account, id_)
        return
    if kind == "accept":
        if id_ in model.given:
            model.given.remove(id_)
            model.off.discard(id_)
        ledger.accept(account, id_)
        return
    side, shares, idle, collateral = (*args, 0, False, False)[:4]
    if kind == "close":
        shares, idle = model.sides[side].get(id_, 0), id_ in model.idle
        if not shares:
            return
    change = shares if kind == "increase" else -shares
    position = id_ | IDLE * (idle and side == SUPPLY)
    refusal = model.refusal(id_, side, change, idle)
    write = (
        (ledger.increase, account, position, side, shares, collateral)
        if kind == "increase"
        else (ledger.decrease, account, position, side, shares)
    )
    method, *args = write
    if refusal:
        with pytest.raises(Reverted, match=refusal):
            method(*args)
        return
    answer = method(*args)
    if kind == "increase":
        assert answer == (model.sides[side].get(id_, 0), model.category), "what was there before"
    elif side == SUPPLY:
        assert answer is (id_ not in model.off), "whether it counted"
    model.add(id_, side, change, idle, collateral)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=40, max_size=80))
def test_positions__any_writes__read_like_a_dictionary(machine, ledger, steps):
    # Of this example alone: none starts from another's state.
    account = "0x" + secrets.token_hex(20)
    model = Model()
    for step in steps:
        take(ledger, account, model, step)

        *bitmaps, category, supply, debt = ledger.all(account)
        assert [*bitmaps, category, *supply, *debt] == model.words

        word, bits = ledger.words(account)
        for side in (SUPPLY, DEBT):
            first = word >> 112 * side & MAX_SHARES
            assert bool(first) == bool(model.sides[side]), "an empty first place means nothing"
        assert bool(word & HAS_MORE) == bool(bits)


def test_positions__one_of_each__is_one_slot(ledger):
    account = "0x" + "a1" * 20
    ledger.increase(account, 63, SUPPLY, MAX_SHARES, True)
    ledger.increase(account, 7, DEBT, 1, False)

    word, bitmaps = ledger.words(account)

    assert bitmaps == 0
    assert word & HAS_MORE == 0
    assert word & MAX_SHARES == MAX_SHARES
    assert (word >> 224 & 63, word >> 230 & 63) == (63, 7)


def test_positions__of_one_account__are_not_anothers(ledger):
    first, second = "0x" + "a1" * 20, "0x" + "a2" * 20
    for id_ in (3, 4):
        ledger.increase(first, id_, SUPPLY, 10, True)

    assert ledger.supplyOf(second, 3) == ledger.supplyOf(second, 4) == 0


def test_positions__promotion__takes_the_lowest_and_its_marks(ledger):
    account = "0x" + "a1" * 20
    for position in (9, 30, IDLE | 20):
        ledger.increase(account, position, SUPPLY, position, True)
    ledger.setCollateral(account, 20, False)

    ledger.decrease(account, 9, SUPPLY, 9)

    word, _ = ledger.words(account)
    assert (word & MAX_SHARES, word >> 224 & 63) == (IDLE | 20, 20)
    _, _, collaterals, idle, *_ = ledger.all(account)
    assert (collaterals, idle) == (1 << 30, 1 << 20)


@pytest.mark.parametrize("place", ["first", "further"])
@pytest.mark.parametrize("idle", [False, True])
def test_positions__in_the_other_mode__are_none(ledger, place, idle):
    account = "0x" + "a1" * 20
    if place == "further":
        ledger.increase(account, 1, SUPPLY, 1, True)
    position, other = 5 | IDLE * idle, 5 | IDLE * (not idle)
    ledger.increase(account, position, SUPPLY, 10, True)

    assert (ledger.supplyOf(account, position), ledger.supplyOf(account, other)) == (10, 0)
    with pytest.raises(Reverted, match="OtherMode"):
        ledger.increase(account, other, SUPPLY, 1, True)
    with pytest.raises(Reverted, match="InsufficientShares"):
        ledger.decrease(account, other, SUPPLY, 1)
