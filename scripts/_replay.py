"""Replays a path of the cascade on a fork with real transactions, and on the integer twin.

For every step the fork and the twin get the same time and the same prices; then the same
liquidations happen on both, in the same order. What is compared, for each of them, is

    repaid, received, seized, fee, every forfeit, every write-off and every deficit     in raw units

and at the end every word of every reserve and every position of every account. A call that the twin
refuses has to be refused by the contracts with the same error and the same arguments. Then twin and
contracts agree, and the float engine, which made the call, differs from both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from eth_abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from scripts._fill import queue
from sims.cascade import Event, Trace
from sims.exact import MAX, WAD, Pool, Revert
from sims.fork.rpc import Call, Function, Rpc
from sims.fork.weir import ACCOUNT_DATA, BALANCE_OF, POSITIONS, RESERVE_WORDS, topic
from sims.snapshot import Snapshot

LIQUIDATOR = to_checksum_address("0x" + keccak(text="weir replay liquidator").hex()[-40:])
GAS = 8_000_000
GAS_PRICE_WEI = 10**12
FUNDS_TOKENS = 10**11
"""Whole tokens of each asset that the liquidator is given on the fork."""

APPROVE = Function("approve(address,uint256)", ("bool",))
LIQUIDATE = Function("liquidate(address,uint256,uint256,uint256,uint256,address)", ("uint256",) * 2)
WRITE_OFF = Function("writeOff(address)", ())

MODEL_ERROR = 1e-6
"""Floats and integers differ by less: an offer this much larger is cut to what the rule allows."""
CASH_ERROR = 1e-4
"""Where a call takes the last of a reserve's cash, the errors of all calls before it meet in it."""


AT_A_LIMIT = 1e-5
"""Share of the amounts moved within which the engine's rounding, and the offers that `MODEL_ERROR`
makes larger or smaller, may decide otherwise than the contracts."""
FEW_UNITS = 10
"""Raw token units that floats may take for something and the contracts for nothing."""


class ReplayError(RuntimeError):
    """Why a path cannot be replayed, in one sentence."""


@dataclass(frozen=True)
class Amounts:
    """What one call moved, raw units; or the error that refused it."""

    repaid: int = 0
    received: int = 0
    seized: int = 0
    fee: int = 0
    forfeits: tuple[tuple[int, int], ...] = ()
    write_offs: tuple[tuple[int, int, int], ...] = ()
    refused: tuple[Any, ...] | None = None

    def difference(self, other: Amounts) -> int:
        """The largest difference of any amount; `ReplayError` when they are not alike at all."""
        mine, theirs = self._flat(), other._flat()
        if [name for name, _ in mine] != [name for name, _ in theirs]:
            raise ReplayError(f"The twin did {self}, the contracts did {other}: report this.")
        return max((abs(a - b) for (_, a), (_, b) in zip(mine, theirs, strict=True)), default=0)

    def _flat(self) -> list[tuple[str, int]]:
        if self.refused is not None:
            return [(f"refused with {self.refused}", 0)]
        flat = [(n, getattr(self, n)) for n in ("repaid", "received", "seized", "fee")]
        flat += [(f"forfeit of {i}", assets) for i, assets in self.forfeits]
        for i, assets, deficit in self.write_offs:
            flat += [(f"write-off of {i}", assets), (f"deficit of {i}", deficit)]
        return flat


@dataclass(frozen=True)
class Row:
    """One liquidation of the cascade and what became of it on the twin and on the chain."""

    path: int
    event: Event
    account: str
    twin: Amounts
    chain: Amounts

    @property
    def difference(self) -> int:
        """Twin against contracts, raw units."""
        return self.twin.difference(self.chain)

    @property
    def error(self) -> str | None:
        """The name of the error with which the contracts refused what the float engine did."""
        return None if self.chain.refused is None else str(self.chain.refused[0])


