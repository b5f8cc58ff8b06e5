"""Marks in a small source, and what is made of those that were reached."""

from __future__ import annotations

from tests.coverage._instrument import BASE, MARKS, Mark, instrument
from tests.coverage._run import summary
from tests.mutation._solc import check, solc

NAME = "sample.sol"
SAMPLE = b"""// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Sample {
    error Odd(uint256 x);
    uint256 public sum;

    function half(uint256 x, bool even) external returns (uint256 y) {
        if (even && x % 2 != 0) revert Odd(x);
        while (x != y) y = pick(x, y);
        if (y == 0) return y;
        sum += y;
    }

    function pick(uint256 x, uint256 y) public pure returns (uint256) {
        return x > y ? y + 1 : x;
    }
}
"""


def marked() -> tuple[dict[str, bytes], list[Mark]]:
    tree = solc({NAME: SAMPLE}, {"*": {"": ["ast"]}})["sources"][NAME]["ast"]
    return instrument({NAME: SAMPLE}, {NAME: tree}, [NAME])


def test_instrument__statements_and_conditions__each_have_a_mark() -> None:
    _, marks = marked()
    assert {(m.line, m.text) for m in marks if m.kind == "branch"} == {
        (9, "even && x % 2 != 0"),
        (9, "not even && x % 2 != 0"),
        (10, "x != y"),
        (10, "not x != y"),
        (11, "y == 0"),
        (11, "not y == 0"),
        (16, "x > y"),
        (16, "not x > y"),
    }
    assert {m.text for m in marks if m.kind == "operand"} == {
        "even",
        "not even",
        "x % 2 != 0",
        "not x % 2 != 0",
    }
    assert {m.line for m in marks if m.kind == "line"} == {9, 10, 11, 12, 16}


def test_instrument__a_pure_function_too__is_a_program() -> None:
    changed, _ = marked()
    check(changed)
    assert f"{BASE:x}" in changed[MARKS].decode()


def test_summary__of_what_was_reached__counts_lines_once() -> None:
    marks = [
        Mark("a", 1, "line", "x"),
        Mark("a", 1, "line", "y"),
        Mark("a", 2, "line", "z"),
        Mark("a", 1, "branch", "not c"),
        Mark("a", 1, "branch", "c"),
    ]
    result = summary(marks, {0, 3})
    assert result["lines"] == {"covered": 1, "total": 2}
    assert result["branches"] == {"covered": 1, "total": 2}
    assert result["missed"] == ["a:1 branch: c", "a:2 line"]
