"""The configuration: what is accepted keeps the bounds, and setting one thing sets no other.

And what a pool's interface and bytecode do not have: no debt that can be handed over without consent,
no rewards, no calls that run another's code.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.exact import DEBT, MAX, WAD, ZERO
from tests._revm import DEPLOYER, Reverted, contract_types
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, TERMS, World

ID, CATEGORY = 2, 7
ONE = 10_000
WEEK_S = 7 * DAY_S


@pytest.fixture
def world() -> World:
    return World(0)


# ------------------------------------------------------------------------------------------ INV-51

STEPS = st.one_of(st.integers(0, ONE + 100), st.sampled_from([0, 1, ONE - 1, ONE, ONE + 1]))
USUAL = st.integers(0, 1_000)


def keeps_the_bounds(ltv: int, threshold: int, floor: int, cap: int) -> bool:
    """In exact fractions; the threshold is not below the one before, and so does not ramp."""
    ends_below_one = Fraction(threshold, ONE) * (1 + Fraction(cap, ONE)) < 1
    return ltv <= threshold < ONE and floor <= cap <= ONE and ends_below_one


def accepts(call: Callable[[], object]) -> bool:
    try:
        call()
    except Reverted as error:
        assert error.name in ("ThresholdOutOfRange", "BonusOutOfRange", "BonusTimesThreshold")  # noqa: PT017
        return False
    return True


@pytest.fixture(scope="module")
def unset() -> World:
    """Reserve 4 has no threshold yet, and the category is not open: nothing ramps."""
    return World(0)


@settings(max_examples=400)
@given(ltv=STEPS, threshold=STEPS, floor=st.one_of(USUAL, STEPS), cap=st.one_of(USUAL, STEPS))
def test_terms__of_a_reserve_or_category__are_accepted_within_the_bounds_and_not_beyond(
    unset, ltv, threshold, floor, cap
):
    evm, pool = unset.chain.evm, unset.pool
    before = evm.snapshot()
    p = list(unset.parameters(4))
    p[2:6] = ltv, threshold, floor, cap
    fits = keeps_the_bounds(ltv, threshold, floor, cap)

    reserve = accepts(lambda: unset.configurator.setRisk(pool.address, 4, tuple(p), 0))
    terms = (1, 1, ltv, threshold, floor, cap, False)
    category = accepts(lambda: unset.configurator.setCategory(pool.address, CATEGORY, terms, 0))

    assert reserve == fits
    assert category == (fits and threshold > 0)
    if reserve:
        data = pool.named("reserveData", 4)
        shown = [data[k] for k in ("ltv", "threshold", "bonusFloor", "bonusCap")]
        assert shown == [n * WAD // ONE for n in (ltv, threshold, floor, cap)]
    evm.revert(before)


def test_terms__at_a_bonus_that_reaches_one__are_what_a_looser_rule_would_take(unset):
    """The comparison above can fail: 50 % and a bonus of 100 % are one exactly."""
    p = list(unset.parameters(4))
    p[2:6] = 5_000, 5_000, ONE, ONE
    assert not keeps_the_bounds(5_000, 5_000, ONE, ONE)
    assert Fraction(5_000, ONE) * 2 <= 1
    with pytest.raises(Reverted, match="BonusTimesThreshold"):
        unset.configurator.setRisk(unset.pool.address, 4, tuple(p), 0)


# ------------------------------------------------------------------------------------------ INV-49


def look(world: World) -> dict[str, Any]:
    """Everything that can be set, of every reserve, of a category and of the pool."""
    seen: dict[str, Any] = {}
    for id_ in range(len(ASSETS)):
        for name, value in world.pool.named("reserveData", id_).items():
            seen[f"{id_}.{name}"] = value
    for name, value in world.pool.named("categoryData", CATEGORY).items():
        seen[f"category.{name}"] = value
    for name, value in world.pool.named("liquidationTerms").items():
        seen[f"pool.{name}"] = value
    return seen


def changed(world: World, call: Callable[[World], object]) -> set[str]:
    before = look(world)
    call(world)
    after = look(world)
    return {name.removeprefix(f"{ID}.") for name in after if after[name] != before[name]}


def set_risk(**fields: int) -> Callable[[World], object]:
    """One parameter of reserve 2 set anew, the rest as it is."""
    places = {
        "ltv": 2,
        "threshold": 3,
        "bonusFloor": 4,
        "bonusCap": 5,
        "liquidationFee": 6,
        "minDebt": 13,
    }

    def call(world: World) -> None:
        p = list(world.parameters(ID))
        for name, value in fields.items():
            p[places[name]] = value
        world.configurator.setRisk(world.pool.address, ID, tuple(p), WEEK_S)

    return call


def set_rates(curve: tuple[int, int, int, int], factor: int, model: bool = False) -> Callable:
    def call(world: World) -> None:
        address = world.told.address if model else ZERO
        world.configurator.setRates(world.pool.address, ID, curve, factor, address)

    return call


def set_(name: str, *args: Any) -> Callable[[World], object]:
    return lambda world: getattr(world.configurator, name)(world.pool.address, *args)


def set_category(**fields: Any) -> Callable[[World], object]:
    terms = {
        "collaterals": 0b1,
        "borrowables": 0b11,
        "ltv": 9_000,
        "threshold": 9_300,
        "bonusFloor": 100,
        "bonusCap": 200,
        "isolated": False,
        **fields,
    }
    return set_("setCategory", CATEGORY, tuple(terms.values()), WEEK_S)


def set_cautious_feed(world: World) -> None:
    world.configurator.setCautiousFeed(world.pool.address, ID, world.cautious[ID].address)


def set_feed(world: World) -> None:
    bounds = (0, MAX)
    world.configurator.setFeed(world.pool.address, ID, world.cautious[ID].address, DAY_S, *bounds)


CURVE, FACTOR = ASSETS[ID].curve, ASSETS[ID].reserve_factor
OPEN = (MAX, MAX, True)

SETTERS: dict[str, tuple[Callable[[World], object], set[str]]] = {
    "ltv": (set_risk(ltv=7_000), {"ltv"}),
    "threshold": (set_risk(threshold=7_900), {"threshold"}),
    "bonus floor": (set_risk(bonusFloor=200), {"bonusFloor"}),
    "bonus cap": (set_risk(bonusCap=600), {"bonusCap"}),
    "fee": (set_risk(liquidationFee=20), {"liquidationFee"}),
    "minimum debt": (set_risk(minDebt=1_000), {"minDebt"}),
    "base": (set_rates((1, *CURVE[1:]), FACTOR), {"curve", "borrowRate"}),
    "kink": (set_rates((CURVE[0], 81, *CURVE[2:]), FACTOR), {"curve"}),
    "slope one": (set_rates((*CURVE[:2], 41, CURVE[3]), FACTOR), {"curve"}),
    "slope two": (set_rates((*CURVE[:3], 301), FACTOR), {"curve"}),
    "reserve factor": (set_rates(CURVE, FACTOR + 1), {"reserveFactor"}),
    "model": (set_rates(CURVE, FACTOR, model=True), {"rateModel", "borrowRate"}),
    "supply cap": (set_("setLimits", ID, 10**20, *OPEN[1:]), {"supplyCap"}),
    "borrow cap": (set_("setLimits", ID, MAX, 10**20, True), {"borrowCap"}),
    "borrowable": (set_("setLimits", ID, MAX, MAX, False), {"borrowable"}),
    "idle cap": (set_("setIdleCap", ID, 10**12), {"idleCap"}),
    "limit on outflow": (set_("setOutflowLimit", ID, 10**12, DAY_S), {"outflowRoom"}),
    "insurer": (set_("setInsurer", ID, ACCOUNTS[0]), {"insurer"}),
    "pause": (set_("pause", ID), {"paused"}),
    "freeze": (set_("freeze", ID), {"frozen"}),
    "feed": (set_feed, {"feed"}),
    "cautious feed": (set_cautious_feed, {"cautiousFeed", "cautiousPrice"}),
    "price paused": (set_("pausePrice", ID, DAY_S), {"feed", "price"}),
    "category's collaterals": (set_category(collaterals=0b1000001), {"category.collaterals"}),
    "category's loans": (set_category(borrowables=0b1), {"category.borrowables"}),
    "category's ltv": (set_category(ltv=8_900), {"category.ltv"}),
    "category's threshold": (set_category(threshold=9_400), {"category.threshold"}),
    "category's bonus floor": (set_category(bonusFloor=150), {"category.bonusFloor"}),
    "category's bonus cap": (set_category(bonusCap=250), {"category.bonusCap"}),
    "target": (set_("setLiquidationTerms", 10_600, *TERMS[1:], ZERO), {"pool.targetHealth"}),
    "full health": (
        set_("setLiquidationTerms", TERMS[0], 9_100, *TERMS[2:], ZERO),
        {"pool.fullHealth"},
    ),
    "dust": (set_("setLiquidationTerms", *TERMS[:2], 900, TERMS[3], ZERO), {"pool.dust"}),
    "write-off": (set_("setLiquidationTerms", *TERMS[:3], 49, ZERO), {"pool.writeOffBelow"}),
    "rule": (set_("setLiquidationTerms", *TERMS, ACCOUNTS[0]), {"pool.model"}),
}
"""Each setter with one value that is new, and what it changes to look at."""


@pytest.fixture
def furnished(world: World) -> World:
    """With interest and positions, and everything that is set apart where it is not being set."""
    first = ACCOUNTS[0]
    set_category()(world)
    for id_, amount in ((ID, 10**10), (0, 10**20)):
        world.pool.supply(id_, amount, first, sender=first)
    world.pool.borrow(0, 10**18, first, first, sender=first)
    return world


@pytest.mark.parametrize(("call", "names"), SETTERS.values(), ids=SETTERS)
def test_setter__of_one_thing__changes_nothing_else(furnished, call, names):
    assert changed(furnished, call) == names


@pytest.mark.parametrize(("call", "names"), SETTERS.values(), ids=SETTERS)
def test_setter__beside_what_is_set_apart__changes_nothing_else(furnished, call, names):
    """Words have a flag for each of these, and a place of its own for what it stands for."""
    for name in ("limit on outflow", "insurer", "cautious feed", "idle cap"):
        if SETTERS[name][0] is not call:
            SETTERS[name][0](furnished)
    assert changed(furnished, call) == names


def test_setter__that_changes_two_things__is_noticed(furnished):
    """The comparison can fail."""
    both = set_risk(ltv=7_000, liquidationFee=20)
    assert changed(furnished, both) == {"ltv", "liquidationFee"} != {"ltv"}


# ----------------------------------------------------------------------------------- INV-53 and 67

POOL_STATE_CHANGES = {
    "accrue",
    "addReserve",
    "allow",
    "allowBySig",
    "approve",
    "authorize",
    "authorizeBySig",
    "batch",
    "borrow",
    "collectBuffer",
    "convert",
    "flashLoan",
    "flashLoans",
    "liquidate",
    "liquidateAndCall",
    "permit",
    "repay",
    "repayAndCall",
    "repayWithSupply",
    "setCategory",
    "setCategoryTerms",
    "setCollateral",
    "setIdleCap",
    "setLimits",
    "setLiquidationTerms",
    "setOperator",
    "setRates",
    "setRisk",
    "setSwitches",
    "supply",
    "supplyAndCall",
    "takeDebt",
    "transfer",
    "transferFrom",
    "useNonce",
    "withdraw",
    "writeOff",
}


def functions_of(name: str) -> list[dict[str, Any]]:
    return [i for i in contract_types()[name]["abi"] if i["type"] == "function"]


def test_pool__functions_that_write__are_these_and_no_others():
    """None pays rewards, covers a stored deficit, or moves a debt but with its taker's consent."""
    writes = {
        f["name"] for f in functions_of("IPool") if f["stateMutability"] not in ("view", "pure")
    }
    assert writes == POOL_STATE_CHANGES


