"""The adapter to Uniswap v3's two routers: exact inputs along a path, nothing kept."""

from __future__ import annotations

import pytest

from tests._cast import MAX, quickly
from tests.unit.periphery._refusal import refusal

FEE = (3_000).to_bytes(3, "big")


@pytest.fixture
def sold(still):
    return still["WETH"].token


@pytest.fixture
def bought(still):
    return still["FINE"].token


@pytest.fixture
def router(project, owner):
    return owner.deploy(project.MockSwapRouter)


@pytest.fixture(params=[True, False], ids=["first router", "second router"])
def venue(request, project, owner, router, sold, stranger):
    """The stranger lets it sell a thousand units."""
    venue = owner.deploy(project.UniswapV3Venue, router, request.param)
    quickly(sold.approve, venue, 1_000, sender=stranger)
    return venue


def path(*tokens):
    return FEE.join(bytes.fromhex(t.address[2:]) for t in tokens)


@pytest.mark.parametrize("hops", [1, 2])
def test_swap__along_a_path__pays_the_caller(
    venue, router, chain, still, sold, bought, stranger, hops
):
    route = path(sold, bought) if hops == 1 else path(sold, still["USDC"].token, bought)
    before = (sold.balanceOf(stranger), bought.balanceOf(stranger))

    tx = venue.swap(sold, bought, 1_000, 1_000, route, sender=stranger)

    assert tx.return_value == 1_000
    assert (sold.balanceOf(stranger), bought.balanceOf(stranger)) == (
        before[0] - 1_000,
        before[1] + 1_000,
    )
    assert router.path() == route
    now = chain.blocks[tx.block_number].timestamp
    assert router.deadline() == (now if venue.hasDeadline() else 0)
    assert sold.balanceOf(venue) == bought.balanceOf(venue) == sold.allowance(venue, router) == 0


def test_swap__router_takes_less__gives_the_rest_back(venue, router, sold, bought, stranger, owner):
    quickly(router.take, 400, sender=owner)
    before = sold.balanceOf(stranger)
    venue.swap(sold, bought, 1_000, 400, path(sold, bought), sender=stranger)
    assert sold.balanceOf(stranger) == before - 400
    assert sold.balanceOf(venue) == sold.allowance(venue, router) == 0


def test_swap__for_less_than_the_minimum__refused_by_the_router(venue, sold, bought, stranger):
    answer = refusal(venue.swap, sold, bought, 1_000, 1_001, path(sold, bought), sender=stranger)
    assert "Too little received" in answer[0]


def test_swap__of_what_is_not_approved__refused(venue, sold, bought, stranger):
    route = path(sold, bought)
    answer = refusal(venue.swap, sold, bought, 1_001, 0, route, sender=stranger)
    assert answer[0] == "ERC20InsufficientAllowance"


@pytest.mark.parametrize(
    "kind", ["other way", "elsewhere", "from elsewhere", "short", "odd", "none"]
)
def test_swap__along_a_wrong_path__refused(venue, still, sold, bought, stranger, kind):
    """What is sold on another's behalf must be what he has said."""
    usdc = still["USDC"].token
    route = {
        "other way": path(bought, sold),
        "elsewhere": path(sold, usdc),
        "from elsewhere": path(usdc, bought),
        "short": path(sold),
        "odd": path(sold, bought)[:20] + b"\1" + path(sold, bought)[20:],
        "none": b"",
    }[kind]
    answer = refusal(venue.swap, sold, bought, 1_000, 0, route, sender=stranger)
    assert answer == ("RouteMismatch", sold.address, bought.address)


def test_swap__through_the_liquidator__profits(
    venue, router, still, project, owner, supplier, borrower
):
    """A unit for a unit is a fine price where the debt has two decimals."""
    weth, cent = still["WETH"], still["CENT"]
    still.supply(supplier, cent, 100_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, cent, 15_000)
    still.set_price(weth, 1_600)
    flash = owner.deploy(project.FlashLiquidator, still.pool)
    route = path(weth.token, cent.token)
    job = (borrower.address, cent.id, weth.id, MAX, 0, venue.address, route)

    tx = flash.liquidate(job, sender=owner)

    repaid, received, profit = tx.return_value
    assert profit == received - repaid == cent.token.balanceOf(owner)
    assert weth.token.balanceOf(flash) == cent.token.balanceOf(flash) == 0
