"""A market that turns against the vault: it costs at most what was lent to it, and blocks nobody."""

from __future__ import annotations

import pytest

from tests._cast import WAD, attempt, quickly
from tests.unit.periphery._refusal import refusal


@pytest.fixture
def usdc(still):
    return still["USDC"]


@pytest.fixture
def pools(still, second_pool):
    return still.pool, second_pool.pool


@pytest.fixture
def deposited(vault, hostile, usdc, supplier):
    """1,500 USDC: 300 in the hostile pool, 1,000 in the first, 200 in the second."""
    quickly(vault.deposit, usdc.units(1_500), supplier, sender=supplier)


@pytest.fixture
def turn(hostile, owner):
    """Puts the pool into a mood by name."""
    return lambda name: quickly(hostile.pool.be, getattr(hostile.mood, name), sender=owner)


@pytest.mark.parametrize("mood", ["REVERTS", "BURNS_GAS", "GARBAGE"])
def test_pool__that_does_not_answer__blocks_no_withdrawal_and_every_deposit(
    vault, hostile, pools, usdc, deposited, turn, supplier, mood
):
    turn(mood)
    assert vault.totalAssets() == usdc.units(1_500)
    assert vault.maxWithdraw(supplier) == usdc.units(1_200) == vault.liquidity()
    assert vault.maxDeposit(supplier) == vault.maxMint(supplier) == 0
    refused = refusal(vault.deposit, 1, supplier, sender=supplier)
    assert refused == ("MarketUnsettled", hostile.pool)

    vault.withdraw(usdc.units(1_200), supplier, supplier, sender=supplier)
    assert [vault.market(p).counted for p in (hostile.pool, *pools)] == [usdc.units(300), 0, 0]
    assert refusal(vault.withdraw, 1, supplier, supplier, sender=supplier) == (
        "InsufficientLiquidity",
        1,
        0,
    )


def test_pool__that_pretends_to_be_busy__blocks_until_it_is_suspended(
    vault, hostile, usdc, deposited, turn, supplier, owner
):
    turn("BUSY")
    assert vault.maxWithdraw(supplier) == vault.maxDeposit(supplier) == 0
    for call in (
        lambda: refusal(vault.withdraw, 1, supplier, supplier, sender=supplier),
        lambda: refusal(vault.deposit, 1, supplier, sender=supplier),
        lambda: refusal(vault.totalAssets, sender=supplier),
    ):
        assert call() == ("Reentrancy",)

    vault.suspend(hostile.pool, sender=owner)
    assert vault.totalAssets() == usdc.units(1_500)
    assert vault.maxWithdraw(supplier) == usdc.units(1_200)
    refused = refusal(vault.deposit, 1, supplier, sender=supplier)
    assert refused == ("MarketUnsettled", hostile.pool)
    vault.withdraw(usdc.units(1_200), supplier, supplier, sender=supplier)

    turn("HONEST")
    vault.resume(hostile.pool, sender=owner)
    vault.withdraw(usdc.units(300), supplier, supplier, sender=supplier)


def test_pool__that_does_not_answer__can_be_abandoned_with_its_loss(
    vault, hostile, usdc, deposited, turn, supplier, stranger, owner
):
    turn("REVERTS")
    vault.abandon(hostile.pool, sender=owner)
    assert vault.totalAssets() == usdc.units(1_200)
    vault.deposit(usdc.units(10), stranger, sender=stranger)
    assert vault.previewRedeem(vault.balanceOf(stranger)) <= usdc.units(10)


