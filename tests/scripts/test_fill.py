"""Every account of a book ends up on the chain with what the book says, or the fill says why not."""

from __future__ import annotations

import numpy as np
import pytest

from scripts._deploy import Deployment
from scripts._fill import FillError, account_address, fill
from scripts._local import CHAIN, FREE_GAS, Clock, local_market
from scripts.deploy import load_account
from sims.book import Book, seeded_book
from sims.cli import Bars
from sims.fork.rpc import Rpc
from sims.fork.weir import read_snapshot
from sims.market import load_market
from tests.sims._snapshots import MARKET


@pytest.fixture
def node():
    """A chain where anybody may send for anybody, at no cost."""
    from scripts._anvil import anvil

    with anvil(*CHAIN, *FREE_GAS) as url:
        yield url


@pytest.fixture
def deployed(chain, market_file, tmp_path):
    return Deployment(
        load_market(market_file),
        market_file=market_file,
        chain=chain,
        account=load_account(None, development=True),
        mocks=True,
        folder=tmp_path / "records",
    ).run()


def silent(*_):
    """No progress bars."""


def filled(deployed, *, supply, debt, **modes):
    """Reads the pool after one account that has supplied and borrowed the first two reserves."""
    market, rpc = deployed.market, deployed.chain.rpc
    book = Book(
        indptr=np.array([0, 2]),
        reserve=np.array([0, 1]),
        supply=np.array(supply),
        debt=np.array(debt),
        collateral=np.array([True, False]),
        **modes,
    )
    tokens = [deployed.token(s) for s in market.reserves]
    fill(rpc, market, book, pool=deployed.pool, tokens=tokens, progress=silent)
    return read_snapshot(rpc, deployed.pool)


def test_fill__an_account__holds_and_owes_what_the_book_says(deployed):
    snapshot = filled(deployed, supply=[10.0, 500.0], debt=[0.0, 150.0])
    account = account_address(0)
    first, second = (p for p in snapshot.positions if p.account == account)
    scale = [10**r.decimals for r in snapshot.reserves]
    assert (first.supply_shares, first.debt_shares) == (10 * scale[0], 0)
    assert snapshot.supply_assets(second) == pytest.approx(500 * scale[1], rel=1e-6)
    assert snapshot.debt_assets(second) == pytest.approx(150 * scale[1], rel=1e-6)
    assert (first.collateral, second.collateral) == (True, False)


def test_fill__an_account_with_idle_collateral_and_a_category__has_both(deployed):
    modes = {"idle": np.array([True, False]), "category": np.array([1])}
    snapshot = filled(deployed, supply=[10.0, 500.0], debt=[0.0, 150.0], **modes)
    first, second = (p for p in snapshot.positions if p.account == account_address(0))
    assert (first.idle, second.idle) == (True, False)
    assert (first.category, second.category) == (1, 1)
    assert first.supply_shares == snapshot.reserves[0].idle == 10 * 10**18


def test_fill__more_than_the_collateral_allows__refused(deployed):
    with pytest.raises(FillError, match="does not fit"):
        filled(deployed, supply=[0.001, 500.0], debt=[0.0, 400.0])


def test_local_market__borrowers_who_need_what_others_bring__all_are_there():
    # With this seed the debts of one reserve exceed what it holds before the last accounts came.
    with Bars() as bars, local_market(300, 3, bars, Clock()) as market, Rpc(market.url) as rpc:
        snapshot = read_snapshot(rpc, market.pool)
    book = seeded_book(load_market(MARKET), accounts=300, rng=np.random.default_rng(3))
    assert len(snapshot.accounts) == 301
    assert sum(p.debt_shares > 0 for p in snapshot.positions) == int((book.debt > 0).sum())
