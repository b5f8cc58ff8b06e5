"""Finds the pool that a command is about: by address, by a deployment's record, or by chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts._chain import Chain
from scripts._deploy import PASSING_RECORDS, RECORDS, DeployError, load_record


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
    found = load_record(record) if record is not None else _only_record(chain)
    if found["chain_id"] != chain.chain_id:
        raise DeployError(
            f"The deployment of {found['market']} is on chain {found['chain_id']} and "
            f"{chain.name} is chain {chain.chain_id}: choose the network it is on."
        )
    return found["contracts"]["pool"]["address"], found["block"], found["market"]


def _only_record(chain: Chain) -> dict[str, Any]:
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
        names = ", ".join(str(path) for path in paths)
        raise DeployError(f"{chain.name} has several deployments: name one, --deployment {names}.")
    raise DeployError(
        f"No deployment on {chain.name} is on record: name the pool, --pool 0x... (or POOL=0x...)."
    )
