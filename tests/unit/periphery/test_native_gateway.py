"""Ether in and out of a pool, for one's own account, by permissions that are scoped and expire."""

from __future__ import annotations

import ape
import pytest

from tests._cast import BORROW, DEBT, IDLE, MAX, SHARES, SUPPLY, WITHDRAW, quickly
from tests.unit.periphery._refusal import refusal

ETHER = 10**18


@pytest.fixture
def market(native_market):
    return native_market


@pytest.fixture
def weth(market):
    return market["WETH"]


@pytest.fixture
def empty(gateway, weth):
    """Checks that the gateway keeps nothing."""

    def check():
        assert gateway.balance == 0 == weth.token.balanceOf(gateway)

    return check


@pytest.fixture
def supplied(gateway, pool, supplier):
    """The supplier has let the gateway open a supply and has 10 ether in it."""
    pool.authorize(gateway, SUPPLY, MAX, sender=supplier)
    gateway.supplyNative(False, value=10 * ETHER, sender=supplier)


@pytest.fixture
def indebted(market, gateway, pool, supplied, weth, borrower):
    """The borrower has USDC and owes 2 ether."""
    market.supply(borrower, market["USDC"], 100_000)
    market.borrow(borrower, weth, 2)


def test_supply__earning_or_idle__becomes_the_callers(gateway, pool, weth, supplier, empty):
    pool.authorize(gateway, SUPPLY, MAX, sender=supplier)
    receipt = gateway.supplyNative(False, value=ETHER, sender=supplier)
    assert receipt.return_value == ETHER == pool.balanceOf(supplier, weth.id)
    pool.withdraw(weth.id, MAX, supplier, supplier, sender=supplier)
    gateway.supplyNative(True, value=ETHER, sender=supplier)
    assert pool.balanceOf(supplier, weth.id | IDLE) == ETHER
    empty()


def test_supply__that_opens_one_without_permission__reverts(gateway, pool, supplier):
    assert refusal(gateway.supplyNative, False, value=ETHER, sender=supplier)[0] == "NotAuthorized"


def test_supply__on_top__takes_no_permission(gateway, pool, weth, supplied, supplier):
    pool.authorize(gateway, 0, 0, sender=supplier)
    gateway.supplyNative(False, value=ETHER, sender=supplier)
    assert pool.balanceOf(supplier, weth.id) == 11 * ETHER


def test_supply__of_nothing__reverts(gateway, pool, supplied, supplier):
    assert refusal(gateway.supplyNative, False, sender=supplier)[0] == "ZeroAmount"


def test_withdraw__with_an_allowance__pays_ether_and_spends_it(
    gateway, pool, weth, supplied, supplier, accounts, empty
):
    receiver = accounts[9]
    before = receiver.balance
    pool.allow(gateway, weth.id, 3 * ETHER, MAX, sender=supplier)
    gateway.withdrawNative(False, 2 * ETHER, receiver, sender=supplier)
    assert receiver.balance - before == 2 * ETHER
    assert pool.allowance(supplier, gateway, weth.id) == ETHER
    gateway.withdrawNative(False, ETHER | SHARES, receiver, sender=supplier)
    assert (
        refusal(gateway.withdrawNative, False, 1, receiver, sender=supplier)[0]
        == "InsufficientAllowance"
    )
    empty()


def test_withdraw__of_all__leaves_nothing(gateway, pool, weth, supplied, supplier, empty):
    pool.authorize(gateway, WITHDRAW, MAX, sender=supplier)
    gateway.withdrawNative(False, MAX, supplier, sender=supplier)
    assert pool.balanceOf(supplier, weth.id) == 0
    empty()


def test_withdraw__without_permission__reverts(gateway, pool, supplied, supplier):
    assert (
        refusal(gateway.withdrawNative, False, 1, supplier, sender=supplier)[0] == "NotAuthorized"
    )


