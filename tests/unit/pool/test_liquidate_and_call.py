"""Liquidating without capital: collateral first, the callback sells it, then the repayment."""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, SHARES, UNPAID, event, quickly, refused, script, step


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower, caller, owner):
    """15,000 USDC owed on 10 WETH, now at 1,600: all is repaid, at a bonus of 5 %. The caller has
    nothing, and has approved the pool."""
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 100_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 15_000)
    still.set_price(weth, 1_600)
    quickly(caller.act, [step(usdc.token.approve, still.pool, MAX)], sender=owner)


@pytest.fixture
def sell(weth, usdc, caller):
    """Sells WETH for 1,600 USDC each."""

    def run(amount):
        return (
            step(weth.token.burn, caller, weth.units(amount)),
            step(usdc.token.mint, caller, usdc.units(amount * 1_600)),
        )

    return run


@pytest.fixture
def liquidate(pool, weth, usdc, borrower, caller, owner):
    """The call that liquidates the borrower, with steps in the callback."""

    def run(*steps, minimum=0):
        terms = (borrower, usdc.id, weth.id, MAX, minimum, caller)
        call = step(pool.liquidateAndCall, *terms, script(*steps))
        return caller.act, [call]

    return run


def test_liquidate_and_call__sells_what_it_seized__profits_without_capital(
    pool, weth, usdc, borrower, caller, owner, liquidate, sell
):
    method, steps = liquidate(*sell(9.5))
    method(steps, sender=owner)

    assert pool.debtBalance(borrower, usdc.id) == 0
    # 15,000 of 15,200 went to the pool; of the collateral 9.84375 were seized, less the fee.
    assert usdc.token.balanceOf(caller) == usdc.units(200)
    assert weth.token.balanceOf(caller) == weth.units(9.84375) * 209 // 210 - weth.units(9.5)


def test_liquidate_and_call__any__tells_the_caller_what_is_due_and_what_came(
    pool, caller, owner, liquidate, sell
):
    method, steps = liquidate(*sell(9.5))
    tx = method(steps, sender=owner)

    told, done = event(tx, caller.CalledBack), event(tx, pool.Liquidate)
    assert told.callback == caller.onLiquidate.encode_input(caller, 0, 0, b"")[:4]
    assert (told.id, told.assets) == (done.seized - done.fee, done.repaid)


def test_liquidate_and_call__sells_too_little__refused(owner, liquidate, sell):
    refused(UNPAID, *liquidate(*sell(9.3)), sender=owner)  # for 14,880


def test_liquidate_and_call__less_than_the_minimum__refused(pool, weth, owner, liquidate, sell):
    minimum = weth.units(10)
    liquidation = liquidate(*sell(9.5), minimum=minimum)
    refused(pool.SeizedTooLittle, *liquidation, sender=owner, minimum=minimum)


def test_liquidate_and_call__for_shares__withdraws_them_in_the_callback(
    pool, weth, usdc, borrower, caller, owner, liquidate, sell
):
    withdraw = step(pool.withdraw, weth.id, MAX, caller, caller)

    method, steps = liquidate(withdraw, *sell(9.5), minimum=SHARES)
    method(steps, sender=owner)

    assert pool.debtBalance(borrower, usdc.id) == 0
    assert usdc.token.balanceOf(caller) == usdc.units(200)


def test_liquidate_and_call__bad_debt__costs_suppliers_what_it_costs_them_without_callback(
    market, pool, chain, weth, usdc, borrower, liquidator, owner, liquidate, sell
):
    """The repayment that is still to come is no loss, and none of it is buffer."""
    market.set_price(weth, 1_000)
    with chain.isolate():
        tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
        expected = event(tx, pool.WriteOff)

    method, steps = liquidate(*sell(9.9))
    log = event(method(steps, sender=owner), pool.WriteOff)

    assert (log.assets, log.deficit) == (expected.assets, expected.deficit)
    assert log.deficit > 0


def test_liquidate_and_call__by_an_account_without_code__is_a_liquidation(
    pool, weth, usdc, borrower, liquidator
):
    terms = (borrower, usdc.id, weth.id, MAX, 0, liquidator)

    tx = pool.liquidateAndCall(*terms, b"", sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert tuple(tx.return_value) == (log.repaid, log.seized - log.fee)


@pytest.mark.parametrize("to", ["caller", "account"])
def test_liquidate_and_call__own_account_or_to_it__refused(
    pool, weth, usdc, borrower, liquidator, to
):
    by, to = (borrower, liquidator) if to == "caller" else (liquidator, borrower)
    with ape.reverts(pool.SelfLiquidation):
        pool.liquidateAndCall(borrower, usdc.id, weth.id, MAX, 0, to, b"", sender=by)
