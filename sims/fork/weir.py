"""Reads a Weir pool at one block into a snapshot, in batches.

Accounts are all whom an event names as a new holder or debtor; what they have has to add up to the
pool's totals. Every account's health is then computed from the snapshot in integers and compared
with the contract's:

    health = sum(collateral value * threshold) / debt value        equal to the last digit
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from sims.exact import LiquidationTerms, Pool
from sims.fork.rpc import Call, Function, Progress, Rpc, RpcError
from sims.snapshot import (
    PROTOCOL,
    CategoryState,
    Origin,
    PositionState,
    ReserveState,
    Snapshot,
    SnapshotError,
    tool_versions,
)

UINT = "uint256"
RESERVE_COUNT = Function("reserveCount()", (UINT,))
RESERVE_WORDS = Function("reserveWords(uint256)", (UINT,) * 11)
CATEGORY_WORDS = Function("categoryWords(uint256)", (UINT,) * 2)
CATEGORY_OF = Function("categoryOf(address)", (UINT,))
LIQUIDATION_TERMS = Function("liquidationTerms()", (UINT,) * 4 + ("address",))
POSITIONS = Function("positions(address)", ("(uint256,uint256,uint256,bool,bool)[]",))
ACCOUNT_DATA = Function("accountData(address)", ("(uint256,uint256,uint256,uint256,uint256,bool)",))
SYMBOL = Function("symbol()", ("string",))
SYMBOL_BYTES = Function("symbol()", ("bytes32",))  # tokens older than the standard, such as MKR
DECIMALS = Function("decimals()", ("uint8",))
BALANCE_OF = Function("balanceOf(address)", (UINT,))
LATEST_ROUND_DATA = Function(
    "latestRoundData()", ("uint80", "int256", "uint256", "uint256", "uint80")
)


def topic(signature: str) -> str:
    """The first topic of an event."""
    return "0x" + keccak(text=signature).hex()


HOLDER_AT = {
    topic("Supply(uint256,address,address,uint256,uint256,uint256,uint256)"): 2,
    topic("SupplyIdle(uint256,address,address,uint256,uint256)"): 2,
    topic("Transfer(address,address,address,uint256,uint256)"): 2,
    topic("Borrow(uint256,address,address,address,uint256,uint256,uint256,uint256)"): 2,
    topic("DebtTaken(uint256,address,address,address,uint256,uint256)"): 3,
}
"""The events that can give an account its first position, and the topic in which it stands. Collateral
that a liquidator takes in shares is a `Transfer`."""

MAX_RESERVES = 64
MAX_CATEGORIES = 255


def _silent(_what: str, _done: int, _of: int) -> None:
    """No progress shown."""


def read_snapshot(
    rpc: Rpc,
    pool: str,
    *,
    block: int | None = None,
    accounts: Sequence[str] | None = None,
    first_block: int | None = None,
    progress: Progress = _silent,
) -> Snapshot:
    """The pool at `block`, checked account by account against the contract.

    Parameters
    ----------
    pool
        The pool's address.
    block
        The node's latest block when None.
    accounts
        Whose positions to read; everyone's, found in the pool's events, when None. Only then is the
        snapshot complete.
    first_block
        Where to start looking for events; the pool's first block when None.
    """
    pool = pool_address(pool)
    header = rpc.block(block if block is not None else "latest")
    number = int(header["number"], 16)
    chain_id = rpc.chain_id()
    require_pool(rpc, pool, block=number, chain_id=chain_id)

    complete = accounts is None
    if accounts is None:
        start = first_block if first_block is not None else first_block_of(rpc, pool, last=number)
        accounts = find_accounts(rpc, pool, first=start, last=number, progress=progress)
    reserves = _read_reserves(rpc, pool, number, progress)
    positions = _read_positions(rpc, pool, accounts, number, progress)
    categories = _read_categories(rpc, pool, number)
    (*terms, model), *_ = rpc.read([Call(pool, LIQUIDATION_TERMS)], block=number)
    if rpc.block(number)["hash"] != header["hash"]:
        raise SnapshotError(
            f"Block {number} was replaced by another while it was read: take the snapshot again."
        )
    snapshot = Snapshot(
        origin=Origin(
            protocol=PROTOCOL,
            pool=pool,
            chain_id=chain_id,
            block_number=number,
            block_hash=header["hash"],
            timestamp=int(header["timestamp"], 16),
            versions=tool_versions(),
            complete=complete,
        ),
        liquidation_terms=LiquidationTerms(*terms),
        liquidation_model=to_checksum_address(model),
        reserves=reserves,
        positions=positions,
        categories=categories,
    )
    check_accounts(rpc, snapshot, progress=progress)
    return snapshot


def read_accounts(path: Path) -> list[str]:
    """Addresses in a text file, one a line; empty lines and what follows a # are left out."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(f"{path} cannot be read ({error}): name a text file.") from None
    accounts = []
    for number, line in enumerate(lines, start=1):
        word = line.split("#")[0].strip()
        if not word:
            continue
        if not is_address(word):
            raise SnapshotError(f"{path}:{number}: {word!r} is no address: correct the line.")
        accounts.append(to_checksum_address(word))
    if not accounts:
        raise SnapshotError(f"{path} names no account: write one address a line.")
    return sorted(set(accounts))


