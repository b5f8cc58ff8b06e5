"""ape run deploy: put a market file on a chain.

Shows the plan, asks, sends it step by step with a journal, reads every parameter back and writes a
record. The same command resumes what was interrupted and sends nothing twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sims.cli import Bars, console, plain_errors


@click.command()
@click.option(
    "--market",
    "market_file",
    type=click.Path(path_type=Path),
    default=Path("scripts/_markets/ethereum.yaml"),
    show_default=True,
    help="Market file.",
)
@click.option(
    "--network",
    default="ethereum:local:foundry",
    show_default=True,
    help="Network, as `ape networks list` names it, or a node's address.",
)
@click.option("--account", "alias", help="Who signs: an alias of `ape accounts list`, or TEST::0.")
@click.option("--mocks", is_flag=True, help="Mock tokens and feeds, on a test network or a fork.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
def cli(market_file: Path, network: str, alias: str | None, mocks: bool, yes: bool) -> None:
    """Deploy a market file; run it again to resume."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._chain import ChainError, connected
    from scripts._deploy import (
        DeployError,
        Deployment,
        JournalError,
        require_as_described,
        require_deployable,
        require_funds,
        require_seeds,
        to_list,
    )
    from sims.market import load_market

    with (
        plain_errors(AnvilError, ChainError, DeployError, JournalError),
        unwinding_on_sigterm(),
    ):
        market = load_market(market_file)
        with connected(network) as chain:
            mocks = mocks or (chain.is_development and not chain.is_fork)
            require_deployable(market, chain, mocks=mocks)
            account = load_account(alias, development=chain.is_development)
            deployment = Deployment(
                market, market_file=market_file, chain=chain, account=account, mocks=mocks
            )
            done = deployment.resume()
            left = deployment.steps_left
            show_plan(deployment, done)
            if left:
                require_funds(left, chain, account.address)
                if not mocks:
                    require_as_described(to_list(market, left), chain)
                    require_seeds(to_list(market, left), chain, account.address)
                if not (yes or chain.is_development):
                    click.confirm(f"Send {len(left)} transactions to {chain.name}?", abort=True)
            deployed = send(deployment)
            ending = "\nThis chain was started for the command and ends with it: a rehearsal."
            console.print(
                f"\n{market.name}: pool [bold]{deployed.pool}[/bold] on {chain.name}, "
                f"{len(market.reserves)} reserves and {len(market.categories)} categories, every "
                "parameter read back and equal.\n"
                f"The deployer {account.address} is the only admin: it may change every parameter; "
                "hand the role over through the authority "
                f"{deployed.addresses['authority']}.\nRecord: {deployment.record_path}"
                f"{ending if chain.is_own else ''}",
                highlight=False,
                soft_wrap=True,
            )


def load_account(alias: str | None, *, development: bool) -> Any:
    """The account that signs: by alias, a test account, or the only one there is."""
    from ape import accounts
    from ape.exceptions import ApeException

    from scripts._deploy import DeployError

    known = [a for a in accounts.aliases if a]
    if alias is None:
        if development:
            return accounts.test_accounts[0]
        raise DeployError(
            "Name the account that signs with --account "
            f"({', '.join(known) or 'there is none yet: `ape accounts import ALIAS`'})."
        )
    is_test = alias.startswith("TEST::") and alias[6:].isdigit()
    if is_test and not development:
        raise DeployError(
            "Everybody knows the key of a test account: use an account of your own here."
        )
    try:
        return accounts.test_accounts[int(alias[6:])] if is_test else accounts.load(alias)
    except (ApeException, LookupError, ValueError):
        raise DeployError(
            f"There is no account {alias!r}: `ape accounts list` shows what there is, "
            "`ape accounts import` adds one."
        ) from None


def show_plan(deployment: Any, done: int) -> None:
    """Prints what is about to be sent."""
    from rich.table import Table

    market, chain = deployment.market, deployment.chain
    title = f"{market.name} on {chain.name}, chain {chain.chain_id}"
    table = Table(title=f"{title}: {len(deployment.plan)} steps, {done} done", title_justify="left")
    for heading in ("step", "what", "with"):
        table.add_column(heading, overflow="fold")
    for number, step in enumerate(deployment.plan, start=1):
        mark = "done" if step.key in deployment.results else str(number)
        table.add_row(mark, step.what, step.detail)
    console.print(table)
    if deployment.mocks:
        elsewhere = (
            f" The market file is for chain {market.chain_id} and this is chain {chain.chain_id}: "
            "nothing of that chain is here."
        )
        console.print(
            "Tokens and feeds are mocks: anybody may mint, anybody may set a price."
            f"{elsewhere if chain.chain_id != market.chain_id else ''}",
            highlight=False,
            soft_wrap=True,
        )


def send(deployment: Any) -> Any:
    """Runs the deployment under a progress bar."""
    total = len(deployment.plan)
    with Bars() as bars:
        deployed = deployment.run(
            progress=lambda step: bars("transactions", deployment.plan.index(step), total)
        )
        bars("transactions", total, total)
    return deployed
