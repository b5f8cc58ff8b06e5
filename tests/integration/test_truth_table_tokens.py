"""Every action against every odd kind of token: exactly right, refused at listing, or refused by name.

One row a kind: what is said to it where it is listed. Those that are let in, or turn odd only later, have a
row of the actions that they refuse: what a row does not name goes through, earns who acts nothing, and leaves
books that add up. A token that cheats later is what a listing assumes that it is not; the rows say what goes
on then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyrevm
import pytest

from tests._cast import FEED_DECIMALS, IDLE, MAX, SHARES, WAD, ZERO
from tests._revm import DEPLOYER, Contract, Reverted, contract_types
from tests.exploits._machine import ALICE, BOB, CAROL, EVE, Machine, outcome, parameters

DAVE, FRED = "0x" + "d4" * 20, "0x" + "f6" * 20
EVERYBODY = (ALICE, BOB, CAROL, DAVE, EVE, FRED)
ODD, PLAIN = 0, 1
IN, OUT = "TransferFromFailed", "TransferFailed"

# ------------------------------------------------------------------------------------ listing


def refused(scene: Machine, token: Contract | str, seed: int = WAD) -> str:
    """What listing a token of which the deployer has plenty comes to."""
    address = token if isinstance(token, str) else token.address
    if not isinstance(token, str):
        if "mint" in token.functions:
            token.mint(DEPLOYER, 10 * seed)
        token.approve(scene.configurator.address, 2 * seed)
    feed = scene.chain.deploy("MockFeed", FEED_DECIMALS, 10**FEED_DECIMALS)
    call = (scene.pool.address, address, parameters(feed), seed)
    return outcome(scene.configurator.listReserve, *call)


def weird(scene: Machine, *, decimals: int = 18, **moods: Any) -> Contract:
    token = scene.chain.deploy("MockWeirdToken", decimals)
    token.be(moods.get("rate", WAD), moods.get("refuses_zero", False), moods.get("ends", False))
    return token


LISTING: dict[str, tuple[Callable[[Machine], Contract | str], str]] = {
    "an honest one": (lambda s: s.token(), ""),
    "takes a fee": (lambda s: s.chain.deploy("MockFeeToken", ZERO), "TokenNotExact"),
    "takes a fee on the way out": (
        lambda s: s.chain.deploy("MockFeeToken", s.configurator.address),
        "TokenNotExact",
    ),
    "rounds its balances": (lambda s: s.chain.deploy("MockRebasingToken"), "TokenNotExact"),
    "returns false": (lambda s: s.chain.deploy("MockFalseToken"), IN),
    "returns nothing": (lambda s: s.chain.deploy("MockNoReturnToken"), ""),
    "has no code": (lambda s: EVE, IN),
    "is nobody": (lambda s: ZERO, IN),
    "knows no decimals": (lambda s: weird(s, decimals=255), "Refused"),
    "has no decimals": (lambda s: weird(s, decimals=0), ""),
    "has more decimals than fit": (lambda s: weird(s, decimals=77), "DecimalsOutOfRange"),
    "has a name of 32 bytes": (lambda s: weird(s), ""),
    "does not move nothing": (lambda s: weird(s, refuses_zero=True), ""),
    "allows 96 bits at most": (lambda s: weird(s, ends=True), ""),
    "calls its holders": (lambda s: s.chain.deploy("MockHookToken"), ""),
    "blocks accounts": (lambda s: s.chain.deploy("MockBlocklistToken"), ""),
    "is the feed": (lambda s: s.chain.deploy("MockFeed", 8, 1).address, IN),
}


@pytest.mark.parametrize("kind", LISTING)
def test_listing__of_any_token__is_exact_or_refused(kind):
    make, verdict = LISTING[kind]
    scene = Machine()
    assert refused(scene, make(scene)) == verdict
    assert scene.pool.reserveCount() == (not verdict)
    scene.audit()


# ------------------------------------------------------------------------------------ actions


@dataclass(frozen=True)
class Kind:
    """What a token is, what it turns into once it is listed and in use, and what that refuses."""

    name: str = "MockToken"
    arguments: tuple[Any, ...] = ("Odd", "ODD", 18)
    decimals: int = 18
    turn: Callable[[Scene], None] = lambda scene: None
    refuses: dict[str, str] = field(default_factory=dict)
    cheats: bool = False
    """Whether it breaks what a listing assumes, so that the pool may be short of it."""


class Scene(Machine):
    """Bob lends 20,000 of each. Eve has 1,000 ODD earning and 1,000 idle PLAIN, and owes 100 ODD.

    Carol has 10,000 ODD and owes 7,900 PLAIN; Dave the other way round; Alice owes ODD that nothing covers.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.list(self.chain.deploy(kind.name, *kind.arguments), decimals=kind.decimals)
        self.list(self.token())
        for account in EVERYBODY:
            self.fund(account)
        for id_ in (ODD, PLAIN):
            self.supply(BOB, id_, 20_000)
        self.supply(EVE, ODD, 1_000)
        self.pool.supply(PLAIN | IDLE, 1_000 * WAD, EVE, sender=EVE)
        self.borrow(EVE, ODD, 100)
        for account, collateral, debt in ((CAROL, ODD, PLAIN), (DAVE, PLAIN, ODD)):
            self.supply(account, collateral, 10_000)
            self.borrow(account, debt, 7_900)
        self.supply(ALICE, PLAIN, 20)
        self.borrow(ALICE, ODD, 16)
        self.tokens[ODD].mint(self.pool.address, self.unit)  # buffer

    @property
    def unit(self) -> int:
        return self.units[ODD]

    @property
    def odd(self) -> Contract:
        return self.tokens[ODD]

    def actions(self) -> dict[str, tuple[str, str, tuple[Any, ...]]]:
        """Who does what."""
        one, loan = self.unit, (ODD, self.unit, b"")
        return {
            "supply": (EVE, "supply", (ODD, one, EVE)),
            "supply idle": (FRED, "supply", (ODD | IDLE, one, FRED)),
            "withdraw": (EVE, "withdraw", (ODD, one, EVE, EVE)),
            "withdraw to another": (EVE, "withdraw", (ODD, one, EVE, BOB)),
            "withdraw another": (EVE, "withdraw", (PLAIN | IDLE, WAD, EVE, EVE)),
            "transfer a supply": (EVE, "transfer", (BOB, ODD, one)),
            "let it idle": (EVE, "convert", (ODD, True, EVE)),
            "borrow": (EVE, "borrow", (ODD, one, EVE, EVE)),
            "borrow another": (EVE, "borrow", (PLAIN, WAD, EVE, EVE)),
            "repay": (EVE, "repay", (ODD, one, EVE)),
            "repay all": (EVE, "repay", (ODD, MAX, EVE)),
            "repay with supply": (EVE, "repayWithSupply", (ODD, one, EVE)),
            "flash loan": (EVE, "flashLoan", loan),
            "flash loan of nothing": (EVE, "flashLoan", (ODD, 0, b"")),
            "liquidate": (BOB, "liquidate", (CAROL, PLAIN, ODD, MAX, 0, BOB)),
            "liquidate for another": (BOB, "liquidate", (CAROL, PLAIN, ODD, MAX, 0, EVE)),
            "liquidate for shares": (BOB, "liquidate", (CAROL, PLAIN, ODD, MAX, SHARES, BOB)),
            "liquidate the debt": (BOB, "liquidate", (DAVE, ODD, PLAIN, MAX, 0, BOB)),
            "write off": (BOB, "writeOff", (ALICE,)),
            "collect": (DEPLOYER, "collectBuffer", (ODD, 1, EVE)),
        }

    def prepare(self, action: str) -> None:
        """What an action takes: collateral that has fallen."""
        if action == "write off":
            self.set_price(PLAIN, 0.01)
        elif action == "liquidate the debt":
            self.set_price(PLAIN, 0.94)
        elif action.startswith("liquidate"):
            self.set_price(ODD, 0.94)

    def run(self, action: str) -> str:
        """Does it: nothing, or the error's name."""
        sender, name, arguments = self.actions()[action]
        try:
            if name == "collectBuffer":
                self.configure(name, *arguments)
            else:
                getattr(self.pool, name)(*arguments, sender=sender)
        except Reverted as error:
            return error.name
        return ""