# ------------------------------------------------------------------------------------------ accounts


def first_block_of(rpc: Rpc, pool: str, *, last: int) -> int:
    """The block in which the pool appeared; zero where the node keeps no old states."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        try:
            exists = _has_code(rpc, pool, middle)
        except RpcError as error:
            if error.code is None:
                raise
            return 0
        low, high = (low, middle) if exists else (middle + 1, high)
    return low


def find_accounts(
    rpc: Rpc, pool: str, *, first: int, last: int, progress: Progress = _silent
) -> list[str]:
    """Everyone who was ever given a supply or a debt, in ascending order."""
    blocks = last - first + 1
    found = {
        to_checksum_address("0x" + log["topics"][HOLDER_AT[log["topics"][0]]][-40:])
        for log in rpc.logs(
            pool,
            [[*HOLDER_AT]],
            first=first,
            last=last,
            progress=lambda done: progress("blocks searched for accounts", done, blocks),
        )
    }
    return sorted(found)


# ------------------------------------------------------------------------------------------ state


def _has_code(rpc: Rpc, address: str, block: int) -> bool:
    return bool(rpc.request("eth_getCode", address, hex(block)) not in ("0x", None))


def pool_address(text: str) -> str:
    """Checksummed. Raises `SnapshotError` when it is no address."""
    if not is_address(text):
        raise SnapshotError(f"{text!r} is no address: a pool is 0x and 40 hexadecimal digits.")
    return to_checksum_address(text)


def require_pool(rpc: Rpc, pool: str, *, block: int, chain_id: int) -> None:
    """Raises `SnapshotError` when no Weir pool is there."""
    if not _has_code(rpc, pool, block):
        raise SnapshotError(
            f"There is no contract at {pool} on chain {chain_id} at block {block}: check the pool's "
            "address and the network."
        )
    answer = rpc.try_read([Call(pool, RESERVE_COUNT), Call(pool, LIQUIDATION_TERMS)], block=block)
    if any(isinstance(a, RpcError) for a in answer):
        raise SnapshotError(
            f"The contract at {pool} on chain {chain_id} is no Weir pool: check the pool's address."
        )


def _read_reserves(rpc: Rpc, pool: str, block: int, progress: Progress) -> tuple[ReserveState, ...]:
    ((count,),) = rpc.read([Call(pool, RESERVE_COUNT)], block=block)
    if not 0 < count <= MAX_RESERVES:
        raise SnapshotError(f"The pool at {pool} has {count} reserves: there is nothing to freeze.")
    words = rpc.read([Call(pool, RESERVE_WORDS, (i,)) for i in range(count)], block=block)
    tokens = [_address(token) for _, _, _, token, *_ in words]
    feeds = [_address(risk) for _, _, risk, *_ in words]
    cautious = [_address(w[8]) for w in words]

    symbols = read_symbols(rpc, tokens, block=block)
    decimals = rpc.read([Call(t, DECIMALS) for t in tokens], block=block)
    balances = rpc.read([Call(t, BALANCE_OF, (pool,)) for t in tokens], block=block)
    answers = rpc.try_read([Call(f, LATEST_ROUND_DATA) for f in feeds + cautious], block=block)
    progress("reserves", count, count)
    return tuple(
        _reserve(
            i,
            words[i],
            symbol=symbols[i],
            decimals=decimals[i][0],
            balance=balances[i][0],
            answer=_answer(answers[i]),
            cautious=_answer(answers[count + i]),
        )
        for i in range(count)
    )


def _reserve(
    id_: int,
    words: tuple[Any, ...],
    *,
    symbol: str,
    decimals: int,
    balance: int,
    answer: tuple[int, int],
    cautious: tuple[int, int],
) -> ReserveState:
    index, totals, risk, token, model, ramp, outflow, idle_cap, second, insurer, grace_end = words
    return ReserveState(
        id=id_,
        symbol=symbol,
        token=_address(token),
        decimals=decimals,
        feed=_address(risk),
        feed_decimals=(risk >> 216 & 63) - decimals,  # the word keeps the sum
        answer=answer[0],
        updated_at=answer[1],
        balance=balance,
        index_word=index,
        totals_word=totals,
        risk_word=risk,
        token_word=token,
        model_word=model,
        ramp_word=ramp,
        outflow_word=outflow,
        idle_cap_word=idle_cap,
        cautious_feed=_address(second),
        cautious_answer=cautious[0],
        cautious_updated_at=cautious[1],
        insurer=_address(insurer),
        grace_end=grace_end,
    )


def _answer(round_data: tuple[Any, ...] | RpcError) -> tuple[int, int]:
    """A feed's answer and when it was set; zeros for none."""
    return (0, 0) if isinstance(round_data, RpcError) else (round_data[1], round_data[3])


