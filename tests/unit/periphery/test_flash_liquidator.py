"""Liquidations without capital: one or many, at venues good and bad; nothing stays behind."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests._cast import DAY_S, MAX, WAD, ZERO, event, quickly
from tests._revm import named_error
from tests.unit.periphery._refusal import refusal

MOODS = "HONEST FAILS THIN STEALS CALLS_BACK BURNS_GAS BOMBS GENEROUS"
MOOD = SimpleNamespace(**{name: k for k, name in enumerate(MOODS.split())})
GAS_EACH = 1_500_000
# 9.84375 WETH are seized for 15,000 USDC at 1,600 and 5 %, and a tenth of the bonus is the pool's.
RECEIVED = 9_796_875 * 10**12
BOUGHT = RECEIVED * 1_600 * 99 // 100 // 10**12  # at a spread of 1 %
PROFIT = BOUGHT - 15_000 * 10**6


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(market, supplier, borrower, stranger):
    """15,000 USDC owed on 10 WETH, now at 1,600; the stranger owes next to nothing on as much."""
    weth, usdc = market["WETH"], market["USDC"]
    market.supply(supplier, usdc, 100_000)
    for account, debt in ((borrower, 15_000), (stranger, 1_000)):
        market.supply(account, weth, 10)
        market.borrow(account, usdc, debt)
    market.set_price(weth, 1_600)


@pytest.fixture
def flash(market, project, owner):
    return owner.deploy(project.FlashLiquidator, market.pool)


@pytest.fixture
def venue(market, project, owner):
    """It has a million USDC."""
    venue = owner.deploy(project.MockVenue, market.pool, WAD // 100)
    quickly(market["USDC"].token.mint, venue, 10**12, sender=owner)
    return venue


@pytest.fixture
def job(borrower, weth, usdc, venue):
    """The borrower's liquidation, or what is said of it."""

    def make(**changes):
        terms = {
            "account": borrower.address,
            "debtId": usdc.id,
            "collateralId": weth.id,
            "maxRepay": MAX,
            "minProfit": 0,
            "venue": venue.address,
            "route": b"",
        }
        return tuple((terms | changes).values())

    return make


@pytest.fixture
def second(market, weth, usdc, stranger):
    """The stranger is unhealthy too."""
    market.set_price(weth, 2_000)
    market.borrow(stranger, usdc, 13_000)
    market.set_price(weth, 1_600)
    return stranger


@pytest.fixture
def empty(flash, pool, venue, weth, usdc):
    """Asserts that it has neither tokens nor approvals."""

    def check():
        for token in (weth.token, usdc.token):
            assert token.balanceOf(flash) == 0
            assert token.allowance(flash, pool) == token.allowance(flash, venue) == 0

    return check


def errors(receipt):
    """What the jobs of a list failed with, by name."""
    return [(named_error(bytes(o.reason)) or ("",))[0] for o in receipt.return_value]


# ---------------------------------------------------------------------------------------------- one


def test_liquidate__at_an_honest_venue__sends_the_profit_to_the_caller(
    flash, pool, usdc, borrower, owner, job, empty
):
    before = usdc.token.balanceOf(owner)

    tx = flash.liquidate(job(), sender=owner)

    assert tuple(tx.return_value) == (15_000 * 10**6, RECEIVED, PROFIT)
    assert usdc.token.balanceOf(owner) - before == PROFIT
    assert pool.debtBalance(borrower, usdc.id) == 0
    log = event(tx, flash.JobDone)
    assert (log.account, log.caller) == (borrower, owner)
    assert (log.repaid, log.received, log.profit) == tuple(tx.return_value)
    empty()


def test_liquidate__minimum_profit__met_to_the_unit_or_refused(flash, owner, job):
    needed = BOUGHT + 1
    assert refusal(flash.liquidate, job(minProfit=PROFIT + 1), sender=owner) == (
        "TooLittleForDebt",
        BOUGHT,
        needed,
    )
    flash.liquidate(job(minProfit=PROFIT), sender=owner)


def test_liquidate__part_of_it__repays_no_more(flash, usdc, owner, job, empty):
    tx = flash.liquidate(job(maxRepay=usdc.units(5_000)), sender=owner)
    assert tx.return_value[0] == usdc.units(5_000)
    empty()


def test_liquidate__one_asset_on_both_sides__needs_no_venue(
    market, flash, weth, liquidator, owner, job, empty
):
    market.supply(liquidator, weth, 10)
    market.borrow(liquidator, weth, 8)
    market.set_risk(weth, ltv_bps=7_800, threshold_bps=7_900)
    market.wait(DAY_S)
    before = weth.token.balanceOf(owner)

    same = job(account=liquidator.address, debtId=weth.id, venue=ZERO)
    tx = flash.liquidate(same, sender=owner)

    repaid, received, profit = tx.return_value
    assert profit == received - repaid == weth.token.balanceOf(owner) - before
    assert profit > 0
    empty()


