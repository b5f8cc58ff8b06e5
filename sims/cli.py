"""The commands that need no chain, and what all commands share: clear errors and progress bars.

    python -m sims market check FILE        is this market file sound?
    python -m sims rates FILE               what do its rates look like?
    python -m sims stress --snapshot FOLDER what would happen to these accounts?

A command that cannot do its work prints one sentence and ends with exit code 1.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from sims.stress import StressSettings

console = Console()
"""Where commands write; sentences about errors go to stderr."""


@contextlib.contextmanager
def plain_errors(*kinds: type[Exception]) -> Iterator[None]:
    """Prints errors of these kinds as they are, without a traceback, and ends with exit code 1."""
    from sims.fork.rpc import RpcError
    from sims.market import MarketError
    from sims.rates import InputError
    from sims.snapshot import SnapshotError

    expected: tuple[type[Exception], ...] = (
        *kinds,
        RpcError,
        MarketError,
        InputError,
        SnapshotError,
    )
    try:
        yield
    except expected as error:
        raise click.ClickException(str(error)) from error


class Bars:
    """Progress bars by name; calling the object moves one: `bars("accounts read", 500, 1000)`."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=of)
        self._progress.update(self._tasks[what], completed=done, total=of)


def stress_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every stress run has; they arrive as the fields of `StressSettings`."""
    scales = "of the model calibrated to late 2025 times this."
    for option in (
        click.option("--seed", default=1, show_default=True, help="Of all random draws."),
        click.option("--paths", default=1_000, show_default=True, help="Price paths."),
        click.option("--hours", default=24.0, show_default=True, help="Length of a path."),
        click.option("--step-minutes", default=5.0, show_default=True, help="Length of a step."),
        click.option(
            "--volatility-scale", default=1.0, show_default=True, help=f"Every volatility {scales}"
        ),
        click.option(
            "--jump-scale",
            default=1.0,
            show_default=True,
            help=f"The frequency of market-wide jumps {scales}",
        ),
    ):
        command = option(command)
    return command


def stress_settings(
    *,
    seed: int,
    paths: int,
    hours: float,
    step_minutes: float,
    volatility_scale: float,
    jump_scale: float,
) -> StressSettings:
    """Settings from the options of `stress_options`."""
    from sims.stress import StressSettings

    return StressSettings(
        paths=paths,
        seed=seed,
        horizon_s=round(hours * 3_600),
        dt_s=round(step_minutes * 60),
        volatility_scale=volatility_scale,
        jump_scale=jump_scale,
    )


def tell(figures: Mapping[str, Any], folder: Path) -> None:
    """Says in two lines what a report says in full."""
    loss = figures["bad_debt"]
    console.print(
        f"\n{figures['accounts']:,} accounts, {figures['scenarios']:,} paths: bad debt has a mean of "
        f"${loss['mean_usd']:,.0f}, VaR 99 % ${loss['var99_usd']:,.0f}, "
        f"expected shortfall ${loss['es99_usd']:,.0f}.",
        f"Report: {folder / 'index.html'}",
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )


# ------------------------------------------------------------------------------------------ commands


@click.group()
def cli() -> None:
    """Weir's simulations: market files, rates and stress, without a chain."""


@cli.group()
def market() -> None:
    """Market files."""


@market.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Say whether a market file is sound, and if not, what is wrong in which line."""
    from sims.market import load_market

    with plain_errors():
        loaded = load_market(file)
    console.print(
        f"{file}: {loaded.name} is sound, {len(loaded.reserves)} reserves: "
        f"{', '.join(loaded.symbols)}.",
        highlight=False,
        soft_wrap=True,
    )


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
def rates(file: Path) -> None:
    """Print what borrowing costs, and supplying earns, at some utilizations."""
    from rich.table import Table

    from sims.market import load_market
    from sims.rates import utilization_sweep

    with plain_errors():
        loaded = load_market(file)
    grid = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0)
    swept = utilization_sweep(loaded.reserve_params().curve, np.array(grid))
    table = Table(title=f"{loaded.name}: borrow / supply rate a year", title_justify="left")
    table.add_column("reserve")
    for used in grid:
        table.add_column(f"at {used:.0%}", justify="right")
    for i, symbol in enumerate(loaded.symbols):
        pairs = zip(swept.borrow[:, i], swept.supply[:, i], strict=True)
        table.add_row(symbol, *(f"{b:.2%} / {s:.2%}" for b, s in pairs))
    console.print(table)


@cli.command()
@click.option(
    "--snapshot", "source", type=click.Path(path_type=Path), required=True, help="Its folder."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the report.")
@stress_options
def stress(source: Path, out: Path, **options: Any) -> None:
    """Run price paths on a snapshot and write the report; needs no chain."""
    from sims import stress as engine
    from sims.snapshot import Snapshot

    with plain_errors(), Bars() as bars:
        snapshot = Snapshot.read(source)
        done = engine.run(snapshot, stress_settings(**options), progress=bars)
        command = f"python -m sims stress --snapshot {source} {_given(options)}--out {out}"
        figures = engine.publish(done, out, market=f"pool {snapshot.origin.pool}", command=command)
    tell(figures, out)


def _given(options: Mapping[str, Any]) -> str:
    return "".join(f"--{name.replace('_', '-')} {value} " for name, value in options.items())
