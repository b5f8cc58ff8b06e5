"""Deploys a market file, step by step, so that an interruption costs nothing and nothing is sent twice.

A plan is a list of steps, each a contract to create or a function to call. Before a step is sent its
intent is in the journal with the transaction's hash; a later run of the same command skips what the
chain confirms, refuses what has changed since, and goes on with the rest. At the end every parameter
and role is read back from the chain and compared with the file. Handing over comes after that, and is
read back again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts import _roles
from scripts._authority import HANDOVER, SET_UP, read_standing, standing_of
from scripts._build import STALE, is_fresh
from scripts._chain import Chain, first_line, node_errors
from scripts._contracts import (
    DeployError,
    at,
    checksummed,
    container,
    creation_code,
    explain,
)
from scripts._feeds import Feeds
from scripts._journal import Journal, JournalError, differences
from scripts._periphery import ROUTER, STEWARD, insurer
from scripts._plan import make_plan
from scripts._read_back import parameter_differences
from scripts._roles import Standing
from scripts._steps import Step
from sims.market import Market, plain

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "scripts" / "_deployments"
PASSING_RECORDS = ROOT / ".build" / "deployments"
"""For chains that are gone tomorrow."""

SCHEMA = 1
RECORDED = ("market", "chain_id", "block")
"""What every record says beside its pool."""


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
        return self.addresses[Feeds(self.market).of(symbol)]

    def cautious_feed(self, symbol: str) -> str | None:
        """The address of a reserve's cautious feed; None without one."""
        key = Feeds(self.market).cautious_of(symbol)
        return None if key is None else self.addresses[key]


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
            self.addresses |= {f"token {s}": r.address for s, r in market.reserves.items()}
            self.addresses |= Feeds(market).outside()
            if market.periphery.uniswap_v3 is not None:
                self.addresses[ROUTER] = market.periphery.uniswap_v3.router
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
            "address": checksummed(receipt.get("contractAddress")),
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
        """What is still to be sent, the handover aside."""
        return [s for s in self.plan if s.key not in self.results and s.key != HANDOVER]

    @property
    def handover_left(self) -> Step | None:
        """The last step, as long as it is still to be sent."""
        return next((s for s in self.plan if s.key == HANDOVER and s.key not in self.results), None)

    def run(self, *, progress: Callable[[Step], None] = lambda _: None) -> Deployed:
        """Sends the steps that are left but the handover, checks the outcome, writes the record."""
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
            if step.before is not None:
                step.before(self.chain, self.addresses)
            self._send(step)
        return self._finish()

    def hand_over(self) -> Deployed:
        """Sends the last step, after `run`: the deployer is the administrator no more."""
        step = self.handover_left
        if step is not None:
            self._send(step)
        return self._finish()

    def _finish(self) -> Deployed:
        """Compares everything on the chain with the file; writes the record when nothing differs."""
        deployed = Deployed(self.market, self.chain, dict(self.addresses), dict(self.results))
        wanted = self._standing()
        created = self.results["authority"].block
        found = read_standing(self.chain.rpc, self.addresses, first_block=created)
        wrong = [
            *parameter_differences(self.market, self.addresses),
            *_roles.differences(wanted, found),
        ]
        if wrong:
            raise DeployError(
                "The chain differs from the market file, and no record was written: "
                + "; ".join(wrong)
                + {
                    "none": ".",
                    "pending": ". Nothing was handed over.",
                    "done": ". The handover was sent: what is left is for the governance to mend.",
                }[self._handover()]
            )
        self._write_record(deployed, wanted)
        return deployed

    def _standing(self) -> Standing:
        """How the authority should stand after the steps that are done."""
        return standing_of(
            self.market,
            deployer=self.account.address,
            is_set_up=SET_UP in self.results,
            is_handed_over=HANDOVER in self.results,
            steward=self.addresses.get(STEWARD),
        )

    def _send(self, step: Step) -> None:
        from ape.exceptions import ApeException

        options: dict[str, Any] = {"sender": self.account.address}
        if self.chain.confirmations is not None:
            options["required_confirmations"] = self.chain.confirmations
        try:
            prepared = self._prepare(step)
            transaction = self.account.prepare_transaction(prepared.build(**options))
            if step.method is not None:
                # An estimate is made in the last block's second; later, averages and interest take more.
                transaction.gas_limit = max(transaction.gas_limit, step.gas)
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
            "address": checksummed(receipt.contract_address) if step.method is None else None,
        }
        self.journal.append("done", **entry)
        self._keep(step, entry)

    def _prepare(self, step: Step) -> _Prepared:
        arguments = step.arguments(self.addresses)
        if step.method is None:
            code, encoded = creation_code(step.target), container(step.target).constructor
            build = encoded.serialize_transaction
        else:
            instance = at(step.kind, self.addresses[step.target])
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

    def _write_record(self, deployed: Deployed, standing: Standing) -> None:
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
            "roles": {"handover": self._handover(), **asdict(standing)},
            "contracts": {
                key: {
                    "contract": by_key[key].target,
                    "address": r.address,
                    "tx": r.tx,
                    "block": r.block,
                    "arguments": [*map(str, by_key[key].arguments(self.addresses))],
                    "encoded_arguments": r.encoded,
                    "with": by_key[key].detail,
                }
                for key, r in created.items()
            },
            "calls": {
                key: {"tx": r.tx, "block": r.block, "with": by_key[key].detail}
                for key, r in deployed.results.items()
                if not r.address
            },
            "reserves": {
                symbol: {
                    "id": i,
                    "token": deployed.token(symbol),
                    "feed": deployed.feed(symbol),
                    "cautious_feed": deployed.cautious_feed(symbol),
                    "insurer": self.addresses.get(insurer(symbol)),
                }
                for i, symbol in enumerate(self.market.reserves)
            },
            "categories": {
                name: number for number, name in enumerate(self.market.categories, start=1)
            },
            "compiler": _compiler(),
            "git_commit": git_commit(),
        }
        text = json.dumps(record, indent=2) + "\n"
        if self.record_path.exists() and self._same_record(record):
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
        return all(old.get(part) == record[part] for part in ("genesis", "contracts", "roles"))

    def _handover(self) -> str:
        if self.market.roles.governance is None:
            return "none"
        return "pending" if self.handover_left else "done"


# ------------------------------------------------------------------------------------------ records


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


__all__ = [
    "DeployError",
    "Deployed",
    "Deployment",
    "JournalError",
    "load_record",
]
