"""The integer twin and the contracts in lock-step: same results, errors and state, to the wei."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest

from sims.exact import (
    MAX,
    MIN_SUPPLY_INDEX,
    SHARES,
    WAD,
    Account,
    LiquidationTerms,
    Pool,
    Reserve,
    Revert,
    assets_down,
)
from tests._revm import DEPLOYER, Chain, Contract, Reverted

ACCOUNTS = ["0x" + f"{i:02x}" * 20 for i in (0xA1, 0xA2, 0xA3, 0xA4)]
NONE = 2**256 - 1


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
    supply_cap: int = NONE
    borrow_cap: int = NONE
    borrowable: bool = True


ASSETS = [
    Asset(18, 8, 2_000 * 10**8, 8_050, 8_300, (250, 500), 15, (0, 92, 25, 8)),
    Asset(6, 8, 10**8, 7_500, 7_800, (225, 450), 10, (100, 92, 55, 10)),
    Asset(8, 8, 60_000 * 10**8, 7_300, 7_800, (250, 500), 50, (0, 80, 40, 300)),
    Asset(2, 18, 3 * 10**18, 6_000, 6_500, (1_000, 1_000), 0, (1_023, 1, 1_023, 1_023)),
    Asset(18, 8, 12 * 10**8, 0, 0, (0, 0), 20, (0, 50, 80, 100)),
    Asset(24, 6, 5 * 10**5, 0, 4_000, (0, 2_000), 100, (0, 100, 50, 0), 500 * 10**30, 5 * 10**30),
]
MODELLED = 4
"""The reserve whose rate comes from an external model."""


@dataclass(frozen=True)
class Told:
    """`MockRateModel`: charges what it was told, and moves on when the pool has accrued."""

    rate: int
    next_rate: int

    def borrow_rate(self, utilization: int, elapsed_s: int) -> int:
        return self.rate

    def accrued(self, utilization: int, elapsed_s: int) -> Told:
        return replace(self, rate=self.next_rate)


ACTIONS = {
    "supply": 20,
    "withdraw": 10,
    "borrow": 22,
    "repay": 8,
    "collateral": 4,
    "liquidate": 14,
    "write_off": 2,
    "authorize": 2,
    "accrue": 1,
    "time": 5,
    "price": 8,
    "refresh": 4,
    "crash": 5,
    "switch": 3,
    "collect": 2,
    "rate": 2,
    "rule": 2,
}
TERMS = (10_500, 9_000, 1_000, 50)


class World:
    """A market of awkward tokens on the machine, and its twin."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.written_off = self.deficits = self.collected = self.paid_in_shares = 0
        self.chain = Chain()
        authority = self.chain.deploy("Authority", DEPLOYER)
        configurator = self.chain.deploy("Configurator", authority.address)
        self.pool = self.chain.deploy("Pool", configurator.address)
        configurator.setLiquidationTerms(self.pool.address, *TERMS, "0x" + "00" * 20)
        self.tokens: list[Contract] = []
        self.feeds: list[Contract] = []
        for i, asset in enumerate(ASSETS):
            token = self.chain.deploy("MockToken", f"Token {i}", f"T{i}", asset.decimals)
            feed = self.chain.deploy("MockFeed", asset.feed_decimals, asset.answer)
            seed_assets = 10 ** max(asset.decimals - 1, 0)
            token.mint(DEPLOYER, seed_assets)
            token.approve(configurator.address, seed_assets)
            configurator.listReserve(
                self.pool.address,
                token.address,
                (
                    feed.address,
                    86_400,
                    asset.ltv_bps,
                    asset.threshold_bps,
                    *asset.bonus_bps,
                    10,
                    asset.reserve_factor,
                    asset.curve,
                    "0x" + "00" * 20,
                    asset.supply_cap,
                    asset.borrow_cap,
                    asset.borrowable,
                ),
                seed_assets,
            )
            for account in ACCOUNTS:
                token.mint(account, 2**160)
                token.approve(self.pool.address, 2**255, sender=account)
            self.tokens.append(token)
            self.feeds.append(feed)
        self.configurator = configurator
        told = Told(10**9, 10**9)
        self.model = self.chain.deploy("MockRateModel", 0, told.rate)
        curve, factor = ASSETS[MODELLED].curve, ASSETS[MODELLED].reserve_factor
        configurator.setRates(self.pool.address, MODELLED, curve, factor, self.model.address)
        terms = LiquidationTerms(*self.pool.liquidationTerms()[:4])
        self.twin = Pool(
            [self.read_reserve(i, told) for i in range(len(ASSETS))], terms, now=self.chain.now
        )
        self.twin.accounts[configurator.address] = self._seeds()

    def _seeds(self):
        rows = self.pool.positions(self.configurator.address)
        return Account({row[0]: row[1] for row in rows})

    def read_reserve(self, id_: int, told: Told) -> Reserve:
        index, totals, risk, token, _ = self.pool.reserveWords(id_)
        _, answer, _, updated_at, _ = self.feeds[id_].latestRoundData()
        return Reserve.from_words(
            index=index,
            totals=totals,
            risk=risk,
            token=token,
            answer=answer,
            updated_at=updated_at,
            balance=self.tokens[id_].balanceOf(self.pool.address),
            model=told if id_ == MODELLED else None,
        )

    # ---------------------------------------------------------------- what happens to the world

    def pass_time(self, seconds: int) -> None:
        self.chain.now += seconds
        self.twin.now = self.chain.now

    def move_price(self, id_: int, answer: int) -> None:
        self.feeds[id_].set(answer)
        self.twin.set_price(id_, answer, self.chain.now)

    def refresh_prices(self) -> None:
        for i, reserve in enumerate(self.twin.reserves):
            self.move_price(i, reserve.answer)

    # ---------------------------------------------------------------- both at once

    def both(self, on_chain, in_twin) -> str:
        """Runs a call on both; the outcome must be the same. Returns what happened."""
        try:
            got = on_chain()
            got = got if isinstance(got, tuple) else (got,)
            outcome = ("ok", got)
        except Reverted as error:
            outcome = (error.name, error.arguments)
        try:
            expected = in_twin()
            expected = expected if isinstance(expected, tuple) else (expected,)
            twin_outcome = ("ok", expected)
        except Revert as error:
            twin_outcome = (error.name, error.arguments)
        assert outcome == twin_outcome
        return outcome[0]

    def assert_equal(self) -> None:
        """Every word, every position and every view."""
        told = Told(self.model.rate(), self.model.nextRate())
        for i, reserve in enumerate(self.twin.reserves):
            assert self.read_reserve(i, told) == reserve
            data = self.pool.functions["reserveData"]["outputs"][0]["components"]
            names = [c["name"] for c in data]
            view = dict(zip(names, self.pool.reserveData(i), strict=True))
            now = self.twin._accrued(i)
            for name, value in {
                "cash": now.cash,
                "buffer": now.buffer,
                "utilization": now.utilization,
                "borrowRate": now.borrow_rate,
                "supplyRate": now.supply_rate,
                "price": now.price(self.twin.now),
            }.items():
                assert view[name] == value, name
        for account in ACCOUNTS:
            rows = [
                (p.id, p.supply_shares, p.debt_shares, p.collateral)
                for p in self.twin.positions(account)
            ]
            assert [tuple(row) for row in self.pool.positions(account)] == rows
            data = self.twin.account_data(account)
            assert tuple(self.pool.accountData(account)) == (
                data.collateral_value,
                data.debt_value,
                data.borrow_limit,
                data.liquidation_limit,
                data.health,
                data.unpriced,
            )

    def assert_solvent(self) -> None:
        """Tokens held and owed cover what suppliers own; totals are the sum of their parts."""
        for i, r in enumerate(self.twin.reserves):
            assert r.balance + r.debt_assets >= r.supply_assets
            for side, total in (("supply", r.supply_shares), ("debt", r.debt_shares)):
                parts = (getattr(a, side).get(i, 0) for a in self.twin.accounts.values())
                assert sum(parts) == total

    # ---------------------------------------------------------------- one random action

    def amount(self, id_: int) -> int:
        unit = 10 ** ASSETS[id_].decimals
        value_units = max(1, 10**4 * 10 ** ASSETS[id_].feed_decimals // ASSETS[id_].answer)
        return self.rng.choice(
            [
                0,
                1,
                2,
                3,
                unit,
                unit * value_units,
                self.rng.randrange(1, 2 * unit * value_units + 2),
                MAX,
            ]
        )

    def headroom(self, account: str, id_: int) -> int:
        """What the account can still borrow, give or take a wei."""
        data, r = self.twin.account_data(account), self.twin.reserves[id_]
        free = max(data.borrow_limit - data.debt_value, 0)
        room = assets_down(free, r.answer, r.decimals) if r.answer else 0
        return max(min(room, r.cash) + self.rng.choice([-1, 0, 1]), 0)

    def weakest(self) -> str:
        """Mostly the account closest to liquidation."""
        if self.rng.random() < 0.2:
            return self.rng.choice(ACCOUNTS)
        return min(ACCOUNTS, key=self.twin.health_factor)

    def step(self) -> str:
        rng, pool, twin = self.rng, self.pool, self.twin
        id_ = rng.randrange(len(ASSETS))
        account, caller = rng.choice(ACCOUNTS), rng.choice(ACCOUNTS)
        if rng.random() < 0.7:
            caller = account
        amount = self.amount(id_)
        action = rng.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        if action == "supply":
            amount = min(amount, 2**100)
            return (
                action
                + " "
                + self.both(
                    lambda: pool.supply(id_, amount, account, sender=caller),
                    lambda: twin.supply(id_, amount, account, caller=caller),
                )
            )
        if action == "withdraw":
            return (
                action
                + " "
                + self.both(
                    lambda: pool.withdraw(id_, amount, account, caller, sender=caller),
                    lambda: twin.withdraw(id_, amount, account, caller=caller),
                )
            )
        if action == "borrow":
            amount = min(self.headroom(account, id_) if rng.random() < 0.5 else amount, 2**100)
            return (
                action
                + " "
                + self.both(
                    lambda: pool.borrow(id_, amount, account, caller, sender=caller),
                    lambda: twin.borrow(id_, amount, account, caller=caller),
                )
            )
        if action == "repay":
            return (
                action
                + " "
                + self.both(
                    lambda: pool.repay(id_, amount, account, sender=caller),
                    lambda: twin.repay(id_, amount, account),
                )
            )
        if action == "collateral":
            enabled = rng.random() < 0.6
            return (
                action
                + " "
                + self.both(
                    lambda: pool.setCollateral(id_, enabled, account, sender=caller) or (None,),
                    lambda: twin.set_collateral(id_, enabled, account, caller=caller),
                )
            )
        if action == "liquidate":
            account = self.weakest()
            return action + " " + self.liquidate(account, self.some_other(account))
        if action == "write_off":
            return (
                action
                + " "
                + self.both(
                    lambda: pool.writeOff(account, sender=caller) or ("done",),
                    lambda: twin.write_off(account) and ("done",),
                )
            )
        if action == "authorize":
            mask, expiry = rng.randrange(16), self.chain.now + rng.choice([-1, 0, 10**6])
            pool.authorize(caller, mask, expiry, sender=account)
            twin.authorize(account, caller, mask, expiry)
        elif action == "accrue":
            pool.accrue(id_)
            twin.accrue(id_)
        elif action == "time":
            self.pass_time(rng.choice([1, 12, 3_600, 86_400, 30 * 86_400]))
            if rng.random() < 0.8:
                self.refresh_prices()
        elif action == "price":
            factor = rng.choice([0, 1, 30, 50, 60, 70, 75, 80, 85, 90, 95, 105, 120, 150, 200])
            self.move_price(id_, ASSETS[id_].answer * factor // 100)
        elif action == "crash":
            return self.crash()
        elif action == "switch":
            self.switch(id_)
        elif action == "collect":
            return action + " " + self.collect(id_)
        elif action == "rate":
            rate = rng.choice([0, 10**9, 10**11, 10**13, MAX])
            self.model.setNextRate(rate)
            reserve = twin.reserves[MODELLED]
            reserve.model = replace(reserve.model, next_rate=rate)
        elif action == "rule":
            self.change_rule()
        else:
            self.recover()
        return action

    def switch(self, id_: int) -> None:
        """Pauses or freezes a reserve, or opens it again; open is the rule."""
        reserve = self.twin.reserves[id_]
        switches = {"pause": ("paused", True), "freeze": ("frozen", True)}
        switches |= {"unpause": ("paused", False), "unfreeze": ("frozen", False)}
        name = self.rng.choice([*switches, "unpause", "unfreeze"])
        if name == "unfreeze" and reserve.supply_index < MIN_SUPPLY_INDEX:
            return
        getattr(self.configurator, name)(self.pool.address, id_)
        setattr(reserve, *switches[name])

    def collect(self, id_: int) -> str:
        """Of the protocol's income a part, all, or a unit too much."""
        available = self.twin._accrued(id_).collectable
        amount = self.rng.choice([0, available // 2, available, available + 1])
        outcome = self.both(
            lambda: (
                self.configurator.collectBuffer(self.pool.address, id_, amount, DEPLOYER)
                or ("done",)
            ),
            lambda: self.twin.collect_buffer(id_, amount) or ("done",),
        )
        if outcome == "ok" and amount:
            self.collected += 1
        return outcome

    def change_rule(self) -> None:
        """An external liquidation model, generous, stingy or none."""
        answer = self.rng.choice(
            [None, (0, 0), (TERMS[2] * WAD - 1, 0), (TERMS[2] * WAD, WAD // 100), (MAX, MAX)]
        )
        model = "0x" + "00" * 20
        if answer is not None:
            model = self.chain.deploy("MockLiquidationModel", 0, *answer).address
        self.configurator.setLiquidationTerms(self.pool.address, *TERMS, model)
        self.twin.liquidation_model = answer and (lambda case, terms: answer)

    def recover(self) -> None:
        """All prices where they began, dated now, and nothing paused."""
        for i, asset in enumerate(ASSETS):
            self.move_price(i, asset.answer)
            if self.twin.reserves[i].paused:
                self.configurator.unpause(self.pool.address, i)
                self.twin.reserves[i].paused = False

    def crash(self) -> str:
        """The weakest account's collaterals fall; it is liquidated or written off."""
        self.recover()
        account = self.weakest()
        worthless = self.rng.random() < 0.3
        for id_ in self.twin._account(account).collaterals():
            left = 1 if worthless else self.rng.randrange(500, 9_000)
            self.move_price(id_, ASSETS[id_].answer * left // 10_000)
        if worthless:
            return "write_off " + self.write_off(account)
        outcomes = [self.liquidate(account, self.some_other(account)) for _ in range(6)]
        return "liquidate " + ("ok" if "ok" in outcomes else outcomes[0])

    def write_off(self, account: str) -> str:
        return self.both(
            lambda: self.pool.writeOff(account) or ("done",),
            lambda: self.twin.write_off(account) and ("done",),
        )

    def some_other(self, account: str) -> str:
        """Mostly somebody else: an account cannot liquidate itself."""
        others = [a for a in ACCOUNTS if a != account]
        return account if self.rng.random() < 0.05 else self.rng.choice(others)

    def liquidate(self, account: str, caller: str) -> str:
        """Mostly a pair that the account really has."""
        rng, a = self.rng, self.twin._account(account)
        debt_id = rng.choice(a.debts() or [0])
        collateral_id = rng.choice(a.collaterals() or [0])
        if rng.random() < 0.1:
            debt_id, collateral_id = rng.randrange(len(ASSETS)), rng.randrange(len(ASSETS))
        amount = MAX if rng.random() < 0.6 else self.amount(debt_id)
        least = SHARES | rng.choice([0, 1, 10**30]) if rng.random() < 0.3 else 0
        to = caller if rng.random() < 0.8 else rng.choice(ACCOUNTS)

        def in_twin():
            done = self.twin.liquidate(caller, account, debt_id, collateral_id, amount, least, to)
            self.paid_in_shares += bool(least)
            self.written_off += len(done.write_offs)
            self.deficits += sum(deficit > 0 for _, _, deficit in done.write_offs)
            return done.repaid, done.received

        return self.both(
            lambda: self.pool.liquidate(
                account, debt_id, collateral_id, amount, least, to, sender=caller
            ),
            in_twin,
        )


@pytest.mark.parametrize("seed", range(6))
def test_pool__any_sequence_of_actions__twin_agrees_to_the_wei(seed: int) -> None:
    world = World(seed)
    seen: set[str] = set()
    for n in range(4_000):
        seen.add(world.step())
        if n % 10 == 0:
            world.assert_equal()
            world.assert_solvent()
    world.assert_equal()
    world.assert_solvent()
    assert world.written_off
    assert world.collected
    assert world.paid_in_shares
    succeeded = {s.split()[0] for s in seen if s.endswith(" ok")}
    assert {"supply", "withdraw", "borrow", "repay", "liquidate", "collateral"} <= succeeded


@pytest.mark.parametrize(("short", "frozen"), [(0, False), (1, True)])
def test_pool__supply_written_off_down_to_its_floor__twin_agrees(short: int, frozen: bool) -> None:
    """The supply index ends exactly at its floor, or a step under it."""
    world = World(0)
    pool, twin, debtor, supplier = world.pool, world.twin, ACCOUNTS[0], ACCOUNTS[1]
    total = 10**24
    missing = total - twin.reserves[0].supply_shares
    left = total // 10**6 - short * 10**6  # of which each part in 10^18 is a step of the index
    collateral = 10**13  # of the bitcoin-like asset: 100,000 of them
    world.both(
        lambda: pool.supply(0, missing, supplier, sender=supplier),
        lambda: twin.supply(0, missing, supplier),
    )
    world.both(
        lambda: pool.supply(2, collateral, debtor, sender=debtor),
        lambda: twin.supply(2, collateral, debtor),
    )
    world.both(
        lambda: pool.borrow(0, total - left, debtor, debtor, sender=debtor),
        lambda: twin.borrow(0, total - left, debtor),
    )
    world.move_price(2, 1)

    assert world.write_off(debtor) == "ok"

    assert twin.reserves[0].supply_index == MIN_SUPPLY_INDEX - short
    assert twin.reserves[0].frozen is frozen
    world.assert_equal()


def test_twin__one_wei_off__is_noticed() -> None:
    """The comparison can fail."""
    world = World(0)
    world.twin.reserves[0].supply_shares += 1
    with pytest.raises(AssertionError):
        world.assert_equal()


def test_terms__from_the_chain__are_wad() -> None:
    assert World(0).twin.terms == LiquidationTerms(
        target_health=105 * WAD // 100,
        full_health=90 * WAD // 100,
        dust=1_000 * WAD,
        write_off_below=50 * WAD,
    )