def read_symbols(rpc: Rpc, tokens: Sequence[str], *, block: int) -> list[str]:
    """What tokens call themselves; a token's address where it says nothing."""
    texts = rpc.try_read([Call(t, SYMBOL) for t in tokens], block=block)
    older = rpc.try_read([Call(t, SYMBOL_BYTES) for t in tokens], block=block)
    return [_symbol(*answers) for answers in zip(texts, older, tokens, strict=True)]


def _symbol(text: tuple[Any, ...] | RpcError, word: tuple[Any, ...] | RpcError, token: str) -> str:
    if not isinstance(text, RpcError):
        return str(text[0])
    if not isinstance(word, RpcError):
        return bytes(word[0]).rstrip(b"\0").decode(errors="replace")
    return token


def _read_categories(rpc: Rpc, pool: str, block: int) -> tuple[CategoryState, ...]:
    ids = range(1, MAX_CATEGORIES + 1)
    answers = rpc.read([Call(pool, CATEGORY_WORDS, (i,)) for i in ids], block=block)
    words = zip(ids, answers, strict=True)
    return tuple(CategoryState(i, word, ramp) for i, (word, ramp) in words if word)


def _read_positions(
    rpc: Rpc, pool: str, accounts: Sequence[str], block: int, progress: Progress
) -> tuple[PositionState, ...]:
    answers = rpc.read(
        [Call(pool, POSITIONS, (account,)) for account in accounts],
        block=block,
        progress=lambda done: progress("accounts read", done, len(accounts)),
    )
    categories = rpc.read([Call(pool, CATEGORY_OF, (a,)) for a in accounts], block=block)
    return tuple(
        PositionState(account, *position, *category)
        for account, (positions,), category in zip(accounts, answers, categories, strict=True)
        for position in positions
    )


def check_accounts(rpc: Rpc, snapshot: Snapshot, *, progress: Progress = _silent) -> None:
    """Refuses a snapshot from which any account's values or health differ from the contract's."""
    twin = Pool.from_snapshot(snapshot)
    accounts = snapshot.accounts
    answers = rpc.read(
        [Call(snapshot.origin.pool, ACCOUNT_DATA, (account,)) for account in accounts],
        block=snapshot.origin.block_number,
        progress=lambda done: progress("accounts checked", done, len(accounts)),
    )
    for account, (chain,) in zip(accounts, answers, strict=True):
        data = twin.account_data(account)
        own = (
            data.collateral_value,
            data.debt_value,
            data.borrow_limit,
            data.liquidation_limit,
            data.health,
            data.unpriced,
        )
        if own != tuple(chain):
            raise SnapshotError(
                f"Account {account} has health {own[4]} in the snapshot and {chain[4]} on chain: "
                "the pool's code is of another version than this reader."
            )


def _address(word: int) -> str:
    return to_checksum_address((word & (1 << 160) - 1).to_bytes(20, "big"))
