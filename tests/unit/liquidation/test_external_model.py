"""A pool's external liquidation model: asked, held to its bounds, and never in the way."""

from __future__ import annotations

import pytest

from tests._cast import MAX, WAD, ZERO, Terms, event, quickly

HONEST, REVERTING, SHORT, BURNING, BOMBING = range(5)
NO_CODE = "0x" + "ee" * 20


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """15,000 USDC owed on 10 WETH, which fell from 2,000 to 1,750."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_000)
    still.set_price(still["WETH"], 1_750)


@pytest.fixture
def liquidate(pool, weth, usdc, borrower, liquidator):
    def run():
        tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
        return event(tx, pool.Liquidate)

    return run


@pytest.fixture
def built_in(scene, chain, liquidate):
    """What the pool's own rule repays and seizes."""
    with chain.isolate():
        log = liquidate()
    return log.repaid, log.seized


@pytest.fixture
def use(market):
    def run(model):
        market.set_terms(Terms(model=model))

    return run


@pytest.fixture
def answer(use, project, owner):
    """Sets a model that gives this answer."""

    def run(repay_value, bonus, behaviour=HONEST):
        use(owner.deploy(project.MockLiquidationModel, behaviour, repay_value, bonus).address)

    return run


def test_external_model__target_health__is_the_built_in_rule(
    project, owner, built_in, use, liquidate
):
    use(owner.deploy(project.TargetHealthModel).address)
    log = liquidate()
    assert (log.repaid, log.seized) == built_in


def test_external_model__its_answer__is_taken(weth, usdc, answer, liquidate):
    answer(7_000 * WAD, WAD * 3 // 100)

    log = liquidate()

    assert log.repaid == usdc.units(7_000)
    assert log.seized == weth.units("7210") // 1_750


def test_external_model__no_bonus__pays_none(weth, usdc, answer, liquidate):
    answer(7_000 * WAD, 0)

    log = liquidate()

    assert (log.seized, log.fee) == (weth.units(4), 0)


def test_external_model__absurd_bonus__is_cut_at_the_cap(weth, usdc, answer, liquidate):
    answer(7_000 * WAD, MAX)

    log = liquidate()

    assert log.seized == weth.units("7350") // 1_750


def test_external_model__absurd_repayment__is_cut_at_the_debt(
    pool, usdc, borrower, answer, liquidate
):
    answer(MAX, 0)

    log = liquidate()

    assert log.repaid == usdc.units(15_000)
    assert pool.debtBalance(borrower, usdc.id) == 0


def test_external_model__more_than_the_collateral_covers__takes_no_more_than_there_is(
    market, weth, usdc, answer, liquidate
):
    market.set_price(weth, 1_400)
    answer(MAX, WAD // 20)

    log = liquidate()

    assert log.seized == weth.units(10)
    assert log.repaid == -(-14_000 * 10**6 * 100 // 105)


@pytest.mark.parametrize(
    ("behaviour", "repay_value"),
    [(HONEST, 0), (REVERTING, 1), (SHORT, 1), (BURNING, 1), (BOMBING, 1)],
    ids=["allows nothing", "reverting", "short", "burning", "bombing"],
)
def test_external_model__bad__leaves_the_built_in_rule(
    built_in, answer, liquidate, behaviour, repay_value
):
    answer(repay_value, WAD // 20, behaviour)
    log = liquidate()
    assert (log.repaid, log.seized) == built_in


def test_external_model__without_code__leaves_the_built_in_rule(built_in, use, liquidate):
    use(NO_CODE)
    log = liquidate()
    assert (log.repaid, log.seized) == built_in


def test_external_model__allows_just_the_dust__is_taken(usdc, answer, liquidate):
    answer(1_000 * WAD, 0)
    assert liquidate().repaid == usdc.units(1_000)


def test_external_model__allows_less_than_dust__leaves_the_built_in_rule(
    built_in, answer, liquidate
):
    answer(1_000 * WAD - 1, 0)
    log = liquidate()
    assert (log.repaid, log.seized) == built_in


def test_external_model__allows_less_than_a_share__does_not_block(
    worlds, project, owner, supplier, borrower, liquidator
):
    """With interest in the index, a unit of debt is worth less than a share of it."""
    market = worlds.living
    weth, usdc = market["WETH"], market["USDC"]
    model = owner.deploy(project.MockLiquidationModel, HONEST, 1, 0)
    market.set_terms(Terms(model=model.address))
    market.supply(supplier, usdc, 20_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 15_000)
    market.wait(86_400)
    market.set_price(weth, 1_750)

    market.pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert market.pool.debtBalance(borrower, usdc.id) < usdc.units(14_000)


def test_external_model__taken_away__leaves_the_built_in_rule(built_in, answer, use, liquidate):
    answer(1_000 * WAD, 0)
    use(ZERO)
    log = liquidate()
    assert (log.repaid, log.seized) == built_in


@pytest.mark.parametrize(("debt", "before", "after"), [(96, 0.96, 0.963082), (95, 0.95, 0.943162)])
def test_external_model__half_of_the_debt__helps_only_below_the_toxic_frontier(
    market, pool, weth, usdc, stranger, answer, supplier, liquidator, debt, before, after
):
    """Above a loan to value of 1 / 1.045, repaying half makes it worse."""
    market.set_risk(weth, bonus_floor_bps=450, bonus_cap_bps=450)
    market.supply(supplier, usdc, 100_000)
    market.supply(stranger, weth, 50)
    market.set_price(weth, 2_500)
    quickly(pool.borrow, usdc.id, usdc.units(debt * 1_000), stranger, stranger, sender=stranger)
    market.set_price(weth, 2_000)  # 100,000 of collateral
    answer(debt * 500 * WAD, WAD)

    pool.liquidate(stranger, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    data = pool.accountData(stranger)
    assert data.debtValue / data.collateralValue == pytest.approx(after, abs=1e-6)
    assert (after > before) is (before > 1 / 1.045)
