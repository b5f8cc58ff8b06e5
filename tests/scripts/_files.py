"""Market files that are small enough to deploy often."""

from __future__ import annotations

import yaml
from eth_utils.address import to_checksum_address

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
    """The head of `ethereum.yaml`, two of its reserves and a category of them."""
    data = yaml.safe_load(MARKET.read_text())
    kept = ["WETH", "USDC"]
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


CURATOR = to_checksum_address("0x" + "a6" * 20)
OUTSIDE = {
    name: to_checksum_address("0x" + f"{number:02x}" * 20)
    for number, name in enumerate(
        ("eth_usd", "lst_eth", "lst", "vault", "dai_usd", "usd_eth", "uptime", "router"), start=0xB0
    )
}
"""What `composed` relies on."""


def composed(**there):
    """The small market with each adapter of prices at least once, another liquidation rule, insurers and
    curated vaults.

    Parameters
    ----------
    there : addresses of `OUTSIDE` that are others.
    """
    at = OUTSIDE | there
    data = small()
    weth, usdc = data["reserves"].values()
    bounded = {"bounded": {"source": at["eth_usd"], "lowest": 100, "highest": 100_000}}
    staked = {
        "growth_capped": {
            "source": at["eth_usd"],
            "rate": {"address": at["lst"], "function": at.get("function", "getRate")},
            "yearly": 0.1,
        },
    }

    def ratio():
        return {"address": at["lst_eth"], "decimals": 18, "max_age": "30m", "price": 1.2}

    weth["feed"] = {
        "decimals": 8,
        "max_age": "65m",
        "fallback": {
            "primary": bounded,
            # A staked token's price over its rate is the price of what it stands for.
            "backup": {"quotient": [{"product": [ratio(), at["eth_usd"]]}, ratio()]},
            "deviation": 0.02,
        },
    }
    weth["cautious_feed"] = {"quotient": [staked, ratio()]}
    usdc["feed"] = {
        "decimals": 8,
        "max_age": "25h",
        "capped": {"source": at["dai_usd"], "at": 1.04},
    }
    average = {"moving_average": {"source": "feed", "window": "30m", "max_gap": "10m"}}
    usdc["cautious_feed"] = {
        "sequencer": {"source": average, "uptime": at["uptime"], "grace": "1h"}
    }
    usdc["insurer"] = {"cooldown": "10d", "window": "2d"}
    data["liquidation"]["model"] = {"dutch_auction": {"duration": "20m", "lifetime": "2h"}}
    vault = {"name": "Weir USDC", "symbol": "wUSDC", "cap": 1_000_000, "fee": 0.1}
    data["periphery"] = {
        "flash_liquidator": True,
        "uniswap_v3": {"router": at["router"]},
        "deleverage_orders": True,
        "curated_vaults": {"USDC": {**vault, "fee_recipient": CURATOR, "deposit_limit": 2_000_000}},
    }
    return data


def write(file, data):
    """Writes a market file; returns it."""
    file.write_text(yaml.safe_dump(data, sort_keys=False).replace("'", '"'))
    return file
