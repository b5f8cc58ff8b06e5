"""What the demo and `ape run stress` share: replaying the worst paths on a fork, and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts._chain import Chain
from scripts._replay import AT_A_LIMIT, Replayed, Replayer, Row, refused_at_limit
from sims import report as html
from sims import stress
from sims.cli import repetition
from sims.fork.rpc import Progress, Rpc
from sims.report.words import money, percent

NOTHING_TO_REPLAY = "Nothing was replayed: on the worst paths nobody is liquidated."


def why_no_replay(chain: Chain) -> str | None:
    """Why prices cannot be moved on this chain; None where they can."""
    if chain.is_fork and chain.is_own:
        return None
    return (
        f"Nothing was replayed: prices are moved only on a fork that this command has started, and "
        f"{chain.name} is none; take a network such as ethereum:mainnet-fork:foundry."
    )


def replay_worst(rpc: Rpc, run: stress.Stress, *, progress: Progress) -> list[Replayed]:
    """The worst paths of a run, lived through on the fork behind `rpc`; none if nothing happens."""
    cascade = run.cascade()
    traces = {path: cascade.trace(run.paths(range(path, path + 1))[0]) for path in run.worst}
    if not any(trace.events for trace in traces.values()):
        return []
    replayer = Replayer(rpc, run.snapshot, feed_code=feed_code(), errors=pool_errors())
    replayed = []
    for place, (path, trace) in enumerate(traces.items(), start=1):
        what = f"replay of path {path} ({place} of {len(run.worst)})"
        replayed.append(
            replayer.replay(
                path,
                trace,
                dt_s=run.settings.dt_s,
                progress=lambda done, of, what=what: progress(what, done, of),
            )
        )
    return replayed


def feed_code() -> str:
    """The code of a feed that says what it is told."""
    from ape import project

    return "0x" + bytes(project.MockFeed.contract_type.get_runtime_bytecode()).hex()


def pool_errors() -> list[dict[str, Any]]:
    """Every error of a pool, of whichever of its two contracts, as in the ABI."""
    from ape import project

    return [error.model_dump(mode="json") for error in project.IPool.contract_type.errors]


def report(
    run: stress.Stress,
    folder: Path,
    *,
    market: str,
    replayed: Sequence[Replayed] | None,
    unreplayed: str | None = None,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Writes the report's folder and returns its summary.

    Parameters
    ----------
    replayed
        None when no replay was asked for; empty when there was nothing to replay.
    unreplayed
        Why not, where that is worth a sentence.
    """
    # A repetition cannot replay: it goes beside this report and not in its place.
    again = folder.with_name(f"{folder.name}-again")
    rows = [row for path in replayed or () for row in path.rows]
    refused = refusals(run, rows)
    figures: dict[str, Any] = {"seconds": seconds}
    if replayed:
        figures["replay"] = {
            "scenarios": len(replayed),
            "liquidations": sum(_executed(row) for row in rows),
            "write_offs": sum(len(row.chain.write_offs) for row in rows),
            "refused": sum(r.calls for r in refused),
            "refused_by_error": dict(Counter(row.error for row in rows if row.error)),
            "refused_repaid_usd": sum(r.repaid_usd for r in refused),
            "max_difference_wei": max(path.difference for path in replayed),
        }
    elif replayed is not None and run.book.debt.any():
        unreplayed = NOTHING_TO_REPLAY
    return stress.publish(
        run,
        folder,
        market=market,
        command=repetition(run.settings, snapshot=folder / "snapshot", out=again),
        drawn=_drawn(run, replayed) if replayed else None,
        refused=refused,
        notes=tuple(note for note in (unreplayed, _to_weigh(rows, refused)) if note),
        assumptions=_on_limits(refused),
        tables={"replay": _table(rows)} if rows else None,
        **figures,
    )