def test_liquidate__venue_takes_less_and_pays_all__gives_the_rest_to_the_caller(
    flash, weth, venue, owner, job, empty
):
    quickly(venue.be, MOOD.GENEROUS, sender=owner)
    before = weth.token.balanceOf(owner)
    flash.liquidate(job(), sender=owner)
    assert weth.token.balanceOf(owner) - before == RECEIVED - RECEIVED // 2
    empty()


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("FAILS", ("NoTrade",)),
        ("THIN", ("TooLittleForDebt", RECEIVED // 2 * 1_600 * 99 // 100 // 10**12, 15_000 * 10**6)),
        ("STEALS", ("TooLittleForDebt", 0, 15_000 * 10**6)),
    ],
)
def test_liquidate__at_a_bad_venue__fails_as_a_whole(flash, venue, owner, job, mood, error):
    quickly(venue.be, getattr(MOOD, mood), sender=owner)
    assert refusal(flash.liquidate, job(), sender=owner) == error


def test_liquidate__healthy__refused_by_the_pool(flash, stranger, owner, job):
    assert refusal(flash.liquidate, job(account=stranger.address), sender=owner)[0] == "Healthy"


def test_liquidate__what_lies_there__goes_to_the_next_caller(flash, usdc, supplier, owner, job):
    """It is nobody's, and not left for anybody to build on."""
    quickly(usdc.token.transfer, flash, 7, sender=supplier)
    assert flash.liquidate(job(), sender=owner).return_value[2] == PROFIT + 7


# ---------------------------------------------------------------------------------------- write-offs


def test_liquidate__nothing_to_repay__writes_off_bad_debt(
    market, flash, pool, weth, usdc, borrower, owner, job
):
    market.set_price(weth, 4)
    tx = flash.liquidate(job(maxRepay=0), sender=owner)
    assert event(tx, pool.WriteOff).account == borrower
    assert tuple(tx.return_value) == (0, 0, 0)
    assert pool.debtBalance(borrower, usdc.id) == 0


def test_liquidate__nothing_to_repay_and_no_bad_debt__refused(flash, owner, job):
    assert refusal(flash.liquidate, job(maxRepay=0), sender=owner)[0] == "NotBadDebt"


# --------------------------------------------------------------------------------------------- many


def test_liquidate_many__some_that_cannot_be__skips_and_reports_them(
    flash, pool, usdc, borrower, stranger, supplier, owner, job, empty
):
    jobs = [
        job(account=stranger.address),
        job(account=supplier.address),
        job(debtId=63),
        job(minProfit=PROFIT + 1),
        job(),
        job(),  # a second time
        job(maxRepay=0, account=stranger.address),
    ]

    tx = flash.liquidateMany(jobs, GAS_EACH, sender=owner)

    assert errors(tx) == [
        "Healthy",
        "NoPosition",
        "UnknownReserve",
        "TooLittleForDebt",
        "",
        "NoPosition",
        "NotBadDebt",
    ]
    assert [o.done for o in tx.return_value] == [k == 4 for k in range(7)]
    (_, _, _, _, done, _, _) = tx.return_value
    assert (done.repaid, done.received, done.profit) == (15_000 * 10**6, RECEIVED, PROFIT)
    skipped = tx.decode_logs(flash.JobSkipped)
    assert [s.reason for s in skipped] == [o.reason for o in tx.return_value if not o.done]
    assert event(tx, flash.JobDone).profit == PROFIT
    assert pool.debtBalance(borrower, usdc.id) == 0
    empty()


def test_liquidate_many__all_that_can_be__does_them_and_writes_off_what_is_left(
    market, flash, pool, weth, usdc, borrower, stranger, owner, job, empty
):
    market.borrow(stranger, usdc, 10_000)
    market.set_price(weth, 1_200)

    tx = flash.liquidateMany([job(), job(account=stranger.address)], GAS_EACH, sender=owner)

    assert errors(tx) == ["", ""]
    assert all(o.done for o in tx.return_value)
    assert event(tx, pool.WriteOff).account == borrower
    assert pool.debtBalance(borrower, usdc.id) == 0
    assert pool.healthFactor(stranger) > WAD
    empty()


def test_liquidate_many__at_a_venue_that_burns_gas__costs_that_job_only(
    market, project, flash, second, owner, job
):
    bad = owner.deploy(project.MockVenue, market.pool, 0)
    quickly(bad.be, MOOD.BURNS_GAS, sender=owner)

    jobs = [job(venue=bad.address), job(account=second.address)]
    tx = flash.liquidateMany(jobs, GAS_EACH, sender=owner)

    first, second = tx.return_value
    assert (first.done, second.done) == (False, True)
    assert GAS_EACH < tx.gas_used < GAS_EACH + 1_000_000


