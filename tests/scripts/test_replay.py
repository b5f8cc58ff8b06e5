"""What the contracts refused is told apart from what they did, and rounding from real differences."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from scripts._chain import Chain
from scripts._replay import Amounts, Replayed, Row, refused_at_limit
from scripts._stress import NOTHING_TO_REPLAY, pool_errors, refusals, report, why_no_replay
from sims import stress
from sims.exact import WAD
from tests.sims._snapshots import snapshot

ACCOUNT = "0x" + "12" * 20
HARD = stress.StressSettings(paths=40, seed=3, volatility_scale=3.0, jump_scale=365.0)
DUST = snapshot().liquidation_terms.dust
WRITE_OFF_BELOW = snapshot().liquidation_terms.write_off_below


@pytest.fixture(scope="module")
def run():
    return stress.run(snapshot(), HARD)


@pytest.fixture(scope="module")
def event(run):
    """A liquidation of $10,000 of debt for $10,500 of collateral."""
    liquidated = next(e for e in run.trace.events if e.collateral_reserve >= 0)
    return replace(liquidated, repaid_usd=10_000.0, seized_usd=10_500.0, bad_debt_usd=0.0)


@pytest.fixture
def row(run, event):
    """What became of that liquidation on the contracts; the twin did the same."""

    def make(error=None, *arguments, path=None, **changes):
        did = Amounts(refused=(error, *arguments)) if error else Amounts(repaid=1, seized=1)
        path = run.worst[0] if path is None else path
        return Row(path, replace(event, **changes), ACCOUNT, did, did)

    return make


@pytest.fixture
def told(run, tmp_path):
    """The summary of a report on replayed rows, and its page."""

    def publish(*paths, **options):
        options = {"replayed": paths, **options}
        folder = tmp_path / "report"
        report(run, folder, market="test", seconds={}, **options)
        summary, page = folder / "summary.json", folder / "index.html"
        return json.loads(summary.read_text()), page.read_text()

    return publish


def test_pool_errors__of_either_contract__are_known():
    # The first is the actions' own, the second the other half's.
    assert {"Healthy", "InsufficientBuffer"} <= {error["name"] for error in pool_errors()}


def path_of(*rows, difference=0):
    return Replayed(rows[0].path, rows, difference)


# ------------------------------------------------------------------------------- rounding or not


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        ("Healthy", (ACCOUNT, WAD + WAD // 10**6)),
        ("LeavesDust", (5 * DUST, WAD // 100)),  # a cent of $10,500
        ("LeavesDust", (DUST // 2, WAD // 100)),  # of all the collateral, whatever is owed
        ("LeavesDust", (DUST - WAD // 100, 5 * DUST)),
        ("NotBadDebt", (ACCOUNT, WRITE_OFF_BELOW + 1, 10 * WRITE_OFF_BELOW)),
        ("NotBadDebt", (ACCOUNT, 10 * WAD + 1, 10 * WAD)),
    ],
)
def test_refused_at_limit__missed_by_almost_nothing__is_rounding(row, error, arguments):
    assert refused_at_limit(row(error, *arguments), snapshot())


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        ("Healthy", (ACCOUNT, WAD + WAD // 10**4)),
        ("LeavesDust", (5 * DUST, WAD)),
        ("LeavesDust", (DUST - WAD, 5 * DUST)),
        ("NotBadDebt", (ACCOUNT, WRITE_OFF_BELOW + WAD, 10 * WRITE_OFF_BELOW)),
        ("NotBadDebt", (ACCOUNT, 10 * WAD, 9 * WAD)),
    ],
)
def test_refused_at_limit__missed_by_more__is_a_difference(row, error, arguments):
    assert not refused_at_limit(row(error, *arguments), snapshot())


@pytest.mark.parametrize(("units", "expected"), [(1, True), (1_000, False)])
def test_refused_at_limit__no_amount__is_rounding_of_a_few_units_only(row, event, units, expected):
    repaid = units / 10 ** snapshot().reserves[event.debt_reserve].decimals
    assert refused_at_limit(row("ZeroAmount", repaid=repaid), snapshot()) is expected


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        ("ReservePaused", (0,)),
        ("InsufficientCash", (0, 10**18, 10**18)),
        ("unknown error", ("0x",)),
    ],
)
def test_refused_at_limit__for_what_no_rounding_can_do__is_a_difference(row, error, arguments):
    assert not refused_at_limit(row(error, *arguments), snapshot())


def test_refusals__some_of_each__are_grouped_with_what_the_engine_counts(run, row):
    near = ("Healthy", ACCOUNT, WAD)
    far = ("Healthy", ACCOUNT, 2 * WAD)
    found = refusals(run, [row(), row(*near), row(*near), row(*far, bad_debt_usd=7.0)])
    assert [(r.error, r.at_limit, r.calls, r.repaid_usd, r.bad_debt_usd) for r in found] == [
        ("Healthy", False, 1, 10_000.0, 7.0),
        ("Healthy", True, 2, 20_000.0, 0.0),
    ]


# ------------------------------------------------------------------------------- in the report


def test_report__refused_calls__are_counted_by_error_with_their_value(row, told):
    paused, healthy = ("ReservePaused", 0), ("Healthy", ACCOUNT, WAD)
    figures, _ = told(path_of(row(), row(*paused), row(*healthy), row(*healthy)))
    replay = figures["replay"]
    assert (replay["liquidations"], replay["refused"]) == (1, 3)
    assert replay["refused_by_error"] == {"ReservePaused": 1, "Healthy": 2}
    assert replay["refused_repaid_usd"] == 30_000.0


def test_report__refused_for_more_than_rounding__is_said_at_the_head_of_the_page(row, told):
    figures, page = told(path_of(row(), row("ReservePaused", 0)))
    (note,) = figures["notes"]
    assert "refused 1 of 2 replayed calls" in note
    assert "ReservePaused 1" in note
    assert "$10.0k of $20.0k" in note
    assert f"<p class='note'>{note}</p>" in page
    assert "a difference between engine and contracts" in page
    assert "where rounding decides" not in page


def test_report__refused_at_a_limit__is_an_assumption_and_no_note(row, told):
    figures, page = told(path_of(row(), row("Healthy", ACCOUNT, WAD)))
    assert figures["notes"] == []
    assert "were refused by the contracts within 0.001\u00a0% of a limit" in page
    assert "a difference between engine and contracts" not in page


def test_report__nothing_refused__speaks_of_no_refusal(row, told):
    figures, page = told(path_of(row()))
    assert (figures["notes"], figures["replay"]["refused_by_error"]) == ([], {})
    assert "the contracts refused" not in page


def test_report__everything_refused__says_so_and_claims_no_agreement(row, told):
    _, page = told(path_of(row("ReservePaused", 0)))
    assert "The contracts refused every call that was replayed." in page
    assert "wei apart" not in page


def test_report__another_path_than_the_drawn_one_differs__the_page_says_so(run, row, told):
    _, page = told(path_of(row()), path_of(row(path=run.worst[1]), difference=5))
    assert "5 wei apart" in page


def test_report__no_liquidation_on_the_worst_path__draws_the_next(run, row, told):
    write_off = row(path=run.worst[0], collateral_reserve=-1)
    _, page = told(path_of(write_off), path_of(row(path=run.worst[1])))
    assert "The same 1 liquidations" in page


def test_report__to_be_repeated__spares_the_replayed_report(row, told):
    _, page = told(path_of(row()))
    (command,) = re.findall(r"<dt>Repeat with</dt><dd>(.*?)</dd>", page)
    assert "/report/snapshot" in command
    assert command.endswith("/report-again")


def test_report__nothing_happened_on_the_worst_paths__says_so(told):
    figures, _ = told()
    assert figures["notes"] == [NOTHING_TO_REPLAY]
    assert "replay" not in figures


def test_report__a_replay_that_was_impossible__says_why(told):
    figures, page = told(replayed=None, unreplayed="No fork was at hand.")
    assert figures["notes"] == ["No fork was at hand."]
    assert "No fork was at hand." in page


def test_report__no_replay_asked_for__needs_no_reason(told):
    figures, _ = told(replayed=None)
    assert figures["notes"] == []


@pytest.mark.parametrize(
    ("is_fork", "is_own", "possible"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_why_no_replay__only_on_a_fork_of_our_own__is_there_no_reason(is_fork, is_own, possible):
    chain = Chain(
        provider=None,
        name="ethereum-here",
        chain_id=1,
        is_development=True,
        is_fork=is_fork,
        is_own=is_own,
        rpc=None,
    )
    reason = why_no_replay(chain)
    assert (reason is None) is possible
    assert possible or "ethereum-here" in reason
