"""Scenes that many unit tests start from."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S
from tests._revm import Chain


@pytest.fixture
def machine():
    """A machine in this process, for thousands of calls."""
    return Chain()


@pytest.fixture
def caller(project, owner):
    """A contract that does what it is told, also when a pool calls it back."""
    return owner.deploy(project.MockCaller)


@pytest.fixture
def accomplice(project, owner):
    """Another one."""
    return owner.deploy(project.MockCaller)


@pytest.fixture
def lent(market, supplier, usdc):
    """The supplier lends 100,000 USDC."""
    market.supply(supplier, usdc, 100_000)


@pytest.fixture
def indebted(market, lent, borrower, weth, usdc):
    """The borrower has 10 WETH, worth 20,000, and owes 10,000 USDC."""
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 10_000)


@pytest.fixture
def aged(market, indebted):
    """A hundred days later: both indices of USDC are odd numbers above one."""
    market.wait(100 * DAY_S)
