"""What one call may change: watched over random walks, at every step.

The walks are those of the twin and the contracts in lock-step, so that what is read from the twin
holds of the pool. Time and prices move between calls, never within one.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from sims.exact import (
    ACTION_BORROW,
    ACTION_COLLATERAL,
    ACTION_WITHDRAW,
    DEBT,
    IDLE,
    MAX,
    SHARES,
    WAD,
    Account,
    AccountData,
    Pool,
    Reserve,
)
from tests._revm import Reverted
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, TERMS, Call, World

WORDS_PER_RESERVE, RISK_WORD = 16, 3

LOSSES = ("liquidate", "writeOff")
ONE_RESERVE = {
    "supply": 0,
    "withdraw": 0,
    "transfer": 1,
    "transferFrom": 2,
    "borrow": 0,
    "repay": 0,
    "repayWithSupply": 0,
    "takeDebt": 0,
    "convert": 0,
    "setCollateral": 0,
    "accrue": 0,
}
"""Where each call names the reserve that it is about."""


@dataclass(frozen=True)
class Moment:
    """The pool before or after a call, with interest up to now."""

    now: int
    stored: list[Reserve]
    reserves: list[Reserve]
    accounts: dict[str, Account]
    data: dict[str, AccountData]

    @classmethod
    def of(cls, twin: Pool) -> Moment:
        return cls(
            twin.now,
            [copy.copy(r) for r in twin.reserves],
            [copy.copy(twin._accrued(i)) for i in range(len(twin.reserves))],
            {a: copy.copy(twin._account(a)) for a in ACCOUNTS},
            {a: twin.account_data(a) for a in ACCOUNTS},
        )

    def surplus(self, id_: int) -> Fraction:
        """Tokens held and owed beyond all claims, in exact fractions."""
        r = self.reserves[id_]
        owed = Fraction(r.debt_shares * r.debt_index, WAD)
        claimed = Fraction(r.supply_shares * r.supply_index, WAD)
        return r.balance + owed - claimed - r.idle


@dataclass(frozen=True)
class Step:
    """A call that went through, and what the caller was allowed to do."""

    caller: str
    calls: list[Call]
    may: Callable[[str, int, int], bool]
    before: Moment
    after: Moment
    lost: bool
    """A write-off has lowered an index, or burned an insurer's supply."""

    @property
    def names(self) -> set[str]:
        return {name for name, *_ in self.calls}

    @property
    def victims(self) -> set[str]:
        """Liquidated or written off."""
        return {args[0] for name, *args in self.calls if name in LOSSES}


class Watched(World):
    """Looks at every call that goes through, and at every change of the configuration."""

    def __init__(self, seed: int, rules: list[Callable[[Step], None]]) -> None:
        super().__init__(seed)
        self.rules = rules
        self.watched = 0

    def run(self, caller: str, call: Call) -> str:
        before, may = Moment.of(self.twin), self.consents(caller)
        outcome = super().run(caller, call)
        if outcome == "ok":
            calls = call[1] if call[0] == "batch" else [call]
            lost = bool({"deficit", "slashed"} & set(self.marks))
            step = Step(caller, calls, may, before, Moment.of(self.twin), lost)
            self.watched += 1
            for rule in self.rules:
                rule(step)
        return outcome

    def consents(self, caller: str) -> Callable[[str, int, int], bool]:
        """Whether `caller` may, of an account, an action or what an allowance is for."""
        twin, now = self.twin, self.twin.now
        granted = dict(twin.authorizations)
        allowed = {key: twin.allowance(*key) for key in twin.allowances}

        def may(account: str, action: int, position_id: int = MAX) -> bool:
            actions, expiry = granted.get((account, caller), (0, 0))
            authorized = bool(actions & action) and expiry >= now
            return (
                caller == account
                or authorized
                or allowed.get((account, caller, position_id), 0) > 0
            )

        return may

    def configure(self, name: str, *args: Any) -> bool:
        """No setter makes anybody liquidatable, nor moves an index."""
        pool = self.pool
        health = [pool.healthFactor(a) for a in ACCOUNTS]
        indices = [(r.supply_index, r.debt_index) for r in Moment.of(self.twin).reserves]
        accepted = super().configure(name, *args)
        for was, account in zip(health, ACCOUNTS, strict=True):
            assert was < WAD or pool.healthFactor(account) >= WAD, name
        for id_, pair in enumerate(indices):
            data = pool.named("reserveData", id_)
            assert (data["supplyIndex"], data["debtIndex"]) == pair, name
        return accepted


