"""Listing: the self-test that a token and a feed must pass, and the seed that stays for ever."""

from __future__ import annotations

from dataclasses import replace

import ape
import pytest

from tests._cast import FEED_DECIMALS, MAX, ZERO, Asset, event, quickly

NEW = Asset("NEW", 18, 10)
SEED = 10**18


@pytest.fixture
def feed(project, owner):
    return owner.deploy(project.MockFeed, FEED_DECIMALS, NEW.answer)


@pytest.fixture
def token(project, owner):
    return owner.deploy(project.MockToken, "New", "NEW", 18)


@pytest.fixture
def list_it(pool, configurator, owner, feed):
    """Lists a token of which the owner has, and allows, whatever the listing may want."""

    def run(token, asset=NEW, seed=SEED, feed=feed):
        quickly(token.mint, owner, 10 * SEED, sender=owner)
        quickly(token.approve, configurator, 10 * SEED, sender=owner)
        p = asset.parameters(feed if isinstance(feed, str) else feed.address)
        return configurator.listReserve(pool, token, p, seed, sender=owner)

    return run


def test_list_reserve__sound__opens_the_next_reserve(pool, token, list_it):
    tx = list_it(token)

    assert (event(tx, pool.ReserveListed).id, pool.reserveCount()) == (5, 6)
    assert pool.reserveId(token) == 5
    assert pool.reserveData(5).price == NEW.answer


def test_list_reserve__sound__supplies_the_seed_as_the_configurators(
    pool, configurator, owner, token, list_it
):
    list_it(token)

    assert pool.supplyBalance(configurator, 5) == SEED
    assert token.balanceOf(owner) == 9 * SEED
    assert token.balanceOf(pool) == SEED
    assert token.allowance(configurator, pool) == 0


def test_list_reserve__before_terms_of_liquidation__refused(
    project, configurator, owner, token, feed
):
    bare = owner.deploy(project.Pool, configurator)
    with ape.reverts(configurator.LiquidationTermsRequired):
        configurator.listReserve(bare, token, NEW.parameters(feed.address), SEED, sender=owner)


def test_list_reserve__without_seed__refused(configurator, token, list_it):
    with ape.reverts(configurator.SeedRequired):
        list_it(token, seed=0)


def test_list_reserve__seed_of_one_unit__accepted(pool, configurator, token, list_it):
    list_it(token, seed=1)
    assert pool.supplyBalance(configurator, 5) == 1


def test_list_reserve__seed_above_the_supply_cap__refused(pool, token, list_it):
    with ape.reverts(pool.SupplyCapExceeded, id=5, assets=SEED, room=SEED // 2):
        list_it(token, replace(NEW, supply_cap=SEED // 2))


def test_list_reserve__twice__refused(pool, token, list_it):
    list_it(token)
    with ape.reverts(pool.AlreadyListed, token=token, id=5):
        list_it(token)


# ------------------------------------------------------------------------------------- the token


def test_list_reserve__token_with_a_fee__refused(project, configurator, owner, list_it):
    token = owner.deploy(project.MockFeeToken, ZERO)
    with ape.reverts(configurator.TokenNotExact, token=token, sent=SEED, received=SEED * 99 // 100):
        list_it(token)


def test_list_reserve__token_with_a_fee_on_the_way_out_alone__refused(
    project, configurator, owner, list_it
):
    token = owner.deploy(project.MockFeeToken, configurator)
    with ape.reverts(configurator.TokenNotExact, token=token, sent=SEED, received=SEED * 99 // 100):
        list_it(token)


def test_list_reserve__token_that_rounds_its_balances__refused(
    project, configurator, owner, list_it
):
    token = owner.deploy(project.MockRebasingToken)
    with ape.reverts(configurator.TokenNotExact, token=token, sent=SEED, received=SEED - 1):
        list_it(token)


def test_list_reserve__token_that_returns_false__refused(project, pool, configurator, owner, feed):
    token = owner.deploy(project.MockFalseToken)
    with ape.reverts():
        configurator.listReserve(pool, token, NEW.parameters(feed.address), SEED, sender=owner)
    assert pool.reserveCount() == 5


def test_list_reserve__token_without_code__refused(pool, configurator, owner, feed, stranger):
    with ape.reverts():
        configurator.listReserve(pool, stranger, NEW.parameters(feed.address), SEED, sender=owner)
    assert pool.reserveCount() == 5


def test_list_reserve__token_that_returns_nothing__accepted_and_usable(
    project, pool, owner, supplier, list_it
):
    """As USDT does; its allowance changes by way of zero only."""
    token = owner.deploy(project.MockNoReturnToken)
    list_it(token, seed=10**6)
    quickly(token.mint, supplier, 10**6, sender=supplier)
    quickly(token.approve, pool, 10**6, sender=supplier)

    pool.supply(5, 10**6, supplier, sender=supplier)
    pool.withdraw(5, MAX, supplier, supplier, sender=supplier)

    assert token.balanceOf(supplier) == 10**6


@pytest.mark.parametrize(("decimals", "fits"), [(10, True), (56, False)])
def test_list_reserve__decimals_of_token_and_feed__must_fit_their_field(
    project, configurator, pool, owner, list_it, decimals, fits
):
    token = owner.deploy(project.MockToken, "Odd", "ODD", decimals)
    if fits:
        list_it(token)
        assert pool.reserveData(5).priceDecimals == decimals + FEED_DECIMALS
    else:
        with ape.reverts(configurator.DecimalsOutOfRange, sum=decimals + FEED_DECIMALS):
            list_it(token)


# -------------------------------------------------------------------------------------- the feed


@pytest.mark.parametrize("how", ["dead", "zero", "negative", "stale"])
def test_list_reserve__feed_without_price__refused(
    configurator, chain, owner, feed, token, list_it, how
):
    now = chain.blocks.head.timestamp
    spoil = {
        "dead": (feed.kill, True),
        "zero": (feed.set, 0),
        "negative": (feed.set, -1),
        "stale": (feed.setAt, NEW.answer, now - NEW.max_age_s - 60),
    }
    method, *args = spoil[how]
    quickly(method, *args, sender=owner)

    with ape.reverts(configurator.FeedWithoutPrice, feed=feed):
        list_it(token)


def test_list_reserve__feed_without_code__refused(pool, token, list_it, stranger):
    with ape.reverts():
        list_it(token, feed=stranger.address)
    assert pool.reserveCount() == 5


def test_list_reserve__bounded_feed_out_of_its_bounds__refused(
    project, configurator, owner, feed, token, list_it
):
    bounded = owner.deploy(project.BoundedFeed, feed, NEW.max_age_s, 1, NEW.answer - 1)
    with ape.reverts(configurator.FeedWithoutPrice, feed=bounded):
        list_it(token, feed=bounded)


def test_list_reserve__bounded_feed_within_its_bounds__accepted(
    project, pool, owner, feed, token, list_it
):
    bounded = owner.deploy(project.BoundedFeed, feed, NEW.max_age_s, 1, NEW.answer)

    list_it(token, feed=bounded)

    assert pool.reserveData(5).price == NEW.answer
