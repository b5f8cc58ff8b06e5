"""Repaying with what the repayment sets free: the debt goes first, the callback, then the payment."""

from __future__ import annotations

import pytest

from tests._cast import MAX, UNPAID, WAD, event, quickly, refused, script, step, swap


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def leveraged(still, supplier, caller, owner):
    """The caller has 30 WETH supplied, 40,000 USDC owed, and no tokens."""
    weth, usdc, pool = still["WETH"], still["USDC"], still.pool
    still.supply(supplier, usdc, 100_000)
    quickly(weth.token.mint, caller, weth.units(30), sender=owner)
    debt = usdc.units(40_000)
    steps = [
        step(weth.token.approve, pool, MAX),
        step(usdc.token.approve, pool, MAX),
        step(pool.supply, weth.id, weth.units(30), caller),
        step(pool.borrow, usdc.id, debt, caller, caller),
        step(usdc.token.burn, caller, debt),
    ]
    quickly(caller.act, steps, sender=owner)


@pytest.fixture
def unwind(pool, weth, usdc, caller, owner):
    """Repays it all with 20 WETH that are sold in the callback."""

    def run(sold=20):
        callback = script(
            step(pool.withdraw, weth.id, weth.units(20), caller, caller),
            *swap(weth, sold, usdc, caller),
        )
        return caller.act, [step(pool.repayAndCall, usdc.id, MAX, caller, callback)]

    return run


def test_repay_and_call__sells_collateral__deleverages_in_one_call(
    pool, weth, usdc, caller, owner, unwind
):
    method, steps = unwind()
    method(steps, sender=owner)

    data = pool.accountData(caller)
    assert (data.collateralValue, data.debtValue) == (20_000 * WAD, 0)
    assert weth.token.balanceOf(caller) == usdc.token.balanceOf(caller) == 0


def test_withdraw__the_same_collateral_without_repaying__refused(pool, weth, caller, owner):
    withdraw = step(pool.withdraw, weth.id, weth.units(20), caller, caller)
    refused(pool.Undercollateralized, caller.act, [withdraw], sender=owner, account=caller)


def test_repay_and_call__any__tells_the_caller_what_is_due(usdc, caller, owner, unwind):
    method, steps = unwind()
    tx = method(steps, sender=owner)

    log = event(tx, caller.CalledBack)
    assert log.callback == caller.onRepay.encode_input(0, 0, b"")[:4]
    assert (log.id, log.assets) == (usdc.id, usdc.units(40_000))


def test_repay_and_call__cannot_pay__refused(unwind, owner):
    refused(UNPAID, *unwind(sold=19), sender=owner)


def test_repay_and_call__borrowed_again_in_the_callback__changes_nothing(pool, usdc, caller, owner):
    again = script(step(pool.borrow, usdc.id, usdc.units(40_000), caller, caller))

    caller.act([step(pool.repayAndCall, usdc.id, MAX, caller, again)], sender=owner)

    assert pool.debtBalance(caller, usdc.id) == usdc.units(40_000)
    assert pool.reserveData(usdc.id).buffer == 0


def test_repay_and_call__by_an_account_without_code__is_a_repayment(pool, usdc, caller, stranger):
    tx = pool.repayAndCall(usdc.id, usdc.units(1), caller, b"", sender=stranger)

    assert tuple(tx.return_value) == (usdc.units(1), usdc.units(1))
    assert pool.debtBalance(caller, usdc.id) == usdc.units(39_999)
