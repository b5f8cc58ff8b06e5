"""Deploys a market file, step by step, so that an interruption costs nothing and nothing is sent twice.

A plan is a list of steps, each a contract to create or a function to call. Before a step is sent its
intent is in the journal with the transaction's hash; a later run of the same command skips what the
chain confirms, refuses what has changed since, and goes on with the rest. At the end every parameter
is read back from the chain and compared with the file.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts._build import STALE, is_fresh
from scripts._chain import Chain, first_line, node_errors
from scripts._journal import Journal, JournalError, differences
from sims.fork.rpc import Call, RpcError
from sims.fork.weir import BALANCE_OF, DECIMALS, LATEST_ROUND_DATA, read_symbols
from sims.market import MAX_IDLE_RAW, Category, Market, Reserve, plain

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "scripts" / "_deployments"
PASSING_RECORDS = ROOT / ".build" / "deployments"
"""For chains that are gone tomorrow."""

SCHEMA = 1
RECORDED = ("market", "chain_id", "block")
"""What every record says beside its pool."""
NO_CAP = 2**256 - 1
ADMIN_ROLE = 0
ZERO = "0x" + "00" * 20
CALL_GAS = 600_000
"""More than any call of a plan takes; only the check of funds uses it."""
PRICE_BAND = 2
"""A feed that is further off the file's price, by this factor, answers in another unit or of another
asset, or the file is old."""


class DeployError(RuntimeError):
    """Why a market cannot be deployed, in one sentence."""


@dataclass(frozen=True)
class Step:
    """One transaction.

    Attributes
    ----------
    key : its name in the journal.
    what, detail : for people, in human units.
    target : the contract type to create, or the key of the address to call.
    arguments : from the addresses known by then.
    method : the function to call; None creates a contract.
    kind : contract type of the target of a call.
    """

    key: str
    what: str
    detail: str
    target: str
    arguments: Callable[[Mapping[str, str]], Sequence[Any]]
    method: str | None = None
    kind: str = ""


@dataclass(frozen=True)
class Result:
    """A step that is in a block."""

    tx: str
    block: int
    address: str | None
    encoded: str


@dataclass(frozen=True)
class Deployed:
    """A market on a chain."""

    market: Market
    chain: Chain
    addresses: Mapping[str, str]
    results: Mapping[str, Result] = field(repr=False)

    @property
    def pool(self) -> str:
        """The pool's address."""
        return self.addresses["pool"]

    def token(self, symbol: str) -> str:
        """The address of a reserve's token."""
        return self.addresses[f"token {symbol}"]

    def feed(self, symbol: str) -> str:
        """The address of a reserve's feed."""
        return self.addresses[f"feed {symbol}"]


# ------------------------------------------------------------------------------------------ plan


def make_plan(market: Market, *, deployer: str, mocks: bool) -> list[Step]:
    """Everything that has to be sent, in order; the order of the reserves is their id."""
    health = market.liquidation
    steps = [
        _create("authority", "Authority", f"admin {deployer}", lambda _: [deployer]),
        _create("configurator", "Configurator", "authority", lambda a: [a["authority"]]),
        _create("pool", "Pool", "configurator", lambda a: [a["configurator"]]),
        Step(
            key="liquidation terms",
            what="set liquidation terms",
            detail=f"target health {plain(health.target_health)}, everything below "
            f"{plain(health.full_liquidation_health)}, dust {health.dust} {market.base_currency}, "
            f"written off below {health.write_off_below} {market.base_currency}",
            target="configurator",
            kind="Configurator",
            method="setLiquidationTerms",
            arguments=lambda a: [
                a["pool"],
                health.target_health_bps,
                health.full_liquidation_health_bps,
                health.dust,
                health.write_off_below,
                ZERO,
            ],
        ),
    ]
    for symbol, reserve in market.reserves.items():
        if mocks:
            steps += _mock_steps(symbol, reserve, deployer)
        steps += _listing_steps(symbol, reserve)
    steps += [
        _category_step(number, name, category, market)
        for number, (name, category) in enumerate(market.categories.items(), start=1)
    ]
    return steps


