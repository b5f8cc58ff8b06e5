"""Days on which lending markets were tested, as price paths that a market can be led through.

Each crash is here as an outline, the turning points of the public record joined by straight lines, and
can be read in full from a file of candles. Prices come as factors over those of the beginning:

    moves[t, r] = price of asset r at t * step / its price at 0

so that a market of today goes through the falls of that day with the positions it has. Oracles see
less than the market: a feed reports when the price has moved by its threshold, or is old.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sims.rates import FloatArray, InputError

Points = Mapping[str, Sequence[tuple[float, float]]]
"""By asset, hours from the beginning and price in USD."""

WICK = 0.5
"""A low below this share of both open and close is one venue's, and no oracle's."""
COVERED = 0.9
"""Share of a crash's hours that a file's candles have to cover to be taken."""


@dataclass(frozen=True)
class Crash:
    """One day of the record.

    Attributes
    ----------
    name : the date, by which it is called.
    title : what people call it.
    start : when the path begins, UTC.
    hours : how long it is.
    points : turning points of each asset that has a record of its own.
    gas_gwei : hours and price of gas, as that of a transaction in the middle of the blocks.
    source : where the turning points are from.
    """

    name: str
    title: str
    start: datetime
    hours: float
    points: Points
    gas_gwei: Sequence[tuple[float, float]]
    source: str


FOLLOWS = {
    "WETH": ("ETH",),
    "wstETH": ("ETH",),
    "weETH": ("ETH",),
    "cbETH": ("ETH",),
    "rETH": ("ETH",),
    "WBTC": ("BTC",),
    "cbBTC": ("BTC",),
    "AAVE": ("AAVE", "LINK", "ETH"),
    "LINK": ("LINK", "ETH"),
    "CRV": ("CRV", "ETH"),
    "UNI": ("UNI", "LINK", "ETH"),
    "DAI": ("USDC",),
}
"""Whose record an asset goes by: the first that there is. Any other goes by its own, and an asset
without one, a dollar say, stays where it is. DAI's backing was mostly USDC."""


def driver(symbol: str, recorded: Mapping[str, object]) -> str | None:
    """Whose record an asset goes by; None when it stays where it is."""
    return next((name for name in FOLLOWS.get(symbol, (symbol,)) if name in recorded), None)


@dataclass(frozen=True)
class Window:
    """A crash as it is lived through.

    Attributes
    ----------
    prices : turning points, or every point of the candles, by asset.
    read : the assets whose prices are from a file.
    """

    crash: Crash
    prices: Points
    read: tuple[str, ...] = ()

    def moves(self, symbols: Sequence[str], step_s: float) -> FloatArray:
        """(T + 1, R) factors over the prices of the beginning, every `step_s` seconds."""
        hours = np.arange(round(self.crash.hours * 3600 / step_s) + 1) * (step_s / 3600)
        moves = np.ones((hours.size, len(symbols)))
        for r, symbol in enumerate(symbols):
            name = driver(symbol, self.prices)
            if name is not None:
                at, price = np.array(self.prices[name]).T
                path = np.interp(hours, at, price)
                moves[:, r] = path / path[0]
        return moves

    def gas_wei(self, step_s: float) -> npt.NDArray[np.int64]:
        """(T + 1,) price of a unit of gas, every `step_s` seconds."""
        hours = np.arange(round(self.crash.hours * 3600 / step_s) + 1) * (step_s / 3600)
        at, gwei = np.array(self.crash.gas_gwei).T
        wei: npt.NDArray[np.int64] = np.rint(np.interp(hours, at, gwei) * 1e9).astype(np.int64)
        return wei


def observed(moves: FloatArray, *, threshold: float, heartbeat: int) -> npt.NDArray[np.bool_]:
    """When feeds report: (T + 1, R), true where a feed says the price of that moment.

    Parameters
    ----------
    moves : (T + 1, R) prices, in any unit.
    threshold : a report comes when the price is this share away from the last one.
    heartbeat : and at the latest after so many steps.
    """
    reports = np.zeros(moves.shape, dtype=bool)
    reports[0] = True
    last, age = moves[0].copy(), np.zeros(moves.shape[1], dtype=int)
    for t in range(1, moves.shape[0]):
        age += 1
        due = (np.abs(moves[t] / last - 1) >= threshold) | (age >= heartbeat)
        reports[t] = due
        last[due], age[due] = moves[t, due], 0
    return reports


# ----------------------------------------------------------------------------------------- candles


