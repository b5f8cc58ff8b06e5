"""The accounts of a market as flat arrays, and a synthetic book shaped like a real one.

Each account owns a run of legs, `indptr[a]` to `indptr[a + 1]` (CSR form); a leg is what it holds
and owes of one reserve, and what it holds earns or sits idle. With p prices and t liquidation
thresholds, which may differ by the account's category, the account's health is

    h = sum(supply * p * t over collateral legs) / sum(debt * p over legs)

`seeded_book` draws as many accounts as wanted whose concentration of debt and distribution of
health are those of the borrowers of a large lending market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.market import MAX_RESERVES, Market

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class BookError(ValueError):
    """Positions that cannot be, or a market for which none can be drawn; the text says why."""


@dataclass(frozen=True, eq=False)
class Book:
    """Positions of n accounts in m legs; arrays are checked, copied and read-only.

    Attributes
    ----------
    indptr : (n + 1,) int, first leg of each account, and m at the end.
    reserve : (m,) int, reserve id 0 to 63; at most one leg of a reserve in an account.
    supply : (m,) float, whole tokens supplied.
    debt : (m,) float, whole tokens owed.
    collateral : (m,) bool, whether the supply secures the account's debt.
    idle : (m,) bool, whether the supply sits idle; none does if not given.
    category : (n,) int, the account's category; zero, none, if not given.
    """

    indptr: Ints
    reserve: Ints
    supply: Floats
    debt: Floats
    collateral: Flags
    idle: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))
    category: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        sizes = {"idle": np.size(self.reserve), "category": np.size(self.indptr) - 1}
        for name, kind in _KINDS.items():
            array = np.array(getattr(self, name), dtype=kind)
            if name in sizes and array.size == 0:
                array = np.zeros(max(sizes[name], 0), dtype=kind)
            if array.ndim != 1:
                raise BookError(f"{name} has {array.ndim} dimensions; give it one")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        self._check()

    def _check(self) -> None:
        legs = self.reserve.size
        for name in ("supply", "debt", "collateral", "idle"):
            if getattr(self, name).size != legs:
                raise BookError(f"{name} has {getattr(self, name).size} legs and reserve {legs}")
        starts = self.indptr
        if starts.size == 0 or starts[0] != 0 or starts[-1] != legs or (np.diff(starts) < 0).any():
            raise BookError(f"indptr must rise from 0 to the number of legs, {legs}")
        if self.category.size != self.accounts or (self.category < 0).any():
            raise BookError(f"category must be zero or more for each of {self.accounts} accounts")
        if ((self.reserve < 0) | (self.reserve >= MAX_RESERVES)).any():
            raise BookError(f"reserve ids must lie between 0 and {MAX_RESERVES - 1}")
        for name in ("supply", "debt"):
            amount = getattr(self, name)
            if not np.isfinite(amount).all() or (amount < 0).any():
                raise BookError(f"{name} must be finite and at least zero in every leg")
        if np.unique(self.account_of_leg * MAX_RESERVES + self.reserve).size != legs:
            raise BookError("an account has two legs of one reserve; add them up")

    @property
    def accounts(self) -> int:
        """How many accounts there are, n."""
        return self.indptr.size - 1

    @property
    def account_of_leg(self) -> Ints:
        """The account of each leg, shape (m,)."""
        return np.repeat(np.arange(self.accounts), np.diff(self.indptr))

    def at_legs(self, values: Floats) -> Floats:
        """The value that concerns each leg, shape (m,).

        Parameters
        ----------
        values : by reserve (R,), or by category and reserve (C + 1, R), the first row for none.
        """
        if values.ndim == 1:
            return values[self.reserve]
        at_legs: Floats = values[self.category[self.account_of_leg], self.reserve]
        return at_legs

    # -------------------------------------------------------------------------------- values

    def collateral_value(self, prices: Floats) -> Floats:
        """Value of each account's collateral, shape (n,).

        Parameters
        ----------
        prices : (R,) or (C + 1, R) base currency a whole token; zero where there is no price.
        """
        return _sums(
            self.account_of_leg,
            self.supply * self.collateral * self.at_legs(prices),
            self.accounts,
        )

    def debt_value(self, prices: Floats) -> Floats:
        """Value of each account's debt at `prices` (R,), shape (n,)."""
        return _sums(self.account_of_leg, self.debt * prices[self.reserve], self.accounts)

    def borrow_limit(self, prices: Floats, *, ltv: Floats) -> Floats:
        """Debt up to which each account may borrow, shape (n,); `ltv` (R,) or (C + 1, R)."""
        return self.collateral_value(prices * ltv)

    def liquidation_limit(self, prices: Floats, *, threshold: Floats) -> Floats:
        """Debt above which each account may be liquidated, shape (n,); `threshold` as `ltv`."""
        return self.collateral_value(prices * threshold)

    def health_factor(self, prices: Floats, *, threshold: Floats) -> Floats:
        """Health of each account, shape (n,); infinite without debt."""
        limit = self.liquidation_limit(prices, threshold=threshold)
        debt = self.debt_value(prices)
        health: Floats = np.divide(limit, debt, out=np.full(self.accounts, np.inf), where=debt > 0)
        return health

    # -------------------------------------------------------------------------------- totals

    def supplied(self, reserves: int) -> Floats:
        """Whole tokens that earn in each reserve, shape (reserves,)."""
        return _sums(self.reserve, self.supply * ~self.idle, reserves)

    def idling(self, reserves: int) -> Floats:
        """Whole tokens that sit idle in each reserve, shape (reserves,)."""
        return _sums(self.reserve, self.supply * self.idle, reserves)

    def borrowed(self, reserves: int) -> Floats:
        """Whole tokens owed of each reserve, shape (reserves,)."""
        return _sums(self.reserve, self.debt, reserves)

    def supply_raw(self, decimals: Ints) -> npt.NDArray[Any]:
        """Supplies as exact integers of the raw token unit, shape (m,), dtype object.

        Parameters
        ----------
        decimals : (R,) int, of each reserve's token.
        """
        return self._raw(self.supply, decimals)

    def debt_raw(self, decimals: Ints) -> npt.NDArray[Any]:
        """Debts as exact integers of the raw token unit, shape (m,), dtype object."""
        return self._raw(self.debt, decimals)

    def _raw(self, amounts: Floats, decimals: Ints) -> npt.NDArray[Any]:
        scale = [10 ** int(digits) for digits in decimals]
        legs = zip(amounts.tolist(), self.reserve.tolist(), strict=True)
        return np.array([round(Fraction(x) * scale[r]) for x, r in legs], dtype=object)