def refused_at_limit(row: Row, snapshot: Snapshot) -> bool:
    """Whether a refusal can come from rounding: a limit that the call misses by almost nothing.

    Any other refusal is a difference between the float engine and the contracts, and so is what
    follows from one.
    """
    event, terms = row.event, snapshot.liquidation_terms
    near = AT_A_LIMIT * WAD
    match row.chain.refused:
        case ("Healthy", _, int(health)):
            return health <= WAD + near
        case ("ZeroAmount",):
            return event.repaid * 10 ** snapshot.reserves[event.debt_reserve].decimals < FEW_UNITS
        case ("LeavesDust", int(debt_left), int(collateral_left)):
            # The engine left nothing on one side, or the dust at least on both.
            sides = ((debt_left, event.repaid_usd), (collateral_left, event.seized_usd))
            return any(left <= near * moved for left, moved in sides) or all(
                left >= terms.dust - near * moved for left, moved in sides
            )
        case ("NotBadDebt", _, int(collateral), int(debt)):
            most = min(terms.write_off_below, debt)
            return collateral <= most * (1 + AT_A_LIMIT)
        case _:
            return False


@dataclass(frozen=True)
class Replayed:
    """One path: its rows, and the largest difference found in rows and final state."""

    path: int
    rows: tuple[Row, ...]
    difference: int


@dataclass(frozen=True)
class _Action:
    """A call to send: its data, and what the twin says of it."""

    event: Event
    account: str
    data: str
    twin: Amounts


