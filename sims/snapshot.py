"""A market frozen at one block: raw integers kept whole, floats beside them, on disk as Parquet.

A snapshot replays without a network. Its folder holds one Parquet file a table and a manifest with
the block's hash and a SHA-256 digest of every file; integers too wide for Parquet are decimal text.
What an account holds in whole tokens is

    shares * index / 1e18 / 10^decimals          with interest up to the block

so that the engines (floats) and the twin (`sims.exact`, integers) start from the same figures.
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
from sims.exact import WAD, LiquidationTerms, Pool, Reserve, mul_down, mul_up
from sims.liquidation import LiquidationTerms as FloatTerms
from sims.liquidation import ReserveParams
from sims.rates import FloatArray, RateCurve

SCHEMA = 1
PROTOCOL = "weir"
MANIFEST = "manifest.json"
TABLES = ("reserves", "positions")

Row = TypeVar("Row")


class SnapshotError(ValueError):
    """A snapshot that cannot be read, taken or used, in one sentence."""


@dataclass(frozen=True)
class ReserveState:
    """One reserve as stored on the chain at the block.

    The five words are those of `IPool.reserveWords`. `answer` and `updated_at` are the feed's, both
    zero where it gave none; `balance` is what the pool holds of the token. Raw token units.
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


@dataclass(frozen=True)
class PositionState:
    """What one account holds and owes in one reserve, in shares, and whether it counts as collateral."""

    account: str
    id: int
    supply_shares: int
    debt_shares: int
    collateral: bool


@dataclass(frozen=True)
class Origin:
    """Where and when a snapshot was taken."""

    protocol: str
    pool: str
    chain_id: int
    block_number: int
    block_hash: str
    timestamp: int
    versions: Mapping[str, str]


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

    def __post_init__(self) -> None:
        ordered = sorted(self.positions, key=lambda p: (p.account, p.id))
        object.__setattr__(self, "positions", tuple(ordered))

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

    def to_book(self) -> Book:
        """Positions in whole tokens, with interest up to the block; one account after another."""
        order = {account: i for i, account in enumerate(self.accounts)}
        counts = np.zeros(len(order) + 1, dtype=np.int64)
        for p in self.positions:
            counts[order[p.account] + 1] += 1
        scale = [10**r.decimals for r in self.reserves]
        return Book(
            indptr=np.cumsum(counts),
            reserve=np.array([p.id for p in self.positions], dtype=np.int64),
            supply=np.array([self.supply_assets(p) / scale[p.id] for p in self.positions]),
            debt=np.array([self.debt_assets(p) / scale[p.id] for p in self.positions]),
            # A reserve with a threshold of zero is no collateral for anybody.
            collateral=np.array(
                [p.collateral and self._accrued[p.id].threshold > 0 for p in self.positions],
                dtype=bool,
            ),
        )

    def supply_assets(self, position: PositionState) -> int:
        """Raw units with interest up to the block, rounded down as the pool shows them."""
        return mul_down(position.supply_shares, self._accrued[position.id].supply_index)

    def debt_assets(self, position: PositionState) -> int:
        """Raw units with interest up to the block, rounded up as the pool shows them."""
        return mul_up(position.debt_shares, self._accrued[position.id].debt_index)

    def totals(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Supply, debt and buffer of each reserve in whole tokens, three of shape (R,)."""
        scale = np.array([float(10**r.decimals) for r in self.reserves])
        supply = np.array([float(a.supply_assets) for a in self._accrued]) / scale
        debt = np.array([float(a.debt_assets) for a in self._accrued]) / scale
        buffer = np.array([float(a.buffer) for a in self._accrued]) / scale
        return supply, debt, buffer

    def reserve_params(self) -> ReserveParams:
        """Rates and risk parameters for the engines, in shares of one."""
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
            threshold=share("threshold"),
            bonus_floor=share("bonus_floor"),
            bonus_cap=share("bonus_cap"),
            fee=share("liquidation_fee"),
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
        if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
            raise SnapshotError(f"{folder} exists already: name another folder or remove it.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            pq.write_table(self._reserve_table(), beside / "reserves.parquet")
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
                positions=_rows(folder / "positions.parquet", PositionState),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(
                f"{folder} is no sound snapshot ({error}): take the snapshot again."
            ) from error


def tool_versions() -> dict[str, str]:
    """What a snapshot was written with."""
    return {"python": platform.python_version(), "numpy": np.__version__, "pyarrow": pa.__version__}


_SMALL = ("id", "decimals", "feed_decimals")
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
    if set(manifest.get("files", ())) != {f"{table}.parquet" for table in TABLES}:
        raise SnapshotError(f"{path} does not list the tables of a snapshot: take it again.")
    return manifest


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
