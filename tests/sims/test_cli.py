"""`python -m sims`: what it prints, and how it refuses."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from html import unescape

import pytest
from click.testing import CliRunner

from sims.cli import cli
from tests.sims._snapshots import MARKET, snapshot


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_market_check__a_sound_file__says_so():
    done = run("market", "check", MARKET)
    assert done.exit_code == 0
    assert "is sound, 10 reserves" in done.output


def adaptive(tmp_path):
    """The market with an adaptive curve for WETH."""
    rates = (
        "{target: 0.9, steepness: 4, speed: 50, initial_rate: 0.04, min_rate: 0.001, max_rate: 2}"
    )
    file = tmp_path / "adaptive.yaml"
    text = MARKET.read_text().replace(
        "    seed: 0.1\n", f"    seed: 0.1\n    adaptive_rates: {rates}\n", 1
    )
    file.write_text(text)
    return file


def test_market_check__a_sound_file__says_what_is_deployed_and_what_is_not_simulated(tmp_path):
    done = run("market", "check", adaptive(tmp_path))
    assert "Adaptive rates, which simulations refuse: WETH." in done.output
    assert "Around the pool: lens, quote lens, flash lender, wrapped supply of WETH" in done.output
    assert "Adaptive rates" not in run("market", "check", MARKET).output


def test_rates__of_an_adaptive_curve__refused_in_one_sentence(tmp_path):
    done = run("rates", adaptive(tmp_path))
    assert done.exit_code == 1
    assert "the engines know kinked curves only" in done.output
    assert "Traceback" not in done.output


def test_market_check__a_typo__names_line_path_and_remedy(tmp_path):
    file = tmp_path / "typo.yaml"
    file.write_text(MARKET.read_text().replace("ltv: 0.805", "lvt: 0.805", 1))
    done = run("market", "check", file)
    assert done.exit_code == 1
    line = next(i for i, t in enumerate(file.read_text().splitlines(), 1) if "lvt" in t)
    assert f"typo.yaml:{line}: reserves.WETH.lvt" in done.output
    assert "Traceback" not in done.output


def test_market_check__no_such_file__is_one_sentence(tmp_path):
    done = run("market", "check", tmp_path / "none.yaml")
    assert done.exit_code == 1
    assert "none.yaml" in done.output


def test_rates__of_a_market__at_the_kink(tmp_path):
    done = run("rates", MARKET)
    assert done.exit_code == 0
    assert "10.50%" in done.output  # WETH at full utilization: 2.5 % + 8 %


def test_stress__of_a_snapshot__writes_the_report(tmp_path):
    folder = snapshot().write(tmp_path / "snapshot")
    done = run("stress", "--snapshot", folder, "--paths", 20, "--out", tmp_path / "report")
    assert done.exit_code == 0
    assert (tmp_path / "report" / "index.html").is_file()


def test_stress__of_no_snapshot__refused_and_nothing_is_written(tmp_path):
    done = run("stress", "--snapshot", tmp_path, "--out", tmp_path / "report")
    assert done.exit_code == 1
    assert "is no snapshot" in done.output
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--paths", 0, "0 paths"),
        ("--paths", -1, "-1 paths"),
        ("--seed", -1, "seed is -1"),
        ("--volatility-scale", "nan", "volatility_scale is nan"),
        ("--jump-scale", "nan", "jump_scale is nan"),
        ("--hours", "nan", "--hours is nan"),
        ("--hours", "inf", "--hours is inf"),
        ("--step-minutes", "nan", "--step-minutes is nan"),
        ("--step-minutes", 7, "step of 420 s"),
    ],
)
def test_stress__a_setting_that_makes_no_sense__refused_in_a_sentence(
    tmp_path, option, value, said
):
    done = run("stress", "--snapshot", tmp_path, "--out", tmp_path / "report", option, value)
    assert done.exit_code == 1
    assert said in done.output
    assert isinstance(done.exception, SystemExit)  # no traceback


def test_stress__into_something_else__refused_before_the_snapshot_is_read(tmp_path):
    (tmp_path / "thesis.doc").write_text("precious")
    done = run("stress", "--snapshot", tmp_path / "none", "--out", tmp_path)
    assert done.exit_code == 1
    assert "holds no report" in done.output


def test_stress__a_full_disk__is_one_sentence(tmp_path, monkeypatch):
    folder = snapshot().write(tmp_path / "snapshot")

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device", "disk")

    monkeypatch.setattr("sims.report.write_report", full)
    done = run("stress", "--snapshot", folder, "--paths", 20, "--out", tmp_path / "report")
    assert done.exit_code == 1
    assert "Error: No space left on device: disk" in done.output
    assert [p.name for p in tmp_path.iterdir()] == ["snapshot"]


@pytest.mark.parametrize("owe", [True, False])
def test_stress__a_market_without_debt__says_so_on_the_screen(tmp_path, owe):
    taken = snapshot()
    if not owe:
        taken = replace(taken, positions=(), origin=replace(taken.origin, complete=False))
    folder = taken.write(tmp_path / "snapshot")
    done = run("stress", "--snapshot", folder, "--paths", 20, "--out", tmp_path / "report")
    assert done.exit_code == 0, done.output
    assert ("holds no positions" in done.output) is not owe


def test_stress__the_command_in_the_report__gives_the_same_figures_again(tmp_path):
    folder = snapshot().write(tmp_path / "a snapshot")
    settings = ("--paths", 20, "--seed", 5, "--hours", 2, "--jump-scale", 365)
    run("stress", "--snapshot", folder, "--out", tmp_path / "one", *settings)
    file = tmp_path / "one" / "index.html"
    page, made_at = file.read_text(), file.stat().st_mtime_ns
    (command,) = re.findall(r"<dt>Repeat with</dt><dd>(.*?)</dd>", page)
    words = shlex.split(unescape(command))
    assert words[:3] == ["python", "-m", "sims"]
    run(*words[3:])
    digest = re.compile(r"sha256 [0-9a-f]{64}")
    assert file.stat().st_mtime_ns > made_at  # it was made again
    assert digest.findall(file.read_text()) == digest.findall(page)
