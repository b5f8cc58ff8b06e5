"""Quotes against the actions themselves; over random states see `differential/test_quotes.py`."""

from __future__ import annotations

import ape
import pytest
from eth_utils import keccak

from tests._cast import IDLE, MAX, SHARES, WAD, quickly

OK = bytes(4)


@pytest.fixture(scope="module")
def quotes(project, owner):
    return owner.deploy(project.QuoteLens)


def selector(error: str) -> bytes:
    """Of an error by its signature."""
    return bytes(keccak(text=error)[:4])


UNKNOWN = selector("UnknownReserve(uint256)")
PAUSED = selector("ReservePaused(uint256)")
UNCOVERED = selector("Undercollateralized(address,uint256,uint256,uint256)")
HEALTHY = selector("Healthy(address,uint256)")
ZERO_AMOUNT = selector("ZeroAmount()")
NO_CASH = selector("InsufficientCash(uint256,uint256,uint256)")


@pytest.fixture
def owing(still, supplier, borrower):
    """At a rate of zero: the borrower has 10 WETH, worth 20,000, and owes 10,000 USDC."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 10_000)
    return still


# -------------------------------------------------------------------------------- borrowing


def test_quote_borrow__covered__tells_what_it_does(quotes, owing, borrower):
    pool, usdc = owing.pool, owing["USDC"]
    before = pool.accountData(borrower)

    quote = quotes.quoteBorrow(pool, borrower, usdc.id, usdc.units(1_000))
    quickly(pool.borrow, usdc.id, usdc.units(1_000), borrower, borrower, sender=borrower)

    assert quote.refusal == OK
    assert quote.most == usdc.units(6_000)
    assert quote.assets == quote.shares == usdc.units(1_000)
    assert (quote.before, quote.later) == (before, pool.accountData(borrower))


def test_quote_borrow__not_covered__names_the_error_and_tells_what_would_be(
    quotes, owing, borrower
):
    usdc = owing["USDC"]

    quote = quotes.quoteBorrow(owing.pool, borrower, usdc.id, usdc.units(6_000) + 1)

    assert quote.refusal == UNCOVERED
    assert quote.later.debtValue == 16_000 * WAD + 10**12


def test_quote_borrow__with_interest__rate_is_the_one_charged(
    quotes, market, indebted, pool, borrower, usdc
):
    rate = pool.reserveData(usdc.id).borrowRate

    quote = quotes.quoteBorrow(pool, borrower, usdc.id, usdc.units(5_000))
    pool.borrow(usdc.id, usdc.units(5_000), borrower, borrower, sender=borrower)

    after = pool.reserveData(usdc.id).borrowRate
    assert quote.borrowRate == pytest.approx(rate, rel=1e-6)
    assert quote.borrowRateAfter == pytest.approx(after, rel=1e-6)
    assert after > rate


def test_quote_borrow__the_most__goes_through(quotes, owing, borrower):
    pool, usdc = owing.pool, owing["USDC"]
    most = quotes.quoteBorrow(pool, borrower, usdc.id, 1).most

    pool.borrow(usdc.id, most, borrower, borrower, sender=borrower)

    assert pool.accountData(borrower).borrowLimit == pool.accountData(borrower).debtValue


def test_quote_borrow__one_more_than_the_most__refused(quotes, owing, borrower):
    pool, usdc = owing.pool, owing["USDC"]
    most = quotes.quoteBorrow(pool, borrower, usdc.id, 1).most

    with ape.reverts(pool.Undercollateralized):
        pool.borrow(usdc.id, most + 1, borrower, borrower, sender=borrower)


def test_quote_borrow__paused__says_so_and_offers_nothing(quotes, owing, owner, borrower):
    pool, usdc = owing.pool, owing["USDC"]
    quickly(owing.configurator.pause, pool, usdc.id, sender=owner)

    quote = quotes.quoteBorrow(pool, borrower, usdc.id, 1)

    assert (quote.refusal, quote.most) == (PAUSED, 0)


def test_quote_borrow__first_debt__tells_the_price_that_would_undo_it(quotes, owing, supplier):
    pool, weth = owing.pool, owing["WETH"]

    quote = quotes.quoteBorrow(pool, supplier, weth.id, weth.units(1))

    assert {p.id for p in quote.prices} == {owing["USDC"].id, weth.id}
    (price,) = [p for p in quote.prices if p.id == weth.id]
    assert price.above == 78_000 * 10**8 + 1


@pytest.mark.parametrize("unknown", [5, 63, MAX])
def test_quotes__unknown_reserve__say_so(quotes, pool, borrower, unknown):
    assert quotes.quoteBorrow(pool, borrower, unknown, 1).refusal == UNKNOWN
    assert quotes.quoteWithdraw(pool, borrower, unknown, 1).refusal == UNKNOWN
    args = (pool, borrower, unknown, 0, MAX, False)
    assert quotes.quoteLiquidation(*args).refusal == UNKNOWN


# -------------------------------------------------------------------------------- withdrawing


def test_quote_withdraw__the_most__leaves_what_covers_the_debt(quotes, owing, borrower):
    pool, weth = owing.pool, owing["WETH"]
    quote = quotes.quoteWithdraw(pool, borrower, weth.id, 1)
    assert quote.most == weth.units(3.75)

    pool.withdraw(weth.id, quote.most, borrower, borrower, sender=borrower)

    assert pool.accountData(borrower).borrowLimit == pool.accountData(borrower).debtValue


def test_quote_withdraw__one_more_than_the_most__refused(quotes, owing, borrower):
    pool, weth = owing.pool, owing["WETH"]
    most = quotes.quoteWithdraw(pool, borrower, weth.id, 1).most
    assert quotes.quoteWithdraw(pool, borrower, weth.id, most + 1).refusal == UNCOVERED

    with ape.reverts(pool.Undercollateralized):
        pool.withdraw(weth.id, most + 1, borrower, borrower, sender=borrower)


def test_quote_withdraw__everything__is_all_there_is(quotes, owing, supplier):
    usdc = owing["USDC"]

    quote = quotes.quoteWithdraw(owing.pool, supplier, usdc.id, MAX)

    assert quote.refusal == NO_CASH
    assert (quote.assets, quote.most) == (usdc.units(100_000), usdc.units(90_000 + 1))


def test_quote_withdraw__idle__is_not_bound_by_cash(quotes, still, borrower):
    weth = still["WETH"]
    still.supply(borrower, weth, 10, idle=True)

    quote = quotes.quoteWithdraw(still.pool, borrower, weth.id | IDLE, MAX)

    assert (quote.refusal, quote.most, quote.assets) == (OK, weth.units(10), weth.units(10))


def test_quote_withdraw__in_the_other_mode__finds_nothing(quotes, still, borrower):
    weth = still["WETH"]
    still.supply(borrower, weth, 10, idle=True)

    quote = quotes.quoteWithdraw(still.pool, borrower, weth.id, MAX)

    assert (quote.refusal, quote.most) == (ZERO_AMOUNT, 0)


# -------------------------------------------------------------------------------- liquidating


@pytest.fixture
def unhealthy(owing):
    """WETH has fallen to 1,150: 9,545 of limit for 10,000 of debt."""
    owing.set_price(owing["WETH"], 1_150)
    return owing


@pytest.mark.parametrize("as_shares", [False, True])
def test_quote_liquidation__unhealthy__is_what_the_liquidator_gets(
    quotes, unhealthy, borrower, liquidator, as_shares
):
    pool, weth, usdc = unhealthy.pool, unhealthy["WETH"], unhealthy["USDC"]
    pair = (borrower, usdc.id, weth.id, MAX)
    quote = quotes.quoteLiquidation(pool, *pair, as_shares)

    least = quote.received | SHARES * as_shares
    receipt = pool.liquidate(*pair, least, liquidator, sender=liquidator)

    (log,) = receipt.decode_logs(pool.Liquidate)
    assert (quote.refusal, quote.repaid, quote.seized) == (OK, log.repaid, log.seized)
    assert quote.received == log.seized - log.fee
    assert quote.receivedValue > quote.repaidValue > 0
    assert quote.writesOff is False


def test_quote_liquidation__more_than_quoted_asked_for__refused(
    quotes, unhealthy, borrower, liquidator
):
    pool, weth, usdc = unhealthy.pool, unhealthy["WETH"], unhealthy["USDC"]
    pair = (borrower, usdc.id, weth.id, MAX)
    received = quotes.quoteLiquidation(pool, *pair, False).received

    with ape.reverts(pool.SeizedTooLittle, received=received, minimum=received + 1):
        pool.liquidate(*pair, received + 1, liquidator, sender=liquidator)


def test_quote_liquidation__healthy__says_so(quotes, owing, borrower):
    quote = quotes.quoteLiquidation(
        owing.pool, borrower, owing["USDC"].id, owing["WETH"].id, MAX, False
    )

    assert (quote.refusal, quote.repaid, quote.received) == (HEALTHY, 0, 0)


def test_quote_liquidation__collateral_that_does_not_suffice__writes_off(
    quotes, owing, borrower, liquidator
):
    pool, weth, usdc = owing.pool, owing["WETH"], owing["USDC"]
    owing.set_price(weth, 500)
    pair = (borrower, usdc.id, weth.id, MAX)
    assert quotes.quoteLiquidation(pool, *pair, False).writesOff

    pool.liquidate(*pair, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) == 0
