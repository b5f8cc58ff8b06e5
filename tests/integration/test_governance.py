"""A market under the recommended roles: what can hurt waits, what protects does not, and nobody
ever stands between people and their money.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import ape
import pytest
from eth_utils import keccak

from scripts._roles import ADMIN, ADMIN_DELAY_S, ROLES, handover_calls, role, role_calls
from tests._cast import DAY_S, MAX, NO_CAP, Market, attempt, quickly

LTV, STEP_BPS = 3, 50  # the steward's parameter, and how far it may go


def selectors(*contracts: Any) -> dict[str, bytes]:
    """Of their functions, by name."""
    methods = [m for c in contracts for m in c.contract_type.mutable_methods]
    return {m.name: keccak(text=m.selector)[:4] for m in methods}


@dataclass(frozen=True)
class Government:
    """A market that the deployer has handed over."""

    market: Market
    steward: Any
    team: Any  # may change the configuration, after a delay
    keeper: Any  # may make the steward's small steps
    guardian: Any
    council: Any  # the administrator
    vault: Any  # a curated one, under the same roles

    def schedule(self, function: str, *arguments: Any) -> bytes:
        """The team announces a change; returns the call."""
        data = getattr(self.market.configurator, function).encode_input(*arguments)
        manager = self.market.authority
        quickly(manager.schedule, self.market.configurator, data, 0, sender=self.team)
        return bytes(data)


@pytest.fixture(scope="module")
def governed(project, worlds, owner, guardian, accounts):
    """The living market, handed over from its deployer to its people."""
    market = worlds.living
    team, keeper, council = accounts[6:9]
    configurator, authority = market.configurator, market.authority
    steward = owner.deploy(project.RiskSteward, authority, configurator)
    quickly(steward.setBound, LTV, (STEP_BPS, STEP_BPS, DAY_S), sender=owner)
    vault = owner.deploy(project.CuratedVault, market["WETH"].token, "V", "v", authority, council)
    members = {r.label: [team] for r in ROLES} | {"GUARDIAN": [guardian], "STEWARD": [keeper]}
    setup = role_calls(
        members,
        configurator=configurator.address,
        steward=steward.address,
        selectors=selectors(configurator, steward, vault),
        vaults=[vault.address],
    )
    for call in (*setup, *handover_calls(governance=council.address, deployer=owner.address)):
        quickly(getattr(authority, call.function), *call.arguments, sender=owner)
    return Government(market, steward, team, keeper, guardian, council, vault)


@pytest.fixture
def limits(pool, weth):
    """A change of limits."""
    return (pool, weth.id, weth.units(100), weth.units(50), True)


@pytest.fixture
def loosened(pool, weth):
    """A change of risk that a guardian could not make."""
    return (pool, weth.id, weth.asset.parameters(weth.feed.address) | {"ltvBps": 8_200}, 0)


# ---------------------------------------------------------------------------------- the set-up


def test_roles__all_functions_that_are_restricted__have_exactly_one(project, governed):
    configurator = {f for r in ROLES for f in r.configurator}
    steward = {f for r in ROLES for f in r.steward}

    assert configurator | {"setAuthority"} == set(selectors(governed.market.configurator))
    assert steward | {"setAuthority"} == set(selectors(governed.steward))
    assert sum(len(r.configurator + r.steward) for r in ROLES) == len(configurator | steward)


def test_roles__on_the_chain__are_those_described(governed):
    authority = governed.market.authority
    known = selectors(governed.market.configurator, governed.steward, governed.vault)
    for r in ROLES:
        for target, functions in (
            (governed.market.configurator, r.configurator),
            (governed.steward, r.steward),
            (governed.vault, r.vault),
        ):
            for name in functions:
                assert authority.getTargetFunctionRole(target, known[name]) == r.id
        assert authority.getRoleAdmin(r.id) == (role(r.admin).id if r.admin else ADMIN)
        guardian = role("GUARDIAN").id if r.cancellable else ADMIN
        assert authority.getRoleGuardian(r.id) == guardian


def test_roles__of_somebody_unknown__refused(governed):
    with pytest.raises(ValueError, match="GARDENER"):
        next(
            role_calls(
                {"GARDENER": ["0x"]},
                configurator=governed.market.configurator.address,
                steward=None,
                selectors={},
            )
        )


def test_roles__without_a_steward_and_vaults__have_none_of_theirs(governed):
    calls = role_calls(
        {},
        configurator=governed.market.configurator.address,
        steward=None,
        selectors=selectors(governed.market.configurator),
    )
    labels = {c.arguments[1] for c in calls if c.function == "labelRole"}
    assert labels == {r.label for r in ROLES} - {"STEWARD", "BOUNDS", "CURATOR", "ALLOCATOR"}


def test_vault__a_cap__is_raised_after_a_delay_and_lowered_at_once(governed, owner):
    vault, pool = governed.vault, governed.market.pool
    manager, raised = governed.market.authority, vault.raiseCap.encode_input(pool, 10)
    with ape.reverts(vault.AccessManagedUnauthorized, caller=owner):
        vault.raiseCap(pool, 10, sender=owner)
    quickly(manager.schedule, vault, raised, 0, sender=governed.team)
    with ape.reverts(manager.AccessManagerNotReady):
        vault.raiseCap(pool, 10, sender=governed.team)
    governed.market.wait(role("CURATOR").delay_s)
    quickly(vault.raiseCap, pool, 10, sender=governed.team)
    quickly(vault.lowerCap, pool, 3, sender=governed.guardian)
    assert vault.market(pool).cap == 3


def test_handover__afterwards__the_deployer_is_nobody(governed, configurator, owner, limits):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=owner):
        configurator.setLimits(*limits, sender=owner)


def test_handover__afterwards__the_administrator_waits(governed, council_grant):
    with ape.reverts(governed.market.authority.AccessManagerNotScheduled):
        governed.market.authority.grantRole(*council_grant, sender=governed.council)


def test_handover__afterwards__the_administrator_appoints_after_his_delay(
    governed, council_grant, stranger
):
    authority = governed.market.authority
    data = authority.grantRole.encode_input(*council_grant)
    quickly(authority.schedule, authority, data, 0, sender=governed.council)
    governed.market.wait(ADMIN_DELAY_S)

    authority.grantRole(*council_grant, sender=governed.council)

    assert authority.hasRole(role("GUARDIAN").id, stranger).isMember


@pytest.fixture
def council_grant(stranger):
    """A second guardian."""
    return (role("GUARDIAN").id, stranger, 0)


# ----------------------------------------------------------------------------- what can hurt waits


def dangerous(market: Market, owner: Any) -> dict[str, tuple[Any, ...]]:
    """Every function that has a delay, with arguments."""
    pool, weth = market.pool, market["WETH"]
    p = weth.asset.parameters(weth.feed.address)
    return {
        "listReserve": (pool, weth.token, p, 1),
        "setInsurer": (pool, weth.id, owner),
        "setRisk": (pool, weth.id, p, 0),
        "setFeed": (pool, weth.id, weth.feed, p["maxAge"], 0, MAX),
        "setCautiousFeed": (pool, weth.id, p["rateModel"]),
        "resumePrice": (pool, weth.id),
        "setRates": (pool, weth.id, weth.asset.curve, 10, p["rateModel"]),
        "setLimits": (pool, weth.id, NO_CAP, NO_CAP, True),
        "setIdleCap": (pool, weth.id, NO_CAP),
        "setOutflowLimit": (pool, weth.id, 0, 0),
        "setCategory": (pool, 1, (1, 1, 8_000, 8_300, 100, 200, False), 0),
        "setLiquidationTerms": (pool, 10_500, 9_000, 1_000, 50, p["rateModel"]),
        "collectBuffer": (pool, weth.id, 0, owner),
        "unpause": (pool, weth.id, 0),
        "unfreeze": (pool, weth.id),
    }


DELAYED = {f: r.delay_s for r in ROLES for f in r.configurator if r.delay_s}


def test_delays__of_what_can_hurt__are_hours_at_least(governed, owner):
    assert set(DELAYED) == set(dangerous(governed.market, owner))
    assert min(DELAYED.values()) >= 6 * 3_600


def test_change__unannounced__refused(governed, configurator, limits):
    with ape.reverts(governed.market.authority.AccessManagerNotScheduled):
        configurator.setLimits(*limits, sender=governed.team)


@pytest.mark.parametrize("function", ["setRisk", "unpause", "collectBuffer"])
def test_change__announced_but_early__refused(governed, configurator, owner, function):
    arguments = dangerous(governed.market, owner)[function]
    governed.schedule(function, *arguments)
    governed.market.wait(DELAYED[function] - 60)

    with ape.reverts(governed.market.authority.AccessManagerNotReady):
        getattr(configurator, function)(*arguments, sender=governed.team)


@pytest.mark.parametrize("function", ["setRisk", "setCategory", "unpause", "collectBuffer"])
def test_change__announced_and_due__goes_through(governed, configurator, owner, function):
    arguments = dangerous(governed.market, owner)[function]
    governed.schedule(function, *arguments)
    governed.market.wait(DELAYED[function])

    receipt = getattr(configurator, function)(*arguments, sender=governed.team)

    assert not receipt.failed


def test_change__done_once__cannot_be_repeated(governed, configurator, limits):
    governed.schedule("setLimits", *limits)
    governed.market.wait(DAY_S)
    quickly(configurator.setLimits, *limits, sender=governed.team)

    with ape.reverts(governed.market.authority.AccessManagerNotScheduled):
        configurator.setLimits(*limits, sender=governed.team)


def test_change__announced__is_the_announced_one_only(governed, configurator, limits):
    governed.schedule("setLimits", *limits)
    governed.market.wait(DAY_S)

    with ape.reverts(governed.market.authority.AccessManagerNotScheduled):
        configurator.setLimits(*limits[:3], MAX, True, sender=governed.team)


@pytest.fixture
def newcomer(project, governed, owner):
    """A listing that the team has announced and that is due; the team has the seed."""
    market, team = governed.market, governed.team
    token = owner.deploy(project.MockToken, "NEW", "NEW", 18)
    feed = owner.deploy(project.MockFeed, 8, 10**8)
    quickly(token.mint, team, 10**18, sender=owner)
    quickly(token.approve, market.configurator, MAX, sender=team)
    parameters = market["WETH"].asset.parameters(feed.address)
    arguments = (market.pool, token, parameters, 10**18)
    data = governed.schedule("listReserve", *arguments)
    market.wait(DELAYED["listReserve"])
    quickly(feed.set, 10**8, sender=owner)
    return arguments, data


def test_listing__by_the_member_himself__takes_his_seed(governed, configurator, pool, newcomer):
    arguments, _ = newcomer
    listed = pool.reserveCount()

    configurator.listReserve(*arguments, sender=governed.team)

    assert pool.reserveCount() == listed + 1


def test_listing__through_the_manager__finds_no_seed(governed, configurator, newcomer):
    """As `execute` calls in the manager's name, which has no tokens."""
    _, data = newcomer

    with ape.reverts():
        governed.market.authority.execute(configurator, data, sender=governed.team)


