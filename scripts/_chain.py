"""Connects to a network through Ape and says in one sentence why that did not work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from scripts._anvil import anvil_home, require_anvil
from sims.fork.rpc import Rpc, without_keys

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
    is_fork : what is on it comes from another chain, whoever started it.
    is_own : started for this command, and gone with it.
    rpc : the node behind it, for what Ape is too slow for.
    """

    provider: Any
    name: str
    chain_id: int
    is_development: bool
    is_fork: bool
    is_own: bool
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
            _without_step_traces(context._provider)
            with anvil_home(), _left_behind_by_nobody(context):
                provider = stack.enter_context(context)
            url = getattr(provider, "http_uri", None) or provider.connection_str
            if not url:
                raise ChainError(f"{choice} has no HTTP address: use a network with a node.")
            rpc = stack.enter_context(Rpc(url))
            chain = _describe(provider, rpc)
        except (ApeException, *node_errors()) as error:
            raise ChainError(
                f"Cannot use network {without_keys(choice)!r} ({first_line(error)}): correct "
                "--network, `ape networks list` shows what there is."
            ) from error
        try:
            yield chain
        except node_errors() as error:
            raise ChainError(
                f"{chain.name} failed ({first_line(error)}): run the command again when the node "
                "is well."
            ) from error


def node_errors() -> tuple[type[Exception], ...]:
    """What Ape and the libraries below it raise for a node that is not well."""
    from ape.exceptions import ProviderError
    from web3.exceptions import Web3Exception

    return ProviderError, Web3Exception, requests.RequestException


@contextlib.contextmanager
def _left_behind_by_nobody(context: Any) -> Iterator[None]:
    """Ape starts a fork's node before it looks at it, and keeps it when it does not like it."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            context._provider.disconnect()
        raise


def _without_step_traces(provider: Any) -> None:
    """Ape lets anvil keep every opcode of every call: 4 MB a liquidation, which nobody looks at."""
    build = getattr(provider, "build_command", None)
    if build is None:
        return

    def lighter() -> list[str]:
        return [word for word in build() if word != "--steps-tracing"]

    object.__setattr__(provider, "build_command", lighter)


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
        is_fork=network.is_fork or _is_forked(rpc, client),
        is_own=getattr(provider, "process", None) is not None,
        rpc=rpc,
    )


def _is_forked(rpc: Rpc, client: str) -> bool:
    """Whether a node that somebody else started is a fork: anvil and hardhat say so."""
    if not client.startswith(DEVELOPMENT_CLIENTS):
        return False
    (told,) = rpc.batch([("hardhat_metadata", ())], strict=False)
    return isinstance(told, dict) and told.get("forkedNetwork") is not None


def _fork_settings(choice: str, url: str | None, block: int | None) -> dict[str, Any]:
    # The name of an ecosystem and of a network, before a provider's name or a node's address.
    names = choice.split("://")[0].split(":")
    ecosystem, network = names[:2] if len(names) > 1 else ("ethereum", names[0])
    if choice.endswith(":foundry") or network.endswith("-fork"):
        require_anvil()
    if not network.endswith("-fork"):
        return {}
    forked: dict[str, Any] = {}
    if url is None and (network == "mainnet-fork" or os.environ.get("RPC_URL")):
        url = upstream_url()
    if url is not None:
        # Asked here, because a fork of a dead node, or of a block that is not there, fails late and
        # without naming it.
        with Rpc(url) as rpc:
            rpc.chain_id()
            if block is not None:
                rpc.block(block)
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
    """What an error says, without its lists, without keys and without a full stop."""
    if isinstance(error, requests.RequestException):
        return "no node answers"  # its own words hold the address
    lines = [line.strip() for line in str(error).split("Options:")[0].splitlines() if line.strip()]
    return without_keys(lines[0] if lines else type(error).__name__).rstrip(".")
