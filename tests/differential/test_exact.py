"""The integer twin and the contracts in lock-step: same results, errors and state, to the wei."""

from __future__ import annotations

from copy import deepcopy

import pytest

from sims.exact import ALL, MAX, MIN_SUPPLY_INDEX, SHARES, WAD, LiquidationTerms, Position
from tests._revm import DEPLOYER
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, World

KINDS = {
    "supply",
    "supply idle",
    "withdraw",
    "withdraw idle",
    "transfer",
    "transferFrom",
    "borrow",
    "repay",
    "repayWithSupply",
    "repayWithSupply idle",
    "takeDebt",
    "convert True",
    "convert False",
    "setCollateral True",
    "setCollateral False",
    "setCategory",
    "authorize",
    "setOperator",
    "allow",
    "approve",
    "accrue",
    "liquidate",
    "liquidate idle",
    "paid in assets",
    "paid in shares",
    "writeOff",
    "written off",
    "deficit",
    "slashed",
    "collect",
    "batch of 1",
    "batch of 2",
    "batch of 3",
}
"""What every walk must have done."""

REFUSALS = {
    "AmountTooLarge",
    "BorrowCapExceeded",
    "DebtTooSmall",
    "GracePeriod",
    "HealthCheckPending",
    "Healthy",
    "IdleCapExceeded",
    "InsufficientAllowance",
    "InsufficientBuffer",
    "InsufficientCash",
    "InsufficientShares",
    "NoPosition",
    "NoPrice",
    "NotAuthorized",
    "NotBadDebt",
    "NotBorrowable",
    "NotCollateral",
    "NotInCategory",
    "OtherMode",
    "OutflowLimitExceeded",
    "ReserveFrozen",
    "ReservePaused",
    "SelfLiquidation",
    "SharesOverflow",
    "SupplyCapExceeded",
    "Undercollateralized",
    "UnknownCategory",
    "UnknownReserve",
    "ZeroAddress",
    "ZeroAmount",
}
"""What every walk must have been refused."""


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_pool__any_sequence_of_actions__twin_agrees_to_the_wei(seed: int) -> None:
    world = World(seed)
    for n in range(4_000):
        world.step()
        if n % 10 == 0:
            world.assert_equal()
            world.assert_solvent()
    world.assert_equal()
    world.assert_solvent()
    missing = (KINDS | REFUSALS) - world.seen.keys()
    assert not missing


# ---------------------------------------------------------------------- what a walk seldom finds


def lend_out(world: World, supplied: int, left: int) -> None:
    """Of reserve 0, in which `supplied` shares are then, all but `left` assets are borrowed by the
    first account against plenty of reserve 2."""
    debtor, supplier = ACCOUNTS[:2]
    missing = supplied - world.twin.reserves[0].supply_shares
    world.run(supplier, ("supply", 0, missing, supplier))
    world.run(debtor, ("supply", 2, 10**13, debtor))
    assert world.run(debtor, ("borrow", 0, supplied - left, debtor, debtor)) == "ok"


