"""What the lenses say against what the pool does, over markets in random states.

Every quote is tried: the action is sent, and must end with the error or the amounts that were
quoted; `most` must go through and one unit more must not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from tests._cast import DAY_S, IDLE, MAX, NO_CAP, SHARES, WAD, ZERO, Asset
from tests._revm import DEPLOYER, Chain, Contract, Reverted, _errors, contract_types

ACCOUNTS = ["0x" + f"{i:02x}" * 20 for i in (0xA1, 0xA2, 0xA3, 0xA4)]
LIQUIDATOR = "0x" + "11" * 20
FEED_DECIMALS = 8
TERMS = (10_500, 9_000, 1_000, 50)

ASSETS = (
    Asset("ETH", 18, 2_000),
    Asset("USD", 6, 1, ltv_bps=7_500, threshold_bps=7_800, min_debt=500 * 10**6),
    Asset("BTC", 8, 60_000, reserve_factor_percent=50, idle_cap=3 * 10**8),
    Asset(
        "CENT", 2, 3, ltv_bps=6_000, threshold_bps=6_500, bonus_floor_bps=1_000, bonus_cap_bps=1_500
    ),
    Asset("GOV", 18, 12, ltv_bps=0, threshold_bps=0, bonus_floor_bps=0, bonus_cap_bps=0),
    Asset("FINE", 24, 0.5, ltv_bps=0, threshold_bps=4_000, supply_cap=500 * 10**27),
    Asset("MODEL", 18, 1, borrow_cap=3 * 10**23),
)
LIMITED, MODELLED = 1, 6
"""The reserves with a limit on outflow, and with a model of their own."""


@dataclass(frozen=True)
class Record:
    """An answer whose fields have names."""

    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.fields[name]


def record(components: list[dict[str, Any]], values: Any) -> Any:
    """Names the parts of a decoded tuple, however deep."""
    fields = {}
    for component, value in zip(components, values, strict=True):
        kind = str(component["type"])
        if kind == "tuple[]":
            value = [record(component["components"], v) for v in value]
        elif kind == "tuple":
            value = record(component["components"], value)
        fields[component["name"]] = value
    return Record(fields)


@cache
def answer_of(name: str, function: str) -> dict[str, Any]:
    """How a function's only answer is made up."""
    (item,) = [i for i in contract_types()[name]["abi"] if i.get("name") == function]
    (output,) = item["outputs"]
    return dict(output)


def ask(contract: Contract, function: str, *args: Any) -> Any:
    """Calls a view that answers with one struct, or a list of them."""
    output = answer_of(contract.name, function)
    answer = getattr(contract, function)(*args)
    if output["type"] == "tuple[]":
        return [record(output["components"], a) for a in answer]
    return record(output["components"], answer)


@cache
def selectors() -> dict[str, bytes]:
    """By the error's name."""
    return {str(item["name"]): selector for selector, item in _errors().items()}


def error_name(selector: bytes) -> str:
    """Of the pool's error; "ok" for none."""
    return next((name for name, s in selectors().items() if s == selector), "ok")


