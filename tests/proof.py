"""All that is known about the contracts, in one table: `make proof`.

Counted or measured now: operations a second, invariants, failures, truth tables, lemmas. From the
records of `make prove`, `make test-deep`, `make mutation` and `make coverage`: the rest, where a record
is of these sources; where there is none, the figure is null and the table says what to run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts._build import STALE, is_fresh
from tests import _seen
from tests._records import kept
from tests._revm import ROOT
from tests.exploits import failures
from tests.integration import (
    test_truth_table,
    test_truth_table_aliases,
    test_truth_table_reentrancy,
    test_truth_table_roles,
    test_truth_table_tokens,
)
from tests.invariants import _page as invariants
from tests.lemmas import lemmas
from tests.machine.bench import bench
from tests.mutation import _run as mutation

SUMMARY = ROOT / "reports" / "proof" / "summary.json"
TRUTH_TABLES = (
    test_truth_table,
    test_truth_table_aliases,
    test_truth_table_reentrancy,
    test_truth_table_roles,
    test_truth_table_tokens,
)
MAKE = {
    "never_exercised": "make test",
    "differential": "make test-deep",
    "mutation": "make mutation",
    "coverage": "make coverage",
    "slither": "make prove",
    "halmos": "make prove",
}
"""What makes the records that a figure is from."""


def summary() -> dict[str, Any]:
    """Every figure by its name."""
    deep = kept("deep")
    violations = deep and len(deep["violations"])
    entries = failures.counts()
    rows = [r for r in invariants.rows(invariants.PAGE.read_text()) if not isinstance(r, str)]
    return {
        "operations_per_second": round(bench()),
        "differential": deep
        and {
            "operations": deep["operations"],
            "reads": deep["reads"],
            "seeds": deep["seeds"],
            "mismatches": violations,
        },
        "invariants": {"count": len(rows), "violations": violations},
        "failures": {
            "entries": entries.entries,
            "replayed": entries.replayed,
            "not_applicable": entries.impossible,
        },
        "truth_table_cases": sum(table.cases() for table in TRUTH_TABLES),
        "never_exercised": exercised(),
        "mutation": mutated(),
        "coverage": covered(),
        "lemmas": lemmas(),
        "slither": kept("slither"),
        "halmos": kept("halmos"),
    }


def exercised() -> dict[str, int] | None:
    """How many of the contracts' functions, errors and events the latest `make test` did not meet."""
    if not _seen.SEEN.exists():
        return None
    return {kind: len(names) for kind, names in _seen.missing(_seen.read()).items()}


def mutated() -> dict[str, int] | None:
    """Faults put into the core, and what became of them; `open` has been noticed by no test so far."""
    known = mutation.counts()
    if not known:
        return None
    equivalent = known["equivalent"] + known["reviewed"]
    unnoticed = known["open"] + known["unnoticed"]
    return {
        "mutants": known["killed"] + equivalent + unnoticed,
        "killed": known["killed"],
        "equivalent": equivalent,
        "open": unnoticed,
    }


def covered() -> dict[str, Any] | None:
    """The share of lines and branches of the core that tests reach."""
    figures = kept("coverage")
    return figures and {
        name: round(figures[name]["covered"] / figures[name]["total"], 4)
        for name in ("lines", "branches", "operands")
    } | {"missed": len(figures["missed"])}


def spell(figure: Any) -> str:
    """A figure, or several by name."""
    if isinstance(figure, dict):
        return ", ".join(f"{name.replace('_', ' ')} {spell(v)}" for name, v in figure.items())
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


def show(figures: dict[str, Any]) -> Table:
    """The table on screen."""
    table = Table("what", "figures", title="Proof")
    for name, figure in figures.items():
        missing = f"not known for these sources: {MAKE.get(name)}"
        table.add_row(name.replace("_", " "), missing if figure is None else spell(figure))
    return table


def write(figures: dict[str, Any], path: Path = SUMMARY) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(figures, indent=2) + "\n")
    draft.replace(path)


def main() -> int:
    """Fails where something is known to be wrong; what is not known is said."""
    if not is_fresh():
        print(STALE, file=sys.stderr)
        return 2
    figures = summary()
    write(figures)
    Console().print(show(figures))
    print(SUMMARY.relative_to(ROOT))
    return int(bool(figures["invariants"]["violations"]))


if __name__ == "__main__":
    sys.exit(main())
