"""An asset that is listed without a threshold: lent and borrowed, and nobody's collateral."""

from __future__ import annotations

from dataclasses import replace

import ape
import pytest

from tests._cast import FEED_DECIMALS, MAX, WAD, Asset, list_asset, quickly, without_interest

PLAIN = replace(Asset("PLAIN", 18, 1), ltv_bps=0, threshold_bps=0)


@pytest.fixture
def market(still):
    return replace(still, reserves=dict(still.reserves))


@pytest.fixture
def plain(market, project, owner, supplier, borrower):
    """The borrower supplies 5,000 of it beside 10 WETH, and owes 15,000 USDC."""
    (asset,) = without_interest(PLAIN)
    token = owner.deploy(project.MockToken, "Plain", "PLAIN", 18)
    feed = owner.deploy(project.MockFeed, FEED_DECIMALS, asset.answer)
    reserve = list_asset(market, asset, token, feed)
    quickly(token.mint, borrower, reserve.units(5_000), sender=borrower)
    quickly(token.approve, market.pool, MAX, sender=borrower)
    market.supply(supplier, market["USDC"], 100_000)
    market.supply(borrower, market["WETH"], 10)
    market.supply(borrower, reserve, 5_000)
    market.borrow(borrower, market["USDC"], 15_000)
    return reserve


def test_no_threshold__supply__counts_nothing(pool, plain, borrower):
    data = pool.accountData(borrower)
    assert data.collateralValue == 20_000 * WAD
    assert data.borrowLimit == 16_000 * WAD


def test_no_threshold__without_price__leaves_the_account_priced(pool, plain, borrower):
    quickly(plain.feed.kill, True, sender=borrower)
    assert not pool.accountData(borrower).unpriced


def test_no_threshold__supply__is_not_seized(market, pool, plain, usdc, weth, borrower, liquidator):
    market.set_price(weth, 1_750)
    with ape.reverts(pool.NotCollateral, account=borrower, id=plain.id):
        pool.liquidate(borrower, usdc.id, plain.id, MAX, 0, liquidator, sender=liquidator)


def test_no_threshold__supply_of_an_unhealthy_account__can_be_withdrawn(
    market, pool, plain, weth, borrower
):
    market.set_price(weth, 1_750)

    pool.withdraw(plain.id, MAX, borrower, borrower, sender=borrower)

    assert plain.token.balanceOf(borrower) == plain.units(5_000)


@pytest.mark.usefixtures("plain")
def test_no_threshold__collateral_of_an_unhealthy_account__can_not(market, pool, weth, borrower):
    market.set_price(weth, 1_750)

    with ape.reverts(pool.Undercollateralized, account=borrower):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


def test_no_threshold__supply_of_an_unhealthy_account__can_be_unpledged(
    market, pool, plain, weth, borrower
):
    market.set_price(weth, 1_750)

    pool.setCollateral(plain.id, False, borrower, sender=borrower)

    assert not next(p for p in pool.positions(borrower) if p.id == plain.id).collateral


def test_no_threshold__supply__survives_bad_debt(
    market, pool, plain, usdc, weth, borrower, liquidator
):
    market.set_price(weth, 1_000)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) == 0
    assert pool.supplyBalance(borrower, plain.id) == plain.units(5_000)
