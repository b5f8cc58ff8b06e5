"""Interest: exactly once per interval, to the unit, and shared as the reserve factor says.

x = rate * dt          growth = x + x^2 / 2 + x^3 / 6
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests._cast import DAY_S, MAX, WAD, YEAR_S, Words, decode_words, div_up, event, quickly, stored

MAX_RATE = 20 * WAD // YEAR_S
MASK_88 = 2**88 - 1


def growth(rate: int, elapsed_s: int) -> int:
    x = rate * elapsed_s
    second = x * x // (2 * WAD)
    return x + second + second * x // (3 * WAD)


def rate_of(words: Words) -> int:
    """The default curve: 4 % at the kink of 90 %, 64 % when all is lent."""
    u = min(words.debt_assets * WAD // words.supply_assets, WAD)
    kink = 90 * WAD // 100
    annual = (
        WAD * 4 // 100 * u // kink
        if u <= kink
        else WAD * 4 // 100 + WAD * 60 // 100 * (u - kink) // (WAD - kink)
    )
    return annual // YEAR_S


def after(words: Words, now_s: int, rate: int) -> Words:
    """The reserve at a later time, in the contract's own integers."""
    debt_index = words.debt_index + div_up(
        words.debt_index * growth(rate, now_s - words.timestamp_s), WAD
    )
    interest = words.debt_shares * (debt_index - words.debt_index)
    supply_index = (
        words.supply_index
        + interest * (100 - words.reserve_factor_percent) // 100 // words.supply_shares
    )
    return replace(words, debt_index=debt_index, supply_index=supply_index, timestamp_s=now_s)


@pytest.fixture
def lend(market, supplier, borrower, usdc, weth):
    """Lends a part of the reserve of USDC, which is 100,000 in all."""

    def run(part):
        market.supply(supplier, usdc, 99_999)
        market.supply(borrower, weth, 100)
        market.borrow(borrower, usdc, 100_000 * part)

    return run


@pytest.mark.parametrize("part", [0.01, 0.45, 0.9, 0.95, 1])
def test_accrue__anywhere_on_the_curve__charges_the_formula_to_the_unit(
    market, pool, usdc, supplier, lend, part
):
    lend(part)
    before = market.words(usdc)
    market.wait(30 * DAY_S)

    log = event(pool.accrue(usdc.id, sender=supplier), pool.Accrued)

    stored = decode_words(log.interest, log.totals)
    assert stored.timestamp_s - before.timestamp_s >= 30 * DAY_S
    assert stored == after(before, stored.timestamp_s, rate_of(before))


def test_accrue__any__stores_what_it_emits(market, pool, usdc, supplier, lend):
    lend(0.5)
    market.wait(DAY_S)

    log = event(pool.accrue(usdc.id, sender=supplier), pool.Accrued)

    assert log.id == usdc.id
    assert (log.interest, log.totals) == stored(pool, usdc)


def test_accrue__without_debt__leaves_the_indices(market, pool, weth, supplier):
    market.supply(supplier, weth, 1)
    market.wait(30 * DAY_S)

    log = event(pool.accrue(weth.id, sender=supplier), pool.Accrued)

    words = decode_words(log.interest, log.totals)
    assert (words.supply_index, words.debt_index) == (WAD, WAD)


def test_accrue__a_year_of_idleness__is_not_charged_to_the_first_borrower(
    market, pool, usdc, weth, supplier, borrower
):
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.wait(YEAR_S)

    tx = pool.borrow(usdc.id, usdc.units(5_000), borrower, borrower, sender=borrower)

    log = event(tx, pool.Borrow)
    assert log.shares == usdc.units(5_000)
    assert decode_words(log.interest, log.totals).timestamp_s == tx.timestamp // 1


def test_accrue__twice_in_a_block__charges_once(market, pool, chain, usdc, supplier, lend):
    lend(0.5)
    market.wait(30 * DAY_S)
    quickly(pool.accrue, usdc.id, sender=supplier)
    once = market.words(usdc)
    chain.provider.make_request("anvil_setBlockTimestampInterval", [0])

    quickly(pool.accrue, usdc.id, sender=supplier)

    chain.provider.make_request("anvil_removeBlockTimestampInterval", [])
    assert market.words(usdc) == once


