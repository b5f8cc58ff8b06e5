"""Aave v3.6 on the bench, as its own scripts lay it out: pool, tokens and rewards behind proxies."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.gas._chain import OWNER, Call, Contract
from tests.gas._compile import PEERS, REMAPPINGS, Artifacts, build, gather, peer_solc
from tests.gas._rows import (
    ALL,
    BONUS_BPS,
    LTV_BPS,
    PARTIAL,
    THRESHOLD_BPS,
    UNIT,
    USD,
    World,
    collaterals,
)

SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "shanghai",
    "metadata": {"bytecodeHash": "none"},
    "remappings": [f"{name}={folder}" for name, folder in REMAPPINGS.items()],
}
SOURCES = (
    "instances/PoolInstance",
    "instances/PoolConfiguratorInstance",
    "instances/ATokenInstance",
    "instances/VariableDebtTokenInstance",
    "protocol/configuration/PoolAddressesProvider",
    "protocol/configuration/ACLManager",
    "misc/AaveOracle",
    "misc/DefaultReserveInterestRateStrategyV2",
    "rewards/EmissionManager",
    "rewards/RewardsController",
)
CURVE = (9_000, 0, 400, 6_000)  # optimal usage, base, two slopes, all in basis points
CAP = 10**10  # whole tokens
VARIABLE = 2
ZERO = "0x" + "00" * 20


def artifacts() -> Artifacts:
    """What is deployed, by the package's compiler and settings."""
    roots = {f"@aave-dao/aave-v3-origin/src/contracts/{s}.sol": None for s in SOURCES}
    sources = gather({**roots, "bench/Aave.sol": PEERS / "contracts" / "Aave.sol"})
    return build(sources, SETTINGS, peer_solc("solc-0.8.27"))