class World:
    """A market in which everything that a quote looks at occurs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.chain = Chain()
        deploy = self.chain.deploy
        self.configurator = deploy("Configurator", deploy("Authority", DEPLOYER).address)
        address = deploy("Pool", self.configurator.address).address
        self.pool = Contract(self.chain, "IPool", address)
        self.lens, self.quotes = deploy("Lens"), deploy("QuoteLens")
        self.configurator.setLiquidationTerms(address, *TERMS, ZERO)
        self.tokens: list[Contract] = []
        self.feeds: list[Contract] = []
        for id_, asset in enumerate(ASSETS):
            self.list(id_, asset)
        self.model = deploy("MockRateModel", 0, 10**10)
        curve, factor = ASSETS[MODELLED].curve, ASSETS[MODELLED].reserve_factor_percent
        self.configurator.setRates(address, MODELLED, curve, factor, self.model.address)
        self.configurator.setOutflowLimit(address, LIMITED, 20_000 * 10**6, 20 * DAY_S)
        self.set_category(1, 0b0000101, 0b0000111, isolated=False)
        self.set_category(2, 0b0000110, 0b1000010, isolated=True)

    def list(self, id_: int, asset: Asset) -> None:
        """Opens a reserve and gives everybody enough of its token."""
        token = self.chain.deploy("MockToken", asset.symbol, asset.symbol, asset.decimals)
        feed = self.chain.deploy("MockFeed", FEED_DECIMALS, asset.answer)
        seed = 10**asset.decimals
        token.mint(DEPLOYER, seed)
        token.approve(self.configurator.address, seed)
        parameters = self.parameters(id_, feed.address)
        self.configurator.listReserve(self.pool.address, token.address, parameters, seed)
        for account in (*ACCOUNTS, LIQUIDATOR):
            token.mint(account, 2**150)
            token.approve(self.pool.address, MAX, sender=account)
        self.tokens.append(token)
        self.feeds.append(feed)

    def parameters(self, id_: int, feed: str, **changes: Any) -> tuple[Any, ...]:
        """In the order of `ReserveParameters`."""
        return replace(ASSETS[id_], **changes).in_order(feed)

    def set_category(
        self, number: int, collaterals: int, borrowables: int, *, isolated: bool
    ) -> None:
        threshold = self.rng.choice([9_000, 9_200, 9_300])
        terms = (collaterals, borrowables, 8_800, threshold, 100, 300, isolated)
        self.configurator.setCategory(self.pool.address, number, terms, DAY_S)

    # ---------------------------------------------------------------- what happens to the world

    def attempt(self, call: Callable[[], Any]) -> tuple[bytes, tuple[Any, ...]]:
        """The error's selector, or none and the answer."""
        try:
            answer = call()
        except Reverted as error:
            if error.name.startswith("0x"):
                return bytes.fromhex(error.name[2:10]), ()
            return selectors()[error.name], ()
        return bytes(4), answer if isinstance(answer, tuple) else (answer,)

    def tried(self, call: Callable[[], Any], *then: Callable[[], Any]) -> list[Any]:
        """As `attempt`, with what is seen afterwards, and everything undone."""
        before = self.chain.evm.snapshot()
        outcome = self.attempt(call)
        seen = [look() for look in then]
        self.chain.evm.revert(before)
        return [*outcome, *seen]

    def amount(self, id_: int) -> int:
        unit = 10 ** ASSETS[id_].decimals
        usual = int(10**4 / ASSETS[id_].price_usd * unit)
        return self.rng.choice(
            [1, unit, usual, 3 * usual, self.rng.randrange(1, 10 * usual), 30 * usual]
        )

    def stir(self) -> None:
        """One random change; what the pool refuses does not matter."""
        rng, pool = self.rng, self.pool
        id_, account = rng.randrange(len(ASSETS)), rng.choice(ACCOUNTS)
        position, amount = id_ | IDLE * (rng.random() < 0.25), self.amount(id_)
        pick = rng.random()
        me = {"sender": account}
        if pick < 0.3:
            self.attempt(lambda: pool.supply(position, amount, account, **me))
        elif pick < 0.55:
            self.attempt(lambda: pool.borrow(id_, amount, account, account, **me))
        elif pick < 0.62:
            self.attempt(lambda: pool.withdraw(position, amount, account, account, **me))
        elif pick < 0.67:
            self.attempt(lambda: pool.repay(id_, amount, account, **me))
        elif pick < 0.72:
            self.attempt(lambda: pool.setCollateral(id_, rng.random() < 0.7, account, **me))
        elif pick < 0.77:
            self.attempt(lambda: pool.setCategory(rng.randrange(3), account, **me))
        elif pick < 0.80:
            self.attempt(lambda: pool.convert(id_, rng.random() < 0.5, account, **me))
        elif pick < 0.86:
            self.pass_time(rng.choice([1, 12, 3_600, DAY_S, 30 * DAY_S]))
        elif pick < 0.93:
            factor = rng.choice([0, 10, 60, 75, 85, 90, 95, 100, 100, 100, 105, 120])
            self.set_price(id_, ASSETS[id_].answer * factor // 100)
        else:
            self.configure(id_)

    def pass_time(self, seconds: int) -> None:
        self.chain.now += seconds
        for feed in self.feeds:
            feed.set(feed.latestRoundData()[1])

    def set_price(self, id_: int, answer: int) -> None:
        self.feeds[id_].set(answer)

    def configure(self, id_: int) -> None:
        """Mostly back to what is usual."""
        rng, pool, configurator = self.rng, self.pool.address, self.configurator
        choice = rng.randrange(8)
        if choice == 0:
            name = rng.choice(["pause", "freeze", *["unpause", "unfreeze"] * 2])
            grace = (rng.choice([0, 3_600]),) if name == "unpause" else ()
            self.attempt(lambda: getattr(configurator, name)(pool, id_, *grace))
        elif choice == 1:
            caps = rng.choice(
                [(NO_CAP, NO_CAP)] * 3 + [(NO_CAP, 0), (0, 10 ** ASSETS[id_].decimals)]
            )
            configurator.setLimits(pool, id_, *caps, rng.random() < 0.9)
        elif choice == 2 and ASSETS[id_].threshold_bps:
            threshold = rng.choice([ASSETS[id_].threshold_bps, 3_000])
            ltv = rng.choice([0, min(ASSETS[id_].ltv_bps, threshold)])
            terms = self.parameters(
                id_, self.feeds[id_].address, threshold_bps=threshold, ltv_bps=ltv
            )
            self.attempt(lambda: configurator.setRisk(pool, id_, terms, 3 * DAY_S))
        elif choice == 3:
            answer = rng.choice([None, (0, 0), (TERMS[2] * WAD, WAD // 100), (MAX, MAX)])
            model = ZERO
            if answer is not None:
                model = self.chain.deploy("MockLiquidationModel", 0, *answer).address
            configurator.setLiquidationTerms(pool, *TERMS, model)
        elif choice == 4:
            self.model.setNextRate(rng.choice([0, 10**9, 10**11]))
        elif choice == 5:
            self.set_category(1, 0b0000101, 0b0000111, isolated=False)
        else:
            for i, asset in enumerate(ASSETS):
                self.set_price(i, asset.answer)

    # ---------------------------------------------------------------- what must be equal

    def account_data(self, account: str) -> dict[str, Any]:
        return ask(self.pool, "accountData", account).fields

    def prices(self, account: str) -> dict[int, tuple[int, int]]:
        """Those of liquidation, by reserve."""
        rows = ask(self.lens, "account", self.pool.address, account).positions
        return {r.id: (r.liquidationBelow, r.liquidationAbove) for r in rows}

    def rate(self, id_: int) -> int:
        return int(ask(self.pool, "reserveData", id_).borrowRate)

    def check_account(self, account: str) -> None:
        """The lens says what the pool says, and the parts are the whole."""
        view = ask(self.lens, "account", self.pool.address, account)
        assert view.total.fields == self.account_data(account)
        assert view.category == self.pool.categoryOf(account)
        pool, rows = self.pool, view.positions
        assert [(r.id, r.idle, r.collateral) for r in rows] == [
            (id_, idle, collateral) for id_, _, _, collateral, idle in pool.positions(account)
        ]
        for row in rows:
            assert row.supplyAssets == pool.supplyBalance(account, row.id)
            assert row.debtAssets == pool.debtBalance(account, row.id)
        assert sum(r.borrowLimit for r in rows) == view.total.borrowLimit
        assert sum(r.liquidationLimit for r in rows) == view.total.liquidationLimit
        assert sum(r.supplyValue for r in rows if r.counts) == view.total.collateralValue
        assert sum(r.debtValue for r in rows) == view.total.debtValue
        for row in rows:
            self.check_range(account, row.id, row.liquidationBelow, row.liquidationAbove)

    def check_range(self, account: str, id_: int, below: int, above: int) -> None:
        """Health crosses one between the price named and the next."""

        def is_healthy(answer: int) -> bool:
            change = lambda: self.set_price(id_, answer)  # noqa: E731
            return self.tried(change, lambda: self.account_data(account)["health"])[-1] >= WAD

        if 0 < below < MAX:
            assert not is_healthy(below)
            assert is_healthy(below + 1)
        if 0 < above < MAX:
            assert not is_healthy(above)
            assert is_healthy(above - 1)
        now = self.feeds[id_].latestRoundData()[1]
        if now and (below in (0, MAX) and above in (0, MAX)):  # never, or always
            assert is_healthy(now) == (below == 0)

    def check_quote(
        self, account: str, id_: int, q: Any, amount: int, act: Callable[[int], Any]
    ) -> str:
        """The quote against the action itself; says how it ended."""
        looks = (
            lambda: self.account_data(account),
            lambda: self.rate(id_),
            lambda: self.prices(account),
        )
        refusal, answer, later, rate, prices = self.tried(lambda: act(amount), *looks)
        assert q.refusal == refusal, amount
        assert q.before.fields == self.account_data(account)
        assert q.borrowRate == self.rate(id_)
        if refusal == bytes(4):
            assert (q.assets, q.shares) == answer
            assert q.later.fields == later
            quoted = {p.id: (p.below, p.above) for p in q.prices}
            assert {id_: quoted[id_] for id_ in prices} == prices
            if id_ != MODELLED:  # which moves when it is told of an interval
                assert q.borrowRateAfter == rate
        if q.most:
            assert self.tried(lambda: act(q.most))[0] == bytes(4)
        assert self.tried(lambda: act(q.most + 1))[0] != bytes(4)
        return error_name(refusal)

    def check_borrow(self) -> str:
        rng, pool, id_ = self.rng, self.pool, self.rng.randrange(len(ASSETS))
        account = rng.choice(ACCOUNTS)

        def act(amount: int) -> Any:
            return pool.borrow(id_, amount, account, account, sender=account)

        def quote(amount: int) -> Any:
            return ask(self.quotes, "quoteBorrow", pool.address, account, id_, amount)

        most = quote(1).most
        amount = rng.choice(
            [
                0,
                1,
                most,
                most + 1,
                most // 2,
                self.amount(id_),
                SHARES | self.amount(id_),
                2**127,
                MAX,
            ]
        )
        return "borrow " + self.check_quote(account, id_, quote(amount), amount, act)

    def check_withdrawal(self) -> str:
        rng, pool = self.rng, self.pool
        account = rng.choice(ACCOUNTS)
        held = [(i, idle) for i, s, _, _, idle in pool.positions(account) if s] or [(0, False)]
        id_, idle = rng.choice(held)
        idle ^= rng.random() < 0.05
        position = id_ | IDLE * idle

        def act(amount: int) -> Any:
            return pool.withdraw(position, amount, account, account, sender=account)

        def quote(amount: int) -> Any:
            return ask(self.quotes, "quoteWithdraw", pool.address, account, position, amount)

        most = quote(1).most
        amount = rng.choice(
            [0, 1, most, most + 1, self.amount(id_), SHARES | self.amount(id_), MAX]
        )
        return "withdraw " + self.check_quote(account, id_, quote(amount), amount, act)

    def check_liquidation(self) -> str:
        rng, pool = self.rng, self.pool
        account = min(ACCOUNTS, key=lambda a: self.account_data(a)["health"])
        rows = pool.positions(account)
        debt = rng.choice([r[0] for r in rows if r[2]] or [0])
        collateral = rng.choice([r[0] for r in rows if r[1]] or [0])
        if rng.random() < 0.1:
            debt, collateral = rng.randrange(8), rng.randrange(8)
        amount = MAX if rng.random() < 0.5 else self.amount(debt % len(ASSETS))
        return self.check_pair(account, debt, collateral, amount, as_shares=rng.random() < 0.3)

    def check_pair(
        self, account: str, debt: int, collateral: int, amount: int, *, as_shares: bool
    ) -> str:
        """The quote of one liquidation against it; says how it ended."""
        pool, args = self.pool, (account, debt, collateral, amount)
        q = ask(self.quotes, "quoteLiquidation", pool.address, *args, as_shares)

        def act() -> Any:
            least = SHARES * as_shares
            return pool.liquidate(*args, least, LIQUIDATOR, sender=LIQUIDATOR)

        debts = lambda: [r[0] for r in pool.positions(account) if r[2]]  # noqa: E731
        owed = pool.debtBalance(account, debt) if debt < len(ASSETS) else 0
        remains = q.repaid < owed or len(debts()) > 1
        refusal, answer, left = self.tried(act, debts)
        assert q.refusal == refusal, args
        if refusal == bytes(4):
            assert (q.repaid, q.received) == answer
            assert bool(left) == (remains and not q.writesOff)
            assert remains or not q.writesOff
        else:
            assert (q.repaid, q.received) == (0, 0)
        return "liquidate " + ("written off" if q.writesOff else error_name(refusal))

    def check_crash(self) -> str:
        """The weakest account's collaterals have fallen, more or less far."""
        before = self.chain.evm.snapshot()
        account = min(ACCOUNTS, key=lambda a: self.account_data(a)["health"])
        left = self.rng.choice([1, 30, 50, 70, 80, 90, 95])
        for id_, supplied, owed, *_ in self.pool.positions(account):
            if supplied and not owed:
                self.set_price(id_, max(1, ASSETS[id_].answer * left // 100 * (left > 1)))
        seen = self.check_liquidation()
        self.chain.evm.revert(before)
        return seen

    def check_healths(self) -> None:
        """Of all at once, as of each alone."""
        list_ = ask(self.lens, "healths", self.pool.address, ACCOUNTS)
        assert [a.fields for a in list_] == [self.account_data(a) for a in ACCOUNTS]


REFUSALS = {
    "borrow": {
        "AmountTooLarge",
        "BorrowCapExceeded",
        "DebtTooSmall",
        "InsufficientCash",
        "NoPrice",
        "NotBorrowable",
        "NotInCategory",
        "OutflowLimitExceeded",
        "ReserveFrozen",
        "ReservePaused",
        "Undercollateralized",
        "ZeroAmount",
    },
    "withdraw": {
        "InsufficientCash",
        "InsufficientShares",
        "NoPrice",
        "OutflowLimitExceeded",
        "Undercollateralized",
        "ZeroAmount",
    },
    "liquidate": {
        "Healthy",
        "LeavesDust",
        "NoPosition",
        "NoPrice",
        "NotCollateral",
        "ReservePaused",
        "UnknownReserve",
        "ZeroAmount",
        "written off",
    },
}
"""What the random states must have come across, beside success."""


@pytest.mark.slow
def test_quotes__of_random_states__are_what_the_pool_does() -> None:
    seen: set[str] = set()
    for seed in range(4):
        world = World(seed)
        for _ in range(60):
            world.stir()
        for n in range(350):
            world.stir()
            seen |= {world.check_borrow(), world.check_withdrawal(), world.check_crash()}
            if n % 10 == 0:
                seen.add(world.check_liquidation())
                world.check_healths()
            if n % 5 == 0:
                world.check_account(world.rng.choice(ACCOUNTS))
    expected = {f"{action} {error}" for action, errors in REFUSALS.items() for error in errors}
    expected |= {f"{action} ok" for action in REFUSALS}
    assert expected - seen == set()


@pytest.mark.parametrize("as_shares", [False, True])
def test_quote_liquidation__of_debt_in_the_collateral_itself__is_what_the_pool_does(
    as_shares: bool,
) -> None:
    """The debt that is repaid no longer asks for cash."""
    world = World(0)
    pool, debtor = world.pool, ACCOUNTS[0]
    pool.supply(0, 100 * WAD, debtor, sender=debtor)
    pool.borrow(0, 70 * WAD, debtor, debtor, sender=debtor)
    terms = world.parameters(0, world.feeds[0].address, ltv_bps=5_000, threshold_bps=6_000)
    world.configurator.setRisk(pool.address, 0, terms, DAY_S)
    world.pass_time(DAY_S)

    assert world.check_pair(debtor, 0, 0, MAX, as_shares=as_shares) == "liquidate ok"


@pytest.mark.parametrize(("other_usd", "ending"), [(45, "written off"), (57, "ok")])
def test_quote_liquidation__with_other_collateral_left__writes_off_what_is_worth_little(
    other_usd: int, ending: str
) -> None:
    world = World(0)
    pool, (debtor, supplier, *_) = world.pool, ACCOUNTS
    pool.supply(0, 100 * WAD, supplier, sender=supplier)
    pool.supply(2, 10**8, debtor, sender=debtor)
    pool.supply(3, other_usd * 100 // 3, debtor, sender=debtor)
    pool.borrow(0, 20 * WAD, debtor, debtor, sender=debtor)
    world.set_price(2, 10_000 * 10**8)

    assert world.check_pair(debtor, 0, 2, MAX, as_shares=False) == f"liquidate {ending}"


def test_quote_liquidation__all_repaid_but_for_rounding__writes_nothing_off() -> None:
    """The debt's value is a wei more, rounded up, than what is repaid is worth, rounded down."""
    world = World(0)
    pool, (debtor, supplier, *_) = world.pool, ACCOUNTS
    pool.supply(5, 10**28, supplier, sender=supplier)
    pool.supply(1, 1_050 * 10**6, debtor, sender=debtor)  # worth 1,000 and the bonus of 5 %
    world.set_price(5, ASSETS[5].answer // 2)
    pool.borrow(5, 2_000 * 10**24 - 1, debtor, debtor, sender=debtor)
    world.set_price(5, ASSETS[5].answer)

    assert world.check_pair(debtor, 5, 1, MAX, as_shares=False) == "liquidate ok"


def test_quotes__of_another_block__are_noticed() -> None:
    """The comparison can fail."""
    world = World(0)
    pool, account = world.pool, ACCOUNTS[0]
    pool.supply(0, 10 * WAD, account, sender=account)
    pool.supply(2, 10**8, account, sender=account)
    pool.borrow(0, WAD, account, account, sender=account)
    pool.borrow(2, 10**7, account, account, sender=account)
    stale = ask(world.quotes, "quoteBorrow", pool.address, account, 0, WAD)
    world.pass_time(DAY_S)

    with pytest.raises(AssertionError):
        world.check_quote(
            account, 0, stale, WAD, lambda a: pool.borrow(0, a, account, account, sender=account)
        )


@pytest.fixture
def worthless() -> World:
    """The whole supply of ETH was lent and is written off: its shares are worth nothing."""
    world = World(0)
    pool, (debtor, supplier, *_) = world.pool, ACCOUNTS
    pool.supply(0, 100 * WAD, supplier, sender=supplier)
    pool.supply(2, 100 * 10**8, debtor, sender=debtor)
    most = ask(world.quotes, "quoteBorrow", pool.address, debtor, 0, 1).most
    pool.borrow(0, most, debtor, debtor, sender=debtor)
    world.pass_time(DAY_S)
    world.set_price(2, 1)
    pool.writeOff(debtor)
    assert ask(pool, "reserveData", 0).supplyIndex == 0
    return world


@pytest.mark.parametrize("amount", [0, 1, SHARES | 1, SHARES | 10**30, MAX])
def test_quote_withdraw__of_shares_worth_nothing__is_what_the_pool_does(
    worthless: World, amount: int
) -> None:
    pool, supplier = worthless.pool, ACCOUNTS[1]
    quote = ask(worthless.quotes, "quoteWithdraw", pool.address, supplier, 0, amount)

    worthless.check_quote(
        supplier,
        0,
        quote,
        amount,
        lambda a: pool.withdraw(0, a, supplier, supplier, sender=supplier),
    )


def test_account__with_shares_worth_nothing__is_as_the_pool_says(worthless: World) -> None:
    for account in ACCOUNTS:
        worthless.check_account(account)
