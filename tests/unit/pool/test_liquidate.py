"""Liquidating: how much, at what bonus, who is refused, and what moves."""

from __future__ import annotations

from fractions import Fraction

import ape
import pytest

from tests._cast import (
    DAY_S,
    MAX,
    SHARES,
    SUPPLY,
    WAD,
    ZERO,
    Terms,
    decode_words,
    event,
    quickly,
    stored,
)
from tests._rule import Case, Rule

PERCENT = Fraction(1, 100)
THRESHOLD, FLOOR, CAP, FEE = 83 * PERCENT, Fraction(25, 1_000), 5 * PERCENT, 10 * PERCENT


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """The borrower owes 15,000 USDC on 10 WETH; at 2,000 he is healthy."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_000)


@pytest.fixture
def fall(market, weth):
    """Lets the price of WETH fall to a value."""
    return lambda price_usd: market.set_price(weth, price_usd)


@pytest.fixture
def liquidate(pool, borrower, liquidator, usdc, weth):
    """Liquidates the borrower's USDC against his WETH; returns the event."""

    def run(offer=MAX, minimum=0):
        tx = pool.liquidate(
            borrower, usdc.id, weth.id, offer, minimum, liquidator, sender=liquidator
        )
        return event(tx, pool.Liquidate)

    return run


def expected(price: int, rule: Rule = Rule()) -> tuple[Fraction, Fraction]:  # noqa: B008
    """Repaid value and bonus for 10 WETH at a price against 15,000 USDC."""
    collateral, debt = 10 * price, 15_000
    limit = collateral * THRESHOLD
    return rule.size(Case(debt, limit, debt, collateral, THRESHOLD, FLOOR, CAP))


# ------------------------------------------------------------------------------------ how much


