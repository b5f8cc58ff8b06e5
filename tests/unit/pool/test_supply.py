"""Supplying: assets in, shares out, rounded down."""

from __future__ import annotations

import ape
import pytest

from tests._cast import (
    COLLATERAL,
    DEBT,
    IDLE,
    MAX,
    SUPPLY,
    WAD,
    WITHDRAW,
    decode_words,
    event,
    quickly,
    stored,
)

FOREVER = MAX


def test_supply__first__takes_the_tokens_and_shows_them_as_balance(pool, weth, supplier):
    before = weth.token.balanceOf(supplier)

    pool.supply(weth.id, weth.units(2), supplier, sender=supplier)

    assert weth.token.balanceOf(supplier) == before - weth.units(2)
    assert weth.token.balanceOf(pool) == weth.units(3)  # with the seed
    assert pool.supplyBalance(supplier, weth.id) == weth.units(2)


def test_supply__any__emits_what_happened_and_the_new_words(pool, weth, supplier):
    tx = pool.supply(weth.id, weth.units(2), supplier, sender=supplier)

    log = event(tx, pool.Supply)
    assert (log.id, log.account, log.caller) == (weth.id, supplier, supplier)
    assert (log.assets, log.shares) == (weth.units(2), weth.units(2))
    assert (log.interest, log.totals) == stored(pool, weth)
    assert decode_words(log.interest, log.totals).supply_shares == weth.units(3)


@pytest.mark.usefixtures("aged")
def test_supply__after_interest__rounds_shares_down(pool, usdc, stranger):
    assets = usdc.units(123) + 1

    log = event(pool.supply(usdc.id, assets, stranger, sender=stranger), pool.Supply)

    index = decode_words(log.interest, log.totals).supply_index
    assert assets * WAD % index != 0, "there must be something to round"
    assert log.shares == assets * WAD // index
    assert pool.supplyBalance(stranger, usdc.id) < assets


@pytest.mark.usefixtures("aged")
def test_supply__worth_less_than_a_share__refused(pool, usdc, stranger):
    with ape.reverts(pool.ZeroAmount):
        pool.supply(usdc.id, 1, stranger, sender=stranger)


@pytest.mark.usefixtures("aged")
def test_supply__worth_one_share__accepted(pool, usdc, stranger):
    log = event(pool.supply(usdc.id, 2, stranger, sender=stranger), pool.Supply)
    assert log.shares == 1


def test_supply__zero__refused(pool, usdc, supplier):
    with ape.reverts(pool.ZeroAmount):
        pool.supply(usdc.id, 0, supplier, sender=supplier)


def test_supply__opens_a_position__counts_as_collateral(pool, weth, supplier):
    pool.supply(weth.id, weth.units(2), supplier, sender=supplier)

    (position,) = pool.positions(supplier)
    assert (position.id, position.supplyShares, position.debtShares) == (weth.id, weth.units(2), 0)
    assert position.collateral


def test_supply__tops_up__leaves_the_collateral_switch_alone(market, pool, weth, supplier):
    market.supply(supplier, weth, 1)
    quickly(pool.setCollateral, weth.id, False, supplier, sender=supplier)

    pool.supply(weth.id, weth.units(1), supplier, sender=supplier)

    (position,) = pool.positions(supplier)
    assert not position.collateral


@pytest.mark.parametrize("unknown", [5, 63, IDLE | 5, IDLE | 63, DEBT, MAX])
def test_supply__unknown_reserve__refused(pool, unknown, supplier):
    with ape.reverts(pool.UnknownReserve, id=unknown if unknown < IDLE else unknown - IDLE):
        pool.supply(unknown, 1, supplier, sender=supplier)


def test_supply__token_refuses__changes_nothing(pool, weth, owner):
    with ape.reverts():  # the owner has no tokens and gave no approval
        pool.supply(weth.id, weth.units(1), owner, sender=owner)

    assert pool.supplyBalance(owner, weth.id) == 0


# ------------------------------------------------------------------------------ for somebody else


def test_supply__opens_for_another_without_authorization__refused(pool, weth, supplier, stranger):
    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=SUPPLY):
        pool.supply(weth.id, weth.units(1), supplier, sender=stranger)


def test_supply__opens_for_another_with_other_actions_only__refused(pool, weth, supplier, stranger):
    granted = WITHDRAW + COLLATERAL
    quickly(pool.authorize, stranger, granted, FOREVER, sender=supplier)

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=SUPPLY):
        pool.supply(weth.id, weth.units(1), supplier, sender=stranger)


def test_supply__opens_for_another_with_authorization__is_his_from_the_callers_tokens(
    pool, weth, supplier, stranger
):
    quickly(pool.authorize, stranger, SUPPLY, FOREVER, sender=supplier)
    before = weth.token.balanceOf(stranger)

    tx = pool.supply(weth.id, weth.units(1), supplier, sender=stranger)

    assert pool.supplyBalance(supplier, weth.id) == weth.units(1)
    assert pool.supplyBalance(stranger, weth.id) == 0
    assert weth.token.balanceOf(stranger) == before - weth.units(1)
    log = event(tx, pool.Supply)
    assert (log.account, log.caller) == (supplier, stranger)


def test_supply__tops_up_another__needs_no_authorization(market, pool, weth, supplier, stranger):
    market.supply(supplier, weth, 1)

    pool.supply(weth.id, weth.units(1), supplier, sender=stranger)

    assert pool.supplyBalance(supplier, weth.id) == weth.units(2)


# --------------------------------------------------------------------------------------- the cap


def test_supply__up_to_the_cap__accepted(market, pool, usdc, supplier):
    market.set_limits(usdc, supply_cap=usdc.units(500))

    pool.supply(usdc.id, usdc.units(499), supplier, sender=supplier)  # the seed is one

    assert pool.reserveData(usdc.id).supplyAssets == usdc.units(500)


def test_supply__one_unit_above_the_cap__refused(market, pool, usdc, supplier):
    room = usdc.units(499)
    market.set_limits(usdc, supply_cap=usdc.units(500))

    with ape.reverts(pool.SupplyCapExceeded, id=usdc.id, assets=room + 1, room=room):
        pool.supply(usdc.id, room + 1, supplier, sender=supplier)


def test_supply__cap_of_zero__refused(market, pool, cent, supplier):
    market.set_limits(cent, supply_cap=0)

    with ape.reverts(pool.SupplyCapExceeded, id=cent.id, assets=1, room=0):
        pool.supply(cent.id, 1, supplier, sender=supplier)


def test_supply__no_cap__takes_whatever_there_is(pool, cent, supplier):
    everything = cent.token.balanceOf(supplier)

    pool.supply(cent.id, everything, supplier, sender=supplier)

    assert pool.supplyBalance(supplier, cent.id) == everything


@pytest.mark.parametrize(("assets", "sum_"), [(2**112, 2**112), (2**112 - 1, 2**112 + 99)])
def test_supply__more_shares_than_a_word_holds__refused(pool, cent, supplier, assets, sum_):
    """Neither the account's own word nor, with the seed of 100 units, the reserve's."""
    with ape.reverts(pool.SharesOverflow, shares=sum_):
        pool.supply(cent.id, assets, supplier, sender=supplier)
