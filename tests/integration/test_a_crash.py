"""A crash: prices fall in steps, liquidators take turns, and in the end somebody has to pay.

The protocol's buffer pays first, suppliers the rest, all by the same share; what the pool holds
covers what they are left with.
"""

from __future__ import annotations

import pytest

from tests._audit import audit
from tests._cast import MAX, WAD, event, quickly

DEBTS_USD = {"borrower": 160_000, "stranger": 130_000}


@pytest.fixture
def people(supplier, borrower, liquidator, stranger, guardian):
    return [supplier, borrower, liquidator, stranger]


@pytest.fixture
def market(still, supplier, borrower, liquidator, stranger):
    """Two borrowers on 100 WETH each; two suppliers of USDC, of whom one liquidates as well."""
    still.supply(supplier, still["USDC"], 300_000)
    still.supply(liquidator, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 100)
    still.supply(stranger, still["WETH"], 100)
    still.borrow(borrower, still["USDC"], DEBTS_USD["borrower"])
    still.borrow(stranger, still["USDC"], DEBTS_USD["stranger"])
    return still


@pytest.fixture
def sweep(market, liquidator, supplier):
    """Liquidators, in turn, take whoever is unhealthy; returns the receipts."""
    weth, usdc, pool = market["WETH"], market["USDC"], market.pool

    def run(accounts):
        receipts = []
        for account in accounts:
            by = (liquidator, supplier)[len(receipts) % 2]
            if pool.healthFactor(account) < WAD:
                receipts.append(pool.liquidate(account, usdc.id, weth.id, MAX, 0, by, sender=by))
        return receipts

    return run


def test_crash__in_steps_with_liquidators_about__costs_suppliers_nothing(
    market, people, borrower, stranger, sweep
):
    count = 0
    for price in (1_900, 1_800, 1_700, 1_600, 1_500, 1_400):
        market.set_price(market["WETH"], price)
        count += len(sweep([borrower, stranger]))
        for account in (borrower, stranger):
            assert market.pool.healthFactor(account) >= WAD
        audit(market, people)

    assert count >= 6
    assert market.words(market["USDC"]).supply_index == WAD


def test_crash__overnight__is_paid_by_the_buffer_and_then_by_suppliers_alike(
    market, people, supplier, borrower, liquidator, stranger, sweep, owner
):
    weth, usdc, pool = market["WETH"], market["USDC"], market.pool
    buffer = usdc.units(30_000)
    quickly(usdc.token.transfer, pool, buffer, sender=stranger)
    market.set_price(weth, 1_000)

    receipts = sweep([borrower, stranger])

    repaid = sum(event(tx, pool.Liquidate).repaid for tx in receipts)
    written = [event(tx, pool.WriteOff) for tx in receipts]
    assert repaid + sum(log.assets for log in written) == usdc.units(sum(DEBTS_USD.values()))
    deficit = sum(log.deficit for log in written)
    assert deficit == sum(log.assets for log in written) - buffer > 0
    # Every supplier lost the same share.
    left = market.words(usdc).supply_index / WAD
    assert left == pytest.approx(1 - deficit / usdc.units(400_001), rel=1e-9)
    for account, amount in ((supplier, 300_000), (liquidator, 100_000)):
        assert pool.supplyBalance(account, usdc.id) == pytest.approx(
            usdc.units(amount) * left, rel=1e-9
        )
    audit(market, people)


def test_crash__overnight__leaves_tokens_for_every_claim(
    market, people, supplier, borrower, liquidator, stranger, sweep
):
    usdc, pool = market["USDC"], market.pool
    market.set_price(market["WETH"], 1_000)
    sweep([borrower, stranger])

    for account in (supplier, liquidator):
        pool.withdraw(usdc.id, MAX, account, account, sender=account)

    assert usdc.token.balanceOf(pool) >= pool.reserveData(usdc.id).supplyAssets > 0
    audit(market, people)


def test_crash__after_it__the_market_goes_on(market, people, supplier, borrower, stranger, sweep):
    weth, usdc, pool = market["WETH"], market["USDC"], market.pool
    market.set_price(weth, 1_000)
    sweep([borrower, stranger])
    before = pool.supplyBalance(supplier, usdc.id)

    market.supply(supplier, usdc, 10_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 5_000)
    quickly(pool.repay, usdc.id, MAX, borrower, sender=borrower)

    assert pool.supplyBalance(supplier, usdc.id) == pytest.approx(
        before + usdc.units(10_000), abs=1
    )
    audit(market, people)
