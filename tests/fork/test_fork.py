"""A fork of a live market: what is read from it, and what happens on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scripts._chain import connected
from scripts._replay import Replayer
from scripts._stress import feed_code, pool_errors, replay_worst
from sims import stress
from sims.fork.rpc import Function, Rpc
from sims.fork.weir import read_snapshot
from sims.market import load_market
from sims.snapshot import SnapshotError
from tests.sims._snapshots import MARKET

USDC, LINK = 5, 8
CONVERT = "convert(uint256,bool,address)"
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


@pytest.fixture
def changed(fork):
    """The fork for one test, which is undone."""
    before = fork.rpc.request("evm_snapshot")
    yield fork.rpc
    fork.rpc.request("evm_revert", before)


def rich_in(snapshot, id_):
    """An account that supplies the reserve and owes nothing."""
    owing = {p.account for p in snapshot.positions if p.debt_shares}
    supplies = [p for p in snapshot.positions if p.id == id_ and p.account not in owing]
    return max(supplies, key=lambda p: p.supply_shares if p.collateral else 0)


def act(rpc, snapshot, sender, function, *arguments):
    """A transaction of anybody's to the pool, which must go well."""
    rpc.request("anvil_impersonateAccount", sender)
    rpc.request("anvil_setBalance", sender, hex(10**20))
    data = Function(function, ()).encode(*arguments)
    fields = {"from": sender, "to": snapshot.origin.pool, "data": data, "gas": hex(10**6)}
    tx = rpc.request("eth_sendTransaction", fields)
    rpc.request("evm_mine")
    receipt = rpc.request("eth_getTransactionReceipt", tx)
    assert int(receipt["status"], 16) == 1, function


def test_snapshot__shares_by_transfer_and_a_debt_taken_over__are_in_it(changed, snapshot, upstream):
    """Nobody of these has ever called `supply` or `borrow`."""
    giver, debtor, heir = rich_in(snapshot, 0), "0x" + "ab" * 20, "0x" + "cd" * 20
    for receiver in (debtor, heir):
        shares = giver.supply_shares // 4
        act(
            changed,
            snapshot,
            giver.account,
            "transfer(address,uint256,uint256)",
            receiver,
            0,
            shares,
        )
        collateral = "setCollateral(uint256,bool,address)"
        act(changed, snapshot, receiver, collateral, 0, True, receiver)
    borrowed = 1_000 * 10**6
    borrow = "borrow(uint256,uint256,address,address)"
    act(changed, snapshot, debtor, borrow, USDC, borrowed, debtor, debtor)
    take = "takeDebt(uint256,uint256,address,address)"
    act(changed, snapshot, heir, take, USDC, borrowed // 2, debtor, heir)
    taken = read_snapshot(changed, upstream.pool)
    owed = {
        p.account.lower(): taken.debt_assets(p)
        for p in taken.positions
        if p.id == USDC and p.account.lower() in (debtor, heir)
    }
    assert owed.keys() == {debtor, heir}
    assert sum(owed.values()) == pytest.approx(borrowed, rel=1e-6)


def test_snapshot__idle_collateral__is_read_and_adds_up(changed, snapshot, upstream):
    holder = rich_in(snapshot, LINK)
    act(changed, snapshot, holder.account, CONVERT, LINK, True, holder.account)
    taken = read_snapshot(changed, upstream.pool)
    (idle,) = (p for p in taken.positions if p.idle)
    assert (idle.account, idle.id) == (holder.account, LINK)
    assert taken.reserves[LINK].idle == idle.supply_shares > 0


def test_snapshot__of_some_accounts__is_none_of_all(fork, snapshot, upstream):
    some = read_snapshot(fork.rpc, upstream.pool, accounts=snapshot.accounts[:20])
    assert (some.origin.complete, some.is_whole) == (False, False)
    assert snapshot.is_whole


def test_snapshot__events_looked_at_too_late__refused(fork, snapshot, upstream):
    with pytest.raises(SnapshotError, match="no complete snapshot"):
        read_snapshot(fork.rpc, upstream.pool, first_block=snapshot.origin.block_number)


def test_snapshot__categories__are_those_of_the_market_file_and_of_the_accounts(snapshot):
    market = load_market(MARKET)
    assert [c.id for c in snapshot.categories] == [1, 2]
    params = snapshot.reserve_params()
    expected = market.reserve_params()
    for name in ("ltv", "threshold", "bonus_floor", "bonus_cap"):
        assert params.by_category(name).tolist() == expected.by_category(name).tolist()
    assert {p.category for p in snapshot.positions} == {0, 1}


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


def test_replay__idle_collateral__contracts_and_twin_are_0_wei_apart(
    changed, snapshot, upstream, run
):
    seized = {(e.account, e.collateral_reserve): e.seized_usd for e in run.trace.events if e.seized}
    account, id_ = min(seized, key=seized.get)  # so little that there is cash to take it out
    holder = snapshot.accounts[account]
    act(changed, snapshot, holder, CONVERT, id_, True, holder)
    converted = stress.run(read_snapshot(changed, upstream.pool), replace(HARD, worst=1))
    replayed = replay_worst(changed, converted, progress=silent)
    (path,) = replayed
    assert path.difference == 0
    assert any(
        (row.account, row.event.collateral_reserve) == (holder, id_) and row.chain.seized
        for row in path.rows
    )


def test_replay__accounts_in_a_category__contracts_and_twin_are_0_wei_apart(fork, snapshot, run):
    prices = np.tile(snapshot.prices, (4, 1))
    prices[1:, [1, 2]] *= np.array([[0.97], [0.95], [0.92]])  # staked ether against ether
    trace = run.cascade().trace(prices)
    categories = {p.account: p.category for p in snapshot.positions}
    liquidated = {snapshot.accounts[e.account] for e in trace.events if e.seized}
    assert {categories[account] for account in liquidated} == {1}
    replayer = Replayer(fork.rpc, snapshot, feed_code=feed_code(), errors=pool_errors())
    replayed = replayer.replay(0, trace, dt_s=HARD.dt_s)
    assert replayed.difference == 0
    assert all(row.chain.seized for row in replayed.rows)


def test_replay_worst__nothing_happens_on_the_paths__replays_none(fork, snapshot):
    calm = stress.run(snapshot, stress.StressSettings(paths=10))
    assert not calm.result.liquidations.any()
    assert replay_worst(fork.rpc, calm, progress=silent) == []


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
    origin = replace(snapshot.origin, complete=False)
    changed = replace(snapshot, origin=origin, positions=positions)
    off = replace(run, snapshot=changed, worst=(path,))
    (replayed,) = replay_worst(fork.rpc, off, progress=silent)
    assert replayed.difference > 0
