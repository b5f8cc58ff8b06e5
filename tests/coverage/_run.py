"""Which lines and branches of the core contracts the Python tests reach.

    python -m tests.coverage                     every suite
    python -m tests.coverage --suite machine     only what needs no chain
    python -m tests.coverage tests/unit/pool     only these, through Ape

The contracts are compiled with marks in them (see `_instrument.py`) into a copy of the project under
out/, where the tests run as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from scripts._build import STALE, digest, is_fresh
from tests._records import keep
from tests.coverage._instrument import MARKS, Mark, instrument
from tests.mutation._core import core_files, judged
from tests.mutation._judge import Shadow
from tests.mutation._solc import (
    ROOT,
    SHADOWS,
    Program,
    all_sources,
    bytecode,
    read_sources,
    syntax_trees,
)

FOLDER = ROOT / ".build" / "coverage"
MACHINE = ("tests/differential/test_exact.py", "tests/differential/test_adaptive_twin.py")
APE = ("tests/unit", "tests/integration", "tests/exploits")


def build() -> tuple[dict[str, str], list[Mark]]:
    """The bytecode with marks; kept until the sources change."""
    sources, trees = all_sources(), syntax_trees()
    files = core_files(trees)
    changed, marks = instrument(sources, trees, files)
    source = sha256(digest().encode() + b"".join(changed[f] for f in sorted(changed))).hexdigest()
    kept = FOLDER / "build.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if known["sources"] == source:
            return known["code"], marks
    program = Program(trees)
    declared = {n["id"] for f in files for c in trees[f]["nodes"] for n in c.get("nodes", [])}
    targets = {
        n: program.source_of[n]
        for n in program.deployable()
        if judged(program.source_of[n]) and program.parts(n) & declared
    }
    needed = {n: changed[n] for n in [*read_sources(targets.values()), MARKS]}
    code = bytecode(needed, targets)
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"sources": source, "code": code}))
    return code, marks


def run(name: str, command: list[Any], shadow: Shadow, **more: str) -> set[int]:
    """The marks that a suite reaches; what it says goes to a file."""
    marks, log = FOLDER / f"{name}.json", FOLDER / f"{name}.log"
    marks.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(shadow.folder),
        "COVERAGE_MARKS": str(marks),
        **more,
    }
    with log.open("w") as out:
        plugin = ["-p", "tests.coverage._collect", "-p", "no:cacheprovider"]
        subprocess.run(
            [*command, "-q", "--tb=short", *plugin],
            cwd=shadow.folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    print(f"{name}: {log.read_text().strip().splitlines()[-1]}", flush=True)
    return set(json.loads(marks.read_text()))


def summary(marks: list[Mark], reached: set[int]) -> dict[str, Any]:
    """Lines and branches, covered and in total, and what is missed."""
    total: dict[str, Counter[str]] = {}
    lines: dict[tuple[str, int], bool] = {}
    missed = []
    for n, m in enumerate(marks):
        counts = total.setdefault(m.file, Counter())
        if m.kind == "line":
            place = (m.file, m.line)
            lines[place] = lines.get(place, False) or n in reached
            continue
        counts[f"{m.kind} total"] += 1
        counts[f"{m.kind} covered"] += n in reached
        if n not in reached:
            missed.append(f"{m.file}:{m.line} {m.kind}: {m.text}")
    for (file, line), covered in lines.items():
        total[file]["line total"] += 1
        total[file]["line covered"] += covered
        if not covered:
            missed.append(f"{file}:{line} line")
    everything: Counter[str] = sum(total.values(), Counter())
    return {
        **{
            name: {"covered": everything[f"{k} covered"], "total": everything[f"{k} total"]}
            for name, k in (("lines", "line"), ("branches", "branch"), ("operands", "operand"))
        },
        "files": {f: dict(c) for f, c in sorted(total.items())},
        "missed": sorted(missed),
    }


def show(result: dict[str, Any]) -> None:
    kinds = ("line", "branch", "operand")
    print(f"{'':32}" + "".join(f"{k:>20}" for k in ("lines", "branches", "operands")))
    rows = [*result["files"].items()]
    rows.append(("all", sum((Counter(c) for c in result["files"].values()), Counter())))
    for name, counts in rows:
        cells = []
        for k in kinds:
            covered, total = counts.get(f"{k} covered", 0), counts.get(f"{k} total", 0)
            cells.append(f"{covered:5} of {total:4} {covered / total:6.1%}" if total else "")
        print(f"{name:32}" + "".join(f"{c:>20}" for c in cells))
    print(*result["missed"], sep="\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("paths", nargs="*", help="tests to run through Ape, instead of all suites")
    parser.add_argument("--suite", choices=["machine", "ape"], help="only this one")
    options = parser.parse_args(arguments)
    if not is_fresh():
        print(STALE, file=sys.stderr)
        return 2
    code, marks = build()
    shadow = Shadow(SHADOWS / "coverage")
    shadow.build(code)
    reached: set[int] = set()
    if options.suite != "ape" and not options.paths:
        pytest = [sys.executable, "-m", "pytest", "-p", "no:ape_test", *MACHINE]
        reached |= run("machine", pytest, shadow)
    if options.suite != "machine":
        ape = [Path(sys.executable).with_name("ape"), "test", *(options.paths or APE)]
        reached |= run("ape", ape, shadow, COVERAGE_ANVIL="1")
    result = summary(marks, reached)
    keep("coverage", result)
    show(result)
    return 0
