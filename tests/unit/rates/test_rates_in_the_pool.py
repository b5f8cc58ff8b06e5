"""Rates as the pool charges them: its own curve, or an external model that it does not trust."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, YEAR_S, ZERO, quickly

MAX_RATE = 20 * WAD // YEAR_S
HONEST, REVERTING, SHORT, BURNING, BOMBING = range(5)
NO_CODE = "0x" + "ee" * 20
BAD = {
    "reverting": REVERTING,
    "short": SHORT,
    "burning": BURNING,
    "bombing": BOMBING,
    "no code": None,
}


@pytest.mark.parametrize(
    ("lent", "borrow_rate", "supply_rate"),
    [(9_200, 0.055, 0.04554), (9_500, 0.0925, 0.0790875), (10_000, 0.155, 0.1395)],
)
def test_rates__known_points__are_met_on_both_sides(
    market, pool, usdc, weth, supplier, borrower, lent, borrow_rate, supply_rate
):
    market.set_rates(usdc, curve=(0, 92, 55, 10))
    market.supply(supplier, usdc, 9_999)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, lent)

    data = pool.reserveData(usdc.id)

    assert data.borrowRate * YEAR_S == pytest.approx(borrow_rate * WAD, rel=1e-7)
    assert data.supplyRate * YEAR_S == pytest.approx(supply_rate * WAD, rel=1e-7)


@pytest.fixture
def use(market, project, owner, usdc, indebted):
    """Gives USDC an external model, with 10,000 of 100,001 lent."""

    def run(model):
        market.set_rates(usdc, rate_model=model if isinstance(model, str) else model.address)
        return model

    return run


@pytest.fixture
def bad(project, owner, use):
    """Gives USDC a model that misbehaves."""

    def run(kind):
        behaviour = BAD[kind]
        use(NO_CODE if behaviour is None else owner.deploy(project.MockRateModel, behaviour, 0))

    return run


# --------------------------------------------------------------------------------- a good model


def test_external_model__same_curve__charges_the_same(market, project, pool, usdc, owner, use):
    built_in = pool.reserveData(usdc.id).borrowRate

    use(owner.deploy(project.KinkedRateModel, usdc.asset.curve))

    assert pool.reserveData(usdc.id).borrowRate == pytest.approx(built_in, rel=1e-6)


def test_external_model__its_answer__is_what_borrowers_pay(market, project, pool, usdc, owner, use):
    use(owner.deploy(project.MockRateModel, HONEST, WAD // 10 // YEAR_S))
    before = market.words(usdc).debt_index

    market.wait(YEAR_S)

    grown = pool.reserveData(usdc.id).debtIndex / before
    assert grown == pytest.approx(1.1051666667, rel=1e-6)


def test_external_model__accrual__tells_it_utilization_and_time(
    market, project, pool, usdc, owner, supplier, use
):
    model = use(owner.deploy(project.MockRateModel, HONEST, 0))
    words = market.words(usdc)
    market.wait(30 * DAY_S)

    quickly(pool.accrue, usdc.id, sender=supplier)

    assert model.accruals() == 1
    assert model.lastUtilization() == words.debt_assets * WAD // words.supply_assets
    assert model.lastElapsed() == market.words(usdc).timestamp_s - words.timestamp_s


def test_external_model__that_moves__charges_an_interval_before_moving(
    market, project, pool, usdc, owner, supplier, use
):
    model = use(owner.deploy(project.MockRateModel, HONEST, 0))
    quickly(model.setNextRate, MAX_RATE, sender=owner)
    before = market.words(usdc).debt_index
    market.wait(30 * DAY_S)

    quickly(pool.accrue, usdc.id, sender=supplier)

    assert market.words(usdc).debt_index == before
    assert model.rate() == MAX_RATE


def test_external_model__that_moves__does_not_make_a_healthy_account_liquidatable(
    market, project, pool, usdc, weth, owner, borrower, liquidator, use
):
    """Health is judged by the interest that is charged, not by what comes next."""
    model = use(owner.deploy(project.MockRateModel, HONEST, 0))
    quickly(model.setNextRate, MAX_RATE, sender=owner)
    market.wait(30 * DAY_S)
    assert pool.healthFactor(borrower) > WAD

    with ape.reverts(pool.Healthy):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


def test_external_model__taken_away__leaves_the_curve(market, project, pool, usdc, owner, use):
    use(owner.deploy(project.MockRateModel, HONEST, MAX_RATE))

    market.set_rates(usdc, rate_model=ZERO)

    data = pool.reserveData(usdc.id)
    assert data.rateModel == ZERO
    assert 0 < data.borrowRate < MAX_RATE // 100


# --------------------------------------------------------------------------------- a bad model


@pytest.mark.parametrize("answer", [MAX_RATE + 1, MAX])
def test_external_model__absurd_rate__is_cut(project, pool, usdc, owner, use, answer):
    use(owner.deploy(project.MockRateModel, HONEST, answer))
    assert pool.reserveData(usdc.id).borrowRate == MAX_RATE


@pytest.mark.parametrize("kind", [k for k in BAD if k != "bombing"])
def test_external_model__bad__leaves_the_curve_in_force(pool, usdc, bad, kind):
    built_in = pool.reserveData(usdc.id).borrowRate

    bad(kind)

    assert pool.reserveData(usdc.id).borrowRate == pytest.approx(built_in, rel=1e-6)


@pytest.mark.parametrize("kind", BAD)
def test_external_model__bad__never_stops_a_withdrawal(market, pool, usdc, supplier, bad, kind):
    bad(kind)
    market.wait(DAY_S)

    pool.withdraw(usdc.id, usdc.units(1_000), supplier, supplier, sender=supplier)

    assert pool.supplyBalance(supplier, usdc.id) < usdc.units(99_001)


@pytest.mark.parametrize("kind", BAD)
def test_external_model__bad__never_stops_a_repayment(market, pool, usdc, borrower, bad, kind):
    bad(kind)
    market.wait(DAY_S)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)

    assert pool.debtBalance(borrower, usdc.id) == 0


@pytest.mark.parametrize("kind", BAD)
def test_external_model__bad__never_stops_a_liquidation(
    market, pool, usdc, weth, borrower, liquidator, bad, kind
):
    bad(kind)
    market.wait(DAY_S)
    market.set_price(weth, 1_100)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(10_000)


@pytest.mark.parametrize("kind", BAD)
def test_external_model__bad__can_be_taken_away(market, pool, usdc, bad, kind):
    bad(kind)
    market.wait(DAY_S)

    market.set_rates(usdc, rate_model=ZERO)

    assert pool.reserveData(usdc.id).rateModel == ZERO
