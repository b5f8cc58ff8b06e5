"""What became of a market on the days of `sims.crashes`: a table of all, and a picture of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.parquet as pq
from plotly.subplots import make_subplots

from sims.crashes import Crash
from sims.folders import SUMMARY, replacing, require_report
from sims.report.html import document, plot, section, table, write_page
from sims.report.plots import BLUE, MILLION, ORANGE, SUFFIX, VERMILION, finish, line
from sims.report.words import money, percent

QUANTILES = (0.5, 0.95, 1.0)
BINS = 60
"""Bars in a picture of what was repaid."""


@dataclass(frozen=True)
class Seizure:
    """One liquidation; values in USD at the oracle's prices of its block."""

    hours: float
    account: str
    debt: str
    collateral: str
    repaid_usd: float
    seized_usd: float
    fee_usd: float


@dataclass(frozen=True)
class Moment:
    """How the accounts stand after a block; values in USD."""

    hours: float
    unhealthy: int
    unhealthy_usd: float
    """Their debt."""
    short_usd: float
    """By which debts exceed what secures them."""


@dataclass(frozen=True)
class Outcome:
    """A crash lived through.

    Attributes
    ----------
    debt_usd, collateral_usd : of all debtors, before.
    written_off_usd : debts that ended without being paid; `borne_usd` of it by suppliers, the rest by
        the protocol's buffer.
    left_usd : by which debts exceed collateral at the end, still on the books.
    gross_usd : of the keeper, after selling; `gas_usd` is what it paid for gas.
    latency_blocks : of each of its calls, from the block that made the account liquidatable.
    moves : the market's prices over those of the beginning, by asset, at the hours of `moments`.
    """

    crash: Crash
    read: tuple[str, ...]
    settings: Mapping[str, float]
    debtors: int
    debt_usd: float
    collateral_usd: float
    seizures: tuple[Seizure, ...]
    moments: tuple[Moment, ...]
    written_off_usd: float
    borne_usd: float
    left_usd: float
    gross_usd: float
    gas_usd: float
    calls: int
    failed: int
    latency_blocks: tuple[int, ...]
    moves: Mapping[str, tuple[float, ...]]
    blocks: int

    @property
    def repaid_usd(self) -> float:
        return sum(s.repaid_usd for s in self.seizures)

    @property
    def seized_usd(self) -> float:
        return sum(s.seized_usd for s in self.seizures)

    @property
    def bonus_usd(self) -> float:
        """What liquidated accounts paid over their debts."""
        return self.seized_usd - self.repaid_usd

    @property
    def fee_usd(self) -> float:
        """The protocol's part of that."""
        return sum(s.fee_usd for s in self.seizures)

    @property
    def most_unhealthy_usd(self) -> float:
        """Debt of unhealthy accounts, at its worst."""
        return max((m.unhealthy_usd for m in self.moments), default=0.0)

    @property
    def unhealthy_usd(self) -> float:
        """Debt of those who are still unhealthy at the end; they have no latency."""
        return self.moments[-1].unhealthy_usd if self.moments else 0.0

    @property
    def bad_debt_usd(self) -> float:
        return self.written_off_usd + self.left_usd

    def latency(self, quantile: float) -> float:
        """Blocks; 0 when there were no calls."""
        return float(np.quantile(self.latency_blocks or (0,), quantile, method="higher"))

    @property
    def figures(self) -> dict[str, Any]:
        """All of it that fits a machine-readable summary."""
        return {
            "crash": self.crash.name,
            "title": self.crash.title,
            "start": self.crash.start.isoformat(),
            "hours": self.crash.hours,
            "source": self.crash.source,
            "prices_read_from_file": list(self.read),
            "settings": dict(self.settings),
            "debtors": self.debtors,
            "debt_usd": self.debt_usd,
            "collateral_usd": self.collateral_usd,
            "liquidations": len(self.seizures),
            "liquidated_accounts": len({s.account for s in self.seizures}),
            "repaid_usd": self.repaid_usd,
            "seized_usd": self.seized_usd,
            "bonus_usd": self.bonus_usd,
            "fee_usd": self.fee_usd,
            "written_off_usd": self.written_off_usd,
            "borne_by_suppliers_usd": self.borne_usd,
            "left_usd": self.left_usd,
            "bad_debt_usd": self.bad_debt_usd,
            "most_unhealthy_usd": self.most_unhealthy_usd,
            "unhealthy_at_end_usd": self.unhealthy_usd,
            "unhealthy_at_end_accounts": self.moments[-1].unhealthy if self.moments else 0,
            "keeper_gross_usd": self.gross_usd,
            "keeper_gas_usd": self.gas_usd,
            "keeper_calls": self.calls,
            "keeper_calls_failed": self.failed,
            "latency_blocks": {
                "median": self.latency(0.5),
                "p95": self.latency(0.95),
                "max": self.latency(1.0),
            },
            "blocks": self.blocks,
        }


