"""Supplies that sit idle: one share is one raw unit, nobody lends it on, and it is collateral all the
same.
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import IDLE, MAX, SHARES, SUPPLY, WAD, YEAR_S, event, quickly

LARGEST_CAP = 2**93 - 1


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def idle_weth(weth):
    """The position id."""
    return weth.id | IDLE


@pytest.fixture
def resting(market, supplier, borrower, weth, usdc):
    """The borrower has 10 WETH idle, worth 20,000; there are 100,000 USDC to borrow."""
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10, idle=True)


# ------------------------------------------------------------------------------------ supplying


def test_supply_idle__first__takes_the_tokens_and_lends_nothing_of_them(
    pool, weth, idle_weth, supplier
):
    before, words = weth.token.balanceOf(supplier), pool.reserveWords(weth.id)

    pool.supply(idle_weth, weth.units(2), supplier, sender=supplier)

    assert weth.token.balanceOf(supplier) == before - weth.units(2)
    assert pool.supplyBalance(supplier, weth.id) == weth.units(2)
    assert pool.reserveWords(weth.id).totals == words.totals
    assert pool.reserveData(weth.id).idleAssets == weth.units(2)


def test_supply_idle__first__is_shown_as_idle_collateral(pool, weth, idle_weth, supplier):
    pool.supply(idle_weth, weth.units(2), supplier, sender=supplier)

    (position,) = pool.positions(supplier)
    assert (position.id, position.supplyShares) == (weth.id, weth.units(2))
    assert (position.idle, position.collateral) == (True, True)
    held = [pool.balanceOf(supplier, position) for position in (weth.id, idle_weth)]
    assert held == [0, weth.units(2)]


@pytest.mark.parametrize("bit", [0, SHARES])
def test_supply_idle__in_assets_or_shares__is_the_same(pool, weth, idle_weth, supplier, bit):
    tx = pool.supply(idle_weth, bit | 7, supplier, sender=supplier)

    log = event(tx, pool.SupplyIdle)
    assert (log.id, log.account, log.caller, log.assets) == (weth.id, supplier, supplier, 7)
    assert log.token == pool.reserveWords(weth.id).token
    assert tuple(tx.return_value) == (7, 7)


@pytest.mark.parametrize("nothing", [0, SHARES])
def test_supply_idle__nothing__refused(pool, idle_weth, supplier, nothing):
    with ape.reverts(pool.ZeroAmount):
        pool.supply(idle_weth, nothing, supplier, sender=supplier)


@pytest.mark.parametrize(
    ("name", "error"), [("freeze", "ReserveFrozen"), ("pause", "ReservePaused")]
)
def test_supply_idle__closed_reserve__refused(
    market, pool, weth, idle_weth, owner, supplier, name, error
):
    quickly(getattr(market.configurator, name), pool, weth.id, sender=owner)

    with ape.reverts(getattr(pool, error), id=weth.id):
        pool.supply(idle_weth, 1, supplier, sender=supplier)


def test_supply_idle__opens_for_another_without_authorization__refused(
    pool, idle_weth, supplier, stranger
):
    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=SUPPLY):
        pool.supply(idle_weth, 1, supplier, sender=stranger)


def test_supply_idle__tops_up_another__needs_no_authorization(
    market, pool, weth, idle_weth, supplier, stranger
):
    market.supply(supplier, weth, 1, idle=True)

    pool.supply(idle_weth, weth.units(1), supplier, sender=stranger)

    assert pool.balanceOf(supplier, idle_weth) == weth.units(2)


@pytest.mark.parametrize("idle", [False, True])
def test_supply__in_the_other_mode__refused(market, pool, weth, supplier, idle):
    market.supply(supplier, weth, 1, idle=idle)
    other = weth.id | IDLE * (not idle)

    with ape.reverts(pool.OtherMode, account=supplier, positionId=other):
        pool.supply(other, 1, supplier, sender=supplier)


@pytest.mark.parametrize("idle", [False, True])
def test_supply__in_the_other_mode_of_another_reserve__accepted(
    market, pool, weth, usdc, supplier, idle
):
    market.supply(supplier, weth, 1, idle=idle)

    pool.supply(usdc.id | IDLE * (not idle), 1, supplier, sender=supplier)

    assert [p.idle for p in pool.positions(supplier)] == [idle, not idle]


# -------------------------------------------------------------------------------------- its cap


@pytest.fixture
def capped(market, configurator, pool, weth, owner):
    """Three WETH may sit idle."""
    quickly(market.configurator.setIdleCap, pool, weth.id, weth.units(3), sender=owner)


@pytest.mark.usefixtures("capped")
def test_supply_idle__up_to_the_cap__accepted(market, pool, weth, idle_weth, supplier, stranger):
    market.supply(stranger, weth, 1, idle=True)

    pool.supply(idle_weth, weth.units(2), supplier, sender=supplier)

    data = pool.reserveData(weth.id)
    assert data.idleAssets == data.idleCap == weth.units(3)


@pytest.mark.usefixtures("capped")
def test_supply_idle__a_unit_above_the_cap__refused(
    market, pool, weth, idle_weth, supplier, stranger
):
    market.supply(stranger, weth, 1, idle=True)
    room = weth.units(2)

    with ape.reverts(pool.IdleCapExceeded, id=weth.id, assets=room + 1, room=room):
        pool.supply(idle_weth, room + 1, supplier, sender=supplier)


def test_supply_idle__supply_cap_of_zero__does_not_matter(market, pool, weth, idle_weth, supplier):
    market.set_limits(weth, supply_cap=0)
    pool.supply(idle_weth, weth.units(1), supplier, sender=supplier)
    assert pool.balanceOf(supplier, idle_weth) == weth.units(1)


@pytest.mark.parametrize(("asked", "kept"), [(1, 2), (2, 2), (3, 3)])
def test_set_idle_cap__below_what_sits_idle__stops_there(
    market, pool, weth, owner, supplier, asked, kept
):
    market.supply(supplier, weth, 2, idle=True)

    tx = market.configurator.setIdleCap(pool, weth.id, weth.units(asked), sender=owner)

    data = pool.reserveData(weth.id)
    assert tx.return_value == data.idleCap == weth.units(kept)
    assert data.idleAssets == weth.units(2)
    assert event(tx, pool.ReserveConfigured).words == pool.reserveWords(weth.id)


# ---------------------------------------------------------------------------------- withdrawing


@pytest.mark.usefixtures("resting")
def test_withdraw_idle__part__pays_it_out_and_leaves_the_rest(pool, weth, idle_weth, borrower):
    before = weth.token.balanceOf(borrower)

    tx = pool.withdraw(idle_weth, weth.units(4), borrower, borrower, sender=borrower)

    assert weth.token.balanceOf(borrower) == before + weth.units(4)
    assert pool.balanceOf(borrower, idle_weth) == weth.units(6)
    log = event(tx, pool.WithdrawIdle)
    assert (log.id, log.account, log.caller, log.to) == (weth.id, borrower, borrower, borrower)
    assert (log.assets, log.token) == (weth.units(4), pool.reserveWords(weth.id).token)


@pytest.mark.usefixtures("resting")
def test_withdraw_idle__all__leaves_nothing(pool, weth, idle_weth, borrower):
    tx = pool.withdraw(idle_weth, MAX, borrower, borrower, sender=borrower)

    assert tuple(tx.return_value) == (weth.units(10), weth.units(10))
    assert pool.positions(borrower) == []
    assert pool.reserveData(weth.id).idleAssets == 0


@pytest.mark.usefixtures("resting")
def test_withdraw_idle__a_unit_more_than_held__refused(pool, weth, idle_weth, borrower):
    held = weth.units(10)
    with ape.reverts(pool.InsufficientShares, positionId=idle_weth, requested=held + 1, held=held):
        pool.withdraw(idle_weth, held + 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("resting")
def test_withdraw__as_earning_what_sits_idle__refused(pool, weth, borrower):
    with ape.reverts(pool.InsufficientShares, positionId=weth.id, requested=1, held=0):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize("closed", ["freeze", "pause"])
def test_withdraw_idle__closed_reserve__never_stopped(
    market, pool, weth, idle_weth, owner, borrower, closed
):
    quickly(getattr(market.configurator, closed), pool, weth.id, sender=owner)
    pool.withdraw(idle_weth, MAX, borrower, borrower, sender=borrower)
    assert pool.positions(borrower) == []


@pytest.mark.usefixtures("resting")
def test_withdraw_idle__all_that_earns_is_lent__accepted(
    market, pool, weth, idle_weth, borrower, stranger
):
    market.supply(stranger, market["USDC"], 10_000)
    market.borrow(stranger, weth, 1)  # all that earns
    assert pool.reserveData(weth.id).cash == 0

    pool.withdraw(idle_weth, MAX, borrower, borrower, sender=borrower)

    assert pool.positions(borrower) == []


@pytest.mark.usefixtures("resting")
def test_borrow__what_sits_idle__refused(market, pool, weth, usdc, stranger):
    market.supply(stranger, usdc, 10_000)
    cash = weth.units(1)  # the seed

    with ape.reverts(pool.InsufficientCash, id=weth.id, requested=cash + 1, available=cash):
        pool.borrow(weth.id, cash + 1, stranger, stranger, sender=stranger)


def test_supply_idle__for_a_year__earns_nothing(worlds, supplier, borrower, stranger):
    market = worlds.living
    weth, usdc = market["WETH"], market["USDC"]
    market.supply(supplier, weth, 10)
    market.supply(stranger, weth, 10, idle=True)
    market.supply(borrower, usdc, 20_000)
    market.borrow(borrower, weth, 5)

    market.wait(YEAR_S)

    assert market.pool.supplyBalance(supplier, weth.id) > weth.units(10)
    assert market.pool.supplyBalance(stranger, weth.id) == weth.units(10)


# ---------------------------------------------------------------------------------- as collateral


@pytest.mark.usefixtures("resting")
def test_borrow__against_idle__up_to_the_limit(pool, usdc, borrower):
    pool.borrow(usdc.id, usdc.units(16_000), borrower, borrower, sender=borrower)

    data = pool.accountData(borrower)
    assert data.collateralValue == 20_000 * WAD
    assert data.debtValue == data.borrowLimit == 16_000 * WAD


@pytest.mark.usefixtures("resting")
def test_borrow__against_idle__a_unit_above_the_limit__refused(pool, usdc, borrower):
    with ape.reverts(
        pool.Undercollateralized, debtValue=16_000 * WAD + 10**12, borrowLimit=16_000 * WAD
    ):
        pool.borrow(usdc.id, usdc.units(16_000) + 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("resting")
def test_withdraw_idle__a_unit_below_the_limit__refused(
    market, pool, weth, idle_weth, usdc, borrower
):
    market.borrow(borrower, usdc, 8_000)
    quickly(pool.withdraw, idle_weth, weth.units(5), borrower, borrower, sender=borrower)

    with ape.reverts(
        pool.Undercollateralized, debtValue=8_000 * WAD, borrowLimit=8_000 * WAD - 1_600
    ):
        pool.withdraw(idle_weth, 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("resting")
def test_set_collateral__of_idle__is_told_by_the_reserve(pool, weth, borrower):
    pool.setCollateral(weth.id, False, borrower, sender=borrower)
    assert pool.accountData(borrower).collateralValue == 0


# ---------------------------------------------------------------------------------- liquidation


@pytest.fixture
def unhealthy(resting, market, weth, usdc, borrower):
    """The borrower owes 15,000 USDC; WETH falls under full health, to 1,600: bonus 5 %."""
    market.borrow(borrower, usdc, 15_000)
    market.set_price(weth, 1_600)


@pytest.mark.usefixtures("unhealthy")
def test_liquidate__idle__pays_it_out_and_keeps_the_fee_as_buffer(
    pool, weth, usdc, idle_weth, borrower, liquidator
):
    before = weth.token.balanceOf(liquidator)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert log.seized == log.seizedShares == weth.units(9.84375)
    assert weth.token.balanceOf(liquidator) == before + log.seized - log.fee
    assert pool.balanceOf(borrower, idle_weth) == weth.units(10) - log.seized
    assert pool.reserveData(weth.id).buffer == log.fee > 0
    assert pool.reserveData(weth.id).idleAssets == weth.units(10) - log.seized


@pytest.mark.usefixtures("unhealthy")
def test_liquidate__idle__emits_the_token_word(pool, weth, usdc, borrower, liquidator):
    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.Liquidate)
    words = pool.reserveWords(weth.id)
    assert (log.collateralInterest, log.collateralTotals) == (0, words.token)


@pytest.mark.usefixtures("unhealthy")
def test_liquidate__idle_for_shares__hands_them_over_idle(
    pool, weth, usdc, idle_weth, borrower, liquidator
):
    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, SHARES, liquidator, sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert event(tx, pool.Transfer).id == idle_weth
    assert pool.balanceOf(liquidator, idle_weth) == log.seized - log.fee
    assert pool.reserveData(weth.id).buffer == log.fee


@pytest.mark.usefixtures("unhealthy")
def test_liquidate__idle_for_shares_to_one_whose_supply_earns__refused(
    market, pool, weth, usdc, idle_weth, borrower, liquidator
):
    market.supply(liquidator, weth, 1)

    with ape.reverts(pool.OtherMode, account=liquidator, positionId=idle_weth):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, SHARES, liquidator, sender=liquidator)


@pytest.mark.usefixtures("unhealthy")
def test_liquidate__idle_of_a_reserve_that_is_all_lent__accepted(
    market, pool, weth, usdc, borrower, liquidator, stranger
):
    market.supply(stranger, usdc, 10_000)
    market.borrow(stranger, weth, 1)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) == 0


@pytest.mark.usefixtures("unhealthy")
def test_write_off__idle_collateral__is_forfeited_with_the_token_word(
    market, pool, weth, borrower, stranger
):
    market.set_price(weth, 5)

    tx = pool.writeOff(borrower, sender=stranger)

    log = event(tx, pool.Forfeit)
    assert (log.id, log.account, log.assets) == (weth.id, borrower, weth.units(10))
    assert (log.interest, log.totals) == (0, pool.reserveWords(weth.id).token)
    data = pool.reserveData(weth.id)
    assert (data.buffer, data.idleAssets) == (weth.units(10), 0)
    assert pool.positions(borrower) == []


@pytest.mark.usefixtures("unhealthy")
def test_write_off__of_everything_that_earns__spares_what_sits_idle(
    market, pool, weth, usdc, idle_weth, supplier, stranger, borrower
):
    """A supply that nobody lends on bears nobody's loss."""
    market.supply(stranger, usdc, 5_000, idle=True)
    market.set_price(weth, 5)

    pool.writeOff(borrower, sender=stranger)

    assert pool.supplyBalance(supplier, usdc.id) < usdc.units(90_000)
    pool.withdraw(usdc.id | IDLE, MAX, stranger, stranger, sender=stranger)
    assert pool.positions(stranger) == []


# --------------------------------------------------------------------------------------- the bound


def test_set_idle_cap__none__is_the_largest_there_is(market, pool, weth, owner):
    quickly(market.configurator.setIdleCap, pool, weth.id, 0, sender=owner)
    market.configurator.setIdleCap(pool, weth.id, MAX, sender=owner)
    assert pool.reserveData(weth.id).idleCap == LARGEST_CAP


def test_set_idle_cap__of_more_bits__refused(market, pool, weth, owner):
    with ape.reverts(market.configurator.IdleCapOutOfRange, cap=LARGEST_CAP + 1):
        market.configurator.setIdleCap(pool, weth.id, LARGEST_CAP + 1, sender=owner)


def test_set_idle_cap__the_largest__accepted(market, pool, weth, owner):
    market.configurator.setIdleCap(pool, weth.id, LARGEST_CAP, sender=owner)
    assert pool.reserveData(weth.id).idleCap == LARGEST_CAP
