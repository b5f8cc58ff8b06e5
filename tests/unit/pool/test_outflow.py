"""The limit on outflow: how much may leave a reserve in a row, and how it comes free again."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, IDLE, MAX, event, quickly, refused


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower, owner):
    """100,000 USDC, of which 10,000 may leave in a day; the borrower has 10 WETH."""
    usdc = still["USDC"]
    still.supply(supplier, usdc, 100_000)
    still.supply(borrower, still["WETH"], 10)
    limit = (still.pool, usdc.id, usdc.units(10_000), DAY_S)
    quickly(still.configurator.setOutflowLimit, *limit, sender=owner)


@pytest.fixture
def room(pool, usdc):
    """What may leave now, in whole tokens."""
    return lambda: pool.reserveData(usdc.id).outflowRoom / usdc.units(1)


@pytest.fixture
def withdraw(pool, usdc, supplier):
    """Withdraws raw units."""
    return lambda assets: pool.withdraw(usdc.id, assets, supplier, supplier, sender=supplier)


def test_outflow__withdrawal_up_to_the_limit__accepted(usdc, withdraw, room):
    withdraw(usdc.units(10_000))
    assert room() < 1


def test_outflow__withdrawal_a_unit_above__refused(pool, usdc, withdraw):
    limit = usdc.units(10_000)
    with ape.reverts(pool.OutflowLimitExceeded, id=usdc.id, assets=limit + 1, available=limit):
        withdraw(limit + 1)


def test_outflow__loan_a_unit_above__refused(pool, usdc, borrower):
    limit = usdc.units(10_000)
    with ape.reverts(pool.OutflowLimitExceeded, id=usdc.id, assets=limit + 1, available=limit):
        pool.borrow(usdc.id, limit + 1, borrower, borrower, sender=borrower)


def test_outflow__withdrawals_and_loans__count_together(
    market, pool, usdc, borrower, withdraw, room
):
    withdraw(usdc.units(6_000))
    market.borrow(borrower, usdc, 3_000)
    assert room() == pytest.approx(1_000, abs=5)
    with ape.reverts(pool.OutflowLimitExceeded):
        withdraw(usdc.units(1_100))


@pytest.mark.parametrize(("part", "free"), [(0.25, 2_500), (0.5, 5_000), (1, 10_000), (3, 10_000)])
def test_outflow__as_time_passes__comes_free_in_one_window(chain, usdc, withdraw, room, part, free):
    withdraw(usdc.units(10_000))
    chain.mine(deltatime=round(part * DAY_S))
    assert room() == pytest.approx(free, abs=1)


def test_outflow__supplying__makes_room_up_to_the_limit(market, usdc, supplier, withdraw, room):
    withdraw(usdc.units(8_000))
    market.supply(supplier, usdc, 5_000)
    assert room() == pytest.approx(7_000, abs=5)
    market.supply(supplier, usdc, 5_000)
    assert room() == 10_000


def test_outflow__repaying__makes_room(market, pool, usdc, borrower, room):
    market.borrow(borrower, usdc, 8_000)
    quickly(pool.repay, usdc.id, usdc.units(5_000), borrower, sender=borrower)
    assert room() == pytest.approx(7_000, abs=5)


def test_outflow__in_and_out_again__uses_up_nothing(usdc, pool, stranger, room):
    quickly(pool.supply, usdc.id, usdc.units(9_000), stranger, sender=stranger)
    quickly(pool.withdraw, usdc.id, usdc.units(9_000), stranger, stranger, sender=stranger)
    quickly(pool.supply, usdc.id, usdc.units(9_000), stranger, sender=stranger)
    assert room() == 10_000


def test_outflow__of_one_reserve__does_not_limit_another(pool, weth, borrower):
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)
    assert pool.reserveData(weth.id).outflowRoom == MAX


# -------------------------------------------------------------------------------------- what is limited


@pytest.fixture
def used_up(scene, usdc, withdraw):
    withdraw(usdc.units(10_000))


@pytest.mark.usefixtures("used_up")
def test_outflow__what_sits_idle__is_never_limited(market, pool, usdc, stranger):
    market.supply(stranger, usdc, 50_000, idle=True)
    pool.withdraw(usdc.id | IDLE, MAX, stranger, stranger, sender=stranger)
    assert pool.positions(stranger) == []


def test_convert__to_idle_above_the_limit__refused(pool, usdc, supplier):
    """It would be the way round the limit."""
    with ape.reverts(pool.OutflowLimitExceeded, id=usdc.id, assets=usdc.units(100_000)):
        pool.convert(usdc.id, True, supplier, sender=supplier)


def test_convert__to_earning__makes_room(market, pool, usdc, stranger, withdraw, room):
    market.supply(stranger, usdc, 5_000, idle=True)
    withdraw(usdc.units(10_000))
    pool.convert(usdc.id, False, stranger, sender=stranger)
    assert room() == pytest.approx(5_000, abs=5)


def test_outflow__collateral_that_is_liquidated__is_not_limited(
    market, pool, usdc, weth, owner, borrower, liquidator
):
    market.borrow(borrower, usdc, 10_000)
    limit = (pool, weth.id, 1, DAY_S)
    quickly(market.configurator.setOutflowLimit, *limit, sender=owner)
    market.set_price(weth, 1_100)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(10_000)


@pytest.mark.usefixtures("used_up")
def test_repay_with_supply__limit_used_up__accepted(market, pool, usdc, borrower):
    market.supply(borrower, usdc, 1_000)
    market.borrow(borrower, usdc, 1_000)
    pool.repayWithSupply(usdc.id, MAX, borrower, sender=borrower)
    assert pool.debtBalance(borrower, usdc.id) == 0


# ------------------------------------------------------------------------------------------- setting it


def test_set_outflow_limit__zero_and_zero__ends_it(market, pool, usdc, owner, withdraw):
    tx = market.configurator.setOutflowLimit(pool, usdc.id, 0, 0, sender=owner)

    assert event(tx, pool.ReserveConfigured).words == pool.reserveWords(usdc.id)
    assert pool.reserveData(usdc.id).outflowRoom == MAX
    withdraw(usdc.units(100_000))


def test_set_outflow_limit__again__starts_full(market, usdc, pool, owner, withdraw, room):
    withdraw(usdc.units(10_000))
    limit = (pool, usdc.id, usdc.units(3_000), DAY_S)
    market.configurator.setOutflowLimit(*limit, sender=owner)
    assert room() == 3_000


def test_set_limits__with_a_limit_on_outflow__keeps_it(market, usdc, withdraw, room):
    withdraw(usdc.units(4_000))
    market.set_limits(usdc, supply_cap=usdc.units(200_000))
    assert room() == pytest.approx(6_000, abs=5)


@pytest.mark.parametrize(
    ("capacity", "window"),
    [
        (0, DAY_S),
        (1, 0),
        (1, 30 * DAY_S + 1),
        (512, DAY_S),  # no cap of three digits
        (52 * 10**32, DAY_S),  # more than 112 bits
        (MAX, DAY_S),
    ],
)
def test_set_outflow_limit__beyond_a_bound__refused(market, pool, usdc, owner, capacity, window):
    error, method = market.configurator.OutflowOutOfRange, market.configurator.setOutflowLimit
    values = {"capacity": capacity, "window": window}
    refused(error, method, pool, usdc.id, capacity, window, sender=owner, **values)


@pytest.mark.parametrize(("capacity", "window"), [(1, 1), (511, 30 * DAY_S), (51 * 10**32, DAY_S)])
def test_set_outflow_limit__at_a_bound__accepted(market, pool, usdc, owner, capacity, window):
    market.configurator.setOutflowLimit(pool, usdc.id, capacity, window, sender=owner)
    assert pool.reserveData(usdc.id).outflowRoom == capacity
