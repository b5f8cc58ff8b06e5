"""What all adapters of feeds have in common, each with each of its sources."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S, WAD
from tests.unit.oracle.conftest import SELECTORS

LONGEST_S = 45 * DAY_S


@pytest.fixture
def sound(machine):
    return machine.deploy("MockFeed", 8, 10**8)


@pytest.fixture
def builders(machine, sound):
    """For every source of every adapter that has no price without it: how it is made of one.

    The moving average reads its source in `poke`, and the fallback goes on with one: see there.
    """
    up = machine.deploy("MockFeed", 0, 0)
    up.setAt(0, machine.now - DAY_S)
    rate = machine.deploy("MockRate", WAD)
    rate_source = (rate.address, SELECTORS["rate"], 0, 18)

    def make(name, *args):
        return lambda feed, age=DAY_S: machine.deploy(
            name, *(feed.address if a is None else age if a is Ellipsis else a for a in args)
        )

    return {
        "bounded": make("BoundedFeed", None, ..., 1, 10**12),
        "capped": make("CappedFeed", None, ..., 10**12),
        "first factor": make("ProductFeed", None, ..., sound.address, DAY_S, False, 8),
        "second factor": make("ProductFeed", sound.address, DAY_S, None, ..., False, 8),
        "dividend": make("ProductFeed", None, ..., sound.address, DAY_S, True, 8),
        "divisor": make("ProductFeed", sound.address, DAY_S, None, ..., True, 8),
        "base of a rate": make("GrowthCappedFeed", None, ..., rate_source, WAD, WAD, 8),
        "beside a sequencer": make("SequencerFeed", None, ..., up.address, 3_600),
    }


ALL = (
    "bounded",
    "capped",
    "first factor",
    "second factor",
    "dividend",
    "divisor",
    "base of a rate",
    "beside a sequencer",
)


@pytest.mark.parametrize("name", ALL)
def test_latest_round_data__source_without_price__refuses(builders, turning, refusal, price, name):
    feed = builders[name](turning.feed)
    assert price(feed)[0] == 10**8

    turning.turn()

    assert refusal(feed.latestRoundData) == ("NoPrice", (turning.feed.address,))


@pytest.mark.parametrize("name", ALL)
def test_latest_round_data__source_of_the_oldest_age__bears_its_date(
    machine, builders, sound, price, name
):
    source = machine.deploy("MockFeed", 8, 10**8)
    feed = builders[name](source)
    machine.now += DAY_S
    sound.set(10**8)

    assert price(feed) == (10**8, machine.now - DAY_S)


@pytest.mark.parametrize("name", ALL)
def test_latest_round_data__answer__is_a_price_to_a_pool(machine, builders, turning, name):
    reader = machine.deploy("MockLibraries")
    feed = builders[name](turning.feed)
    assert reader.readFeed(feed.address, DAY_S) == 10**8

    turning.turn()

    assert reader.readFeed(feed.address, DAY_S) == 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("age_s", [0, LONGEST_S + 1])
def test_constructor__age_that_is_no_limit__refused(builders, sound, refusal, name, age_s):
    assert refusal(builders[name], sound, age_s) == ("InvalidMaxAge", (age_s,))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("age_s", [1, LONGEST_S])
def test_constructor__age_at_the_edge__accepted(builders, sound, price, name, age_s):
    assert price(builders[name](sound, age_s))[0] == 10**8


@pytest.mark.parametrize("name", ALL)
def test_constructor__too_many_decimals__refused(machine, builders, refusal, name):
    feed = machine.deploy("MockFeed", 37, 10**8)
    assert refusal(builders[name], feed) == ("InvalidDecimals", (37,))


@pytest.mark.parametrize("name", ["bounded", "capped", "beside a sequencer"])
@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_decimals__of_an_adapter_that_calculates_nothing__are_its_sources(
    machine, builders, price, name, decimals
):
    feed = builders[name](machine.deploy("MockFeed", decimals, 10**8))
    assert (feed.decimals(), price(feed)[0]) == (decimals, 10**8)


def test_round_ids__of_answers__are_their_dates(builders, sound):
    number, _, _, updated, answered_in = builders["bounded"](sound).latestRoundData()
    assert number == answered_in == updated
