"""Grants by signature: once, for this pool on this chain, until a deadline, by an EOA or a contract."""

from __future__ import annotations

import ape
import pytest

from tests._cast import BORROW, DEBT, MAX, WITHDRAW, ZERO, event, quickly
from tests._signing import ALLOWANCE, AUTHORIZATION, digest, sign, typed_data

KINDS = (AUTHORIZATION, ALLOWANCE)
EXPIRY = 2_000_000_000_000
POSITION = 1 | DEBT


class Grant:
    """A message of one kind: what it says, who sends it to which pool, and what it has granted."""

    def __init__(self, pool, kind, account, spender):
        self.pool, self.kind, self.account, self.spender = pool, kind, account, spender

    @property
    def method(self):
        by = {AUTHORIZATION: self.pool.authorizeBySig, ALLOWANCE: self.pool.allowBySig}
        return by[self.kind]

    def values(self, nonce=0, deadline=MAX, extent=None, spender=None):
        """Account, spender, what, how much, expiry; nonce and deadline."""
        what = {
            AUTHORIZATION: (extent or WITHDRAW | BORROW,),
            ALLOWANCE: (POSITION, extent or 1_000),
        }[self.kind]
        return (self.account, spender or self.spender, *what, EXPIRY, nonce, deadline)

    def sign(self, *values, by=None, chain_id=None, pool=None):
        message = typed_data(pool or self.pool, self.kind, *values, chain_id=chain_id)
        return sign(by or self.account, message)

    def granted(self):
        if self.kind == AUTHORIZATION:
            return self.pool.authorization(self.account, self.spender)[0]
        return self.pool.allowance(self.account, self.spender, POSITION)


@pytest.fixture(params=KINDS)
def grant(still, supplier, stranger, request):
    """From the supplier to the stranger."""
    return Grant(still.pool, request.param, supplier, stranger)


@pytest.fixture
def pool(still):
    return still.pool


def test_by_sig__signed_by_the_account__grants_whoever_sends_it(grant, liquidator):
    values = grant.values()

    grant.method(*values, grant.sign(*values), sender=liquidator)

    assert grant.granted() == {AUTHORIZATION: WITHDRAW | BORROW, ALLOWANCE: 1_000}[grant.kind]


def test_by_sig__signed_by_the_account__emits_as_the_account_itself_does(grant, pool, liquidator):
    values = grant.values()

    tx = grant.method(*values, grant.sign(*values), sender=liquidator)

    log = event(tx, {AUTHORIZATION: pool.Authorized, ALLOWANCE: pool.AllowanceSet}[grant.kind])
    assert log.account == grant.account


def test_by_sig__signed_by_another__refused(grant, pool, stranger):
    values = grant.values()
    with ape.reverts(pool.InvalidSignature, account=grant.account):
        grant.method(*values, grant.sign(*values, by=stranger), sender=stranger)


def test_by_sig__other_values_than_signed__refused(grant, pool, stranger):
    signature = grant.sign(*grant.values(extent=1))
    with ape.reverts(pool.InvalidSignature, account=grant.account):
        grant.method(*grant.values(extent=2), signature, sender=stranger)


def test_by_sig__nonsense__refused(grant, pool, stranger):
    with ape.reverts(pool.InvalidSignature, account=grant.account):
        grant.method(*grant.values(), b"\x01" * 65, sender=stranger)


def test_by_sig__the_other_kind__refused(still, pool, supplier, stranger):
    """The fields of the shorter message are no prefix of the longer one's."""
    authorization = Grant(pool, AUTHORIZATION, supplier, stranger)
    allowance = Grant(pool, ALLOWANCE, supplier, stranger)
    signature = authorization.sign(*authorization.values())
    with ape.reverts(pool.InvalidSignature, account=supplier):
        allowance.method(*allowance.values(), signature, sender=stranger)


def test_by_sig__to_nobody__refused(grant, pool, stranger):
    values = grant.values(spender=ZERO)
    with ape.reverts(pool.ZeroAddress):
        grant.method(*values, grant.sign(*values), sender=stranger)


# ------------------------------------------------------------------------------- where and until when


def test_by_sig__for_another_chain__refused(grant, pool, stranger):
    values = grant.values()
    with ape.reverts(pool.InvalidSignature, account=grant.account):
        grant.method(*values, grant.sign(*values, chain_id=1), sender=stranger)


