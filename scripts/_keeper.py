"""A keeper at work: look at a block, choose, send, and see what came of it.

Every block has the same beats: what was sent is settled, new debtors are found, everybody's health is
read, and for the unhealthy the best calls are sent, the most profitable first. A node that goes away is
waited for; what is lost to somebody faster is a line in the log and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode

from scripts._chain import Chain
from scripts._keeper_offers import (
    FLASH,
    WRITE,
    Case,
    Flash,
    Offer,
    OwnTokens,
    Prices,
    cases,
    write_offs,
)
from scripts._keeper_state import Item, Sent, State
from scripts._keeper_watch import (
    REORG_BLOCKS,
    Asset,
    Errors,
    Head,
    Health,
    KeeperError,
    Watch,
)
from scripts._replay import APPROVE, LIQUIDATE_DATA, LIQUIDATE_EVENT, WRITE_OFF_EVENT
from sims.exact import WAD, div_up, mul_down
from sims.fork.rpc import Call, Function, Progress, RpcError
from sims.fork.weir import topic

ALLOWANCE = Function("allowance(address,address)", ("uint256",))
JOB_DONE = topic("JobDone(address,address,uint256,uint256,uint256)")

POLL_S = 0.25
PAUSES_S = (1.0, 30.0)
"""Between two attempts to reach a node: at first, and at most."""
STRIKES = 10
"""So often in a row a node may answer with an error."""
SETTLE_S = 120.0
"""How long the end waits for what was sent."""
REST_BLOCKS = 5
"""An account on which a transaction failed is left alone for so long."""
CONFIRMATIONS = 2
PATIENCE_BLOCKS = 3
"""How long a node may not know a transaction that was sent: another one may."""
ROOM = (13, 10)
"""Gas that is allowed, over what was estimated."""


@dataclass(frozen=True)
class Look:
    """What a block shows."""

    head: Head
    prices: Prices
    debtors: int
    unhealthy: tuple[Health, ...]
    offers: tuple[Offer, ...]
    write_offs: tuple[Offer, ...]
    """Of accounts that no offer is for."""
    seconds: float
    """To read everybody's health."""


