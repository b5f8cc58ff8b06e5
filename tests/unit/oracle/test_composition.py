"""Adapters on adapters, as deep as is sensible: the gas they need, and the price that a pool lends at."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import ape
import pytest
from eth_utils import keccak

from tests._cast import DAY_S, MAX, WAD, Asset, list_asset, quickly

POOL_GAS = 300_000
WINDOW_S, GAP_S = 1_800, 600
ETH, RATIO, RATE = 2_000 * 10**8, 999 * WAD // 1_000, 12 * WAD // 10
PRICE = 2_397.6  # of a wrapped staked ether: 1.2 * 0.999 * 2,000


@pytest.fixture
def feeds(project, owner, chain):
    """Every adapter over plain sources, then all of them over each other."""

    def new(name, *args):
        return owner.deploy(getattr(project, name), *args)

    eth, ratio = new("MockFeed", 8, ETH), new("MockHostileFeed", RATIO // 10**10)
    rate, up = new("MockRate", RATE), new("MockFeed", 0, 0)
    quickly(up.setAt, 0, chain.pending_timestamp - DAY_S, sender=owner)
    rate_source = (rate, keccak(text="rate()")[:4], 0, 18)
    quote = new("MockFeed", 8, int(PRICE * 10**8))

    averages = [new("MovingAverageFeed", f, DAY_S, WINDOW_S, GAP_S) for f in (eth, quote)]
    for _ in range(5):
        for feed in averages:
            quickly(feed.poke, sender=owner)
        chain.mine(deltatime=GAP_S - 100)

    bounded = new("BoundedFeed", ratio, DAY_S, 9 * 10**7, 10**8)
    capped = new("CappedFeed", eth, DAY_S, 10**13)
    grown = new("GrowthCappedFeed", bounded, DAY_S, rate_source, WAD // 10, WAD, 18)
    product = new("ProductFeed", grown, DAY_S, capped, DAY_S, False, 8)
    checked = new("FallbackFeed", product, DAY_S, averages[1], DAY_S, DAY_S, WAD // 100)
    return SimpleNamespace(
        ratio=ratio,
        eth=eth,
        rate=rate,
        quote=quote,
        single={
            "BoundedFeed": bounded,
            "CappedFeed": capped,
            "ProductFeed": new("ProductFeed", ratio, DAY_S, eth, DAY_S, False, 8),
            "GrowthCappedFeed": new("GrowthCappedFeed", eth, DAY_S, rate_source, WAD // 10, WAD, 8),
            "FallbackFeed": new("FallbackFeed", eth, DAY_S, eth, DAY_S, DAY_S, WAD // 100),
            "SequencerFeed": new("SequencerFeed", eth, DAY_S, up, 3_600),
            "MovingAverageFeed": averages[0],
            "all of them": new("SequencerFeed", checked, DAY_S, up, 3_600),
        },
        outermost=checked,
    )


@pytest.fixture
def needs(chain, owner):
    """The least gas with which a feed answers, every contract and slot untouched."""

    def of(feed):
        data = "0x" + feed.latestRoundData.encode_input().hex()
        call = {"from": owner.address, "to": feed.address, "data": data}
        estimate = chain.provider.make_request("eth_estimateGas", [call])
        return int(estimate, 16) - 21_064  # a transaction with four bytes

    return of


# Sources cost 5,000 here (two slots and a call); an aggregator behind a proxy about 10,000 more.
MOST_GAS = {
    "BoundedFeed": 6_500,
    "CappedFeed": 6_500,
    "MovingAverageFeed": 7_000,
    "FallbackFeed": 8_500,
    "SequencerFeed": 12_500,
    "ProductFeed": 13_000,
    "GrowthCappedFeed": 17_000,
    "all of them": 60_000,
}


def test_latest_round_data__of_each_adapter__needs_no_more_gas_than_stated(feeds, needs):
    gas = {name: needs(feed) for name, feed in feeds.single.items()}
    print(gas)
    assert {n: g for n, g in gas.items() if g > MOST_GAS[n]} == {}
    assert gas["all of them"] < POOL_GAS / 4


@pytest.fixture
def listed(still, feeds, project, owner, supplier, borrower):
    market = replace(still, reserves=dict(still.reserves))
    token = owner.deploy(project.MockToken, "Wrapped staked ether", "WSE", 18)
    asset = Asset("WSE", 18, PRICE, curve=(0, 100, 0, 0))
    reserve = list_asset(market, asset, token, feeds.outermost)
    quickly(token.mint, borrower, 10 * WAD, sender=borrower)
    quickly(token.approve, market.pool, MAX, sender=borrower)
    market.supply(supplier, market["USDC"], 100_000)
    market.supply(borrower, reserve, 10)
    quickly(market["USDC"].feed.set, 10**8, sender=owner)
    return market, reserve


def borrow(market, borrower, amount):
    return market.pool.borrow(market["USDC"].id, amount, borrower, borrower, sender=borrower)


def test_borrow__on_a_composed_price__goes_up_to_it_and_no_further(listed, borrower):
    market, reserve = listed
    assert market.pool.reserveData(reserve.id).price == int(PRICE * 10**8)
    limit = int(10 * PRICE * 10**6) * 8 // 10

    borrow(market, borrower, limit)

    with ape.reverts(market.pool.Undercollateralized):
        borrow(market, borrower, 1)


def test_borrow__on_a_composed_price_whose_leg_moves__follows(listed, feeds, borrower, owner):
    market, _ = listed
    quickly(feeds.eth.set, ETH * 995 // 1_000, sender=owner)
    limit = int(10 * PRICE * 10**6) * 995 // 1_000 * 8 // 10
    with ape.reverts(market.pool.Undercollateralized):
        borrow(market, borrower, limit + 10**3)
    borrow(market, borrower, limit - 10**3)


def test_borrow__on_a_leg_that_moves_away_from_the_average__is_refused(
    listed, feeds, borrower, owner
):
    market, _ = listed
    quickly(feeds.eth.set, 2 * ETH, sender=owner)
    with ape.reverts(market.pool.Undercollateralized, borrowLimit=0):
        borrow(market, borrower, 10**6)


@pytest.mark.parametrize("how", [1, 2, 3, 4, 5])
def test_borrow__with_the_deepest_leg_turned__goes_on_at_the_backups_price(
    listed, feeds, borrower, owner, how
):
    """It reverts, burns its gas, answers short, at length or nothing; a pool's gas is enough."""
    market, reserve = listed
    quickly(feeds.ratio.turn, how, sender=owner)
    borrow(market, borrower, int(10 * PRICE * 10**6) * 79 // 100)
    assert market.pool.reserveData(reserve.id).price == int(PRICE * 10**8)
