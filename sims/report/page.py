"""A report as one HTML page that opens offline, prints and fits a phone.

The same input gives the same bytes; the page carries the digest of its figures,

    SHA-256 of every array, number and word that the same state and settings give anywhere
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sims.rates import borrow_rate, supply_rate
from sims.report import plots
from sims.report.html import document, plot, section, table, write_page
from sims.report.inputs import Refused, ReportInput
from sims.report.words import (
    ASSUMPTIONS,
    DEFINITIONS,
    amount,
    is_owed,
    key_numbers,
    money,
    percent,
    price,
    sentences,
    span,
    twin_verdict,
)


def write_report(path: str | Path, result: ReportInput) -> Path:
    """Writes the report of a run; a reader never sees half of it.

    Parameters
    ----------
    path : where to; folders on the way are made, an older file is replaced.
    result : what the run found.
    """
    return write_page(path, render(result))


def render(data: ReportInput) -> str:
    """The report as one HTML page."""
    origin = data.provenance
    of_debt = (_health_section, _shock_section, _loss_section, _crash_section, _replay_section)
    sections = (
        *(_header, _summary),
        # Without debt they would be empty plots.
        *(of_debt if is_owed(data) else ()),
        *(_rates_section, _parameter_section, _assumption_section),
    )
    return document(f"{origin.title}: {origin.market}", (make(data) for make in sections))


def digest(value: Any) -> str:
    """SHA-256 of everything a value holds: the same figures have the same digest anywhere."""
    state = hashlib.sha256()
    for piece in _pieces(value):
        state.update(piece)
    return state.hexdigest()


def _pieces(value: Any) -> Iterable[bytes]:
    if dataclasses.is_dataclass(value):
        yield type(value).__name__.encode()
        for field in dataclasses.fields(value):
            yield field.name.encode()
            yield from _pieces(getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        yield f"{value.shape}".encode()
        yield np.ascontiguousarray(value, dtype="<f8").tobytes()
    elif isinstance(value, Mapping):
        yield from _pieces(sorted(value.items()))
    elif isinstance(value, (list, tuple)):
        yield f"{len(value)}".encode()
        for item in value:
            yield from _pieces(item)
    else:
        yield f"{value.item() if isinstance(value, np.generic) else value!r};".encode()


def _figures(data: ReportInput) -> dict[str, Any]:
    """What a repetition without a chain gives again: not where it comes from, and no replay."""
    others = ("provenance", "replay", "refused", "notes", "assumptions")
    names = (field.name for field in dataclasses.fields(data))
    return {name: getattr(data, name) for name in names if name not in others}


def _header(data: ReportInput) -> str:
    origin = data.provenance
    facts = [
        ("Market", origin.market),
        ("Chain id", str(origin.chain_id)),
        ("Block", f"{origin.block:,} ({origin.block_time:%Y-%m-%d %H:%M:%S %Z})"),
        ("Report made", f"{origin.created:%Y-%m-%d %H:%M:%S %Z}"),
        ("Seed", str(origin.seed)),
        ("Computed with", ", ".join(f"{name} {v}" for name, v in origin.versions.items())),
        ("Repeat with", origin.command),
        ("Digest of the figures", f"sha256 {digest(_figures(data))}"),
    ]
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts
    )
    return f"<header><h1>{escape(origin.title)}</h1><dl>{rows}</dl></header>"


def _summary(data: ReportInput) -> str:
    notes = "".join(f"<p class='note'>{escape(note)}</p>" for note in data.notes)
    cards = "".join(
        f"<div class='card'><span>{escape(what)}</span><b>{escape(much)}</b></div>"
        for what, much in key_numbers(data)
    )
    found = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(data))
    return (
        f"<section><h2>Key numbers</h2>{notes}<div class='cards'>{cards}</div><ul>{found}</ul>"
        "</section>"
    )


def _health_section(data: ReportInput) -> str:
    return section(
        "How healthy the debt is",
        "Debt by the health of the account that owes it, in steps of 0.05. Below 1 an account may "
        "be liquidated. Accounts of 3 and more stand together at the right.",
        plot(plots.health_figure(data), "health"),
    )


def _shock_section(data: ReportInput) -> str:
    return section(
        "What a sudden fall would make liquidatable",
        f"Debt of the accounts whose health would be below 1 if prices fell at once, valued at "
        f"today's prices: {data.shocks.fallers} together, and each alone. One alone can do more "
        f"than all together, where collateral and debt otherwise fall side by side. The shortfall "
        f"is what collateral could no longer pay after the liquidation bonus.",
        plot(plots.shock_figure(data), "shock"),
    )


def _loss_section(data: ReportInput) -> str:
    losses = data.losses
    title = "How much could be lost"
    text = (
        f"Bad debt over {losses.loss_usd.size:,} paths of {span(losses.horizon_s)} in steps of "
        f"{span(losses.step_s)}, above what would be lost with prices that stand still. "
        f"{losses.model}"
    )
    if not losses.loss_usd.any():
        return section(title, f"{text} No path lost anything.")
    return section(
        title,
        f"{text} The two upper panels have logarithmic axes; the bars at the bottom are "
        f"{percent(losses.confidence, 0)} confidence intervals.",
        plot(plots.loss_figure(data), "losses"),
        "<div class='together'><h3>Are there enough paths?</h3>",
        plot(plots.convergence_figure(data), "convergence"),
        "</div>",
    )


def _crash_section(data: ReportInput) -> str:
    return section(
        "One path in time",
        f"{data.crash.path} Prices are shown where they moved by more than {percent(0.005)}.",
        plot(plots.crash_figure(data), "crash"),
        "<h3>Liquidations by collateral on this path</h3>",
        table(
            ["Collateral", "Liquidations", "Debt repaid", "Seized", "Bonus", "To the protocol"],
            _taken(data),
        ),
    )


def _taken(data: ReportInput) -> list[list[str]]:
    """One row for each collateral that was liquidated on the path, and their total."""
    events = data.crash.liquidations
    # Columns: how many, debt repaid, collateral seized, bonus, the protocol's part of it.
    figures = np.array(
        [
            (1, e.repaid_usd, e.seized_usd, e.bonus * e.repaid_usd, e.seized_usd * e.fee / e.seized)
            for e in events
        ]
    ).reshape(-1, 5)
    sums = np.zeros((data.params.reserves, 5))
    np.add.at(sums, [e.collateral_reserve for e in events], figures)
    rows = [(data.params.symbols[r], sums[r]) for r in np.argsort(-sums[:, 2], kind="stable")]
    shown = [(name, row) for name, row in rows if row[0]]
    return [
        [name, f"{row[0]:,.0f}", *map(money, row[1:])]
        for name, row in (*shown, ("Total", sums.sum(axis=0)))
    ]


def _replay_section(data: ReportInput) -> str:
    title, replay = "The model against the chain", data.replay
    if replay is None or replay.count == 0:
        refused = "The contracts refused every call that was replayed."
        none = "No liquidation of this run was replayed with the contracts."
        return section(title, refused if data.refused else none, *_refusals(data.refused))
    return section(
        title,
        f"The same {replay.count:,} liquidations, executed by the contracts and computed by the "
        f"float engine. Below: the relative difference of repaid debt or seized collateral, "
        f"whichever is larger; equal amounts stand on the floor of the axis. The integer model, "
        f"compared with the contracts in raw token units over every call of {replay.paths:,} "
        f"replayed {'path' if replay.paths == 1 else 'paths'} and the state at the end: "
        f"{twin_verdict(replay)}.",
        plot(plots.replay_figure(replay), "replay"),
        *_refusals(data.refused),
    )


def _refusals(refused: Sequence[Refused]) -> list[str]:
    """What the float engine counts and the contracts did not do, on all replayed paths."""
    if not refused:
        return []
    rows = [
        [
            r.error,
            "rounding at a limit" if r.at_limit else "a difference between engine and contracts",
            f"{r.calls:,}",
            money(r.repaid_usd),
            money(r.bad_debt_usd),
        ]
        for r in refused
    ]
    head = ["Error", "Cause", "Calls", "Counted as repaid", "Counted as written off"]
    return [
        "<h3>Calls of the float engine that the contracts refused, on all replayed paths</h3>",
        table(head, rows),
    ]


def _rates_section(data: ReportInput) -> str:
    now = data.reserves.utilization
    panels = "".join(
        f"<div class='panel'><h3>{escape(symbol)} <small>{percent(now[r])} used</small></h3>"
        f"{plot(plots.rate_figure(data, r), f'rates-{r}')}</div>"
        for r, symbol in enumerate(data.params.symbols)
    )
    return section(
        "What borrowing costs",
        "Annual rate over utilization: what borrowers pay (solid, vermilion) and what suppliers "
        "get (dashed, blue). Dots and the dotted line are where each reserve is now.",
        "",
        f"<div class='panels'>{panels}</div>",
    )


def _parameter_section(data: ReportInput) -> str:
    terms = data.terms
    pool = [
        ["Target health after a liquidation", f"{terms.target_health:g}"],
        ["Full liquidation below health", f"{terms.full_liquidation_health:g}"],
        ["Dust: least value left on either side", money(terms.dust)],
        ["Collateral given up and debt written off at", money(terms.write_off_below)],
    ]
    return section(
        "State and parameters",
        "Amounts and caps in whole tokens; rates are annual.",
        "<h3>Reserves at the block</h3>" + table(*_state(data)),
        "<h3>Risk parameters and rate curves</h3>",
        table(RISK, _risk(data)),
        *_categories(data),
        "<h3>Pool</h3>",
        table(["Parameter", "Value"], pool),
    )


STATE = (
    *("Asset", "Price", "Supplied", "Supply cap", "Borrowed", "Borrow cap"),
    *("Utilization", "Borrow rate", "Supply rate"),
)
IDLE = "Idle"
CATEGORY = ("Category", "Collaterals", "LTV", "Threshold", "Bonus")
RISK = (
    *("Asset", "LTV", "Threshold", "Bonus", "Fee on bonus", "Reserve factor"),
    *("Base", "Kink", "Slope 1", "Slope 2"),
)


def _state(data: ReportInput) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and rows; a last column for what sits idle, where anything does."""
    reserves, curve = data.reserves, data.params.curve
    now = reserves.utilization
    borrow, supply = borrow_rate(curve, now), supply_rate(curve, now)
    rows = [
        [
            symbol,
            price(reserves.price_usd[r]),
            amount(reserves.supplied[r]),
            amount(reserves.supply_cap[r]),
            amount(reserves.borrowed[r]),
            amount(reserves.borrow_cap[r]),
            percent(now[r]),
            percent(borrow[r], 2),
            percent(supply[r], 2),
        ]
        for r, symbol in enumerate(data.params.symbols)
    ]
    if not reserves.idle.any():
        return STATE, rows
    idle = (amount(tokens) for tokens in reserves.idle)
    return (*STATE, IDLE), [[*row, last] for row, last in zip(rows, idle, strict=True)]


