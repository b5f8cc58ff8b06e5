"""The wrapper as its users call it: who may, what moves, and what strangers cannot do to it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import ape
import pytest
from eth_account.messages import encode_typed_data

from tests._cast import (
    FEED_DECIMALS,
    IDLE,
    MAX,
    SHARES,
    WETH,
    list_asset,
    quickly,
    without_interest,
)
from tests.unit.periphery._refusal import refusal


@pytest.fixture
def usdc(still):
    return still["USDC"]


@pytest.fixture
def pool(still):
    return still.pool


@pytest.fixture
def deposited(wrapper, usdc, supplier):
    """The supplier holds 1,000 shares."""
    quickly(wrapper.deposit, usdc.units(1_000), supplier, sender=supplier)


def test_wrapper__of_usdc__is_named_after_it(wrapper, usdc, pool):
    assert wrapper.name() == "Earning USDC"
    assert wrapper.symbol() == "earnUSDC"
    assert wrapper.decimals() == 6
    assert (wrapper.asset(), wrapper.pool(), wrapper.reserveId()) == (usdc.token, pool, usdc.id)


def test_wrapper__of_a_token_that_is_no_reserve__cannot_be_deployed(project, owner, pool, wrapper):
    with ape.reverts(pool.UnknownReserve):
        owner.deploy(project.WrappedSupply, pool, wrapper)


def test_deposit__for_somebody_else__takes_from_the_caller_and_mints_to_him(
    wrapper, usdc, pool, supplier, stranger
):
    before = usdc.token.balanceOf(supplier)
    receipt = wrapper.deposit(usdc.units(10), stranger, sender=supplier)

    assert receipt.return_value == usdc.units(10)
    assert wrapper.balanceOf(stranger) == usdc.units(10) == wrapper.totalSupply()
    assert before - usdc.token.balanceOf(supplier) == usdc.units(10) == wrapper.totalAssets()
    assert pool.balanceOf(wrapper, usdc.id) == usdc.units(10)


def test_deposit__of_zero__does_nothing(wrapper, supplier):
    assert wrapper.deposit(0, supplier, sender=supplier).return_value == 0
    assert wrapper.mint(0, supplier, sender=supplier).return_value == 0
    assert wrapper.withdraw(0, supplier, supplier, sender=supplier).return_value == 0
    assert wrapper.redeem(0, supplier, supplier, sender=supplier).return_value == 0


def test_mint__of_shares__takes_what_they_are_worth(wrapper, usdc, supplier):
    receipt = wrapper.mint(usdc.units(3), supplier, sender=supplier)
    assert receipt.return_value == usdc.units(3) == wrapper.balanceOf(supplier)


def test_withdraw__with_an_allowance__spends_it_and_pays_the_receiver(
    wrapper, deposited, usdc, supplier, stranger, owner
):
    wrapper.approve(stranger, usdc.units(300), sender=supplier)
    wrapper.withdraw(usdc.units(100), owner, supplier, sender=stranger)
    wrapper.redeem(usdc.units(200), owner, supplier, sender=stranger)

    assert usdc.token.balanceOf(owner) == usdc.units(300)
    assert wrapper.allowance(supplier, stranger) == 0
    assert wrapper.balanceOf(supplier) == usdc.units(700)


@pytest.mark.parametrize("function", ["withdraw", "redeem", "redeemShares"])
def test_out__without_an_allowance__reverts(wrapper, deposited, usdc, supplier, stranger, function):
    assert (
        refusal(getattr(wrapper, function), 1, stranger, supplier, sender=stranger)[0]
        == "ERC20InsufficientAllowance"
    )


@pytest.mark.parametrize("function", ["withdraw", "redeem", "redeemShares"])
def test_out__of_more_than_one_has__reverts(wrapper, deposited, usdc, supplier, stranger, function):
    quickly(wrapper.deposit, usdc.units(1), stranger, sender=stranger)
    assert (
        refusal(getattr(wrapper, function), usdc.units(1) + 1, stranger, stranger, sender=stranger)[
            0
        ]
        == "ERC20InsufficientBalance"
    )


def test_shares__of_the_pool__go_in_and_out_without_a_token_moving(
    wrapper, still, usdc, pool, supplier, stranger
):
    still.supply(supplier, usdc, 50)
    held = usdc.token.balanceOf(pool)
    wrapper.depositShares(usdc.units(50), stranger, sender=supplier)
    assert pool.balanceOf(supplier, usdc.id) == 0
    assert wrapper.balanceOf(stranger) == usdc.units(50) == pool.balanceOf(wrapper, usdc.id)

    wrapper.redeemShares(usdc.units(20), supplier, stranger, sender=stranger)
    assert pool.balanceOf(supplier, usdc.id) == usdc.units(20)
    assert wrapper.totalSupply() == usdc.units(30) == pool.balanceOf(wrapper, usdc.id)
    assert usdc.token.balanceOf(pool) == held


def test_deposit_shares__that_cover_a_debt__reverts(wrapper, still, usdc, pool, supplier):
    still.supply(supplier, usdc, 100)
    still.borrow(supplier, usdc, 70)
    assert (
        refusal(wrapper.depositShares, usdc.units(50), supplier, sender=supplier)[0]
        == "Undercollateralized"
    )


def test_deposit_shares__without_permission__reverts(wrapper, still, usdc, pool, borrower):
    still.supply(borrower, usdc, 100)
    assert refusal(wrapper.depositShares, 1, borrower, sender=borrower)[0] == "NotAuthorized"


def test_permit__signed_by_the_owner__lets_the_spender_withdraw(
    wrapper, deposited, usdc, supplier, stranger
):
    deadline = ape.chain.pending_timestamp + 3_600
    fields = {"owner": "address", "spender": "address", "value": "uint256"}
    fields |= {"nonce": "uint256", "deadline": "uint256"}
    message = {
        "domain": {
            "name": wrapper.name(),
            "version": "1",
            "chainId": ape.chain.chain_id,
            "verifyingContract": wrapper.address,
        },
        "types": {"Permit": [{"name": k, "type": t} for k, t in fields.items()]},
        "primaryType": "Permit",
        "message": {
            "owner": supplier.address,
            "spender": stranger.address,
            "value": 5,
            "nonce": 0,
            "deadline": deadline,
        },
    }
    signature = supplier.sign_message(encode_typed_data(full_message=message))
    rest = (signature.v, signature.r, signature.s)
    wrapper.permit(supplier, stranger, 5, deadline, *rest, sender=stranger)
    wrapper.withdraw(5, stranger, supplier, sender=stranger)

    assert (
        refusal(wrapper.permit, supplier, stranger, 5, deadline, *rest, sender=stranger)[0]
        == "ERC2612InvalidSigner"
    )


# ---------------------------------------------------------------------------------- strangers


def test_donation__of_tokens_or_shares__moves_no_price(
    wrapper, deposited, still, usdc, pool, supplier, stranger
):
    still.supply(stranger, usdc, 500)
    pool.transfer(wrapper, usdc.id, usdc.units(500), sender=stranger)
    usdc.token.transfer(wrapper, usdc.units(500), sender=stranger)
    pool.supply(usdc.id, usdc.units(500), wrapper, sender=stranger)

    assert wrapper.convertToAssets(10**6) == 10**6
    assert wrapper.totalAssets() == usdc.units(1_000)
    wrapper.redeem(usdc.units(1_000), supplier, supplier, sender=supplier)


def test_donation__of_idle_supply__cannot_keep_the_wrapper_from_earning(
    wrapper, still, usdc, pool, supplier, stranger
):
    still.supply(stranger, usdc, 1, idle=True)
    gift = (wrapper, usdc.id | IDLE, 1)
    assert refusal(pool.transfer, *gift, sender=stranger)[0] == "NotAuthorized"
    wrapper.deposit(usdc.units(5), supplier, sender=supplier)
    assert refusal(pool.transfer, *gift, sender=stranger)[0] == "OtherMode"


def test_debt__for_the_wrapper__cannot_be_made(wrapper, deposited, still, usdc, pool, borrower):
    still.supply(borrower, usdc, 1_000)
    still.borrow(borrower, usdc, 10)
    assert (
        refusal(pool.takeDebt, usdc.id, MAX, borrower, wrapper, sender=borrower)[0]
        == "NotAuthorized"
    )
    assert (
        refusal(pool.borrow, usdc.id, 1, wrapper, borrower, sender=borrower)[0] == "NotAuthorized"
    )
    assert (
        refusal(pool.withdraw, usdc.id, 1 | SHARES, wrapper, borrower, sender=borrower)[0]
        == "NotAuthorized"
    )


@pytest.fixture
def hooked(worlds, project, owner):
    """A wrapper of a token that calls its receivers, and an actor who holds 50 of it and listens."""
    market = replace(worlds.still, reserves=dict(worlds.still.reserves))
    token = owner.deploy(project.MockHookToken)
    asset = replace(without_interest(WETH)[0], symbol="HOOK")
    list_asset(market, asset, token, owner.deploy(project.MockFeed, FEED_DECIMALS, 10**8))
    wrapper = owner.deploy(project.WrappedSupply, market.pool, token)
    actor = owner.deploy(project.MockActor)
    quickly(token.mint, actor, 100, sender=owner)

    def act(method, *arguments):
        quickly(actor.act, method.contract, method.encode_input(*arguments), sender=owner)

    act(token.approve, wrapper, MAX)
    act(wrapper.deposit, 50, actor)
    act(token.listen, True)

    def within(method, *arguments):
        """What a call out of the hook, while tokens are paid out, was answered."""
        quickly(actor.arm, wrapper, method.encode_input(*arguments), sender=owner)
        act(wrapper.withdraw, 5, actor, actor)
        return actor.succeeded(), bytes(actor.answer())

    return SimpleNamespace(wrapper=wrapper, actor=actor, within=within)


def test_limits__in_the_middle_of_an_action__are_zero(hooked):
    wrapper, nothing = hooked.wrapper, (True, bytes(32))
    assert hooked.within(wrapper.maxWithdraw, hooked.actor) == nothing
    assert hooked.within(wrapper.maxDeposit, hooked.actor) == nothing
    assert hooked.within(wrapper.maxRedeem, hooked.actor) == nothing
    assert hooked.within(wrapper.maxMint, hooked.actor) == nothing


def test_prices_and_actions__in_the_middle_of_an_action__revert(hooked):
    wrapper, busy = hooked.wrapper, (False, bytes.fromhex("ab143c06"))  # Reentrancy()
    assert hooked.within(wrapper.totalAssets) == busy
    assert hooked.within(wrapper.convertToAssets, 1) == busy
    assert hooked.within(wrapper.deposit, 1, hooked.actor) == busy
    assert hooked.within(wrapper.redeem, 1, hooked.actor, hooked.actor) == busy


def test_moving_shares_away__while_they_are_paid_out__reverts(hooked, owner):
    wrapper, actor = hooked.wrapper, hooked.actor
    quickly(actor.arm, wrapper, wrapper.transfer.encode_input(owner, 50), sender=owner)
    call = wrapper.withdraw.encode_input(50, actor, actor)
    refused = refusal(actor.act, wrapper, call, sender=owner)
    assert refused[0] == "ERC20InsufficientBalance"


def test_limits__while_the_pools_tokens_are_on_loan__are_what_is_left(
    wrapper, deposited, usdc, on_loan, supplier
):
    taker = on_loan.taker
    wrapper.transfer(taker, usdc.units(100), sender=supplier)
    assert on_loan.run(7, wrapper.maxWithdraw, taker) == (True, 7)
    assert on_loan.run(7, wrapper.maxRedeem, taker) == (True, 7)
    assert not on_loan.run(7, wrapper.withdraw, 8, taker, taker)[0]
    assert on_loan.run(7, wrapper.withdraw, 7, taker, taker) == (True, 7)