# ------------------------------------------------------------------------------------------ rules


def indices_move_with_time_and_losses_alone(step: Step) -> None:
    """INV-11, 12, 13, 14: at one moment no call moves a debt index, and only a loss a supply index."""
    for was, is_ in zip(step.before.reserves, step.after.reserves, strict=True):
        assert is_.debt_index == was.debt_index >= WAD
        assert is_.supply_index == was.supply_index or step.lost
        assert is_.supply_index <= was.supply_index


def dates_go_forward(step: Step) -> None:
    """INV-16."""
    for was, is_ in zip(step.before.stored, step.after.stored, strict=True):
        assert 0 < was.timestamp <= is_.timestamp <= step.after.now


def healthy_accounts_stay_healthy(step: Step) -> None:
    """INV-21; a loss takes its share of everybody's collateral, and a debt repaid with supply may
    round by a share of either."""
    if step.lost or "repayWithSupply" in step.names:
        return
    for account in ACCOUNTS:
        if step.before.data[account].health >= WAD:
            assert step.after.data[account].health >= WAD


def unhealthy_accounts_take_on_nothing(step: Step) -> None:
    """INV-22: no debt grows, no cover goes, unless it ends covered; supply that pays its debt may."""
    if step.lost:
        return
    for account in ACCOUNTS:
        was, is_ = step.before.data[account], step.after.data[account]
        if was.health >= WAD or is_.health >= WAD or account in step.victims:
            continue
        old, new = (m.accounts[account].debt for m in (step.before, step.after))
        assert all(new[id_] <= old.get(id_, 0) for id_ in new)
        if "repayWithSupply" not in step.names:
            assert is_.liquidation_limit >= was.liquidation_limit


def others_are_left_alone(step: Step) -> None:
    """INV-23, 24, 25, 26: nobody loses a supply, owes more or becomes less healthy by another's call
    without his consent, unless he is liquidated while unhealthy, or insures a loss."""
    before, after = step.before, step.after
    for account in ACCOUNTS:
        if account in step.victims:
            assert before.data[account].health < WAD
            continue
        was, is_ = before.accounts[account], after.accounts[account]
        for id_ in range(len(ASSETS)):
            insurer = step.before.stored[id_].insurer == account and step.lost
            # Turned from one mode into the other, a supply is the same one.
            if (
                is_.supply.get(id_, 0)
                and (id_ in is_.idle) != (id_ in was.idle)
                and was.supply.get(id_)
            ):
                assert step.may(account, ACTION_COLLATERAL) or step.may(account, ACTION_WITHDRAW)
                continue
            position_id = id_ | IDLE if id_ in was.idle else id_
            if is_.supply.get(id_, 0) < was.supply.get(id_, 0) and not insurer:
                assert step.may(account, ACTION_WITHDRAW, position_id)
            if is_.debt.get(id_, 0) > was.debt.get(id_, 0):
                assert step.may(account, ACTION_BORROW, id_ | DEBT)
        if (is_.category, was == is_ and not step.lost) == (was.category, True):
            assert after.data[account] == before.data[account]
        any_action = ACTION_WITHDRAW | ACTION_BORROW | ACTION_COLLATERAL
        consent = step.may(account, any_action) or any(
            step.may(account, 0, i | bit) for i in range(len(ASSETS)) for bit in (0, IDLE, DEBT)
        )
        if not consent and not step.lost:
            assert after.data[account].health >= before.data[account].health


def nobody_gains_a_unit_from_the_pool(step: Step) -> None:
    """INV-66, 01: what is held and owed beyond all claims shrinks by losses alone; these round it to
    the unit, and so it may be a part of one below zero."""
    if step.lost or step.victims:
        return
    for id_ in range(len(ASSETS)):
        assert step.after.surplus(id_) >= step.before.surplus(id_) > -1


