"""A market on a chain of its own, and forks of it; made once, because a fork changes nothing there."""

from __future__ import annotations

import pytest

from scripts._local import Clock, local_market
from sims.cli import Bars


@pytest.fixture(scope="session")
def upstream():
    """A pool with 150 accounts behind a node, as a fork would find it on mainnet."""
    with Bars() as bars, local_market(150, 1, bars, Clock()) as market:
        yield market
