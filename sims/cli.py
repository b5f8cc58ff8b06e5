"""The commands that need no chain, and what all commands share: clear errors and progress bars.

    python -m sims market check FILE        is this market file sound?
    python -m sims rates FILE               what do its rates look like?
    python -m sims stress --snapshot FOLDER what would happen to these accounts?

A command that cannot do its work prints one sentence and ends with exit code 1.
"""

from __future__ import annotations

import contextlib
import math
import shlex
from collections import Counter
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
    from sims.book import BookError
    from sims.fork.rpc import RpcError
    from sims.market import MarketError
    from sims.rates import InputError
    from sims.snapshot import SnapshotError

    expected: tuple[type[Exception], ...] = (
        *kinds,
        BookError,
        RpcError,
        MarketError,
        InputError,
        SnapshotError,
    )
    try:
        yield
    except expected as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:  # a full disk, a folder of somebody else
        where = f": {error.filename}" if error.filename else ""
        raise click.ClickException(f"{error.strerror or error}{where}") from error


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
    from sims.rates import InputError
    from sims.stress import StressSettings

    for name, value in (("hours", hours), ("step-minutes", step_minutes)):
        if not math.isfinite(value):
            raise InputError(f"--{name} is {value}; give it a number.")
    return StressSettings(
        paths=paths,
        seed=seed,
        horizon_s=round(hours * 3_600),
        dt_s=round(step_minutes * 60),
        volatility_scale=volatility_scale,
        jump_scale=jump_scale,
    )


def repetition(settings: StressSettings, *, snapshot: Path, out: Path) -> str:
    """What to type for the same figures."""
    options = {
        "seed": settings.seed,
        "paths": settings.paths,
        "hours": settings.horizon_s / 3_600,
        "step-minutes": settings.dt_s / 60,
        "volatility-scale": settings.volatility_scale,
        "jump-scale": settings.jump_scale,
    }
    given = " ".join(f"--{name} {value!r}" for name, value in options.items())
    places = f"--snapshot {shlex.quote(str(snapshot))} --out {shlex.quote(str(out))}"
    return f"python -m sims stress {given} {places}"


def tell(figures: Mapping[str, Any], folder: Path) -> None:
    """Says in a few lines what a report says in full."""
    loss, replay = figures["bad_debt"], figures.get("replay")
    said = [
        f"{figures['accounts']:,} accounts, {figures['scenarios']:,} paths: bad debt has a mean of "
        f"${loss['mean_usd']:,.0f}, VaR 99 % ${loss['var99_usd']:,.0f}, "
        f"expected shortfall ${loss['es99_usd']:,.0f}."
    ]
    if replay:
        said.append(
            f"{replay['liquidations']:,} liquidations and {replay['write_offs']:,} write-offs "
            "replayed: the contracts and the integer model are "
            f"{replay['max_difference_wei']:,} wei apart."
        )
    console.print(
        "",
        *said,
        *figures["notes"],
        f"Report: {folder / 'index.html'}",
        sep="\n",
        highlight=False,
        markup=False,
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
    said = [
        f"{file}: {loaded.name} is sound, {len(loaded.reserves)} reserves: "
        f"{', '.join(loaded.symbols)}."
    ]
    adaptive = [s for s, r in loaded.reserves.items() if r.adaptive_rates is not None]
    if adaptive:
        said.append(f"Adaptive rates, which simulations refuse: {', '.join(adaptive)}.")
    if loaded.adapters:
        kinds = Counter(node.kind.replace("_", " ") for node in loaded.adapters)
        said.append(
            "Feeds that deployment makes of others: "
            f"{', '.join(f'{n} {kind}' for kind, n in kinds.items())}."
        )
    feedless = [s for s, r in loaded.reserves.items() if not r.feed.kinds]
    if feedless:
        said.append(f"No feed yet, good for rehearsals only: {', '.join(feedless)}.")
    rule = loaded.liquidation.model.name
    if rule is not None:
        said.append(f"Liquidation by {rule.replace('_', ' ')}, which simulations refuse.")
    said.append(f"Around the pool: {', '.join(loaded.around) or 'nothing'}.")
    people = {member for members in loaded.roles.members.values() for member in members}
    if loaded.roles.given:
        said.append(
            f"{len(people)} accounts in {len(loaded.roles.members)} roles; "
            f"governance: {loaded.roles.governance or 'the deployer'}."
        )
    console.print(*said, sep="\n", highlight=False, markup=False, soft_wrap=True)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
def rates(file: Path) -> None:
    """Print what borrowing costs, and supplying earns, at some utilizations."""
    from rich.table import Table

    from sims.market import load_market
    from sims.rates import utilization_sweep

    grid = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0)
    with plain_errors():
        loaded = load_market(file)
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
        engine.require_replaceable(out)
        settings = stress_settings(**options)
        snapshot = Snapshot.read(source)
        done = engine.run(snapshot, settings, progress=bars)
        command = repetition(settings, snapshot=source, out=out)
        figures = engine.publish(done, out, market=f"pool {snapshot.origin.pool}", command=command)
    tell(figures, out)