def reserves_are_independent(step: Step) -> None:
    """INV-60: a call about one reserve leaves the words and the tokens of the others as they are."""
    if step.names <= {"liquidate"} and not step.lost:
        named = {i for _, _, debt, collateral, *_ in step.calls for i in (debt, collateral)}
        forfeited = step.victims and not step.after.accounts[next(iter(step.victims))].debt
        if forfeited:
            return
    elif step.names <= ONE_RESERVE.keys():
        named = {args[ONE_RESERVE[name]] % IDLE for name, *args in step.calls}
    elif step.names & {*LOSSES}:
        return
    else:
        named = set(range(len(ASSETS))) if len(step.calls) > 1 else set()
    for id_ in set(range(len(ASSETS))) - named:
        assert step.after.stored[id_] == step.before.stored[id_]


def totals_are_within_their_limits(step: Step) -> None:
    """INV-46, 07: what a call has raised is within its cap, and what is lent within what is supplied."""
    for was, is_ in zip(step.before.reserves, step.after.reserves, strict=True):
        assert is_.supply_assets <= max(was.supply_assets, is_.supply_cap)
        assert is_.idle <= is_.idle_cap
        if is_.debt_shares > was.debt_shares:
            assert is_.debt_assets <= min(is_.borrow_cap, is_.supply_assets)
        if is_.debt_assets > is_.supply_assets and not step.lost:
            assert is_.balance - is_.idle >= was.balance - was.idle


def no_bad_debt_is_left(step: Step) -> None:
    """INV-10: who has just been liquidated has cover worth seizing, or no debt; unless something of
    his has no price, is paused or in grace."""
    if step.names != {"liquidate"} or len(step.calls) > 1:
        return
    account, after = step.calls[0][1], step.after
    data, positions = after.data[account], after.accounts[account]
    reserves = [after.stored[i] for i in {*positions.supply, *positions.debt}]
    barred = any(r.paused or after.now < r.grace_end for r in reserves)
    if positions.debt and not data.unpriced and not barred:
        write_off_below = TERMS[3] * WAD
        assert data.collateral_value > write_off_below or data.collateral_value >= data.debt_value


RULES = [
    no_bad_debt_is_left,
    indices_move_with_time_and_losses_alone,
    dates_go_forward,
    healthy_accounts_stay_healthy,
    unhealthy_accounts_take_on_nothing,
    others_are_left_alone,
    nobody_gains_a_unit_from_the_pool,
    reserves_are_independent,
    totals_are_within_their_limits,
]


@pytest.mark.parametrize("seed", range(100, 104))
def test_walk__any_call__keeps_every_rule(seed: int) -> None:
    world = Watched(seed, RULES)
    for _ in range(1_500):
        world.step()
    world.assert_equal()
    assert world.watched > 300


# ------------------------------------------------------------------------------- they can fail


@pytest.fixture(scope="module")
def lending() -> Step:
    """The first account borrows 1 of reserve 0 against reserve 2; the second has supplied it and
    owes some of reserve 1 himself; the third has nothing to do with it."""
    steps: list[Step] = []
    world = Watched(0, [steps.append])
    debtor, supplier, *_ = ACCOUNTS
    world.run(supplier, ("supply", 0, 10**20, supplier))
    world.run(supplier, ("supply", 1, 10**12, debtor))
    world.run(debtor, ("supply", 2, 10**9, debtor))
    world.run(supplier, ("borrow", 1, 10**6, supplier, supplier))
    world.pass_time(DAY_S)
    world.refresh_prices()
    assert world.run(debtor, ("borrow", 0, 10**18, debtor, debtor)) == "ok"
    return steps[-1]


def altered(step: Step, change: Callable[[Step], object]) -> Step:
    """The step with its end read otherwise."""
    step = copy.deepcopy(step)
    change(step)
    return step


def with_health(step: Step, moment: str, account: str, health: int) -> None:
    data = getattr(step, moment).data
    data[account] = replace(data[account], health=health)


def make_unhealthy(step: Step) -> None:
    for moment in ("before", "after"):
        with_health(step, moment, ACCOUNTS[0], WAD - 1)