def _create(
    key: str, kind: str, detail: str, arguments: Callable[[Mapping[str, str]], Sequence[Any]]
) -> Step:
    return Step(key, f"deploy {kind}", detail, kind, arguments)


def _mock_steps(symbol: str, r: Reserve, deployer: str) -> list[Step]:
    return [
        _create(
            f"token {symbol}",
            "MockToken",
            f"{symbol}, {r.decimals} decimals",
            lambda _: [f"{symbol} (mock)", symbol, r.decimals],
        ),
        _create(
            f"feed {symbol}",
            "MockFeed",
            f"{plain(r.price)}, {r.feed.decimals} decimals",
            lambda _: [r.feed.decimals, r.price_raw],
        ),
        Step(
            key=f"mint {symbol}",
            what=f"mint {symbol}",
            detail=f"{plain(r.seed)} {symbol} to the deployer",
            target=f"token {symbol}",
            kind="MockToken",
            method="mint",
            arguments=lambda _: [deployer, r.seed_raw],
        ),
    ]


def _listing_steps(symbol: str, r: Reserve) -> list[Step]:
    return [
        Step(
            key=f"approve {symbol}",
            what=f"approve {symbol}",
            detail=f"{plain(r.seed)} {symbol} to the configurator",
            target=f"token {symbol}",
            kind="MockToken",
            method="approve",
            arguments=lambda a: [a["configurator"], r.seed_raw],
        ),
        Step(
            key=_listing_key(symbol),
            what=f"list {symbol}",
            detail=_in_words(symbol, r),
            target="configurator",
            kind="Configurator",
            method="listReserve",
            arguments=lambda a: [
                a["pool"],
                a[f"token {symbol}"],
                reserve_parameters(r, a[f"feed {symbol}"]),
                r.seed_raw,
            ],
        ),
    ]


def _listing_key(symbol: str) -> str:
    return f"list {symbol}"


def _category_step(number: int, name: str, c: Category, market: Market) -> Step:
    return Step(
        key=f"category {number}",
        what=f"set category {number}",
        detail=f"{name}: {_terms_in_words(c)}, collateral {', '.join(c.collaterals)}, "
        f"lends {', '.join(c.borrowables) or 'nothing'}"
        f"{', no other collateral counts' if c.isolated else ''}",
        target="configurator",
        kind="Configurator",
        method="setCategory",
        arguments=lambda a: [a["pool"], number, category_parameters(c, market), 0],
    )


def _share(value: Any) -> str:
    return f"{plain(value * 100)} %"


def _terms_in_words(terms: Reserve | Category) -> str:
    return (
        f"LTV {_share(terms.ltv)}, threshold {_share(terms.liquidation_threshold)}, bonus "
        f"{_share(terms.liquidation_bonus.floor)} to {_share(terms.liquidation_bonus.cap)}"
    )


def _in_words(symbol: str, r: Reserve) -> str:
    cap = "no cap" if r.supply_cap is None else f"cap {plain(r.supply_cap)}"
    borrowing = "no borrow cap" if r.borrow_cap is None else f"borrow cap {plain(r.borrow_cap)}"
    if not r.borrowable:
        borrowing = "not borrowable"
    if r.min_debt:
        borrowing += f", least debt {plain(r.min_debt)}"
    idle = "" if r.idle_cap is None else f", idle cap {plain(r.idle_cap)}"
    return (
        f"{_terms_in_words(r)}, fee {_share(r.liquidation_fee)}, "
        f"reserve factor {_share(r.reserve_factor)}, "
        f"{cap}{idle}, {borrowing}, seed {plain(r.seed)} {symbol}"
    )


