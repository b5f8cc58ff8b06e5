"""The sources as the compiler sees them: their syntax trees and what they import.

Only trees are asked for, which takes seconds where bytecode takes minutes.
"""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SOLC = ROOT / ".venv" / "solc" / "solc-v0.8.37"
REMAPPINGS = {
    "@openzeppelin/contracts/": "node_modules/@openzeppelin/contracts/",
    "solady/": "node_modules/solady/src/",
}
SETTINGS: Mapping[str, Any] = {
    "viaIR": True,
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "remappings": [f"{name}={path}" for name, path in REMAPPINGS.items()],
}
"""As in ape-config.yaml."""

IMPORT = re.compile(r"""^import\b[^"';]*["']([^"']+)["']""", re.MULTILINE)

Node = dict[str, Any]


def own_sources(*, mocks: bool = False) -> list[str]:
    """The project's contracts, as paths from its root."""
    paths = (p for p in ROOT.glob("contracts/**/*.sol") if ".cache" not in p.parts)
    return sorted(p.relative_to(ROOT).as_posix() for p in paths if mocks or "mocks" not in p.parts)


def with_imports(paths: Iterable[str]) -> dict[str, str]:
    """The text of every file, and of what it imports, by path from the root."""
    texts: dict[str, str] = {}
    left = list(paths)
    while left:
        path = left.pop()
        if path in texts:
            continue
        texts[path] = text = (ROOT / path).read_text()
        left.extend(_resolved(name, path) for name in IMPORT.findall(text))
    return texts


def _resolved(name: str, importer: str) -> str:
    if name.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), name))
    return next(
        (
            path + name[len(prefix) :]
            for prefix, path in REMAPPINGS.items()
            if name.startswith(prefix)
        ),
        name,
    )


def standard_json(paths: Iterable[str], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What is handed to the compiler."""
    texts = with_imports(paths)
    return {
        "language": "Solidity",
        "sources": {path: {"content": text} for path, text in sorted(texts.items())},
        "settings": {**SETTINGS, "outputSelection": {"*": dict(outputs)}},
    }


def compile_(question: Mapping[str, Any]) -> dict[str, Any]:
    """What the compiler answers; an error of it is one here."""
    done = subprocess.run(
        [str(SOLC), "--standard-json"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", ()) if e["severity"] == "error"]
    if errors:
        raise RuntimeError("\n".join(errors))
    return answer


# ---------------------------------------------------------------------- trees


@dataclass(frozen=True)
class Source:
    """A file: its text, and its syntax tree."""

    path: str
    text: bytes
    tree: Node

    def line(self, node: Node) -> int:
        """Where a node begins."""
        return self.text.count(b"\n", 0, _span(node)[0]) + 1

    def of(self, node: Node) -> str:
        """The text of a node."""
        start, length = _span(node)
        return self.text[start : start + length].decode()

    def lines_before(self, node: Node, count: int) -> str:
        """The lines above a node, and what stands before it on its own."""
        return b"\n".join(self.text[: _span(node)[0]].split(b"\n")[-count - 1 :]).decode()

    @cached_property
    def named(self) -> list[tuple[str, Node, list[Node]]]:
        """Every node under a name that a reader knows, `Contract.function`, with its ancestors."""
        return list(_walk(self.tree, "", []))


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, length


def _walk(node: Node, name: str, above: list[Node]) -> Iterator[tuple[str, Node, list[Node]]]:
    kind = node.get("nodeType")
    if kind == "ContractDefinition":
        name = str(node["name"])
    elif kind in ("FunctionDefinition", "ModifierDefinition") and "body" in node:
        own = node.get("name") or node.get("kind")
        name = f"{name}.{own}" if name else str(own)
    yield name, node, above
    for value in node.values():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict) and "nodeType" in child:
                yield from _walk(child, name, [*above, node])


def trees(paths: Iterable[str]) -> list[Source]:
    """The syntax trees of these files, imports left out."""
    wanted = sorted(paths)
    question = standard_json(wanted, {"": ["ast"]})
    answer = compile_(question)
    return [
        Source(p, question["sources"][p]["content"].encode(), answer["sources"][p]["ast"])
        for p in wanted
    ]
