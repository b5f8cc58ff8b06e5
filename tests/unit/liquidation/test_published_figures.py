"""Figures that others have published about liquidations, out of these contracts.

The frontier beyond which a liquidation makes an account worse is in `test_bounds.py`, where the
configurator refuses it.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests._cast import MAX, WAD, Asset, Terms, build_market, event, without_interest
from tests._revm import Reverted


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def model(project, owner, market):
    """Makes a contract the pool's rule."""

    def run(name, *arguments, dust_usd=1_000):
        deployed = owner.deploy(getattr(project, name), *arguments)
        below = min(dust_usd, 50)
        market.set_terms(
            Terms(model=deployed.address, dust_usd=dust_usd, write_off_below_usd=below)
        )
        return deployed

    return run


@pytest.fixture
def account(market, supplier, borrower, weth, usdc):
    """The borrower owes USDC on WETH, which falls to 2,000: then his collateral has this value."""

    def run(collateral_usd, debt_usd, at_usd=2_600):
        market.supply(supplier, usdc, 500_000)
        market.set_price(weth, at_usd)
        market.supply(borrower, weth, collateral_usd / 2_000)
        market.borrow(borrower, usdc, debt_usd)
        market.set_price(weth, 2_000)

    return run


@pytest.fixture
def liquidate(pool, weth, usdc, borrower, liquidator):
    def run(offer=MAX):
        return pool.liquidate(borrower, usdc.id, weth.id, offer, 0, liquidator, sender=liquidator)

    return run


def values(pool, account) -> tuple[float, float]:
    data = pool.accountData(account)
    return data.collateralValue / WAD, data.debtValue / WAD


# ------------------------------------------------- half repaid at 4.5 %, Warmuz et al. 2212.07306


