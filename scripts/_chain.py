"""Connects to a network through Ape and says in one sentence why that did not work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts._anvil import anvil_home, require_anvil
from sims.fork.rpc import Rpc

MAIN_CHAINS = frozenset({1, 10, 56, 100, 137, 8453, 42161, 43114, 59144, 534352})
"""Chains with real money, by id."""

DEVELOPMENT_CLIENTS = ("anvil", "hardhat", "ganache", "ethereumjs")


class ChainError(RuntimeError):
    """Why a network cannot be used, in one sentence."""


@dataclass(frozen=True)
class Chain:
    """A connected network.

    Attributes
    ----------
    name : as in file names, `ethereum-sepolia`.
    is_development : nothing on it is worth anything: a local chain or a fork.
    is_fork : what is on it comes from another chain.
    rpc : the node behind it, for what Ape is too slow for.
    """

    provider: Any
    name: str
    chain_id: int
    is_development: bool
    is_fork: bool
    rpc: Rpc

    @property
    def has_real_money(self) -> bool:
        """Whether mock tokens have no business here."""
        return not self.is_development and (
            self.chain_id in MAIN_CHAINS or self.provider.network.name == "mainnet"
        )

    @property
    def confirmations(self) -> int | None:
        """How many blocks to wait for; None leaves it to the network's configuration."""
        # A local chain that poses as another mines on demand: more blocks would never come.
        return 0 if self.is_development else None


@contextlib.contextmanager
def connected(
    choice: str, *, fork_url: str | None = None, fork_block: int | None = None
) -> Iterator[Chain]:
    """The network of an Ape choice such as `ethereum:mainnet-fork:foundry`, or a node's address.

    Parameters
    ----------
    fork_url
        What a fork reads from, instead of `upstream_provider` in ape-config.yaml ($RPC_URL).
    fork_block
        The block at which to fork; the latest when None.
    """
    from ape import networks
    from ape.exceptions import ApeException
    from ape.logging import LogLevel, logger

    settings = _fork_settings(choice, fork_url, fork_block)
    with contextlib.ExitStack() as stack:
        # A line for every transaction would drown the progress bars.
        stack.enter_context(logger.at_level(LogLevel.WARNING))
        try:
            context = networks.parse_network_choice(
                choice, provider_settings=settings, disconnect_after=True
            )
            with anvil_home(), _left_behind_by_nobody(context):
                provider = stack.enter_context(context)
            url = getattr(provider, "http_uri", None) or provider.connection_str
            if not url:
                raise ChainError(f"{choice} has no HTTP address: use a network with a node.")
            rpc = stack.enter_context(Rpc(url))
            chain = _describe(provider, rpc)
        except ApeException as error:
            raise ChainError(
                f"Cannot use network {choice!r} ({first_line(error)}): correct --network, "
                "`ape networks list` shows what there is."
            ) from error
        yield chain


@contextlib.contextmanager
def _left_behind_by_nobody(context: Any) -> Iterator[None]:
    """Ape starts a fork's node before it looks at it, and keeps it when it does not like it."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            context._provider.disconnect()
        raise


def _describe(provider: Any, rpc: Rpc) -> Chain:
    network = provider.network
    client = str(rpc.request("web3_clientVersion")).lower()
    return Chain(
        provider=provider,
        name=f"{network.ecosystem.name}-{network.name}",
        chain_id=rpc.chain_id(),
        is_development=network.is_local
        or network.is_fork
        or client.startswith(DEVELOPMENT_CLIENTS),
        is_fork=network.is_fork,
        rpc=rpc,
    )


def _fork_settings(choice: str, url: str | None, block: int | None) -> dict[str, Any]:
    if choice.endswith(":foundry") or "-fork" in choice:
        require_anvil()
    if "-fork" not in choice:
        return {}
    ecosystem, network, *_ = choice.split(":") if ":" in choice else ("ethereum", choice)
    forked: dict[str, Any] = {}
    if url is None and network == "mainnet-fork":
        url = upstream_url()
    if url is not None:
        # Asked here, because a fork of a dead node fails late and without naming it.
        with Rpc(url) as rpc:
            rpc.chain_id()
        forked["upstream_provider"] = url
    if block is not None:
        forked["block_number"] = block
    return {"fork": {ecosystem or "ethereum": {network.replace("-fork", ""): forked}}}


def upstream_url() -> str:
    """The node that mainnet forks read from."""
    url = os.environ.get("RPC_URL", "").strip()
    if not url:
        raise ChainError(
            "RPC_URL is not set: set it to the address of a mainnet node, for example "
            "RPC_URL=https://... ape run snapshot ..."
        )
    return url


def first_line(error: BaseException) -> str:
    """What an error says, without its lists and without a full stop."""
    lines = [line.strip() for line in str(error).split("Options:")[0].splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