FALSE: list[tuple[Callable[[Step], None], Callable[[Step], object]]] = [
    (indices_move_with_time_and_losses_alone, lambda s: setattr_by(s, 0, "debt_index", 1)),
    (indices_move_with_time_and_losses_alone, lambda s: setattr_by(s, 3, "debt_index", -1)),
    (indices_move_with_time_and_losses_alone, lambda s: setattr_by(s, 0, "supply_index", 1)),
    (indices_move_with_time_and_losses_alone, lambda s: setattr_by(s, 0, "supply_index", -1)),
    (dates_go_forward, lambda s: setattr_by(s, 1, "timestamp", -1, "stored")),
    (dates_go_forward, lambda s: setattr_by(s, 0, "timestamp", 1, "stored")),
    (healthy_accounts_stay_healthy, lambda s: with_health(s, "after", ACCOUNTS[1], WAD - 1)),
    (unhealthy_accounts_take_on_nothing, make_unhealthy),
    (others_are_left_alone, lambda s: s.after.accounts[ACCOUNTS[1]].supply.update({0: 1})),
    (others_are_left_alone, lambda s: s.after.accounts[ACCOUNTS[1]].debt.update({1: 10**12})),
    (others_are_left_alone, lambda s: s.after.accounts[ACCOUNTS[2]].debt.update({1: 1})),
    (others_are_left_alone, lambda s: s.after.accounts[ACCOUNTS[1]].idle.add(0)),
    (others_are_left_alone, lambda s: with_health(s, "after", ACCOUNTS[1], 2 * WAD)),
    (nobody_gains_a_unit_from_the_pool, lambda s: setattr_by(s, 0, "balance", -1)),
    (nobody_gains_a_unit_from_the_pool, lambda s: setattr_by(s, 0, "supply_shares", 2)),
    (nobody_gains_a_unit_from_the_pool, lambda s: setattr_by(s, 0, "debt_shares", -2)),
    (reserves_are_independent, lambda s: setattr_by(s, 1, "supply_shares", 1, "stored")),
    (reserves_are_independent, lambda s: setattr_by(s, 2, "timestamp", 1, "stored")),
    (totals_are_within_their_limits, lambda s: setattr_to(s, 0, "borrow_cap", 10**18 - 1)),
    (totals_are_within_their_limits, lambda s: setattr_to(s, 0, "idle_cap", -1)),
    (totals_are_within_their_limits, lambda s: setattr_by(s, 0, "supply_shares", -(10**23))),
]
"""What each rule must not let pass."""


def setattr_by(step: Step, id_: int, name: str, by: int, where: str = "reserves") -> None:
    reserve = getattr(step.after, where)[id_]
    setattr(reserve, name, getattr(reserve, name) + by)


def setattr_to(step: Step, id_: int, name: str, value: int) -> None:
    setattr(step.after.reserves[id_], name, value)