# ------------------------------------------------------------------------------------------- page

HEAD = (
    "Crash",
    "Debt before",
    "Calls (accounts)",
    "Repaid",
    "Bonus paid",
    "To the protocol",
    "Lost in selling",
    "Bad debt",
    "Unhealthy: most, at the end",
    "Blocks waited: half, 95 %, most",
    "Keeper, net of gas",
)


def rows(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """A line of text cells for each crash, under `HEAD`."""
    return [
        [
            f"{o.crash.name} {o.crash.title}",
            money(o.debt_usd),
            f"{len(o.seizures):,} ({len({s.account for s in o.seizures}):,})",
            money(o.repaid_usd),
            f"{money(o.bonus_usd)} ({percent(o.bonus_usd / o.repaid_usd if o.repaid_usd else 0.0)})",
            money(o.fee_usd),
            money(o.bonus_usd - o.fee_usd - o.gross_usd),
            f"{money(o.bad_debt_usd)} ({percent(o.bad_debt_usd / o.debt_usd if o.debt_usd else 0.0, 2)})",
            f"{money(o.most_unhealthy_usd)}, {money(o.unhealthy_usd)}",
            ", ".join(f"{o.latency(q):,.0f}" for q in QUANTILES) if o.latency_blocks else "no call",
            money(o.gross_usd - o.gas_usd),
        ]
        for o in outcomes
    ]


def turned(outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of a table with a column for each crash."""
    head, *lines = zip(HEAD, *rows(outcomes), strict=True)
    return ["", *head[1:]], [list(line) for line in lines]


def page(outcomes: Sequence[Outcome], *, market: str, made: str, command: str) -> str:
    """The crashes as one HTML page.

    Parameters
    ----------
    market : what the market is called.
    made : when the page was made, as people read it.
    command : what to type for the same figures.
    """
    facts = [("Market", market), ("Made", made), ("Repeat with", command)]
    listed = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    return document(
        f"Crashes: {market}",
        (
            f"<header><h1>What if those days came again</h1><dl>{listed}</dl></header>",
            section("All of them", WORDS, table(*turned(outcomes))),
            *(_of_one(outcome) for outcome in outcomes),
            section("What this is and is not", ASSUMPTIONS),
        ),
    )


WORDS = (
    "The contracts on a chain, the accounts of a seeded book, and the keeper at every block, led through "
    "the prices of the day. Values in USD at the oracle's prices of the block. Bad debt is what was "
    "written off, and what debts exceed collateral by at the end. Latency counts from the block that "
    "showed an account as liquidatable to the one it was liquidated in."
)
ASSUMPTIONS = (
    "Falls are applied to today's prices and positions; nobody repays, adds collateral or leaves "
    "meanwhile, and there is one keeper, who always has a node and waits while a market is too thin for "
    "what it has to sell. The book's size is the market's, however many accounts share it. Seized "
    "collateral is sold in markets of the depth that was quoted in late 2024, with the half-life stated "
    "above; what is sold there does not "
    "move the day's price, which contains the liquidations of then already. Feeds report by threshold and "
    "heartbeat, without delay."
)


def _of_one(outcome: Outcome) -> str:
    crash, settings = outcome.crash, outcome.settings
    source = (
        f"candles from the file for {', '.join(outcome.read)}" if outcome.read else "turning points"
    )
    text = (
        f"From {crash.start:%Y-%m-%d %H:%M} UTC, {crash.hours:g} hours; {source}, from {crash.source}. "
        f"{outcome.debtors:,} debtors owe {money(outcome.debt_usd)} against "
        f"{money(outcome.collateral_usd)}. Written off: {money(outcome.written_off_usd)}, of which "
        f"suppliers bore {money(outcome.borne_usd)}; left on the books: {money(outcome.left_usd)}. The "
        f"keeper sent {outcome.calls:,} calls, of which {outcome.failed:,} failed, earned "
        f"{money(outcome.gross_usd)} from its sales and paid {money(outcome.gas_usd)} for gas. Markets "
        f"recover by half in {settings['half_life_s']:g} seconds; feeds report at "
        f"{percent(settings['threshold'])}."
    )
    return section(
        f"{crash.name}: {crash.title}", text, plot(figure(outcome), f"crash-{crash.name}")
    )


def figure(outcome: Outcome) -> go.Figure:
    """One crash in time: prices, what was repaid, who waited."""
    hours = np.array([m.hours for m in outcome.moments])
    picture = make_subplots(
        rows=3, cols=1, shared_xaxes=True, row_heights=[0.42, 0.29, 0.29], vertical_spacing=0.05
    )
    for i, (name, path) in enumerate(outcome.moves.items()):
        picture.add_scatter(
            x=hours,
            y=100 * (np.array(path) - 1),
            name=name,
            line={**line(i), "width": 1.8},
            hovertemplate="%{y:.1f} %",
        )
    edges = np.linspace(
        0.0, max(outcome.crash.hours, *(s.hours for s in outcome.seizures), 0.0), BINS + 1
    )
    middle, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    at = [s.hours for s in outcome.seizures]
    for name, values, colour in (
        ("repaid", [s.repaid_usd for s in outcome.seizures], BLUE),
        ("bonus", [s.seized_usd - s.repaid_usd for s in outcome.seizures], ORANGE),
    ):
        amounts, _ = np.histogram(at, edges, weights=values)
        picture.add_bar(
            x=middle,
            y=amounts / MILLION,
            width=width,
            name=name,
            marker_color=colour,
            hovertemplate="%{y:,.2f}",
            row=2,
            col=1,
        )
    for name, values, colour in (
        ("waiting", [m.unhealthy_usd for m in outcome.moments], ORANGE),
        ("short of collateral", [m.short_usd for m in outcome.moments], VERMILION),
    ):
        picture.add_scatter(
            x=hours,
            y=np.array(values) / MILLION,
            name=name,
            line={"color": colour, "width": 1.6, "shape": "hv"},
            fill="tozeroy",
            hovertemplate="%{y:,.2f}",
            row=3,
            col=1,
        )
    picture.update_layout(barmode="stack")
    picture.update_xaxes(title="Hours from the start", row=3, col=1)
    picture.update_yaxes(title="Market price<br>against the start", ticksuffix=SUFFIX, row=1, col=1)
    picture.update_yaxes(
        title="Repaid, and bonus,<br>USD million", rangemode="tozero", row=2, col=1
    )
    picture.update_yaxes(title="Unhealthy debt,<br>USD million", rangemode="tozero", row=3, col=1)
    return finish(picture, height=620)


# ------------------------------------------------------------------------------------------ folder

SCHEMA = "weir crash report 1"
LIQUIDATIONS = "liquidations.parquet"
REPORT_FILES = ("index.html", SUMMARY, LIQUIDATIONS)
WORDS_IN = ("account", "debt", "collateral")
LIQUIDATION_COLUMNS = pa.schema(
    [("crash", pa.string())]
    + [(f.name, pa.string() if f.name in WORDS_IN else pa.float64()) for f in fields(Seizure)]
)


def require_replaceable(folder: Path) -> None:
    """Refuses a place for a report where something is that is none of crashes."""
    require_report(folder, SCHEMA, REPORT_FILES)


def publish(
    outcomes: Sequence[Outcome],
    folder: Path,
    *,
    market: str,
    command: str,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Writes page, figures and every liquidation, as a whole or not at all; returns the figures."""
    require_replaceable(folder)
    created = datetime.now(timezone.utc)
    told = {
        "schema": SCHEMA,
        "market": market,
        "command": command,
        "created": created.isoformat(timespec="seconds"),
        "crashes": [outcome.figures for outcome in outcomes],
        "seconds": dict(seconds),
    }
    taken = [(o.crash.name, s) for o in outcomes for s in o.seizures]
    columns: dict[str, list[Any]] = {"crash": [name for name, _ in taken]}
    for field in fields(Seizure):
        columns[field.name] = [getattr(seizure, field.name) for _, seizure in taken]
    with replacing(folder) as made:
        text = page(outcomes, market=market, made=f"{created:%Y-%m-%d %H:%M} UTC", command=command)
        write_page(made / "index.html", text)
        pq.write_table(pa.table(columns, schema=LIQUIDATION_COLUMNS), made / LIQUIDATIONS)
        (made / SUMMARY).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return told
