"""Every action against every state of an asset or an account: what goes, and the reason why not.

One row a state: what it refuses, with the error. What a row does not name must go through. Every
call is asked of the chain, not sent, so that each starts from the same state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ape
import pytest

from tests._cast import (
    DAY_S,
    FEED_DECIMALS,
    IDLE,
    MAX,
    SHARES,
    Category,
    Market,
    quickly,
)
from tests._cast import refusal_of as asked
from tests._revm import named_error

HOUR_S = 3_600


@dataclass(frozen=True)
class Scene:
    """10 WETH earn, 15,000 USDC are owed by the debtor; a third lends 100,000 USDC and 50 WETH."""

    market: Market
    debtor: Any
    lender: Any
    liquidator: Any
    owner: Any
    project: Any

    @property
    def collateral(self) -> Any:
        return self.market["WETH"]

    @property
    def debt(self) -> Any:
        return self.market["USDC"]

    def configure(self, name: str, *args: Any) -> None:
        configurator = self.market.configurator
        quickly(getattr(configurator, name), self.market.pool, *args, sender=self.owner)

    def stop_feed(self, stopped: Any) -> None:
        """A day and a second pass; every feed but this one goes on."""
        self.market.wait(DAY_S + 1)
        quickly(stopped.feed.setAt, stopped.asset.answer, 1, sender=self.owner)


@pytest.fixture
def scene(still, project, owner, borrower, supplier, liquidator):
    scene = Scene(still, borrower, supplier, liquidator, owner, project)
    still.supply(supplier, scene.debt, 100_000)
    still.supply(supplier, scene.collateral, 50)
    still.supply(borrower, scene.collateral, 10)
    still.borrow(borrower, scene.debt, 15_000)
    return scene


# -------------------------------------------------------------------------------------- actions


ACTIONS = 17


def actions(s: Scene) -> dict[str, tuple[Any, ...]]:
    """What the debtor, the lender and the liquidator may want: sender, method, arguments."""
    pool, weth, usdc = s.market.pool, s.collateral, s.debt
    debtor, lender, liquidator = s.debtor, s.lender, s.liquidator
    batch = [
        pool.borrow.encode_input(usdc.id, usdc.units(1_000), debtor, debtor),
        pool.supply.encode_input(weth.id, weth.units(1), debtor),
    ]
    return {
        "add collateral": (debtor, pool.supply, weth.id, weth.units(1), debtor),
        "add it idle": (lender, pool.supply, s.market["WBTC"].id | IDLE, 10**6, lender),
        "take a little collateral": (debtor, pool.withdraw, weth.id, 10**15, debtor, debtor),
        "take all collateral": (debtor, pool.withdraw, weth.id, MAX, debtor, debtor),
        "switch it off": (debtor, pool.setCollateral, weth.id, False, debtor),
        "give it away": (debtor, pool.transfer, liquidator, weth.id, 10**15),
        "let it idle": (debtor, pool.convert, weth.id, True, debtor),
        "borrow a little": (debtor, pool.borrow, usdc.id, usdc.units(10), debtor, debtor),
        "borrow and cover": (debtor, pool.batch, batch),
        "repay a little": (debtor, pool.repay, usdc.id, usdc.units(10), debtor),
        "repay all": (debtor, pool.repay, usdc.id, MAX, debtor),
        "hand debt over": (lender, pool.takeDebt, usdc.id, usdc.units(10), debtor, lender),
        "lend": (lender, pool.supply, usdc.id, usdc.units(10), lender),
        "take what was lent": (lender, pool.withdraw, usdc.id, usdc.units(10), lender, lender),
        "liquidate": (liquidator, pool.liquidate, debtor, usdc.id, weth.id, MAX, 0, liquidator),
        "liquidate for shares": (
            liquidator,
            pool.liquidate,
            debtor,
            usdc.id,
            weth.id,
            MAX,
            SHARES,
            liquidator,
        ),
        "write off": (liquidator, pool.writeOff, debtor),
    }


def outcome(sender: Any, method: Any, *args: Any) -> str:
    """Nothing, or the error's name."""
    try:
        data, words = asked(method, *args, sender=sender)
    except AssertionError:
        return ""
    error = named_error(data)
    return error[0] if error else words


# --------------------------------------------------------------------------------------- states


