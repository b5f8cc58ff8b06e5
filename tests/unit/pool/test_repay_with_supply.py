"""A debt paid with supply of the same reserve: no token moves, and nothing can be in the way."""

from __future__ import annotations

import ape
import pytest

from tests._cast import BORROW, IDLE, MAX, WAD, WITHDRAW, decode_words, div_up, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def both(market, supplier, borrower, weth, usdc):
    """The borrower owes 8,000 USDC on 10 WETH and supplies 3,000 USDC."""
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.supply(borrower, usdc, 3_000)
    market.borrow(borrower, usdc, 8_000)


pytestmark = pytest.mark.usefixtures("both")


@pytest.fixture
def shown(pool, usdc, borrower):
    """His supply and his debt, in whole tokens."""

    def run():
        sides = pool.supplyBalance(borrower, usdc.id), pool.debtBalance(borrower, usdc.id)
        return tuple(side / usdc.units(1) for side in sides)

    return run


def test_repay_with_supply__part__lowers_both_sides_by_it(pool, usdc, borrower, shown):
    held = usdc.token.balanceOf(pool)

    tx = pool.repayWithSupply(usdc.id, usdc.units(1_000), borrower, sender=borrower)

    assert shown() == (2_000, 7_000)
    assert usdc.token.balanceOf(pool) == held
    assert tuple(tx.return_value) == (usdc.units(1_000),) * 3


def test_repay_with_supply__any__emits_what_happened_and_the_new_words(pool, usdc, borrower):
    tx = pool.repayWithSupply(usdc.id, usdc.units(1_000), borrower, sender=borrower)

    log, words = event(tx, pool.RepaidWithSupply), pool.reserveWords(usdc.id)
    assert (log.positionId, log.account, log.caller) == (usdc.id, borrower, borrower)
    assert (log.assets, log.supplyShares, log.debtShares) == (usdc.units(1_000),) * 3
    assert (log.interest, log.totals, log.token) == (words.interest, words.totals, words.token)


def test_repay_with_supply__all_where_the_debt_is_more__uses_up_the_supply(
    pool, usdc, borrower, shown
):
    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)
    assert shown() == (0, 5_000)


def test_repay_with_supply__all_where_the_supply_is_more__clears_the_debt(
    market, pool, usdc, borrower, shown
):
    market.supply(borrower, usdc, 7_000)
    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)
    assert shown() == (2_000, 0)


def test_repay_with_supply__a_unit_more_than_supplied__refused(pool, usdc, borrower):
    held = usdc.units(3_000)
    with ape.reverts(pool.InsufficientShares, positionId=usdc.id, requested=held + 1, held=held):
        pool.repayWithSupply(usdc.id, held + 1, borrower, sender=borrower)


def test_repay_with_supply__nothing__refused(pool, usdc, borrower):
    with ape.reverts(pool.ZeroAmount):
        pool.repayWithSupply(usdc.id, 0, borrower, sender=borrower)


def test_repay_with_supply__all_of_no_supply__refused(market, pool, weth, borrower):
    market.borrow(borrower, weth, 1)
    with ape.reverts(pool.ZeroAmount):
        pool.repayWithSupply(weth.id | IDLE, MAX, borrower, sender=borrower)


def test_repay_with_supply__no_debt_there__refused(pool, weth, borrower):
    with ape.reverts(pool.NoPosition, account=borrower, id=weth.id):
        pool.repayWithSupply(weth.id, 1, borrower, sender=borrower)


@pytest.mark.parametrize("unknown", [5, IDLE | 5])
def test_repay_with_supply__unknown_reserve__refused(pool, borrower, unknown):
    with ape.reverts(pool.UnknownReserve, id=5):
        pool.repayWithSupply(unknown, 1, borrower, sender=borrower)


