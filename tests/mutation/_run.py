"""How many small faults in the core contracts the tests notice.

    python -m tests.mutation                        all of them; goes on where it was broken off
    python -m tests.mutation --sample 100 --seed 1  as many, drawn at random
    python -m tests.mutation --report               what is known so far

A mutant is killed when any test fails, equivalent when it compiles to the same code, and survives otherwise.
Survivors that somebody has judged stand in `survivors.yaml`.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing as mp
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

import yaml

from scripts._build import STALE, is_fresh
from tests._records import keep, kept
from tests.mutation._core import core_files, judged
from tests.mutation._mutants import Mutant, accepted, describe, find
from tests.mutation._solc import (
    SHADOWS,
    Program,
    Refused,
    Sources,
    all_sources,
    bytecode,
    read_sources,
    stripped,
    syntax_trees,
)

SURVIVORS = Path(__file__).with_name("survivors.yaml")
PROCESSES = 2
GROUP = 250
"""Mutants compiled together."""

Result = dict[str, Any]


class Core:
    """The sources, their mutants, and the contracts that the tests which judge deploy."""

    def __init__(self) -> None:
        self.sources, self.trees = all_sources(), syntax_trees()
        self.mutants = find(self.sources, self.trees, core_files(self.trees))
        program = Program(self.trees)
        self.source_of = program.source_of
        names = (n for n in program.deployable() if judged(program.source_of[n]))
        self.parts = {n: program.parts(n) for n in names}

    def targets(self, *mutants: Mutant) -> dict[str, str]:
        """The contracts that they change, with their sources."""
        changed = {m.part for m in mutants} | {m.target for m in mutants if m.kind == "modifier"}
        return {n: self.source_of[n] for n, parts in self.parts.items() if parts & changed}

    def needed(self, targets: dict[str, str]) -> Sources:
        return read_sources(targets.values())


class Worker:
    """Takes tasks, says what became of each mutant."""

    def __init__(self, number: int, results: mp.Queue[tuple[str, Result]]) -> None:
        from tests.mutation import _judge  # here, so that a report needs no build

        self.judge, self.core, self.results = _judge, Core(), results
        self.by_id = {m.id: m for m in self.core.mutants}
        self.folder = SHADOWS / f"mutation-{number}"
        self.shadow: Any = None

    def say(self, m: Mutant, outcome: str, began: float, **more: Any) -> None:
        took = round(time.monotonic() - began, 1)
        self.results.put((m.id, {"outcome": outcome, "seconds": took, **describe(m), **more}))

    def together(self, ids: list[str]) -> None:
        """Compiles them once, lets each live in turn; those that nobody notices are "unnoticed"."""
        mutants = dict(enumerate((self.by_id[i] for i in ids), 1))
        targets = self.core.targets(*mutants.values())
        sources = self.core.needed(targets)
        trees = {n: t for n, t in self.core.trees.items() if n in sources}
        text, left = accepted(sources, trees, mutants)
        for n, m in mutants.items():
            if n not in left:
                self.say(m, "apart", time.monotonic())
        schema = bytecode(text, targets)
        sound = self.judge.walks(schema)
        if sound is not None:
            raise RuntimeError(f"A schema without a mutant fails: {sound}")
        for n, m in left.items():
            began = time.monotonic()
            by = self.judge.noticed(self.judge.chosen(schema, n), m.file)
            self.say(m, "killed" if by else "unnoticed", began, by=by)

    def apart(self, id_: str, ape: bool, seen: bool) -> None:
        """Compiles one: is it the same code? If not, who notices? `seen`: nobody in the machine."""
        m, began = self.by_id[id_], time.monotonic()
        targets = self.core.targets(m)
        sources = self.core.needed(targets)
        changed = {**sources, m.file: m.apply(sources[m.file])}
        try:
            code = bytecode(changed, targets)
        except Refused as refused:
            self.say(m, "invalid", began, by=str(refused)[:200])
            return
        plain = self.judge.original_types
        same = [
            n
            for n in targets
            if stripped(code[n]) == stripped(plain[n]["deploymentBytecode"]["bytecode"][2:])
        ]
        if len(same) == len(targets):
            self.say(m, "equivalent", began, by="the same code")
            return
        by = None if seen else self.judge.noticed(code, m.file)
        if not by and ape:
            self.shadow = self.shadow or self.judge.Shadow(self.folder)
            by = self.shadow.noticed(code, m)
        self.say(m, "killed" if by else "survived", began, by=by)


def work(number: int, tasks: mp.Queue[Any], results: mp.Queue[tuple[str, Result]]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its children end as well
    worker = Worker(number, results)
    while (task := tasks.get()) is not None:
        name, *arguments = task
        getattr(worker, name)(*arguments)
        results.put(("", {}))


# ---------------------------------------------------------------------- what is known


def load() -> dict[str, Result]:
    """Nothing when it was of other sources."""
    return dict((kept("mutation") or {"mutants": {}})["mutants"])


def load_reviewed() -> dict[str, dict[str, str]]:
    """By digest: why a survivor is equivalent, or that it is open."""
    entries = yaml.safe_load(SURVIVORS.read_text()) or {}
    return {key.rpartition(":")[2]: {"key": key, **value} for key, value in entries.items()}


def wilson(part: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of 95 % around a share."""
    if total == 0:
        return 0.0, 1.0
    share, square = part / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    spread = z * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    return middle - spread / (1 + square / total), middle + spread / (1 + square / total)


