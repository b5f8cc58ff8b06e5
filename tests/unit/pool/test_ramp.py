"""A threshold that is lowered goes down on a straight line: nobody is liquidated at once."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, event, refused

DAYS = 10
HIGH, LOW = 8_300, 7_300


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """15,900 USDC owed on 10 WETH: a threshold of 79.5 % is where health is one."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_900)


@pytest.fixture
def lowered(scene, market, weth):
    """From 83 to 73 % in ten days."""
    market.set_risk(weth, ltv_bps=7_000, threshold_bps=LOW, ramp_s=DAYS * DAY_S)


@pytest.fixture
def threshold(pool, weth):
    """Where it stands, in steps of 0.01 %."""
    return lambda: pool.reserveData(weth.id).threshold * 10_000 / WAD


@pytest.mark.usefixtures("lowered")
def test_ramp__at_its_start__is_where_it_was(pool, borrower, threshold):
    assert threshold() == pytest.approx(HIGH, abs=0.1)
    assert pool.healthFactor(borrower) > WAD


@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("days", [1, 5, 9])
def test_ramp__on_its_way__is_on_a_straight_line(market, threshold, days):
    market.wait(days * DAY_S)
    assert threshold() == pytest.approx(HIGH - (HIGH - LOW) * days / DAYS, abs=0.2)


@pytest.mark.usefixtures("lowered")
def test_ramp__at_its_end__is_there_and_stays(market, threshold):
    market.wait(DAYS * DAY_S)
    assert threshold() == LOW
    market.wait(DAYS * DAY_S)
    assert threshold() == LOW


@pytest.mark.usefixtures("lowered")
def test_liquidate__at_the_start_of_a_ramp__refused(pool, weth, usdc, borrower, liquidator):
    with ape.reverts(pool.Healthy, account=borrower):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


@pytest.mark.usefixtures("lowered")
def test_liquidate__when_the_ramp_has_passed_the_health__accepted_with_the_threshold_of_then(
    market, pool, weth, usdc, borrower, liquidator
):
    market.wait(4 * DAY_S)  # 79 %
    assert pool.healthFactor(borrower) < WAD

    tx = pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert event(tx, pool.Liquidate).repaid > 0
    assert pool.healthFactor(borrower) == pytest.approx(1.05 * WAD, rel=1e-5)


@pytest.mark.usefixtures("lowered")
def test_ramp__ltv__is_lower_at_once(pool, weth, usdc, borrower):
    assert pool.reserveData(weth.id).ltv == 70 * WAD // 100
    with ape.reverts(pool.Undercollateralized, borrowLimit=14_000 * WAD):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.usefixtures("lowered")
def test_set_risk__lowered_again_on_the_way__starts_where_it_stands(market, weth, threshold):
    market.wait(5 * DAY_S)

    market.set_risk(weth, ltv_bps=5_000, threshold_bps=5_800, ramp_s=DAYS * DAY_S)

    assert threshold() == pytest.approx(7_800, abs=1)
    market.wait(5 * DAY_S)
    assert threshold() == pytest.approx(6_800, abs=1)


@pytest.mark.usefixtures("lowered")
def test_set_risk__raised_on_the_way__ends_the_ramp(market, weth, threshold):
    market.wait(5 * DAY_S)
    market.set_risk(weth, threshold_bps=8_000, ramp_s=0)
    assert threshold() == 8_000
    market.wait(5 * DAY_S)
    assert threshold() == 8_000


def test_set_risk__raised__holds_at_once(market, weth, threshold):
    market.set_risk(weth, threshold_bps=8_500, ramp_s=0)
    assert threshold() == 8_500


@pytest.mark.parametrize("seconds", [0, DAY_S - 1, 365 * DAY_S + 1])
def test_set_risk__lowered_too_fast_or_too_slowly__refused(market, pool, weth, owner, seconds):
    error, method = market.configurator.RampOutOfRange, market.configurator.setRisk
    p = weth.asset.parameters(weth.feed.address) | {"ltvBps": 0, "thresholdBps": 8_299}
    refused(error, method, pool, weth.id, p, seconds, sender=owner, seconds_=seconds)


@pytest.mark.parametrize("seconds", [DAY_S, 365 * DAY_S])
def test_set_risk__lowered_at_a_bound__accepted(market, weth, threshold, seconds):
    market.set_risk(weth, ltv_bps=0, threshold_bps=8_299, ramp_s=seconds)
    market.wait(seconds)
    assert threshold() == 8_299


@pytest.mark.usefixtures("lowered")
def test_set_risk__on_the_way__bonus_is_bound_by_where_it_stands(market, pool, weth, owner):
    """At 83 % a bonus of 25 % would take more than there is; at 73 % it would not."""
    error, method = market.configurator.BonusTimesThreshold, market.configurator.setRisk
    changes = {"ltvBps": 0, "thresholdBps": LOW, "bonusCapBps": 2_500}
    p = weth.asset.parameters(weth.feed.address) | changes
    refused(error, method, pool, weth.id, p, DAY_S, sender=owner, capBps=2_500)
