"""The page `contracts/WORST_DAY.md`, step by step and to the last figure."""

from __future__ import annotations

import ape
import pytest

from tests._audit import audit
from tests._cast import DAY_S, FEED_DECIMALS, IDLE, MAX, SHARES, WAD, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, owner, supplier, borrower, stranger):
    """Suppliers of 100,001 USDC, an insurer of 5,000; 15,000 owed on 10 WETH."""
    usdc = still["USDC"]
    still.supply(supplier, usdc, 100_000)
    still.supply(stranger, usdc, 5_000)
    quickly(still.configurator.setInsurer, still.pool, usdc.id, stranger, sender=owner)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, usdc, 15_000)


def test_scene__health__is_1_107(pool, borrower):
    assert pool.healthFactor(borrower) * 1_000 // WAD == 1_106


# ---------------------------------------------------------------------------------- a feed dies


@pytest.fixture
def stale(chain, market, owner):
    """WETH's feed has stopped a day and a second ago; the others go on."""
    chain.mine(deltatime=DAY_S + 1)
    for symbol in ("USDC", "WBTC", "FINE", "CENT"):
        reserve = market[symbol]
        quickly(reserve.feed.set, reserve.asset.answer, sender=owner)


@pytest.mark.usefixtures("stale")
def test_dead_feed__its_collateral__lends_nothing_and_is_not_seized(
    pool, weth, usdc, borrower, liquidator
):
    with ape.reverts(pool.Undercollateralized, account=borrower, borrowLimit=0):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)
    with ape.reverts(pool.NoPrice, id=weth.id):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    with ape.reverts(pool.NotBadDebt, account=borrower):
        pool.writeOff(borrower, sender=liquidator)


@pytest.mark.usefixtures("stale")
def test_dead_feed__meanwhile__he_repays_adds_and_leaves(pool, weth, usdc, borrower):
    pool.supply(weth.id, weth.units(1), borrower, sender=borrower)
    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("stale")
def test_dead_feed__others__go_on(market, pool, wbtc, usdc, liquidator):
    market.supply(liquidator, wbtc, 1)
    pool.borrow(usdc.id, usdc.units(30_000), liquidator, liquidator, sender=liquidator)


def test_dead_feed__account_with_other_collateral__is_liquidated_on_that(
    chain, market, pool, wbtc, usdc, borrower, owner, liquidator
):
    market.supply(borrower, wbtc, 0.1)  # worth 6,000: not enough alone
    chain.mine(deltatime=DAY_S + 1)
    for reserve in (usdc, wbtc):
        quickly(reserve.feed.set, reserve.asset.answer, sender=owner)

    tx = pool.liquidate(borrower, usdc.id, wbtc.id, MAX, 0, liquidator, sender=liquidator)

    assert event(tx, pool.Liquidate).seized == wbtc.units(0.1)
    assert [*tx.decode_logs(pool.WriteOff)] == []


@pytest.mark.usefixtures("stale")
def test_dead_feed__back__everything_as_before(market, pool, weth, usdc, borrower):
    market.set_price(weth, 2_000)
    pool.borrow(usdc.id, usdc.units(1_000), borrower, borrower, sender=borrower)


def test_dead_feed__of_what_is_owed__liquidates_nobody(
    chain, market, pool, weth, usdc, owner, borrower, liquidator
):
    chain.mine(deltatime=DAY_S + 1)
    quickly(weth.feed.set, 100 * 10**FEED_DECIMALS, sender=owner)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


# ---------------------------------------------------------------------------------- a peg breaks


def test_broken_peg__collateral_in_it__loses_twelve_per_cent_of_its_health(
    market, pool, weth, usdc, supplier, liquidator
):
    market.supply(supplier, weth, 10)
    market.supply(liquidator, usdc, 12_000)
    market.borrow(liquidator, weth, 4)
    before = pool.healthFactor(liquidator)

    market.set_price(usdc, 0.88)

    assert pool.healthFactor(liquidator) == before * 88 // 100


