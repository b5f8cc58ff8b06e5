"""The wrapper's arithmetic is the pool's: previews to the unit, limits to the unit, nothing gained.

Thousands of calls at awkward indices: after years of interest, and after a write-off of nearly
everything. Worth is exact: tokens times WAD plus shares times the index.
"""

from __future__ import annotations

import random

import pytest

from tests._cast import MAX, WAD
from tests._revm import Reverted
from tests.unit.periphery._bench import ALICE, BOB, BORROWER, STILL, USERS, Bench

DECIMALS = (2, 6, 18, 24)
KINDS = ("aged", "fallen")
STEPS = 120


@pytest.fixture(params=[(d, k) for d in DECIMALS for k in KINDS], ids=str)
def bench(request):
    decimals, kind = request.param
    world = Bench(decimals)
    world.scene(kind)
    return world


@pytest.fixture
def wrapper(bench):
    wrapper = bench.chain.deploy("WrappedSupply", bench.pool.address, bench.token.address)
    for user in USERS:
        bench.fund(wrapper, user)
        bench.pool.setOperator(wrapper.address, True, sender=user)
    return wrapper


def worth(bench, wrapper, user):
    shares = wrapper.balanceOf(user) + bench.pool.balanceOf(user, 0)
    return bench.token.balanceOf(user) * WAD + shares * bench.index()


def some(rng, most):
    """Any order of magnitude, and the smallest ones often."""
    return min(rng.choice((1, 2, 3, int(10 ** rng.uniform(0, 30)))), max(most, 1))


def test_any_call__at_an_awkward_index__is_as_previewed_and_gains_nothing(bench, wrapper):
    rng = random.Random(bench.decimals)
    pool, done = bench.pool, 0
    calls = {
        "deposit": lambda u, n: (wrapper.previewDeposit(n), wrapper.deposit(n, u, sender=u)),
        "mint": lambda u, n: (wrapper.previewMint(n), wrapper.mint(n, u, sender=u)),
        "withdraw": lambda u, n: (wrapper.previewWithdraw(n), wrapper.withdraw(n, u, u, sender=u)),
        "redeem": lambda u, n: (wrapper.previewRedeem(n), wrapper.redeem(n, u, u, sender=u)),
        "depositShares": lambda u, n: (n, wrapper.depositShares(n, u, sender=u) or n),
        "redeemShares": lambda u, n: (n, wrapper.redeemShares(n, u, u, sender=u) or n),
    }
    limits = {
        "deposit": lambda u: 10**3 * bench.one,
        "mint": lambda u: wrapper.convertToShares(10**3 * bench.one),
        "withdraw": wrapper.maxWithdraw,
        "redeem": wrapper.maxRedeem,
        "depositShares": lambda u: pool.balanceOf(u, 0),
        "redeemShares": wrapper.balanceOf,
    }
    for _ in range(STEPS):
        if rng.random() < 0.1:
            bench.wait(rng.choice((1, 3_600, 86_400)))
        user, name = rng.choice(USERS), rng.choice(list(calls))
        before = {u: worth(bench, wrapper, u) for u in USERS}
        try:
            previewed, returned = calls[name](user, some(rng, limits[name](user)))
        except Reverted as error:
            refusals = ("ZeroAmount", "InsufficientShares", "ERC20InsufficientBalance")
            assert error.name in (*refusals, "InsufficientCash", "ERC4626ExceededMaxWithdraw")  # noqa: PT017
            continue
        done += 1
        assert previewed == returned
        for u in USERS:
            assert worth(bench, wrapper, u) <= before[u]
            assert u == user or worth(bench, wrapper, u) == before[u]
        assert wrapper.totalSupply() == pool.balanceOf(wrapper.address, 0)
    assert done > STEPS / 3


def test_round_trip__of_any_kind__never_gains(bench, wrapper):
    rng = random.Random(7)
    wrapper.deposit(bench.one, BOB, sender=BOB)
    for _ in range(40):
        n = some(rng, 10**3 * bench.one)
        shares = wrapper.convertToShares(n)
        assert wrapper.convertToAssets(shares) <= n
        assert wrapper.previewMint(shares) <= n
        assert wrapper.previewWithdraw(n) >= shares
        if shares == 0:
            assert bench.fails(wrapper.deposit, n, ALICE, sender=ALICE)
            continue
        with bench.apart():
            minted = wrapper.deposit(n, ALICE, sender=ALICE)
            assert wrapper.redeem(minted, ALICE, ALICE, sender=ALICE) <= n
        with bench.apart():
            taken = wrapper.mint(shares, ALICE, sender=ALICE)
            assert wrapper.maxWithdraw(ALICE) <= taken
            assert wrapper.redeem(shares, ALICE, ALICE, sender=ALICE) <= taken


