"""A market in the machine and its integer twin, moved in lock-step: results, errors and state agree.

`World` is driven by a seed; what it compares, everything that drives it otherwise uses as well.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from eth_keys.datatypes import PrivateKey

from sims.adaptive import AdaptiveCurve
from sims.exact import (
    ALL,
    BPS,
    DEBT,
    IDLE,
    MAX,
    MIN_SUPPLY_INDEX,
    SHARES,
    WAD,
    ZERO,
    Account,
    Category,
    KinkedCurve,
    Liquidated,
    LiquidationTerms,
    Outflow,
    Pool,
    Ramp,
    Reserve,
    Revert,
    RiskTerms,
    assets_down,
    divide_up,
)
from tests._revm import DEPLOYER, Chain, Contract, Reverted

KEYS = {
    key.public_key.to_address(): key
    for key in (PrivateKey(bytes([i]) * 32) for i in (0xA1, 0xA2, 0xA3, 0xA4))
}
ACCOUNTS = list(KEYS)
DAY_S = 86_400


@dataclass(frozen=True)
class Asset:
    decimals: int
    feed_decimals: int
    answer: int
    ltv_bps: int
    threshold_bps: int
    bonus_bps: tuple[int, int]
    reserve_factor: int
    curve: tuple[int, int, int, int]
    supply_cap: int = MAX
    borrow_cap: int = MAX
    idle_cap: int = MAX
    min_debt: int = 0
    borrowable: bool = True

    @property
    def unit(self) -> int:
        return int(10**self.decimals)

    @property
    def large(self) -> int:
        """Raw units worth about 10,000."""
        return self.unit * max(1, 10**4 * 10**self.feed_decimals // self.answer)


ASSETS = [
    Asset(18, 8, 2_000 * 10**8, 8_050, 8_300, (250, 500), 15, (0, 92, 25, 8), min_debt=2 * 10**15),
    Asset(6, 8, 10**8, 7_500, 7_800, (225, 450), 10, (100, 92, 55, 10), idle_cap=40_000 * 10**6),
    Asset(8, 8, 60_000 * 10**8, 7_300, 7_800, (250, 500), 50, (0, 80, 40, 300)),
    Asset(2, 18, 3 * 10**18, 6_000, 6_500, (1_000, 1_000), 0, (1_023, 1, 1_023, 1_023)),
    Asset(18, 8, 12 * 10**8, 0, 0, (0, 0), 20, (0, 50, 80, 100), idle_cap=700 * 10**18),
    Asset(24, 6, 5 * 10**5, 0, 4_000, (0, 2_000), 100, (0, 100, 50, 0), 500 * 10**30, 5 * 10**30),
    Asset(18, 8, 1_900 * 10**8, 7_900, 8_200, (200, 400), 10, (0, 90, 30, 50), min_debt=10**16),
]
TOLD, ADAPTIVE = 4, 6
"""The reserves whose rates come from external models: one that charges what it is told, one by itself."""
HOOKED = 6
"""The reserve whose token calls who sends or receives it, if he listens."""

CURVE = (9 * WAD // 10, 4 * WAD, 50 * WAD, 4 * WAD // 100, WAD // 1_000, 2 * WAD)
TERMS = (10_500, 9_000, 1_000, 50)

CATEGORIES = {
    1: ({0, 6}, {0, 6}, 9_000, 9_300, (100, 200), False),
    2: ({1, 3, 4}, {0, 1, 2}, 7_000, 7_500, (300, 500), True),
    3: ({0, 1, 2, 5}, {1, 2, 3, 5}, 8_500, 8_900, (100, 300), False),
}
"""Collaterals, borrowables, LTV and threshold, bonus, isolated."""


@dataclass
class Told:
    """`MockRateModel`: charges what it was told, and moves on when the pool has accrued."""

    rate: int
    next_rate: int

    def borrow_rate(self, utilization: int, elapsed_s: int) -> int:
        return self.rate

    def accrued(self, utilization: int, elapsed_s: int) -> None:
        self.rate = self.next_rate


Call = tuple[Any, ...]
"""A function of the pool and its arguments."""

IN_TWIN: dict[str, Callable[..., Any]] = {
    "supply": lambda twin, caller, *args: twin.supply(*args, caller=caller),
    "withdraw": lambda twin, caller, *args: twin.withdraw(*args[:3], caller=caller, to=args[3]),
    "transfer": lambda twin, caller, *args: twin.transfer(caller, *args),
    "transferFrom": lambda twin, caller, *args: twin.transfer_from(caller, *args),
    "borrow": lambda twin, caller, *args: twin.borrow(*args[:3], caller=caller, to=args[3]),
    "repay": lambda twin, caller, *args: twin.repay(*args),
    "setCollateral": lambda twin, caller, *args: twin.set_collateral(*args, caller=caller),
    "repayWithSupply": lambda twin, caller, *args: twin.repay_with_supply(*args, caller=caller),
    "takeDebt": lambda twin, caller, *args: twin.take_debt(*args, caller=caller),
    "convert": lambda twin, caller, *args: twin.convert(*args, caller=caller),
    "setCategory": lambda twin, caller, *args: twin.set_category(*args, caller=caller),
    "authorize": lambda twin, caller, *args: twin.authorize(caller, *args),
    "setOperator": lambda twin, caller, *args: twin.set_operator(caller, *args),
    "allow": lambda twin, caller, *args: twin.allow(caller, *args),
    "approve": lambda twin, caller, *args: twin.allow(caller, *args),
    "accrue": lambda twin, caller, *args: twin.accrue(*args),
    "liquidate": lambda twin, caller, *args: twin.liquidate(caller, *args),
    "writeOff": lambda twin, caller, *args: twin.write_off(*args),
}
"""The same of the twin."""


def answer(values: Any) -> tuple[Any, ...]:
    """What a call says, as a tuple; nothing where it can only say yes."""
    if values is None or values is True:
        return ()
    return values if isinstance(values, tuple) else (values,)


class World:
    """A market of awkward tokens on the machine, and its twin."""

    def __init__(self, seed: int, beside: World | None = None) -> None:
        self.rng: Any = random.Random(seed)
        """Who draws: anything with `choice`, `choices`, `random` and `randrange`."""
        self.deep = seed % 2
        self.eyes = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.marks: list[str] = []
        self.insurable = list(ACCOUNTS)
        self.worlds: list[World] = [*(beside.worlds if beside else []), self]
        """All on one chain, with one configurator, and the same tokens and feeds."""
        for world in self.worlds:
            world.worlds = self.worlds
        if beside:
            self.chain, self.configurator = beside.chain, beside.configurator
        else:
            self.chain = Chain()
            authority = self.chain.deploy("Authority", DEPLOYER)
            self.configurator = self.chain.deploy("Configurator", authority.address)
        self.pool = self.chain.deploy("Pool", self.configurator.address, abi="IPool")
        self.configurator.setLiquidationTerms(self.pool.address, *TERMS, ZERO)
        self.told = self.chain.deploy("MockRateModel", 0, 10**9)
        self.adaptive = self.chain.deploy("AdaptiveRateModel", CURVE)
        self.models = {TOLD: self.told.address, ADAPTIVE: self.adaptive.address}
        first = self.worlds[0]
        self.tokens: list[Contract] = first.tokens if beside else []
        self.feeds: list[Contract] = first.feeds if beside else []
        self.cautious: list[Contract] = first.cautious if beside else []
        self.said: dict[str, tuple[int, int]] = first.said if beside else {}
        """By feed: its answer, and when it was set; zeros while it is dead."""
        for id_, asset in enumerate(ASSETS):
            if not beside:
                self.issue(id_, asset)
            self.list(id_, asset)
        self.parked = {TOLD: Told(10**9, 10**9), ADAPTIVE: AdaptiveCurve(*CURVE)}
        self.twin = Pool(
            [self.read_reserve(i) for i in range(len(ASSETS))],
            LiquidationTerms(*self.pool.liquidationTerms()[:4]),
            now=self.chain.now,
            accounts={
                self.configurator.address: Account(
                    {row[0]: row[1] for row in self.pool.positions(self.configurator.address)}
                )
            },
        )

    def issue(self, id_: int, asset: Asset) -> None:
        """A token and its two feeds."""
        deploy = self.chain.deploy
        name = f"Token {id_}", f"T{id_}", asset.decimals
        hooked = id_ == HOOKED
        token = deploy("MockHookToken") if hooked else deploy("MockToken", *name)
        self.tokens.append(token)
        for feeds in (self.feeds, self.cautious):
            feeds.append(deploy("MockRescaledFeed", asset.feed_decimals, asset.answer))
            self.said[feeds[-1].address] = asset.answer, self.chain.now
        for account in ACCOUNTS:
            token.mint(account, 2**160)

    def list(self, id_: int, asset: Asset) -> None:
        token = self.tokens[id_]
        seed_assets = 30 * asset.large if self.deep else asset.unit // 10
        token.mint(DEPLOYER, seed_assets)
        token.approve(self.configurator.address, seed_assets)
        self.configurator.listReserve(
            self.pool.address, token.address, self.parameters(id_), seed_assets
        )
        for account in ACCOUNTS:
            token.approve(self.pool.address, 2**255, sender=account)

    def parameters(self, id_: int, ltv_bps: int | None = None, threshold_bps: int | None = None):
        """The configurator's `ReserveParameters`."""
        asset = ASSETS[id_]
        return (
            self.feeds[id_].address,
            DAY_S,
            asset.ltv_bps if ltv_bps is None else ltv_bps,
            asset.threshold_bps if threshold_bps is None else threshold_bps,
            *asset.bonus_bps,
            10,
            asset.reserve_factor,
            asset.curve,
            self.models.get(id_, ZERO),
            asset.supply_cap,
            asset.borrow_cap,
            asset.idle_cap,
            asset.min_debt,
            asset.borrowable,
        )

    def read_reserve(
        self, id_: int, words: dict[str, Any] | None = None, balance: int | None = None
    ) -> Reserve:
        """The reserve as stored on the machine; of what has been read already, from that."""
        words = words or self.pool.named("reserveWords", id_)
        price, updated_at = self.said[self.feeds[id_].address]
        return Reserve.from_words(
            index=words["interest"],
            totals=words["totals"],
            risk=words["risk"],
            token=words["token"],
            answer=price,
            updated_at=updated_at,
            balance=self.tokens[id_].balanceOf(self.pool.address) if balance is None else balance,
            model=self.read_model(id_) if words["model"] else None,
            ramp=words["ramp"],
            outflow=words["outflow"],
            idle_cap=words["idleCap"],
            cautious=self.cautious_answer(id_),
            insurer=self.insurer(words["insurer"]),
            grace_end=words["graceEnd"],
        )

    def cautious_answer(self, id_: int) -> tuple[int, int]:
        return self.said[self.cautious[id_].address]

    def insurer(self, word: int) -> str | None:
        """Whoever can be one, by the word that names him."""
        return next((a for a in self.insurable if int(a, 16) == word), None)

    def read_model(self, id_: int) -> Told | AdaptiveCurve:
        if id_ == TOLD:
            return Told(self.told.rate(), self.told.nextRate())
        return AdaptiveCurve(*CURVE, level=self.adaptive.level(self.pool.address, id_))

    # ---------------------------------------------------------------- what happens to the world

    def pass_time(self, seconds: int) -> None:
        self.chain.now += seconds
        for world in self.worlds:
            world.twin.now = self.chain.now
            world.moved()

    def moved(self) -> None:
        """Time or a price is another one: what watches must look again."""

    def move_price(self, id_: int, price: int) -> None:
        self.say(self.feeds[id_], id_, price, self.chain.now)

    def move_cautious_price(self, id_: int, price: int) -> None:
        self.say(self.cautious[id_], id_, price, self.chain.now)

    def say(self, feed: Contract, id_: int, price: int, updated_at: int) -> None:
        """One of the two feeds answers, to all pools."""
        if self.said[feed.address] == (0, 0):
            feed.kill(False)
        feed.setAt(price, updated_at)
        self.heard(feed, id_, price, updated_at)

    def heard(self, feed: Contract, id_: int, price: int, updated_at: int) -> None:
        """The twins hear what it says."""
        self.said[feed.address] = price, updated_at
        for world in self.worlds:
            if feed in self.feeds:
                world.twin.set_price(id_, price, updated_at)
            elif world.twin.reserves[id_].cautious is not None:
                world.twin.reserves[id_].cautious = (price, updated_at)
            world.moved()

    def refresh_prices(self) -> None:
        for i in range(len(ASSETS)):
            self.move_price(i, self.said[self.feeds[i].address][0])
            self.move_cautious_price(i, self.cautious_answer(i)[0])

    def recover(self) -> None:
        """All prices where they began, dated now, nothing paused and less frozen."""
        for i, asset in enumerate(ASSETS):
            self.move_price(i, asset.answer)
            self.move_cautious_price(i, asset.answer)
            r = self.twin.reserves[i]
            if r.paused:
                grace_s = self.rng.choice([0, 0, 60])
                self.configurator.unpause(self.pool.address, i, grace_s)
                self.twin.set_switches(i, False, r.frozen, grace_s)
                r = self.twin.reserves[i]
            if r.frozen and r.supply_index >= MIN_SUPPLY_INDEX and self.rng.random() < 0.3:
                self.configurator.unfreeze(self.pool.address, i)
                r.frozen = False

    # ---------------------------------------------------------------- both at once

    def both(self, on_chain: Callable[[], Any], in_twin: Callable[[], Any]) -> str:
        """Runs something on both; the outcome must be the same. Returns what happened."""
        self.moved()
        return self.compare(on_chain, in_twin)[0]

    def compare(
        self, on_chain: Callable[[], Any], in_twin: Callable[[], Any]
    ) -> tuple[str, tuple[Any, ...]]:
        """As `both`, with what was answered."""
        self.marks.clear()
        try:
            outcome = ("ok", answer(on_chain()))
        except Reverted as error:
            outcome = (error.name, error.arguments)
        try:
            expected = ("ok", answer(in_twin()))
        except Revert as error:
            expected = (error.name, error.arguments)
        assert outcome == expected
        self.seen.update(self.marks if outcome[0] == "ok" else [outcome[0]])
        return outcome

    def run(self, caller: str, call: Call) -> str:
        """One call; `("batch", calls)` for several, all or none."""
        data = self.encode(call)
        return self.compare(
            lambda: self.decode(call, self.pool.send(data, sender=caller)),
            lambda: self.call_twin(caller, call),
        )[0]

    def run_batch(self, caller: str, calls: list[Call]) -> str:
        """Several calls, all or none."""
        return self.run(caller, ("batch", calls))

    def encode(self, call: Call) -> bytes:
        name, *args = call
        if name == "batch":
            args = [[self.encode(c) for c in args[0]]]
        return self.pool.functions[name].encode(*args)

    def decode(self, call: Call, data: bytes) -> tuple[Any, ...]:
        values = self.pool.functions[call[0]].decode(data)
        if call[0] == "batch":
            return tuple(self.decode(c, d) for c, d in zip(call[1], values, strict=True))
        return answer(values)

    def call_twin(self, caller: str, call: Call) -> tuple[Any, ...]:
        """The twin's answer as the pool would give it; marks what it was."""
        name, *args = call
        if name == "batch":
            results = self.twin.batch([partial(self.call_twin, caller, c) for c in args[0]])
            self.marks.append(f"batch of {len(args[0])}")
            return tuple(results)
        self.marks.append(self.kind(call))
        insured = self.insured(args[0])
        result = IN_TWIN[name](self.twin, caller, *args)
        self.repay_to_itself(call, result)
        if name not in ("liquidate", "writeOff"):
            return answer(result)
        liquidated = isinstance(result, Liquidated)
        losses = result.write_offs if liquidated else result[1]
        if losses:
            self.marks.append("written off")
        if any(deficit for _, _, deficit in losses):
            self.marks.append("deficit")
        if self.insured(args[0]) < insured:
            self.marks.append("slashed")
        if liquidated:
            self.marks.append("paid in shares" if args[4] & SHARES else "paid in assets")
        return (result.repaid, result.received) if liquidated else ()

    def repay_to_itself(self, call: Call, result: Any) -> None:
        """What the pool pays out to itself stays there; the twin knows no wallets."""
        name, *args = call
        if args[-1] != self.pool.address:
            return
        if name in ("withdraw", "borrow"):
            self.twin.reserves[args[0] % IDLE].balance += result[0]
        elif name == "liquidate" and not args[4] & SHARES:
            self.twin.reserves[args[2]].balance += result.received

    def insured(self, account: Any) -> int:
        """All shares of insurers other than the account."""
        insurers = enumerate(r.insurer for r in self.twin.reserves)
        supplies = [(i, self.twin._account(a)) for i, a in insurers if a not in (None, account)]
        return sum(a.supply_of(i) for i, a in supplies)

    def kind(self, call: Call) -> str:
        """The function, and which way it goes where there are several."""
        name, *args = call
        if name == "liquidate":
            return name + " idle" * (args[2] in self.twin._account(args[0]).idle)
        if name in ("convert", "setCollateral"):
            return f"{name} {args[1]}"
        if name in ("supply", "withdraw", "repayWithSupply"):
            return name + " idle" * (args[0] >= IDLE)
        return name

    def view_of(self, id_: int) -> dict[str, int]:
        """What `reserveData` should say of a reserve, by the twin, with interest up to now."""
        r, now = self.twin._accrued(id_), self.twin.now
        return {
            "supplyIndex": r.supply_index,
            "debtIndex": r.debt_index,
            "supplyAssets": r.supply_assets,
            "debtAssets": r.debt_assets,
            "cash": r.cash,
            "buffer": r.buffer,
            "utilization": r.utilization,
            "borrowRate": r.borrow_rate,
            "supplyRate": r.supply_rate,
            "supplyCap": r.supply_cap,
            "borrowCap": r.borrow_cap,
            "price": r.price(now),
            "threshold": r.threshold_now(now),
            "idleAssets": r.idle,
            "idleCap": r.idle_cap,
            "minDebt": r.min_debt,
            "outflowRoom": r.outflow_room(now),
        }

    def assert_equal(self) -> None:
        """Every word, every position and every view; of the smaller views some."""
        twin, pool, now = self.twin, self.pool, self.twin.now
        for i, reserve in enumerate(twin.reserves):
            assert self.read_reserve(i) == reserve
            view, expected = pool.named("reserveData", i), self.view_of(i)
            assert {name: view[name] for name in expected} == expected
        for number, category in twin.categories.items():
            assert Category.from_words(*pool.categoryWords(number)) == category
            view = pool.named("categoryData", number)
            assert view["threshold"] == category.threshold_now(now)
        for account in ACCOUNTS:
            self.assert_equal_account(account)

    def assert_equal_account(self, account: str) -> None:
        twin, pool = self.twin, self.pool
        assert [tuple(row) for row in pool.positions(account)] == [
            (p.id, p.supply_shares, p.debt_shares, p.collateral, p.idle)
            for p in twin.positions(account)
        ]
        data = twin.account_data(account)
        assert tuple(pool.accountData(account)) == (
            data.collateral_value,
            data.debt_value,
            data.borrow_limit,
            data.liquidation_limit,
            data.health,
            data.unpriced,
        )
        assert pool.categoryOf(account) == twin.category_of(account)
        id_, operator = self.eyes.randrange(len(ASSETS)), self.eyes.choice(ACCOUNTS)
        position_id = self.eyes.choice([id_, id_ | IDLE, id_ | DEBT])
        assert pool.supplyBalance(account, id_) == twin.supply_balance(account, id_)
        assert pool.debtBalance(account, id_) == twin.debt_balance(account, id_)
        assert pool.balanceOf(account, position_id) == twin.balance_of(account, position_id)
        assert tuple(pool.authorization(account, operator)) == twin.authorization(account, operator)
        assert pool.isOperator(account, operator) == twin.is_operator(account, operator)
        assert pool.allowance(account, operator, position_id) == twin.allowance(
            account, operator, position_id
        )

    def assert_solvent(self) -> None:
        """Tokens held and owed cover what suppliers own; totals are the sum of their parts."""
        accounts = self.twin.accounts.values()
        for i, r in enumerate(self.twin.reserves):
            assert r.balance + r.debt_assets >= r.supply_assets + r.idle
            assert 0 <= r.idle <= r.idle_cap
            assert sum(a.debt.get(i, 0) for a in accounts) == r.debt_shares
            assert sum(a.supply_of(i) for a in accounts) == r.supply_shares
            assert sum(a.supply_of(i | IDLE) for a in accounts) == r.idle

    # ---------------------------------------------------------------- what to pick

    def id(self) -> int:
        """Mostly one that is listed."""
        if self.rng.random() < 0.01:
            return self.rng.choice([len(ASSETS), 63, 64, 200, MAX])
        return self.rng.randrange(len(ASSETS))

    def position_id(self) -> int:
        """Earning more often than idle; mostly one that is listed."""
        id_ = self.id()
        return id_ | IDLE if id_ < len(ASSETS) and self.rng.random() < 0.5 else id_

    def held_position_id(self, account: str) -> int:
        """Mostly one that the account has."""
        a = self.twin._account(account)
        if not a.supply or self.rng.random() < 0.2:
            return self.position_id()
        id_ = self.rng.choice(list(a.supply))
        idle = (id_ in a.idle) != (self.rng.random() < 0.05)
        return id_ | IDLE if idle else id_

    def owed_id(self, account: str) -> int:
        """Mostly of a debt that the account has."""
        debts = self.twin._account(account).debts()
        return self.rng.choice(debts) if debts and self.rng.random() < 0.8 else self.id()

    def borrowable_id(self, account: str) -> int:
        """Mostly one that the account's category lends and that has cash."""
        category = self.twin.categories.get(self.twin.category_of(account))
        lent = category.borrowables if category else range(len(ASSETS))
        ids = [i for i in lent if self.twin.reserves[i].cash > ASSETS[i].unit // 10]
        return self.rng.choice(ids) if ids and self.rng.random() < 0.8 else self.id()

    def amount(self, id_: int) -> int:
        """In assets or shares, from nothing to more than there is."""
        asset = ASSETS[id_ % IDLE % len(ASSETS)]
        amount = self.rng.choice(
            [self.rng.randrange(4), asset.unit, asset.large, self.rng.randrange(1, 2 * asset.large)]
        )
        if self.rng.random() < 0.03:
            amount = self.rng.choice([2**112, 2**112, 2**128])
        return self.rng.choices([amount, amount | SHARES, ALL], [6, 2, 1])[0]

    def account(self, caller: str) -> str:
        """Mostly the caller's own."""
        return caller if self.rng.random() < 0.7 else self.rng.choice(ACCOUNTS)

    def to(self, caller: str) -> str:
        """Wallets of the pool's assets do not matter; that there is one does."""
        return ZERO if self.rng.random() < 0.01 else caller

    def expiry(self) -> int:
        return self.chain.now + self.rng.choice([-self.chain.now, -1, 0, 10**6, MAX // 2])

    def headroom(self, account: str, id_: int) -> int:
        """What the account can still borrow, give or take a wei."""
        if id_ >= len(ASSETS):
            return 1
        data, r = self.twin.account_data(account), self.twin.reserves[id_]
        free = max(data.borrow_limit - data.debt_value, 0)
        room = assets_down(free, r.answer, r.decimals) if r.answer else 0
        return max(min(room, r.cash, 2**100) + self.rng.choice([-1, 0, 1]), 0)

    def debtor(self) -> str:
        """Mostly somebody who owes something."""
        debtors = [a for a in ACCOUNTS if self.twin._account(a).debt]
        return self.rng.choice(debtors if debtors and self.rng.random() < 0.8 else ACCOUNTS)

    def weakest(self, caller: str | None = None) -> str:
        """Mostly the account closest to liquidation, and not the caller's own."""
        if self.rng.random() < 0.1:
            return self.rng.choice(ACCOUNTS)
        others = [account for account in ACCOUNTS if account != caller]
        return min(others, key=self.twin.health_factor)

    # ---------------------------------------------------------------- calls of users

    def supply(self, caller: str) -> Call:
        position_id = self.position_id()
        return "supply", position_id, self.amount(position_id), self.account(caller)

    def withdraw(self, caller: str) -> Call:
        account = self.account(caller)
        position_id = self.held_position_id(account)
        return "withdraw", position_id, self.amount(position_id), account, self.to(caller)

    def transfer(self, caller: str) -> Call:
        return "transfer", *self.transferred(caller)

    def transfer_from(self, caller: str) -> Call:
        sender = self.rng.choice(ACCOUNTS)
        return "transferFrom", sender, *self.transferred(sender)

    def transferred(self, sender: str) -> Call:
        """A receiver, what he gets and how much of it: often all or half."""
        position_id = self.held_position_id(sender)
        held = self.twin.balance_of(sender, position_id)
        amount = self.rng.choice([held, held // 2, held + 1, self.amount(position_id)])
        return self.to(self.rng.choice(ACCOUNTS)), position_id, amount

    def borrow(self, caller: str) -> Call:
        account = self.account(caller)
        id_ = self.borrowable_id(account)
        amount = self.headroom(account, id_) if self.rng.random() < 0.7 else self.amount(id_)
        return "borrow", id_, amount, account, self.to(caller)

    def repay(self, caller: str) -> Call:
        account = self.debtor()
        id_ = self.owed_id(account)
        return "repay", id_, self.amount(id_), account

    def repay_with_supply(self, caller: str) -> Call:
        account = caller if self.twin._account(caller).debt else self.debtor()
        a = self.twin._account(account)
        both = [id_ for id_ in a.debts() if id_ in a.supply]
        id_ = self.rng.choice(both) if both else self.owed_id(account)
        return "repayWithSupply", id_ | IDLE if id_ in a.idle else id_, self.amount(id_), account

    def take_debt(self, caller: str) -> Call:
        account = self.debtor()
        id_ = self.owed_id(account)
        return "takeDebt", id_, self.amount(id_), account, self.account(caller)

    def convert(self, caller: str) -> Call:
        account = self.account(caller)
        position_id = self.held_position_id(account)
        if position_id >= 2 * IDLE:
            return "convert", position_id, True, account
        return "convert", position_id % IDLE, position_id < IDLE, account

    def set_collateral(self, caller: str) -> Call:
        account = self.account(caller)
        id_ = self.held_position_id(account) % IDLE
        return "setCollateral", id_, self.rng.random() < 0.7, account

    def set_category(self, caller: str) -> Call:
        return "setCategory", self.rng.choice([0, 0, 0, 1, 2, 3, 3, 256]), self.account(caller)

    def authorize(self, caller: str) -> Call:
        operator = self.to(self.rng.choice(ACCOUNTS))
        return "authorize", operator, self.rng.randrange(2**17), self.expiry()

    def set_operator(self, caller: str) -> Call:
        return "setOperator", self.to(self.rng.choice(ACCOUNTS)), self.rng.random() < 0.3

    def allow(self, caller: str) -> Call:
        return "allow", *self.allowed(caller), self.expiry()

    def approve(self, caller: str) -> Call:
        return "approve", *self.allowed(caller)

    def allowed(self, caller: str) -> Call:
        """A spender, and what he may use: a supply, or credit."""
        id_ = self.id()
        position_id = self.held_position_id(caller) if self.rng.random() < 0.5 else id_ | DEBT
        return self.to(self.rng.choice(ACCOUNTS)), position_id, self.amount(id_)

    def accrue(self, caller: str) -> Call:
        return "accrue", self.id()

    def liquidate(self, caller: str, account: str | None = None) -> Call:
        """Mostly a pair that the account really has, and mostly all of it."""
        rng = self.rng
        account = account or self.weakest(caller)
        a = self.twin._account(account)
        debt_id = rng.choice(a.debts() or [0])
        collateral_id = rng.choice(a.collaterals() or [0])
        part = rng.randrange(self.twin.debt_balance(account, debt_id) + 1)
        if rng.random() < 0.1:
            debt_id, collateral_id = self.id(), self.id()
        most = rng.choices([MAX, part, self.amount(debt_id)], [6, 3, 1])[0]
        least = rng.choices([0, 1, 10**30], [8, 3, 1])[0] | rng.choice([0, SHARES])
        to = self.to(caller if rng.random() < 0.9 else rng.choice(ACCOUNTS))
        return "liquidate", account, debt_id, collateral_id, most, least, to

    def write_off(self, caller: str) -> Call:
        return "writeOff", self.weakest(caller)

    # ---------------------------------------------------------------- one random step

    def step(self) -> None:
        action = self.rng.choices(list(STEPS), list(STEPS.values()))[0]
        if action in CALLS:
            caller = self.rng.choice(ACCOUNTS)
            self.run(caller, getattr(self, action)(caller))
        else:
            getattr(self, action)()

    def any_call(self, caller: str) -> Call:
        action = self.rng.choices(list(CALLS), list(CALLS.values()))[0]
        return getattr(self, action)(caller)

    def batch(self) -> None:
        """Any calls, or such as go only together: a debt whose cover comes later, or never."""
        caller = self.rng.choice(ACCOUNTS)
        id_ = self.borrowable_id(caller) % len(ASSETS)
        amount = self.rng.randrange(1, ASSETS[id_].large)
        idle = id_ in self.twin._account(caller).idle
        borrow = ("borrow", id_, amount, caller, caller)
        supply = ("supply", id_ | IDLE if idle else id_, 2 * amount, caller)
        some = [self.any_call(caller) for _ in range(self.rng.randrange(3))]
        calls = self.rng.choices(
            [
                [self.any_call(caller), *some],
                [borrow, supply, *some],
                [borrow, ("writeOff", caller)],
            ],
            [4, 5, 1],
        )[0]
        self.run_batch(caller, calls)

    def time(self) -> None:
        self.pass_time(self.rng.choice([1, 12, 3_600, DAY_S, 30 * DAY_S]))
        if self.rng.random() < 0.8:
            self.refresh_prices()

    def price(self) -> None:
        id_ = self.rng.randrange(len(ASSETS))
        percent = self.rng.choice([0, 1, 30, 50, 60, 70, 75, 80, 85, 90, 95, 105, 120, 150, 200])
        self.move_price(id_, ASSETS[id_].answer * percent // 100)

    def crash(self) -> None:
        """The weakest account's collaterals fall; it is liquidated or written off."""
        self.recover()
        caller = self.rng.choice(ACCOUNTS)
        account = self.weakest(caller)
        health = self.twin.health_factor(account)
        worthless = self.rng.random() < 0.2
        left = 10**14 if worthless else self.rng.randrange(60, 101) * WAD * WAD // 100 // health
        for id_ in self.twin._account(account).collaterals():
            self.move_price(id_, ASSETS[id_].answer * left // WAD)
        if worthless:
            self.run(caller, ("writeOff", account))
            return
        for _ in range(4):
            self.run(caller, self.liquidate(caller, account))

    # ---------------------------------------------------------------- configuration

    def configure(self, name: str, *args: Any) -> bool:
        """Whether the configurator takes it: what it refuses is none of the twin's business."""
        self.moved()
        try:
            getattr(self.configurator, name)(self.pool.address, *args)
        except Reverted as error:
            self.seen[error.name] += 1
            return False
        return True

    def set_switches(self) -> None:
        """Pauses or freezes a reserve, or opens it again; open is the rule."""
        id_ = self.rng.randrange(len(ASSETS))
        r = self.twin.reserves[id_]
        name = self.rng.choice(["pause", "freeze", *["unpause", "unfreeze"] * 2])
        paused = {"pause": True, "unpause": False}.get(name, r.paused)
        frozen = {"freeze": True, "unfreeze": False}.get(name, r.frozen)
        grace = (self.rng.choice([0, 12, 4 * 3_600]),) if name == "unpause" else ()
        self.both(
            lambda: getattr(self.configurator, name)(self.pool.address, id_, *grace),
            lambda: self.twin.set_switches(id_, paused, frozen, *grace),
        )

    def set_cautious_feed(self) -> None:
        """A second feed, in step with the first for the moment, or none."""
        id_ = self.rng.randrange(len(ASSETS))
        self.move_price(id_, ASSETS[id_].answer)
        self.move_cautious_price(id_, ASSETS[id_].answer)
        feed = self.rng.choice([ZERO, self.cautious[id_].address])
        if self.configure("setCautiousFeed", id_, feed):
            self.twin.reserves[id_].cautious = None if feed == ZERO else self.cautious_answer(id_)

    def cautious_price(self) -> None:
        """The second feed goes its own way, or dies."""
        id_ = self.rng.randrange(len(ASSETS))
        percent = self.rng.choice([0, 50, 90, 99, 100, 101, 110, 200])
        self.move_cautious_price(id_, ASSETS[id_].answer * percent // 100)

    def set_insurer(self) -> None:
        """Mostly somebody who has something to lose there."""
        id_ = self.rng.randrange(len(ASSETS))
        holders = [a for a in self.insurable if self.twin._account(a).supply_of(id_)]
        insurer = self.rng.choice([ZERO, *(holders * 3 or ACCOUNTS)])
        if self.configure("setInsurer", id_, insurer):
            self.twin.reserves[id_].insurer = None if insurer == ZERO else insurer

    def set_limits(self) -> None:
        """Caps, and whether it can be borrowed."""
        id_ = self.rng.randrange(len(ASSETS))
        asset, r = ASSETS[id_], self.twin.reserves[id_]
        tight = self.rng.random() < 0.3
        supply_cap = self.near(r.supply_assets) if tight else asset.supply_cap
        borrow_cap = self.near(r.debt_assets) if tight else asset.borrow_cap
        borrowable = self.rng.random() < 0.9
        if self.configure("setLimits", id_, supply_cap, borrow_cap, borrowable):
            r.supply_cap, r.borrow_cap, r.borrowable = supply_cap, borrow_cap, borrowable

    def near(self, assets: int) -> int:
        """A cap of three digits around an amount."""
        scale = 10 ** max(len(str(assets)) - 2, 0)
        return (assets // scale + self.rng.randrange(3)) * scale

    def set_outflow_limit(self) -> None:
        id_ = self.rng.randrange(len(ASSETS))
        r, window = self.twin.reserves[id_], self.rng.choice([60, 3_600, 7 * DAY_S])
        capacity = self.near(ASSETS[id_].large * self.rng.randrange(1, 10))
        if self.rng.random() < 0.4:
            capacity, window = 0, 0
        if self.configure("setOutflowLimit", id_, capacity, window):
            r.outflow = Outflow(capacity, window, capacity, self.chain.now) if window else None

    def set_idle_cap(self) -> None:
        id_ = self.rng.randrange(len(ASSETS))
        idle = self.twin.reserves[id_].idle
        most = 2**93 - 1
        cap = self.rng.choice([0, min(idle + self.rng.randrange(ASSETS[id_].large), most), most])
        self.both(
            lambda: self.configurator.setIdleCap(self.pool.address, id_, cap),
            lambda: self.twin.set_idle_cap(id_, cap),
        )

    def set_risk(self) -> None:
        """A threshold that falls does so on a ramp."""
        id_ = self.rng.randrange(len(ASSETS))
        asset, r = ASSETS[id_], self.twin.reserves[id_]
        threshold = max(asset.threshold_bps - self.rng.choice([0, 0, 400, 2_000]), 0)
        ltv, ramp_s = min(asset.ltv_bps, threshold), DAY_S * self.rng.randrange(1, 30)
        self.move_price(id_, asset.answer)
        ramp = self.ramp(r, threshold, ramp_s)
        if self.configure("setRisk", id_, self.parameters(id_, ltv, threshold), ramp_s):
            r.ltv, r.threshold, r.ramp = ltv * BPS, threshold * BPS, ramp

    def ramp(self, terms: RiskTerms | None, threshold_bps: int, ramp_s: int) -> Ramp | None:
        """Down from where the threshold stands, in whole steps."""
        now = self.chain.now
        stands = divide_up(terms.threshold_now(now) if terms else 0, BPS)
        return Ramp(stands * BPS, now, now + ramp_s) if stands > threshold_bps else None

    def set_category_terms(self) -> None:
        number = self.rng.choice(list(CATEGORIES))
        collaterals, borrowables, ltv, threshold, bonus, isolated = CATEGORIES[number]
        collaterals = collaterals - self.rng.choice([set(), set(), {3, 5, 6}])
        borrowables = borrowables - self.rng.choice([set(), set(), {1, 6}])
        ltv -= self.rng.choice([0, 300])
        threshold -= self.rng.choice([0, 0, 200, 1_500])
        ltv = min(ltv, threshold)
        ramp_s = DAY_S * self.rng.randrange(1, 30)
        ramp = self.ramp(self.twin.categories.get(number), threshold, ramp_s)
        bitmaps = [sum(1 << id_ for id_ in ids) for ids in (collaterals, borrowables)]
        if self.configure(
            "setCategory", number, (*bitmaps, ltv, threshold, *bonus, isolated), ramp_s
        ):
            self.twin.categories[number] = Category(
                collaterals=frozenset(collaterals),
                borrowables=frozenset(borrowables),
                ltv=ltv * BPS,
                threshold=threshold * BPS,
                bonus_floor=bonus[0] * BPS,
                bonus_cap=bonus[1] * BPS,
                isolated=isolated,
                ramp=ramp,
            )

    def set_rates(self) -> None:
        """Another curve; a model goes or comes back."""
        id_ = self.rng.choice([TOLD, ADAPTIVE, *range(len(ASSETS))])
        asset, r = ASSETS[id_], self.twin.reserves[id_]
        curve = self.rng.choice([asset.curve, (50, 80, 40, 60)])
        factor = self.rng.choice([asset.reserve_factor, 30])
        address, model = ZERO, None
        if id_ in self.models:
            self.parked[id_] = r.model or self.parked[id_]
            if self.rng.random() < 0.8:
                address, model = self.models[id_], self.parked[id_]
        self.both(
            lambda: self.configurator.setRates(self.pool.address, id_, curve, factor, address),
            lambda: self.twin.set_rates(id_, KinkedCurve(*curve), factor, model),
        )

    def set_told_rate(self) -> None:
        rate = self.rng.choice([0, 10**9, 10**11, 10**13, MAX])
        self.told.setNextRate(rate)
        (self.twin.reserves[TOLD].model or self.parked[TOLD]).next_rate = rate

    def set_rule(self) -> None:
        """An external liquidation model, generous, stingy or none."""
        rule = self.rng.choice(
            [None, (0, 0), (TERMS[2] * WAD - 1, 0), (TERMS[2] * WAD, WAD // 100), (MAX, MAX)]
        )
        model = ZERO
        if rule is not None:
            model = self.chain.deploy("MockLiquidationModel", 0, *rule).address
        self.configurator.setLiquidationTerms(self.pool.address, *TERMS, model)
        self.twin.liquidation_model = rule and (lambda case, terms: rule)

    def collect(self) -> None:
        """Of the protocol's income a part, all, or a unit too much."""
        id_ = self.rng.randrange(len(ASSETS))
        available = self.twin._accrued(id_).collectable
        amount = self.rng.choice([0, available // 2, available, available + 1])
        to = self.to(DEPLOYER)

        def in_twin() -> None:
            self.twin.collect_buffer(id_, amount, to)
            if to == self.pool.address:
                self.twin.reserves[id_].balance += amount
            self.marks.extend(["collect"] if amount else [])

        self.both(
            lambda: self.configurator.collectBuffer(self.pool.address, id_, amount, to),
            in_twin,
        )


CALLS = {
    "supply": 22,
    "withdraw": 10,
    "transfer": 4,
    "transfer_from": 4,
    "borrow": 20,
    "repay": 7,
    "repay_with_supply": 5,
    "take_debt": 4,
    "convert": 6,
    "set_collateral": 4,
    "set_category": 4,
    "authorize": 3,
    "set_operator": 1,
    "allow": 4,
    "approve": 2,
    "accrue": 1,
    "liquidate": 4,
    "write_off": 2,
}
"""Calls of users, and how often."""

STEPS = {
    **CALLS,
    "batch": 14,
    "time": 5,
    "price": 7,
    "refresh_prices": 4,
    "recover": 2,
    "crash": 12,
    "set_switches": 5,
    "set_limits": 3,
    "set_outflow_limit": 2,
    "set_idle_cap": 2,
    "set_cautious_feed": 2,
    "cautious_price": 3,
    "set_insurer": 5,
    "set_risk": 2,
    "set_category_terms": 2,
    "set_rates": 2,
    "set_told_rate": 2,
    "set_rule": 2,
    "collect": 2,
}
