"""Who may configure: nobody unless the authority says so, and then after the delay it asks for."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, Terms, quickly

GUARDIAN_ROLE, STEWARD_ROLE = 1, 2


@pytest.fixture
def calls(pool, weth, owner):
    """Every restricted function with arguments that the owner could use."""
    p = weth.asset.parameters(weth.feed.address)
    zero = "0x" + "00" * 20
    terms = Terms()
    return {
        "listReserve": (pool, weth.token, p, 1),
        "setRates": (pool, weth.id, weth.asset.curve, 10, zero),
        "setLimits": (pool, weth.id, 0, 0, False),
        "setIdleCap": (pool, weth.id, 0),
        "setOutflowLimit": (pool, weth.id, 0, 0),
        "tighten": (pool, weth.id, MAX, MAX, MAX, True),
        "setInsurer": (pool, weth.id, owner),
        "setRisk": (pool, weth.id, p, DAY_S),
        "setFeed": (pool, weth.id, weth.feed, DAY_S, 0, MAX),
        "setCautiousFeed": (pool, weth.id, zero),
        "pausePrice": (pool, weth.id, DAY_S),
        "setCategory": (pool, 1, (1, 2, 9_000, 9_300, 100, 200, False), 0),
        "pause": (pool, weth.id),
        "unpause": (pool, weth.id, 0),
        "freeze": (pool, weth.id),
        "unfreeze": (pool, weth.id),
        "setLiquidationTerms": (
            pool,
            terms.target_health_bps,
            terms.full_health_bps,
            terms.dust_usd,
            terms.write_off_below_usd,
            zero,
        ),
        "collectBuffer": (pool, weth.id, 0, owner),
    }


RESTRICTED = (
    "listReserve",
    "setRates",
    "setLimits",
    "setIdleCap",
    "setOutflowLimit",
    "setInsurer",
    "tighten",
    "setRisk",
    "setFeed",
    "setCautiousFeed",
    "pausePrice",
    "setCategory",
    "pause",
    "unpause",
    "freeze",
    "unfreeze",
    "setLiquidationTerms",
    "collectBuffer",
)


GUARDED = ("pause", "freeze", "tighten", "pausePrice")


def test_configurator__changes__are_these_and_no_others(configurator):
    """A function added without a row here has nobody who checks that it is restricted."""
    writes = {f.name for f in configurator.contract_type.mutable_methods}
    # `resumePrice` is anybody's once the pause is over, and restricted before.
    assert writes == {*RESTRICTED, "resumePrice", "setAuthority"}


@pytest.mark.parametrize("function", RESTRICTED)
def test_configurator__by_a_stranger__refused(configurator, calls, stranger, function):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=stranger):
        getattr(configurator, function)(*calls[function], sender=stranger)


def test_configurator__authority_set_by_anyone_but_it__refused(configurator, owner):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=owner):
        configurator.setAuthority(owner, sender=owner)


@pytest.fixture
def grant(market, owner):
    """Gives an account a role, used after a delay in seconds, for some functions."""

    def run(account, role, functions, delay_s=0):
        configurator = market.configurator
        selectors = [getattr(configurator, f).encode_input(*a)[:4] for f, a in functions]
        authority = market.authority
        quickly(authority.setTargetFunctionRole, market.configurator, selectors, role, sender=owner)
        quickly(authority.grantRole, role, account, delay_s, sender=owner)

    return run


@pytest.fixture
def guarded(grant, calls, guardian):
    """The guardian may stop and tighten things, and nothing else."""
    grant(guardian, GUARDIAN_ROLE, [(f, calls[f]) for f in GUARDED])


@pytest.mark.usefixtures("guarded")
def test_guardian__pauses_freezes_and_tightens__at_once(pool, configurator, calls, weth, guardian):
    for function in GUARDED:
        getattr(configurator, function)(*calls[function], sender=guardian)

    data = pool.reserveData(weth.id)
    assert (data.paused, data.frozen, data.borrowable) == (True, True, False)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("function", [f for f in RESTRICTED if f not in GUARDED])
def test_guardian__anything_else__refused(configurator, calls, guardian, function):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=guardian):
        getattr(configurator, function)(*calls[function], sender=guardian)


@pytest.mark.usefixtures("guarded")
def test_guardian__role_granted__leaves_the_strangers_out(pool, configurator, weth, stranger):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=stranger):
        configurator.pause(pool, weth.id, sender=stranger)


@pytest.fixture
def delayed(market, grant, calls, guardian):
    """A steward whose changes of limits wait a day; returns the call."""
    grant(guardian, STEWARD_ROLE, [("setLimits", calls["setLimits"])], DAY_S)
    return market.configurator.setLimits.encode_input(*calls["setLimits"])


def test_steward__before_the_delay__refused(market, delayed, guardian):
    authority = market.authority
    quickly(authority.schedule, market.configurator, delayed, 0, sender=guardian)

    with ape.reverts(authority.AccessManagerNotReady):
        authority.execute(market.configurator, delayed, sender=guardian)


def test_steward__not_announced__refused(market, delayed, guardian):
    with ape.reverts(market.authority.AccessManagerNotScheduled):
        market.authority.execute(market.configurator, delayed, sender=guardian)


def test_steward__after_the_delay__accepted(market, pool, weth, delayed, guardian):
    authority = market.authority
    quickly(authority.schedule, market.configurator, delayed, 0, sender=guardian)
    market.wait(DAY_S)

    authority.execute(market.configurator, delayed, sender=guardian)

    assert pool.reserveData(weth.id).borrowable is False
