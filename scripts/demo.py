"""ape run demo: a market, its fork, a stress report, and the proof that the model is the chain.

Starts a chain of its own, deploys the market file, lets a thousand accounts trade, forks that
chain, reads it, runs a thousand price paths and replays the three worst on the fork. With RPC_URL
set it does the same, from the fork on, for a pool that is already deployed there.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from sims.cli import Bars, plain_errors, tell


@click.command()
@click.option("--pool", envvar="POOL", help="A pool on the node of RPC_URL; also from $POOL.")
@click.option("--accounts", default=1_000, show_default=True, help="Accounts of the local market.")
@click.option("--paths", default=1_000, show_default=True, help="Price paths.")
@click.option("--seed", default=1, show_default=True, help="Of the accounts and of the paths.")
@click.option(
    "--volatility-scale",
    default=3.0,
    show_default=True,
    help="Every volatility of the calibrated model times this.",
)
@click.option(
    "--jump-scale",
    default=365.0,
    show_default=True,
    help="Market-wide jumps this many times as often: 365 is one like 10 October 2025 a day.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/demo"), show_default=True
)
def cli(
    pool: str | None,
    accounts: int,
    paths: int,
    seed: int,
    volatility_scale: float,
    jump_scale: float,
    out: Path,
) -> None:
    """From a local market, or one behind RPC_URL, to a stress report checked against the chain."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError
    from scripts._fill import FillError
    from scripts._journal import JournalError
    from scripts._local import Clock, Market, local_market
    from scripts._records import pool_of
    from scripts._replay import ReplayError
    from scripts._stress import replay_worst, report
    from sims import stress
    from sims.fork.weir import read_snapshot

    clock = Clock()
    kinds = (AnvilError, ChainError, DeployError, FillError, JournalError, ReplayError)
    with plain_errors(*kinds), unwinding_on_sigterm(), Bars() as bars:
        stress.require_replaceable(out)
        settings = stress.StressSettings(
            paths=paths, seed=seed, volatility_scale=volatility_scale, jump_scale=jump_scale
        )
        url = os.environ.get("RPC_URL", "").strip()
        if pool and not url:
            raise ChainError("A pool is named but no node: set RPC_URL to the node it is on.")
        with (
            contextlib.nullcontext(Market(url, pool or None))
            if url
            else local_market(accounts, seed, bars, clock) as market,
            connected("ethereum:mainnet-fork:foundry", fork_url=market.url) as chain,
        ):
            address, first, name = pool_of(chain, pool=market.pool)
            with clock("snapshot"):
                snapshot = read_snapshot(chain.rpc, address, first_block=first, progress=bars)
            done = stress.run(snapshot, settings, progress=bars)
            with clock("replay"):
                replayed = replay_worst(chain.rpc, done, progress=bars)
        told = report(
            done,
            out,
            market=market.name or name,
            replayed=replayed,
            seconds=clock.seconds,
        )
    tell(told, out)
