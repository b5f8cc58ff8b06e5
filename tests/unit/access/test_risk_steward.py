"""What a risk steward may change: one step at a time, and nothing that is not a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import ape
import pytest
from eth_utils import keccak

from tests._cast import DAY_S, MAX, NO_CAP, Market, decode_words, quickly

Parameter = IntEnum(
    "Parameter",
    "SUPPLY_CAP BORROW_CAP IDLE_CAP LTV THRESHOLD BONUS_FLOOR BONUS_CAP RESERVE_FACTOR "
    "BASE KINK SLOPE1 SLOPE2",
    start=0,
)
CAPS = (Parameter.SUPPLY_CAP, Parameter.BORROW_CAP, Parameter.IDLE_CAP)
PERIOD_S = 3 * DAY_S
STEP_BPS = 2_000  # of a cap
STEP = 20  # of anything else
STEWARD_ROLE = 1


@dataclass(frozen=True)
class Desk:
    """A steward at work on one reserve."""

    market: Market
    contract: Any
    reserve: Any

    def next(self, parameter: Parameter) -> Any:
        """Value, lowest, highest, from when on."""
        return self.contract.next(self.market.pool, self.reserve.id, int(parameter))

    def value(self, parameter: Parameter) -> int:
        return int(self.next(parameter)[0])

    def arguments(self, parameter: Parameter, value: int) -> tuple[Any, ...]:
        return (self.market.pool, self.reserve.id, int(parameter), value)

    def change(self, parameter: Parameter, value: int) -> None:
        """Goes through Ape."""
        self.contract.change(*self.arguments(parameter, value), sender=self.market.owner)

    def has_changed(self, parameter: Parameter, value: int) -> None:
        """Sets the scene."""
        quickly(self.contract.change, *self.arguments(parameter, value), sender=self.market.owner)

    def words(self) -> list[int]:
        return list(self.market.pool.reserveWords(self.reserve.id))


def employ(project, market: Market) -> Desk:
    """A steward without bounds, which holds the role that changes the configuration."""
    owner = market.owner
    contract = owner.deploy(project.RiskSteward, market.authority, market.configurator)
    quickly(market.authority.grantRole, STEWARD_ROLE, contract, 0, sender=owner)
    return Desk(market, contract, market["WETH"])


@pytest.fixture(scope="module")
def desk(project, worlds):
    """The same step for everything, both ways, in a reserve with caps."""
    market = worlds.living
    weth, owner = market["WETH"], market.owner
    names = {"setLimits", "setIdleCap", "setRisk", "setRates"}
    methods = market.configurator.contract_type.mutable_methods
    selectors = [keccak(text=m.selector)[:4] for m in methods if m.name in names]
    opened = (market.configurator, selectors, STEWARD_ROLE)
    quickly(market.authority.setTargetFunctionRole, *opened, sender=owner)
    quickly(market.authority.grantRole, STEWARD_ROLE, owner, 0, sender=owner)
    market.set_limits(weth, supply_cap=weth.units(1_000), borrow_cap=weth.units(500))
    quickly(market.configurator.setIdleCap, market.pool, weth.id, weth.units(200), sender=owner)
    market.set_risk(weth, bonus_floor_bps=100)
    market.set_rates(weth, curve=(50, 80, 40, 60), reserve_factor_percent=30)
    desk = employ(project, market)
    for parameter in Parameter:
        step = STEP_BPS if parameter in CAPS else STEP
        quickly(desk.contract.setBound, int(parameter), (step, step, PERIOD_S), sender=owner)
    return desk


@pytest.fixture
def unbound(project, desk):
    """Another one, who has no bounds yet."""
    return employ(project, desk.market)


# ------------------------------------------------------------------------------------ one step


def fields(data: Any) -> dict[str, Any]:
    """What configuration decides of a reserve's data."""
    names = "token feed rateModel paused frozen borrowable supplyCap borrowCap idleCap maxAge ltv"
    names += " threshold bonusFloor bonusCap liquidationFee reserveFactor curve minDebt outflowRoom"
    return {name: getattr(data, name) for name in names.split()}


CHANGED = {
    Parameter.SUPPLY_CAP: "supplyCap",
    Parameter.BORROW_CAP: "borrowCap",
    Parameter.IDLE_CAP: "idleCap",
    Parameter.LTV: "ltv",
    Parameter.THRESHOLD: "threshold",
    Parameter.BONUS_FLOOR: "bonusFloor",
    Parameter.BONUS_CAP: "bonusCap",
    Parameter.RESERVE_FACTOR: "reserveFactor",
    Parameter.BASE: "curve",
    Parameter.KINK: "curve",
    Parameter.SLOPE1: "curve",
    Parameter.SLOPE2: "curve",
}


