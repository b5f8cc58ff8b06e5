"""The rows: each prepares a fresh account, lets an hour pass and measures one operation.

A protocol says how each operation is called; what is done, in what order and with which amounts is
said once, here, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.gas._chain import OWNER, Call, Chain, Contract
from tests.gas._compile import Artifacts

ALL = 2**256 - 1
USD = 10**6
UNIT = 10**18
PRICE_USD = 2_000
LTV_BPS, THRESHOLD_BPS, BONUS_BPS = 8_000, 8_500, 500
COLLATERALS = 5
POSITIONS = {1: 10_000, 3: 40_000, 5: 70_000}
"""Dollars borrowed against ten units of each of so many collaterals."""
MARGINAL = 15_900
"""Dollars borrowed against ten units of one collateral, for liquidations."""
CUT = {"partial": 1_850, "full": 1_700, "bad_debt": 1_500}
"""Dollars that a collateral is worth when it is liquidated."""
PARTIAL = MARGINAL // 2
"""Dollars repaid in a partial liquidation: half of the debt at most, as Aave has it."""
WALLET = 100_000_000


@dataclass
class World:
    """What all protocols share: tokens, feeds and a clock. Number 0 is the dollar."""

    chain: Chain
    tokens: list[Contract]
    feeds: list[Contract]

    @classmethod
    def create(cls, chain: Chain, artifacts: Artifacts) -> World:
        """A dollar with 6 decimals and collaterals with 18, each with an aggregator."""
        tokens = [chain.deploy(artifacts, "BenchToken", "USD", 6)]
        tokens += [chain.deploy(artifacts, "BenchToken", f"C{i}", 18) for i in collaterals()]
        prices = [1] + [PRICE_USD] * COLLATERALS
        feeds = [chain.deploy(artifacts, "BenchFeed", p * 10**8) for p in prices]
        return cls(chain, tokens, feeds)

    def wallet(self, *spenders: str) -> str:
        """A fresh account with some of everything and unlimited approval."""
        account = self.chain.account()
        self.fund(account)
        for spender in spenders:
            self.approve(account, spender)
        return account

    def fund(self, account: str) -> None:
        for i, token in enumerate(self.tokens):
            self.chain.send(OWNER, token.mint(account, WALLET * (UNIT if i else USD)))

    def approve(self, account: str, spender: str) -> None:
        for token in self.tokens:
            self.chain.send(account, token.approve(spender, ALL))

    def set_prices(self, price_usd: int, count: int) -> None:
        """Prices of the first collaterals."""
        for feed in self.feeds[1 : 1 + count]:
            self.chain.send(OWNER, feed.set(price_usd * 10**8))


class Market(Protocol):
    """One protocol. Operations that it lacks are None. `ALL` empties or clears."""

    name: str
    world: World

    def user(self) -> str:
        """A fresh account with a full wallet that has approved everything."""

    def lend(self, user: str, amount: int) -> Call: ...
    def withdraw(self, user: str, amount: int) -> Call: ...
    def pledge(self, user: str, i: int, amount: int) -> Call | None: ...
    def unpledge(self, user: str, i: int, amount: int) -> Call: ...
    def borrow(self, user: str, amount: int) -> Call: ...
    def repay(self, user: str, amount: int) -> Call: ...
    def liquidate(self, user: str, liquidator: str, kind: str) -> Call | None: ...
    def flash(self, user: str, amount: int) -> Call | None: ...
    def give(self, user: str, to: str, amount: int) -> Call | None: ...
    def view(self, user: str) -> Call | None: ...

    def position(self, user: str) -> tuple[int, int, int]:
        """Dollars lent, dollars owed and the first collateral, in whatever unit they are kept."""


def collaterals(count: int = COLLATERALS) -> range:
    """Numbers of the first collaterals."""
    return range(1, count + 1)


# ---------------------------------------------------------------------------------------- the rows


class Unsupported(Exception):  # noqa: N818 - no error: the protocol lacks what the row measures
    """The protocol cannot do this."""


class WrongScene(RuntimeError):  # noqa: N818
    """An operation did not do what its row says: the figure would be of something else."""


class Scene:
    """One row's stage: a protocol, a fresh account, and shorthand for what it does."""

    def __init__(self, market: Market) -> None:
        self.market, self.chain = market, market.world.chain
        self.user = market.user()

    def do(self, call: Call | None, *, by: str | None = None) -> int:
        """Sends a call; its gas."""
        if call is None:
            raise Unsupported
        return self.chain.send(by or self.user, call)

    def after_an_hour(self, call: Call | None, *, by: str | None = None) -> int:
        """Sends a call an hour later; its gas."""
        self.chain.wait()
        return self.do(call, by=by)

    def require(self, what: str, *truths: bool) -> None:
        """Holds the row to its name."""
        if not all(truths):
            raise WrongScene(f"{self.market.name}: not {what}: {self.market.position(self.user)}")

    def lend(self) -> None:
        self.do(self.market.lend(self.user, 1_000 * USD))

    def pledge(self, count: int) -> None:
        for i in collaterals(count):
            self.do(self.market.pledge(self.user, i, 10 * UNIT))

    def indebted(self, count: int, dollars: int | None = None) -> None:
        """Collateral in place and a debt against it."""
        self.pledge(count)
        self.do(self.market.borrow(self.user, (dollars or POSITIONS[count]) * USD))


