"""What the figures say: the cheapest peer of each row, ratios to it, and what a lost row lacks.

geometric mean = exp(mean(log(weir / peer)))    over the rows that both have
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

WEIR, EARNING, AAVE = "weir", "weir_earning", "aave_v3_6"
PROTOCOLS = (WEIR, EARNING, AAVE, "morpho_blue", "comet", "euler_v2", "compound_v2")

Gas = Mapping[str, int | None]
Rows = Mapping[str, Gas]
"""Gas by row and protocol; None, or nothing, where a protocol lacks the operation."""


@dataclass(frozen=True)
class Verdict:
    """One row: Weir against the cheapest peer. None where either has no figure."""

    cheapest: str | None
    cheapest_gas: int | None
    weir: int | None

    @property
    def ratio(self) -> float | None:
        """Weir's gas over the cheapest peer's."""
        if self.weir is None or self.cheapest_gas is None:
            return None
        return self.weir / self.cheapest_gas

    @property
    def won(self) -> bool:
        """Whether Weir is below everybody who has a figure; no figure of its own wins nothing."""
        return self.weir is not None and (
            self.cheapest_gas is None or self.weir < self.cheapest_gas
        )

    @property
    def to_win(self) -> int | None:
        """The gas that a lost row would have to save; None where nothing is lost or measured."""
        if self.won or self.weir is None or self.cheapest_gas is None:
            return None
        return self.weir - self.cheapest_gas + 1


def merge(names: Iterable[str], measured: Mapping[str, Gas], recorded: Rows) -> dict[str, Any]:
    """One table, protocols in their order; what was measured goes before what was recorded.

    Parameters
    ----------
    names
        The rows.
    measured
        Gas by protocol and row.
    recorded
        Gas by row and protocol.
    """
    return {
        row: {p: measured[p][row] if p in measured else recorded[row].get(p) for p in PROTOCOLS}
        for row in names
    }


def verdict(row: Gas, weir: str = WEIR) -> Verdict:
    """Judges one row by one of Weir's columns."""
    peers = {p: g for p, g in row.items() if p not in (WEIR, EARNING) and g is not None}
    cheapest = min(peers, key=lambda p: peers[p], default=None)
    return Verdict(cheapest, peers[cheapest] if cheapest else None, row.get(weir))


def geometric_mean(ratios: Sequence[float]) -> float | None:
    """None of no ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def summary(rows: Rows, weir: str = WEIR) -> dict[str, float | int | None]:
    """The figures that the whole table comes down to."""
    verdicts = [verdict(row, weir) for row in rows.values()]
    to_aave = [
        ours / theirs
        for row in rows.values()
        if (ours := row.get(weir)) is not None and (theirs := row.get(AAVE)) is not None
    ]
    return {
        "geometric_mean_to_cheapest_peer": geometric_mean(
            [v.ratio for v in verdicts if v.ratio is not None]
        ),
        "geometric_mean_to_aave_v3_6": geometric_mean(to_aave),
        "rows_won": sum(v.won for v in verdicts),
        "rows_measured": sum(v.weir is not None for v in verdicts),
        "rows": len(rows),
    }


def lost(rows: Rows, reasons: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The rows that a peer wins, with what it would take to win them and why they are lost."""
    verdicts = {name: verdict(row) for name, row in rows.items()}
    return {
        name: {"to": v.cheapest, "gas_to_win": v.to_win, "reason": reasons.get(name)}
        for name, v in verdicts.items()
        if v.to_win is not None
    }


def drift(measured: Mapping[str, Gas], recorded: Rows, beyond_percent: float) -> dict[str, Any]:
    """How far a peer's figures are from those that were recorded before, in percent."""
    found = {}
    for protocol, gas in measured.items():
        percent = {
            row: 100 * (now / before - 1)
            for row, now in gas.items()
            if now is not None and (before := recorded[row].get(protocol)) is not None
        }
        if percent:
            far = {row: round(p, 2) for row, p in percent.items() if abs(p) > beyond_percent}
            found[protocol] = {"median_percent": round(median(percent.values()), 3), "far": far}
    return found
