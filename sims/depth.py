"""How far a trade moves the price: market depth as curves of average impact against size.

Selling v worth of an asset brings v (1 - a(v)), where the impact a grows from zero with the volume
that still weighs on the market. A constant-product pool holding Q on each side has

    a(v) = v / (Q + v)

and any other market is a monotone curve through its quotes. Buying mirrors it: v costs
v (1 + a(v)). Between knots a(v) is a straight line; past the last knot nobody trades.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from sims.rates import FloatArray, InputError, as_row

POOL_IMPACTS = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Impacts at which a constant-product curve has its knots."""

QUOTED_IMPACTS = (0.01, 0.02, 0.05, 0.10, 0.20)
QUOTES_USD: Mapping[str, tuple[float, ...]] = {
    "WETH": (18.75e6, 35.56e6, 86.12e6, 134.8e6, 189.9e6),
    "wstETH": (12.74e6, 16.45e6, 20.95e6, 23.98e6, 27.55e6),
    "weETH": (9.374e6, 15.84e6, 33.71e6, 51.6e6, 63.26e6),
    "WBTC": (21.76e6, 44.13e6, 90.92e6, 121.3e6, 165.8e6),
    "cbBTC": (5.857e6, 12.2e6, 21.01e6, 26.49e6, 33.97e6),
    "USDC": (179.0e6, 204.4e6, 244.1e6, 266.4e6, 317.3e6),
    "USDT": (171.7e6, 180.8e6, 211.1e6, 251.1e6, 312.6e6),
    "DAI": (175.5e6, 186.5e6, 223.8e6, 253.9e6, 298.1e6),
    "LINK": (3.001e6, 3.772e6, 6.216e6, 10.4e6, 18.86e6),
    "AAVE": (0.5184e6, 0.6361e6, 0.9991e6, 1.777e6, 3.875e6),
}
"""USD sold for USDC (USDC for USDT) at 1, 2, 5, 10 and 20 % impact.

ParaSwap quotes on Ethereum, 2024-12-09, wstETH 2024-11-29 (its main pool was not routed on the
later day). One transaction, no arbitrage refill; impact is against the smallest quote, so for LINK
and AAVE the first percent is flattered.
"""


@dataclass(frozen=True)
class DepthCurve:
    """One asset's average impact by volume.

    Attributes
    ----------
    volume_usd : (K,) increasing from 0; the last is all the market takes.
    impact : (K,) non-decreasing from 0, below 1.
    """

    volume_usd: FloatArray
    impact: FloatArray

    def __post_init__(self) -> None:
        volume = as_row("volume_usd", self.volume_usd)
        impact = as_row("impact", self.impact, size=volume.size)
        if volume.size < 2 or volume[0] != 0.0 or impact[0] != 0.0:
            raise InputError("A depth curve starts at volume 0 with impact 0; add that knot.")
        if (np.diff(volume) <= 0.0).any() or not np.isfinite(volume).all():
            raise InputError("volume_usd of a depth curve must increase and be finite; sort it.")
        if (np.diff(impact) < 0.0).any() or impact[-1] >= 1.0:
            raise InputError("impact of a depth curve must not fall nor reach 1; check the quotes.")
        if (np.diff(volume * (1.0 - impact)) <= 0.0).any():
            raise InputError("Selling more would bring less on this depth curve; drop its tail.")
        object.__setattr__(self, "volume_usd", volume)
        object.__setattr__(self, "impact", impact)

    def average_impact(self, volume_usd: ArrayLike) -> FloatArray:
        """Impact a of selling `volume_usd` into the rested market; the last one beyond the end."""
        return np.asarray(
            np.interp(np.asarray(volume_usd, dtype=np.float64), self.volume_usd, self.impact)
        )

    def proceeds(self, volume_usd: ArrayLike, *, already_usd: float = 0.0) -> FloatArray:
        """What selling `volume_usd` brings when `already_usd` still weighs on the market."""
        upto = np.asarray(volume_usd, dtype=np.float64) + already_usd
        before = already_usd * (1.0 - self.average_impact(already_usd))
        return np.asarray(upto * (1.0 - self.average_impact(upto)) - before)


