"""`python -m sims`: what it prints, and how it refuses."""

from __future__ import annotations

from click.testing import CliRunner

from sims.cli import cli
from tests.sims._snapshots import MARKET, snapshot


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_market_check__a_sound_file__says_so():
    done = run("market", "check", MARKET)
    assert done.exit_code == 0
    assert "is sound, 10 reserves" in done.output


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
