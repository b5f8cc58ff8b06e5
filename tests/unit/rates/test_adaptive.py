"""The adaptive model as a pool's reserve uses it: it rises while much is lent and sinks while little is."""

from __future__ import annotations

import ape
import pytest

from sims.adaptive import AdaptiveCurve
from sims.exact import growth
from tests._cast import DAY_S, MAX, WAD, YEAR_S, ZERO, quickly
from tests._revm import Reverted

TARGET, STEEPNESS, SPEED = 9 * WAD // 10, 4 * WAD, 50 * WAD
INITIAL, LOWEST, HIGHEST = 4 * WAD // 100, WAD // 1_000, 2 * WAD
GOOD = (TARGET, STEEPNESS, SPEED, INITIAL, LOWEST, HIGHEST)
TOO_DEAR = 5 * WAD + 1  # four times that is above 2,000 % a year
HIGH, LOW = 98_000, 10_000  # of 100,001 USDC


@pytest.fixture
def model(project, owner):
    return owner.deploy(project.AdaptiveRateModel, GOOD)


@pytest.fixture
def twin():
    """The model in integers, at its start."""
    return AdaptiveCurve(*GOOD)


@pytest.fixture
def lend(market, pool, usdc, weth, lent, borrower, model):
    """Lends part of 100,001 USDC and puts the reserve under the model, in this order."""

    def run(amount):
        market.supply(borrower, weth, 100)
        market.borrow(borrower, usdc, amount)
        market.set_rates(usdc, rate_model=model.address)

    return run


