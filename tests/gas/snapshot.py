"""The gas of every action of a user, sentence by sentence, as the repository remembers it.

    python -m tests.gas.snapshot        writes tests/gas/snapshot.json anew

The test beside it measures again and names every sentence that has grown by more than one per cent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from eth_abi.abi import encode

from scripts._anvil import anvil
from sims.fork.rpc import Rpc
from tests.gas import _compile
from tests.gas._chain import Call, Chain
from tests.gas._rows import ALL, ROWS, UNIT, USD, Scene, World
from tests.gas._weir import IDLE, Weir
from tests.gas.bench import BUILD, NODE

FILE = Path(__file__).with_name("snapshot.json")
TOLERANCE = 0.01
DEBT = 128
SHARES = 1 << 255
FAR = 2**40 - 1

Measured = dict[str, int]
Act = Callable[[Scene], int]


def measured() -> Measured:
    """Every sentence's gas, on a chain of its own."""
    found: Measured = {}
    with anvil(*NODE) as url, Rpc(url) as rpc:
        world = World.create(Chain(rpc), _compile.common())
        kinds = _compile.from_ape(BUILD)
        for idle, sentences in ((True, {**FROM_ROWS, **ALWAYS}), (False, EARNING)):
            with world.chain.isolated():
                weir = Weir(world, kinds, idle=idle)
                for sentence, act in sentences.items():
                    with world.chain.isolated():
                        found[sentence] = act(Scene(weir))
    return dict(sorted(found.items()))


def grown(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """What is not as remembered: grown beyond the tolerance, new, or gone."""
    lines = [
        f"{s}: {now[s]:,} gas, {now[s] - gas:+,} ({now[s] / gas - 1:+.1%})"
        for s, gas in before.items()
        if s in now and now[s] > gas * (1 + TOLERANCE)
    ]
    lines += [f"{s}: {now[s]:,} gas, not in the snapshot" for s in now.keys() - before.keys()]
    lines += [f"{s}: in the snapshot, not measured" for s in before.keys() - now.keys()]
    return sorted(lines)


# ------------------------------------------------------------------------------- what users do


SENTENCES = {
    "supply for the first time": "supply_first",
    "supply again": "supply_repeat",
    "withdraw a part": "withdraw_partial",
    "withdraw everything": "withdraw_full",
    "supply collateral for the first time": "supply_collateral_first",
    "supply collateral again": "supply_collateral_repeat",
    "withdraw one of one collateral with debt": "withdraw_collateral_with_debt_1c",
    "withdraw one of three collaterals with debt": "withdraw_collateral_with_debt_3c",
    "borrow for the first time on one collateral": "borrow_first_1c",
    "borrow again on one collateral": "borrow_repeat_1c",
    "borrow for the first time on three collaterals": "borrow_first_3c",
    "borrow again on three collaterals": "borrow_repeat_3c",
    "borrow for the first time on five collaterals": "borrow_first_5c",
    "repay a part": "repay_partial",
    "repay everything": "repay_full",
    "liquidate a part": "liquidate_partial_1c",
    "liquidate everything": "liquidate_full_1c",
    "liquidate and write off bad debt": "liquidate_bad_debt_1c",
    "liquidate a part on three collaterals": "liquidate_partial_3c",
    "take a flash loan": "flash_loan",
    "transfer supply to somebody who has some": "transfer_position_existing_holder",
    "look at an account with one collateral": "account_view_1c",
    "look at an account with three collaterals": "account_view_3c",
    "look at an account with five collaterals": "account_view_5c",
}
"""What the rows say that peers are compared on; collateral idle."""


def _on(function: str, *args: object) -> Act:
    """A call of somebody who has lent and owes, an hour later; `ME` stands for him."""

    def act(s: Scene) -> int:
        s.lend()
        s.indebted(1)
        call = s.market.pool.call(function, *(s.user if a is ME else a for a in args))
        return s.after_an_hour(call)

    return act


ME = object()
OTHER = "0x" + "0e" * 20


def _borrow_on_two_feeds(s: Scene) -> int:
    """What the second, cautious feed of a collateral costs."""
    s.market.double_feed(1)
    return ROWS["borrow_first_1c"](s)


def _take_debt(s: Scene) -> int:
    s.indebted(1)
    taker = s.market.user()
    s.do(s.market.pledge(taker, 1, 10 * UNIT), by=taker)
    call = s.market.pool.call("takeDebt", 0, 4_000 * USD, s.user, taker)
    return s.after_an_hour(call, by=taker)


def _on_behalf(s: Scene) -> int:
    """By credit: somebody else borrows against the user's collateral."""
    s.pledge(1)
    delegate = s.market.user()
    s.do(s.market.pool.call("allow", delegate, DEBT, 5_000 * USD, FAR))
    call = s.market.pool.call("borrow", 0, 4_000 * USD, s.user, delegate)
    return s.after_an_hour(call, by=delegate)


def _leverage(s: Scene) -> int:
    """Supply, borrow and supply again, with one health check."""
    pool, user = s.market.pool, s.user
    calls: list[Call] = [
        pool.call("supply", 1 | IDLE, 10 * UNIT, user),
        pool.call("borrow", 0, 10_000 * USD, user, user),
        pool.call("supply", 2 | IDLE, 5 * UNIT, user),
        pool.call("borrow", 0, 5_000 * USD, user, user),
    ]
    data = "0x" + (pool.call("batch", []).data[2:10])
    body = encode(["bytes[]"], [[bytes.fromhex(c.data[2:]) for c in calls]]).hex()
    return s.after_an_hour(Call(pool.address, data + body, "Pool.batch"))


def _liquidate_for_shares(s: Scene) -> int:
    s.indebted(1, 15_900)
    liquidator = s.market.user()
    s.chain.wait()
    s.market.world.set_prices(1_850, 1)
    call = s.market.pool.call("liquidate", s.user, 0, 1, ALL, SHARES, liquidator)
    return s.do(call, by=liquidator)


FROM_ROWS: dict[str, Act] = {sentence: ROWS[row] for sentence, row in SENTENCES.items()}
ALWAYS: dict[str, Act] = {
    "accrue": _on("accrue", 0),
    "allow somebody credit": _on("allow", OTHER, DEBT, 1_000 * USD, FAR),
    "authorize somebody": _on("authorize", OTHER, 15, FAR),
    "borrow by credit": _on_behalf,
    "borrow for the first time on one collateral with two feeds": _borrow_on_two_feeds,
    "leverage twice in a batch": _leverage,
    "liquidate for supply shares": _liquidate_for_shares,
    "repay with own supply": _on("repayWithSupply", 0, 500 * USD, ME),
    "start to earn with idle collateral": _on("convert", 1, False, ME),
    "stop pledging a supply": _on("setCollateral", 0, False, ME),
    "take over a debt": _take_debt,
}
EARNING: dict[str, Act] = {
    "stop earning with collateral": _on("convert", 1, True, ME),
    "borrow for the first time on one earning collateral": ROWS["borrow_first_1c"],
    "borrow for the first time on three earning collaterals": ROWS["borrow_first_3c"],
}


def main() -> None:
    """Writes the snapshot."""
    FILE.write_text(json.dumps(measured(), indent=2) + "\n")


if __name__ == "__main__":
    main()
