"""Are tail figures the textbook's, and do their intervals behave?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.metrics import (
    bootstrap,
    convergence,
    expected_shortfall,
    summarize,
    value_at_risk,
)
from sims.rates import InputError

HUNDRED = np.arange(1.0, 101.0)
EXPONENTIAL = np.random.default_rng(0).exponential(1.0, size=4_000)
samples = st.lists(st.floats(0.0, 1e9), min_size=1, max_size=60)
levels = st.floats(0.01, 0.99)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize(("level", "expected"), [(0.5, 50.5), (0.95, 95.05), (0.99, 99.01)])
def test_value_at_risk__V24_one_to_a_hundred__interpolates(level: float, expected: float) -> None:
    assert value_at_risk(HUNDRED, level) == pytest.approx(expected)


@pytest.mark.parametrize(("level", "expected"), [(0.5, 75.5), (0.95, 98.0), (0.99, 100.0)])
def test_expected_shortfall__V24_one_to_a_hundred__is_the_mean_at_or_above(
    level: float, expected: float
) -> None:
    assert expected_shortfall(HUNDRED, level) == pytest.approx(expected)


def test_expected_shortfall__one_loss_among_zeros__is_not_diluted_by_them() -> None:
    assert expected_shortfall([1000.0, *[0.0] * 999], 0.99) == pytest.approx(100.0)


def test_expected_shortfall__share_with_a_fraction__counts_the_last_loss_in_part() -> None:
    # The worst 1.5 of three losses: all of 9 and half of 6.
    assert expected_shortfall([3.0, 9.0, 6.0], 0.5) == pytest.approx((9.0 + 0.5 * 6.0) / 1.5)


def test_expected_shortfall__fewer_losses_than_the_tail_needs__is_the_worst() -> None:
    assert expected_shortfall([1.0, 2.0], 0.99) == 2.0


def test_expected_shortfall__exponential__is_one_more_than_the_quantile() -> None:
    # Without memory: the mean excess over any level is the mean, 1.
    excess = expected_shortfall(EXPONENTIAL, 0.9) - value_at_risk(EXPONENTIAL, 0.9)
    assert excess == pytest.approx(1.0, abs=4.0 / np.sqrt(400))


@given(losses=samples, level=levels)
def test_expected_shortfall__any_losses__lies_between_the_quantile_and_the_worst(
    losses: list[float], level: float
) -> None:
    short = expected_shortfall(losses, level)
    assert value_at_risk(losses, level) <= short * (1.0 + 1e-9)
    assert short <= max(losses) * (1.0 + 1e-12)


@given(losses=samples, low=levels, high=levels)
def test_value_at_risk__higher_level__is_never_lower(
    losses: list[float], low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert value_at_risk(losses, low) <= value_at_risk(losses, high) * (1.0 + 1e-12)


def test_bootstrap__mean__has_the_interval_of_the_central_limit() -> None:
    made = bootstrap(EXPONENTIAL, lambda sample: float(sample.mean()), rng=rng())
    half = 1.96 * EXPONENTIAL.std() / np.sqrt(EXPONENTIAL.size)
    assert made.value == EXPONENTIAL.mean()
    assert made.high - made.low == pytest.approx(2.0 * half, rel=0.1)


def test_bootstrap__true_mean__is_inside_95_of_100_intervals_or_so() -> None:
    draws = np.random.default_rng(5).exponential(1.0, size=(100, 200))
    made = [
        bootstrap(draw, lambda sample: float(sample.mean()), rng=rng(), resamples=200)
        for draw in draws
    ]
    assert 88 <= sum(one.low <= 1.0 <= one.high for one in made) <= 100


def test_bootstrap__same_generator__repeats_itself() -> None:
    one, other = (
        bootstrap(HUNDRED, lambda sample: float(sample.mean()), rng=rng()) for _ in range(2)
    )
    assert one == other


def test_bootstrap__all_alike__has_no_width() -> None:
    made = bootstrap(np.full(9, 3.0), lambda sample: float(sample.mean()), rng=rng())
    assert (made.low, made.value, made.high) == (3.0, 3.0, 3.0)


def test_summarize__losses__holds_the_three_estimates() -> None:
    summary = summarize(EXPONENTIAL, level=0.95, rng=rng(), resamples=50)
    assert summary.mean.value == EXPONENTIAL.mean()
    assert summary.value_at_risk.value == value_at_risk(EXPONENTIAL, 0.95)
    assert summary.expected_shortfall.value == expected_shortfall(EXPONENTIAL, 0.95)


def test_convergence__last_point__is_the_estimate_of_all() -> None:
    made = convergence(
        EXPONENTIAL, lambda sample: expected_shortfall(sample, 0.95), rng=rng(), resamples=20
    )
    assert (made.paths[0], made.paths[-1]) == (10.0, 4_000.0)
    assert made.value[-1] == expected_shortfall(EXPONENTIAL, 0.95)


def test_convergence__more_paths__narrow_the_interval() -> None:
    made = convergence(
        EXPONENTIAL, lambda sample: float(sample.mean()), rng=rng(), points=[40, 4_000]
    )
    first, last = made.high - made.low
    assert last < first / 5.0


def test_convergence__fewer_losses_than_ten__starts_where_they_end() -> None:
    made = convergence([1.0, 2.0], lambda sample: float(sample.mean()), rng=rng(), resamples=5)
    assert made.paths.tolist() == [2.0]


@pytest.mark.parametrize("losses", [[], [np.nan], [[1.0]]])
def test_value_at_risk__no_losses__is_refused(losses: list[float]) -> None:
    with pytest.raises(InputError, match="cannot be measured"):
        value_at_risk(losses, 0.99)


@pytest.mark.parametrize("level", [0.0, 1.0, 99.0])
@pytest.mark.parametrize("measure", [value_at_risk, expected_shortfall])
def test_measure__no_probability__is_refused(
    measure: Callable[[np.ndarray, float], float], level: float
) -> None:
    with pytest.raises(InputError, match="level"):
        measure(HUNDRED, level)
