"""A snapshot without a chain: the market file, filled with a seeded book."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from sims.book import seeded_book
from sims.exact import WAD, LiquidationTerms
from sims.market import MAX_IDLE_RAW, Category, Market, Reserve, load_market
from sims.snapshot import (
    CategoryState,
    Origin,
    PositionState,
    ReserveState,
    Snapshot,
    tool_versions,
)

MARKET = Path(__file__).resolve().parents[2] / "scripts" / "_markets" / "ethereum.yaml"
NOW = 1_765_238_400


@cache
def snapshot(accounts: int = 150) -> Snapshot:
    """The market of `ethereum.yaml` with so many accounts, a moment after they all came."""
    market = load_market(MARKET)
    positions = _positions(market, accounts)
    health = market.liquidation
    return Snapshot(
        origin=Origin("weir", "0x" + "11" * 20, 1, 100, "0x" + "22" * 32, NOW, tool_versions()),
        liquidation_terms=LiquidationTerms(
            target_health=health.target_health_bps * 10**14,
            full_health=health.full_liquidation_health_bps * 10**14,
            dust=health.dust * WAD,
            write_off_below=health.write_off_below * WAD,
        ),
        liquidation_model="0x" + "00" * 20,
        reserves=tuple(
            _reserve(i, symbol, r, positions)
            for i, (symbol, r) in enumerate(market.reserves.items())
        ),
        positions=positions,
        categories=tuple(
            CategoryState(number, _category_word(market, c), 0)
            for number, c in enumerate(market.categories.values(), start=1)
        ),
    )


def _category_word(market: Market, c: Category) -> int:
    return (
        market.bitmap(c.collaterals)
        | market.bitmap(c.borrowables) << 64
        | c.ltv_bps << 128
        | c.liquidation_threshold_bps << 142
        | c.liquidation_bonus.floor_bps << 156
        | c.liquidation_bonus.cap_bps << 170
        | int(c.isolated) << 184
    )


def _positions(market: Market, accounts: int) -> tuple[PositionState, ...]:
    book = seeded_book(market, accounts=accounts, rng=np.random.default_rng(1))
    supply, debt = book.supply_raw(market.decimals), book.debt_raw(market.decimals)
    return tuple(
        PositionState(
            account=f"0x{account + 1:040x}",
            id=int(book.reserve[leg]),
            supply_shares=int(supply[leg]),
            debt_shares=int(debt[leg]),
            collateral=bool(book.collateral[leg]),
            idle=bool(book.idle[leg]),
            category=int(book.category[account]),
        )
        for leg, account in enumerate(book.account_of_leg)
    )


def _reserve(
    id_: int, symbol: str, r: Reserve, positions: tuple[PositionState, ...]
) -> ReserveState:
    supply = sum(p.supply_shares for p in positions if p.id == id_ and not p.idle)
    idle = sum(p.supply_shares for p in positions if p.id == id_ and p.idle)
    debt = sum(p.debt_shares for p in positions if p.id == id_)
    base, kink, slope1, slope2 = r.rates.stored
    rates = base | kink << 10 | slope1 << 17 | slope2 << 27 | r.reserve_factor_percent << 37
    limits = r.supply_cap_code | r.borrow_cap_code << 14 | int(r.borrowable) << 28
    bonus = r.liquidation_bonus
    return ReserveState(
        id=id_,
        symbol=symbol,
        token=f"0x{id_ + 1:040x}",
        decimals=r.decimals,
        feed=f"0x{id_ + 101:040x}",
        feed_decimals=r.feed.decimals,
        answer=r.price_raw,
        updated_at=NOW,
        balance=supply + idle - debt,
        index_word=WAD | WAD << 88 | NOW << 176 | rates << 208,
        totals_word=supply | debt << 112 | limits << 224,
        risk_word=r.ltv_bps << 160
        | r.liquidation_threshold_bps << 174
        | bonus.floor_bps << 188
        | bonus.cap_bps << 202
        | (r.decimals + r.feed.decimals) << 216
        | r.feed.max_age_s // 60 << 222
        | r.liquidation_fee_percent << 238
        | r.min_debt_code << 245,
        token_word=id_ + 1 | MAX_IDLE_RAW - idle << 160,
        model_word=0,
        ramp_word=0,
        outflow_word=0,
        idle_cap_word=MAX_IDLE_RAW,
    )
