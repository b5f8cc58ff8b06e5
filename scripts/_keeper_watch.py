"""What a keeper knows of a pool at one block: who owes, how healthy he is, what a liquidation would do.

Everything comes in batches. Without a lens on the chain the project's own is lent to the node for
the length of a call, so that nothing has to be deployed and no old code is asked:

    eth_call(question, block, {address: code of QuoteLens})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from eth_utils.address import is_address, to_checksum_address

from scripts._chain import Chain
from scripts._contracts import KINDS, container, error_names
from sims.exact import WAD, value_down, value_up
from sims.fork.rpc import Call, Function, Progress, Rpc, RpcError
from sims.fork.weir import (
    ACCOUNT_DATA,
    BALANCE_OF,
    DECIMALS,
    HOLDER_AT,
    LIQUIDATION_TERMS,
    POSITIONS,
    RESERVE_COUNT,
    RESERVE_WORDS,
    first_block_of,
    pool_address,
    read_symbols,
    require_pool,
    topic,
)

UINT = "uint256"
BORROW = topic("Borrow(uint256,address,address,address,uint256,uint256,uint256,uint256)")
DEBT_TAKEN = topic("DebtTaken(uint256,address,address,address,uint256,uint256)")
DEBTOR_AT = {event: HOLDER_AT[event] for event in (BORROW, DEBT_TAKEN)}
"""Nobody else can become unhealthy."""

RESERVE_DATA = Function(
    "reserveData(uint256)",
    ("address",) * 3 + ("bool",) * 3 + (UINT,) * 28 + ("address", UINT) * 2,
)
PRICE, PRICE_DECIMALS = 20, 21  # of what it answers
HEALTHS = Function(
    "healths(address,address[])", ("(uint256,uint256,uint256,uint256,uint256,bool)[]",)
)
QUOTE = Function(
    f"quoteLiquidation(address,address,{UINT},{UINT},{UINT},bool)",
    ("bytes4", *(UINT,) * 6, "bool"),
)
LENT = to_checksum_address("0x" + "1e45" * 10)
"""Where the quote lens is while a node answers that has none."""

EXACT = Context(prec=80)

ACCOUNTS_A_CALL = 200
"""As many fit into the gas that nodes grant a call."""
REORG_BLOCKS = 64
"""How far back events are read again when the last block that was read is gone."""


class KeeperError(RuntimeError):
    """Why a keeper cannot work, in one sentence."""


@dataclass(frozen=True)
class Asset:
    """A reserve at a block: what it is of, and what that is worth."""

    id: int
    token: str
    symbol: str
    decimals: int
    price: int
    price_decimals: int

    def value_up(self, amount: int) -> int:
        """In the base currency, WAD."""
        return value_up(amount, self.price, self.price_decimals)

    def value_down(self, amount: int) -> int:
        """In the base currency, WAD."""
        return value_down(amount, self.price, self.price_decimals)


@dataclass(frozen=True)
class Health:
    """An account at a block; values in the base currency and WAD."""

    account: str
    collateral_value: int
    debt_value: int
    health: int
    unpriced: bool

    @property
    def is_unhealthy(self) -> bool:
        """Whether it can be liquidated, as far as it is known."""
        return self.health < WAD and self.debt_value > 0


@dataclass(frozen=True)
class Position:
    """What an account has in one reserve, in shares."""

    id: int
    supply: int
    debt: int
    is_collateral: bool


@dataclass(frozen=True)
class Question:
    """A liquidation that somebody might make."""

    account: str
    debt_id: int
    collateral_id: int
    max_repay: int
    as_shares: bool = False


@dataclass(frozen=True)
class Quote:
    """What it would do; as `LiquidationQuote`."""

    refusal: bytes
    repaid: int
    received: int
    seized: int
    bonus: int
    repaid_value: int
    received_value: int
    writes_off: bool


class Watch:
    """One pool behind one node."""

    def __init__(
        self,
        chain: Chain,
        pool: str,
        *,
        first_block: int | None = None,
        lens: str | None = None,
        quote_lens: str | None = None,
    ) -> None:
        self.rpc: Rpc = chain.rpc
        head = self.head()
        self.pool = pool_address(pool)
        require_pool(self.rpc, self.pool, block=head.number, chain_id=chain.chain_id)
        self.first_block = (
            first_block
            if first_block is not None
            else first_block_of(self.rpc, self.pool, last=head.number)
        )
        self._lens = _require_code(self.rpc, "Lens", lens)
        self._quote_lens = _require_code(self.rpc, "QuoteLens", quote_lens)
        self._known = self._describe(head.number)
        self.write_off_below: int = self.rpc.read(
            [Call(self.pool, LIQUIDATION_TERMS)], block=head.number
        )[0][3]
        self._require_quotes(head.number)

    # -------------------------------------------------------------------------- the chain

    def head(self) -> Head:
        """The node's latest block."""
        return Head.of(self.rpc.block())

    def is_there(self, number: int, hash_: str) -> bool:
        """Whether the chain still has this block."""
        found = self.rpc.request("eth_getBlockByNumber", hex(number), False)
        return isinstance(found, dict) and found["hash"] == hash_

    def debtors(self, first: int, last: int, *, progress: Progress | None = None) -> set[str]:
        """Everybody who was given a debt in these blocks."""
        if first > last:
            return set()
        blocks = last - first + 1
        told = (lambda done: progress("blocks searched", done, blocks)) if progress else None
        logs = self.rpc.logs(self.pool, [[*DEBTOR_AT]], first=first, last=last, progress=told)
        return {
            to_checksum_address("0x" + log["topics"][DEBTOR_AT[log["topics"][0]]][-40:])
            for log in logs
        }

    # -------------------------------------------------------------------------- accounts

    def healths(
        self, accounts: Sequence[str], block: int, *, progress: Progress | None = None
    ) -> list[Health]:
        """How everybody stands, in the order of `accounts`."""
        told = (lambda done: progress("accounts read", done, len(accounts))) if progress else None
        if self._lens is None:
            calls = [Call(self.pool, ACCOUNT_DATA, (account,)) for account in accounts]
            rows = [row for (row,) in self.rpc.read(calls, block=block, progress=told)]
        else:
            chunks = [
                accounts[i : i + ACCOUNTS_A_CALL] for i in range(0, len(accounts), ACCOUNTS_A_CALL)
            ]
            calls = [Call(self._lens, HEALTHS, (self.pool, chunk)) for chunk in chunks]
            rows = [row for (rows,) in self.rpc.read(calls, block=block) for row in rows]
        return [
            Health(account, collateral, debt, health, unpriced)
            for account, (collateral, debt, _, _, health, unpriced) in zip(
                accounts, rows, strict=True
            )
        ]

    def positions(self, accounts: Sequence[str], block: int) -> list[list[Position]]:
        """What they have and owe."""
        calls = [Call(self.pool, POSITIONS, (account,)) for account in accounts]
        return [
            [Position(id_, supply, debt, chosen) for id_, supply, debt, chosen, _ in rows]
            for (rows,) in self.rpc.read(calls, block=block)
        ]

    def quotes(self, questions: Sequence[Question], block: int) -> list[Quote | RpcError]:
        """What liquidations would do in this block."""
        target, lent = self._quote_lens, ()
        if target is None:
            code = container("QuoteLens").contract_type.get_runtime_bytecode()
            target, lent = LENT, ({LENT: {"code": "0x" + bytes(code).hex()}},)
        requests = []
        for q in questions:
            data = QUOTE.encode(
                self.pool, q.account, q.debt_id, q.collateral_id, q.max_repay, q.as_shares
            )
            requests.append(("eth_call", ({"to": target, "data": data}, hex(block), *lent)))
        answers = self.rpc.batch(requests, strict=False)
        return [
            answer if isinstance(answer, RpcError) else Quote(*QUOTE.decode(answer))
            for answer in answers
        ]

    # -------------------------------------------------------------------------- assets

    def assets(self, block: int) -> list[Asset]:
        """All reserves with the prices of this block."""
        ((count,),) = self.rpc.read([Call(self.pool, RESERVE_COUNT)], block=block)
        if count != len(self._known):
            self._known = self._describe(block)
        calls = [Call(self.pool, RESERVE_DATA, (i,)) for i in range(count)]
        return [
            Asset(i, *self._known[i], 0, 0)  # a reserve that cannot be described has no price
            if isinstance(row, RpcError)
            else Asset(i, *self._known[i], row[PRICE], row[PRICE_DECIMALS])
            for i, row in enumerate(self.rpc.try_read(calls, block=block))
        ]

    def spell(self, id_: int, amount: int, *, as_shares: bool = False) -> str:
        """An amount in whole tokens, to the last digit, with its symbol."""
        _, symbol, decimals = self._known[id_]
        whole = f"{Decimal(amount).scaleb(-decimals, EXACT):,f}"
        if "." in whole:
            whole = whole.rstrip("0").rstrip(".")
        return f"{whole} {symbol}{' in shares' if as_shares else ''}"

    def asset_id(self, name: str) -> int:
        """The reserve of a symbol or a token."""
        for id_, (token, symbol, _) in enumerate(self._known):
            if name in (symbol, token) or name.lower() == token.lower():
                return id_
        known = ", ".join(symbol for _, symbol, _ in self._known)
        raise KeeperError(f"The pool has no reserve {name}: use one of {known}.")

    def decimals(self, id_: int) -> int:
        """Of a reserve's token."""
        return self._known[id_][2]

    def balances(self, assets: Sequence[Asset], holder: str, block: int) -> list[int]:
        """What somebody holds of each outside the pool."""
        calls = [Call(a.token, BALANCE_OF, (holder,)) for a in assets]
        return [
            0 if isinstance(answer, RpcError) else answer[0]
            for answer in self.rpc.try_read(calls, block=block)
        ]

    def _describe(self, block: int) -> list[tuple[str, str, int]]:
        """Token, symbol and decimals of every reserve."""
        ((count,),) = self.rpc.read([Call(self.pool, RESERVE_COUNT)], block=block)
        words = self.rpc.read(
            [Call(self.pool, RESERVE_WORDS, (i,)) for i in range(count)], block=block
        )
        tokens = [
            to_checksum_address((word[3] & (1 << 160) - 1).to_bytes(20, "big")) for word in words
        ]
        symbols = read_symbols(self.rpc, tokens, block=block)
        decimals = self.rpc.read([Call(t, DECIMALS) for t in tokens], block=block)
        return [(t, s, d) for t, s, (d,) in zip(tokens, symbols, decimals, strict=True)]

    def _require_quotes(self, block: int) -> None:
        (answer,) = self.quotes([Question(LENT, 0, 0, 1)], block)
        if not isinstance(answer, RpcError):
            return
        if answer.code is None:
            raise answer
        raise KeeperError(
            f"The node at {self.rpc.host} lends no code to a call ({str(answer).rstrip('.')}): name "
            "a QuoteLens on the chain, --quote-lens 0x..., or take a node that does."
        )