@pytest.mark.parametrize("price", [1_807, 1_800, 1_750, 1_700, 1_650, 1_628])
def test_liquidate__above_full_health__restores_the_target(pool, borrower, liquidate, fall, price):
    fall(price)
    repay, bonus = expected(price)

    log = liquidate()

    assert log.repaid == -(-repay * 10**6 // 1)  # rounded up to a unit of USDC
    assert log.seized == pytest.approx(repay * (1 + bonus) / price * WAD, abs=10**9)
    # A unit of USDC moves this health by less than 1e-10.
    assert 0 <= pool.healthFactor(borrower) - WAD * 105 // 100 < WAD // 10**9


@pytest.mark.parametrize("price", [1_626, 1_600])
def test_liquidate__under_full_health__repays_everything(pool, borrower, liquidate, fall, price):
    fall(price)

    log = liquidate()

    assert log.repaid == 15_000 * 10**6
    assert pool.healthFactor(borrower) == MAX


@pytest.mark.parametrize(
    ("price", "bonus"),
    [
        (1_807, Fraction(250, 10_000)),  # health just below one: the floor
        (1_717, Fraction(375, 10_000)),  # health 0.95: half way
        (1_600, Fraction(500, 10_000)),  # under full health: the cap
    ],
)
def test_liquidate__deeper_shortfall__pays_a_higher_bonus(liquidate, fall, price, bonus):
    fall(price)

    log = liquidate()

    paid = Fraction(log.seized * price, log.repaid * 10**12)
    assert float(paid - 1) == pytest.approx(float(bonus), abs=1e-4)


def test_liquidate__offer_below_the_rule__takes_the_offer(pool, borrower, usdc, liquidate, fall):
    fall(1_750)

    log = liquidate(offer=usdc.units(5_000))

    assert log.repaid == usdc.units(5_000)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(10_000)


def test_liquidate__offer_above_the_rule__takes_what_the_rule_allows(usdc, liquidate, fall):
    fall(1_750)
    repay, _ = expected(1_750)

    log = liquidate(offer=usdc.units(14_000))

    assert log.repaid == -(-repay * 10**6 // 1) < usdc.units(14_000)


def test_liquidate__offer_that_leaves_dust__refused(pool, usdc, liquidate, fall):
    fall(1_600)

    with ape.reverts(pool.LeavesDust, debtValueLeft=500 * WAD, collateralValueLeft=775 * WAD):
        liquidate(offer=usdc.units(14_500))


def test_liquidate__offer_that_leaves_more_than_dust__accepted(usdc, liquidate, fall):
    fall(1_600)
    assert liquidate(offer=usdc.units(13_900)).repaid == usdc.units(13_900)


def test_liquidate__offer_that_leaves_dust_of_collateral_alone__refused(
    market, pool, fine, usdc, supplier, borrower, liquidate, fall
):
    """Debt in FINE keeps the account unhealthy; of the USDC debt plenty would be left."""
    market.supply(supplier, fine, 100_000)
    fall(2_200)
    market.borrow(borrower, fine, 4_000)  # worth 2,000
    market.set_price(fine, 2)  # now 8,000: 23,000 of debt
    fall(1_250)  # 12,500 of collateral

    with ape.reverts(pool.LeavesDust, debtValueLeft=4_000 * WAD, collateralValueLeft=950 * WAD):
        liquidate(offer=usdc.units(11_000))


@pytest.mark.parametrize(
    ("price", "everything"),
    [
        (1_900, False),  # 1,075 of debt would be left
        (1_850, True),  # 843 would be
    ],
)
def test_liquidate__rule_would_leave_dust_of_debt__extends(
    market, pool, weth, usdc, stranger, liquidator, price, everything
):
    market.supply(stranger, weth, 1)
    market.borrow(stranger, usdc, 1_600)
    market.set_price(weth, price)

    tx = pool.liquidate(stranger, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert (event(tx, pool.Liquidate).repaid == usdc.units(1_600)) is everything


@pytest.mark.parametrize(("dust", "everything"), [(100, False), (1_000, True)])
def test_liquidate__rule_would_leave_dust_of_collateral__extends(
    market, pool, weth, cent, usdc, stranger, liquidator, dust, everything
):
    """396 of CENT would be left."""
    market.set_terms(Terms(dust_usd=dust))
    market.supply(stranger, weth, 10)
    market.supply(stranger, cent, 6_000)
    market.borrow(stranger, usdc, 20_400)
    market.set_price(weth, 1_850)

    pool.liquidate(stranger, usdc.id, cent.id, MAX, 0, liquidator, sender=liquidator)

    assert (pool.supplyBalance(stranger, cent.id) == 0) is everything


# ---------------------------------------------------------------------------------- what moves


def test_liquidate__any__moves_tokens_between_liquidator_and_pool(
    pool, weth, usdc, liquidator, liquidate, fall
):
    fall(1_750)
    paid, got = usdc.token.balanceOf(liquidator), weth.token.balanceOf(liquidator)
    held = weth.token.balanceOf(pool)

    log = liquidate()

    assert usdc.token.balanceOf(liquidator) == paid - log.repaid
    assert weth.token.balanceOf(liquidator) == got + log.seized - log.fee
    assert weth.token.balanceOf(pool) == held - (log.seized - log.fee)


def test_liquidate__any__lowers_the_accounts_two_sides(pool, weth, usdc, borrower, liquidate, fall):
    fall(1_750)

    log = liquidate()

    assert pool.debtBalance(borrower, usdc.id) == usdc.units(15_000) - log.repaid
    assert pool.supplyBalance(borrower, weth.id) == weth.units(10) - log.seized


def test_liquidate__any__keeps_a_tenth_of_the_bonus_as_buffer(pool, weth, liquidate, fall):
    fall(1_600)  # bonus 5 %, so that 1/21 of what is seized is bonus

    log = liquidate()

    assert log.fee == pytest.approx(log.seized * FEE / 21, abs=1)
    assert pool.reserveData(weth.id).buffer == log.fee


def test_liquidate__any__emits_both_sides_and_the_new_words(
    pool, weth, usdc, borrower, liquidator, stranger, fall
):
    fall(1_750)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, stranger, sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert (log.account, log.debtId, log.collateralId) == (borrower, usdc.id, weth.id)
    assert (log.liquidator, log.to) == (liquidator, stranger)
    debt, collateral = (
        (log.debtInterest, log.debtTotals),
        (log.collateralInterest, log.collateralTotals),
    )
    assert (debt, collateral) == (stored(pool, usdc), stored(pool, weth))
    assert decode_words(*debt).debt_shares == usdc.units(15_000) - log.repaidShares
    assert decode_words(*collateral).supply_shares == weth.units(11) - log.seizedShares


def test_liquidate__to_another__pays_him(pool, weth, usdc, borrower, liquidator, stranger, fall):
    fall(1_750)
    before = weth.token.balanceOf(stranger)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, stranger, sender=liquidator)

    log = event(tx, pool.Liquidate)
    assert weth.token.balanceOf(stranger) == before + log.seized - log.fee


def test_liquidate__minimum_met_exactly__accepted(pool, weth, liquidate, fall, chain):
    fall(1_750)
    with chain.isolate():
        log = liquidate()
        received = log.seized - log.fee

    assert liquidate(minimum=received).seized == log.seized


def test_liquidate__a_unit_less_than_the_minimum__refused(pool, liquidate, fall, chain):
    fall(1_750)
    with chain.isolate():
        log = liquidate()
        received = log.seized - log.fee

    with ape.reverts(pool.SeizedTooLittle, received=received, minimum=received + 1):
        liquidate(minimum=received + 1)


def test_liquidate__one_asset_on_both_sides__nets_them(
    market, pool, weth, usdc, supplier, stranger, liquidator
):
    market.supply(stranger, weth, 10)
    market.borrow(stranger, weth, 8)
    market.set_risk(weth, ltv_bps=7_800, threshold_bps=7_900)
    market.wait(DAY_S)  # until it is there

    tx = pool.liquidate(stranger, weth.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.Liquidate)
    words = market.words(weth)
    assert words.debt_shares == weth.units(8) - log.repaid
    assert words.supply_shares == weth.units(21) - log.seized
    assert 0 <= pool.healthFactor(stranger) - WAD * 105 // 100 < WAD // 10**9


def test_liquidate__one_of_several_pairs__leaves_the_others_alone(
    market, pool, weth, wbtc, fine, usdc, supplier, borrower, liquidator
):
    market.supply(supplier, fine, 100_000)
    market.supply(borrower, wbtc, 0.5)
    market.borrow(borrower, fine, 40_000)  # worth 20,000
    market.set_price(weth, 1_000)
    assert pool.healthFactor(borrower) < WAD

    pool.liquidate(borrower, fine.id, wbtc.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) == usdc.units(15_000)
    assert pool.supplyBalance(borrower, weth.id) == weth.units(10)
    assert pool.debtBalance(borrower, fine.id) < fine.units(40_000)
    assert pool.supplyBalance(borrower, wbtc.id) < wbtc.units(0.5)


@pytest.mark.parametrize("symbol", ["WBTC", "CENT", "FINE"])
def test_liquidate__collateral_of_any_decimals__restores_the_target(
    market, pool, usdc, stranger, liquidator, symbol
):
    reserve = market[symbol]
    market.supply(stranger, reserve, 60_000 / reserve.asset.price_usd)
    market.borrow(stranger, usdc, 40_000)
    threshold = reserve.asset.threshold_bps / 10_000
    market.set_price(reserve, reserve.asset.price_usd * 0.97 * 40_000 / (60_000 * threshold))

    pool.liquidate(stranger, usdc.id, reserve.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.healthFactor(stranger) == pytest.approx(1.05 * WAD, rel=1e-5)


@pytest.mark.parametrize("symbol", ["WBTC", "CENT", "FINE"])
def test_liquidate__debt_of_any_decimals__restores_the_target(
    market, pool, weth, supplier, stranger, liquidator, symbol
):
    reserve = market[symbol]
    market.supply(supplier, reserve, 60_000 / reserve.asset.price_usd)
    market.supply(stranger, weth, 25)
    market.borrow(stranger, reserve, 39_000 / reserve.asset.price_usd)
    market.set_price(reserve, reserve.asset.price_usd * 1.1)

    pool.liquidate(stranger, reserve.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.healthFactor(stranger) == pytest.approx(1.05 * WAD, rel=1e-5)


# ------------------------------------------------------------------------------- who is refused


def test_liquidate__health_of_exactly_one__refused(
    market, pool, weth, usdc, stranger, liquidator, fall
):
    market.supply(stranger, weth, 10)
    market.borrow(stranger, usdc, 8_300)
    fall(1_000)

    with ape.reverts(pool.Healthy, account=stranger, health=WAD):
        pool.liquidate(stranger, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


def test_liquidate__price_a_step_lower__accepted(
    market, pool, weth, usdc, stranger, liquidator, fall
):
    market.supply(stranger, weth, 10)
    market.borrow(stranger, usdc, 8_300)
    fall(999.99999999)

    tx = pool.liquidate(stranger, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert event(tx, pool.Liquidate).repaid > 0


def test_liquidate__healthy__refused_with_the_health(pool, borrower, liquidate):
    with ape.reverts(pool.Healthy, account=borrower, health=20_000 * 83 * WAD // (15_000 * 100)):
        liquidate()


def test_liquidate__own_account__refused(pool, weth, usdc, borrower, fall):
    fall(1_750)

    with ape.reverts(pool.SelfLiquidation):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, borrower, sender=borrower)


def test_liquidate__no_debt_there__refused(pool, weth, wbtc, borrower, liquidator, fall):
    fall(1_750)

    with ape.reverts(pool.NoPosition, account=borrower, id=wbtc.id):
        pool.liquidate(borrower, wbtc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


def test_liquidate__no_supply_there__refused(pool, usdc, wbtc, borrower, liquidator, fall):
    fall(1_750)

    with ape.reverts(pool.NotCollateral, account=borrower, id=wbtc.id):
        pool.liquidate(borrower, usdc.id, wbtc.id, MAX, 0, liquidator, sender=liquidator)


def test_liquidate__supply_that_is_no_collateral__refused(
    market, pool, usdc, wbtc, borrower, liquidator, fall
):
    market.supply(borrower, wbtc, 1)
    quickly(pool.setCollateral, wbtc.id, False, borrower, sender=borrower)
    fall(1_750)

    with ape.reverts(pool.NotCollateral, account=borrower, id=wbtc.id):
        pool.liquidate(borrower, usdc.id, wbtc.id, MAX, 0, liquidator, sender=liquidator)


@pytest.mark.parametrize("pair", [(64, 0), (5, 0), (1, 64), (1, 5)])
def test_liquidate__unknown_reserve__refused(pool, borrower, liquidator, pair):
    with ape.reverts(pool.UnknownReserve, id=max(pair)):
        pool.liquidate(borrower, *pair, MAX, 0, liquidator, sender=liquidator)


def test_liquidate__to_nobody__refused(pool, weth, usdc, borrower, liquidator, fall):
    fall(1_750)

    with ape.reverts(pool.ZeroAddress):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, ZERO, sender=liquidator)


def test_liquidate__offer_of_zero__refused(pool, liquidate, fall):
    fall(1_750)

    with ape.reverts(pool.ZeroAmount):
        liquidate(offer=0)


@pytest.fixture
def lent_out(scene, market, weth, usdc, stranger, fall):
    """All WETH is lent to the stranger: the pool holds none."""
    market.supply(stranger, usdc, 100_000)
    market.borrow(stranger, weth, 11)
    fall(1_600)


@pytest.mark.usefixtures("lent_out")
def test_liquidate__collateral_all_lent__refused(pool, weth, liquidate):
    fee = weth.units(9.84375) // 210  # a tenth of the bonus of 5 %
    with ape.reverts(
        pool.InsufficientCash,
        id=weth.id,
        requested=weth.units(9.84375) - fee,
        available=0,
    ):
        liquidate()


@pytest.mark.usefixtures("lent_out")
def test_liquidate__collateral_lent_but_cash_supplied_since__accepted(
    market, weth, supplier, liquidate
):
    market.supply(supplier, weth, 10)
    assert liquidate().seized == weth.units(9.84375)


# ---------------------------------------------------------------------------- paid in shares


@pytest.fixture
def stuck(lent_out, market, pool, weth, owner):
    """WETH without cash, and nobody can bring any: the reserve is frozen."""
    quickly(market.configurator.freeze, pool, weth.id, sender=owner)


@pytest.mark.usefixtures("stuck")
def test_liquidate__for_shares_of_a_frozen_reserve_without_cash__accepted(
    pool, weth, liquidator, liquidate
):
    log = liquidate(minimum=SHARES)

    assert log.seized == weth.units(9.84375)
    assert pool.supplyBalance(liquidator, weth.id) == log.seized - log.fee


@pytest.mark.usefixtures("stuck")
def test_liquidate__for_shares__moves_no_collateral_and_keeps_the_fee_as_buffer(
    pool, weth, liquidate
):
    before = weth.token.balanceOf(pool)

    log = liquidate(minimum=SHARES)

    assert weth.token.balanceOf(pool) == before
    assert pool.reserveData(weth.id).buffer == log.fee


@pytest.mark.usefixtures("stuck")
def test_liquidate__for_shares__emits_their_transfer(pool, usdc, weth, borrower, liquidator):
    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, SHARES, liquidator, sender=liquidator)

    log, done = event(tx, pool.Transfer), event(tx, pool.Liquidate)
    assert (log.caller, log.sender, log.receiver) == (liquidator, borrower, liquidator)
    assert (log.id, log.amount) == (weth.id, done.seizedShares - done.fee)


@pytest.mark.usefixtures("stuck")
def test_liquidate__for_shares_to_one_who_has_some__adds_to_them(
    market, pool, usdc, weth, borrower, liquidator, owner
):
    held = pool.supplyBalance(market.configurator, weth.id)
    tx = pool.liquidate(
        borrower, usdc.id, weth.id, MAX, SHARES, market.configurator, sender=liquidator
    )
    assert (
        pool.supplyBalance(market.configurator, weth.id) == held + event(tx, pool.Transfer).amount
    )


@pytest.mark.usefixtures("stuck")
def test_liquidate__for_shares_to_one_who_has_none__refused(
    pool, usdc, weth, borrower, liquidator, supplier
):
    with ape.reverts(pool.NotAuthorized, account=supplier, caller=liquidator, action=SUPPLY):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, SHARES, supplier, sender=liquidator)


@pytest.mark.usefixtures("stuck")
def test_liquidate__fewer_shares_than_the_minimum__refused(pool, weth, liquidate, chain):
    with chain.isolate():
        log = liquidate(minimum=SHARES)
    shares = log.seizedShares - log.fee

    with ape.reverts(pool.SeizedTooLittle, received=shares, minimum=shares + 1):
        liquidate(minimum=SHARES | (shares + 1))


# ---------------------------------------------------------------------------- fresh indices


def test_liquidate__unhealthy_by_interest_alone__accepted_without_accruing_first(
    worlds, supplier, borrower, liquidator
):
    market = worlds.living
    weth, usdc = market["WETH"], market["USDC"]
    market.supply(supplier, usdc, 20_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 16_000)
    market.set_price(weth, 1_930)  # health 1.0012
    assert market.pool.healthFactor(borrower) > WAD

    market.wait(60 * DAY_S)

    assert market.words(usdc).debt_index == WAD  # nothing was stored
    market.pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    assert market.pool.healthFactor(borrower) >= WAD * 105 // 100


def test_liquidate__unhealthy_by_interest_on_another_debt__accepted_without_accruing_it(
    worlds, supplier, borrower, liquidator
):
    """The small debt that is repaid is not the one that grew."""
    market = worlds.living
    weth, usdc, cent = market["WETH"], market["USDC"], market["CENT"]
    market.supply(supplier, usdc, 20_000)
    market.supply(supplier, cent, 20_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, cent, 10)
    market.borrow(borrower, usdc, 15_900)
    market.set_price(weth, 1_930)  # health 1.007
    assert market.pool.healthFactor(borrower) > WAD

    market.wait(90 * DAY_S)

    assert market.words(usdc).debt_index == WAD
    market.pool.liquidate(borrower, cent.id, weth.id, MAX, 0, liquidator, sender=liquidator)
    assert market.pool.debtBalance(borrower, cent.id) == 0


# ------------------------------------------------------------------------------------- bad debt

BAD_PRICE = 1_000  # 10,000 of collateral, 15,000 of debt
COVERED = 9_523_809_524  # 10,000 / 1.05, rounded up to a unit of USDC
LOST = 15_000 * 10**6 - COVERED


def test_liquidate__bad_debt__takes_all_collateral_and_forgives_the_rest(
    pool, borrower, liquidate, fall
):
    fall(BAD_PRICE)

    log = liquidate()

    assert log.repaid == COVERED
    assert pool.positions(borrower) == []


def test_liquidate__bad_debt_without_buffer__lowers_the_supply_index(
    market, pool, usdc, supplier, liquidate, fall
):
    fall(BAD_PRICE)

    liquidate()

    supplied = usdc.units(100_001)
    index = (supplied - LOST) * WAD // supplied
    assert market.words(usdc).supply_index == index
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(100_000) * index // WAD


@pytest.mark.parametrize("buffer", [2_000 * 10**6, LOST - 1, LOST, LOST + 1])
def test_liquidate__bad_debt_with_buffer__is_paid_from_it_first(
    pool, usdc, weth, borrower, liquidator, stranger, fall, buffer
):
    quickly(usdc.token.transfer, pool, buffer, sender=stranger)
    fall(BAD_PRICE)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.WriteOff)
    assert (log.id, log.account) == (usdc.id, borrower)
    assert log.assets == LOST
    assert log.deficit == max(LOST - buffer, 0)
    assert (log.interest, log.totals) == stored(pool, usdc)


def test_liquidate__bad_debt__spares_other_borrowers(
    market, pool, usdc, wbtc, stranger, liquidate, fall
):
    market.supply(stranger, wbtc, 1)
    market.borrow(stranger, usdc, 20_000)
    fall(BAD_PRICE)

    liquidate()

    assert pool.debtBalance(stranger, usdc.id) == usdc.units(20_000)


def test_liquidate__worthless_rest_of_collateral__is_forfeited(
    market, pool, weth, usdc, fine, borrower, liquidator, fall
):
    market.supply(borrower, fine, 100)  # worth 50
    fall(BAD_PRICE)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    log = event(tx, pool.Forfeit)
    assert (log.id, log.account) == (fine.id, borrower)
    assert log.assets == fine.units(100)
    assert (log.interest, log.totals) == stored(pool, fine)
    assert pool.reserveData(fine.id).buffer == fine.units(100)
    assert pool.positions(borrower) == []


def test_liquidate__rest_of_collateral_still_worth_seizing__keeps_debt_and_collateral(
    market, pool, usdc, fine, borrower, liquidate, fall
):
    market.supply(borrower, fine, 101)  # worth 50.50
    fall(BAD_PRICE)

    log = liquidate()

    assert pool.debtBalance(borrower, usdc.id) == usdc.units(15_000) - log.repaid
    assert pool.supplyBalance(borrower, fine.id) == fine.units(101)


def test_liquidate__bad_debt__writes_off_the_other_debts_too(
    market, pool, usdc, weth, fine, supplier, borrower, liquidator, fall
):
    market.supply(supplier, fine, 10_000)
    market.borrow(borrower, fine, 1_000)
    fall(BAD_PRICE)

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    logs = {log.id: log for log in tx.decode_logs(pool.WriteOff)}
    assert set(logs) == {usdc.id, fine.id}
    assert logs[fine.id].assets == logs[fine.id].deficit == fine.units(1_000)
    assert pool.positions(borrower) == []


def test_liquidate__bad_debt__spares_supply_that_is_no_collateral(
    market, pool, fine, borrower, liquidate, fall
):
    market.supply(borrower, fine, 80)
    quickly(pool.setCollateral, fine.id, False, borrower, sender=borrower)
    fall(BAD_PRICE)

    liquidate()

    assert pool.supplyBalance(borrower, fine.id) == fine.units(80)


def test_liquidate__bad_debt_in_the_collateral_asset__is_paid_by_the_fee_first(
    market, pool, weth, usdc, supplier, borrower, stranger, liquidator
):
    """A second debt, in the asset that is seized: the tokens about to leave are no buffer."""
    market.supply(stranger, weth, 10)
    market.supply(supplier, weth, 100)
    market.borrow(stranger, weth, 1)
    market.borrow(stranger, usdc, 14_000)
    market.set_price(usdc, 2)  # 28,000 and 2,000 of debt on 20,000 of collateral

    tx = pool.liquidate(stranger, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    fee = event(tx, pool.Liquidate).fee
    assert fee > 0
    deficits = {log.id: log.deficit for log in tx.decode_logs(pool.WriteOff)}
    assert deficits[weth.id] == weth.units(1) - fee
