"""What a keeper must not forget, on disk: whom it knows, what it has sent, what came of that.

The state is one JSON file, written beside and renamed, so that it is whole at any moment. A transaction
is in it before it is sent; whatever ends the keeper, the next one asks the chain about it first. What
liquidations earned goes to a file of JSON lines beside it, one line for each, once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scripts._keeper_watch import KeeperError

SCHEMA = 1


@dataclass(frozen=True)
class Item:
    """What a transaction was sent for, an account each."""

    account: str
    kind: str
    debt_id: int | None
    collateral_id: int | None
    as_shares: bool
    since: int
    """The block in which the account was first seen unhealthy."""


@dataclass(frozen=True)
class Sent:
    """A transaction that may be on the chain; without items an approval."""

    tx: str
    nonce: int
    sender: str
    block: int
    """The latest block when it was sent."""
    items: tuple[Item, ...] = ()

    @classmethod
    def read(cls, data: dict[str, Any]) -> Sent:
        """From the file."""
        return cls(**{**data, "items": tuple(Item(**item) for item in data["items"])})


@dataclass
class State:
    """The file of a pool on a chain."""

    path: Path
    chain_id: int
    genesis: str
    pool: str
    scanned: int | None = None
    scanned_hash: str = ""
    debtors: set[str] = field(default_factory=set)
    since: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    @property
    def log_path(self) -> Path:
        """Where the earnings are."""
        return self.path.with_suffix(".jsonl")

    @classmethod
    def load(
        cls, path: Path, *, chain_id: int, genesis: str, pool: str, may_begin_anew: bool
    ) -> State:
        """What an earlier keeper left; a new state where there is none.

        Parameters
        ----------
        may_begin_anew
            A state of a chain that is gone is put aside instead of refused.
        """
        new = cls(path, chain_id, genesis, pool)
        if not path.exists():
            return new
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            of = (data["schema"], data["chain_id"], data["genesis"], data["pool"])
            found = cls(
                path,
                *of[1:],
                scanned=data["scanned"],
                scanned_hash=data["scanned_hash"],
                debtors=set(data["debtors"]),
                since=dict(data["since"]),
                sent=[Sent.read(entry) for entry in data["sent"]],
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise KeeperError(
                f"{path} is no state of a keeper: name another file with --state, or move it away."
            ) from None
        if of != (SCHEMA, chain_id, genesis, pool):
            if may_begin_anew and (chain_id, pool) == (of[1], of[3]):
                path.replace(path.with_suffix(".old"))
                with contextlib.suppress(FileNotFoundError):
                    new.log_path.replace(new.log_path.with_suffix(".old.jsonl"))
                return new
            raise KeeperError(
                f"{path} is the state of another pool or chain: name another file with --state."
            )
        return found

    def save(self) -> None:
        """Replaces the file; what is on the disk afterwards is whole."""
        data = {
            "schema": SCHEMA,
            "chain_id": self.chain_id,
            "genesis": self.genesis,
            "pool": self.pool,
            "scanned": self.scanned,
            "scanned_hash": self.scanned_hash,
            "since": self.since,
            "sent": [asdict(entry) for entry in self.sent],
            "debtors": sorted(self.debtors),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keeps a second keeper from the same file: both would send the same."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise KeeperError(
                    f"Another keeper is at work with {self.path}: stop it, or name another file with "
                    "--state."
                ) from None
            yield

    # -------------------------------------------------------------------------- earnings

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Appends what became of a transaction, unless a run that broke off has done so."""
        if not rows or rows[0]["tx"] in self._logged():
            return
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self.log_path.open("a", encoding="utf-8") as file:
            # In one write: a line that was cut short is the last one, and of no transaction.
            file.write("".join(json.dumps({"time": now, **row}) + "\n" for row in rows))
            file.flush()
            os.fsync(file.fileno())

    def _logged(self) -> set[str]:
        if not self.log_path.exists():
            return set()
        text = self.log_path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.truncate(self.log_path, whole)
        return {json.loads(line)["tx"] for line in text[:whole].splitlines()}
