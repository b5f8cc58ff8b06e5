"""Slither over the contracts, compared with what has been reviewed.

    python -m tests.static.slither    fails on a finding that nobody has reviewed, and on a review of none

The compiler is asked for syntax trees only, and Slither reads them as if Hardhat had compiled. A finding
is its detector and the first thing it names; `baseline.yaml` says of each why it is fine. No detector is
left out, and findings in mocks do not count.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests._records import keep
from tests.static._sources import ROOT, compile_, own_sources, standard_json

SLITHER = ROOT / ".build" / "proof" / "bin" / "slither"
WORK = ROOT / ".build" / "slither"
BASELINE = Path(__file__).with_name("baseline.yaml")
IMPACTS = ("High", "Medium", "Low", "Informational", "Optimization")
VERSION = "0.8.37"


@dataclass(frozen=True, order=True)
class Finding:
    """A detector, and where it struck."""

    detector: str
    where: str

    def __str__(self) -> str:
        return f"{self.detector} at {self.where}"


# ---------------------------------------------------------------------- running


def prepare(paths: Iterable[str]) -> Path:
    """Compiles into the folder of artifacts that Slither reads, and returns it."""
    question = standard_json(paths, {"*": ["abi", "devdoc", "userdoc"], "": ["ast"]})
    answer = compile_(question)
    # Not looked at, but asked for.
    code = {"object": "", "sourceMap": ""}
    for contracts in answer["contracts"].values():
        for contract in contracts.values():
            contract["evm"] = {"bytecode": code, "deployedBytecode": code}
    info = {
        "_format": "hh-sol-build-info-1",
        "solcVersion": VERSION,
        "solcLongVersion": VERSION,
        "input": question,
        "output": answer,
    }
    folder = WORK / "artifacts" / "build-info"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / "contracts.json").write_text(json.dumps(info))
    return folder.parent


def run(artifacts: Path, slither: Path = SLITHER) -> list[dict[str, Any]]:
    """What Slither reports."""
    answer = WORK / "answer.json"
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [
            str(slither),
            ".",
            "--compile-force-framework",
            "hardhat",
            "--ignore-compile",
            "--hardhat-ignore-compile",
            "--hardhat-artifacts-directory",
            str(artifacts.relative_to(ROOT)),
            "--json",
            str(answer),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not answer.exists():
        raise RuntimeError(f"Slither did not answer:\n{done.stderr[-2000:]}")
    report = json.loads(answer.read_text())
    if not report["success"]:
        raise RuntimeError(f"Slither failed: {report['error']}")
    return list(report["results"].get("detectors", []))


# ---------------------------------------------------------------------- comparing


def place(result: Mapping[str, Any]) -> str:
    """The first thing that a result names, as `Contract.function`."""
    element = result["elements"][0] if result["elements"] else {}
    parts = []
    while element:
        if element.get("type") in ("contract", "function", "variable", "struct", "event", "enum"):
            parts.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent", {})
    return ".".join(reversed(parts)) or str(result["description"]).strip().splitlines()[0]


def is_ours(result: Mapping[str, Any]) -> bool:
    """Whether it is about a contract of this project that is deployed."""
    files = {
        e["source_mapping"]["filename_relative"]
        for e in result["elements"]
        if "source_mapping" in e
    }
    return any(f.startswith("contracts/") and "/mocks/" not in f for f in files)


def baseline() -> dict[Finding, str]:
    """What has been reviewed, with the reason why it is fine."""
    entries = yaml.safe_load(BASELINE.read_text()) or []
    return {
        Finding(entry["detector"], where): entry["reason"]
        for entry in entries
        for where in entry["where"]
    }


def compare(
    found: Iterable[Finding], reviewed: Iterable[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """Findings that nobody has reviewed, and reviews of what no longer occurs."""
    there, known = set(found), set(reviewed)
    return sorted(there - known), sorted(known - there)


def main() -> int:
    """The number of findings by impact, and whether all are reviewed."""
    results = [r for r in run(prepare(own_sources())) if is_ours(r)]
    counts = Counter(r["impact"] for r in results)
    found = {Finding(r["check"], place(r)): r for r in results}
    unknown, stale = compare(found, baseline())

    print("Slither: " + ", ".join(f"{counts[i]} {i.lower()}" for i in IMPACTS))
    for finding in unknown:
        print(
            f"\nnew, {found[finding]['impact']}: {finding}\n{found[finding]['description'].strip()}"
        )
    for finding in stale:
        print(f"\nreviewed and no longer found: {finding}")

    record = {i.lower(): counts[i] for i in IMPACTS} | {
        "baseline": len(baseline()),
        "open": len(unknown),
        "stale": len(stale),
    }
    keep("slither", record)
    return 1 if unknown or stale else 0


if __name__ == "__main__":
    sys.exit(main())
