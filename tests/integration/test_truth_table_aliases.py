"""Every action against every address and asset that may be one with another: who gains, and what is refused.

One row an address that an action takes, one column whose it is: the caller's own, the pool's, nobody's, a
wrapper's, the configurator's, a token's. Where an action takes two assets, or several calls, they are one
and the same. Whatever goes through is a gift of the caller's at most: he is no richer, nobody is poorer, and
the books add up.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests._cast import MAX, SHARES, ZERO
from tests._revm import contract_types
from tests.exploits._machine import ALICE, BOB, CAROL, EVE, Machine, outcome

UNIT = 10**18
A, B = 0, 1

ALIASES = ("self", "pool", "zero", "wrapper", "configurator", "token", "debtor")


class Scene(Machine):
    """Eve acts: she has 1,000 of each supplied and owes 100 of each. Alice and Bob have the same, Bob has
    given Eve every authorization. Carol's 10,000 A have fallen in price, against 7,900 B.
    """

    def __init__(self) -> None:
        super().__init__()
        for _ in (A, B):
            self.list(self.token())
        self.wrapper = self.chain.deploy("WrappedSupply", self.pool.address, self.tokens[A].address)
        for account in (ALICE, BOB, CAROL, EVE):
            self.fund(account)
        for account in (ALICE, BOB, EVE):
            for id_ in (A, B):
                self.supply(account, id_, 20_000 if account == BOB else 1_000)
            for id_ in (A, B):
                self.borrow(account, id_, 100)
        self.tokens[A].approve(self.wrapper.address, 2**95, sender=ALICE)
        self.wrapper.deposit(1_000 * UNIT, ALICE, sender=ALICE)
        self.supply(CAROL, A, 10_000)
        self.borrow(CAROL, B, 7_900)
        self.set_price(A, 0.9)
        self.pool.authorize(EVE, 15, MAX, sender=BOB)
        self.addresses = {
            "self": EVE,
            "pool": self.pool.address,
            "zero": ZERO,
            "wrapper": self.wrapper.address,
            "configurator": self.configurator.address,
            "token": self.tokens[A].address,
            "debtor": CAROL,
        }

    def wealth(self) -> dict[str, Fraction]:
        """What each account is worth; of the pool, which keeps everybody's tokens, its positions."""
        wealth = {account: self.worth(account) for account in self.everybody}
        pool = self.pool.address
        wealth[pool] = Fraction(sum(self.claims(pool)), UNIT)
        return wealth

    @property
    def everybody(self) -> tuple[str, ...]:
        return (ALICE, BOB, *self.addresses.values())


def calls(x: Any) -> dict[str, tuple[Any, ...]]:
    """Every action of the pool, once for each address that it takes, which is `x` there."""
    signature = (0, MAX, b"\1" * 65)
    return {
        "supply: account": ("supply", A, UNIT, x),
        "supplyAndCall: account": ("supplyAndCall", A, UNIT, x, b""),
        "withdraw: account": ("withdraw", A, UNIT, x, EVE),
        "withdraw: to": ("withdraw", A, UNIT, EVE, x),
        "transfer: receiver": ("transfer", x, A, UNIT),
        "transferFrom: sender": ("transferFrom", x, EVE, A, UNIT),
        "transferFrom: receiver": ("transferFrom", BOB, x, A, UNIT),
        "borrow: account": ("borrow", A, UNIT, x, EVE),
        "borrow: to": ("borrow", A, UNIT, EVE, x),
        "repay: account": ("repay", B, UNIT, x),
        "repayAndCall: account": ("repayAndCall", B, UNIT, x, b""),
        "repayWithSupply: account": ("repayWithSupply", A, UNIT, x),
        "takeDebt: from": ("takeDebt", B, UNIT, x, EVE),
        "takeDebt: to": ("takeDebt", B, UNIT, EVE, x),
        "convert: account": ("convert", A, True, x),
        "setCollateral: account": ("setCollateral", A, True, x),
        "setCategory: account": ("setCategory", 0, x),
        "liquidate: account": ("liquidate", x, B, A, 100 * UNIT, 0, EVE),
        "liquidate: to": ("liquidate", CAROL, B, A, 100 * UNIT, 0, x),
        "liquidate: to, in shares": ("liquidate", CAROL, B, A, 100 * UNIT, SHARES, x),
        "liquidateAndCall: account": ("liquidateAndCall", x, B, A, 100 * UNIT, 0, EVE, b""),
        "liquidateAndCall: to": ("liquidateAndCall", CAROL, B, A, 100 * UNIT, 0, x, b""),
        "writeOff: account": ("writeOff", x),
        "authorize: operator": ("authorize", x, 15, MAX),
        "authorizeBySig: account": ("authorizeBySig", x, EVE, 15, MAX, *signature),
        "authorizeBySig: operator": ("authorizeBySig", EVE, x, 15, MAX, *signature),
        "allow: spender": ("allow", x, A, UNIT, MAX),
        "allowBySig: account": ("allowBySig", x, EVE, A, UNIT, MAX, *signature),
        "allowBySig: spender": ("allowBySig", EVE, x, A, UNIT, MAX, *signature),
        "approve: spender": ("approve", x, A, UNIT),
        "setOperator: operator": ("setOperator", x, True),
    }