def test_rule__of_bad_debt_that_a_liquidation_left__is_broken() -> None:
    steps: list[Step] = []
    world = Watched(0, [steps.append])
    debtor, supplier, liquidator, _ = ACCOUNTS
    world.run(supplier, ("supply", 1, 10**12, supplier))
    world.run(debtor, ("supply", 2, 10**8, debtor))
    world.run(debtor, ("borrow", 1, 40_000 * 10**6, debtor, debtor))
    world.move_price(2, ASSETS[2].answer * 80 // 100)
    call = ("liquidate", debtor, 1, 2, 10**9, 0, liquidator)
    assert world.run(liquidator, call) == "ok"
    no_bad_debt_is_left(steps[-1])

    def make_worthless(step: Step) -> None:
        data = step.after.data
        data[debtor] = replace(data[debtor], collateral_value=TERMS[3] * WAD)

    with pytest.raises(AssertionError):
        no_bad_debt_is_left(altered(steps[-1], make_worthless))


@pytest.mark.parametrize(("rule", "change"), FALSE)
def test_rule__of_a_step_read_otherwise__is_broken(lending, rule, change) -> None:
    rule(lending)
    with pytest.raises(AssertionError):
        rule(altered(lending, change))


def test_setter__that_lowers_a_threshold_at_once__is_noticed() -> None:
    """The configurator puts it on a ramp; here it is written into the pool behind its back."""
    world, debtor = Watched(0, []), ACCOUNTS[0]
    world.run(ACCOUNTS[1], ("supply", 1, 10**12, ACCOUNTS[1]))
    world.run(debtor, ("supply", 2, 10**8, debtor))
    assert world.run(debtor, ("borrow", 1, 40_000 * 10**6, debtor, debtor)) == "ok"
    risk, threshold = world.pool.named("reserveWords", 2)["risk"], 0x3FFF << 174

    def lower(_: str) -> None:
        world.chain.evm.insert_account_storage(
            world.pool.address, 2 * WORDS_PER_RESERVE + RISK_WORD, risk & ~threshold | 6_000 << 174
        )

    world.configurator = SimpleNamespace(lower=lower)
    with pytest.raises(AssertionError, match="lower"):
        world.configure("lower")


# ------------------------------------------------------------------------------------------ INV-17


def accrue_all(world: World) -> None:
    for id_ in range(len(ASSETS)):
        world.pool.accrue(id_)


def attempt(world: World, call: Call) -> tuple[str, Any]:
    name, *args = call[1:]
    try:
        return "ok", getattr(world.pool, name)(*args, sender=call[0])
    except Reverted as error:
        return error.name, None


def everything(world: World) -> list[Any]:
    pool = world.pool
    words = [tuple(pool.reserveWords(i)) for i in range(len(ASSETS))]
    return [words, [pool.positions(a) for a in ACCOUNTS], [pool.accountData(a) for a in ACCOUNTS]]


def apart(world: World, *steps: Callable[[], Any]) -> list[Any]:
    """What steps say one after the other, and what the pool is then; undone."""
    before = world.chain.evm.snapshot()
    try:
        return [*(step() for step in steps), everything(world)]
    finally:
        world.chain.evm.revert(before)


def commutes(world: World, call: Call) -> str:
    """A call, and the same after accruing: at stored indices, cover may be refused that is enough."""
    act, accrue = (lambda: attempt(world, call)), (lambda: accrue_all(world))
    plain, _, state = apart(world, act, accrue)
    _, accrued, other = apart(world, accrue, act)
    if plain[0] == "Undercollateralized":
        assert accrued[0] in ("Undercollateralized", "ok")
    else:
        assert (plain, state) == (accrued, other)
    return str(plain[0])


@pytest.mark.parametrize("seed", range(3))
def test_accruing__ahead_of_any_call__changes_nothing_of_it(seed: int) -> None:
    world, seen = World(seed), Counter()
    for _ in range(150):
        for _ in range(6):
            world.step()
        world.pass_time(world.rng.choice([12, 3_600, DAY_S // 2]))
        caller = world.rng.choice(ACCOUNTS)
        seen[commutes(world, (caller, *world.any_call(caller)))] += 1
    assert seen["ok"] > 40
    assert len(seen) > 5


def test_accruing__that_takes_a_second_longer__is_noticed(monkeypatch) -> None:
    world, caller = World(0), ACCOUNTS[0]
    world.run(caller, ("supply", 0, 10**20, caller))
    world.run(caller, ("borrow", 0, 10**19, caller, caller))
    world.pass_time(DAY_S)
    call = (caller, "repay", 0, MAX, caller)
    assert commutes(world, call) == "ok"

    def late(world: World) -> None:
        world.chain.now += 1
        world.pool.accrue(0)

    monkeypatch.setattr(sys.modules[__name__], "accrue_all", late)
    with pytest.raises(AssertionError):
        commutes(world, call)


# ------------------------------------------------------------------------------------------ INV-34


class Sale:
    """An account that owes reserve 1 is liquidated on reserve 2, and everything is put back."""

    def __init__(self, id_: int, percent: int) -> None:
        self.world = world = World(0)
        self.debtor, supplier, self.liquidator, _ = ACCOUNTS
        world.run(supplier, ("supply", 1, 10**12, supplier))
        for account in (self.debtor, self.liquidator):
            world.run(account, ("supply", id_, 10**8, account))
        world.run(self.debtor, ("borrow", 1, 40_000 * 10**6, self.debtor, self.debtor))
        world.run(supplier, ("borrow", 2, 10**6, supplier, supplier))
        world.pass_time(DAY_S)
        world.refresh_prices()
        world.move_price(2, ASSETS[2].answer * percent // 100)
        self.index = WAD if id_ & IDLE else world.twin._accrued(2).supply_index

    def run(self, offer: int, least: int) -> tuple[int, int, Any]:
        """What was repaid, what was received, and what the account has left."""
        call = (self.liquidator, "liquidate", self.debtor, 1, 2, offer, least, self.liquidator)
        (outcome, moved), left, _ = apart(
            self.world,
            lambda: attempt(self.world, call),
            lambda: self.world.pool.positions(self.debtor),
        )
        assert outcome == "ok"
        return (*moved, left)


@pytest.mark.parametrize("id_", [2, 2 | IDLE], ids=["earning", "idle"])
@pytest.mark.parametrize("percent", [85, 80, 70, 40])
@pytest.mark.parametrize("offer", [MAX, 2_500 * 10**6])
def test_liquidate__paid_in_shares_or_in_assets__repays_and_takes_the_same(
    id_: int, percent: int, offer: int
) -> None:
    sale = Sale(id_, percent)

    repaid, received, left = sale.run(offer, 0)
    repaid_too, shares, left_too = sale.run(offer, SHARES)

    assert repaid == repaid_too > 0
    assert left == left_too
    worth, share = Fraction(shares * sale.index, WAD), Fraction(sale.index, WAD)
    assert abs(worth - received) <= share + 1  # the fee is kept in whole shares


def test_liquidate__for_a_little_less__leaves_more() -> None:
    """What the test above compares does differ."""
    sale, offer = Sale(2, 80), 2_500 * 10**6
    assert sale.run(offer, 0)[2] != sale.run(offer - 100, SHARES)[2]


# ------------------------------------------------------------------------------------------ INV-52


@pytest.mark.parametrize("idle", [0, IDLE], ids=["earning", "idle"])
def test_transfer__to_oneself__moves_nothing(idle: int) -> None:
    """All of it is opened anew, by a transfer: it is no collateral then, and so covers no debt."""
    world, (account, supplier, *_) = World(0), ACCOUNTS
    world.run(supplier, ("supply", 1, 10**12, supplier))
    world.run(account, ("supply", 2 | idle, 10**8, account))
    before = world.twin.positions(account)

    assert world.run(account, ("transfer", account, 2 | idle, 10**8 - 1)) == "ok"
    assert world.twin.positions(account) == before

    assert world.run(account, ("transfer", account, 2 | idle, 10**8)) == "ok"
    assert world.twin.positions(account) == [replace(before[0], collateral=False)]

    world.run(account, ("setCollateral", 2, True, account))
    assert world.run(account, ("borrow", 1, 10**6, account, account)) == "ok"
    assert world.run(account, ("transfer", account, 2 | idle, 10**8)) == "Undercollateralized"
    world.assert_equal()


# ------------------------------------------------------------------------------------------ INV-55


@pytest.fixture
def together() -> tuple[World, Any, Callable[..., Any]]:
    """A contract that makes several calls in one transaction, and has collateral to supply."""
    world, supplier = World(0), ACCOUNTS[1]
    world.pool.supply(1, 10**12, supplier, sender=supplier)
    caller = world.chain.deploy("MockCaller")
    world.tokens[2].mint(caller.address, 10**8)

    def act(*steps: tuple[Any, Any]) -> None:
        approve = (world.tokens[2], ("approve", world.pool.address, MAX))
        steps = (approve, *steps)
        caller.act([(c.address, c.functions[name].encode(*args)) for c, (name, *args) in steps])

    return world, caller.address, act


def leverage(world: World, account: str, *more: Call) -> Call:
    """A batch that supplies and borrows, and goes on."""
    calls = [
        ("supply", 2, 10**8, account),
        ("borrow", 1, 40_000 * 10**6, account, account),
        *more,
    ]
    functions = world.pool.functions
    return "batch", [functions[name].encode(*args) for name, *args in calls]


def test_batch__over_within_the_transaction__leaves_no_account_out_of_reach(together) -> None:
    """Nor the lock shut: the price falls at once, and the debt is written off."""
    world, account, act = together
    act(
        (world.pool, leverage(world, account)),
        (world.feeds[2], ("set", 1)),
        (world.pool, ("writeOff", account)),
    )
    assert world.pool.positions(account) == ()


def test_batch__not_over__keeps_the_account_out_of_reach(together) -> None:
    world, account, act = together
    with pytest.raises(Reverted, match="HealthCheckPending"):
        act((world.pool, leverage(world, account, ("writeOff", account))))
