"""Every function of every contract against everybody who has a power, and somebody who has none.

Made from the ABIs: whatever can change anything has a row that says who may call it, and a function that is
new has none and fails here. Who may gets past the gate, at once or once he has announced it; everybody else
is refused by name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyrevm
import pytest

from scripts._roles import ROLES, handover_calls, role_calls
from tests._cast import DAY_S, ZERO
from tests._revm import DEPLOYER, Contract, contract_types, functions
from tests.exploits._machine import Machine, outcome

CONTRACTS = Path(__file__).parents[2] / "contracts"

AT_ONCE, ANNOUNCED, REFUSED = "at once", "announced", "refused"
ANYBODY = "anybody"

GATES = {
    "AccessManagedUnauthorized",
    "AccessManagerUnauthorizedAccount",
    "AccessManagerUnauthorizedCall",
    "AccessManagerUnauthorizedConsume",
    "NotConfigurator",
    "NotPool",
    "NotSelf",
}
"""The errors of who may not. Any other comes after the gate."""


def writes(name: str) -> dict[str, dict[str, Any]]:
    """The functions of a contract that can change anything, by name."""
    return {
        item["name"]: item
        for item in contract_types()[name]["abi"]
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }


def nothing(item: dict[str, Any]) -> Any:
    """The emptiest argument of a type."""
    kind = item["type"]
    if kind.endswith("]"):
        return []
    if kind == "tuple":
        return tuple(map(nothing, item["components"]))
    empty = {"address": ZERO, "bool": False, "string": "", "bytes": b""}
    return empty.get(kind, b"" if kind.startswith("bytes") else 0)


class Scene(Machine):
    """A market handed over to its people, and everything else that there is beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.list(self.token(), 2)
        self.list(self.token())
        deploy, token = self.chain.deploy, self.tokens[0].address
        pool, authority = self.pool.address, self.authority.address
        feed = self.feeds[0].address
        self.people = {r.label: f"0x{r.id:02x}" + "ab" * 19 for r in ROLES}
        self.people |= {"ADMIN": "0xad" + "ab" * 19, "somebody": "0x5b" + "ab" * 19}
        vault = deploy("CuratedVault", token, "V", "v", authority, self.people["ADMIN"])
        curve = (9 * 10**17, 4 * 10**18, 50 * 10**18, 4 * 10**16, 10**15, 2 * 10**18)
        rate = deploy("MockRate", 10**18)
        source = (rate.address, rate.functions["rate"].selector, 0, 18)
        self.contracts: dict[str, Contract] = {
            "IPool": self.pool,
            "Configurator": self.configurator,
            "Authority": self.authority,
            "RiskSteward": deploy("RiskSteward", authority, self.configurator.address),
            "CuratedVault": vault,
            "InsuranceVault": deploy("InsuranceVault", pool, token, 10 * DAY_S, 2 * DAY_S),
            "WrappedSupply": deploy("WrappedSupply", pool, token),
            "DeleverageOrders": deploy("DeleverageOrders", pool),
            "FlashLiquidator": deploy("FlashLiquidator", pool),
            "FlashLender": deploy("FlashLender", pool),
            "AdaptiveRateModel": deploy("AdaptiveRateModel", curve),
            "KinkedRateModel": deploy("KinkedRateModel", (0, 90, 40, 60)),
            "MovingAverageFeed": deploy("MovingAverageFeed", feed, DAY_S, 3_600, 600),
            "NativeGateway": deploy("NativeGateway", pool, token),
            "GrowthCappedFeed": deploy("GrowthCappedFeed", feed, DAY_S, source, 10**17, 10**17, 8),
            "DutchAuctionModel": deploy("DutchAuctionModel", pool, 600, 3_600),
            "UniswapV3Venue": deploy("UniswapV3Venue", feed, False),
        }
        selectors = {
            n: f.selector
            for c in ("Configurator", "RiskSteward", "CuratedVault")
            for n, f in functions(c).items()
        }
        self.configure("pausePrice", 1, DAY_S)
        setup = role_calls(
            {r.label: [self.people[r.label]] for r in ROLES},
            configurator=self.configurator.address,
            steward=self.contracts["RiskSteward"].address,
            selectors=selectors,
            vaults=[vault.address],
        )
        over = handover_calls(governance=self.people["ADMIN"], deployer=DEPLOYER)
        for call in (*setup, *over):
            getattr(self.authority, call.function)(*call.arguments)


