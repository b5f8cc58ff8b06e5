"""The machine for as long as it takes: `make test-deep`, or `python -m tests.machine.deep`.

Walks by seed on all cores, each a market of two pools that lives for some hundred steps and is
looked at after every one (`invariants.py`, the twin), until so many contract calls have been made.
The first violation stops everything and says how to see it again. Figures go to `.build/deep.json`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
import traceback
from collections import Counter
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from queue import Empty
from typing import Any

from tests._records import keep
from tests.machine.arena import Arena
from tests.machine.invariants import check
from tests.machine.vaults import Vaults

CALLS = 10_000_000
STEPS = 600
"""Of one walk."""
FIRST_SEED = 1_000
EVERY_S = 10


def walk(seed: int, steps: int = STEPS) -> tuple[Counter[str], Counter[str], str | None]:
    """Calls by contract, what happened, and what went wrong."""
    first = Arena(seed)
    arenas = [first, Arena(seed + 1, beside=first)]
    vaults = Vaults(first) if seed % 4 == 0 else None
    for arena in arenas:
        arena.watch = check
    step = 0
    try:
        for step in range(steps):
            if vaults and step % 2:
                vaults.step()
            else:
                arenas[step % 10 == 0].step()
        first.leave()
    except Exception:
        lines = [f"seed {seed}, step {step}", *first.trail[-5:], traceback.format_exc()]
        return first.chain.tally, first.seen, "\n".join(lines)
    return first.chain.tally, first.seen, None


def work(seeds: Synchronized[int], steps: int, results: Queue[Any]) -> None:
    """Walks until it is stopped."""
    while True:
        with seeds.get_lock():
            seed = seeds.value
            seeds.value += 1
        results.put((seed, *walk(seed, steps)))


def figures(tally: Counter[str]) -> dict[str, int]:
    """State-changing calls of pools and vaults, reads, and calls of what is around them."""
    protocol = {"IPool", "WrappedSupply", "CuratedVault", "InsuranceVault"}
    kinds: Counter[str] = Counter()
    for name, count in tally.items():
        contract, way = name.split(".")
        if way == "read":
            kinds["reads"] += count
        else:
            kinds["operations" if contract in protocol else "others"] += count
    return {name: kinds[name] for name in ("operations", "reads", "others")}


def run(calls: int, steps: int, first_seed: int, cores: int) -> dict[str, Any]:
    """Walks on all cores until `calls` contract calls have been made."""
    context = multiprocessing.get_context("spawn")
    results, seeds = context.Queue(), context.Value("q", first_seed)
    workers = [
        context.Process(target=work, args=(seeds, steps, results), daemon=True)
        for _ in range(cores)
    ]
    for worker in workers:
        worker.start()
    begun = said = time.monotonic()
    tally, seen, walked, violations = Counter(), Counter(), [], []
    try:
        while sum(figures(tally).values()) < calls and not violations:
            try:
                seed, made, happened, wrong = results.get(timeout=1)
            except Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise RuntimeError("no walk is alive") from None
                continue
            tally.update(made)
            seen.update(happened)
            walked.append(seed)
            if wrong:
                violations.append({"seed": seed, "what": wrong})
            if time.monotonic() - said > EVERY_S:
                said = time.monotonic()
                counts = ", ".join(f"{n:,} {name}" for name, n in figures(tally).items())
                print(f"{said - begun:6.0f} s, {len(walked)} seeds: {counts}", flush=True)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    return {
        **figures(tally),
        "seeds": {"first": first_seed, "count": len(walked)},
        "steps": steps,
        "seconds": round(time.monotonic() - begun, 1),
        "cores": cores,
        "violations": violations,
        "outcomes": dict(seen.most_common()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=CALLS, help="contract calls to make")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of a walk")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="walk this one alone, and say how it went")
    args = parser.parse_args()
    if args.seed is not None:
        tally, _, wrong = walk(args.seed, args.steps)
        print(wrong or f"seed {args.seed}: nothing found", figures(tally))
        return int(wrong is not None)
    report = run(args.calls, args.steps, args.first_seed, args.cores)
    keep("deep", report)
    counts = ", ".join(f"{report[n]:,} {n}" for n in ("operations", "reads", "others"))
    print(f"{counts} in {report['seconds']:,} s; {report['seeds']['count']} seeds")
    for violation in report["violations"]:
        again = f"python -m tests.machine.deep --seed {violation['seed']} --steps {args.steps}"
        print(f"\nVIOLATION\n{violation['what']}\nAgain: {again}")
    return int(bool(report["violations"]))


if __name__ == "__main__":
    raise SystemExit(main())
