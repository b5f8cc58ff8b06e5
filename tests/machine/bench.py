"""How fast the real bytecode runs here: `python -m tests.machine.bench`.

State-changing operations of a pool in a sensible mix, data encoded beforehand, none reverting, on
one core.
"""

from __future__ import annotations

import time

import pyrevm

from tests.machine.world import ACCOUNTS, ASSETS, World

ROUNDS = 400


def bench(rounds: int = ROUNDS) -> float:
    """Operations per second."""
    world = World(1)
    debtor, supplier, liquidator, friend = ACCOUNTS
    pool, feed, functions = world.pool.address, world.feeds[0], world.pool.functions
    unit = ASSETS[0].unit
    for account in (debtor, supplier):
        world.pool.supply(1, 10**6 * ASSETS[1].unit, account, sender=account)

    def call(caller: str, name: str, *args: object) -> tuple[str, str, bytes]:
        return caller, pool, functions[name].encode(*args)

    def price(answer: int) -> tuple[str, str, bytes]:
        return debtor, feed.address, feed.functions["set"].encode(answer)

    # A borrower comes, falls, is liquidated, pays the rest and goes; others come and go meanwhile.
    one_round = [
        call(supplier, "supply", 0, 3 * unit, supplier),
        call(supplier, "transfer", friend, 1, 10**6),
        call(debtor, "supply", 0, 10 * unit, debtor),
        call(debtor, "setCollateral", 1, False, debtor),
        call(debtor, "borrow", 1, 15_500 * ASSETS[1].unit, debtor, debtor),
        call(supplier, "withdraw", 0, unit, supplier, supplier),
        price(ASSETS[0].answer * 9 // 10),
        call(liquidator, "liquidate", debtor, 1, 0, 4_000 * ASSETS[1].unit, 0, liquidator),
        price(ASSETS[0].answer),
        call(debtor, "repay", 1, 1_000 * ASSETS[1].unit, debtor),
        call(friend, "repay", 1, 2**128 - 1, debtor),
        call(debtor, "setCollateral", 1, True, debtor),
        call(debtor, "withdraw", 0, 2**256 - 1, debtor, debtor),
        call(supplier, "withdraw", 0, 2 * unit - 1, supplier, supplier),
        call(friend, "transfer", supplier, 1, 10**6),
    ]
    operations = rounds * sum(to == pool for _, to, _ in one_round)
    evm, now = world.chain.evm, world.chain.now
    message_call, reset = evm.message_call, evm.reset_transient_storage
    begun = time.perf_counter()
    for k in range(rounds):
        evm.set_block_env(pyrevm.BlockEnv(timestamp=now + 12 * k, number=k + 1))
        for caller, to, data in one_round:
            reset()
            message_call(caller, to, data)
    return operations / (time.perf_counter() - begun)


if __name__ == "__main__":
    print(f"{bench():,.0f} operations a second")
