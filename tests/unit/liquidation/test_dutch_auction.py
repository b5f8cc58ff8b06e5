"""The Dutch auction of the bonus: from floor to cap by the clock, started and stopped by anybody."""

from __future__ import annotations

from fractions import Fraction

import ape
import pytest

from tests._cast import MAX, WAD, ZERO, Terms, event, quickly, refused, script, step
from tests._revm import Reverted

DURATION_S, LIFETIME_S = 1_800, 7_200
FLOOR, CAP = Fraction(25, 1_000), Fraction(50, 1_000)
PRICE_USD = 1_750


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(market, supplier, borrower):
    """15,000 USDC owed on 10 WETH, which fell from 2,000 to 1,750: a health of 0.968."""
    market.supply(supplier, market["USDC"], 100_000)
    market.supply(borrower, market["WETH"], 10)
    market.borrow(borrower, market["USDC"], 15_000)
    market.set_price(market["WETH"], PRICE_USD)


@pytest.fixture
def use(market):
    """Makes a model the pool's own."""

    def run(model):
        market.set_terms(Terms(model=model.address))
        return model

    return run


@pytest.fixture
def auction(scene, market, project, owner, use):
    return use(owner.deploy(project.DutchAuctionModel, market.pool, DURATION_S, LIFETIME_S))


@pytest.fixture
def naive(scene, project, owner, use):
    """One that anybody may start at any time, and again."""
    return use(owner.deploy(project.MockNaiveAuction))


@pytest.fixture
def bonus(chain, pool, weth, usdc, borrower, liquidator):
    """What a liquidation pays now, as a share of what it repays, and when; nothing remains of it."""

    def run(account=borrower):
        with chain.isolate():
            terms = (account, usdc.id, weth.id, MAX, 0, liquidator)
            tx = pool.liquidate(*terms, sender=liquidator)
            log = event(tx, pool.Liquidate)
            seized = Fraction(log.seized, WAD) * PRICE_USD
            repaid = Fraction(log.repaid, 10**6)
            return seized / repaid - 1, chain.blocks[tx.block_number].timestamp

    return run


def near(value):
    return pytest.approx(float(value), abs=1e-8)


# ------------------------------------------------------------------------------------- the bonus


def test_size__not_started__pays_the_floor(auction, bonus):
    assert bonus()[0] == near(FLOOR)


