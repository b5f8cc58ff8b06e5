"""The views: balances against the reader, values, limits and everything about a reserve."""

from __future__ import annotations

from decimal import Decimal

import ape
import pytest

from tests._cast import MAX, WAD, YEAR_S, Terms, decode_words, div_up, quickly

NO_IDLE_CAP = 2**93 - 1


@pytest.mark.usefixtures("aged")
def test_supply_balance__with_interest__is_rounded_down(market, pool, usdc, supplier):
    index = pool.reserveData(usdc.id).supplyIndex
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(100_000) * index // WAD
    assert usdc.units(100_000) * index % WAD


@pytest.mark.usefixtures("aged")
def test_debt_balance__with_interest__is_rounded_up(market, pool, usdc, borrower):
    index = pool.reserveData(usdc.id).debtIndex
    assert pool.debtBalance(borrower, usdc.id) == div_up(usdc.units(10_000) * index, WAD)
    assert usdc.units(10_000) * index % WAD


def test_balances__of_a_stranger__are_zero(pool, usdc, stranger):
    assert pool.supplyBalance(stranger, usdc.id) == pool.debtBalance(stranger, usdc.id) == 0


@pytest.mark.parametrize("view", ["supplyBalance", "debtBalance"])
def test_balances__of_an_unknown_reserve__refused(pool, supplier, view):
    with ape.reverts(pool.UnknownReserve, id=64):
        getattr(pool, view)(supplier, 64)


@pytest.mark.parametrize("view", ["reserveData", "reserveWords"])
def test_reserve_views__of_an_unknown_reserve__refused(pool, view):
    with ape.reverts(pool.UnknownReserve, id=5):
        getattr(pool, view)(5)


def test_account_data__of_a_borrower__follows_price_and_parameters(still, supplier, borrower):
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.supply(borrower, still["WBTC"], 0.5)
    still.borrow(borrower, still["USDC"], 10_000)

    data = still.pool.accountData(borrower)

    assert data.collateralValue == 50_000 * WAD
    assert data.debtValue == 10_000 * WAD
    assert data.borrowLimit == (16_000 + 21_900) * WAD
    assert data.liquidationLimit == (16_600 + 23_400) * WAD
    assert data.health == 4 * WAD
    assert data.unpriced is False
    assert still.pool.healthFactor(borrower) == data.health


def test_account_data__values__round_against_the_account(still, supplier, borrower):
    """A unit of FINE is worth less than a unit of value: as collateral nothing, as debt one."""
    fine, weth = still["FINE"], still["WETH"]
    quickly(still.pool.supply, fine.id, 1, borrower, sender=borrower)
    assert still.pool.accountData(borrower).collateralValue == 0

    still.supply(supplier, weth, 1)
    quickly(still.pool.borrow, fine.id, 1, supplier, supplier, sender=supplier)
    assert still.pool.accountData(supplier).debtValue == 1


def test_health_factor__without_debt__is_the_largest_number(market, pool, weth, supplier):
    market.supply(supplier, weth, 1)
    assert pool.healthFactor(supplier) == MAX


@pytest.mark.parametrize(("broken", "unpriced"), [("WETH", True), ("USDC", True), ("WBTC", False)])
@pytest.mark.usefixtures("indebted")
def test_account_data__an_asset_without_price__says_so(market, pool, borrower, broken, unpriced):
    quickly(market[broken].feed.kill, True, sender=borrower)
    assert pool.accountData(borrower).unpriced is unpriced