def _sums(group: Ints, values: Floats, groups: int) -> Floats:
    """The sum of `values` in each group, shape (groups,); zero where a group is empty."""
    sums: Floats = np.bincount(group, weights=values, minlength=groups).astype(np.float64)
    return sums


_KINDS = {
    "indptr": np.int64,
    "reserve": np.int64,
    "supply": np.float64,
    "debt": np.float64,
    "collateral": np.bool_,
    "idle": np.bool_,
    "category": np.int64,
}


# ---------------------------------------------------------------------------------------- shape

# Facts of the 982 largest borrowers of Aave v3 Ethereum on 2025-12-02 (subgraph and CoinGecko
# prices; accounts with unpriced collateral left out): $14.6bn of debt.
DEBT_HELD_BY_TOP = {
    1: 0.105,
    2: 0.198,
    5: 0.273,
    10: 0.336,
    20: 0.416,
    50: 0.565,
    100: 0.692,
    200: 0.809,
    500: 0.936,
}
"""Share of all debt that the largest so many borrowers hold."""

LOOP_HEALTH = {0.0: 0.983, 0.1: 1.011, 0.25: 1.023, 0.5: 1.045, 0.75: 1.072, 0.9: 1.122, 1.0: 1.6}
"""Quantiles of health of the 27 % whose collateral and debt move together."""

LOAN_HEALTH = {
    0.0: 1.03,
    0.05: 1.089,
    0.1: 1.136,
    0.25: 1.291,
    0.5: 1.549,
    0.75: 2.055,
    0.9: 2.718,
    0.95: 3.278,
    1.0: 6.4,
}
"""Quantiles of health of the others."""