ONE_OF_EACH_KIND = (Parameter.SUPPLY_CAP, Parameter.THRESHOLD, Parameter.SLOPE1)


@pytest.mark.parametrize("parameter", Parameter)
def test_change__a_whole_step_up__changes_that_parameter_alone(desk, pool, parameter):
    before = fields(pool.reserveData(desk.reserve.id))
    value, _, highest, _ = desk.next(parameter)

    desk.change(parameter, highest)

    assert desk.value(parameter) == highest > value
    after = fields(pool.reserveData(desk.reserve.id))
    assert {n for n in after if after[n] != before[n]} == {CHANGED[parameter]}


@pytest.mark.parametrize("parameter", ONE_OF_EACH_KIND)
def test_change__a_whole_step_down__accepted(desk, parameter):
    value, lowest, _, _ = desk.next(parameter)

    desk.change(parameter, lowest)

    assert desk.value(parameter) == lowest < value


@pytest.mark.parametrize("parameter", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("up", [True, False])
def test_change__beyond_the_step__refused(desk, parameter, up):
    _, lowest, highest, _ = desk.next(parameter)
    requested = highest + 1 if up else lowest - 1

    with ape.reverts(
        desk.contract.OutOfBounds, requested=requested, lowest=lowest, highest=highest
    ):
        desk.change(parameter, requested)


@pytest.mark.parametrize("parameter", ONE_OF_EACH_KIND)
def test_change__without_a_bound__refused(unbound, parameter):
    value = unbound.value(parameter)

    with ape.reverts(unbound.contract.OutOfBounds, lowest=value, highest=value):
        unbound.change(parameter, value + 1)


def test_change__only_downwards_allowed__refused_upwards(unbound, owner):
    quickly(unbound.contract.setBound, int(Parameter.LTV), (0, 50, PERIOD_S), sender=owner)

    with ape.reverts(unbound.contract.OutOfBounds, lowest=7_950, highest=8_000):
        unbound.change(Parameter.LTV, 8_001)


def test_change__only_downwards_allowed__goes_downwards(unbound, owner):
    quickly(unbound.contract.setBound, int(Parameter.LTV), (0, 50, PERIOD_S), sender=owner)

    unbound.change(Parameter.LTV, 7_950)

    assert unbound.value(Parameter.LTV) == 7_950


def test_change__by_a_stranger__refused(desk, stranger):
    with ape.reverts(desk.contract.AccessManagedUnauthorized, caller=stranger):
        desk.contract.change(*desk.arguments(Parameter.LTV, 7_990), sender=stranger)


def test_change__to_what_it_is__refused(desk):
    with ape.reverts(desk.contract.NothingToChange, value=8_000):
        desk.change(Parameter.LTV, 8_000)


def test_change__unknown_reserve__refused(desk, pool, owner):
    with ape.reverts(pool.UnknownReserve, id=5):
        desk.contract.change(pool, 5, int(Parameter.LTV), 1, sender=owner)


def test_change__against_the_configurators_rules__refused(desk, configurator):
    """An LTV above the threshold, by steps that are small enough."""
    for value in (8_290, 8_300):
        desk.market.set_risk(desk.reserve, ltv_bps=value)

    with ape.reverts(configurator.ThresholdOutOfRange, ltvBps=8_301, thresholdBps=8_300):
        desk.change(Parameter.LTV, 8_301)


def test_change__of_a_cap_with_too_many_digits__refused(desk, configurator):
    cap = desk.value(Parameter.SUPPLY_CAP) + 1

    with ape.reverts(configurator.CapNotRepresentable, cap=cap):
        desk.change(Parameter.SUPPLY_CAP, cap)


def test_change__event__tells_from_and_to(desk, pool, owner):
    receipt = desk.contract.change(*desk.arguments(Parameter.LTV, 7_990), sender=owner)

    (log,) = receipt.decode_logs(desk.contract.Changed)
    assert (log.pool, log.id, log["from"], log.to) == (pool, desk.reserve.id, 8_000, 7_990)
    assert (log.parameter, log.caller) == (Parameter.LTV, owner)


# ------------------------------------------------------------------------------------- how often


def test_change__again_within_the_period__refused(desk, market):
    desk.has_changed(Parameter.LTV, 8_010)
    _, _, _, possible = desk.next(Parameter.LTV)
    market.wait(PERIOD_S - 60)

    with ape.reverts(desk.contract.TooSoon, next=possible):
        desk.change(Parameter.LTV, 8_011)


def test_change__again_after_the_period__accepted(desk, market):
    desk.has_changed(Parameter.LTV, 8_010)
    market.wait(PERIOD_S)

    desk.change(Parameter.LTV, 8_011)

    assert desk.value(Parameter.LTV) == 8_011


def test_change__of_another_parameter_within_the_period__accepted(desk):
    desk.has_changed(Parameter.LTV, 8_010)

    desk.change(Parameter.BONUS_CAP, 510)

    assert desk.value(Parameter.BONUS_CAP) == 510


def test_change__of_another_reserve_within_the_period__accepted(desk, pool, usdc, owner):
    desk.has_changed(Parameter.LTV, 8_010)

    desk.contract.change(pool, usdc.id, int(Parameter.LTV), 7_510, sender=owner)

    assert pool.reserveData(usdc.id).ltv == 7_510 * 10**14


# ------------------------------------------------------------------------------- what stays shut


@pytest.mark.parametrize("parameter", CAPS)
def test_change__of_a_cap_that_is_none__refused(desk, usdc, owner, parameter):
    value = int(desk.contract.next(desk.market.pool, usdc.id, int(parameter))[0])

    with ape.reverts(desk.contract.OutOfBounds, lowest=value, highest=value):
        desk.contract.change(desk.market.pool, usdc.id, int(parameter), value - 1, sender=owner)


@pytest.mark.parametrize("parameter", [*CAPS, Parameter.LTV])
def test_change__of_a_zero_that_means_no__refused(desk, market, configurator, owner, parameter):
    market.set_limits(desk.reserve, supply_cap=0, borrow_cap=0)
    quickly(configurator.setIdleCap, market.pool, desk.reserve.id, 0, sender=owner)
    market.set_risk(desk.reserve, ltv_bps=0)

    with ape.reverts(desk.contract.OutOfBounds, lowest=0, highest=0):
        desk.change(parameter, 1)


def test_change__in_a_stopped_reserve__starts_nothing(desk, market, pool, configurator, owner):
    market.set_limits(desk.reserve, supply_cap=desk.reserve.units(100), borrowable=False)
    for stop in (configurator.pause, configurator.freeze):
        quickly(stop, pool, desk.reserve.id, sender=owner)

    desk.change(Parameter.SUPPLY_CAP, desk.reserve.units(110))

    data = pool.reserveData(desk.reserve.id)
    assert (data.paused, data.frozen, data.borrowable) == (True, True, False)


def test_change__of_a_reserve_with_a_model_of_its_own__keeps_it(project, desk, market, pool, owner):
    model = owner.deploy(project.MockRateModel, 0, 10**9)
    market.set_rates(desk.reserve, rate_model=model.address, curve=(50, 80, 40, 60))

    desk.change(Parameter.BASE, 60)

    data = pool.reserveData(desk.reserve.id)
    words = decode_words(*desk.words()[:2])
    assert (data.rateModel, words.external_model) == (model, True)


def test_change__of_a_reserve_with_limited_outflow__keeps_it(desk, pool, configurator, owner):
    capacity = desk.reserve.units(100)
    quickly(configurator.setOutflowLimit, pool, desk.reserve.id, capacity, DAY_S, sender=owner)

    desk.change(Parameter.SUPPLY_CAP, desk.reserve.units(1_100))

    assert pool.reserveData(desk.reserve.id).outflowRoom == capacity


def test_change__after_somebody_elses__keeps_what_he_has_set(desk, market, pool):
    market.set_limits(
        desk.reserve, supply_cap=NO_CAP, borrow_cap=desk.reserve.units(400), borrowable=False
    )

    desk.change(Parameter.BORROW_CAP, desk.reserve.units(410))

    data = pool.reserveData(desk.reserve.id)
    assert (data.supplyCap, data.borrowable) == (MAX, False)


# -------------------------------------------------------------------------------- the ramp


def test_change__of_the_threshold_downwards__ramps(desk, market, pool):
    desk.change(Parameter.THRESHOLD, 8_280)
    assert pool.reserveData(desk.reserve.id).threshold == 8_300 * 10**14
    market.wait(desk.contract.ramp())

    assert pool.reserveData(desk.reserve.id).threshold == 8_280 * 10**14


def test_change__of_a_threshold_on_its_way_down__does_not_hasten_it(desk, market, pool):
    market.set_risk(desk.reserve, ramp_s=100 * DAY_S, ltv_bps=5_000, threshold_bps=6_000)
    market.wait(50 * DAY_S)

    desk.change(Parameter.THRESHOLD, 5_990)

    market.wait(25 * DAY_S)
    assert pool.reserveData(desk.reserve.id).threshold > 6_500 * 10**14


def test_change__of_an_ltv_while_the_threshold_ramps__leaves_the_ramp_as_it_is(desk, market, pool):
    market.set_risk(desk.reserve, ramp_s=10 * DAY_S, ltv_bps=5_000, threshold_bps=6_000)
    market.wait(5 * DAY_S)

    desk.change(Parameter.LTV, 4_990)

    market.wait(4 * DAY_S)
    assert 6_225 * 10**14 < pool.reserveData(desk.reserve.id).threshold < 6_235 * 10**14
    market.wait(DAY_S)
    assert pool.reserveData(desk.reserve.id).threshold == 6_000 * 10**14


def test_change__of_an_ltv_on_the_last_day_of_a_ramp__refused(desk, market):
    market.set_risk(desk.reserve, ramp_s=10 * DAY_S, ltv_bps=5_000, threshold_bps=6_000)
    market.wait(9 * DAY_S + 3_600)

    with ape.reverts(desk.contract.RampEnding):
        desk.change(Parameter.LTV, 4_990)


def test_change__of_an_ltv_after_a_ramp__accepted(desk, market):
    market.set_risk(desk.reserve, ramp_s=10 * DAY_S, ltv_bps=5_000, threshold_bps=6_000)
    market.wait(10 * DAY_S)

    desk.change(Parameter.LTV, 4_990)

    assert desk.value(Parameter.LTV) == 4_990


# ------------------------------------------------------------------------------- the bounds


@pytest.mark.parametrize("function", ["setBound", "setRamp"])
def test_bounds__by_a_stranger__refused(unbound, stranger, function):
    arguments = {"setBound": (0, (1, 1, PERIOD_S)), "setRamp": (DAY_S,)}[function]

    with ape.reverts(unbound.contract.AccessManagedUnauthorized, caller=stranger):
        getattr(unbound.contract, function)(*arguments, sender=stranger)


def test_set_bound__event_and_view__tell_it(unbound, owner):
    receipt = unbound.contract.setBound(int(Parameter.KINK), (1, 2, PERIOD_S), sender=owner)

    (log,) = receipt.decode_logs(unbound.contract.BoundSet)
    assert (
        tuple(log.bound) == tuple(unbound.contract.boundOf(int(Parameter.KINK))) == (1, 2, PERIOD_S)
    )


@pytest.mark.parametrize("period", [3_600, 365 * DAY_S])
def test_set_bound__period_at_its_limits__accepted(unbound, owner, period):
    unbound.contract.setBound(0, (1, 1, period), sender=owner)

    assert unbound.contract.boundOf(0).period == period


@pytest.mark.parametrize("period", [0, 3_599, 365 * DAY_S + 1])
def test_set_bound__period_out_of_range__refused(unbound, owner, period):
    with ape.reverts(unbound.contract.PeriodOutOfRange, period=period):
        unbound.contract.setBound(0, (1, 1, period), sender=owner)


@pytest.mark.parametrize(("up", "down"), [(10_001, 0), (0, 10_001)])
def test_set_bound__step_out_of_range__refused(unbound, owner, up, down):
    with ape.reverts(unbound.contract.StepOutOfRange, up=up, down=down):
        unbound.contract.setBound(0, (up, down, PERIOD_S), sender=owner)


@pytest.mark.parametrize("seconds", [DAY_S, 365 * DAY_S])
def test_set_ramp__at_its_limits__accepted(unbound, owner, seconds):
    unbound.contract.setRamp(seconds, sender=owner)

    assert unbound.contract.ramp() == seconds


@pytest.mark.parametrize("seconds", [0, DAY_S - 1, 365 * DAY_S + 1])
def test_set_ramp__out_of_range__refused(unbound, owner, seconds):
    with ape.reverts(unbound.contract.RampOutOfRange, seconds_=seconds):
        unbound.contract.setRamp(seconds, sender=owner)


def test_next__after_a_change__tells_values_and_when(desk):
    desk.has_changed(Parameter.SUPPLY_CAP, desk.reserve.units(1_200))

    value, lowest, highest, possible = desk.next(Parameter.SUPPLY_CAP)

    assert [v / desk.reserve.units(1) for v in (value, lowest, highest)] == [1_200, 960, 1_440]
    assert possible == ape.chain.blocks.head.timestamp + PERIOD_S
