"""Marks in the sources: a look at a numbered address wherever a statement begins or a condition is decided.

The look is a `staticcall` without gas to `BASE + n`: no optimizer takes it out, and whoever runs the code has
to load that account, of which a revert leaves a trace too. A pure function may look because a pointer to the
function that does is cast.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.mutation._solc import Node, Sources, children, span

BASE = 0xC07E4A6E << 128
MARKS = "coverage.sol"
MARKS_SOURCE = f"""// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

function look_(uint256 n) view {{
    assembly ("memory-safe") {{
        pop(staticcall(0, add({BASE:#042x}, n), 0, 0, 0, 0))
    }}
}}

function mark_(uint256 n) pure {{
    function(uint256) internal view f = look_;
    function(uint256) internal pure g;
    assembly ("memory-safe") {{
        g := f
    }}
    g(n);
}}

function decided_(uint256 n, bool c) pure returns (bool) {{
    mark_(c ? n + 1 : n);
    return c;
}}
""".encode()

STATEMENTS = {
    "ExpressionStatement",
    "EmitStatement",
    "RevertStatement",
    "VariableDeclarationStatement",
    "Return",
    "IfStatement",
    "WhileStatement",
    "ForStatement",
    "InlineAssembly",
    "Continue",
    "Break",
}


@dataclass(frozen=True)
class Mark:
    """What a look tells: that a line was reached, or that a condition was decided this way."""

    file: str
    line: int
    kind: str
    """line, branch (the arms of an `if`, a loop, a `? :`) or operand (of `&&` and `||`)."""
    text: str


class Instrument:
    """Of one source: the marks, and the source with them in it."""

    def __init__(self, file: str, source: bytes, tree: Node, marks: list[Mark]) -> None:
        self.file, self.source, self.marks = file, source, marks
        self.inserts: list[tuple[int, int, str]] = []
        for part in tree["nodes"]:
            for node in part.get("nodes", [part]):
                coded = node["nodeType"] in ("FunctionDefinition", "ModifierDefinition")
                if coded and node.get("body"):
                    self.visit(node["body"])
        pragma = re.search(rb"pragma solidity[^;]*;", source)
        assert pragma
        self.insert(pragma.end(), 0, f' import {{mark_, decided_}} from "{MARKS}";')

    def insert(self, at: int, rank: int, text: str) -> None:
        self.inserts.append((at, rank, text))

    def result(self) -> bytes:
        out, at = b"", 0
        for place, _, text in sorted(self.inserts):
            out += self.source[at:place] + text.encode()
            at = place
        return out + self.source[at:]

    def mark(self, at: int, kind: str, text: str) -> int:
        line = self.source[:at].count(b"\n") + 1
        self.marks.append(Mark(self.file, line, kind, re.sub(r"\s+", " ", text)))
        return len(self.marks) - 1

    def visit(self, node: Node) -> None:
        kind = node["nodeType"]
        if kind in ("Block", "UncheckedBlock"):
            for statement in node["statements"]:
                if statement["nodeType"] in STATEMENTS:
                    self.statement(statement)
        for body in (node.get(p) for p in ("trueBody", "falseBody", "body")):
            if body and body["nodeType"] in STATEMENTS:
                start, end = span(body)
                if body["nodeType"] not in ("IfStatement", "WhileStatement", "ForStatement"):
                    end = self.source.index(b";", end - 1) + 1
                self.insert(start, 1, "{ ")
                self.statement(body)
                self.insert(end, -1, " }")
        decides = kind in ("IfStatement", "WhileStatement", "ForStatement", "Conditional")
        if decides and node.get("condition"):
            self.condition(node["condition"], "branch")
        if kind == "BinaryOperation" and node["operator"] in ("&&", "||"):
            for operand in (node["leftExpression"], node["rightExpression"]):
                if operand.get("operator") not in ("&&", "||"):
                    self.condition(operand, "operand")
        if kind == "InlineAssembly":
            start, end = span(node)
            # A look there would leave nothing of what the last call has returned.
            if b"returndata" not in self.source[start:end]:
                self.assembly(node["AST"])
            return
        for child in children(node):
            self.visit(child)

    def statement(self, node: Node) -> None:
        start, end = span(node)
        n = self.mark(start, "line", self.source[start:end].decode()[:80])
        self.insert(start, 2, f"mark_({n}); ")

    def condition(self, node: Node, kind: str) -> None:
        start, end = span(node)
        text = self.source[start:end].decode()
        n = self.mark(start, kind, f"not {text}")
        self.mark(start, kind, text)
        # Outer ones open first and close last.
        self.insert(start, 10**6 - (end - start), f"decided_({n}, ")
        self.insert(end, -(10**6) + (end - start), ")")

    def assembly(self, node: Node) -> None:
        if node["nodeType"] == "YulIf":
            start, end = span(node["condition"])
            n = self.mark(start, "branch", self.source[start:end].decode())
            at = span(node["body"])[0] + 1
            self.insert(at, 0, f" pop(staticcall(0, {BASE + n:#042x}, 0, 0, 0, 0)) ")
        for child in children(node):
            self.assembly(child)


def instrument(
    sources: Sources, trees: dict[str, Node], files: list[str]
) -> tuple[Sources, list[Mark]]:
    """The sources with marks in the files, and what each mark is, by its number."""
    marks: list[Mark] = []
    changed = {**sources, MARKS: MARKS_SOURCE}
    for file in files:
        changed[file] = Instrument(file, sources[file], trees[file], marks).result()
    return changed, marks
