"""Who may do what to the vault, and within which bounds."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from tests._cast import DAY_S, MAX, WAD, quickly
from tests.unit.periphery._refusal import refusal

CURATOR, ALLOCATOR, GUARDIAN = 11, 12, 13
ROLES = {
    "raiseCap": CURATOR,
    "setFee": CURATOR,
    "setFeeRecipient": CURATOR,
    "setDepositLimit": CURATOR,
    "abandon": CURATOR,
    "resume": CURATOR,
    "sweep": CURATOR,
    "reallocate": ALLOCATOR,
    "setSupplyQueue": ALLOCATOR,
    "setWithdrawQueue": ALLOCATOR,
    "remove": ALLOCATOR,
    "lowerCap": GUARDIAN,
    "suspend": GUARDIAN,
}


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


@pytest.fixture
def calls(usdc, pools, stranger):
    """Every restricted function with arguments that its role could use."""
    return {
        "raiseCap": (pools[0], usdc.units(2_000)),
        "setFee": (1,),
        "setFeeRecipient": (stranger,),
        "setDepositLimit": (1,),
        "abandon": (pools[0],),
        "resume": (pools[0],),
        "sweep": (usdc.token, stranger),
        "reallocate": ([],),
        "setSupplyQueue": ([],),
        "setWithdrawQueue": (list(pools),),
        "remove": (pools[0],),
        "lowerCap": (pools[0], 0),
        "suspend": (pools[0],),
    }


@pytest.fixture
def roles(vault, still, owner, liquidator, borrower, guardian):
    """A curator who waits for a day, an allocator and a guardian who do not."""
    for name, role in ROLES.items():
        selector = keccak(text=getattr(vault, name).abis[0].selector)[:4]
        quickly(still.authority.setTargetFunctionRole, vault, [selector], role, sender=owner)
    for role, who, delay in (
        (CURATOR, liquidator, DAY_S),
        (ALLOCATOR, borrower, 0),
        (GUARDIAN, guardian, 0),
    ):
        quickly(still.authority.grantRole, role, who, delay, sender=owner)


def counted(vault, *pools):
    return [vault.market(p).counted for p in pools]


def test_vault__writes__are_restricted_or_an_accounts_own(vault):
    """A function added without a row here has nobody who checks that it is restricted."""
    own = ["deposit", "mint", "withdraw", "redeem", "transfer", "transferFrom", "approve", "permit"]
    writes = {f.name for f in vault.contract_type.mutable_methods}
    assert writes == {*ROLES, *own, "step", "setAuthority"}


def test_any_restricted_function__by_a_stranger__reverts(vault, calls, stranger):
    for name in ROLES:
        refused = refusal(getattr(vault, name), *calls[name], sender=stranger)
        assert refused == ("AccessManagedUnauthorized", stranger), name
    refused = refusal(vault.step, calls["remove"][0], 0, 1, sender=stranger)
    assert refused == ("NotSelf", stranger)


def test_cap__raised_by_the_curator__waits(vault, still, roles, pools, usdc, liquidator):
    call = (pools[1], usdc.units(800))
    assert refusal(vault.raiseCap, *call, sender=liquidator)[0] == "AccessManagerNotScheduled"
    still.authority.schedule(vault, vault.raiseCap.encode_input(*call), 0, sender=liquidator)
    assert refusal(vault.raiseCap, *call, sender=liquidator)[0] == "AccessManagerNotReady"
    still.wait(DAY_S)
    vault.raiseCap(*call, sender=liquidator)
    assert vault.market(pools[1]).cap == usdc.units(800)


def test_cap__lowered_by_the_guardian__counts_at_once(
    vault, roles, pools, usdc, deposited, guardian, supplier
):
    vault.lowerCap(pools[1], usdc.units(250), sender=guardian)
    vault.deposit(usdc.units(100), supplier, sender=supplier)
    assert counted(vault, *pools) == [usdc.units(1_000), usdc.units(250)]
    assert vault.idle() == usdc.units(50)
    refused = refusal(vault.raiseCap, pools[1], usdc.units(300), sender=guardian)
    assert refused[0] == "AccessManagedUnauthorized"


def test_cap__in_the_wrong_direction__reverts(vault, pools, usdc, owner):
    cap = usdc.units(500)
    refused = refusal(vault.raiseCap, pools[1], cap, sender=owner)
    assert refused == ("CapNotRaised", pools[1], cap, cap)
    refused = refusal(vault.lowerCap, pools[1], cap, sender=owner)
    assert refused == ("CapNotLowered", pools[1], cap, cap)


def test_market__of_a_pool_without_the_asset__reverts(vault, native_market, owner):
    refused = refusal(vault.raiseCap, native_market.pool, 1, sender=owner)
    assert refused == ("UnknownReserve", MAX)


# ---------------------------------------------------------------------------------- allocator


def test_reallocate__between_pools__moves_by_way_of_cash(vault, pools, usdc, deposited, owner):
    vault.reallocate([(pools[0], usdc.units(600)), (pools[1], usdc.units(450))], sender=owner)
    assert counted(vault, *pools) == [usdc.units(600), usdc.units(450)]
    assert vault.idle() == usdc.units(150)
    assert vault.totalAssets() == usdc.units(1_200)


def test_reallocate__to_zero_and_to_the_rest__leaves_no_share_and_no_cash(
    vault, pools, usdc, deposited, owner
):
    vault.reallocate([(pools[1], 0), (pools[0], usdc.units(800))], sender=owner)
    assert pools[1].balanceOf(vault, usdc.id) == 0
    assert vault.idle() == usdc.units(400)
    vault.reallocate([(pools[1], MAX)], sender=owner)
    assert counted(vault, *pools) == [usdc.units(800), usdc.units(400)]
    assert vault.idle() == 0


def test_reallocate__above_a_cap_or_without_cash__reverts(vault, pools, usdc, deposited, owner):
    plan = [(pools[0], 0), (pools[1], usdc.units(500) + 1)]
    refused = refusal(vault.reallocate, plan, sender=owner)
    assert refused == ("MarketCapExceeded", pools[1], usdc.units(300) + 1, usdc.units(300))
    refused = refusal(vault.reallocate, [(pools[1], usdc.units(201))], sender=owner)
    assert refused == ("InsufficientIdle", usdc.units(1), 0)


def test_reallocate__to_an_unknown_pool__reverts(vault, native_market, owner):
    refused = refusal(vault.reallocate, [(native_market.pool, 1)], sender=owner)
    assert refused == ("UnknownMarket", native_market.pool)


def test_queue__with_a_stranger_in_it__reverts(vault, native_market, pools, owner):
    unknown = native_market.pool
    for call in (vault.setSupplyQueue, vault.setWithdrawQueue):
        assert refusal(call, [pools[0], unknown], sender=owner) == ("UnknownMarket", unknown)


def test_withdraw_queue__that_misses_a_market_or_repeats_one__reverts(vault, pools, owner):
    for queue in ([pools[0]], [pools[0], pools[0]], []):
        assert refusal(vault.setWithdrawQueue, queue, sender=owner) == ("QueueIncomplete",)


# ------------------------------------------------------------------------------------ leaving


def test_remove__with_a_cap_of_zero__takes_the_money_out_first(
    vault, pools, usdc, deposited, owner
):
    refused = refusal(vault.remove, pools[1], sender=owner)
    assert refused == ("MarketInUse", pools[1], usdc.units(500), usdc.units(200))
    vault.lowerCap(pools[1], 0, sender=owner)
    vault.remove(pools[1], sender=owner)
    assert vault.withdrawQueue() == vault.supplyQueue() == [pools[0]]
    assert vault.idle() == usdc.units(200)
    assert vault.totalAssets() == usdc.units(1_200)
    assert pools[1].balanceOf(vault, usdc.id) == 0


def test_remove__where_the_money_is_lent_out__reverts(
    vault, still, pools, usdc, deposited, borrower, owner
):
    still.supply(borrower, still["WETH"], 100)
    still.borrow(borrower, usdc, 500)
    vault.lowerCap(pools[0], 0, sender=owner)
    assert refusal(vault.remove, pools[0], sender=owner)[0] == "InsufficientCash"


def test_abandon__a_market__counts_its_loss_at_once_and_can_be_mended(
    vault, pools, usdc, deposited, owner
):
    vault.abandon(pools[1], sender=owner)
    assert vault.totalAssets() == usdc.units(1_000)
    assert vault.withdrawQueue() == [pools[0]]
    assert vault.highWater() == usdc.units(1_200)

    vault.raiseCap(pools[1], 1, sender=owner)
    assert vault.totalAssets() == usdc.units(1_000)
    vault.reallocate([(pools[1], 0)], sender=owner)
    assert vault.totalAssets() == usdc.units(1_200) == vault.idle() + usdc.units(1_000)


def test_fee__above_half_or_for_nobody__reverts(vault, owner):
    vault.setFee(WAD // 2, sender=owner)
    assert refusal(vault.setFee, WAD // 2 + 1, sender=owner) == ("FeeOutOfRange", WAD // 2 + 1)
    refused = refusal(vault.setFeeRecipient, "0x" + "00" * 20, sender=owner)
    assert refused == ("ZeroRecipient",)
