"""The vault as depositors use it: where money goes, where it comes from, and what a share is worth."""

from __future__ import annotations

import pytest

from tests._cast import WAD, YEAR_S, quickly
from tests.unit.periphery._refusal import refusal


@pytest.fixture
def usdc(still):
    return still["USDC"]


@pytest.fixture
def pools(still, second_pool):
    return still.pool, second_pool.pool


@pytest.fixture
def deposited(vault, usdc, supplier):
    """1,200 USDC: 1,000 in the first pool, 200 in the second."""
    quickly(vault.deposit, usdc.units(1_200), supplier, sender=supplier)


def counted(vault, *pools):
    return [vault.market(p).counted for p in pools]


def test_vault__of_usdc__has_shares_of_18_decimals(vault, usdc, pools):
    assert (vault.decimals(), vault.asset()) == (18, usdc.token)
    assert vault.convertToShares(10**6) == WAD
    assert vault.withdrawQueue() == list(pools) == vault.supplyQueue()
    assert [vault.market(p).id for p in pools] == [1, 1]


def test_deposit__beyond_all_caps__fills_the_queue_and_keeps_the_rest(vault, usdc, pools, supplier):
    vault.deposit(usdc.units(1_700), supplier, sender=supplier)
    assert counted(vault, *pools) == [usdc.units(1_000), usdc.units(500)]
    assert vault.idle() == usdc.units(200) == usdc.token.balanceOf(vault)
    assert vault.totalAssets() == usdc.units(1_700)
    assert vault.balanceOf(supplier) == 1_700 * WAD
    assert [usdc.token.allowance(vault, p) for p in pools] == [0, 0]


def test_deposit__where_a_pool_is_frozen__goes_to_the_next(
    vault, still, usdc, pools, supplier, owner
):
    quickly(still.configurator.freeze, pools[0], usdc.id, sender=owner)
    vault.deposit(usdc.units(300), supplier, sender=supplier)
    assert counted(vault, *pools) == [0, usdc.units(300)]


def test_deposit__where_a_pool_has_a_cap_of_its_own__takes_what_it_takes(
    vault, still, usdc, pools, supplier
):
    still.set_limits(usdc, supply_cap=usdc.units(101))  # one of them is the seed
    vault.deposit(usdc.units(300), supplier, sender=supplier)
    assert counted(vault, *pools) == [usdc.units(100), usdc.units(200)]


def test_deposit__above_the_limit__reverts(vault, usdc, deposited, supplier, owner):
    vault.setDepositLimit(usdc.units(1_300), sender=owner)
    room = usdc.units(100)
    assert vault.maxDeposit(supplier) == room
    assert vault.maxMint(supplier) == 100 * WAD
    refused = refusal(vault.deposit, room + 1, supplier, sender=supplier)
    assert refused == ("ERC4626ExceededMaxDeposit", supplier, room + 1, room)
    refused = refusal(vault.mint, 100 * WAD + 1, supplier, sender=supplier)
    assert refused == ("ERC4626ExceededMaxMint", supplier, 100 * WAD + 1, 100 * WAD)
    vault.deposit(room, supplier, sender=supplier)
    assert vault.maxDeposit(supplier) == vault.maxMint(supplier) == 0


def test_withdraw__more_than_the_cash__walks_the_queue(
    vault, usdc, pools, deposited, supplier, owner
):
    before = usdc.token.balanceOf(supplier)
    vault.setWithdrawQueue(list(reversed(pools)), sender=owner)
    vault.withdraw(usdc.units(250), supplier, supplier, sender=supplier)
    assert counted(vault, *pools) == [usdc.units(950), 0]
    assert usdc.token.balanceOf(supplier) - before == usdc.units(250)
    assert vault.totalAssets() == usdc.units(950)


def test_withdraw__of_everything__leaves_nothing(vault, usdc, pools, deposited, supplier):
    vault.redeem(vault.balanceOf(supplier), supplier, supplier, sender=supplier)
    assert counted(vault, *pools) == [0, 0]
    assert vault.totalSupply() == vault.totalAssets() == vault.highWater() == 0
    assert [p.balanceOf(vault, 1) for p in pools] == [0, 0]


@pytest.mark.parametrize("function", ["withdraw", "redeem"])
def test_withdraw__with_and_without_an_allowance(vault, deposited, supplier, stranger, function):
    call, amount = getattr(vault, function), {"withdraw": 10**6, "redeem": WAD}[function]
    refused = refusal(call, amount, stranger, supplier, sender=stranger)
    assert refused[0] == "ERC20InsufficientAllowance"
    vault.approve(stranger, WAD, sender=supplier)
    call(amount, stranger, supplier, sender=stranger)
    assert vault.allowance(supplier, stranger) == 0


