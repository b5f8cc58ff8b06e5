"""Repaying: anyone, at any time, without a price; what clears a debt takes no more than it."""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, WAD, decode_words, div_up, event, stored

pytestmark = pytest.mark.usefixtures("indebted")


def test_repay__part__lowers_the_debt_by_it(still, supplier, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 8_000)
    before = usdc.token.balanceOf(borrower)

    still.pool.repay(usdc.id, usdc.units(3_000), borrower, sender=borrower)

    assert still.pool.debtBalance(borrower, usdc.id) == usdc.units(5_000)
    assert usdc.token.balanceOf(borrower) == before - usdc.units(3_000)


@pytest.mark.usefixtures("aged")
def test_repay__part__rounds_shares_down_and_emits_the_new_words(pool, usdc, borrower, stranger):
    assets = usdc.units(1_000) + 1

    log = event(pool.repay(usdc.id, assets, borrower, sender=stranger), pool.Repay)

    index = decode_words(log.interest, log.totals).debt_index
    assert assets * WAD % index != 0, "there must be something to round"
    assert (log.assets, log.shares) == (assets, assets * WAD // index)
    assert (log.id, log.account, log.caller) == (usdc.id, borrower, stranger)
    assert (log.interest, log.totals) == stored(pool, usdc)


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("offer", [MAX, 10**12])
def test_repay__at_or_above_the_debt__clears_it_and_takes_no_more(
    pool, usdc, borrower, stranger, offer
):
    before = usdc.token.balanceOf(stranger)

    log = event(pool.repay(usdc.id, offer, borrower, sender=stranger), pool.Repay)

    index = decode_words(log.interest, log.totals).debt_index
    assert log.assets == div_up(log.shares * index, WAD) > usdc.units(10_000)
    assert usdc.token.balanceOf(stranger) == before - log.assets
    assert pool.debtBalance(borrower, usdc.id) == 0
    assert [p.id for p in pool.positions(borrower)] == [0]  # the collateral alone


def test_repay__a_unit_below_the_debt__leaves_a_unit(still, supplier, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 8_000)

    still.pool.repay(usdc.id, usdc.units(8_000) - 1, borrower, sender=borrower)

    assert still.pool.debtBalance(borrower, usdc.id) == 1


def test_repay__of_another__needs_no_authorization(pool, usdc, borrower, stranger):
    owed = pool.debtBalance(borrower, usdc.id)

    pool.repay(usdc.id, usdc.units(1_000), borrower, sender=stranger)

    assert pool.debtBalance(borrower, usdc.id) < owed - usdc.units(999)


@pytest.mark.usefixtures("aged")
def test_repay__worth_less_than_a_share__refused(pool, usdc, borrower):
    with ape.reverts(pool.ZeroAmount):
        pool.repay(usdc.id, 1, borrower, sender=borrower)


@pytest.mark.usefixtures("aged")
def test_repay__worth_one_share__accepted(pool, usdc, borrower):
    assert event(pool.repay(usdc.id, 2, borrower, sender=borrower), pool.Repay).shares == 1


def test_repay__zero__refused(pool, usdc, borrower):
    with ape.reverts(pool.ZeroAmount):
        pool.repay(usdc.id, 0, borrower, sender=borrower)


@pytest.mark.parametrize("symbol", ["WETH", "WBTC"])
def test_repay__no_debt_there__refused(market, pool, borrower, symbol):
    """A supply in the reserve, or a debt in another one, does not help."""
    reserve = market[symbol]
    with ape.reverts(pool.NoPosition, account=borrower, id=reserve.id):
        pool.repay(reserve.id, 1, borrower, sender=borrower)


@pytest.mark.parametrize("unknown", [5, 64, MAX])
def test_repay__unknown_reserve__refused(pool, unknown, borrower):
    with ape.reverts(pool.UnknownReserve, id=unknown):
        pool.repay(unknown, 1, borrower, sender=borrower)
