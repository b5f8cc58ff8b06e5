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
from scripts._chain import connected
from scripts._deploy import Deployment
from scripts._fill import fill, pass_time
from scripts.deploy import load_account
from sims.book import seeded_book
from sims.cli import Bars
from sims.market import Periphery, load_market

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
    # Nobody uses the periphery here.
    parameters = load_market(MARKET).model_copy(update={"periphery": Periphery()})
    book = seeded_book(parameters, accounts=accounts, rng=np.random.default_rng(seed))
    with anvil(*CHAIN, *FREE_GAS) as url:
        with (
            connected(f"ethereum:mainnet:{url}") as chain,
            # Records of a chain that ends with this block are for nobody.
            tempfile.TemporaryDirectory() as folder,
        ):
            with clock("deploy"):
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
                    progress=lambda step: bars("deploy", deployment.plan.index(step), total)
                )
                bars("deploy", total, total)
            symbols = parameters.symbols
            with clock("fill"):
                tokens = [deployed.token(s) for s in symbols]
                feeds = [deployed.feed(s) for s in symbols]
                fill(chain.rpc, parameters, book, pool=deployed.pool, tokens=tokens, progress=bars)
                pass_time(chain.rpc, parameters, feeds=feeds, seconds=DAY_S)
        yield Market(url, deployed.pool, f"{parameters.name}, on a local chain")


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds[stage] = round(perf_counter() - start, 3)
