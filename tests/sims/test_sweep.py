"""Does the compiled sweep say what the book's own valuations say?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.book import Book
from sims.rates import InputError
from sims.sweep import SweepResult, liquidatable_accounts, shocked, sweep, sweep_numpy
from tests.sims import _pools as pools
from tests.sims._pools import BTC, ETH, PARAMS, PRICE, USD

LONE = pools.book([(ETH, 100.0, 0.0), (USD, 0.0, 150_000.0)])
RANDOM = pools.random_book(200, np.random.default_rng(4))


def swept(book: Book, prices: np.ndarray) -> SweepResult:
    return sweep(book, PARAMS, prices_usd=prices, base_usd=PRICE)


@pytest.mark.parametrize("scenarios", [1, 100, 2_500])
def test_sweep__random_prices__agrees_with_numpy(scenarios: int) -> None:
    rng = np.random.default_rng(scenarios)
    prices = PRICE * np.exp(rng.normal(-0.1, 0.3, size=(scenarios, 3)))
    got, expected = (
        made(RANDOM, PARAMS, prices_usd=prices, base_usd=PRICE) for made in (sweep, sweep_numpy)
    )
    np.testing.assert_array_equal(got.liquidatable, expected.liquidatable)
    for name in ("liquidatable_debt_usd", "liquidatable_now_usd", "shortfall_usd"):
        np.testing.assert_allclose(getattr(got, name), getattr(expected, name), rtol=1e-12)


def test_sweep__any_threads__gives_the_same_bits() -> None:
    prices = shocked(PRICE, np.linspace(0.0, -0.9, 3_000))
    one, two = (
        sweep(RANDOM, PARAMS, prices_usd=prices, base_usd=PRICE, workers=workers)
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.shortfall_usd, two.shortfall_usd)
    np.testing.assert_array_equal(one.liquidatable_debt_usd, two.liquidatable_debt_usd)


@pytest.mark.parametrize(("eth_usd", "expected"), [(1808.0, 0), (1807.0, 1)])
def test_sweep__either_side_of_the_threshold__turns(eth_usd: float, expected: int) -> None:
    # 150,000 / (100 * 0.83) = 1,807.23 dollars.
    assert swept(LONE, np.array([[eth_usd, 50_000.0, 1.0]])).liquidatable.tolist() == [expected]


def test_sweep__debt_asset_moved__is_counted_at_base_and_at_shocked_prices() -> None:
    result = swept(LONE, np.array([[1700.0, 50_000.0, 1.1]]))
    assert result.liquidatable_debt_usd.tolist() == [150_000.0]
    assert result.liquidatable_now_usd == pytest.approx([165_000.0])


@pytest.mark.parametrize(("eth_usd", "expected"), [(1575.0, 0.0), (1000.0, 54_761.9048)])
def test_sweep__collateral_below_debt_and_bonus__is_short(eth_usd: float, expected: float) -> None:
    short = swept(LONE, np.array([[eth_usd, 50_000.0, 1.0]])).shortfall_usd
    assert short == pytest.approx([expected], abs=5e-5)


@pytest.mark.parametrize(
    ("crv_usd", "liquidatable", "toxic"),
    [(0.6152, 0, False), (0.6154, 1, False), (0.6616, 1, True)],
)
def test_sweep__V9_crv_squeeze__turns_at_the_published_prices(
    crv_usd: float, liquidatable: int, toxic: bool
) -> None:
    params = replace(
        PARAMS,
        threshold=np.array([0.83, 0.78, 0.89]),
        bonus_cap=np.array([0.05, 0.06, 0.045]),
    )
    squeezed = pools.book([(USD, 63.6e6, 0.0), (BTC, 0.0, 92e6)])
    prices = np.array([[2000.0, crv_usd, 1.0]])
    result = sweep(squeezed, params, prices_usd=prices, base_usd=PRICE)
    assert (result.liquidatable[0], result.shortfall_usd[0] > 0.0) == (liquidatable, toxic)


@given(
    shocks=st.lists(st.floats(-0.95, 0.0), min_size=2, max_size=20),
    reserve=st.sampled_from([ETH, BTC]),
)
@settings(max_examples=30)
def test_sweep__deeper_fall_of_collateral__never_makes_less_liquidatable(
    shocks: list[float], reserve: int
) -> None:
    secured = pools.book(
        *[[(reserve, worth, 0.0), (USD, 0.0, worth * 1_000.0)] for worth in (1.0, 1.3, 1.9, 40.0)]
    )
    prices = shocked(PRICE, sorted(shocks, reverse=True), reserves=[reserve])
    result = swept(secured, prices)
    for rising in (result.liquidatable_debt_usd, result.shortfall_usd):
        assert (np.diff(rising) >= -1e-9).all()


@given(st.floats(0.01, 100.0))
@settings(max_examples=30)
def test_liquidatable_accounts__all_prices_scaled__are_the_same(scale: float) -> None:
    prices = PRICE * np.array([0.9, 0.95, 1.0])
    np.testing.assert_array_equal(
        liquidatable_accounts(RANDOM, PARAMS, prices * scale),
        liquidatable_accounts(RANDOM, PARAMS, prices),
    )


def test_liquidatable_accounts__count__is_the_sweep_s() -> None:
    prices = PRICE * 0.9
    counted = liquidatable_accounts(RANDOM, PARAMS, prices).sum()
    assert swept(RANDOM, prices[None]).liquidatable.tolist() == [counted]


@pytest.mark.parametrize("missing", [0.0, np.nan, -1.0])
def test_sweep__collateral_without_a_price__counts_nothing(missing: float) -> None:
    result = swept(LONE, np.array([[missing, 50_000.0, 1.0]]))
    assert result.shortfall_usd.tolist() == [150_000.0]


def test_sweep__supply_that_is_no_collateral__secures_nothing() -> None:
    idle = Book(LONE.indptr, LONE.reserve, LONE.supply, LONE.debt, np.zeros(2, dtype=bool))
    assert swept(idle, PRICE[None]).liquidatable.tolist() == [1]
    assert swept(LONE, PRICE[None]).liquidatable.tolist() == [0]


def test_sweep__empty_accounts_and_suppliers__are_never_liquidatable() -> None:
    quiet = pools.book([], [(ETH, 1.0, 0.0)], [])
    assert swept(quiet, np.array([[0.0, 0.0, 0.0]])).liquidatable.tolist() == [0]


def test_shocked__some_reserves__moves_only_those() -> None:
    np.testing.assert_allclose(
        shocked(PRICE, [0.0, -0.5], reserves=[ETH]), [PRICE, [1000.0, 50_000.0, 1.0]]
    )


def test_shocked__no_reserves_named__moves_all() -> None:
    np.testing.assert_allclose(shocked(PRICE, [-0.5]), [PRICE / 2.0])


def test_sweep__prices_of_another_market__says_the_shape() -> None:
    with pytest.raises(InputError, match=r"\(scenarios, 3\)"):
        swept(LONE, np.ones((2, 4)))
