"""A market frozen at one block: raw integers kept whole, floats beside them, on disk as Parquet.

A snapshot replays without a network. Its folder holds one Parquet file a table and a manifest with
the block's hash and a SHA-256 digest of every file; integers too wide for Parquet are decimal text.
What an account holds in whole tokens is

    shares * index / 1e18 / 10^decimals          with interest up to the block

so that the engines (floats) and the twin (`sims.exact`, integers) start from the same figures. What
sits idle is counted in raw units, without an index. A snapshot that says it is complete is refused
where its positions do not add up to the pool's own totals.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims.book import Book
from sims.exact import (
    WAD,
    ZERO,
    Category,
    LiquidationTerms,
    Pool,
    Reserve,
    RiskTerms,
    mul_down,
    mul_up,
)
from sims.folders import is_empty, require_place
from sims.liquidation import CategoryParams, ReserveParams
from sims.liquidation import LiquidationTerms as FloatTerms
from sims.rates import FloatArray, RateCurve

SCHEMA = 3
PROTOCOL = "weir"
MANIFEST = "manifest.json"
TABLES = ("reserves", "categories", "positions")
FILES = (MANIFEST, *(f"{table}.parquet" for table in TABLES))

Row = TypeVar("Row")


class SnapshotError(ValueError):
    """A snapshot that cannot be read, taken or used, in one sentence."""


@dataclass(frozen=True)
class ReserveState:
    """One reserve as stored on the chain at the block.

    The words are those of `IPool.reserveWords`. `answer` and `updated_at` are the feed's, both zero
    where it gave none; so are those of the cautious feed. `balance` is what the pool holds of the
    token. Raw token units.
    """

    id: int
    symbol: str
    token: str
    decimals: int
    feed: str
    feed_decimals: int
    answer: int
    updated_at: int
    balance: int
    index_word: int
    totals_word: int
    risk_word: int
    token_word: int
    model_word: int
    ramp_word: int
    outflow_word: int
    idle_cap_word: int
    cautious_feed: str = ZERO
    cautious_answer: int = 0
    cautious_updated_at: int = 0
    insurer: str = ZERO
    grace_end: int = 0

    @property
    def idle(self) -> int:
        """Raw units that sit idle: the cap less the room in the token's word."""
        return self.idle_cap_word - (self.token_word >> 160 & 2**93 - 1)

    @property
    def shares(self) -> tuple[int, int]:
        """All supply shares and all debt shares."""
        return self.totals_word & 2**112 - 1, self.totals_word >> 112 & 2**112 - 1


@dataclass(frozen=True)
class CategoryState:
    """One category as stored on the chain: the words of `IPool.categoryWords`."""

    id: int
    word: int
    ramp_word: int


@dataclass(frozen=True)
class PositionState:
    """What one account holds and owes in one reserve, in shares.

    `collateral` and `idle` say how it holds; `category` is the account's, the same in all its rows.
    """

    account: str
    id: int
    supply_shares: int
    debt_shares: int
    collateral: bool
    idle: bool = False
    category: int = 0


@dataclass(frozen=True)
class Origin:
    """Where and when a snapshot was taken; `complete`: of every account, not only of some."""

    protocol: str
    pool: str
    chain_id: int
    block_number: int
    block_hash: str
    timestamp: int
    versions: Mapping[str, str]
    complete: bool = True