@dataclass(frozen=True)
class _Candle:
    at: float
    length_s: float
    open: float
    high: float
    low: float
    close: float

    def points(self) -> Iterator[tuple[float, float]]:
        """Seconds and prices: open, the extreme against the candle's direction, the other, close."""
        low = self.low
        if low < WICK * min(self.open, self.close):
            low = min(self.open, self.close)
        first, second = (low, self.high) if self.close >= self.open else (self.high, low)
        yield self.at, self.open
        yield self.at + self.length_s / 3, first
        yield self.at + self.length_s * 2 / 3, second
        # Just before the next one opens, which may be elsewhere.
        yield self.at + self.length_s * 0.999, self.close


COLUMNS = ("asset", "unix_s", "interval_s", "open", "high", "low", "close")


def read_candles(path: Path, crash: Crash) -> Window:
    """A crash from a CSV file of candles, gzipped or not; assets it does not cover go by the outline.

    Columns: asset, unix_s (when it opens), interval_s, open, high, low, close, and any others. Of
    several series of an asset the one with the shortest candles that covers the crash is taken.

    Raises
    ------
    InputError
        When the file is no such file.
    """
    begin = crash.start.timestamp()
    end = begin + crash.hours * 3600
    series: dict[str, dict[tuple[float, str], list[_Candle]]] = {}
    for number, row in _rows(path):
        try:
            at, length = float(int(row["unix_s"])), float(row["interval_s"])
            if at + length <= begin or at >= end:
                continue
            candle = _Candle(at, length, *(float(row[name]) for name in COLUMNS[3:]))
            asset = row["asset"].upper()
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"{path}, line {number}: a column of {', '.join(COLUMNS[1:])} is no number; "
                "correct the line or remove it."
            ) from None
        if not (0 < length < np.inf and 0 < candle.low <= min(candle.open, candle.close)) or not (
            max(candle.open, candle.close) <= candle.high < np.inf
        ):
            raise InputError(
                f"{path}, line {number}: low, open, close and high are not in order above zero; "
                "correct the line or remove it."
            )
        of_asset = series.setdefault(asset, {})
        of_asset.setdefault((length, row.get("source") or ""), []).append(candle)
    found: dict[str, list[tuple[float, float]]] = {}
    for asset, choices in sorted(series.items()):
        for _, candles in sorted(choices.items()):
            if sum(candle.length_s for candle in candles) >= COVERED * (end - begin):
                candles.sort(key=lambda candle: candle.at)
                _require_apart(path, asset, candles)
                found[asset] = [
                    ((at - begin) / 3600, price) for c in candles for at, price in c.points()
                ]
                break
    return Window(crash, {**crash.points, **found}, tuple(found))


def _require_apart(path: Path, asset: str, candles: Sequence[_Candle]) -> None:
    for before, after in pairwise(candles):
        if before.at + before.length_s > after.at:
            raise InputError(
                f"{path} has candles of {asset} that overlap, at {after.at:.0f}: keep one series, or "
                "tell them apart in a column `source`."
            )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path} lacks the columns {', '.join(missing)}: it is no file of candles; its "
                    f"first line names {', '.join(COLUMNS)}."
                )
            yield from enumerate(reader, start=2)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise InputError(
            f"{path} is no CSV file ({error}): name one with candles, gzipped if it ends with .gz."
        ) from None


# ------------------------------------------------------------------------------------------ record


def _at(hours: str, **prices: str) -> Points:
    """Points of assets that turn at the same hours."""
    at = [float(hour) for hour in hours.split()]
    return {
        name: tuple(zip(at, map(float, row.split()), strict=True)) for name, row in prices.items()
    }


def _utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