@pytest.mark.parametrize(("debt", "ltv_after"), [(96_000, 0.963082), (95_000, 0.943162)])
def test_half_repaid__near_the_toxic_frontier__moves_the_ltv_as_published(
    market, pool, weth, usdc, borrower, account, model, liquidate, debt, ltv_after
):
    """Worse beyond 1 / 1.045, better before it."""
    market.set_risk(
        weth, ltv_bps=9_400, threshold_bps=9_400, bonus_floor_bps=450, bonus_cap_bps=450
    )
    model("MockLiquidationModel", 0, MAX, WAD * 45 // 1_000, dust_usd=1)
    account(100_000, debt)

    liquidate(usdc.units(debt / 2))

    collateral, owed = values(pool, borrower)
    assert owed / collateral == pytest.approx(ltv_after, abs=5e-7)


# ------------------------------------------------- the CRV squeeze of 22 November 2022, a thousandth

CRV = Asset("CRV", 18, 0.5)
DOLLAR = Asset(
    "USDC", 6, 1, ltv_bps=8_800, threshold_bps=8_900, bonus_floor_bps=450, bonus_cap_bps=450
)


@pytest.fixture
def squeeze(project, owner, supplier, borrower, liquidator):
    """63,600 USDC against 92,000 CRV."""
    market = build_market(project, owner, without_interest(DOLLAR, CRV))
    market.fund(supplier, borrower, liquidator)
    market.supply(supplier, market["CRV"], 200_000)
    market.supply(borrower, market["USDC"], 63_600)
    market.borrow(borrower, market["CRV"], 92_000)
    return market


@pytest.mark.parametrize(("price_usd", "healthy"), [(0.6152, True), (0.6153, False)])
def test_crv_squeeze__liquidatable__above_the_published_price(
    squeeze, borrower, price_usd, healthy
):
    squeeze.set_price(squeeze["CRV"], price_usd)
    assert (squeeze.pool.healthFactor(borrower) >= WAD) is healthy


@pytest.mark.parametrize(("price_usd", "bad"), [(0.66150, False), (0.66157, True)])
def test_crv_squeeze__bad_debt__above_the_published_price(
    squeeze, borrower, liquidator, price_usd, bad
):
    """Toxic at more than 0.66154: the whole collateral does not pay for the whole debt and bonus."""
    squeeze.set_price(squeeze["CRV"], price_usd)
    ids = (squeeze["CRV"].id, squeeze["USDC"].id)

    tx = squeeze.pool.liquidate(borrower, *ids, MAX, 0, liquidator, sender=liquidator)

    assert bool([*tx.decode_logs(squeeze.pool.WriteOff)]) is bad
    assert squeeze.pool.debtBalance(borrower, squeeze["CRV"].id) == 0


# -------------------------------------------------------------------- Morpho Blue's incentive factor


@pytest.mark.parametrize(
    ("threshold", "factor"),
    [
        ("0.38", "1.15"),
        ("0.625", "1.1267605634"),
        ("0.77", "1.0741138561"),
        ("0.86", "1.0438413361"),
        ("0.915", "1.0261672653"),
        ("0.945", "1.0167768175"),
        ("0.965", "1.0106114199"),
    ],
)
def test_fixed_incentive__by_threshold__is_as_published(machine, threshold, factor):
    model = machine.deploy("FixedIncentiveModel")
    incentive = model.incentive(int(Fraction(threshold) * WAD))
    assert incentive / WAD == pytest.approx(float(factor), abs=5.1e-11)


def test_fixed_incentive__in_a_pool__seizes_by_it(
    market, pool, weth, usdc, account, model, liquidate
):
    """At a threshold of 83 %: 1 / 0.949, above the cap of 5 % if that did not hold."""
    market.set_risk(weth, bonus_cap_bps=1_000)
    model("FixedIncentiveModel")
    account(10_000, 8_400)

    log = event(liquidate(usdc.units(4_000)), pool.Liquidate)

    assert log.seized == pytest.approx(weth.units(4_000) / 0.949 / 2_000, rel=1e-12)


def test_fixed_incentive__beyond_the_cap__is_the_cap(pool, weth, usdc, account, model, liquidate):
    model("FixedIncentiveModel")
    account(10_000, 8_400)

    log = event(liquidate(usdc.units(4_000)), pool.Liquidate)

    assert log.seized == weth.units("2.1")


# ------------------------------------------------------------------------ Aave v3.3's close factor


@pytest.fixture
def close_factor(model):
    return model("CloseFactorModel", 95 * WAD // 100, 2_000 * WAD)


@pytest.mark.usefixtures("close_factor")
def test_close_factor__just_unhealthy__half(pool, weth, usdc, borrower, account, liquidate):
    account(10_000, 8_400)
    assert pool.healthFactor(borrower) / WAD == pytest.approx(0.988095, abs=5e-7)

    log = event(liquidate(), pool.Liquidate)

    assert (log.repaid, log.seized) == (usdc.units(4_200), weth.units(4_410) // 2_000)
    assert pool.healthFactor(borrower) / WAD == pytest.approx(1.104690, abs=5e-7)


@pytest.mark.usefixtures("close_factor")
def test_close_factor__below_its_health__everything(pool, usdc, borrower, account, liquidate):
    account(10_000, 8_800)
    assert pool.healthFactor(borrower) / WAD == pytest.approx(0.943182, abs=5e-7)

    log = event(liquidate(), pool.Liquidate)

    assert log.repaid == usdc.units(8_800)
    assert values(pool, borrower) == (760, 0)


@pytest.mark.usefixtures("close_factor")
def test_close_factor__collateral_does_not_suffice__leaves_the_published_deficit(
    pool, weth, usdc, borrower, account, liquidate
):
    account(10_000, 9_800)

    tx = liquidate()

    assert event(tx, pool.Liquidate).seized == weth.units(5)
    assert event(tx, pool.Liquidate).repaid == pytest.approx(usdc.units(9_523.8095), abs=50)
    assert event(tx, pool.WriteOff).assets == pytest.approx(usdc.units(276.1905), abs=50)


@pytest.mark.usefixtures("close_factor")
def test_close_factor__small_sides__everything(pool, usdc, borrower, account, liquidate):
    account(2_300, 1_950)
    assert 0.95 < pool.healthFactor(borrower) / WAD < 1

    assert event(liquidate(), pool.Liquidate).repaid == usdc.units(1_950)


@pytest.mark.parametrize(("dust_usd", "repaid"), [(1_000, 1_025), (1_100, 2_050)])
def test_close_factor__half_would_leave_dust__everything(
    pool, usdc, account, model, liquidate, dust_usd, repaid
):
    model("CloseFactorModel", 95 * WAD // 100, 2_000 * WAD, dust_usd=dust_usd)
    account(2_400, 2_050)

    assert event(liquidate(), pool.Liquidate).repaid == usdc.units(repaid)


def test_close_factor__full_health_of_one__refused(machine):
    with pytest.raises(Reverted, match="InvalidFullHealth"):
        machine.deploy("CloseFactorModel", WAD, 0)
