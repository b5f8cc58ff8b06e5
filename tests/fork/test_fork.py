"""A fork of a live market: what is read from it, and what happens on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts._chain import connected
from scripts._stress import replay_worst
from sims import stress
from sims.fork.rpc import Rpc
from sims.fork.weir import read_snapshot
from sims.snapshot import SnapshotError

FORK = "ethereum:mainnet-fork:foundry"
HARD = stress.StressSettings(paths=40, seed=2, volatility_scale=3.0, jump_scale=365.0, worst=2)


def silent(*_):
    """No progress bars."""


@pytest.fixture(scope="module")
def fork(upstream):
    with connected(FORK, fork_url=upstream.url) as chain:
        yield chain


@pytest.fixture(scope="module")
def snapshot(fork, upstream):
    return read_snapshot(fork.rpc, upstream.pool)


@pytest.fixture(scope="module")
def run(snapshot):
    return stress.run(snapshot, HARD)


def test_snapshot__of_a_fork__is_that_of_the_node_behind_it(snapshot, upstream):
    with Rpc(upstream.url) as rpc:
        direct = read_snapshot(rpc, upstream.pool)
    assert snapshot == direct
    assert snapshot.origin.chain_id == 1
    assert len(snapshot.accounts) == 151  # and the seed's owner


def test_snapshot__positions__sum_to_the_totals_of_every_reserve(snapshot):
    for reserve in snapshot.reserves:
        held = [p for p in snapshot.positions if p.id == reserve.id]
        assert sum(p.supply_shares for p in held) == reserve.totals_word & 2**112 - 1
        assert sum(p.debt_shares for p in held) == reserve.totals_word >> 112 & 2**112 - 1


def test_snapshot__where_no_pool_is__refused(fork):
    with pytest.raises(SnapshotError, match="no contract at"):
        read_snapshot(fork.rpc, "0x" + "de" * 20)


def test_snapshot__of_a_contract_that_is_no_pool__refused(fork, snapshot):
    with pytest.raises(SnapshotError):
        read_snapshot(fork.rpc, snapshot.reserves[0].token)


def test_replay__worst_paths__contracts_and_twin_are_0_wei_apart(fork, run):
    replayed = replay_worst(fork.rpc, run, progress=silent)
    rows = [row for path in replayed for row in path.rows]
    assert len(rows) > 50
    assert any(row.chain.write_offs for row in rows)
    assert [path.difference for path in replayed] == [0, 0]


def test_replay__a_snapshot_one_wei_off__is_noticed(fork, snapshot, run):
    """The comparison can fail."""
    path = run.worst[0]
    first = next(e for e in run.trace.events if e.collateral_reserve >= 0)
    account = snapshot.accounts[first.account]
    positions = tuple(
        replace(p, debt_shares=p.debt_shares + 1)
        if (p.account, p.id) == (account, first.debt_reserve)
        else p
        for p in snapshot.positions
    )
    off = replace(run, snapshot=replace(snapshot, positions=positions), worst=(path,))
    (replayed,) = replay_worst(fork.rpc, off, progress=silent)
    assert replayed.difference > 0