def test_repay_with_supply__idle__pays_with_what_sits_idle(
    market, pool, usdc, borrower, supplier, shown
):
    quickly(pool.convert, usdc.id, True, borrower, sender=borrower)
    cash = pool.reserveData(usdc.id).cash

    tx = pool.repayWithSupply(usdc.id | IDLE, usdc.units(1_000), borrower, sender=borrower)

    assert shown() == (2_000, 7_000)
    data = pool.reserveData(usdc.id)
    assert (data.idleAssets, data.cash) == (usdc.units(2_000), cash + usdc.units(1_000))
    assert event(tx, pool.RepaidWithSupply).token == pool.reserveWords(usdc.id).token


def test_repay_with_supply__from_the_other_mode__refused(pool, usdc, borrower):
    with ape.reverts(pool.InsufficientShares, positionId=usdc.id | IDLE, requested=1, held=0):
        pool.repayWithSupply(usdc.id | IDLE, 1, borrower, sender=borrower)


# ------------------------------------------------------------------------------ what is not in the way


def test_repay_with_supply__all_is_lent__accepted(market, pool, usdc, supplier, borrower, shown):
    cash = pool.reserveData(usdc.id).cash
    quickly(pool.withdraw, usdc.id, cash, supplier, supplier, sender=supplier)

    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)

    assert shown() == (0, 5_000)


@pytest.mark.parametrize("closed", ["pause", "freeze"])
def test_repay_with_supply__closed_reserve__accepted(
    market, pool, usdc, owner, borrower, shown, closed
):
    quickly(getattr(market.configurator, closed), pool, usdc.id, sender=owner)
    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)
    assert shown() == (0, 5_000)


def test_repay_with_supply__while_unhealthy_and_without_price__accepted(
    market, pool, weth, usdc, borrower, shown
):
    market.set_price(weth, 500)
    quickly(usdc.feed.kill, True, sender=borrower)

    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)

    assert shown() == (0, 5_000)


# ---------------------------------------------------------------------------------- for somebody else


@pytest.mark.parametrize("granted", [0, BORROW])
def test_repay_with_supply__for_another_without_consent__refused(
    pool, usdc, borrower, stranger, granted
):
    quickly(pool.authorize, stranger, granted, MAX, sender=borrower)
    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=WITHDRAW):
        pool.repayWithSupply(usdc.id, 1, borrower, sender=stranger)


def test_repay_with_supply__for_another_with_authorization__accepted(
    pool, usdc, borrower, stranger, shown
):
    quickly(pool.authorize, stranger, WITHDRAW, MAX, sender=borrower)
    pool.repayWithSupply(usdc.id, MAX, borrower, sender=stranger)
    assert shown() == (0, 5_000)


def test_repay_with_supply__for_another_within_an_allowance__spends_it(
    pool, usdc, borrower, stranger, shown
):
    quickly(pool.approve, stranger, usdc.id, usdc.units(1_500), sender=borrower)
    pool.repayWithSupply(usdc.id, usdc.units(1_000), borrower, sender=stranger)
    assert shown() == (2_000, 7_000)
    assert pool.allowance(borrower, stranger, usdc.id) == usdc.units(500)


# -------------------------------------------------------------------------------------------- rounding


def test_repay_with_supply__after_interest__rounds_against_the_account(
    worlds, supplier, borrower, stranger
):
    living = worlds.living
    usdc, pool = living["USDC"], living.pool
    living.supply(borrower, living["WETH"], 10)
    living.supply(borrower, usdc, 9_999)
    living.borrow(borrower, usdc, 8_000)
    living.wait(100 * 86_400)
    assets = usdc.units(1_000) + 1

    tx = pool.repayWithSupply(usdc.id, assets, borrower, sender=borrower)

    log = event(tx, pool.RepaidWithSupply)
    words = decode_words(log.interest, log.totals)
    assert log.supplyShares == div_up(assets * WAD, words.supply_index)
    assert log.debtShares == assets * WAD // words.debt_index