def test_accrue__in_two_steps__comes_closer_to_the_exponential_from_below(
    market, pool, chain, usdc, supplier, lend
):
    market.set_rates(usdc, curve=(1_000, 100, 0, 0))  # 10 % a year, whatever is lent
    lend(0.5)
    with chain.isolate():
        market.wait(YEAR_S)
        quickly(pool.accrue, usdc.id, sender=supplier)
        at_once = market.words(usdc).debt_index / WAD
    for _ in range(2):
        market.wait(YEAR_S // 2)
        quickly(pool.accrue, usdc.id, sender=supplier)
    in_two = market.words(usdc).debt_index / WAD

    a_minute = 0.1 / 525_600
    assert at_once == pytest.approx(1 + 0.1 + 0.1**2 / 2 + 0.1**3 / 6, abs=a_minute)
    assert at_once + 2e-6 < in_two < math.exp(0.1) + a_minute


def test_accrue__reserve_factor__splits_interest_between_suppliers_and_buffer(
    market, pool, usdc, supplier, lend
):
    lend(0.9)
    before = market.words(usdc)
    market.wait(YEAR_S)
    quickly(pool.accrue, usdc.id, sender=supplier)

    words = market.words(usdc)
    interest = words.debt_assets - before.debt_assets
    income = pool.reserveData(usdc.id).buffer
    assert income == pytest.approx(interest // 10, abs=2)
    assert words.supply_assets - before.supply_assets == pytest.approx(interest * 9 // 10, abs=2)


@pytest.mark.parametrize("percent", [0, 100])
def test_accrue__extreme_reserve_factor__gives_suppliers_all_or_nothing(
    market, pool, usdc, supplier, lend, percent
):
    market.set_rates(usdc, reserve_factor_percent=percent)
    lend(0.9)
    before = market.words(usdc)
    market.wait(YEAR_S)
    quickly(pool.accrue, usdc.id, sender=supplier)

    words = market.words(usdc)
    interest = words.debt_assets - before.debt_assets
    earned = words.supply_assets - before.supply_assets
    assert earned == pytest.approx(interest * (100 - percent) // 100, abs=2)


def test_views__before_accruing__show_what_accruing_stores(
    market, pool, chain, usdc, supplier, borrower, lend
):
    lend(0.9)
    market.wait(30 * DAY_S)
    now = chain.blocks.head.timestamp
    shown = pool.reserveData(usdc.id)
    chain.provider.make_request("anvil_setBlockTimestampInterval", [0])

    quickly(pool.accrue, usdc.id, sender=supplier)

    chain.provider.make_request("anvil_removeBlockTimestampInterval", [])
    words = market.words(usdc)
    assert words.timestamp_s == now
    assert (shown.supplyIndex, shown.debtIndex) == (words.supply_index, words.debt_index)
    assert (shown.supplyAssets, shown.debtAssets) == (words.supply_assets, words.debt_assets)


# ------------------------------------------------------------------------------------ the far end


@pytest.fixture
def eternity(market, project, owner, usdc, lend):
    """All is lent at the fastest rate there is, and nobody calls for 79 years."""
    lend(1)
    model = owner.deploy(project.MockRateModel, 0, MAX)
    market.set_rates(usdc, rate_model=model.address)
    market.wait(79 * YEAR_S)


@pytest.mark.usefixtures("eternity")
def test_accrue__index_at_its_end__stays_there(market, pool, usdc, supplier):
    log = event(pool.accrue(usdc.id, sender=supplier), pool.Accrued)

    assert decode_words(log.interest, log.totals).debt_index == MASK_88


@pytest.mark.usefixtures("eternity")
def test_accrue__index_at_its_end__lets_everybody_leave(
    market, pool, usdc, weth, supplier, borrower
):
    quickly(pool.accrue, usdc.id, sender=supplier)
    quickly(usdc.token.mint, borrower, 10**20, sender=borrower)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier)
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)

    assert pool.positions(supplier) == pool.positions(borrower) == []
