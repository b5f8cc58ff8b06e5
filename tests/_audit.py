"""What must hold after anything: every claim is covered, and totals are the sum of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests._cast import WAD, Market


def audit(market: Market, accounts: Sequence[Any]) -> None:
    """Checks a market in which `accounts` and the configurator hold every position."""
    holders = [*accounts, market.configurator]
    held = [market.pool.positions(holder) for holder in holders]
    for reserve in market.reserves.values():
        data = market.pool.reserveData(reserve.id)
        mine = [p for positions in held for p in positions if p.id == reserve.id]
        name = reserve.asset.symbol
        assert sum(p.supplyShares for p in mine) == data.supplyShares, f"{name}: supply shares"
        assert sum(p.debtShares for p in mine) == data.debtShares, f"{name}: debt shares"

        claims = sum(p.supplyShares * data.supplyIndex // WAD for p in mine)
        held_tokens = reserve.token.balanceOf(market.pool)
        assert held_tokens + data.debtAssets >= data.supplyAssets >= claims, f"{name}: solvency"
        assert held_tokens >= data.cash, f"{name}: cash that is not there"


def worth(market: Market, *accounts: Any) -> Fraction:
    """What accounts own together: tokens and supplies less debts, in the base currency.

    At the prices of the assets as they were listed: an attacker who only moves the pool's view of
    a price has earned nothing.
    """
    total = Fraction(0)
    for reserve in market.reserves.values():
        price = Fraction(str(reserve.asset.price_usd)) / 10**reserve.asset.decimals
        for account in accounts:
            total += price * (
                reserve.token.balanceOf(account)
                + market.pool.supplyBalance(account, reserve.id)
                - market.pool.debtBalance(account, reserve.id)
            )
    return total
