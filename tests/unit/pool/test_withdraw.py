"""Withdrawing: shares in, rounded up, assets out; never gated, and never below cover."""

from __future__ import annotations

import ape
import pytest

from tests._cast import (
    BORROW,
    DEBT,
    IDLE,
    MAX,
    SUPPLY,
    WAD,
    WITHDRAW,
    ZERO,
    decode_words,
    div_up,
    event,
    quickly,
    stored,
)


def test_withdraw__part__pays_it_out_and_leaves_the_rest(market, pool, weth, supplier):
    market.supply(supplier, weth, 3)
    before = weth.token.balanceOf(supplier)

    pool.withdraw(weth.id, weth.units(1), supplier, supplier, sender=supplier)

    assert weth.token.balanceOf(supplier) == before + weth.units(1)
    assert pool.supplyBalance(supplier, weth.id) == weth.units(2)


def test_withdraw__any__emits_what_happened_and_the_new_words(
    market, pool, weth, supplier, stranger
):
    market.supply(supplier, weth, 3)

    tx = pool.withdraw(weth.id, weth.units(1), supplier, stranger, sender=supplier)

    log = event(tx, pool.Withdraw)
    assert (log.id, log.account, log.caller, log.to) == (weth.id, supplier, supplier, stranger)
    assert (log.assets, log.shares) == (weth.units(1), weth.units(1))
    assert (log.interest, log.totals) == stored(pool, weth)
    assert decode_words(log.interest, log.totals).supply_shares == weth.units(3)  # with the seed


@pytest.mark.usefixtures("aged")
def test_withdraw__after_interest__rounds_shares_up(pool, usdc, supplier):
    assets = usdc.units(1_000) + 1

    tx = pool.withdraw(usdc.id, assets, supplier, supplier, sender=supplier)

    log = event(tx, pool.Withdraw)
    index = decode_words(log.interest, log.totals).supply_index
    assert assets * WAD % index != 0, "there must be something to round"
    assert log.shares == div_up(assets * WAD, index)


@pytest.mark.usefixtures("aged")
def test_withdraw__maximum__pays_principal_and_interest_and_leaves_nothing(
    market, pool, usdc, supplier, stranger
):
    market.supply(stranger, usdc, 20_000)  # cash for the part that is lent
    before = usdc.token.balanceOf(supplier)

    log = event(pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier), pool.Withdraw)

    index = decode_words(log.interest, log.totals).supply_index
    assert log.assets == log.shares * index // WAD > usdc.units(100_000)
    assert usdc.token.balanceOf(supplier) == before + log.assets
    assert pool.positions(supplier) == []


def test_withdraw__exactly_the_balance__leaves_nothing(market, pool, weth, supplier):
    market.supply(supplier, weth, 3)
    pool.withdraw(weth.id, weth.units(3), supplier, supplier, sender=supplier)
    assert pool.positions(supplier) == []


def test_withdraw__a_unit_more_than_the_balance__refused(market, pool, weth, supplier):
    market.supply(supplier, weth, 3)
    held = weth.units(3)

    with ape.reverts(pool.InsufficientShares, positionId=weth.id, requested=held + 1, held=held):
        pool.withdraw(weth.id, held + 1, supplier, supplier, sender=supplier)


def test_withdraw__zero__refused(market, pool, weth, supplier):
    market.supply(supplier, weth, 3)

    with ape.reverts(pool.ZeroAmount):
        pool.withdraw(weth.id, 0, supplier, supplier, sender=supplier)


def test_withdraw__maximum_of_nothing__refused(pool, weth, supplier):
    with ape.reverts(pool.ZeroAmount):
        pool.withdraw(weth.id, MAX, supplier, supplier, sender=supplier)


def test_withdraw__something_of_nothing__refused(pool, weth, supplier):
    with ape.reverts(pool.InsufficientShares, positionId=weth.id, requested=1, held=0):
        pool.withdraw(weth.id, 1, supplier, supplier, sender=supplier)


def test_withdraw__to_nobody__refused(market, pool, weth, supplier):
    market.supply(supplier, weth, 3)

    with ape.reverts(pool.ZeroAddress):
        pool.withdraw(weth.id, 1, supplier, ZERO, sender=supplier)


@pytest.mark.parametrize("unknown", [5, IDLE | 5, DEBT, MAX])
def test_withdraw__unknown_reserve__refused(pool, unknown, supplier):
    with ape.reverts(pool.UnknownReserve, id=unknown if unknown < IDLE else unknown - IDLE):
        pool.withdraw(unknown, 1, supplier, supplier, sender=supplier)


