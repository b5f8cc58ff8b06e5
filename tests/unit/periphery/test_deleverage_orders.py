"""Orders to deleverage: filled as signed, by anybody, and only if the account is better off."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from tests._cast import (
    BORROW,
    COLLATERAL,
    DAY_S,
    IDLE,
    MAX,
    SUPPLY,
    WAD,
    WITHDRAW,
    event,
    quickly,
    script,
    step,
)
from tests._signing import AUTHORIZATION, digest, sign, typed_data
from tests.unit.periphery._orders import Order
from tests.unit.periphery._refusal import refusal


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def orders(market, project, owner):
    return owner.deploy(project.DeleverageOrders, market.pool)


@pytest.fixture(autouse=True)
def scene(market, pool, orders, supplier, borrower, stranger):
    """15,000 USDC on 10 WETH at 2,000: a health of 1.107. The stranger fills, with 100,000 USDC approved."""
    weth, usdc = market["WETH"], market["USDC"]
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 15_000)
    quickly(pool.allow, orders, weth.id, MAX, MAX, sender=borrower)
    quickly(usdc.token.approve, orders, MAX, sender=stranger)


@pytest.fixture
def order(borrower, weth, usdc):
    return Order(borrower.address, usdc.id, weth.id)


@pytest.fixture
def signed(orders, chain, borrower):
    """An order's tuple and signature."""

    def run(order, by=borrower):
        return astuple(order), sign(by, order.message(orders, chain.chain_id))

    return run


@pytest.fixture
def fill(orders, usdc, stranger, signed):
    """Fills an order for so many USDC."""

    def run(order, amount, minimum=0, data=b""):
        return orders.fill(*signed(order), usdc.units(amount), minimum, data, sender=stranger)

    return run


@pytest.fixture
def refuses(orders, usdc, stranger, signed):
    """Why it would not be filled."""

    def ask(order, amount=1_000, minimum=0, data=b"", signature=None):
        values, own = signed(order)
        call = (values, signature or own, usdc.units(amount), minimum, data)
        return refusal(orders.fill, *call, sender=stranger)

    return ask


# ----------------------------------------------------------------------------------------- filling


def test_fill__in_part__repays_and_pays_in_collateral(
    orders, pool, weth, usdc, borrower, stranger, order, fill
):
    before = (usdc.token.balanceOf(stranger), weth.token.balanceOf(stranger))

    tx = fill(order, 1_000)

    paid, got = usdc.units(1_000), weth.units("0.505")
    assert tuple(tx.return_value) == (paid, got)
    after = (usdc.token.balanceOf(stranger), weth.token.balanceOf(stranger))
    assert after == (before[0] - paid, before[1] + got)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(14_000)
    assert pool.supplyBalance(borrower, weth.id) == weth.units("9.495")
    assert orders.filled(borrower, 7) == paid
    log = event(tx, orders.Filled)
    assert (log.account, log.nonce, log.filler) == (borrower, 7, stranger)
    assert (log.debtId, log.positionId) == (usdc.id, weth.id)
    assert (log.repaid, log.received) == (paid, got)
    assert usdc.token.balanceOf(orders) == weth.token.balanceOf(orders) == 0
    assert usdc.token.allowance(orders, pool) == 0


def test_fill__any__raises_the_health(pool, borrower, order, fill):
    before = pool.healthFactor(borrower)
    fill(order, 500)
    between = pool.healthFactor(borrower)
    fill(order, 500)
    assert before < between < pool.healthFactor(borrower)


def test_fill__more_than_the_order_allows__repays_what_is_left_of_it(
    order, fill, refuses, borrower
):
    fill(order, 2_000)
    assert fill(order, 9_000).return_value[0] == 3_000 * 10**6
    assert refuses(order) == ("NothingLeft", borrower, 7)


def test_fill__another_order_of_the_same_nonce__shares_what_may_be_repaid(
    order, fill, refuses, borrower
):
    fill(order, 2_000)
    other = replace(order, bonus=0, max_repay=2_000 * 10**6)
    assert refuses(other) == ("NothingLeft", borrower, 7)
    fill(replace(other, nonce=8), 1_000)


def test_fill__the_whole_debt__clears_it(orders, pool, usdc, borrower, order, fill):
    whole = replace(order, target=MAX, max_repay=MAX)
    assert fill(whole, 20_000).return_value[0] == usdc.units(15_000)
    assert pool.debtBalance(borrower, usdc.id) == 0