# --------------------------------------------------------------------------------- the guardian


@pytest.mark.parametrize("stop", ["pause", "freeze"])
def test_guardian__stops__at_once(governed, configurator, pool, weth, stop):
    getattr(configurator, stop)(pool, weth.id, sender=governed.guardian)

    data = pool.reserveData(weth.id)
    assert (data.paused, data.frozen) == (stop == "pause", stop == "freeze")


@pytest.mark.parametrize("start", ["unpause", "unfreeze"])
def test_guardian__starts__refused(governed, configurator, owner, start):
    arguments = dangerous(governed.market, owner)[start]
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=governed.guardian):
        getattr(configurator, start)(*arguments, sender=governed.guardian)


def test_guardian__tightens__at_once(governed, configurator, pool, weth):
    caps = (weth.units(10), weth.units(5))

    configurator.tighten(pool, weth.id, *caps, 4_000, True, sender=governed.guardian)

    data = pool.reserveData(weth.id)
    assert (data.supplyCap, data.borrowCap) == caps
    assert (data.ltv, data.borrowable) == (4_000 * 10**14, False)


@pytest.mark.parametrize("loosening", ["supply cap", "borrow cap", "LTV"])
def test_guardian__loosens_what_he_tightened__refused(
    governed, configurator, pool, weth, loosening
):
    caps = [weth.units(10), weth.units(5)]
    tight = (*caps, 4_000)
    quickly(configurator.tighten, pool, weth.id, *tight, False, sender=governed.guardian)
    looser = {
        "supply cap": (weth.units(11), *tight[1:]),
        "borrow cap": (tight[0], weth.units(6), 4_000),
        "LTV": (*caps, 4_001),
    }[loosening]

    with ape.reverts(configurator.WouldLoosen):
        configurator.tighten(pool, weth.id, *looser, False, sender=governed.guardian)