def _categories(data: ReportInput) -> list[str]:
    params = data.params
    if not params.categories:
        return []
    rows = [
        [
            c.name,
            ", ".join(s for s, counts in zip(params.symbols, c.collaterals, strict=True) if counts),
            percent(c.ltv, 2),
            percent(c.threshold, 2),
            f"{percent(c.bonus_floor, 2)} to {percent(c.bonus_cap, 2)}",
        ]
        for c in params.categories
    ]
    return ["<h3>Categories, for the accounts that chose one</h3>", table(CATEGORY, rows)]


def _risk(data: ReportInput) -> list[list[str]]:
    params, curve = data.params, data.params.curve
    return [
        [
            symbol,
            percent(params.ltv[r], 2),
            percent(params.threshold[r], 2),
            f"{percent(params.bonus_floor[r], 2)} to {percent(params.bonus_cap[r], 2)}",
            percent(params.fee[r]),
            percent(curve.reserve_factor[r]),
            percent(curve.base[r], 2),
            percent(curve.kink[r]),
            percent(curve.slope1[r], 2),
            percent(curve.slope2[r], 2),
        ]
        for r, symbol in enumerate(params.symbols)
    ]


def _assumption_section(data: ReportInput) -> str:
    terms = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in DEFINITIONS)
    listed = "".join(f"<li>{escape(text)}</li>" for text in (*ASSUMPTIONS, *data.assumptions))
    return (
        "<section class='last'><h2>Assumptions and definitions</h2>"
        f"<ul>{listed}</ul><dl class='terms'>{terms}</dl></section>"
    )