def column(default: str = "", **exceptions: str) -> dict[str, str]:
    """The verdict for each alias: nothing where it goes through, or the error's name."""
    assert exceptions.keys() <= set(ALIASES)
    return dict.fromkeys(ALIASES, default) | exceptions


RECEIVER = column(zero="ZeroAddress")
ANYBODYS = column("NoPosition", self="", debtor="")  # who has a debt in B
CONSENT = column("NotAuthorized", self="")
OPENS = column(pool="NotAuthorized", zero="NotAuthorized", token="NotAuthorized")
LIQUIDATED = column("NoPosition", self="SelfLiquidation", debtor="")
PAID = RECEIVER | {"debtor": "SelfLiquidation"}

VERDICTS: dict[str, dict[str, str]] = {
    "supply: account": OPENS,
    "supplyAndCall: account": OPENS,
    "withdraw: account": CONSENT | dict.fromkeys(("pool", "zero", "token"), "InsufficientShares"),
    "withdraw: to": RECEIVER,
    "transfer: receiver": RECEIVER,
    "transferFrom: sender": CONSENT,
    "transferFrom: receiver": RECEIVER,
    "borrow: account": CONSENT,
    "borrow: to": RECEIVER,
    "repay: account": ANYBODYS,
    "repayAndCall: account": ANYBODYS,
    "repayWithSupply: account": column("NoPosition", self=""),
    "takeDebt: from": ANYBODYS,
    "takeDebt: to": CONSENT,
    "convert: account": CONSENT,
    "setCollateral: account": CONSENT,
    "setCategory: account": CONSENT,
    "liquidate: account": LIQUIDATED,
    "liquidate: to": PAID,
    "liquidate: to, in shares": PAID | {"pool": "NotAuthorized", "token": "NotAuthorized"},
    "liquidateAndCall: account": LIQUIDATED,
    "liquidateAndCall: to": PAID,
    "writeOff: account": column("NotBadDebt"),
    "authorize: operator": RECEIVER,
    "authorizeBySig: account": column("InvalidSignature"),
    "authorizeBySig: operator": column("InvalidSignature"),
    "allow: spender": RECEIVER,
    "allowBySig: account": column("InvalidSignature"),
    "allowBySig: spender": column("InvalidSignature"),
    "approve: spender": RECEIVER,
    "setOperator: operator": RECEIVER,
}
"""Supplying opens a position for another only with his consent, and adds to one that is there; so it does for
the wrapper and the configurator, whose positions that makes larger."""

CONFIGURATION = {"addReserve", "collectBuffer", "setLimits", "setRates", "setRisk"}
"""Take addresses, and their one caller's word for them."""


@pytest.fixture(scope="module")
def stage():
    return Scene()


@pytest.fixture(autouse=True)
def again(stage):
    """Every test begins as the scene was made."""
    with stage.apart():
        yield


def test_table__of_addresses__is_that_of_the_pool():
    """An address that a new function takes has no row, and fails here."""
    taken = {
        item["name"]: [i["type"] for i in item["inputs"]].count("address")
        for item in contract_types()["IPool"]["abi"]
        if item["type"] == "function" and item["stateMutability"] == "nonpayable"
        if item["name"] not in CONFIGURATION
    }
    rows = [row.partition(":")[0] for row in VERDICTS if "in shares" not in row]

    assert set(calls(ZERO)) == set(VERDICTS)
    assert {name: rows.count(name) for name in rows} == {k: n for k, n in taken.items() if n}


