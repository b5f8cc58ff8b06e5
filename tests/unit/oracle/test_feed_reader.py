"""From a feed to a price or to none: never to a wrong price, and never a revert."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import DAY_S

MAX_ANSWER = 2**96 - 1
EDGES = [-(2**191), -1, 0, 1, MAX_ANSWER, MAX_ANSWER + 1, 2**191 - 1]


@pytest.fixture
def reader(machine):
    return machine.deploy("MockLibraries")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=st.one_of(st.sampled_from(EDGES), st.integers(-(2**191), 2**191 - 1)),
    age_s=st.one_of(st.sampled_from([-1, 0, DAY_S, DAY_S + 1]), st.integers(-(10**9), 10**9)),
)
def test_read__any_answer_of_any_age__is_it_or_nothing(machine, reader, answer, age_s):
    feed = machine.deploy("MockFeed", 8, 1)
    feed.setAt(answer, machine.now - age_s)

    good = 0 < answer <= MAX_ANSWER and 0 <= age_s <= DAY_S
    assert reader.readFeed(feed.address, DAY_S) == (answer if good else 0)


def test_read__dead_feed__is_nothing(machine, reader):
    feed = machine.deploy("MockFeed", 8, 5)
    feed.kill(True)
    assert reader.readFeed(feed.address, DAY_S) == 0


def test_read__feed_that_answers_again__is_its_price(machine, reader):
    feed = machine.deploy("MockFeed", 8, 5)
    feed.kill(True)
    feed.kill(False)
    assert reader.readFeed(feed.address, DAY_S) == 5


@pytest.mark.parametrize("address", ["0x" + "ee" * 20, "0x" + "00" * 20])
def test_read__account_without_code__is_nothing(reader, address):
    assert reader.readFeed(address, DAY_S) == 0


def test_read__contract_that_knows_no_prices__is_nothing(reader):
    assert reader.readFeed(reader.address, DAY_S) == 0