def test_withdraw__of_somebody_elses_supply__cannot_be_asked_for(
    gateway, pool, supplied, supplier, stranger
):
    pool.authorize(gateway, SUPPLY | WITHDRAW | BORROW, MAX, sender=supplier)
    for amount in (1, 1 | SHARES):
        refused = refusal(gateway.withdrawNative, False, amount, stranger, sender=stranger)
        assert refused[:2] == ("InsufficientShares", stranger)
    assert refusal(gateway.withdrawNative, False, MAX, stranger, sender=stranger) == ("ZeroAmount",)
    assert refusal(gateway.borrowNative, 1, stranger, sender=stranger)[:2] == (
        "NotAuthorized",
        stranger,
    )


def test_withdraw__to_where_ether_would_be_lost__reverts(
    gateway,
    pool,
    weth,
    supplied,
    supplier,
):
    pool.authorize(gateway, WITHDRAW, MAX, sender=supplier)
    for receiver in ("0x" + "00" * 20, weth.token.address):
        assert refusal(gateway.withdrawNative, False, 1, receiver, sender=supplier) == (
            "InvalidReceiver",
            receiver,
        )
    for receiver in (gateway.address, pool.address):
        assert refusal(gateway.withdrawNative, False, 1, receiver, sender=supplier) == (
            "NativeTransferFailed",
            receiver,
            1,
        )


def test_borrow__with_credit__pays_ether_as_the_callers_debt(
    gateway, market, pool, weth, supplied, borrower, accounts, empty
):
    market.supply(borrower, market["USDC"], 100_000)
    receiver, before = accounts[9], accounts[9].balance
    pool.allow(gateway, weth.id | DEBT, 2 * ETHER, MAX, sender=borrower)
    gateway.borrowNative(2 * ETHER, receiver, sender=borrower)
    assert receiver.balance - before == 2 * ETHER == pool.debtBalance(borrower, weth.id)
    assert refusal(gateway.borrowNative, 1, receiver, sender=borrower)[0] == "InsufficientAllowance"
    empty()


def test_borrow__without_credit__reverts(gateway, market, pool, supplied, borrower):
    market.supply(borrower, market["USDC"], 100_000)
    assert refusal(gateway.borrowNative, 1, borrower, sender=borrower)[0] == "NotAuthorized"


def test_repay__with_more_than_the_debt__gives_the_rest_back(
    gateway, pool, weth, indebted, borrower, empty
):
    before = borrower.balance
    receipt = gateway.repayNative(value=5 * ETHER, sender=borrower)
    assert pool.debtBalance(borrower, weth.id) == 0
    assert before - borrower.balance == 2 * ETHER + receipt.total_fees_paid
    empty()


def test_repay__of_a_part__takes_all_of_it(gateway, pool, weth, indebted, borrower, empty):
    gateway.repayNative(value=ETHER, sender=borrower)
    assert pool.debtBalance(borrower, weth.id) == ETHER
    empty()


def test_repay__of_no_debt__reverts(gateway, pool, indebted, stranger):
    assert refusal(gateway.repayNative, value=ETHER, sender=stranger)[0] == "NoPosition"


def test_ether__sent_without_a_call__is_refused(gateway, stranger):
    with ape.reverts(gateway.NotWrappedNative, sender=stranger):
        stranger.transfer(gateway, 1)


def test_gift__to_the_gateway__changes_nobodys_amounts(
    gateway, pool, weth, indebted, borrower, stranger
):
    quickly(weth.token.mint, stranger, ETHER, sender=stranger)
    weth.token.transfer(gateway, ETHER, sender=stranger)
    before = borrower.balance
    receipt = gateway.repayNative(value=5 * ETHER, sender=borrower)
    assert before - borrower.balance == 2 * ETHER + receipt.total_fees_paid
    assert refusal(gateway.supplyNative, False, sender=borrower)[0] == "ZeroAmount"
    assert weth.token.balanceOf(gateway) == ETHER
