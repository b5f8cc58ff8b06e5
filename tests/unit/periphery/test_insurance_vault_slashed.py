"""The insurance vault as a reserve's insurer: bad debt that the buffer cannot pay is the vault's."""

from __future__ import annotations

import pytest

from tests._audit import audit
from tests._cast import DAY_S, MAX, event, quickly

COOLDOWN_S, WINDOW_S = 10 * DAY_S, 2 * DAY_S


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def vault(market, project, owner, stranger):
    """The insurer of USDC, with 5,000 of the stranger's."""
    usdc = market["USDC"]
    arguments = (market.pool, usdc.token, COOLDOWN_S, WINDOW_S)
    vault = owner.deploy(project.InsuranceVault, *arguments)
    quickly(usdc.token.approve, vault, MAX, sender=stranger)
    quickly(vault.deposit, usdc.units(5_000), stranger, sender=stranger)
    quickly(market.configurator.setInsurer, market.pool, usdc.id, vault, sender=owner)
    return vault


@pytest.fixture
def bad_debt(market, supplier, borrower):
    """15,000 USDC owed on 10 WETH, at a price yet to fall."""
    market.supply(supplier, market["USDC"], 50_000)
    market.supply(borrower, market["WETH"], 10)
    market.borrow(borrower, market["USDC"], 15_000)


@pytest.mark.parametrize(
    ("price", "left", "lost"),
    [(1_260, 2_000, 0), (1_050, 0, 0), (840, 0, 2_000)],
)
def test_bad_debt__of_its_reserve__is_lost_by_the_vault_before_the_suppliers(
    market, pool, vault, bad_debt, weth, usdc, supplier, borrower, liquidator, price, left, lost
):
    """At a bonus of 5 %, 12,000, 10,000 or 8,000 of 15,000 are covered: 3,000 to 7,000 are not."""
    before = pool.supplyBalance(supplier, usdc.id)
    market.set_price(weth, price)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert vault.totalAssets() == pytest.approx(usdc.units(left), abs=2)
    share = 50_000 / 50_001  # of the suppliers' loss: the seed has the rest
    loss = before - pool.supplyBalance(supplier, usdc.id)
    assert loss == pytest.approx(usdc.units(lost) * share, abs=2)
    assert vault.isDepleted() is (left == 0)
    audit(market, [supplier, borrower, liquidator, vault])


def test_bad_debt__while_shares_are_in_cooldown__is_lost_by_them_too(
    market, pool, vault, bad_debt, weth, usdc, borrower, liquidator, stranger
):
    quickly(vault.cooldown, vault.balanceOf(stranger), sender=stranger)
    market.set_price(weth, 1_260)
    quickly(pool.liquidate, borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    market.wait(COOLDOWN_S)

    before = usdc.token.balanceOf(stranger)
    vault.redeem(vault.balanceOf(stranger), stranger, stranger, sender=stranger)

    assert usdc.token.balanceOf(stranger) - before == pytest.approx(usdc.units(2_000), abs=2)


def test_bad_debt__of_another_reserve__costs_the_vault_nothing(
    market, pool, vault, weth, usdc, fine, supplier, borrower, liquidator
):
    market.supply(supplier, fine, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, fine, 30_000)  # worth 15,000
    market.set_price(weth, 1_000)

    tx = pool.liquidate(borrower, fine.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert event(tx, pool.WriteOff).id == fine.id
    assert vault.totalAssets() == usdc.units(5_000)
