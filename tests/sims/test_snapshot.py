"""A snapshot on disk is the snapshot that was taken, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sims.exact import WAD, Pool
from sims.snapshot import MANIFEST, SCHEMA, CategoryState, Snapshot, SnapshotError, require_new
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
    [
        (None, "is no snapshot"),
        ("{", "is no JSON"),
        ('{"schema": 99}', "has schema 99"),
        (f'{{"schema": {SCHEMA}, "files": ["reserves.parquet"]}}', "does not list"),
    ],
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


def test_require_new__a_folder_in_use__refused(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(SnapshotError, match="exists already"):
        require_new(tmp_path)


@pytest.mark.parametrize("folder", ["", "not/there/yet"])
def test_require_new__empty_or_not_there__accepted(tmp_path, folder):
    require_new(tmp_path / folder)


def test_manifest__of_a_snapshot__says_where_it_is_from(tmp_path):
    manifest = json.loads((snapshot().write(tmp_path / "one") / MANIFEST).read_text())
    assert (manifest["chain_id"], manifest["block_number"]) == (1, 100)
    tables = ("reserves", "categories", "positions")
    assert set(manifest["files"]) == {f"{table}.parquet" for table in tables}


def test_to_book__health_in_floats__is_the_twins_in_integers():
    taken = snapshot()
    book, twin = taken.to_book(), Pool.from_snapshot(taken)
    threshold = taken.reserve_params().by_category("threshold")
    health = book.health_factor(taken.prices, threshold=threshold)
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


# ------------------------------------------------------------------------------- complete or not


def part(taken, **changes):
    """The snapshot as one of some accounts."""
    return replace(taken, origin=replace(taken.origin, complete=False), **changes)


def test_snapshot__complete_without_an_account_that_has_something__refused():
    taken = snapshot()
    with pytest.raises(SnapshotError, match="no complete snapshot"):
        replace(taken, positions=taken.positions[1:])
    assert not part(taken, positions=taken.positions[1:]).is_whole
    assert part(taken).is_whole


def test_snapshot__complete_with_more_idle_than_its_accounts_have__refused():
    taken = snapshot()
    first = replace(taken.reserves[0], token_word=taken.reserves[0].token_word - (1 << 160))
    with pytest.raises(SnapshotError, match="0 of 1 idle units of WETH"):
        replace(taken, reserves=(first, *taken.reserves[1:]))


def test_read__a_part_of_a_pool__is_a_part_still(tmp_path):
    taken = part(snapshot(), positions=snapshot().positions[:5])
    assert Snapshot.read(taken.write(tmp_path / "one")) == taken


# ------------------------------------------------------------------------------- idle, categories, ramps


def idled(taken, index):
    """The snapshot with one supply turned idle, at the block, when indices are one."""
    p = taken.positions[index]
    r = taken.reserves[p.id]
    idle = replace(
        r,
        totals_word=r.totals_word - p.supply_shares,
        token_word=r.token_word - (p.supply_shares << 160),
    )
    return replace(
        taken,
        reserves=tuple(idle if x.id == p.id else x for x in taken.reserves),
        positions=(
            *taken.positions[:index],
            replace(p, idle=True),
            *taken.positions[index + 1 :],
        ),
    )


def test_to_book__an_idle_supply__is_not_what_earns_and_does_not_grow(tmp_path):
    earning = snapshot()
    index = next(i for i, p in enumerate(earning.positions) if p.supply_shares)
    taken = idled(earning, index)
    assert Snapshot.read(taken.write(tmp_path / "one")) == taken
    later = replace(taken, origin=replace(taken.origin, timestamp=NOW + YEAR_S))
    p, scale = taken.positions[index], 10 ** taken.reserves[taken.positions[index].id].decimals
    book = later.to_book()
    assert book.idling(10)[p.id] == p.supply_shares / scale == later.idling()[p.id]
    np.testing.assert_allclose(book.supplied(10), later.totals()[0], rtol=1e-12)


def with_category(taken, account, *, isolated, collaterals):
    """One account of the snapshot in a category of its own, with a threshold of 90 %."""
    word = collaterals | 2**64 - 1 << 64 | 8_900 << 128 | 9_000 << 142 | 100 << 156 | 200 << 170
    return replace(
        taken,
        categories=(*taken.categories, CategoryState(9, word | int(isolated) << 184, 0)),
        positions=tuple(
            replace(p, category=9) if p.account == account else p for p in taken.positions
        ),
    )


@pytest.mark.parametrize("isolated", [False, True])
def test_to_book__an_account_in_a_category__has_the_health_of_the_twin(isolated):
    taken = snapshot()
    held = {
        a: [p for p in taken.positions if p.account == a and p.supply_shares]
        for a in taken.accounts
    }
    owing = {p.account for p in taken.positions if p.debt_shares}
    account = next(a for a, supplies in held.items() if len(supplies) == 2 and a in owing)
    first, second = (p.id for p in held[account])
    chosen = with_category(taken, account, isolated=isolated, collaterals=1 << first)
    book = chosen.to_book()
    threshold = chosen.reserve_params().by_category("threshold")
    health = book.health_factor(chosen.prices, threshold=threshold)[chosen.accounts.index(account)]
    assert health == pytest.approx(
        Pool.from_snapshot(chosen).health_factor(account) / WAD, rel=1e-12
    )
    legs = book.reserve[book.account_of_leg == chosen.accounts.index(account)]
    secures = book.collateral[book.account_of_leg == chosen.accounts.index(account)]
    assert secures[legs == second].tolist() == [not isolated]


def test_reserve_params__a_threshold_on_its_way_down__is_where_it_stands_at_the_block():
    taken = snapshot()
    r = taken.reserves[0]
    ramp = 8_300 | NOW - 3_600 << 14 | NOW + 3_600 << 54
    risk = r.risk_word & ~(0x3FFF << 174) | 8_100 << 174 | 1 << 254
    falling = replace(
        taken, reserves=(replace(r, risk_word=risk, ramp_word=ramp), *taken.reserves[1:])
    )
    assert falling.reserve_params().threshold[0] == pytest.approx(0.82, abs=1e-12)


def test_insured__of_a_reserve_with_insurer__is_his_earning_supply_there():
    taken = snapshot()
    lender = next(p for p in taken.positions if p.id == 0 and p.supply_shares and not p.idle)
    reserve = replace(taken.reserves[0], insurer=lender.account)
    insured = replace(taken, reserves=(reserve, *taken.reserves[1:])).insured()
    assert insured[0] == pytest.approx(lender.supply_shares / 10**18)
    assert not insured[1:].any()