def refusals(run: stress.Stress, rows: Sequence[Row]) -> tuple[html.Refused, ...]:
    """What the float engine did and the contracts refused, by error and by whether rounding can
    explain it; the largest amounts first."""
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        if row.error is not None:
            alike = groups.setdefault((row.error, refused_at_limit(row, run.snapshot)), [])
            alike.append(row)
    refused = [
        html.Refused(
            error=error,
            at_limit=at_limit,
            calls=len(alike),
            repaid_usd=sum(row.event.repaid_usd for row in alike),
            bad_debt_usd=sum(row.event.bad_debt_usd for row in alike),
        )
        for (error, at_limit), alike in groups.items()
    ]
    return tuple(sorted(refused, key=lambda r: (r.at_limit, -r.repaid_usd - r.bad_debt_usd)))


def _to_weigh(rows: Sequence[Row], refused: Sequence[html.Refused]) -> str | None:
    """What a reader has to hold against the figures: engine and contracts did not do the same."""
    beyond = [r for r in refused if not r.at_limit]
    if not beyond:
        return None
    return (
        f"The contracts refused {sum(r.calls for r in beyond):,} of {len(rows):,} replayed calls of "
        f"the float engine for more than rounding ({_counted(beyond)}). It counts "
        f"{money(sum(r.repaid_usd for r in beyond))} of "
        f"{money(sum(row.event.repaid_usd for row in rows))} as repaid in them, and "
        f"{money(sum(r.bad_debt_usd for r in beyond))} as written off: there the engine is not the "
        "contracts, and the losses are to be weighed with that."
    )


def _on_limits(refused: Sequence[html.Refused]) -> tuple[str, ...]:
    close = [r for r in refused if r.at_limit]
    if not close:
        return ()
    return (
        f"{sum(r.calls for r in close):,} replayed calls of the float engine "
        f"({money(sum(r.repaid_usd for r in close))} of debt) were refused by the contracts within "
        f"{percent(AT_A_LIMIT, 3)} of a limit, where rounding decides: {_counted(close)}.",
    )


def _counted(refused: Sequence[html.Refused]) -> str:
    return ", ".join(f"{r.error} {r.calls:,}" for r in refused)


def _executed(row: Row) -> bool:
    """A liquidation that the contracts did; not a write-off alone, and not one they refused."""
    return row.event.collateral_reserve >= 0 and row.chain.refused is None


def _drawn(run: stress.Stress, replayed: Sequence[Replayed]) -> html.Replay | None:
    """The liquidations of the worst path that has any, float engine beside contracts."""
    path = next((p for p in replayed if any(_executed(row) for row in p.rows)), None)
    if path is None:
        return None
    rows = [row for row in path.rows if _executed(row)]
    price = run.cascade().trace(run.paths(range(path.path, path.path + 1))[0]).oracle_price_usd
    scale = [10.0**r.decimals for r in run.snapshot.reserves]

    def value(row: Row, amount: int, reserve: int) -> float:
        return amount / scale[reserve] * float(price[row.event.step, reserve])

    return html.Replay(
        repaid_model_usd=np.array([r.event.repaid_usd for r in rows]),
        repaid_chain_usd=np.array([value(r, r.chain.repaid, r.event.debt_reserve) for r in rows]),
        seized_model_usd=np.array([r.event.seized_usd for r in rows]),
        seized_chain_usd=np.array(
            [value(r, r.chain.seized, r.event.collateral_reserve) for r in rows]
        ),
        twin_difference=[r.difference for r in rows],
        paths=len(replayed),
        largest_difference=max(p.difference for p in replayed),
    )


def _table(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """One row a call; amounts are decimal text, because they do not fit 64 bits."""
    return {
        "path": [r.path for r in rows],
        "step": [r.event.step for r in rows],
        "account": [r.account for r in rows],
        "debt_reserve": [r.event.debt_reserve for r in rows],
        "collateral_reserve": [r.event.collateral_reserve for r in rows],
        **{
            f"{name}_{side}": [str(getattr(getattr(r, side), name)) for r in rows]
            for name in ("repaid", "received", "seized", "fee", "forfeits", "write_offs", "refused")
            for side in ("twin", "chain")
        },
        "repaid_model_usd": [r.event.repaid_usd for r in rows],
        "difference_wei": [str(r.difference) for r in rows],
    }