# Choices.
DEBT_USD = 2e9
"""Debt of a seeded book before caps, about an eighth of the real one."""
BORROWERS = 0.8
"""Share of the accounts that owe something; the others only supply."""
MARGIN = 0.005
"""Least distance to the borrow limit, so that the chain accepts every position some time later."""
CAP_USE = 0.95
"""Most of a cap that a seeded book takes."""


@dataclass(frozen=True)
class _Strategy:
    """What a kind of borrower holds and owes; weights are odds of the asset being picked."""

    odds: float
    odds_in_top_20: float
    health: Mapping[float, float]
    holds: Mapping[str, float]
    owes: Mapping[str, float]
    most_collaterals: int
    most_debts: int
    category: str | None = None
    """What it chooses where the market has it."""


_STABLE = {"USDT": 0.55, "USDC": 0.42, "DAI": 0.03}
_STRATEGIES = (
    _Strategy(  # staked ether against ether, as far as the borrow limit goes
        odds=0.26,
        odds_in_top_20=0.65,
        health=LOOP_HEALTH,
        holds={"wstETH": 0.5, "weETH": 0.5},
        owes={"WETH": 1.0},
        most_collaterals=2,
        most_debts=1,
        category="ETH correlated",
    ),
    _Strategy(  # dollars against what may fall
        odds=0.64,
        odds_in_top_20=0.35,
        health=LOAN_HEALTH,
        holds={
            "WETH": 0.32,
            "WBTC": 0.25,
            "wstETH": 0.17,
            "cbBTC": 0.13,
            "weETH": 0.07,
            "LINK": 0.03,
            "AAVE": 0.03,
        },
        owes=_STABLE,
        most_collaterals=3,
        most_debts=2,
    ),
    _Strategy(  # one dollar against another
        odds=0.05,
        odds_in_top_20=0.0,
        health=LOOP_HEALTH,
        holds={"USDC": 0.6, "USDT": 0.4},
        owes=_STABLE,
        most_collaterals=1,
        most_debts=1,
    ),
    _Strategy(  # ether sold short
        odds=0.05,
        odds_in_top_20=0.0,
        health=LOAN_HEALTH,
        holds={"USDC": 0.5, "USDT": 0.5},
        owes={"WETH": 1.0},
        most_collaterals=1,
        most_debts=1,
    ),
)


def seeded_book(market: Market, *, accounts: int = 1000, rng: np.random.Generator) -> Book:
    """A book of healthy accounts for a market, with the shape of a real one.

    Every account is within its borrow limit by at least `MARGIN`, every borrowed reserve has cash
    and a utilization below its kink, and caps hold with the reserves' seeds counted in. From 1,000
    accounts on, the 10, 50 and 100 largest borrowers hold about 33 %, 56 % and 69 % of the debt.

    Parameters
    ----------
    market : a market with some of WETH, wstETH, weETH, WBTC, cbBTC, USDC, USDT, DAI, LINK, AAVE.
    accounts : how many accounts, 20 or more.
    rng : source of chance; the same state gives the same book.

    Raises
    ------
    BookError
        If there are too few accounts or the market offers nothing to borrow against.
    """
    if accounts < 20:
        raise BookError(f"{accounts} accounts are too few for a book; ask for 20 or more")
    strategies = _possible(market)
    borrowers = round(accounts * BORROWERS)
    supply, debt, category = _borrowers(market, strategies, borrowers, rng)
    missing = _missing_supply(market, supply, debt, rng)
    passive = _suppliers(market, missing, debt.sum(axis=0), accounts - borrowers, rng)
    supply = np.vstack([supply, passive])
    debt = np.vstack([debt, np.zeros_like(passive)])
    secured = np.ones(accounts, dtype=bool)
    secured[borrowers:] = rng.random(accounts - borrowers) < 0.9
    category = np.concatenate([category, np.zeros(accounts - borrowers, dtype=np.int64)])

    fit = _fit_to_caps(market, supply.sum(axis=0), debt.sum(axis=0))
    order = rng.permutation(accounts)
    unit = 10.0**market.decimals
    return _from_table(
        np.floor(supply[order] * fit * unit) / unit,
        np.floor(debt[order] * fit * unit) / unit,
        secured[order],
        category[order],
    )


