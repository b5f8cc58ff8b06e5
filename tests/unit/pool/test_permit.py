"""A token's signed allowance, given and used in one batch; whoever runs ahead with it changes
nothing."""

from __future__ import annotations

from dataclasses import replace

import ape
import pytest

from tests._cast import FEED_DECIMALS, MAX, Asset, list_asset, quickly
from tests._signing import PERMIT, sign, typed_data

AMOUNT = 5 * 10**18


@pytest.fixture
def market(still):
    return replace(still, reserves=dict(still.reserves))


@pytest.fixture
def signed(market, project, owner, supplier):
    """A reserve whose token takes signatures; the supplier has some and has approved nothing."""
    asset = Asset("PERMIT", 18, 1, curve=(0, 100, 0, 0))
    token = owner.deploy(project.MockPermitToken)
    feed = owner.deploy(project.MockFeed, FEED_DECIMALS, asset.answer)
    reserve = list_asset(market, asset, token, feed)
    quickly(token.mint, supplier, AMOUNT, sender=supplier)
    return reserve


@pytest.fixture
def permit(pool, signed, supplier):
    """Arguments of the token's permit of AMOUNT, signed by somebody: value, deadline, v, r, s."""

    def run(signer=supplier):
        message = typed_data(signed.token, PERMIT, supplier, pool, AMOUNT, 0, MAX)
        signature = sign(signer, message)
        return AMOUNT, MAX, signature[64], signature[:32], signature[32:64]

    return run


@pytest.fixture
def supply(pool, signed, supplier):
    """Permit and supply, in one transaction."""

    def run(permission):
        calls = [
            pool.permit.encode_input(signed.id, *permission),
            pool.supply.encode_input(signed.id, AMOUNT, supplier),
        ]
        return pool.batch(calls, sender=supplier)

    return run


def test_permit__in_a_batch__is_all_the_approval_it_takes(pool, signed, supplier, permit, supply):
    supply(permit())

    assert pool.supplyBalance(supplier, signed.id) == AMOUNT
    assert signed.token.allowance(supplier, pool) == 0


def test_permit__used_by_somebody_first__changes_nothing(
    pool, signed, supplier, stranger, permit, supply
):
    quickly(signed.token.permit, supplier, pool, *permit(), sender=stranger)

    supply(permit())

    assert pool.supplyBalance(supplier, signed.id) == AMOUNT


def test_permit__signed_by_another__gives_no_approval(
    pool, signed, supplier, stranger, permit, supply
):
    with ape.reverts():
        supply(permit(stranger))

    assert pool.supplyBalance(supplier, signed.id) == 0


def test_permit__of_another_owner__is_not_the_callers_to_give(
    pool, signed, supplier, stranger, permit
):
    """It speaks for the caller alone."""
    pool.permit(signed.id, *permit(), sender=stranger)
    assert signed.token.allowance(supplier, pool) == 0


def test_permit__of_a_token_that_knows_none__changes_nothing(pool, weth, supplier, permit):
    pool.permit(weth.id, *permit(), sender=supplier)
    assert weth.token.allowance(supplier, pool) == MAX


def test_permit__unknown_reserve__refused(pool, supplier, permit):
    with ape.reverts(pool.UnknownReserve, id=63):
        pool.permit(63, *permit(), sender=supplier)
