"""Grace after a pause: borrowers act first, and liquidators and write-offs wait for its end."""

from __future__ import annotations

import ape
import pytest

from tests._cast import MAX, quickly

HOUR_S = 3_600


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """The borrower owes 15,000 USDC on 10 WETH, which have fallen to 1,700."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_000)
    still.set_price(still["WETH"], 1_700)


@pytest.fixture
def reopen(market, pool, owner):
    """Pauses a reserve and opens it again with some seconds of grace; returns when that ends."""

    def run(reserve, grace_s):
        quickly(market.configurator.pause, pool, reserve.id, sender=owner)
        quickly(market.configurator.unpause, pool, reserve.id, grace_s, sender=owner)
        return pool.reserveData(reserve.id).graceEnd

    return run


@pytest.fixture
def liquidate(pool, weth, usdc, borrower, liquidator):
    return lambda: pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


@pytest.mark.parametrize("symbol", ["WETH", "USDC"])
def test_liquidate__in_grace_of_either_side__refused(
    chain, market, pool, reopen, liquidate, symbol
):
    end = reopen(market[symbol], HOUR_S)
    assert end == chain.blocks.head.timestamp + HOUR_S

    with ape.reverts(pool.GracePeriod, id=market[symbol].id, end=end):
        liquidate()


def test_liquidate__after_grace__goes_on(market, pool, weth, usdc, reopen, liquidate, borrower):
    reopen(weth, HOUR_S)
    market.wait(HOUR_S)
    market.set_price(weth, 1_700)

    liquidate()

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(15_000)


def test_liquidate__in_grace_of_another_of_his_collaterals__goes_on(
    market, wbtc, borrower, reopen, liquidate
):
    market.supply(borrower, wbtc, 0.001)
    reopen(wbtc, HOUR_S)
    assert not liquidate().failed


def test_liquidate__bad_debt_in_grace_of_another_collateral__is_not_written_off(
    market, pool, weth, wbtc, usdc, borrower, reopen, liquidate
):
    market.supply(borrower, wbtc, 0.0001)
    market.set_price(weth, 100)
    reopen(wbtc, HOUR_S)

    tx = liquidate()

    assert [*tx.decode_logs(pool.WriteOff)] == []
    assert pool.debtBalance(borrower, usdc.id) > 0


def test_liquidate__reopened_without_grace__goes_on(weth, reopen, liquidate):
    reopen(weth, 0)
    assert not liquidate().failed


def test_grace__meanwhile__borrowers_may_act(pool, weth, usdc, borrower, reopen):
    reopen(weth, HOUR_S)

    pool.supply(weth.id, weth.units(1), borrower, sender=borrower)
    pool.repay(usdc.id, usdc.units(1_000), borrower, sender=borrower)


def test_grace__frozen_meanwhile__goes_on(market, pool, weth, owner, reopen, liquidate):
    end = reopen(weth, HOUR_S)
    quickly(market.configurator.freeze, pool, weth.id, sender=owner)

    with ape.reverts(pool.GracePeriod, id=weth.id, end=end):
        liquidate()


@pytest.mark.parametrize("symbol", ["WETH", "USDC"])
def test_write_off__in_grace__refused(market, pool, weth, borrower, liquidator, reopen, symbol):
    market.set_price(weth, 1)
    end = reopen(market[symbol], HOUR_S)

    with ape.reverts(pool.GracePeriod, id=market[symbol].id, end=end):
        pool.writeOff(borrower, sender=liquidator)


def test_write_off__after_grace__goes_on(market, pool, weth, borrower, liquidator, reopen):
    reopen(weth, HOUR_S)
    market.wait(HOUR_S)
    market.set_price(weth, 1)

    pool.writeOff(borrower, sender=liquidator)

    assert pool.positions(borrower) == []


def test_unpause__longer_grace_than_there_is__refused(market, pool, weth, owner):
    quickly(market.configurator.pause, pool, weth.id, sender=owner)

    with ape.reverts(market.configurator.GraceOutOfRange, seconds_=4 * HOUR_S + 1):
        market.configurator.unpause(pool, weth.id, 4 * HOUR_S + 1, sender=owner)
    market.configurator.unpause(pool, weth.id, 4 * HOUR_S, sender=owner)


def test_unpause__of_what_is_not_paused__gives_no_grace(market, pool, weth, owner, liquidate):
    """Else reopening again and again would put liquidations off for ever."""
    quickly(market.configurator.unpause, pool, weth.id, HOUR_S, sender=owner)

    assert pool.reserveData(weth.id).graceEnd == 0
    assert not liquidate().failed


def test_quote_liquidation__in_grace__names_it(project, owner, pool, weth, usdc, borrower, reopen):
    reopen(weth, HOUR_S)
    lens = owner.deploy(project.QuoteLens)

    quote = lens.quoteLiquidation(pool, borrower, usdc.id, weth.id, MAX, False)

    assert quote.refusal.hex().removeprefix("0x") == selector(pool.GracePeriod)


def selector(error) -> str:
    from eth_utils import keccak

    return keccak(text=error.abi.selector)[:4].hex()