def reserve_parameters(r: Reserve, feed: str) -> tuple[Any, ...]:
    """`ReserveParameters` of IConfigurator."""
    return (
        feed,
        r.feed.max_age_s,
        r.ltv_bps,
        r.liquidation_threshold_bps,
        r.liquidation_bonus.floor_bps,
        r.liquidation_bonus.cap_bps,
        r.liquidation_fee_percent,
        r.reserve_factor_percent,
        r.rates.stored,
        ZERO,
        *(_cap(raw) for raw in (r.supply_cap_raw, r.borrow_cap_raw, r.idle_cap_raw)),
        r.min_debt_raw,
        r.borrowable,
    )


def _cap(raw: int | None) -> int:
    return NO_CAP if raw is None else raw


def category_parameters(c: Category, market: Market) -> tuple[Any, ...]:
    """`CategoryParameters` of IConfigurator."""
    return (
        market.bitmap(c.collaterals),
        market.bitmap(c.borrowables),
        c.ltv_bps,
        c.liquidation_threshold_bps,
        c.liquidation_bonus.floor_bps,
        c.liquidation_bonus.cap_bps,
        c.isolated,
    )


# ------------------------------------------------------------------------------------------ checks


def require_deployable(market: Market, chain: Chain, *, mocks: bool) -> None:
    """Refuses, before anything is sent, what could only fail later."""
    if mocks and chain.has_real_money:
        raise DeployError(
            f"Mock tokens have no place on {chain.name} (chain {chain.chain_id}): use a test "
            "network, a fork or a local chain, or leave --mocks out."
        )
    # A fork stands for the chain behind it; mocks on a chain of one's own stand for any.
    if market.chain_id != chain.chain_id and (chain.is_fork or not mocks):
        raise DeployError(
            f"{market.name} is a market for chain {market.chain_id} and {chain.name} is "
            f"{'a fork that calls itself ' if chain.is_fork else ''}chain {chain.chain_id}: choose "
            "the network it was written for, or --mocks on a local chain or a test network."
        )
    if mocks:
        return
    missing = [s for s, r in market.reserves.items() if r.feed.address is None]
    if missing:
        raise DeployError(
            f"No feed.address for {', '.join(missing)} in {market.name}: deploy a feed for each and "
            "write its address into the market file."
        )
    addresses = {
        f"the {what} of {symbol}": address
        for symbol, r in market.reserves.items()
        for what, address in (("token", r.address), ("feed", r.feed.address))
    }
    codes = chain.rpc.batch([("eth_getCode", (a, "latest")) for a in addresses.values()])
    for (what, address), code in zip(addresses.items(), codes, strict=True):
        if code == "0x":
            raise DeployError(
                f"There is no contract at {address}, {what}, on {chain.name}: correct the market file."
            )


def require_funds(plan: Sequence[Step], chain: Chain, deployer: str) -> None:
    """Refuses a deployer who cannot pay for the whole plan at the present gas price."""
    price = int(chain.rpc.request("eth_gasPrice"), 16)
    need = price * sum(_gas(step) for step in plan)
    have = int(chain.rpc.request("eth_getBalance", deployer, "latest"), 16)
    if have < need:
        raise DeployError(
            f"The deployer {deployer} has {have / 1e18:.4f} ETH on {chain.name} and the deployment "
            f"may take {need / 1e18:.4f}: fund the account and run the same command again."
        )


def to_list(market: Market, plan: Sequence[Step]) -> dict[str, Reserve]:
    """The reserves that a plan, or what is left of one, opens."""
    keys = {step.key for step in plan}
    return {s: r for s, r in market.reserves.items() if _listing_key(s) in keys}


