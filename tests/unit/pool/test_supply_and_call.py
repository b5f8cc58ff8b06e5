"""Supplying what one does not have yet: the position first, the callback, then the payment."""

from __future__ import annotations

import ape
import pytest

from tests._cast import IDLE, MAX, SUPPLY, UNPAID, WAD, event, quickly, refused, script, step, swap


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, caller, owner):
    """100,000 USDC to borrow; the caller has 10 WETH in his hands and has approved the pool."""
    weth = still["WETH"]
    still.supply(supplier, still["USDC"], 100_000)
    quickly(weth.token.mint, caller, weth.units(10), sender=owner)
    quickly(caller.act, [step(weth.token.approve, still.pool, MAX)], sender=owner)


@pytest.fixture
def lever(pool, weth, usdc, caller, owner):
    """Supplies 30 WETH, of which 20 are bought with what is borrowed on them."""

    def run(borrowed=40_000, bought=40_000, position=None):
        callback = script(
            step(pool.borrow, usdc.id, usdc.units(borrowed), caller, caller),
            *swap(usdc, bought, weth, caller),
        )
        supply = (weth.id if position is None else position, weth.units(30), caller, callback)
        return caller.act, [step(pool.supplyAndCall, *supply)]

    return run


def test_supply_and_call__buys_on_credit__is_leveraged_in_one_call(
    pool, weth, usdc, caller, owner, lever
):
    method, steps = lever()
    method(steps, sender=owner)

    data = pool.accountData(caller)
    assert (data.collateralValue, data.debtValue) == (60_000 * WAD, 40_000 * WAD)
    assert weth.token.balanceOf(caller) == usdc.token.balanceOf(caller) == 0


def test_supply_and_call__idle__is_leveraged_all_the_same(pool, weth, caller, owner, lever):
    method, steps = lever(position=weth.id | IDLE)
    method(steps, sender=owner)
    assert [p.idle for p in pool.positions(caller) if p.supplyShares] == [True]


def test_supply_and_call__any__tells_the_caller_what_is_due(pool, weth, caller, owner):
    supply = step(pool.supplyAndCall, weth.id | IDLE, 7, caller, b"")

    tx = caller.act([supply], sender=owner)

    log = event(tx, caller.CalledBack)
    assert log.callback == caller.onSupply.encode_input(0, 0, b"")[:4]
    assert (log.id, log.assets) == (weth.id | IDLE, 7)


def test_supply_and_call__cannot_pay__refused(lever, owner):
    refused(UNPAID, *lever(bought=39_999), sender=owner)


def test_supply_and_call__borrows_more_than_it_covers__refused(pool, caller, lever, owner):
    limit = 48_000 * WAD
    loan = lever(borrowed=48_001)
    refused(pool.Undercollateralized, *loan, sender=owner, account=caller, borrowLimit=limit)


def test_supply_and_call__callback_fails__fails_with_its_error(pool, weth, caller, owner):
    nothing = script(step(pool.withdraw, weth.id, 0, caller, caller))
    supply = step(pool.supplyAndCall, weth.id, 1, caller, nothing)
    refused(pool.ZeroAmount, caller.act, [supply], sender=owner)


def test_supply_and_call__by_an_account_without_code__is_a_supply(pool, weth, stranger):
    tx = pool.supplyAndCall(weth.id, weth.units(1), stranger, b"", sender=stranger)

    assert tuple(tx.return_value) == (weth.units(1), weth.units(1))
    assert pool.supplyBalance(stranger, weth.id) == weth.units(1)


def test_supply_and_call__for_another_without_authorization__refused(
    pool, weth, borrower, stranger
):
    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=SUPPLY):
        pool.supplyAndCall(weth.id, 1, borrower, b"", sender=stranger)


def test_supply_and_call__frozen__refused(market, pool, weth, owner, stranger):
    quickly(market.configurator.freeze, pool, weth.id, sender=owner)
    with ape.reverts(pool.ReserveFrozen, id=weth.id):
        pool.supplyAndCall(weth.id, 1, stranger, b"", sender=stranger)


def test_supply_and_call__withdrawn_again_in_the_callback__costs_nothing(pool, weth, caller, owner):
    """The pool pays the second with its own tokens and takes the first afterwards."""
    again = script(step(pool.withdraw, weth.id, MAX, caller, caller))

    caller.act([step(pool.supplyAndCall, weth.id, weth.units(1), caller, again)], sender=owner)

    assert weth.token.balanceOf(caller) == weth.units(10)
    assert pool.positions(caller) == []
    assert pool.reserveData(weth.id).buffer == 0
