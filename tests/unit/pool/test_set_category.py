"""Categories: better terms for assets that move together, for accounts that bind themselves to them.

Category 1 takes WETH and WBTC at an LTV of 90 % and lends USDC and WETH; category 2 does the same
and is isolated, so that nothing else counts.
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import (
    BORROW,
    COLLATERAL,
    DAY_S,
    MAX,
    WAD,
    WITHDRAW,
    Category,
    event,
    quickly,
)

OPEN, ISOLATED = 1, 2
PAIR = ("WETH", "WBTC")


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """USDC and FINE to borrow; the borrower has 10 WETH and 10,000 CENT: 20,000 and 10,000."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(supplier, still["FINE"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.supply(borrower, still["CENT"], 10_000)
    for number, isolated in ((OPEN, False), (ISOLATED, True)):
        still.set_category(number, Category(PAIR, ("USDC", "WETH"), isolated=isolated))


@pytest.fixture
def choose(pool, borrower):
    """The borrower chooses a category."""
    return lambda number: quickly(pool.setCategory, number, borrower, sender=borrower)


def test_set_category__any__is_shown_and_emitted(pool, borrower):
    tx = pool.setCategory(OPEN, borrower, sender=borrower)

    assert pool.categoryOf(borrower) == OPEN
    log = event(tx, pool.CategoryChosen)
    assert (log.account, log.caller, log.category) == (borrower, borrower, OPEN)


@pytest.mark.parametrize("number", [3, 255, 256, MAX])
def test_set_category__that_was_never_opened__refused(pool, borrower, number):
    with ape.reverts(pool.UnknownCategory, category=number):
        pool.setCategory(number, borrower, sender=borrower)


def test_category_of__whoever_chose_none__is_none(pool, stranger):
    assert pool.categoryOf(stranger) == 0


# -------------------------------------------------------------------------------------------- its terms


@pytest.mark.parametrize(
    ("number", "value", "limit", "threshold"),
    [
        (0, 30_000, 16_000 + 8_000, 16_600 + 8_300),
        (OPEN, 30_000, 18_000 + 8_000, 18_600 + 8_300),
        (ISOLATED, 20_000, 18_000, 18_600),
    ],
)
def test_account_data__in_a_category__counts_at_its_terms(
    pool, borrower, choose, number, value, limit, threshold
):
    choose(number)
    data = pool.accountData(borrower)
    assert data.collateralValue == value * WAD
    assert (data.borrowLimit, data.liquidationLimit) == (limit * WAD, threshold * WAD)


@pytest.mark.parametrize(("number", "limit"), [(0, 24_000), (OPEN, 26_000), (ISOLATED, 18_000)])
def test_borrow__in_a_category__up_to_its_limit(pool, usdc, borrower, choose, number, limit):
    choose(number)
    pool.borrow(usdc.id, usdc.units(limit), borrower, borrower, sender=borrower)
    with ape.reverts(pool.Undercollateralized, borrowLimit=limit * WAD):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.parametrize("number", [OPEN, ISOLATED])
def test_borrow__what_the_category_does_not_lend__refused(pool, fine, borrower, choose, number):
    choose(number)
    with ape.reverts(pool.NotInCategory, category=number, id=fine.id):
        pool.borrow(fine.id, 1, borrower, borrower, sender=borrower)


def test_take_debt__that_the_category_does_not_lend__refused(
    market, pool, fine, borrower, stranger, choose
):
    market.supply(stranger, market["WETH"], 10)
    market.borrow(stranger, fine, 100)
    choose(OPEN)
    with ape.reverts(pool.NotInCategory, category=OPEN, id=fine.id):
        pool.takeDebt(fine.id, 1, stranger, borrower, sender=borrower)


# ----------------------------------------------------------------------------------- entering and leaving


def test_set_category__with_a_debt_that_it_does_not_lend__refused(market, pool, fine, borrower):
    market.borrow(borrower, fine, 100)
    with ape.reverts(pool.NotInCategory, category=OPEN, id=fine.id):
        pool.setCategory(OPEN, borrower, sender=borrower)


def test_set_category__with_a_debt_that_it_lends__accepted(market, pool, usdc, borrower):
    market.borrow(borrower, usdc, 24_000)
    pool.setCategory(OPEN, borrower, sender=borrower)
    assert pool.categoryOf(borrower) == OPEN


def test_set_category__isolated_with_a_debt_covered_by_others__refused(
    market, pool, usdc, borrower
):
    market.borrow(borrower, usdc, 18_001)
    with ape.reverts(pool.Undercollateralized, debtValue=18_001 * WAD, borrowLimit=18_000 * WAD):
        pool.setCategory(ISOLATED, borrower, sender=borrower)


def test_set_category__left_while_the_debt_needs_it__refused(market, pool, usdc, borrower, choose):
    choose(OPEN)
    market.borrow(borrower, usdc, 24_001)
    with ape.reverts(pool.Undercollateralized, debtValue=24_001 * WAD, borrowLimit=24_000 * WAD):
        pool.setCategory(0, borrower, sender=borrower)


