"""Many bad debts in a row that an insurer pays, with an empty buffer: the reserve stays whole to the wei."""

from __future__ import annotations

import random

import pytest

from sims.exact import BPS, MAX, WAD, KinkedCurve, LiquidationTerms, Pool, Reserve

DEBTORS = [f"debtor {n}" for n in range(6)]


def reserve(insurer: str | None = None, ltv: int = 0) -> Reserve:
    """Everything that is charged goes to suppliers, so that the buffer stays empty."""
    return Reserve(
        supply_index=WAD,
        debt_index=WAD,
        timestamp=1,
        curve=KinkedCurve(500, 80, 100, 100),
        reserve_factor_percent=0,
        supply_shares=0,
        debt_shares=0,
        supply_cap=MAX,
        borrow_cap=MAX,
        borrowable=True,
        paused=False,
        frozen=False,
        decimals=8,
        max_age_s=2**60,
        liquidation_fee=0,
        answer=10**8,
        updated_at=0,
        balance=0,
        ltv=ltv,
        threshold=ltv,
        bonus_floor=0,
        bonus_cap=0,
        insurer=insurer,
    )


@pytest.mark.parametrize("seed", range(80, 100))
def test_write_off__paid_by_the_insurer_again_and_again__reserve_whole(seed: int) -> None:
    rng = random.Random(seed)
    pool = Pool(
        [reserve("insurer"), reserve(ltv=9_000 * BPS)], LiquidationTerms(WAD, WAD, 0, 0), now=1
    )
    pool.supply(0, rng.randrange(10**4, 10**6), "supplier")
    pool.supply(0, rng.randrange(10**4, 10**6), "insurer")
    for debtor in DEBTORS:
        pool.supply(1, 10**12, debtor)
        pool.borrow(0, rng.randrange(100, 2_000), debtor)
    pool.now += rng.randrange(1, 10**8)
    pool.accrue(0)
    if pool.reserves[0].collectable:
        pool.collect_buffer(0, pool.reserves[0].collectable)
    pool.reserves[1].ltv = pool.reserves[1].threshold = 0

    for debtor in DEBTORS:
        pool.write_off(debtor)
        pool.now += rng.randrange(1, 10**6)
        pool.accrue(0)
        r = pool.reserves[0]
        assert r.balance + r.debt_assets >= r.supply_assets + r.idle
