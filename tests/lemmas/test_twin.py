"""Formulas that are private to the pool are those of the integer twin, which runs beside it in lock-step."""

from __future__ import annotations

import random

from sims.exact import (
    BPS,
    MAX,
    WAD,
    Account,
    KinkedCurve,
    LiquidationTerms,
    Pool,
    Reserve,
    Revert,
    mul_down,
    mul_up,
)
from tests.lemmas import _formulas as f
from tests.lemmas._prover import EXACT

CASES = 2_000


def reserve(rng: random.Random, **fields: object) -> Reserve:
    """Any indices and prices; what is not named does not matter here."""
    values: dict[str, object] = {
        "supply_index": WAD + rng.randrange(10 * WAD),
        "debt_index": WAD + rng.randrange(10 * WAD),
        "timestamp": 1,
        "curve": KinkedCurve(0, 80, 0, 0),
        "reserve_factor_percent": 0,
        "supply_shares": rng.getrandbits(60),
        "debt_shares": rng.getrandbits(60),
        "supply_cap": MAX,
        "borrow_cap": MAX,
        "borrowable": True,
        "paused": False,
        "frozen": False,
        "decimals": rng.randrange(6, 30),
        "max_age_s": 10,
        "liquidation_fee": rng.randrange(101) * 10**16,
        "answer": rng.getrandbits(40) + 1,
        "updated_at": 1,
        "balance": rng.getrandbits(64),
        "ltv": 7_000 * BPS,
        "threshold": 8_000 * BPS,
        "bonus_floor": 500 * BPS,
        "bonus_cap": 500 * BPS,
    }
    return Reserve(**{**values, **fields})  # type: ignore[arg-type]


def test_write_off__any_reserve__buffer_insurer_and_index_are_the_formulas() -> None:
    rng = random.Random(1)
    outcomes = set()
    for _ in range(CASES):
        owed, insured = (
            rng.getrandbits(rng.randint(1, 60)) + 1,
            rng.getrandbits(rng.randint(1, 60)) + 1,
        )
        r = reserve(rng, insurer=rng.choice([None, "insurer"]), idle=0)
        r.supply_shares += insured
        r.debt_shares += owed
        accounts = {"debtor": Account(debt={0: owed}), "insurer": Account(supply={0: insured})}
        pool = Pool([r], LiquidationTerms(WAD, WAD, 0, 0), now=1, accounts=accounts)

        indices = r.supply_index, r.debt_index
        funds = f.buffer(EXACT, r.balance, r.supply_shares, r.debt_shares, *indices, r.idle)
        lost = mul_up(owed, r.debt_index)
        deficit, supplied = max(lost - funds, 0), r.supply_shares
        assert funds == r.buffer
        if deficit and r.insurer:
            paid, burned = f.slash(EXACT, insured, deficit, r.supply_index)
            deficit, supplied = deficit - paid, supplied - burned
        index = r.supply_index
        if deficit and supplied:
            index = f.written_off_index(EXACT, supplied, r.supply_index, deficit)

        assert pool.write_off("debtor") == ([], [(0, lost, deficit)])
        r = pool.reserves[0]
        assert (r.supply_index, r.supply_shares) == (index, supplied)
        outcomes.add((deficit > 0, r.insurer is not None))
    assert len(outcomes) == 4


def test_liquidate__any_prices__seized_and_fee_are_the_formulas() -> None:
    rng = random.Random(2)
    parts = 0
    for _ in range(CASES):
        debt, collateral = reserve(rng), reserve(rng, supply_shares=2**100, debt_shares=0)
        owed, held = rng.getrandbits(50) + 2, rng.getrandbits(50) + 2
        debt.debt_shares += owed
        accounts = {"debtor": Account(debt={0: owed}, supply={1: held})}
        pool = Pool(
            [debt, collateral],
            LiquidationTerms(WAD * 11 // 10, WAD // 2, 0, 0),
            now=1,
            accounts=accounts,
        )
        try:
            done = pool.liquidate("liquidator", "debtor", 0, 1, rng.getrandbits(50))
        except Revert:
            continue
        bonus = 500 * BPS
        assert done.fee == f.fee(EXACT, done.seized, bonus, collateral.liquidation_fee)
        if done.seized < mul_down(held, collateral.supply_index):
            sides = [x for r in (debt, collateral) for x in (r.answer, *scale(r.decimals))]
            assert done.seized == f.seized(EXACT, done.repaid, bonus, *sides)
            parts += 1
    assert parts > 50


def scale(decimals: int) -> tuple[int, int]:
    """1e18 / 10^decimals as a fraction."""
    return (10 ** (18 - decimals), 1) if decimals < 18 else (1, 10 ** (decimals - 18))
