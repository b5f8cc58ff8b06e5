"""Counterexamples that the machine has found, each as small as it could be made."""

from __future__ import annotations

from sims.exact import SHARES, WAD, mul_down
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, World

POUND = 10**6
"""Of reserve 1, worth one."""


def test_liquidate__paid_in_shares_for_less_than_one__gets_no_more_than_its_bonus() -> None:
    """A share is worth several units where interest has run for long, and a unit is worth something
    where a token has few decimals: the share that is begun must not be the liquidator's.
    """
    world, (debtor, supplier, liquidator, other) = World(1), ACCOUNTS
    world.run(supplier, ("supply", 3, 10**7, supplier))
    world.run(other, ("supply", 2, 10**13, other))
    world.run(other, ("borrow", 3, world.twin.reserves[3].cash * 3 // 10, other, other))
    world.pass_time(150 * DAY_S)
    world.refresh_prices()
    world.run(other, ("accrue", 3))
    index = world.twin.reserves[3].supply_index
    assert index > 2 * WAD
    world.run(debtor, ("supply", 3, 10**6, debtor))
    world.run(debtor, ("borrow", 1, 17_000 * POUND, debtor, debtor))
    price = ASSETS[3].answer * 86 // 100
    world.move_price(3, price)
    unit = price * POUND // 10**20 + 1  # of reserve 1, worth a raw unit of reserve 3

    paid = 0
    for units in (1, 1, 1, 2, 3, 5, 8):
        call = ("liquidate", debtor, 1, 3, units * unit, SHARES, liquidator)
        if world.run(liquidator, call) == "ok":
            paid += units * unit

    received = mul_down(world.twin.balance_of(liquidator, 3), index) * price // 10**14
    assert paid > 0
    assert received * 10_000 <= paid * (10_000 + ASSETS[3].bonus_bps[1])
