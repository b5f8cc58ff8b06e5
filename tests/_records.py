"""What runs that take long leave behind under .build: figures, and of which sources they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts._build import digest
from tests._revm import ROOT

FOLDER = ROOT / ".build"


def keep(name: str, figures: dict[str, Any], folder: Path = FOLDER) -> None:
    """Whole or not at all."""
    folder.mkdir(exist_ok=True)
    new = folder / f"{name}.new"
    new.write_text(json.dumps({"sources": digest(), **figures}, indent=1) + "\n")
    new.replace(folder / f"{name}.json")


def kept(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """Nothing where there is none, or it is of other sources."""
    path = folder / f"{name}.json"
    figures = dict(json.loads(path.read_text())) if path.exists() else {}
    return figures if figures.pop("sources", "") == digest() else None