def test_size__started__rises_in_a_line(market, chain, auction, borrower, stranger, bonus):
    auction.start(borrower, sender=stranger)
    for _ in range(3):
        market.wait(DURATION_S // 4)
        paid, at = bonus()
        elapsed = at - auction.startedAt(borrower)
        assert paid == near(FLOOR + (CAP - FLOOR) * Fraction(elapsed, DURATION_S))


@pytest.mark.parametrize("wait_s", [DURATION_S, LIFETIME_S - 60])
def test_size__duration_over__pays_the_cap(market, auction, borrower, stranger, bonus, wait_s):
    auction.start(borrower, sender=stranger)
    market.wait(wait_s)
    assert bonus()[0] == near(CAP)


def test_size__lapsed__pays_the_floor_again(market, auction, borrower, stranger, bonus):
    auction.start(borrower, sender=stranger)
    market.wait(LIFETIME_S)
    assert bonus()[0] == near(FLOOR)
    assert auction.progress(borrower) == 0


def test_size__at_any_bonus__restores_the_target(
    market, pool, auction, borrower, liquidator, weth, usdc
):
    auction.start(borrower, sender=liquidator)
    market.wait(DURATION_S // 2)
    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    assert pool.healthFactor(borrower) == pytest.approx(1.05 * WAD, rel=1e-9)


def test_size__of_another_account__is_not_moved(
    market, auction, borrower, stranger, usdc, weth, bonus
):
    market.set_price(weth, 2_000)
    market.supply(stranger, weth, 10)
    market.borrow(stranger, usdc, 15_000)
    market.set_price(weth, PRICE_USD)
    auction.start(borrower, sender=stranger)
    market.wait(DURATION_S)
    assert bonus()[0] == near(CAP)
    assert bonus(stranger)[0] == near(FLOOR)


def test_size__asked_by_anybody__is_what_the_pool_is_told(
    market, project, owner, pool, auction, borrower, liquidator, weth, usdc
):
    auction.start(borrower, sender=liquidator)
    market.wait(DURATION_S)
    lens = owner.deploy(project.QuoteLens)
    quote = lens.quoteLiquidation(pool, borrower, usdc.id, weth.id, MAX, False)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert (quote.repaid, quote.seized) == (log.repaid, log.seized)
    assert quote.bonus == WAD // 20


# ---------------------------------------------------------------------------------------- starting


def test_start__unhealthy__is_told(auction, chain, pool, borrower, stranger):
    tx = auction.start(borrower, sender=stranger)
    assert auction.startedAt(borrower) == chain.blocks[tx.block_number].timestamp
    log = event(tx, auction.AuctionStarted)
    assert (log.account, log.caller, log.health) == (
        borrower,
        stranger,
        pool.healthFactor(borrower),
    )


def test_start__health_of_exactly_one__refused(market, auction, pool, borrower, stranger, weth):
    market.set_risk(weth, ltv_bps=7_500, threshold_bps=7_500, bonus_cap_bps=500)
    market.wait(86_400)
    market.set_price(weth, 2_000)  # 20,000 times 0.75 is the debt
    refused(pool.Healthy, auction.start, borrower, sender=stranger, account=borrower, health=WAD)
    market.set_price(weth, 1_999.99)
    auction.start(borrower, sender=stranger)


def test_start__running__refused_until_it_has_lapsed(market, auction, borrower, stranger):
    auction.start(borrower, sender=stranger)
    since = auction.startedAt(borrower)
    market.wait(LIFETIME_S - 60)
    with ape.reverts(auction.AuctionRunning, account=borrower, startedAt=since):
        auction.start(borrower, sender=stranger)
    market.wait(60)
    auction.start(borrower, sender=stranger)
    assert auction.startedAt(borrower) > since


# ---------------------------------------------------------------------------------------- stopping


def test_stop__healthy_again__the_next_fall_begins_at_the_floor(
    market, auction, borrower, stranger, weth, bonus
):
    auction.start(borrower, sender=stranger)
    market.set_price(weth, 2_000)
    tx = auction.stop(borrower, sender=stranger)
    market.wait(DURATION_S)
    market.set_price(weth, PRICE_USD)

    assert event(tx, auction.AuctionStopped).account == borrower
    assert auction.startedAt(borrower) == 0
    assert bonus()[0] == near(FLOOR)


def test_stop__unhealthy__refused(auction, pool, borrower, stranger):
    auction.start(borrower, sender=stranger)
    with ape.reverts(auction.Unhealthy, account=borrower, health=pool.healthFactor(borrower)):
        auction.stop(borrower, sender=borrower)


def test_stop__none__refused(market, auction, borrower, stranger, weth):
    market.set_price(weth, 2_000)
    with ape.reverts(auction.NoAuction, account=borrower):
        auction.stop(borrower, sender=stranger)


def test_stop__lapsed__refused(market, auction, borrower, stranger, weth):
    auction.start(borrower, sender=stranger)
    market.wait(LIFETIME_S)
    market.set_price(weth, 2_000)
    with ape.reverts(auction.NoAuction, account=borrower):
        auction.stop(borrower, sender=stranger)


# ----------------------------------------------------------------------------------- who gains by it


def test_start__often__does_not_keep_the_bonus_down(market, auction, borrower, stranger, bonus):
    """The borrower's friend starts it again and again."""
    quickly(auction.start, borrower, sender=stranger)
    for _ in range(4):
        market.wait(DURATION_S // 4)
        refused(auction.AuctionRunning, auction.start, borrower, sender=stranger)
    assert bonus()[0] == near(CAP)


def test_start__often_where_it_is_allowed__keeps_the_bonus_down(
    market, naive, borrower, stranger, bonus
):
    for _ in range(4):
        market.wait(DURATION_S // 4)
        quickly(naive.start, borrower, sender=stranger)
    assert bonus()[0] == pytest.approx(float(FLOOR), abs=1e-4)


def test_start__early__gains_nothing_over_whoever_comes_first(
    market, auction, borrower, liquidator, stranger, weth, usdc, pool
):
    """Who has started it is not preferred: another takes the risen bonus."""
    quickly(auction.start, borrower, sender=stranger)
    market.wait(DURATION_S)
    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    refused(
        pool.Healthy,
        pool.liquidate,
        borrower,
        usdc.id,
        weth.id,
        MAX,
        0,
        stranger,
        sender=stranger,
        account=borrower,
    )


def test_start__while_healthy__refused_where_a_naive_one_lets_the_clock_run(
    market, auction, naive, pool, use, borrower, stranger, weth, bonus
):
    market.set_price(weth, 2_000)
    refused(pool.Healthy, auction.start, borrower, sender=stranger, account=borrower)
    quickly(naive.start, borrower, sender=stranger)
    market.wait(DURATION_S)
    market.set_price(weth, PRICE_USD)

    assert bonus()[0] == near(CAP)
    use(auction)
    assert bonus()[0] == near(FLOOR)


@pytest.fixture
def contract(market, pool, weth, usdc, caller, owner):
    """An account that is a contract, as unhealthy as the borrower, and has 10 WETH more."""
    market.set_price(weth, 2_000)
    quickly(weth.token.mint, caller, weth.units(20), sender=owner)
    steps = [
        step(weth.token.approve, pool, MAX),
        step(usdc.token.approve, pool, MAX),
        step(pool.supply, weth.id, weth.units(10), caller),
        step(pool.borrow, usdc.id, usdc.units(15_000), caller, caller),
    ]
    quickly(caller.act, steps, sender=owner)
    market.set_price(weth, PRICE_USD)
    return caller


@pytest.mark.parametrize("stays", [True, False])
def test_stop__healthy_for_a_moment_only__refused_by_the_pool(
    pool, weth, auction, contract, owner, stays
):
    """In a batch health is checked at its end: what was supplied for the stop has to stay."""
    quickly(auction.start, contract, sender=owner)
    supply = step(pool.supply, weth.id, weth.units(10), contract)
    stop = step(auction.stop, contract)
    withdraw = step(pool.withdraw, weth.id, weth.units(10), contract, contract)
    inner = (supply, stop) if stays else (supply, stop, withdraw)
    loan = pool.flashLoan.encode_input(weth.id, 1, script(*inner))
    steps = [step(pool.batch, [loan])]

    if stays:
        contract.act(steps, sender=owner)
        assert auction.startedAt(contract) == 0
    else:
        refused(pool.Undercollateralized, contract.act, steps, sender=owner, account=contract)


# -------------------------------------------------------------------------------------- construction


@pytest.mark.parametrize(("duration", "lifetime"), [(0, 1), (2, 1), (1, 86_401)])
def test_constructor__out_of_range__refused(machine, duration, lifetime):
    with pytest.raises(Reverted) as e:
        machine.deploy("DutchAuctionModel", ZERO, duration, lifetime)
    assert (e.value.name, e.value.arguments) == ("DurationOutOfRange", (duration, lifetime))


def test_constructor__at_the_ends__accepted(machine):
    machine.deploy("DutchAuctionModel", ZERO, 1, 1)
    machine.deploy("DutchAuctionModel", ZERO, 86_400, 86_400)
