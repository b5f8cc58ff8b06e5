"""Debt that changes hands, with the consent of whoever takes it."""

from __future__ import annotations

import ape
import pytest

from tests._cast import BORROW, DAY_S, DEBT, MAX, WAD, WITHDRAW, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower, stranger):
    """The borrower owes 10,000 USDC; the stranger has 10 WETH, which allow him 16,000."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.supply(stranger, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 10_000)


def test_take_debt__part__moves_it(pool, usdc, borrower, stranger):
    tx = pool.takeDebt(usdc.id, usdc.units(4_000), borrower, stranger, sender=stranger)

    assert pool.debtBalance(borrower, usdc.id) == usdc.units(6_000)
    assert pool.debtBalance(stranger, usdc.id) == usdc.units(4_000)
    assert tuple(tx.return_value) == (usdc.units(4_000),) * 2
    log = event(tx, pool.DebtTaken)
    assert (log.id, getattr(log, "from"), log.to, log.caller) == (
        usdc.id,
        borrower,
        stranger,
        stranger,
    )
    assert (log.assets, log.shares) == (usdc.units(4_000),) * 2


def test_take_debt__any__moves_no_token_and_no_total(pool, usdc, borrower, stranger):
    held, words = usdc.token.balanceOf(pool), pool.reserveWords(usdc.id)

    pool.takeDebt(usdc.id, MAX, borrower, stranger, sender=stranger)

    assert (usdc.token.balanceOf(pool), pool.reserveWords(usdc.id)) == (held, words)


def test_take_debt__with_interest__moves_it_along(worlds, supplier, borrower, stranger):
    living = worlds.living
    usdc, pool = living["USDC"], living.pool
    living.supply(supplier, usdc, 20_000)
    for account in (borrower, stranger):
        living.supply(account, living["WETH"], 10)
    living.borrow(borrower, usdc, 10_000)
    living.wait(100 * DAY_S)

    log = event(pool.takeDebt(usdc.id, MAX, borrower, stranger, sender=stranger), pool.DebtTaken)

    assert log.assets > log.shares == usdc.units(10_000)
    assert pool.debtBalance(stranger, usdc.id) >= log.assets
    assert pool.debtBalance(borrower, usdc.id) == 0


@pytest.mark.parametrize("amount", [MAX, 10**12])
def test_take_debt__at_or_above_all__leaves_none(pool, usdc, borrower, stranger, amount):
    pool.takeDebt(usdc.id, amount, borrower, stranger, sender=stranger)
    assert pool.debtBalance(borrower, usdc.id) == 0
    assert pool.debtBalance(stranger, usdc.id) == usdc.units(10_000)


def test_take_debt__of_an_unhealthy_account__rescues_it(
    market, pool, weth, usdc, borrower, stranger
):
    market.set_price(weth, 1_250)
    assert pool.healthFactor(borrower) > WAD
    market.set_price(weth, 1_200)
    assert pool.healthFactor(borrower) < WAD

    pool.takeDebt(usdc.id, usdc.units(5_000), borrower, stranger, sender=stranger)

    assert pool.healthFactor(borrower) > WAD


def test_take_debt__without_cover__refused(market, pool, weth, usdc, borrower, stranger):
    market.set_price(weth, 1_200)
    with ape.reverts(
        pool.Undercollateralized,
        account=stranger,
        debtValue=10_000 * WAD,
        borrowLimit=9_600 * WAD,
        health=WAD * 96 // 100,
    ):
        pool.takeDebt(usdc.id, MAX, borrower, stranger, sender=stranger)


@pytest.mark.parametrize("symbol", ["WETH", "WBTC"])
def test_take_debt__no_debt_there__refused(market, pool, borrower, stranger, symbol):
    reserve = market[symbol]
    with ape.reverts(pool.NoPosition, account=borrower, id=reserve.id):
        pool.takeDebt(reserve.id, 1, borrower, stranger, sender=stranger)


def test_take_debt__nothing__refused(pool, usdc, borrower, stranger):
    with ape.reverts(pool.ZeroAmount):
        pool.takeDebt(usdc.id, 0, borrower, stranger, sender=stranger)


def test_take_debt__unknown_reserve__refused(pool, borrower, stranger):
    with ape.reverts(pool.UnknownReserve, id=64):
        pool.takeDebt(64, 1, borrower, stranger, sender=stranger)


# --------------------------------------------------------------------------------------------- consent


@pytest.mark.parametrize("granted", [0, WITHDRAW])
def test_take_debt__given_to_one_who_has_not_agreed__refused(
    pool, usdc, borrower, stranger, granted
):
    quickly(pool.authorize, borrower, granted, MAX, sender=stranger)
    with ape.reverts(pool.NotAuthorized, account=stranger, caller=borrower, action=BORROW):
        pool.takeDebt(usdc.id, 1, borrower, stranger, sender=borrower)


def test_take_debt__given_to_one_who_lets_borrow__accepted(pool, usdc, borrower, stranger):
    quickly(pool.authorize, borrower, BORROW, MAX, sender=stranger)
    pool.takeDebt(usdc.id, MAX, borrower, stranger, sender=borrower)
    assert pool.debtBalance(stranger, usdc.id) == usdc.units(10_000)


def test_take_debt__within_the_credit__spends_it(pool, usdc, borrower, stranger):
    quickly(pool.allow, borrower, usdc.id | DEBT, usdc.units(1_000), MAX, sender=stranger)

    pool.takeDebt(usdc.id, usdc.units(600), borrower, stranger, sender=borrower)

    assert pool.allowance(stranger, borrower, usdc.id | DEBT) == usdc.units(400)


def test_take_debt__a_unit_above_the_credit__refused(pool, usdc, borrower, stranger):
    credit = usdc.units(1_000)
    quickly(pool.allow, borrower, usdc.id | DEBT, credit, MAX, sender=stranger)
    with ape.reverts(
        pool.InsufficientAllowance,
        positionId=usdc.id | DEBT,
        requested=credit + 1,
        allowed=credit,
    ):
        pool.takeDebt(usdc.id, credit + 1, borrower, stranger, sender=borrower)


# ------------------------------------------------------------------------- what is and is not in the way


def test_take_debt__paused__refused(market, pool, usdc, owner, borrower, stranger):
    quickly(market.configurator.pause, pool, usdc.id, sender=owner)
    with ape.reverts(pool.ReservePaused, id=usdc.id):
        pool.takeDebt(usdc.id, 1, borrower, stranger, sender=stranger)


def test_take_debt__no_cash_no_room_and_no_lending__accepted(
    market, pool, usdc, owner, supplier, borrower, stranger
):
    cash = pool.reserveData(usdc.id).cash
    quickly(pool.withdraw, usdc.id, cash, supplier, supplier, sender=supplier)
    market.set_limits(usdc, borrow_cap=0, borrowable=False)
    quickly(market.configurator.freeze, pool, usdc.id, sender=owner)

    pool.takeDebt(usdc.id, MAX, borrower, stranger, sender=stranger)

    assert pool.debtBalance(stranger, usdc.id) == usdc.units(10_000)


@pytest.mark.parametrize(("part", "accepted"), [(2_000, True), (1_999, False)])
def test_take_debt__less_than_the_least_debt__refused(
    market, pool, usdc, borrower, stranger, part, accepted
):
    market.set_risk(usdc, min_debt=usdc.units(2_000))
    take = (usdc.id, usdc.units(part), borrower, stranger)

    if accepted:
        pool.takeDebt(*take, sender=stranger)
    else:
        minimum = usdc.units(2_000)
        with ape.reverts(pool.DebtTooSmall, id=usdc.id, debt=usdc.units(part), minimum=minimum):
            pool.takeDebt(*take, sender=stranger)
