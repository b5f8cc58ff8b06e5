"""Every reason for refusing that a contract declares is one that some test has met."""

from __future__ import annotations

import re

import pytest

from tests._revm import ROOT

ROOMS = ("unit", "exploits", "integration")
THIS = "test_errors.py"


def declared() -> list[str]:
    ours = (p for p in ROOT.glob("contracts/**/*.sol") if not {"mocks", ".cache"} & {*p.parts})
    errors = (re.findall(r"^ *error (\w+)\(", p.read_text(), re.M) for p in ours)
    return sorted({name for names in errors for name in names})


@pytest.fixture(scope="module")
def named() -> set[str]:
    """What tests name as an error: an attribute of a contract, or a word in quotes."""
    files = (p for room in ROOMS for p in (ROOT / "tests" / room).rglob("*.py"))
    text = "\n".join(p.read_text() for p in files if p.name != THIS)
    return set(re.findall(r'(?:\.|["|])([A-Z]\w+)', text))


def test_errors__of_all_rooms__are_found() -> None:
    assert {"Healthy", "WouldLoosen", "BelowFloor"} < set(declared())


@pytest.mark.parametrize("error", declared())
def test_errors__each__is_met_by_a_test(error: str, named: set[str]) -> None:
    assert error in named
