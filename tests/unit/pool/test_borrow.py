"""Borrowing: debt shares up, tokens out, and all debts covered at the LTV afterwards."""

from __future__ import annotations

import ape
import pytest

from tests._cast import (
    BORROW,
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


@pytest.fixture
def ready(still, supplier, borrower):
    """100,000 USDC to lend; the borrower's 10 WETH allow a debt of 16,000."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    return still


def test_borrow__within_the_limit__pays_out_and_stands_as_debt(ready, borrower):
    usdc = ready["USDC"]
    before = usdc.token.balanceOf(borrower)

    ready.pool.borrow(usdc.id, usdc.units(1_000), borrower, borrower, sender=borrower)

    assert usdc.token.balanceOf(borrower) == before + usdc.units(1_000)
    assert ready.pool.debtBalance(borrower, usdc.id) == usdc.units(1_000)


def test_borrow__any__emits_what_happened_and_the_new_words(ready, borrower, stranger):
    usdc = ready["USDC"]

    tx = ready.pool.borrow(usdc.id, usdc.units(1_000), borrower, stranger, sender=borrower)

    log = event(tx, ready.pool.Borrow)
    assert (log.id, log.account, log.caller, log.to) == (usdc.id, borrower, borrower, stranger)
    assert (log.assets, log.shares) == (usdc.units(1_000), usdc.units(1_000))
    assert (log.interest, log.totals) == stored(ready.pool, usdc)
    assert decode_words(log.interest, log.totals).debt_shares == usdc.units(1_000)


@pytest.mark.usefixtures("aged")
def test_borrow__after_interest__rounds_shares_up(pool, usdc, borrower):
    assets = usdc.units(1_000) + 1

    log = event(pool.borrow(usdc.id, assets, borrower, borrower, sender=borrower), pool.Borrow)

    index = decode_words(log.interest, log.totals).debt_index
    assert assets * WAD % index != 0, "there must be something to round"
    assert log.shares == div_up(assets * WAD, index)


def test_borrow__to_another__pays_him_and_burdens_the_account(ready, borrower, stranger):
    usdc = ready["USDC"]
    before = usdc.token.balanceOf(stranger)

    ready.pool.borrow(usdc.id, usdc.units(1_000), borrower, stranger, sender=borrower)

    assert usdc.token.balanceOf(stranger) == before + usdc.units(1_000)
    assert ready.pool.debtBalance(stranger, usdc.id) == 0


def test_borrow__zero__refused(ready, borrower):
    with ape.reverts(ready.pool.ZeroAmount):
        ready.pool.borrow(ready["USDC"].id, 0, borrower, borrower, sender=borrower)


def test_borrow__to_nobody__refused(ready, borrower):
    with ape.reverts(ready.pool.ZeroAddress):
        ready.pool.borrow(ready["USDC"].id, 1, borrower, ZERO, sender=borrower)


@pytest.mark.parametrize("unknown", [5, 64, MAX])
def test_borrow__unknown_reserve__refused(pool, unknown, borrower):
    with ape.reverts(pool.UnknownReserve, id=unknown):
        pool.borrow(unknown, 1, borrower, borrower, sender=borrower)


def test_borrow__asset_not_borrowable__refused(ready, borrower):
    usdc = ready["USDC"]
    ready.set_limits(usdc, borrowable=False)

    with ape.reverts(ready.pool.NotBorrowable, id=usdc.id):
        ready.pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


# -------------------------------------------------------------------------- for somebody else


@pytest.mark.parametrize("granted", [0, SUPPLY + WITHDRAW])
def test_borrow__for_another_without_authorization__refused(ready, borrower, stranger, granted):
    quickly(ready.pool.authorize, stranger, granted, MAX, sender=borrower)

    with ape.reverts(ready.pool.NotAuthorized, account=borrower, caller=stranger, action=BORROW):
        ready.pool.borrow(ready["USDC"].id, 1, borrower, stranger, sender=stranger)


def test_borrow__for_another_with_authorization__is_the_accounts_debt(ready, borrower, stranger):
    usdc = ready["USDC"]
    quickly(ready.pool.authorize, stranger, BORROW, MAX, sender=borrower)

    ready.pool.borrow(usdc.id, usdc.units(1_000), borrower, stranger, sender=stranger)

    assert ready.pool.debtBalance(borrower, usdc.id) == usdc.units(1_000)
    assert ready.pool.positions(stranger) == []


# ---------------------------------------------------------------------------------- cash and cap


def test_borrow__all_the_cash__accepted(still, supplier, borrower):
    usdc, wbtc = still["USDC"], still["WBTC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, wbtc, 1)

    still.pool.borrow(usdc.id, usdc.units(10_001), borrower, borrower, sender=borrower)

    assert still.pool.reserveData(usdc.id).utilization == WAD


def test_borrow__a_unit_more_than_the_cash__refused(still, supplier, borrower):
    usdc, wbtc = still["USDC"], still["WBTC"]
    still.supply(supplier, usdc, 10_000)
    still.supply(borrower, wbtc, 1)
    cash = usdc.units(10_001)

    with ape.reverts(still.pool.InsufficientCash, id=usdc.id, requested=cash + 1, available=cash):
        still.pool.borrow(usdc.id, cash + 1, borrower, borrower, sender=borrower)


def test_borrow__donated_tokens__cannot_be_lent(still, borrower, stranger):
    usdc, wbtc = still["USDC"], still["WBTC"]
    still.supply(borrower, wbtc, 1)
    quickly(usdc.token.transfer, still.pool, usdc.units(5_000), sender=stranger)

    with ape.reverts(
        still.pool.InsufficientCash, id=usdc.id, requested=usdc.units(2), available=usdc.units(1)
    ):
        still.pool.borrow(usdc.id, usdc.units(2), borrower, borrower, sender=borrower)


def test_borrow__up_to_the_cap__accepted(ready, borrower):
    usdc = ready["USDC"]
    ready.set_limits(usdc, borrow_cap=usdc.units(500))

    ready.pool.borrow(usdc.id, usdc.units(500), borrower, borrower, sender=borrower)

    assert ready.pool.reserveData(usdc.id).debtAssets == usdc.units(500)


def test_borrow__a_unit_above_the_cap__refused(ready, borrower):
    usdc = ready["USDC"]
    cap = usdc.units(500)
    ready.set_limits(usdc, borrow_cap=cap)

    with ape.reverts(ready.pool.BorrowCapExceeded, id=usdc.id, assets=cap + 1, room=cap):
        ready.pool.borrow(usdc.id, cap + 1, borrower, borrower, sender=borrower)


def test_borrow__cap_of_zero__refused(ready, borrower):
    usdc = ready["USDC"]
    ready.set_limits(usdc, borrow_cap=0)

    with ape.reverts(ready.pool.BorrowCapExceeded, id=usdc.id, assets=1, room=0):
        ready.pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


# --------------------------------------------------------------------------------------- cover


def test_borrow__up_to_the_limit__accepted(ready, borrower):
    usdc = ready["USDC"]

    ready.pool.borrow(usdc.id, usdc.units(16_000), borrower, borrower, sender=borrower)

    assert ready.pool.healthFactor(borrower) == 8_300 * WAD // 8_000


def test_borrow__a_unit_above_the_limit__refused(ready, borrower):
    usdc = ready["USDC"]

    with ape.reverts(
        ready.pool.Undercollateralized,
        account=borrower,
        debtValue=16_000 * WAD + 10**12,
        borrowLimit=16_000 * WAD,
    ):
        ready.pool.borrow(usdc.id, usdc.units(16_000) + 1, borrower, borrower, sender=borrower)


def test_borrow__without_any_supply__refused(ready, stranger):
    with ape.reverts(
        ready.pool.Undercollateralized, account=stranger, debtValue=10**12, borrowLimit=0
    ):
        ready.pool.borrow(ready["USDC"].id, 1, stranger, stranger, sender=stranger)


def test_borrow__several_collaterals__count_together(ready, borrower):
    usdc = ready["USDC"]
    ready.supply(borrower, ready["WBTC"], 0.1)  # 6,000 at 73 %
    ready.supply(borrower, ready["CENT"], 1_000)  # 1,000 at 80 %

    ready.pool.borrow(usdc.id, usdc.units(21_180), borrower, borrower, sender=borrower)

    data = ready.pool.accountData(borrower)
    assert data.debtValue == data.borrowLimit == 21_180 * WAD


def test_borrow__several_debts__count_together(ready, supplier, borrower):
    usdc, fine = ready["USDC"], ready["FINE"]
    ready.supply(supplier, fine, 100_000)
    ready.borrow(borrower, fine, 20_000)  # worth 10,000

    with ape.reverts(
        ready.pool.Undercollateralized,
        account=borrower,
        debtValue=16_000 * WAD + 10**12,
        borrowLimit=16_000 * WAD,
    ):
        ready.pool.borrow(usdc.id, usdc.units(6_000) + 1, borrower, borrower, sender=borrower)


def test_borrow__supply_that_is_no_collateral__counts_nothing(ready, borrower):
    quickly(ready.pool.setCollateral, ready["WETH"].id, False, borrower, sender=borrower)

    with ape.reverts(
        ready.pool.Undercollateralized, account=borrower, debtValue=10**12, borrowLimit=0
    ):
        ready.pool.borrow(ready["USDC"].id, 1, borrower, borrower, sender=borrower)


def test_borrow__collateral_without_ltv__counts_nothing(ready, borrower):
    ready.set_risk(ready["WETH"], ltv_bps=0)

    with ape.reverts(
        ready.pool.Undercollateralized, account=borrower, debtValue=10**12, borrowLimit=0
    ):
        ready.pool.borrow(ready["USDC"].id, 1, borrower, borrower, sender=borrower)


def test_borrow__of_the_asset_that_is_collateral__accepted_at_its_ltv(still, borrower):
    weth = still["WETH"]
    still.supply(borrower, weth, 10)

    still.pool.borrow(weth.id, weth.units(8), borrower, borrower, sender=borrower)

    data = still.pool.accountData(borrower)
    assert data.debtValue == data.borrowLimit == 16_000 * WAD


@pytest.mark.usefixtures("aged")
def test_borrow__debt_with_interest__counts_in_full(market, pool, usdc, borrower):
    """The limit is 16,000; 10,000 were borrowed a hundred days ago."""
    with ape.reverts(pool.Undercollateralized):
        pool.borrow(usdc.id, usdc.units(6_000), borrower, borrower, sender=borrower)
