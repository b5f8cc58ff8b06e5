"""The insurance vault's arithmetic: previews to the unit, limits to the unit, nothing gained.

At awkward indices of the reserve, and at awkward prices of the vault: after premiums, and after
slashings of odd numbers. Time stands still between a preview and its call.
"""

from __future__ import annotations

import random

import pytest

from tests._cast import DAY_S, MAX, WAD
from tests._revm import Reverted
from tests.unit.periphery._bench import ALICE, BOB, BORROWER, CAROL, STILL, USERS, Bench

COOLDOWN_S, WINDOW_S = 10 * DAY_S, 9 * DAY_S
KINDS = ("aged", "fallen")
STEPS = 120


@pytest.fixture(params=[(d, k) for d in (2, 6, 18) for k in KINDS], ids=str)
def bench(request):
    decimals, kind = request.param
    world = Bench(decimals)
    world.scene(kind)
    return world


def insure(bench):
    """A vault in which everybody may deposit."""
    arguments = (bench.pool.address, bench.token.address, COOLDOWN_S, WINDOW_S)
    vault = bench.chain.deploy("MockSlashedVault", *arguments)
    for user in USERS:
        bench.fund(vault, user)
    return vault


@pytest.fixture
def vault(bench):
    return insure(bench)


def cool(bench, vault, *users):
    """All that they have may leave now."""
    for user in users:
        vault.cooldown(vault.balanceOf(user), sender=user)
    bench.wait(COOLDOWN_S)


def some(rng, most):
    """Any order of magnitude, and the smallest ones often."""
    return min(rng.choice((1, 2, 3, int(10 ** rng.uniform(0, 30)))), max(most, 1))


