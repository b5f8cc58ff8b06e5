"""Small pools for the engines' tests: reserve 0 is volatile, 1 half as much, 2 a stablecoin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sims.book import Book
from sims.cascade import Cascade, Settings
from sims.depth import MarketDepth, constant_product
from sims.liquidation import CategoryParams, LiquidationTerms, ReserveParams
from sims.rates import RateCurve

ETH, BTC, USD = 0, 1, 2
PRICE = np.array([2000.0, 50_000.0, 1.0])
TERMS = LiquidationTerms(
    target_health=1.05, full_liquidation_health=0.90, dust=1000.0, write_off_below=50.0
)
DEEP = MarketDepth.of([constant_product(1e15)] * 3, lasting_share=0.0)
STILL = RateCurve(
    base=np.zeros(3),
    kink=np.full(3, 0.9),
    slope1=np.zeros(3),
    slope2=np.zeros(3),
    reserve_factor=np.zeros(3),
)
EARNING = RateCurve(
    base=np.full(3, 0.01),
    kink=np.full(3, 0.9),
    slope1=np.full(3, 0.04),
    slope2=np.full(3, 0.6),
    reserve_factor=np.full(3, 0.2),
)
PARAMS = ReserveParams(
    symbols=("ETH", "BTC", "USD"),
    curve=STILL,
    ltv=np.array([0.80, 0.75, 0.75]),
    threshold=np.array([0.83, 0.78, 0.80]),
    bonus_floor=np.array([0.025, 0.03, 0.02]),
    bonus_cap=np.array([0.05, 0.06, 0.04]),
    fee=np.array([0.1, 0.1, 0.2]),
)

PAIR = CategoryParams(
    name="pair",
    collaterals=np.array([True, True, False]),
    ltv=0.90,
    threshold=0.92,
    bonus_floor=0.01,
    bonus_cap=0.03,
)

Leg = tuple[int, float, float]
"""Reserve, supply used as collateral, debt; whole tokens."""


def book(*accounts: Sequence[Leg]) -> Book:
    """One account per argument."""
    legs = [leg for account in accounts for leg in account]
    return Book(
        indptr=np.cumsum([0, *map(len, accounts)]),
        reserve=np.array([reserve for reserve, _, _ in legs], dtype=np.int64),
        supply=np.array([supply for _, supply, _ in legs]),
        debt=np.array([debt for _, _, debt in legs]),
        collateral=np.ones(len(legs), dtype=bool),
    )


def random_book(accounts: int, rng: np.random.Generator) -> Book:
    """Borrowers with one or two collaterals, one or two debts, and healths from 1.01 up."""
    chosen = []
    for _ in range(accounts):
        worth = np.exp(rng.normal(11.0, 1.5))
        health = 1.01 + rng.exponential(0.2)
        legs: dict[int, list[float]] = {}
        limit = 0.0
        for reserve in rng.choice(3, size=rng.integers(1, 3), replace=False):
            part = worth * rng.uniform(0.3, 1.0)
            legs[int(reserve)] = [part / PRICE[reserve], 0.0]
            limit += part * PARAMS.threshold[reserve]
        owed = rng.choice(3, size=rng.integers(1, 3), replace=False)
        for reserve in owed:
            legs.setdefault(int(reserve), [0.0, 0.0])[1] = (
                limit / health / len(owed) / PRICE[reserve]
            )
        chosen.append([(reserve, supply, debt) for reserve, (supply, debt) in legs.items()])
    return book(*chosen)


def with_whale(accounts: Book, *, share: float) -> Book:
    """The book with one more account, that owes `share` of the ETH and BTC not yet lent on."""
    owed = share * np.maximum(accounts.supplied(3) - accounts.borrowed(3), 0.0)
    owed[USD] = 0.0
    worth = 10.0 * float(owed @ PRICE)
    whale = book([(ETH, 0.0, owed[ETH]), (BTC, 0.0, owed[BTC]), (USD, worth, 0.0)])
    legs = ("reserve", "supply", "debt", "collateral")
    return Book(
        indptr=np.append(accounts.indptr, accounts.indptr[-1] + 3),
        **{name: np.append(getattr(accounts, name), getattr(whale, name)) for name in legs},
    )


def with_modes(accounts: Book, rng: np.random.Generator) -> Book:
    """The book with a third of the supplies idle and a third of the accounts in `PAIR`."""
    return replace(
        accounts,
        idle=(rng.random(accounts.reserve.size) < 0.33) & (accounts.supply > 0.0),
        category=(rng.random(accounts.accounts) < 0.33).astype(np.int64),
    )


def random_paths(
    paths: int, steps: int, rng: np.random.Generator, *, scale: float = 0.05
) -> np.ndarray:
    """Paths (paths, steps + 1, 3) that fall more than they rise."""
    moves = rng.normal(-0.2, 1.0, size=(paths, steps, 3)) * scale * np.array([1.0, 0.6, 0.02])
    log_price = np.concatenate([np.zeros((paths, 1, 3)), moves.cumsum(axis=1)], axis=1)
    return PRICE * np.exp(log_price)


def path(*eth_usd: float) -> np.ndarray:
    """One path (1, T + 1, 3) on which only ETH moves."""
    prices = np.tile(PRICE, (len(eth_usd), 1))
    prices[:, ETH] = eth_usd
    return prices[None]


def cascade(accounts: Book, **changes: object) -> Cascade:
    """A pool with deep markets, no gas, no interest and as much lent on as borrowed."""
    made = Cascade(
        book=accounts,
        params=PARAMS,
        terms=TERMS,
        depth=DEEP,
        settings=Settings(gas_usd=0.0),
        other_supply=accounts.borrowed(3) * 1.1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
