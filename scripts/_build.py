"""Whether the compiled contracts are those of the sources, all of them.

Ape compiles a changed file and what it imports, but not what imports it, and does not look at compiler
settings at all. A digest over everything that decides about bytecode is kept beside the build; where it
differs, everything is compiled again.

    python scripts/_build.py    compiles unless the build is fresh
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / "__local__.json"
RECORD = BUILD.with_name("sources.sha256")
STALE = "The contracts have changed since they were compiled together: run `make compile`."


def digest() -> str:
    """Over sources, compiler settings, libraries and compiler, in the order of their names."""
    settings = (ROOT / "ape-config.yaml", ROOT / "package-lock.json", *ROOT.glob(".venv/solc/*"))
    total = hashlib.sha256()
    for path in (*_sources(), *sorted(settings)):
        total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return total.hexdigest()


def is_fresh() -> bool:
    """Whether the build was made of what is there now.

    A first plain `ape compile` leaves no record, and has compiled everything: it is recorded here.
    """
    if not RECORD.exists() and BUILD.exists():
        newest = max(p.stat().st_mtime for p in _sources())
        if BUILD.stat().st_mtime >= newest:
            RECORD.write_text(digest())
    return RECORD.exists() and RECORD.read_text() == digest()


def _sources() -> list[Path]:
    return sorted(p for p in ROOT.glob("contracts/**/*.sol") if ".cache" not in p.parts)


def main() -> int:
    """Compiles everything where anything has changed; the compiler's exit code."""
    if RECORD.exists() and is_fresh():
        return 0
    before = digest()
    RECORD.unlink(missing_ok=True)
    # What Ape has left of the libraries there would count as sources.
    shutil.rmtree(ROOT / "contracts" / ".cache", ignore_errors=True)
    code = subprocess.call([Path(sys.executable).with_name("ape"), "compile", "-f"], cwd=ROOT)
    if code == 0:
        RECORD.write_text(before)
    return code


if __name__ == "__main__":
    sys.exit(main())