def test_any_call__at_an_awkward_price__is_as_previewed_and_takes_nothing_from_others(bench, vault):
    rng = random.Random(bench.decimals)
    done = 0
    calls = {
        "deposit": lambda u, n: (vault.previewDeposit(n), vault.deposit(n, u, sender=u)),
        "mint": lambda u, n: (vault.previewMint(n), vault.mint(n, u, sender=u)),
        "withdraw": lambda u, n: (vault.previewWithdraw(n), vault.withdraw(n, u, u, sender=u)),
        "redeem": lambda u, n: (vault.previewRedeem(n), vault.redeem(n, u, u, sender=u)),
    }
    limits = {
        "deposit": lambda u: 10**3 * bench.one,
        "mint": lambda u: vault.convertToShares(10**3 * bench.one),
        "withdraw": vault.maxWithdraw,
        "redeem": vault.maxRedeem,
    }
    for _ in range(STEPS):
        event = rng.random()
        supplied = bench.pool.balanceOf(vault.address, 0)
        if event < 0.05 and supplied > 1:
            vault.lose(rng.randrange(1, supplied // 2 + 2))
        elif event < 0.1 and supplied:
            bench.pool.supply(0, bench.one // 7 + 3, vault.address, sender=CAROL)
        elif event < 0.2:
            cool(bench, vault, *USERS)
        user, name = rng.choice(USERS), rng.choice(list(calls))
        others = {u: vault.convertToAssets(vault.balanceOf(u)) for u in USERS if u != user}
        try:
            previewed, returned = calls[name](user, some(rng, limits[name](user)))
        except Reverted as error:
            refusals = (
                "ZeroAmount",
                "NothingMinted",
                "NotCooledDown",
                "InsufficientCash",
                "Depleted",
            )
            assert error.name in refusals  # noqa: PT017
            continue
        done += 1
        assert previewed == returned
        for u, before in others.items():
            assert vault.convertToAssets(vault.balanceOf(u)) >= before
    assert done > STEPS / 4


def test_round_trip__within_a_second__never_gains(bench, vault):
    """The cooldown is over before the deposit that it is for: shares of the same holder are alike."""
    rng = random.Random(7)
    for user in (ALICE, BOB):
        vault.deposit(10 * bench.one, user, sender=user)
    vault.lose(bench.pool.balanceOf(vault.address, 0) // 3)
    cool(bench, vault, ALICE)
    done = 0
    for _ in range(40):
        n = some(rng, bench.one)
        shares = vault.convertToShares(n)
        assert vault.convertToAssets(shares) <= n
        assert vault.previewWithdraw(n) >= shares
        with bench.apart():
            try:
                minted = vault.deposit(n, ALICE, sender=ALICE)
            except Reverted:
                continue
            assert vault.redeem(minted, ALICE, ALICE, sender=ALICE) <= n
            done += 1
    assert done > 10


@pytest.fixture
def limits(bench):
    """Caps, limits on outflow and thin cash in turn."""
    one = bench.one

    def thin():
        data = bench.reserve()
        supplied, debt = data[11], data[12]
        bench.pool.supply(1, 10**9 * WAD, BOB, sender=BOB)
        bench.pool.borrow(0, supplied - debt - one // 10 - 3, BOB, BOB, sender=BOB)

    def cap():
        room = bench.reserve()[11] + 100 * one
        scale = 10 ** (len(str(room)) - 2)  # a cap has few digits
        bench.cap((room // scale + 1) * scale)

    return {
        "free": lambda: None,
        "a cap": cap,
        "a limit": lambda: bench.limit_outflow(13 * 10 ** max(bench.decimals - 2, 0)),
        "thin cash": thin,
    }


@pytest.mark.parametrize("limit", ["free", "a cap", "a limit", "thin cash"])
def test_max__under_any_limit__is_what_passes_and_one_more_reverts(bench, vault, limits, limit):
    vault.deposit(50 * bench.one + 1, ALICE, sender=ALICE)
    vault.deposit(7 * bench.one, CAROL, sender=CAROL)
    vault.lose(bench.pool.balanceOf(vault.address, 0) // 7)
    bench.token.mint(ALICE, 2**127)  # no limit but the width of shares
    cool(bench, vault, ALICE)
    limits[limit]()
    bench.wait(1)

    most = {
        "deposit": (vault.maxDeposit(ALICE), (ALICE,)),
        "mint": (vault.maxMint(ALICE), (ALICE,)),
        "withdraw": (vault.maxWithdraw(ALICE), (ALICE, ALICE)),
        "redeem": (vault.maxRedeem(ALICE), (ALICE, ALICE)),
    }
    for name, (amount, rest) in most.items():
        method = getattr(vault, name)
        assert not bench.fails(method, amount, *rest, sender=ALICE), (name, amount)
        assert bench.fails(method, amount + 1, *rest, sender=ALICE), (name, amount)
    (_, _, out, shares) = (amount for amount, _ in most.values())
    assert 0 < out <= vault.convertToAssets(vault.balanceOf(ALICE))
    assert (shares == vault.balanceOf(ALICE)) == (limit in ("free", "a cap"))


def test_reserve__worth_nothing__still_answers_and_lets_go():
    bench = Bench(18, curve=STILL)
    vault = insure(bench)
    vault.deposit(bench.one, ALICE, sender=ALICE)
    bench.lend_and_borrow(998 * bench.one, 1_000 * bench.one)
    bench.feeds[1].set(1)
    bench.pool.writeOff(BORROWER)
    assert bench.index() == 0
    cool(bench, vault, ALICE)

    assert vault.totalAssets() == vault.convertToShares(5) == vault.convertToAssets(5) == 0
    assert vault.maxDeposit(ALICE) == vault.maxMint(ALICE) == vault.maxWithdraw(ALICE) == 0
    assert bench.fails(vault.withdraw, 1, ALICE, ALICE, sender=ALICE)
    shares = vault.balanceOf(ALICE)
    assert vault.maxRedeem(ALICE) == shares
    assert vault.redeem(shares, ALICE, ALICE, sender=ALICE) == 0


def test_amount__that_the_pool_would_read_as_shares__is_refused():
    bench = Bench(6)
    vault = insure(bench)
    for user in (ALICE, BOB):
        vault.deposit(bench.one, user, sender=user)
    cool(bench, vault, ALICE)

    for amount in (MAX, 1 << 255 | 5, 1 << 128):
        assert bench.fails(vault.withdraw, amount, ALICE, ALICE, sender=ALICE)
        assert bench.fails(vault.redeem, amount, ALICE, ALICE, sender=ALICE)
        assert bench.fails(vault.deposit, amount, ALICE, sender=ALICE)
        assert bench.fails(vault.mint, amount, ALICE, sender=ALICE)
