"""A crash is lived through by contracts and keeper, and what it says of them adds up."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from scripts import _crash, crash
from scripts._anvil import AnvilError
from scripts._chain import connected
from scripts._crash import CrashSettings, Replay, depth_usd, scene
from scripts._local import MARKET, Clock, deploy_and_fill, local_chain
from sims.crashes import crash_named, outline
from sims.market import load_market
from sims.rates import InputError
from tests.scripts._files import small, write

FALL = replace(
    crash_named("2020-03-12"),
    hours=0.3,
    points={"ETH": ((0.0, 100.0), (0.1, 70.0), (0.3, 72.0))},
    gas_gwei=((0.0, 20.0), (0.3, 40.0)),
)
SQUEEZE = crash_named("2022-11-22")
SETTINGS = CrashSettings(accounts=40, depth_scale=100.0)


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """Leads one small market through the fall, as often as wanted."""
    folder = tmp_path_factory.mktemp("crash")
    market, book = scene(FALL, load_market(write(folder / "small.yaml", small())), SETTINGS)
    with local_chain() as url, connected(f"ethereum:mainnet:{url}") as chain:
        deployed = deploy_and_fill(chain, market, book, lambda *_: None, Clock())
        mark = [chain.rpc.request("evm_snapshot")]

        def run(**settings):
            chain.rpc.request("evm_revert", mark.pop())
            mark.append(chain.rpc.request("evm_snapshot"))
            wanted = replace(SETTINGS, **settings)
            made = Replay(chain, deployed, market, outline(FALL), wanted, folder / f"{len(mark)}")
            return made.run(lambda *_: None)

        yield run


@pytest.fixture(scope="module")
def outcome(replay):
    return replay()


def test_replay__of_a_fall__liquidates_and_leaves_nobody_unhealthy(outcome):
    assert len(outcome.seizures) > 3
    assert outcome.moments[0].unhealthy == 0
    assert max(moment.unhealthy_usd for moment in outcome.moments) > 10**6
    assert outcome.moments[-1].unhealthy == 0


def test_replay__what_the_keeper_says__is_what_the_chain_says(outcome):
    assert outcome.calls - outcome.failed == len(outcome.seizures) == len(outcome.latency_blocks)
    # It has the bonus without the protocol's part, less what its own sales cost.
    assert 0 < outcome.gross_usd < outcome.bonus_usd - outcome.fee_usd


def test_replay__gas__costs_what_it_did_on_the_day(outcome):
    """Below a million for each, at 20 to 40 gwei and a tip, and 3,119 USD an ether."""
    least, most = (gas * gwei * 1e-9 * 3_119.02 for gas, gwei in ((200_000, 20), (10**6, 42)))
    assert least < outcome.gas_usd / outcome.calls < most


def test_replay__liquidations__pay_between_floor_and_cap_of_the_bonus(outcome):
    for seizure in outcome.seizures:
        assert seizure.collateral == "WETH"
        assert 0.0 < seizure.seized_usd / seizure.repaid_usd - 1 <= 0.0501


def test_replay__a_call__comes_a_block_after_the_account_could_be_seen_at_the_earliest(outcome):
    assert min(outcome.latency_blocks) == 1


def test_replay__the_same_again__has_the_same_figures(replay, outcome):
    again, first = replay().figures, outcome.figures
    # Addresses and signatures are the same, and so is every block.
    assert again == first


def test_replay__a_keeper_that_looks_rarely__comes_later(replay, outcome):
    rare = replay(every=20)
    assert outcome.latency(0.5) < rare.latency(0.5) <= 21


def test_replay__in_deep_markets__nobody_waits_longer_than_the_keeper_is_away(replay):
    for every in (1, 7):
        assert replay(every=every).latency(1.0) <= every + 1


def test_replay__markets_without_depth__leave_debts_that_nothing_secures(replay, outcome):
    thin = replay(depth_scale=1e-4)
    assert thin.repaid_usd < outcome.repaid_usd / 10
    assert thin.left_usd > 10**6 > outcome.bad_debt_usd
    assert thin.unhealthy_usd > 10**8 > outcome.unhealthy_usd == 0


# ------------------------------------------------------------------------------------------- scene


def test_scene__of_the_squeeze__has_the_short_and_its_lender():
    market, book = scene(SQUEEZE, load_market(MARKET), SETTINGS)
    usdc, crv = market.symbols.index("USDC"), market.symbols.index("CRV")
    short = slice(*book.indptr[-2:])
    assert book.reserve[short].tolist() == [usdc, crv]
    assert (book.supply[short].tolist(), book.debt[short].tolist()) == ([63.6e6, 0], [0, 92e6])
    threshold = float(market.reserves["USDC"].liquidation_threshold)
    assert 1.2 < 63.6e6 * threshold / (92e6 * 0.413) < 1.4
    assert book.supplied(len(market.symbols))[crv] >= 92e6


def test_scene__of_another_day__is_the_market_as_it_is():
    market = load_market(MARKET)
    assert scene(FALL, market, SETTINGS)[0] is market


def test_scene__of_the_squeeze_in_a_market_without_link__is_refused(market_file):
    with pytest.raises(InputError, match="needs a market with USDC and LINK"):
        scene(SQUEEZE, load_market(market_file), SETTINGS)


def test_depth_usd__of_a_quoted_market__costs_what_was_quoted():
    depth = depth_usd("WETH", 2.0)
    sold = 2.0 * 86.12e6
    assert sold / (depth + sold) == pytest.approx(0.05)


def test_depth_usd__of_an_unknown_market__is_refused():
    with pytest.raises(InputError, match="no depth quotes for SHIB"):
        depth_usd("SHIB", 1.0)


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"every": 0}, {"half_life_s": 0}, {"depth_scale": float("nan")}]
)
def test_settings__out_of_range__are_refused(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} is .*; keep it between"):
        CrashSettings(**wrong)


# ----------------------------------------------------------------------------------------- command


def invoke(*arguments):
    return CliRunner().invoke(crash.cli, [str(a) for a in arguments])


def test_crash__one_day__ends_with_a_page_and_its_figures(market_file, tmp_path):
    out = tmp_path / "report"
    day = ("--crash", "2025-10-10", "--market", market_file, "--accounts", 40, "--out", out)
    done = invoke(*day)
    assert done.exit_code == 0, done.output
    told = json.loads((out / "summary.json").read_text())
    (day_told,) = told["crashes"]
    assert day_told["crash"] == "2025-10-10"
    assert day_told["prices_read_from_file"] == []
    assert pq.read_table(out / "liquidations.parquet").num_rows == day_told["liquidations"]
    page = (out / "index.html").read_text()
    assert "crash-2025-10-10" in page
    assert "ape run crash --crash 2025-10-10" in page
    assert sorted(p.name for p in out.iterdir()) == [
        "index.html",
        "liquidations.parquet",
        "summary.json",
    ]


def test_crash__a_market_that_one_of_the_days_does_not_fit__is_refused_at_once(
    market_file, tmp_path
):
    done = invoke("--market", market_file, "--accounts", 40, "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "2022-11-22 needs a market with USDC and LINK" in done.output
    assert not (tmp_path / "x").exists()


def test_crash__what_stops_a_later_day__leaves_the_report_of_those_before(
    market_file, tmp_path, monkeypatch
):
    real = _crash.replay_crash

    def stop(window, *rest):
        if window.crash.name == "2020-03-12":
            raise AnvilError("The node is gone.")
        return real(window, *rest)

    monkeypatch.setattr(_crash, "replay_crash", stop)
    days = ("--crash", "2025-10-10", "--crash", "2020-03-12")
    done = invoke(*days, "--market", market_file, "--accounts", 40, "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "The node is gone." in done.output
    told = json.loads((tmp_path / "x" / "summary.json").read_text())
    assert [day["crash"] for day in told["crashes"]] == ["2025-10-10"]


def test_crash__an_unknown_day__says_which_there_are(tmp_path):
    done = invoke("--crash", "2008-09-15", "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "There is no crash '2008-09-15': take one of 2020-03-12" in done.output


def test_crash__prices_of_other_days__are_refused(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("asset,unix_s,interval_s,open,high,low,close\nETH,1,60,1,1,1,1\n")
    done = invoke("--prices", file, "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "covers none of 2020-03-12, 2021-05-19" in done.output


def test_crash__no_such_prices__says_so(tmp_path):
    done = invoke("--prices", tmp_path / "none.csv", "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "No such file or directory" in done.output


def test_crash__a_folder_of_something_else__is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = invoke("--out", tmp_path)
    assert done.exit_code == 1
    assert "exists and holds no report" in done.output
    assert (tmp_path / "mine.txt").read_text() == "mine"
