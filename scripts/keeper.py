"""ape run keeper: liquidate what is unhealthy in a pool, for a profit.

Watches a pool block by block, picks the most profitable call for every unhealthy account, and sends it
from own tokens or through a FlashLiquidator. With --dry-run it says what it would do and what that
would earn. Its state survives a crash: nothing is sent twice.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from sims.cli import Bars, console, plain_errors

NETWORK = "ethereum:mainnet-fork:foundry"
STATES = Path(".build/keeper")
LAST_LOOK_S = 2.0
"""How long an interrupted keeper waits for what it has sent."""


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
@click.option("--account", "alias", help="Who signs: an alias of `ape accounts list`, or TEST::0.")
@click.option("--dry-run", is_flag=True, help="Say what there is to earn; send nothing.")
@click.option("--once", is_flag=True, help="Look at one block only.")
@click.option("--blocks", type=click.IntRange(min=1), help="End after so many blocks.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.option(
    "--min-profit",
    default="0",
    show_default=True,
    help="The least that a call has to leave after gas, in the base currency.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="SYMBOL=AMOUNT",
    help="The most of an asset to use for a block's liquidations; may be given often.",
)
@click.option("--liquidator", help="A FlashLiquidator of the pool, which needs no capital.")
@click.option("--venue", help="Where it sells the collateral.")
@click.option(
    "--fee",
    "fees",
    multiple=True,
    type=click.IntRange(0, 999_999),
    default=(500, 3_000),
    show_default=True,
    help="Fee tiers of the venue's pools to try, in millionths.",
)
@click.option(
    "--through", multiple=True, metavar="TOKEN", help="A token over which a sale may lead."
)
@click.option(
    "--write-offs", is_flag=True, help="Also write off what earns nothing, for the gas it costs."
)
@click.option(
    "--gas-token",
    default="WETH",
    show_default=True,
    help="The reserve, by symbol or token, at whose price gas is reckoned.",
)
@click.option("--native-price", help="The price of the chain's currency instead.")
@click.option("--lens", help="A Lens on the chain, which reads 200 accounts a call.")
@click.option("--quote-lens", help="A QuoteLens on the chain; the keeper brings its own.")
@click.option(
    "--state",
    "state_file",
    type=click.Path(path_type=Path),
    help="Where to keep what must not be forgotten; by default under .build/keeper.",
)
def cli(
    pool: str | None,
    deployment: Path | None,
    network: str,
    alias: str | None,
    dry_run: bool,
    once: bool,
    blocks: int | None,
    yes: bool,
    min_profit: str,
    limits: tuple[str, ...],
    liquidator: str | None,
    venue: str | None,
    fees: tuple[int, ...],
    through: tuple[str, ...],
    write_offs: bool,
    gas_token: str,
    native_price: str | None,
    lens: str | None,
    quote_lens: str | None,
    state_file: Path | None,
) -> None:
    """Liquidate what is unhealthy in a pool, for a profit."""
    from scripts._anvil import AnvilError, unwinding_on_sigterm
    from scripts._build import STALE, is_fresh
    from scripts._chain import ChainError, connected
    from scripts._deploy import DeployError
    from scripts._keeper import Keeper, KeeperError, Settings
    from scripts._keeper_offers import Flash, OwnTokens
    from scripts._keeper_state import State
    from scripts._keeper_watch import Watch, as_address
    from scripts._records import pool_of
    from scripts.deploy import load_account
    from sims.fork.rpc import RpcError

    with (
        plain_errors(AnvilError, ChainError, DeployError, KeeperError),
        unwinding_on_sigterm(),
    ):
        least = _amount(min_profit, "--min-profit")
        native = None if native_price is None else _amount(native_price, "--native-price")
        _require_consistent(once, blocks, liquidator, venue, limits, through)
        if not is_fresh():
            raise KeeperError(STALE)
        with connected(network) as chain, contextlib.ExitStack() as stack:
            address, first, name = pool_of(chain, pool=pool, record=deployment)
            around = _around(deployment, pool, chain)
            watch = Watch(
                chain,
                address,
                first_block=first,
                lens=lens or around.get("Lens"),
                quote_lens=quote_lens or around.get("QuoteLens"),
            )
            account = None
            if alias is not None or not dry_run:
                account = load_account(alias, development=chain.is_development)
            sender = None if account is None else account.address
            settings = Settings(
                min_profit=least,
                # A price of 10^18 raw units, with no decimals of a feed beside WAD's.
                native=None if native is None else (native, 36),
                gas_token=watch.asset_id(gas_token) if native is None else None,
                write_offs=write_offs,
            )
            if liquidator is None:
                payer: OwnTokens | Flash = OwnTokens(watch, sender, _limits(limits, watch))
            else:
                tokens = [as_address(token, "a token") for token in through]
                liquidator = as_address(liquidator, "a FlashLiquidator")
                venue = as_address(str(venue), "a venue")
                _require_liquidator(watch, liquidator, venue)
                payer = Flash(watch, liquidator, venue, sender, fees, tokens)
            genesis = str(chain.rpc.block(0)["hash"])
            path = state_file or STATES / f"{chain.name}-{watch.pool[2:10].lower()}.json"
            state = State(path, chain.chain_id, genesis, watch.pool)
            if not dry_run:
                _require_funds(watch, payer, sender)
                if not (yes or chain.is_development):
                    click.confirm(
                        f"Send transactions from {sender} to {name} on {chain.name}?", abort=True
                    )
                if hasattr(account, "set_autosign"):
                    account.set_autosign(True)  # asks for the passphrase once, not every time
                if not chain.is_own:  # else nothing on it is older than this command
                    state = State.load(
                        path,
                        chain_id=chain.chain_id,
                        genesis=genesis,
                        pool=watch.pool,
                        may_begin_anew=chain.is_development,
                    )
                stack.enter_context(state.held())
            keeper = Keeper(chain, watch, state, payer, settings=settings, account=account, say=say)
            say(f"Keeper of {name} on {chain.name}{f', paid by {sender}' if sender else ''}.")
            if dry_run:
                with Bars() as bars:
                    look = keeper.look(watch.head(), progress=bars)
                show_plan(watch, look, pays_for_write_offs=write_offs)
                return
            try:
                with interruptible():
                    keeper.run(once=once, blocks=blocks)
            except KeyboardInterrupt:
                say("Interrupted; the next run goes on from here.")
                with contextlib.suppress(RpcError):
                    keeper.finish(LAST_LOOK_S)
            finally:
                show_earned(watch, keeper.earned, state.log_path)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C is how a keeper's day ends; Ape would leave at once and say nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def say(text: str) -> None:
    """Prints a sentence as it is: a node's words and a token's symbol may look like markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def show_plan(watch: Any, look: Any, *, pays_for_write_offs: bool) -> None:
    """Prints what would be sent, and what it would earn."""
    _say_look(look)
    rows = []
    for offer in look.offers:
        rows.append(
            (
                _short(offer.account),
                _paid(watch, offer.debt.id, offer.repaid),
                _paid(watch, offer.collateral.id, offer.received, offer.as_shares),
                _money(offer.gross),
                _money(offer.gas_value),
                _money(offer.net),
                f"{offer.kind}{', writes off' if offer.writes_off else ''}",
            )
        )
    for offer in look.write_offs:
        what = "write-off" if pays_for_write_offs else "write-off, only with --write-offs"
        cost = _money(offer.gas_value)
        rows.append((_short(offer.account), "", "", "", cost, _money(offer.net), what))
    headings = ("account", "repays", "receives", "bonus", "gas, about", "net", "how")
    _table("What a run would do, at this block", headings, rows)
    sent = [*look.offers, *(look.write_offs if pays_for_write_offs else ())]
    say(
        f"It would earn {_money(sum(o.net for o in sent))} with {len(sent)} calls, in the base "
        "currency at the pool's prices. A dry run: nothing was sent."
    )