@pytest.mark.parametrize(("short", "frozen"), [(0, False), (1, True)])
def test_write_off__supply_down_to_its_floor__freezes_below_it(short: int, frozen: bool) -> None:
    """The supply index ends exactly at its floor, or a step under it."""
    world, total = World(0), 10**24
    # Of what is left each part in 10^18 is a step of the index.
    lend_out(world, total, left=total // 10**6 - short * 10**6)
    world.move_price(2, 1)

    assert world.run(DEPLOYER, ("writeOff", ACCOUNTS[0])) == "ok"

    reserve = world.twin.reserves[0]
    assert reserve.supply_index == MIN_SUPPLY_INDEX - short
    assert reserve.frozen is frozen
    world.assert_equal()


@pytest.mark.parametrize(
    ("amount", "outcome"), [(1, "ZeroAmount"), (SHARES | 1, "ok"), (ALL, "ok")]
)
def test_withdraw__supply_worth_nothing__goes_by_shares_only(amount: int, outcome: str) -> None:
    """No amount of assets is any number of shares at an index of zero."""
    world, supplier = World(0), ACCOUNTS[1]
    lend_out(world, 10**24, left=0)
    world.move_price(2, 1)
    world.run(DEPLOYER, ("writeOff", ACCOUNTS[0]))
    assert world.twin.reserves[0].supply_index == 0

    assert world.run(supplier, ("withdraw", 0, amount, supplier, supplier)) == outcome

    world.assert_equal()


@pytest.mark.parametrize("paused", [(0, 2), (2,), (1,)])
def test_write_off__paused_reserves__the_first_of_the_account_is_named(paused: tuple[int]) -> None:
    world = World(0)
    lend_out(world, 10**24, left=0)
    world.move_price(2, 1)
    for id_ in paused:
        world.configurator.pause(world.pool.address, id_)
        world.twin.set_switches(id_, True, False)

    outcome = world.run(DEPLOYER, ("writeOff", ACCOUNTS[0]))

    assert outcome == ("ok" if paused == (1,) else "ReservePaused")
    world.assert_equal()


def test_liquidate__all_repaid_but_for_rounding__forfeits_nothing() -> None:
    """The debt's value is a wei more, rounded up, than what is repaid is worth, rounded down."""
    world, (debtor, supplier, liquidator, _) = World(0), ACCOUNTS
    collateral = 1_045 * 10**6  # worth 1,000 and the bonus of 4.5 %
    debt = 2_000 * 10**24 - 1
    world.run(supplier, ("supply", 5, 10**28, supplier))
    world.run(debtor, ("supply", 1, collateral, debtor))
    world.run(debtor, ("supply", 5, 1, debtor))  # worth nothing
    world.move_price(5, ASSETS[5].answer // 2)
    world.run(debtor, ("borrow", 5, debt, debtor, debtor))
    world.move_price(5, ASSETS[5].answer)

    assert world.run(liquidator, ("liquidate", debtor, 5, 1, MAX, 0, liquidator)) == "ok"

    assert world.twin.positions(debtor) == [Position(5, 1, 0, collateral=True, idle=False)]
    world.assert_equal()


def test_liquidate__debt_and_collateral_of_one_asset_mostly_lent__is_paid_before_it_pays() -> None:
    world, (debtor, other, liquidator, _) = World(0), ACCOUNTS
    world.run(debtor, ("supply", 0, 10**20, debtor))
    world.run(debtor, ("borrow", 0, 80 * 10**18, debtor, debtor))
    world.run(other, ("supply", 2, 10**13, other))
    world.run(other, ("borrow", 0, world.twin.reserves[0].cash // 2, other, other))
    world.pass_time(10 * 365 * DAY_S)
    world.refresh_prices()
    balance = world.twin.reserves[0].balance

    assert world.run(liquidator, ("liquidate", debtor, 0, 0, MAX, balance + 1, liquidator)) == "ok"

    world.assert_equal()


def test_withdraw__of_what_only_the_category_takes__must_leave_cover() -> None:
    """The asset's own threshold is zero: without the category it could go freely."""
    world, (account, supplier, *_) = World(0), ACCOUNTS
    while 2 not in world.twin.categories:
        world.set_category_terms()
    world.run(supplier, ("supply", 0, 10**20, supplier))
    world.run(account, ("supply", 4, 10**21, account))
    world.run(account, ("setCategory", 2, account))
    assert world.run(account, ("borrow", 0, 10**18, account, account)) == "ok"

    outcome = world.run(account, ("withdraw", 4, ALL, account, account))

    assert outcome == "Undercollateralized"


def test_batch__two_accounts_left_uncovered__the_last_is_named() -> None:
    world, (caller, first, last, _) = World(1), ACCOUNTS
    for account in (first, last):
        world.run(account, ("authorize", caller, 15, MAX))
    calls = [("borrow", 0, 10**18, account, caller) for account in (first, last)]

    assert world.run_batch(caller, calls) == "Undercollateralized"

    world.assert_equal()


def test_batch__last_call_refused__leaves_no_trace_of_the_others() -> None:
    world, caller = World(0), ACCOUNTS[0]
    before = deepcopy((world.twin.reserves, world.twin.allowances, world.twin.authorizations))
    calls = [
        ("supply", 0, 10**20, caller),
        ("approve", ACCOUNTS[1], 0, 10**18),
        ("authorize", ACCOUNTS[1], 1, MAX),
        ("setCategory", 0, caller),
        ("withdraw", 0, 10**21, caller, caller),
    ]

    assert world.run_batch(caller, calls) == "InsufficientShares"

    assert before == (world.twin.reserves, world.twin.allowances, world.twin.authorizations)
    assert world.twin.positions(caller) == []
    world.assert_equal()


# ---------------------------------------------------------------------- the comparison itself


def test_twin__one_wei_off__is_noticed() -> None:
    """The comparison can fail."""
    world = World(0)
    world.twin.reserves[0].supply_shares += 1
    with pytest.raises(AssertionError):
        world.assert_equal()


def test_terms__from_the_chain__are_wad() -> None:
    assert World(0).twin.terms == LiquidationTerms(
        target_health=105 * WAD // 100,
        full_health=90 * WAD // 100,
        dust=1_000 * WAD,
        write_off_below=50 * WAD,
    )