def rows(**who: str) -> dict[str, str]:
    """Who may call what, by function: `role="these functions"`."""
    return {name: caller for caller, names in who.items() for name in names.split()}


TOKEN = "approve permit transfer transferFrom"  # its holders', by allowance or signature
VAULT = f"{TOKEN} deposit mint withdraw redeem"
TABLE: dict[str, dict[str, str]] = {
    # For another account by his consent: see `test_truth_table_aliases.py`.
    "IPool": rows(
        anybody="supply supplyAndCall withdraw transfer transferFrom borrow repay repayAndCall"
        " repayWithSupply takeDebt convert setCollateral setCategory flashLoan flashLoans batch"
        " liquidate liquidateAndCall writeOff accrue authorize authorizeBySig allow allowBySig"
        " approve setOperator useNonce permit",
        configurator="addReserve setRates setLimits setIdleCap setRisk setSwitches"
        " setCategoryTerms setLiquidationTerms collectBuffer",
    ),
    "Configurator": rows(
        LISTING="listReserve",
        RISK="setRisk setInsurer",
        RATES="setRates",
        LIMITS="setLimits setIdleCap setOutflowLimit",
        CATEGORIES="setCategory",
        LIQUIDATION="setLiquidationTerms",
        TREASURY="collectBuffer",
        REOPENING="unpause unfreeze resumePrice",
        GUARDIAN="pause freeze tighten pausePrice",
        PRICES="setFeed setCautiousFeed",
        authority="setAuthority",
    ),
    "Authority": rows(
        ADMIN="grantRole revokeRole labelRole setGrantDelay setRoleAdmin setRoleGuardian"
        " setTargetAdminDelay setTargetClosed setTargetFunctionRole updateAuthority",
        anybody="multicall renounceRole",  # each call by itself; one's own
        RISK="schedule",  # of what is in the row below
        GUARDIAN="execute",
        target="consumeScheduledOp",  # for which something was announced
        announced="cancel",  # by its guardian; there is nothing here
    ),
    "RiskSteward": rows(STEWARD="change", BOUNDS="setBound setRamp", authority="setAuthority"),
    "CuratedVault": rows(
        anybody=VAULT,
        CURATOR="raiseCap setFee setFeeRecipient setDepositLimit abandon resume sweep",
        ALLOCATOR="reallocate setSupplyQueue setWithdrawQueue remove",
        GUARDIAN="lowerCap suspend",
        authority="setAuthority",
        itself="step",
    ),
    "InsuranceVault": rows(anybody=f"{VAULT} cooldown"),
    "WrappedSupply": rows(anybody=f"{VAULT} depositShares redeemShares"),
    "DeleverageOrders": rows(anybody="fill cancel", pool="onRepay"),
    "FlashLiquidator": rows(anybody="liquidate liquidateMany", pool="onLiquidate", itself="step"),
    "FlashLender": rows(anybody="flashLoan", pool="onFlashLoan"),
    "NativeGateway": rows(anybody="supplyNative withdrawNative borrowNative repayNative"),
    "UniswapV3Venue": rows(anybody="swap"),
    "AdaptiveRateModel": rows(anybody="accrued"),  # of the caller's own, as a pool
    "KinkedRateModel": rows(anybody="accrued"),
    "MovingAverageFeed": rows(anybody="poke"),
    "GrowthCappedFeed": rows(anybody="update"),
    "DutchAuctionModel": rows(anybody="start stop"),
}

AT_ONCE_BY = {"GUARDIAN", "STEWARD", "ALLOCATOR"}
"""Roles that need not announce: they stop, tighten, or move within bounds that others have set."""

IMPOSTORS = ("configurator", "pool")
CALLERS = (*(r.label for r in ROLES), "ADMIN", "somebody", *IMPOSTORS)


@pytest.fixture(scope="module")
def stage():
    return Scene()


