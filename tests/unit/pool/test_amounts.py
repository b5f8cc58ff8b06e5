"""What an amount says: assets; with a bit set, shares; or all there is.

A hundred days of interest have made both indices of USDC odd: every conversion rounds, and always
against the caller.
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, SHARES, WAD, decode_words, div_up, event

pytestmark = pytest.mark.usefixtures("aged")

LIMIT = 2**128 - 1
SOME = 123_456_789


def indices(log):
    words = decode_words(log.interest, log.totals)
    return words.supply_index, words.debt_index


# --------------------------------------------------------------------------------------- shares


def test_supply__shares__mints_just_these_and_takes_assets_rounded_up(pool, usdc, stranger):
    before = usdc.token.balanceOf(stranger)

    tx = pool.supply(usdc.id, SHARES | SOME, stranger, sender=stranger)

    log = event(tx, pool.Supply)
    index, _ = indices(log)
    assert (log.assets, log.shares) == (div_up(SOME * index, WAD), SOME)
    assert usdc.token.balanceOf(stranger) == before - log.assets
    assert pool.balanceOf(stranger, usdc.id) == SOME


def test_withdraw__shares__burns_just_these_and_pays_assets_rounded_down(pool, usdc, supplier):
    held = pool.balanceOf(supplier, usdc.id)

    tx = pool.withdraw(usdc.id, SHARES | SOME, supplier, supplier, sender=supplier)

    log = event(tx, pool.Withdraw)
    index, _ = indices(log)
    assert (log.assets, log.shares) == (SOME * index // WAD, SOME)
    assert pool.balanceOf(supplier, usdc.id) == held - SOME


def test_withdraw__a_share_more_than_held__refused(pool, usdc, supplier):
    held = pool.balanceOf(supplier, usdc.id)

    with ape.reverts(
        pool.InsufficientShares,
        account=supplier,
        positionId=usdc.id,
        requested=held + 1,
        held=held,
    ):
        pool.withdraw(usdc.id, SHARES | (held + 1), supplier, supplier, sender=supplier)


def test_borrow__shares__mints_just_these_and_pays_assets_rounded_down(pool, usdc, borrower):
    log = event(
        pool.borrow(usdc.id, SHARES | SOME, borrower, borrower, sender=borrower), pool.Borrow
    )

    _, index = indices(log)
    assert (log.assets, log.shares) == (SOME * index // WAD, SOME)


def test_repay__shares__burns_just_these_and_takes_assets_rounded_up(pool, usdc, borrower):
    log = event(pool.repay(usdc.id, SHARES | SOME, borrower, sender=borrower), pool.Repay)

    _, index = indices(log)
    assert (log.assets, log.shares) == (div_up(SOME * index, WAD), SOME)


def test_repay__more_shares_than_owed__clears_the_debt_and_takes_no_more(pool, usdc, borrower):
    tx = pool.repay(usdc.id, SHARES | usdc.units(20_000), borrower, sender=borrower)

    log = event(tx, pool.Repay)
    _, index = indices(log)
    assert (log.assets, log.shares) == (
        div_up(usdc.units(10_000) * index, WAD),
        usdc.units(10_000),
    )
    assert pool.debtBalance(borrower, usdc.id) == 0


# ----------------------------------------------------------------------------------- all and none


@pytest.fixture
def calls(pool, usdc, supplier, borrower):
    """Who does what with an amount."""
    return {
        "supply": lambda n: pool.supply(usdc.id, n, supplier, sender=supplier),
        "withdraw": lambda n: pool.withdraw(usdc.id, n, supplier, supplier, sender=supplier),
        "borrow": lambda n: pool.borrow(usdc.id, n, borrower, borrower, sender=borrower),
        "repay": lambda n: pool.repay(usdc.id, n, borrower, sender=borrower),
    }


@pytest.mark.parametrize("action", ["supply", "withdraw", "borrow", "repay"])
def test_amount__of_no_shares__refused(pool, calls, action):
    with ape.reverts(pool.ZeroAmount):
        calls[action](SHARES)


@pytest.mark.parametrize("action", ["supply", "borrow"])
def test_amount__all_where_there_is_no_all__refused(pool, calls, action):
    with ape.reverts(pool.AmountTooLarge, amount=SHARES - 1):
        calls[action](MAX)


@pytest.mark.parametrize("action", ["supply", "withdraw", "borrow"])
@pytest.mark.parametrize("bit", [0, SHARES])
def test_amount__beyond_any_reserve__refused(pool, calls, action, bit):
    with ape.reverts(pool.AmountTooLarge, amount=LIMIT + 1):
        calls[action](bit | (LIMIT + 1))


def test_amount__the_largest__is_too_many_shares_only(pool, usdc, stranger):
    with ape.reverts(pool.SharesOverflow, shares=LIMIT):
        pool.supply(usdc.id, SHARES | LIMIT, stranger, sender=stranger)


@pytest.mark.parametrize("amount", [LIMIT + 1, SHARES - 1, MAX])
def test_repay__beyond_any_reserve__clears_the_debt(pool, usdc, borrower, calls, amount):
    calls["repay"](amount)
    assert pool.debtBalance(borrower, usdc.id) == 0


# --------------------------------------------------------------------------------- what is returned


@pytest.mark.parametrize(
    ("action", "kind"),
    [("supply", "Supply"), ("withdraw", "Withdraw"), ("borrow", "Borrow"), ("repay", "Repay")],
)
def test_amount__any__returns_assets_and_shares(pool, calls, action, kind):
    tx = calls[action](SOME)

    log = event(tx, getattr(pool, kind))
    assert tuple(tx.return_value) == (log.assets, log.shares)
    assert log.shares < SOME == log.assets
