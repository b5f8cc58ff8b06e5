"""Opening categories and changing them: what is bound, and what those who chose one may rely on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests._cast import DAY_S, WAD, Category, event, refused

BASE = Category(("WETH", "WBTC"), ("USDC",))


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def refuse(market, owner):
    """Asserts that terms for category 1 are refused, and why."""

    def run(error, terms, *, number=1, ramp_s=0, **fields):
        error = getattr(market.configurator, error, None) or getattr(market.pool, error)
        arguments = (market.pool, number, terms.parameters(market), ramp_s)
        refused(error, market.configurator.setCategory, *arguments, sender=owner, **fields)

    return run


def test_set_category__new__is_shown_and_emitted(market, pool, owner):
    arguments = (pool, 7, BASE.parameters(market), 0)

    tx = market.configurator.setCategory(*arguments, sender=owner)

    data, bps = pool.categoryData(7), WAD // 10_000
    assert (data.collaterals, data.borrowables) == (0b101, 0b010)
    assert (data.ltv, data.threshold) == (9_000 * bps, 9_300 * bps)
    assert (data.bonusFloor, data.bonusCap, data.isolated) == (100 * bps, 200 * bps, False)
    log, words = event(tx, pool.CategoryConfigured), pool.categoryWords(7)
    assert (log.category, log.word, log.ramp) == (7, words.word, words.ramp)


def test_category_data__that_was_never_opened__is_empty(pool):
    data = pool.categoryData(9)
    assert (data.collaterals, data.borrowables, data.threshold) == (0, 0, 0)


@pytest.mark.parametrize("number", [1, 255])
def test_set_category__number_at_a_bound__accepted(market, pool, number):
    market.set_category(number, BASE)
    assert pool.categoryData(number).collaterals


@pytest.mark.parametrize("number", [0, 256])
def test_set_category__number_beyond__refused(refuse, number):
    refuse("UnknownCategory", BASE, number=number, category=number)


def test_set_category__without_collateral__refused(refuse):
    terms = replace(BASE, collaterals=())
    refuse("CategoryBitmapOutOfRange", terms, collaterals=0, borrowables=0b010)


@pytest.mark.parametrize("side", ["collaterals", "borrowables"])
def test_set_category__asset_without_reserve__refused(market, refuse, side):
    bits = BASE.parameters(market) | {side: 1 << 5}
    shown = {name: bits[name] for name in ("collaterals", "borrowables")}
    refuse("CategoryBitmapOutOfRange", replace(BASE, raw={side: 1 << 5}), **shown)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ltv_bps": 9_301}, "ThresholdOutOfRange"),
        ({"ltv_bps": 0, "threshold_bps": 0}, "ThresholdOutOfRange"),
        ({"threshold_bps": 10_000}, "ThresholdOutOfRange"),
        ({"bonus_floor_bps": 201}, "BonusOutOfRange"),
        ({"threshold_bps": 9_804}, "BonusTimesThreshold"),
    ],
)
def test_set_category__beyond_a_bound__refused(refuse, changes, error):
    refuse(error, replace(BASE, **changes))


@pytest.mark.parametrize(
    "changes",
    [{"ltv_bps": 9_300}, {"ltv_bps": 0, "threshold_bps": 1}, {"threshold_bps": 9_803}],
)
def test_set_category__at_a_bound__accepted(market, pool, changes):
    terms = replace(BASE, **changes)
    market.set_category(1, terms)
    assert pool.categoryData(1).threshold == terms.threshold_bps * WAD // 10_000


# ------------------------------------------------------------------------------- what those who chose rely on


@pytest.fixture
def opened(market):
    market.set_category(1, BASE)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("isolated", [False, True])
def test_set_category__kind_changed__refused(market, refuse, isolated):
    market.set_category(2, replace(BASE, isolated=isolated))
    terms = replace(BASE, isolated=not isolated)
    refuse("CategoryKindFixed", terms, number=2, category=2)


@pytest.mark.usefixtures("opened")
def test_set_category__collateral_removed_above_its_own_threshold__refused(refuse, wbtc):
    terms = replace(BASE, collaterals=("WETH",))
    refuse("CategoryCollateralFixed", terms, category=1, id=wbtc.id)


@pytest.mark.usefixtures("opened")
def test_set_category__collateral_removed_at_its_own_threshold__accepted(market, pool):
    low = replace(BASE, ltv_bps=7_000, threshold_bps=7_800)
    market.set_category(1, low, ramp_s=DAY_S)
    market.wait(DAY_S)

    market.set_category(1, replace(low, collaterals=("WETH",)))

    assert pool.categoryData(1).collaterals == 0b001


def test_set_category__collateral_added_under_its_own_threshold__refused(market, refuse, weth):
    """Whoever has it beside the category's would lose a part of what it counts."""
    low = replace(BASE, collaterals=("WBTC",), ltv_bps=7_000, threshold_bps=8_299)
    market.set_category(1, low)
    both = replace(low, collaterals=("WBTC", "WETH"))
    refuse("CategoryCollateralFixed", both, category=1, id=weth.id)


def test_set_category__collateral_added_at_its_own_threshold__accepted(market, pool):
    terms = replace(BASE, collaterals=("WBTC",), ltv_bps=7_000, threshold_bps=8_300)
    market.set_category(1, terms)
    market.set_category(1, replace(terms, collaterals=("WBTC", "WETH")))
    assert pool.categoryData(1).collaterals == 0b101


def test_set_category__collateral_added_to_an_isolated_one__accepted(market, pool):
    """It counted nothing there before."""
    terms = Category(("WBTC",), (), ltv_bps=1_000, threshold_bps=2_000, isolated=True)
    market.set_category(1, terms)
    market.set_category(1, replace(terms, collaterals=("WBTC", "WETH")))
    assert pool.categoryData(1).collaterals == 0b101


def test_set_category__collateral_of_an_isolated_one_removed__refused(market, refuse, wbtc):
    """Nothing else counts there: it would count nothing."""
    low = replace(BASE, ltv_bps=1_000, threshold_bps=2_000, isolated=True)
    market.set_category(1, low)
    refuse("CategoryCollateralFixed", replace(low, collaterals=("WETH",)), category=1, id=wbtc.id)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("seconds", [0, DAY_S - 1, 365 * DAY_S + 1])
def test_set_category__threshold_lowered_too_fast_or_too_slowly__refused(refuse, seconds):
    terms = replace(BASE, threshold_bps=9_299)
    refuse("RampOutOfRange", terms, ramp_s=seconds, seconds_=seconds)


@pytest.mark.usefixtures("opened")
def test_set_category__raised__holds_at_once(market, pool):
    market.set_category(1, replace(BASE, threshold_bps=9_400))
    assert pool.categoryData(1).threshold == 94 * WAD // 100