def test_broken_peg__two_feeds_apart__lends_by_the_worse(
    project, market, pool, weth, usdc, owner, borrower, supplier
):
    average = owner.deploy(project.MockFeed, FEED_DECIMALS, 10**FEED_DECIMALS)
    quickly(market.configurator.setCautiousFeed, pool, usdc.id, average, sender=owner)
    quickly(average.set, 98 * 10**6, sender=owner)
    market.set_price(usdc, 0.88)

    # 15,000 owed count at 0.98, on a limit of 16,000: 1,326.530612 more.
    with ape.reverts(pool.Undercollateralized):
        pool.borrow(usdc.id, 1_326_530_613, borrower, borrower, sender=borrower)
    pool.borrow(usdc.id, 1_326_530_612, borrower, borrower, sender=borrower)
    assert pool.accountData(borrower).debtValue == 16_326_530_612 * 88 * WAD // 10**8


# ------------------------------------------------------------------------------ a gap of 60 %


def test_gap__of_sixty_per_cent__to_the_last_figure(
    market, pool, weth, usdc, supplier, borrower, liquidator, stranger
):
    market.set_price(weth, 800)
    assert pool.healthFactor(borrower) * 10_000 // WAD == 4_426

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log, loss, slash = (event(tx, e) for e in (pool.Liquidate, pool.WriteOff, pool.Slash))
    assert log.repaid == 7_619_047_620  # 8,000 / 1.05, rounded up
    assert (log.seized, log.fee) == (weth.units(10), 47_619_047_619_047_619)
    assert loss.assets == usdc.units(15_000) - log.repaid == 7_380_952_380
    assert slash.assets == usdc.units(5_000)
    assert loss.deficit == 2_380_952_380
    assert market.words(usdc).supply_index * 10**6 // WAD == 976_190
    assert pool.positions(borrower) == []
    audit(market, [supplier, borrower, liquidator, stranger])


# ------------------------------------------------------------------------------- cash runs out


@pytest.fixture
def dry(market, pool, wbtc, usdc, liquidator):
    """All that suppliers of USDC own is lent, 90,001 of it to the liquidator."""
    market.supply(liquidator, wbtc, 3)
    cash = pool.reserveData(usdc.id).cash
    quickly(pool.borrow, usdc.id, cash, liquidator, liquidator, sender=liquidator)


@pytest.mark.usefixtures("dry")
def test_no_cash__withdrawing__says_what_there_is(pool, usdc, supplier):
    with ape.reverts(pool.InsufficientCash, id=usdc.id, requested=1, available=0):
        pool.withdraw(usdc.id, 1, supplier, supplier, sender=supplier)


@pytest.mark.usefixtures("dry")
def test_no_cash__somebody_repays__room_for_as_much(pool, usdc, supplier, borrower):
    quickly(pool.repay, usdc.id, usdc.units(1_000), borrower, sender=borrower)
    pool.withdraw(usdc.id, usdc.units(1_000), supplier, supplier, sender=supplier)


@pytest.mark.usefixtures("dry")
def test_no_cash__of_idle_collateral__goes_out(market, pool, usdc, guardian):
    market.fund(guardian)
    market.supply(guardian, usdc, 500, idle=True)
    pool.withdraw(usdc.id | IDLE, MAX, guardian, guardian, sender=guardian)


@pytest.mark.usefixtures("dry")
def test_no_cash__liquidation_of_that_collateral__pays_in_shares(
    market, pool, weth, usdc, supplier, stranger, borrower
):
    """The supplier has borrowed 40 WETH on his USDC, and WETH has risen."""
    market.supply(borrower, weth, 90)
    market.borrow(supplier, weth, 36)
    market.set_price(weth, 2_200)

    with ape.reverts(pool.InsufficientCash, id=usdc.id):
        pool.liquidate(supplier, weth.id, usdc.id, MAX, 0, stranger, sender=stranger)
    before = pool.balanceOf(stranger, usdc.id)
    pool.liquidate(supplier, weth.id, usdc.id, MAX, SHARES, stranger, sender=stranger)

    assert pool.balanceOf(stranger, usdc.id) > before


@pytest.mark.usefixtures("dry")
def test_no_cash__write_off__needs_none(market, pool, weth, usdc, borrower, stranger):
    market.set_price(weth, 1)
    pool.writeOff(borrower, sender=stranger)
    assert pool.debtBalance(borrower, usdc.id) == 0