class Aave:
    """One pool with six reserves, all of them collateral and all of them lent."""

    name = "aave_v3_6"

    def __init__(self, world: World) -> None:
        self.world, self.chain = world, world.chain
        self.kinds = artifacts()
        self.libraries: dict[str, str] = {}
        self._deploy()
        for i in range(len(world.tokens)):
            self._list(i)
        self.borrower = self._new("BenchBorrower", self.pool, world.tokens[0])
        world.fund(self.borrower.address)
        self._fill()

    def _deploy(self) -> None:
        world = self.world
        provider = self._new("PoolAddressesProvider", "bench", OWNER)
        self._own(provider.setACLAdmin(OWNER))
        acl = self._new("ACLManager", provider)
        self._own(provider.setACLManager(acl))
        self._own(acl.addPoolAdmin(OWNER))
        oracle = self._new("AaveOracle", provider, world.tokens, world.feeds, ZERO, ZERO, 10**8)
        self._own(provider.setPriceOracle(oracle))
        strategy = self._new("DefaultReserveInterestRateStrategyV2", provider)
        self._own(provider.setPoolImpl(self._new("PoolInstance", provider, strategy)))
        self._own(provider.setPoolConfiguratorImpl(self._new("PoolConfiguratorInstance")))
        self.pool = self._proxy(provider, "getPool", "PoolInstance")
        self.configurator = self._proxy(provider, "getPoolConfigurator", "PoolConfiguratorInstance")
        rewards_id = keccak(text="INCENTIVES_CONTROLLER")
        emissions = self._new("EmissionManager", OWNER)
        self._own(provider.setAddressAsProxy(rewards_id, self._new("RewardsController", emissions)))
        rewards = self.chain.read(provider, "getAddress", rewards_id)
        self._own(emissions.setRewardsController(rewards))
        self.treasury = self.chain.account()
        self.share = self._new("ATokenInstance", self.pool, rewards, self.treasury)
        self.debt = self._new("VariableDebtTokenInstance", self.pool, rewards)
        self._own(self.configurator.updateFlashloanPremium(5))

    def _list(self, i: int) -> None:
        token, c = self.world.tokens[i].address, self.configurator
        reserve = {
            "aTokenImpl": self.share.address,
            "variableDebtTokenImpl": self.debt.address,
            "underlyingAsset": token,
            "aTokenName": f"Share {i}",
            "aTokenSymbol": f"a{i}",
            "variableDebtTokenName": f"Debt {i}",
            "variableDebtTokenSymbol": f"d{i}",
            "params": b"",
            "interestRateData": encode(["uint16", "uint32", "uint32", "uint32"], CURVE),
        }
        self._own(c.initReserves([reserve]))
        bonus = 10_000 + BONUS_BPS
        self._own(c.configureReserveAsCollateral(token, LTV_BPS, THRESHOLD_BPS, bonus))
        self._own(c.setReserveBorrowing(token, True))
        self._own(c.setReserveFlashLoaning(token, True))
        self._own(c.setReserveFactor(token, 1_000))
        self._own(c.setLiquidationProtocolFee(token, 1_000))
        self._own(c.setSupplyCap(token, CAP))
        self._own(c.setBorrowCap(token, CAP))

    def _fill(self) -> None:
        """Other people: every reserve is lent to 60 %, and the treasury has some of every share."""
        lender, borrower = self.user(), self.user()
        self.chain.send(lender, self.lend(lender, 10_000_000 * USD))
        for i in collaterals():
            self.chain.send(borrower, self._supply(borrower, i, 10_000 * UNIT))
        for i in collaterals():
            self.chain.send(borrower, self._borrow(borrower, i, 6_000 * UNIT))
            self.chain.send(borrower, self._supply(self.treasury, i, UNIT))
        self.chain.send(borrower, self.borrow(borrower, 6_000_000 * USD))

    def _new(self, name: str, *args: Any) -> Contract:
        """Deploys a contract, and the libraries that it is linked to first."""
        for names in self.kinds[name].links.values():
            for library in names:
                if library not in self.libraries:
                    self.libraries[library] = self._new(library).address
        return self.chain.deploy(self.kinds, name, *args, libraries=self.libraries)

    def _proxy(self, provider: Contract, getter: str, kind: str) -> Contract:
        return Contract(self.chain.read(provider, getter), self.kinds[kind].abi, kind)

    def _own(self, call: Call) -> None:
        self.chain.send(OWNER, call)

    # ------------------------------------------------------------------- as the pool calls it

    def _supply(self, user: str, i: int, amount: int) -> Call:
        return self.pool.supply(self.world.tokens[i], amount, user, 0)

    def _borrow(self, user: str, i: int, amount: int) -> Call:
        return self.pool.borrow(self.world.tokens[i], amount, VARIABLE, 0, user)

    def user(self) -> str:
        return self.world.wallet(self.pool.address)

    def lend(self, user: str, amount: int) -> Call:
        return self._supply(user, 0, amount)

    def withdraw(self, user: str, amount: int) -> Call:
        return self.pool.withdraw(self.world.tokens[0], amount, user)

    def pledge(self, user: str, i: int, amount: int) -> Call:
        return self._supply(user, i, amount)

    def unpledge(self, user: str, i: int, amount: int) -> Call:
        return self.pool.withdraw(self.world.tokens[i], amount, user)

    def borrow(self, user: str, amount: int) -> Call:
        return self._borrow(user, 0, amount)

    def repay(self, user: str, amount: int) -> Call:
        return self.pool.repay(self.world.tokens[0], amount, VARIABLE, user)

    def liquidate(self, user: str, liquidator: str, kind: str) -> Call:
        usd, collateral = self.world.tokens[:2]
        most = PARTIAL * USD if kind == "partial" else ALL
        return self.pool.liquidationCall(collateral, usd, user, most, False)

    def flash(self, user: str, amount: int) -> Call:
        return self.borrower.borrow(amount)

    def give(self, user: str, to: str, amount: int) -> Call:
        return self._token("getReserveAToken", 0, "ATokenInstance").transfer(to, amount)

    def view(self, user: str) -> Call:
        return self.pool.getUserAccountData(user)

    def position(self, user: str) -> tuple[int, int, int]:
        read = self.chain.read
        share, debt = "getReserveAToken", "getReserveVariableDebtToken"
        return (
            read(self._token(share, 0, "ATokenInstance"), "balanceOf", user),
            read(self._token(debt, 0, "VariableDebtTokenInstance"), "balanceOf", user),
            read(self._token(share, 1, "ATokenInstance"), "balanceOf", user),
        )

    def _token(self, getter: str, i: int, kind: str) -> Contract:
        address = self.chain.read(self.pool, getter, self.world.tokens[i].address)
        return Contract(address, self.kinds[kind].abi, kind)
