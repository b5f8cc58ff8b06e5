"""Checks and effects before calls: once a token or a caller has been called, an action touches no storage.

Read from the chain's own trace of every action. What is not asked of them: static calls, which can
change nothing (feeds, balances), and transient storage, which is the lock. The market has no external
rate model, whose note is sent while accruing, with little gas, to a pool that is locked.
"""

from __future__ import annotations

from typing import Any

import ape
import pytest

from tests._cast import IDLE, MAX, SHARES

CALLS = ("CALL", "STATICCALL", "CALLCODE", "DELEGATECALL")


@pytest.fixture
def scene(still, borrower, supplier, liquidator):
    """10 WETH earn, 15,000 USDC are owed; others have earning and idle supplies."""
    still.supply(supplier, still["USDC"], 100_000)
    still.supply(liquidator, still["WETH"], 1)
    still.supply(borrower, still["WETH"], 10)
    still.borrow(borrower, still["USDC"], 15_000)
    wbtc = still["WBTC"].id | IDLE
    still.pool.supply(wbtc, 10**7, supplier, sender=supplier)
    return still


def traced(sender: Any, method: Any, *args: Any) -> list[dict[str, Any]]:
    """The machine's steps of a call that goes well, and is not sent."""
    call = {
        "from": sender.address,
        "to": method.contract.address,
        "data": "0x" + method.encode_input(*args).hex(),
        "gas": hex(5_000_000),
    }
    options = {"disableStorage": True, "enableMemory": False}
    request = ape.chain.provider.web3.provider.make_request
    trace = request("debug_traceCall", [call, "latest", options])["result"]
    assert not trace["failed"]
    return list(trace["structLogs"])


def accesses_after_calls(steps: list[dict[str, Any]], address: str) -> list[str]:
    """The operations on storage of a contract that come after it has called out, in order."""
    me = int(address, 16)
    contexts, target, called_out, found = {1: me}, me, False, []
    for step in steps:
        depth, operation = step["depth"], step["op"]
        contexts = {d: c for d, c in contexts.items() if d <= depth}
        here = contexts.setdefault(depth, target)
        if operation in CALLS:
            callee = int(step["stack"][-2], 16) & 2**160 - 1
            target = here if operation in ("DELEGATECALL", "CALLCODE") else callee
            called_out |= here == me and operation == "CALL" and callee != me
        elif operation in ("SLOAD", "SSTORE") and here == me and called_out:
            found.append(operation)
    assert called_out
    return found


def actions(s: Any, borrower: Any, supplier: Any, liquidator: Any) -> dict[str, tuple[Any, ...]]:
    """Every one that moves tokens: sender, method, arguments."""
    pool, usdc, weth, wbtc = s.pool, s["USDC"].id, s["WETH"].id, s["WBTC"].id | IDLE
    pair = (borrower, usdc, weth, MAX)
    return {
        "supply": (supplier, pool.supply, usdc, 10**6, supplier),
        "supply idle": (supplier, pool.supply, wbtc, 10**6, supplier),
        "supply and call": (supplier, pool.supplyAndCall, usdc, 10**6, supplier, b""),
        "withdraw": (supplier, pool.withdraw, usdc, 10**6, supplier, supplier),
        "withdraw idle": (supplier, pool.withdraw, wbtc, MAX, supplier, supplier),
        "withdraw collateral": (borrower, pool.withdraw, weth, 10**15, borrower, borrower),
        "borrow": (borrower, pool.borrow, usdc, 10**6, borrower, borrower),
        "repay": (supplier, pool.repay, usdc, MAX, borrower),
        "repay and call": (supplier, pool.repayAndCall, usdc, 10**6, borrower, b""),
        "flash loan": (supplier, pool.flashLoan, usdc, 10**6, b""),
        "liquidate": (liquidator, pool.liquidate, *pair, 0, liquidator),
        "liquidate for shares": (liquidator, pool.liquidate, *pair, SHARES, liquidator),
        "liquidate and call": (liquidator, pool.liquidateAndCall, *pair, 0, liquidator, b""),
    }


HEALTHY = ("supply", "withdraw", "borrow", "repay", "flash")


@pytest.mark.parametrize("fall", ["none", "unhealthy", "bad debt"])
def test_action__after_it_has_called_out__touches_no_storage(
    scene, borrower, supplier, liquidator, fall
):
    if fall != "none":
        scene.set_price(scene["WETH"], {"unhealthy": 1_700, "bad debt": 800}[fall])
    for name, call in actions(scene, borrower, supplier, liquidator).items():
        if name.startswith(HEALTHY) != (fall == "none"):
            continue
        steps = traced(*call)
        assert any(s["op"] == "SSTORE" for s in steps), name
        assert accesses_after_calls(steps, scene.pool.address) == [], name


def test_flash_loans__after_the_first_is_paid_out__only_read_which_tokens_follow(scene, supplier):
    """The exception: a list is paid out one by one. The words read are the configurator's."""
    ids = [scene["USDC"].id, scene["WETH"].id]
    steps = traced(supplier, scene.pool.flashLoans, ids, [10**6, 10**15], b"")
    assert set(accesses_after_calls(steps, scene.pool.address)) == {"SLOAD"}


def test_batch__of_two_actions__is_found_out(scene, supplier):
    """The search can fail: in a batch the second action follows upon the first one's tokens."""
    supply = scene.pool.supply.encode_input(scene["USDC"].id, 10**6, supplier)
    steps = traced(supplier, scene.pool.batch, [supply, supply])
    assert {"SLOAD", "SSTORE"} <= set(accesses_after_calls(steps, scene.pool.address))
