"""A pool on the machine whose one reserve is as awkward as wanted, for thousands of calls.

Asset 0 has any number of decimals and a price of one dollar per token; asset 1 is collateral. What
the supply index is comes from a story: interest over years, or a debt written off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests._cast import MAX, WAD, YEAR_S, ZERO
from tests._revm import DEPLOYER, Chain, Contract, Reverted

ALICE, BOB, CAROL, BORROWER = ("0x" + f"{i:02x}" * 20 for i in (0xA1, 0xB2, 0xC3, 0xD4))
USERS = (ALICE, BOB, CAROL)
CURVE = (300, 80, 500, 60)  # 3 % at rest, 53 % at the kink, 113 % at the end
STILL = (0, 100, 0, 0)
FEED_DECIMALS = 8


class Bench:
    """A pool, its tokens and a crowd with plenty of them."""

    def __init__(self, decimals: int = 18, *, curve: tuple[int, int, int, int] = CURVE) -> None:
        self.chain = Chain()
        self.decimals, self.one, self.curve = decimals, 10**decimals, curve
        deploy = self.chain.deploy
        self.authority = deploy("Authority", DEPLOYER)
        self.configurator = deploy("Configurator", self.authority.address)
        self.pool = self.new_pool()
        self.token = deploy("MockToken", "Token", "TKN", decimals)
        self.collateral = deploy("MockToken", "Collateral", "COL", 18)
        self.feeds = [deploy("MockFeed", FEED_DECIMALS, 10**FEED_DECIMALS) for _ in range(2)]
        self.list_both(self.pool)
        for user in (*USERS, BORROWER):
            self.fund(self.pool, user)

    # ------------------------------------------------------------------ setting the scene

    def new_pool(self) -> Contract:
        """A pool with terms of liquidation and nothing else."""
        address = self.chain.deploy("Pool", self.configurator.address).address
        pool = Contract(self.chain, "IPool", address)
        self.configurator.setLiquidationTerms(address, 10_500, 9_000, 1_000, 50, ZERO)
        return pool

    def list_both(self, pool: Contract) -> None:
        """Opens the reserves of a pool."""
        for token, feed in zip((self.token, self.collateral), self.feeds, strict=True):
            self.token.mint(DEPLOYER, 2 * self.one)
            self.collateral.mint(DEPLOYER, 2 * WAD)
            token.approve(self.configurator.address, MAX)
            p = (feed.address, 86_400, 8_000, 8_300, 250, 500, 10, 10, self.curve, ZERO)
            seed = self.one if token is self.token else WAD
            self.configurator.listReserve(
                pool.address, token.address, (*p, MAX, MAX, 2**93 - 1, 0, True), seed
            )

    def fund(self, spender: Contract, user: str) -> None:
        """Gives a user a trillion tokens of each kind, and approves a contract."""
        for token, one in ((self.token, self.one), (self.collateral, WAD)):
            token.mint(user, 10**12 * one)
            token.approve(spender.address, MAX, sender=user)

    def lend_and_borrow(self, supplied: int, borrowed: int) -> None:
        """Bob supplies, the borrower borrows; raw units."""
        self.pool.supply(0, supplied, BOB, sender=BOB)
        if borrowed:
            self.pool.supply(1, 2_000 * WAD, BORROWER, sender=BORROWER)
            self.pool.borrow(0, borrowed, BORROWER, BORROWER, sender=BORROWER)

    def wait(self, seconds: int) -> None:
        """Lets time pass; the feeds stay fresh."""
        self.chain.now += seconds
        for feed in self.feeds:
            feed.set(feed.latestRoundData()[1])

    def age(self, seconds: int = 3 * YEAR_S + 12_345) -> None:
        """Interest: an index that is no round number."""
        self.lend_and_borrow(1_000 * self.one, 400 * self.one + 7)
        self.wait(seconds)

    def write_off(self, left: int) -> None:
        """A debt of nearly everything is written off: `left` raw units stay of a thousand tokens."""
        self.lend_and_borrow(999 * self.one, 1_000 * self.one - left)
        self.feeds[1].set(1)
        self.pool.writeOff(BORROWER)
        self.feeds[1].set(10**FEED_DECIMALS)

    def scene(self, kind: str) -> None:
        """One of the awkward indices by name."""
        if kind == "aged":
            self.age()
        elif kind == "fallen":
            # A millionth is left, or one raw unit; then life goes on.
            self.write_off(max(self.one // 997, 1))
            self.lend_and_borrow(self.one * 10, self.one * 3)
            self.wait(98_765)

    def switch(self, name: str) -> None:
        """`pause`, `freeze` and back."""
        getattr(self.configurator, name)(self.pool.address, 0)

    def cap(self, supply_cap: int) -> None:
        """Another supply cap."""
        self.configurator.setLimits(self.pool.address, 0, supply_cap, MAX, True)

    def limit_outflow(self, capacity: int, window_s: int = 86_400) -> None:
        """A limit on outflow."""
        self.configurator.setOutflowLimit(self.pool.address, 0, capacity, window_s)

    # ------------------------------------------------------------------ asking

    def index(self) -> int:
        """The supply index now, WAD."""
        return int(self.reserve()[8])

    def reserve(self) -> tuple[Any, ...]:
        """`ReserveData`."""
        return tuple(self.pool.reserveData(0))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What happens in here has not happened afterwards."""
        checkpoint = self.chain.evm.snapshot()
        try:
            yield
        finally:
            self.chain.evm.revert(checkpoint)

    def fails(self, method: Any, *args: Any, sender: str) -> bool:
        """Whether a call reverts. It leaves no trace either way."""
        with self.apart():
            try:
                method(*args, sender=sender)
            except (Reverted, RuntimeError):
                return True
            return False
