"""Hypothesis looks for what the three ERC-4626 vaults say and do not do, in a market that moves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sims.exact import WAD
from tests._revm import Contract
from tests.machine.arena import ACCOUNTS, Arena
from tests.machine.budget import looking
from tests.machine.draws import Draws
from tests.machine.invariants import check
from tests.machine.vaults import STEPS, WRAPPED, Vaults

ALICE, BOB, *_ = ACCOUNTS
ETHER = 10**18


class Vaulted(RuleBasedStateMachine):
    """The vaults, over two pools that have lived for a while."""

    @initialize(seed=st.integers(0, 2**16), lived=st.sampled_from([0, 60]))
    def open(self, seed: int, lived: int) -> None:
        first = Arena(seed)
        self.arenas = [first, Arena(seed + 1, beside=first)]
        self.vaults = Vaults(first)
        for _ in range(lived):
            first.step()
            self.vaults.step()
        for arena in self.arenas:
            arena.watch = check

    def draw(self, data: st.DataObject) -> None:
        seed = data.draw(st.one_of(st.none(), st.integers(0, 2**32)))
        rng = Draws(data) if seed is None else random.Random(seed)
        for arena in self.arenas:
            arena.rng = rng

    @rule(data=st.data(), first=st.booleans())
    def market(self, data: st.DataObject, first: bool) -> None:
        """Somebody does something in a pool; time passes, prices move."""
        self.draw(data)
        self.arenas[0 if first else 1].step()

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.draw(data)
        self.arenas[0].crash()


def _rule(name: str) -> Callable[..., None]:
    def step(self: Vaulted, data: st.DataObject) -> None:
        self.draw(data)
        self.vaults.do(name)

    step.__name__ = step.__qualname__ = name
    return rule(data=st.data())(step)


for name, weight in STEPS.items():
    for copy in range(1 + weight // 3):
        setattr(Vaulted, f"{name}_{copy}", _rule(name))

TestVaults = Vaulted.TestCase
TestVaults.settings = looking(examples=40, steps=40)


# ---------------------------------------------------------------------- the properties can fail


class Bent:
    """A vault that answers one question otherwise."""

    def __init__(self, vault: Contract, name: str, bend: Callable[[int], int]) -> None:
        self._vault, self._name, self._bend = vault, name, bend

    def __getattr__(self, name: str) -> object:
        answer = getattr(self._vault, name)
        if name != self._name:
            return answer
        return lambda *args, **options: self._bend(answer(*args, **options))


class Asked(Bent):
    """A vault that answers strangers otherwise."""

    def __getattr__(self, name: str) -> object:
        answer = getattr(self._vault, name)
        if name != self._name:
            return answer
        return lambda *args, **options: answer(*args, **options) + bool(options)


@pytest.fixture
def vaults() -> Vaults:
    """Alice is in the wrapper, and a borrower has made its shares worth more."""
    arena = Arena(1)
    vaults = Vaults(arena)
    vaults.wrapper.deposit(10 * ETHER, ALICE, sender=ALICE)
    vaults.follow()
    assert arena.run(BOB, ("supply", 1, 10**6 * 10**6, BOB)) == "ok"
    assert arena.run(BOB, ("borrow", 0, 90 * ETHER, BOB, BOB)) == "ok"
    arena.pass_time(100 * 86_400)
    arena.refresh_prices()
    return vaults


def bent(vaults: Vaults, name: str, bend: Callable[[int], int], kind: type[Bent] = Bent) -> Bent:
    """The wrapper, known as a vault of the same reserve."""
    vault = kind(vaults.wrapper, name, bend)
    vaults.vaults[vault] = WRAPPED
    return vault


def often(check: Callable[[Any], None], vault: Any) -> None:
    """With other draws each time."""
    for _ in range(100):
        check(vault)


@pytest.mark.parametrize("kind", ["deposit", "mint", "withdraw", "redeem"])
@pytest.mark.parametrize("by", [-1, 1])
def test_call__preview_a_unit_off__is_noticed(vaults: Vaults, kind: str, by: int) -> None:
    args = (kind, ETHER, ALICE, ALICE, ALICE)
    assert vaults.call(vaults.wrapper, *args) == "ok"
    vault = bent(vaults, f"preview{kind.capitalize()}", lambda said: said + by)

    with pytest.raises(AssertionError, match="preview"):
        vaults.call(vault, *args)


@pytest.mark.parametrize("kind", ["deposit", "mint", "withdraw", "redeem"])
def test_call__more_than_the_most_goes_through__is_noticed(vaults: Vaults, kind: str) -> None:
    vault = bent(vaults, f"max{kind.capitalize()}", lambda said: ETHER - 1)

    with pytest.raises(AssertionError, match="went through"):
        vaults.call(vault, kind, ETHER, ALICE, ALICE, ALICE)


def test_call__the_most_is_refused__is_noticed(vaults: Vaults) -> None:
    vault = bent(vaults, "maxRedeem", lambda said: said + 1)
    most = vault.maxRedeem(ALICE)

    with pytest.raises(AssertionError, match="redeem"):
        vaults.call(vault, "redeem", most, ALICE, ALICE, ALICE)


def test_call__by_allowance__is_counted(vaults: Vaults) -> None:
    assert vaults.call(vaults.wrapper, "redeem", ETHER, BOB, BOB, ALICE) != "ok"
    vaults.wrapper.approve(BOB, ETHER, sender=ALICE)
    assert vaults.call(vaults.wrapper, "redeem", ETHER, BOB, BOB, ALICE) == "ok"
    vault = bent(vaults, "allowance", lambda said: 0)
    vaults.wrapper.approve(BOB, ETHER, sender=ALICE)

    with pytest.raises(AssertionError, match="of 0"):
        vaults.call(vault, "redeem", ETHER, BOB, BOB, ALICE)


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("previewDeposit", 2),
        ("previewMint", -2),
        ("previewWithdraw", -2),
        ("previewRedeem", 2),
        ("convertToShares", 2),
        ("convertToAssets", 2),
    ],
)
def test_quote__rounded_for_the_caller__is_noticed(vaults: Vaults, name: str, by: int) -> None:
    vaults.arena.rng = random.Random(1)
    vaults.quote(vaults.wrapper)
    vault = bent(vaults, name, lambda said: said + by)

    with pytest.raises(AssertionError):
        often(vaults.quote, vault)


def test_quote__another_answer_for_another_caller__is_noticed(vaults: Vaults) -> None:
    vault = bent(vaults, "convertToShares", lambda said: said, Asked)

    with pytest.raises(AssertionError, match="who asks"):
        vaults.quote(vault)


@pytest.mark.parametrize("by", [-1, 1])
def test_reach__most_is_one_off__is_noticed(vaults: Vaults, by: int) -> None:
    vaults.arena.rng = random.Random(1)
    often(vaults.reach, vaults.wrapper)
    vault = bent(vaults, "maxRedeem", lambda said: max(said + by, 0))

    with pytest.raises(AssertionError, match="redeem"):
        often(vaults.reach, vault)


def test_round_trip__gains__is_noticed(vaults: Vaults) -> None:
    vaults.round_trip(vaults.wrapper)
    vault = bent(vaults, "mint", lambda said: said // 2)

    with pytest.raises(AssertionError, match="in and"):
        often(vaults.round_trip, vault)


def test_donate__moves_the_price__is_noticed(vaults: Vaults) -> None:
    vaults.donate(vaults.wrapper)
    answers = iter([WAD, WAD + 1])
    vault = bent(vaults, "convertToAssets", lambda said: next(answers))

    with pytest.raises(AssertionError, match="donation"):
        vaults.donate(vault)


@pytest.mark.parametrize("name", ["totalSupply", "balanceOf"])
def test_add_up__shares_of_nobody__are_noticed(vaults: Vaults, name: str) -> None:
    vaults.add_up(vaults.wrapper)
    vault = bent(vaults, name, lambda said: said + 1)

    with pytest.raises(AssertionError, match="nobody"):
        vaults.add_up(vault)