def constant_product(reserve_usd: float) -> DepthCurve:
    """A pool with `reserve_usd` on each side, up to half its impact range.

    The knots are exact; between them the straight line is within 0.002 of v / (Q + v) up to 10 %
    impact and within 0.01 of it up to 50 %.
    """
    if not reserve_usd > 0.0:
        raise InputError(f"reserve_usd is {reserve_usd:g}; a pool needs something in it.")
    impact = np.array(POOL_IMPACTS)
    return DepthCurve(volume_usd=reserve_usd * impact / (1.0 - impact), impact=impact)


def from_quotes(volume_usd: Sequence[float], impact: Sequence[float]) -> DepthCurve:
    """The monotone curve through quotes: an impact below a smaller trade's is noise, levelled."""
    order = np.argsort(np.asarray(volume_usd, dtype=np.float64))
    volume = np.asarray(volume_usd, dtype=np.float64)[order]
    levelled = np.maximum.accumulate(np.asarray(impact, dtype=np.float64)[order])
    return DepthCurve(
        volume_usd=np.concatenate(([0.0], volume)), impact=np.concatenate(([0.0], levelled))
    )


@dataclass(frozen=True)
class MarketDepth:
    """The markets of R assets, each against the base currency, and how they recover.

    Attributes
    ----------
    volume_usd, impact : (R, K) curves; shorter ones repeat their last knot.
    half_life_s : time in which half of the passing impact is gone.
    lasting_share : share of an impact that stays for good, in [0, 1].
    """

    volume_usd: FloatArray
    impact: FloatArray
    half_life_s: float = 3600.0
    lasting_share: float = 0.3

    def __post_init__(self) -> None:
        if not self.half_life_s > 0.0:
            raise InputError(f"half_life_s is {self.half_life_s:g}; set it above 0.")
        if not 0.0 <= self.lasting_share <= 1.0:
            raise InputError(f"lasting_share is {self.lasting_share:g}; keep it between 0 and 1.")

    @classmethod
    def of(
        cls,
        curves: Sequence[DepthCurve],
        *,
        half_life_s: float = 3600.0,
        lasting_share: float = 0.3,
    ) -> MarketDepth:
        """One curve per reserve, in the order of the reserve ids."""
        knots = max(curve.volume_usd.size for curve in curves)

        def padded(row: FloatArray) -> FloatArray:
            return np.pad(row, (0, knots - row.size), mode="edge")

        return cls(
            volume_usd=np.stack([padded(curve.volume_usd) for curve in curves]),
            impact=np.stack([padded(curve.impact) for curve in curves]),
            half_life_s=half_life_s,
            lasting_share=lasting_share,
        )

    def remaining(self, dt_s: float) -> float:
        """The share of a passing impact that is left after `dt_s`."""
        return float(0.5 ** (dt_s / self.half_life_s))


def default_depth(
    symbols: Sequence[str],
    *,
    scale: float = 1.0,
    half_life_s: float = 3600.0,
    lasting_share: float = 0.3,
) -> MarketDepth:
    """The quoted markets of `symbols`, all sizes times `scale`."""
    missing = [symbol for symbol in symbols if symbol not in QUOTES_USD]
    if missing:
        raise InputError(
            f"No depth quotes for {', '.join(missing)}; build their curves with from_quotes."
        )
    curves = [
        from_quotes([scale * usd for usd in QUOTES_USD[symbol]], QUOTED_IMPACTS)
        for symbol in symbols
    ]
    return MarketDepth.of(curves, half_life_s=half_life_s, lasting_share=lasting_share)


@njit(cache=True)
def impact_of(volume_usd: FloatArray, impact: FloatArray, traded_usd: float) -> float:
    """One curve's average impact (K knots), for compiled loops."""
    last = volume_usd.size - 1
    if traded_usd >= volume_usd[last]:
        return float(impact[last])
    if traded_usd <= 0.0:
        return 0.0
    k = 1
    while volume_usd[k] <= traded_usd:
        k += 1
    slope = (impact[k] - impact[k - 1]) / (volume_usd[k] - volume_usd[k - 1])
    return float(impact[k - 1] + slope * (traded_usd - volume_usd[k - 1]))
