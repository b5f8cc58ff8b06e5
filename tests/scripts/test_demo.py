"""The main job end to end, smaller than `make demo`."""

from __future__ import annotations

import json

from click.testing import CliRunner

from scripts import demo


def test_demo__a_small_market__ends_with_a_report_that_the_chain_confirms(tmp_path, monkeypatch):
    monkeypatch.delenv("RPC_URL", raising=False)
    out = tmp_path / "report"
    done = CliRunner().invoke(
        demo.cli, ["--accounts", "120", "--paths", "60", "--seed", "2", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    told = json.loads((out / "summary.json").read_text())
    assert (told["accounts"], told["reserves"], told["scenarios"]) == (121, 10, 60)
    assert told["replay"]["scenarios"] == 3
    assert told["replay"]["liquidations"] > 50
    assert told["replay"]["max_difference_wei"] == 0
    assert told["chain"]["id"] == 1
    assert {"deploy", "fill", "snapshot", "sweep", "cascade", "replay"} <= told["seconds"].keys()
    page = (out / "index.html").read_text()
    assert page.count('class="plotly-graph-div"') >= 6 or page.count("Plotly.newPlot") >= 6
