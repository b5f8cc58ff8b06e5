"""No price: what a feed must do for it, and what an asset without one can still be used for.

Such collateral counts nothing; such a debt cannot grow, nor be repaid by a liquidator; nobody is
kept from repaying, and nobody without debt from leaving.
"""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, WAD, quickly

WORD = 32


def code_that_answers(answer: int, words: int) -> str:
    """A feed's runtime code: a fresh `answer`, of which only the first words are returned."""
    store_answer = f"67{answer:016x}602052"
    store_updated_at = "42606052"
    return f"0x{store_answer}{store_updated_at}60{words * WORD:02x}6000f3"


# What a feed may do, as (feed, answer, chain, sender) -> None.
FAULTS = {
    "dead": lambda feed, a, c, s: quickly(feed.kill, True, sender=s),
    "zero": lambda feed, a, c, s: quickly(feed.set, 0, sender=s),
    "negative": lambda feed, a, c, s: quickly(feed.set, -a, sender=s),
    "too large": lambda feed, a, c, s: quickly(feed.set, 2**96, sender=s),
    "stale": lambda feed, a, c, s: quickly(
        feed.setAt, a, c.blocks.head.timestamp - DAY_S - 1, sender=s
    ),
    "future": lambda feed, a, c, s: quickly(
        feed.setAt, a, c.blocks.head.timestamp + 1_000, sender=s
    ),
    "short answer": lambda feed, a, c, s: c.provider.set_code(
        feed.address, code_that_answers(a, 4)
    ),
    "no code": lambda feed, a, c, s: c.provider.set_code(feed.address, "0x"),
    # The invalid instruction uses up all gas that was given.
    "burning": lambda feed, a, c, s: c.provider.set_code(feed.address, "0xfe"),
}


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier, borrower):
    """The borrower owes 14,000 USDC on 10 WETH."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 14_000)


@pytest.fixture
def spoil(chain, stranger):
    """Spoils the feed of a reserve."""

    def run(reserve, fault="dead"):
        FAULTS[fault](reserve.feed, reserve.asset.answer, chain, stranger)

    return run


# ------------------------------------------------------------------------------------- the faults


def test_no_price__honest_answer_of_the_same_code__is_a_price(pool, weth, chain):
    """The twin of the short answer: five words, and nothing else is different."""
    chain.provider.set_code(weth.feed.address, code_that_answers(weth.asset.answer, 5))
    assert pool.reserveData(weth.id).price == weth.asset.answer


@pytest.mark.parametrize("fault", FAULTS)
def test_no_price__any_fault__shows_as_zero(pool, weth, spoil, fault):
    spoil(weth, fault)
    assert pool.reserveData(weth.id).price == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_no_price__any_fault_of_the_collateral__gives_no_borrowing_power(
    pool, weth, usdc, borrower, spoil, fault
):
    spoil(weth, fault)

    with ape.reverts(
        pool.Undercollateralized,
        account=borrower,
        debtValue=14_000 * WAD + 10**12,
        borrowLimit=0,
    ):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_price__any_fault_of_the_debt__refuses_more_of_it(pool, usdc, borrower, spoil, fault):
    spoil(usdc, fault)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.borrow(usdc.id, 1, borrower, borrower, sender=borrower)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_price__any_fault_of_both__leaves_repaying_and_leaving_open(
    pool, weth, usdc, borrower, spoil, fault
):
    spoil(weth, fault)
    spoil(usdc, fault)

    pool.repay(usdc.id, MAX, borrower, sender=borrower)
    pool.withdraw(weth.id, MAX, borrower, borrower, sender=borrower)

    assert pool.positions(borrower) == []


# ------------------------------------------------------------------- what stops, action by action


def test_no_price__of_the_collateral__keeps_it_in_while_there_is_debt(pool, weth, borrower, spoil):
    spoil(weth)

    with ape.reverts(
        pool.Undercollateralized, account=borrower, debtValue=14_000 * WAD, borrowLimit=0
    ):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


def test_no_price__of_a_debt__keeps_collateral_in(pool, weth, usdc, borrower, spoil):
    spoil(usdc)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.withdraw(weth.id, 1, borrower, borrower, sender=borrower)


def test_no_price__of_a_debt__keeps_collateral_switched_on(pool, weth, usdc, borrower, spoil):
    spoil(usdc)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.setCollateral(weth.id, False, borrower, sender=borrower)


def test_no_price__of_a_debt__refuses_debt_in_other_assets(
    market, pool, fine, usdc, supplier, borrower, spoil
):
    market.supply(supplier, fine, 1_000)
    spoil(usdc)

    with ape.reverts(pool.NoPrice, id=usdc.id):
        pool.borrow(fine.id, 1, borrower, borrower, sender=borrower)


def test_no_price__of_an_unneeded_collateral__does_not_matter(
    market, pool, weth, wbtc, usdc, borrower, spoil
):
    market.supply(borrower, wbtc, 1)
    spoil(wbtc)

    pool.borrow(usdc.id, usdc.units(2_000), borrower, borrower, sender=borrower)

    data = pool.accountData(borrower)
    assert data.borrowLimit == data.debtValue
    assert data.unpriced


@pytest.mark.parametrize("symbol", ["WETH", "USDC"])
def test_no_price__of_either_side__refuses_to_liquidate_that_pair(
    market, pool, weth, usdc, borrower, liquidator, spoil, symbol
):
    market.set_price(weth, 1_600)
    spoil(market[symbol])

    with ape.reverts(pool.NoPrice, id=market[symbol].id):
        pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)


# ----------------------------------------------------------------------------------- what goes on


def test_no_price__supplying__goes_on(pool, weth, borrower, spoil):
    spoil(weth)
    pool.supply(weth.id, weth.units(1), borrower, sender=borrower)
    assert pool.supplyBalance(borrower, weth.id) == weth.units(11)


def test_no_price__withdrawing_without_debt__goes_on(pool, usdc, supplier, spoil):
    spoil(usdc)
    pool.withdraw(usdc.id, usdc.units(1), supplier, supplier, sender=supplier)
    assert pool.supplyBalance(supplier, usdc.id) == usdc.units(99_999)


def test_no_price__switching_collateral_on__goes_on(pool, weth, usdc, supplier, spoil):
    quickly(pool.setCollateral, usdc.id, False, supplier, sender=supplier)
    spoil(usdc)
    pool.setCollateral(usdc.id, True, supplier, sender=supplier)
    assert [p.collateral for p in pool.positions(supplier)] == [True]


def test_no_price__of_another_collateral__liquidation_goes_on(
    market, pool, weth, wbtc, usdc, borrower, liquidator, spoil
):
    market.supply(borrower, wbtc, 1)
    spoil(wbtc)
    market.set_price(weth, 1_600)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.supplyBalance(borrower, weth.id) < weth.units(10)


def test_no_price__of_another_debt__liquidation_goes_on(
    market, pool, weth, fine, usdc, supplier, borrower, liquidator, spoil
):
    market.supply(supplier, fine, 1_000)
    market.borrow(borrower, fine, 100)
    spoil(fine)
    market.set_price(weth, 1_600)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(14_000)


@pytest.mark.parametrize("unpriced", [True, False])
def test_no_price__of_another_collateral__keeps_bad_debt_from_being_written_off(
    market, pool, weth, cent, usdc, borrower, liquidator, spoil, unpriced
):
    market.supply(borrower, cent, 40)  # below the 50 that are worth keeping, were it priced
    if unpriced:
        spoil(cent)
    market.set_price(weth, 1_000)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert (pool.debtBalance(borrower, usdc.id) > 0) is unpriced
