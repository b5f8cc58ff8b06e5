"""A feed with a ceiling."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S

CAP = 1_040_000
MAX_ANSWER = 2**96 - 1


@pytest.fixture
def source(machine):
    return machine.deploy("MockFeed", 6, 10**6)


@pytest.fixture
def feed(machine, source):
    return machine.deploy("CappedFeed", source.address, DAY_S, CAP)


@pytest.mark.parametrize("answer", [1, 10**6, CAP - 1, CAP])
def test_capped_feed__up_to_its_cap__is_its_source(machine, feed, source, price, answer):
    source.setAt(answer, machine.now - 5)
    assert price(feed) == (answer, machine.now - 5)


@pytest.mark.parametrize("answer", [CAP + 1, MAX_ANSWER])
def test_capped_feed__above__is_its_cap(machine, feed, source, price, answer):
    source.setAt(answer, machine.now - 5)
    assert price(feed) == (CAP, machine.now - 5)


@pytest.mark.parametrize("cap", [0, MAX_ANSWER + 1])
def test_capped_feed__cap_that_is_no_price__refused(machine, source, refusal, cap):
    def deploy():
        machine.deploy("CappedFeed", source.address, DAY_S, cap)

    assert refusal(deploy) == ("InvalidCap", (cap,))


@pytest.mark.parametrize("cap", [1, MAX_ANSWER])
def test_capped_feed__cap_at_the_edge__accepted(machine, source, cap):
    assert machine.deploy("CappedFeed", source.address, DAY_S, cap).cap() == cap
