"""An insurer: its supply in a reserve pays for bad debt after the buffer and before the suppliers."""

from __future__ import annotations

import pytest

from tests._audit import audit
from tests._cast import DAY_S, MAX, WAD, event, quickly, stored


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """A supplier of 60,000 USDC; 10,000 are owed on 10 WETH, which are worth nothing now."""
    still.supply(supplier, still["USDC"], 60_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 10_000)
    still.set_price(still["WETH"], 1)


@pytest.fixture
def insure(market, owner, stranger, usdc):
    """The stranger insures USDC with an amount."""

    def run(amount, *, idle=False):
        market.supply(stranger, usdc, amount, idle=idle)
        configurator = market.configurator
        quickly(configurator.setInsurer, market.pool, usdc.id, stranger, sender=owner)

    return run


@pytest.mark.parametrize(
    ("insured", "deficit"), [(20_000, 0), (10_000, 0), (4_000, 6_000), (0.000001, 9_999.999999)]
)
def test_write_off__with_insurer__takes_his_supply_first(
    market, pool, usdc, insure, supplier, borrower, liquidator, stranger, insured, deficit
):
    insure(insured)

    tx = pool.writeOff(borrower, sender=liquidator)

    log, slash = event(tx, pool.WriteOff), event(tx, pool.Slash)
    paid = usdc.units(10_000) - usdc.units(deficit)
    assert (log.assets, log.deficit) == (usdc.units(10_000), usdc.units(deficit))
    assert (slash.id, slash.insurer, slash.assets, slash.shares) == (usdc.id, stranger, paid, paid)
    assert pool.supplyBalance(stranger, usdc.id) <= usdc.units(insured) - paid
    if deficit == 0:
        assert pool.supplyBalance(supplier, usdc.id) == usdc.units(60_000)
    else:
        assert pool.supplyBalance(supplier, usdc.id) < usdc.units(60_000)
    assert (log.interest, log.totals) == stored(pool, usdc)
    audit(market, [supplier, borrower, stranger])


def test_write_off__buffer_suffices__leaves_the_insurer_alone(
    pool, usdc, insure, supplier, borrower, liquidator, stranger
):
    insure(4_000)
    quickly(usdc.token.transfer, pool, usdc.units(10_000), sender=supplier)

    tx = pool.writeOff(borrower, sender=liquidator)

    assert [*tx.decode_logs(pool.Slash)] == []
    assert pool.supplyBalance(stranger, usdc.id) == usdc.units(4_000)


def test_write_off__insurers_supply_sits_idle__is_not_touched(
    pool, usdc, insure, borrower, liquidator, stranger
):
    """What sits idle is lent to nobody and owes nobody anything."""
    insure(4_000, idle=True)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == usdc.units(10_000)
    assert pool.supplyBalance(stranger, usdc.id) == usdc.units(4_000)


def test_write_off__insurer_has_left__suppliers_pay(
    pool, usdc, insure, borrower, liquidator, stranger
):
    insure(4_000)
    quickly(pool.withdraw, usdc.id, MAX, stranger, stranger, sender=stranger)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == usdc.units(10_000)


def test_write_off__no_insurer_any_more__suppliers_pay(
    market, pool, usdc, insure, owner, borrower, liquidator, stranger
):
    insure(4_000)
    zero = "0x" + "00" * 20
    quickly(market.configurator.setInsurer, pool, usdc.id, zero, sender=owner)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == usdc.units(10_000)
    assert pool.reserveData(usdc.id).insurer == zero


def test_write_off__all_of_it_lent__slashes_without_cash(
    market, pool, usdc, insure, liquidator, borrower, stranger
):
    """No token has to move for it."""
    insure(20_000)
    market.supply(liquidator, market["WBTC"], 3)
    cash = pool.reserveData(usdc.id).cash
    quickly(pool.borrow, usdc.id, cash, liquidator, liquidator, sender=liquidator)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == 0


def test_liquidate__that_leaves_bad_debt__slashes_in_the_same_call(
    market, pool, weth, usdc, insure, borrower, liquidator, stranger
):
    insure(20_000)
    market.set_price(weth, 500)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.WriteOff)
    assert log.assets > 0 == log.deficit
    assert event(tx, pool.Slash).assets == log.assets


def test_write_off__insurer_is_the_debtor_himself__he_has_nothing_left_to_lose(
    market, pool, usdc, owner, borrower, liquidator
):
    quickly(market.configurator.setInsurer, pool, usdc.id, borrower, sender=owner)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == usdc.units(10_000)


def test_write_off__shares_worth_more_than_one__are_burned_rounded_up(
    worlds, owner, supplier, borrower, liquidator, stranger
):
    """Against the insurer, who is burned at most one share more than the deficit is worth."""
    living = worlds.living
    pool, usdc = living.pool, living["USDC"]
    living.supply(supplier, usdc, 20_000)
    living.supply(borrower, living["WETH"], 10)
    living.borrow(borrower, usdc, 10_000)
    living.wait(90 * DAY_S)
    living.supply(stranger, usdc, 50_000)
    quickly(living.configurator.setInsurer, pool, usdc.id, stranger, sender=owner)
    living.set_price(living["WETH"], 1)

    tx = pool.writeOff(borrower, sender=liquidator)

    slash, index = event(tx, pool.Slash), living.words(usdc).supply_index
    assert slash.assets <= slash.shares * index // WAD <= slash.assets + index // WAD
    assert event(tx, pool.WriteOff).deficit == 0


def test_set_limits__afterwards__keeps_the_insurer(market, pool, usdc, insure, stranger, owner):
    insure(4_000)
    market.set_limits(usdc, supply_cap=511 * 10**9)
    quickly(
        market.configurator.tighten, pool, usdc.id, MAX, usdc.units(20_000), MAX, True, sender=owner
    )
    quickly(
        market.configurator.setOutflowLimit,
        pool,
        usdc.id,
        usdc.units(1_000),
        3_600,
        sender=owner,
    )

    assert pool.reserveData(usdc.id).insurer == stranger
    assert pool.reserveWords(usdc.id).totals >> 254 & 1
