"""Every invariant can fail: a state is broken, or a step told otherwise, and it says so.

The scene is one that really happened, in which all invariants hold.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import pytest

from sims.exact import ALL, MAX, WAD, Account
from tests._revm import DEPLOYER, Chain
from tests.machine import invariants
from tests.machine.arena import ACCOUNTS, Arena, Event, State
from tests.machine.invariants import IDENTIFIERS, STATES, TRANSITIONS

SUPPLIER, DEBTOR, LIQUIDATOR, OTHER = ACCOUNTS
POUND = 10**6
"""Of reserve 1, worth one."""
ETHER = 10**18
"""Of reserve 0, worth 2,000."""


@dataclass
class Scene:
    """A step of each kind that went through: before, after, event."""

    steps: dict[str, tuple[State, State, Event]]

    def step(self, name: str) -> tuple[State, State, Event]:
        return deepcopy(self.steps[name])


@cache
def scene() -> Scene:
    """A supplier, a debtor who falls, a liquidator, and time."""
    arena = Arena(1)
    steps: dict[str, tuple[State, State, Event]] = {}
    seen: list[tuple[State, State, Event]] = []

    def watch(before: State, after: State, event: Event) -> None:
        invariants.check(before, after, event)
        seen.append((before, after, event))

    arena.watch = watch
    run = arena.run

    def do(name: str, caller: str, *call: object) -> None:
        assert run(caller, call) == "ok", name
        steps[name] = deepcopy(seen[-1])

    do("supply", SUPPLIER, "supply", 1, 10**6 * POUND, SUPPLIER)
    do("collateral", DEBTOR, "supply", 0, 10 * ETHER, DEBTOR)
    do("borrow", DEBTOR, "borrow", 1, 15_000 * POUND, DEBTOR, DEBTOR)
    do("transfer", SUPPLIER, "transfer", OTHER, 1, 10**6)
    do("gift", OTHER, "supply", 0, 10**10, DEBTOR)
    do("category", OTHER, "setCategory", 1, OTHER)
    do("loan", arena.actor.address, "flashLoan", 0, 1, [])
    do("nonce", OTHER, "useNonce", 0)
    arena.pass_time(86_400)
    arena.refresh_prices()
    do("accrue", OTHER, "accrue", 1)
    before = arena.look()
    arena.pass_time(3_600)
    after = arena.look()
    steps["time"] = before, after, Event("time")
    arena.refresh_prices()
    run(SUPPLIER, ("borrow", 1, 1, OTHER, SUPPLIER))
    steps["refused"] = deepcopy(seen[-1])
    do("repay", DEBTOR, "repay", 1, 1_000 * POUND, DEBTOR)
    do("withdraw", SUPPLIER, "withdraw", 1, 10**6, SUPPLIER, SUPPLIER)
    r = arena.twin.reserves[1]
    arena.tokens[1].transfer(arena.pool.address, 7, sender=OTHER)
    before = arena.before()
    assert before is not None
    r.balance += 7
    arena.observe(before, Event("donation", call=("donate", 1, 7)))
    steps["donation"] = deepcopy(seen[-1])
    arena.collect()
    steps["collection"] = deepcopy(seen[-1])
    arena.move_price(0, arena.twin.reserves[0].answer * 82 // 100)
    do("liquidate", LIQUIDATOR, "liquidate", DEBTOR, 1, 0, MAX, 0, LIQUIDATOR)
    do("repay all", OTHER, "repay", 1, ALL, DEBTOR)
    arena.move_price(0, 2_000 * 10**8)
    do("debt", DEBTOR, "borrow", 1, 8_000 * POUND, DEBTOR, DEBTOR)
    arena.move_price(0, 1)
    do("write-off", LIQUIDATOR, "writeOff", DEBTOR)
    do("leave", SUPPLIER, "withdraw", 1, 10**6, SUPPLIER, SUPPLIER)
    return Scene(steps)


def test_scene__as_it_happened__holds_everywhere() -> None:
    for before, after, event in scene().steps.values():
        invariants.check(before, after, event)


Break = Callable[[State, State, Event], None]


def more(name: str, by: int, id_: int = 1) -> Break:
    """A number of a reserve is another one afterwards."""

    def break_(b: State, a: State, e: Event) -> None:
        a.reserves[id_][name] += by

    return break_


def put(name: str, value: object, id_: int = 1, *, before: bool = False) -> Break:
    """Something of a reserve is this."""

    def break_(b: State, a: State, e: Event) -> None:
        (b if before else a).reserves[id_][name] = value

    return break_


def held(account: str, name: str, value: object, *, before: bool = False) -> Break:
    """Something of an account is this."""

    def break_(b: State, a: State, e: Event) -> None:
        setattr((b if before else a).accounts[account], name, value)

    return break_


def position(account: str, id_: int, *row: object) -> Break:
    """Supply, debt, collateral, idle."""

    def break_(b: State, a: State, e: Event) -> None:
        a.accounts[account].positions[id_] = row

    return break_


def told(name: str, value: object) -> Break:
    """The event was another one."""

    def break_(b: State, a: State, e: Event) -> None:
        setattr(e, name, value)

    return break_


def spend_nonce(b: State, a: State, e: Event) -> None:
    a.nonces[OTHER, 0] += 1


def word(b: State, a: State, e: Event) -> None:
    a.words[5] = (1, *a.words[5][1:])


def health_falls(b: State, a: State, e: Event) -> None:
    b.accounts[DEBTOR].health = WAD - 1
    a.accounts[DEBTOR].health = WAD - 2


def latent(b: State, a: State, e: Event) -> None:
    a.accounts[DEBTOR].collateral_value = 0
    a.accounts[DEBTOR].debt_value = 1


def worse(b: State, a: State, e: Event) -> None:
    b.accounts[DEBTOR].health = 99 * WAD // 100
    a.accounts[DEBTOR].liquidation_limit //= 2


def lose(b: State, a: State, e: Event) -> None:
    """A stranger's transfer takes a supply of somebody who was not asked."""
    row = a.accounts[DEBTOR].positions[0]
    a.accounts[DEBTOR].positions[0] = (row[0] - 1, *row[1:])


