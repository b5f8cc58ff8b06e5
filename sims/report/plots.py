"""The plots of a report, one function each, as Plotly figures.

Colours are told apart by everybody, lines differ by dash as well, and every axis names its unit.
The tail of a loss X over the paths is shown as

    P(X >= x)          with VaR99 = its 99 % quantile and ES99 = the mean of the worst 1 %
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sims.rates import borrow_rate, supply_rate
from sims.report.inputs import Floats, Replay, ReportInput
from sims.report.words import NBSP, interval, money, percent

# Okabe and Ito's colours, told apart by everybody; lines differ by dash as well.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#7F7F7F")
DASHES = ("solid", "dash", "dot", "dashdot")
MILLION = 1e6
SUFFIX = f"{NBSP}%"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"


def line(i: int) -> dict[str, Any]:
    return {"color": LINES[i % len(LINES)], "dash": DASHES[i // len(LINES) % len(DASHES)]}


def finish(figure: go.Figure, *, height: int) -> go.Figure:
    """The house style: no template, legend above the plot, thin grid, room for every label."""
    figure.update_layout(
        template="none",
        height=height,
        font={"family": FONT, "size": 13, "color": "#1a1a1a"},
        margin={"l": 64, "r": 16, "t": 12, "b": 52},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        hovermode="x unified",
        paper_bgcolor="white",
        plot_bgcolor="white",
    )
    axis = {"gridcolor": "#e4e4e4", "linecolor": "#9a9a9a", "title_font_size": 13}
    figure.update_xaxes(automargin=True, zeroline=False, **axis)
    figure.update_yaxes(automargin=True, title_standoff=10, zerolinecolor="#9a9a9a", **axis)
    return figure


def health_figure(data: ReportInput) -> go.Figure:
    """Debt by the health of its account."""
    owing = data.accounts.debt_usd > 0
    health, debt = data.accounts.health[owing], data.accounts.debt_usd[owing] / MILLION
    start, end, width = min(0.9, 0.05 * np.floor(20 * health.min(initial=1.0))), 3.0, 0.05
    edges = np.arange(round((end - start) / width) + 1) * width + start
    # The lowest health may lie a float's rounding below the first edge.
    placed = health.clip(edges[0], end + width / 2)
    amounts, _ = np.histogram(placed, [*edges, end + width], weights=debt)
    middle = np.append(edges, end + width)[:-1] + width / 2
    zones = (
        ("below 1: liquidatable", VERMILION, -np.inf, 1.0),
        ("1 to 1.1: near", ORANGE, 1.0, 1.1),
        ("above 1.1", BLUE, 1.1, np.inf),
    )
    figure = go.Figure()
    for name, colour, low, high in zones:
        inside = (middle > low) & (middle < high)
        figure.add_bar(
            x=middle[inside],
            y=amounts[inside],
            width=width * 0.92,
            name=name,
            marker_color=colour,
            hovertemplate="%{y:,.1f}",
        )
    ticks = [*np.arange(np.ceil(start * 4) / 4, end, 0.25), end + width / 2]
    figure.update_xaxes(
        title="Health factor of the account",
        tickvals=ticks,
        ticktext=[*(f"{tick:g}" for tick in ticks[:-1]), "3+"],
        tickangle=0,
    )
    figure.update_yaxes(title="Debt, USD million")
    return finish(figure, height=380)


def shock_figure(data: ReportInput) -> go.Figure:
    """Liquidatable debt and shortfall against the size of a fall."""
    shocks, symbols = data.shocks, data.params.symbols
    fall = -100 * shocks.price_change
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.66, 0.34], vertical_spacing=0.07
    )
    figure.add_scatter(
        x=fall,
        y=shocks.liquidatable_usd / MILLION,
        name="all together",
        line={"color": BLACK, "width": 3},
        hovertemplate="%{y:,.1f}",
    )
    shown = [r for r in np.argsort(-shocks.alone_usd.max(axis=0)) if shocks.alone_usd[:, r].any()]
    for i, r in enumerate(shown):
        figure.add_scatter(
            x=fall,
            y=shocks.alone_usd[:, r] / MILLION,
            name=f"{symbols[r]} alone",
            line={**line(i), "width": 2},
            hovertemplate="%{y:,.1f}",
        )
    figure.add_scatter(
        x=fall,
        y=shocks.shortfall_usd / MILLION,
        name="shortfall, all together",
        line={"color": VERMILION, "width": 2},
        fill="tozeroy",
        fillcolor="rgba(213, 94, 0, 0.2)",
        hovertemplate="%{y:,.1f}",
        row=2,
        col=1,
    )
    figure.update_xaxes(ticksuffix=SUFFIX, dtick=10, range=[0, 1.02 * fall.max()])
    figure.update_xaxes(title="Sudden fall of prices", row=2, col=1)
    figure.update_yaxes(title="Liquidatable debt,<br>USD million", row=1, col=1, rangemode="tozero")
    figure.update_yaxes(title="Shortfall,<br>USD million", row=2, col=1, rangemode="tozero")
    return finish(figure, height=560)


def loss_figure(data: ReportInput) -> go.Figure:
    """Distribution of bad debt over the paths, its tail, and how sure VaR and ES are."""
    losses = data.losses
    loss = np.sort(losses.loss_usd) / MILLION
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.38, 0.42, 0.2],
        vertical_spacing=0.05,
    )
    counts, edges = np.histogram(loss, bins=40)
    figure.add_bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=counts,
        width=np.diff(edges),
        marker={"color": SKY, "line": {"color": "white", "width": 1}},
        hovertemplate="%{y} paths<extra></extra>",
        showlegend=False,
    )
    # Evenly, but every one of the largest.
    kept = np.union1d(
        np.linspace(0, loss.size - 1, 400).astype(int),
        np.arange(max(0, loss.size - 200), loss.size),
    )
    figure.add_scatter(
        x=loss[kept],
        y=100 * (1 - kept / loss.size),
        line={"color": BLUE, "width": 2, "shape": "vh"},
        hovertemplate="%{y:.2f} % of the paths<extra></extra>",
        row=2,
        col=1,
        showlegend=False,
    )
    level = percent(losses.risk.level)
    tail = (
        (f"VaR {level}", losses.risk.value_at_risk, ORANGE, "dash"),
        (f"ES {level}", losses.risk.expected_shortfall, VERMILION, "solid"),
    )
    for name, estimate, colour, _ in tail:
        value, low, high = (x / MILLION for x in (estimate.value, estimate.low, estimate.high))
        figure.add_scatter(
            x=[value],
            y=[name],
            error_x={"array": [high - value], "arrayminus": [value - low], "thickness": 3},
            mode="markers",
            marker={"color": colour, "size": 12},
            name=f"{name}: {money(estimate.value)} ({interval(estimate)})",
            hovertemplate="%{x:,.3f}<extra></extra>",
            row=3,
            col=1,
        )
    for _, estimate, colour, dash in tail:
        line = {"color": colour, "width": 2, "dash": dash}
        figure.add_vline(x=estimate.value / MILLION, line=line, row="all", col=1)
    rare = [100.0, 10.0, 1.0, 0.1, 0.01, 0.001]
    figure.update_xaxes(title="Bad debt, USD million", row=3, col=1)
    figure.update_yaxes(
        title="Paths",
        type="log",
        dtick=1,
        range=[-0.3, np.log10(2 * counts.max())],
        row=1,
        col=1,
    )
    figure.update_yaxes(
        title="Paths that lose<br>at least so much",
        type="log",
        tickvals=rare,
        ticktext=[f"{tick:g}{SUFFIX}" for tick in rare],
        row=2,
        col=1,
    )
    figure.update_yaxes(title="Estimates", range=[-0.6, 1.6], row=3, col=1)
    return finish(figure, height=600)


def convergence_figure(data: ReportInput) -> go.Figure:
    """Expected shortfall against the number of paths it is taken from."""
    losses = data.losses
    settling = losses.convergence
    figure = go.Figure()
    figure.add_scatter(
        x=[*settling.paths, *settling.paths[::-1]],
        y=np.concatenate([settling.high, settling.low[::-1]]) / MILLION,
        name=f"{percent(losses.confidence, 0)} interval",
        fill="toself",
        fillcolor="rgba(0, 114, 178, 0.18)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=settling.paths,
        y=settling.value / MILLION,
        mode="lines+markers",
        name=f"ES {percent(losses.risk.level)} of the first paths",
        line={"color": BLUE, "width": 2},
        hovertemplate="%{y:,.3f}<extra></extra>",
    )
    ticks = _one_two_five(settling.paths)
    figure.update_xaxes(
        title="Number of paths (logarithmic)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:,.0f}" for tick in ticks],
    )
    figure.update_yaxes(title="Expected shortfall,<br>USD million", rangemode="tozero")
    return finish(figure, height=340)


def _one_two_five(values: Floats) -> list[float]:
    """The numbers 1, 2, 5, 10, ... that lie within `values`."""
    powers = range(int(np.floor(np.log10(values.min()))), int(np.log10(values.max())) + 1)
    steps = (step * 10.0**power for power in powers for step in (1, 2, 5))
    return [step for step in steps if values.min() <= step <= values.max()]


def crash_figure(data: ReportInput) -> go.Figure:
    """One path: prices, what is liquidated, what is lost."""
    trace, symbols = data.crash.trace, data.params.symbols
    hours = trace.time_s / 3600
    start = trace.oracle_price_usd[0]
    change = 100 * (trace.oracle_price_usd / np.where(start > 0, start, np.nan) - 1)
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, row_heights=[0.46, 0.27, 0.27], vertical_spacing=0.05
    )
    moved = np.abs(np.nan_to_num(change)).max(axis=0)
    for i, r in enumerate(r for r in np.argsort(-moved, kind="stable") if moved[r] > 0.5):
        figure.add_scatter(
            x=hours,
            y=change[:, r],
            name=symbols[r],
            line={**line(i), "width": 1.8},
            hovertemplate="%{y:.1f} %",
        )
    for row, values, name, colour in (
        (2, trace.liquidated_usd, "liquidated", BLUE),
        (3, trace.bad_debt_usd + trace.shortfall_usd, "written off or short", ORANGE),
        (3, trace.bad_debt_usd, "written off", VERMILION),
    ):
        figure.add_scatter(
            x=hours,
            y=values / MILLION,
            name=name,
            line={"color": colour, "width": 2, "shape": "hv"},
            fill="tozeroy",
            showlegend=False,
            hovertemplate="%{y:,.2f}",
            row=row,
            col=1,
        )
    figure.update_xaxes(title="Hours from the start", row=3, col=1)
    figure.update_yaxes(title="Oracle price<br>against the start", ticksuffix=SUFFIX, row=1, col=1)
    figure.update_yaxes(title="Liquidated,<br>USD million", rangemode="tozero", row=2, col=1)
    figure.update_yaxes(
        title="Written off; or<br>short of collateral,<br>USD million",
        rangemode="tozero",
        row=3,
        col=1,
    )
    return finish(figure, height=640)


def replay_figure(replay: Replay) -> go.Figure:
    """Each liquidation by the float engine and by the contracts, and how far they are apart."""
    order = np.arange(1, replay.count + 1)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07)
    figure.add_scatter(
        x=order,
        y=replay.repaid_chain_usd,
        mode="markers",
        name="contracts",
        marker={"color": ORANGE, "size": 11},
        hovertemplate="%{y:$,.2f}",
    )
    figure.add_scatter(
        x=order,
        y=replay.repaid_model_usd,
        mode="markers",
        name="float engine",
        marker={
            "color": BLUE,
            "size": 5,
            "symbol": "x-thin",
            "line": {"width": 1.5, "color": BLUE},
        },
        hovertemplate="%{y:$,.2f}",
    )
    # Equal amounts have no place on a logarithmic axis; they stand on its floor.
    figure.add_scatter(
        x=order,
        y=np.maximum(replay.relative_difference, 1e-17),
        mode="markers",
        name="relative difference",
        marker={"color": VERMILION, "size": 5},
        showlegend=False,
        hovertemplate="%{y:.1e}",
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[0, replay.count + 1])
    figure.update_xaxes(title="Liquidation, in order", row=2, col=1)
    figure.update_yaxes(
        title="Debt repaid, USD<br>(logarithmic)", type="log", dtick=1, row=1, col=1
    )
    figure.update_yaxes(
        title="Largest relative<br>difference",
        type="log",
        range=[-17.4, max(-8.0, np.log10(replay.relative_difference.max(initial=1e-17)) + 1)],
        tickvals=[10.0**power for power in range(-15, 1, 3)],
        ticktext=[f"1e{power}" for power in range(-15, 1, 3)],
        row=2,
        col=1,
    )
    return finish(figure, height=480)


def rate_figure(data: ReportInput, reserve: int) -> go.Figure:
    """Borrow and supply rate of one reserve over utilization, and where it is now."""
    grid = np.linspace(0, 1, 201)
    every = np.broadcast_to(grid[:, None], (grid.size, data.params.reserves))
    now = data.reserves.utilization
    figure = go.Figure()
    for name, rate, colour, dash in (
        ("borrow", borrow_rate, VERMILION, "solid"),
        ("supply", supply_rate, BLUE, "dash"),
    ):
        figure.add_scatter(
            x=100 * grid,
            y=100 * rate(data.params.curve, every)[:, reserve],
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate="%{y:.2f} %",
        )
        figure.add_scatter(
            x=[100 * now[reserve]],
            y=[100 * rate(data.params.curve, now)[reserve]],
            mode="markers",
            name=f"{name} now",
            marker={"color": colour, "size": 10, "line": {"color": "white", "width": 1.5}},
            hovertemplate="%{y:.2f} %",
        )
    figure.add_vline(x=100 * now[reserve], line={"color": "#7f7f7f", "width": 1, "dash": "dot"})
    figure.update_xaxes(
        title="Utilization", ticksuffix=SUFFIX, range=[-2, 102], dtick=50, tickangle=0
    )
    figure.update_xaxes(ticklabeloverflow="allow")
    figure.update_yaxes(title="Rate a year", ticksuffix=SUFFIX, rangemode="tozero")
    figure = finish(figure, height=230)
    return figure.update_layout(showlegend=False, margin={"l": 52, "r": 24, "t": 8, "b": 44})