def require_as_described(reserves: Mapping[str, Reserve], chain: Chain) -> None:
    """Refuses tokens and feeds that are others than the market file says; what is wrong here would be
    found, if at all, when everything is on the chain."""
    head = chain.rpc.block()
    block, now = int(head["number"], 16), int(head["timestamp"], 16)
    tokens = [r.address for r in reserves.values()]
    feeds = [r.feed.address or ZERO for r in reserves.values()]
    calls = {
        "decimals": [Call(t, DECIMALS) for t in tokens],
        "feed decimals": [Call(f, DECIMALS) for f in feeds],
        "round": [Call(f, LATEST_ROUND_DATA) for f in feeds],
    }
    told = {what: chain.rpc.try_read(asked, block=block) for what, asked in calls.items()}
    symbols = read_symbols(chain.rpc, tokens, block=block)
    wrong: list[str] = []
    for i, (symbol, r) in enumerate(reserves.items()):
        decimals, feed_decimals, answer = (told[what][i] for what in calls)
        if symbols[i] != symbol:
            wrong.append(f"the token of {symbol} calls itself {symbols[i]}")
        if isinstance(decimals, RpcError) or decimals[0] != r.decimals:
            wrong.append(f"the token of {symbol} has {_said(decimals)} decimals, not {r.decimals}")
        if isinstance(feed_decimals, RpcError) or feed_decimals[0] != r.feed.decimals:
            said = _said(feed_decimals)
            wrong.append(f"the feed of {symbol} has {said} decimals, not {r.feed.decimals}")
        elif isinstance(answer, RpcError) or not 0 <= now - answer[3] <= r.feed.max_age_s:
            wrong.append(f"the feed of {symbol} gives no fresh price")
        elif not r.price_raw <= answer[1] * PRICE_BAND <= r.price_raw * PRICE_BAND**2:
            price = plain(Decimal(answer[1]).scaleb(-r.feed.decimals))
            wrong.append(f"the feed of {symbol} says {price}, the file {plain(r.price)}")
    if wrong:
        raise DeployError(f"{chain.name} is not what the market file says: {'; '.join(wrong)}.")


def _said(answer: tuple[Any, ...] | RpcError) -> Any:
    return "no" if isinstance(answer, RpcError) else answer[0]


def require_seeds(reserves: Mapping[str, Reserve], chain: Chain, deployer: str) -> None:
    """Refuses a deployer without the tokens to open the reserves with; a fork gives them away."""
    for symbol, r in reserves.items():
        if chain.is_fork:
            chain.rpc.request("anvil_dealERC20", deployer, r.address, hex(r.seed_raw))
        have = _token_balance(chain, r.address, deployer)
        if have < r.seed_raw:
            raise DeployError(
                f"The deployer {deployer} holds {have / 10**r.decimals:g} {symbol} and the seed is "
                f"{plain(r.seed)}: send it the rest and run the same command again."
            )


def _token_balance(chain: Chain, token: str, account: str) -> int:
    block = int(chain.rpc.block()["number"], 16)
    (answer,) = chain.rpc.try_read([Call(token, BALANCE_OF, (account,))], block=block)
    return 0 if isinstance(answer, RpcError) else int(answer[0])


def _gas(step: Step) -> int:
    if step.method is not None:
        return CALL_GAS
    # 200 a byte to store the code, 16 a byte to send it, and what every creation costs.
    return 60_000 + 216 * len(
        _container(step.target).contract_type.get_deployment_bytecode() or b""
    )


# ------------------------------------------------------------------------------------------ run


@dataclass(frozen=True)
class _Prepared:
    """A step with its arguments filled in: how to build the transaction, and what identifies it."""

    build: Callable[..., Any]
    encoded: str
    digest: str


