"""Writing off bad debt: buffers first, then suppliers, all by the same share."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, decode_words, event, quickly, stored


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, stranger, borrower):
    """Two suppliers of USDC, 60,000 and 20,000; 10,000 are owed on 10 WETH."""
    still.supply(supplier, still["USDC"], 60_000)
    still.supply(stranger, still["USDC"], 20_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 10_000)


def test_write_off__collateral_worth_the_limit__accepted_from_anyone(
    market, pool, weth, borrower, liquidator
):
    market.set_price(weth, 5)  # worth 50

    pool.writeOff(borrower, sender=liquidator)

    assert pool.positions(borrower) == []


def test_write_off__collateral_worth_more__refused(market, pool, weth, borrower, liquidator):
    market.set_price(weth, 5.00000001)

    with ape.reverts(
        pool.NotBadDebt,
        account=borrower,
        collateralValue=50 * WAD + 10**11,
        debtValue=10_000 * WAD,
    ):
        pool.writeOff(borrower, sender=liquidator)


def test_write_off__healthy__refused(pool, borrower, liquidator):
    with ape.reverts(
        pool.NotBadDebt,
        account=borrower,
        collateralValue=20_000 * WAD,
        debtValue=10_000 * WAD,
    ):
        pool.writeOff(borrower, sender=liquidator)


@pytest.mark.parametrize("account", ["supplier", "liquidator"])
def test_write_off__without_debt__refused(pool, request, account):
    account = request.getfixturevalue(account)
    with ape.reverts(pool.NotBadDebt, account=account, debtValue=0):
        pool.writeOff(account, sender=account)


@pytest.mark.parametrize(("owed", "bad"), [(40, False), (41, True)])
def test_write_off__little_collateral__only_when_worth_less_than_the_debt(
    market, pool, weth, usdc, liquidator, supplier, owed, bad
):
    market.supply(liquidator, weth, 0.04)  # worth 80
    market.borrow(liquidator, usdc, owed)
    market.set_price(weth, 1_000)  # worth 40, and less than 50

    if bad:
        pool.writeOff(liquidator, sender=supplier)
        assert pool.positions(liquidator) == []
    else:
        with ape.reverts(pool.NotBadDebt):
            pool.writeOff(liquidator, sender=supplier)


@pytest.mark.parametrize("symbol", ["WETH", "USDC"])
def test_write_off__an_asset_without_price__refused(market, pool, borrower, liquidator, symbol):
    """Collateral that only cannot be priced for now is not worthless."""
    market.set_price(market["WETH"], 1)
    quickly(market[symbol].feed.kill, True, sender=liquidator)

    with ape.reverts(pool.NotBadDebt, account=borrower):
        pool.writeOff(borrower, sender=liquidator)


def test_write_off__price_is_back__accepted(market, pool, weth, borrower, liquidator):
    market.set_price(weth, 1)
    quickly(weth.feed.kill, True, sender=liquidator)
    quickly(weth.feed.kill, False, sender=liquidator)

    pool.writeOff(borrower, sender=liquidator)

    assert pool.positions(borrower) == []


# ------------------------------------------------------------------------------------ who pays


def test_write_off__without_buffer__takes_the_same_share_of_every_supplier(
    market, pool, weth, usdc, supplier, stranger, borrower, liquidator
):
    market.set_price(weth, 5)

    pool.writeOff(borrower, sender=liquidator)

    index = (80_001 - 10_000) * WAD // 80_001
    assert market.words(usdc).supply_index == index
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(60_000) * index // WAD
    assert pool.supplyBalance(stranger, usdc.id) == usdc.units(20_000) * index // WAD


def test_write_off__buffer_covers_it__costs_suppliers_nothing(
    market, pool, weth, usdc, supplier, borrower, liquidator
):
    quickly(usdc.token.transfer, pool, usdc.units(10_000), sender=supplier)
    market.set_price(weth, 5)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert (log.assets, log.deficit) == (usdc.units(10_000), 0)
    assert pool.reserveData(usdc.id).buffer == 0
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(60_000)


def test_write_off__forfeited_collateral__becomes_buffer_and_its_words_are_emitted(
    market, pool, weth, borrower, liquidator
):
    market.set_price(weth, 5)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.Forfeit)

    assert (log.id, log.account) == (weth.id, borrower)
    assert log.assets == weth.units(10)
    assert (log.interest, log.totals) == stored(pool, weth)
    assert pool.reserveData(weth.id).buffer == weth.units(10)


def test_write_off__forfeited_collateral_of_the_debts_asset__pays_for_it_first(
    market, pool, weth, usdc, borrower, liquidator
):
    market.supply(borrower, usdc, 20)
    market.set_price(weth, 1)

    log = event(pool.writeOff(borrower, sender=liquidator), pool.WriteOff)

    assert log.deficit == usdc.units(10_000 - 20)
    assert decode_words(log.interest, log.totals).supply_shares == usdc.units(80_001)


def test_write_off__then_everybody_leaves__is_paid_in_full(
    market, pool, weth, usdc, supplier, stranger, borrower, liquidator
):
    market.set_price(weth, 5)
    quickly(pool.writeOff, borrower, sender=liquidator)

    for account in (supplier, stranger):
        pool.withdraw(usdc.id, MAX, account, account, sender=account)

    data = pool.reserveData(usdc.id)
    assert usdc.token.balanceOf(pool) >= data.supplyAssets > 0  # the seed's
    assert data.supplyShares == usdc.units(1)


def test_write_off__after_some_time__counts_interest_up_to_now(
    worlds, supplier, borrower, liquidator
):
    living = worlds.living
    weth, usdc = living["WETH"], living["USDC"]
    living.supply(supplier, usdc, 20_000)
    living.supply(borrower, weth, 10)
    living.borrow(borrower, usdc, 10_000)
    living.wait(90 * DAY_S)
    living.set_price(weth, 5)
    owed = living.pool.debtBalance(borrower, usdc.id)

    log = event(living.pool.writeOff(borrower, sender=liquidator), living.pool.WriteOff)

    assert owed > usdc.units(10_000)
    assert log.assets == pytest.approx(owed, abs=usdc.units(0.01))  # a few seconds later


# ------------------------------------------------------------------------------- a total loss


@pytest.fixture
def wiped_out(scene, market, pool, fine, wbtc, liquidator, supplier):
    """Everything in FINE was lent, against collateral that is now worth nothing."""
    market.supply(supplier, fine, 9_999)
    market.supply(liquidator, wbtc, 1)
    market.borrow(liquidator, fine, 10_000)
    market.set_price(wbtc, 0.00000001)
    quickly(pool.writeOff, liquidator, sender=supplier)


@pytest.mark.usefixtures("wiped_out")
def test_write_off__of_everything__freezes_the_reserve(pool, fine, supplier):
    assert pool.reserveData(fine.id).frozen
    with ape.reverts(pool.ReserveFrozen, id=fine.id):
        pool.supply(fine.id, fine.units(1), supplier, sender=supplier)


def test_write_off__of_everything__emits_the_frozen_word(
    market, pool, fine, wbtc, liquidator, supplier
):
    market.supply(supplier, fine, 9_999)
    market.supply(liquidator, wbtc, 1)
    market.borrow(liquidator, fine, 10_000)
    market.set_price(wbtc, 0.00000001)

    log = event(pool.writeOff(liquidator, sender=supplier), pool.Frozen)

    word = pool.reserveWords(fine.id).token
    assert (log.id, log.token) == (fine.id, word)
    assert word >> 255 == 1


@pytest.mark.usefixtures("wiped_out")
def test_unfreeze__worthless__refused(market, pool, fine, owner):
    with ape.reverts(pool.ReserveWorthless, id=fine.id):
        market.configurator.unfreeze(pool, fine.id, sender=owner)


@pytest.mark.usefixtures("wiped_out")
def test_pause__worthless__goes_on_and_off(market, pool, fine, owner):
    market.configurator.pause(pool, fine.id, sender=owner)
    market.configurator.unpause(pool, fine.id, 0, sender=owner)
    data = pool.reserveData(fine.id)
    assert (data.paused, data.frozen) == (False, True)


@pytest.mark.usefixtures("wiped_out")
def test_write_off__of_everything__leaves_claims_on_nothing_that_can_be_closed(
    pool, fine, supplier
):
    assert pool.supplyBalance(supplier, fine.id) == 0

    log = event(pool.withdraw(fine.id, MAX, supplier, supplier, sender=supplier), pool.Withdraw)

    assert (log.assets, log.shares) == (0, fine.units(9_999))


@pytest.mark.parametrize(("supplied", "frozen"), [(9_999, True), (10_001, False)])
def test_write_off__index_near_the_floor__freezes_only_below_it(
    market, pool, fine, wbtc, liquidator, supplier, supplied, frozen
):
    """Of each token a millionth is left, or a little less: the floor of the index is 1e12."""
    market.supply(supplier, fine, supplied)
    market.supply(liquidator, wbtc, 1)
    left = fine.units(supplied + 1) // 10**6
    left = left + 1 if not frozen else left - 1
    quickly(
        pool.borrow,
        fine.id,
        fine.units(supplied + 1) - left,
        liquidator,
        liquidator,
        sender=liquidator,
    )
    market.set_price(wbtc, 0.00000001)

    pool.writeOff(liquidator, sender=supplier)

    assert pool.reserveData(fine.id).frozen is frozen
