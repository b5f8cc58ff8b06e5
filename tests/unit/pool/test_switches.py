"""Pausing and freezing: what stops, and that leaving never does.

| action                  | frozen | paused |
|-------------------------|--------|--------|
| supply, borrow          | no     | no     |
| liquidate, write off    | yes    | no     |
| everything else         | yes    | yes    |
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, WAD, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_000)


@pytest.fixture
def switch(market, owner):
    """Throws a switch for a reserve."""

    def run(name, reserve):
        grace = (0,) if name == "unpause" else ()
        quickly(getattr(market.configurator, name), market.pool, reserve.id, *grace, sender=owner)

    return run


REFUSALS = [("freeze", "ReserveFrozen"), ("pause", "ReservePaused")]


@pytest.mark.parametrize(("name", "error"), REFUSALS)
def test_switches__on__stop_supply(pool, usdc, supplier, switch, name, error):
    switch(name, usdc)

    with ape.reverts(getattr(pool, error), id=usdc.id):
        pool.supply(usdc.id, 1, supplier, sender=supplier)


@pytest.mark.parametrize(("name", "error"), REFUSALS)
def test_switches__on__stop_borrowing(pool, usdc, borrower, switch, name, error):
    switch(name, usdc)

    with ape.reverts(getattr(pool, error), id=usdc.id):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_switches__on_for_another_reserve__stop_nothing(
    pool, usdc, weth, supplier, borrower, switch, name
):
    switch(name, weth)

    pool.supply(usdc.id, 1, supplier, sender=supplier)
    pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_switches__on__never_stop_a_withdrawal(pool, usdc, supplier, switch, name):
    switch(name, usdc)
    pool.withdraw(usdc.id, usdc.units(85_000), supplier, supplier, sender=supplier)
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(15_000)


@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_switches__on__never_stop_a_repayment(pool, usdc, borrower, switch, name):
    switch(name, usdc)
    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    assert pool.debtBalance(borrower, usdc.id) == 0


@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_switches__on__never_stop_leaving_with_the_collateral(
    pool, usdc, weth, borrower, switch, name
):
    for reserve in (usdc, weth):
        switch(name, reserve)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.setCollateral(weth.id, False, borrower, sender=borrower)
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)

    assert pool.positions(borrower) == []


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_switches__paused_on_either_side__stops_liquidation(
    market, pool, weth, usdc, borrower, liquidator, switch, symbol
):
    market.set_price(weth, 1_750)
    switch("pause", market[symbol])

    with ape.reverts(pool.ReservePaused, id=market[symbol].id):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


def test_switches__frozen_on_both_sides__liquidation_goes_on(
    market, pool, weth, usdc, borrower, liquidator, switch
):
    market.set_price(weth, 1_750)
    for reserve in (usdc, weth):
        switch("freeze", reserve)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.healthFactor(borrower) > WAD


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_switches__frozen_on_either_side__bad_debt_is_still_written_off(
    market, pool, weth, borrower, liquidator, switch, symbol
):
    market.set_price(weth, 1)
    switch("freeze", market[symbol])

    pool.writeOff(borrower, sender=liquidator)

    assert pool.positions(borrower) == []


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_switches__paused_on_either_side__keeps_bad_debt_on_the_books(
    market, pool, weth, borrower, liquidator, switch, symbol
):
    """A feed that says 1 by mistake must not cost a healthy account its collateral for good."""
    market.set_price(weth, 1)
    switch("pause", market[symbol])

    with ape.reverts(pool.ReservePaused, id=market[symbol].id):
        pool.writeOff(borrower, sender=liquidator)


@pytest.mark.parametrize(("paused", "left"), [(True, 1), (False, 0)])
def test_switches__another_debt_paused__liquidation_goes_on_and_writes_nothing_off(
    market, pool, weth, usdc, wbtc, cent, supplier, borrower, liquidator, switch, paused, left
):
    market.supply(supplier, cent, 1_000)
    market.borrow(borrower, cent, 500)
    market.set_price(weth, 1_000)
    if paused:
        switch("pause", cent)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert sum(p.debtShares > 0 for p in pool.positions(borrower)) == 2 * left


@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_switches__off_again__everything_goes_on(
    market, pool, usdc, weth, borrower, supplier, liquidator, switch, name
):
    switch(name, usdc)
    switch("un" + name, usdc)

    pool.supply(usdc.id, 1, supplier, sender=supplier)
    pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)
    market.set_price(weth, 1_750)
    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


@pytest.mark.parametrize("name", ["pause", "freeze"])
def test_switches__token_that_answers_nothing__is_stopped_all_the_same(
    chain, pool, usdc, switch, name
):
    chain.provider.set_code(usdc.token.address, "0xfe")

    switch(name, usdc)

    assert pool.reserveWords(usdc.id).token >> {"pause": 254, "freeze": 255}[name] & 1


def test_switches__both__are_independent(pool, usdc, switch):
    shown = []
    for name in ("pause", "freeze", "unfreeze", "freeze", "unpause", "unfreeze"):
        switch(name, usdc)
        data = pool.reserveData(usdc.id)
        shown.append((data.paused, data.frozen))

    on, off = True, False
    assert shown == [(on, off), (on, on), (on, off), (on, on), (off, on), (off, off)]