class Deployment:
    """A plan at work on one chain."""

    def __init__(
        self,
        market: Market,
        *,
        market_file: Path,
        chain: Chain,
        account: Any,
        mocks: bool,
        folder: Path | None = None,
    ) -> None:
        if not is_fresh():
            raise DeployError(STALE)
        self.market = market
        self.chain = chain
        self.account = account
        self.mocks = mocks
        self._market_file = market_file
        folder = folder or (PASSING_RECORDS if chain.is_development else RECORDS)
        name = f"{chain.name}-{market_file.stem}"
        self.record_path = folder / f"{name}.json"
        self.journal = Journal(folder / f"{name}.journal.jsonl")
        self.plan = make_plan(market, deployer=account.address, mocks=mocks)
        self.addresses: dict[str, str] = {}
        if not mocks:
            for symbol, r in market.reserves.items():
                self.addresses[f"token {symbol}"] = r.address
                self.addresses[f"feed {symbol}"] = r.feed.address or ""
        self.results: dict[str, Result] = {}

    # -------------------------------------------------------------------------- resuming

    def resume(self) -> int:
        """Takes over what an earlier run has done; returns how many steps that are."""
        begun = self.journal.begin()
        if begun is None:
            return 0
        if begun["genesis"] != self._genesis() or not self._still_there():
            if not self.chain.is_development:
                raise DeployError(
                    f"{self.journal.path} belongs to another chain or one whose history changed: "
                    "check --network; to deploy anew, move the file away."
                )
            self.journal.retire()
            return 0
        self._require_same(begun)
        done, intents = self.journal.last("done"), self.journal.intents()
        for step in self.plan:
            entry = done.get(step.key) or self._found(step, intents)
            if entry is None:
                break
            self._take_over(step, entry)
        return len(self.results)

    def _still_there(self) -> bool:
        """Whether the contracts that the journal names have code."""
        created = [e["address"] for e in self.journal.last("done").values() if e["address"]]
        codes = self.chain.rpc.batch([("eth_getCode", (a, "latest")) for a in created])
        return all(code != "0x" for code in codes)

    def _require_same(self, begun: Mapping[str, Any]) -> None:
        if begun["deployer"] != self.account.address:
            raise DeployError(
                f"{self.journal.path} was begun by {begun['deployer']}: go on with that account, or "
                "move the file away to deploy anew."
            )
        changed = [*differences(begun["market"], self._canonical())]
        if begun["mocks"] != self.mocks:
            changed.append(f"--mocks: was {begun['mocks']}, now {self.mocks}")
        if changed:
            raise DeployError(
                f"{self._market_file.name} changed since this deployment began "
                f"({'; '.join(changed[:5])}): undo that, or move {self.journal.path} away to deploy "
                "anew."
            )

    def _found(self, step: Step, intents: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """The result of a transaction that was sent, or was about to be, when a run broke off."""
        receipts = {i["tx"]: self._receipt(i) for i in intents if i["step"] == step.key}
        for intent in intents:
            receipt = receipts.get(intent["tx"])
            if receipt is not None and int(receipt["status"], 16) == 1:
                return self._note(intent, receipt)
        for intent in intents:
            if intent["tx"] in receipts and receipts[intent["tx"]] is None:
                self._require_never_sent(intent, intents)
        return None

    def _receipt(self, intent: Mapping[str, Any]) -> dict[str, Any] | None:
        receipt: dict[str, Any] | None
        receipt = self.chain.rpc.request("eth_getTransactionReceipt", intent["tx"])
        if receipt is None and self.chain.rpc.request("eth_getTransactionByHash", intent["tx"]):
            raise DeployError(
                f"Transaction {intent['tx']} ({intent['step']}) of the last run is not in a "
                "block yet: wait for it and run the same command again."
            )
        return receipt

    def _require_never_sent(
        self, intent: Mapping[str, Any], intents: Sequence[Mapping[str, Any]]
    ) -> None:
        """Refuses to send again what may be on the chain although the node does not show it."""
        used = self.chain.rpc.request("eth_getTransactionCount", self.account.address, "latest")
        if int(used, 16) <= intent["nonce"]:
            return
        others = (i for i in intents if i["nonce"] == intent["nonce"] and i["tx"] != intent["tx"])
        if any(self._receipt(other) for other in others):
            return
        raise DeployError(
            f"Transaction {intent['tx']} ({intent['step']}) is nowhere to be found, and its nonce "
            f"{intent['nonce']} is used: see at another node what {self.account.address} sent with "
            f"it. If that was another transaction, take this line out of {self.journal.path} and run "
            "the same command again."
        )

    def _note(self, intent: Mapping[str, Any], receipt: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            "step": intent["step"],
            "digest": intent["digest"],
            "encoded": intent["encoded"],
            "tx": intent["tx"],
            "block": int(receipt["blockNumber"], 16),
            "address": _checksummed(receipt.get("contractAddress")),
        }
        self.journal.append("done", **found)
        return found

    def _take_over(self, step: Step, entry: Mapping[str, Any]) -> None:
        if entry["digest"] != self._prepare(step).digest:
            raise DeployError(
                f"Step {step.key!r} was done with other bytecode or arguments than it would be now: "
                f"restore the contracts, or move {self.journal.path} away to deploy anew."
            )
        self._keep(step, entry)

    def _keep(self, step: Step, entry: Mapping[str, Any]) -> None:
        self.results[step.key] = Result(
            tx=entry["tx"],
            block=entry["block"],
            address=entry["address"],
            encoded=entry["encoded"],
        )
        if step.method is None:
            self.addresses[step.key] = entry["address"]

    # -------------------------------------------------------------------------- sending

    @property
    def steps_left(self) -> list[Step]:
        """What is still to be sent."""
        return [step for step in self.plan if step.key not in self.results]

    def run(self, *, progress: Callable[[Step], None] = lambda _: None) -> Deployed:
        """Sends the steps that are left, checks the outcome and writes the record."""
        if self.steps_left and self.journal.begin() is None:
            self.journal.append(
                "begin",
                network=self.chain.name,
                chain_id=self.chain.chain_id,
                genesis=self._genesis(),
                deployer=self.account.address,
                mocks=self.mocks,
                market_file=self._market_file.name,
                market=self._canonical(),
                git_commit=git_commit(),
            )
        for step in self.steps_left:
            progress(step)
            self._send(step)
        deployed = Deployed(self.market, self.chain, dict(self.addresses), dict(self.results))
        wrong = parameter_differences(deployed)
        if wrong:
            raise DeployError(
                "The chain differs from the market file, and no record was written: "
                + "; ".join(wrong)
                + "."
            )
        self._write_record(deployed)
        return deployed

    def _send(self, step: Step) -> None:
        from ape.exceptions import ApeException

        options: dict[str, Any] = {"sender": self.account.address}
        if self.chain.confirmations is not None:
            options["required_confirmations"] = self.chain.confirmations
        try:
            prepared = self._prepare(step)
            transaction = self.account.prepare_transaction(prepared.build(**options))
            signed = self.account.sign_transaction(transaction)
            if signed is None:
                raise DeployError(f"Step {step.key!r} was not signed: run the command again.")
            self.journal.append(
                "intent",
                step=step.key,
                tx=signed.txn_hash.to_0x_hex(),
                nonce=signed.nonce,
                digest=prepared.digest,
                encoded=prepared.encoded,
            )
            receipt = self.chain.provider.send_transaction(signed)
            receipt.raise_for_status()
        except (ApeException, *node_errors()) as error:
            raise DeployError(
                f"Step {step.key!r} failed ({explain(error)}): mend that and run the same command "
                "again; what is done stays done."
            ) from error
        entry = {
            "step": step.key,
            "digest": prepared.digest,
            "encoded": prepared.encoded,
            "tx": signed.txn_hash.to_0x_hex(),
            "block": receipt.block_number,
            "address": _checksummed(receipt.contract_address) if step.method is None else None,
        }
        self.journal.append("done", **entry)
        self._keep(step, entry)

    def _prepare(self, step: Step) -> _Prepared:
        arguments = step.arguments(self.addresses)
        if step.method is None:
            container = _container(step.target)
            code = container.contract_type.get_deployment_bytecode() or b""
            build, encoded = container.constructor.serialize_transaction, container.constructor
        else:
            instance = _at(step.kind, self.addresses[step.target])
            code = bytes.fromhex(instance.address[2:])
            encoded = getattr(instance, step.method)
            build = encoded.as_transaction
        encoded = bytes(encoded.encode_input(*arguments))
        return _Prepared(
            build=lambda **options: build(*arguments, **options),
            encoded="0x" + encoded.hex(),
            digest=hashlib.sha256(code + encoded).hexdigest(),
        )

    # -------------------------------------------------------------------------- record

    def _genesis(self) -> str:
        return str(self.chain.rpc.block(0)["hash"])

    def _canonical(self) -> dict[str, Any]:
        """The market file as what it means: 0.80 and 0.8 are the same."""
        text = json.dumps(
            self.market.model_dump(),
            default=lambda v: plain(v) if isinstance(v, Decimal) else str(v),
        )
        data: dict[str, Any] = json.loads(text)
        return data

    def _write_record(self, deployed: Deployed) -> None:
        by_key = {step.key: step for step in self.plan}
        created = {k: r for k, r in deployed.results.items() if r.address}
        record = {
            "schema": SCHEMA,
            "market": self.market.name,
            "market_file": self._market_file.name,
            "market_sha256": hashlib.sha256(self._market_file.read_bytes()).hexdigest(),
            "network": self.chain.name,
            "chain_id": self.chain.chain_id,
            "genesis": self._genesis(),
            "block": deployed.results["pool"].block,
            "deployer": self.account.address,
            "mocks": self.mocks,
            "roles": {"admin": [self.account.address]},
            "contracts": {
                key: {
                    "contract": by_key[key].target,
                    "address": r.address,
                    "tx": r.tx,
                    "block": r.block,
                    "arguments": [*map(str, by_key[key].arguments(self.addresses))],
                    "encoded_arguments": r.encoded,
                }
                for key, r in created.items()
            },
            "calls": {
                key: {"tx": r.tx, "block": r.block}
                for key, r in deployed.results.items()
                if not r.address
            },
            "reserves": {
                symbol: {"id": i, "token": deployed.token(symbol), "feed": deployed.feed(symbol)}
                for i, symbol in enumerate(self.market.reserves)
            },
            "categories": {
                name: number for number, name in enumerate(self.market.categories, start=1)
            },
            "compiler": _compiler(),
            "git_commit": git_commit(),
        }
        text = json.dumps(record, indent=2) + "\n"
        if self.record_path.exists() and not self.steps_left and self._same_record(record):
            return
        self.record_path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.record_path.with_name(self.record_path.name + ".new")
        beside.write_text(text)
        beside.replace(self.record_path)

    def _same_record(self, record: Mapping[str, Any]) -> bool:
        try:
            old = json.loads(self.record_path.read_text())
        except ValueError:
            return False
        return bool(old.get("contracts") == record["contracts"])


# ------------------------------------------------------------------------------------------ read back


def parameter_differences(deployed: Deployed) -> list[str]:
    """Every parameter on the chain that is not what the market file says."""
    market, pool = deployed.market, _at("IPool", deployed.pool)
    configurator = _at("Configurator", deployed.addresses["configurator"])
    found = [*pool.liquidationTerms()]
    h = market.liquidation
    pairs: list[tuple[str, Any, Any]] = [
        ("reserves", pool.reserveCount(), len(market.reserves)),
        ("configurator", pool.configurator(), deployed.addresses["configurator"]),
        ("authority", configurator.authority(), deployed.addresses["authority"]),
        ("target_health", found[0], h.target_health_bps * 10**14),
        ("full_liquidation_health", found[1], h.full_liquidation_health_bps * 10**14),
        ("dust", found[2], h.dust * 10**18),
        ("write_off_below", found[3], h.write_off_below * 10**18),
        ("liquidation model", found[4], ZERO),
    ]
    for i, (symbol, r) in enumerate(market.reserves.items()):
        d = pool.reserveData(i)
        base, kink, slope1, slope2 = r.rates.stored
        pairs += [
            (f"{symbol}.{name}", getattr(d, name), wanted)
            for name, wanted in {
                "token": deployed.token(symbol),
                "feed": deployed.feed(symbol),
                "rateModel": ZERO,
                "paused": False,
                "frozen": False,
                "borrowable": r.borrowable,
                "supplyCap": _cap(r.supply_cap_raw),
                "borrowCap": _cap(r.borrow_cap_raw),
                "idleCap": MAX_IDLE_RAW if r.idle_cap_raw is None else r.idle_cap_raw,
                "minDebt": r.min_debt_raw,
                "outflowRoom": NO_CAP,
                "priceDecimals": r.decimals + r.feed.decimals,
                "maxAge": r.feed.max_age_s,
                "ltv": r.ltv_bps * 10**14,
                "threshold": r.liquidation_threshold_bps * 10**14,
                "bonusFloor": r.liquidation_bonus.floor_bps * 10**14,
                "bonusCap": r.liquidation_bonus.cap_bps * 10**14,
                "liquidationFee": r.liquidation_fee_percent * 10**16,
                "reserveFactor": r.reserve_factor_percent * 10**16,
                "curve": base | kink << 10 | slope1 << 17 | slope2 << 27,
            }.items()
        ]
        if d.supplyAssets < r.seed_raw:
            pairs.append((f"{symbol}.seed", d.supplyAssets, r.seed_raw))
    for number, (name, c) in enumerate(market.categories.items(), start=1):
        stored = pool.categoryData(number)
        collaterals, borrowables, *shares, isolated = category_parameters(c, market)
        wanted = [collaterals, borrowables, *(s * 10**14 for s in shares), isolated]
        pairs += [
            (f"{name}.{field}", is_, value)
            for (field, is_), value in zip(stored.items(), wanted, strict=True)
        ]
    return [f"{name} is {is_}, not {wanted}" for name, is_, wanted in pairs if is_ != wanted]


def explain(error: Exception) -> str:
    """What an error of Ape says, with the pool's and the configurator's own errors by name."""
    from ape.exceptions import CustomError

    if isinstance(error, CustomError):
        arguments = ", ".join(f"{name}={value}" for name, value in error.inputs.items())
        return f"{error.name}({arguments})"
    text = first_line(error)
    # An error that another contract passed on arrives as its selector.
    known = {
        _selector(abi.selector): abi.name
        for kind in ("IPool", "Configurator")
        for abi in _container(kind).contract_type.errors
    }
    return str(known.get(text[:10], text))


def load_record(path: Path) -> dict[str, Any]:
    """A deployment's record. Raises `DeployError` when the file is none."""
    try:
        record = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise DeployError(f"{path} is no deployment record ({first_line(error)}).") from None
    try:
        named = [record["contracts"]["pool"]["address"], *(record[name] for name in RECORDED)]
    except (IndexError, KeyError, TypeError):
        named = [None]
    if None in named:
        raise DeployError(f"{path} is no deployment record: it names no pool, chain and block.")
    return dict(record)


def git_commit() -> str:
    """The commit that is deployed, with a mark when files differ from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match="],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _compiler() -> dict[str, Any]:
    from ape import project

    compilers = project.manifest.compilers or []
    used = next((c for c in compilers if "Pool" in (c.contractTypes or [])), None)
    return {"version": used.version, "settings": used.settings} if used else {}


def _container(kind: str) -> Any:
    from ape import project

    container = project.get_contract(kind)
    if container is None:
        raise DeployError(f"{kind} is not compiled: run `make compile`.")
    return container


def _at(kind: str, address: str) -> Any:
    from ape.contracts import ContractInstance

    # `at` would mix in what Ape saw at this address before, which it keeps on disk: another contract,
    # on a chain that begins anew.
    return ContractInstance(address, _container(kind).contract_type)


def _selector(signature: str) -> str:
    from eth_utils.crypto import keccak

    return "0x" + keccak(text=signature)[:4].hex()


def _checksummed(address: str | None) -> str | None:
    from eth_utils.address import to_checksum_address

    return to_checksum_address(address) if address else None


__all__ = [
    "DeployError",
    "Deployed",
    "Deployment",
    "JournalError",
    "load_record",
    "make_plan",
    "parameter_differences",
    "require_as_described",
    "require_deployable",
    "require_funds",
    "require_seeds",
    "to_list",
]
