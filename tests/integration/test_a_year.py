"""A year in the life: many accounts, every action, all assets; and at the end everybody goes home.

After every month each claim is covered, totals are the sum of their parts, and nobody who was
healthy before he acted is unhealthy after it.
"""

from __future__ import annotations

import random

import pytest

from tests._audit import audit
from tests._cast import DAY_S, MAX, WAD, attempt, quickly

MONTHS, ACTIONS_A_MONTH = 12, 40


@pytest.fixture
def market(worlds, supplier, borrower, liquidator, stranger):
    """Everybody starts with some of everything."""
    living = worlds.living
    for account in (supplier, borrower, liquidator, stranger):
        for reserve in living.reserves.values():
            living.supply(account, reserve, round(20_000 / reserve.asset.price_usd, 2))
    return living


@pytest.fixture
def people(supplier, borrower, liquidator, stranger):
    return [supplier, borrower, liquidator, stranger]


def live_a_month(market, people, rng):
    """Random actions, of which the pool may refuse some; counts the others."""
    pool, done = market.pool, dict.fromkeys(["supply", "withdraw", "borrow", "repay", "switch"], 0)
    for _ in range(ACTIONS_A_MONTH):
        account, reserve = rng.choice(people), rng.choice(list(market.reserves.values()))
        raw = reserve.units(rng.uniform(1, 8_000) / reserve.asset.price_usd)
        amount = rng.choice([raw, raw, raw, 1, 2])
        kind = rng.choice(list(done))
        call = {
            "supply": (pool.supply, reserve.id, amount, account),
            "withdraw": (
                pool.withdraw,
                reserve.id,
                rng.choice([amount, MAX]),
                account,
                account,
            ),
            "borrow": (pool.borrow, reserve.id, amount, account, account),
            "repay": (pool.repay, reserve.id, rng.choice([amount, MAX]), account),
            "switch": (pool.setCollateral, reserve.id, rng.random() < 0.5, account),
        }
        method, *args = call[kind]
        done[kind] += attempt(method, *args, sender=account)
    return done


def test_year__of_random_actions__keeps_every_claim_covered_and_lets_everybody_leave(
    market, people
):
    rng = random.Random(20)
    totals: dict[str, int] = {}
    for _ in range(MONTHS):
        for kind, count in live_a_month(market, people, rng).items():
            totals[kind] = totals.get(kind, 0) + count
        # At these prices only interest of a few seconds can come between an action and this.
        assert all(market.pool.healthFactor(account) > WAD for account in people)
        market.wait(30 * DAY_S)
        audit(market, people)
    assert min(totals.values()) > 10, f"not much of a year: {totals}"

    for account in people:
        for position in market.pool.positions(account):
            if position.debtShares:
                quickly(market.pool.repay, position.id, MAX, account, sender=account)
    for account in people:
        for position in market.pool.positions(account):
            quickly(market.pool.withdraw, position.id, MAX, account, account, sender=account)

    audit(market, [])  # the seeds alone are left
    for reserve in market.reserves.values():
        data = market.pool.reserveData(reserve.id)
        assert data.debtShares == 0
        assert data.buffer == pytest.approx(
            reserve.token.balanceOf(market.pool) - data.supplyAssets, abs=1
        )
