"""Tail risk of simulated losses, and how sure the number of paths makes one of it.

Value at risk is the linear quantile; expected shortfall is the mean of the worst share 1 - q, which
is the mean of what lies at or above the quantile unless losses are tied there:

    VaR_q = quantile(losses, q),    ES_q = mean(the worst (1 - q) P of P losses)

Ties are the rule, not the exception: on most paths a sound pool loses nothing, and zeros that equal
the quantile must not dilute the tail.

Intervals come from the bootstrap: the same estimate on samples drawn with replacement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sims.rates import FloatArray, InputError

Estimator = Callable[[FloatArray], float]


def _losses(losses: ArrayLike) -> FloatArray:
    values = np.asarray(losses, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise InputError(
            f"Losses of shape {values.shape} cannot be measured: pass finite numbers in one"
            " dimension, at least one."
        )
    return values


def _require_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise InputError(f"level is {level:g}; give it a probability between 0 and 1.")


def value_at_risk(losses: ArrayLike, level: float) -> float:
    """The loss (P,) not exceeded with probability `level`, between order statistics linearly."""
    _require_level(level)
    return float(np.quantile(_losses(losses), level))


def expected_shortfall(losses: ArrayLike, level: float) -> float:
    """The mean of the worst share `1 - level` of the losses (P,), the last one counted in part."""
    _require_level(level)
    worst = np.sort(_losses(losses))[::-1]
    share = max(1.0, worst.size * (1.0 - level))
    weight = np.clip(share - np.arange(worst.size), 0.0, 1.0)
    return float(weight @ worst / share)


@dataclass(frozen=True)
class Estimate:
    """A number with its bootstrap interval [low, high]."""

    value: float
    low: float
    high: float


def bootstrap(
    losses: ArrayLike,
    estimator: Estimator,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Estimate:
    """`estimator` of the losses (P,) with its percentile interval.

    Parameters
    ----------
    estimator : from an array of losses to a number, such as `np.mean`.
    resamples : how many samples of the same size are drawn.
    confidence : share of the samples' estimates inside the interval.
    """
    values = _losses(losses)
    drawn = np.array(
        [estimator(values[rng.integers(values.size, size=values.size)]) for _ in range(resamples)]
    )
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Estimate(value=float(estimator(values)), low=float(low), high=float(high))


@dataclass(frozen=True)
class RiskSummary:
    """What a distribution of losses amounts to; each with its interval."""

    level: float
    mean: Estimate
    value_at_risk: Estimate
    expected_shortfall: Estimate


def summarize(
    losses: ArrayLike,
    *,
    level: float = 0.99,
    rng: np.random.Generator,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> RiskSummary:
    """Mean, value at risk and expected shortfall of the losses (P,), with intervals."""

    def with_interval(estimator: Estimator) -> Estimate:
        return bootstrap(losses, estimator, rng=rng, resamples=resamples, confidence=confidence)

    return RiskSummary(
        level=level,
        mean=with_interval(lambda sample: float(sample.mean())),
        value_at_risk=with_interval(lambda sample: value_at_risk(sample, level)),
        expected_shortfall=with_interval(lambda sample: expected_shortfall(sample, level)),
    )


@dataclass(frozen=True)
class Convergence:
    """An estimate after more and more paths: all arrays (K,)."""

    paths: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


def convergence(
    losses: ArrayLike,
    estimator: Estimator,
    *,
    rng: np.random.Generator,
    points: Sequence[int] | int = 20,
    resamples: int = 200,
    confidence: float = 0.95,
) -> Convergence:
    """How `estimator` settles as the first 10, ..., P losses are taken.

    Parameters
    ----------
    points : the numbers of paths to stop at, or how many of them, evenly spaced in logarithm.
    """
    values = _losses(losses)
    if isinstance(points, int):
        first = min(10, values.size)
        stops = np.unique(np.geomspace(first, values.size, points).round().astype(int))
    else:
        stops = np.array(points)
    rows = [
        bootstrap(values[:stop], estimator, rng=rng, resamples=resamples, confidence=confidence)
        for stop in stops
    ]
    return Convergence(
        paths=stops.astype(np.float64),
        value=np.array([row.value for row in rows]),
        low=np.array([row.low for row in rows]),
        high=np.array([row.high for row in rows]),
    )
