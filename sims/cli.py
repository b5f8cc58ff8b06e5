"""The commands that need no chain, and what all commands share: clear errors and progress bars.

    python -m sims market check FILE        is this market file sound?
    python -m sims rates FILE               what do its rates look like?
    python -m sims stress --snapshot FOLDER what would happen to these accounts?

A command that cannot do its work prints one sentence and ends with exit code 1.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

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


@click.group()
def cli() -> None:
    """Weir's simulations: market files, rates and stress, without a chain."""