@pytest.mark.parametrize("row", VERDICTS)
def test_alias__of_any_address__is_refused_or_a_gift(stage, row):
    before = stage.wealth()
    for alias, verdict in VERDICTS[row].items():
        with stage.apart():
            name, *arguments = calls(stage.addresses[alias])[row]
            assert outcome(getattr(stage.pool, name), *arguments, sender=EVE) == verdict, alias

            after = stage.wealth()
            assert sum(after.values()) <= sum(before.values()), alias
            # Who acts; what is Bob's she may take, and what a liquidation costs is Carol's.
            payers = {EVE} | ({BOB} if "transferFrom" in row else set())
            payers |= {CAROL} if "liquidate" in row else set()
            assert sum(map(after.get, payers)) <= sum(map(before.get, payers)), alias
            for account in before.keys() - payers:
                assert after[account] >= before[account], (alias, account)
            stage.audit(*stage.everybody)


# ------------------------------------------------------------------------- one and the same

DAVE = "0x" + "d4" * 20


def batch_of(stage: Scene, name: str, *args: Any) -> tuple[Any, ...]:
    """One call, twice."""
    return ("batch", [stage.pool.functions[name].encode(*args)] * 2)


def repeated(stage: Scene) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Where two assets, two parties or two calls are one; and what comes of it."""
    return {
        "a flash loan of one asset twice": ("", ("flashLoans", [A, A], [UNIT, UNIT], b"")),
        "a flash loan of one asset with nothing": ("", ("flashLoans", [A, A], [UNIT, 0], b"")),
        "a liquidation of one asset on both sides": (
            "",
            ("liquidate", DAVE, A, A, MAX, 0, EVE),
        ),
        "a transfer by an operator to whom it is from": ("", ("transferFrom", BOB, BOB, A, UNIT)),
        "all that one has to oneself": ("", ("transfer", EVE, A, 1_000 * UNIT)),
        "a unit more than one has to oneself": (
            "InsufficientShares",
            ("transfer", EVE, A, 1_000 * UNIT + 1),
        ),
        "a debt to who owes it": ("", ("takeDebt", B, UNIT, EVE, EVE)),
        "a withdrawal twice": ("", batch_of(stage, "withdraw", A, UNIT, EVE, EVE)),
        "all of it twice": ("ZeroAmount", batch_of(stage, "withdraw", A, MAX, EVE, EVE)),
        "a loan twice": ("", batch_of(stage, "borrow", A, UNIT, EVE, EVE)),
        "a repayment of all twice": ("NoPosition", batch_of(stage, "repay", A, MAX, EVE)),
        "half a repayment twice": ("", batch_of(stage, "repay", A, 50 * UNIT, EVE)),
        "a conversion twice": ("NoPosition", batch_of(stage, "convert", B, True, EVE)),
        "a switch twice": ("", batch_of(stage, "setCollateral", B, True, EVE)),
        "a write-off twice": ("NotBadDebt", batch_of(stage, "writeOff", CAROL)),
    }


ONE_AND_THE_SAME = 15


def test_assets_parties_and_calls__one_and_the_same__gain_nothing(stage):
    stage.fund(DAVE)
    stage.set_price(A, 1)
    stage.supply(DAVE, A, 10_000)
    stage.borrow(DAVE, B, 6_000)
    stage.borrow(DAVE, A, 1_900)
    stage.set_price(A, 0.9)
    everybody = (*stage.everybody, DAVE)
    before = stage.worth(EVE), stage.worth(EVE, DAVE), sum(stage.wealth().values())
    rows = repeated(stage)
    assert len(rows) == ONE_AND_THE_SAME
    for row, (verdict, (name, *arguments)) in rows.items():
        with stage.apart():
            assert outcome(getattr(stage.pool, name), *arguments, sender=EVE) == verdict, row

            if "liquidation" not in row:
                assert stage.worth(EVE) <= before[0], row
                assert sum(stage.wealth().values()) <= before[2], row
            assert stage.worth(EVE, DAVE) <= before[1], row
            stage.audit(*everybody)


def test_flash_loan__of_one_asset_twice_and_approved_once__is_due_twice(stage):
    """The twin of the first row: without an allowance for both there is no loan."""
    stage.tokens[A].approve(stage.pool.address, UNIT, sender=EVE)
    loan = ([A, A], [UNIT, UNIT], b"")

    assert outcome(stage.pool.flashLoans, *loan, sender=EVE) == "TransferFromFailed"


def cases() -> int:
    """Cells of both tables."""
    return sum(map(len, VERDICTS.values())) + ONE_AND_THE_SAME
