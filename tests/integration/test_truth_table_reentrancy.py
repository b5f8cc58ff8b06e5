"""Every action against every function called from inside it: by a token's hook, and in a callback.

Two tables, of all functions of the pool's ABI. In a hook the pool is locked: nothing but views of what no
action changes answers. In a callback the books are in order: whatever is called then does what it would do
right afterwards, and every view says what it will say then.
"""

from __future__ import annotations

import pytest

from tests._cast import MAX, script
from tests._revm import functions, named_error
from tests.exploits._machine import ALICE, BOB, CAROL, Machine

LOCKED, ANSWERS, CONFIGURATOR = "Reentrancy", "", "NotConfigurator"
UNIT = 10**18
HOOK, PLAIN = 0, 1


class Scene(Machine):
    """Bob lends. Carol has 10,000 HOOK and owes 7,900 PLAIN; HOOK has fallen to 90 cents.

    The insider has 1,000 of each supplied, owes 100 of each, and has tokens left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.list(self.chain.deploy("MockHookToken"))
        self.list(self.token())
        self.insider = self.chain.deploy("MockInsider")
        for account in (ALICE, BOB, CAROL):
            self.fund(account)
        for id_ in (HOOK, PLAIN):
            self.supply(BOB, id_, 20_000)
            self.tokens[id_].mint(self.insider.address, 10_000 * UNIT)
            self.do(self.tokens[id_], "approve", self.pool.address, 2**95)
        for id_ in (HOOK, PLAIN):
            self.pool_do("supply", id_, 1_000 * UNIT, self.insider.address)
        for id_ in (HOOK, PLAIN):
            self.pool_do("borrow", id_, 100 * UNIT, self.insider.address, self.insider.address)
        self.supply(CAROL, HOOK, 10_000)
        self.borrow(CAROL, PLAIN, 7_900)
        self.tokens[HOOK].mint(self.pool.address, UNIT)  # buffer
        self.set_price(HOOK, 0.9)

    def do(self, contract, name, *args) -> None:
        """The insider calls."""
        data = contract.functions[name].encode(*args)
        self.insider.act([(contract.address, data)])

    def pool_do(self, name, *args) -> None:
        self.do(self.pool, name, *args)

    def arm(self, name: str) -> None:
        self.insider.arm(self.pool.address, self.data(name))

    def data(self, name: str) -> bytes:
        return self.pool.functions[name].encode(*self.calls()[name])

    def script(self) -> bytes:
        """What makes a callback call what the insider is armed with."""
        return script((self.insider.address, self.insider.functions["tokenMoved"].encode()))

    def calls(self) -> dict[str, tuple]:
        """Every function of the pool with arguments that suit the insider."""
        me, none = self.insider.address, b""
        withdraw = self.pool.functions["withdraw"].encode(PLAIN, UNIT, me, me)
        signature = (0, MAX, b"\1" * 65)  # nobody's
        return {
            # actions
            "supply": (PLAIN, UNIT, me),
            "supplyAndCall": (PLAIN, UNIT, me, none),
            "withdraw": (PLAIN, UNIT, me, me),
            "transfer": (ALICE, PLAIN, UNIT),
            "transferFrom": (me, ALICE, PLAIN, UNIT),
            "borrow": (PLAIN, UNIT, me, me),
            "repay": (PLAIN, UNIT, me),
            "repayAndCall": (PLAIN, UNIT, me, none),
            "repayWithSupply": (PLAIN, UNIT, me),
            "takeDebt": (PLAIN, UNIT, CAROL, me),
            "convert": (PLAIN, True, me),
            "setCollateral": (HOOK, False, me),
            "setCategory": (0, me),
            "flashLoan": (PLAIN, UNIT, none),
            "flashLoans": ([PLAIN, HOOK], [UNIT, UNIT], none),
            "batch": ([withdraw, withdraw],),
            "liquidate": (CAROL, PLAIN, HOOK, 10 * UNIT, 0, me),
            "liquidateAndCall": (CAROL, PLAIN, HOOK, 10 * UNIT, 0, me, none),
            "writeOff": (CAROL,),
            "accrue": (PLAIN,),
            # permissions
            "authorize": (ALICE, 15, MAX),
            "authorizeBySig": (me, ALICE, 15, MAX, *signature),
            "allow": (ALICE, PLAIN, UNIT, MAX),
            "allowBySig": (me, ALICE, PLAIN, UNIT, MAX, *signature),
            "approve": (ALICE, PLAIN, UNIT),
            "setOperator": (ALICE, True),
            "useNonce": (0,),
            "permit": (PLAIN, UNIT, MAX, 27, b"\1" * 32, b"\1" * 32),
            # what the ledger says
            "balanceOf": (me, PLAIN),
            "supplyBalance": (me, PLAIN),
            "debtBalance": (me, PLAIN),
            "positions": (me,),
            "healthFactor": (me,),
            "accountData": (me,),
            "reserveData": (PLAIN,),
            "reserveWords": (PLAIN,),
            # what no action of lending changes
            "DOMAIN_SEPARATOR": (),
            "allowance": (BOB, me, PLAIN),
            "allowanceExpiry": (BOB, me, PLAIN),
            "authorization": (BOB, me),
            "categoryData": (1,),
            "categoryOf": (me,),
            "categoryWords": (1,),
            "configurator": (),
            "isOperator": (BOB, me),
            "liquidationTerms": (),
            "nonces": (me, 0),
            "reserveCount": (),
            "reserveId": (self.tokens[PLAIN].address,),
            "supportsInterface": (b"\1" * 4,),
            # the configurator's
            "addReserve": (ALICE, 0, 0, 0, ALICE, 0),
            "collectBuffer": (HOOK, 0, me),
            "setCategoryTerms": (1, 0, 0),
            "setIdleCap": (PLAIN, 0),
            "setLimits": (PLAIN, 0, 0, ALICE),
            "setLiquidationTerms": (0,),
            "setRates": (PLAIN, 0, ALICE),
            "setRisk": (PLAIN, 0, 0, ALICE),
            "setSwitches": (PLAIN, True, True, 0),
        }


# ------------------------------------------------------------------------------ out of a hook

UNLOCKED = (
    "DOMAIN_SEPARATOR",
    "allowance",
    "allowanceExpiry",
    "authorization",
    "categoryData",
    "categoryOf",
    "categoryWords",
    "configurator",
    "isOperator",
    "liquidationTerms",
    "nonces",
    "reserveCount",
    "reserveId",
    "supportsInterface",
)
CONFIGURATION = (
    "addReserve",
    "collectBuffer",
    "setCategoryTerms",
    "setIdleCap",
    "setLimits",
    "setLiquidationTerms",
    "setRates",
    "setRisk",
    "setSwitches",
)
OUTER = (
    "supply",
    "supplyAndCall",
    "withdraw",
    "borrow",
    "repay",
    "repayAndCall",
    "flashLoan",
    "flashLoans",
    "liquidate",
    "liquidateAndCall",
    "batch",
    "collectBuffer",
)
"""Whatever moves a token that calls its holder."""

IN_A_HOOK = (
    dict.fromkeys(functions("IPool"), LOCKED)
    | dict.fromkeys(UNLOCKED, ANSWERS)
    | dict.fromkeys(CONFIGURATION, CONFIGURATOR)
)
"""What a function says out of a hook, whichever action the token moves in."""


@pytest.fixture(scope="module")
def stage():
    return Scene()


@pytest.fixture(autouse=True)
def again(stage):
    """Every test begins as the scene was made."""
    with stage.apart():
        yield


def run_outer(stage: Scene, outer: str, data: bytes = b"") -> None:
    """The action, of the token with hooks."""
    me, pool = stage.insider.address, stage.pool
    arguments = {
        "supply": (HOOK, UNIT, me),
        "supplyAndCall": (HOOK, UNIT, me, data),
        "withdraw": (HOOK, UNIT, me, me),
        "borrow": (HOOK, UNIT, me, me),
        "repay": (HOOK, UNIT, me),
        "repayAndCall": (HOOK, UNIT, me, data),
        "flashLoan": (HOOK, UNIT, data),
        "flashLoans": ([HOOK, PLAIN], [UNIT, UNIT], data),
        "liquidate": (CAROL, PLAIN, HOOK, 20 * UNIT, 0, me),
        "liquidateAndCall": (CAROL, PLAIN, HOOK, 20 * UNIT, 0, me, data),
        "batch": ([pool.functions["withdraw"].encode(HOOK, UNIT, me, me)],),
    }
    if outer == "collectBuffer":
        stage.configure("collectBuffer", HOOK, UNIT, me)
    else:
        stage.pool_do(outer, *arguments[outer])


@pytest.fixture
def listening(stage):
    """The token calls the insider."""
    stage.do(stage.tokens[HOOK], "listen", True)


def test_tables__of_functions__are_those_of_the_pool(stage):
    """A function that is new has a row in neither table, and fails here."""
    assert set(stage.calls()) == set(functions("IPool")) == set(IN_A_HOOK) == set(IN_A_CALLBACK)


@pytest.mark.usefixtures("listening")
def test_hook__outside_of_an_action__finds_everything_open(stage):
    """The twin of the table: the same calls go well, or fail for reasons of their own."""
    for inner in stage.calls():
        with stage.apart():
            stage.arm(inner)
            stage.do(stage.tokens[HOOK], "transfer", BOB, 1)

            assert stage.insider.calls() > 0
            assert said(stage) == OUTSIDE.get(inner, IN_A_CALLBACK[inner]), inner


def said(stage: Scene) -> str:
    """What came of the call from inside: nothing, or the error's name."""
    if stage.insider.succeeded():
        return ""
    error = named_error(bytes(stage.insider.answer()))
    return error[0] if error else "reverts"


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("outer", OUTER)
def test_hook__within_an_action__finds_it_locked(stage, outer):
    quiet = answers(stage)
    for inner, verdict in IN_A_HOOK.items():
        with stage.apart():
            stage.arm(inner)
            run_outer(stage, outer)

            assert stage.insider.calls() > 0, inner
            assert said(stage) == verdict, inner
            if inner in UNLOCKED:
                assert bytes(stage.insider.answer()) == quiet[inner], inner