CRASHES = (
    Crash(
        name="2020-03-12",
        title="Black Thursday",
        start=_utc(2020, 3, 12, 10),
        hours=18.0,
        points=_at(
            "0 0.75 1.4 4 10 10.7 13 13.7 14.2 15.2 15.8 16.2 17 17.5 18",
            ETH="168 125 145 140 138 125 127 101 114 112 96.5 86 111 138 124",
            BTC="7355 5550 6400 6090 6040 5565 5800 4410 5000 4740 4100 3782 4849 5500 5170",
            LINK="3.06 2.2 2.6 2.45 2.58 2.17 2.28 1.8 2.1 1.9 1.62 1.36 1.9 2.36 2.1",
        ),
        gas_gwei=((0, 40), (2, 102), (5, 200), (8, 130), (10, 67), (12, 90), (18, 60)),
        source="hourly highs and lows of Binance; gas: median price of mined transactions",
    ),
    Crash(
        name="2021-05-19",
        title="The May crash",
        start=_utc(2021, 5, 19, 10),
        hours=12.0,
        points=_at(
            "0 1 1.8 2 2.9 3.15 4 4.4 6 7.3 9 11.5 12",
            ETH="2974 2857 2443 2721 1960 1888 2494 2285 2742 2920 2604 2428 2586",
            BTC="40325 39432 36333 38700 32489 30000 35863 33994 37318 40442 37961 37033 38772",
            LINK="37.1 36.3 30.7 33.3 21 23 28.2 25.2 30.1 32.5 29.6 26.9 28.8",
            AAVE="602 594 513 565 350 369 473 402 498 528 463 415 444",
        ),
        gas_gwei=((0, 88), (1, 119), (2, 548), (3, 1700), (4, 993), (6, 552), (9, 275), (12, 222)),
        source="half-hourly highs and lows of Binance; gas: median price of mined transactions",
    ),
    Crash(
        name="2022-11-22",
        title="The CRV squeeze",
        start=_utc(2022, 11, 22, 10),
        hours=18.0,
        points=_at(
            "0 1 2 3 4 5 6 7.4 8 9 11 15 17 18",
            CRV="0.413 0.418 0.453 0.537 0.565 0.59 0.614 0.71 0.63 0.6 0.623 0.663 0.663 0.666",
            ETH="1081 1093 1085 1098 1133 1122 1135 1117 1117 1127 1131 1134 1171 1164",
            BTC="15688 15797 15748 15836 16171 16117 16241 16082 16081 16168 16147 16183 16587 16508",
        ),
        gas_gwei=((0, 12), (4, 20), (7, 30), (18, 12)),
        source="hourly prices of CoinGecko and Binance, CRV's high as reported; gas: rough",
    ),
    Crash(
        name="2023-03-11",
        title="USDC below its peg",
        start=_utc(2023, 3, 10, 22),
        hours=50.0,
        points=_at(
            "0 4 5.5 6.5 8 9.6 11 17 20 22 28 33 38 44 48 50",
            USDC="0.998 0.994 0.951 0.95 0.942 0.875 0.91 0.918 0.948 0.962 0.978 0.951 0.957 "
            "0.969 0.985 0.994",
            ETH="1423 1465 1440 1460 1420 1409 1440 1428 1440 1449 1470 1462 1456 1540 1580 1588",
            BTC="20024 20600 20300 20394 19900 19765 20100 20062 20200 20220 20400 20360 20400 "
            "21500 21997 22231",
            AAVE="67.8 70 68.5 68 65.2 64.8 66 64.2 65.5 66 67 66.8 66.1 68.4 72.7 73",
        ),
        gas_gwei=((0, 30), (6, 120), (10, 200), (20, 60), (50, 25)),
        source="hourly medians and the low of USDC on Binance.US and Kraken, else Binance; gas: rough",
    ),
    Crash(
        name="2025-10-10",
        title="The tariff crash",
        start=_utc(2025, 10, 10, 20, 30),
        hours=2.5,
        points=_at(
            "0 0.25 0.4 0.6 0.75 0.85 0.95 1.1 1.25 1.5 2 2.5",
            ETH="4016 3980 3851 3905 3700 3681 3900 3970 3776 4059 3929 3936",
            BTC="117035 116900 113028 113036 109000 107000 112500 113967 111233 114118 113483 114042",
            AAVE="260 259 246 240 220 128 190 205 200 244 220 224",
            LINK="20.6 20.6 19.5 19.2 17.7 15 18.5 19.4 17.6 19.1 18.2 17.4",
        ),
        gas_gwei=((0, 1), (0.7, 20), (1, 80), (1.5, 20), (2.5, 3)),
        source="trades of Gemini (ETH, BTC) and Coinbase (AAVE, LINK), quarter-hourly; gas: rough",
    ),
)


def crash_named(name: str) -> Crash:
    """One of `CRASHES`. Raises `InputError` when there is none of this name."""
    for crash in CRASHES:
        if crash.name == name:
            return crash
    known = ", ".join(crash.name for crash in CRASHES)
    raise InputError(f"There is no crash {name!r}: take one of {known}.")


def outline(crash: Crash) -> Window:
    """A crash by its turning points."""
    return Window(crash, crash.points)


__all__ = [
    "CRASHES",
    "Crash",
    "Window",
    "crash_named",
    "driver",
    "observed",
    "outline",
    "read_candles",
]