def test_table__of_functions__is_that_of_the_sources(stage):
    """A contract or a function that is new has no row, and fails here."""
    sources = [
        p
        for p in CONTRACTS.rglob("*.sol")
        if not {"mocks", "interfaces", "libraries", ".cache"} & set(p.parts)
    ]
    names = [
        n for p in sources for n in re.findall(r"^contract (\w+)", p.read_text(), re.MULTILINE)
    ]
    changing = {name for name in names if writes(name)} - {"Pool", "PoolExtension"}

    assert set(writes("Pool")) | set(writes("PoolExtension")) == set(writes("IPool"))
    assert changing | {"IPool"} == set(TABLE) == set(stage.contracts)
    for name, table in TABLE.items():
        assert set(table) == set(writes(name)), name


def arguments(stage: Scene, contract: str, item: dict[str, Any]) -> list[Any]:
    """The emptiest, where that comes as far as the gate."""
    configurator = stage.configurator

    def call(name: str) -> bytes:
        inputs = writes("Configurator")[name]["inputs"]
        return configurator.functions[name].encode(*map(nothing, inputs))

    target = configurator.address
    special = {
        "resumePrice": [stage.pool.address, 1],  # which is paused
        "schedule": [target, call("setRisk"), 0],
        "execute": [target, call("pause")],
        "cancel": [stage.people["RISK"], target, call("setRisk")],
        "consumeScheduledOp": [stage.people["RISK"], call("setRisk")],
    }
    if contract != "DeleverageOrders" and item["name"] in special:
        return special[item["name"]]
    return [nothing(i) for i in item["inputs"]]


def verdict(error: str, function: str = "") -> str:
    """Of what a call came to."""
    if error in GATES or (function == "consumeScheduledOp" and error == "reverts"):
        return REFUSED
    return ANNOUNCED if error == "AccessManagerNotScheduled" else AT_ONCE


def expected(function: str, who: str, caller: str) -> str:
    """The cell of a function that `who` may call."""
    if who == ANNOUNCED:
        return ANNOUNCED
    if who not in (ANYBODY, caller):
        return REFUSED
    at_once = who in (ANYBODY, *IMPOSTORS, *AT_ONCE_BY) or function == "schedule"
    return AT_ONCE if at_once else ANNOUNCED


@pytest.mark.parametrize("name", TABLE)
def test_function__of_a_contract__opens_to_those_described_and_to_nobody_else(stage, name):
    contract = stage.contracts[name]
    assert {*stage.people, *IMPOSTORS} == set(CALLERS)
    for function, item in writes(name).items():
        for caller, address in stage.people.items():
            with stage.apart():
                method = getattr(contract, function)
                error = outcome(method, *arguments(stage, name, item), sender=address)
                cell = expected(function, TABLE[name][function], caller)
                assert verdict(error, function) == cell, (function, caller, error)


@pytest.mark.parametrize("caller", IMPOSTORS)
def test_function__called_by_a_contract_of_the_market__opens_where_that_is_described(caller):
    """The contract's code is replaced by one that calls whatever it is told to."""
    stage = Scene()
    address = getattr(stage, caller).address
    data = {
        (name, function): contract.functions[function].encode(*arguments(stage, name, item))
        for name, contract in stage.contracts.items()
        for function, item in writes(name).items()
        if contract.address != address
    }
    code = contract_types()["MockCaller"]["runtimeBytecode"]["bytecode"]
    info = pyrevm.AccountInfo(nonce=1, code=bytes.fromhex(code[2:]))
    stage.chain.evm.insert_account_info(address, info)
    impostor = Contract(stage.chain, "MockCaller", address)
    for (name, function), call in data.items():
        with stage.apart():
            error = outcome(impostor.act, [(stage.contracts[name].address, call)])
            cell = expected(function, TABLE[name][function], caller)
            assert verdict(error, function) == cell, (name, function, error)


def test_function__without_a_gate__opens_to_somebody(stage):
    """The twin: a setter that asks nobody, as Rikkei's did, opens to everybody."""
    book = stage.chain.deploy("MockNaiveBook", stage.tokens[0].address, 10**18)
    for caller in stage.people.values():
        assert verdict(outcome(book.setRate, 1, ZERO, sender=caller)) == AT_ONCE


def cases() -> int:
    """Cells: every function, every caller, itself included."""
    return sum(map(len, TABLE.values())) * len(CALLERS)