def unhealthy(s: Scene) -> None:
    s.market.set_price(s.collateral, 1_700)


def insolvent(s: Scene) -> None:
    s.market.set_price(s.collateral, 1_200)


def bad_debt(s: Scene) -> None:
    s.market.set_price(s.collateral, 1)


def stale_collateral(s: Scene) -> None:
    s.stop_feed(s.collateral)


def stale_debt(s: Scene) -> None:
    s.stop_feed(s.debt)


def price_out_of_use(s: Scene) -> None:
    unhealthy(s)
    s.configure("pausePrice", s.collateral.id, DAY_S)


def second_price_lower(s: Scene) -> None:
    feed = s.owner.deploy(s.project.MockFeed, FEED_DECIMALS, s.collateral.asset.answer)
    s.configure("setCautiousFeed", s.collateral.id, feed)
    quickly(feed.set, 1_500 * 10**FEED_DECIMALS, sender=s.owner)


def second_feed_dead(s: Scene) -> None:
    feed = s.owner.deploy(s.project.MockFeed, FEED_DECIMALS, s.collateral.asset.answer)
    s.configure("setCautiousFeed", s.collateral.id, feed)
    quickly(feed.kill, True, sender=s.owner)
    unhealthy(s)


def capped(s: Scene) -> None:
    for reserve in (s.collateral, s.debt):
        s.market.set_limits(reserve, supply_cap=0, borrow_cap=0)


def not_borrowable(s: Scene) -> None:
    s.market.set_limits(s.debt, borrowable=False)


def collateral_paused(s: Scene) -> None:
    unhealthy(s)
    s.configure("pause", s.collateral.id)


def debt_paused(s: Scene) -> None:
    unhealthy(s)
    s.configure("pause", s.debt.id)


def both_frozen(s: Scene) -> None:
    unhealthy(s)
    for reserve in (s.collateral, s.debt):
        s.configure("freeze", reserve.id)


def grace(s: Scene) -> None:
    unhealthy(s)
    s.configure("pause", s.debt.id)
    s.configure("unpause", s.debt.id, HOUR_S)


def bad_debt_in_grace(s: Scene) -> None:
    bad_debt(s)
    s.configure("pause", s.debt.id)
    s.configure("unpause", s.debt.id, HOUR_S)


def no_cash_in_the_debt(s: Scene) -> None:
    cash = s.market.pool.reserveData(s.debt.id).cash
    s.market.supply(s.liquidator, s.market["WBTC"], 10)
    quickly(s.market.pool.borrow, s.debt.id, cash, s.liquidator, s.liquidator, sender=s.liquidator)


def no_cash_in_the_collateral(s: Scene) -> None:
    cash = s.market.pool.reserveData(s.collateral.id).cash
    s.market.supply(s.liquidator, s.market["WBTC"], 10)
    receivers = (s.liquidator, s.liquidator)
    quickly(s.market.pool.borrow, s.collateral.id, cash, *receivers, sender=s.liquidator)
    unhealthy(s)


def outflow_spent(s: Scene) -> None:
    """Both reserves let 1 unit of the last digit out, and have let it."""
    for reserve in (s.collateral, s.debt):
        s.configure("setOutflowLimit", reserve.id, 1, 30 * DAY_S)
    unhealthy(s)


def threshold_ramps(s: Scene) -> None:
    """Half-way down from 83 % to 60 %: 71.5 %, of 20,000, against 15,000."""
    s.market.set_risk(s.collateral, ltv_bps=6_000, threshold_bps=6_000, ramp_s=2 * DAY_S)
    s.market.wait(DAY_S)


def least_debt(s: Scene) -> None:
    s.market.set_risk(s.debt, min_debt=s.debt.units(15_000))


def in_a_category(s: Scene) -> None:
    """At 90 % instead of 80 and 93 instead of 83; its price has fallen to where only that is enough."""
    s.market.set_category(1, Category(("WETH",), ("USDC",)))
    quickly(s.market.pool.setCategory, 1, s.debtor, sender=s.debtor)
    unhealthy(s)


def category_changed(s: Scene) -> None:
    """As before, but that the category does not lend USDC any more."""
    in_a_category(s)
    s.market.set_category(1, Category(("WETH",), ("WBTC",)))