def show_earned(watch: Any, earned: Any, log: Path) -> None:
    """Prints what a run has earned."""
    if not earned.rows:
        say("Nothing was liquidated.")
        return
    rows = []
    for row in earned.rows:
        repaid = received = ""
        if row["debt_id"] is not None and row["status"] == "done":
            repaid = _paid(watch, row["debt_id"], int(row["repaid"]))
            got = int(row["received"])
            received = _paid(watch, row["collateral_id"], got, row["as_shares"])
        rows.append(
            (
                _short(row["account"]),
                repaid,
                received,
                _money(int(row["bonus_value"])),
                _money(int(row["gas_value"])),
                _money(int(row["net_value"])),
                str(row["latency_blocks"]),
                row["status"] if row["status"] == "lost" else row["kind"],
            )
        )
    headings = ("account", "repaid", "received", "bonus", "gas", "net", "blocks", "how")
    _table("What was done, and how many blocks after it could be", headings, rows)
    approvals = f", {_money(earned.approvals)} of it for approvals" if earned.approvals else ""
    gas = sum(int(row["gas_value"]) for row in earned.rows) + earned.approvals
    say(
        f"{len(earned.done)} of {len(earned.rows)} calls went through: net {_money(earned.net)} after "
        f"{_money(gas)} for gas{approvals}.\nLog: {log}"
    )


