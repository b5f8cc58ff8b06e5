"""What only the configurator may do, and what the pool makes of it."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, ZERO, decode_words, event, quickly, stored
from tests._revm import Reverted

FRESH_TOKEN = "0x" + "11" * 20


@pytest.fixture(scope="module")
def bare(project, owner):
    """A pool whose configurator is the owner himself: words go in unchecked."""
    return project.IPool.at(owner.deploy(project.Pool, owner).address)


# What a configurator may call, with arguments that it would accept.
PRIVILEGES = {
    "addReserve": (FRESH_TOKEN, 0, 0, 0, ZERO, 0),
    "setRates": (0, 0, ZERO),
    "setLimits": (0, 0, 0, ZERO),
    "setIdleCap": (0, 5),
    "setRisk": (0, 0, 0, ZERO),
    "setCategoryTerms": (1, 1, 0),
    "setSwitches": (0, True, True, 0),
    "setLiquidationTerms": (0,),
    "collectBuffer": (0, 0, FRESH_TOKEN),
}


@pytest.mark.parametrize("function", PRIVILEGES)
def test_configuration__by_anyone_else__refused(pool, owner, function):
    """Not even by the owner, who acts through the configurator."""
    with ape.reverts(pool.NotConfigurator, caller=owner):
        getattr(pool, function)(*PRIVILEGES[function], sender=owner)


@pytest.mark.parametrize("function", PRIVILEGES)
def test_configuration__by_the_configurator__accepted(bare, project, owner, function):
    token = owner.deploy(project.MockToken, "T", "T", 18)
    quickly(bare.addReserve, token, 0, 0, 0, ZERO, 0, sender=owner)

    assert not getattr(bare, function)(*PRIVILEGES[function], sender=owner).failed


@pytest.mark.parametrize(
    "function", ["setRates", "setLimits", "setIdleCap", "setRisk", "setSwitches", "collectBuffer"]
)
def test_configuration__of_an_unknown_reserve__refused(bare, owner, function):
    with ape.reverts(bare.UnknownReserve, id=9):
        getattr(bare, function)(9, *PRIVILEGES[function][1:], sender=owner)


def test_constructor__without_configurator__refused(machine):
    with pytest.raises(Reverted, match="ZeroAddress"):
        machine.deploy("Pool", ZERO)


def test_configurator__is_the_one_deployed_with(pool, configurator):
    assert pool.configurator() == configurator


# ------------------------------------------------------------------------------------- reserves


def test_add_reserve__new_token__is_listed_and_emitted(bare, owner):
    tx = bare.addReserve(FRESH_TOKEN, 1 << 10, 7, 99, ZERO, 11, sender=owner)

    log = event(tx, bare.ReserveListed)
    assert (log.id, log.token) == (0, FRESH_TOKEN)
    configured = event(tx, bare.ReserveConfigured)
    raw = bare.reserveWords(0)
    assert configured.words == raw
    words = decode_words(raw.interest, raw.totals)
    assert (words.supply_index, words.debt_index) == (WAD, WAD)
    assert words.timestamp_s == ape.chain.blocks.head.timestamp


def test_add_reserve__token_twice__refused(bare, owner):
    quickly(bare.addReserve, FRESH_TOKEN, 0, 0, 0, ZERO, 0, sender=owner)

    with ape.reverts(bare.AlreadyListed, token=FRESH_TOKEN, id=0):
        bare.addReserve(FRESH_TOKEN, 0, 0, 0, ZERO, 0, sender=owner)


def test_add_reserve__no_token__refused(bare, owner):
    with ape.reverts(bare.ZeroAddress):
        bare.addReserve(ZERO, 0, 0, 0, ZERO, 0, sender=owner)


def test_add_reserve__sixty_fourth__is_the_last(bare, owner):
    for i in range(1, 64):
        quickly(bare.addReserve, f"0x{i:040x}", 0, 0, 0, ZERO, 0, sender=owner)

    bare.addReserve(f"0x{64:040x}", 0, 0, 0, ZERO, 0, sender=owner)

    assert bare.reserveCount() == 64
    with ape.reverts(bare.TooManyReserves):
        bare.addReserve(f"0x{65:040x}", 0, 0, 0, ZERO, 0, sender=owner)


# ------------------------------------------------------------------------ what changes, and how


@pytest.mark.usefixtures("indebted")
def test_set_rates__after_some_time__charges_it_at_the_old_rate(market, pool, usdc, owner):
    market.wait(30 * DAY_S)
    expected = pool.reserveData(usdc.id).debtIndex

    market.set_rates(usdc, curve=(1_023, 1, 1_023, 1_023))

    # The transaction came at most a few seconds after the view.
    assert market.words(usdc).debt_index == pytest.approx(expected, rel=1e-8)
    assert market.words(usdc).debt_index >= expected


@pytest.mark.usefixtures("indebted")
def test_set_rates__from_then_on__charges_the_new_rate(market, pool, usdc):
    slow = pool.reserveData(usdc.id).borrowRate

    market.set_rates(usdc, curve=(1_000, 90, 40, 60))  # a base of 10 % a year

    rise = pool.reserveData(usdc.id).borrowRate - slow
    assert rise == pytest.approx(WAD // 10 // (365 * DAY_S), rel=1e-4)


@pytest.mark.usefixtures("indebted")
def test_set_limits__any__keeps_shares_and_interest(market, pool, usdc, owner):
    before = market.words(usdc)
    market.wait(30 * DAY_S)

    market.set_limits(usdc, supply_cap=usdc.units(200_000), borrow_cap=0, borrowable=False)

    words = market.words(usdc)
    assert (words.supply_shares, words.debt_shares) == (before.supply_shares, before.debt_shares)
    assert words.debt_index == before.debt_index
    data = pool.reserveData(usdc.id)
    assert data.debtIndex > before.debt_index
    assert (data.supplyCap, data.borrowCap) == (usdc.units(200_000), 0)
    assert not data.borrowable


def test_set_risk__any__replaces_the_word_and_emits_it(market, pool, configurator, weth, owner):
    p = weth.asset.parameters(weth.feed.address) | {"ltvBps": 100, "thresholdBps": 8_400}

    tx = configurator.setRisk(pool, weth.id, p, 0, sender=owner)

    data = pool.reserveData(weth.id)
    assert (data.ltv, data.threshold) == (WAD // 100, WAD * 84 // 100)
    assert event(tx, pool.ReserveConfigured).words == pool.reserveWords(weth.id)


def test_set_liquidation_terms__any__emits_the_word(bare, owner):
    assert event(bare.setLiquidationTerms(7, sender=owner), bare.LiquidationConfigured).terms == 7


# ---------------------------------------------------------------------------------- the buffer


@pytest.fixture
def income(still, stranger):
    """25 USDC that no supplier owns."""
    usdc = still["USDC"]
    quickly(usdc.token.transfer, still.pool, usdc.units(25), sender=stranger)
    return usdc.units(25)


def test_collect_buffer__all_of_it__pays_it_out(still, owner, guardian, income):
    usdc = still["USDC"]

    tx = still.configurator.collectBuffer(still.pool, usdc.id, income, guardian, sender=owner)

    assert usdc.token.balanceOf(guardian) == income
    assert still.pool.reserveData(usdc.id).buffer == 0
    log = event(tx, still.pool.BufferCollected)
    assert (log.id, log.to, log.assets) == (usdc.id, guardian, income)
    assert (log.interest, log.totals) == stored(still.pool, usdc)


@pytest.fixture
def more_owed_than_supplied(market, supplier, borrower):
    """Everything is lent for a year: the protocol's income is owed on top. Returns it."""
    usdc, wbtc = market["USDC"], market["WBTC"]
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, wbtc, 10)
    cash = market.pool.reserveData(usdc.id).cash
    quickly(market.pool.borrow, usdc.id, cash, borrower, borrower, sender=borrower)
    market.wait(365 * 86_400)
    data = market.pool.reserveData(usdc.id)
    assert data.debtAssets > data.supplyAssets
    return data.buffer