@pytest.fixture
def after(market, pool, usdc, supplier, twin):
    """Lets time pass and accrues; the twin hears of the same utilization and seconds."""

    def run(seconds):
        before = market.words(usdc)
        market.wait(seconds)
        pool.accrue(usdc.id, sender=supplier)
        elapsed = market.words(usdc).timestamp_s - before.timestamp_s
        used = min(before.debt_assets * WAD // before.supply_assets, WAD)
        charged = twin.borrow_rate(used, elapsed)
        twin.accrued(used, elapsed)
        return before, charged, elapsed

    return run


# ------------------------------------------------------------------------------------ movement


def test_rate_at_target__before_any_accrual__is_the_initial_rate(model, pool, usdc):
    assert model.rateAtTarget(pool, usdc.id) == INITIAL


def test_rate_at_target__much_lent__rises(model, pool, usdc, twin, lend, after):
    lend(HIGH)

    after(5 * DAY_S)

    assert model.rateAtTarget(pool, usdc.id) == twin.rate_at_target()
    # Utilization 98 % is 0.8 of the way from target to full: e^(50 * 0.8 * 5 / 365) = 1.73.
    assert twin.rate_at_target() == pytest.approx(INITIAL * 1.73, rel=1e-2)


def test_rate_at_target__little_lent__sinks(model, pool, usdc, twin, lend, after):
    lend(LOW)

    after(5 * DAY_S)

    assert model.rateAtTarget(pool, usdc.id) == twin.rate_at_target()
    # Utilization 10 % is 0.89 of the way from target to nothing: e^(-50 * 0.89 * 5 / 365) = 0.54.
    assert twin.rate_at_target() == pytest.approx(INITIAL * 0.54, rel=1e-2)


def test_rate_at_target__nobody_borrows__sinks_too(model, pool, usdc, market, lent, after):
    market.set_rates(usdc, rate_model=model.address)

    after(DAY_S)

    assert model.rateAtTarget(pool, usdc.id) < INITIAL


def test_rate_at_target__years_of_high_use__stops_at_the_highest(model, pool, usdc, lend, after):
    lend(HIGH)

    after(2 * YEAR_S)

    assert model.rateAtTarget(pool, usdc.id) == HIGHEST
    after(YEAR_S)
    assert model.rateAtTarget(pool, usdc.id) == HIGHEST


def test_rate_at_target__years_of_low_use__stops_at_the_lowest(model, pool, usdc, lend, after):
    lend(LOW)

    after(2 * YEAR_S)

    assert model.rateAtTarget(pool, usdc.id) == LOWEST
    after(YEAR_S)
    assert model.rateAtTarget(pool, usdc.id) == LOWEST


def test_rate_at_target__time_before_the_model_was_set__does_not_count(
    model, pool, usdc, market, lend
):
    market.wait(YEAR_S)

    lend(HIGH)

    assert model.rateAtTarget(pool, usdc.id) == INITIAL


def test_rate_at_target__several_intervals__are_as_in_the_twin(
    model, pool, usdc, market, borrower, twin, lend, after
):
    lend(HIGH)
    after(DAY_S)
    quickly(pool.repay, usdc.id, usdc.units(90_000), borrower, sender=borrower)
    twin.level = model.level(pool, usdc.id)  # the repayment has accrued some seconds

    for seconds in (12, DAY_S, 100 * DAY_S, YEAR_S):
        after(seconds)
        assert model.level(pool, usdc.id) == twin.level
        assert model.rateAtTarget(pool, usdc.id) == twin.rate_at_target()


# ------------------------------------------------------------------------------------ interest


@pytest.mark.parametrize(
    ("utilization", "annual"), [(0, 0.01), (0.45, 0.025), (0.9, 0.04), (0.95, 0.1), (1, 0.16)]
)
def test_borrow_rate__at_the_initial_rate__is_the_curve(model, pool, utilization, annual):
    rate = model.borrowRate(pool, 0, round(utilization * 100) * WAD // 100, 0)
    assert rate * YEAR_S == pytest.approx(annual * WAD, abs=YEAR_S)


@pytest.mark.parametrize("lent_amount", [HIGH, LOW])
@pytest.mark.parametrize("seconds", [12, 5 * DAY_S, 2 * YEAR_S])
def test_borrow_rate__in_the_pool__charges_the_mean_of_the_interval(
    market, usdc, lend, after, lent_amount, seconds
):
    lend(lent_amount)

    before, charged, elapsed = after(seconds)

    grown = -(-before.debt_index * growth(charged, elapsed) // WAD)
    assert market.words(usdc).debt_index == before.debt_index + grown


def test_borrow_rate__a_year_untouched_at_full_use__does_not_stop_an_exit(
    market, pool, usdc, borrower, supplier, lend
):
    lend(HIGH)
    market.wait(YEAR_S)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier)

    assert pool.debtBalance(borrower, usdc.id) == pool.supplyBalance(supplier, usdc.id) == 0


def test_model__taken_away__leaves_the_built_in_curve(market, pool, usdc, lend):
    lend(HIGH)

    market.set_rates(usdc, rate_model=ZERO)

    assert pool.reserveData(usdc.id).borrowRate * YEAR_S == pytest.approx(0.52 * WAD, rel=1e-3)


# ------------------------------------------------------------------------------ whose state it is


def test_accrued__by_a_stranger__leaves_the_pool_alone(model, pool, usdc, stranger, lend, after):
    lend(HIGH)
    after(DAY_S)
    rate, level = model.rateAtTarget(pool, usdc.id), model.level(pool, usdc.id)

    model.accrued(usdc.id, 0, 10 * YEAR_S, sender=stranger)

    assert (model.rateAtTarget(pool, usdc.id), model.level(pool, usdc.id)) == (rate, level)


def test_accrued__by_a_stranger__moves_his_own(model, usdc, stranger):
    model.accrued(usdc.id, 0, 10 * YEAR_S, sender=stranger)

    assert model.rateAtTarget(stranger, usdc.id) == LOWEST


def test_accrued__one_reserve__leaves_the_others(model, usdc, weth, stranger):
    model.accrued(usdc.id, 0, YEAR_S, sender=stranger)

    assert model.rateAtTarget(stranger, weth.id) == INITIAL


@pytest.mark.parametrize("utilization", [0, TARGET, WAD, MAX])
@pytest.mark.parametrize("elapsed", [0, 1, 1_000 * YEAR_S, MAX])
def test_accrued__any_arguments__never_reverts(model, stranger, utilization, elapsed):
    model.accrued(MAX, utilization, elapsed, sender=stranger)

    rate = model.borrowRate(stranger, MAX, utilization, elapsed)
    assert LOWEST // 4 // YEAR_S <= rate <= HIGHEST * 4 // YEAR_S


# --------------------------------------------------------------------------------- construction


def test_constructor__good_parameters__are_public(model):
    parameters = (
        model.target(),
        model.steepness(),
        model.speed(),
        model.initialRate(),
        model.minRate(),
        model.maxRate(),
    )
    assert parameters == GOOD


def changed(**changes):
    """The good parameters, but for some."""
    names = ("target", "steepness", "speed", "initial", "lowest", "highest")
    return tuple(changes.get(name, value) for name, value in zip(names, GOOD, strict=True))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"target": 0}, "InvalidTarget"),
        ({"target": WAD}, "InvalidTarget"),
        ({"target": MAX}, "InvalidTarget"),
        ({"steepness": WAD - 1}, "InvalidSteepness"),
        ({"steepness": 100 * WAD + 1}, "InvalidSteepness"),
        ({"speed": 0}, "InvalidSpeed"),
        ({"speed": 1_000 * WAD + 1}, "InvalidSpeed"),
        ({"lowest": 0}, "InvalidRates"),
        ({"lowest": INITIAL + 1}, "InvalidRates"),
        ({"initial": HIGHEST + 1}, "InvalidRates"),
        ({"highest": TOO_DEAR}, "InvalidRates"),
        ({"highest": MAX}, "InvalidRates"),
    ],
)
def test_constructor__bad_parameter__is_refused_by_name(machine, change, error):
    p = changed(**change)
    named = {
        "InvalidTarget": (p[0],),
        "InvalidSteepness": (p[1],),
        "InvalidSpeed": (p[2],),
        "InvalidRates": (p[4], p[3], p[5]),
    }

    with pytest.raises(Reverted) as refusal:
        machine.deploy("AdaptiveRateModel", p)

    assert (refusal.value.name, refusal.value.arguments) == (error, named[error])


@pytest.mark.parametrize(
    "change",
    [
        {"target": 1},
        {"target": WAD - 1},
        {"steepness": WAD},
        {"steepness": 100 * WAD, "highest": WAD // 5},
        {"speed": 1},
        {"speed": 1_000 * WAD},
        {"lowest": INITIAL},
        {"highest": INITIAL},
        {"lowest": 1, "highest": TOO_DEAR - 1},
    ],
)
def test_constructor__parameter_at_the_edge__is_accepted(machine, change):
    model = machine.deploy("AdaptiveRateModel", changed(**change))
    assert model.rateAtTarget(model.address, 0) == INITIAL


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"target": 0}, "InvalidTarget"),
        ({"steepness": 0}, "InvalidSteepness"),
        ({"speed": 0}, "InvalidSpeed"),
        ({"lowest": 0}, "InvalidRates"),
    ],
)
def test_constructor__bad_parameter_through_ape__is_refused_by_name(project, owner, change, error):
    with ape.reverts(getattr(project.AdaptiveRateModel, error)):
        owner.deploy(project.AdaptiveRateModel, changed(**change))
