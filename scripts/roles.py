"""ape run roles: who may do what on a deployed market, and whether that is what was set up.

Reads the market's AccessManager from the chain, shows it, and compares every member, delay, guardian
and function with the deployment's record. Ends with exit code 1 where they differ.
"""

from __future__ import annotations

from pathlib import Path

import click

from sims.cli import plain_errors


@click.command()
@click.option(
    "--network",
    required=True,
    help="Network, as `ape networks list` names it, or a node's address.",
)
@click.option(
    "--deployment",
    "record_file",
    type=click.Path(path_type=Path),
    help="Record of the deployment; the only one of this chain when left out.",
)
def cli(network: str, record_file: Path | None) -> None:
    """Show who may do what on a deployed market; fail where that is not what was recorded."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._authority import read_standing
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError
    from scripts._records import record_of, standing_in
    from scripts._roles import differences
    from scripts.deploy import say, show_powers

    with (
        plain_errors(AnvilError, ChainError, DeployError),
        unwinding_on_sigterm(),
        connected(network) as chain,
    ):
        record = record_of(chain, record_file)
        recorded = standing_in(record)
        contracts = record["contracts"]
        addresses = {key: contract["address"] for key, contract in contracts.items()}
        first_block = contracts["authority"]["block"]
        found = read_standing(chain.rpc, addresses, first_block=first_block)
        names = {address: key for key, address in addresses.items()}
        names[record["deployer"]] = "deployer"
        show_powers(found, f"{record['market']} on {chain.name}: who may do what", names)
        if record["roles"]["handover"] == "pending":
            say("The deployer has not handed over yet: run `ape run deploy` as before to go on.")
        wrong = [*differences(recorded, found)]
        if wrong:
            raise DeployError(
                "The chain differs from the record:\n" + "\n".join(f"  {d}" for d in wrong)
            )
        say("Everything is as recorded.")