def become(scene: Scene, name: str | None) -> None:
    """The token's code is another's now, or gone."""
    code = contract_types()[name]["runtimeBytecode"]["bytecode"] if name else "0x"
    info = pyrevm.AccountInfo(nonce=1, code=bytes.fromhex(code[2:]))
    scene.chain.evm.insert_account_info(scene.odd.address, info)


def turned(**moods: Any) -> Callable[[Scene], None]:
    """A `MockWeirdToken` that changes its mood."""
    values = moods.get("rate", WAD), moods.get("refuses_zero", False), moods.get("ends", False)
    return lambda scene: scene.odd.be(*values)


INTO = ("supply", "supply idle", "repay", "repay all", "liquidate the debt")
OUT_OF = ("withdraw", "withdraw to another", "borrow", "flash loan", "flash loan of nothing")
SEIZED = ("liquidate", "liquidate for another")
STUCK = dict.fromkeys(INTO, IN) | dict.fromkeys((*OUT_OF, *SEIZED, "collect"), OUT)
"""Where it does not move at all, liquidations for shares and write-offs go on."""

EVES = dict.fromkeys(("supply", "repay", "repay all"), IN) | dict.fromkeys(
    ("withdraw", "borrow", "flash loan", "flash loan of nothing", "liquidate for another"), OUT
)
"""Where it does not move to or from Eve, she can be paid through others, and others go on."""

