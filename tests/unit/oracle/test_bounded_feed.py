"""A feed that answers only between two sane prices."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S
from tests._revm import Reverted

LOW, HIGH = 90, 110
MAX_ANSWER = 2**96 - 1


@pytest.fixture
def source(machine):
    return machine.deploy("MockFeed", 6, 100)


@pytest.fixture
def feed(machine, source):
    return machine.deploy("BoundedFeed", source.address, DAY_S, LOW, HIGH)


@pytest.mark.parametrize("answer", [LOW, 100, HIGH])
def test_bounded_feed__within_its_bounds__repeats_its_source(feed, source, answer):
    source.set(answer)
    assert feed.latestRoundData() == source.latestRoundData()
    assert feed.latestRoundData()[1] == answer


@pytest.mark.parametrize("answer", [LOW - 1, HIGH + 1])
def test_bounded_feed__outside__refuses(feed, source, answer):
    source.set(answer)
    with pytest.raises(Reverted) as refusal:
        feed.latestRoundData()
    assert (refusal.value.name, refusal.value.arguments) == ("OutOfBounds", (answer, LOW, HIGH))


def test_bounded_feed__source_of_the_oldest_age__is_repeated(machine, feed, source):
    machine.now += DAY_S
    assert feed.latestRoundData() == source.latestRoundData()


@pytest.mark.parametrize("how", ["stale", "dead", "zero"])
def test_bounded_feed__source_without_price__refuses(machine, feed, source, how):
    if how == "stale":
        machine.now += DAY_S + 1
    elif how == "dead":
        source.kill(True)
    else:
        source.set(0)
    with pytest.raises(Reverted) as refusal:
        feed.latestRoundData()
    assert (refusal.value.name, refusal.value.arguments) == ("NoPrice", (source.address,))


def test_bounded_feed__outside__is_no_price_to_a_pool(machine, feed, source):
    reader = machine.deploy("MockLibraries")
    assert reader.readFeed(feed.address, DAY_S) == 100
    source.set(HIGH + 1)
    assert reader.readFeed(feed.address, DAY_S) == 0


def test_bounded_feed__decimals__are_its_sources(feed):
    assert feed.decimals() == 6


@pytest.mark.parametrize("bounds", [(0, 1), (2, 1), (1, MAX_ANSWER + 1)])
def test_bounded_feed__bounds_that_bound_nothing__refused(machine, source, bounds):
    with pytest.raises(Reverted) as refusal:
        machine.deploy("BoundedFeed", source.address, DAY_S, *bounds)
    assert (refusal.value.name, refusal.value.arguments) == ("InvalidBounds", bounds)


@pytest.mark.parametrize("bounds", [(1, 1), (1, MAX_ANSWER)])
def test_bounded_feed__bounds_at_the_edge__accepted(machine, source, bounds):
    feed = machine.deploy("BoundedFeed", source.address, DAY_S, *bounds)
    assert (feed.minAnswer(), feed.maxAnswer()) == bounds