def _possible(market: Market) -> list[_Strategy]:
    """The strategies, restricted to what the market lets one hold and owe."""
    holdable = {s for s, r in market.reserves.items() if r.ltv > 0 and r.supply_cap != 0}
    owable = {s for s, r in market.reserves.items() if r.borrowable and r.borrow_cap != 0}
    possible = []
    for strategy in _STRATEGIES:
        owes = {s: w for s, w in strategy.owes.items() if s in owable}
        holds = {s: w for s, w in strategy.holds.items() if s in holdable and owes.keys() - {s}}
        if holds and owes:
            category = _fitting_category(market, strategy.category, holds, owes)
            possible.append(replace(strategy, holds=holds, owes=owes, category=category))
    if not possible:
        raise BookError(
            f"{market.name} has no pair of known assets to borrow one against the other; "
            "a seeded book needs two of WETH, wstETH, USDC, USDT and their like"
        )
    return possible


def _fitting_category(
    market: Market, name: str | None, holds: Mapping[str, float], owes: Mapping[str, float]
) -> str | None:
    """A category by its name, if it covers all that is held and owed."""
    category = market.categories.get(name or "")
    if category is None:
        return None
    covers = holds.keys() <= {*category.collaterals} and owes.keys() <= {*category.borrowables}
    return name if covers else None


def _borrowers(
    market: Market, strategies: Sequence[_Strategy], count: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Ints]:
    """Supply and debt of the borrowers, largest first, whole tokens, shape (count, R) each, and their
    categories (count,)."""
    debt_usd = DEBT_USD * _debt_shares(count, rng)
    kind = _kinds(strategies, count, rng)
    params = market.reserve_params()
    ltvs, thresholds = params.by_category("ltv"), params.by_category("threshold")
    numbers = {name: number for number, name in enumerate(market.categories, start=1)}
    category = np.zeros(count, dtype=np.int64)
    supply = np.zeros((count, len(market.symbols)))
    debt = np.zeros_like(supply)
    for i, strategy in enumerate(strategies):
        rows = np.flatnonzero(kind == i)
        category[rows] = number = numbers.get(strategy.category or "", 0)
        ltv, threshold = ltvs[number], thresholds[number]
        held, owed = _mixes(market, strategy, rows.size, rng)
        drawn = _quantiles(strategy.health, rng.random(rows.size))
        # Where borrowing to the limit is safer than the drawn health, stay just inside the limit.
        limit = (held @ threshold) / (held @ ltv) * (1 + MARGIN)
        health = np.maximum(drawn, limit * (1 + 0.01 * rng.random(rows.size)))
        collateral_usd = health * debt_usd[rows] / (held @ threshold)
        supply[rows] = held * collateral_usd[:, None] / market.prices
        debt[rows] = owed * debt_usd[rows, None] / market.prices
    return supply, debt, category


def _debt_shares(count: int, rng: np.random.Generator) -> Floats:
    """Each borrower's share of the debt, largest first, shape (count,), from `DEBT_HELD_BY_TOP`."""
    known = {rank: share for rank, share in DEBT_HELD_BY_TOP.items() if rank < count}
    known[count] = DEBT_HELD_BY_TOP.get(count, 1.0)
    held = np.interp(np.log(np.arange(1, count + 1)), np.log([*known]), [*known.values()])
    shares = np.diff(held, prepend=0.0) * rng.uniform(0.95, 1.05, count)
    normal: Floats = shares / shares.sum()
    return normal


def _kinds(strategies: Sequence[_Strategy], count: int, rng: np.random.Generator) -> Ints:
    """The strategy of each borrower, largest first, shape (count,)."""
    odds = np.array([strategy.odds for strategy in strategies])
    top_odds = np.array([strategy.odds_in_top_20 for strategy in strategies])
    kinds = rng.choice(odds.size, size=count, p=odds / odds.sum())
    if top_odds.any():
        kinds[:20] = rng.choice(odds.size, size=20, p=top_odds / top_odds.sum())[:count]
    kinds[:2] = top_odds.argmax()  # the two largest real ones, a fifth of all debt, are loops
    return kinds


