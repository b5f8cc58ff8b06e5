"""A journal holds what was written to it, and only its end may be torn off."""

from __future__ import annotations

import pytest

from scripts._journal import Journal, JournalError


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "folder" / "one.jsonl")
    journal.append("begin", step="first")
    journal.append("intent", step="second")
    return journal


def events(journal):
    return [entry["event"] for entry in journal.entries()]


def test_entries__of_no_file__are_none(tmp_path):
    assert Journal(tmp_path / "none").entries() == []


def test_entries__a_last_line_cut_short__counts_as_not_written(journal):
    text = journal.path.read_text()
    journal.path.write_text(text[:-5])
    assert events(journal) == ["begin"]


def test_append__after_a_line_cut_short__takes_its_place(journal):
    text = journal.path.read_text()
    journal.path.write_text(text[:-5])
    journal.append("done", step="second")
    assert events(journal) == ["begin", "done"]


def test_append__after_a_line_that_lacks_its_newline_only__keeps_it(journal):
    journal.path.write_text(journal.path.read_text().rstrip("\n"))
    assert events(journal) == ["begin", "intent"]
    journal.append("done", step="second")
    assert events(journal) == ["begin", "intent", "done"]


def test_begin__of_no_file__is_none(tmp_path):
    assert Journal(tmp_path / "none").begin() is None


def test_begin__entries_without_one__refused(journal):
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join(lines[1:]))
    with pytest.raises(JournalError, match="does not say what was begun"):
        journal.begin()


@pytest.mark.parametrize("line", ["{", "5", "[]", "{}"])
def test_entries__a_line_in_the_middle_that_is_none__refused(journal, line):
    journal.path.write_text(f"{line}\n{journal.path.read_text()}")
    with pytest.raises(JournalError, match=r"one\.jsonl:1 is no entry"):
        journal.entries()