@pytest.fixture
def limits(bench):
    """Caps, limits on outflow and thin cash in turn."""
    one = bench.one

    def thin():
        data = bench.reserve()
        supplied, debt = data[11], data[12]
        bench.pool.supply(1, 10**9 * WAD, ALICE, sender=ALICE)
        bench.pool.borrow(0, supplied - debt - one // 10 - 3, ALICE, ALICE, sender=ALICE)

    return {
        "free": lambda: None,
        "a cap": lambda: bench.cap(200 * 10 ** max(bench.decimals, 3)),
        "a limit": lambda: bench.limit_outflow(13 * 10 ** max(bench.decimals - 2, 0)),
        "thin cash": thin,
    }


@pytest.mark.parametrize("limit", ["free", "a cap", "a limit", "thin cash"])
def test_max__under_any_limit__is_what_passes_and_one_more_reverts(bench, wrapper, limits, limit):
    wrapper.deposit(50 * bench.one + 1, ALICE, sender=ALICE)
    limits[limit]()
    bench.token.mint(ALICE, 2**127)  # no limit but the width of shares
    bench.wait(1)

    most = {
        "deposit": (wrapper.maxDeposit(ALICE), (ALICE,)),
        "mint": (wrapper.maxMint(ALICE), (ALICE,)),
        "withdraw": (wrapper.maxWithdraw(ALICE), (ALICE, ALICE)),
        "redeem": (wrapper.maxRedeem(ALICE), (ALICE, ALICE)),
    }
    for name, (amount, rest) in most.items():
        method = getattr(wrapper, name)
        assert not bench.fails(method, amount, *rest, sender=ALICE), (name, amount)
        assert bench.fails(method, amount + 1, *rest, sender=ALICE), (name, amount)
    (_, _, out, shares) = (amount for amount, _ in most.values())
    assert 0 < out <= wrapper.convertToAssets(wrapper.balanceOf(ALICE))
    assert (shares == wrapper.balanceOf(ALICE)) == (limit in ("free", "a cap"))


@pytest.mark.parametrize("switch", ["pause", "freeze"])
def test_max__of_a_switched_off_reserve__is_zero_going_in_and_all_going_out(bench, wrapper, switch):
    wrapper.deposit(5 * bench.one, ALICE, sender=ALICE)
    bench.switch(switch)

    assert wrapper.maxDeposit(ALICE) == wrapper.maxMint(ALICE) == 0
    assert bench.fails(wrapper.deposit, bench.one, ALICE, sender=ALICE)
    assert wrapper.maxRedeem(ALICE) == wrapper.balanceOf(ALICE)
    wrapper.redeem(wrapper.maxRedeem(ALICE), ALICE, ALICE, sender=ALICE)
    assert wrapper.totalSupply() == 0


def test_reserve__worth_nothing__still_answers_and_gives_its_shares_back():
    bench = Bench(18, curve=STILL)
    wrapper = bench.chain.deploy("WrappedSupply", bench.pool.address, bench.token.address)
    bench.fund(wrapper, ALICE)
    wrapper.deposit(bench.one, ALICE, sender=ALICE)
    bench.lend_and_borrow(998 * bench.one, 1_000 * bench.one)
    bench.feeds[1].set(1)
    bench.pool.writeOff(BORROWER)
    assert bench.index() == 0

    assert wrapper.totalAssets() == wrapper.convertToShares(5) == wrapper.convertToAssets(5) == 0
    assert wrapper.maxDeposit(ALICE) == wrapper.maxMint(ALICE) == wrapper.maxWithdraw(ALICE) == 0
    assert bench.fails(wrapper.withdraw, 1, ALICE, ALICE, sender=ALICE)
    assert wrapper.maxRedeem(ALICE) == bench.one
    assert wrapper.redeem(1, ALICE, ALICE, sender=ALICE) == 0
    wrapper.redeemShares(bench.one - 1, ALICE, ALICE, sender=ALICE)
    assert bench.pool.balanceOf(ALICE, 0) == bench.one - 1


def test_amount__that_the_pool_would_read_as_shares__is_refused():
    bench = Bench(6)
    wrapper = bench.chain.deploy("WrappedSupply", bench.pool.address, bench.token.address)
    for user in (ALICE, BOB):
        bench.fund(wrapper, user)
        wrapper.deposit(bench.one, user, sender=user)

    for amount in (MAX, 1 << 255 | 5, 1 << 128):
        assert bench.fails(wrapper.withdraw, amount, ALICE, ALICE, sender=ALICE)
        assert bench.fails(wrapper.redeem, amount, ALICE, ALICE, sender=ALICE)
        assert bench.fails(wrapper.deposit, amount, ALICE, sender=ALICE)
        assert bench.fails(wrapper.mint, amount, ALICE, sender=ALICE)
        assert bench.fails(wrapper.redeemShares, amount, ALICE, ALICE, sender=ALICE)