@dataclass(frozen=True)
class Head:
    """A block, as far as a keeper looks at it."""

    number: int
    hash: str
    base_fee: int | None

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> Head:
        """From what a node answers."""
        fee = header.get("baseFeePerGas")
        return cls(int(header["number"], 16), header["hash"], int(fee, 16) if fee else None)


class Errors:
    """Names of errors, by their selectors."""

    def __init__(self) -> None:
        self._names = error_names(*KINDS, "FlashLiquidator", "UniswapV3Venue")

    def name(self, data: Any) -> str:
        """The error's name in revert data, of bytes or hex."""
        if isinstance(data, dict):  # some nodes wrap it
            data = data.get("data")
        if isinstance(data, str) and data.startswith("0x"):
            data = bytes.fromhex(data[2:])
        if not isinstance(data, bytes) or len(data) < 4:
            return "no reason given"
        return self._names.get(data[:4], f"0x{data[:4].hex()}")

    def of(self, error: RpcError) -> str:
        """Why a node says that a call reverts."""
        name = self.name(error.data)
        return name if name != "no reason given" else str(error).rstrip(".")


def as_address(text: str, what: str) -> str:
    """Checksummed. Raises `KeeperError` when it is none."""
    if not is_address(text):
        raise KeeperError(f"{text!r} is no address: {what} is 0x and 40 hexadecimal digits.")
    return to_checksum_address(text)


def code_at(rpc: Rpc, addresses: Iterable[str]) -> list[bytes]:
    """What lives there."""
    codes = rpc.batch([("eth_getCode", (a, "latest")) for a in addresses])
    return [bytes.fromhex(code[2:]) for code in codes]


def is_current(rpc: Rpc, kind: str, address: str) -> bool:
    """Whether the code at an address is this project's; of contracts without immutables."""
    return code_at(rpc, [address]) == [
        bytes(container(kind).contract_type.get_runtime_bytecode() or b"")
    ]


def _require_code(rpc: Rpc, kind: str, address: str | None) -> str | None:
    """A lens whose code is this project's: another one may answer another question."""
    if address is None:
        return None
    address = as_address(address, f"a {kind}")
    if not is_current(rpc, kind, address):
        raise KeeperError(
            f"What lives at {address} is not this project's {kind}: deploy it anew, or leave it out "
            "and the keeper brings its own."
        )
    return address
