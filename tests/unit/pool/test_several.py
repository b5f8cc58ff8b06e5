"""Accounts with more than one position a side: first places, further ones, and promotion.

An account's first supply and first debt share one word; what comes after lives elsewhere. Nobody
outside may notice.
"""

from __future__ import annotations

import pytest

from tests._cast import DAY_S, MAX, WAD, quickly

SYMBOLS = ("WETH", "USDC", "WBTC", "CENT")
AMOUNTS = {"WETH": 10, "USDC": 20_000, "WBTC": 1, "CENT": 5_000}
VALUES_USD = {"WETH": 20_000, "USDC": 20_000, "WBTC": 60_000, "CENT": 5_000}


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def supplies(market, supplier, borrower):
    """The borrower supplies four assets, WETH first; there is something to borrow in each."""
    for symbol in SYMBOLS:
        market.supply(supplier, market[symbol], AMOUNTS[symbol])
        market.supply(borrower, market[symbol], AMOUNTS[symbol])


@pytest.fixture
def debts(market, supplies, borrower):
    """The borrower owes a tenth of each, CENT first."""
    for symbol in reversed(SYMBOLS):
        market.borrow(borrower, market[symbol], AMOUNTS[symbol] / 10)


def shown(market, account):
    """Positions by symbol: (supply shares, debt shares, collateral)."""
    symbols = {r.id: s for s, r in market.reserves.items()}
    return {
        symbols[p.id]: (p.supplyShares, p.debtShares, p.collateral)
        for p in market.pool.positions(account)
    }


def raw(market, symbol, part=1.0):
    return market[symbol].units(AMOUNTS[symbol] * part)


@pytest.mark.usefixtures("debts")
def test_positions__four_of_each_side__are_all_shown_in_order_of_id(market, pool, borrower):
    assert shown(market, borrower) == {
        s: (raw(market, s), raw(market, s, 0.1), True) for s in SYMBOLS
    }
    assert [p.id for p in pool.positions(borrower)] == [0, 1, 2, 3]


@pytest.mark.usefixtures("debts")
def test_account_data__four_of_each_side__adds_them_up(pool, borrower):
    data = pool.accountData(borrower)
    assert data.collateralValue == sum(VALUES_USD.values()) * WAD
    assert data.debtValue == sum(VALUES_USD.values()) * WAD // 10


@pytest.mark.usefixtures("debts")
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_repay__any_of_several_debts__empties_that_one_alone(market, pool, borrower, symbol):
    """CENT has the first place; when it goes, another one takes it."""
    pool.repay(market[symbol].id, MAX, borrower, sender=borrower)

    assert {s: debt for s, (_, debt, _) in shown(market, borrower).items()} == {
        s: 0 if s == symbol else raw(market, s, 0.1) for s in SYMBOLS
    }


@pytest.mark.usefixtures("supplies")
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_withdraw__any_of_several_supplies__empties_that_one_alone(market, pool, borrower, symbol):
    """WETH has the first place; when it goes, another one takes it."""
    pool.withdraw(market[symbol].id, MAX, borrower, borrower, sender=borrower)

    assert {s: supply for s, (supply, _, _) in shown(market, borrower).items()} == {
        s: raw(market, s) for s in SYMBOLS if s != symbol
    }


@pytest.mark.usefixtures("supplies")
@pytest.mark.parametrize("off", SYMBOLS)
def test_withdraw__first_supply__keeps_the_collateral_switches_of_the_others(
    market, pool, borrower, off
):
    quickly(pool.setCollateral, market[off].id, False, borrower, sender=borrower)

    pool.withdraw(market["WETH"].id, MAX, borrower, borrower, sender=borrower)

    assert {s: on for s, (_, _, on) in shown(market, borrower).items()} == {
        s: s != off for s in SYMBOLS[1:]
    }


@pytest.mark.usefixtures("debts")
def test_leave__in_any_order__leaves_nothing(market, pool, borrower):
    """Repays and withdraws first places and further ones in turn."""
    for symbol in ("CENT", "USDC", "WBTC", "WETH"):
        quickly(pool.repay, market[symbol].id, MAX, borrower, sender=borrower)
    for symbol in ("WETH", "CENT", "USDC", "WBTC"):
        quickly(pool.withdraw, market[symbol].id, MAX, borrower, borrower, sender=borrower)

    assert pool.positions(borrower) == []
    assert pool.healthFactor(borrower) == MAX
    # What is left of the totals is the supplier's and the seed's.
    for symbol in SYMBOLS:
        words = market.words(market[symbol])
        assert words.supply_shares == raw(market, symbol) + market[symbol].units(1)
        assert words.debt_shares == 0


@pytest.mark.usefixtures("debts")
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_liquidate__any_collateral_of_several__takes_it_from_that_one(
    market, pool, borrower, liquidator, symbol
):
    """WETH alone is dear now: its debt outweighs all that it is not collateral for."""
    weth = market["WETH"]
    for s in SYMBOLS:
        market.set_price(market[s], market[s].asset.price_usd / (1 if s == "WETH" else 1_000))
    market.set_risk(weth, ltv_bps=0, threshold_bps=500)
    market.wait(DAY_S)  # until it is there
    assert pool.healthFactor(borrower) < WAD

    pool.liquidate(borrower, weth.id, market[symbol].id, MAX, 0, liquidator, sender=liquidator)

    before = {s: raw(market, s) for s in SYMBOLS}
    after = {s: supply for s, (supply, _, _) in shown(market, borrower).items()}
    assert {s for s in SYMBOLS if after.get(s, 0) != before[s]} == {symbol}
