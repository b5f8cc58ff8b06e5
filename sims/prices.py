"""Price paths of correlated assets: a few common factors, a basis for each asset, jumps.

The price of asset i moves with the factors f and returns to them through its own basis b:

    log S_i(t) = log S_i(0) + sum_k exposure[i, k] f_k(t) + b_i(t)

Factors are correlated random walks without drift in price (E e^f = 1), with common jumps (Merton)
and normal or Student-t steps. A basis is noise that decays with a half-life, plus rare jumps: the
discount of a staked token, or a stablecoin off its peg.

Path p draws from its own counter-based stream, keyed by one number from `rng` and by p. So a path
is the same to the bit whatever the number of paths or the chunks they are made in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import lfilter

from sims.rates import YEAR_S, FloatArray, InputError, as_row, require_between


@dataclass(frozen=True)
class Jumps:
    """Jumps in log price that strike independently: Poisson in time, normal in size.

    Attributes
    ----------
    per_year : (N,) expected number a year.
    mean, sd : (N,) of the size in log price.
    """

    per_year: FloatArray
    mean: FloatArray
    sd: FloatArray

    def __post_init__(self) -> None:
        size = np.atleast_1d(self.per_year).size
        for name in ("per_year", "mean", "sd"):
            object.__setattr__(self, name, as_row(name, getattr(self, name), size=size))
        require_between("per_year", self.per_year, 0.0, 1e6)
        require_between("sd", self.sd, 0.0, 10.0)

    @classmethod
    def none(cls, size: int) -> Jumps:
        """No jumps for `size` assets."""
        return cls(per_year=np.zeros(size), mean=np.zeros(size), sd=np.zeros(size))

    def drawn(self, shape: tuple[int, int], years: float, rng: np.random.Generator) -> FloatArray:
        """The sum of jumps in every step of `years`: `shape` (T, N)."""
        number = rng.poisson(self.per_year * years, size=shape)
        size = rng.standard_normal(shape)
        return np.asarray(self.mean * number + self.sd * np.sqrt(number) * size)


@dataclass(frozen=True)
class PriceModel:
    """How R assets move with F factors.

    Attributes
    ----------
    symbols : (R,) names, in the order of the reserve ids.
    spot_usd : (R,) prices at the start.
    exposure : (R, F) log return of an asset per log return of a factor.
    volatility : (F,) of the factors, annual, jumps apart.
    correlation : (F, F) of their steps, positive definite.
    factor_jumps : own jumps of each factor.
    common_jumps : one kind of jump that strikes all factors at once (N = 1).
    common_beta : (F,) what a common jump does to each factor, as a multiple of its size.
    basis_sd : (R,) standard deviation that an asset's basis settles at, in log price.
    basis_half_life_s : (R,) in which a basis loses half of itself.
    basis_jumps : jumps of each basis; they decay with it.
    degrees_of_freedom : of Student-t steps (above 2) of the same variance; infinite is normal.
    """

    symbols: tuple[str, ...]
    spot_usd: FloatArray
    exposure: FloatArray
    volatility: FloatArray
    correlation: FloatArray
    factor_jumps: Jumps
    common_jumps: Jumps
    common_beta: FloatArray
    basis_sd: FloatArray
    basis_half_life_s: FloatArray
    basis_jumps: Jumps
    degrees_of_freedom: float = np.inf
    _cholesky: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        assets, factors = len(self.symbols), np.atleast_1d(self.volatility).size
        for name in ("spot_usd", "basis_sd", "basis_half_life_s"):
            object.__setattr__(self, name, as_row(name, getattr(self, name), size=assets))
        for name in ("volatility", "common_beta"):
            object.__setattr__(self, name, as_row(name, getattr(self, name), size=factors))
        if self.exposure.shape != (assets, factors):
            raise InputError(
                f"exposure has shape {self.exposure.shape}; give it ({assets}, {factors})."
            )
        if not self.degrees_of_freedom > 2.0:
            raise InputError(
                f"degrees_of_freedom is {self.degrees_of_freedom:g}; set it above 2, where the"
                " variance is finite."
            )
        if not (self.spot_usd > 0.0).all() or not (self.basis_half_life_s > 0.0).all():
            raise InputError("spot_usd and basis_half_life_s must be above 0; set them so.")
        try:
            object.__setattr__(self, "_cholesky", np.linalg.cholesky(self.correlation))
        except np.linalg.LinAlgError:
            raise InputError(
                "correlation is not positive definite; no set of assets moves like that."
            ) from None

    @property
    def assets(self) -> int:
        """How many assets, R."""
        return len(self.symbols)

    @property
    def drift(self) -> FloatArray:
        """The annual drift (F,) of each factor's log that keeps E e^f at one (normal steps)."""
        jumps, common, beta = self.factor_jumps, self.common_jumps, self.common_beta
        own = jumps.per_year * np.expm1(jumps.mean + jumps.sd**2 / 2.0)
        shared = common.per_year * np.expm1(beta * common.mean + (beta * common.sd) ** 2 / 2.0)
        return np.asarray(-(self.volatility**2) / 2.0 - own - shared)