def test_collect_buffer__income_while_suppliers_wait_for_cash__refused(
    market, usdc, owner, guardian, borrower, more_owed_than_supplied
):
    part = more_owed_than_supplied // 2
    quickly(market.pool.repay, usdc.id, part, borrower, sender=borrower)

    with ape.reverts(market.pool.InsufficientBuffer, id=usdc.id, requested=1, available=0):
        market.configurator.collectBuffer(market.pool, usdc.id, 1, guardian, sender=owner)


def test_collect_buffer__income_once_it_is_repaid__paid_out(
    market, usdc, owner, guardian, borrower, more_owed_than_supplied
):
    quickly(market.pool.repay, usdc.id, 2 * more_owed_than_supplied, borrower, sender=borrower)

    market.configurator.collectBuffer(
        market.pool, usdc.id, more_owed_than_supplied, guardian, sender=owner
    )

    assert usdc.token.balanceOf(guardian) == more_owed_than_supplied


@pytest.mark.usefixtures("more_owed_than_supplied")
def test_reserve_data__more_owed_than_supplied__passes_all_interest_on(market, usdc):
    data = market.pool.reserveData(usdc.id)
    assert data.utilization == WAD
    paid = data.borrowRate * data.debtAssets // data.supplyAssets
    assert data.supplyRate == paid * (100 - usdc.asset.reserve_factor_percent) // 100
    assert paid > data.borrowRate


def test_collect_buffer__a_unit_more__refused(still, owner, guardian, income):
    usdc = still["USDC"]

    with ape.reverts(
        still.pool.InsufficientBuffer, id=usdc.id, requested=income + 1, available=income
    ):
        still.configurator.collectBuffer(still.pool, usdc.id, income + 1, guardian, sender=owner)


def test_collect_buffer__to_nobody__refused(still, owner):
    with ape.reverts(still.pool.ZeroAddress):
        still.configurator.collectBuffer(still.pool, 1, 0, ZERO, sender=owner)


@pytest.mark.usefixtures("aged")
def test_collect_buffer__interest_income__leaves_what_suppliers_and_the_seed_own(
    market, pool, configurator, usdc, supplier, borrower, owner, guardian
):
    income = pool.reserveData(usdc.id).buffer
    assert income > 0
    configurator.collectBuffer(pool, usdc.id, income, guardian, sender=owner)

    quickly(pool.repay, usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(usdc.id, MAX, supplier, supplier, sender=supplier)

    assert usdc.token.balanceOf(pool) >= pool.reserveData(usdc.id).supplyAssets
