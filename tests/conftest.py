"""The cast, and the markets in which they meet.

The worlds are made once a session and put back after every test by Ape's isolation. Nothing is
autouse: tests that need no chain never start one.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import settings

from scripts._build import STALE, is_fresh

# Nothing here depends on how fast a machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure(config):
    if "ape" not in sys.modules:
        return
    # Here, because what runs without Ape does without the seconds that it takes to import.
    from tests import _seen, _swift

    _seen.record()
    if config.get_verbosity() < 1:
        _swift.make_swift()


def pytest_unconfigure():
    if "tests._revm" in sys.modules:
        from tests import _seen

        _seen.keep()


def pytest_collection_finish(session):
    """Bytecode of older sources proves nothing; the simulations' tests need none."""
    if any("sims" not in item.path.parts for item in session.items) and not is_fresh():
        pytest.exit(STALE, returncode=2)


@pytest.fixture(scope="session")
def owner(accounts):
    """Administers the authority, and so configures everything."""
    return accounts[0]


@pytest.fixture(scope="session")
def supplier(accounts):
    return accounts[1]


@pytest.fixture(scope="session")
def borrower(accounts):
    return accounts[2]


@pytest.fixture(scope="session")
def liquidator(accounts):
    return accounts[3]


@pytest.fixture(scope="session")
def guardian(accounts):
    """May pause and freeze, where a test grants it."""
    return accounts[4]


@pytest.fixture(scope="session")
def stranger(accounts):
    """Has tokens, and nobody's authorization."""
    return accounts[5]


@pytest.fixture(scope="session")
def worlds(project, owner, supplier, borrower, liquidator, stranger):
    """Both markets: the cast is funded, every reserve has its seed, and nobody has a position."""
    # Here, because Ape takes seconds to import and the simulations' tests do without it.
    from tests._cast import ASSETS, build_market, without_interest

    living = build_market(project, owner)
    still = build_market(project, owner, without_interest(*ASSETS))
    for market in (living, still):
        market.fund(supplier, borrower, liquidator, stranger)
    return SimpleNamespace(living=living, still=still)


@pytest.fixture
def market(worlds):
    """Five reserves that earn interest."""
    return worlds.living


@pytest.fixture
def still(worlds):
    """The same five at a rate of zero: indices stay at one, and sums are exact."""
    return worlds.still


@pytest.fixture
def pool(market):
    return market.pool


@pytest.fixture
def configurator(market):
    return market.configurator


@pytest.fixture
def weth(market):
    return market["WETH"]


@pytest.fixture
def usdc(market):
    return market["USDC"]


@pytest.fixture
def wbtc(market):
    return market["WBTC"]


@pytest.fixture
def cent(market):
    return market["CENT"]


@pytest.fixture
def fine(market):
    return market["FINE"]