@dataclass
class Earned:
    """What became of what was sent in this run."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    approvals: int = 0
    """What the gas of approvals cost, in the base currency and WAD."""

    @property
    def done(self) -> list[dict[str, Any]]:
        """Of it, what went through."""
        return [row for row in self.rows if row["status"] == "done"]

    @property
    def net(self) -> int:
        """All in all."""
        return sum(int(row["net_value"]) for row in self.rows) - self.approvals


@dataclass(frozen=True)
class Settings:
    """What a user decides.

    Attributes
    ----------
    min_profit : in the base currency, WAD.
    native : price of the chain's currency with its decimals; None takes that of the gas token.
    gas_token : id of the reserve that is the chain's currency, wrapped.
    write_offs : whether to pay for what earns nothing.
    """

    min_profit: int = 0
    native: tuple[int, int] | None = None
    gas_token: int | None = None
    write_offs: bool = False


class Keeper:
    """One pool, one payer, one state."""

    def __init__(
        self,
        chain: Chain,
        watch: Watch,
        state: State,
        payer: OwnTokens | Flash,
        *,
        settings: Settings,
        account: Any = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self.chain, self.watch, self.state = chain, watch, state
        self.payer, self.settings, self.account, self.say = payer, settings, account, say
        self.rpc = chain.rpc
        self.earned = Earned()
        self.errors = Errors()
        self.latest: Look | None = None
        """What the last block showed."""
        self._in_flight = False
        self._resting: dict[str, int] = {}
        self._told: set[str] = set()

    # -------------------------------------------------------------------------- the loop

    def run(self, *, once: bool = False, blocks: int | None = None) -> None:
        """Works until enough blocks are seen; without a number until it is interrupted."""
        seen, last, strikes = 0, "", 0
        pause = None
        while True:
            try:
                head = self.watch.head()
                if head.hash == last:
                    time.sleep(POLL_S)
                    continue
                sent = self.round(head)
            except RpcError as error:
                strikes += error.code is not None
                if once or strikes == STRIKES:
                    raise
                if pause is None:
                    self.say(f"{error} The keeper goes on trying.")
                pause = PAUSES_S[0] if pause is None else min(2 * pause, PAUSES_S[1])
                time.sleep(pause)
                continue
            if pause is not None:
                self.say(f"The node answers again, at block {head.number:,}.")
            last, pause, strikes, seen = head.hash, None, 0, seen + 1
            # On a chain of our own nobody else makes blocks.
            idle = not sent and not self.state.sent
            if once or seen == blocks or (self.chain.is_own and idle):
                break
        self.finish()

    def round(self, head: Head) -> int:
        """One block; returns how many transactions were sent."""
        self._settle(head)
        self.latest = look = self.look(head)
        self.state.save()
        self._tell(look)
        offers = [*look.offers, *(look.write_offs if self.settings.write_offs else ())]
        free = [o for o in offers if o.account not in self._busy(head)]
        return self._send(look, free) if free else 0

    def finish(self, limit_s: float | None = None) -> None:
        """Waits a while for what was sent."""
        deadline = time.monotonic() + (SETTLE_S if limit_s is None else limit_s)
        while self.state.sent:
            self._settle(self.watch.head())
            if not self.state.sent or time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        if self.state.sent:
            self.say(
                f"{len(self.state.sent)} transactions are in no block yet: the next run looks for them."
            )

    # -------------------------------------------------------------------------- looking

    def look(self, head: Head, *, progress: Progress | None = None) -> Look:
        """Everybody's health at a block, and the best that can be done about it."""
        self._find_debtors(head, progress)
        accounts = sorted(self.state.debtors)
        start = time.perf_counter()
        healths = self.watch.healths(accounts, head.number, progress=progress)
        seconds = time.perf_counter() - start
        unhealthy = [h for h in healths if h.is_unhealthy and h.account != self._payer]
        since = self.state.since
        self.state.since = {
            h.account: min(since.get(h.account, head.number), head.number) for h in unhealthy
        }
        prices = self._prices(head)
        positions = self.watch.positions([h.account for h in unhealthy], head.number)
        some = cases(unhealthy, positions)
        offers = self.payer.offers(some, prices, head.number) if some else []
        helped = {offer.account for offer in offers}
        rest: list[Case] = [case for case in some if case.health.account not in helped]
        hopeless = write_offs(rest, self.watch, prices)
        return Look(
            head, prices, len(accounts), tuple(unhealthy), tuple(offers), tuple(hopeless), seconds
        )

    @property
    def _payer(self) -> str | None:
        return None if self.account is None else str(self.account.address)

    def _find_debtors(self, head: Head, progress: Progress | None) -> None:
        state, first = self.state, self.watch.first_block
        if state.scanned is not None:
            first = state.scanned + 1
            if not self.watch.is_there(state.scanned, state.scanned_hash):
                last_sound = min(state.scanned, head.number) - REORG_BLOCKS
                first = max(self.watch.first_block, last_sound)
        state.debtors |= self.watch.debtors(first, head.number, progress=progress)
        state.scanned, state.scanned_hash = head.number, head.hash

    def _prices(self, head: Head) -> Prices:
        assets = self.watch.assets(head.number)
        gas_wei = int(self.rpc.request("eth_gasPrice"), 16)
        return Prices(assets, gas_wei, self._native(assets), self.settings.min_profit)

    def _native(self, assets: Sequence[Asset]) -> tuple[int, int]:
        if self.settings.native is not None:
            return self.settings.native
        assert self.settings.gas_token is not None
        token = assets[self.settings.gas_token]
        if token.price == 0:
            raise KeeperError(
                f"{token.symbol} has no price, in which gas is reckoned: give one, --native-price."
            )
        return token.price, token.price_decimals

    def _tell(self, look: Look) -> None:
        new = {h.account for h in look.unhealthy} - self._told
        self._told = {h.account for h in look.unhealthy}
        if not new:
            return
        text = f"Block {look.head.number:,}: {len(look.unhealthy):,} of {look.debtors:,} unhealthy"
        text += f", {len(look.offers):,} worth a call"
        if look.write_offs:
            text += f", {len(look.write_offs):,} only to be written off"
            text += "" if self.settings.write_offs else " (--write-offs pays for that)"
        self.say(text + ".")

    # -------------------------------------------------------------------------- sending

    def _busy(self, head: Head) -> set[str]:
        """On whom something is under way, or failed a moment ago."""
        waiting = {item.account for sent in self.state.sent for item in sent.items}
        return waiting | {a for a, until in self._resting.items() if until > head.number}

    def _send(self, look: Look, offers: Sequence[Offer]) -> int:
        """Sends what is still good; returns how many transactions that were."""
        if isinstance(self.payer, OwnTokens):
            # What is under way uses the same tokens and allowances.
            if self._in_flight or not self._approve(look, offers):
                return 0
            calls = [
                (self.watch.pool, self.payer.call(offer, self.account.address), [offer], None)
                for offer in offers
            ]
        else:
            flash = self.payer
            calls = [
                (flash.liquidator, flash.call(group[0]), group, None)
                if len(group) == 1
                else (flash.liquidator, flash.call_many(group), group, flash.gas_limit(len(group)))
                for group in flash.groups(offers, look.head.number)
            ]
        nonce, count = self._next_nonce(), 0
        for to, data, group, gas in calls:
            try:
                gas = gas or self._gas(to, data)
            except RpcError as error:
                if error.code is None:
                    raise
                self._refused(group, self.errors.of(error), look.head)
                continue
            items = tuple(self._item(offer) for offer in group)
            if self._submit(to, data, gas=gas, nonce=nonce + count, items=items, look=look):
                count += 1
            else:
                self._rest(group, look.head)
        return count

    def _item(self, offer: Offer) -> Item:
        return Item(
            offer.account,
            offer.kind,
            None if offer.debt is None else offer.debt.id,
            None if offer.collateral is None else offer.collateral.id,
            offer.as_shares,
            self.state.since[offer.account],
        )

    def _approve(self, look: Look, offers: Sequence[Offer]) -> bool:
        """Allows the pool exactly what the offers need; False when that is not in a block yet."""
        needed: dict[str, int] = {}
        for offer in offers:
            if offer.debt is not None:
                token = offer.debt.token
                needed[token] = needed.get(token, 0) + offer.max_repay
        owner, pool = self.account.address, self.watch.pool
        answers = self.rpc.read(
            [Call(token, ALLOWANCE, (owner, pool)) for token in needed], block=look.head.number
        )
        steps = []
        for (token, amount), (allowed,) in zip(needed.items(), answers, strict=True):
            if allowed < amount:
                # Some tokens change an allowance only from or to nothing.
                steps += [(token, 0)] if allowed else []
                steps.append((token, amount))
        nonce = self._next_nonce() if steps else 0
        for token, amount in steps:
            data = APPROVE.encode(pool, amount)
            nonce += self._submit(token, data, gas=100_000, nonce=nonce, items=(), look=look)
        deadline = time.monotonic() + SETTLE_S
        while steps and time.monotonic() < deadline:
            hashes = [sent.tx for sent in self.state.sent if not sent.items]
            if None not in self.rpc.batch([("eth_getTransactionReceipt", (h,)) for h in hashes]):
                return True
            time.sleep(POLL_S)
        return not steps

    def _gas(self, to: str, data: str) -> int:
        """What a call may use; raises `RpcError` when it would revert."""
        call = {"from": self.account.address, "to": to, "data": data}
        self.rpc.request("eth_call", call, "latest")
        return int(self.rpc.request("eth_estimateGas", call), 16) * ROOM[0] // ROOM[1]

    def _next_nonce(self) -> int:
        return int(self.rpc.request("eth_getTransactionCount", self.account.address, "pending"), 16)

    def _submit(
        self, to: str, data: str, *, gas: int, nonce: int, items: tuple[Item, ...], look: Look
    ) -> bool:
        """Signs, notes and sends; False when the node does not take it."""
        fees: dict[str, int] = {"gas_price": look.prices.gas_wei}
        base = look.head.base_fee
        if base is not None:
            tip = max(look.prices.gas_wei - base, 0)
            fees = {"max_priority_fee": tip, "max_fee": 2 * base + tip}
        transaction = self.chain.provider.network.ecosystem.create_transaction(
            sender=self.account.address,
            to=to,
            data=bytes.fromhex(data[2:]),
            gas=gas,
            nonce=nonce,
            chainId=self.chain.chain_id,
            value=0,
            required_confirmations=0,
            **fees,
        )
        signed = self.account.sign_transaction(transaction)
        if signed is None:
            raise KeeperError("A transaction was not signed: run the command again.")
        sent = Sent(
            signed.txn_hash.to_0x_hex(), nonce, self.account.address, look.head.number, items
        )
        self.state.sent.append(sent)
        self.state.save()
        raw = "0x" + bytes(signed.serialize_transaction()).hex()
        try:
            self.rpc.request("eth_sendRawTransaction", raw)
        except RpcError as error:
            if error.code is None:  # it may have arrived
                raise
            self.state.sent.remove(sent)
            self.state.save()
            self.say(f"{error}")
            return False
        return True

    def _refused(self, group: Sequence[Offer], why: str, head: Head) -> None:
        self._rest(group, head)
        for offer in group:
            self.say(f"{offer.account}: not sent, it would fail with {why}.")

    def _rest(self, group: Sequence[Offer], head: Head) -> None:
        until = head.number + REST_BLOCKS
        self._resting |= {offer.account: until for offer in group}

    # -------------------------------------------------------------------------- settling

    def _settle(self, head: Head) -> None:
        """Sees what became of what was sent."""
        pending = list(self.state.sent)
        self._in_flight = False
        if not pending:
            return
        receipts = self.rpc.batch([("eth_getTransactionReceipt", (s.tx,)) for s in pending])
        left = []
        for sent, receipt in zip(pending, receipts, strict=True):
            # What was earned counts once it will stay; the call after an approval need not wait.
            wait = CONFIRMATIONS if sent.items and not self.chain.is_development else 0
            if receipt is not None and head.number - int(receipt["blockNumber"], 16) >= wait:
                self._record(sent, receipt)
            elif receipt is not None:
                left.append(sent)
            elif self._may_come(sent, head):
                left.append(sent)
                self._in_flight = True
        self.state.sent = left
        self.state.save()

    def _may_come(self, sent: Sent, head: Head) -> bool:
        """Whether a transaction without a receipt can still get into a block."""
        if self.rpc.request("eth_getTransactionByHash", sent.tx) is not None:
            return True
        patience = 0 if self.chain.is_development else PATIENCE_BLOCKS
        if head.number - sent.block < patience:
            return True
        # Its nonce is used by another, or by the next one we send: it is that or this.
        self.say(f"Transaction {sent.tx} never came into a block: the keeper looks anew.")
        return False

    def _record(self, sent: Sent, receipt: dict[str, Any]) -> None:
        block = int(receipt["blockNumber"], 16)
        gas = int(receipt["gasUsed"], 16)
        price = int(receipt.get("effectiveGasPrice") or "0x0", 16)
        assets = self._assets_at(block)
        prices = Prices(assets, price, self._native(assets), 0)
        if not sent.items:
            self.earned.approvals += prices.gas_value(gas)
            return
        succeeded = int(receipt["status"], 16) == 1
        share, rest = divmod(gas, len(sent.items))
        rows = []
        for i, item in enumerate(sent.items):
            did = _did(item, receipt["logs"], assets) if succeeded else None
            if did is None:
                self._resting[item.account] = block + REST_BLOCKS
            used = share + (rest if i == 0 else 0)
            rows.append(self._row(sent, item, did, prices, block=block, gas=used))
        self.state.log(rows)
        self.earned.rows += rows
        for row in rows:
            self.say(_sentence(row))

    def _assets_at(self, block: int) -> list[Asset]:
        try:
            return self.watch.assets(block)
        except RpcError as error:
            if error.code is None:
                raise
            # The node has forgotten that state: the prices of now are the next best.
            return self.watch.assets(self.watch.head().number)

    def _row(
        self,
        sent: Sent,
        item: Item,
        did: _Did | None,
        prices: Prices,
        *,
        block: int,
        gas: int,
    ) -> dict[str, Any]:
        """A line of the log; amounts and values are decimal text, because they do not fit 64 bits."""
        gas_value = prices.gas_value(gas)
        debt = None if item.debt_id is None else prices.assets[item.debt_id]
        collateral = None if item.collateral_id is None else prices.assets[item.collateral_id]
        gross = 0 if did is None else did.gross
        return {
            "tx": sent.tx,
            "block": block,
            "account": item.account,
            "kind": item.kind,
            "status": "lost" if did is None else "done",
            "debt": debt and debt.symbol,
            "collateral": collateral and collateral.symbol,
            "debt_id": item.debt_id,
            "collateral_id": item.collateral_id,
            "as_shares": item.as_shares,
            "repaid": str(did.repaid if did else 0),
            "received": str(did.received if did else 0),
            "repaid_value": str(did.repaid_value if did else 0),
            "received_value": str(did.received_value if did else 0),
            "bonus_value": str(gross),
            "wrote_off": did is not None and did.wrote_off,
            "gas": gas,
            "gas_value": str(gas_value),
            "net_value": str(gross - gas_value),
            "latency_blocks": block - item.since,
        }


