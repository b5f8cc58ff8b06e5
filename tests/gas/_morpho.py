"""Morpho Blue on the bench: one market per collateral, so that rows with more collaterals are missing.

The rate model that it is deployed with is not published as a package; one of equal work stands in.
"""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.gas._chain import OWNER, Call
from tests.gas._compile import PEERS, Artifacts, build, gather, peer_solc
from tests.gas._rows import ALL, THRESHOLD_BPS, UNIT, USD, World

SETTINGS: dict[str, Any] = {
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 999_999},
    "evmVersion": "paris",
    "metadata": {"bytecodeHash": "none"},
}
SCALE = 10 ** (36 + 6 - 18)  # both feeds have 8 decimals


def artifacts() -> Artifacts:
    """The core, and what stands around it, by the core's compiler and settings."""
    sources = gather(
        {
            "@morpho-org/morpho-blue/src/Morpho.sol": None,
            "bench/Morpho.sol": PEERS / "contracts" / "Morpho.sol",
        }
    )
    return build(sources, SETTINGS, peer_solc("solc-0.8.19"))


class Morpho:
    """One market: dollars against the first collateral."""

    name = "morpho_blue"

    def __init__(self, world: World) -> None:
        self.world, self.chain = world, world.chain
        chain, kinds = world.chain, artifacts()
        self.core = chain.deploy(kinds, "Morpho", OWNER)
        irm = chain.deploy(kinds, "BenchIrm", self.core)
        oracle = chain.deploy(kinds, "BenchOracle", world.feeds[1], world.feeds[0], SCALE)
        lltv = THRESHOLD_BPS * 10**14
        chain.send(OWNER, self.core.enableIrm(irm))
        chain.send(OWNER, self.core.enableLltv(lltv))
        self.market = (
            world.tokens[0].address,
            world.tokens[1].address,
            oracle.address,
            irm.address,
            lltv,
        )
        chain.send(OWNER, self.core.createMarket(self.market))
        self.id = keccak(encode(["address"] * 4 + ["uint256"], self.market))
        self.lens = chain.deploy(kinds, "BenchLens", self.core)
        self.borrower = chain.deploy(kinds, "BenchBorrower", self.core, world.tokens[0])
        world.fund(self.borrower.address)
        self._fill()

    def _fill(self) -> None:
        lender, borrower = self.user(), self.user()
        self.chain.send(lender, self.lend(lender, 10_000_000 * USD))
        self.chain.send(
            borrower, self.core.supplyCollateral(self.market, 10_000 * UNIT, borrower, b"")
        )
        self.chain.send(borrower, self.borrow(borrower, 6_000_000 * USD))

    def user(self) -> str:
        return self.world.wallet(self.core.address)

    def lend(self, user: str, amount: int) -> Call:
        return self.core.supply(self.market, amount, 0, user, b"")

    def withdraw(self, user: str, amount: int) -> Call:
        exact = (0, self.position(user)[0]) if amount == ALL else (amount, 0)
        return self.core.withdraw(self.market, *exact, user, user)

    def pledge(self, user: str, i: int, amount: int) -> Call | None:
        if i > 1:
            return None
        return self.core.supplyCollateral(self.market, amount, user, b"")

    def unpledge(self, user: str, i: int, amount: int) -> Call:
        return self.core.withdrawCollateral(self.market, amount, user, user)

    def borrow(self, user: str, amount: int) -> Call:
        return self.core.borrow(self.market, amount, 0, user, user)

    def repay(self, user: str, amount: int) -> Call:
        exact = (0, self.position(user)[1]) if amount == ALL else (amount, 0)
        return self.core.repay(self.market, *exact, user, b"")

    def liquidate(self, user: str, liquidator: str, kind: str) -> Call:
        _, debt, collateral = self.position(user)
        exact = {"partial": (0, debt // 2), "full": (0, debt), "bad_debt": (collateral, 0)}[kind]
        return self.core.liquidate(self.market, user, *exact, b"")

    def flash(self, user: str, amount: int) -> Call:
        return self.borrower.borrow(amount)

    def give(self, user: str, to: str, amount: int) -> None:
        return None

    def view(self, user: str) -> Call:
        return self.lens.account(self.market, user)

    def position(self, user: str) -> tuple[int, int, int]:
        supplied, owed, collateral = self.chain.read(self.core, "position", self.id, user)
        return supplied, owed, collateral
