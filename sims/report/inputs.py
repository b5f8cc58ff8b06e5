"""What a report is made from: plain arrays, and the results of the engines as they are.

Shapes: R reserves, n accounts, S shocks, P paths, T times of one path, k replayed liquidations.
Values in USD, amounts in whole tokens, changes as fractions; utilization is

    U = borrowed / supplied, within 0 and 1
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.book import Book
from sims.cascade import Event, Trace
from sims.liquidation import LiquidationTerms, ReserveParams
from sims.metrics import Convergence, RiskSummary
from sims.sweep import shocked, sweep

Floats = npt.NDArray[np.float64]


class ReportError(ValueError):
    """Input from which no report can be made; the text says which array is wrong."""


@dataclass(frozen=True)
class Provenance:
    """Where a run comes from, so that it can be checked and repeated.

    Attributes
    ----------
    title, market : of the report, and of the market that it is about.
    chain_id, block, block_time : the state that the run started from.
    created : when the report was made.
    seed : of every random draw.
    versions : name to version of what computed the figures.
    command : what to type for the same figures.
    """

    title: str
    market: str
    chain_id: int
    block: int
    block_time: datetime
    created: datetime
    seed: int
    versions: Mapping[str, str]
    command: str


@dataclass(frozen=True)
class Reserves:
    """The reserves at the block.

    Attributes
    ----------
    price_usd : (R,).
    supplied, borrowed : (R,) whole tokens, without what sits idle.
    supply_cap, borrow_cap : (R,) whole tokens, infinite without cap.
    idle : (R,) whole tokens that sit idle.
    """

    price_usd: Floats
    supplied: Floats
    borrowed: Floats
    supply_cap: Floats
    borrow_cap: Floats
    idle: Floats

    @property
    def utilization(self) -> Floats:
        """Share of the supply that is lent, shape (R,)."""
        lent = np.zeros_like(self.supplied)
        np.divide(self.borrowed, self.supplied, out=lent, where=self.supplied > 0)
        return lent.clip(0.0, 1.0)


@dataclass(frozen=True)
class Accounts:
    """The accounts at the block: `health` (n,), infinite without debt, and `debt_usd` (n,)."""

    health: Floats
    debt_usd: Floats

    @classmethod
    def of(cls, book: Book, params: ReserveParams, *, price_usd: Floats) -> Accounts:
        """The accounts of a book at prices (R,)."""
        health = book.health_factor(price_usd, threshold=params.by_category("threshold"))
        return cls(health=health, debt_usd=book.debt_value(price_usd))


@dataclass(frozen=True)
class Shocks:
    """What sudden price changes would do, before anybody reacts.

    Attributes
    ----------
    price_change : (S,) fractions, such as -0.2.
    fallers : what falls when "all" fall, in words, such as "all assets but the stablecoins".
    liquidatable_usd : (S,) debt of liquidatable accounts, at base prices, when all fall together.
    alone_usd : (S, R) the same when one reserve falls alone.
    shortfall_usd : (S,) debt beyond what its collateral fetches after the bonus, when all fall.
    """

    price_change: Floats
    fallers: str
    liquidatable_usd: Floats
    alone_usd: Floats
    shortfall_usd: Floats

    @classmethod
    def of(
        cls,
        book: Book,
        params: ReserveParams,
        *,
        price_usd: Floats,
        falling: Sequence[int],
        fallers: str,
        price_change: Floats,
    ) -> Shocks:
        """The shocks (S,) on a book at prices (R,); `falling` are the reserves that fall."""

        def swept(reserves: Sequence[int]) -> Any:
            prices = shocked(price_usd, price_change, reserves=np.array(reserves, dtype=np.int64))
            return sweep(book, params, prices_usd=prices, base_usd=price_usd)

        alone = np.zeros((price_change.size, params.reserves))
        for reserve in falling:
            alone[:, reserve] = swept([reserve]).liquidatable_debt_usd
        together = swept(falling)
        return cls(
            price_change=price_change,
            fallers=fallers,
            liquidatable_usd=together.liquidatable_debt_usd,
            alone_usd=alone,
            shortfall_usd=together.shortfall_usd,
        )


@dataclass(frozen=True)
class Losses:
    """Bad debt over simulated paths.

    Attributes
    ----------
    loss_usd : (P,) realised and still on the books at the end, over the zero-shock baseline.
    risk : value at risk and expected shortfall of it, with intervals at `confidence`.
    convergence : the expected shortfall of more and more paths.
    horizon_s, step_s : length of a path and of a step.
    model : how prices move, one sentence.
    """

    loss_usd: Floats
    risk: RiskSummary
    convergence: Convergence
    horizon_s: float
    step_s: float
    model: str
    confidence: float = 0.95


@dataclass(frozen=True)
class Crash:
    """One path in full; `path` says in a sentence which one it is."""

    path: str
    trace: Trace

    @property
    def liquidations(self) -> tuple[Event, ...]:
        """Its liquidations in order, without the write-offs that nobody liquidated."""
        return tuple(event for event in self.trace.events if event.collateral_reserve >= 0)


@dataclass(frozen=True)
class Replay:
    """The liquidations of one path by the float engine and by the contracts, in order.

    Attributes
    ----------
    repaid_model_usd, repaid_chain_usd, seized_model_usd, seized_chain_usd : (k,).
    twin_difference : (k,) the largest difference, in raw token units, between the integer twin and
        the contracts over every amount of that liquidation.
    paths : how many paths were replayed, this one included.
    largest_difference : of twin and contracts over every call of them and the state they end in.
    """

    repaid_model_usd: Floats
    repaid_chain_usd: Floats
    seized_model_usd: Floats
    seized_chain_usd: Floats
    twin_difference: Sequence[int]
    paths: int = 1
    largest_difference: int = 0

    @property
    def count(self) -> int:
        """How many liquidations were replayed, k."""
        return len(self.twin_difference)

    @property
    def relative_difference(self) -> Floats:
        """Of repaid debt or seized collateral, whichever is further apart, shape (k,)."""
        model = np.stack([self.repaid_model_usd, self.seized_model_usd])
        chain = np.stack([self.repaid_chain_usd, self.seized_chain_usd])
        apart, size = np.abs(model - chain), np.maximum(np.abs(model), np.abs(chain))
        relative = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
        worst: Floats = relative.max(axis=0)
        return worst

    @property
    def twin_difference_max(self) -> int:
        """The largest difference of the integer twin, raw token units."""
        return max(self.largest_difference, *map(int, self.twin_difference), 0)


@dataclass(frozen=True)
class Refused:
    """Calls that the float engine made on the replayed paths and that the contracts refused.

    Attributes
    ----------
    error : the contracts' error.
    at_limit : refused so close to a limit that floats and integers may differ about it.
    calls : how many.
    repaid_usd, bad_debt_usd : what the float engine counts as repaid and as written off in them.
    """

    error: str
    at_limit: bool
    calls: int
    repaid_usd: float
    bad_debt_usd: float


@dataclass(frozen=True)
class ReportInput:
    """Everything that a report says.

    Attributes
    ----------
    notes : sentences that stand before all figures.
    assumptions : sentences beyond the standing ones.
    """

    provenance: Provenance
    params: ReserveParams
    terms: LiquidationTerms
    reserves: Reserves
    accounts: Accounts
    shocks: Shocks
    losses: Losses
    crash: Crash
    replay: Replay | None = None
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        reserves, shocks = self.params.reserves, self.shocks.price_change.size
        _require_shapes(self.reserves, default=(reserves,))
        _require_shapes(self.accounts, default=self.accounts.health.shape)
        _require_shapes(self.shocks, default=(shocks,), alone_usd=(shocks, reserves))
        _require_shapes(self.losses, default=self.losses.loss_usd.shape)
        if self.crash.trace.oracle_price_usd.shape[1:] != (reserves,):
            raise ReportError(
                f"Crash.trace is not of {reserves} reserves; trace this market's path"
            )
        if self.replay is not None:
            _require_shapes(self.replay, default=(self.replay.count,))


def _require_shapes(part: Any, *, default: tuple[int, ...], **shapes: tuple[int, ...]) -> None:
    """Refuses arrays of another shape, of something that is not a number, and empty ones.

    A market may have no accounts, and a replay no liquidations.
    """
    for field in dataclasses.fields(part):
        value, shape = getattr(part, field.name), shapes.get(field.name, default)
        if not isinstance(value, np.ndarray):
            continue
        where = f"{type(part).__name__}.{field.name}"
        if value.shape != shape:
            raise ReportError(f"{where} has shape {value.shape}; give it {shape}")
        if value.size == 0 and not isinstance(part, (Accounts, Replay)):
            raise ReportError(f"{where} is empty; there must be something to report")
        if np.isnan(value).any():
            raise ReportError(f"{where} has values that are not numbers; fill them in")
