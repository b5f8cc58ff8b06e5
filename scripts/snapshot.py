"""ape run snapshot: a pool at one block, as a folder that replays without a network."""

from __future__ import annotations

from pathlib import Path

import click

from sims.cli import Bars, console, plain_errors

NETWORK = "ethereum:mainnet-fork:foundry"
PART = "\nOthers have something in the pool too: a stress report will say what share this is."


@click.command()
@click.option("--pool", envvar="POOL", help="The pool's address; also from $POOL.")
@click.option(
    "--deployment", type=click.Path(path_type=Path), help="A record of `ape run deploy` instead."
)
@click.option(
    "--network",
    default=NETWORK,
    show_default=True,
    help="Network, as `ape networks list` names it, or a node's address. Forks read from $RPC_URL.",
)
@click.option(
    "--block", type=click.IntRange(min=0), help="Block number; the latest one if not given."
)
@click.option(
    "--accounts",
    "accounts_file",
    type=click.Path(path_type=Path),
    help="A file with one address a line; everybody in the pool's events if not given.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
def cli(
    pool: str | None,
    deployment: Path | None,
    network: str,
    block: int | None,
    accounts_file: Path | None,
    out: Path,
) -> None:
    """Read every reserve and position of a pool at one block."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError
    from scripts._records import pool_of
    from sims.fork.weir import read_accounts, read_snapshot
    from sims.snapshot import require_new

    with plain_errors(AnvilError, ChainError, DeployError), unwinding_on_sigterm():
        require_new(out)
        accounts = read_accounts(accounts_file) if accounts_file else None
        with connected(network, fork_block=block) as chain, Bars() as bars:
            address, first, _ = pool_of(chain, pool=pool, record=deployment)
            snapshot = read_snapshot(
                chain.rpc,
                address,
                block=block,
                accounts=accounts,
                first_block=first,
                progress=bars,
            )
        snapshot.write(out)
        console.print(
            f"\n{len(snapshot.accounts):,} accounts in {len(snapshot.reserves)} reserves of "
            f"{snapshot.origin.pool} at block {snapshot.origin.block_number:,}: {out}"
            f"{'' if snapshot.is_whole else PART}",
            highlight=False,
            soft_wrap=True,
        )