def test_liquidate_many__at_a_venue_that_fails_at_length__keeps_the_beginning(
    flash, venue, owner, job
):
    quickly(venue.be, MOOD.BOMBS, sender=owner)
    (outcome,) = flash.liquidateMany([job()], GAS_EACH, sender=owner).return_value
    assert (outcome.done, len(outcome.reason)) == (False, 256)


def test_liquidate_many__paused__skips_what_was_possible_before(
    market, chain, flash, pool, usdc, owner, job
):
    with chain.isolate():
        assert errors(flash.liquidateMany([job()], GAS_EACH, sender=owner)) == [""]
    quickly(market.configurator.pause, pool, usdc.id, sender=owner)
    assert errors(flash.liquidateMany([job()], GAS_EACH, sender=owner)) == ["ReservePaused"]


def test_liquidate_many__none__does_nothing(flash, owner):
    assert flash.liquidateMany([], GAS_EACH, sender=owner).return_value == []


# ------------------------------------------------------------------------------------------ attacks


@pytest.mark.parametrize("entry", ["liquidate", "liquidateMany"])
def test_liquidate__venue_calls_back_in__finds_the_door_shut(
    flash, venue, second, owner, job, empty, entry
):
    """There is another account to liquidate, but not now."""
    other = job(account=second.address)
    call = {
        "liquidate": lambda: flash.liquidate.encode_input(other),
        "liquidateMany": lambda: flash.liquidateMany.encode_input([other], GAS_EACH),
    }[entry]()
    quickly(venue.be, MOOD.CALLS_BACK, sender=owner)
    quickly(venue.arm, flash, call, sender=owner)

    tx = flash.liquidate(job(), sender=owner)

    assert not venue.succeeded()
    assert bytes(venue.answer())[:4] == keccak(text="ReentrancyGuardReentrantCall()")[:4]
    assert tx.return_value[2] == PROFIT
    empty()


@pytest.fixture
def context(weth, usdc, venue, job):
    """What the pool hands back in the callback."""
    types = ["address", "address", "(address,uint256,uint256,uint256,uint256,address,bytes)"]
    return encode(types, [usdc.token.address, weth.token.address, job()])


@pytest.mark.parametrize("within", [False, True])
def test_callback__by_anybody_but_the_pool__refused(
    flash, venue, weth, borrower, stranger, owner, job, context, within
):
    call = (borrower, 0, 0, context)
    if not within:
        answer = refusal(flash.onLiquidate, *call, sender=stranger)
        assert answer == ("NotPool", stranger)
        return
    quickly(venue.be, MOOD.CALLS_BACK, sender=owner)
    quickly(venue.arm, flash, flash.onLiquidate.encode_input(*call), sender=owner)
    flash.liquidate(job(), sender=owner)
    assert not venue.succeeded()
    assert named_error(bytes(venue.answer()))[0] == "NotPool"


@pytest.mark.parametrize("within", [False, True])
def test_step__by_anybody_but_itself__refused(flash, venue, stranger, owner, job, within):
    if not within:
        assert refusal(flash.step, job(), stranger, sender=stranger) == ("NotSelf", stranger)
        return
    quickly(venue.be, MOOD.CALLS_BACK, sender=owner)
    quickly(venue.arm, flash, flash.step.encode_input(job(), venue), sender=owner)
    flash.liquidate(job(), sender=owner)
    assert named_error(bytes(venue.answer()))[0] == "NotSelf"


@pytest.mark.parametrize("kind", ["naive", "real"])
def test_leftovers__of_a_liquidation__can_be_taken_from_a_naive_liquidator_only(
    market, project, flash, venue, weth, usdc, borrower, owner, stranger, job, kind
):
    """Half of the collateral is not sold; a thief calls back, with himself for a venue."""
    thief = owner.deploy(project.MockVenue, market.pool, 0)
    quickly(thief.be, MOOD.STEALS, sender=owner)
    quickly(venue.be, MOOD.GENEROUS, sender=owner)
    if kind == "naive":
        target = owner.deploy(project.MockNaiveLiquidator, market.pool)
        target.liquidate(borrower, usdc.token, weth.token, venue, sender=owner)
        types = ["address", "address", "address"]
        context = encode(types, [usdc.token.address, weth.token.address, thief.address])
    else:
        target = flash
        target.liquidate(job(), sender=owner)
        types = ["address", "address", "(address,uint256,uint256,uint256,uint256,address,bytes)"]
        loot = job(venue=thief.address)
        context = encode(types, [usdc.token.address, weth.token.address, loot])

    left = weth.token.balanceOf(target)
    if kind == "naive":
        target.onLiquidate(borrower, 0, left, context, sender=stranger)
        assert weth.token.balanceOf(thief) == left > 0
    else:
        assert refusal(target.onLiquidate, borrower, 0, left, context, sender=stranger) == (
            "NotPool",
            stranger,
        )
        assert left == 0
