"""From any state that a random walk has reached, with everything shut and every price dead, all who owe
repay and all who have supplied go home.

A limit on outflow slows it down, as it is meant to, and is waited for.
"""

from __future__ import annotations

import pytest

from sims.exact import ALL, IDLE, WAD, mul_up
from tests._revm import DEPLOYER, Reverted
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, World

YEAR_S = 365 * DAY_S


def shut(world: World) -> None:
    """All is paused and frozen, nothing may be supplied or lent any more, and no feed answers."""
    pool, configurator = world.pool.address, world.configurator
    for id_, r in enumerate(world.twin.reserves):
        configurator.pause(pool, id_)
        configurator.freeze(pool, id_)
        world.twin.set_switches(id_, True, True)
        configurator.setLimits(pool, id_, 0, 0, False)
        r.supply_cap, r.borrow_cap, r.borrowable = 0, 0, False
        world.move_price(id_, 0)
        world.move_cautious_price(id_, 0)


def repay_all(world: World, accounts: list[str]) -> None:
    for account in accounts:
        for id_ in world.twin._account(account).debts():
            assert world.run(account, ("repay", id_, ALL, account)) == "ok"
            assert world.pool.debtBalance(account, id_) == 0


def withdraw_all(world: World, accounts: list[str]) -> None:
    """A unit more than the limit on outflow lets out waits for its window."""
    for account in accounts:
        for position in world.twin.positions(account):
            position_id = position.id | IDLE if position.idle else position.id
            withdraw_one(world, account, position_id)
        assert world.pool.positions(account) == ()


def withdraw_one(world: World, account: str, position_id: int) -> None:
    all_of_it = ("withdraw", position_id, ALL, account, account)
    outcome = world.run(account, all_of_it)
    while outcome == "OutflowLimitExceeded":
        r = world.twin.reserves[position_id]
        room = r.outflow_room(world.twin.now)
        if room:
            assert world.run(account, ("withdraw", position_id, room, account, account)) == "ok"
        world.pass_time(r.outflow.window_s)
        outcome = world.run(account, all_of_it)
    assert outcome == "ok"


def walked(seed: int) -> World:
    """800 steps, and until somebody owes; limits on outflow that would take years are lifted."""
    world = World(seed)
    for _ in range(800):
        world.step()
    while not any(world.twin._account(a).debt for a in ACCOUNTS):
        world.step()
    for id_, r in enumerate(world.twin.reserves):
        if r.outflow and r.outflow.capacity < r.supply_assets // 20:
            world.configurator.setOutflowLimit(world.pool.address, id_, 0, 0)
            r.outflow = None
    return world


@pytest.mark.parametrize("years", [0, 30])
@pytest.mark.parametrize("seed", range(6))
def test_leaving__everything_shut_and_every_price_dead__leaves_the_protocols_alone(
    seed: int, years: int
) -> None:
    world = walked(seed)
    world.pass_time(years * YEAR_S)
    shut(world)

    repay_all(world, ACCOUNTS)
    withdraw_all(world, ACCOUNTS)

    world.assert_equal()
    for id_ in range(len(ASSETS)):
        data, token = world.pool.named("reserveData", id_), world.tokens[id_]
        held = token.balanceOf(world.pool.address)
        assert (data["debtShares"], data["debtAssets"], data["idleAssets"]) == (0, 0, 0)
        owned = mul_up(data["supplyShares"], data["supplyIndex"])  # by the configurator, its seed
        assert held == owned + data["buffer"]
        world.configurator.collectBuffer(world.pool.address, id_, data["buffer"], DEPLOYER)
        assert token.balanceOf(world.pool.address) == owned


def test_leaving__while_somebody_owes__is_not_for_all() -> None:
    """The check can fail: the cash is with the debtor."""
    world, (debtor, supplier, *_) = World(0), ACCOUNTS
    world.run(supplier, ("supply", 1, 10**10, supplier))
    world.run(debtor, ("supply", 2, 10**9, debtor))
    world.run(debtor, ("borrow", 1, 10**10, debtor, debtor))
    shut(world)
    with pytest.raises(AssertionError):
        withdraw_all(world, [supplier])
    repay_all(world, [debtor])
    withdraw_all(world, [supplier, debtor])


def test_leaving__of_an_account_with_debts__is_not_open_while_they_have_no_price() -> None:
    """The check can fail: who owes must repay first."""
    world, (debtor, supplier, *_) = World(0), ACCOUNTS
    world.run(supplier, ("supply", 1, 10**10, supplier))
    world.run(debtor, ("supply", 2, 10**9, debtor))
    world.run(debtor, ("borrow", 1, 10**6, debtor, debtor))
    shut(world)
    with pytest.raises(AssertionError):
        withdraw_all(world, [debtor])


BEHAVIOURS = {"reverts": 1, "answers short": 2, "burns gas": 3, "answers at length": 4}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_leaving__with_a_rate_model_that_turned__goes_on(behaviour: int) -> None:
    """Beside feeds that are no contracts any more; the twin knows of no such model."""
    world, (debtor, supplier, *_) = World(0), ACCOUNTS
    pool = world.pool
    pool.supply(1, 10**10, supplier, sender=supplier)
    pool.supply(2, 10**9, debtor, sender=debtor)
    pool.borrow(1, 10**9, debtor, debtor, sender=debtor)
    model = world.chain.deploy("MockRateModel", behaviour, WAD)
    for id_ in (1, 2):
        world.configurator.setRates(pool.address, id_, ASSETS[id_].curve, 10, model.address)
        world.feeds[id_].kill(True)
    world.chain.now += YEAR_S
    with pytest.raises(Reverted):
        pool.withdraw(2, ALL, debtor, debtor, sender=debtor)

    pool.repay(1, ALL, debtor, sender=debtor)
    pool.withdraw(2, ALL, debtor, debtor, sender=debtor)
    pool.withdraw(1, ALL, supplier, supplier, sender=supplier)

    assert pool.positions(debtor) == pool.positions(supplier) == ()
