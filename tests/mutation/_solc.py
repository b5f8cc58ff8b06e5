"""The pinned compiler on sources in memory: syntax trees, and bytecode of what is not on disk."""

from __future__ import annotations

import hashlib
import json
import os.path
import pickle
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts._build import digest

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACTS = ROOT / "contracts"
SHADOWS = ROOT / "out"
"""Where copies of the project lie: not under .build, which Ape leaves out of every project."""
LIBRARIES = {
    "@openzeppelin/contracts/": ROOT / "node_modules/@openzeppelin/contracts",
    "solady/": ROOT / "node_modules/solady/src",
}

Node = dict[str, Any]
Sources = dict[str, bytes]
"""Text by name; the project's names are relative to contracts/."""


def path_of(name: str) -> Path:
    for prefix, folder in LIBRARIES.items():
        if name.startswith(prefix):
            return folder / name[len(prefix) :]
    return CONTRACTS / name


def read_sources(roots: Iterable[str]) -> Sources:
    """The named sources and all that they import."""
    sources: Sources = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in sources:
            continue
        sources[name] = path_of(name).read_bytes()
        for target in re.findall(r'(?:import|from)\s+"([^"]+)"', sources[name].decode()):
            near = target.startswith(".")
            todo.append(
                os.path.normpath(os.path.join(os.path.dirname(name), target)) if near else target
            )
    return sources


def all_sources() -> Sources:
    paths = (p for p in CONTRACTS.rglob("*.sol") if ".cache" not in p.parts)
    return read_sources(sorted(str(p.relative_to(CONTRACTS)) for p in paths))


class Refused(Exception):  # noqa: N818 - the compiler's word
    """The compiler's errors: source, first byte and the byte after, message."""

    def __init__(self, errors: list[tuple[str, int, int, str]]) -> None:
        super().__init__(errors[0][3])
        self.errors = errors


def solc(sources: Sources, outputs: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """As `ape-config.yaml` has it compiled."""
    (compiler,) = ROOT.glob(".venv/solc/solc-*")
    question = {
        "language": "Solidity",
        "sources": {n: {"content": t.decode()} for n, t in sources.items()},
        "settings": {
            "viaIR": True,
            "evmVersion": "cancun",
            "optimizer": {"enabled": True, "runs": 200},
            "outputSelection": outputs,
        },
    }
    run = subprocess.run(
        [compiler, "--standard-json"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(run.stdout)
    errors = [e for e in answer.get("errors", []) if e["severity"] == "error"]
    if errors:
        nowhere = {"file": "", "start": -1, "end": -1}
        places = [e.get("sourceLocation") or nowhere for e in errors]
        raise Refused(
            [
                (p["file"], p["start"], p["end"], e["formattedMessage"])
                for p, e in zip(places, errors, strict=True)
            ]
        )
    return dict(answer)


def bytecode(sources: Sources, contracts: dict[str, str]) -> dict[str, str]:
    """Creation bytecode in hex of the contracts, given with their sources."""
    outputs = {source: {name: ["evm.bytecode.object"]} for name, source in contracts.items()}
    answer = solc(sources, outputs)["contracts"]
    return {n: answer[s][n]["evm"]["bytecode"]["object"] for n, s in contracts.items()}


def check(sources: Sources) -> None:
    """Raises `Refused` where the compiler would; makes no code."""
    solc(sources, {"*": {"*": ["abi"]}})


METADATA = re.compile(r"(a2646970667358221220)([0-9a-f]{64})(64736f6c6343[0-9a-f]{6}0033)")
"""What the compiler puts at the end of a contract: among it 32 bytes of a hash."""


def stripped(code: str) -> str:
    """Bytecode without the hashes of its sources."""
    return METADATA.sub("", code)


# ---------------------------------------------------------------------- syntax trees


def syntax_trees() -> dict[str, Node]:
    """Of all sources, by name; kept until the sources change."""
    kept = ROOT / ".build" / f"syntax-{hashlib.sha256(digest().encode()).hexdigest()[:16]}.pickle"
    if not kept.exists():
        for old in kept.parent.glob("syntax-*.pickle"):
            old.unlink()
        answer = solc(all_sources(), {"*": {"": ["ast"]}})
        trees = {name: source["ast"] for name, source in answer["sources"].items()}
        new = kept.with_suffix(".new")
        new.write_bytes(pickle.dumps(trees))
        new.replace(kept)
    return dict(pickle.loads(kept.read_bytes()))


def children(node: Node) -> Iterator[Node]:
    for value in node.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "nodeType" in item:
                yield item


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it."""
    yield node
    for child in children(node):
        yield from walk(child)


def span(node: Node) -> tuple[int, int]:
    """First byte and the byte after."""
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


# ---------------------------------------------------------------------- what a contract is made of


class Program:
    """Which functions, modifiers and constants end up in which contract."""

    def __init__(self, trees: dict[str, Node]) -> None:
        self.contracts: dict[str, Node] = {}
        self.source_of: dict[str, str] = {}
        by_id: dict[int, Node] = {}
        for source, tree in trees.items():
            for node in tree["nodes"]:
                if node["nodeType"] == "ContractDefinition":
                    if source.startswith(tuple(LIBRARIES)):
                        by_id[node["id"]] = node
                    else:
                        self.contracts[node["name"]] = by_id[node["id"]] = node
                        self.source_of[node["name"]] = source
        self.by_id = by_id
        declarations = {"FunctionDefinition", "ModifierDefinition", "VariableDeclaration"}
        self._declared: dict[int, Node] = {}
        for tree in trees.values():
            for part in tree["nodes"]:
                inner = part["nodes"] if part["nodeType"] == "ContractDefinition" else [part]
                self._declared.update({n["id"]: n for n in inner if n["nodeType"] in declarations})

    def parts(self, contract: str) -> set[int]:
        """Ids of all declarations that a contract uses, of those that it creates as well."""
        seen: set[int] = set()
        todo: list[Node] = [self.contracts[contract]]
        while todo:
            node = todo.pop()
            if node["id"] in seen:
                continue
            seen.add(node["id"])
            if node["nodeType"] == "ContractDefinition":
                bases = (self.by_id[i] for i in node["linearizedBaseContracts"])
                todo += [n for b in bases for n in b["nodes"] if n["id"] in self._declared]
                continue
            for inner in walk(node):
                if inner["nodeType"] == "NewExpression":
                    made = self.by_id.get(inner["typeName"].get("referencedDeclaration", -1))
                    todo += [made] if made else []
                ids = [inner.get("referencedDeclaration"), inner.get("function")]
                ids += [r["declaration"] for r in inner.get("externalReferences", [])]
                todo += [self._declared[i] for i in ids if i in self._declared]
        return seen

    def deployable(self) -> list[str]:
        return [
            name
            for name, node in self.contracts.items()
            if node["contractKind"] == "contract" and not node["abstract"]
        ]
