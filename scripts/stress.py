"""ape run stress: price paths on a pool's state, a report, and on a fork the proof of its amounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sims.cli import Bars, plain_errors, stress_options, stress_settings, tell

NETWORK = "ethereum:mainnet-fork:foundry"


@click.command()
@click.option("--pool", envvar="POOL", help="The pool's address; also from $POOL.")
@click.option(
    "--deployment", type=click.Path(path_type=Path), help="A record of `ape run deploy` instead."
)
@click.option(
    "--snapshot",
    "source",
    type=click.Path(path_type=Path),
    help="The folder of a snapshot instead; needs no network, and replays nothing.",
)
@click.option(
    "--network",
    default=NETWORK,
    show_default=True,
    help="Network, as `ape networks list` names it, or a node's address. Forks read from $RPC_URL.",
)
@click.option(
    "--replay/--no-replay",
    default=True,
    show_default=True,
    help="On a fork: replay the worst paths with real transactions.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the report.")
@stress_options
def cli(
    pool: str | None,
    deployment: Path | None,
    source: Path | None,
    network: str,
    replay: bool,
    out: Path,
    **options: Any,
) -> None:
    """Stress a pool and write the report."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError
    from scripts._local import Clock
    from scripts._records import pool_of
    from scripts._replay import ReplayError
    from scripts._stress import replay_worst, report, why_no_replay
    from sims import stress
    from sims.fork.weir import read_snapshot
    from sims.snapshot import Snapshot

    clock = Clock()
    with (
        plain_errors(AnvilError, ChainError, DeployError, ReplayError),
        unwinding_on_sigterm(),
        Bars() as bars,
    ):
        stress.require_replaceable(out)
        settings = stress_settings(**options)
        if source is not None:
            _require_no_other_source()
            snapshot = Snapshot.read(source)
            done = stress.run(snapshot, settings, progress=bars)
            name, replayed, unreplayed = f"pool {snapshot.origin.pool}", None, None
        else:
            with connected(network) as chain:
                address, first, name = pool_of(chain, pool=pool, record=deployment)
                with clock("snapshot"):
                    snapshot = read_snapshot(chain.rpc, address, first_block=first, progress=bars)
                done = stress.run(snapshot, settings, progress=bars)
                unreplayed = why_no_replay(chain) if replay else None
                with clock("replay"):
                    wanted = replay and unreplayed is None
                    replayed = replay_worst(chain.rpc, done, progress=bars) if wanted else None
        figures = report(
            done,
            out,
            market=name,
            replayed=replayed,
            unreplayed=unreplayed,
            seconds=clock.seconds,
        )
    tell(figures, out)


def _require_no_other_source() -> None:
    """Two sources are a mistake, and one would be left out without a word."""
    from sims.rates import InputError

    given = click.get_current_context().get_parameter_source
    for name in ("pool", "deployment", "network"):
        # $POOL may be set for the commands that need it.
        if given(name) is ParameterSource.COMMANDLINE:
            raise InputError(f"--snapshot and --{name} both say what to stress: give one of them.")
