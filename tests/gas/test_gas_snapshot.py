"""No action of a user has become dearer than the repository remembers."""

from __future__ import annotations

import json

import pytest

from tests.gas import snapshot


@pytest.mark.gas
def test_gas__every_sentence__has_not_grown_by_more_than_a_per_cent():
    remembered = json.loads(snapshot.FILE.read_text())
    grown = snapshot.grown(remembered, snapshot.measured())
    assert grown == [], "\n".join(["write tests/gas/snapshot.json anew if this is meant:", *grown])


def test_grown__beyond_the_tolerance__named_with_the_difference():
    assert snapshot.grown({"supply": 1_000}, {"supply": 1_011}) == [
        "supply: 1,011 gas, +11 (+1.1%)"
    ]


def test_grown__within_the_tolerance_or_less__nothing():
    assert snapshot.grown({"supply": 1_000, "repay": 900}, {"supply": 1_010, "repay": 5}) == []


def test_grown__new_and_gone__both_named():
    assert snapshot.grown({"old": 1}, {"new": 2}) == [
        "new: 2 gas, not in the snapshot",
        "old: in the snapshot, not measured",
    ]
