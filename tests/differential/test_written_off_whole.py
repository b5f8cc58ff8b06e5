"""A write-off after which a reserve has no supply at all: the insurer had every share of it."""

from __future__ import annotations

import pytest

from tests._revm import DEPLOYER
from tests.machine.world import ACCOUNTS, DAY_S, World


@pytest.mark.parametrize("days", [3, 5])
def test_write_off__the_insurer_had_every_share__goes_through(days: int) -> None:
    """A wei of the loss, by rounding, is nobody's then: no share is left that it could be taken from."""
    world, debtor = World(0), ACCOUNTS[0]
    insurer, reserve = world.configurator.address, world.twin.reserves[0]
    world.run(debtor, ("supply", 2, 10**13, debtor))
    assert world.run(debtor, ("borrow", 0, reserve.cash, debtor, debtor)) == "ok"
    assert world.configure("setInsurer", 0, insurer)
    reserve.insurer = insurer
    world.pass_time(days * DAY_S)
    world.refresh_prices()
    world.move_price(2, 1)

    assert world.run(DEPLOYER, ("writeOff", debtor)) == "ok"

    assert world.twin.reserves[0].supply_shares == 0
    assert world.seen["deficit"] == 1
