"""Letting somebody act: which actions, and until when."""

from __future__ import annotations

import ape
import pytest

from tests._cast import BORROW, COLLATERAL, MAX, SUPPLY, WITHDRAW, ZERO, event, quickly

ACTIONS = (SUPPLY, WITHDRAW, BORROW, COLLATERAL)


@pytest.fixture
def market(still):
    return still


def test_authorize__any__is_shown_and_emitted(pool, supplier, stranger):
    tx = pool.authorize(stranger, WITHDRAW + BORROW, 2_000_000_000, sender=supplier)

    assert pool.authorization(supplier, stranger) == (WITHDRAW + BORROW, 2_000_000_000)
    log = event(tx, pool.Authorized)
    assert (log.account, log.operator) == (supplier, stranger)
    assert (log.actions, log.expiry) == (WITHDRAW + BORROW, 2_000_000_000)


def test_authorize__again__replaces_what_was_granted(pool, supplier, stranger):
    quickly(pool.authorize, stranger, WITHDRAW, MAX, sender=supplier)

    pool.authorize(stranger, BORROW, 2_000_000_000, sender=supplier)

    assert pool.authorization(supplier, stranger) == (BORROW, 2_000_000_000)


def test_authorize__one_way__grants_nothing_the_other_way(pool, supplier, stranger):
    pool.authorize(stranger, WITHDRAW, MAX, sender=supplier)
    assert pool.authorization(stranger, supplier) == (0, 0)


def test_authorize__nobody__refused(pool, supplier):
    with ape.reverts(pool.ZeroAddress):
        pool.authorize(ZERO, WITHDRAW, MAX, sender=supplier)


def test_authorize__beyond_the_fields__keeps_sixteen_actions_and_the_latest_date(
    pool, supplier, stranger
):
    tx = pool.authorize(stranger, MAX, MAX, sender=supplier)

    assert pool.authorization(supplier, stranger) == (2**16 - 1, 2**40 - 1)
    assert event(tx, pool.Authorized).expiry == 2**40 - 1


def test_authorize__up_to_now__still_holds(market, pool, chain, weth, supplier, stranger):
    market.supply(supplier, weth, 1)
    expiry = chain.pending_timestamp + 1_000
    quickly(pool.authorize, stranger, WITHDRAW, expiry, sender=supplier)
    chain.provider.make_request("evm_setNextBlockTimestamp", [expiry])

    pool.withdraw(weth.id, 1, supplier, stranger, sender=stranger)

    assert chain.blocks.head.timestamp == expiry


def test_authorize__expired_a_second_ago__refused(market, pool, chain, weth, supplier, stranger):
    market.supply(supplier, weth, 1)
    expiry = chain.pending_timestamp + 1_000
    quickly(pool.authorize, stranger, WITHDRAW, expiry, sender=supplier)
    chain.provider.make_request("evm_setNextBlockTimestamp", [expiry + 1])

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, supplier, stranger, sender=stranger)


def test_authorize__no_actions__revokes(market, pool, weth, supplier, stranger):
    market.supply(supplier, weth, 1)
    quickly(pool.authorize, stranger, WITHDRAW, MAX, sender=supplier)

    pool.authorize(stranger, 0, MAX, sender=supplier)

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=WITHDRAW):
        pool.withdraw(weth.id, 1, supplier, stranger, sender=stranger)


@pytest.mark.parametrize("granted", ACTIONS)
@pytest.mark.parametrize("action", ACTIONS)
def test_authorize__one_action__allows_that_one_alone(
    market, pool, weth, usdc, supplier, stranger, granted, action
):
    market.supply(supplier, weth, 1)
    quickly(pool.authorize, stranger, granted, MAX, sender=supplier)
    act = {
        SUPPLY: (pool.supply, usdc.id, 1, supplier),
        WITHDRAW: (pool.withdraw, weth.id, 1, supplier, stranger),
        BORROW: (pool.borrow, usdc.id, 1, supplier, stranger),
        COLLATERAL: (pool.setCollateral, weth.id, False, supplier),
    }
    method, *args = act[action]

    if action == granted:
        method(*args, sender=stranger)
    else:
        with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=action):
            method(*args, sender=stranger)
