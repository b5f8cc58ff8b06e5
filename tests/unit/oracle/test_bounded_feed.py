"""A feed that answers only between two sane prices."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S

LOW, HIGH = 90, 110
MAX_ANSWER = 2**96 - 1


@pytest.fixture
def source(machine):
    return machine.deploy("MockFeed", 6, 100)


@pytest.fixture
def feed(machine, source):
    return machine.deploy("BoundedFeed", source.address, DAY_S, LOW, HIGH)


@pytest.mark.parametrize("answer", [LOW, 100, HIGH])
def test_bounded_feed__within_its_bounds__repeats_its_source(machine, feed, source, price, answer):
    source.setAt(answer, machine.now - 5)
    assert price(feed) == (answer, machine.now - 5)


@pytest.mark.parametrize("answer", [LOW - 1, HIGH + 1])
def test_bounded_feed__outside__refuses(feed, source, refusal, answer):
    source.set(answer)
    assert refusal(feed.latestRoundData) == ("OutOfBounds", (answer, LOW, HIGH))


def test_bounded_feed__outside__is_no_price_to_a_pool(machine, feed, source):
    reader = machine.deploy("MockLibraries")
    assert reader.readFeed(feed.address, DAY_S) == 100
    source.set(HIGH + 1)
    assert reader.readFeed(feed.address, DAY_S) == 0


@pytest.mark.parametrize("bounds", [(0, 1), (2, 1), (1, MAX_ANSWER + 1)])
def test_bounded_feed__bounds_that_bound_nothing__refused(machine, source, refusal, bounds):
    def deploy():
        machine.deploy("BoundedFeed", source.address, DAY_S, *bounds)

    assert refusal(deploy) == ("InvalidBounds", bounds)


@pytest.mark.parametrize("bounds", [(1, 1), (1, MAX_ANSWER)])
def test_bounded_feed__bounds_at_the_edge__accepted(machine, source, bounds):
    feed = machine.deploy("BoundedFeed", source.address, DAY_S, *bounds)
    assert (feed.minAnswer(), feed.maxAnswer()) == bounds
