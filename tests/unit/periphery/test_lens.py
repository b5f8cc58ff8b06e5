"""The lens: it says what the pool says, in one call, whatever a token, a feed or a model does."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from tests._cast import ASSETS, DAY_S, FEED_DECIMALS, MAX, WAD, ZERO, Terms, quickly

CATEGORY = (0b00001, 0b00010, 8_800, 9_000, 100, 300)  # WETH covers, USDC is lent


@pytest.fixture(scope="module")
def lens(project, owner):
    return owner.deploy(project.Lens)


@pytest.fixture
def category(still, owner, borrower):
    """Opens one, which the borrower chooses."""

    def run(*, isolated: bool = False) -> None:
        terms = (still.pool, 7, (*CATEGORY, isolated), 0)
        quickly(still.configurator.setCategory, *terms, sender=owner)
        quickly(still.pool.setCategory, 7, borrower, sender=borrower)

    return run


@pytest.fixture
def owing(still, supplier, borrower):
    """At a rate of zero: the borrower has 10 WETH, worth 20,000, and owes 10,000 USDC."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(supplier, still["WETH"], 100)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 10_000)
    return still


def replace_code(contract: Any, code: str) -> None:
    """From now on it answers everything in the same way."""
    ape.chain.provider.make_request("anvil_setCode", [contract.address, "0x" + code])


def burn_gas(contract: Any) -> None:
    """From now on it uses up all the gas that it is given."""
    replace_code(contract, "fe")


def position(view: Any, reserve: Any) -> Any:
    """The account's row in a reserve."""
    (found,) = [p for p in view.positions if p.id == reserve.id]
    return found


# ------------------------------------------------------------------------------------- market


@pytest.mark.usefixtures("indebted")
def test_market__every_reserve__is_as_the_pool_says(lens, pool):
    view = lens.market(pool)

    assert view.reserves == [pool.reserveData(id_) for id_ in range(len(ASSETS))]
    assert all(t.described for t in view.tokens)


def test_market__every_reserve__has_its_tokens_name_and_decimals(lens, pool):
    tokens = [(t.symbol, t.decimals) for t in lens.market(pool).tokens]

    assert tokens == [(a.symbol, a.decimals) for a in ASSETS]


def test_market__terms__are_the_pools(lens, pool, configurator):
    view, terms = lens.market(pool), Terms()

    assert view.configurator == configurator
    assert (view.targetHealth, view.fullHealth) == (
        terms.target_health_bps * 10**14,
        terms.full_health_bps * 10**14,
    )
    assert (view.dust, view.writeOffBelow) == (
        terms.dust_usd * WAD,
        terms.write_off_below_usd * WAD,
    )
    assert view.liquidationModel == ZERO


def test_market__without_categories__tells_none(lens, still):
    view = lens.market(still.pool)

    assert (view.numbers, view.categories) == ([], [])


def test_market__with_a_category__tells_its_terms(lens, still, category):
    category()

    view = lens.market(still.pool)

    assert (view.numbers, view.categories) == ([7], [still.pool.categoryData(7)])


def test_market__token_burns_gas__has_no_name_and_no_buffer(lens, pool, weth):
    burn_gas(weth.token)

    view = lens.market(pool)

    assert [t.symbol for t in view.tokens] == ["", "USDC", "WBTC", "CENT", "FINE"]
    assert view.reserves[weth.id].buffer == 0


@pytest.mark.usefixtures("indebted")
def test_market__pool_cannot_describe_a_reserve__tells_the_others(lens, pool, usdc):
    """The token says that the pool holds more than there can be."""
    replace_code(usdc.token, "7f" + "ff" * 32 + "60005260206000f3")

    view = lens.market(pool)

    assert [t.described for t in view.tokens] == [True, False, True, True, True]
    data = view.reserves.pop(usdc.id)
    assert (data.token, data.borrowable, data.supplyShares) == (usdc.token, True, 0)
    assert view.reserves == [pool.reserveData(id_) for id_ in (0, 2, 3, 4)]


def test_market__feed_burns_gas__leaves_its_reserve_without_a_price(lens, pool, weth):
    burn_gas(weth.feed)

    view = lens.market(pool)

    assert all(t.described for t in view.tokens)
    assert [r.price == 0 for r in view.reserves] == [True, False, False, False, False]


# ------------------------------------------------------------------------------------- account