def owe_more(b: State, a: State, e: Event) -> None:
    row = a.accounts[DEBTOR].positions[1]
    a.accounts[DEBTOR].positions[1] = (row[0], row[1] + 1, *row[2:])


def worthless(b: State, a: State, e: Event) -> None:
    a.reserves[1].update(supplyIndex=1, frozen=False)


def lent_too_much(b: State, a: State, e: Event) -> None:
    a.reserves[1]["debtAssets"] = a.reserves[1]["supplyAssets"] + 2


def repaid_nothing(b: State, a: State, e: Event) -> None:
    a.accounts[DEBTOR].positions[1] = b.accounts[DEBTOR].positions[1]


def stayed(b: State, a: State, e: Event) -> None:
    a.accounts[OTHER].positions[1] = (1, 0, False, False)


def refuse_to_leave(b: State, a: State, e: Event) -> None:
    e.call, e.outcome = (*e.call[:2], ALL, *e.call[3:]), "NoPrice"


CASES: dict[str, tuple[str, Break]] = {
    "suppliers_are_covered": ("supply", more("balance", -(10**12))),
    "supply_shares_are_the_sum_of_all_supplies": ("supply", more("supplyShares", 1)),
    "debt_shares_are_the_sum_of_all_debts": ("borrow", more("debtShares", 1)),
    "debts_are_the_total_give_or_take_their_rounding": ("borrow", more("debtAssets", 1)),
    "supplies_are_within_the_total": ("supply", more("supplyAssets", -10)),
    "cash_is_there": ("supply", more("balance", -(10**12))),
    "nothing_is_owed_where_nobody_owes": ("borrow", put("debtShares", 0)),
    "nobody_owes_more_than_all": ("borrow", put("debtAssets", 1)),
    "reserves_are_not_ahead_of_time": ("supply", more("timestamp", 1)),
    "rates_are_within_their_bounds": ("borrow", put("utilization", WAD + 1)),
    "marks_go_with_positions": ("supply", position(OTHER, 3, 0, 0, False, False)),
    "thresholds_leave_room_for_the_bonus": ("supply", put("threshold", WAD - 1)),
    "no_lock_is_left": ("supply", lambda b, a, e: setattr(a, "unlocked", False)),
    "a_price_is_one_or_none": ("supply", put("price", 2**96)),
    "indices_never_fall": ("borrow", more("debtIndex", -1)),
    "only_bad_debt_lowers_a_supply": ("supply", more("supplyIndex", -1)),
    "only_time_raises_indices": ("supply", more("supplyIndex", 1)),
    "calls_change_the_reserves_they_name": ("supply", word),
    "suppliers_earn_no_more_than_borrowers_pay": ("time", more("supplyIndex", 10**12)),
    "time_stored_never_goes_back": ("supply", more("timestamp", -1)),
    "nobody_gains_in_a_moment": ("supply", more("balance", -1)),
    "nonces_rise_one_by_one": ("nonce", spend_nonce),
    "a_refused_call_leaves_no_trace": ("refused", word),
    "calls_lend_no_more_than_is_supplied": ("borrow", lent_too_much),
    "no_call_makes_a_sound_account_unsound": ("transfer", held(DEBTOR, "health", WAD - 1)),
    "no_call_of_its_own_weakens_an_unsound_account": ("gift", health_falls),
    "accounts_that_are_not_named_stay_as_they_are": ("transfer", held(DEBTOR, "debt_value", 1)),
    "gifts_harm_nobody": ("gift", held(DEBTOR, "health", WAD)),
    "strangers_take_nothing_and_lend_nothing": ("transfer", owe_more),
    "sound_accounts_lose_no_collateral": ("transfer", lose),
    "only_unsound_accounts_are_liquidated": (
        "liquidate",
        held(DEBTOR, "health", WAD, before=True),
    ),
    "liquidations_improve_what_they_can": ("liquidate", worse),
    "liquidators_get_no_more_than_the_bonus": ("liquidate", told("answer", (1, 10**20))),
    "bad_debt_leaves_with_all_collateral": ("write-off", held(DEBTOR, "collateral_value", 1)),
    "no_bad_debt_stays_behind": ("liquidate", latent),
    "nothing_moves_for_nothing": ("supply", told("answer", (0, 5))),
    "what_moved_is_what_was_answered": ("supply", more("balance", 1)),
    "what_was_lent_is_what_was_answered": ("borrow", more("balance", 1)),
    "repaying_lowers_the_debt_and_takes_no_more": ("repay", repaid_nothing),
    "nothing_grows_above_its_cap": ("supply", put("supplyCap", 1)),
    "shut_reserves_do_not_grow": ("supply", put("frozen", True, before=True)),
    "who_chooses_a_category_is_sound_in_it": ("category", held(OTHER, "health", WAD - 1)),
    "what_is_sent_arrives": ("transfer", stayed),
    "loans_come_back": ("loan", more("balance", -1, 0)),
    "accruing_changes_no_view": ("accrue", held(SUPPLIER, "collateral_value", 1)),
    "accruing_never_fails": ("accrue", told("outcome", "Panic")),
    "donations_change_the_buffer_alone": ("donation", more("supplyAssets", 1)),
    "collecting_takes_of_the_buffer_alone": ("collection", more("buffer", -1)),
    "reserves_are_independent_of_each_other": ("supply", more("cash", -1, 0)),
    "exits_need_no_price_and_no_permission": ("leave", refuse_to_leave),
    "debts_can_always_be_paid": ("repay all", told("outcome", "ReservePaused")),
    "debts_move_by_consent_only": ("transfer", owe_more),
    "a_worthless_supply_is_shut": ("supply", worthless),
}
"""By invariant: the step, and what is broken in it."""


