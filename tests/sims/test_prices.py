"""Are paths the same however they are cut, and distributed as their model says?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from sims.prices import (
    FACTOR_VOLATILITY,
    Jumps,
    PriceModel,
    default_model,
    replay,
    simulate_paths,
    single_asset,
    stream_paths,
)
from sims.rates import YEAR_S, InputError

DAY_S = 86_400.0
SYMBOLS = ("WETH", "wstETH", "WBTC", "USDC")
SPOT = np.array([3119.0, 3809.0, 90_236.0, 1.0])
MODEL = default_model(SYMBOLS, spot_usd=SPOT)


def simulated(
    model: PriceModel = MODEL, *, paths: int | range = 20, steps: int = 12, dt_s: float = 300.0
) -> np.ndarray:
    return simulate_paths(model, steps=steps, dt_s=dt_s, paths=paths, rng=np.random.default_rng(7))


# ---------------------------------------------------------------- the same to the bit


@pytest.mark.parametrize("chunk", [1, 7, 20])
def test_stream_paths__any_chunk__gives_identical_paths(chunk: int) -> None:
    def streamed(size: int) -> np.ndarray:
        rng = np.random.default_rng(7)
        blocks = stream_paths(MODEL, steps=12, dt_s=300.0, paths=20, chunk=size, rng=rng)
        return np.concatenate(list(blocks))

    np.testing.assert_array_equal(streamed(chunk), streamed(3))


@pytest.mark.parametrize("chunk", [1, 7, 20])
def test_simulate_paths__ranges__give_the_rows_of_the_whole(chunk: int) -> None:
    parts = [simulated(paths=range(first, min(first + chunk, 20))) for first in range(0, 20, chunk)]
    np.testing.assert_array_equal(np.concatenate(parts), simulated())


def test_simulate_paths__another_seed__gives_other_paths() -> None:
    other = simulate_paths(MODEL, steps=12, dt_s=300.0, paths=20, rng=np.random.default_rng(8))
    assert (other[:, 1:] != simulated()[:, 1:]).all()


def test_simulate_paths__two_paths__differ() -> None:
    one, other = simulated(paths=2)
    assert (one[1:] != other[1:]).all()


def test_simulate_paths__every_path__starts_at_the_spot_price() -> None:
    np.testing.assert_array_equal(simulated()[:, 0], np.tile(SPOT, (20, 1)))


# ---------------------------------------------------------------- distribution


def test_simulate_paths__V20_barrier__is_crossed_as_often_as_the_closed_form_says() -> None:
    paths = simulate_paths(
        single_asset("ETH", spot_usd=1.05, volatility=0.80),
        steps=288,
        dt_s=300.0,
        paths=8_000,
        rng=np.random.default_rng(1),
    )
    monitored = 0.236162
    error = np.sqrt(monitored * (1.0 - monitored) / 8_000)
    crossed = (paths[:, :, 0].min(axis=1) < 1.0).mean()
    ended = (paths[:, -1, 0] < 1.0).mean()
    assert abs(crossed - monitored) < 3.0 * error
    assert abs(ended - 0.126264) < 3.0 * error


def test_V20__closed_forms__are_the_published_ones() -> None:
    sd, barrier = 0.80 * np.sqrt(1.0 / 365.0), np.log(1.0 / 1.05)
    drift = -(sd**2) / 2.0

    def first_passage(level: float) -> float:
        above = norm.cdf((level - drift) / sd)
        return float(above + np.exp(2.0 * drift * level / sd**2) * norm.cdf((level + drift) / sd))

    assert norm.cdf((barrier - drift) / sd) == pytest.approx(0.126264, abs=5e-7)
    assert first_passage(barrier) == pytest.approx(0.249944, abs=5e-7)
    shifted = barrier - 0.5826 * sd / np.sqrt(288)
    assert first_passage(shifted) == pytest.approx(0.236162, abs=5e-6)


def test_simulate_paths__jumps_and_correlation__drift_nowhere_in_price() -> None:
    jumpy = replace(
        MODEL,
        degrees_of_freedom=np.inf,
        factor_jumps=Jumps(per_year=np.full(4, 20.0), mean=np.full(4, -0.05), sd=np.full(4, 0.03)),
        common_jumps=Jumps(per_year=np.array([20.0]), mean=np.array([-0.05]), sd=np.array([0.02])),
    )
    ends = simulated(jumpy, paths=4_000, steps=4, dt_s=30 * DAY_S)[:, -1, 0] / SPOT[0]
    assert abs(ends.mean() - 1.0) < 4.0 * ends.std() / np.sqrt(4_000)


def test_simulate_paths__jumps__without_their_compensation_would_drift() -> None:
    jumps = Jumps(per_year=np.full(4, 20.0), mean=np.full(4, -0.05), sd=np.full(4, 0.03))
    still = replace(MODEL, factor_jumps=Jumps.none(4))
    assert (replace(MODEL, factor_jumps=jumps).drift > still.drift + 0.9).all()


@pytest.mark.parametrize("freedom", [5.0, np.inf])
def test_simulate_paths__student_or_normal_steps__have_the_model_s_volatility(
    freedom: float,
) -> None:
    model = replace(single_asset("ETH", spot_usd=1.0, volatility=0.73), degrees_of_freedom=freedom)
    moves = np.diff(np.log(simulated(model, paths=200, steps=500)[:, :, 0]))
    assert moves.std() * np.sqrt(YEAR_S / 300.0) == pytest.approx(0.73, rel=0.02)


def test_simulate_paths__student_steps__have_fatter_tails_than_normal_ones() -> None:
    def kurtosis(freedom: float) -> float:
        model = single_asset("ETH", spot_usd=1.0, volatility=0.73)
        paths = simulated(replace(model, degrees_of_freedom=freedom), paths=100, steps=500)
        moves = np.diff(np.log(paths[:, :, 0]))
        return float((moves**4).mean() / (moves**2).mean() ** 2)

    assert kurtosis(np.inf) < 3.2 < 5.0 < kurtosis(5.0)


def test_simulate_paths__default_factors__have_their_calibrated_correlation() -> None:
    model = replace(MODEL, common_jumps=Jumps.none(1), basis_sd=np.zeros(4))
    moves = np.diff(np.log(simulated(model, paths=60, steps=500)), axis=1)
    eth, btc = moves[:, :, 0].ravel(), moves[:, :, 2].ravel()
    assert np.corrcoef(eth, btc)[0, 1] == pytest.approx(0.90, abs=0.01)
    assert eth.std() * np.sqrt(YEAR_S / 300.0) == pytest.approx(FACTOR_VOLATILITY[0], rel=0.03)


def test_simulate_paths__staked_ether__stays_near_ether() -> None:
    quiet = replace(MODEL, basis_jumps=Jumps.none(4))
    paths = simulated(quiet, paths=50, steps=288)
    basis = np.log(paths[:, -1, 1] / paths[:, -1, 0] * SPOT[0] / SPOT[1])
    assert 0.0 < np.abs(basis).max() < 6.0 * quiet.basis_sd[1]


def test_simulate_paths__stablecoin_basis__settles_at_its_deviation() -> None:
    quiet = replace(MODEL, basis_jumps=Jumps.none(4))
    usdc = np.log(simulated(quiet, paths=400, steps=100, dt_s=3600.0)[:, -1, 3])
    assert usdc.std() == pytest.approx(quiet.basis_sd[3], rel=0.12)


def test_simulate_paths__depeg__comes_back() -> None:
    jump = Jumps(per_year=np.array([0.0, 0.0, 0.0, 50.0]), mean=np.full(4, -0.2), sd=np.zeros(4))
    model = replace(MODEL, basis_jumps=jump, basis_sd=np.zeros(4))
    usdc = simulated(model, paths=10, steps=2_000, dt_s=600.0)[:, :, 3]
    assert usdc.min() < 0.85
    assert np.median(usdc) > 0.99


# ---------------------------------------------------------------- replay


def test_replay__no_spot__is_the_path_itself() -> None:
    recorded = np.array([[2.0, 10.0], [1.0, 11.0]])
    np.testing.assert_array_equal(replay(recorded), recorded[None])


def test_replay__another_spot__keeps_the_ratios() -> None:
    moved = replay([[2.0, 10.0], [1.0, 11.0]], spot_usd=[3000.0, 1.0])
    np.testing.assert_allclose(moved, [[[3000.0, 1.0], [1500.0, 1.1]]])


def test_replay__missing_price__stays_missing() -> None:
    moved = replay([[2.0, 10.0], [np.nan, 11.0]], spot_usd=[3000.0, 1.0])
    assert np.isnan(moved[0, 1, 0])


def test_replay__no_price_at_the_start__is_refused() -> None:
    with pytest.raises(InputError, match="starts without a price"):
        replay([[0.0], [1.0]], spot_usd=[1.0])


def test_replay__one_row__is_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        replay([[1.0, 2.0]])


# ---------------------------------------------------------------- refusals


def test_default_model__unknown_asset__is_named() -> None:
    with pytest.raises(InputError, match="XYZ"):
        default_model(["WETH", "XYZ"], spot_usd=[1.0, 1.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"degrees_of_freedom": 2.0}, "degrees_of_freedom"),
        ({"correlation": np.ones((4, 4)) * 2.0 - np.eye(4)}, "positive definite"),
        ({"exposure": np.ones((4, 3))}, "exposure"),
        ({"spot_usd": np.array([0.0, 1.0, 1.0, 1.0])}, "spot_usd"),
        ({"basis_sd": np.zeros(3)}, "basis_sd"),
    ],
)
def test_price_model__impossible__says_why(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(MODEL, **change)


@pytest.mark.parametrize("change", [{"steps": 0}, {"dt_s": 0.0}])
def test_simulate_paths__no_time__is_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match="steps of"):
        simulated(**change)
