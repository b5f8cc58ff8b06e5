"""A snapshot without a chain: the market file, filled with a seeded book."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from sims.book import seeded_book
from sims.exact import WAD, LiquidationTerms
from sims.market import Market, Reserve, load_market
from sims.snapshot import Origin, PositionState, ReserveState, Snapshot, tool_versions

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
        )
        for leg, account in enumerate(book.account_of_leg)
    )


def _reserve(
    id_: int, symbol: str, r: Reserve, positions: tuple[PositionState, ...]
) -> ReserveState:
    supply = sum(p.supply_shares for p in positions if p.id == id_)
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
        balance=supply - debt,
        index_word=WAD | WAD << 88 | NOW << 176 | rates << 208,
        totals_word=supply | debt << 112 | limits << 224,
        risk_word=r.ltv_bps << 160
        | r.liquidation_threshold_bps << 174
        | bonus.floor_bps << 188
        | bonus.cap_bps << 202
        | (r.decimals + r.feed.decimals) << 216
        | r.feed.max_age_s // 60 << 222
        | r.liquidation_fee_percent << 238,
        token_word=id_ + 1,
        model_word=0,
    )
