"""Every bound of every parameter, with the neighbour that passes."""

from __future__ import annotations

from dataclasses import replace

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, Terms

# (changes to WETH, error, its arguments); WETH has LTV 80, threshold 83, bonus 2.5 to 5 %.
RISK_REFUSED = [
    ({"ltv_bps": 8_301}, "ThresholdOutOfRange", {"ltvBps": 8_301, "thresholdBps": 8_300}),
    (
        {"threshold_bps": 10_000, "bonus_floor_bps": 0, "bonus_cap_bps": 0},
        "ThresholdOutOfRange",
        {"ltvBps": 8_000, "thresholdBps": 10_000},
    ),
    ({"bonus_floor_bps": 501}, "BonusOutOfRange", {"floorBps": 501, "capBps": 500}),
    (
        {"ltv_bps": 0, "threshold_bps": 100, "bonus_cap_bps": 10_001},
        "BonusOutOfRange",
        {"floorBps": 250, "capBps": 10_001},
    ),
    ({"liquidation_fee_percent": 101}, "FeeOutOfRange", {"percent": 101}),
]
RISK_ACCEPTED = [
    {"ltv_bps": 8_300},
    {"ltv_bps": 0, "threshold_bps": 1},
    {"threshold_bps": 9_999, "bonus_floor_bps": 0, "bonus_cap_bps": 0},
    {"bonus_floor_bps": 500},
    {"liquidation_fee_percent": 0},
    {"liquidation_fee_percent": 100},
]
# Beyond a loan to value of 1 / (1 + bonus) a liquidation makes an account worse.
TOXIC_FRONTIER = [
    (450, 0.956938),
    (500, 0.952381),
    (600, 0.943396),
    (750, 0.930233),
    (1_000, 0.909091),
]


def risk(weth, changes):
    return replace(weth.asset, **changes).parameters(weth.feed.address)


@pytest.mark.parametrize(("changes", "error", "arguments"), RISK_REFUSED)
def test_set_risk__beyond_a_bound__refused(
    pool, configurator, weth, owner, changes, error, arguments
):
    with ape.reverts(getattr(configurator, error), **arguments):
        configurator.setRisk(pool, weth.id, risk(weth, changes), DAY_S, sender=owner)


@pytest.mark.parametrize("changes", RISK_ACCEPTED)
def test_set_risk__at_a_bound__accepted(pool, configurator, chain, weth, owner, changes):
    p = risk(weth, changes)
    configurator.setRisk(pool, weth.id, p, DAY_S, sender=owner)
    chain.mine(deltatime=DAY_S)  # a threshold that was lowered is there

    data, bps = pool.reserveData(weth.id), WAD // 10_000
    assert (data.ltv, data.threshold) == (p["ltvBps"] * bps, p["thresholdBps"] * bps)
    assert (data.bonusFloor, data.bonusCap) == (p["bonusFloorBps"] * bps, p["bonusCapBps"] * bps)
    assert data.liquidationFee == p["liquidationFeePercent"] * WAD // 100


def test_set_risk__threshold_taken_away__refused(pool, configurator, weth, owner):
    """It would put pledged collateral out of a liquidator's reach."""
    with ape.reverts(configurator.ThresholdCannotVanish, id=weth.id):
        changes = {"ltv_bps": 0, "threshold_bps": 0}
        configurator.setRisk(pool, weth.id, risk(weth, changes), DAY_S, sender=owner)


@pytest.mark.parametrize(("bonus_bps", "frontier"), TOXIC_FRONTIER)
def test_set_risk__threshold_below_the_toxic_frontier__accepted(
    pool, configurator, weth, owner, bonus_bps, frontier
):
    changes = {"bonus_cap_bps": bonus_bps, "threshold_bps": int(frontier * 10_000)}
    configurator.setRisk(pool, weth.id, risk(weth, changes), DAY_S, sender=owner)
    assert pool.reserveData(weth.id).threshold == int(frontier * 10_000) * WAD // 10_000


@pytest.mark.parametrize(("bonus_bps", "frontier"), TOXIC_FRONTIER)
def test_set_risk__threshold_beyond_the_toxic_frontier__refused(
    pool, configurator, weth, owner, bonus_bps, frontier
):
    threshold = int(frontier * 10_000) + 1
    changes = {"bonus_cap_bps": bonus_bps, "threshold_bps": threshold}
    with ape.reverts(configurator.BonusTimesThreshold, thresholdBps=threshold, capBps=bonus_bps):
        configurator.setRisk(pool, weth.id, risk(weth, changes), DAY_S, sender=owner)


@pytest.fixture
def low(market, weth):
    """WETH has come down to a threshold of 10 %, which leaves room for any bonus."""
    market.set_risk(weth, ltv_bps=0, threshold_bps=1_000)
    market.wait(DAY_S)