def test_fill__of_idle_collateral__pays_from_it(orders, pool, weth, borrower, order, fill, refuses):
    quickly(pool.convert, weth.id, True, borrower, sender=borrower)
    idle = replace(order, position_id=weth.id | IDLE)
    assert refuses(idle)[0] == "NotAuthorized"
    quickly(pool.allow, orders, weth.id | IDLE, MAX, MAX, sender=borrower)
    assert fill(idle, 1_000).return_value[1] == weth.units("0.505")


def test_fill__minimum_received__met_to_the_unit_or_refused(weth, order, fill, refuses):
    got = weth.units("0.505")
    assert refuses(order, minimum=got + 1) == ("ReceivedTooLittle", got, got + 1)
    fill(order, 1_000, minimum=got)


@pytest.fixture
def filler(project, owner):
    """A contract without any USDC."""
    return owner.deploy(project.MockFiller)


def test_fill__with_a_callback__sells_the_collateral_before_it_pays(
    orders, weth, usdc, owner, filler, order, signed
):
    sell = script(
        step(weth.token.burn, filler, weth.units("0.505")),
        step(usdc.token.mint, filler, usdc.units(1_010)),
        step(usdc.token.approve, orders, usdc.units(1_000)),
    )
    call = step(orders.fill, *signed(order), usdc.units(1_000), 0, sell)

    tx = filler.act([call], sender=owner)

    told = event(tx, filler.CalledBack)
    assert (told.id, told.assets) == (weth.units("0.505"), usdc.units(1_000))
    assert usdc.token.balanceOf(filler) == usdc.units(10)


def test_fill__with_a_callback_that_does_not_pay__refused(
    orders, usdc, owner, filler, order, signed
):
    call = step(orders.fill, *signed(order), usdc.units(1_000), 0, script())
    assert refusal(filler.act, [call], sender=owner)[0] == "ERC20InsufficientAllowance"


# -------------------------------------------------------------------------------------- conditions


def test_fill__health_at_the_trigger__refused_and_below_it_filled(
    pool, borrower, order, fill, refuses
):
    health = pool.healthFactor(borrower)
    assert refuses(replace(order, trigger=health)) == ("NotTriggered", borrower, health, health)
    fill(replace(order, trigger=health + 1), 1_000)


def test_fill__above_the_target__refused_and_less_of_it_filled(
    chain, pool, borrower, order, fill, refuses
):
    with chain.isolate():
        fill(order, 1_000)
        afterwards = pool.healthFactor(borrower)
    low = replace(order, target=afterwards - 1)
    assert refuses(low) == ("AboveTarget", borrower, afterwards, afterwards - 1)
    fill(replace(order, target=afterwards), 1_000)


