"""The target-health rule in exact fractions: what `TargetHealth` approximates from one side.

With debt D, limit L, health h = L / D, bonus b, threshold t and target H:

    b = b0 + (b1 - b0) * min(1, (1 - h) / (1 - F))        x = (H * D - L) / (H - (1 + b) * t)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Number = Fraction | int


@dataclass(frozen=True)
class Case:
    """An unhealthy account and the pair picked; values in the base currency."""

    debt: Number
    limit: Number
    debt_side: Number
    collateral_side: Number
    threshold: Number
    floor: Number
    cap: Number


@dataclass(frozen=True)
class Rule:
    """What the pool asks of a liquidation."""

    target: Number = Fraction(105, 100)
    full: Number = Fraction(90, 100)
    dust: Number = 1_000

    def size(self, c: Case) -> tuple[Fraction, Fraction]:
        """The value to repay and the bonus."""
        health = Fraction(c.limit) / c.debt
        bonus = c.floor + (c.cap - c.floor) * min(Fraction(1), (1 - health) / (1 - self.full))
        most = min(Fraction(c.debt_side), c.collateral_side / (1 + bonus))
        if health < self.full:
            return most, bonus
        repay = (self.target * c.debt - c.limit) / (self.target - (1 + bonus) * c.threshold)
        repay = min(repay, most)
        left = min(c.debt_side - repay, c.collateral_side - repay * (1 + bonus))
        return (most if left < self.dust else repay), bonus