def test_by_sig__for_another_pool__refused(grant, pool, worlds, stranger):
    values = grant.values()
    with ape.reverts(pool.InvalidSignature, account=grant.account):
        grant.method(*values, grant.sign(*values, pool=worlds.living.pool), sender=stranger)


def test_domain_separator__of_each_pool__is_its_own(worlds, supplier, stranger):
    shown = {}
    for market in (worlds.living, worlds.still):
        message = typed_data(market.pool, AUTHORIZATION, supplier, stranger, 1, 2, 3, 4)
        shown[market.pool.DOMAIN_SEPARATOR()] = message.header
    assert len(shown) == 2
    assert all(shown_ == header for shown_, header in shown.items())


def test_by_sig__on_the_deadline__accepted(grant, chain, stranger):
    deadline = chain.pending_timestamp + 1_000
    values = grant.values(deadline=deadline)
    signature = grant.sign(*values)
    chain.provider.make_request("evm_setNextBlockTimestamp", [deadline])

    grant.method(*values, signature, sender=stranger)

    assert chain.blocks.head.timestamp == deadline
    assert grant.granted()


def test_by_sig__a_second_later__refused(grant, pool, chain, stranger):
    deadline = chain.pending_timestamp
    values = grant.values(deadline=deadline)
    chain.mine(timestamp=deadline + 1)

    with ape.reverts(pool.SignatureExpired, deadline=deadline):
        grant.method(*values, grant.sign(*values), sender=stranger)


# --------------------------------------------------------------------------------------------- nonces


def test_by_sig__a_second_time__refused(grant, pool, stranger):
    values = grant.values()
    signature = grant.sign(*values)
    quickly(grant.method, *values, signature, sender=stranger)

    with ape.reverts(pool.InvalidAccountNonce, account=grant.account, currentNonce=1):
        grant.method(*values, signature, sender=stranger)


def test_by_sig__the_nonce_after_the_next__refused(grant, pool, stranger):
    values = grant.values(nonce=1)
    with ape.reverts(pool.InvalidAccountNonce, account=grant.account, currentNonce=0):
        grant.method(*values, grant.sign(*values), sender=stranger)


def test_by_sig__of_a_key__moves_that_sequence_alone(grant, pool, stranger):
    key = 2**192 - 1
    for sequence in (0, 1):
        values = grant.values(nonce=key << 64 | sequence)
        quickly(grant.method, *values, grant.sign(*values), sender=stranger)

    assert pool.nonces(grant.account, key) == key << 64 | 2
    assert pool.nonces(grant.account, 0) == 0
    values = grant.values(nonce=0)
    grant.method(*values, grant.sign(*values), sender=stranger)


def test_use_nonce__by_the_account__cancels_what_carries_it(grant, pool, stranger):
    tx = pool.useNonce(7, sender=grant.account)

    assert tx.return_value == 7 << 64
    values = grant.values(nonce=7 << 64)
    with ape.reverts(pool.InvalidAccountNonce, account=grant.account, currentNonce=7 << 64 | 1):
        grant.method(*values, grant.sign(*values), sender=stranger)


def test_use_nonce__by_another__cancels_nothing(grant, pool, stranger):
    quickly(pool.useNonce, 0, sender=stranger)
    values = grant.values()
    grant.method(*values, grant.sign(*values), sender=stranger)
    assert grant.granted()


# ----------------------------------------------------------------------------------------- a contract


@pytest.fixture
def wallet(project, owner):
    return owner.deploy(project.MockWallet)


@pytest.mark.parametrize("kind", KINDS)
def test_by_sig__of_a_contract_that_accepts__grants(pool, wallet, stranger, kind):
    grant = Grant(pool, kind, wallet, stranger)
    values = grant.values()
    quickly(wallet.accept, digest(typed_data(pool, kind, *values)), sender=stranger)

    grant.method(*values, b"", sender=stranger)

    assert grant.granted()


@pytest.mark.parametrize("kind", KINDS)
def test_by_sig__of_a_contract_that_refuses__refused(pool, wallet, stranger, kind):
    grant = Grant(pool, kind, wallet, stranger)
    quickly(wallet.accept, digest(typed_data(pool, kind, *grant.values(extent=1))), sender=stranger)

    with ape.reverts(pool.InvalidSignature, account=wallet):
        grant.method(*grant.values(extent=2), b"", sender=stranger)