@dataclass(frozen=True)
class _Did:
    """What a receipt says of one account."""

    repaid: int = 0
    received: int = 0
    repaid_value: int = 0
    received_value: int = 0
    gross: int = 0
    wrote_off: bool = False


def _did(item: Item, logs: Sequence[dict[str, Any]], assets: Sequence[Asset]) -> _Did | None:
    """None where nothing was done for the account."""
    about = "0x" + item.account[2:].lower().rjust(64, "0")
    of = {
        kind: [log for log in logs if log["topics"][0] == kind and about in log["topics"]]
        for kind in (LIQUIDATE_EVENT, WRITE_OFF_EVENT, JOB_DONE)
    }
    wrote_off = bool(of[WRITE_OFF_EVENT])
    if item.kind == WRITE:
        return _Did(wrote_off=True) if wrote_off else None
    if not of[LIQUIDATE_EVENT]:
        return None
    _, _, repaid, _, seized, shares, fee, *_, interest, _ = decode(
        LIQUIDATE_DATA, bytes.fromhex(of[LIQUIDATE_EVENT][0]["data"][2:])
    )
    assert item.debt_id is not None
    assert item.collateral_id is not None
    debt, collateral = assets[item.debt_id], assets[item.collateral_id]
    received = assets_received = seized - fee
    if item.as_shares:
        index = (interest & (1 << 88) - 1) or WAD  # idle: one for one
        received = shares - div_up(fee, index)
        assets_received = mul_down(received, index)
    repaid_value, received_value = debt.value_up(repaid), collateral.value_down(assets_received)
    gross = received_value - repaid_value
    if item.kind == FLASH:
        (done,) = of[JOB_DONE]
        *_, profit = decode(["uint256"] * 3, bytes.fromhex(done["data"][2:]))
        gross = debt.value_down(profit)
    return _Did(repaid, received, repaid_value, received_value, gross, wrote_off)


def _sentence(row: dict[str, Any]) -> str:
    """What one line of the log says, for people."""
    where = f"{row['account']}, block {row['block']:,}"
    net = f"{int(row['net_value']) / WAD:+,.2f}"
    if row["status"] == "lost":
        return f"{where}: failed, most likely because somebody was faster ({net})."
    if row["kind"] == WRITE:
        return f"{where}: written off ({net})."
    after = " and the rest written off" if row["wrote_off"] else ""
    return f"{where}: {row['debt']} repaid for {row['collateral']}{after} ({net})."


__all__ = ["Earned", "Keeper", "KeeperError", "Look", "Settings"]
