"""Fills a pool on a chain of our own with the accounts of a book, each by its own transactions.

Every account chooses its category, mints, approves, supplies and borrows for itself. Transactions
go in batches with automatic mining off and explicit nonces, thousands to a block:

    0.6 ms a transaction, where a framework takes 50 ms
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from sims.book import Book
from sims.exact import IDLE, MAX
from sims.fork.rpc import Function, Progress, Rpc
from sims.market import Market

MINT = Function("mint(address,uint256)", ())
APPROVE = Function("approve(address,uint256)", ("bool",))
SUPPLY = Function("supply(uint256,uint256,address)", ("uint256",) * 2)
SET_COLLATERAL = Function("setCollateral(uint256,bool,address)", ())
SET_CATEGORY = Function("setCategory(uint256,address)", ())
BORROW = Function("borrow(uint256,uint256,address,address)", ("uint256",) * 2)
SET_ANSWER = Function("set(int192)", ())

GAS = 1_000_000
"""More than any of these calls takes, so that no node has to estimate it."""
BLOCK = 2_000
"""Transactions in a block."""

Transaction = tuple[str, str, str]
"""Sender, target and data."""


class FillError(RuntimeError):
    """Why the pool could not be filled, in one sentence."""


def account_address(number: int) -> str:
    """The address of a book's account; nobody has its key."""
    return to_checksum_address(keccak(text=f"weir account {number}")[-20:])


def fill(
    rpc: Rpc,
    market: Market,
    book: Book,
    *,
    pool: str,
    tokens: Sequence[str],
    progress: Progress,
) -> int:
    """Lets every account of the book supply, and then every borrower borrow.

    Parameters
    ----------
    rpc
        A chain that lets anybody send for anybody at no cost.
    tokens
        (R,) mock tokens.

    Returns
    -------
    How many transactions that took.
    """
    supplies = [*_supplies(market, book, pool=pool, tokens=tokens)]
    borrows = [*_borrows(market, book, pool=pool)]
    total = len(supplies) + len(borrows)
    nonces: dict[str, int] = {}
    done = 0
    # A node orders the senders in a block as it likes: nobody borrows in one that others supply in.
    for transactions in (supplies, borrows):
        for first in range(0, len(transactions), BLOCK):
            block = transactions[first : first + BLOCK]
            send(rpc, block, nonces)
            done += len(block)
            progress("transactions of the accounts", done, total)
    return total


def _supplies(
    market: Market, book: Book, *, pool: str, tokens: Sequence[str]
) -> Iterator[Transaction]:
    for number in np.flatnonzero(book.category):
        account = account_address(int(number))
        yield account, pool, SET_CATEGORY.encode(int(book.category[number]), account)
    amounts = book.supply_raw(market.decimals)
    for leg in np.flatnonzero(amounts > 0):
        account, id_ = account_address(int(book.account_of_leg[leg])), int(book.reserve[leg])
        amount, token = int(amounts[leg]), tokens[id_]
        yield account, token, MINT.encode(account, amount)
        yield account, token, APPROVE.encode(pool, MAX)
        position_id = id_ | IDLE if book.idle[leg] else id_
        yield account, pool, SUPPLY.encode(position_id, amount, account)
        if not book.collateral[leg]:
            yield account, pool, SET_COLLATERAL.encode(id_, False, account)


def _borrows(market: Market, book: Book, *, pool: str) -> Iterator[Transaction]:
    amounts = book.debt_raw(market.decimals)
    for leg in np.flatnonzero(amounts > 0):
        account = account_address(int(book.account_of_leg[leg]))
        data = BORROW.encode(int(book.reserve[leg]), int(amounts[leg]), account, account)
        yield account, pool, data


def pass_time(rpc: Rpc, market: Market, *, feeds: Sequence[str], seconds: int) -> None:
    """Moves the clock, and lets every mock feed say its price anew, so that none is too old."""
    latest = int(rpc.block()["timestamp"], 16)
    keeper = account_address(0)
    answers = [r.price_raw for r in market.reserves.values()]
    calls = [
        (keeper, f, SET_ANSWER.encode(answer)) for f, answer in zip(feeds, answers, strict=True)
    ]
    send(rpc, calls, {}, timestamp=latest + seconds)


def queue(
    rpc: Rpc, sender: str, calls: Sequence[tuple[str, str]], *, gas: int, price_wei: int
) -> list[str]:
    """Sends one account's calls, target and data, in order, to wait for the next block; their hashes."""
    nonce = int(rpc.request("eth_getTransactionCount", sender, "latest"), 16)
    fields = {"from": sender, "gas": hex(gas), "gasPrice": hex(price_wei)}
    requests = [
        ("eth_sendTransaction", ({**fields, "to": to, "data": data, "nonce": hex(nonce + i)},))
        for i, (to, data) in enumerate(calls)
    ]
    return rpc.batch(requests)


def send(
    rpc: Rpc,
    transactions: Sequence[Transaction],
    nonces: dict[str, int],
    *,
    timestamp: int | None = None,
) -> None:
    """Puts transactions into one block, each sender's in order. Raises `FillError` when one fails.

    Parameters
    ----------
    nonces
        Next nonce of each sender, brought up to date; senders it does not know are looked up.
    """
    unknown = sorted({sender for sender, _, _ in transactions} - nonces.keys())
    counts = rpc.batch([("eth_getTransactionCount", (a, "latest")) for a in unknown])
    nonces.update({a: int(count, 16) for a, count in zip(unknown, counts, strict=True)})

    rpc.request("anvil_setAutomine", False)
    requests: list[tuple[str, Sequence[Any]]] = []
    for sender, target, data in transactions:
        fields = {"from": sender, "to": target, "data": data, "gas": hex(GAS), "gasPrice": "0x0"}
        requests.append(("eth_sendTransaction", [{**fields, "nonce": hex(nonces[sender])}]))
        nonces[sender] += 1
    hashes = rpc.batch(requests)
    if timestamp is not None:
        rpc.request("evm_setNextBlockTimestamp", timestamp)
    rpc.request("evm_mine")
    receipts = rpc.batch([("eth_getTransactionReceipt", [h]) for h in hashes])
    rpc.request("anvil_setAutomine", True)
    for (sender, target, data), receipt in zip(transactions, receipts, strict=True):
        if receipt is None or int(receipt["status"], 16) != 1:
            raise FillError(
                f"The transaction {data[:10]} of {sender} to {target} failed: the book does not fit "
                "the market; take another seed or fewer accounts."
            )