def test_guardian__does_not_start_borrowing_that_is_stopped(governed, configurator, pool, weth):
    keep = (pool, weth.id, MAX, MAX, MAX)
    quickly(configurator.tighten, *keep, True, sender=governed.guardian)

    configurator.tighten(*keep, False, sender=governed.guardian)

    assert pool.reserveData(weth.id).borrowable is False


def test_guardian__cancels__what_was_announced(governed, configurator, limits):
    data = governed.schedule("setLimits", *limits)
    authority = governed.market.authority
    governed.market.wait(DAY_S)

    authority.cancel(governed.team, configurator, data, sender=governed.guardian)

    with ape.reverts(authority.AccessManagerNotScheduled):
        configurator.setLimits(*limits, sender=governed.team)


def test_cancel__by_a_stranger__refused(governed, configurator, limits, stranger):
    data = governed.schedule("setLimits", *limits)
    authority = governed.market.authority

    with ape.reverts(authority.AccessManagerUnauthorizedCancel):
        authority.cancel(governed.team, configurator, data, sender=stranger)


def test_guardian__appoints__refused(governed, stranger):
    authority = governed.market.authority

    with ape.reverts(authority.AccessManagerUnauthorizedAccount, account=governed.guardian):
        authority.grantRole(role("GUARDIAN").id, stranger, 0, sender=governed.guardian)


