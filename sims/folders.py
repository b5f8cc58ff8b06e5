"""Folders that appear as a whole or not at all, and what may not be in their place.

A command asks before its work, so that nobody waits for minutes to hear it, and the writer asks
again before it renames.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sims.rates import InputError


def require_place(folder: Path) -> None:
    """Refuses a place where no folder can be made."""
    above = folder.absolute()
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise InputError(f"{above} is a file, so {folder} can be no folder: name another one.")
    # The folder itself is renamed into its parent.
    parent = above.parent if above == folder.absolute() else above
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"{parent} may not be written to: name another folder than {folder}.")


SUMMARY = "summary.json"
"""Every report's figures, with the schema by which it is known."""


def require_report(folder: Path, schema: str, files: Collection[str]) -> None:
    """Refuses a place for a report where something is that is no report of its kind.

    Parameters
    ----------
    schema : under that name in the report's summary.
    files : all that a report consists of.
    """
    require_place(folder)
    if is_empty(folder):
        return
    try:
        found = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        is_report = found["schema"] == schema
    except (OSError, ValueError, LookupError, TypeError):
        is_report = False
    if not is_report:
        raise InputError(f"{folder} exists and holds no report: name another folder.")
    others = unknown_files(folder, files)
    if others:
        raise InputError(
            f"{folder} holds a report and something else ({', '.join(others[:3])}), which would be "
            "lost: move that away, or name another folder."
        )


def unknown_files(folder: Path, known: Collection[str]) -> list[str]:
    """Files below a folder that are not in `known`, as paths from it."""
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())
    return sorted(set(found) - set(known))


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which is put in the place of `folder` at the end, as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
        made = Path(beside) / folder.name
        yield made
        put_in_place(made, folder)


def put_in_place(made: Path, folder: Path) -> None:
    """Renames `made`, replacing a folder; whatever happens, the old one or the new one is there.

    The old one is beside `made` afterwards.
    """
    before = made.with_name(f"{made.name}.before")
    try:
        if folder.exists():
            folder.rename(before)
        made.rename(folder)
    except BaseException:
        if before.exists() and not folder.exists():
            before.rename(folder)
        raise


def is_empty(folder: Path) -> bool:
    """Whether nothing is lost when a folder is put there."""
    return not folder.exists() or not any(folder.iterdir())