@pytest.mark.parametrize("name", CASES)
def test_invariant__broken__is_reported(name: str) -> None:
    step, break_ = CASES[name]
    before, after, event = scene().step(step)
    break_(before, after, event)

    with pytest.raises(AssertionError):
        _run(name, before, after, event)


def _run(name: str, before: State, after: State, event: Event) -> None:
    if name in STATES:
        STATES[name](after)
    else:
        TRANSITIONS[name](before, after, event)


def test_invariants__all_of_them__are_shown_to_fail() -> None:
    assert CASES.keys() == STATES.keys() | TRANSITIONS.keys() == IDENTIFIERS.keys()


def test_twin__one_wei_off__is_noticed_at_the_next_step() -> None:
    arena = Arena(1)
    arena.watch = lambda *step: None
    arena.twin.accounts[SUPPLIER] = Account({1: 1})

    with pytest.raises(AssertionError):
        arena.run(OTHER, ("supply", 1, POUND, OTHER))


def test_arena__other_pool_moved__is_noticed() -> None:
    first = Arena(1)
    second = Arena(0, beside=first)
    for arena in (first, second):
        arena.watch = lambda *step: None
        arena.before()
    first.eyes.seed(0)
    for i in range(7):
        second.last.reserves[i]["balance"] += 1

    with pytest.raises(AssertionError, match="INV-60"):
        first.run(OTHER, ("supply", 1, POUND, OTHER))


def test_arena__somebody_cannot_leave__is_noticed() -> None:
    arena = Arena(1)
    arena.run(SUPPLIER, ("supply", 1, POUND, SUPPLIER))
    arena.leave()
    arena.tokens[1].burn(arena.pool.address, 1)

    with pytest.raises(AssertionError, match="INV-63"):
        arena.leave()


def test_chain__what_a_transaction_leaves__is_seen_until_the_next() -> None:
    """So a lock that stayed would be: the pool's is in transient storage."""
    chain = Chain()
    # Without data it stores a one for the transaction, with data it says what is there.
    code = bytes.fromhex("36600a5760016000" + "5d00" + "5b60005c60005260206000f3")
    prelude = bytes([0x60, len(code), 0x60, 12, 0x60, 0, 0x39, 0x60, len(code), 0x60, 0, 0xF3])
    address = chain.evm.deploy(DEPLOYER, prelude + code)

    chain.send(DEPLOYER, address, b"")
    assert int.from_bytes(chain.read(DEPLOYER, address, b"?"), "big") == 1
    assert int.from_bytes(chain.send(DEPLOYER, address, b"?"), "big") == 0