def test_pool__that_exaggerates__moves_the_price_by_next_to_nothing(
    vault, hostile, usdc, deposited, turn, stranger, owner
):
    vault.setFee(WAD // 2, sender=owner)
    turn("EXAGGERATES")
    for _ in range(3):
        quickly(vault.deposit, 10**6, stranger, sender=stranger)
    assert vault.totalAssets() - usdc.units(1_503) < 1_000  # millionths: 300 times 200 % a year


def test_pool__that_has_lost_money__lowers_the_price(vault, hostile, usdc, deposited, owner):
    quickly(hostile.pool.lose, vault, usdc.units(100), sender=owner)
    assert vault.totalAssets() == usdc.units(1_400)


def test_pool__that_pays_short__is_skipped_as_if_never_asked(
    vault, hostile, usdc, deposited, turn, supplier
):
    turn("PAYS_SHORT")
    held = usdc.token.balanceOf(supplier)
    vault.withdraw(usdc.units(1_000), supplier, supplier, sender=supplier)
    assert usdc.token.balanceOf(supplier) - held == usdc.units(1_000)
    assert vault.market(hostile.pool).counted == usdc.units(300)
    assert usdc.token.balanceOf(vault) == vault.idle() == 0
    refused = refusal(vault.withdraw, usdc.units(500), supplier, supplier, sender=supplier)
    assert refused == ("InsufficientLiquidity", usdc.units(500), usdc.units(200))


def test_pool__that_takes_nothing__gets_no_credit_and_no_allowance(
    vault, hostile, pools, usdc, turn, supplier
):
    turn("TAKES_NOTHING")
    vault.deposit(usdc.units(300), supplier, sender=supplier)
    assert vault.market(hostile.pool).counted == 0
    assert vault.market(pools[0]).counted == usdc.units(300)
    assert usdc.token.allowance(vault, hostile.pool) == 0


@pytest.mark.parametrize("function", ["deposit", "withdraw", "redeem", "totalAssets", "step"])
def test_pool__that_calls_back__gets_nowhere(
    vault, hostile, usdc, deposited, turn, supplier, owner, function
):
    arguments = {
        "deposit": (0, owner),
        "withdraw": (0, owner, owner),
        "redeem": (0, owner, owner),
        "totalAssets": (),
        "step": (hostile.pool, 0, 1),
    }[function]
    call = getattr(vault, function).encode_input(*arguments)
    quickly(hostile.pool.arm, vault, call, sender=owner)
    turn("CALLS_BACK")
    vault.withdraw(usdc.units(10), supplier, supplier, sender=supplier)
    assert vault.market(hostile.pool).counted == usdc.units(290)
    assert not hostile.pool.succeeded()


def test_caller__with_little_gas__cannot_make_a_sound_pool_be_skipped(
    vault, pools, usdc, deposited, supplier
):
    """Whatever the gas: all goes well and from the front of the queue, or nothing happens."""
    amount = usdc.units(10)
    before = [vault.market(p).counted for p in pools]
    for gas in range(150_000, 700_000, 50_000):
        attempt(vault.withdraw, amount, supplier, supplier, sender=supplier, gas=gas)
    assert [vault.market(p).counted for p in pools] == before
    assert vault.totalAssets() < usdc.units(1_500)


def test_pool__whose_tokens_are_on_loan__is_skipped(vault, pools, usdc, on_loan, supplier):
    taker, one = on_loan.taker, usdc.units(1)
    quickly(vault.deposit, 1_200 * one, taker, sender=supplier)
    assert on_loan.run(5, vault.maxWithdraw, taker) == (True, 200 * one + 5)
    assert on_loan.run(5, vault.withdraw, 100 * one, taker, taker)[0]
    assert [vault.market(p).counted for p in pools] == [1_000 * one - 5, 100 * one + 5]
    assert vault.totalAssets() == 1_100 * one


def test_reallocate__to_a_pool_that_pays_short__refused(
    vault, hostile, usdc, deposited, turn, owner
):
    """An allocator is told; a withdrawal would go round that pool."""
    turn("PAYS_SHORT")
    refused = refusal(vault.reallocate, [(hostile.pool, usdc.units(100))], sender=owner)
    assert refused[:3] == ("MovementNotExact", hostile.pool, usdc.units(200))


def test_supply_queue__of_more_markets_than_a_vault_has__refused(vault, hostile, owner):
    refused = refusal(vault.setSupplyQueue, [hostile.pool] * 17, sender=owner)
    assert refused == ("TooManyMarkets",)


def test_total_assets__asked_with_little_gas__does_not_leave_a_pool_out(
    vault, hostile, deposited, turn, supplier
):
    """Who sends too little for a pool to answer must not get the price without it."""
    turn("BURNS_GAS")
    assert refusal(vault.totalAssets, sender=supplier, gas=1_000_000) == ("InsufficientGas",)
