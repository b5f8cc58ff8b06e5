"""Finds the pool that a command is about: by address, by a deployment's record, or by chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from scripts._chain import Chain
from scripts._deploy import PASSING_RECORDS, RECORDS, DeployError, load_record
from scripts._roles import Standing

_PARTS = tuple(f.name for f in fields(Standing))


def pool_of(
    chain: Chain, *, pool: str | None = None, record: Path | None = None
) -> tuple[str, int | None, str]:
    """Address, block of deployment (None: unknown) and name of the market.

    Without an address and a record, the one record of this chain in the project is taken.
    """
    if pool is not None and record is not None:
        raise DeployError("--pool and --deployment both name a pool: give one of them.")
    if pool is not None:
        return pool, None, f"pool {pool}"
    found = record_of(chain, record, instead="the pool, --pool 0x... (or POOL=0x...)")
    return found["contracts"]["pool"]["address"], found["block"], found["market"]


def record_of(
    chain: Chain, record: Path | None, *, instead: str = "one, --deployment FILE"
) -> dict[str, Any]:
    """A deployment's record; without one named, the one that there is of this chain.

    Parameters
    ----------
    instead : what to name where there is none.
    """
    found = load_record(record) if record is not None else _only_record(chain, instead)
    if found["chain_id"] != chain.chain_id:
        raise DeployError(
            f"The deployment of {found['market']} is on chain {found['chain_id']} and "
            f"{chain.name} is chain {chain.chain_id}: choose the network it is on."
        )
    return found


def standing_in(record: Mapping[str, Any]) -> Standing:
    """How a market's manager stood when the record was written."""
    try:
        parts = {name: record["roles"][name] for name in ("handover", *_PARTS)}
        record["contracts"]["authority"]["block"]
    except (KeyError, TypeError):
        raise DeployError(
            f"The record of {record['market']} does not say who may do what: it is of an older kind."
        ) from None
    del parts["handover"]
    return Standing(**parts)


def _only_record(chain: Chain, instead: str) -> dict[str, Any]:
    genesis = chain.rpc.block(0)["hash"]
    paths = [
        path
        for folder in (RECORDS, PASSING_RECORDS)
        for path in sorted(folder.glob("*.json"))
        if load_record(path).get("genesis") == genesis
    ]
    if len(paths) == 1:
        return load_record(paths[0])
    if paths:
        names = " or ".join(str(path) for path in paths)
        raise DeployError(
            f"{chain.name} has several deployments: name one with --deployment, {names}."
        )
    raise DeployError(
        f"No deployment on {chain.name} is on record (of chains that are gone there may be): name "
        f"{instead}."
    )
