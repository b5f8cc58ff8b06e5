"""No price while a rollup's sequencer is down, nor shortly after."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S
from tests.unit.oracle.conftest import HOSTILE

GRACE_S = 3_600
UP, DOWN = 0, 1


@pytest.fixture
def source(machine):
    return machine.deploy("MockFeed", 8, 10**8)


@pytest.fixture
def uptime(machine):
    """Up for a year."""
    feed = machine.deploy("MockFeed", 0, UP)
    feed.setAt(UP, machine.now - 365 * DAY_S)
    return feed


@pytest.fixture
def feed(machine, source, uptime):
    return machine.deploy("SequencerFeed", source.address, DAY_S, uptime.address, GRACE_S)


def test_answer__sequencer_up__is_the_sources(machine, feed, source, price):
    source.setAt(5, machine.now - 9)
    assert price(feed) == (5, machine.now - 9)


def test_answer__sequencer_down__is_none(machine, feed, uptime, refusal):
    uptime.setAt(DOWN, machine.now - 2 * GRACE_S)
    assert refusal(feed.latestRoundData) == ("SequencerDown", (machine.now - 2 * GRACE_S,))


def test_answer__sequencer_back__is_the_sources_after_the_grace(
    machine, feed, uptime, refusal, price
):
    back = machine.now
    uptime.setAt(UP, back)

    machine.now = back + GRACE_S - 1
    assert refusal(feed.latestRoundData) == ("WithinGrace", (back, GRACE_S))
    machine.now = back + GRACE_S
    assert price(feed)[0] == 10**8


@pytest.mark.parametrize("status", [2, -1])
def test_answer__status_that_is_none__is_none(machine, feed, uptime, refusal, status):
    uptime.setAt(status, machine.now - DAY_S)
    assert refusal(feed.latestRoundData) == ("NoStatus", (uptime.address,))


@pytest.mark.parametrize("since", ["never", "tomorrow"])
def test_answer__status_without_a_date__is_none(machine, feed, uptime, refusal, since):
    uptime.setAt(UP, 0 if since == "never" else machine.now + 1)
    assert refusal(feed.latestRoundData) == ("NoStatus", (uptime.address,))


def test_answer__uptime_feed_is_dead__is_none(feed, uptime, refusal):
    uptime.kill(True)
    assert refusal(feed.latestRoundData) == ("NoStatus", (uptime.address,))


@pytest.mark.parametrize("how", HOSTILE)
def test_answer__uptime_feed_turns__is_none(machine, source, refusal, price, how):
    uptime = machine.deploy("MockHostileFeed", UP)
    machine.now += GRACE_S
    feed = machine.deploy("SequencerFeed", source.address, DAY_S, uptime.address, GRACE_S)
    uptime.turn(HOSTILE[how])
    assert refusal(feed.latestRoundData) == ("NoStatus", (uptime.address,))


@pytest.mark.parametrize("grace_s", [0, DAY_S + 1])
def test_constructor__grace_of_nothing_or_too_long__refused(
    machine, source, uptime, refusal, grace_s
):
    def deploy():
        machine.deploy("SequencerFeed", source.address, DAY_S, uptime.address, grace_s)

    assert refusal(deploy) == ("InvalidGrace", (grace_s,))


@pytest.mark.parametrize("grace_s", [1, DAY_S])
def test_constructor__grace_at_the_edge__accepted(machine, source, uptime, grace_s):
    feed = machine.deploy("SequencerFeed", source.address, DAY_S, uptime.address, grace_s)
    assert feed.grace() == grace_s
