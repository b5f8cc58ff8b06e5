"""One picture: every row a line, every protocol a mark, gas on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import plotly.graph_objects as go
import plotly.io as pio

from tests.gas._screen import TITLES, sentence
from tests.gas._table import AAVE, EARNING, WEIR, Rows, verdict

# Okabe and Ito's colours, told apart by everybody; the marks differ by shape as well.
MARKS = {
    WEIR: ("#D55E00", "diamond"),
    EARNING: ("#D55E00", "diamond"),
    AAVE: ("#CC79A7", "square"),
    "morpho_blue": ("#0072B2", "circle"),
    "comet": ("#009E73", "triangle-up"),
    "euler_v2": ("#E69F00", "pentagon"),
    "compound_v2": ("#7F7F7F", "triangle-down"),
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
WON, LOST = "#1a1a1a", "#B00020"
ROW_PX = 34


def figure(rows: Rows, recorded: Collection[str]) -> go.Figure:
    """Weir, where it is idle, is the filled diamond; the line leads from it to the cheapest peer."""
    names = list(rows)
    labels = [n.replace("_", " ") for n in names]
    chart = go.Figure()
    for name, label in zip(names, labels, strict=True):
        v = verdict(rows[name])
        if v.weir is None or v.cheapest_gas is None:
            continue
        chart.add_scatter(
            x=[v.weir, v.cheapest_gas],
            y=[label, label],
            mode="lines",
            line={"color": MARKS[WEIR][0] if v.won else LOST, "width": 5},
            opacity=0.35,
            hoverinfo="skip",
            showlegend=False,
        )
    for protocol, (colour, shape) in MARKS.items():
        hollow = protocol in recorded or protocol == EARNING
        # Where both of Weir's modes cost the same, one mark is enough.
        known = [
            (gas, label)
            for name, label in zip(names, labels, strict=True)
            if (gas := rows[name].get(protocol)) is not None
            and not (protocol == EARNING and gas == rows[name].get(WEIR))
        ]
        chart.add_scatter(
            x=[gas for gas, _ in known],
            y=[label for _, label in known],
            mode="markers",
            name=TITLES[protocol] + (" (recorded)" if protocol in recorded else ""),
            marker={
                "symbol": shape + ("-open" if hollow else ""),
                "color": colour,
                "size": 14 if protocol == WEIR else 10,
                "line": {"width": 2 if hollow else 0, "color": colour},
            },
            hovertemplate="%{x:,} gas",
        )
    for name, label in zip(names, labels, strict=True):
        v = verdict(rows[name])
        text = "" if v.ratio is None else f"{v.ratio:.3f}"
        if v.to_win is not None:
            text += f"  lost by {v.to_win:,}"
        chart.add_annotation(
            x=1.01,
            xref="paper",
            xanchor="left",
            y=label,
            text=text,
            showarrow=False,
            font={"color": WON if v.won else LOST},
        )
    chart.add_annotation(
        x=1.01, xref="paper", xanchor="left", y=1, yref="paper", yanchor="bottom", yshift=6,
        text="Weir over the<br>cheapest peer", align="left", showarrow=False,
    )  # fmt: skip
    chart.update_layout(
        template="none",
        height=160 + ROW_PX * len(names),
        font={"family": FONT, "size": 13, "color": WON},
        margin={"l": 250, "r": 150, "t": 90, "b": 60},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="y unified",
    )
    chart.update_xaxes(
        type="log",
        title="Gas of the whole transaction, logarithmic",
        tickvals=[n * 1_000 for n in (25, 40, 50, 75, 100, 150, 200, 300, 400, 500)],
        tickformat=",",
        gridcolor="#e4e4e4",
        zeroline=False,
    )
    chart.update_yaxes(
        categoryorder="array",
        categoryarray=labels[::-1],
        range=[-0.7, len(labels) - 0.3],
        gridcolor="#e4e4e4",
        zeroline=False,
    )
    return chart


def page(rows: Rows, recorded: Collection[str]) -> str:
    """The picture as a page that opens offline."""
    plot = pio.to_html(
        figure(rows, recorded),
        full_html=False,
        include_plotlyjs=True,
        config={"displayModeBar": False, "responsive": True},
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Gas, side by side</title>\n"
        f"<style>body{{font-family:{FONT};max-width:1280px;margin:1.5rem auto;padding:0 1rem}}"
        "h1{font-size:1.4rem;margin:0}p{color:#444;margin:.3rem 0}</style>\n"
        "</head>\n<body>\n<h1>Gas, side by side</h1>\n"
        f"<p>{escape(sentence(rows))}.</p>\n"
        "<p>Filled marks were measured in this run, hollow ones were recorded earlier under the same "
        "conditions or, for Weir, are those of collateral that earns. Left is cheaper.</p>\n"
        f"{plot}\n</body>\n</html>\n"
    )
