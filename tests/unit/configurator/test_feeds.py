"""Sources of prices: replaced under checks, doubled, and out of use for a while on a guardian's word."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, FEED_DECIMALS, MAX, WAD, quickly

ZERO = "0x" + "00" * 20


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def feed(project, owner):
    """A new feed that answers a price."""

    def run(price_usd, decimals=FEED_DECIMALS):
        return owner.deploy(project.MockFeed, decimals, round(price_usd * 10**decimals))

    return run


@pytest.fixture
def set_feed(pool, configurator, weth, owner):
    """Gives WETH another source."""

    def run(source, max_age_s=DAY_S, lowest=0, highest=MAX):
        return configurator.setFeed(pool, weth.id, source, max_age_s, lowest, highest, sender=owner)

    return run


# ------------------------------------------------------------------------------------ set feed


def test_set_feed__near_the_old_price__is_what_counts(pool, weth, feed, set_feed):
    new = feed(2_100)

    set_feed(new, max_age_s=3_600)

    data = pool.reserveData(weth.id)
    assert (data.feed, data.maxAge) == (new, 3_600)
    assert data.price == 2_100 * 10**FEED_DECIMALS
    assert (data.ltv, data.threshold) == (80 * WAD // 100, 83 * WAD // 100)


@pytest.mark.parametrize("decimals", [6, 18])
def test_set_feed__of_other_decimals__is_worth_the_same(
    market, pool, weth, supplier, feed, set_feed, decimals
):
    market.supply(supplier, weth, 3)
    set_feed(feed(2_000, decimals))
    assert pool.accountData(supplier).collateralValue == 6_000 * WAD


@pytest.mark.parametrize(
    ("price", "jump"), [(2_200, False), (2_200.01, True), (1_800, False), (1_799.99, True)]
)
def test_set_feed__far_from_the_old_price__refused(configurator, feed, set_feed, price, jump):
    """Moonwell 2026: a leg was missing, and a price 2,000 times too small went live."""
    if not jump:
        set_feed(feed(price))
        return
    known, new = 2_000 * WAD, round(price * 100) * WAD // 100
    with ape.reverts(configurator.PriceJump, known=known, price=new):
        set_feed(feed(price))


@pytest.mark.parametrize("off", [10**3, 10**-12])
def test_set_feed__wrong_scale__refused(configurator, feed, set_feed, off):
    """Morpho PAXG 2024, Tender 2023: decimals of the feed that were not what was thought."""
    with ape.reverts(configurator.PriceJump, known=2_000 * WAD):
        set_feed(feed(2_000 * off, 18))


def test_set_feed__old_one_gives_no_price__goes_by_the_bounds(
    market, pool, weth, owner, feed, set_feed
):
    quickly(weth.feed.kill, True, sender=owner)

    set_feed(feed(1_000), lowest=900 * WAD, highest=1_100 * WAD)

    assert pool.reserveData(weth.id).price == 1_000 * 10**FEED_DECIMALS


@pytest.mark.parametrize(("lowest", "highest"), [(2_001, 3_000), (1_000, 1_999)])
def test_set_feed__outside_the_bounds__refused(configurator, feed, set_feed, lowest, highest):
    bounds = {"lowest": lowest * WAD, "highest": highest * WAD}
    with ape.reverts(configurator.PriceOutOfRange, price=2_000 * WAD, **bounds):
        set_feed(feed(2_000), **bounds)


@pytest.mark.parametrize("price", [0, -1])
def test_set_feed__without_price__refused(configurator, feed, set_feed, price):
    new = feed(price)
    with ape.reverts(configurator.FeedWithoutPrice, feed=new):
        set_feed(new)


@pytest.mark.parametrize("max_age_s", [0, 59, 61, 65_536 * 60])
def test_set_feed__age_beyond_a_bound__refused(configurator, feed, set_feed, max_age_s):
    new = feed(2_000)
    with ape.reverts(configurator.MaxAgeOutOfRange, seconds_=max_age_s):
        set_feed(new, max_age_s=max_age_s)


@pytest.mark.parametrize("max_age_s", [60, 65_535 * 60])
def test_set_feed__age_at_a_bound__accepted(pool, weth, feed, set_feed, max_age_s):
    set_feed(feed(2_000), max_age_s=max_age_s)
    assert pool.reserveData(weth.id).maxAge == max_age_s


@pytest.mark.parametrize("change", [{"feed": None}, {"maxAge": 3_600}])
def test_set_risk__with_another_source__refused(pool, configurator, weth, owner, feed, change):
    p = weth.asset.parameters(weth.feed.address) | change
    p["feed"] = p["feed"] or feed(2_000).address
    with ape.reverts(configurator.FeedFixed, id=weth.id, feed=weth.feed, maxAge=DAY_S):
        configurator.setRisk(pool, weth.id, p, DAY_S, sender=owner)


def test_set_risk__source_dead__still_tightens(market, pool, weth, owner):
    """A broken feed must not keep an LTV up."""
    quickly(weth.feed.kill, True, sender=owner)
    market.set_risk(weth, ltv_bps=0)
    assert pool.reserveData(weth.id).ltv == 0


# --------------------------------------------------------------------------------- second feed


@pytest.fixture
def set_second(pool, configurator, weth, owner):
    return lambda source: configurator.setCautiousFeed(pool, weth.id, source, sender=owner)


def test_set_cautious_feed__near_the_first__is_there(pool, weth, feed, set_second):
    second = feed(1_900)
    set_second(second)
    data = pool.reserveData(weth.id)
    assert (data.cautiousFeed, data.cautiousPrice) == (second, 1_900 * 10**FEED_DECIMALS)


def test_set_cautious_feed__none__takes_it_away(pool, weth, feed, set_second):
    set_second(feed(1_900))
    set_second(ZERO)
    assert pool.reserveData(weth.id).cautiousFeed == ZERO
    assert pool.reserveWords(weth.id).risk >> 255 == 0


def test_set_cautious_feed__far_from_the_first__refused(configurator, feed, set_second):
    with ape.reverts(configurator.PriceJump, known=2_000 * WAD, price=20 * WAD):
        set_second(feed(20))


def test_set_cautious_feed__of_other_decimals__refused(configurator, feed, set_second):
    second = feed(2_000, 18)
    with ape.reverts(
        configurator.FeedDecimalsDiffer, feed=second, decimals=18, expected=FEED_DECIMALS
    ):
        set_second(second)


def test_set_cautious_feed__without_price__refused(configurator, feed, set_second):
    second = feed(0)
    with ape.reverts(configurator.FeedWithoutPrice, feed=second):
        set_second(second)


def test_set_feed__with_a_second_feed__keeps_it(pool, weth, feed, set_feed, set_second):
    second, first = feed(1_900), feed(2_100)
    set_second(second)

    set_feed(first)

    data = pool.reserveData(weth.id)
    assert (data.feed, data.cautiousFeed) == (first, second)
    assert pool.reserveWords(weth.id).risk >> 255 == 1


def test_set_cautious_feed__price_out_of_use__is_there(pool, weth, feed, set_second, pause_price):
    pause_price(DAY_S)
    second = feed(1_000)  # there is nothing to compare with
    set_second(second)
    assert pool.reserveData(weth.id).cautiousFeed == second


def test_set_feed__decimals_other_than_the_second_feeds__refused(
    configurator, feed, set_feed, set_second
):
    second = feed(2_000)
    set_second(second)
    with ape.reverts(configurator.FeedDecimalsDiffer, feed=second, decimals=8, expected=18):
        set_feed(feed(2_000, 18))


def test_set_risk__afterwards__keeps_the_second_feed(market, pool, weth, owner, feed, set_second):
    second = feed(2_000)
    set_second(second)
    market.set_risk(weth, ltv_bps=7_000)
    quickly(market.configurator.tighten, pool, weth.id, MAX, MAX, 6_000, False, sender=owner)
    data = pool.reserveData(weth.id)
    assert (data.cautiousFeed, data.ltv) == (second, 60 * WAD // 100)
    assert pool.reserveWords(weth.id).risk >> 255 == 1


# ------------------------------------------------------------------------------ price out of use


@pytest.fixture
def pause_price(pool, configurator, weth, owner):
    return lambda seconds: configurator.pausePrice(pool, weth.id, seconds, sender=owner)


@pytest.fixture
def resume_price(pool, configurator, weth):
    return lambda sender: configurator.resumePrice(pool, weth.id, sender=sender)


def test_pause_price__meanwhile__lends_and_liquidates_nothing(
    market, pool, weth, usdc, supplier, borrower, liquidator, pause_price
):
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 10_000)
    market.set_price(weth, 1)  # wrongly

    pause_price(DAY_S)

    assert pool.reserveData(weth.id).price == 0
    with ape.reverts(pool.Undercollateralized, borrowLimit=0):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)
    with ape.reverts(pool.NoPrice, id=weth.id):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    with ape.reverts(pool.NotBadDebt, account=borrower):
        pool.writeOff(borrower, sender=liquidator)
    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)


def test_resume_price__over__by_anybody(market, pool, weth, stranger, pause_price, resume_price):
    pause_price(3_600)
    market.wait(3_600)

    resume_price(stranger)

    assert pool.reserveData(weth.id).price == weth.asset.answer


def test_resume_price__not_over__by_a_stranger__refused(
    configurator, stranger, pause_price, resume_price
):
    pause_price(3_600)
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=stranger):
        resume_price(stranger)


def test_resume_price__not_over__by_whoever_may(pool, weth, owner, pause_price, resume_price):
    pause_price(3_600)
    resume_price(owner)
    assert pool.reserveData(weth.id).price == weth.asset.answer


def test_resume_price__in_use__refused(configurator, weth, owner, resume_price):
    with ape.reverts(configurator.PriceNotPaused, id=weth.id):
        resume_price(owner)


def test_resume_price__twice__refused(configurator, weth, owner, pause_price, resume_price):
    pause_price(3_600)
    resume_price(owner)
    with ape.reverts(configurator.PriceNotPaused, id=weth.id):
        resume_price(owner)


@pytest.mark.parametrize("seconds", [0, 3 * DAY_S + 1])
def test_pause_price__no_time_or_too_long__refused(configurator, pause_price, seconds):
    with ape.reverts(configurator.PricePauseOutOfRange, seconds_=seconds):
        pause_price(seconds)


def test_pause_price__again_at_once__refused(
    market, chain, configurator, pool, weth, owner, pause_price, resume_price
):
    """A guardian cannot put liquidations off for ever."""
    pause_price(DAY_S)
    end = configurator.pricePause(pool, weth.id).end
    resume_price(owner)
    with ape.reverts(configurator.PricePausedLately, id=weth.id, notBefore=end + 3 * DAY_S):
        pause_price(DAY_S)


def test_pause_price__as_long_again_later__accepted(market, pause_price, resume_price, owner):
    pause_price(DAY_S)
    resume_price(owner)
    market.wait(4 * DAY_S)
    assert not pause_price(3 * DAY_S).failed


def test_pause_price__not_resumed_from_the_last_time__refused(
    market, pool, configurator, weth, stranger, pause_price, resume_price
):
    """The source that is to come back would be forgotten."""
    pause_price(3 * DAY_S)
    market.wait(6 * DAY_S)

    with ape.reverts(configurator.PriceNotResumed, id=weth.id):
        pause_price(1)
    resume_price(stranger)
    assert pool.reserveData(weth.id).price == weth.asset.answer


def test_pause_price__source_replaced_since__accepted_at_once(feed, set_feed, pause_price):
    """The new one may be wrong, too."""
    pause_price(DAY_S)
    set_feed(feed(2_000))
    assert not pause_price(DAY_S).failed


def test_set_risk__price_out_of_use__goes_through_as_announced(market, pool, weth, pause_price):
    pause_price(DAY_S)
    market.set_risk(weth, ltv_bps=7_000)

    data = pool.reserveData(weth.id)
    assert (data.ltv, data.price) == (70 * WAD // 100, 0)


def test_set_feed__price_paused__needs_not_be_near_the_wrong_one(
    market, pool, configurator, weth, feed, set_feed, pause_price
):
    """A wrong source is replaced although the right price is far from what it said."""
    market.set_price(weth, 1)
    pause_price(3 * DAY_S)

    set_feed(feed(2_000), lowest=1_900 * WAD, highest=2_100 * WAD)

    assert pool.reserveData(weth.id).price == 2_000 * 10**FEED_DECIMALS
    assert configurator.pricePause(pool, weth.id).feed == ZERO


def test_resume_price__source_replaced_meanwhile__refused(
    configurator, weth, owner, feed, set_feed, pause_price, resume_price
):
    """Else the wrong source would be back."""
    pause_price(DAY_S)
    set_feed(feed(2_000))
    with ape.reverts(configurator.PriceNotPaused, id=weth.id):
        resume_price(owner)
