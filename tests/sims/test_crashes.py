"""Are the recorded crashes sound, and does a market go through them as oracles and candles say?"""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.crashes import CRASHES, Window, crash_named, driver, observed, outline, read_candles
from sims.rates import InputError

ROOT = Path(__file__).parents[2]
CANDLES = ROOT.parent / "shared" / "data" / "prices" / "crash_windows_candles.csv.gz"
THURSDAY = crash_named("2020-03-12")
SHORT = replace(THURSDAY, hours=1.0, points={"ETH": ((0.0, 100.0), (0.5, 60.0), (1.0, 80.0))})
HEAD = "event,asset,interval_s,source,unix_s,open,high,low,close\n"
START = int(THURSDAY.start.timestamp())

by_crash = pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: crash.name)


def candles(path: Path, *lines: str) -> Path:
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


# ------------------------------------------------------------------------------------------ record


@by_crash
def test_points__of_the_record__fill_the_crash_in_order(crash) -> None:
    for points in (*crash.points.values(), crash.gas_gwei):
        hours, values = np.array(points).T
        assert (hours[0], hours[-1]) == (0.0, crash.hours)
        assert (np.diff(hours) > 0).all()
        assert (values > 0).all()


@pytest.mark.parametrize(
    ("name", "asset", "extreme", "price"),
    [
        ("2020-03-12", "ETH", min, 86),
        ("2020-03-12", "BTC", min, 3_782),
        ("2021-05-19", "BTC", min, 30_000),
        ("2022-11-22", "CRV", max, 0.71),
        ("2023-03-11", "USDC", min, 0.875),
        ("2025-10-10", "BTC", min, 107_000),
    ],
)
def test_points__of_the_record__have_the_days_known_extremes(name, asset, extreme, price) -> None:
    assert extreme(value for _, value in crash_named(name).points[asset]) == price


def test_crash_named__unknown__names_those_there_are() -> None:
    with pytest.raises(InputError, match="no crash '2008-09-15': take one of 2020-03-12, "):
        crash_named("2008-09-15")


# ------------------------------------------------------------------------------------------- moves


def test_moves__at_turning_points__are_the_records_ratios() -> None:
    moves = outline(SHORT).moves(["WETH"], 1_800.0)
    np.testing.assert_allclose(moves[:, 0], [1.0, 0.6, 0.8])


def test_moves__between_turning_points__lie_on_the_line() -> None:
    assert outline(SHORT).moves(["WETH"], 900.0)[1, 0] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("symbol", "followed"), [("weETH", "ETH"), ("cbBTC", "BTC"), ("AAVE", "LINK"), ("USDT", None)]
)
def test_driver__of_an_asset_without_a_record__is_the_nearest_or_none(symbol, followed) -> None:
    assert driver(symbol, THURSDAY.points) == followed


def test_moves__of_an_asset_that_follows_nothing__stay() -> None:
    assert (outline(THURSDAY).moves(["USDT"], 600.0) == 1.0).all()


def test_moves__of_dai__go_by_usdc_where_that_has_a_record() -> None:
    moves = outline(crash_named("2023-03-11")).moves(["DAI", "USDC"], 600.0)
    assert moves[:, 0].min() == pytest.approx(0.875 / 0.998, abs=2e-3)
    np.testing.assert_array_equal(moves[:, 0], moves[:, 1])


# ------------------------------------------------------------------------------------------- feeds

paths = st.lists(st.floats(0.5, 1.5), min_size=2, max_size=60).map(lambda p: np.array(p)[:, None])


@given(path=paths, heartbeat=st.integers(1, 10))
def test_observed__any_path__is_never_staler_or_further_than_stated(path, heartbeat) -> None:
    reports = np.flatnonzero(observed(path, threshold=0.1, heartbeat=heartbeat)[:, 0])
    assert reports[0] == 0
    for t in range(len(path)):
        last = reports[reports <= t].max()
        assert t - last < heartbeat
        assert abs(path[t, 0] / path[last, 0] - 1) < 0.1


def test_observed__a_move_below_the_threshold__is_not_reported() -> None:
    path = np.array([[1.0], [1.009], [1.011]])
    assert observed(path, threshold=0.01, heartbeat=99)[:, 0].tolist() == [True, False, True]


