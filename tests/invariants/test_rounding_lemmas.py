"""Every conversion against exact fractions: who is paid gets no more, who owes owes no less.

The formulas are the twin's, which the differential tests hold to the contracts wei for wei; the
libraries themselves are compared in `tests/unit/positions/test_rounding.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.exact import (
    ALL,
    MAX_INDEX,
    SHARES,
    WAD,
    KinkedCurve,
    Reserve,
    Revert,
    div_down,
    mul_down,
    mul_up,
    to_borrow,
    to_repay,
    to_supply,
    to_withdraw,
    value_down,
    value_up,
)

AMOUNTS = st.one_of(st.integers(1, 100), st.integers(1, 10**30))
SOME_SHARES = st.one_of(st.integers(1, 100), st.integers(1, 2**112 - 1))
GROWN = st.one_of(
    st.just(WAD),
    st.integers(WAD, WAD + 100),
    st.integers(WAD, 5 * WAD),
    st.integers(WAD, MAX_INDEX),
)
"""Of a debt, always; of a supply, while nothing was written off."""
ANY_INDEX = st.one_of(GROWN, st.integers(1, WAD))
PRICES = st.integers(1, 2**96 - 1)
DECIMALS = st.integers(0, 63)


def worth(shares: int, index: int) -> Fraction:
    return Fraction(shares * index, WAD)


def tried(convert: Callable[..., tuple[int, int]], *args: int) -> tuple[int, int]:
    """Assets and shares; nothing of either where it is refused."""
    try:
        return convert(*args)
    except Revert as error:
        assert error.name == "ZeroAmount"  # noqa: PT017
        return 0, 0


# ------------------------------------------------------------------------------------ INV-38, 39


@given(amount=AMOUNTS, bit=st.sampled_from([0, SHARES]), index=ANY_INDEX)
def test_supply__any_amount__takes_at_least_what_its_shares_are_worth(amount, bit, index):
    assets, shares = tried(to_supply, amount | bit, index)
    assert worth(shares, index) <= assets
    assert bit or shares == 0 or worth(shares + 1, index) > assets


@given(amount=AMOUNTS, bit=st.sampled_from([0, SHARES]), index=ANY_INDEX)
def test_withdraw__any_amount__pays_at_most_what_its_shares_are_worth(amount, bit, index):
    assets, shares = to_withdraw(amount | bit, 0, index)
    assert assets <= worth(shares, index)
    assert bit or worth(shares - 1, index) < assets


@given(held=SOME_SHARES, index=st.one_of(ANY_INDEX, st.just(0)))
def test_withdraw__all__burns_all_and_pays_at_most_their_worth(held, index):
    assets, shares = to_withdraw(ALL, held, index)
    assert shares == held
    assert assets == int(worth(held, index))


@given(amount=AMOUNTS, bit=st.sampled_from([0, SHARES]), index=GROWN)
def test_borrow__any_amount__owes_at_least_what_it_pays(amount, bit, index):
    assets, shares = to_borrow(amount | bit, index)
    assert assets <= worth(shares, index)
    assert bit or worth(shares - 1, index) < assets


@given(
    amount=st.one_of(AMOUNTS, st.just(ALL)),
    bit=st.sampled_from([0, SHARES]),
    owed=SOME_SHARES,
    index=GROWN,
)
def test_repay__any_amount__takes_at_least_what_it_lowers_the_debt_by(amount, bit, owed, index):
    """Nor more than the debt, which is gone when it says so."""
    assets, shares = tried(to_repay, amount | bit, owed, index)
    assert worth(shares, index) <= assets <= mul_up(owed, index)
    assert (shares == owed) == (assets == mul_up(owed, index))


@given(assets=SOME_SHARES, price=PRICES, decimals=DECIMALS)
def test_values__of_collateral_and_debt__err_against_the_account(assets, price, decimals):
    exact = Fraction(assets * price * WAD, 10**decimals)
    assert value_down(assets, price, decimals) <= exact <= value_up(assets, price, decimals)
    assert value_up(assets, price, decimals) - value_down(assets, price, decimals) <= 1


# ------------------------------------------------------------------------ INV-04, 05, 08 and 09


@given(parts=st.lists(SOME_SHARES, min_size=1, max_size=12), index=GROWN)
def test_sums__of_debts_shown__are_the_total_or_a_unit_each_more(parts, index):
    total, shown = mul_up(sum(parts), index), [mul_up(p, index) for p in parts]
    assert total <= sum(shown) < total + len(parts)
    assert max(shown) <= total


@given(parts=st.lists(SOME_SHARES, min_size=1, max_size=12), index=ANY_INDEX)
def test_sums__of_supplies_shown__are_the_total_or_a_unit_each_less(parts, index):
    total, shown = mul_down(sum(parts), index), [mul_down(p, index) for p in parts]
    assert total - len(parts) < sum(shown) <= total


@given(shares=st.one_of(st.just(0), SOME_SHARES), index=GROWN)
def test_totals__of_an_index_that_lost_nothing__are_zero_together_with_their_shares(shares, index):
    assert (mul_up(shares, index) == 0) == (shares == 0)
    assert (mul_down(shares, index) == 0) == (shares == 0)


# ------------------------------------------------------------------------------------ INV-35, 36


@given(amount=AMOUNTS, index=ANY_INDEX)
def test_round_trip__supply_and_withdraw__gives_back_no_more(amount, index):
    assets, shares = tried(to_supply, amount, index)
    back, burned = to_withdraw(ALL, shares, index) if shares else (0, 0)
    assert back <= assets
    assert burned == shares


@given(amount=AMOUNTS, index=ANY_INDEX)
def test_round_trip__withdraw_and_supply__mints_no_more(amount, index):
    assets, burned = to_withdraw(amount, 0, index)
    assert tried(to_supply, assets, index)[1] <= burned


@given(amount=AMOUNTS, held=st.one_of(st.just(0), SOME_SHARES), index=GROWN)
def test_round_trip__borrow_and_repay__costs_at_least_what_was_borrowed(amount, held, index):
    """Also where there was a debt before: getting back to it takes all that was paid out."""
    assets, shares = to_borrow(amount, index)
    repaid, burned = to_repay(SHARES | shares, held + shares, index)
    assert burned == shares
    assert repaid >= assets


# ------------------------------------------------------------------------------------------ INV-37


@given(first=AMOUNTS, second=AMOUNTS, index=ANY_INDEX)
def test_two_supplies__instead_of_one__mint_no_more(first, second, index):
    apart = sum(tried(to_supply, amount, index)[1] for amount in (first, second))
    assert apart <= tried(to_supply, first + second, index)[1]


@given(first=AMOUNTS, second=AMOUNTS, index=ANY_INDEX)
def test_two_withdrawals__instead_of_one__burn_no_less(first, second, index):
    apart = sum(to_withdraw(amount, 0, index)[1] for amount in (first, second))
    assert apart >= to_withdraw(first + second, 0, index)[1]


@given(first=AMOUNTS, second=AMOUNTS, index=GROWN)
def test_two_loans__instead_of_one__owe_no_less(first, second, index):
    apart = sum(to_borrow(amount, index)[1] for amount in (first, second))
    assert apart >= to_borrow(first + second, index)[1]


@given(first=AMOUNTS, second=AMOUNTS, index=GROWN)
def test_two_repayments__instead_of_one__clear_no_more(first, second, index):
    owed = div_down(first + second, index) + 2
    apart = sum(tried(to_repay, amount, owed, index)[1] for amount in (first, second))
    assert apart <= tried(to_repay, first + second, owed, index)[1]


# ------------------------------------------------------------------------------------ INV-11, 15


def reserve(**changes: int) -> Reserve:
    """One whose accrual alone matters."""
    values = {
        "supply_index": WAD,
        "debt_index": WAD,
        "reserve_factor_percent": 10,
        "supply_shares": 0,
        "debt_shares": 0,
        **changes,
    }
    return Reserve(
        **values,
        timestamp=0,
        curve=KinkedCurve(300, 80, 500, 60),
        supply_cap=ALL,
        borrow_cap=ALL,
        borrowable=True,
        paused=False,
        frozen=False,
        decimals=26,
        max_age_s=0,
        liquidation_fee=0,
        answer=0,
        updated_at=0,
        balance=0,
        ltv=0,
        threshold=0,
        bonus_floor=0,
        bonus_cap=0,
    )


@given(
    supplied=st.integers(0, 2**112 - 1),
    owed=st.integers(0, 2**112 - 1),
    supply_index=st.one_of(ANY_INDEX, st.just(0)),
    debt_index=GROWN,
    factor=st.integers(0, 100),
    seconds=st.one_of(st.integers(1, 100), st.integers(1, 2**32 - 1)),
)
def test_interest__over_any_time__credits_suppliers_at_most_what_borrowers_are_charged(
    supplied, owed, supply_index, debt_index, factor, seconds
):
    r = reserve(
        supply_shares=supplied,
        debt_shares=owed,
        supply_index=supply_index,
        debt_index=debt_index,
        reserve_factor_percent=factor,
    )
    r.accrue(seconds)

    assert r.supply_index >= supply_index
    assert r.debt_index >= debt_index
    charged = worth(owed, r.debt_index) - worth(owed, debt_index)
    credited = worth(supplied, r.supply_index) - worth(supplied, supply_index)
    assert credited <= charged * (100 - factor) / 100


# ------------------------------------------------------------------------------- they can fail


NAIVE = {
    "shares up on supplying": lambda amount, index: (amount, -(-amount * WAD // index)),
    "shares to the nearest": lambda amount, index: (amount, (amount * WAD + index // 2) // index),
}


@pytest.mark.parametrize("convert", NAIVE.values(), ids=NAIVE)
def test_naive_rounding__the_same_claims__are_false(convert):
    """At an index of 1.7, ten units are 5.88 shares: six of them are worth more than was paid."""
    index = 17 * WAD // 10
    assets, shares = convert(10, index)
    assert worth(shares, index) > assets
    assert sum(convert(1, index)[1] for _ in range(10)) > convert(10, index)[1]
    assert to_supply(10, index)[1] < shares
