"""What a deployment meant to do and what it did, on disk before and after every transaction.

One JSON object a line, synced to the disk before the next step: `begin`, then for each step an
`intent` with the signed transaction's hash and, once it is in a block, `done`. Whatever interrupts
a deployment, the next run knows which transactions may exist and asks the chain about them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


class JournalError(RuntimeError):
    """A journal that does not fit what is asked for, in one sentence."""


class Journal:
    """An append-only file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        """All entries; a last line that was cut short counts as not written."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        entries = []
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except ValueError:
                if number == len(lines):
                    break
                entry = None
            if not isinstance(entry, dict) or "event" not in entry:
                raise JournalError(
                    f"{self.path}:{number} is no entry of a journal: restore the file, or move it "
                    "away to deploy anew."
                )
            entries.append(entry)
        return entries

    def begin(self) -> dict[str, Any] | None:
        """What the deployment was started with; None without any entry."""
        entries = self.entries()
        if not entries:
            return None
        if entries[0]["event"] != "begin":
            raise JournalError(
                f"{self.path} does not say what was begun: restore the file; transactions of a "
                "deployment may be on the chain."
            )
        return entries[0]

    def intents(self) -> list[dict[str, Any]]:
        """All transactions that were about to be sent, in order."""
        return [e for e in self.entries() if e["event"] == "intent"]

    def last(self, event: str) -> dict[str, dict[str, Any]]:
        """The last entry of a kind for each step."""
        return {e["step"]: e for e in self.entries() if e["event"] == event}

    def append(self, event: str, **fields: Any) -> None:
        """Writes one entry and waits until it is on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        entry = {
            "event": event,
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            **fields,
        }
        self._end_the_last_line()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _end_the_last_line(self) -> None:
        """A whole entry lacks its newline only; half an entry was not written."""
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole == len(text):
            return
        try:
            json.loads(text[whole:])
        except ValueError:
            os.truncate(self.path, whole)
        else:
            with self.path.open("ab") as file:
                file.write(b"\n")

    def retire(self) -> None:
        """Moves the file aside: it belongs to a chain that is gone."""
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".old"))


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two nested values differ: `reserves.WETH.ltv: 0.8, now 0.85`."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(k for k in after if k not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield f"{inner}: was there, now is not"
            elif key not in before:
                yield f"{inner}: was not there, now is"
            else:
                yield from differences(before[key], after[key], inner)
        if [k for k in before if k in after] != [k for k in after if k in before]:
            yield f"{path or 'the file'}: the order changed"
    elif before != after:
        yield f"{path}: was {before}, now {after}"