# ---------------------------------------------------------------------------------- the steward


def test_steward__within_bounds__at_once(governed, pool, weth):
    governed.steward.change(pool, weth.id, LTV, 8_050, sender=governed.keeper)

    assert pool.reserveData(weth.id).ltv == 8_050 * 10**14


def test_steward__beyond_bounds__refused(governed, pool, weth):
    with ape.reverts(governed.steward.OutOfBounds, requested=8_051, highest=8_050):
        governed.steward.change(pool, weth.id, LTV, 8_051, sender=governed.keeper)


def test_steward__around_the_contract__refused(governed, configurator, loosened):
    with ape.reverts(configurator.AccessManagedUnauthorized, caller=governed.keeper):
        configurator.setRisk(*loosened, sender=governed.keeper)


def test_steward__widens_his_own_bounds__refused(governed):
    with ape.reverts(governed.steward.AccessManagedUnauthorized, caller=governed.keeper):
        governed.steward.setBound(LTV, (10_000, 10_000, DAY_S), sender=governed.keeper)


def test_steward__bounds_widened_unannounced__refused(governed):
    with ape.reverts(governed.market.authority.AccessManagerNotScheduled):
        governed.steward.setBound(LTV, (10_000, 10_000, DAY_S), sender=governed.team)


def test_steward__after_the_guardian_has_closed_the_asset__cannot_reopen_it(
    governed, configurator, pool, weth
):
    closing = (pool, weth.id, 0, 0, 0, True)
    quickly(configurator.tighten, *closing, sender=governed.guardian)

    with ape.reverts(governed.steward.OutOfBounds, lowest=0, highest=0):
        governed.steward.change(pool, weth.id, LTV, 1, sender=governed.keeper)


