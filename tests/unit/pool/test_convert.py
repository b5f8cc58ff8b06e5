"""A whole supply that stops to earn, or starts again."""

from __future__ import annotations

import ape
import pytest

from tests._cast import COLLATERAL, DAY_S, IDLE, MAX, WAD, WITHDRAW, decode_words, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def supplied(market, supplier, usdc):
    """The supplier has 1,000 USDC that earn."""
    market.supply(supplier, usdc, 1_000)


@pytest.fixture
def resting(market, supplier, usdc):
    """The supplier has 1,000 USDC that sit idle."""
    market.supply(supplier, usdc, 1_000, idle=True)


@pytest.mark.parametrize("idle", [True, False])
def test_convert__either_way__keeps_the_balance(market, pool, usdc, supplier, idle):
    market.supply(supplier, usdc, 1_000, idle=not idle)
    held = usdc.token.balanceOf(pool)

    tx = pool.convert(usdc.id, idle, supplier, sender=supplier)

    assert [(p.idle, p.supplyShares) for p in pool.positions(supplier)] == [
        (idle, usdc.units(1_000))
    ]
    data = pool.reserveData(usdc.id)
    assert data.idleAssets == usdc.units(1_000) * idle
    assert data.supplyAssets == usdc.units(1) + usdc.units(1_000) * (not idle)
    assert usdc.token.balanceOf(pool) == held
    assert tuple(tx.return_value) == (usdc.units(1_000),) * 2


@pytest.mark.parametrize("idle", [True, False])
def test_convert__either_way__emits_the_new_words(market, pool, usdc, supplier, idle):
    market.supply(supplier, usdc, 1_000, idle=not idle)

    tx = pool.convert(usdc.id, idle, supplier, sender=supplier)

    log, words = event(tx, pool.Converted), pool.reserveWords(usdc.id)
    assert (log.id, log.account, log.caller, log.idle) == (usdc.id, supplier, supplier, idle)
    assert (log.assets, log.shares) == (usdc.units(1_000),) * 2
    assert (log.interest, log.totals, log.token) == (words.interest, words.totals, words.token)


@pytest.mark.parametrize("collateral", [True, False])
@pytest.mark.parametrize("idle", [True, False])
def test_convert__either_way__keeps_the_collateral_switch(
    market, pool, usdc, supplier, idle, collateral
):
    market.supply(supplier, usdc, 1_000, idle=not idle)
    quickly(pool.setCollateral, usdc.id, collateral, supplier, sender=supplier)

    pool.convert(usdc.id, idle, supplier, sender=supplier)

    assert [p.collateral for p in pool.positions(supplier)] == [collateral]


@pytest.mark.parametrize("idle", [True, False])
def test_convert__nothing_in_the_other_mode__refused(market, pool, usdc, supplier, idle):
    market.supply(supplier, usdc, 1_000, idle=idle)
    with ape.reverts(pool.NoPosition, account=supplier, id=usdc.id):
        pool.convert(usdc.id, idle, supplier, sender=supplier)


def test_convert__unknown_reserve__refused(pool, supplier):
    with ape.reverts(pool.UnknownReserve, id=64):
        pool.convert(64, True, supplier, sender=supplier)


def test_convert__to_idle_after_interest__takes_it_along_rounded_down(worlds, supplier, borrower):
    living = worlds.living
    pool, usdc = living.pool, living["USDC"]
    living.supply(supplier, usdc, 100_000)
    living.supply(borrower, living["WETH"], 10)
    living.borrow(borrower, usdc, 10_000)
    living.wait(100 * DAY_S)
    living.supply(borrower, usdc, 20_000)  # cash for the part that is lent
    shares = pool.balanceOf(supplier, usdc.id)

    log = event(pool.convert(usdc.id, True, supplier, sender=supplier), pool.Converted)

    index = decode_words(log.interest, log.totals).supply_index
    assert log.assets == log.shares == shares * index // WAD > usdc.units(100_000)


# ------------------------------------------------------------------------------------ what may stop it


