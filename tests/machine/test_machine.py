"""Hypothesis looks for a sequence of steps after which something of `invariants.py` does not hold.

One rule for every function of the pool, and for whatever else moves the market. `make test-deep`
sets `WEIR_DEEP` for more draws, and then goes on by seeds for ten million calls (see `deep.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests import _records
from tests._records import keep, kept
from tests._revm import functions
from tests.machine import deep
from tests.machine.arena import CALLS, FORBIDDEN, RULES, Arena, Event, State
from tests.machine.budget import looking
from tests.machine.deep import walk
from tests.machine.draws import Draws
from tests.machine.invariants import check

FUNCTIONS = {
    "supply": "supply",
    "withdraw": "withdraw",
    "transfer": "transfer",
    "transferFrom": "transfer_from",
    "borrow": "borrow",
    "repay": "repay",
    "supplyAndCall": "supply_and_call",
    "repayAndCall": "repay_and_call",
    "liquidateAndCall": "liquidate_and_call",
    "flashLoan": "flash_loan",
    "flashLoans": "flash_loans",
    "batch": "batch",
    "liquidate": "liquidate",
    "writeOff": "write_off",
    "authorize": "authorize",
    "authorizeBySig": "authorize_by_sig",
    "allow": "allow",
    "allowBySig": "allow_by_sig",
    "approve": "approve",
    "setOperator": "set_operator",
    "useNonce": "use_nonce",
    "permit": "permit",
    "accrue": "accrue",
    "repayWithSupply": "repay_with_supply",
    "takeDebt": "take_debt",
    "convert": "convert",
    "setCollateral": "set_collateral",
    "setCategory": "set_category",
    **dict.fromkeys(FORBIDDEN, "intrude"),
}
"""The rule of every function of the pool that changes something; what only the configurator may is
tried by strangers, and done through the configurator by rules of its own."""


SEEN: Counter[str] = Counter()
"""What has happened in all draws."""


class Markets(RuleBasedStateMachine):
    """Two pools with the same tokens; most steps are of the first, and the other must not move."""

    @initialize(seed=st.integers(0, 2**16), lived=st.sampled_from([0, 100, 250]))
    def open(self, seed: int, lived: int) -> None:
        """Markets that have lived for a while, or none; a draw has few steps."""
        first = Arena(seed)
        self.arenas = [first, Arena(seed + 1, beside=first)]
        for arena in self.arenas:
            for _ in range(lived if arena is first else lived // 10):
                arena.step()
            arena.watch = check
            arena.recover()

    def act(self, name: str, data: st.DataObject) -> None:
        draws = Draws(data)
        arena = self.arenas[draws.choices([0, 1], [9, 1])[0]]
        # One draw for all, evenly spread; or each by itself, near the edges and easy to shrink.
        seed = data.draw(st.one_of(st.none(), st.integers(0, 2**32)))
        arena.rng = draws if seed is None else random.Random(seed)
        arena.act(name)

    def teardown(self) -> None:
        """Everybody can leave."""
        if hasattr(self, "arenas"):
            self.arenas[0].leave()
            SEEN.update(self.arenas[0].seen)


def _rule(name: str) -> Callable[..., None]:
    def step(self: Markets, data: st.DataObject) -> None:
        self.act(name, data)

    step.__name__ = step.__qualname__ = name
    return rule(data=st.data())(step)


for name, weight in RULES.items():
    for copy in range(1 + weight // 4):
        setattr(Markets, f"{name}_{copy}", _rule(name))

TestMarkets = Markets.TestCase
TestMarkets.settings = looking(examples=100, steps=40)


@pytest.mark.parametrize("seed", [2, 3])
def test_markets__a_life_drawn_by_a_seed__breaks_nothing(seed: int) -> None:
    """As `make test-deep` does it, once with shallow and once with deep markets."""
    _, seen, wrong = walk(seed, steps=500)

    assert wrong is None, wrong
    assert {"supply", "borrow", "withdraw", "repay"} <= seen.keys()


def test_walk__something_does_not_hold__says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def hold(before: State, after: State, event: Event) -> None:
        assert event.call[:1] != ("supply",), "no supply holds"

    monkeypatch.setattr(deep, "check", hold)

    _, _, wrong = walk(2, steps=200)

    assert wrong is not None
    assert wrong.startswith("seed 2, step ")
    assert "no supply holds" in wrong


def test_figures__of_a_tally__tell_reads_from_writes(tmp_path: Path) -> None:
    tally = Counter({"IPool.write": 2, "IPool.read": 3, "MockToken.read": 4, "MockFeed.write": 5})

    keep("deep", deep.figures(tally), tmp_path)

    assert kept("deep", tmp_path) == {"operations": 2, "reads": 7, "others": 5}
    assert [path.name for path in tmp_path.iterdir()] == ["deep.json"]


def test_figures__of_other_sources__are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("deep", {"operations": 2}, tmp_path)
    monkeypatch.setattr(_records, "digest", lambda: "others")

    assert kept("deep", tmp_path) is None
    assert kept("never", tmp_path) is None


def test_rules__every_function_of_the_pool__has_one() -> None:
    changing = {name for name, f in functions("IPool").items() if not f.view}
    assert changing == FUNCTIONS.keys()
    assert set(FUNCTIONS.values()) <= RULES.keys()


def test_rules__drawn_by_a_seed__are_the_same() -> None:
    assert CALLS.keys() <= RULES.keys()
    assert all(hasattr(Markets, f"{name}_0") for name in RULES)