def outcome(id_: str, result: Result, known: dict[str, dict[str, str]]) -> str:
    if result["outcome"] == "survived":
        return "reviewed" if "equivalent" in known.get(id_.rpartition(":")[2], {}) else "open"
    return str(result["outcome"])


def counts() -> Counter[str]:
    """Of all results that are known of these sources, by outcome."""
    known = load_reviewed()
    return Counter(outcome(id_, result, known) for id_, result in load().items())


def report(results: dict[str, Result], *, sampled: bool) -> None:
    """A table per file, the survivors that nobody has explained, and the score."""
    known = load_reviewed()
    total: Counter[str] = Counter()
    files: dict[str, Counter[str]] = {}
    for id_, result in results.items():
        what = outcome(id_, result, known)
        total[what] += 1
        files.setdefault(id_.split(":")[0], Counter())[what] += 1
    columns = ("killed", "equivalent", "reviewed", "open", "unnoticed", "apart", "invalid")
    print(f"{'':34}" + "".join(f"{c:>12}" for c in columns) + f"{'score':>9}")
    for name, counts in [*sorted(files.items()), ("all", total)]:
        rest = counts["killed"] + counts["open"] + counts["unnoticed"]
        score = f"{counts['killed'] / rest:9.1%}" if rest else ""
        print(f"{name:34}" + "".join(f"{counts[c]:12}" for c in columns) + score)
    for id_, result in sorted(results.items()):
        if outcome(id_, result, known) in ("open", "unnoticed"):
            print(f"\n{id_}  {result['function']}\n  - {result['before']}\n  + {result['after']}")
    rest = total["killed"] + total["open"] + total["unnoticed"]
    if rest:
        low, high = wilson(total["killed"], rest)
        interval = f", {low:.1%} to {high:.1%} at 95 %" if sampled else ""
        print(
            f"\n{total['killed']} of {rest} killed: {total['killed'] / rest:.1%}{interval}; "
            f"{total['equivalent'] + total['reviewed']} equivalent, {total['open']} open, "
            f"{total['unnoticed']} not yet tried on a chain"
        )


# ---------------------------------------------------------------------- a run


class Progress:
    def __init__(self, total: int) -> None:
        self.total, self.done, self.began = total, 0, time.monotonic()

    def step(self, id_: str, result: Result) -> None:
        self.done += 1
        spent = time.monotonic() - self.began
        left = spent / self.done * (self.total - self.done)
        by = f" by {result['by']}" if result.get("by") else ""
        print(
            f"{self.done}/{self.total}  {left / 60:.0f} min left  {id_} {result['outcome']}{by}",
            flush=True,
        )


def run(mutants: list[Mutant], results: dict[str, Result], *, ape: bool) -> None:
    """In the machine first, together; then what nobody has noticed, one by one."""
    keep("mutation", {"mutants": results})
    todo = [m for m in mutants if m.id not in results and m.kind != "alone"]
    # The same files together: what a schema changes is compiled for all its mutants.
    groups = max(PROCESSES, math.ceil(len(todo) / GROUP)) if todo else 0
    size = math.ceil(len(todo) / groups) if groups else 1
    tasks: list[Any] = [
        ("together", [m.id for m in todo[i : i + size]]) for i in range(0, len(todo), size)
    ]
    share(tasks, results, len(todo))

    again = {"unnoticed", "apart"}
    rest = [
        m
        for m in mutants
        if results.get(m.id, {}).get("outcome", "apart" if m.kind == "alone" else "") in again
    ]
    # What went through the machine unnoticed goes to the chain; the others see the machine as well.
    seen = {m.id for m in rest if results.get(m.id, {}).get("outcome") == "unnoticed"}
    tasks = [("apart", m.id, ape, m.id in seen) for m in rest if ape or m.id not in seen]
    share(tasks, results, len(tasks))


def share(tasks: list[Any], results: dict[str, Result], total: int) -> None:
    """Among the processes; every result is kept at once."""
    if not tasks:
        return
    context = mp.get_context("spawn")
    todo, said = context.Queue(), context.Queue()
    for task in [*tasks, *[None] * PROCESSES]:
        todo.put(task)
    workers = [context.Process(target=work, args=(n, todo, said)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    progress, ended = Progress(total), 0
    try:
        while ended < len(tasks):
            try:
                id_, result = said.get(timeout=5)
            except Empty:
                if any(w.exitcode for w in workers):
                    raise SystemExit("A process has failed; what is done is kept.") from None
                continue
            if not id_:
                ended += 1
                continue
            results[id_] = result
            keep("mutation", {"mutants": results})
            progress.step(id_, result)
    finally:
        for worker in workers:
            worker.terminate() if ended < len(tasks) else worker.join()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, help="as many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose names contain this")
    parser.add_argument("--machine-only", action="store_true", help="no tests through Ape")
    parser.add_argument("--report", action="store_true", help="run nothing")
    options = parser.parse_args(arguments)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = load()
    if options.report and options.sample is None:
        report(results, sampled=False)
        return 0
    if not is_fresh():
        print(STALE, file=sys.stderr)
        return 2
    mutants = [m for m in Core().mutants if options.only in m.file]
    if options.sample is not None:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
        mutants.sort(key=lambda m: (m.file, m.edits))
    if not options.report:
        run(mutants, results, ape=not options.machine_only)
    ids = {m.id for m in mutants}
    mine = {i: r for i, r in results.items() if i in ids}
    report(mine, sampled=options.sample is not None)
    return 0