@pytest.mark.usefixtures("aged")
def test_account__with_interest__is_as_the_pool_says(lens, pool, borrower, usdc):
    view = lens.account(pool, borrower)

    assert view.total == pool.accountData(borrower)
    assert position(view, usdc).debtAssets == pool.debtBalance(borrower, usdc.id)


def test_account__its_positions__say_what_each_adds(lens, owing, borrower):
    view = lens.account(owing.pool, borrower)

    weth, usdc = (position(view, owing[s]) for s in ("WETH", "USDC"))
    assert (weth.supplyAssets, weth.supplyValue) == (10 * WAD, 20_000 * WAD)
    assert (weth.borrowLimit, weth.liquidationLimit) == (16_000 * WAD, 16_600 * WAD)
    assert (weth.collateral, weth.counts, weth.idle) == (True, True, False)
    assert (usdc.debtAssets, usdc.debtValue) == (10_000 * 10**6, 10_000 * WAD)
    assert (usdc.collateral, usdc.borrowLimit, usdc.liquidationLimit) == (False, 0, 0)


def test_account__idle_and_not_collateral__are_told_apart(lens, still, borrower):
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(borrower, weth, 10, idle=True)
    still.supply(borrower, usdc, 100)
    quickly(still.pool.setCollateral, usdc.id, False, borrower, sender=borrower)

    view = lens.account(still.pool, borrower)

    rows = [position(view, r) for r in (weth, usdc)]
    assert [(r.idle, r.collateral, r.counts) for r in rows] == [
        (True, True, True),
        (False, False, False),
    ]


