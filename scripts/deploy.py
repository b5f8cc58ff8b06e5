"""ape run deploy: put a market file on a chain.

Shows the plan, asks, sends it step by step with a journal, reads every parameter back and writes a
record. The same command resumes what was interrupted and sends nothing twice. Handing over to the
governance is the last step and asked for on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
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
@click.option("--dry-run", is_flag=True, help="Show the plan and who will rule; send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.option("--hand-over", is_flag=True, help="Do not ask before handing over to the governance.")
@click.option(
    "--governance-is-deployer", is_flag=True, help="The governance may be the deployer himself."
)
@click.option(
    "--governance-is-key", is_flag=True, help="The governance may be an account of one key."
)
def cli(
    market_file: Path,
    network: str,
    alias: str | None,
    mocks: bool,
    dry_run: bool,
    yes: bool,
    hand_over: bool,
    governance_is_deployer: bool,
    governance_is_key: bool,
) -> None:
    """Deploy a market file; run it again to resume."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError, Deployment, JournalError
    from scripts._preflight import require_deployable, require_people, require_ready
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
            if left or deployment.handover_left:
                require_people(
                    market,
                    chain,
                    account.address,
                    keep_administrator=governance_is_deployer,
                    allow_key=governance_is_key,
                )
            show_plan(deployment, done)
            if left:
                require_ready(market, left, chain, account.address, mocks=mocks)
            if dry_run:
                say("A dry run: nothing was sent.")
                return
            if left and not (yes or chain.is_development):
                click.confirm(f"Send {len(left)} transactions to {chain.name}?", abort=True)
            try:
                deployed = send(deployment)
            except KeyboardInterrupt:
                say("\nBroken off. What is in a block stays done: the same command goes on there.")
                raise SystemExit(130) from None
            say(
                f"\n{market.name}: pool [bold]{deployed.pool}[/bold] on {chain.name}, "
                f"{len(market.reserves)} reserves and {len(market.categories)} categories, every "
                f"parameter and role read back and equal.\nRecord: {deployment.record_path}"
            )
            if deployment.handover_left and (
                hand_over or chain.is_development or (not yes and agrees_to_hand_over(deployment))
            ):
                deployment.hand_over()
            show_administrator(deployment)
            if chain.is_own:
                say("This chain was started for the command and ends with it: a rehearsal.")


def say(text: str) -> None:
    """Prints a sentence, wrapped by the terminal only."""
    console.print(text, highlight=False, soft_wrap=True)


def agrees_to_hand_over(deployment: Any) -> bool:
    """Asks; whoever walks away has not agreed."""
    deployer, governance = deployment.account.address, deployment.market.roles.governance
    try:
        return click.confirm(f"Hand over to {governance}? {deployer} cannot take it back.")
    except click.Abort:
        console.print()
        return False


def show_administrator(deployment: Any) -> None:
    """Prints who rules the market from now on, and what is left to be done about that."""
    from scripts._roles import ADMIN_DELAY_S, spell

    deployer, governance = deployment.account.address, deployment.market.roles.governance
    authority = deployment.addresses["authority"]
    if deployment.handover_left:
        say(
            f"Not handed over: the deployer {deployer} is still the only administrator. Run the same "
            f"command with --hand-over, and {governance} is it."
        )
    elif governance is not None:
        say(
            f"Handed over: {governance} is the only administrator, and whatever it does with the "
            f"authority {authority} waits {spell(ADMIN_DELAY_S)}."
        )
    elif deployment.market.roles.given:
        say(
            f"The deployer {deployer} is the only administrator: it may give every role to anybody "
            f"through the authority {authority}. A governance in the market file would take over."
        )
    else:
        say(
            f"The deployer {deployer} is the only administrator: it may change every parameter. "
            f"Roles in the market file would share that out; until then the authority {authority} "
            "listens to nobody else."
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
    """Prints what is about to be sent, and who rules when it has been."""
    from rich.table import Table

    from scripts._authority import planned_standing
    from scripts._steps import gas_of

    market, chain = deployment.market, deployment.chain
    title = f"{market.name} on {chain.name}, chain {chain.chain_id}"
    table = Table(title=f"{title}: {len(deployment.plan)} steps, {done} done", title_justify="left")
    for heading in ("step", "what", "with"):
        table.add_column(heading, overflow="fold")
    for number, step in enumerate(deployment.plan, start=1):
        mark = "done" if step.key in deployment.results else str(number)
        table.add_row(mark, step.what, step.detail)
    console.print(table)
    deployer = deployment.account.address
    planned = planned_standing(market, deployer=deployer)
    show_powers(planned, "Who will be able to do what", {deployer: "deployer"})
    left = [*deployment.steps_left, *filter(None, (deployment.handover_left,))]
    price = int(chain.rpc.request("eth_gasPrice"), 16)
    say(
        f"To send: {len(left)} transactions, at most {gas_of(left) / 1e6:.1f} million gas, "
        f"{gas_of(left) * price / 1e18:.4f} ETH at the present gas price."
    )
    chores = {
        "growth_capped": "update() of each GrowthCappedFeed once a day",
        "moving_average": "poke() of each MovingAverageFeed within its gap",
    }
    due = [said for kind, said in chores.items() if kind in {n.kind for n in market.adapters}]
    if due:
        say(f"Somebody has to call {' and '.join(due)} from then on; anybody may.")
    if market.roles.given and not market.roles.guardian:
        say("Nobody is the guardian: nobody could pause a reserve at once.")
    if deployment.mocks:
        elsewhere = (
            f" The market file is for chain {market.chain_id} and this is chain {chain.chain_id}: "
            "nothing of that chain is here."
        )
        say(
            "Tokens and feeds are mocks: anybody may mint, anybody may set a price."
            f"{elsewhere if chain.chain_id != market.chain_id else ''}"
        )


def show_powers(standing: Any, title: str, names: Mapping[str, str]) -> None:
    """Prints who may do what, after which delay, and who appoints to that; `names` of addresses."""
    from rich.table import Table

    from scripts._roles import powers

    table = Table(title=title, title_justify="left")
    for heading in ("role", "who", "after", "may", "appointed by"):
        table.add_column(heading, overflow="fold")
    for label, account, *rest in powers(standing):
        name = f" ({names[account]})" if account in names else ""
        table.add_row(label, account + name, *rest)
    console.print(table)


def send(deployment: Any) -> Any:
    """Runs the deployment under a progress bar."""
    total = len(deployment.plan)
    with Bars() as bars:
        deployed = deployment.run(
            progress=lambda step: bars("transactions", deployment.plan.index(step), total)
        )
        bars("transactions", total, total)
    return deployed
