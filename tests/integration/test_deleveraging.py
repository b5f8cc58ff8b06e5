"""Leverage by looping, and the way back, which stays open whatever the protocol closes."""

from __future__ import annotations

import pytest

from tests._audit import audit
from tests._cast import DAY_S, MAX, WAD, quickly

LOOPS = 6


@pytest.fixture
def market(worlds, supplier, borrower):
    """The borrower puts 100 WETH to work six times over: borrows WETH on WETH at 75 %."""
    living = worlds.living
    weth = living["WETH"]
    living.supply(supplier, weth, 1_000)
    living.supply(borrower, weth, 100)
    amount = 100.0
    for _ in range(LOOPS):
        amount *= 0.75
        living.borrow(borrower, weth, amount)
        living.supply(borrower, weth, amount)
    return living


def unwind(market, borrower, reserve):
    """Withdraws what the limit leaves, repays with it, and again, until nothing is owed."""
    pool = market.pool
    for step in range(60):
        owed = pool.debtBalance(borrower, reserve.id)
        if owed == 0:
            quickly(pool.withdraw, reserve.id, MAX, borrower, borrower, sender=borrower)
            return step
        data = pool.accountData(borrower)
        free = (data.borrowLimit - data.debtValue) * 10**18 // (2_000 * WAD) * 100 // 81
        quickly(pool.withdraw, reserve.id, free, borrower, borrower, sender=borrower)
        quickly(pool.repay, reserve.id, free, borrower, sender=borrower)
    raise AssertionError("the loop does not come to an end")


def test_loop__wound_up__is_leveraged_as_planned(market, borrower):
    data = market.pool.accountData(borrower)
    supplied = 100 * sum(0.75**i for i in range(LOOPS + 1))
    assert data.collateralValue / WAD == pytest.approx(supplied * 2_000, rel=1e-6)
    assert data.debtValue / WAD == pytest.approx((supplied - 100) * 2_000, rel=1e-6)


@pytest.mark.parametrize("closed", [None, "freeze", "pause", "caps"])
def test_loop__unwound_after_a_month__ends_with_nothing_owed(
    market, supplier, borrower, owner, closed
):
    weth = market["WETH"]
    before = weth.token.balanceOf(borrower)
    market.wait(30 * DAY_S)
    if closed == "caps":
        market.set_limits(weth, supply_cap=0, borrow_cap=0, borrowable=False)
    elif closed:
        quickly(getattr(market.configurator, closed), market.pool, weth.id, sender=owner)

    steps = unwind(market, borrower, weth)

    assert steps > 3, "it takes several steps, or it was no leverage"
    assert market.pool.positions(borrower) == []
    # A month of interest on the difference is what it cost.
    got_back = weth.token.balanceOf(borrower) - before
    assert weth.units(99) < got_back < weth.units(100)
    audit(market, [supplier, borrower])
