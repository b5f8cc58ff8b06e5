"""ape run crash: the worst days of lending, lived through by the contracts and the keeper.

Deploys the market file on a chain of its own, fills it with accounts, and leads it through the prices of
12 March 2020, 19 May 2021, 22 November 2022, 11 March 2023 and 10 October 2025, each as an outline or
from a file of candles. Writes a page, a summary and every liquidation.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from sims.cli import Bars, console, plain_errors


@click.command()
@click.option(
    "--crash",
    "names",
    multiple=True,
    metavar="DATE",
    help="One of the days, such as 2020-03-12; may be given often. All by default.",
)
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    help="Candles (CSV: asset, unix_s, interval_s, open, high, low, close) instead of the outlines.",
)
@click.option("--market", "market_file", type=click.Path(path_type=Path), help="A market file.")
@click.option("--accounts", default=300, show_default=True, help="Accounts of the market.")
@click.option("--seed", default=1, show_default=True, help="Of the accounts.")
@click.option(
    "--threshold", default=0.005, show_default=True, help="Move that a feed reports, share of one."
)
@click.option(
    "--depth-scale",
    default=1.0,
    show_default=True,
    help="Depth of the markets, times that of late 2024.",
)
@click.option(
    "--half-life",
    default=300,
    show_default=True,
    help="Seconds in which a market recovers by half.",
)
@click.option(
    "--every", default=1, show_default=True, help="The keeper looks at every so many blocks."
)
@click.option(
    "--min-profit", default=10, show_default=True, help="Least profit of a call after gas, USD."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/crash"), show_default=True
)
def cli(
    names: tuple[str, ...],
    prices: Path | None,
    market_file: Path | None,
    out: Path,
    **options: Any,
) -> None:
    """Lead a market through the worst days, with contracts and keeper in the loop."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._build import STALE, is_fresh
    from scripts._chain import ChainError
    from scripts._crash import CrashSettings, replay_crash, replayable
    from scripts._deploy import DeployError
    from scripts._fill import FillError
    from scripts._keeper_watch import KeeperError
    from scripts._local import MARKET, Clock
    from sims.crashes import CRASHES, crash_named, outline, read_candles
    from sims.market import load_market
    from sims.rates import InputError
    from sims.report.crashes import publish, require_replaceable

    kinds = (AnvilError, ChainError, DeployError, FillError, KeeperError)
    clock = Clock()
    with plain_errors(*kinds), unwinding_on_sigterm():
        settings = CrashSettings(half_life_s=options.pop("half_life"), **options)
        require_replaceable(out)
        crashes = [crash_named(name) for name in dict.fromkeys(names)] or list(CRASHES)
        windows = [read_candles(prices, c) if prices else outline(c) for c in crashes]
        if prices and not any(window.read for window in windows):
            raise InputError(
                f"{prices} covers none of {', '.join(c.name for c in crashes)}: name another file, "
                "or none and the outlines are taken."
            )
        market = load_market(market_file or MARKET)
        if not is_fresh():
            raise DeployError(STALE)
        scenes = [replayable(window, market, settings) for window in windows]
        outcomes: list[Any] = []
        try:
            with Bars() as bars:
                for window, (parameters, book) in zip(windows, scenes, strict=True):
                    done = replay_crash(window, parameters, book, settings, bars, clock)
                    outcomes.append(done)
        finally:
            if outcomes:  # whatever stopped the others
                publish(
                    outcomes,
                    out,
                    market=f"{market.name}, {settings.accounts:,} accounts on a local chain",
                    command=_repetition(names, prices, market_file, settings, out),
                    seconds=clock.seconds,
                )
                _tell(outcomes)
    console.print(f"Report: {out / 'index.html'}", highlight=False, markup=False, soft_wrap=True)


def _repetition(
    names: tuple[str, ...], prices: Path | None, market_file: Path | None, settings: Any, out: Path
) -> str:
    """What to type for the same figures."""
    words = ["ape", "run", "crash"]
    for name in names:
        words += ["--crash", name]
    for option, path in (("--prices", prices), ("--market", market_file)):
        words += [option, str(path)] if path else []
    words += ["--accounts", str(settings.accounts), "--seed", str(settings.seed)]
    words += ["--threshold", f"{settings.threshold:g}", "--every", str(settings.every)]
    words += [
        "--depth-scale",
        f"{settings.depth_scale:g}",
        "--half-life",
        str(settings.half_life_s),
    ]
    words += ["--min-profit", str(settings.min_profit), "--out", str(out)]
    return shlex.join(words)


def _tell(outcomes: Any) -> None:
    from rich.table import Table

    from sims.report.crashes import turned

    head, lines = turned(outcomes)
    table = Table(title="What became of the market", title_justify="left")
    for i, heading in enumerate(head):
        # The date alone: five fit a terminal of 80.
        table.add_column(heading.split()[0] if i else "", justify="right" if i else "left")
    for line in lines:
        table.add_row(*line)
    console.print(table)