class Replayer:
    """A fork at the block of a snapshot, ready to live through paths."""

    def __init__(
        self,
        rpc: Rpc,
        snapshot: Snapshot,
        *,
        feed_code: str,
        errors: Sequence[dict[str, Any]],
    ) -> None:
        """`feed_code` is MockFeed's runtime code, `errors` the pool's errors as in its ABI."""
        self.rpc, self.snapshot = rpc, snapshot
        self.pool = snapshot.origin.pool
        self.errors = {_selector(e["name"], e["inputs"]): e for e in errors}
        self._prepare(feed_code)

    # ------------------------------------------------------------------ one path

    def replay(
        self,
        path: int,
        trace: Trace,
        *,
        dt_s: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> Replayed:
        """Lives through a path and goes back to the snapshot's block."""
        twin = Pool.from_snapshot(self.snapshot)
        start = int(self.rpc.block()["timestamp"], 16) + 1
        rows: list[Row] = []
        with self._undone():
            for step, events in _by_step(trace.events):
                answers = self._answers(trace.oracle_price_usd[step])
                twin.now = start + step * dt_s
                self._set_prices(twin, answers)
                actions = [self._action(twin, event) for event in events]
                chain = self._mine(twin.now, [a.data for a in actions])
                rows += [
                    Row(path, a.event, a.account, a.twin, did)
                    for a, did in zip(actions, chain, strict=True)
                ]
                if progress is not None:
                    progress(len(rows), len(trace.events))
            state = self._compare_state(twin, {row.account for row in rows})
        difference = max([row.difference for row in rows] + [state])
        return Replayed(path, tuple(rows), difference)

    def _action(self, twin: Pool, event: Event) -> _Action:
        account = self.snapshot.accounts[event.account]
        if event.collateral_reserve < 0:
            return _Action(event, account, WRITE_OFF.encode(account), _written_off(twin, account))
        d, c = event.debt_reserve, event.collateral_reserve
        scale = 10 ** self.snapshot.reserves[d].decimals
        # As much as the rule allows, or a little less where cash bound the liquidator.
        errors = (MODEL_ERROR, -MODEL_ERROR, -CASH_ERROR)
        offers = [int(event.repaid * scale * (1 + error)) for error in errors]
        for offer in offers:
            did = _liquidated(twin, account, d, c, offer)
            if did.refused is None or did.refused[0] != "InsufficientCash":
                break
        data = LIQUIDATE.encode(account, d, c, offer, 0, LIQUIDATOR)
        return _Action(event, account, data, did)

    # ------------------------------------------------------------------ the fork

    def _prepare(self, feed_code: str) -> None:
        """Feeds that say what they are told, and a liquidator with funds of every asset."""
        self.rpc.request("anvil_impersonateAccount", LIQUIDATOR)
        self.rpc.request("anvil_setBalance", LIQUIDATOR, hex(10**24))
        self.rpc.request("evm_setBlockGasLimit", hex(GAS * 1_000))
        for reserve in self.snapshot.reserves:
            self.rpc.request("anvil_setCode", reserve.feed, feed_code)
            funds = FUNDS_TOKENS * 10**reserve.decimals
            self.rpc.request("anvil_dealERC20", LIQUIDATOR, reserve.token, hex(funds))
        self.rpc.request("anvil_setAutomine", False)
        approvals = [
            (r.token, APPROVE.encode(to_checksum_address(self.pool), MAX))
            for r in self.snapshot.reserves
        ]
        now = int(self.rpc.block()["timestamp"], 16)
        for receipt in self._send(now + 1, approvals):
            if int(receipt["status"], 16) != 1:
                raise ReplayError(f"Token {receipt['to']} refused an approval on the fork.")
        self._fetch()

    def _fetch(self) -> None:
        """Lets the fork read every account from its upstream now, many at a time.

        Otherwise it does so one word after another in the middle of a block.
        """
        block = int(self.rpc.request("eth_blockNumber"), 16)
        accounts = self.snapshot.accounts
        self.rpc.read([Call(self.pool, ACCOUNT_DATA, (a,)) for a in accounts], block=block)

    @contextmanager
    def _undone(self) -> Iterator[None]:
        snapshot = self.rpc.request("evm_snapshot")
        try:
            yield
        finally:
            self.rpc.request("evm_revert", snapshot)

    def _answers(self, prices_usd: Any) -> list[int]:
        """Feeds' answers; reserves that share a feed share the first one's."""
        by_feed: dict[str, int] = {}
        for reserve, price in zip(self.snapshot.reserves, prices_usd, strict=True):
            by_feed.setdefault(reserve.feed, round(float(price) * 10**reserve.feed_decimals))
        return [by_feed[r.feed] for r in self.snapshot.reserves]

    def _set_prices(self, twin: Pool, answers: Sequence[int]) -> None:
        """`MockFeed` keeps decimals 8 | answer 192 | updatedAt 40 | dead 8 in its first slot."""
        requests: list[tuple[str, Sequence[Any]]] = []
        for reserve, answer in zip(self.snapshot.reserves, answers, strict=True):
            twin.set_price(reserve.id, answer, twin.now)
            word = reserve.feed_decimals | answer << 8 | twin.now << 200
            requests.append(("anvil_setStorageAt", (reserve.feed, _word(0), _word(word))))
        self.rpc.batch(requests)

    def _mine(self, timestamp: int, calls: Sequence[str]) -> list[Amounts]:
        receipts = self._send(timestamp, [(self.pool, data) for data in calls])
        return [self._moved(receipt) for receipt in receipts]

    def _send(self, timestamp: int, calls: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """All calls in one block of the liquidator's, in order; their receipts."""
        hashes = queue(self.rpc, LIQUIDATOR, calls, gas=GAS, price_wei=GAS_PRICE_WEI)
        self.rpc.request("evm_setNextBlockTimestamp", hex(timestamp))
        self.rpc.request("evm_mine")
        receipts = self.rpc.batch([("eth_getTransactionReceipt", (h,)) for h in hashes])
        if None in receipts:
            raise ReplayError("The fork did not mine every liquidation of a step in one block.")
        return list(receipts)

    def _moved(self, receipt: dict[str, Any]) -> Amounts:
        if int(receipt["status"], 16) == 0:
            return Amounts(refused=self._error(receipt["transactionHash"]))
        amounts = Amounts()
        for log in receipt["logs"]:
            if log["address"].lower() != self.pool.lower():
                continue
            ids = [int(topic, 16) for topic in log["topics"][1:]]
            data = bytes.fromhex(log["data"][2:])
            if log["topics"][0] == LIQUIDATE_EVENT:
                _, _, repaid, _, seized, _, fee, *_ = decode(LIQUIDATE_DATA, data)
                amounts = replace(
                    amounts, repaid=repaid, received=seized - fee, seized=seized, fee=fee
                )
            elif log["topics"][0] == FORFEIT_EVENT:
                assets, *_ = decode(["uint256"] * 3, data)
                amounts = replace(amounts, forfeits=(*amounts.forfeits, (ids[0], assets)))
            elif log["topics"][0] == WRITE_OFF_EVENT:
                assets, deficit, *_ = decode(["uint256"] * 4, data)
                amounts = replace(
                    amounts, write_offs=(*amounts.write_offs, (ids[0], assets, deficit))
                )
        return amounts

    def _error(self, transaction: str) -> tuple[Any, ...]:
        traced = self.rpc.request("debug_traceTransaction", transaction, {"tracer": "callTracer"})
        output = bytes.fromhex(traced.get("output", "0x")[2:])
        error = self.errors.get(output[:4])
        if error is None:
            return ("unknown error", "0x" + output.hex())
        return (error["name"], *decode([i["type"] for i in error["inputs"]], output[4:]))

    # ------------------------------------------------------------------ the end

    def _compare_state(self, twin: Pool, accounts: set[str]) -> int:
        """The largest difference of any word, balance or position; those not stored are alike."""
        block = int(self.rpc.request("eth_blockNumber"), 16)
        words = self.rpc.read(
            [Call(self.pool, RESERVE_WORDS, (r.id,)) for r in self.snapshot.reserves], block=block
        )
        balances = self.rpc.read(
            [Call(r.token, BALANCE_OF, (self.pool,)) for r in self.snapshot.reserves], block=block
        )
        worst = 0
        for reserve, (index, totals, _, token, _, _, _, idle_cap, *_), (balance,) in zip(
            twin.reserves, words, balances, strict=True
        ):
            mask = 2**112 - 1
            pairs = [
                (index & 2**88 - 1, reserve.supply_index),
                (index >> 88 & 2**88 - 1, reserve.debt_index),
                (index >> 176 & 2**32 - 1, reserve.timestamp),
                (totals & mask, reserve.supply_shares),
                (totals >> 112 & mask, reserve.debt_shares),
                (balance, reserve.balance),
                (token >> 255, int(reserve.frozen)),
                (idle_cap - (token >> 160 & 2**93 - 1), reserve.idle),
            ]
            worst = max([worst] + [abs(a - b) for a, b in pairs])
        ordered = sorted(accounts)
        held = self.rpc.read([Call(self.pool, POSITIONS, (a,)) for a in ordered], block=block)
        for account, (rows,) in zip(ordered, held, strict=True):
            chain = {row[0]: row[1:] for row in rows}
            model = {
                p.id: (p.supply_shares, p.debt_shares, p.collateral, p.idle)
                for p in twin.positions(account)
            }
            none = (0, 0, False, False)
            for id_ in chain.keys() | model.keys():
                for a, b in zip(chain.get(id_, none), model.get(id_, none), strict=True):
                    worst = max(worst, abs(a - b))
        return worst


# ------------------------------------------------------------------ the twin's side


def _liquidated(twin: Pool, account: str, debt_id: int, collateral_id: int, offer: int) -> Amounts:
    try:
        did = twin.liquidate(LIQUIDATOR, account, debt_id, collateral_id, offer)
    except Revert as error:
        return _refused(error)
    return Amounts(
        did.repaid, did.received, did.seized, did.fee, tuple(did.forfeits), tuple(did.write_offs)
    )


def _written_off(twin: Pool, account: str) -> Amounts:
    try:
        forfeits, write_offs = twin.write_off(account)
    except Revert as error:
        return _refused(error)
    return Amounts(forfeits=tuple(forfeits), write_offs=tuple(write_offs))


def _refused(error: Revert) -> Amounts:
    arguments = (a.lower() if isinstance(a, str) else a for a in error.arguments)
    return Amounts(refused=(error.name, *arguments))


# ------------------------------------------------------------------ small things


def _by_step(events: Sequence[Event]) -> Iterator[tuple[int, list[Event]]]:
    for step in sorted({e.step for e in events}):
        yield step, [e for e in events if e.step == step]


def _selector(name: str, inputs: Sequence[dict[str, Any]]) -> bytes:
    return bytes(keccak(text=f"{name}({','.join(i['type'] for i in inputs)})")[:4])


def _word(value: int) -> str:
    return f"0x{value:064x}"


LIQUIDATE_DATA = ("address",) * 2 + ("uint256",) * 9
LIQUIDATE_EVENT = topic(f"Liquidate(address,uint256,uint256,{','.join(LIQUIDATE_DATA)})")
FORFEIT_EVENT = topic("Forfeit(uint256,address,uint256,uint256,uint256)")
WRITE_OFF_EVENT = topic("WriteOff(uint256,address,uint256,uint256,uint256,uint256)")