@pytest.mark.parametrize("word", ["reward", "claim", "deficit", "stake", "emission"])
def test_pool__functions_and_events__know_nothing_of(word):
    names = [i["name"].lower() for i in contract_types()["IPool"]["abi"] if "name" in i]
    assert not [n for n in names if word in n]
    assert any("debt" in n for n in names)  # such a search finds what there is


def test_debt__as_a_token__has_no_balance_and_does_not_move(world):
    """A credit in its id is an allowance to borrow; the id itself is nobody's token."""
    debtor, other, pool = *ACCOUNTS[:2], world.pool
    pool.supply(ID, 10**10, debtor, sender=debtor)
    pool.borrow(0, 10**17, debtor, debtor, sender=debtor)
    pool.approve(other, DEBT, MAX, sender=debtor)
    assert pool.debtBalance(debtor, 0) == 10**17
    assert pool.balanceOf(debtor, DEBT) == 0
    with pytest.raises(Reverted, match="UnknownReserve"):
        pool.transfer(other, DEBT, 1, sender=debtor)
    with pytest.raises(Reverted, match="UnknownReserve"):
        pool.transferFrom(debtor, other, DEBT, 1, sender=other)
    with pytest.raises(Reverted, match="NotAuthorized"):
        pool.takeDebt(0, MAX, debtor, other, sender=debtor)
    assert pool.debtBalance(other, 0) == 0