@pytest.mark.usefixtures("supplied")
def test_convert__to_idle_of_what_is_lent__refused(market, pool, usdc, weth, supplier, borrower):
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 2)
    with ape.reverts(
        pool.InsufficientCash,
        id=usdc.id,
        requested=usdc.units(1_000),
        available=usdc.units(999),
    ):
        pool.convert(usdc.id, True, supplier, sender=supplier)


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize(("cap", "accepted"), [(1_000, True), (999, False)])
def test_convert__to_idle_above_its_cap__refused(
    market, pool, usdc, owner, supplier, cap, accepted
):
    quickly(market.configurator.setIdleCap, pool, usdc.id, usdc.units(cap), sender=owner)
    if accepted:
        pool.convert(usdc.id, True, supplier, sender=supplier)
    else:
        room = usdc.units(999)
        with ape.reverts(pool.IdleCapExceeded, id=usdc.id, assets=usdc.units(1_000), room=room):
            pool.convert(usdc.id, True, supplier, sender=supplier)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(("cap", "accepted"), [(1_100, True), (1_000, False)])
def test_convert__to_earning_above_the_supply_cap__refused(
    market, pool, usdc, supplier, cap, accepted
):
    market.set_limits(usdc, supply_cap=usdc.units(cap))
    if accepted:
        pool.convert(usdc.id, False, supplier, sender=supplier)
    else:
        room = usdc.units(999)  # the seed is one
        with ape.reverts(pool.SupplyCapExceeded, id=usdc.id, assets=usdc.units(1_000), room=room):
            pool.convert(usdc.id, False, supplier, sender=supplier)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    ("name", "error"), [("freeze", "ReserveFrozen"), ("pause", "ReservePaused")]
)
def test_convert__to_earning_of_a_closed_reserve__refused(
    market, pool, usdc, owner, supplier, name, error
):
    quickly(getattr(market.configurator, name), pool, usdc.id, sender=owner)
    with ape.reverts(getattr(pool, error), id=usdc.id):
        pool.convert(usdc.id, False, supplier, sender=supplier)


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("name", ["freeze", "pause"])
def test_convert__to_idle_of_a_closed_reserve__accepted(market, pool, usdc, owner, supplier, name):
    quickly(getattr(market.configurator, name), pool, usdc.id, sender=owner)
    pool.convert(usdc.id, True, supplier, sender=supplier)
    assert pool.balanceOf(supplier, usdc.id | IDLE) == usdc.units(1_000)


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("granted", [0, WITHDRAW])
def test_convert__for_another_without_authorization__refused(
    pool, usdc, supplier, stranger, granted
):
    quickly(pool.authorize, stranger, granted, MAX, sender=supplier)
    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=COLLATERAL):
        pool.convert(usdc.id, True, supplier, sender=stranger)


@pytest.mark.usefixtures("supplied")
def test_convert__for_another_with_authorization__accepted(pool, usdc, supplier, stranger):
    quickly(pool.authorize, stranger, COLLATERAL, MAX, sender=supplier)
    pool.convert(usdc.id, True, supplier, sender=stranger)
    assert pool.balanceOf(supplier, usdc.id | IDLE) == usdc.units(1_000)


# ------------------------------------------------------------------------------------------- with debt


@pytest.fixture
def at_the_limit(market, supplier, borrower, weth, usdc):
    """16,000 USDC owed on 10 WETH: not a unit to spare."""
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 16_000)


@pytest.mark.usefixtures("at_the_limit")
def test_convert__collateral_at_the_limit__stays_cover(pool, weth, borrower):
    pool.convert(weth.id, True, borrower, sender=borrower)
    data = pool.accountData(borrower)
    assert data.borrowLimit == data.debtValue == 16_000 * WAD


@pytest.mark.usefixtures("at_the_limit")
def test_convert__collateral_that_does_not_cover_any_more__refused(market, pool, weth, borrower):
    market.set_price(weth, 1_999)
    with ape.reverts(pool.Undercollateralized, account=borrower):
        pool.convert(weth.id, True, borrower, sender=borrower)