def _supply_first(s: Scene) -> int:
    return s.after_an_hour(s.market.lend(s.user, 1_000 * USD))


def _supply_repeat(s: Scene) -> int:
    s.lend()
    return s.after_an_hour(s.market.lend(s.user, 1_000 * USD))


def _withdraw_partial(s: Scene) -> int:
    s.lend()
    return s.after_an_hour(s.market.withdraw(s.user, 400 * USD))


def _withdraw_full(s: Scene) -> int:
    s.lend()
    gas = s.after_an_hour(s.market.withdraw(s.user, ALL))
    s.require("all withdrawn", s.market.position(s.user)[0] == 0)
    return gas


def _pledge_first(s: Scene) -> int:
    return s.after_an_hour(s.market.pledge(s.user, 1, 10 * UNIT))


def _pledge_repeat(s: Scene) -> int:
    s.pledge(1)
    return s.after_an_hour(s.market.pledge(s.user, 1, 10 * UNIT))


def _unpledge(count: int) -> Callable[[Scene], int]:
    def row(s: Scene) -> int:
        s.indebted(count)
        return s.after_an_hour(s.market.unpledge(s.user, 1, UNIT))

    return row


def _borrow_first(count: int) -> Callable[[Scene], int]:
    def row(s: Scene) -> int:
        s.pledge(count)
        return s.after_an_hour(s.market.borrow(s.user, POSITIONS[count] * USD))

    return row


def _borrow_repeat(count: int) -> Callable[[Scene], int]:
    def row(s: Scene) -> int:
        half = POSITIONS[count] // 2
        s.indebted(count, half)
        return s.after_an_hour(s.market.borrow(s.user, half * USD))

    return row


def _repay_partial(s: Scene) -> int:
    s.indebted(1)
    return s.after_an_hour(s.market.repay(s.user, 4_000 * USD))


def _repay_full(s: Scene) -> int:
    s.indebted(1)
    gas = s.after_an_hour(s.market.repay(s.user, ALL))
    s.require("all repaid", s.market.position(s.user)[1] == 0)
    return gas


def _liquidate(kind: str, count: int) -> Callable[[Scene], int]:
    def row(s: Scene) -> int:
        s.indebted(count, MARGINAL * count)
        liquidator = s.market.user()
        s.chain.wait()
        s.market.world.set_prices(CUT[kind], count)
        gas = s.do(s.market.liquidate(s.user, liquidator, kind), by=liquidator)
        _, debt, collateral = s.market.position(s.user)
        left = {"partial": (True, True), "full": (False, True), "bad_debt": (False, False)}[kind]
        s.require(f"{kind} liquidation", left == (debt > 0, collateral > 0))
        return gas

    return row


def _flash(s: Scene) -> int:
    return s.after_an_hour(s.market.flash(s.user, 1_000 * USD))


def _give(s: Scene) -> int:
    holder = s.market.user()
    s.do(s.market.lend(holder, 1_000 * USD), by=holder)
    s.lend()
    return s.after_an_hour(s.market.give(s.user, holder, 400 * USD))


def _view(count: int) -> Callable[[Scene], int]:
    def row(s: Scene) -> int:
        s.indebted(count)
        s.chain.wait()
        call = s.market.view(s.user)
        if call is None:
            raise Unsupported
        return s.chain.view(call)

    return row


ROWS: dict[str, Callable[[Scene], int]] = {
    "supply_first": _supply_first,
    "supply_repeat": _supply_repeat,
    "withdraw_partial": _withdraw_partial,
    "withdraw_full": _withdraw_full,
    "supply_collateral_first": _pledge_first,
    "supply_collateral_repeat": _pledge_repeat,
    "withdraw_collateral_with_debt_1c": _unpledge(1),
    "withdraw_collateral_with_debt_3c": _unpledge(3),
    "borrow_first_1c": _borrow_first(1),
    "borrow_repeat_1c": _borrow_repeat(1),
    "borrow_first_3c": _borrow_first(3),
    "borrow_repeat_3c": _borrow_repeat(3),
    "borrow_first_5c": _borrow_first(5),
    "repay_partial": _repay_partial,
    "repay_full": _repay_full,
    "liquidate_partial_1c": _liquidate("partial", 1),
    "liquidate_full_1c": _liquidate("full", 1),
    "liquidate_bad_debt_1c": _liquidate("bad_debt", 1),
    "liquidate_partial_3c": _liquidate("partial", 3),
    "flash_loan": _flash,
    "transfer_position_existing_holder": _give,
    "account_view_1c": _view(1),
    "account_view_3c": _view(3),
    "account_view_5c": _view(5),
}


def measure(market: Market) -> dict[str, int | None]:
    """Every row of one protocol; None where it lacks the operation."""
    chain = market.world.chain
    found: dict[str, int | None] = {}
    for name, row in ROWS.items():
        with chain.isolated():
            try:
                found[name] = row(Scene(market))
            except Unsupported:
                found[name] = None
    return found
