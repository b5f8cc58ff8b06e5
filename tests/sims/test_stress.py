"""From a snapshot to a report: the same settings give the same figures, and nothing is half-written."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sims import stress
from sims.rates import InputError
from sims.stress import StressSettings
from tests.sims._snapshots import snapshot

CALM = StressSettings(paths=10)
HARD = StressSettings(paths=60, seed=3, volatility_scale=3.0, jump_scale=365.0)


@pytest.fixture(scope="module")
def run():
    return stress.run(snapshot(), HARD)


def publish(run, folder):
    return stress.publish(run, folder, market="test", command="none")


def test_run__again__is_the_same_to_the_bit(run):
    again = stress.run(snapshot(), HARD)
    np.testing.assert_array_equal(again.result.loss_usd, run.result.loss_usd)
    assert again.losses == run.losses


def test_run__another_seed__is_another_market(run):
    other = stress.run(snapshot(), replace(HARD, seed=4))
    assert (other.result.liquidated_usd != run.result.liquidated_usd).any()


def test_run__more_paths_than_a_block__joins_them_in_order(run, monkeypatch):
    monkeypatch.setattr(stress, "BLOCK", 7)
    blocks = stress.run(snapshot(), HARD)
    np.testing.assert_array_equal(blocks.result.loss_usd, run.result.loss_usd)


def test_run__worst_paths__are_those_with_the_largest_losses(run):
    losses = run.result.loss_usd
    assert losses[list(run.worst)].tolist() == sorted(losses, reverse=True)[:3]
    assert losses[run.worst[0]] > 0.0


def test_paths__made_again_alone__are_the_ones_that_ran(run):
    alone = run.cascade().trace(run.paths(range(run.worst[0], run.worst[0] + 1))[0])
    assert alone.events == run.trace.events


def test_price_model__scales__reach_the_factors():
    calm = stress.price_model(snapshot(), StressSettings())
    hard = stress.price_model(snapshot(), HARD)
    np.testing.assert_allclose(hard.volatility, 3.0 * calm.volatility)
    np.testing.assert_allclose(hard.basis_sd, 3.0 * calm.basis_sd)
    assert calm.basis_sd[5] > 0.0  # a stablecoin's
    np.testing.assert_allclose(hard.common_jumps.per_year, 365.0 * calm.common_jumps.per_year)


def test_run__a_reserve_without_price__is_refused_by_name():
    taken = snapshot()
    dead = replace(taken.reserves[2], answer=0)
    without = replace(taken, reserves=(*taken.reserves[:2], dead, *taken.reserves[3:]))
    with pytest.raises(InputError, match="weETH had no price"):
        stress.run(without, HARD)


def test_run__a_symbol_without_calibration__is_refused_by_name():
    taken = snapshot()
    unknown = replace(taken.reserves[0], symbol="DOGE")
    with pytest.raises(InputError, match="DOGE"):
        stress.run(replace(taken, reserves=(unknown, *taken.reserves[1:])), HARD)


def test_run__an_external_liquidation_model__refused():
    with pytest.raises(InputError, match="liquidation model at 0x12"):
        stress.run(replace(snapshot(), liquidation_model="0x" + "12" * 20), HARD)


@pytest.mark.parametrize(
    ("word", "bit", "said"),
    [("index_word", 252, "external rate model"), ("token_word", 254, "is paused")],
)
def test_run__a_reserve_with_rules_of_its_own__refused_by_name(word, bit, said):
    taken = snapshot()
    other = replace(taken.reserves[0], **{word: getattr(taken.reserves[0], word) | 1 << bit})
    with pytest.raises(InputError, match=f"WETH.*{said}"):
        stress.run(replace(taken, reserves=(other, *taken.reserves[1:])), HARD)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"paths": 9}, "9 paths"),
        ({"paths": 1_000_001}, "1,000,001 paths"),
        ({"seed": -1}, "seed is -1"),
        ({"dt_s": 0}, "step of 0 s"),
        ({"horizon_s": 10}, "horizon of 10 s"),
        ({"horizon_s": 1_000}, "step of 300 s"),
        ({"dt_s": 4}, "21,600 steps"),
        ({"volatility_scale": 0.0}, "volatility_scale"),
        ({"volatility_scale": np.nan}, "volatility_scale"),
        ({"jump_scale": -1.0}, "jump_scale"),
        ({"jump_scale": np.nan}, "jump_scale"),
        ({"worst": 0}, "worst"),
    ],
)
def test_settings__out_of_range__refused(wrong, said):
    with pytest.raises(InputError, match=said):
        StressSettings(**wrong)


def of(taken, positions):
    """The pool that has these positions and no others."""

    def totals(reserve):
        own = [p for p in positions if p.id == reserve.id]
        caps = reserve.totals_word >> 224 << 224
        debt = sum(p.debt_shares for p in own)
        return caps | debt << 112 | sum(p.supply_shares for p in own)

    reserves = tuple(replace(r, totals_word=totals(r)) for r in taken.reserves)
    return replace(taken, reserves=reserves, positions=positions)


def test_remarks__no_positions__says_so():
    (said,) = stress.remarks(stress.run(of(snapshot(), ()), CALM))
    assert "holds no positions" in said
    assert "rates" in said


def test_remarks__no_debt__says_so():
    suppliers = tuple(replace(p, debt_shares=0) for p in snapshot().positions)
    (said,) = stress.remarks(stress.run(of(snapshot(), suppliers), CALM))
    assert "Nobody in the snapshot owes anything" in said


def some(positions):
    """The pool of the snapshot with so many of its positions."""
    taken = snapshot()
    origin = replace(taken.origin, complete=False)
    return replace(taken, origin=origin, positions=taken.positions[:positions])


def test_run__some_accounts_of_the_pool__find_the_totals_of_all():
    trace = stress.run(some(30), CALM).trace
    supply, debt, _ = snapshot().totals()
    np.testing.assert_allclose(trace.supplied[0], supply, rtol=1e-12)
    np.testing.assert_allclose(trace.borrowed[0], debt, rtol=1e-12)


def test_summary__of_some_accounts__says_that_it_is_not_complete(run):
    assert stress.summary(run)["complete"]
    assert not stress.summary(stress.run(some(30), CALM))["complete"]


def insured_by(account):
    """The snapshot with an insurer of its first reserve."""
    taken = snapshot()
    reserve = replace(taken.reserves[0], insurer=account)
    return replace(taken, reserves=(reserve, *taken.reserves[1:]))


def test_run__insurer_who_borrows__refused():
    debtor = next(p.account for p in snapshot().positions if p.debt_shares)
    with pytest.raises(InputError, match="The insurer of WETH borrows"):
        stress.run(insured_by(debtor), CALM)


def test_run__insurer_who_owes_nothing__goes():
    owing = {p.account for p in snapshot().positions if p.debt_shares}
    lender = next(p.account for p in snapshot().positions if p.account not in owing)
    assert stress.run(insured_by(lender), CALM).result.liquidations.sum() >= 0


def test_run__reserve_in_grace__refused():
    taken = snapshot()
    reserve = replace(taken.reserves[0], grace_end=taken.timestamp + 60)
    with pytest.raises(InputError, match="WETH was paused until just now"):
        stress.run(replace(taken, reserves=(reserve, *taken.reserves[1:])), CALM)


def test_remarks__a_threshold_on_its_way_down__is_named():
    taken = snapshot()
    r, now = taken.reserves[0], taken.timestamp
    risk = r.risk_word & ~(0x3FFF << 174) | 8_100 << 174 | 1 << 254
    ramp = 8_300 | now - 3_600 << 14 | now + 3_600 << 54
    falling = replace(r, risk_word=risk, ramp_word=ramp)
    (said,) = stress.remarks(
        stress.run(replace(taken, reserves=(falling, *taken.reserves[1:])), CALM)
    )
    assert "threshold of WETH is on its way from 82.00% down to 81.00%" in said


def test_remarks__some_accounts_of_the_pool__says_how_much_they_are():
    (said,) = stress.remarks(stress.run(some(30), CALM))
    assert "holds a part of the pool: 15.9% of what is supplied and 17.1% of what is owed" in said


def test_remarks__everybody_and_debts__has_nothing_to_say(run):
    assert stress.remarks(run) == ()


@pytest.mark.parametrize("owe", [False, True])
def test_publish__a_market__leaves_plots_of_debt_out_where_there_is_none(run, tmp_path, owe):
    empty = stress.run(of(snapshot(), ()), CALM)
    told = publish(run if owe else empty, tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text()
    assert ('id="health"' in page) is owe
    assert ('id="rates-0"' in page, 'id="rates-9"' in page) == (True, True)
    assert told["notes"] == list(stress.remarks(run if owe else empty))
    assert all(note in page for note in told["notes"])


def test_require_replaceable__something_else__refused(tmp_path):
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(InputError, match="holds no report"):
        stress.require_replaceable(tmp_path)


@pytest.mark.parametrize("summary", ["", "[]", "{}", '{"schema": 1}', '{"total": 3}'])
def test_require_replaceable__a_summary_of_something_else__refused(tmp_path, summary):
    (tmp_path / stress.SUMMARY).write_text(summary)
    with pytest.raises(InputError, match="holds no report"):
        stress.require_replaceable(tmp_path)


def test_require_replaceable__an_older_report__accepted(run, tmp_path):
    publish(run, tmp_path / "report")
    stress.require_replaceable(tmp_path / "report")


@pytest.mark.parametrize("name", ["notes.txt", "snapshot/notes.txt"])
def test_require_replaceable__a_report_and_something_of_somebody__refused(run, tmp_path, name):
    publish(run, tmp_path / "report")
    (tmp_path / "report" / name).write_text("precious")
    with pytest.raises(InputError, match=rf"something else \({name}\)"):
        stress.require_replaceable(tmp_path / "report")


def test_publish__a_run__writes_page_tables_and_summary(run, tmp_path):
    told = publish(run, tmp_path / "report")
    names = {p.name for p in (tmp_path / "report").iterdir()}
    assert names == {
        *("index.html", "summary.json", "snapshot"),
        *("paths.parquet", "shocks.parquet", "rates.parquet"),
    }
    assert json.loads((tmp_path / "report" / "summary.json").read_text()) == told
    assert told["bad_debt"]["es99_usd"] >= told["bad_debt"]["var99_usd"] > 0.0
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_publish__over_an_older_report__replaces_it(run, tmp_path):
    publish(run, tmp_path / "report")
    (tmp_path / "report" / "replay.parquet").write_text("old")
    publish(run, tmp_path / "report")
    assert not (tmp_path / "report" / "replay.parquet").exists()


def test_publish__over_something_else__refused_and_nothing_is_lost(run, tmp_path):
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(InputError, match="holds no report"):
        publish(run, tmp_path)
    assert (tmp_path / "thesis.doc").read_text() == "precious"


def test_publish__that_fails_half_way__leaves_the_older_report(run, tmp_path, monkeypatch):
    publish(run, tmp_path / "report")
    before = (tmp_path / "report" / "index.html").read_bytes()

    def full_disk(*_args, **_kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(stress.pq, "write_table", full_disk)
    with pytest.raises(OSError, match="no space"):
        publish(run, tmp_path / "report")
    assert (tmp_path / "report" / "index.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["report"]