def test_account__in_a_category__has_its_terms(lens, owing, borrower, category):
    category()

    view = lens.account(owing.pool, borrower)

    assert view.category == 7
    row = position(view, owing["WETH"])
    assert (row.ltv, row.threshold) == (88 * WAD // 100, 90 * WAD // 100)
    assert view.total == owing.pool.accountData(borrower)


def test_account__in_an_isolated_category__nothing_else_counts(lens, owing, borrower, category):
    owing.supply(borrower, owing["WBTC"], 1)
    category(isolated=True)

    view = lens.account(owing.pool, borrower)

    row = position(view, owing["WBTC"])
    assert (row.collateral, row.counts, row.borrowLimit) == (True, False, 0)
    assert view.total == owing.pool.accountData(borrower)


def test_account__without_positions__has_none(lens, pool, stranger):
    view = lens.account(pool, stranger)

    assert (view.positions, view.total.health) == ([], MAX)


def test_account__ramping_threshold__is_where_it_stands(lens, owing, borrower):
    weth = owing["WETH"]
    owing.set_risk(weth, ltv_bps=4_000, threshold_bps=6_000, ramp_s=10 * DAY_S)
    owing.wait(5 * DAY_S)

    view = lens.account(owing.pool, borrower)

    assert 6_000 < position(view, weth).threshold // 10**14 < 8_300
    assert view.total == owing.pool.accountData(borrower)


@pytest.mark.usefixtures("indebted")
@pytest.mark.parametrize("behaviour", [0, 1, 3])  # honest, reverting, burning
def test_account__debt_with_a_rate_model__is_as_the_pool_says(
    lens, project, market, pool, borrower, owner, usdc, behaviour
):
    model = owner.deploy(project.MockRateModel, behaviour, 10**10)
    market.set_rates(usdc, rate_model=model.address)
    market.wait(DAY_S)

    assert lens.account(pool, borrower).total == pool.accountData(borrower)


# --------------------------------------------------------------------------- liquidation prices


def is_healthy(market: Any, account: Any, reserve: Any, answer: int) -> bool:
    """At another answer of one feed."""
    with ape.chain.isolate():
        quickly(reserve.feed.set, answer, sender=account)
        return bool(market.pool.healthFactor(account) >= WAD)


def test_account__long__is_undone_by_a_lower_price(lens, owing, borrower):
    weth = owing["WETH"]

    row = position(lens.account(owing.pool, borrower), weth)

    assert row.liquidationBelow == 10_000 * 10**FEED_DECIMALS * 100 // 830
    assert row.liquidationAbove == MAX
    assert not is_healthy(owing, borrower, weth, row.liquidationBelow)
    assert is_healthy(owing, borrower, weth, row.liquidationBelow + 1)


def test_account__short__is_undone_by_a_higher_price(lens, still, supplier, borrower):
    weth = still["WETH"]
    still.supply(supplier, weth, 100)
    still.supply(borrower, still["USDC"], 10_000)
    still.borrow(borrower, weth, 3)

    row = position(lens.account(still.pool, borrower), weth)

    assert row.liquidationAbove == 2_600 * 10**FEED_DECIMALS + 1  # 7,800 of limit over 3
    assert row.liquidationBelow == 0
    assert not is_healthy(still, borrower, weth, row.liquidationAbove)
    assert is_healthy(still, borrower, weth, row.liquidationAbove - 1)


def test_account__owing_what_it_supplies__is_undone_by_what_weighs_more(
    lens, still, supplier, borrower
):
    """8.3 WETH of limit against 5 of debt: the rest has to cover 3,900 USDC."""
    weth, usdc = still["WETH"], still["USDC"]
    still.supply(supplier, usdc, 100_000)
    still.supply(borrower, weth, 10)
    still.borrow(borrower, weth, 5)
    still.borrow(borrower, usdc, 3_900)

    row = position(lens.account(still.pool, borrower), weth)

    assert row.liquidationBelow == 3_900 * 10**FEED_DECIMALS * 10 // 33
    assert row.liquidationAbove == MAX


def test_account__without_debt__is_undone_by_no_price(lens, still, borrower):
    still.supply(borrower, still["WETH"], 10)

    row = position(lens.account(still.pool, borrower), still["WETH"])

    assert (row.liquidationBelow, row.liquidationAbove) == (0, MAX)


def test_account__beyond_rescue__is_undone_by_every_price(lens, owing, supplier, borrower):
    """9 WETH of debt against 10 WETH, of which 8.3 count, and nothing else."""
    weth, usdc = owing["WETH"], owing["USDC"]
    owing.borrow(borrower, weth, 1)
    quickly(owing.pool.repay, usdc.id, MAX, borrower, sender=borrower)
    owing.borrow(borrower, weth, 7)
    owing.set_risk(weth, ltv_bps=6_000, threshold_bps=7_000)
    owing.wait(DAY_S)

    row = position(lens.account(owing.pool, borrower), weth)

    assert (row.liquidationBelow, row.liquidationAbove) == (MAX, 0)


# ------------------------------------------------------------------------------------- healths


def test_healths__of_many__are_each_ones_own(lens, owing, supplier, borrower, stranger):
    accounts = [borrower, supplier, stranger, borrower]

    healths = lens.healths(owing.pool, accounts)

    assert healths == [owing.pool.accountData(a) for a in accounts]


def test_healths__of_nobody__are_none(lens, pool):
    assert lens.healths(pool, []) == []


def test_healths__with_a_feed_that_burns_gas__reads_it_once(lens, owing, borrower):
    """Twenty accounts that hold the asset, for less gas than two readings of the feed take."""
    burn_gas(owing["WETH"].feed)
    call = {
        "to": lens.address,
        "data": "0x" + lens.healths.encode_input(owing.pool, [borrower] * 20).hex(),
        "gas": hex(1_400_000),
    }

    answer = ape.chain.provider.make_request("eth_call", [call, "latest"])

    alone = owing.pool.accountData(borrower)
    assert lens.healths(owing.pool, [borrower]) == [alone]
    assert alone.unpriced
    assert len(bytes.fromhex(answer[2:])) == 32 * (2 + 20 * len(tuple(alone)))


def test_healths__with_a_feed_that_burns_gas__others_are_as_ever(lens, owing, supplier, borrower):
    owing.supply(supplier, owing["USDC"], 1)
    before = owing.pool.accountData(supplier)
    burn_gas(owing["WETH"].feed)

    _, other = lens.healths(owing.pool, [borrower, supplier])

    assert other.collateralValue == before.collateralValue - 200_000 * WAD


# ------------------------------------------------------------------------------------- wallet


def test_wallet__every_token__has_balance_and_allowance(lens, market, pool, borrower, usdc):
    quickly(usdc.token.approve, pool, 123, sender=borrower)

    rows = lens.wallet(pool, borrower)

    assert [r.token for r in rows] == [r.token for r in market.reserves.values()]
    assert [r.balance for r in rows] == [
        r.token.balanceOf(borrower) for r in market.reserves.values()
    ]
    assert [r.allowance for r in rows] == [MAX, 123, MAX, MAX, MAX]


def test_wallet__token_burns_gas__is_zero_alone(lens, market, pool, borrower, weth):
    burn_gas(weth.token)

    rows = lens.wallet(pool, borrower)

    assert [r.balance == 0 for r in rows] == [True, False, False, False, False]
