"""Several calls in one transaction: all or none, as the caller, with one look at health at the end."""

from __future__ import annotations

import ape
import pytest
from eth_abi import decode

from tests._cast import (
    BORROW,
    MAX,
    WAD,
    WITHDRAW,
    attempt,
    quickly,
    refused,
    script,
    step,
)


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def scene(still, supplier):
    """100,000 USDC and 100 WETH to borrow."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(supplier, still["WETH"], 100)


@pytest.fixture
def supply(pool, weth, borrower):
    """The borrower's collateral: 10 WETH, worth 20,000."""
    return pool.supply.encode_input(weth.id, weth.units(10), borrower)


@pytest.fixture
def borrow(pool, usdc, borrower):
    """What he borrows: 16,000 USDC, all that this allows."""
    return pool.borrow.encode_input(usdc.id, usdc.units(16_000), borrower, borrower)


# -------------------------------------------------------------------------------------- all or none


def test_batch__several_calls__makes_them_in_order(pool, weth, usdc, borrower, supply, borrow):
    pool.batch([supply, borrow], sender=borrower)

    assert pool.supplyBalance(borrower, weth.id) == weth.units(10)
    assert pool.debtBalance(borrower, usdc.id) == usdc.units(16_000)


def test_batch__several_calls__returns_what_they_return(pool, weth, usdc, borrower, supply, borrow):
    tx = pool.batch([supply, borrow], sender=borrower)

    returned = [decode(["uint256", "uint256"], bytes(r)) for r in tx.return_value]
    assert returned == [(weth.units(10),) * 2, (usdc.units(16_000),) * 2]


def test_batch__one_call_fails__undoes_the_others_with_its_error(pool, usdc, borrower, supply):
    nothing = pool.borrow.encode_input(usdc.id, 0, borrower, borrower)

    with ape.reverts(pool.ZeroAmount):
        pool.batch([supply, nothing], sender=borrower)

    assert pool.positions(borrower) == []


def test_batch__a_call_that_nobody_knows__fails(pool, borrower):
    assert not attempt(pool.batch, [b"\x12\x34\x56\x78"], sender=borrower)


def test_batch__nothing__does_nothing(pool, borrower):
    assert pool.batch([], sender=borrower).return_value == []


def test_batch__of_half_of_the_actions__leverages_in_one_transaction(pool, weth, borrower):
    """10 WETH at work five times over: WETH borrowed on WETH at 75 %."""
    calls, amount = [], weth.units(10)
    for _ in range(5):
        calls += [
            pool.supply.encode_input(weth.id, amount, borrower),
            pool.borrow.encode_input(weth.id, amount * 3 // 4, borrower, borrower),
        ]
        amount = amount * 3 // 4
    before = weth.token.balanceOf(borrower)

    pool.batch(calls, sender=borrower)

    own = pool.supplyBalance(borrower, weth.id) - pool.debtBalance(borrower, weth.id)
    assert own == before - weth.token.balanceOf(borrower)
    data = pool.accountData(borrower)
    assert data.debtValue / data.collateralValue == pytest.approx(0.75, rel=1e-12)


@pytest.mark.parametrize(("method", "action"), [("withdraw", WITHDRAW), ("borrow", BORROW)])
def test_batch__for_another__takes_the_same_consent(pool, weth, supplier, stranger, method, action):
    call = getattr(pool, method).encode_input(weth.id, 1, supplier, stranger)

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=action):
        pool.batch([call], sender=stranger)


# ------------------------------------------------------------------------------------------- health


def test_batch__borrows_before_it_supplies__accepted(pool, borrower, supply, borrow):
    pool.batch([borrow, supply], sender=borrower)
    assert pool.accountData(borrower).borrowLimit == 16_000 * WAD


def test_borrow__before_supplying_and_not_in_a_batch__refused(pool, usdc, borrower):
    with ape.reverts(pool.Undercollateralized):
        pool.borrow(usdc.id, usdc.units(16_000), borrower, borrower, sender=borrower)


def test_batch__ends_a_unit_above_the_limit__refused(pool, usdc, borrower, supply, borrow):
    one_more = pool.borrow.encode_input(usdc.id, 1, borrower, borrower)

    with ape.reverts(
        pool.Undercollateralized,
        account=borrower,
        debtValue=16_000 * WAD + 10**12,
        borrowLimit=16_000 * WAD,
    ):
        pool.batch([borrow, one_more, supply], sender=borrower)


def test_batch__withdraws_before_it_repays__accepted(market, pool, weth, usdc, borrower):
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 16_000)

    pool.batch(
        [
            pool.withdraw.encode_input(weth.id, MAX, borrower, borrower),
            pool.repay.encode_input(usdc.id, MAX, borrower),
        ],
        sender=borrower,
    )

    assert pool.positions(borrower) == []


def test_batch__touches_two_accounts__looks_at_both(market, pool, weth, usdc, borrower, stranger):
    market.supply(borrower, weth, 10)
    market.supply(stranger, weth, 10)
    quickly(pool.authorize, stranger, BORROW, MAX, sender=borrower)
    calls = [
        pool.borrow.encode_input(usdc.id, usdc.units(16_000) + 1, borrower, stranger),
        pool.borrow.encode_input(usdc.id, usdc.units(16_000), stranger, stranger),
    ]

    with ape.reverts(pool.Undercollateralized, account=borrower):
        pool.batch(calls, sender=stranger)


