"""The mutator on a small source: what it finds, how it is put in, who is blamed."""

from __future__ import annotations

import time

import pytest

from tests.mutation._judge import in_child
from tests.mutation._mutants import (
    SELECTOR,
    Mutant,
    accepted,
    alive,
    blamed,
    find,
    schema,
)
from tests.mutation._run import load_reviewed, outcome, wilson
from tests.mutation._solc import METADATA, Node, Program, Sources, check, solc, stripped

NAME = "sample.sol"
SAMPLE = b"""// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library Maths {
    function mulUp(uint256 a, uint256 b) internal pure returns (uint256) { return a * b; }
    function mulDown(uint256 a, uint256 b) internal pure returns (uint256) { return a * b; }
}

contract Sample {
    using Maths for uint256;
    uint256 private constant MOST = 1 << 4;
    uint256 public total;
    error TooMuch(uint256 amount, uint256 most);
    modifier once() { require(total == 0); _; }

    function add(uint256 amount, uint256 price) external once returns (uint256 worth) {
        if (amount > MOST) revert TooMuch(amount, MOST);
        worth = amount.mulUp(price);
        total += worth & 255;
        assembly ("memory-safe") { worth := add(worth, 2) }
    }

    function unused() private pure returns (bool) { return true; }
}
"""


@pytest.fixture(scope="module")
def sources() -> Sources:
    return {NAME: SAMPLE}


@pytest.fixture(scope="module")
def trees(sources: Sources) -> dict[str, Node]:
    """No code is made for them."""
    return {NAME: solc(sources, {"*": {"": ["ast"]}})["sources"][NAME]["ast"]}


@pytest.fixture(scope="module")
def mutants(sources: Sources, trees: dict[str, Node]) -> list[Mutant]:
    return find(sources, trees, [NAME])


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("arithmetic", "a * b", "(a) / (b)"),
        ("arithmetic", "total += worth & 255;", "total -= worth & 255;"),
        ("arithmetic", "add(worth, 2)", "sub(worth, 2)"),
        ("boundary", "amount > MOST", "(amount) >= (MOST)"),
        ("boundary", "total == 0", "(total) != (0)"),
        ("bits", "worth & 255", "(worth) | (255)"),
        ("rounding", "amount.mulUp(price)", "amount.mulDown(price)"),
        ("unguard", "amount > MOST", "false"),
        ("remove", "worth = amount.mulUp(price);", "{}"),
        ("modifier", "once", ""),
        ("constant", "1 << 4", "(1 << 4) + 1"),
        ("swap", "TooMuch(amount, MOST)", "TooMuch(MOST, amount)"),
        ("literal", "255", "(255 - 1)"),
        ("literal", "0", "1"),
        ("literal", "true", "false"),
        ("early", "", "return (worth);"),
    ],
)
def test_find__each_operator__finds_its_fault(
    mutants: list[Mutant], operator: str, before: str, after: str
) -> None:
    assert (operator, before, after) in {(m.operator, m.before, m.after) for m in mutants}


def test_find__every_mutant__has_an_id_of_its_own(mutants: list[Mutant]) -> None:
    assert len({m.digest for m in mutants}) == len(mutants)


def test_find__a_line_more_above__keeps_the_digests(mutants: list[Mutant]) -> None:
    moved = {NAME: SAMPLE.replace(b"library", b"\n// nothing\nlibrary")}
    tree = solc(moved, {"*": {"": ["ast"]}})["sources"][NAME]["ast"]
    later = find(moved, {NAME: tree}, [NAME])
    assert [m.digest for m in later] == [m.digest for m in mutants]
    assert {m.line for m in later} != {m.line for m in mutants}


def test_apply__one_mutant__changes_nothing_else(mutants: list[Mutant]) -> None:
    (m,) = (m for m in mutants if m.operator == "unguard")
    assert m.apply(SAMPLE) == SAMPLE.replace(b"if (amount > MOST)", b"if (false)")


def test_schema__all_that_fit__is_a_program(
    sources: Sources, trees: dict[str, Node], mutants: list[Mutant]
) -> None:
    fit = {n: m for n, m in enumerate(mutants, 1) if m.kind != "alone"}
    text, left = accepted(sources, trees, fit)
    check(text)
    assert SELECTOR in text
    assert left == fit


def test_schema__without_mutants__leaves_the_source(
    sources: Sources, trees: dict[str, Node]
) -> None:
    assert schema(sources, trees, {})[NAME] == SAMPLE


def test_accepted__one_that_is_no_program__is_left_out(
    sources: Sources, trees: dict[str, Node], mutants: list[Mutant]
) -> None:
    good = next(m for m in mutants if m.operator == "unguard")
    bad = Mutant(**{**good.__dict__, "edits": ((*good.edits[0][:2], "nonsense"),)})
    _, left = accepted(sources, trees, {1: bad, 2: good})
    assert left == {2: good}


@pytest.mark.parametrize(
    ("place", "expected"), [(b"(m", {7}), (b"x", {7}), (b"b", {8}), (b"all", {7, 8})]
)
def test_blamed__an_error_at_a_place__names_the_innermost(place: bytes, expected: set[int]) -> None:
    text = b"all /*<7*/(m ? x : /*<8*/(n ? b : c)/*8>*/)/*7>*/"
    start = text.index(place)
    end = len(text) if place == b"all" else start + len(place)
    assert blamed(text, start, end) == expected


def test_alive__a_number__stands_for_every_hash() -> None:
    tail = "a2646970667358221220" + "ab" * 32 + "64736f6c63430008250033"
    code = "6001" + tail + "6002" + tail
    assert [int(h, 16) for _, h, _ in METADATA.findall(alive(code, 17))] == [17, 17]
    assert stripped(alive(code, 17)) == stripped(code) == "60016002"


def test_parts__of_a_contract__are_what_it_uses(trees: dict[str, Node]) -> None:
    parts = Program(trees).parts("Sample")
    maths = {n["name"]: n["id"] for n in trees[NAME]["nodes"][1]["nodes"]}
    assert maths["mulUp"] in parts
    assert maths["mulDown"] not in parts


@pytest.mark.parametrize(
    ("work", "said"),
    [(lambda: None, None), (lambda: "seen", "seen"), (lambda: time.sleep(9), "hangs")],
)
def test_in_child__what_comes_of_it__is_said(work, said) -> None:
    assert in_child(work, 0.5) == said


def test_in_child__an_error__is_death() -> None:
    assert in_child(lambda: 1 // 0, 5) == "dies"


def test_wilson__half_of_a_hundred__is_the_textbook_interval() -> None:
    low, high = wilson(50, 100)
    assert (round(low, 3), round(high, 3)) == (0.404, 0.596)


@pytest.mark.parametrize(
    ("known", "expected"),
    [({}, "open"), ({"open": "x"}, "open"), ({"equivalent": "x"}, "reviewed")],
)
def test_outcome__of_a_survivor__is_what_was_found_of_it(known, expected) -> None:
    assert outcome("a:1:b:c0ffee", {"outcome": "survived"}, {"c0ffee": known}) == expected


def test_survivors__each__is_explained_or_open() -> None:
    for entry in load_reviewed().values():
        assert len(entry.keys() & {"equivalent", "open"}) == 1
