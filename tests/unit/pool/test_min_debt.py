"""The least debt: what borrowing must leave, and repaying need not."""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, event, quickly, refused


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """At least 500 USDC are lent to an account."""
    usdc = still["USDC"]
    still.set_risk(usdc, min_debt=usdc.units(500))
    still.supply(supplier, usdc, 100_000)
    still.supply(borrower, still["WETH"], 10)


def test_borrow__the_least_debt__accepted(pool, usdc, borrower):
    pool.borrow(usdc.id, usdc.units(500), borrower, borrower, sender=borrower)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(500)


def test_borrow__a_unit_less__refused(pool, usdc, borrower):
    minimum = usdc.units(500)
    with ape.reverts(pool.DebtTooSmall, id=usdc.id, debt=minimum - 1, minimum=minimum):
        pool.borrow(usdc.id, minimum - 1, borrower, borrower, sender=borrower)


def test_borrow__a_unit_on_top__accepted(market, pool, usdc, borrower):
    market.borrow(borrower, usdc, 500)
    pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(500) + 1


def test_repay__down_to_less__accepted(market, pool, usdc, borrower):
    market.borrow(borrower, usdc, 500)
    pool.repay(usdc.id, usdc.units(499), borrower, sender=borrower)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(1)


def test_borrow__on_top_of_less_than_the_least__must_reach_it(market, pool, usdc, borrower):
    market.borrow(borrower, usdc, 500)
    quickly(pool.repay, usdc.id, usdc.units(499), borrower, sender=borrower)

    with ape.reverts(pool.DebtTooSmall, id=usdc.id, debt=usdc.units(499)):
        pool.borrow(usdc.id, usdc.units(498), borrower, borrower, sender=borrower)
    pool.borrow(usdc.id, usdc.units(499), borrower, borrower, sender=borrower)


def test_liquidate__down_to_less__accepted(market, pool, usdc, weth, borrower, liquidator):
    market.set_risk(usdc, min_debt=usdc.units(15_000))
    market.borrow(borrower, usdc, 15_000)
    market.set_price(weth, 1_750)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert 0 < event(tx, pool.Liquidate).repaid < usdc.units(15_000)


@pytest.mark.parametrize("least", [0, 1, 15, 150, 15 * 10**31])
def test_set_risk__least_debt_of_up_to_fifteen_and_zeros__is_shown_again(market, pool, usdc, least):
    market.set_risk(usdc, min_debt=least)
    assert pool.reserveData(usdc.id).minDebt == least


@pytest.mark.parametrize("least", [16, 151, 25 * 10**6, 15 * 10**32])
def test_set_risk__least_debt_of_more_digits__refused(market, pool, usdc, owner, least):
    error, method = market.configurator.MinDebtNotRepresentable, market.configurator.setRisk
    p = usdc.asset.parameters(usdc.feed.address) | {"minDebt": least}
    refused(error, method, pool, usdc.id, p, 0, sender=owner, minDebt=least)
