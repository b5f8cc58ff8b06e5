"""Market files that are small enough to deploy often."""

from __future__ import annotations

import yaml

from tests.sims._snapshots import MARKET

GOVERNANCE = "0xA1A1a1a1A1A1A1A1A1a1a1a1a1a1A1A1a1A1a1a1"
MEMBERS = {
    "guardian": ["0xa2A2a2A2A2A2A2a2a2a2a2A2A2A2A2a2A2A2a2a2"],
    "risk": ["0xA3A3A3a3a3A3a3A3a3A3A3A3A3a3a3A3A3A3A3A3"],
    "steward": [
        "0xA4a4A4A4A4a4a4a4a4a4a4A4a4a4a4a4A4a4A4A4",
        "0xA5A5A5A5A5A5A5A5A5A5a5a5a5a5a5a5A5a5a5a5",
    ],
}
ADAPTIVE = {
    "target": 0.9,
    "steepness": 4,
    "speed": 50,
    "initial_rate": 0.04,
    "min_rate": 0.001,
    "max_rate": 2,
}
PERIPHERY = {
    "lens": True,
    "quote_lens": True,
    "flash_lender": True,
    "wrapped_supply": "all",
    "native_gateway": "WETH",
    "risk_steward": {
        "ramp": "14d",
        "ltv": {"up": 0.005, "down": 0.01, "period": "7d"},
        "slope2": {"up": 0.2, "down": 0.1, "period": "36h"},
    },
}


def small():
    """The head of `ethereum.yaml`, its first two reserves that have a feed and a category of them."""
    data = yaml.safe_load(MARKET.read_text())
    kept = [s for s, r in data["reserves"].items() if "address" in r["feed"]][:2]
    data["reserves"] = {s: data["reserves"][s] for s in kept}
    data["reserves"][kept[1]] |= {"idle_cap": 5_000_000, "min_debt": 100}
    category = next(iter(data["categories"].values()))
    data["categories"] = {"Pair": {**category, "collaterals": kept, "borrowables": kept[1:]}}
    del data["periphery"]
    return data


def whole(**roles):
    """The same with adaptive rates of both reserves, everything around the pool, and these roles."""
    data = small()
    for reserve in data["reserves"].values():
        reserve["adaptive_rates"] = dict(ADAPTIVE)
    return {**data, "periphery": PERIPHERY, "roles": MEMBERS | roles}


def write(file, data):
    """Writes a market file; returns it."""
    file.write_text(yaml.safe_dump(data, sort_keys=False).replace("'", '"'))
    return file