def _say_look(look: Any) -> None:
    rate = look.debtors / look.seconds if look.seconds else 0
    say(
        f"Block {look.head.number:,}: {look.debtors:,} debtors read in {look.seconds:.2f} s "
        f"({rate:,.0f} a second), {len(look.unhealthy):,} unhealthy, {len(look.offers):,} worth a "
        f"call, {len(look.write_offs):,} only to be written off."
    )


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _paid(watch: Any, id_: int, amount: int, as_shares: bool = False) -> str:
    return str(watch.spell(id_, amount, as_shares=as_shares))


def _short(address: str) -> str:
    return f"{address[:6]}…{address[-4:]}"


def _money(value: int) -> str:
    """In the base currency, to the cent, toward less."""
    return f"{Decimal(value // 10**16) / 100:,.2f}"


def _amount(text: str, option: str) -> int:
    """A number of the base currency, in WAD. Raises `KeeperError` when it is none."""
    from scripts._keeper_watch import KeeperError

    try:
        value = Decimal(text.replace("_", ""))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value < 0:
        raise KeeperError(f"{option} is {text!r}: give it a number, such as 25 or 0.5.")
    return int(value.scaleb(18))


def _limits(texts: Sequence[str], watch: Any) -> dict[int, int]:
    """Raw units by reserve."""
    from scripts._keeper_watch import KeeperError

    limits = {}
    for text in texts:
        symbol, sign, amount = text.partition("=")
        if not sign:
            raise KeeperError(f"--limit is {text!r}: write it as USDC=50000.")
        id_ = watch.asset_id(symbol)
        limits[id_] = _amount(amount, "--limit") * 10 ** watch.decimals(id_) // 10**18
    return limits


def _require_consistent(
    once: bool,
    blocks: int | None,
    liquidator: str | None,
    venue: str | None,
    limits: Sequence[str],
    through: Sequence[str],
) -> None:
    """Options that do not go together are a mistake."""
    from scripts._keeper_watch import KeeperError

    if once and blocks is not None:
        raise KeeperError("--once and --blocks both say when to end: give one of them.")
    if liquidator is not None and venue is None:
        raise KeeperError("--liquidator sells the collateral: name where, --venue 0x...")
    if liquidator is not None and limits:
        raise KeeperError("--limit is of own tokens, and --liquidator uses none: give one of them.")
    if liquidator is None and (venue is not None or through):
        raise KeeperError(
            "--venue and --through are for --liquidator: name one, or leave them out."
        )


def _around(deployment: Path | None, pool: str | None, chain: Any) -> Mapping[str, str]:
    """Lenses that a record names, as far as they are this project's; none without a record."""
    from scripts._keeper_watch import is_current
    from scripts._periphery import LENS, QUOTES
    from scripts._records import record_of

    if pool is not None:
        return {}
    contracts = record_of(chain, deployment)["contracts"]
    return {
        kind: contracts[key]["address"]
        for kind, key in (("Lens", LENS), ("QuoteLens", QUOTES))
        if key in contracts and is_current(chain.rpc, kind, contracts[key]["address"])
    }


def _require_liquidator(watch: Any, liquidator: str, venue: str) -> None:
    from eth_utils.address import to_checksum_address

    from scripts._keeper_watch import KeeperError, code_at
    from sims.fork.rpc import Call, Function, RpcError

    (answer,) = watch.rpc.try_read(
        [Call(liquidator, Function("pool()", ("address",)))], block=watch.head().number
    )
    if isinstance(answer, RpcError) or to_checksum_address(answer[0]) != watch.pool:
        raise KeeperError(f"What lives at {liquidator} is no FlashLiquidator of this pool.")
    if code_at(watch.rpc, [venue]) == [b""]:
        raise KeeperError(f"There is no contract at the venue {venue}.")


def _require_funds(watch: Any, payer: Any, sender: str) -> None:
    """Nothing can be sent without gas, and nothing repaid without tokens."""
    from scripts._keeper_offers import OwnTokens
    from scripts._keeper_watch import KeeperError

    price = int(watch.rpc.request("eth_gasPrice"), 16)
    held = int(watch.rpc.request("eth_getBalance", sender, "latest"), 16)
    if price and not held:
        raise KeeperError(f"{sender} has nothing to pay gas with: fund it, or take --dry-run.")
    block = watch.head().number
    if isinstance(payer, OwnTokens) and not any(payer.inventory(watch.assets(block), block)):
        raise KeeperError(
            f"{sender} has none of the pool's tokens to repay with: fund it, or name a "
            "FlashLiquidator, --liquidator 0x..."
        )