def token_refuses_to_move(s: Scene) -> None:
    """The collateral's token pays nobody; it is taken as shares all the same."""
    unhealthy(s)
    code = s.project.MockFalseToken.contract_type.runtime_bytecode.bytecode
    ape.chain.provider.set_code(s.collateral.token.address, code)


def healthy(s: Scene) -> None:
    """As the scene is: 15,000 owed against a limit of 16,000, liquidated below 16,600."""


# ---------------------------------------------------------------------------------------- table

UNCOVERED = "Undercollateralized"
COVERED = {
    "take all collateral": UNCOVERED,
    "switch it off": UNCOVERED,
    "liquidate": "Healthy",
    "liquidate for shares": "Healthy",
    "write off": "NotBadDebt",
}
"""What an account that is as it should be is refused, and what others are refused of it."""

SHORT = {
    "take a little collateral": UNCOVERED,
    "take all collateral": UNCOVERED,
    "switch it off": UNCOVERED,
    "give it away": UNCOVERED,
    "let it idle": UNCOVERED,
    "borrow a little": UNCOVERED,
    "borrow and cover": UNCOVERED,
    "write off": "NotBadDebt",
}
"""An account that may not take on more risk, and can be liquidated."""

LIQUIDATIONS = ("liquidate", "liquidate for shares")


def barred(error: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names or LIQUIDATIONS, error)


REFUSED: dict[Callable[[Scene], None], dict[str, str]] = {
    healthy: COVERED,
    unhealthy: SHORT,
    insolvent: SHORT,
    bad_debt: {k: v for k, v in SHORT.items() if k != "write off"},
    stale_collateral: SHORT | barred("NoPrice"),
    stale_debt: dict.fromkeys(SHORT, "NoPrice")
    | barred("NoPrice", *LIQUIDATIONS, "hand debt over")
    | {"write off": "NotBadDebt"},
    price_out_of_use: SHORT | barred("NoPrice"),
    second_price_lower: SHORT | barred("Healthy"),
    second_feed_dead: SHORT,
    capped: COVERED
    | barred("SupplyCapExceeded", "add collateral", "lend")
    | barred("BorrowCapExceeded", "borrow a little", "borrow and cover"),
    not_borrowable: COVERED | barred("NotBorrowable", "borrow a little", "borrow and cover"),
    collateral_paused: SHORT
    | barred("ReservePaused", *LIQUIDATIONS, "add collateral", "borrow and cover"),
    debt_paused: SHORT
    | barred("ReservePaused", *LIQUIDATIONS, "borrow a little", "borrow and cover")
    | barred("ReservePaused", "hand debt over", "lend"),
    both_frozen: SHORT
    | barred("ReserveFrozen", "add collateral", "lend", "borrow a little", "borrow and cover"),
    grace: SHORT | barred("GracePeriod"),
    bad_debt_in_grace: SHORT | barred("GracePeriod", *LIQUIDATIONS, "write off"),
    no_cash_in_the_debt: COVERED
    | barred("InsufficientCash", "borrow a little", "borrow and cover", "take what was lent"),
    no_cash_in_the_collateral: SHORT
    | barred("InsufficientCash", "take a little collateral", "take all collateral")
    | barred("InsufficientCash", "let it idle", "liquidate"),
    outflow_spent: SHORT
    | barred("OutflowLimitExceeded", "take a little collateral", "take all collateral")
    | barred("OutflowLimitExceeded", "let it idle", "borrow a little", "borrow and cover")
    | barred("OutflowLimitExceeded", "take what was lent"),
    threshold_ramps: SHORT,
    least_debt: COVERED | barred("DebtTooSmall", "hand debt over"),
    in_a_category: COVERED,
    category_changed: COVERED | barred("NotInCategory", "borrow a little", "borrow and cover"),
    token_refuses_to_move: SHORT
    | barred("TransferFromFailed", "add collateral", "borrow and cover")
    | barred("TransferFailed", "liquidate"),
}


def cases() -> int:
    """Cells: every state, every action."""
    return len(REFUSED) * ACTIONS


@pytest.mark.parametrize("state", REFUSED, ids=lambda state: state.__name__)
def test_truth_table__state__refuses_these_and_no_others(scene, state):
    state(scene)
    outcomes = {name: outcome(*call) for name, call in actions(scene).items()}
    assert len(outcomes) == ACTIONS
    assert {name: error for name, error in outcomes.items() if error} == REFUSED[state]
