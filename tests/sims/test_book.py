"""Positions as arrays: their values, their totals, and the shape of a seeded book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.book import MARGIN, Book, BookError, seeded_book
from sims.market import Market, load_market, parse_market

ETHEREUM = Path(__file__).parents[2] / "scripts" / "_markets" / "ethereum.yaml"
SEEDS = range(8)


@pytest.fixture(scope="module")
def market() -> Market:
    return load_market(ETHEREUM)


@pytest.fixture(scope="module")
def threshold(market: Market) -> Any:
    return market.reserve_params().by_category("threshold")


def small_book(**changes: Any) -> Book:
    """Four accounts: a borrower of two legs, an empty one, one with an idle leg, another empty."""
    fields: dict[str, Any] = {
        "indptr": [0, 2, 2, 4, 4],
        "reserve": [0, 1, 0, 1],
        "supply": [2.0, 0.0, 1.0, 50.0],
        "debt": [0.0, 100.0, 0.0, 10.0],
        "collateral": [True, False, True, False],
    }
    return Book(**{**fields, **changes})


PRICES = np.array([100.0, 1.0])
THRESHOLD = np.array([0.8, 0.9])


# ------------------------------------------------------------------------------- values


def test_collateral_value__accounts_with_and_without_legs__counts_collateral_only() -> None:
    assert small_book().collateral_value(PRICES).tolist() == [200.0, 0.0, 100.0, 0.0]


def test_collateral_value__idle_supply_made_collateral__counts_it_too() -> None:
    book = small_book(collateral=[True, False, True, True])
    assert book.collateral_value(PRICES).tolist() == [200.0, 0.0, 150.0, 0.0]


def test_collateral_value__no_price__counts_as_nothing() -> None:
    assert small_book().collateral_value(np.array([0.0, 1.0])).tolist() == [0.0, 0.0, 0.0, 0.0]


def test_debt_value__accounts_with_and_without_legs__adds_up() -> None:
    assert small_book().debt_value(PRICES).tolist() == [100.0, 0.0, 10.0, 0.0]


def test_borrow_limit__weights_each_collateral_by_its_ltv() -> None:
    limit = small_book().borrow_limit(PRICES, ltv=np.array([0.5, 0.6]))
    assert limit.tolist() == [100.0, 0.0, 50.0, 0.0]


def test_liquidation_limit__weights_each_collateral_by_its_threshold() -> None:
    limit = small_book().liquidation_limit(PRICES, threshold=THRESHOLD)
    assert limit.tolist() == [160.0, 0.0, 80.0, 0.0]


def test_health_factor__with_debt__is_limit_over_debt() -> None:
    health = small_book().health_factor(PRICES, threshold=THRESHOLD)
    assert health[[0, 2]].tolist() == [1.6, 8.0]


def test_health_factor__without_debt__is_infinite() -> None:
    health = small_book().health_factor(PRICES, threshold=THRESHOLD)
    assert health[[1, 3]].tolist() == [np.inf, np.inf]


@given(st.floats(1e-3, 1e3))
def test_health_factor__all_prices_scaled__stays_the_same(factor: float) -> None:
    book = small_book()
    scaled = book.health_factor(PRICES * factor, threshold=THRESHOLD)
    np.testing.assert_allclose(scaled, book.health_factor(PRICES, threshold=THRESHOLD), rtol=1e-12)


@given(st.lists(st.integers(0, 4), max_size=12), st.integers(0, 2**32 - 1))
def test_values__any_book__agree_with_a_plain_loop(legs: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    reserve = [r for n in legs for r in rng.permutation(5)[:n].tolist()]
    book = Book(
        indptr=np.cumsum([0, *legs]),
        reserve=reserve,
        supply=rng.uniform(0, 9, len(reserve)),
        debt=rng.uniform(0, 9, len(reserve)),
        collateral=rng.random(len(reserve)) < 0.5,
    )
    prices = rng.uniform(0, 9, 5)
    worth, owed = [], []
    for account in range(book.accounts):
        own = range(book.indptr[account], book.indptr[account + 1])
        worth.append(sum(book.supply[i] * prices[reserve[i]] for i in own if book.collateral[i]))
        owed.append(sum(book.debt[i] * prices[reserve[i]] for i in own))
    np.testing.assert_allclose(book.collateral_value(prices), worth, rtol=1e-12)
    np.testing.assert_allclose(book.debt_value(prices), owed, rtol=1e-12)


def test_supplied_and_borrowed__more_reserves_than_legs__are_zero_there() -> None:
    assert small_book().supplied(3).tolist() == [3.0, 50.0, 0.0]
    assert small_book().borrowed(3).tolist() == [0.0, 110.0, 0.0]


# ------------------------------------------------------------------------------- construction


def test_book__no_account__is_fine() -> None:
    book = Book(indptr=[0], reserve=[], supply=[], debt=[], collateral=[])
    assert (book.accounts, book.debt_value(PRICES).size) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"indptr": []}, "indptr must rise from 0"),
        ({"indptr": [1, 2, 2, 4, 4]}, "indptr must rise from 0"),
        ({"indptr": [0, 2, 1, 4, 4]}, "indptr must rise from 0"),
        ({"indptr": [0, 2, 2, 4, 3]}, "indptr must rise from 0"),
        ({"reserve": [0, -1, 0, 1]}, "between 0 and 63"),
        ({"reserve": [0, 64, 0, 1]}, "between 0 and 63"),
        ({"reserve": [1, 1, 0, 1]}, "two legs of one reserve"),
        ({"supply": [1.0, 2.0]}, "supply has 2 legs"),
        ({"supply": [[1.0, 2.0, 3.0, 4.0]]}, "supply has 2 dimensions"),
        ({"supply": [2.0, 0.0, -1.0, 50.0]}, "supply must be finite"),
        ({"debt": [0.0, np.nan, 0.0, 10.0]}, "debt must be finite"),
        ({"debt": [0.0, np.inf, 0.0, 10.0]}, "debt must be finite"),
        ({"collateral": [True]}, "collateral has 1 legs"),
    ],
)
def test_book__arrays_that_do_not_fit__are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BookError, match=problem):
        small_book(**changes)


def test_book__the_array_it_came_from_changes__stays_the_same() -> None:
    supply = np.array([2.0, 0.0, 1.0, 50.0])
    book = small_book(supply=supply)
    supply[0] = 99.0
    assert book.supply[0] == 2.0


def test_book__writing_to_it__is_refused() -> None:
    with pytest.raises(ValueError, match="read-only"):
        small_book().debt[0] = 1.0


def test_supply_raw__two_tokens__counts_each_in_its_own_unit() -> None:
    raw = small_book(supply=[2.0, 0.0, 0.5, 50.25]).supply_raw(np.array([18, 6]))
    assert raw.tolist() == [2 * 10**18, 0, 5 * 10**17, 50_250_000]


def test_debt_raw__beyond_64_bits__stays_an_exact_integer() -> None:
    raw = small_book(debt=[2.0**70, 0.0, 0.0, 0.0]).debt_raw(np.array([18, 6]))
    assert raw[0] == 2**70 * 10**18


# ------------------------------------------------------------------------------- the seeded book


def drawn(market: Market, seed: int, accounts: int = 1000) -> Book:
    return seeded_book(market, accounts=accounts, rng=np.random.default_rng(seed))


def same(one: Book, other: Book) -> bool:
    names = ("indptr", "reserve", "supply", "debt", "collateral")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_seeded_book__same_seed__is_the_same(market: Market) -> None:
    assert same(drawn(market, 1), drawn(market, 1))


def test_seeded_book__other_seed__is_another(market: Market) -> None:
    assert not same(drawn(market, 1), drawn(market, 2))


@pytest.mark.parametrize("accounts", [1000, 1001, 5000])
@pytest.mark.parametrize("seed", SEEDS)
def test_seeded_book__any_seed__has_the_real_concentration_of_debt(
    market: Market, seed: int, accounts: int
) -> None:
    debt = np.sort(drawn(market, seed, accounts).debt_value(market.prices))[::-1]
    held = debt.cumsum()[[9, 49, 99]] / debt.sum()
    np.testing.assert_allclose(held, [0.33, 0.56, 0.68], atol=0.02)


def test_seeded_book__many_accounts__have_the_real_distribution_of_health(
    market: Market, threshold: Any
) -> None:
    book = drawn(market, 0, accounts=20_000)
    health = book.health_factor(market.prices, threshold=threshold)
    health = health[np.isfinite(health)]
    below = [(health < mark).mean() for mark in (1.05, 1.1, 1.25, 1.5)]
    # 982 of the largest borrowers of Aave v3 Ethereum, 2025-12-02, efficiency mode estimated.
    np.testing.assert_allclose(below, [0.164, 0.269, 0.419, 0.597], atol=0.05)
    assert np.median(health) == pytest.approx(1.361, abs=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_seeded_book__any_seed__leaves_every_account_inside_its_borrow_limit(
    market: Market, seed: int
) -> None:
    book = drawn(market, seed)
    limit = book.borrow_limit(market.prices, ltv=market.reserve_params().by_category("ltv"))
    assert (limit >= book.debt_value(market.prices) * (1 + MARGIN) * (1 - 1e-9)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_seeded_book__any_seed__uses_every_borrowed_reserve_up_to_its_kink(
    market: Market, seed: int
) -> None:
    book, reserves = drawn(market, seed), len(market.symbols)
    borrowed = book.borrowed(reserves) > 0
    utilization = book.borrowed(reserves)[borrowed] / book.supplied(reserves)[borrowed]
    kink = market.floats(lambda reserve: reserve.rates.kink)[borrowed]
    assert ((utilization > 0.6) & (utilization < kink)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_seeded_book__any_seed__has_one_to_four_legs_an_account(market: Market, seed: int) -> None:
    legs = np.diff(drawn(market, seed).indptr)
    assert (legs.min(), legs.max()) == (1, 4)


@pytest.mark.parametrize("accounts", [20, 37, 200])
def test_seeded_book__few_accounts__has_cash_in_every_reserve(
    market: Market, accounts: int
) -> None:
    book, reserves = drawn(market, 3, accounts), len(market.symbols)
    assert (book.supplied(reserves) >= book.borrowed(reserves)).all()


def test_seeded_book__roomy_caps__owes_two_billion(market: Market) -> None:
    assert drawn(market, 0).debt_value(market.prices).sum() == pytest.approx(2e9, rel=1e-9)


def test_seeded_book__tight_caps__shrinks_until_they_hold() -> None:
    text = ETHEREUM.read_text(encoding="utf-8")
    tight = parse_market(text.replace("supply_cap: 1_760_000", "supply_cap: 1_000"))
    book, wsteth = drawn(tight, 0), tight.reserve_id("wstETH")
    supplied = book.supplied(len(tight.symbols))[wsteth]
    assert supplied + 0.1 == pytest.approx(0.95 * 1000, rel=1e-3)


def test_seeded_book__a_closed_reserve__is_neither_held_nor_owed() -> None:
    text = ETHEREUM.read_text(encoding="utf-8")
    closed = parse_market(text.replace("ltv: 0.775", "ltv: 0"))
    weeth = closed.reserve_id("weETH")
    assert not (drawn(closed, 0).reserve == weeth).any()


def test_seeded_book__raw_amounts__are_what_the_floats_say(market: Market) -> None:
    book = drawn(market, 0)
    scale = [10 ** int(market.decimals[r]) for r in book.reserve]
    raw = book.supply_raw(market.decimals)
    assert [amount / unit for amount, unit in zip(raw, scale, strict=True)] == book.supply.tolist()


def test_seeded_book__too_few_accounts__is_refused(market: Market) -> None:
    with pytest.raises(BookError, match="19 accounts are too few for a book; ask for 20 or more"):
        drawn(market, 0, accounts=19)


def test_seeded_book__nothing_to_borrow__is_refused() -> None:
    text = ETHEREUM.read_text(encoding="utf-8").split("\ncategories:")[0]
    text = text.replace("borrowable: true", "borrowable: false")
    with pytest.raises(BookError, match="has no pair of known assets"):
        drawn(parse_market(text), 0)
