"""The page of invariants names each once, with its source and a test that exists; and this can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.invariants._page import PAGE, Row, faults, rows

GOOD = """
## Ledger

| Id | Kind | Invariant | Source | Checked by |
| --- | --- | --- | --- | --- |
| INV-01 | S | It holds. | somebody: `a.spec` | `tests/test_a.py::test_one` |
| INV-02 | S | It holds as well. | `contracts/A.sol` | `tests/a.py::always`, in part |
"""

MODULE = """
import pytest


def test_one():
    pass  # INV-01


@pytest.mark.skip
def test_skipped():
    pass


def helper():
    pass
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two rows, one contract and two modules."""
    for folder in ("contracts", "tests/invariants"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "contracts" / "A.sol").touch()
    (tmp_path / "tests" / "test_a.py").write_text(MODULE)
    (tmp_path / "tests" / "a.py").write_text("def always():\n    pass\n")
    return tmp_path


def test_page__as_it_is__has_no_fault() -> None:
    assert faults(PAGE.read_text()) == []


def test_page__as_it_is__is_for_people() -> None:
    """Every row one sentence, and every table under a heading."""
    table = [row for row in rows(PAGE.read_text()) if isinstance(row, Row)]
    assert max(len(row.sentence) for row in table) < 400
    assert PAGE.read_text().count("\n| Id |") == PAGE.read_text().count("\n## ")


def test_faults__of_a_good_page__are_none(root: Path) -> None:
    assert faults(GOOD, root, {"INV": 2}) == []


BROKEN = {
    "INV-02 is missing": lambda t: t[: t.index("| INV-02")],
    "INV-03 is not in the sequence": lambda t: t.replace("INV-02", "INV-03"),
    "INV-01 is there 2 times": lambda t: t.replace("INV-02", "INV-01"),
    "not five cells": lambda t: t.replace("| somebody: `a.spec` ", ""),
    "INV-01 is of no kind": lambda t: t.replace("| INV-01 | S", "| INV-01 | X"),
    "INV-01 is no sentence": lambda t: t.replace("It holds.", "holds"),
    "INV-01 has no source": lambda t: t.replace("somebody: `a.spec`", ""),
    "INV-02 has a source that does not exist": lambda t: t.replace("A.sol", "B.sol"),
    "INV-01 is checked by no test": lambda t: t.replace("`tests/test_a.py::test_one`", "hope"),
    "INV-01 is checked by a test that does not exist": lambda t: t.replace("test_one", "test_two"),
    "INV-02 is checked by a test that does not exist": lambda t: t.replace("a.py::a", "b.py::a"),
    "INV-01 is checked by a test that does not run": lambda t: t.replace("_one", "_skipped"),
}
"""The fault, and what makes it."""


@pytest.mark.parametrize(("fault", "break_"), BROKEN.items(), ids=BROKEN)
def test_faults__of_a_broken_page__are_named(root: Path, fault, break_) -> None:
    assert any(f.startswith(fault) for f in faults(break_(GOOD), root, {"INV": 2}))


def test_faults__of_a_helper_named_as_a_test__are_named(root: Path) -> None:
    page = GOOD.replace("test_one", "helper")
    assert any("does not exist" in fault for fault in faults(page, root, {"INV": 2}))


def test_faults__of_a_module_that_uses_another_identifier__are_named(root: Path) -> None:
    (root / "tests" / "b.py").write_text('"""INV-77."""\n')
    assert faults(GOOD, root, {"INV": 2}) == ["tests/b.py uses INV-77, which the page lacks"]


def test_faults__of_a_test_of_this_folder_that_no_row_names__are_named(root: Path) -> None:
    (root / "tests" / "invariants" / "test_b.py").write_text("def test_three():\n    pass\n")
    assert faults(GOOD, root, {"INV": 2}) == [
        "tests/invariants/test_b.py::test_three is named by no row"
    ]