def test_steward__dismissed_by_those_who_appointed_him__refused(governed, pool, weth):
    authority = governed.market.authority
    dismissal = (role("STEWARD").id, governed.keeper)
    data = authority.revokeRole.encode_input(*dismissal)
    quickly(authority.schedule, authority, data, 0, sender=governed.team)
    governed.market.wait(role("RISK").delay_s)
    quickly(authority.revokeRole, *dismissal, sender=governed.team)

    with ape.reverts(governed.steward.AccessManagedUnauthorized, caller=governed.keeper):
        governed.steward.change(pool, weth.id, LTV, 8_050, sender=governed.keeper)


# ------------------------------------------------------------------------------------- the exits

OBSTACLES = ("paused", "frozen", "dead feed", "borrowing stopped", "zero caps", "zero LTV")


def obstruct(governed: Government, reserve: Any, obstacles: dict[str, bool]) -> None:
    """All that a guardian and a feed can do to a reserve."""
    market, guardian = governed.market, governed.guardian
    configurator, target = market.configurator, (market.pool, reserve.id)
    cap = 0 if obstacles["zero caps"] else MAX
    ltv = 0 if obstacles["zero LTV"] else MAX
    stop = obstacles["borrowing stopped"]
    quickly(configurator.tighten, *target, cap, cap, ltv, stop, sender=guardian)
    if obstacles["paused"]:
        quickly(configurator.pause, *target, sender=guardian)
    if obstacles["frozen"]:
        quickly(configurator.freeze, *target, sender=guardian)
    if obstacles["dead feed"]:
        quickly(reserve.feed.kill, True, sender=guardian)


@pytest.fixture(scope="module")
def leaving(governed, supplier, borrower):
    """The supplier has supplied both assets and owes nothing; the borrower owes both."""
    market = governed.market
    weth, usdc = market["WETH"], market["USDC"]
    market.supply(supplier, usdc, 100_000)
    market.supply(supplier, weth, 100)
    market.supply(borrower, market["WBTC"], 5)
    market.borrow(borrower, usdc, 10_000)
    market.borrow(borrower, weth, 5)
    return governed


@pytest.mark.parametrize("state", product((False, True), repeat=len(OBSTACLES)), ids=str)
def test_exits__in_every_state__are_open(leaving, pool, weth, usdc, supplier, borrower, state):
    for reserve in (weth, usdc):
        obstruct(leaving, reserve, dict(zip(OBSTACLES, state, strict=True)))

    for reserve in (weth, usdc):
        assert attempt(pool.repay, reserve.id, MAX, borrower, sender=borrower)
        assert attempt(pool.withdraw, reserve.id, MAX, supplier, supplier, sender=supplier)

    assert pool.positions(supplier) == []


def test_entries__in_the_worst_state__are_shut(leaving, pool, weth, usdc, supplier):
    """The obstacles are real."""
    obstruct(leaving, usdc, dict.fromkeys(OBSTACLES, True))

    with ape.reverts(pool.ReservePaused, id=usdc.id):
        pool.supply(usdc.id, usdc.units(1), supplier, sender=supplier)


def test_exits__with_the_configuration_closed__are_open(leaving, pool, usdc, supplier, borrower):
    """Even when the administrator has closed the configurator for everybody."""
    manager, market = leaving.market.authority, leaving.market
    closing = (market.configurator, True)
    data = manager.setTargetClosed.encode_input(*closing)
    quickly(manager.schedule, manager, data, 0, sender=leaving.council)
    market.wait(ADMIN_DELAY_S)
    quickly(manager.setTargetClosed, *closing, sender=leaving.council)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier)

    assert pool.balanceOf(supplier, usdc.id) == 0