# ------------------------------------------------------------------------------------------ INV-57

CALLCODE, DELEGATECALL, INVALID, SELFDESTRUCT = 0xF2, 0xF4, 0xFE, 0xFF


def opcodes(code: bytes) -> list[int]:
    """Without what is pushed, and up to INVALID, behind which the compiler puts data."""
    found, k = [], 0
    while k < len(code) and code[k] != INVALID:
        found.append(code[k])
        k += 1 + max(code[k] - 0x5F, 0) * (0x60 <= code[k] <= 0x7F)
    return found


def own_contracts() -> dict[str, bytes]:
    found = {}
    for name, kind in contract_types().items():
        code = (kind.get("runtimeBytecode") or {}).get("bytecode") or "0x"
        source = kind.get("sourceId") or ""
        if len(code) > 2 and source.startswith("contracts/") and "/mocks/" not in source:
            found[name] = bytes.fromhex(code[2:])
    return found


def test_bytecode__delegated_calls__are_the_pools_two_and_the_managers():
    """To its own other half, and to itself in a batch; and the access manager's, to itself in its
    `multicall`. Nothing destroys itself."""
    contracts = own_contracts()
    assert {"Pool", "PoolExtension", "Configurator"} <= contracts.keys()
    counts = {name: opcodes(code).count(DELEGATECALL) for name, code in contracts.items()}
    assert {name: n for name, n in counts.items() if n} == {"Pool": 2, "Authority": 1}
    for name, code in contracts.items():
        assert not {CALLCODE, SELFDESTRUCT} & set(opcodes(code)), name


