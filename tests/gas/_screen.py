"""The table on screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from tests.gas._table import AAVE, EARNING, WEIR, Gas, Rows, lost, summary, verdict

TITLES = {
    WEIR: "Weir",
    EARNING: "Weir, earning",
    AAVE: "Aave v3.6",
    "morpho_blue": "Morpho Blue",
    "comet": "Comet",
    "euler_v2": "Euler v2",
    "compound_v2": "Compound v2",
}
WIDTH = 140


def show(
    rows: Rows,
    recorded: Collection[str],
    reasons: Mapping[str, str],
    console: Console | None = None,
) -> None:
    """Prints every row, lost ones marked with the gas that would win them.

    Parameters
    ----------
    recorded
        Protocols whose figures were not measured in this run; marked with an asterisk.
    reasons
        Why rows are lost, for those that are.
    """
    console = console or Console(width=max(Console().width, WIDTH), highlight=False)
    table = Table(title="Gas of a whole transaction", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("row")
    for protocol, title in TITLES.items():
        mark = "*" if protocol in recorded else ""
        table.add_column(title.replace(", ", "\n").replace(" ", "\n") + mark, justify="right")
    table.add_column("cheapest\npeer")
    table.add_column("ratio", justify="right")
    table.add_column("to win", justify="right")
    for name, row in rows.items():
        table.add_row(name, *_cells(row))
    console.print(table)
    for name, why in lost(rows, reasons).items():
        console.print(f"[red]lost[/] {name}, by {why['gas_to_win']:,} gas: {why['reason'] or '?'}")
    for weir in (WEIR, EARNING):
        console.print(f"{TITLES[weir]}: {sentence(rows, weir)}")
    if recorded:
        console.print("* recorded earlier under the same conditions, not measured in this run")


def sentence(rows: Rows, weir: str = WEIR) -> str:
    """The summary in words."""
    s = summary(rows, weir)
    parts = [f"{s['rows_won']} of {s['rows']} rows won"]
    for key, words in (("cheapest_peer", "the cheapest peer"), (AAVE, "Aave v3.6")):
        mean = s[f"geometric_mean_to_{key}"]
        if mean is not None:
            parts.append(f"{mean:.3f} of {words} (geometric mean)")
    if s["rows_measured"] != s["rows"]:
        parts.append(f"{s['rows_measured']} rows measured, the others need what is not built")
    return "; ".join(parts)


def _cells(row: Gas) -> list[str]:
    v = verdict(row)
    ratio = "" if v.ratio is None else f"{v.ratio:.3f}"
    return [
        *(_gas(row.get(p), best=p == v.cheapest) for p in TITLES),
        TITLES[v.cheapest] if v.cheapest else "",
        f"[green]{ratio}[/]" if v.won else f"[red]{ratio}[/]",
        f"[red]{v.to_win:,}[/]" if v.to_win else "",
    ]


def _gas(gas: int | None, *, best: bool) -> str:
    if gas is None:
        return "[dim]-[/]"
    return f"[bold]{gas:,}[/]" if best else f"{gas:,}"