def test_set_category__left_with_cover__accepted(market, pool, usdc, borrower, choose):
    choose(OPEN)
    market.borrow(borrower, usdc, 24_000)
    pool.setCategory(0, borrower, sender=borrower)
    assert pool.categoryOf(borrower) == 0


def test_set_category__debt_without_price__refused(market, pool, usdc, borrower):
    market.borrow(borrower, usdc, 1)
    quickly(usdc.feed.kill, True, sender=borrower)
    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.setCategory(OPEN, borrower, sender=borrower)


@pytest.mark.parametrize("granted", [0, BORROW + WITHDRAW])
def test_set_category__for_another_without_authorization__refused(
    pool, borrower, stranger, granted
):
    quickly(pool.authorize, stranger, granted, MAX, sender=borrower)
    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=COLLATERAL):
        pool.setCategory(OPEN, borrower, sender=stranger)


def test_set_category__for_another_with_authorization__accepted(pool, borrower, stranger):
    quickly(pool.authorize, stranger, COLLATERAL, MAX, sender=borrower)
    pool.setCategory(OPEN, borrower, sender=stranger)
    assert pool.categoryOf(borrower) == OPEN


# -------------------------------------------------------------------------------------------- liquidation


@pytest.fixture
def liquidate(pool, usdc, borrower, liquidator):
    def run(collateral):
        terms = (borrower, usdc.id, collateral.id, MAX, 0, liquidator)
        return event(pool.liquidate(*terms, sender=liquidator), pool.Liquidate)

    return run


def test_liquidate__in_a_category__above_its_threshold__refused(
    market, pool, weth, usdc, choose, borrower, liquidate
):
    """Health is above one at 93 % and would not be at 83 %."""
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)
    market.set_price(weth, 1_936)

    with ape.reverts(pool.Healthy, account=borrower):
        liquidate(weth)


def test_liquidate__in_a_category__pays_its_bonus(market, weth, usdc, choose, borrower, liquidate):
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)
    market.set_price(weth, 1_935)  # health 0.99975

    log = liquidate(weth)

    assert log.seized * 1_935 / (log.repaid * 10**12) == pytest.approx(1.01, abs=1e-4)


def test_liquidate__isolated__takes_nothing_that_does_not_count(
    market, pool, weth, usdc, cent, choose, borrower, liquidate
):
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)
    market.set_price(weth, 1_900)

    with ape.reverts(pool.NotCollateral, account=borrower, id=cent.id):
        liquidate(cent)


def test_liquidate__not_isolated__takes_other_collateral_at_its_own_bonus(
    market, cent, weth, usdc, choose, borrower, liquidate
):
    choose(OPEN)
    market.borrow(borrower, usdc, 26_000)
    market.set_price(weth, 1_900)

    log = liquidate(cent)

    assert log.seized * 10**4 / log.repaid > 1.025


def test_write_off__isolated__spares_what_does_not_count(
    market, pool, weth, cent, usdc, choose, borrower, liquidator
):
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)
    market.set_price(weth, 1)

    pool.writeOff(borrower, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) == 0
    assert pool.supplyBalance(borrower, cent.id) == cent.units(10_000)


def test_withdraw__isolated_collateral_that_does_not_count__leaves_the_limit_alone(
    market, pool, cent, usdc, choose, borrower
):
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)

    pool.withdraw(cent.id, MAX, borrower, borrower, sender=borrower)

    assert pool.accountData(borrower).borrowLimit == 18_000 * WAD


# ------------------------------------------------------------------------------------------ terms that change


def test_category__threshold_lowered__goes_down_over_time(
    market, pool, weth, usdc, chain, choose, borrower
):
    choose(ISOLATED)
    market.borrow(borrower, usdc, 18_000)
    lower = Category(PAIR, ("USDC", "WETH"), ltv_bps=8_000, threshold_bps=8_300, isolated=True)

    market.set_category(ISOLATED, lower, ramp_s=10 * DAY_S)

    assert pool.healthFactor(borrower) > WAD
    chain.mine(deltatime=5 * DAY_S)
    threshold = pool.categoryData(ISOLATED).threshold
    assert threshold == pytest.approx(0.88 * WAD, rel=1e-5)
    chain.mine(deltatime=5 * DAY_S)
    assert pool.categoryData(ISOLATED).threshold == 83 * WAD // 100


def test_category__no_longer_lends_an_asset__keeps_what_is_owed(
    market, pool, usdc, choose, borrower
):
    choose(OPEN)
    market.borrow(borrower, usdc, 1_000)

    market.set_category(OPEN, Category(PAIR, ("WETH",)))

    with ape.reverts(pool.NotInCategory, category=OPEN, id=usdc.id):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)
    pool.repay(usdc.id, MAX, borrower, sender=borrower)
