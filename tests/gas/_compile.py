"""solc through standard JSON, its answers kept under a digest of what went in.

Every protocol is compiled by its own compiler with its own settings, which takes minutes the first
time and nothing the second.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
MODULES = PEERS / "node_modules"
CACHE = ROOT / ".build" / "bench"
SOLC = ROOT / ".venv" / "solc" / "solc-v0.8.37"

IMPORT = re.compile(r"""^import\b[^"';]*["']([^"']+)["']""", re.MULTILINE)
REMAPPINGS = {
    "openzeppelin-contracts/": "@openzeppelin/",
    "openzeppelin-contracts-upgradeable/": "@openzeppelin/contracts-upgradeable/",
    "solidity-utils/": "@bgd-labs/solidity-utils/src/",
}
"""What some packages call others."""

OWN_SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
}


class CompileError(RuntimeError):
    """What the compiler refused."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract."""

    abi: list[dict[str, Any]]
    bytecode: str
    """Creation code in hex without a prefix; unlinked libraries are placeholders."""
    links: dict[str, Any]
    """Where libraries go in: by file and name, as solc says it."""


Artifacts = dict[str, Artifact]


def build(
    sources: Mapping[str, Path],
    settings: Mapping[str, Any],
    command: Sequence[str],
) -> Artifacts:
    """Compiles named files; contracts by name.

    Parameters
    ----------
    command
        A compiler that reads standard JSON.
    """
    wanted = {
        "language": "Solidity",
        "sources": {name: {"content": file.read_text()} for name, file in sorted(sources.items())},
        "settings": {
            **settings,
            "outputSelection": {
                "*": {"*": ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"]}
            },
        },
    }
    text = json.dumps(wanted)
    digest = hashlib.sha256(" ".join([text, *map(_portable, command)]).encode()).hexdigest()
    kept = CACHE / f"{digest[:32]}.json"
    if not kept.exists():
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompileError(f"the compiler broke off: {done.stderr[-500:]}")
        answer = json.loads(done.stdout)
        errors = [
            e["formattedMessage"] for e in answer.get("errors", ()) if e["severity"] == "error"
        ]
        if errors:
            raise CompileError("\n".join(errors[:5]))
        found = {
            name: {
                "abi": c["abi"],
                "bytecode": c["evm"]["bytecode"]["object"],
                "links": c["evm"]["bytecode"]["linkReferences"],
            }
            for file in answer["contracts"].values()
            for name, c in file.items()
        }
        CACHE.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".new")
        beside.write_text(json.dumps(found))
        beside.replace(kept)
    return {name: Artifact(**c) for name, c in json.loads(kept.read_text()).items()}


def gather(roots: Mapping[str, Path | None], modules: Path = MODULES) -> dict[str, Path]:
    """Named files and everything that they import, directly or not.

    Parameters
    ----------
    roots
        Files by the names that imports know them under; None for those in packages.
    modules
        Where packages are.
    """
    found: dict[str, Path] = {}
    left = [(name, file or modules / name) for name, file in roots.items()]
    while left:
        name, file = left.pop()
        if name in found:
            continue
        if not file.exists():
            raise CompileError(f"{name} is not installed: run `make bench-gas`.")
        found[name] = file
        for target in IMPORT.findall(file.read_text()):
            if target.startswith("."):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            for prefix, folder in REMAPPINGS.items():
                if target.startswith(prefix):
                    target = folder + target.removeprefix(prefix)
            left.append((target, modules / target))
    return found


def peer_solc(alias: str) -> list[str]:
    """One of the peers' compilers."""
    return ["node", "--stack-size=4000", str(PEERS / "solc.js"), alias]


def common() -> Artifacts:
    """Token and feed that all protocols share, by the project's own compiler and libraries."""
    sources = gather({"Common.sol": PEERS / "contracts" / "Common.sol"}, ROOT / "node_modules")
    return build(sources, OWN_SETTINGS, [str(SOLC), "--standard-json"])


def from_ape(path: Path) -> Artifacts:
    """What `ape compile` left behind."""
    if not path.exists():
        raise CompileError(f"{path} is not there: run `make compile` first.")
    return {
        name: Artifact(c["abi"], c["deploymentBytecode"]["bytecode"].removeprefix("0x"), {})
        for name, c in json.loads(path.read_text())["contractTypes"].items()
        if c.get("deploymentBytecode")
    }


def _portable(part: str) -> str:
    return part.removeprefix(str(ROOT))