# -------------------------------------------------------------------------------------------- nested


def test_batch__within_a_batch__is_looked_at_by_the_outer_one(pool, borrower, supply, borrow):
    pool.batch([pool.batch.encode_input([borrow]), supply], sender=borrower)
    assert pool.accountData(borrower).borrowLimit == 16_000 * WAD


def test_batch__within_a_batch_without_cover__refused(pool, borrower, borrow):
    with ape.reverts(pool.Undercollateralized, account=borrower):
        pool.batch([pool.batch.encode_input([borrow])], sender=borrower)


# ----------------------------------------------------------------- what a batch may not be abused for


def test_write_off__of_an_account_that_the_batch_has_indebted__refused(
    pool, usdc, borrower, stranger
):
    """The stranger may borrow for the borrower, who has nothing: suppliers would pay."""
    quickly(pool.authorize, stranger, BORROW, MAX, sender=borrower)
    calls = [
        pool.borrow.encode_input(usdc.id, usdc.units(50_000), borrower, stranger),
        pool.writeOff.encode_input(borrower),
    ]

    with ape.reverts(pool.HealthCheckPending, account=borrower):
        pool.batch(calls, sender=stranger)


@pytest.fixture
def heist(pool, usdc, caller, accomplice, owner):
    """An attacker borrows without collateral, and has something done about it by his accomplice
    before anybody looks: in the callback of a supply of one unit."""
    quickly(usdc.token.mint, caller, usdc.units(100), sender=owner)
    quickly(caller.act, [step(usdc.token.approve, pool, MAX)], sender=owner)

    def run(*done_by_accomplice, loan=50_000):
        callback = script(step(accomplice.act, list(done_by_accomplice)))
        calls = [
            pool.borrow.encode_input(usdc.id, usdc.units(loan), caller, accomplice),
            pool.supplyAndCall.encode_input(usdc.id, 1, caller, callback),
        ]
        return caller.act, [step(pool.batch, calls)]

    return run


def test_write_off__by_an_accomplice_in_a_callback__refused(pool, heist, caller, owner):
    robbery = heist(step(pool.writeOff, caller))
    refused(pool.HealthCheckPending, *robbery, sender=owner, account=caller)


def test_liquidate__by_an_accomplice_in_a_callback__refused(
    pool, heist, usdc, caller, accomplice, owner
):
    robbery = heist(step(pool.liquidate, caller, usdc.id, usdc.id, MAX, 0, accomplice))
    refused(pool.HealthCheckPending, *robbery, sender=owner, account=caller)


def test_write_off__by_a_batch_of_an_accomplice_in_a_callback__refused(pool, heist, caller, owner):
    robbery = heist(step(pool.batch, [pool.writeOff.encode_input(caller)]))
    refused(pool.HealthCheckPending, *robbery, sender=owner, account=caller)


def test_take_debt__by_an_accomplice_in_a_callback__makes_him_answer_for_it(
    pool, usdc, heist, caller, accomplice, owner
):
    robbery = heist(step(pool.takeDebt, usdc.id, MAX, caller, accomplice))
    refused(pool.Undercollateralized, *robbery, sender=owner, account=accomplice, borrowLimit=0)


def test_batch__without_the_accomplice__refused_at_its_end(pool, heist, caller, owner):
    refused(pool.Undercollateralized, *heist(), sender=owner, account=caller)


@pytest.fixture
def fallen(scene, market, pool, usdc, weth, borrower):
    """Somebody else, whose collateral is worth nothing by now."""
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 10_000)
    market.set_price(weth, 1)


@pytest.mark.usefixtures("fallen")
def test_write_off__of_another_in_a_callback_of_a_batch__accepted(
    market, pool, usdc, heist, caller, borrower, owner
):
    """The twin: a small loan that the caller's own supply covers."""
    quickly(caller.act, [step(pool.supply, usdc.id, usdc.units(10), caller)], sender=owner)

    method, steps = heist(step(pool.writeOff, borrower), loan=1)
    method(steps, sender=owner)

    assert pool.positions(borrower) == []


def test_batch__is_over__leaves_no_account_out_of_reach(
    market, pool, weth, usdc, borrower, liquidator, supply, borrow
):
    quickly(pool.batch, [supply, borrow], sender=borrower)
    market.set_price(weth, 1_750)

    pool.liquidate(borrower, usdc.id, weth.id, MAX, 0, liquidator, sender=liquidator)

    assert pool.debtBalance(borrower, usdc.id) < usdc.units(16_000)


def test_batch__in_a_callback_of_an_action_alone__is_looked_at_in_it(
    pool, usdc, caller, owner, accomplice
):
    """The action goes on to pay: it is the batch that must be covered when it ends."""
    loan = step(
        pool.batch,
        [pool.borrow.encode_input(usdc.id, usdc.units(1_000), caller, caller)],
    )
    lend = step(pool.flashLoan, usdc.id, 1, script(step(usdc.token.approve, pool, MAX), loan))

    refused(pool.Undercollateralized, caller.act, [lend], sender=owner, account=caller)
