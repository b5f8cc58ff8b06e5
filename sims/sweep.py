"""What is liquidatable, and what is bad debt, under each of many price vectors.

An account is liquidatable when its limit is below its debt,

    sum(collateral_i price_i threshold_i) < sum(debt_i price_i)

Its liquidatable debt is counted at base prices: counted at shocked ones it would shrink as a
shocked asset is also what is owed, and would not be monotone. Its shortfall is the debt that
collateral / (1 + bonus_cap) does not cover at the shocked prices. Nothing moves: no accrual, no
impact, no order. `sweep` is compiled, scenarios innermost; `sweep_numpy` says what it must give.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from sims.book import Book
from sims.liquidation import ReserveParams, shortfall
from sims.rates import FloatArray, InputError

BLOCK = 256
"""Scenarios a thread takes at a time: their running sums stay in the cache."""

LIQUIDATABLE, BASE_DEBT, SHOCKED_DEBT, SHORT = range(4)


@dataclass(frozen=True)
class SweepResult:
    """One number a scenario; all arrays (S,).

    Attributes
    ----------
    liquidatable : accounts with health below one.
    liquidatable_debt_usd : all their debt, at base prices.
    liquidatable_now_usd : the same at shocked prices.
    shortfall_usd : debt that collateral / (1 + bonus_cap) does not cover, at shocked prices.
    """

    liquidatable: NDArray[np.int64]
    liquidatable_debt_usd: FloatArray
    liquidatable_now_usd: FloatArray
    shortfall_usd: FloatArray


def shocked(
    base_usd: ArrayLike, shocks: ArrayLike, *, reserves: ArrayLike | None = None
) -> FloatArray:
    """Price vectors (S, R): each shock (S,), such as -0.3, on `reserves` or, not given, on all."""
    base = np.asarray(base_usd, dtype=np.float64)
    moved = np.zeros(base.size, dtype=bool)
    moved[slice(None) if reserves is None else np.asarray(reserves)] = True
    factor = 1.0 + np.asarray(shocks, dtype=np.float64)
    return np.asarray(base * np.where(moved, factor[:, None], 1.0))


def liquidatable_accounts(
    book: Book, params: ReserveParams, prices_usd: FloatArray
) -> NDArray[np.bool_]:
    """Which accounts (n,) are liquidatable at one price vector (R,)."""
    known = _known(prices_usd[None], params)[0]
    limit = book.liquidation_limit(known, threshold=params.by_category("threshold"))
    return np.asarray(limit < book.debt_value(known))


def sweep(
    book: Book,
    params: ReserveParams,
    *,
    prices_usd: FloatArray,
    base_usd: FloatArray,
    workers: int | None = None,
) -> SweepResult:
    """Every scenario's liquidatable accounts and debt, and bad debt.

    Parameters
    ----------
    prices_usd : (S, R) scenarios; a price that is not above zero is missing and counts zero.
    base_usd : (R,) prices that liquidatable debt is counted at.
    workers : threads, one per core if not given; changes nothing in the result.
    """
    known, base = _known(prices_usd, params), _known(base_usd[None], params)[0]
    sums = np.zeros((4, len(known)))
    base_debt = book.debt_value(base)
    borrowers = np.unique(book.account_of_leg[book.debt > 0.0])

    def run_block(first: int) -> None:
        part = slice(first, first + BLOCK)
        _sweep(
            borrowers,
            book.indptr,
            book.reserve,
            book.supply * book.collateral,
            book.debt,
            base_debt,
            book.at_legs(params.by_category("threshold")),
            book.at_legs(1.0 / (1.0 + params.by_category("bonus_cap"))),
            np.ascontiguousarray(known[part].T),
            sums[:, part],
        )

    with ThreadPoolExecutor(workers or cpu_count()) as threads:
        list(threads.map(run_block, range(0, len(known), BLOCK)))
    return _result(sums)


def sweep_numpy(
    book: Book, params: ReserveParams, *, prices_usd: FloatArray, base_usd: FloatArray
) -> SweepResult:
    """The same as `sweep`, one scenario at a time with the book's own valuations."""
    base_debt = book.debt_value(_known(base_usd[None], params)[0])
    threshold = params.by_category("threshold")
    share = 1.0 / (1.0 + params.by_category("bonus_cap"))
    rows = []
    for prices in _known(prices_usd, params):
        debt = book.debt_value(prices)
        hit = book.liquidation_limit(prices, threshold=threshold) < debt
        cover = book.collateral_value(prices * share)
        short = shortfall(debt, cover=cover)
        rows.append([hit.sum(), base_debt[hit].sum(), debt[hit].sum(), short.sum()])
    return _result(np.array(rows, dtype=np.float64).reshape(-1, 4).T)


def _known(prices_usd: FloatArray, params: ReserveParams) -> FloatArray:
    prices = np.asarray(prices_usd, dtype=np.float64)
    if prices.ndim != 2 or prices.shape[1] != params.reserves:
        raise InputError(
            f"Prices have shape {prices.shape}; give them (scenarios, {params.reserves})."
        )
    return np.where(prices > 0.0, prices, 0.0)


def _result(sums: FloatArray) -> SweepResult:
    return SweepResult(
        liquidatable=sums[LIQUIDATABLE].astype(np.int64),
        liquidatable_debt_usd=sums[BASE_DEBT],
        liquidatable_now_usd=sums[SHOCKED_DEBT],
        shortfall_usd=sums[SHORT],
    )


@njit(cache=True, nogil=True)
def _sweep(
    borrowers: NDArray[np.int64],
    indptr: NDArray[np.int64],
    reserve: NDArray[np.int64],
    held: FloatArray,
    owed: FloatArray,
    base_debt: FloatArray,
    threshold: FloatArray,
    share: FloatArray,
    prices: FloatArray,
    sums: FloatArray,
) -> None:
    """Adds `borrowers` to `sums` (4, S) at `prices` (R, S); `share` (m,) of collateral covers."""
    scenarios = prices.shape[1]
    debt, limit = np.empty(scenarios), np.empty(scenarios)
    cover = np.empty(scenarios)
    for account in borrowers:
        debt[:], limit[:], cover[:] = 0.0, 0.0, 0.0
        for leg in range(indptr[account], indptr[account + 1]):
            r = reserve[leg]
            if owed[leg] > 0.0:
                for k in range(scenarios):
                    debt[k] += owed[leg] * prices[r, k]
            if held[leg] > 0.0:
                for k in range(scenarios):
                    value = held[leg] * prices[r, k]
                    limit[k] += value * threshold[leg]
                    cover[k] += value * share[leg]
        for k in range(scenarios):
            if limit[k] < debt[k]:
                sums[LIQUIDATABLE, k] += 1.0
                sums[BASE_DEBT, k] += base_debt[account]
                sums[SHOCKED_DEBT, k] += debt[k]
                sums[SHORT, k] += max(0.0, debt[k] - cover[k])
