"""The vault's arithmetic over thousands of calls: previews and limits to the unit, fees once, nothing gained.

Two pools at indices that are no round numbers. What an account has is exact: its tokens plus its
shares at (assets + 1) / (shares + virtual shares). At one moment no call raises its caller's, and
the others lose no more than the pools' rounding.
"""

from __future__ import annotations

import random
from fractions import Fraction
from types import SimpleNamespace

import pytest

from tests._cast import DAY_S, MAX, WAD
from tests._revm import DEPLOYER, Reverted
from tests.unit.periphery._bench import ALICE, BOB, CAROL, STILL, USERS, Bench

RECIPIENT = "0x" + "fe" * 20
STEPS = 120


def build(decimals: int, kind: str, *, fee: int = WAD // 5, cap: int = MAX // 2**129):
    """A vault over two pools in a scene."""
    bench = Bench(decimals, curve=STILL) if kind == "still" else Bench(decimals)
    second = bench.new_pool()
    bench.list_both(second)
    for user in (*USERS, "0x" + "d4" * 20):
        bench.fund(second, user)
    first, bench.pool = bench.pool, second
    bench.lend_and_borrow(100 * bench.one, 50 * bench.one)
    bench.pool = first
    if kind == "still":
        bench.lend_and_borrow(100 * bench.one, 50 * bench.one)
    else:
        bench.scene(kind)
    arguments = (bench.token.address, "Vault", "V", bench.authority.address, RECIPIENT)
    vault = bench.chain.deploy("CuratedVault", *arguments)
    pools = [first.address, second.address]
    vault.raiseCap(pools[0], min(cap, 300 * bench.one))
    vault.raiseCap(pools[1], cap)
    vault.setSupplyQueue(pools)
    if fee:
        vault.setFee(fee)
    for user in USERS:
        bench.fund(vault, user)
    return SimpleNamespace(bench=bench, vault=vault, pools=(first, second))


@pytest.fixture(params=[(d, k) for d in (2, 6, 18, 24) for k in ("aged", "fallen")], ids=str)
def world(request):
    return build(*request.param)


def price(world) -> Fraction:
    assets, shares, _ = world.vault.survey()
    return Fraction(assets + 1, shares + 10 ** max(18 - world.bench.decimals, 0))


def worth(world, user) -> Fraction:
    return world.bench.token.balanceOf(user) + world.vault.balanceOf(user) * price(world)


def dust(world) -> int:
    """What one call may cost all holders: each pool's rounding of a movement."""
    return sum(pool.reserveData(0)[8] // WAD + 2 for pool in world.pools)


def some(rng, most):
    return min(rng.choice((1, 2, 3, int(10 ** rng.uniform(0, 30)))), max(most, 1))


def test_any_call__at_an_awkward_index__is_as_previewed_and_gains_nothing(world):
    bench, vault, rng = world.bench, world.vault, random.Random(world.bench.decimals)
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
    vault.deposit(bench.one, CAROL, sender=CAROL)
    done = 0
    for _ in range(STEPS):
        if rng.random() < 0.2:
            bench.wait(rng.choice((1, 3_600, DAY_S)))
        user, name = rng.choice(USERS), rng.choice(list(calls))
        before = {u: worth(world, u) for u in USERS}
        try:
            previewed, returned = calls[name](user, some(rng, limits[name](user)))
        except Reverted as error:
            assert error.name in ("NothingMinted", "ERC20InsufficientBalance"), error  # noqa: PT017
            continue
        done += 1
        assert previewed == returned
        for u in USERS:
            after = worth(world, u)
            assert after <= before[u] or u != user
            assert before[u] - dust(world) - 1 <= after or u == user
        assert bench.token.balanceOf(vault.address) == vault.idle()
    assert done > STEPS / 2


def test_round_trip__of_any_kind__never_gains(world):
    bench, vault, rng = world.bench, world.vault, random.Random(5)
    vault.deposit(bench.one, BOB, sender=BOB)
    bench.wait(DAY_S)
    for _ in range(25):
        n = some(rng, 10**3 * bench.one)
        shares = vault.convertToShares(n)
        assert vault.convertToAssets(shares) <= n
        assert vault.previewMint(shares) <= n
        if shares == 0:
            assert bench.fails(vault.deposit, n, ALICE, sender=ALICE)
            continue
        with bench.apart():
            minted = vault.deposit(n, ALICE, sender=ALICE)
            assert vault.redeem(minted, ALICE, ALICE, sender=ALICE) <= n
        with bench.apart():
            taken = vault.mint(shares, ALICE, sender=ALICE)
            assert vault.redeem(shares, ALICE, ALICE, sender=ALICE) <= taken


@pytest.mark.parametrize("limit", ["free", "a limit", "deposits limited"])
def test_max__under_any_limit__is_what_passes_and_one_more_reverts(world, limit):
    bench, vault = world.bench, world.vault
    vault.deposit(500 * bench.one + 1, ALICE, sender=ALICE)
    vault.deposit(20 * bench.one + 3, BOB, sender=BOB)
    if limit == "a limit":
        bench.limit_outflow(13 * 10 ** max(bench.decimals - 2, 0))
    if limit == "deposits limited":
        vault.setDepositLimit(700 * bench.one + 7)
    bench.wait(12_345)
    bench.token.mint(ALICE, 2**129)

    most = {
        "deposit": (vault.maxDeposit(ALICE), (ALICE,)),
        "mint": (vault.maxMint(ALICE), (ALICE,)),
        "withdraw": (vault.maxWithdraw(ALICE), (ALICE, ALICE)),
        "redeem": (vault.maxRedeem(ALICE), (ALICE, ALICE)),
    }
    for name, (amount, rest) in most.items():
        method = getattr(vault, name)
        assert not bench.fails(method, amount, *rest, sender=ALICE)
        assert bench.fails(method, amount + 1, *rest, sender=ALICE)
    whole = most["redeem"][0] == vault.balanceOf(ALICE)
    assert whole == (limit != "a limit")


# --------------------------------------------------------------------------------------- fees


@pytest.fixture
def earning():
    """A vault with a fee of a fifth; Alice has 200 tokens in it. Its pools pay interest."""
    world = build(18, "aged")
    world.vault.deposit(200 * world.bench.one, ALICE, sender=ALICE)
    return world


def test_fee__of_a_year__is_a_fifth_of_the_gain_and_charged_once(earning):
    bench, vault = earning.bench, earning.vault
    bench.wait(30 * DAY_S)
    gain = vault.totalAssets() - vault.highWater()
    assert gain > bench.one
    previewed = vault.previewRedeem(vault.balanceOf(ALICE))
    vault.setFee(WAD // 5)  # counts
    fee = vault.convertToAssets(vault.balanceOf(RECIPIENT))
    assert abs(fee - gain // 5) <= 2
    assert vault.previewRedeem(vault.balanceOf(ALICE)) == previewed
    shares = vault.totalSupply()
    vault.setFee(WAD // 5)
    vault.deposit(0, BOB, sender=BOB)
    assert vault.totalSupply() == shares


def test_fee__that_is_raised__is_not_charged_on_what_was_earned_before(earning):
    bench, vault = earning.bench, earning.vault
    bench.wait(30 * DAY_S)
    previewed = vault.previewRedeem(vault.balanceOf(ALICE))
    vault.setFee(WAD // 2)
    assert vault.previewRedeem(vault.balanceOf(ALICE)) == previewed


@pytest.mark.parametrize("order", ["in before", "in after"])
def test_sandwich__of_the_fee__gains_nothing(earning, order):
    bench, vault = earning.bench, earning.vault
    bench.wait(30 * DAY_S)
    amount = 10**6 * bench.one
    if order == "in after":
        vault.setFee(WAD // 5)
    held = bench.token.balanceOf(BOB)
    vault.deposit(amount, BOB, sender=BOB)
    if order == "in before":
        vault.setFee(WAD // 5)
    vault.redeem(vault.balanceOf(BOB), BOB, BOB, sender=BOB)
    assert held - bench.token.balanceOf(BOB) >= 0


def test_flash_deposit__that_shifts_money_between_pools__stays_within_caps():
    world = build(18, "still", cap=400 * WAD, fee=0)
    bench, vault = world.bench, world.vault
    vault.deposit(500 * bench.one, ALICE, sender=ALICE)
    before = vault.totalAssets()
    with bench.apart():
        vault.setWithdrawQueue([world.pools[1].address, world.pools[0].address])
        vault.deposit(10**9 * bench.one, BOB, sender=BOB)
        vault.redeem(vault.balanceOf(BOB), BOB, BOB, sender=BOB)
        counted = [vault.market(p.address)[1] for p in world.pools]
        assert counted[0] <= 300 * bench.one
        assert counted[1] <= 400 * bench.one
        assert vault.totalAssets() == before


# ------------------------------------------------------------------------------------- limits


def test_market__number_seventeen__reverts():
    world = build(6, "still", fee=0)
    vault, token = world.vault, world.bench.token
    others = [world.bench.chain.deploy("MockHostilePool", token.address) for _ in range(15)]
    for pool in others[:14]:
        vault.raiseCap(pool.address, 1)
    assert len(vault.withdrawQueue()) == 16
    assert world.bench.fails(vault.raiseCap, others[14].address, 1, sender=DEPLOYER)
    vault.lowerCap(others[3].address, 0)
    vault.remove(others[3].address)
    vault.raiseCap(others[14].address, 1)
    order = [p.address.lower() for p in (*world.pools, *others[:3], *others[4:])]
    assert [p.lower() for p in vault.withdrawQueue()] == order


def test_sixteen_markets__all_in_use__still_pay_within_a_transaction():
    """The walk over a full queue of which nothing can be paid but by the last."""
    world = build(6, "still", fee=0, cap=10**6)
    vault, bench = world.vault, world.bench
    others = [bench.chain.deploy("MockHostilePool", bench.token.address) for _ in range(14)]
    for pool in others:
        vault.raiseCap(pool.address, 10**6)
    vault.setSupplyQueue([p.address for p in (*world.pools, *others)])
    vault.deposit(16 * 10**6, ALICE, sender=ALICE)
    assert vault.idle() == 0
    for pool in others:
        pool.be(1)
    assert vault.maxWithdraw(ALICE) == 2 * 10**6
    vault.withdraw(2 * 10**6, ALICE, ALICE, sender=ALICE)
    for pool in others:
        pool.be(0)
    vault.withdraw(14 * 10**6, ALICE, ALICE, sender=ALICE)
    assert vault.totalSupply() == 0
