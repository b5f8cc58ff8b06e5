"""What the demo and `ape run stress` share: replaying the worst paths on a fork, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts._replay import Replayed, Replayer, Row
from sims import report as html
from sims import stress
from sims.fork.rpc import Progress, Rpc


def replay_worst(rpc: Rpc, run: stress.Stress, *, progress: Progress) -> list[Replayed]:
    """The worst paths of a run, lived through on the fork behind `rpc`."""
    from ape import project

    pool, feed = project.Pool.contract_type, project.MockFeed.contract_type
    replayer = Replayer(
        rpc,
        run.snapshot,
        feed_code="0x" + bytes(feed.get_runtime_bytecode()).hex(),
        errors=[error.model_dump(mode="json") for error in pool.errors],
    )
    replayed, cascade = [], run.cascade()
    for place, path in enumerate(run.worst, start=1):
        trace = cascade.trace(run.paths(range(path, path + 1))[0])
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


def report(
    run: stress.Stress,
    folder: Path,
    *,
    market: str,
    command: str,
    replayed: Sequence[Replayed] = (),
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Writes the report's folder and returns its summary."""
    figures: dict[str, Any] = {"seconds": seconds}
    if replayed:
        figures["replay"] = {
            "scenarios": len(replayed),
            "liquidations": sum(_executed(row) for path in replayed for row in path.rows),
            "write_offs": sum(len(r.chain.write_offs) for path in replayed for r in path.rows),
            "refused": sum(r.chain.refused is not None for path in replayed for r in path.rows),
            "max_difference_wei": max(path.difference for path in replayed),
        }
    rows = [row for path in replayed for row in path.rows]
    return stress.publish(
        run,
        folder,
        market=market,
        command=command,
        drawn=_drawn(run, replayed[0].rows) if replayed else None,
        assumptions=_on_refusals(figures["replay"]) if replayed else (),
        tables={"replay": _table(rows)} if rows else None,
        **figures,
    )


def _on_refusals(figures: dict[str, Any]) -> tuple[str, ...]:
    if not figures["refused"]:
        return ()
    return (
        f"Of the replayed liquidations {figures['refused']:,} were refused, by the contracts and by "
        "the integer model with the same error: at a limit, the float engine's rounding differs.",
    )


def _executed(row: Row) -> bool:
    """A liquidation that the contracts did; not a write-off alone, and not one they refused."""
    return row.event.collateral_reserve >= 0 and row.chain.refused is None


def _drawn(run: stress.Stress, rows: Sequence[Row]) -> html.Replay:
    """One path's liquidations, float engine beside contracts, at the oracle's prices."""
    rows = [row for row in rows if _executed(row)]
    price = run.trace.oracle_price_usd
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
