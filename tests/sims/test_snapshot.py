"""A snapshot on disk is the snapshot that was taken, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sims.exact import WAD, Pool
from sims.snapshot import MANIFEST, Snapshot, SnapshotError
from tests.sims._snapshots import NOW, snapshot

YEAR_S = 365 * 86_400


def test_read__what_was_written__is_the_same_to_the_last_digit(tmp_path):
    taken = snapshot()
    assert Snapshot.read(taken.write(tmp_path / "one")) == taken


def test_read__a_file_that_was_changed__refused(tmp_path):
    folder = snapshot().write(tmp_path / "one")
    with (folder / "positions.parquet").open("ab") as file:
        file.write(b"!")
    with pytest.raises(SnapshotError, match="digest"):
        Snapshot.read(folder)


def test_read__a_file_that_is_gone__refused(tmp_path):
    folder = snapshot().write(tmp_path / "one")
    (folder / "reserves.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"reserves\.parquet is missing"):
        Snapshot.read(folder)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [(None, "is no snapshot"), ("{", "is no JSON"), ('{"schema": 99}', "has schema 99")],
)
def test_read__a_folder_that_is_none__refused(tmp_path, manifest, said):
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(SnapshotError, match=said):
        Snapshot.read(tmp_path)


def test_write__into_a_folder_in_use__refused_and_nothing_is_lost(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(SnapshotError, match="exists already"):
        snapshot().write(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_manifest__of_a_snapshot__says_where_it_is_from(tmp_path):
    manifest = json.loads((snapshot().write(tmp_path / "one") / MANIFEST).read_text())
    assert (manifest["chain_id"], manifest["block_number"]) == (1, 100)
    assert set(manifest["files"]) == {"reserves.parquet", "positions.parquet"}


def test_to_book__health_in_floats__is_the_twins_in_integers():
    taken = snapshot()
    book, twin = taken.to_book(), Pool.from_snapshot(taken)
    health = book.health_factor(taken.prices, threshold=taken.reserve_params().threshold)
    exact = np.array([twin.health_factor(a) / WAD for a in taken.accounts])
    owing = np.isfinite(health)
    assert owing.sum() > 50
    np.testing.assert_allclose(health[owing], exact[owing], rtol=1e-12)


def test_to_book__a_year_after_the_last_accrual__holds_the_interest():
    taken = snapshot()
    later = replace(taken, origin=replace(taken.origin, timestamp=NOW + YEAR_S))
    grown = later.to_book().debt.sum() / taken.to_book().debt.sum()
    assert grown > 1.01


def test_prices__of_an_answer_that_is_too_old__are_zero():
    taken = snapshot()
    stale = replace(taken.reserves[0], updated_at=NOW - 30 * 86_400)
    assert replace(taken, reserves=(stale, *taken.reserves[1:])).prices[0] == 0.0
    assert taken.prices[0] > 0.0


def test_to_book__a_reserve_with_a_threshold_of_zero__is_nobodys_collateral():
    taken = snapshot()
    risk = taken.reserves[0].risk_word & ~(0x3FFF << 174)
    without = replace(
        taken, reserves=(replace(taken.reserves[0], risk_word=risk), *taken.reserves[1:])
    )
    book = without.to_book()
    assert not book.collateral[book.reserve == 0].any()
    assert taken.to_book().collateral[book.reserve == 0].any()
