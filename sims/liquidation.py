"""How much of an unhealthy account may be repaid, at what bonus, and what that does to its health.

An account owes D in all and its collateral carries a limit L = sum of value times threshold; its
health is h = L / D. Repaying x of one debt takes x (1 + b) of one collateral with threshold t:

    h' = (L - x (1 + b) t) / (D - x),   which is the target H at   x = (H D - L) / (H - (1 + b) t)

Values are in the base currency. The same scalar rule serves the compiled cascade and whole arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from sims.rates import (
    FloatArray,
    InputError,
    RateCurve,
    as_row,
    elementwise,
    require_between,
)

Value = TypeVar("Value", int, float)

RISK_FIELDS = ("ltv", "threshold", "bonus_floor", "bonus_cap", "fee")


@dataclass(frozen=True)
class CategoryParams:
    """Terms of the accounts in a category.

    Attributes
    ----------
    collaterals : (R,) whether a reserve counts as collateral at these terms, and not at its own.
    ltv, threshold, bonus_floor, bonus_cap : as of a reserve.
    """

    name: str
    collaterals: NDArray[np.bool_]
    ltv: float
    threshold: float
    bonus_floor: float
    bonus_cap: float


@dataclass(frozen=True)
class ReserveParams:
    """What the engines need to know of R reserves.

    Attributes
    ----------
    symbols : names, in the order of the reserve ids.
    curve : interest curves.
    ltv, threshold : (R,) shares of collateral value, for borrowing and for liquidation.
    bonus_floor, bonus_cap : (R,) liquidator's bonus at health one and at full-liquidation health.
    fee : (R,) share of the bonus that the protocol keeps.
    categories : C of them; an account's category k of them, counted from one, replaces the four rows
        above the fee for its collaterals.
    """

    symbols: tuple[str, ...]
    curve: RateCurve
    ltv: FloatArray
    threshold: FloatArray
    bonus_floor: FloatArray
    bonus_cap: FloatArray
    fee: FloatArray
    categories: tuple[CategoryParams, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.symbols)
        if self.curve.reserves != size:
            raise InputError(f"curve has {self.curve.reserves} reserves; give it {size}.")
        for name in RISK_FIELDS:
            row = as_row(name, getattr(self, name), size=size)
            require_between(name, row, 0.0, 1.0)
            object.__setattr__(self, name, row)
        for at, symbol in enumerate(self.symbols):
            _require_terms(symbol, self.threshold[at], self.bonus_floor[at], self.bonus_cap[at])
        for c in self.categories:
            if c.collaterals.shape != (size,):
                raise InputError(
                    f"{c.name}: collaterals has shape {c.collaterals.shape}; give it ({size},)."
                )
            _require_terms(c.name, c.threshold, c.bonus_floor, c.bonus_cap)

    def by_category(self, name: str) -> FloatArray:
        """A row of the risk parameters (R,) for each category, the first for accounts in none.

        Parameters
        ----------
        name : `ltv`, `threshold`, `bonus_floor` or `bonus_cap`.

        Returns
        -------
        (C + 1, R)
        """
        own = getattr(self, name)
        terms = [np.where(c.collaterals, getattr(c, name), own) for c in self.categories]
        return np.stack([own, *terms])

    @property
    def reserves(self) -> int:
        """How many reserves there are."""
        return len(self.symbols)


def _require_terms(what: str, threshold: float, bonus_floor: float, bonus_cap: float) -> None:
    if bonus_floor > bonus_cap:
        raise InputError(f"{what}: bonus_floor is above bonus_cap; lower the floor.")
    if (1.0 + bonus_cap) * threshold >= 1.0:
        raise InputError(
            f"{what}: (1 + bonus_cap) * threshold is not below 1, so liquidations would worsen"
            " health; lower one of them."
        )


@dataclass(frozen=True)
class LiquidationTerms:
    """The pool's liquidation parameters.

    Attributes
    ----------
    target_health : H, what a liquidation restores; above 1.
    full_liquidation_health : F, below which everything may be repaid; in (0, 1).
    dust : the least value that a liquidation may leave on either side.
    write_off_below : collateral worth no more than this, and less than the debt, is bad debt.
    """

    target_health: float = 1.05
    full_liquidation_health: float = 0.90
    dust: float = 1000.0
    write_off_below: float = 50.0

    def __post_init__(self) -> None:
        if not self.target_health > 1.0:
            raise InputError(f"target_health is {self.target_health:g}; set it above 1.")
        if not 0.0 < self.full_liquidation_health < 1.0:
            raise InputError(
                f"full_liquidation_health is {self.full_liquidation_health:g};"
                " set it between 0 and 1."
            )
        if not (self.dust >= 0.0 and self.write_off_below >= 0.0):
            raise InputError("dust and write_off_below must not be negative; raise them.")


def _bonus(health: float, floor: float, cap: float, full: float) -> float:
    return floor + (cap - floor) * min(1.0, (1.0 - health) / (1.0 - full))


def _repay_value(
    debt_value: float,
    limit: float,
    debt_side: float,
    collateral_side: float,
    threshold: float,
    bonus: float,
    target: float,
    full: float,
    dust: float,
) -> float:
    most = min(debt_side, collateral_side / (1.0 + bonus))
    if limit < full * debt_value:
        return most
    repaid = (target * debt_value - limit) / (target - (1.0 + bonus) * threshold)
    repaid = min(repaid, most)
    if debt_side - repaid < dust or collateral_side - repaid * (1.0 + bonus) < dust:
        return most
    return repaid


bonus_of = njit(cache=True)(_bonus)
repay_value_of = njit(cache=True)(_repay_value)
_bonuses = elementwise(_bonus, arguments=4)
_repay_values = elementwise(_repay_value, arguments=9)


def bonus_at(
    health: ArrayLike, terms: LiquidationTerms, *, floor: ArrayLike, cap: ArrayLike
) -> FloatArray:
    """The bonus at `health` below one: from `floor` at one to `cap` at full-liquidation health."""
    return _bonuses(health, floor, cap, terms.full_liquidation_health)


def repay_value(
    debt_value: ArrayLike,
    terms: LiquidationTerms,
    *,
    limit: ArrayLike,
    debt_side: ArrayLike,
    collateral_side: ArrayLike,
    threshold: ArrayLike,
    bonus: ArrayLike,
) -> FloatArray:
    """The value that may be repaid of one debt against one collateral of an unhealthy account.

    Parameters
    ----------
    debt_value : all the account owes, D.
    limit : sum of its collateral values times thresholds, L; below `debt_value`.
    debt_side, collateral_side : value of the debt repaid and of the collateral seized.
    threshold, bonus : of the collateral seized.

    Returns
    -------
    Value x; the collateral seized is worth x (1 + bonus). All arguments broadcast.
    """
    return _repay_values(
        debt_value,
        limit,
        debt_side,
        collateral_side,
        threshold,
        bonus,
        terms.target_health,
        terms.full_liquidation_health,
        terms.dust,
    )


def health_after(
    debt_value: ArrayLike,
    *,
    limit: ArrayLike,
    repaid: ArrayLike,
    bonus: ArrayLike,
    threshold: ArrayLike,
) -> FloatArray:
    """Health once `repaid` is repaid; infinite when no debt is left."""
    debt = np.asarray(debt_value, dtype=np.float64)
    left = debt - np.asarray(repaid)
    limit_left = np.asarray(limit) - np.asarray(repaid) * (1.0 + np.asarray(bonus)) * threshold
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(left > 0.0, limit_left / left, np.inf))


def toxic_ltv(bonus: ArrayLike) -> FloatArray:
    """The debt-to-collateral ratio 1 / (1 + bonus) above which liquidations worsen it."""
    return np.asarray(1.0 / (1.0 + np.asarray(bonus, dtype=np.float64)))


def drop_to_bad_debt(threshold: ArrayLike, *, bonus: ArrayLike) -> FloatArray:
    """How far a price must still fall, once liquidatable, for a loss: 1 - threshold (1 + bonus)."""
    return np.asarray(1.0 - np.asarray(threshold) * (1.0 + np.asarray(bonus, dtype=np.float64)))


def shortfall(debt_value: ArrayLike, *, cover: ArrayLike) -> FloatArray:
    """The debt that liquidators cannot repay even by taking all collateral at its highest bonus.

    Parameters
    ----------
    debt_value : all the account owes.
    cover : sum of its collateral values over (1 + bonus_cap).

    Returns
    -------
    max(0, debt - cover).
    """
    return np.asarray(np.maximum(0.0, np.asarray(debt_value) - np.asarray(cover)))


def rank_pairs(repayable: Mapping[tuple[int, int], Value]) -> list[tuple[int, int]]:
    """The order in which liquidators try an account's pairs.

    Parameters
    ----------
    repayable : for each (debt reserve, collateral reserve) the most that can be repaid,
        min(debt value, collateral value / (1 + bonus)); floats, or integers in any one scale.

    Returns
    -------
    Pairs with something to repay, the largest first, ties to the lowest debt id, then the
    lowest collateral id.
    """
    worth = [pair for pair, value in repayable.items() if value > 0]
    return sorted(worth, key=lambda pair: (-repayable[pair], pair))
