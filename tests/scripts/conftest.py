"""Chains of our own for the scripts, and a market file small enough to deploy often."""

from __future__ import annotations

import pytest

from scripts._anvil import anvil
from scripts._chain import connected
from tests import _seen
from tests.scripts._files import small, write

_seen.record()


@pytest.fixture
def market_file(tmp_path):
    """Two reserves and a category of them, nothing around the pool, no roles."""
    return write(tmp_path / "small.yaml", small())


@pytest.fixture
def node():
    """The address of a new chain that poses as mainnet."""
    with anvil("--chain-id", "1") as url:
        yield url


@pytest.fixture
def chain(node):
    with connected(f"ethereum:mainnet:{node}") as connection:
        yield connection
