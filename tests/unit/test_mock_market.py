"""The market of crash replays trades as a pool of its depth would, and recovers."""

from __future__ import annotations

import ape
import pytest

from sims.depth import constant_product
from tests._cast import WAD, quickly

DEPTH = 10**6
HALF_LIFE = 300


@pytest.fixture
def market(project, owner):
    """Gold at 2,000 and silver at 25, a million deep each."""
    market = owner.deploy(project.MockMarket, HALF_LIFE)
    gold = owner.deploy(project.MockToken, "Gold", "AU", 18)
    silver = owner.deploy(project.MockToken, "Silver", "AG", 6)
    quickly(market.open, [gold, silver], [DEPTH * WAD] * 2, sender=owner)
    quickly(market.tell, [gold, silver], [2_000 * WAD, 25 * WAD], sender=owner)
    quickly(gold.mint, owner, 10**6 * WAD, sender=owner)
    return market, gold, silver


def sell(scene, owner, value, least=0):
    """Sells gold of this value; returns the silver's."""
    market, gold, silver = scene
    before = silver.balanceOf(owner)
    quickly(market.swap, gold, silver, value * WAD // 2_000, least, b"", sender=owner)
    return (silver.balanceOf(owner) - before) * 25 / 10**6


def test_swap__of_next_to_nothing__is_at_the_price(market, owner):
    assert sell(market, owner, 1) == pytest.approx(1.0, abs=5e-5)  # a unit of silver is 2.5e-5


@pytest.mark.parametrize("value", [10_000, 250_000, 1_000_000])
def test_swap__of_much__passes_through_two_pools_of_that_depth(market, owner, value):
    pool = constant_product(DEPTH)
    brought = float(pool.proceeds(value))
    # Within the error of the curve's knots.
    assert sell(market, owner, value) == pytest.approx(float(pool.proceeds(brought)), rel=5e-3)


def test_swap__twice_in_a_row__brings_what_one_swap_would(market, owner, chain):
    mark = chain.snapshot()
    once = sell(market, owner, 200_000)
    chain.restore(mark)
    apart = sell(market, owner, 100_000) + sell(market, owner, 100_000)
    # Some seconds have passed between.
    assert once * (1 - 1e-8) <= apart <= once * 1.01


def test_swap__after_the_half_life__is_halfway_back(market, owner, chain):
    fresh = sell(market, owner, 100_000)
    pressed = sell(market, owner, 100_000)
    chain.pending_timestamp += HALF_LIFE
    rested = sell(market, owner, 100_000)
    assert pressed < rested < fresh
    chain.pending_timestamp += 100 * HALF_LIFE
    assert sell(market, owner, 100_000) == pytest.approx(fresh, rel=1e-6)


def test_swap__below_the_least__is_refused(market, owner):
    venue, gold, silver = market
    with ape.reverts(venue.TooLittle):
        venue.swap(gold, silver, WAD, 80 * 10**6, b"", sender=owner)