def test_withdraw__where_cash_is_thin__is_limited_to_what_there_is(
    vault, still, usdc, pools, deposited, borrower, supplier
):
    pool = pools[0]
    still.supply(borrower, still["WETH"], 100)
    left = usdc.units(30) + 1
    loan = pool.reserveData(usdc.id).cash - left
    quickly(pool.borrow, usdc.id, loan, borrower, borrower, sender=borrower)
    most = left + usdc.units(200)

    assert vault.maxWithdraw(supplier) == vault.liquidity() == most
    shares = vault.maxRedeem(supplier)
    assert vault.previewRedeem(shares) == most == vault.previewRedeem(shares + 1) - 1
    refused = refusal(vault.withdraw, most + 1, supplier, supplier, sender=supplier)
    assert refused == ("InsufficientLiquidity", most + 1, most)
    assert refusal(vault.redeem, shares + 1, supplier, supplier, sender=supplier) == refused
    vault.withdraw(most, supplier, supplier, sender=supplier)
    assert vault.totalAssets() == usdc.units(1_200) - most


def test_withdraw__of_a_paused_pool__goes_on(vault, still, usdc, pools, deposited, supplier, owner):
    quickly(still.configurator.pause, pools[0], usdc.id, sender=owner)
    assert vault.maxWithdraw(supplier) == usdc.units(1_200)
    vault.withdraw(usdc.units(1_200), supplier, supplier, sender=supplier)


def test_donation__of_tokens__changes_nothing_and_can_be_swept(
    vault, usdc, deposited, stranger, supplier, owner
):
    before = vault.convertToAssets(WAD)
    usdc.token.transfer(vault, usdc.units(500), sender=stranger)
    assert vault.convertToAssets(WAD) == before
    assert vault.idle() == 0
    vault.deposit(usdc.units(600), supplier, sender=supplier)  # 300 of it stays cash
    held = usdc.token.balanceOf(owner)
    vault.sweep(usdc.token, owner, sender=owner)
    assert usdc.token.balanceOf(owner) - held == usdc.units(500)
    assert vault.idle() == usdc.units(300) == usdc.token.balanceOf(vault)


def test_donation__of_pool_shares__moves_no_price_at_once(
    vault, still, usdc, pools, deposited, stranger
):
    still.supply(stranger, usdc, 5_000)
    before = vault.convertToAssets(WAD)
    pools[0].transfer(vault, usdc.id, usdc.units(5_000), sender=stranger)
    # In a few seconds 1,000 USDC may grow by 200 % a year, and a unit for rounding.
    grown = vault.convertToAssets(1_200 * WAD) - before * 1_200
    assert grown <= 5 * (usdc.units(2_000) // YEAR_S + 1)
    assert vault.market(pools[0]).counted == usdc.units(1_000)


def test_donation__to_the_first_depositor_and_his_victim__takes_nothing_from_him(
    vault, still, usdc, pools, stranger, supplier
):
    vault.deposit(1, stranger, sender=stranger)
    still.supply(stranger, usdc, 9_999)
    pools[0].transfer(vault, usdc.id, usdc.units(9_999), sender=stranger)
    usdc.token.transfer(vault, usdc.units(9_999), sender=stranger)

    vault.deposit(usdc.units(100), supplier, sender=supplier)
    # The attacker's own unit has grown by a unit at every count, and those are all his.
    assert vault.previewRedeem(vault.balanceOf(supplier)) >= usdc.units(100) - 5


# ------------------------------------------------------------------------------------- losses


@pytest.fixture
def bad_debt(still, usdc, pools, deposited, borrower):
    """The borrower's collateral is gone: 900 of the first pool's 1,001 USDC will be written off."""
    still.supply(borrower, still["WETH"], 1)
    quickly(pools[0].borrow, usdc.id, usdc.units(900), borrower, borrower, sender=borrower)
    still.set_price(still["WETH"], 0.01)


def test_write_off__in_a_pool__lowers_the_price_at_once(
    vault, usdc, pools, bad_debt, borrower, supplier, stranger
):
    quickly(pools[0].writeOff, borrower, sender=stranger)
    total = vault.totalAssets()
    assert usdc.units(300) < total < usdc.units(301)
    assert vault.market(pools[0]).counted == usdc.units(1_000)  # until somebody calls

    vault.deposit(usdc.units(10), stranger, sender=stranger)
    assert vault.previewRedeem(vault.balanceOf(stranger)) <= usdc.units(10)
    assert vault.previewRedeem(vault.balanceOf(supplier)) <= total


def test_fee__after_a_loss__is_not_charged_until_it_is_made_good(
    vault, usdc, pools, bad_debt, borrower, supplier, stranger, owner
):
    vault.setFee(WAD // 5, sender=owner)
    quickly(pools[0].writeOff, borrower, sender=stranger)
    quickly(vault.deposit, usdc.units(10), stranger, sender=stranger)
    mark = vault.highWater()
    assert mark == usdc.units(1_210)
    half = vault.balanceOf(supplier) // 2
    vault.redeem(half, supplier, supplier, sender=supplier)
    assert vault.balanceOf(owner) == 0
    # The mark fell with the value: what is left has as far to go in proportion.
    assert abs(vault.highWater() * 310 - mark * 160) <= 2 * usdc.units(310)