def _mixes(
    market: Market, strategy: _Strategy, count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """How accounts of a strategy split their collateral and debt by value, shape (count, R)."""
    holds, owes = (
        np.tile([weights.get(s, 0.0) for s in market.symbols], (count, 1))
        for weights in (strategy.holds, strategy.owes)
    )
    collaterals = np.minimum(
        rng.choice([1, 2, 3], size=count, p=[0.6, 0.27, 0.13]), strategy.most_collaterals
    )
    debts = np.minimum(rng.choice([1, 2], size=count, p=[0.92, 0.08]), strategy.most_debts)
    debts = np.minimum(debts, 4 - collaterals)
    held = _pick(holds, collaterals, rng)
    return _split(held, rng), _split(_pick(np.where(held, 0.0, owes), debts, rng), rng)


def _pick(weights: Floats, counts: Ints, rng: np.random.Generator) -> Flags:
    """In each row, `counts` columns drawn by weight without replacement, shape of `weights`."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=weights.shape)
    place = (-keys).argsort(axis=1).argsort(axis=1)
    picked: Flags = (place < counts[:, None]) & (weights > 0)
    return picked


def _split(picked: Flags, rng: np.random.Generator) -> Floats:
    """Shares of one over the picked columns of each row, none below a tenth of another."""
    parts = picked * rng.uniform(0.1, 1.0, picked.shape)
    shares: Floats = parts / parts.sum(axis=1, keepdims=True)
    return shares


def _quantiles(known: Mapping[float, float], at: Floats) -> Floats:
    return np.interp(at, [*known], [*known.values()])


def _missing_supply(
    market: Market, supply: Floats, debt: Floats, rng: np.random.Generator
) -> Floats:
    """Whole tokens that pure suppliers bring to each reserve, shape (R,).

    Borrowed reserves are filled up to a utilization shortly below the kink; the others get a
    little, because some people only park what they have.
    """
    supplied, borrowed = supply.sum(axis=0), debt.sum(axis=0)
    kink = market.floats(lambda reserve: reserve.rates.kink)
    utilization = kink * rng.uniform(0.92, 0.98, kink.size)
    wanted = np.where(borrowed > 0, borrowed / utilization - supplied, 0.05 * supplied)
    missing: Floats = np.maximum(wanted, 0.0)
    return missing


def _suppliers(
    market: Market, missing: Floats, borrowed: Floats, count: int, rng: np.random.Generator
) -> Floats:
    """Supplies of the accounts that owe nothing, whole tokens, shape (count, R)."""
    wanted = np.flatnonzero(missing)
    if wanted.size == 0:
        return np.zeros((count, missing.size))
    odds = np.tile(np.sqrt(missing * market.prices), (count, 1))
    # The first of them take one reserve each, so that none that is borrowed goes without.
    first = wanted[np.argsort(-borrowed[wanted] * market.prices[wanted], kind="stable")][:count]
    odds[: first.size] = 0.0
    odds[np.arange(first.size), first] = 1.0
    picked = _pick(odds, rng.choice([1, 2], size=count, p=[0.75, 0.25]), rng)
    sizes = picked * rng.lognormal(sigma=1.2, size=picked.shape)
    totals = sizes.sum(axis=0)
    supply: Floats = sizes * np.divide(
        missing, totals, out=np.zeros_like(missing), where=totals > 0
    )
    return supply


def _fit_to_caps(market: Market, supplied: Floats, borrowed: Floats) -> float:
    """The factor, at most one, by which all amounts shrink so that every cap holds."""
    seed = market.floats(lambda reserve: reserve.seed)
    room = [
        (market.floats(lambda reserve: reserve.supply_cap) - seed, supplied),
        (market.floats(lambda reserve: reserve.borrow_cap), borrowed),
    ]
    factors = [CAP_USE * allowed[used > 0] / used[used > 0] for allowed, used in room]
    return float(min(1.0, *np.concatenate(factors)))


def _from_table(supply: Floats, debt: Floats, secured: Flags, category: Ints) -> Book:
    """The book of a table of accounts and reserves, shape (n, R); `secured`, `category` (n,)."""
    account, reserve = np.nonzero((supply > 0) | (debt > 0))
    counts = np.bincount(account, minlength=supply.shape[0])
    return Book(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        reserve=reserve,
        supply=supply[account, reserve],
        debt=debt[account, reserve],
        collateral=secured[account] & (supply[account, reserve] > 0),
        category=category,
    )