# ----------------------------------------------------------------------------------------- candles


def test_read_candles__rising_and_falling__pass_both_extremes_against_the_direction_first(
    tmp_path,
) -> None:
    file = candles(
        tmp_path / "c.csv",
        f"x,ETH,1800,a,{START},100,120,90,110",
        f"x,ETH,1800,a,{START + 1800},110,115,80,85",
    )
    prices = [price for _, price in read_candles(file, SHORT).prices["ETH"]]
    assert prices == [100, 90, 120, 110, 110, 115, 80, 85]


def test_read_candles__a_wick_of_one_venue__is_left_out(tmp_path) -> None:
    file = candles(tmp_path / "c.csv", f"x,ETH,3600,a,{START},100,101,0.0001,99")
    assert min(price for _, price in read_candles(file, SHORT).prices["ETH"]) == 99


def test_read_candles__several_series__takes_the_finest_that_covers_the_crash(tmp_path) -> None:
    file = candles(
        tmp_path / "c.csv",
        f"x,ETH,3600,a,{START},100,100,100,100",
        f"x,ETH,1800,b,{START},200,200,200,200",
        f"x,ETH,1800,b,{START + 1800},200,200,200,200",
        f"x,ETH,60,c,{START},300,300,300,300",
    )
    assert {price for _, price in read_candles(file, SHORT).prices["ETH"]} == {200}


def test_read_candles__packed__is_the_same(tmp_path) -> None:
    plain = candles(tmp_path / "c.csv", f"x,eth,3600,a,{START},100,120,90,110")
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_candles(packed, SHORT).prices == read_candles(plain, SHORT).prices


def test_read_candles__an_asset_that_is_not_covered__goes_by_the_outline(tmp_path) -> None:
    file = candles(
        tmp_path / "c.csv", f"x,BTC,3600,a,{START},9,9,9,9", f"x,ETH,60,a,{START},1,1,1,1"
    )
    window = read_candles(file, SHORT)
    assert window.read == ("BTC",)
    assert window.prices["ETH"] == SHORT.points["ETH"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "lacks the columns asset, unix_s, interval_s, open, high, low, close"),
        (HEAD + f"x,ETH,60,a,{START},1,1,one,1\n", "line 2: a column .* is no number"),
        (HEAD + f"x,ETH,60,a,{START},1,1\n", "line 2: a column .* is no number"),
        (HEAD + f"x,ETH,60,a,{START},5,4,3,3\n", "line 2: low, open, close and high are not in"),
        (HEAD + f"x,ETH,0,a,{START + 1},3,4,3,3\n", "line 2: low, open, close and high are not in"),
        (HEAD + f"x,ETH,60,a,{START},0,4,0,3\n", "line 2: low, open, close and high are not in"),
        (HEAD + f"x,ETH,60,a,{START},nan,4,3,3\n", "line 2: low, open, close and high are not in"),
        (HEAD + "x,ETH,60,a,nan,4,4,4,4\n", "line 2: a column .* is no number"),
        (HEAD + 2 * f"x,ETH,3600,a,{START},4,4,4,4\n", "has candles of ETH that overlap"),
    ],
)
def test_read_candles__a_file_that_is_wrong__says_what_and_where(tmp_path, text, message) -> None:
    file = tmp_path / "c.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_candles(file, SHORT)


def test_read_candles__no_text__says_so(tmp_path) -> None:
    file = tmp_path / "c.csv.gz"
    file.write_bytes(b"no gzip")
    with pytest.raises(InputError, match="is no CSV file"):
        read_candles(file, SHORT)


@pytest.mark.skipif(not CANDLES.exists(), reason="needs the candles")
@pytest.mark.parametrize("name", ["2020-03-12", "2021-05-19", "2025-10-10"])
def test_outline__beside_the_candles_of_the_day__has_the_same_low(name) -> None:
    crash = crash_named(name)
    full = read_candles(CANDLES, crash)
    for asset in full.read:
        if asset in crash.points:
            lows = [
                Window(crash, window.prices).moves([asset], 12.0).min()
                for window in (full, outline(crash))
            ]
            assert lows[0] == pytest.approx(lows[1], abs=0.04), asset
