"""A liquidator who sends so little gas that a sound feed seems to have no price.

The account has 10 WETH and a WBTC, and owes 40,000 USDC: a health of 1.585, and of 0.415 without the
WBTC. One of the two sources of WBTC's price is dead, and the feed falls back to the other, which
takes gas.
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, attempt, quickly

STEP, ENOUGH = 5_000, 3_000_000


@pytest.fixture
def market(still):
    return still


@pytest.fixture(params=["primary", "backup"])
def scene(
    request, project, owner, market, pool, configurator, weth, usdc, wbtc, supplier, borrower
):
    feeds = {n: owner.deploy(project.MockFeed, 8, wbtc.asset.answer) for n in ("primary", "backup")}
    ages = (DAY_S, feeds["backup"], DAY_S, DAY_S, 2 * WAD // 100)
    feed = owner.deploy(project.FallbackFeed, feeds["primary"], *ages)
    quickly(configurator.setFeed, pool, wbtc.id, feed, DAY_S, 0, MAX, sender=owner)
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.supply(borrower, wbtc, 1)
    market.borrow(borrower, usdc, 40_000)
    quickly(feeds[request.param].kill, True, sender=owner)


@pytest.fixture
def liquidation(pool, usdc, weth, borrower, liquidator):
    return pool.liquidate, borrower, usdc.id, weth.id, MAX, 0, liquidator


@pytest.mark.usefixtures("scene")
def test_liquidate__healthy_whatever_gas_is_sent__refused(pool, borrower, liquidator, liquidation):
    assert pool.healthFactor(borrower) == 1_585 * WAD // 1_000
    for gas in [*range(150_000, 700_000, STEP), ENOUGH]:
        assert not attempt(*liquidation, sender=liquidator, gas=gas), gas


def test_liquidate__healthy_and_both_sources_dead__needs_gas_to_say_so(
    project, owner, market, pool, weth, usdc, wbtc, supplier, borrower, liquidator, liquidation
):
    """Then WBTC counts nothing, truly: with plenty of gas it goes through."""
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.supply(borrower, wbtc, 1)
    market.borrow(borrower, usdc, 40_000)
    quickly(wbtc.feed.kill, True, sender=owner)

    assert not attempt(*liquidation, sender=liquidator, gas=300_000)
    assert attempt(*liquidation, sender=liquidator, gas=ENOUGH)


def test_borrow__dead_feed_and_little_gas__says_that_it_is_the_gas(
    owner, market, pool, weth, usdc, supplier, borrower
):
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    quickly(weth.feed.kill, True, sender=owner)
    arguments = (usdc.id, usdc.units(1), borrower, borrower)

    with ape.reverts(pool.InsufficientGas):
        pool.borrow(*arguments, sender=borrower, gas=250_000)
    with ape.reverts(pool.Undercollateralized, borrowLimit=0):
        pool.borrow(*arguments, sender=borrower, gas=ENOUGH)
