"""Sources of prices that turn, and what adapters say to them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests._cast import DAY_S
from tests._revm import Reverted

SELECTORS = {"rate": bytes.fromhex("2c4e722e"), "convertToAssets": bytes.fromhex("07a2d13a")}
HOSTILE = {"reverts": 1, "burns gas": 2, "answers short": 3, "reverts at length": 4, "is empty": 5}


@pytest.fixture
def refusal():
    """What a call reverts with: name and arguments."""

    def of(call, *args):
        with pytest.raises(Reverted) as caught:
            call(*args)
        return caught.value.name, caught.value.arguments

    return of


@pytest.fixture
def price():
    """A feed's answer and its date."""

    def of(feed):
        _, answer, started, updated, _ = feed.latestRoundData()
        assert started == updated
        return answer, updated

    return of


@pytest.fixture(
    params=["stale", "from the future", "zero", "negative", "beyond a price", "is dead", *HOSTILE]
)
def turning(machine, request):
    """A source with eight decimals that is sound, and what makes it stop having a price."""
    if request.param in HOSTILE:
        feed = machine.deploy("MockHostileFeed", 10**8)
        return SimpleNamespace(feed=feed, turn=lambda: feed.turn(HOSTILE[request.param]))
    feed = machine.deploy("MockFeed", 8, 10**8)
    turn = {
        "stale": lambda: feed.setAt(10**8, machine.now - DAY_S - 1),
        "from the future": lambda: feed.setAt(10**8, machine.now + 1),
        "zero": lambda: feed.set(0),
        "negative": lambda: feed.set(-(10**8)),
        "beyond a price": lambda: feed.set(2**96),
        "is dead": lambda: feed.kill(True),
    }[request.param]
    return SimpleNamespace(feed=feed, turn=turn)


@pytest.fixture
def growth_capped(machine):
    """Deploys a growth-capped feed on a `MockRate`, with eight decimals."""

    def build(base, rate, growth, decline, *, decimals=8, rate_decimals=18, max_age_s=DAY_S):
        source = (rate.address, SELECTORS["rate"], 0, rate_decimals)
        return machine.deploy(
            "GrowthCappedFeed", base.address, max_age_s, source, growth, decline, decimals
        )

    return build
