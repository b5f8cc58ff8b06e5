"""INVARIANTS.md as data, and what is wrong with it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "tests" / "invariants" / "INVARIANTS.md"

ROWS = {"INV": 68, "WEIR": 36}
"""How many there are of each kind: without gaps, from 01."""

KINDS = set("STRLCM")
IDENTIFIER = re.compile(r"\b(INV|WEIR)-\d{2,}\b")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
OWN_SOURCE = re.compile(r"`((?:contracts|scripts|sims|tests)/[\w./]+)`")
IDLE_MARKS = {"skip", "skipif", "xfail"}


@dataclass(frozen=True)
class Row:
    """One invariant."""

    identifier: str
    kind: str
    sentence: str
    source: str
    checks: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Files and functions."""
        return TEST.findall(self.checks)


def rows(text: str) -> Iterator[Row | str]:
    """The rows of all tables; a line that means to be one and is not, as it stands."""
    for line in text.splitlines():
        if not IDENTIFIER.match(line.strip("| ")):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        yield Row(*cells) if len(cells) == 5 else line


def faults(text: str, root: Path = ROOT, expected: dict[str, int] = ROWS) -> list[str]:
    """Everything wrong with a page, in words."""
    found = [f"not five cells: {row[:60]}" for row in rows(text) if isinstance(row, str)]
    table = [row for row in rows(text) if isinstance(row, Row)]
    count = Counter(row.identifier for row in table)
    wanted = {f"{p}-{n:02}" for p, last in expected.items() for n in range(1, last + 1)}
    found += [f"{i} is missing" for i in sorted(wanted - count.keys())]
    found += [f"{i} is not in the sequence" for i in sorted(count.keys() - wanted)]
    found += [f"{i} is there {n} times" for i, n in count.items() if n > 1]
    for row in table:
        found += [f"{row.identifier} {fault}" for fault in row_faults(row, root)]
    known = count.keys()
    found += [
        f"{where} uses {i}, which the page lacks" for where, i in uses(root) if i not in known
    ]
    named = {test for row in table for test in row.tests}
    found += [f"{file}::{name} is named by no row" for file, name in own_tests(root) - named]
    return found


def row_faults(row: Row, root: Path) -> Iterator[str]:
    """What is wrong with one row."""
    if row.kind not in KINDS:
        yield f"is of no kind: {row.kind}"
    if not row.sentence.endswith("."):
        yield "is no sentence"
    if not row.source:
        yield "has no source"
    for path in OWN_SOURCE.findall(row.source):
        if not (root / path).exists():
            yield f"has a source that does not exist: {path}"
    if not row.tests:
        yield "is checked by no test"
    for file, name in row.tests:
        marks = functions(root / file).get(name)
        if marks is None:
            yield f"is checked by a test that does not exist: {file}::{name}"
        elif marks & IDLE_MARKS:
            yield f"is checked by a test that does not run: {file}::{name}"


@cache
def functions(path: Path) -> dict[str, set[str]]:
    """The functions of a module that stand for tests, also those of classes, and the names in their
    decorators."""
    if not path.exists():
        return {}
    found = {}
    is_tests = path.name.startswith("test_")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("test_") or not is_tests):
            words = [w for d in node.decorator_list for w in ast.walk(d)]
            found[node.name] = {w.attr for w in words if isinstance(w, ast.Attribute)}
    return found


def uses(root: Path) -> Iterator[tuple[str, str]]:
    """Where test modules use an identifier; the checker's own examples are none."""
    for path in sorted((root / "tests").rglob("*.py")):
        if path.name == "test_invariants.py":
            continue
        for match in IDENTIFIER.finditer(path.read_text()):
            yield str(path.relative_to(root)), match[0]


def own_tests(root: Path) -> set[tuple[str, str]]:
    """The tests of this folder, but for the checker's."""
    return {
        (str(path.relative_to(root)), name)
        for path in (root / "tests" / "invariants").glob("test_*.py")
        if path.name != "test_invariants.py"
        for name in functions(path)
    }
