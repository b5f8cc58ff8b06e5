"""EIP-3156 over the pool: the standard's answers, and nothing left behind or taken."""

from __future__ import annotations

import pytest
from eth_abi import encode

from tests._cast import MAX, quickly
from tests.unit.periphery._refusal import refusal

ANSWER = bytes.fromhex("439148f0bbc682ca079e46d6e2c2f0c1e3b820f1a291b069d8882abf8cf18dd9")


@pytest.fixture
def usdc(still):
    return still["USDC"]


@pytest.fixture
def receiver(project, owner):
    return owner.deploy(project.MockFlashBorrower)


@pytest.fixture
def loan(lender, usdc, receiver, stranger):
    """Takes a loan of one USDC, or of what is given."""

    def take(amount=10**6, data=b"", token=usdc.token):
        return lender.flashLoan(receiver, token, amount, data, sender=stranger)

    return take


@pytest.fixture
def refused(lender, usdc, receiver, stranger):
    """Why the same loan is not given."""

    def ask(amount=10**6, data=b"", token=usdc.token):
        return refusal(lender.flashLoan, receiver, token, amount, data, sender=stranger)

    return ask


def test_flash_loan__of_everything__comes_back_whole(loan, lender, usdc, still, receiver, stranger):
    everything = usdc.token.balanceOf(still.pool)
    assert lender.maxFlashLoan(usdc.token) == everything
    receipt = loan(everything, b"xyz")

    assert receipt.return_value is True
    assert receiver.held() == receiver.amount() == everything == usdc.token.balanceOf(still.pool)
    told = (receiver.lender(), receiver.initiator(), receiver.token(), receiver.fee())
    assert told == (lender, stranger, usdc.token, 0)
    assert receiver.data() == b"xyz"
    assert usdc.token.balanceOf(lender) == usdc.token.allowance(lender, still.pool) == 0


def test_flash_loan__of_one_more__reverts(refused, usdc, still):
    available = usdc.token.balanceOf(still.pool)
    assert refused(available + 1) == (
        "ExceededMaxLoan",
        usdc.token.address,
        available + 1,
        available,
    )


def test_flash_loan__within_a_flash_loan__comes_back_whole(loan, refused, lender, usdc, still):
    before = usdc.token.balanceOf(still.pool)
    loan(before - 5, encode(["uint256"], [5]))
    assert usdc.token.balanceOf(still.pool) == before
    assert usdc.token.balanceOf(lender) == 0
    assert refused(before - 5, encode(["uint256"], [6]))[0] == "ExceededMaxLoan"


def test_flash_loan__with_a_wrong_answer__reverts(refused, receiver, owner):
    wrong = b"\1" * 32
    receiver.set(wrong, MAX, sender=owner)
    assert refused() == ("InvalidCallbackAnswer", receiver.address, wrong)


def test_flash_loan__without_approval__reverts(loan, refused, receiver, owner):
    receiver.set(ANSWER, 10**6 - 1, sender=owner)
    assert refused()[0] == "ERC20InsufficientAllowance"
    receiver.set(ANSWER, 10**6, sender=owner)
    loan()


def test_flash_loan__of_an_unknown_token__reverts_and_lends_nothing(
    refused, lender, receiver, stranger
):
    unknown = ("UnsupportedToken", receiver.address)
    assert refused(1, token=receiver) == unknown
    assert refusal(lender.flashFee, receiver, 1, sender=stranger) == unknown
    assert lender.maxFlashLoan(receiver) == 0


def test_flash_fee__of_a_reserve__is_zero(lender, usdc):
    assert lender.flashFee(usdc.token, 10**30) == 0


def test_flash_loan__of_a_paused_reserve__reverts(refused, lender, still, usdc, owner):
    quickly(still.configurator.pause, still.pool, usdc.id, sender=owner)
    assert lender.maxFlashLoan(usdc.token) == 0
    assert refused() == ("ReservePaused", usdc.id)


def test_flash_loan__of_a_frozen_reserve__goes_on(loan, lender, still, usdc, owner):
    quickly(still.configurator.freeze, still.pool, usdc.id, sender=owner)
    assert lender.maxFlashLoan(usdc.token) != 0
    loan()


def test_callback__by_anybody_but_the_pool__reverts(lender, usdc, receiver, stranger):
    context = encode(
        ["address", "address", "address", "bytes"],
        [receiver.address, stranger.address, usdc.token.address, b""],
    )
    assert refusal(lender.onFlashLoan, usdc.id, 1, context, sender=stranger) == (
        "NotPool",
        stranger,
    )


@pytest.mark.parametrize("target", ["pool", "lender", "account"])
def test_flash_loan__to_who_cannot_receive_one__reverts(
    lender, still, usdc, stranger, supplier, target
):
    receiver = {"pool": still.pool, "lender": lender, "account": supplier}[target]
    assert "revert" in refusal(lender.flashLoan, receiver, usdc.token, 1, b"", sender=stranger)[0]
