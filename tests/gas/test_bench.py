"""What the bench makes of its figures, on figures that are typed in."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from tests.gas import _plot, _screen, _table
from tests.gas._compile import PEERS
from tests.gas._rows import ROWS

CHEAP = {"aave_v3_6": 400, "morpho_blue": 200, "comet": None, "euler_v2": 250}
ROWS_HERE = {
    "won": {"weir": 100, "weir_earning": 150, **CHEAP},
    "lost": {"weir": 800, "weir_earning": 900, **CHEAP},
    "level": {"weir": 200, "weir_earning": 200, **CHEAP},
    "missing": {"weir": None, "weir_earning": 100, **CHEAP},
    "alone": {"weir": 300, "weir_earning": 300, "aave_v3_6": None},
}


def test_verdict__several_peers__the_cheapest_that_has_a_figure():
    found = _table.verdict(ROWS_HERE["won"])
    assert (found.cheapest, found.cheapest_gas, found.ratio) == ("morpho_blue", 200, 0.5)


def test_verdict__earning_collateral__is_no_peer():
    row = {"weir": 300, "weir_earning": 10, "comet": 400}
    assert _table.verdict(row).cheapest == "comet"


def test_verdict__below_the_cheapest__won():
    found = _table.verdict(ROWS_HERE["won"])
    assert found.won
    assert found.to_win is None


@pytest.mark.parametrize(("row", "to_win"), [("lost", 601), ("level", 1)])
def test_verdict__at_or_above_the_cheapest__lost_by_what_it_takes_to_be_below(row, to_win):
    found = _table.verdict(ROWS_HERE[row])
    assert not found.won
    assert found.to_win == to_win


def test_verdict__no_figure_of_weir__neither_won_nor_lost():
    found = _table.verdict(ROWS_HERE["missing"])
    assert (found.won, found.to_win, found.ratio) == (False, None, None)


def test_verdict__nobody_else_can__won_without_a_ratio():
    found = _table.verdict(ROWS_HERE["alone"])
    assert (found.won, found.cheapest, found.ratio) == (True, None, None)


def test_geometric_mean__ratios_that_undo_each_other__one():
    assert _table.geometric_mean([0.25, 4, 1]) == pytest.approx(1)
    assert _table.geometric_mean([]) is None


def test_summary__rows_of_every_kind__means_over_rows_that_both_have():
    found = _table.summary(ROWS_HERE)
    assert found["geometric_mean_to_cheapest_peer"] == pytest.approx((0.5 * 4 * 1) ** (1 / 3))
    assert found["geometric_mean_to_aave_v3_6"] == pytest.approx((0.25 * 2 * 0.5) ** (1 / 3))
    assert (found["rows_won"], found["rows_measured"], found["rows"]) == (2, 4, 5)


def test_summary__earning_collateral__its_own_column():
    assert _table.summary(ROWS_HERE, _table.EARNING)["rows_won"] == 3


def test_lost__with_and_without_a_reason__each_lost_row_only():
    assert _table.lost(ROWS_HERE, {"lost": "dear", "won": "never shown"}) == {
        "lost": {"to": "morpho_blue", "gas_to_win": 601, "reason": "dear"},
        "level": {"to": "morpho_blue", "gas_to_win": 1, "reason": None},
    }


def test_merge__measured_and_recorded__measured_goes_first_even_where_it_lacks_the_row():
    measured = {"weir": {"a": 1}, "aave_v3_6": {"a": None}}
    recorded = {"a": {"aave_v3_6": 9, "comet": 8}}
    row = _table.merge(["a"], measured, recorded)["a"]
    assert (row["weir"], row["aave_v3_6"], row["comet"], row["euler_v2"]) == (1, None, 8, None)
    assert tuple(row) == _table.PROTOCOLS


def test_drift__beyond_the_bound__named():
    measured = {"comet": {"a": 101, "b": 200, "c": 100, "d": 5}}
    recorded = {"a": {"comet": 100}, "b": {"comet": 100}, "c": {"comet": 100}, "d": {}}
    assert _table.drift(measured, recorded, 1.5) == {
        "comet": {"median_percent": 1.0, "far": {"b": 100.0}}
    }


def test_screen__lost_and_recorded__marked():
    text = io.StringIO()
    _screen.show(ROWS_HERE, ["euler_v2"], {"lost": "dear"}, Console(file=text, width=160))
    shown = text.getvalue()
    assert "lost lost, by 601 gas: dear" in shown
    assert "2 of 5 rows won" in shown
    assert "v2*" in shown
    assert "* recorded" in shown


def test_plot__lost_row__says_by_how_much():
    labels = [a.text for a in _plot.figure(ROWS_HERE, ["euler_v2"]).layout.annotations]
    assert "4.000  lost by 601" in labels


def test_plot__recorded_protocol__hollow():
    traces = {t.name: t.marker.symbol for t in _plot.figure(ROWS_HERE, ["euler_v2"]).data}
    assert traces["Euler v2 (recorded)"].endswith("-open")
    assert traces["Morpho Blue"] == "circle"


def test_recorded__every_row__is_one_that_the_bench_measures():
    assert set(json.loads((PEERS / "recorded.json").read_text())["gas"]) == set(ROWS)