@pytest.mark.usefixtures("low")
def test_set_risk__threshold_times_bonus_of_exactly_one__refused(pool, configurator, weth, owner):
    changes = {"ltv_bps": 0, "threshold_bps": 8_000, "bonus_cap_bps": 2_500}
    with ape.reverts(configurator.BonusTimesThreshold, thresholdBps=8_000, capBps=2_500):
        configurator.setRisk(pool, weth.id, risk(weth, changes), DAY_S, sender=owner)


@pytest.mark.usefixtures("low")
def test_set_risk__bonus_of_all__accepted_under_half(market, pool, weth):
    market.set_risk(weth, ltv_bps=0, threshold_bps=4_999, bonus_cap_bps=10_000)
    assert pool.reserveData(weth.id).bonusCap == WAD


@pytest.mark.parametrize(
    "curve", [(1_024, 50, 0, 0), (0, 0, 0, 0), (0, 101, 0, 0), (0, 50, 1_024, 0), (0, 50, 0, 1_024)]
)
def test_set_rates__curve_beyond_a_bound__refused(pool, configurator, weth, owner, curve):
    base, kink, slope1, slope2 = curve
    with ape.reverts(
        configurator.CurveOutOfRange, base=base, kink=kink, slope1=slope1, slope2=slope2
    ):
        configurator.setRates(pool, weth.id, curve, 10, "0x" + "00" * 20, sender=owner)


@pytest.mark.parametrize("curve", [(1_023, 100, 1_023, 1_023), (0, 1, 0, 0)])
def test_set_rates__curve_at_a_bound__accepted(market, pool, weth, curve):
    market.set_rates(weth, curve=curve)
    base, kink, slope1, slope2 = curve
    assert pool.reserveData(weth.id).curve == base | kink << 10 | slope1 << 17 | slope2 << 27


def test_set_rates__reserve_factor_beyond_all__refused(pool, configurator, weth, owner):
    with ape.reverts(configurator.ReserveFactorOutOfRange, percent=101):
        configurator.setRates(pool, weth.id, weth.asset.curve, 101, "0x" + "00" * 20, sender=owner)


@pytest.mark.parametrize("percent", [0, 100])
def test_set_rates__reserve_factor_at_a_bound__accepted(market, pool, weth, percent):
    market.set_rates(weth, reserve_factor_percent=percent)
    assert pool.reserveData(weth.id).reserveFactor == percent * WAD // 100


@pytest.mark.parametrize("cap", [512, 1_234, 511 * 10**31])
@pytest.mark.parametrize("side", [0, 1])
def test_set_limits__cap_of_too_many_digits__refused(pool, configurator, weth, owner, cap, side):
    caps = [0, 0]
    caps[side] = cap
    with ape.reverts(configurator.CapNotRepresentable, cap=cap):
        configurator.setLimits(pool, weth.id, *caps, True, sender=owner)


@pytest.mark.parametrize("caps", [(0, 0), (511, 510 * 10**31), (120 * 10**18, MAX), (MAX, 0)])
def test_set_limits__cap_of_three_digits__is_shown_again(pool, configurator, weth, owner, caps):
    configurator.setLimits(pool, weth.id, *caps, True, sender=owner)

    data = pool.reserveData(weth.id)
    assert (data.supplyCap, data.borrowCap) == caps


TERMS_REFUSED = [
    Terms(target_health_bps=10_000),
    Terms(target_health_bps=65_536),
    Terms(full_health_bps=10_000),
    Terms(full_health_bps=0),
    Terms(dust_usd=0),
    Terms(dust_usd=2**24),
    Terms(dust_usd=49),  # what is left could be written off
    Terms(write_off_below_usd=2**16),
]
TERMS_ACCEPTED = [
    Terms(target_health_bps=10_001),
    Terms(target_health_bps=65_535),
    Terms(full_health_bps=9_999),
    Terms(full_health_bps=1),
    Terms(dust_usd=2**24 - 1, write_off_below_usd=2**16 - 1),
    Terms(dust_usd=1, write_off_below_usd=0),
    Terms(dust_usd=50),
]


@pytest.mark.parametrize("terms", TERMS_REFUSED)
def test_set_liquidation_terms__beyond_a_bound__refused(pool, configurator, owner, terms):
    values = (
        terms.target_health_bps,
        terms.full_health_bps,
        terms.dust_usd,
        terms.write_off_below_usd,
    )
    with ape.reverts(
        configurator.LiquidationTermsOutOfRange,
        targetHealthBps=values[0],
        fullHealthBps=values[1],
        dust=values[2],
        writeOffBelow=values[3],
    ):
        configurator.setLiquidationTerms(pool, *values, terms.model, sender=owner)


@pytest.mark.parametrize("terms", TERMS_ACCEPTED)
def test_set_liquidation_terms__at_a_bound__accepted(market, pool, terms):
    market.set_terms(terms)
    assert pool.liquidationTerms()[:4] == (
        terms.target_health_bps * WAD // 10_000,
        terms.full_health_bps * WAD // 10_000,
        terms.dust_usd * WAD,
        terms.write_off_below_usd * WAD,
    )
