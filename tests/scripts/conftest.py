"""Chains of our own for the scripts, and a market file small enough to deploy often."""

from __future__ import annotations

import pytest

from scripts._anvil import anvil
from scripts._chain import connected
from tests.sims._snapshots import MARKET


@pytest.fixture
def market_file(tmp_path):
    """The head of `ethereum.yaml`, its first two reserves that have a feed and a category of them."""
    import yaml

    data = yaml.safe_load(MARKET.read_text())
    kept = [s for s, r in data["reserves"].items() if "address" in r["feed"]][:2]
    data["reserves"] = {s: data["reserves"][s] for s in kept}
    data["reserves"][kept[1]] |= {"idle_cap": 5_000_000, "min_debt": 100}
    category = next(iter(data["categories"].values()))
    data["categories"] = {"Pair": {**category, "collaterals": kept, "borrowables": kept[1:]}}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False).replace("'", '"'))
    return file


@pytest.fixture
def node():
    """The address of a new chain that poses as mainnet."""
    with anvil("--chain-id", "1") as url:
        yield url


@pytest.fixture
def chain(node):
    with connected(f"ethereum:mainnet:{node}") as connection:
        yield connection
