"""Choosing what counts as collateral."""

from __future__ import annotations

import ape
import pytest

from tests._cast import COLLATERAL, MAX, SUPPLY, WAD, WITHDRAW, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def supplies(still, supplier, borrower):
    """10 WETH in the first place and 1 WBTC in a further one; USDC to borrow."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.supply(borrower, still["WBTC"], 1)


@pytest.mark.parametrize(("symbol", "left_usd"), [("WETH", 60_000), ("WBTC", 20_000)])
def test_set_collateral__off__no_longer_counts(market, pool, borrower, symbol, left_usd):
    pool.setCollateral(market[symbol].id, False, borrower, sender=borrower)

    assert pool.accountData(borrower).collateralValue == left_usd * WAD
    assert {p.id: p.collateral for p in pool.positions(borrower)} == {
        market[s].id: s != symbol for s in ("WETH", "WBTC")
    }


@pytest.mark.parametrize("symbol", ["WETH", "WBTC"])
def test_set_collateral__on_again__counts(market, pool, borrower, symbol):
    quickly(pool.setCollateral, market[symbol].id, False, borrower, sender=borrower)

    pool.setCollateral(market[symbol].id, True, borrower, sender=borrower)

    assert pool.accountData(borrower).collateralValue == 80_000 * WAD


@pytest.mark.parametrize("enabled", [True, False])
def test_set_collateral__any__emits_who_and_what(pool, wbtc, borrower, stranger, enabled):
    quickly(pool.authorize, stranger, COLLATERAL, MAX, sender=borrower)

    log = event(pool.setCollateral(wbtc.id, enabled, borrower, sender=stranger), pool.CollateralSet)

    assert (log.id, log.account, log.caller, log.enabled) == (wbtc.id, borrower, stranger, enabled)


def test_set_collateral__off_with_enough_left__accepted(market, pool, weth, usdc, borrower):
    market.borrow(borrower, usdc, 43_800)  # 73 % of the WBTC

    pool.setCollateral(weth.id, False, borrower, sender=borrower)

    data = pool.accountData(borrower)
    assert data.borrowLimit == data.debtValue


def test_set_collateral__off_with_too_little_left__refused(market, pool, weth, usdc, borrower):
    quickly(pool.borrow, usdc.id, usdc.units(43_800) + 1, borrower, borrower, sender=borrower)

    with ape.reverts(
        pool.Undercollateralized,
        account=borrower,
        debtValue=43_800 * WAD + 10**12,
        borrowLimit=43_800 * WAD,
    ):
        pool.setCollateral(weth.id, False, borrower, sender=borrower)


def test_set_collateral__on_while_unhealthy__accepted(market, pool, weth, wbtc, usdc, borrower):
    quickly(pool.setCollateral, wbtc.id, False, borrower, sender=borrower)
    market.borrow(borrower, usdc, 16_000)
    market.set_price(weth, 1_500)
    assert pool.healthFactor(borrower) < WAD

    pool.setCollateral(wbtc.id, True, borrower, sender=borrower)

    assert pool.healthFactor(borrower) > WAD


def test_set_collateral__off_then_emptied_and_opened_again__counts(pool, wbtc, borrower):
    """Closing a supply forgets the choice."""
    quickly(pool.setCollateral, wbtc.id, False, borrower, sender=borrower)
    quickly(pool.withdraw, wbtc.id, MAX, borrower, borrower, sender=borrower)

    pool.supply(wbtc.id, wbtc.units(1), borrower, sender=borrower)

    assert pool.accountData(borrower).collateralValue == 80_000 * WAD


def test_set_collateral__no_supply_there__refused(pool, usdc, borrower):
    with ape.reverts(pool.NoPosition, account=borrower, id=usdc.id):
        pool.setCollateral(usdc.id, True, borrower, sender=borrower)


@pytest.mark.parametrize("granted", [0, SUPPLY + WITHDRAW])
def test_set_collateral__for_another_without_authorization__refused(
    pool, weth, borrower, stranger, granted
):
    quickly(pool.authorize, stranger, granted, MAX, sender=borrower)

    with ape.reverts(pool.NotAuthorized, account=borrower, caller=stranger, action=COLLATERAL):
        pool.setCollateral(weth.id, False, borrower, sender=stranger)


@pytest.mark.parametrize("unknown", [5, 64])
def test_set_collateral__unknown_reserve__refused(pool, unknown, borrower):
    with ape.reverts(pool.UnknownReserve, id=unknown):
        pool.setCollateral(unknown, True, borrower, sender=borrower)