def simulate_paths(
    model: PriceModel,
    *,
    steps: int,
    dt_s: float,
    paths: int | range,
    rng: np.random.Generator,
) -> FloatArray:
    """Market prices in USD, (P, steps + 1, R), the first of each path being the spot price.

    Parameters
    ----------
    steps, dt_s : how many steps, of how many seconds.
    paths : how many paths, or which: `range(100, 200)` makes those of `range(200)` again when `rng`
        is in the same state.
    rng : gives one number, the key of all paths.
    """
    if steps < 1 or not dt_s > 0.0:
        raise InputError(f"{steps} steps of {dt_s:g} s make no path; both must be above 0.")
    key = int(rng.integers(2**63))
    wanted = range(paths) if isinstance(paths, int) else paths
    prices = np.empty((len(wanted), steps + 1, model.assets))
    for row, path in enumerate(wanted):
        own = np.random.Generator(np.random.Philox(key=np.array([key, path], dtype=np.uint64)))
        prices[row] = _one_path(model, steps, dt_s, own)
    return prices


def stream_paths(
    model: PriceModel,
    *,
    steps: int,
    dt_s: float,
    paths: int,
    chunk: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """The paths of `simulate_paths`, at most `chunk` at a time, so that memory stays bounded."""
    seed = int(rng.integers(2**63))
    for first in range(0, paths, chunk):
        yield simulate_paths(
            model,
            steps=steps,
            dt_s=dt_s,
            paths=range(first, min(first + chunk, paths)),
            rng=np.random.default_rng(seed),
        )


def _one_path(model: PriceModel, steps: int, dt_s: float, rng: np.random.Generator) -> FloatArray:
    factors, years = model.volatility.size, dt_s / YEAR_S
    normal = rng.standard_normal((steps, factors)) @ model._cholesky.T
    if np.isfinite(model.degrees_of_freedom):
        freedom = model.degrees_of_freedom
        normal *= np.sqrt((freedom - 2.0) / rng.chisquare(freedom, size=(steps, 1)))
    moves = model.drift * years + model.volatility * np.sqrt(years) * normal
    moves += model.factor_jumps.drawn((steps, factors), years, rng)
    moves += model.common_jumps.drawn((steps, 1), years, rng) * model.common_beta
    basis = _basis(model, steps, dt_s, rng)
    log_price = np.cumsum(moves, axis=0) @ model.exposure.T + basis
    return np.concatenate([model.spot_usd[None], model.spot_usd * np.exp(log_price)])


def _basis(model: PriceModel, steps: int, dt_s: float, rng: np.random.Generator) -> FloatArray:
    """b(t + dt) = k b(t) + noise + jumps, from zero, with k = 2^(-dt / half-life)."""
    keeps = 0.5 ** (dt_s / model.basis_half_life_s)
    noise = model.basis_sd * np.sqrt(1.0 - keeps**2) * rng.standard_normal((steps, model.assets))
    noise += model.basis_jumps.drawn((steps, model.assets), dt_s / YEAR_S, rng)
    columns = [lfilter([1.0], [1.0, -keep], noise[:, i]) for i, keep in enumerate(keeps)]
    return np.stack(columns, axis=1)


def replay(path_usd: ArrayLike, *, spot_usd: ArrayLike | None = None) -> FloatArray:
    """One recorded path (T + 1, R) as paths (1, T + 1, R), from its own start or from `spot_usd`.

    From another start, each asset moves by the same ratios; a recorded price that is not above zero
    stays missing.
    """
    path = np.array(path_usd, dtype=np.float64)
    if path.ndim != 2 or len(path) < 2:
        raise InputError(f"A path to replay has shape {path.shape}; give it (steps + 1, assets).")
    if spot_usd is not None:
        if not (path[0] > 0.0).all():
            raise InputError("The path to replay starts without a price; start it later.")
        path *= np.asarray(spot_usd, dtype=np.float64) / path[0]
    return path[None]


def single_asset(symbol: str, *, spot_usd: float, volatility: float) -> PriceModel:
    """Geometric Brownian motion of one asset, without drift in price."""
    return PriceModel(
        symbols=(symbol,),
        spot_usd=np.array([spot_usd]),
        exposure=np.ones((1, 1)),
        volatility=np.array([volatility]),
        correlation=np.ones((1, 1)),
        factor_jumps=Jumps.none(1),
        common_jumps=Jumps.none(1),
        common_beta=np.ones(1),
        basis_sd=np.zeros(1),
        basis_half_life_s=np.ones(1),
        basis_jumps=Jumps.none(1),
    )


# ---------------------------------------------------------------- the calibrated default

FACTORS = ("ETH", "BTC", "LINK", "AAVE")
FACTOR_VOLATILITY = (0.73, 0.50, 0.83, 1.06)
FACTOR_CORRELATION = (
    (1.00, 0.90, 0.90, 0.82),
    (0.90, 1.00, 0.85, 0.66),
    (0.90, 0.85, 1.00, 0.81),
    (0.82, 0.66, 0.81, 1.00),
)
"""Daily closes of Binance and Bybit, 2025-09-09 to 2026-03-09; AAVE 2024-10-21 to 2025-10-21."""

STEP_FREEDOM = 5.0
"""Student-t steps, with a kurtosis of 9: hourly closes of ETH and BTC in that window have 10. Over
many steps it fades; the tails of a day come from the jumps."""

COMMON_JUMPS_PER_YEAR, COMMON_JUMP_MEAN, COMMON_JUMP_SD = 1.0, -0.074, 0.05
COMMON_BETA = (1.4, 1.0, 3.2, 2.5)
"""One market-wide jump a year like 2025-10-10, in log price from open to close: BTC -0.074,
ETH -0.102, LINK -0.237, AAVE -0.182 (Gemini and Coinbase spot)."""

EXPOSURE = {
    "WETH": "ETH",
    "wstETH": "ETH",
    "weETH": "ETH",
    "WBTC": "BTC",
    "cbBTC": "BTC",
    "LINK": "LINK",
    "AAVE": "AAVE",
    "USDC": None,
    "USDT": None,
    "DAI": None,
}
STAKED_BASIS_SD, STAKED_HALF_LIFE_S = 0.002, 86_400.0
STAKED_JUMPS = (0.2, -0.03, 0.02)
"""Staked ETH: jumps a year, mean and sd; stETH fell to 0.931 ETH once in five years, June 2022."""

WRAPPED_BASIS_SD, WRAPPED_HALF_LIFE_S = 0.001, 21_600.0
STABLE_BASIS_SD, STABLE_HALF_LIFE_S = 0.0025, 32_400.0
STABLE_JUMPS = (0.2, -0.05, 0.03)
"""Stablecoins: hourly CoinGecko prices 2021-2023 have sd 0.0025 to 0.0028 around one and a day's
autocorrelation of 0.11 to 0.18; USDC fell to 0.875 on 2023-03-11, once in five years."""


def default_model(symbols: Sequence[str], *, spot_usd: ArrayLike) -> PriceModel:
    """The model of `symbols` around December 2025, from `spot_usd` (R,)."""
    unknown = [symbol for symbol in symbols if symbol not in EXPOSURE]
    if unknown:
        raise InputError(
            f"No calibration for {', '.join(unknown)}; build a PriceModel with their figures."
        )
    kinds = [_basis_kind(symbol) for symbol in symbols]
    exposure = [[float(EXPOSURE[symbol] == factor) for factor in FACTORS] for symbol in symbols]
    jumps = np.array([jump for _, _, jump in kinds])
    return PriceModel(
        symbols=tuple(symbols),
        spot_usd=np.asarray(spot_usd, dtype=np.float64),
        exposure=np.array(exposure),
        volatility=np.array(FACTOR_VOLATILITY),
        correlation=np.array(FACTOR_CORRELATION),
        factor_jumps=Jumps.none(len(FACTORS)),
        common_jumps=Jumps(
            per_year=np.array([COMMON_JUMPS_PER_YEAR]),
            mean=np.array([COMMON_JUMP_MEAN]),
            sd=np.array([COMMON_JUMP_SD]),
        ),
        common_beta=np.array(COMMON_BETA),
        basis_sd=np.array([sd for sd, _, _ in kinds]),
        basis_half_life_s=np.array([half_life for _, half_life, _ in kinds]),
        basis_jumps=Jumps(per_year=jumps[:, 0], mean=jumps[:, 1], sd=jumps[:, 2]),
        degrees_of_freedom=STEP_FREEDOM,
    )


def _basis_kind(symbol: str) -> tuple[float, float, tuple[float, float, float]]:
    """Standard deviation, half-life in seconds, and jumps of an asset's basis."""
    if EXPOSURE[symbol] is None:
        return STABLE_BASIS_SD, STABLE_HALF_LIFE_S, STABLE_JUMPS
    if symbol in ("wstETH", "weETH"):
        return STAKED_BASIS_SD, STAKED_HALF_LIFE_S, STAKED_JUMPS
    if EXPOSURE[symbol] == "BTC":
        return WRAPPED_BASIS_SD, WRAPPED_HALF_LIFE_S, (0.0, 0.0, 0.0)
    return 0.0, 1.0, (0.0, 0.0, 0.0)
