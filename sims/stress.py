"""From a snapshot to a stress report: rates, shocks, thousands of price paths, tail figures.

One way, data > book > shock > cascade > metric > report. Every path draws from its own stream, so

    same snapshot + same settings = same figures, to the bit

whatever the number of workers; a path can be made again alone to be looked at or replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims import report
from sims.book import Book
from sims.cascade import Cascade, CascadeResult, Settings, Trace
from sims.depth import default_depth
from sims.exact import NO_CAP, WAD, Pool
from sims.folders import SUMMARY, replacing, require_report
from sims.liquidation import LiquidationTerms, ReserveParams
from sims.metrics import Convergence, RiskSummary, convergence, expected_shortfall, summarize
from sims.prices import EXPOSURE, PriceModel, default_model, simulate_paths
from sims.rates import FloatArray, InputError, RateTable, utilization_sweep
from sims.snapshot import FILES, Snapshot

SHOCKS = np.round(np.arange(0.0, -0.805, -0.01), 2)
UTILIZATIONS = np.linspace(0.0, 1.0, 101)
BLOCK = 500
"""Paths in memory at a time."""
MOST_PATHS = 1_000_000
MOST_STEPS = 20_000
"""More would not fit a machine's memory."""
SCHEMA = "weir stress report 1"
"""By which a report is known."""
TABLES = ("paths", "shocks", "rates", "replay")
REPORT_FILES = (
    *("index.html", SUMMARY),
    *(f"{table}.parquet" for table in TABLES),
    *(f"snapshot/{name}" for name in FILES),
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class StressSettings:
    """What is simulated.

    Attributes
    ----------
    paths, seed : how many price paths, and where they start.
    horizon_s, dt_s : length of a path and of a step, in seconds.
    volatility_scale : every volatility of the calibrated model, of factors and of bases, times this.
    jump_scale : the calibrated model's one market-wide jump a year comes this many times as often.
    worst : how many of the worst paths are named, for a replay.
    liquidators : gas, capital and patience of liquidators; its `dt_s` is this one.
    """

    paths: int = 1_000
    seed: int = 1
    horizon_s: int = 86_400
    dt_s: int = 300
    volatility_scale: float = 1.0
    jump_scale: float = 1.0
    worst: int = 3
    liquidators: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.paths < 10:
            raise InputError(f"{self.paths} paths say nothing about a tail; take 10 or more.")
        if self.paths > MOST_PATHS:
            raise InputError(f"{self.paths:,} paths are too many; take {MOST_PATHS:,} or fewer.")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; it must not be negative.")
        if not 0 < self.dt_s <= self.horizon_s or self.horizon_s % self.dt_s:
            raise InputError(
                f"A step of {self.dt_s} s does not fit a horizon of {self.horizon_s} s: take one "
                "that goes into it without a rest."
            )
        if self.steps > MOST_STEPS:
            raise InputError(
                f"{self.steps:,} steps in a path are too many; take {MOST_STEPS:,} or fewer."
            )
        if not 0.0 < self.volatility_scale <= 20.0:
            raise InputError(f"volatility_scale is {self.volatility_scale:g}; keep it in (0, 20].")
        if not 0.0 <= self.jump_scale <= 10_000.0:
            raise InputError(f"jump_scale is {self.jump_scale:g}; keep it between 0 and 10,000.")
        if not 1 <= self.worst <= self.paths:
            raise InputError(f"worst is {self.worst}; keep it between 1 and the number of paths.")

    @property
    def steps(self) -> int:
        """Steps in a path."""
        return self.horizon_s // self.dt_s


@dataclass(frozen=True)
class Stress:
    """A market under stress: what went in and what came out.

    Attributes
    ----------
    prices_usd : (R,) at the block.
    rates : borrow and supply rates over utilization, of every reserve.
    shocks : sudden price changes.
    result : every path, in the order of the paths.
    losses : mean, VaR and expected shortfall of the loss over the baseline, with intervals.
    settled : the expected shortfall of more and more paths.
    worst : the paths with the largest losses, the largest first.
    trace : the first of them in full.
    seconds : per stage.
    """

    snapshot: Snapshot
    settings: StressSettings
    book: Book
    params: ReserveParams
    terms: LiquidationTerms
    prices_usd: FloatArray
    rates: RateTable
    shocks: report.Shocks
    result: CascadeResult
    losses: RiskSummary
    settled: Convergence
    worst: tuple[int, ...]
    trace: Trace
    seconds: dict[str, float]

    def paths(self, wanted: range) -> FloatArray:
        """Price paths (P, T + 1, R) made again by number."""
        return _paths(self.snapshot, self.settings, wanted)

    def cascade(self) -> Cascade:
        """The pool as every path found it."""
        return _cascade(self.snapshot, self.settings)


def price_model(snapshot: Snapshot, settings: StressSettings) -> PriceModel:
    """The calibrated model from the snapshot's prices, stressed as the settings say."""
    prices = snapshot.prices
    missing = [s for s, p in zip(snapshot.symbols, prices, strict=True) if p <= 0.0]
    if missing:
        raise InputError(
            f"{', '.join(missing)} had no price at the block; take the snapshot at another one."
        )
    model = default_model(snapshot.symbols, spot_usd=prices)
    jumps = model.common_jumps
    return replace(
        model,
        volatility=model.volatility * settings.volatility_scale,
        basis_sd=model.basis_sd * settings.volatility_scale,
        common_jumps=replace(jumps, per_year=jumps.per_year * settings.jump_scale),
    )


def run(
    snapshot: Snapshot, settings: StressSettings | None = None, *, progress: Progress | None = None
) -> Stress:
    """Rates, shocks and price paths of one snapshot.

    `progress` is called with a stage's name, what is done and what there is to do.
    """
    _require_modelled(snapshot)
    settings = settings or StressSettings()
    tell = progress or (lambda stage, done, total: None)
    seconds: dict[str, float] = {}

    with _timed(seconds, "sweep"):
        book, params, terms = snapshot.to_book(), snapshot.reserve_params(), snapshot.terms()
        prices = snapshot.prices
        rates = utilization_sweep(params.curve, UTILIZATIONS)
        shocks = _shocks(book, params, prices)
        tell("sweep", 1, 1)

    with _timed(seconds, "cascade"):
        cascade = _cascade(snapshot, settings)
        parts = []
        for first in range(0, settings.paths, BLOCK):
            wanted = range(first, min(first + BLOCK, settings.paths))
            parts.append(cascade.run(_paths(snapshot, settings, wanted)))
            tell("cascade", wanted.stop, settings.paths)
        result = _joined(parts)
        worst = tuple(int(i) for i in np.argsort(-result.loss_usd, kind="stable")[: settings.worst])
        trace = cascade.trace(_paths(snapshot, settings, range(worst[0], worst[0] + 1))[0])

    with _timed(seconds, "metrics"):
        rng = np.random.default_rng(settings.seed)
        losses = summarize(result.shock_loss_usd, rng=rng)
        settled = convergence(
            result.shock_loss_usd, lambda sample: expected_shortfall(sample, 0.99), rng=rng
        )
        tell("metrics", 1, 1)

    return Stress(
        snapshot=snapshot,
        settings=settings,
        book=book,
        params=params,
        terms=terms,
        prices_usd=prices,
        rates=rates,
        shocks=shocks,
        result=result,
        losses=losses,
        settled=settled,
        worst=worst,
        trace=trace,
        seconds=seconds,
    )


def remarks(stress: Stress) -> tuple[str, ...]:
    """What a reader has to know before the figures: why there are none, or whose they are."""
    if not stress.book.accounts:
        said = ["The snapshot holds no positions: nothing can be liquidated and nothing be lost."]
    elif not stress.book.debt.any():
        said = ["Nobody in the snapshot owes anything: nothing can be liquidated and nothing lost."]
    else:
        said = []
    if said:
        said[0] += " What is left to report are rates, caps and parameters."
    return (*said, *_on_part(stress), *_on_ramps(stress.snapshot))


def _on_part(stress: Stress) -> Iterator[str]:
    """Whose losses these are, where not everybody is in the snapshot."""
    if stress.snapshot.is_whole:
        return
    supply, debt, _ = stress.snapshot.totals()
    reserves, price = stress.params.reserves, stress.prices_usd
    supply = supply + stress.snapshot.idling()
    held = stress.book.supplied(reserves) + stress.book.idling(reserves)
    supplied, owed = (
        float(part @ price) / max(float(whole @ price), 1e-300)
        for part, whole in ((held, supply), (stress.book.borrowed(reserves), debt))
    )
    yield (
        f"The snapshot holds a part of the pool: {supplied:.1%} of what is supplied and "
        f"{owed:.1%} of what is owed. Liquidations and losses are those of this part alone; cash and "
        "rates are those of the whole pool, whose other accounts stand still."
    )


def _on_ramps(snapshot: Snapshot) -> Iterator[str]:
    """Which thresholds go down along the way, without the engines."""
    pool = Pool.from_snapshot(snapshot)
    named = [
        *zip(snapshot.symbols, pool.reserves, strict=True),
        *((f"category {number}", category) for number, category in pool.categories.items()),
    ]
    for name, terms in named:
        now = terms.threshold_now(snapshot.timestamp)
        if now != terms.threshold:
            yield (
                f"The threshold of {name} is on its way from {now / WAD:.2%} down to "
                f"{terms.threshold / WAD:.2%}; on the paths it stays where it was at the block."
            )


def report_input(
    stress: Stress,
    *,
    market: str,
    command: str,
    created: datetime,
    replay: report.Replay | None = None,
    refused: tuple[report.Refused, ...] = (),
    notes: tuple[str, ...] = (),
    assumptions: tuple[str, ...] = (),
    title: str = "Stress report",
) -> report.ReportInput:
    """What `report.write_report` needs to know of a run."""
    origin, settings = stress.snapshot.origin, stress.settings
    supply, debt, _ = stress.snapshot.totals()
    supply_cap, borrow_cap = _caps(stress.snapshot)
    return report.ReportInput(
        provenance=report.Provenance(
            title=title,
            market=market,
            chain_id=origin.chain_id,
            block=origin.block_number,
            block_time=datetime.fromtimestamp(origin.timestamp, tz=timezone.utc),
            created=created,
            seed=settings.seed,
            versions=origin.versions,
            command=command,
        ),
        params=stress.params,
        terms=stress.terms,
        reserves=report.Reserves(
            price_usd=stress.prices_usd,
            supplied=supply,
            borrowed=debt,
            supply_cap=supply_cap,
            borrow_cap=borrow_cap,
            idle=stress.snapshot.idling(),
        ),
        accounts=report.Accounts.of(stress.book, stress.params, price_usd=stress.prices_usd),
        shocks=stress.shocks,
        losses=report.Losses(
            loss_usd=stress.result.shock_loss_usd,
            risk=stress.losses,
            convergence=stress.settled,
            horizon_s=float(settings.horizon_s),
            step_s=float(settings.dt_s),
            model=_price_model_in_words(settings),
        ),
        crash=report.Crash(
            path=f"The worst of {settings.paths:,} paths, number {stress.worst[0]:,}.",
            trace=stress.trace,
        ),
        replay=replay,
        refused=refused,
        notes=(*remarks(stress), *notes),
        assumptions=assumptions,
    )


def summary(stress: Stress) -> dict[str, Any]:
    """The figures that a machine reads, values in USD."""
    origin, losses, settings = stress.snapshot.origin, stress.losses, stress.settings
    return {
        "schema": SCHEMA,
        "accounts": stress.book.accounts,
        "complete": stress.snapshot.is_whole,
        "reserves": stress.params.reserves,
        "scenarios": settings.paths,
        "seed": settings.seed,
        "horizon_s": settings.horizon_s,
        "volatility_scale": settings.volatility_scale,
        "jump_scale": settings.jump_scale,
        "bad_debt": {
            "mean_usd": losses.mean.value,
            "var99_usd": losses.value_at_risk.value,
            "es99_usd": losses.expected_shortfall.value,
            "var99_interval_usd": [losses.value_at_risk.low, losses.value_at_risk.high],
            "es99_interval_usd": [losses.expected_shortfall.low, losses.expected_shortfall.high],
            "baseline_usd": stress.result.baseline_loss_usd,
            "insolvent_at_start_usd": stress.result.set_aside_usd,
        },
        "worst_paths": list(stress.worst),
        "seconds": dict(stress.seconds),
        "chain": {"id": origin.chain_id, "block": origin.block_number, "hash": origin.block_hash},
    }


def publish(
    stress: Stress,
    folder: Path,
    *,
    market: str,
    command: str,
    drawn: report.Replay | None = None,
    refused: tuple[report.Refused, ...] = (),
    notes: tuple[str, ...] = (),
    assumptions: tuple[str, ...] = (),
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    **figures: Any,
) -> dict[str, Any]:
    """Writes a report's folder as a whole or not at all, and returns its summary.

    Parameters
    ----------
    drawn : a replayed path for the report to draw.
    refused : what the contracts refused on the replayed paths.
    notes : sentences for the head of the report, after those of `remarks`.
    assumptions : sentences for the report's last page.
    folder : replaced when it holds a report already; anything else in its place is refused.
    tables : further Parquet files by name, each from column to values.
    figures : further entries of the summary; a mapping is merged into the one of the same name.
    """
    require_replaceable(folder)
    with replacing(folder) as made:
        stress.snapshot.write(made / "snapshot")
        with _timed(stress.seconds, "report"):
            created = datetime.now(timezone.utc)
            report.write_report(
                made / "index.html",
                report_input(
                    stress,
                    market=market,
                    command=command,
                    created=created,
                    replay=drawn,
                    refused=refused,
                    notes=notes,
                    assumptions=assumptions,
                ),
            )
            for name, columns in {**_tables(stress), **(tables or {})}.items():
                table = pa.table({key: pa.array(values) for key, values in columns.items()})
                pq.write_table(table, made / f"{name}.parquet")
        told = {**summary(stress), "notes": [*remarks(stress), *notes]}
        for name, figure in figures.items():
            told[name] = {**told.get(name, {}), **figure} if isinstance(figure, dict) else figure
        (made / SUMMARY).write_text(json.dumps(told, indent=2) + "\n")
    return told


def require_replaceable(folder: Path) -> None:
    """Refuses a place for a report where something is that is no report."""
    require_report(folder, SCHEMA, REPORT_FILES)


def _tables(stress: Stress) -> dict[str, dict[str, Any]]:
    """What every path did, what every shock did, and rates over utilization."""
    result, symbols = stress.result, stress.params.symbols
    return {
        "paths": {
            "path": np.arange(stress.settings.paths),
            **{name: getattr(result, name) for name in _per_path(result)},
            "shock_loss_usd": result.shock_loss_usd,
        },
        "shocks": {
            "price_change": stress.shocks.price_change,
            "liquidatable_usd": stress.shocks.liquidatable_usd,
            "shortfall_usd": stress.shocks.shortfall_usd,
            **{f"{s}_alone_usd": stress.shocks.alone_usd[:, i] for i, s in enumerate(symbols)},
        },
        "rates": {
            "utilization": stress.rates.utilization,
            **{f"{s}_borrow": stress.rates.borrow[:, i] for i, s in enumerate(symbols)},
            **{f"{s}_supply": stress.rates.supply[:, i] for i, s in enumerate(symbols)},
        },
    }


# ---------------------------------------------------------------- steps


def _require_modelled(snapshot: Snapshot) -> None:
    """Refuses pools whose rules the engines do not know: their figures would be another pool's."""
    if int(snapshot.liquidation_model, 16):
        raise InputError(
            f"The pool asks the liquidation model at {snapshot.liquidation_model}, which the engines "
            "do not know; only the built-in rule can be simulated."
        )
    for reserve in snapshot.reserves:
        if reserve.index_word >> 252 & 1:
            raise InputError(
                f"{reserve.symbol} asks an external rate model, which the engines do not know; only "
                "the built-in curve can be simulated."
            )
        if reserve.token_word >> 254 & 1:
            raise InputError(
                f"{reserve.symbol} is paused at this block, so nothing of it can be liquidated; take "
                "the snapshot at a block at which it is open."
            )
        if snapshot.timestamp < reserve.grace_end:
            raise InputError(
                f"{reserve.symbol} was paused until just now, and nothing of it is liquidated for "
                f"{reserve.grace_end - snapshot.timestamp} s more; take the snapshot after that."
            )
        if any(p.account == reserve.insurer and p.debt_shares for p in snapshot.positions):
            raise InputError(
                f"The insurer of {reserve.symbol} borrows; the engines know only one who does not."
            )


def _price_model_in_words(settings: StressSettings) -> str:
    said = "Prices follow correlated factors with Student-t steps and jumps, as of late 2025"
    stressed = []
    if settings.volatility_scale != 1.0:
        stressed.append(f"every volatility times {settings.volatility_scale:g}")
    if settings.jump_scale != 1.0:
        stressed.append(f"market-wide jumps {settings.jump_scale:g} times as often")
    return f"{said}; {' and '.join(stressed)}: a stress, no forecast." if stressed else f"{said}."


def _paths(snapshot: Snapshot, settings: StressSettings, wanted: range) -> FloatArray:
    return simulate_paths(
        price_model(snapshot, settings),
        steps=settings.steps,
        dt_s=float(settings.dt_s),
        paths=wanted,
        rng=np.random.default_rng(settings.seed),
    )


def _cascade(snapshot: Snapshot, settings: StressSettings) -> Cascade:
    """With the pool's own totals, whoever is in the snapshot: what others have lends and borrows on."""
    book, reserves = snapshot.to_book(), len(snapshot.reserves)
    supply, debt, buffer = snapshot.totals()
    return Cascade(
        book=book,
        params=snapshot.reserve_params(),
        terms=snapshot.terms(),
        depth=default_depth(snapshot.symbols),
        settings=replace(settings.liquidators, dt_s=float(settings.dt_s)),
        other_supply=np.maximum(supply - book.supplied(reserves), 0.0),
        other_debt=np.maximum(debt - book.borrowed(reserves), 0.0),
        buffer=buffer,
        insured=snapshot.insured(),
    )


def _shocks(book: Book, params: ReserveParams, prices: FloatArray) -> report.Shocks:
    return report.Shocks.of(
        book,
        params,
        price_usd=prices,
        falling=[i for i, s in enumerate(params.symbols) if EXPOSURE.get(s, s) is not None],
        fallers="all assets but the stablecoins",
        price_change=SHOCKS,
    )


def _caps(snapshot: Snapshot) -> tuple[FloatArray, FloatArray]:
    """Supply and borrow caps in whole tokens, infinite for none."""
    reserves = Pool.from_snapshot(snapshot).reserves

    def tokens(cap: int, decimals: int) -> float:
        return np.inf if cap == NO_CAP else cap / 10**decimals

    kept = list(zip(reserves, snapshot.reserves, strict=True))
    return (
        np.array([tokens(r.supply_cap, s.decimals) for r, s in kept]),
        np.array([tokens(r.borrow_cap, s.decimals) for r, s in kept]),
    )


def _joined(parts: list[CascadeResult]) -> CascadeResult:
    first = parts[0]
    return replace(
        first,
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _per_path(first)},
    )


def _per_path(result: CascadeResult) -> list[str]:
    """Fields with one value a path."""
    arrays = [f.name for f in fields(result) if isinstance(getattr(result, f.name), np.ndarray)]
    return [name for name in arrays if name != "set_aside"]


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage] = round(perf_counter() - start, 3)
