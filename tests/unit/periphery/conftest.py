"""Scenes of the contracts around a pool, made on the session's markets."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests._cast import (
    FEED_DECIMALS,
    MAX,
    USDC,
    WETH,
    build_market,
    list_asset,
    quickly,
    without_interest,
)


@pytest.fixture
def wrapper(still, project, owner, supplier, stranger):
    """Wrapped USDC, which both may deposit as tokens and as pool shares."""
    wrapper = owner.deploy(project.WrappedSupply, still.pool, still["USDC"].token)
    for account in (supplier, stranger):
        quickly(still["USDC"].token.approve, wrapper, MAX, sender=account)
        quickly(still.pool.setOperator, wrapper, True, sender=account)
    return wrapper


@pytest.fixture(scope="session")
def native_market(project, owner, borrower):
    """A still market whose WETH wraps the chain's own ether; the borrower has USDC."""
    market = build_market(project, owner, without_interest(USDC))
    weth = owner.deploy(project.MockWETH)
    feed = owner.deploy(project.MockFeed, FEED_DECIMALS, WETH.answer)
    list_asset(market, without_interest(WETH)[0], weth, feed)
    usdc = market["USDC"]
    quickly(usdc.token.mint, borrower, usdc.units(10**6), sender=borrower)
    quickly(usdc.token.approve, market.pool, MAX, sender=borrower)
    return market


@pytest.fixture
def gateway(native_market, project, owner):
    market = native_market
    return owner.deploy(project.NativeGateway, market.pool, market["WETH"].token)


@pytest.fixture
def lender(still, project, owner):
    """The facade over the still market, whose USDC it has 100,000 of."""
    return owner.deploy(project.FlashLender, still.pool)


@pytest.fixture(scope="session")
def second_pool(worlds, project, owner):
    """Another pool, with a reserve of the same USDC under another id."""
    market = build_market(project, owner, without_interest(WETH))
    usdc = worlds.still["USDC"]
    list_asset(market, usdc.asset, usdc.token, usdc.feed)
    return market


@pytest.fixture
def vault(still, second_pool, project, owner, supplier, stranger):
    """A vault over two pools with caps of 1,000 and 500 USDC; two people may deposit."""
    usdc = still["USDC"]
    arguments = (usdc.token, "Vault", "vUSDC", still.authority, owner)
    vault = owner.deploy(project.CuratedVault, *arguments)
    pools = [still.pool, second_pool.pool]
    for pool, cap in zip(pools, (1_000, 500), strict=True):
        quickly(vault.raiseCap, pool, usdc.units(cap), sender=owner)
    quickly(vault.setSupplyQueue, pools, sender=owner)
    for account in (supplier, stranger):
        quickly(usdc.token.approve, vault, MAX, sender=account)
    return vault


@pytest.fixture
def hostile(vault, project, owner, still):
    """A pool in any mood, the vault's third market, with a cap of 300 USDC and first in both queues."""
    usdc = still["USDC"]
    pool = owner.deploy(project.MockHostilePool, usdc.token)
    quickly(vault.raiseCap, pool, usdc.units(300), sender=owner)
    queue = [pool, *vault.withdrawQueue()[:2]]
    quickly(vault.setSupplyQueue, queue, sender=owner)
    quickly(vault.setWithdrawQueue, queue, sender=owner)
    moods = "HONEST REVERTS BUSY BURNS_GAS GARBAGE EXAGGERATES PAYS_SHORT TAKES_NOTHING CALLS_BACK"
    mood = SimpleNamespace(**{name: k for k, name in enumerate(moods.split())})
    return SimpleNamespace(pool=pool, mood=mood)


@pytest.fixture
def on_loan(still, project, owner):
    """Lends all but so many raw units of the pool's USDC to an actor, who calls meanwhile: the answer."""
    taker = owner.deploy(project.MockLoanTaker)
    usdc = still["USDC"]

    def run(left, method, *arguments):
        call = method.encode_input(*arguments)
        quickly(taker.arm, method.contract, call, sender=owner)
        loan = usdc.token.balanceOf(still.pool) - left
        quickly(taker.borrow, still.pool, usdc.token, usdc.id, loan, sender=owner)
        return taker.succeeded(), int.from_bytes(taker.answer()[:32], "big")

    return SimpleNamespace(run=run, taker=taker)