def test_reserve_data__as_listed__shows_every_parameter(pool, weth):
    data, asset = pool.reserveData(weth.id), weth.asset

    assert (data.token, data.feed) == (weth.token, weth.feed)
    assert data.rateModel == "0x" + "00" * 20
    assert (data.paused, data.frozen, data.borrowable) == (False, False, True)
    assert (data.supplyCap, data.borrowCap) == (MAX, MAX)
    assert (data.idleAssets, data.idleCap, data.minDebt) == (0, NO_IDLE_CAP, 0)
    assert data.outflowRoom == MAX
    assert (data.price, data.priceDecimals, data.maxAge) == (asset.answer, 26, asset.max_age_s)
    bps = WAD // 10_000
    assert data.ltv == asset.ltv_bps * bps
    assert data.threshold == asset.threshold_bps * bps
    assert (data.bonusFloor, data.bonusCap) == (250 * bps, 500 * bps)
    assert (data.liquidationFee, data.reserveFactor) == (WAD // 10, WAD // 10)
    assert data.curve == 0 | 90 << 10 | 40 << 17 | 60 << 27


def test_reserve_data__lent_to_the_kink__shows_rates_and_amounts(
    market, pool, usdc, weth, supplier, borrower
):
    market.supply(supplier, usdc, 9_999)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 9_000)

    data = pool.reserveData(usdc.id)

    assert data.utilization == pytest.approx(0.9 * WAD, rel=1e-9)
    assert data.borrowRate * YEAR_S == pytest.approx(0.04 * WAD, rel=1e-9)
    assert data.supplyRate * YEAR_S == pytest.approx(0.04 * 0.9 * 0.9 * WAD, rel=1e-8)
    assert data.supplyAssets == pytest.approx(usdc.units(10_000), abs=10)
    assert data.debtAssets == pytest.approx(usdc.units(9_000), abs=10)
    assert data.cash == data.supplyAssets - data.debtAssets


def test_reserve_data__more_debt_than_supply__cuts_utilization_and_cash(
    market, pool, usdc, weth, supplier, borrower
):
    """All is lent, and the protocol's part of the interest is debt that no supplier owns."""
    market.supply(supplier, usdc, 9_999)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 10_000)
    market.wait(YEAR_S)

    data = pool.reserveData(usdc.id)

    assert data.debtAssets > data.supplyAssets
    assert (data.utilization, data.cash) == (WAD, 0)
    assert data.borrowRate * YEAR_S == pytest.approx(0.64 * WAD, rel=1e-9)


def test_reserve_data__donation__is_buffer_and_nothing_else(market, pool, usdc, stranger):
    before = pool.reserveData(usdc.id)

    quickly(usdc.token.transfer, pool, usdc.units(7), sender=stranger)

    after = pool.reserveData(usdc.id)
    assert after.buffer == before.buffer + usdc.units(7)
    for name in ("supplyAssets", "debtAssets", "supplyIndex", "cash", "utilization"):
        assert getattr(after, name) == getattr(before, name)


def test_reserve_words__as_listed__unpack_to_what_was_configured(market, pool, weth):
    raw = pool.reserveWords(weth.id)

    words = decode_words(raw.interest, raw.totals)
    assert (words.supply_index, words.debt_index) == (WAD, WAD)
    assert (words.supply_shares, words.debt_shares) == (weth.units(1), 0)
    assert words.reserve_factor_percent == 10
    assert words.borrowable
    assert not words.external_model
    assert raw.risk & (1 << 160) - 1 == int(weth.feed.address, 16)
    assert raw.token == int(weth.token.address, 16) | NO_IDLE_CAP << 160
    assert (raw.model, raw.ramp, raw.outflow, raw.idleCap) == (0, 0, 0, NO_IDLE_CAP)


def test_reserve_id__of_each_token__is_its_place_in_the_list(market, pool):
    assert [pool.reserveId(r.token) for r in market.reserves.values()] == [0, 1, 2, 3, 4]
    assert pool.reserveCount() == 5


def test_reserve_id__of_another_token__refused(pool, supplier):
    with ape.reverts(pool.UnknownReserve, id=MAX):
        pool.reserveId(supplier)


def test_liquidation_terms__as_set__are_shown_in_wad(pool):
    terms = Terms()
    assert pool.liquidationTerms() == (
        terms.target_health_bps * WAD // 10_000,
        terms.full_health_bps * WAD // 10_000,
        terms.dust_usd * WAD,
        terms.write_off_below_usd * WAD,
        terms.model,
    )


def test_account_data__many_decimals__are_priced_alike(still, supplier):
    """The same thousand dollars in tokens of 2, 6, 8, 18 and 24 decimals."""
    values = []
    for reserve in still.reserves.values():
        with ape.chain.isolate():
            still.supply(supplier, reserve, Decimal(3_000) / Decimal(str(reserve.asset.price_usd)))
            values.append(still.pool.accountData(supplier).collateralValue)

    assert values == [3_000 * WAD] * 5