def test_withdraw__the_seed__is_nobodys_to_withdraw(pool, configurator, weth, owner):
    assert pool.supplyBalance(configurator, weth.id) == weth.units(1)

    with ape.reverts(pool.NotAuthorized, account=configurator, caller=owner, action=WITHDRAW):
        pool.withdraw(weth.id, 1, configurator, owner, sender=owner)


# -------------------------------------------------------------------------- for somebody else


@pytest.mark.parametrize("granted", [0, SUPPLY + BORROW])
def test_withdraw__for_another_without_authorization__refused(
    market, pool, weth, supplier, stranger, granted
):
    market.supply(supplier, weth, 3)
    quickly(pool.authorize, stranger, granted, MAX, sender=supplier)

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, supplier, stranger, sender=stranger)


def test_withdraw__for_another_with_authorization__pays_whom_the_operator_names(
    market, pool, weth, supplier, stranger
):
    market.supply(supplier, weth, 3)
    quickly(pool.authorize, stranger, WITHDRAW, MAX, sender=supplier)
    before = weth.token.balanceOf(stranger)

    pool.withdraw(weth.id, weth.units(1), supplier, stranger, sender=stranger)

    assert weth.token.balanceOf(stranger) == before + weth.units(1)
    assert pool.supplyBalance(supplier, weth.id) == weth.units(2)


# ---------------------------------------------------------------------------------- cash and cover


def test_withdraw__all_the_cash__accepted(still, supplier, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 8_000)

    still.pool.withdraw(usdc.id, usdc.units(2_001), supplier, supplier, sender=supplier)

    assert still.pool.reserveData(usdc.id).cash == 0


def test_withdraw__a_unit_more_than_the_cash__refused(still, supplier, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 8_000)
    cash = usdc.units(2_001)

    with ape.reverts(still.pool.InsufficientCash, id=usdc.id, requested=cash + 1, available=cash):
        still.pool.withdraw(usdc.id, cash + 1, supplier, supplier, sender=supplier)


def test_withdraw__maximum_with_too_little_cash__refused(still, supplier, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 8_000)

    with ape.reverts(
        still.pool.InsufficientCash,
        id=usdc.id,
        requested=usdc.units(10_000),
        available=usdc.units(2_001),
    ):
        still.pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier)


def test_withdraw__donated_tokens__are_not_cash(still, supplier, borrower, stranger):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, usdc, 10_000)
    quickly(usdc.token.transfer, still.pool, usdc.units(5_000), sender=stranger)

    with ape.reverts(
        still.pool.InsufficientCash,
        id=usdc.id,
        requested=usdc.units(2),
        available=usdc.units(1),
    ):
        still.pool.withdraw(usdc.id, usdc.units(2), supplier, supplier, sender=supplier)


@pytest.fixture
def covered(still, supplier, borrower):
    """8,000 USDC of debt; 10 WETH at an LTV of 80 % cover 16,000."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 8_000)
    return still


def test_withdraw__down_to_the_limit__accepted(covered, borrower):
    weth = covered["WETH"]
    covered.pool.withdraw(weth.id, weth.units(5), borrower, borrower, sender=borrower)
    data = covered.pool.accountData(borrower)
    assert data.borrowLimit == data.debtValue == 8_000 * WAD


def test_withdraw__a_unit_below_the_limit__refused(covered, borrower):
    weth = covered["WETH"]

    with ape.reverts(
        covered.pool.Undercollateralized,
        account=borrower,
        debtValue=8_000 * WAD,
        borrowLimit=8_000 * WAD - 1_600,  # one unit is worth 2,000, of which 80 % count
    ):
        covered.pool.withdraw(weth.id, weth.units(5) + 1, borrower, borrower, sender=borrower)


def test_withdraw__supply_that_is_no_collateral__needs_no_cover(covered, borrower):
    fine = covered["FINE"]
    covered.supply(borrower, fine, 100)
    quickly(covered.pool.setCollateral, fine.id, False, borrower, sender=borrower)
    covered.set_price(covered["WETH"], 500)  # far under water

    covered.pool.withdraw(fine.id, MAX, borrower, borrower, sender=borrower)

    assert covered.pool.supplyBalance(borrower, fine.id) == 0


def test_withdraw__collateral_of_an_unhealthy_account__refused(covered, borrower):
    fine = covered["FINE"]
    covered.supply(borrower, fine, 100)
    covered.set_price(covered["WETH"], 500)

    with ape.reverts(
        covered.pool.Undercollateralized,
        account=borrower,
        debtValue=8_000 * WAD,
        borrowLimit=4_000 * WAD,
    ):
        covered.pool.withdraw(fine.id, MAX, borrower, borrower, sender=borrower)
