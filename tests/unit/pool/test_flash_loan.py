"""Flash loans: the pool's tokens for the time of a callback, free of charge, and all of them back."""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, UNPAID, UNPAYABLE, event, quickly, refused, script, step, swap


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, caller, owner):
    """100,000 USDC earn and 5,000 sit idle; the caller has approved the pool."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(owner_with_tokens(still, owner), still["USDC"], 5_000, idle=True)
    approvals = [step(still[s].token.approve, still.pool, MAX) for s in ("USDC", "WETH")]
    quickly(caller.act, approvals, sender=owner)


def owner_with_tokens(market, owner):
    market.fund(owner)
    return owner


@pytest.fixture
def borrow(pool, usdc, caller, owner):
    """Takes a flash loan of USDC in raw units, with steps in the callback."""

    def run(assets, *steps):
        return caller.act(flash_loan(pool, usdc, assets, *steps), sender=owner)

    return run


@pytest.fixture
def cannot_borrow(pool, usdc, caller, owner):
    """Asserts that such a flash loan fails, and why."""

    def run(error, assets, *steps, **fields):
        loan = flash_loan(pool, usdc, assets, *steps)
        refused(error, caller.act, loan, sender=owner, **fields)

    return run


def flash_loan(pool, reserve, assets, *steps):
    return [step(pool.flashLoan, reserve.id, assets, script(*steps))]


# ----------------------------------------------------------------------------------------- and back


def test_flash_loan__returned__costs_nothing(pool, usdc, caller, borrow):
    held = usdc.token.balanceOf(pool)

    tx = borrow(usdc.units(50_000))

    log, told = event(tx, pool.FlashLoan), event(tx, caller.CalledBack)
    assert (log.id, log.caller, log.assets) == (usdc.id, caller, usdc.units(50_000))
    assert (told.id, told.assets) == (usdc.id, usdc.units(50_000))
    assert (usdc.token.balanceOf(pool), usdc.token.balanceOf(caller)) == (held, 0)
    assert pool.reserveData(usdc.id).buffer == 0


def test_flash_loan__a_unit_short__refused(usdc, caller, cannot_borrow):
    cannot_borrow(UNPAID, usdc.units(50_000), step(usdc.token.burn, caller, 1))


def test_flash_loan__approval_taken_back__refused(pool, usdc, cannot_borrow):
    cannot_borrow(UNPAID, usdc.units(50_000), step(usdc.token.approve, pool, 0))


def test_flash_loan__all_there_is__lends_what_sits_idle_too(pool, usdc, borrow):
    everything = usdc.token.balanceOf(pool)
    assert everything == usdc.units(105_001)
    assert event(borrow(everything), pool.FlashLoan).assets == everything


def test_flash_loan__a_unit_more__refused(pool, usdc, cannot_borrow):
    cannot_borrow(UNPAYABLE, usdc.token.balanceOf(pool) + 1)


def test_flash_loan__paused__refused(market, pool, usdc, owner, stranger):
    quickly(market.configurator.pause, pool, usdc.id, sender=owner)
    with ape.reverts(pool.ReservePaused, id=usdc.id):
        pool.flashLoan(usdc.id, 1, b"", sender=stranger)


def test_flash_loan__frozen__goes_on(market, pool, usdc, owner, borrow):
    quickly(market.configurator.freeze, pool, usdc.id, sender=owner)
    assert event(borrow(1), pool.FlashLoan).assets == 1


def test_flash_loan__unknown_reserve__refused(pool, stranger):
    with ape.reverts(pool.UnknownReserve, id=64):
        pool.flashLoan(64, 1, b"", sender=stranger)


# ------------------------------------------------------------------------------------------- several


@pytest.fixture
def borrow_both(pool, usdc, weth, caller, owner):
    """The call that takes several flash loans, with steps in the callback."""

    def run(*steps, ids=(0, 1), assets=(10**18, 10**9)):
        return caller.act, [step(pool.flashLoans, list(ids), list(assets), script(*steps))]

    return run


def test_flash_loans__returned__cost_nothing(pool, usdc, weth, caller, owner, borrow_both):
    method, steps = borrow_both()
    tx = method(steps, sender=owner)

    assert [(log.id, log.assets) for log in tx.decode_logs(pool.FlashLoan)] == [
        (weth.id, 10**18),
        (usdc.id, 10**9),
    ]
    assert event(tx, caller.CalledBack).id == 2  # reserves, in one callback
    assert [r.token.balanceOf(caller) for r in (weth, usdc)] == [0, 0]


@pytest.mark.parametrize("symbol", ["WETH", "USDC"])
def test_flash_loans__one_of_them_a_unit_short__refused(market, caller, owner, borrow_both, symbol):
    refused(UNPAID, *borrow_both(step(market[symbol].token.burn, caller, 1)), sender=owner)


def test_flash_loans__one_asset_twice__is_due_twice(usdc, caller, owner, borrow_both):
    twice = {"ids": (1, 1), "assets": (5, 7)}

    quickly(*borrow_both(**twice), sender=owner)

    refused(UNPAID, *borrow_both(step(usdc.token.burn, caller, 1), **twice), sender=owner)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1), (0, 0)])
def test_flash_loans__lists_of_different_lengths_or_none__refused(pool, stranger, first, second):
    with ape.reverts(pool.LengthMismatch, first=first, second=second):
        pool.flashLoans([0] * first, [1] * second, b"", sender=stranger)


# -------------------------------------------------------------------------------- what it is used for


def test_flash_loan__supplied_borrowed_on_and_withdrawn__leaves_no_trace(
    pool, usdc, weth, caller, borrow, supplier
):
    quickly(pool.supply, weth.id, weth.units(10), supplier, sender=supplier)
    amount = usdc.units(50_000)

    borrow(
        amount,
        step(pool.supply, usdc.id, amount, caller),
        step(pool.borrow, weth.id, weth.units(10), caller, caller),
        step(pool.repay, weth.id, MAX, caller),
        step(pool.withdraw, usdc.id, MAX, caller, caller),
    )

    assert pool.positions(caller) == []
    assert pool.reserveData(usdc.id).buffer == pool.reserveData(weth.id).buffer == 0


def test_flash_loan__of_the_debts_asset__closes_a_position_out_of_its_own_collateral(
    pool, usdc, weth, caller, owner, borrow
):
    quickly(weth.token.mint, caller, weth.units(10), sender=owner)
    steps = [
        step(pool.supply, weth.id, weth.units(10), caller),
        step(pool.borrow, usdc.id, usdc.units(15_000), caller, caller),
        step(usdc.token.burn, caller, usdc.units(15_000)),
    ]
    quickly(caller.act, steps, sender=owner)

    borrow(
        usdc.units(15_000),
        step(pool.repay, usdc.id, MAX, caller),
        step(pool.withdraw, weth.id, MAX, caller, caller),
        *swap(weth, 7.5, usdc, caller),
    )

    assert pool.positions(caller) == []
    assert weth.token.balanceOf(caller) == weth.units(2.5)


def test_flash_loan__kept_as_a_debt_without_cover__refused(pool, usdc, caller, cannot_borrow):
    debt = step(pool.borrow, usdc.id, 1, caller, caller)
    cannot_borrow(pool.Undercollateralized, 1, debt, account=caller, borrowLimit=0)


def test_flash_loan__within_a_flash_loan__lends_what_is_left(pool, usdc, borrow):
    everything = usdc.token.balanceOf(pool)
    inner = step(pool.flashLoan, usdc.id, 1, b"")

    tx = borrow(everything - 1, inner)

    assert [log.assets for log in tx.decode_logs(pool.FlashLoan)] == [everything - 1, 1]


def test_withdraw__of_what_is_lent_away_for_the_moment__refused(
    pool, usdc, caller, supplier, cannot_borrow
):
    """The pool owes it and does not have it: nobody is hurt, since the whole is undone."""
    quickly(pool.transfer, caller, usdc.id, usdc.units(1), sender=supplier)
    withdraw = step(pool.withdraw, usdc.id, 1, caller, caller)
    cannot_borrow(UNPAYABLE, usdc.token.balanceOf(pool), withdraw)


# ----------------------------------------------------------------------------- bad debt in the middle


@pytest.fixture
def fallen(scene, market, pool, usdc, weth, borrower, stranger):
    """10,000 USDC owed on nothing, and a buffer that covers it."""
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 10_000)
    market.set_price(weth, 1)
    quickly(usdc.token.transfer, pool, usdc.units(10_000), sender=stranger)


@pytest.mark.usefixtures("fallen")
def test_write_off__within_a_flash_loan_of_everything__finds_the_buffer_whole(
    pool, usdc, borrower, borrow
):
    tx = borrow(usdc.token.balanceOf(pool), step(pool.writeOff, borrower))

    log = event(tx, pool.WriteOff)
    assert (log.assets, log.deficit) == (usdc.units(10_000), 0)


@pytest.mark.usefixtures("fallen")
def test_write_off__within_nested_flash_loans__finds_the_buffer_whole(pool, usdc, borrower, borrow):
    held = usdc.token.balanceOf(pool)
    inner = step(pool.flashLoan, usdc.id, held // 2, script(step(pool.writeOff, borrower)))

    assert event(borrow(held // 2, inner), pool.WriteOff).deficit == 0


@pytest.mark.usefixtures("fallen")
def test_write_off__after_a_flash_loan_is_back__does_not_count_it_twice(
    pool, usdc, borrower, stranger, borrow, caller, owner
):
    quickly(usdc.token.burn, pool, usdc.units(4_000), sender=stranger)  # a smaller buffer
    lend = step(pool.flashLoan, usdc.id, usdc.units(50_000), b"")

    tx = caller.act([lend, step(pool.writeOff, borrower)], sender=owner)

    assert event(tx, pool.WriteOff).deficit == usdc.units(4_000)