@pytest.mark.usefixtures("listening")
@pytest.mark.parametrize("outer", OUTER)
def test_hook__within_an_action__is_worth_nothing(stage, outer):
    """With the loan out of the hook and without it: the same."""
    me = stage.insider.address
    with stage.apart():
        run_outer(stage, outer)
        alone = stage.worth(me), stage.claims(BOB, CAROL)

    stage.arm("borrow")
    run_outer(stage, outer)

    assert (stage.worth(me), stage.claims(BOB, CAROL)) == alone
    stage.audit(me, BOB, CAROL)


def answers(stage: Scene) -> dict[str, bytes]:
    """What views say outside of any action."""
    pool = stage.pool
    return {
        name: stage.chain.send(ALICE, pool.address, stage.data(name))
        for name in (*UNLOCKED, *VIEWS)
    }


# ------------------------------------------------------------------------------ in a callback

VIEWS = (
    "balanceOf",
    "supplyBalance",
    "debtBalance",
    "positions",
    "healthFactor",
    "accountData",
    "reserveData",
    "reserveWords",
)
CALLING_BACK = ("supplyAndCall", "repayAndCall", "liquidateAndCall", "flashLoan", "flashLoans")

IN_A_CALLBACK = (
    dict.fromkeys(functions("IPool"), "")
    | dict.fromkeys(CONFIGURATION, CONFIGURATOR)
    | {
        "authorizeBySig": "InvalidSignature",
        "allowBySig": "InvalidSignature",
        "writeOff": "NotBadDebt",
        "setCollateral": "",
    }
)
"""What a function says in a callback, and right after the action: the same."""

OUTSIDE: dict[str, str] = {}
"""What differs where there is no action at all."""


@pytest.mark.parametrize("outer", CALLING_BACK)
def test_callback__of_an_action__is_as_right_afterwards(stage, outer):
    me, everybody = stage.insider.address, (stage.insider.address, ALICE, BOB, CAROL)
    for inner, verdict in IN_A_CALLBACK.items():
        with stage.apart():
            run_outer(stage, outer)
            before = stage.worth(*everybody)
            stage.arm(inner)
            stage.insider.tokenMoved()
            after = said(stage), bytes(stage.insider.answer())
            then = stage.worth(me), stage.claims(*everybody)
        with stage.apart():
            stage.arm(inner)
            run_outer(stage, outer, stage.script())

            assert stage.insider.calls() > 0, inner
            assert (said(stage), bytes(stage.insider.answer())) == after, inner
            assert after[0] == verdict, inner
            assert (stage.worth(me), stage.claims(*everybody)) == then, inner
            assert stage.worth(*everybody) <= before, inner
            stage.audit(*everybody)


def cases() -> int:
    """Cells of both tables."""
    return len(OUTER) * len(IN_A_HOOK) + len(CALLING_BACK) * len(IN_A_CALLBACK)
