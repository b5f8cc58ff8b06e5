"""Do depth curves reproduce pools and quotes, and never pay for selling more?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.depth import (
    POOL_IMPACTS,
    QUOTED_IMPACTS,
    QUOTES_USD,
    DepthCurve,
    MarketDepth,
    constant_product,
    default_depth,
    from_quotes,
    impact_of,
)
from sims.rates import InputError

POOL = constant_product(1e6)
volumes = st.floats(0.0, 1e6)


@pytest.mark.parametrize("impact", POOL_IMPACTS)
def test_constant_product__at_knots__is_exact(impact: float) -> None:
    volume = 1e6 * impact / (1.0 - impact)
    assert POOL.average_impact(volume) == pytest.approx(volume / (1e6 + volume), abs=1e-15)


def test_constant_product__between_knots__is_within_the_stated_error() -> None:
    volume = np.linspace(0.0, 1e6, 20_001)
    exact = volume / (1e6 + volume)
    error = np.abs(POOL.average_impact(volume) - exact)
    assert error[exact <= 0.1].max() < 0.002
    assert error.max() < 0.01


@pytest.mark.parametrize("symbol", list(QUOTES_USD))
def test_from_quotes__quoted_sizes__give_the_quoted_impacts(symbol: str) -> None:
    curve = from_quotes(QUOTES_USD[symbol], QUOTED_IMPACTS)
    np.testing.assert_allclose(curve.average_impact(QUOTES_USD[symbol]), QUOTED_IMPACTS)


def test_from_quotes__noise_in_any_order__is_levelled_up() -> None:
    curve = from_quotes([300.0, 100.0, 200.0], [0.03, 0.02, 0.01])
    assert curve.impact.tolist() == [0.0, 0.02, 0.02, 0.03]


@given(first=volumes, second=volumes)
def test_proceeds__two_sales__bring_what_one_would(first: float, second: float) -> None:
    apart = POOL.proceeds(first) + POOL.proceeds(second, already_usd=first)
    assert apart == pytest.approx(float(POOL.proceeds(first + second)), abs=1e-6)


@given(volume=volumes, more=st.floats(1.0, 1e5))
def test_proceeds__selling_more__brings_more_but_less_than_its_worth(
    volume: float, more: float
) -> None:
    extra = POOL.proceeds(more, already_usd=volume)
    assert volume + more > 1e6 or 0.0 < extra <= more


@given(st.floats(-1.0, 2e6))
def test_impact_of__any_volume__is_the_interpolation_to_the_bit(volume: float) -> None:
    assert impact_of(POOL.volume_usd, POOL.impact, volume) == POOL.average_impact(volume)


def test_market_depth__curves_of_two_lengths__keep_their_ends() -> None:
    short = DepthCurve(volume_usd=np.array([0.0, 10.0]), impact=np.array([0.0, 0.1]))
    depth = MarketDepth.of([POOL, short])
    assert depth.volume_usd.shape == (2, len(POOL_IMPACTS))
    assert impact_of(depth.volume_usd[1], depth.impact[1], 5.0) == pytest.approx(0.05)
    assert impact_of(depth.volume_usd[1], depth.impact[1], 50.0) == 0.1


@pytest.mark.parametrize(("dt_s", "left"), [(0.0, 1.0), (3600.0, 0.5), (7200.0, 0.25)])
def test_remaining__half_lives__halve(dt_s: float, left: float) -> None:
    assert default_depth(["WETH"], half_life_s=3600.0).remaining(dt_s) == left


def test_default_depth__scaled__moves_the_sizes_and_not_the_impacts() -> None:
    one, ten = default_depth(["WETH", "DAI"]), default_depth(["WETH", "DAI"], scale=10.0)
    np.testing.assert_allclose(ten.volume_usd, 10.0 * one.volume_usd)
    np.testing.assert_array_equal(ten.impact, one.impact)


def test_default_depth__unknown_asset__is_named() -> None:
    with pytest.raises(InputError, match="XYZ"):
        default_depth(["WETH", "XYZ"])


@pytest.mark.parametrize(
    ("volume", "impact", "words"),
    [
        ([1.0, 2.0], [0.0, 0.1], "starts at volume 0"),
        ([0.0, 2.0], [0.1, 0.1], "starts at volume 0"),
        ([0.0, 2.0, 2.0], [0.0, 0.1, 0.2], "must increase"),
        ([0.0, 1.0, 2.0], [0.0, 0.2, 0.1], "must not fall"),
        ([0.0, 1.0], [0.0, 1.0], "nor reach 1"),
        ([0.0, 1.0, 1.1], [0.0, 0.1, 0.5], "bring less"),
    ],
)
def test_depth_curve__impossible__says_why(
    volume: list[float], impact: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        DepthCurve(volume_usd=np.array(volume), impact=np.array(impact))


@pytest.mark.parametrize("change", [{"half_life_s": 0.0}, {"lasting_share": 1.1}])
def test_market_depth__out_of_range__names_the_field(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        MarketDepth.of([POOL], **change)


def test_constant_product__empty_pool__is_refused() -> None:
    with pytest.raises(InputError, match="reserve_usd"):
        constant_product(0.0)