@dataclass(frozen=True)
class Snapshot:
    """A pool, its reserves and the positions of every account at one block.

    Positions stand in the order of account and reserve id; terms of liquidation are in WAD.
    """

    origin: Origin
    liquidation_terms: LiquidationTerms
    liquidation_model: str
    reserves: tuple[ReserveState, ...]
    positions: tuple[PositionState, ...]
    categories: tuple[CategoryState, ...] = ()

    def __post_init__(self) -> None:
        ordered = sorted(self.positions, key=lambda p: (p.account, p.id))
        object.__setattr__(self, "positions", tuple(ordered))
        if self.origin.complete and self._gap is not None:
            raise SnapshotError(
                f"The accounts have {self._gap}: some were not found, so this is no complete "
                "snapshot; look from the pool's first block on, or name the accounts."
            )

    @property
    def is_whole(self) -> bool:
        """Whether nobody else has anything in the pool."""
        return self._gap is None

    @cached_property
    def _gap(self) -> str | None:
        """The first of the pool's totals that the positions do not add up to."""
        held = {r.id: [0, 0, 0] for r in self.reserves}
        for p in self.positions:
            held[p.id][2 if p.idle else 0] += p.supply_shares
            held[p.id][1] += p.debt_shares
        kinds = ("supply shares", "debt shares", "idle units")
        for r in self.reserves:
            for kind, has, there in zip(kinds, held[r.id], (*r.shares, r.idle), strict=True):
                if has != there:
                    return f"{has:,} of {there:,} {kind} of {r.symbol}"
        return None

    @property
    def timestamp(self) -> int:
        """The block's time, Unix seconds."""
        return self.origin.timestamp

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols by reserve id."""
        return tuple(r.symbol for r in self.reserves)

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """Accounts that hold or owe something, in ascending order: the accounts of `to_book`."""
        return tuple(sorted({p.account for p in self.positions}))

    # -------------------------------------------------------------------------------- for the engines

    @cached_property
    def _accrued(self) -> tuple[Reserve, ...]:
        """Reserves of the twin, with interest up to the block."""
        reserves = Pool.from_snapshot(self).reserves
        for reserve in reserves:
            reserve.accrue(self.timestamp)
        return tuple(reserves)

    @property
    def prices(self) -> FloatArray:
        """Prices of a whole token in the base currency, shape (R,); zero: no price."""
        return np.array(
            [
                a.price(self.timestamp) / 10**r.feed_decimals
                for r, a in zip(self.reserves, self._accrued, strict=True)
            ]
        )

    @cached_property
    def _categories(self) -> dict[int, Category]:
        return Pool.from_snapshot(self).categories

    def _terms(self, position: PositionState) -> RiskTerms | None:
        """What a supply is worth as collateral; None: nothing, in an isolated category."""
        category = self._categories.get(position.category)
        if category is not None and position.id in category.collaterals:
            return category
        isolated = category is not None and category.isolated
        return None if isolated else self._accrued[position.id]

    def _secures(self, position: PositionState) -> bool:
        """Whether a supply counts as collateral; with a threshold of zero it does for nobody."""
        terms = self._terms(position) if position.collateral else None
        return terms is not None and terms.threshold_now(self.timestamp) > 0

    def to_book(self) -> Book:
        """Positions in whole tokens, with interest up to the block; one account after another."""
        order = {account: i for i, account in enumerate(self.accounts)}
        place = {c.id: i for i, c in enumerate(self.categories, start=1)}
        counts = np.zeros(len(order) + 1, dtype=np.int64)
        category = np.zeros(len(order), dtype=np.int64)
        for p in self.positions:
            counts[order[p.account] + 1] += 1
            category[order[p.account]] = place.get(p.category, 0)
        scale = [10**r.decimals for r in self.reserves]
        return Book(
            indptr=np.cumsum(counts),
            reserve=np.array([p.id for p in self.positions], dtype=np.int64),
            supply=np.array([self.supply_assets(p) / scale[p.id] for p in self.positions]),
            debt=np.array([self.debt_assets(p) / scale[p.id] for p in self.positions]),
            collateral=np.array([self._secures(p) for p in self.positions], dtype=bool),
            idle=np.array([p.idle for p in self.positions], dtype=bool),
            category=category,
        )

    def supply_assets(self, position: PositionState) -> int:
        """Raw units with interest up to the block, rounded down as the pool shows them."""
        if position.idle:
            return position.supply_shares
        return mul_down(position.supply_shares, self._accrued[position.id].supply_index)

    def debt_assets(self, position: PositionState) -> int:
        """Raw units with interest up to the block, rounded up as the pool shows them."""
        return mul_up(position.debt_shares, self._accrued[position.id].debt_index)

    def totals(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Supply that earns, debt and buffer of each reserve in whole tokens, three of shape (R,)."""
        scale = np.array([float(10**r.decimals) for r in self.reserves])
        supply = np.array([float(a.supply_assets) for a in self._accrued]) / scale
        debt = np.array([float(a.debt_assets) for a in self._accrued]) / scale
        buffer = np.array([float(a.buffer) for a in self._accrued]) / scale
        return supply, debt, buffer

    def insured(self) -> FloatArray:
        """Of the supply that earns what is each reserve's insurer's, in whole tokens, of shape (R,)."""
        tokens = np.zeros(len(self.reserves))
        for p in self.positions:
            reserve = self.reserves[p.id]
            if p.account == reserve.insurer and not p.idle:
                tokens[p.id] = self.supply_assets(p) / 10**reserve.decimals
        return tokens

    def idling(self) -> FloatArray:
        """What sits idle of each reserve, in whole tokens, shape (R,)."""
        return np.array([r.idle / 10**r.decimals for r in self.reserves])

    def reserve_params(self) -> ReserveParams:
        """Rates and risk parameters for the engines, in shares of one; thresholds as at the block."""
        a = self._accrued

        def share(name: str) -> FloatArray:
            return np.array([getattr(r, name) / WAD for r in a])

        return ReserveParams(
            symbols=self.symbols,
            curve=RateCurve(
                base=np.array([r.curve.base / 10_000 for r in a]),
                kink=np.array([r.curve.kink / 100 for r in a]),
                slope1=np.array([r.curve.slope1 / 1_000 for r in a]),
                slope2=np.array([r.curve.slope2 / 100 for r in a]),
                reserve_factor=np.array([r.reserve_factor_percent / 100 for r in a]),
            ),
            ltv=share("ltv"),
            threshold=np.array([r.threshold_now(self.timestamp) / WAD for r in a]),
            bonus_floor=share("bonus_floor"),
            bonus_cap=share("bonus_cap"),
            fee=share("liquidation_fee"),
            categories=tuple(
                CategoryParams(
                    name=f"category {state.id}",
                    collaterals=np.array([r.id in c.collaterals for r in self.reserves]),
                    ltv=c.ltv / WAD,
                    threshold=c.threshold_now(self.timestamp) / WAD,
                    bonus_floor=c.bonus_floor / WAD,
                    bonus_cap=c.bonus_cap / WAD,
                )
                for state in self.categories
                for c in (self._categories[state.id],)
            ),
        )

    def terms(self) -> FloatTerms:
        """Terms of liquidation for the engines: healths as shares of one, values in the base currency."""
        t = self.liquidation_terms
        return FloatTerms(
            target_health=t.target_health / WAD,
            full_liquidation_health=t.full_health / WAD,
            dust=t.dust / WAD,
            write_off_below=t.write_off_below / WAD,
        )

    # -------------------------------------------------------------------------------- on disk

    def write(self, folder: Path) -> Path:
        """Writes the folder as a whole or not at all; one that is there already is refused."""
        folder = Path(folder)
        require_new(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            pq.write_table(self._reserve_table(), beside / "reserves.parquet")
            pq.write_table(_table(self.categories, CategoryState), beside / "categories.parquet")
            pq.write_table(self._position_table(), beside / "positions.parquet")
            (beside / MANIFEST).write_text(json.dumps(self._manifest(beside), indent=2) + "\n")
            beside.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        return folder

    def _manifest(self, folder: Path) -> dict[str, Any]:
        terms = {name: str(value) for name, value in asdict(self.liquidation_terms).items()}
        return {
            "schema": SCHEMA,
            **asdict(self.origin),
            "liquidation_terms": terms,
            "liquidation_model": self.liquidation_model,
            "accounts": len(self.accounts),
            "files": {f"{t}.parquet": _digest(folder / f"{t}.parquet") for t in TABLES},
        }

    def _reserve_table(self) -> pa.Table:
        supply, debt, buffer = self.totals()
        return _table(
            self.reserves,
            ReserveState,
            price=self.prices,
            supply_tokens=supply,
            debt_tokens=debt,
            buffer_tokens=buffer,
        )

    def _position_table(self) -> pa.Table:
        book = self.to_book()
        return _table(
            self.positions, PositionState, supply_tokens=book.supply, debt_tokens=book.debt
        )

    @classmethod
    def read(cls, folder: Path) -> Snapshot:
        """The snapshot in a folder. Raises `SnapshotError` when a file is missing or was changed."""
        folder = Path(folder)
        manifest = _read_manifest(folder)
        for name, digest in manifest["files"].items():
            if not (folder / name).is_file():
                raise SnapshotError(f"{folder / name} is missing: take the snapshot again.")
            if _digest(folder / name) != digest:
                raise SnapshotError(
                    f"{folder / name} is not the file that was written (its digest differs from "
                    f"{MANIFEST}): take the snapshot again."
                )
        try:
            return cls(
                origin=Origin(**{f.name: manifest[f.name] for f in fields(Origin)}),
                liquidation_terms=LiquidationTerms(
                    **{name: int(value) for name, value in manifest["liquidation_terms"].items()}
                ),
                liquidation_model=manifest["liquidation_model"],
                reserves=_rows(folder / "reserves.parquet", ReserveState),
                categories=_rows(folder / "categories.parquet", CategoryState),
                positions=_rows(folder / "positions.parquet", PositionState),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(
                f"{folder} is no sound snapshot ({error}): take the snapshot again."
            ) from error


def require_new(folder: Path) -> None:
    """Refuses a place for a snapshot where one, or anything else, is already."""
    require_place(folder)
    if not is_empty(folder):
        raise SnapshotError(f"{folder} exists already: name another folder or remove it.")


def tool_versions() -> dict[str, str]:
    """What a snapshot was written with."""
    return {"python": platform.python_version(), "numpy": np.__version__, "pyarrow": pa.__version__}


_SMALL = ("id", "decimals", "feed_decimals", "category")
"""Integers with a bound far below 64 bits; all others travel as decimal text."""


def _table(rows: Sequence[Any], kind: type, **beside: FloatArray) -> pa.Table:
    """One column for each field of `kind`, then the floats beside them."""
    columns = {f.name: _column(f, [getattr(row, f.name) for row in rows]) for f in fields(kind)}
    return pa.table({**columns, **{name: pa.array(values) for name, values in beside.items()}})


def _column(field: Field[Any], values: list[Any]) -> pa.Array:
    if field.type == "bool":
        return pa.array(values, type=pa.bool_())
    if field.name in _SMALL:
        return pa.array(values, type=pa.int64())
    return pa.array([str(value) for value in values], type=pa.string())


def _rows(path: Path, kind: type[Row]) -> tuple[Row, ...]:
    """The inverse of `_table`; columns that are no field of `kind` are left alone."""
    wanted = fields(kind)  # type: ignore[arg-type]
    # One thread: Arrow's pool may abort a short process at its exit.
    table = pq.read_table(path, columns=[f.name for f in wanted], use_threads=False)
    columns = [
        [int(v) for v in table[f.name].to_pylist()]
        if f.type == "int"
        else table[f.name].to_pylist()
        for f in wanted
    ]
    return tuple(kind(*values) for values in zip(*columns, strict=True))


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
    except FileNotFoundError:
        raise SnapshotError(f"{folder} is no snapshot: it has no {MANIFEST}.") from None
    except ValueError:
        raise SnapshotError(f"{path} is no JSON: take the snapshot again.") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise SnapshotError(
            f"{path} has schema {found} and this version reads {SCHEMA}: take the snapshot again."
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or files.keys() != {f"{table}.parquet" for table in TABLES}:
        raise SnapshotError(f"{path} does not list the tables of a snapshot: take it again.")
    return manifest


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