def test_bytecode__of_a_contract_that_delegates__is_found_out():
    """The search can fail: PUSH1 f4, which is data; the call itself; and data behind the code."""
    assert opcodes(bytes([0x60, DELEGATECALL])) == [0x60]
    assert DELEGATECALL in opcodes(bytes([0x60, 0x00, DELEGATECALL, INVALID]))
    assert DELEGATECALL not in opcodes(bytes([0x00, INVALID, DELEGATECALL]))


# ----------------------------------------------------------------------------------------- the pool


def test_plain_feed__in_use__is_asked_by_the_pool_itself(world):
    """No contract stands between: its own address is what the pool stores."""
    for id_, feed in enumerate(world.feeds):
        word = world.pool.named("reserveWords", id_)["risk"]
        assert word & 2**160 - 1 == int(feed.address, 16)


def test_setters__of_the_pool_itself__are_the_configurators_alone(world):
    """Each of them, by an account that is nobody, and by its administrator."""
    calls = {
        "addReserve": (world.tokens[0].address, 0, 0, 0, ZERO, 0),
        "setRates": (0, 0, ZERO),
        "setLimits": (0, 0, 0, ZERO),
        "setIdleCap": (0, 0),
        "setRisk": (0, 0, 0, ZERO),
        "setSwitches": (0, False, False, 0),
        "setCategoryTerms": (1, 0, 0),
        "setLiquidationTerms": (0,),
        "collectBuffer": (0, 0, DEPLOYER),
    }
    for name, args in calls.items():
        for sender in (ACCOUNTS[0], DEPLOYER):
            with pytest.raises(Reverted, match="NotConfigurator"):
                getattr(world.pool, name)(*args, sender=sender)
