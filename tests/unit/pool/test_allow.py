"""Allowances: so much of one position, or so much credit, until a date; and operators."""

from __future__ import annotations

import ape
import pytest

from tests._cast import (
    BORROW,
    DEBT,
    IDLE,
    MAX,
    WAD,
    WITHDRAW,
    ZERO,
    event,
    quickly,
)

LATEST = 2**48 - 1


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """100,000 USDC to borrow; the borrower has 10 WETH."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)


@pytest.fixture
def allow(pool, borrower, stranger):
    """The borrower allows the stranger something, for good or until a date."""

    def run(position, amount, expiry=MAX):
        quickly(pool.allow, stranger, position, amount, expiry, sender=borrower)

    return run


# ----------------------------------------------------------------------------------- what is shown


def test_allow__any__is_shown_and_emitted(pool, weth, borrower, stranger):
    tx = pool.allow(stranger, weth.id, 7, 2_000_000_000_000, sender=borrower)

    assert pool.allowance(borrower, stranger, weth.id) == 7
    assert pool.allowanceExpiry(borrower, stranger, weth.id) == 2_000_000_000_000
    log = event(tx, pool.AllowanceSet)
    assert (log.account, log.spender, log.positionId) == (borrower, stranger, weth.id)
    assert (log.amount, log.expiry) == (7, 2_000_000_000_000)


def test_approve__any__is_an_allowance_for_good(pool, weth, borrower, stranger):
    tx = pool.approve(stranger, weth.id, 7, sender=borrower)

    assert tx.return_value is True
    assert pool.allowance(borrower, stranger, weth.id) == 7
    assert pool.allowanceExpiry(borrower, stranger, weth.id) == LATEST
    log = event(tx, pool.Approval)
    assert (log.owner, log.spender, log.id, log.amount) == (borrower, stranger, weth.id, 7)
    assert event(tx, pool.AllowanceSet).amount == 7


def test_allow__again__replaces_what_was_allowed(pool, weth, borrower, stranger, allow):
    allow(weth.id, 7)
    allow(weth.id, 5)
    assert pool.allowance(borrower, stranger, weth.id) == 5


@pytest.mark.parametrize("method", ["allow", "approve"])
def test_allow__nobody__refused(pool, weth, borrower, method):
    with ape.reverts(pool.ZeroAddress):
        getattr(pool, method)(ZERO, weth.id, 1, *[MAX] * (method == "allow"), sender=borrower)


# -------------------------------------------------------------------------------------- withdrawing


def test_withdraw__within_the_allowance__spends_shares(pool, weth, borrower, stranger, allow):
    allow(weth.id, weth.units(2))
    before = weth.token.balanceOf(stranger)

    pool.withdraw(weth.id, weth.units(2), borrower, stranger, sender=stranger)

    assert weth.token.balanceOf(stranger) == before + weth.units(2)
    assert pool.allowance(borrower, stranger, weth.id) == 0


def test_withdraw__a_share_above_the_allowance__refused(pool, weth, borrower, stranger, allow):
    allowed = weth.units(2)
    allow(weth.id, allowed)

    with ape.reverts(
        pool.InsufficientAllowance,
        account=borrower,
        caller=stranger,
        positionId=weth.id,
        requested=allowed + 1,
        allowed=allowed,
    ):
        pool.withdraw(weth.id, allowed + 1, borrower, stranger, sender=stranger)


def test_withdraw__on_the_last_second_of_an_allowance__accepted(
    pool, chain, weth, borrower, stranger, allow
):
    expiry = chain.pending_timestamp + 1_000
    allow(weth.id, MAX, expiry)
    chain.provider.make_request("evm_setNextBlockTimestamp", [expiry])

    pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)

    assert chain.blocks.head.timestamp == expiry


def test_withdraw__a_second_later__refused(pool, chain, weth, borrower, stranger, allow):
    expiry = chain.pending_timestamp + 1_000
    allow(weth.id, MAX, expiry)
    chain.mine(timestamp=expiry)
    assert pool.allowance(borrower, stranger, weth.id) == MAX
    chain.mine(timestamp=expiry + 1)

    assert pool.allowance(borrower, stranger, weth.id) == 0
    with ape.reverts(pool.InsufficientAllowance, account=borrower, requested=1, allowed=0):
        pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


def test_allow__nothing_for_good__revokes(pool, weth, borrower, stranger, allow):
    allow(weth.id, 7)

    pool.allow(stranger, weth.id, 0, MAX, sender=borrower)

    with ape.reverts(pool.InsufficientAllowance, requested=1, allowed=0):
        pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


def test_allow__nothing_and_no_date__leaves_no_trace(pool, weth, borrower, stranger, allow):
    allow(weth.id, 7)

    pool.allow(stranger, weth.id, 0, 0, sender=borrower)

    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


@pytest.mark.parametrize("other", ["idle", "another reserve", "credit"])
def test_withdraw__allowance_of_another_position__refused(
    pool, weth, usdc, borrower, stranger, allow, other
):
    allow(
        {"idle": weth.id | IDLE, "another reserve": usdc.id, "credit": weth.id | DEBT}[other], MAX
    )

    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


# ---------------------------------------------------------------------------------------- credit


def test_borrow__within_the_credit__is_the_accounts_debt(pool, usdc, borrower, stranger, allow):
    allow(usdc.id | DEBT, usdc.units(1_000))
    before = usdc.token.balanceOf(stranger)

    pool.borrow(usdc.id, usdc.units(600), borrower, stranger, sender=stranger)

    assert usdc.token.balanceOf(stranger) == before + usdc.units(600)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(600)
    assert pool.allowance(borrower, stranger, usdc.id | DEBT) == usdc.units(400)


def test_borrow__a_unit_above_the_credit__refused(pool, usdc, borrower, stranger, allow):
    credit = usdc.units(1_000)
    allow(usdc.id | DEBT, credit)

    with ape.reverts(
        pool.InsufficientAllowance,
        account=borrower,
        caller=stranger,
        positionId=usdc.id | DEBT,
        requested=credit + 1,
        allowed=credit,
    ):
        pool.borrow(usdc.id, credit + 1, borrower, stranger, sender=stranger)


def test_borrow__on_credit_without_collateral_enough__refused(
    pool, usdc, borrower, stranger, allow
):
    allow(usdc.id | DEBT, MAX)

    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=16_000 * WAD):
        pool.borrow(usdc.id, usdc.units(16_001), borrower, stranger, sender=stranger)


@pytest.mark.parametrize("other", ["supply", "another reserve"])
def test_borrow__with_another_allowance__refused(
    pool, weth, usdc, borrower, stranger, allow, other
):
    allow({"supply": usdc.id, "another reserve": weth.id | DEBT}[other], MAX)

    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=BORROW):
        pool.borrow(usdc.id, 1, borrower, stranger, sender=stranger)


# -------------------------------------------------------------------------------------- operators


def test_set_operator__on__may_withdraw_for_good(pool, weth, borrower, stranger):
    tx = pool.setOperator(stranger, True, sender=borrower)

    assert tx.return_value is True
    assert pool.isOperator(borrower, stranger)
    assert pool.authorization(borrower, stranger) == (WITHDRAW, 2**40 - 1)
    log = event(tx, pool.OperatorSet)
    assert (log.owner, log.spender, log.approved) == (borrower, stranger, True)
    pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


def test_set_operator__off__may_no_more(pool, weth, borrower, stranger):
    quickly(pool.setOperator, stranger, True, sender=borrower)

    pool.setOperator(stranger, False, sender=borrower)

    assert not pool.isOperator(borrower, stranger)
    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, borrower, stranger, sender=stranger)


@pytest.mark.parametrize("approved", [True, False])
def test_set_operator__any__leaves_other_actions_alone(pool, borrower, stranger, approved):
    quickly(pool.authorize, stranger, BORROW, MAX, sender=borrower)

    pool.setOperator(stranger, approved, sender=borrower)

    actions, _ = pool.authorization(borrower, stranger)
    assert actions == BORROW | WITHDRAW * approved


def test_set_operator__on__does_not_bring_back_what_has_expired(pool, chain, borrower, stranger):
    quickly(pool.authorize, stranger, BORROW, chain.pending_timestamp, sender=borrower)
    chain.mine(deltatime=10)

    pool.setOperator(stranger, True, sender=borrower)

    assert pool.authorization(borrower, stranger)[0] == WITHDRAW


def test_is_operator__expired_or_for_other_actions__is_not(pool, chain, borrower, stranger):
    quickly(pool.authorize, stranger, BORROW, MAX, sender=borrower)
    assert not pool.isOperator(borrower, stranger)
    quickly(pool.authorize, stranger, WITHDRAW, chain.pending_timestamp, sender=borrower)
    chain.mine(deltatime=10)
    assert not pool.isOperator(borrower, stranger)
