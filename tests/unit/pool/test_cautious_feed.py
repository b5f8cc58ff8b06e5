"""A reserve with two feeds: whoever takes on risk goes by the worse one, a liquidator by the first."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, FEED_DECIMALS, MAX, WAD, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """The borrower has 10 WETH, worth 20,000, and could borrow 16,000 USDC."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(supplier, still["WETH"], 100)
    still.supply(borrower, still["WETH"], 10)


@pytest.fixture
def second(market, project, owner):
    """Gives a reserve a second feed, which answers a price then."""

    def run(reserve, price_usd):
        answer = round(reserve.asset.price_usd * 10**FEED_DECIMALS)
        feed = owner.deploy(project.MockFeed, FEED_DECIMALS, answer)
        quickly(market.configurator.setCautiousFeed, market.pool, reserve.id, feed, sender=owner)
        quickly(feed.set, round(price_usd * 10**FEED_DECIMALS), sender=owner)
        return feed

    return run


@pytest.mark.parametrize(("second_usd", "limit"), [(1_500, 12_000), (2_500, 16_000)])
def test_borrow__collateral_with_two_prices__goes_by_the_lower(
    pool, weth, usdc, borrower, second, second_usd, limit
):
    second(weth, second_usd)

    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=limit * WAD):
        pool.borrow(usdc.id, usdc.units(limit) + 1, borrower, borrower, sender=borrower)
    pool.borrow(usdc.id, usdc.units(limit), borrower, borrower, sender=borrower)


@pytest.mark.parametrize(("second_usd", "most"), [(1.25, 12_800), (0.5, 16_000)])
def test_borrow__debt_with_two_prices__goes_by_the_higher(
    pool, usdc, borrower, second, second_usd, most
):
    second(usdc, second_usd)

    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=16_000 * WAD):
        pool.borrow(usdc.id, usdc.units(most) + 1, borrower, borrower, sender=borrower)
    pool.borrow(usdc.id, usdc.units(most), borrower, borrower, sender=borrower)


@pytest.mark.parametrize("dead", ["first", "second"])
def test_borrow__of_an_asset_one_of_whose_feeds_is_dead__refused(
    pool, usdc, borrower, second, dead
):
    feeds = {"second": second(usdc, 1), "first": usdc.feed}
    quickly(feeds[dead].kill, True, sender=borrower)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.borrow(usdc.id, usdc.units(1), borrower, borrower, sender=borrower)


@pytest.mark.parametrize("dead", ["first", "second"])
def test_borrow__on_collateral_one_of_whose_feeds_is_dead__refused(
    pool, weth, usdc, borrower, second, dead
):
    feeds = {"second": second(weth, 2_000), "first": weth.feed}
    quickly(feeds[dead].kill, True, sender=borrower)

    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=0):
        pool.borrow(usdc.id, usdc.units(1), borrower, borrower, sender=borrower)


def test_borrow__second_feed_too_old__refused(chain, pool, weth, usdc, borrower, second):
    second(weth, 2_000)
    chain.mine(deltatime=DAY_S + 1)
    for reserve in (weth, usdc):
        quickly(reserve.feed.set, reserve.asset.answer, sender=borrower)

    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=0):
        pool.borrow(usdc.id, usdc.units(1), borrower, borrower, sender=borrower)


@pytest.fixture
def indebted_with_two(scene, market, borrower, weth, usdc, second):
    """The borrower owes 12,000; then WETH's second feed falls to 1,500."""
    market.borrow(borrower, usdc, 12_000)
    return second(weth, 1_500)


@pytest.mark.usefixtures("indebted_with_two")
def test_withdraw__collateral_with_two_prices__goes_by_the_lower(pool, weth, borrower):
    with ape.reverts(pool.Undercollateralized, account=borrower):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("indebted_with_two")
def test_withdraw__once_it_is_repaid__goes_without_price(pool, weth, usdc, borrower):
    quickly(weth.feed.kill, True, sender=borrower)
    quickly(pool.repay, usdc.id, MAX, borrower, sender=borrower)

    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)


def test_liquidate__only_the_second_price_has_fallen__refused(
    market, pool, weth, usdc, borrower, liquidator, indebted_with_two
):
    """At 1,400 he would be unhealthy: a moving average must not liquidate, nor a dead watch."""
    quickly(indebted_with_two.set, 1_400 * 10**FEED_DECIMALS, sender=borrower)

    with ape.reverts(pool.Healthy, account=borrower):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


def test_liquidate__second_feed_dead__goes_by_the_first(
    market, pool, weth, usdc, borrower, liquidator, indebted_with_two
):
    quickly(indebted_with_two.kill, True, sender=borrower)
    market.set_price(weth, 1_400)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(12_000)


def test_reserve_data__two_feeds__shows_both(pool, weth, second):
    feed = second(weth, 1_500)

    data = pool.reserveData(weth.id)

    assert (data.cautiousFeed, data.cautiousPrice) == (feed, 1_500 * 10**FEED_DECIMALS)
    assert (data.feed, data.price) == (weth.feed, 2_000 * 10**FEED_DECIMALS)


def test_quote_borrow__two_prices__is_what_the_pool_lends(
    project, owner, pool, weth, usdc, borrower, second
):
    second(weth, 1_500)
    second(usdc, 1.25)
    lens = owner.deploy(project.QuoteLens)

    most = lens.quoteBorrow(pool, borrower, usdc.id, usdc.units(1)).most

    assert most == usdc.units(9_600)
    with ape.reverts(pool.Undercollateralized):
        pool.borrow(usdc.id, most + 1, borrower, borrower, sender=borrower)
    pool.borrow(usdc.id, most, borrower, borrower, sender=borrower)