NO_INCOME = {"collect": "InsufficientBuffer"}
"""What is missing is taken from the protocol's income first."""

WEIRD = ("MockWeirdToken", (18,))
KINDS: dict[str, Kind] = {
    "an honest one": Kind(),
    "no decimals": Kind("MockWeirdToken", (0,), 0),
    "two decimals": Kind("MockToken", ("Odd", "ODD", 2), 2),
    "24 decimals": Kind("MockToken", ("Odd", "ODD", 24), 24),
    "returns nothing": Kind("MockNoReturnToken", (), 6),
    "a name of 32 bytes": Kind(*WEIRD),
    "calls its holders": Kind("MockHookToken", ()),
    "a holder's hook fails": Kind(
        "MockHookToken",
        (),
        turn=lambda s: s.odd.listen(True, sender=EVE),
        refuses=EVES | {"collect": OUT},
    ),
    "blocks an account": Kind(
        "MockMoodyToken",
        (),
        turn=lambda s: s.odd.block_(EVE, True),
        refuses=EVES | {"collect": OUT},
    ),
    "blocks the pool": Kind(
        "MockMoodyToken",
        (),
        turn=lambda s: s.odd.block_(s.pool.address, True),
        refuses=STUCK,
    ),
    "is paused": Kind("MockMoodyToken", (), turn=lambda s: s.odd.pause(True), refuses=STUCK),
    "does not move nothing": Kind(
        *WEIRD, turn=turned(refuses_zero=True), refuses={"flash loan of nothing": OUT}
    ),
    "allows 96 bits at most": Kind(*WEIRD, turn=turned(ends=True)),
    "grows": Kind(*WEIRD, turn=turned(rate=2 * WAD)),
    "shrinks": Kind(*WEIRD, turn=turned(rate=WAD // 2), refuses=NO_INCOME, cheats=True),
    "returns false from now on": Kind(
        turn=lambda s: become(s, "MockFalseToken"),
        refuses=STUCK | NO_INCOME,
        cheats=True,
    ),
    "is gone": Kind(
        turn=lambda s: become(s, None),
        refuses=STUCK | NO_INCOME,
        cheats=True,
    ),
    "takes a fee of one account": Kind("MockFeeToken", (EVE,), refuses=NO_INCOME, cheats=True),
}
ACTIONS = 20


@pytest.mark.parametrize("name", KINDS)
def test_token__of_any_kind__is_moved_exactly_or_refused(name):
    kind = KINDS[name]
    scene = Scene(kind)
    kind.turn(scene)
    assert len(scene.actions()) == ACTIONS
    assert kind.refuses.keys() <= scene.actions().keys()
    for action, (actor, *_) in scene.actions().items():
        with scene.apart():
            scene.prepare(action)
            before = scene.worth(actor) if name not in UNREADABLE else 0
            assert scene.run(action) == kind.refuses.get(action, ""), action

            if name in UNREADABLE:
                continue
            if "liquidate" not in action:
                gained = scene.worth(actor) - before
                assert gained <= (action == "collect"), action  # of the deployer, who owns no claim
            if not kind.cheats:
                scene.audit(*EVERYBODY)


UNREADABLE = ("returns false from now on", "is gone")
"""Whose balances nobody knows any more."""


def test_token__that_takes_a_fee_later__is_credited_in_full_at_everybodys_cost():
    """Why a listing looks for it; the twin is in `test_qubit.py`. Who pays the fee gains nothing."""
    scene = Scene(KINDS["takes a fee of one account"])
    before = scene.worth(EVE)
    with pytest.raises(AssertionError, match="0: solvency"):
        scene.audit(*EVERYBODY)
    assert scene.worth(EVE) == before


def test_token__that_shrinks__pays_out_what_is_there():
    """Whoever comes first is paid in full: a pause or a limit on outflow is the answer, not the books."""
    scene = Scene(KINDS["shrinks"])
    scene.odd.be(WAD // 10, False, False)
    held = scene.odd.balanceOf(scene.pool.address)
    call = (scene.pool.withdraw, ODD)

    assert outcome(*call, held + 1, BOB, BOB, sender=BOB) == OUT
    assert outcome(*call, held, BOB, BOB, sender=BOB) == ""
    assert scene.pool.supplyBalance(BOB, ODD) == 20_000 * scene.unit - held


def test_listing__of_a_listed_tokens_second_address__refused():
    """Two reserves of one balance would each take the other's deposits for income."""
    scene = Machine()
    token = weird(scene)
    assert refused(scene, token) == ""
    second = scene.chain.deploy("MockSecondEntry", token.address)

    assert refused(scene, second) == "TokenOfAnotherReserve"


def cases() -> int:
    """Cells of both tables."""
    return len(LISTING) + ACTIONS * len(KINDS)