def test_fill__at_a_bonus_that_makes_it_worse__refused(pool, borrower, order, fill, refuses):
    """At a health of 1.107 and a threshold of 0.83 that is a bonus above a third."""
    before = pool.healthFactor(borrower)
    name, account, health, afterwards = refuses(replace(order, bonus=WAD * 40 // 100))
    assert (name, account, health) == ("NotHealthier", borrower, before)
    assert afterwards < before
    fill(replace(order, bonus=WAD * 30 // 100), 1_000)


def test_fill__beyond_the_ltv__takes_one_large_enough_to_come_back(
    market, weth, borrower, order, fill, refuses
):
    market.set_price(weth, 1_850)
    assert refuses(order, 100)[0] == "Undercollateralized"
    fill(order, 2_000)


def test_fill__deadline_passed__refused(chain, order, fill, refuses):
    now = chain.pending_timestamp
    assert refuses(replace(order, deadline=now - 100)) == ("SignatureExpired", now - 100)
    fill(replace(order, deadline=now + 100), 1_000)


def test_fill__cancelled__refused(orders, borrower, order, fill, refuses):
    tx = orders.cancel(7, sender=borrower)
    assert event(tx, orders.Cancelled).nonce == 7
    assert orders.filled(borrower, 7) == MAX
    assert refuses(order) == ("NothingLeft", borrower, 7)
    fill(replace(order, nonce=8), 1_000)


def test_cancel__by_another__is_his_own(orders, stranger, order, fill):
    orders.cancel(7, sender=stranger)
    fill(order, 1_000)


def test_fill__without_the_borrowers_permission__refused(
    orders, pool, weth, borrower, order, fill, refuses
):
    pool.allow(orders, weth.id, 0, 0, sender=borrower)
    assert refuses(order)[0] == "NotAuthorized"
    pool.allow(orders, weth.id, weth.units("0.505") - 1, MAX, sender=borrower)
    assert refuses(order)[0] == "InsufficientAllowance"
    pool.authorize(orders, WITHDRAW, MAX, sender=borrower)
    fill(order, 1_000)


# ------------------------------------------------------------------------------------------ prices


@pytest.mark.parametrize("dead", ["WETH", "USDC"])
def test_fill__an_asset_of_the_account_without_price__refused(
    market, order, borrower, owner, refuses, fill, dead
):
    quickly(market[dead].feed.kill, True, sender=owner)
    assert refuses(order) == ("Unpriced", borrower)
    quickly(market[dead].feed.kill, False, sender=owner)
    fill(order, 1_000)


def test_fill__collateral_that_does_not_count_without_price__refused(
    market, orders, pool, wbtc, borrower, owner, order, refuses, fill
):
    """It is not part of the account's health, but has to be priced to be given."""
    market.supply(borrower, wbtc, 1)
    quickly(pool.setCollateral, wbtc.id, False, borrower, sender=borrower)
    quickly(pool.allow, orders, wbtc.id, MAX, MAX, sender=borrower)
    other = replace(order, position_id=wbtc.id)
    quickly(wbtc.feed.kill, True, sender=owner)
    assert refuses(other) == ("NoPrice", wbtc.id)
    quickly(wbtc.feed.kill, False, sender=owner)
    fill(other, 1_000)


def test_fill__debt_that_is_none__refused(market, order, wbtc, borrower, owner, refuses):
    other = replace(order, debt_id=wbtc.id)
    assert refuses(other) == ("NoPosition", borrower, wbtc.id)
    quickly(wbtc.feed.kill, True, sender=owner)
    assert refuses(other) == ("NoPrice", wbtc.id)


# -------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("debt_id", 63),
        ("position_id", 63),
        ("trigger", MAX),
        ("target", MAX),
        ("bonus", WAD),
        ("max_repay", MAX),
        ("deadline", MAX - 1),
        ("nonce", 8),
    ],
)
def test_fill__other_values_than_signed__refused(borrower, order, signed, refuses, field, value):
    _, signature = signed(order)
    changed = replace(order, **{field: value})
    assert refuses(changed, signature=signature) == ("InvalidSignature", borrower)


def test_fill__signed_by_another_for_the_victim__refused(
    borrower, stranger, order, signed, refuses
):
    """The victim has let this contract take all his collateral."""
    _, signature = signed(order, by=stranger)
    assert refuses(order, signature=signature) == ("InvalidSignature", borrower)


def test_fill__signed_for_another_contract_or_chain__refused(
    project, owner, pool, chain, borrower, order, refuses, orders
):
    other = owner.deploy(project.DeleverageOrders, pool)
    for message in (order.message(other, chain.chain_id), order.message(orders, 1)):
        answer = refuses(order, signature=sign(borrower, message))
        assert answer == ("InvalidSignature", borrower)


@pytest.fixture
def wallet(market, pool, project, owner, orders, weth, usdc, borrower):
    """An account that is a contract, for which the borrower acts."""
    wallet = owner.deploy(project.MockWallet)
    actions = SUPPLY | WITHDRAW | BORROW | COLLATERAL
    for nonce, (operator, what) in enumerate(((borrower, actions), (orders, WITHDRAW))):
        values = (wallet, operator, what, MAX >> 32, nonce, MAX)
        message = typed_data(pool, AUTHORIZATION, *values)
        quickly(wallet.accept, digest(message), sender=owner)
        quickly(pool.authorizeBySig, *values, b"", sender=owner)
    quickly(pool.supply, weth.id, weth.units(10), wallet, sender=borrower)
    quickly(pool.borrow, usdc.id, usdc.units(15_000), wallet, borrower, sender=borrower)
    return wallet


def test_fill__of_a_contract__by_what_it_accepts(
    orders, chain, pool, usdc, wallet, owner, stranger, order
):
    own = replace(order, account=wallet.address)
    call = (orders.fill, astuple(own), b"", usdc.units(1_000), 0, b"")
    assert refusal(*call, sender=stranger) == ("InvalidSignature", wallet)
    assert orders.digest(astuple(own)) == digest(own.message(orders, chain.chain_id))
    quickly(wallet.accept, orders.digest(astuple(own)), sender=owner)

    orders.fill(*call[1:], sender=stranger)

    assert pool.debtBalance(wallet, usdc.id) == usdc.units(14_000)


# ------------------------------------------------------------------------------------------ attacks


def test_fill__from_inside_a_fill__refused(orders, usdc, owner, filler, order, signed):
    inner = step(orders.fill, *signed(order), usdc.units(1_000), 0, b"")
    call = step(orders.fill, *signed(order), usdc.units(1_000), 0, script(inner))
    assert refusal(filler.act, [call], sender=owner)[0] == "ReentrancyGuardReentrantCall"


def test_callback__by_anybody_but_the_pool__refused(orders, usdc, stranger):
    answer = refusal(orders.onRepay, usdc.id, 0, b"", sender=stranger)
    assert answer == ("NotPool", stranger)


@pytest.fixture
def naive(project, owner, pool, orders, weth, usdc, borrower, stranger):
    """Orders without conditions, with the same permissions."""
    naive = owner.deploy(project.MockNaiveOrders, orders)
    quickly(pool.authorize, naive, WITHDRAW, MAX, sender=borrower)
    quickly(usdc.token.approve, naive, MAX, sender=stranger)
    return naive


def test_naive_orders__the_same_attacks__succeed(
    market, naive, pool, usdc, weth, borrower, stranger, order, signed, refuses
):
    """Filled above the trigger, twice over, and to the account's harm."""
    toxic = replace(order, bonus=WAD * 40 // 100, max_repay=1_000 * 10**6)
    before = pool.healthFactor(borrower)
    assert refuses(toxic)[0] == "NotHealthier"
    for _ in range(2):
        naive.fill(*signed(toxic), usdc.units(1_000), 0, b"", sender=stranger)
    assert pool.healthFactor(borrower) < before
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(13_000)

    market.set_price(weth, 2_500)
    assert refuses(order)[0] == "NotTriggered"
    naive.fill(*signed(order), usdc.units(1_000), 0, b"", sender=stranger)


# ------------------------------------------------------------------------------------------ rounding


@pytest.fixture
def odd(worlds, project, owner, supplier, borrower, stranger):
    """Indices of a market in which a year has passed, and orders on it; the collateral earns too."""
    market = worlds.living
    pool, weth, usdc = market.pool, market["WETH"], market["USDC"]
    orders = owner.deploy(project.DeleverageOrders, pool)
    market.supply(supplier, usdc, 20_000)
    market.supply(supplier, weth, 5)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 9_000)
    market.borrow(supplier, weth, 4)
    market.wait(365 * DAY_S)
    naive = owner.deploy(project.MockNaiveOrders, orders)
    for contract in (orders, naive):
        quickly(pool.authorize, contract, WITHDRAW, MAX, sender=borrower)
        quickly(usdc.token.approve, contract, MAX, sender=stranger)
    return market, orders, naive


@pytest.mark.parametrize("amount", [2, 3, 7, 1_001, 999_999, 123_456_789])
@pytest.mark.parametrize("kind", ["real", "naive"])
def test_fill__any_amount__never_gives_more_than_it_takes_and_the_bonus(
    odd, chain, borrower, stranger, amount, kind
):
    """In shares, at the indices of the fill: seconds of interest pass besides."""
    market, orders, naive = odd
    pool, weth, usdc = market.pool, market["WETH"], market["USDC"]
    order = Order(borrower.address, usdc.id, weth.id, trigger=MAX, target=MAX)
    call = (astuple(order), sign(borrower, order.message(orders, chain.chain_id)), amount, 0, b"")
    held = {p.id: p for p in pool.positions(borrower)}
    target = orders if kind == "real" else naive
    target.fill(*call, sender=stranger)

    left = {p.id: p for p in pool.positions(borrower)}
    indices = [market.words(r) for r in (usdc, weth)]
    repaid = (held[usdc.id].debtShares - left[usdc.id].debtShares) * indices[0].debt_index
    seized = (held[weth.id].supplyShares - left[weth.id].supplyShares) * indices[1].supply_index
    # Values in units of 1e-18 times 1e-18 dollars: USDC at 1, WETH at 2,000.
    repaid_value, seized_value = repaid * 10**12, seized * 2_000
    fair = seized_value * 100 <= repaid_value * 101
    assert fair is (kind == "real")
