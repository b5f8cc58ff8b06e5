"""Symbolic proofs with Halmos: words, positions, permissions.

    python -m tests.symbolic.run    fails unless every property is proved and every wrong one refuted

What multiplies and divides is left to the lemmas: a product of two unknowns over a third has no end here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests._records import keep

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIG = Path(__file__).with_name("foundry.toml")
SOLC = ROOT / ".venv" / "solc" / "solc-v0.8.37"
FORGE = ROOT / ".venv" / "bin" / "forge"  # the native one: npm's launcher hides what fails
HALMOS = ROOT / ".build" / "proof" / "bin" / "halmos"
WORK = ROOT / ".build" / "symbolic"
WRONG = "Wrong.t.sol:WrongTest"
PROVED = 0


def run() -> dict[str, dict[str, int]]:
    """How every property ended, by contract and name: zero is proved, one refuted."""
    environment = {
        **os.environ,
        "PATH": f"{FORGE.parent}{os.pathsep}{os.environ['PATH']}",
        "FOUNDRY_CONFIG": str(CONFIG),
        "FOUNDRY_SOLC": str(SOLC),
    }
    WORK.mkdir(parents=True, exist_ok=True)
    answer = WORK / "answer.json"
    answer.unlink(missing_ok=True)
    build = [str(FORGE), "build", "--root", str(ROOT), "--ast"]
    subprocess.run(build, cwd=ROOT, env=environment, check=True)
    options = ["--root", str(ROOT), "--forge-build-out", str(WORK.relative_to(ROOT) / "out")]
    limits = ["--solver-timeout-assertion", "60000", "--loop", "3"]
    subprocess.run(
        [str(HALMOS), *options, *limits, "--json-output", str(answer)],
        cwd=ROOT,
        env=environment,
        check=False,  # the wrong ones fail
    )
    report: dict[str, Any] = json.loads(answer.read_text())
    return {
        contract.rsplit("/", 1)[-1]: {t["name"]: t["exitcode"] for t in tests}
        for contract, tests in report["test_results"].items()
    }


def main() -> int:
    """The number of properties proved, and whether each ended as it should."""
    results = run()
    wrong = results.pop(WRONG, {})
    open_ = [
        f"{c}.{n}" for c, tests in results.items() for n, code in tests.items() if code != PROVED
    ]
    missed = [f"{WRONG}.{n}" for n, code in wrong.items() if code != 1]
    proved = sum(code == PROVED for tests in results.values() for code in tests.values())
    print(
        f"Halmos: {proved} proved, {len(open_)} open, {len(wrong) - len(missed)} wrong ones refuted"
    )
    for name in (*open_, *missed):
        print(f"not as it should be: {name}")

    keep("halmos", {"proved": proved, "open": len(open_), "refuted": len(wrong) - len(missed)})
    return 1 if open_ or missed or not proved or not wrong else 0


if __name__ == "__main__":
    sys.exit(main())
