"""No contract breaks a rule that nobody has reviewed, and every rule is broken by a bad contract."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.static._sources import ROOT, SETTINGS, Source, own_sources, trees, with_imports
from tests.static.rules import REVIEWED, RULES, Place, broken, findings

BAD = sorted((ROOT / "tests" / "static" / "bad").glob("*.sol"))
CACHE = ROOT / ".build" / "trees.json"


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    """The trees of all contracts and of the bad ones, kept until a source changes."""
    paths = [*own_sources(), *(p.relative_to(ROOT).as_posix() for p in BAD)]
    texts = json.dumps([SETTINGS, sorted(with_imports(paths).items())])
    digest = hashlib.sha256(texts.encode()).hexdigest()
    if CACHE.exists():
        kept = json.loads(CACHE.read_text())
        if kept["digest"] == digest:
            return [Source(p, (ROOT / p).read_bytes(), tree) for p, tree in kept["trees"].items()]
    made = trees(paths)
    CACHE.parent.mkdir(exist_ok=True)
    new = CACHE.with_suffix(".new")
    new.write_text(json.dumps({"digest": digest, "trees": {s.path: s.tree for s in made}}))
    new.replace(CACHE)
    return made


@pytest.fixture(scope="module")
def ours(sources: list[Source]) -> list[Source]:
    return [s for s in sources if s.path.startswith("contracts/")]


@pytest.fixture(scope="module")
def found(ours: list[Source]) -> tuple[list[Place], list[tuple[str, str]]]:
    return findings(ours)


@pytest.mark.parametrize("name", RULES)
def test_rule__our_contracts__broken_only_where_reviewed(
    name: str, found: tuple[list[Place], list[tuple[str, str]]]
) -> None:
    unknown, stale = found
    assert [p for p in unknown if p.rule == name] == []
    assert [entry for entry in stale if entry[0] == name] == []


@pytest.mark.parametrize("name", RULES)
def test_rule__its_bad_contract__found(name: str, sources: list[Source]) -> None:
    bad = [s for s in sources if s.path == f"tests/static/bad/{name}.sol"]
    assert bad, f"{name} has no bad contract"
    assert name in {p.rule for p in broken(bad)}


def test_bad_contracts__each__has_its_rule() -> None:
    assert {p.stem for p in BAD} == RULES.keys()


def test_reviewed__each__gives_a_reason_for_a_rule() -> None:
    assert REVIEWED.keys() <= RULES.keys()
    assert all(len(reason) > 10 for places in REVIEWED.values() for reason in places.values())


def test_selectors__of_the_pool__are_many(ours: list[Source]) -> None:
    """The rules about the two halves look at what they are meant to look at."""
    halves = [n for s in ours for _, n, _ in s.named if n.get("name") in ("Pool", "PoolExtension")]
    functions = [f for h in halves for f in h.get("nodes", ()) if "functionSelector" in f]
    assert len(functions) > 50
