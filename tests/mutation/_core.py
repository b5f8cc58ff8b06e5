"""What counts as the core, and in which contracts the tests meet it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

CORE = (
    "Pool*.sol",
    "libraries/*.sol",
    "rates/Adaptive*.sol",
    "rates/Kinked*.sol",
    "liquidation/LiquidationRule.sol",
    "liquidation/TargetHealth.sol",
    "oracle/FeedReader.sol",
    "access/Configurator.sol",
)


def core_files(names: Iterable[str]) -> list[str]:
    """The sources of the core, in order."""
    return sorted(n for n in names if any(fnmatch(n, p) for p in CORE))


def judged(source: str) -> bool:
    """Whether its contracts are compiled anew: not the periphery, nor what is made to be robbed."""
    return not source.startswith("periphery/") and "Naive" not in source
