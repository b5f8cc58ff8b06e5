"""A market on a chain of our own: deployed as anywhere, and filled with accounts that trade."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from scripts._anvil import anvil
from scripts._chain import Chain, connected
from scripts._deploy import Deployed, Deployment
from scripts._fill import fill, pass_time
from scripts.deploy import load_account
from sims.book import Book, seeded_book
from sims.cli import Bars
from sims.market import Market as Parameters
from sims.market import load_market

MARKET = Path("scripts/_markets/ethereum.yaml")
DAY_S = 86_400
CHAIN = ("--chain-id", "1", "--auto-impersonate", "--gas-limit", "30000000000")
FREE_GAS = ("--block-base-fee-per-gas", "0", "--gas-price", "0")


@dataclass(frozen=True)
class Market:
    """A node, the pool on it, and what people call that; what is not known has to be found."""

    url: str
    pool: str | None = None
    name: str | None = None


@contextlib.contextmanager
def local_market(accounts: int, seed: int, bars: Bars, clock: Clock) -> Iterator[Market]:
    """A chain of our own with the market file deployed and filled."""
    parameters = load_market(MARKET)
    book = seeded_book(parameters, accounts=accounts, rng=np.random.default_rng(seed))
    with local_chain() as url:
        with connected(f"ethereum:mainnet:{url}") as chain:
            deployed = deploy_and_fill(chain, parameters, book, bars, clock)
        yield Market(url, deployed.pool, f"{parameters.name}, on a local chain")


@contextlib.contextmanager
def local_chain() -> Iterator[str]:
    """The address of a node of our own that lets anybody send for anybody at no cost."""
    with anvil(*CHAIN, *FREE_GAS) as url:
        yield url


def deploy_and_fill(
    chain: Chain, parameters: Parameters, book: Book, bars: Bars, clock: Clock, *, about: str = ""
) -> Deployed:
    """Deploys a market with mock tokens and feeds, and lets the accounts of a book trade for a day."""
    # Nobody uses the periphery here, and each price is one mock's.
    parameters = parameters.bare()
    symbols = parameters.symbols
    # Records of a chain that ends with this command are for nobody.
    with clock("deploy"), tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(
            parameters,
            market_file=MARKET,
            chain=chain,
            account=load_account(None, development=True),
            mocks=True,
            folder=Path(folder),
        )
        total = len(deployment.plan)
        deployed = deployment.run(
            progress=lambda step: bars(f"{about}deploy", deployment.plan.index(step), total)
        )
        bars(f"{about}deploy", total, total)
    with clock("fill"):
        tokens = [deployed.token(s) for s in symbols]
        feeds = [deployed.feed(s) for s in symbols]

        def told(what: str, done: int, of: int) -> None:
            bars(about + what, done, of)

        fill(chain.rpc, parameters, book, pool=deployed.pool, tokens=tokens, progress=told)
        pass_time(chain.rpc, parameters, feeds=feeds, seconds=DAY_S)
    return deployed


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds[stage] = round(perf_counter() - start, 3)
