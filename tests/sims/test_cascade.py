"""Is the cascade what its rules say, to the bit, and does it keep the pool's books?"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sims.cascade
from sims.cascade import Cascade, CascadeResult, Settings
from sims.depth import MarketDepth, constant_product
from sims.liquidation import LiquidationTerms
from sims.rates import InputError, growth
from tests.sims import _pools as pools
from tests.sims._cascade_reference import ReferenceCascade
from tests.sims._pools import BTC, ETH, PARAMS, USD

THIN = MarketDepth.of(
    [constant_product(usd) for usd in (2e6, 4e6, 2e7)], half_life_s=1800.0, lasting_share=0.3
)
PER_PATH = {
    "bad_debt_usd": "bad_debt",
    "insurer_loss_usd": "insurer_loss",
    "supplier_loss_usd": "supplier_loss",
    "shortfall_usd": "shortfall",
    "trough_loss_usd": "trough",
    "liquidated_usd": "liquidated",
    "write_offs": "write_offs",
    "bonus_paid_usd": "bonus",
    "fees_usd": "fees",
    "profit_usd": "profit",
    "min_health": "min_health",
}


def assert_identical(one: CascadeResult, other: CascadeResult) -> None:
    for name in (field.name for field in fields(CascadeResult)):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def stressed(seed: int, **changes: object) -> tuple[Cascade, np.ndarray]:
    """A pool where everything binds at times: cash for odd seeds, in a crash for even ones.

    From seed 2 on a part of the supply is an insurer's; from seed 4 on some supplies sit idle and some
    accounts are in a category.
    """
    rng = np.random.default_rng(seed)
    accounts = pools.with_whale(pools.random_book(40, rng), share=0.95 if seed % 2 else 0.0)
    if seed >= 4:
        accounts = pools.with_modes(accounts, rng)
    made = pools.cascade(
        accounts,
        params=replace(PARAMS, curve=pools.EARNING, categories=(pools.PAIR,)),
        depth=THIN,
        settings=Settings(dt_s=600.0, gas_usd=20.0, capital_usd=4e5, oracle_feedback=0.5),
        other_supply=accounts.borrowed(3) * np.array([0.0, 0.0, 1.0]),
        insured=accounts.borrowed(3) * np.array([0.0, 0.0, 0.01 if seed >= 2 else 0.0]),
    )
    paths = pools.random_paths(3, 25, rng, scale=0.05 if seed % 2 else 0.15)
    return replace(made, **changes), paths  # type: ignore[arg-type]


# ---------------------------------------------------------------- the same to the bit


@pytest.mark.parametrize("seed", range(8))
def test_run__everything_binding__is_the_reference_to_the_bit(seed: int) -> None:
    engine, paths = stressed(seed)
    result = engine.run(paths)
    for row, path in enumerate(paths):
        expected = ReferenceCascade(engine).run(path)
        got = {name: getattr(result, name)[row] for name in PER_PATH}
        assert got == {name: getattr(expected, key) for name, key in PER_PATH.items()}
        unmet = {name: getattr(result, f"unmet_{name}_usd")[row] for name in expected.unmet}
        assert unmet == expected.unmet


@pytest.mark.parametrize("seed", range(8))
def test_trace__everything_binding__lists_the_reference_s_events(seed: int) -> None:
    engine, paths = stressed(seed)
    expected = ReferenceCascade(engine).run(paths[0])
    assert list(engine.trace(paths[0]).events) == expected.events
    assert expected.events


def test_run__missing_prices_and_an_oracle_of_its_own__is_the_reference_to_the_bit() -> None:
    engine, paths = stressed(3)
    oracle = paths.copy()
    oracle[:, 5:8, ETH] = np.nan
    oracle[:, 10:, BTC] = oracle[:, 10:11, BTC]
    market = paths.copy()
    market[:, 12:15, USD] = 0.0
    result = engine.run(market, oracle=oracle)
    for row in range(len(market)):
        expected = ReferenceCascade(engine).run(market[row], oracle[row])
        got = {name: getattr(result, name)[row] for name in PER_PATH}
        assert got == {name: getattr(expected, key) for name, key in PER_PATH.items()}


def test_run__stressed_pools_together__meet_every_refusal() -> None:
    results = [engine.run(paths) for engine, paths in map(stressed, range(8))]
    for name in ("unmet_profit_usd", "unmet_cash_usd", "unmet_capital_usd", "bad_debt_usd"):
        assert max(getattr(result, name).max() for result in results) > 0.0, name


@pytest.mark.parametrize("seed", range(4))
def test_run__watch_list__changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    accounts = pools.with_modes(pools.random_book(300, rng), rng)
    params = replace(PARAMS, curve=pools.EARNING, categories=(pools.PAIR,))
    engine = pools.cascade(accounts, depth=THIN, params=params)
    paths = pools.random_paths(5, 60, rng)
    watched = engine.run(paths)
    monkeypatch.setattr(sims.cascade, "WATCH_HEALTH", np.inf)
    assert_identical(watched, engine.run(paths))


@pytest.mark.parametrize(("workers", "block"), [(1, 1), (2, 1), (2, 3), (3, 100)])
def test_run__any_threads_and_blocks__changes_nothing(workers: int, block: int) -> None:
    engine, _ = stressed(1)
    paths = pools.random_paths(7, 20, np.random.default_rng(5))
    assert_identical(engine.run(paths), engine.run(paths, workers=workers, block=block))


def test_run__paths_in_two_parts__gives_the_rows_of_the_whole() -> None:
    engine, _ = stressed(1)
    paths = pools.random_paths(6, 20, np.random.default_rng(5))
    parts = [engine.run(paths[:2]).loss_usd, engine.run(paths[2:]).loss_usd]
    np.testing.assert_array_equal(np.concatenate(parts), engine.run(paths).loss_usd)


def test_run__progress__is_told_after_every_block() -> None:
    engine, _ = stressed(1)
    told: list[tuple[int, int]] = []
    engine.run(
        pools.random_paths(5, 3, np.random.default_rng(5)),
        block=2,
        progress=lambda done, all_: told.append((done, all_)),
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


# ---------------------------------------------------------------- one account, closed forms


def lone(eth: float = 100.0, usd: float = 150_000.0, **changes: object) -> Cascade:
    """One account with `eth` ETH against `usd`; health 1.1067 at the start."""
    return pools.cascade(pools.book([(ETH, eth, 0.0), (USD, 0.0, usd)]), **changes)


def test_run__price_still__liquidates_nobody() -> None:
    assert lone().run(pools.path(2000.0, 2000.0)).liquidations.tolist() == [0]


def test_run__just_unhealthy__restores_target_health() -> None:
    engine = lone()
    (event,) = engine.trace(pools.path(2000.0, 1780.0)[0]).events
    limit = (100.0 - event.seized) * 1780.0 * PARAMS.threshold[ETH]
    assert limit / (150_000.0 - event.repaid) == pytest.approx(pools.TERMS.target_health)


def test_run__unhealthy_and_dust_would_be_left__repays_all() -> None:
    engine = lone(eth=0.9, usd=1350.0)
    (event,) = engine.trace(pools.path(2000.0, 1780.0)[0]).events
    assert event.repaid == 1350.0


def test_run__below_full_liquidation_health__repays_all_at_the_bonus_cap() -> None:
    (event,) = lone().trace(pools.path(2000.0, 1600.0)[0]).events
    assert (event.repaid, event.bonus) == (150_000.0, 0.05)


def test_run__crash_through_insolvency__writes_off_what_collateral_cannot_repay() -> None:
    result = lone().run(pools.path(2000.0, 1000.0))
    assert result.bad_debt_usd[0] == pytest.approx(150_000.0 - 100_000.0 / 1.05)


def test_run__crash_short_of_insolvency__writes_off_nothing() -> None:
    result = lone().run(pools.path(2000.0, 1580.0))
    assert (result.write_offs[0], result.loss_usd[0]) == (0, 0.0)


def test_run__bad_debt_without_a_buffer__falls_on_suppliers_but_for_the_fee() -> None:
    result = lone().run(pools.path(2000.0, 1000.0))
    assert result.supplier_loss_usd[0] == pytest.approx(result.bad_debt_usd[0])


def test_run__bad_debt_with_a_buffer__is_paid_by_it_first() -> None:
    params = replace(PARAMS, curve=pools.EARNING)
    quiet = [2000.0] * 40
    engine = lone(params=params, settings=Settings(dt_s=86_400.0, gas_usd=0.0))
    trace = engine.trace(pools.path(*quiet, 1000.0)[0])
    result = engine.run(pools.path(*quiet, 1000.0))
    paid = result.bad_debt_usd[0] - result.supplier_loss_usd[0]
    assert trace.buffer[-2, USD] > 0.0
    assert paid >= trace.buffer[-2, USD]
    assert trace.buffer[-1, USD] == 0.0


@pytest.mark.parametrize("insured", [1e3, 1e9])
def test_run__bad_debt_with_an_insurer__is_paid_by_him_before_the_suppliers(insured: float) -> None:
    engine, crash = lone(settings=Settings(gas_usd=0.0)), pools.path(2000.0, 1000.0)
    alone = engine.run(crash).supplier_loss_usd[0]
    supplied = np.array([0.0, 0.0, insured])
    result = replace(engine, other_supply=engine.other_supply + supplied, insured=supplied).run(
        crash
    )

    paid = min(insured, alone)
    assert result.insurer_loss_usd[0] == pytest.approx(paid)
    assert result.supplier_loss_usd[0] == pytest.approx(alone - paid)


def test_run__buffer_from_the_start__spares_the_suppliers() -> None:
    engine, crash = lone(settings=Settings(gas_usd=0.0)), pools.path(2000.0, 1000.0)
    assert engine.run(crash).supplier_loss_usd[0] > 0.0
    assert replace(engine, buffer=np.full(3, 1e9)).run(crash).supplier_loss_usd[0] == 0.0


def test_run__insolvent_at_the_start__is_set_aside() -> None:
    result = lone(usd=195_000.0).run(pools.path(2000.0, 1000.0))
    assert result.set_aside.tolist() == [True]
    assert result.loss_usd[0] == 0.0
    assert result.set_aside_usd == pytest.approx(195_000.0 - 200_000.0 / 1.05)


def test_run__unhealthy_but_solvent_at_the_start__takes_part() -> None:
    result = lone(usd=170_000.0).run(pools.path(2000.0, 2000.0))
    assert (result.set_aside.tolist(), result.liquidations.tolist()) == ([False], [1])


def test_run__loss_without_any_shock__is_the_baseline_and_not_the_shock_s() -> None:
    engine = lone(usd=189_000.0, settings=Settings(gas_usd=1e9, dt_s=365 * 86_400.0))
    engine = replace(engine, params=replace(PARAMS, curve=pools.EARNING))
    result = engine.run(pools.path(2000.0, 2000.0))
    assert result.loss_usd[0] > 0.0
    assert result.shock_loss_usd[0] == 0.0


def test_trace__bad_debt_and_price_missing__waits() -> None:
    accounts = pools.book([(ETH, 100.0, 0.0), (BTC, 1e-9, 0.0), (USD, 0.0, 150_000.0)])
    prices = pools.path(2000.0, 0.1, 0.1)[0]
    prices[1, BTC] = np.nan
    waited = [
        event.step for event in pools.cascade(accounts).trace(prices).events if event.written_off
    ]
    assert waited == [2]


# ---------------------------------------------------------------- what holds liquidators back


def test_run__gas_above_the_bonus__is_refused_for_profit() -> None:
    result = lone(settings=Settings(gas_usd=1e6)).run(pools.path(2000.0, 1780.0))
    assert (result.liquidated_usd[0], result.unmet_profit_usd[0] > 0.0) == (0.0, True)


def test_run__gas_below_the_bonus__is_liquidated() -> None:
    result = lone(settings=Settings(gas_usd=15.0)).run(pools.path(2000.0, 1780.0))
    assert (result.liquidated_usd[0] > 0.0, result.unmet_profit_usd[0]) == (True, 0.0)


@pytest.mark.parametrize(("lent_on", "liquidated"), [(1.0, False), (0.0, True)])
def test_run__no_cash_of_the_collateral__stops_liquidations(
    lent_on: float, liquidated: bool
) -> None:
    accounts = pools.book(
        [(ETH, 100.0, 0.0), (USD, 0.0, 150_000.0)],
        [(BTC, 100.0, 0.0), (ETH, 0.0, 100.0 * lent_on)],
    )
    engine = pools.cascade(accounts, other_supply=np.array([0.0, 0.0, 1e6]))
    result = engine.run(pools.path(2000.0, 1780.0))
    assert (result.liquidated_usd[0] > 0.0) == liquidated
    assert (result.unmet_cash_usd[0] > 0.0) != liquidated


@pytest.mark.parametrize(("capital_usd", "loses"), [(0.0, True), (np.inf, False)])
def test_run__V27_no_bidders__makes_bad_debt_though_depth_exists(
    capital_usd: float, loses: bool
) -> None:
    engine = lone(settings=Settings(gas_usd=0.0, capital_usd=capital_usd))
    result = engine.run(pools.path(*range(2000, 900, -100)))
    assert (result.loss_usd[0] > 0.0) == loses


def test_run__capital_for_half__takes_the_rest_in_later_steps() -> None:
    engine = lone(settings=Settings(gas_usd=0.0, capital_usd=60_000.0))
    steps = [event.step for event in engine.trace(pools.path(2000.0, *[1600.0] * 4)[0]).events]
    assert steps == [1, 2, 3]


def test_run__thin_market__liquidates_less_than_a_deep_one() -> None:
    thin = MarketDepth.of([constant_product(2e5)] * 3)
    fall = pools.path(2000.0, 1700.0)
    assert lone(depth=thin).run(fall).liquidated_usd[0] < lone().run(fall).liquidated_usd[0]


def test_run__thin_market__is_tried_in_smaller_offers() -> None:
    thin = MarketDepth.of([constant_product(2e6)] * 3)
    (event, *_) = lone(depth=thin).trace(pools.path(2000.0, 1600.0)[0]).events
    assert event.repaid in 150_000.0 * 0.5 ** np.arange(1, 12)


def test_run__same_asset_on_both_sides__needs_no_market() -> None:
    accounts = pools.book([(ETH, 100.0, 60.0), (USD, 0.0, 40_000.0)])
    nothing = MarketDepth.of([constant_product(1e-3)] * 3)
    events = pools.cascade(accounts, depth=nothing).trace(pools.path(2000.0, 1500.0)[0]).events
    assert [(event.debt_reserve, event.collateral_reserve) for event in events] == [(ETH, ETH)]


# ---------------------------------------------------------------- order


def test_trace__two_debts__begins_with_the_pair_that_repays_most() -> None:
    accounts = pools.book([(ETH, 100.0, 0.0), (BTC, 0.0, 1.0), (USD, 0.0, 100_000.0)])
    (event, *_) = pools.cascade(accounts).trace(pools.path(2000.0, 1600.0)[0]).events
    assert event.debt_reserve == USD


def test_trace__equal_debts__begins_with_the_lower_id() -> None:
    accounts = pools.book([(ETH, 100.0, 0.0), (USD, 0.0, 75_000.0), (BTC, 0.0, 1.5)])
    (event, *_) = pools.cascade(accounts).trace(pools.path(2000.0, 1600.0)[0]).events
    assert event.debt_reserve == BTC


def test_trace__best_pair_without_cash__takes_the_next() -> None:
    accounts = pools.book(
        [(ETH, 60.0, 0.0), (BTC, 1.0, 0.0), (USD, 0.0, 130_000.0)],
        [(USD, 200_000.0, 0.0), (ETH, 0.0, 60.0)],
    )
    engine = pools.cascade(accounts, other_supply=np.array([0.0, 0.0, 1e6]))
    (event, *_) = engine.trace(pools.path(2000.0, 1700.0)[0]).events
    assert event.collateral_reserve == BTC


def test_run__accounts_in_another_order_and_nothing_binding__loses_the_same() -> None:
    rng = np.random.default_rng(2)
    accounts = pools.random_book(50, rng)
    order = rng.permutation(50)
    legs = [range(accounts.indptr[a], accounts.indptr[a + 1]) for a in order]
    picked = np.concatenate([np.array(leg) for leg in legs])
    shuffled = replace(
        accounts,
        indptr=np.cumsum([0, *map(len, legs)]),
        **{
            name: getattr(accounts, name)[picked]
            for name in ("reserve", "supply", "debt", "collateral")
        },
    )
    paths = pools.random_paths(4, 30, rng)
    one, other = (pools.cascade(made, other_supply=1e9).run(paths) for made in (accounts, shuffled))
    np.testing.assert_allclose(one.liquidated_usd, other.liquidated_usd, rtol=1e-9)
    np.testing.assert_array_equal(one.liquidations, other.liquidations)


# ---------------------------------------------------------------- the pool's books


@pytest.mark.parametrize("seed", range(4))
def test_trace__any_path__keeps_the_pool_s_tokens(seed: int) -> None:
    engine, paths = stressed(seed)
    trace = engine.trace(paths[0])
    held = trace.supplied + trace.buffer - trace.borrowed
    expected = held[0].copy()
    for event in trace.events:
        if event.debt_reserve >= 0:
            expected[event.debt_reserve] += event.repaid
            expected[event.collateral_reserve] -= event.seized - event.fee
    np.testing.assert_allclose(held[-1], expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_trace__any_path__explains_the_counts(seed: int) -> None:
    engine, paths = stressed(seed)
    result, trace = engine.run(paths), engine.trace(paths[0])
    assert sum(event.debt_reserve >= 0 for event in trace.events) == result.liquidations[0]
    assert sum(e.repaid_usd for e in trace.events) == pytest.approx(result.liquidated_usd[0])
    assert sum(e.bad_debt_usd for e in trace.events) == pytest.approx(result.bad_debt_usd[0])
    assert trace.liquidated_usd[-1] == result.liquidated_usd[0]
    assert trace.bad_debt_usd[-1] == result.bad_debt_usd[0]
    assert trace.shortfall_usd[-1] == result.shortfall_usd[0]


def test_trace__quiet_year__compounds_every_step() -> None:
    engine = lone(usd=10_000.0, params=replace(PARAMS, curve=pools.EARNING))
    engine = replace(engine, other_supply=np.array([0.0, 0.0, np.inf]))
    engine = replace(engine, settings=Settings(dt_s=86_400.0))
    trace = engine.trace(np.tile(pools.PRICE, (366, 1)))
    assert trace.debt_index[-1, USD] == pytest.approx((1.0 + growth(0.01, 86_400.0)) ** 365)


@given(fall=st.floats(0.5, 1.0), deeper=st.floats(0.5, 1.0))
@settings(max_examples=40)
def test_run__one_account_and_a_deeper_fall__never_loses_less(fall: float, deeper: float) -> None:
    one = lone().run(pools.path(2000.0, 2000.0 * fall)).loss_usd[0]
    other = lone().run(pools.path(2000.0, 2000.0 * fall * deeper)).loss_usd[0]
    assert other >= one - 1e-6


def test_trace__oracle_feedback__lowers_the_next_oracle_price() -> None:
    fall = pools.path(2000.0, 1600.0, 1600.0)[0]
    thin = MarketDepth.of([constant_product(5e6)] * 3, lasting_share=0.3)
    with_it, without = (
        lone(depth=thin, settings=Settings(oracle_feedback=share)).trace(fall)
        for share in (1.0, 0.0)
    )
    assert with_it.oracle_price_usd[1, ETH] == without.oracle_price_usd[1, ETH] == 1600.0
    assert with_it.oracle_price_usd[2, ETH] < without.oracle_price_usd[2, ETH] == 1600.0


def test_trace__impact__decays_to_its_lasting_share() -> None:
    thin = MarketDepth.of([constant_product(5e6)] * 3, half_life_s=300.0, lasting_share=0.3)
    engine = lone(depth=thin, settings=Settings(oracle_feedback=1.0))
    trace = engine.trace(pools.path(2000.0, *[1600.0] * 30)[0])
    left = 1.0 - trace.oracle_price_usd[-1, ETH] / 1600.0
    assert left == pytest.approx(1.0 - trace.market_price_usd[-1, ETH] / 1600.0, rel=1e-6)
    assert 0.0 < left < 1.0 - trace.oracle_price_usd[2, ETH] / 1600.0


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dt_s": 0.0}, "dt_s"),
        ({"gas_usd": -1.0}, "gas_usd"),
        ({"capital_usd": np.nan}, "capital_usd"),
        ({"oracle_feedback": 1.5}, "oracle_feedback"),
    ],
)
def test_settings__out_of_range__names_the_field(changes: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Settings(**changes)


def test_run__paths_of_another_market__says_the_shape() -> None:
    with pytest.raises(InputError, match="steps"):
        lone().run(np.ones((2, 3, 4)))


def test_run__paths_from_different_starts__is_refused() -> None:
    paths = np.concatenate([pools.path(2000.0, 1.0), pools.path(2001.0, 1.0)])
    with pytest.raises(InputError, match="start"):
        lone().run(paths)


def test_run__book_of_a_larger_market__is_refused() -> None:
    with pytest.raises(InputError, match="reserve 7"):
        pools.cascade(pools.book([(7, 1.0, 0.0)]), other_supply=0.0).run(pools.path(1.0, 1.0))


def test_run__empty_book__loses_nothing() -> None:
    empty = pools.cascade(pools.book(), other_supply=0.0)
    assert empty.run(pools.path(2000.0, 1.0)).loss_usd.tolist() == [0.0]


def test_run__other_terms__are_used() -> None:
    engine = lone(terms=LiquidationTerms(target_health=1.2))
    (event,) = engine.trace(pools.path(2000.0, 1780.0)[0]).events
    limit = (100.0 - event.seized) * 1780.0 * PARAMS.threshold[ETH]
    assert limit / (150_000.0 - event.repaid) == pytest.approx(1.2)


# ---------------------------------------------------------------- idle collateral, categories, others


def lent_out(*, idle: bool) -> Cascade:
    """One account whose ETH the pool has lent to others to the last unit, or keeps idle."""
    accounts = pools.book([(ETH, 100.0, 0.0), (USD, 0.0, 150_000.0)])
    return pools.cascade(
        replace(accounts, idle=np.array([idle, False])),
        other_supply=np.array([0.0, 0.0, 200_000.0]),
        other_debt=np.array([0.0 if idle else 100.0, 0.0, 0.0]),
    )


@pytest.mark.parametrize("idle", [False, True])
def test_run__collateral_without_cash__is_liquidated_only_where_it_sits_idle(idle: bool) -> None:
    result = lent_out(idle=idle).run(pools.path(2000.0, 1750.0))
    assert bool(result.liquidations[0]) is idle
    assert bool(result.unmet_cash_usd[0]) is not idle


def test_trace__idle_collateral__is_in_no_total_and_earns_nothing() -> None:
    params = replace(PARAMS, curve=pools.EARNING)
    trace = replace(lent_out(idle=True), params=params).trace(pools.path(2000.0, 1750.0)[0])
    (event,) = trace.events
    assert trace.supplied[:, ETH].tolist() == [0.0, 0.0]
    assert event.seized_usd == pytest.approx(event.seized * 1750.0, rel=1e-12)


def test_run__the_same_account_in_a_category__is_liquidated_at_its_terms() -> None:
    accounts = pools.book([(ETH, 100.0, 0.0), (USD, 0.0, 150_000.0)])
    params = replace(PARAMS, categories=(pools.PAIR,))
    fallen = pools.path(2000.0, 1700.0)  # a health of 0.94, or of 1.04 in the category
    engine = pools.cascade(accounts, params=params)
    chosen = replace(engine, book=replace(accounts, category=np.array([1])))
    assert engine.run(fallen).liquidations[0] > 0
    assert chosen.run(fallen).liquidations[0] == 0
    (event,) = chosen.trace(pools.path(2000.0, 1620.0)[0]).events
    assert pools.PAIR.bonus_floor < event.bonus < pools.PAIR.bonus_cap


def test_run__a_category_that_is_not_there__says_so() -> None:
    accounts = replace(pools.book([(ETH, 1.0, 0.0)]), category=np.array([1]))
    with pytest.raises(InputError, match="only 0 categories"):
        pools.cascade(accounts).run(pools.path(2000.0, 1900.0))


def test_trace__debts_of_others__are_owed_all_along() -> None:
    trace = lent_out(idle=False).trace(pools.path(2000.0, 1900.0)[0])
    assert trace.borrowed[:, ETH].tolist() == [100.0, 100.0]
