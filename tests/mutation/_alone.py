"""A pytest plugin: what needs a chain is left out, what needs the machine alone is run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

failed: list[str] = []
"""Names of the tests that failed."""


class Unconnected:
    """Stands for Ape's objects: whoever asks it for more than to be there needs a chain."""

    def __getattr__(self, name: str) -> Any:
        pytest.skip("needs a chain")

    def __getitem__(self, key: Any) -> Any:
        pytest.skip("needs a chain")

    def __iter__(self) -> Any:
        pytest.skip("needs a chain")


@pytest.fixture(scope="session", name="project")
def no_project() -> Unconnected:
    return Unconnected()


@pytest.fixture(scope="session", name="accounts")
def no_accounts() -> Unconnected:
    return Unconnected()


@pytest.fixture(scope="session", name="chain")
def no_chain() -> Unconnected:
    return Unconnected()


@pytest.fixture(scope="session", name="networks")
def no_networks() -> Unconnected:
    return Unconnected()


def pytest_sessionstart(session: pytest.Session) -> None:
    # The same examples for every mutant.
    settings.register_profile("alone", deadline=None, derandomize=True, database=None)
    settings.load_profile("alone")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long walks are taken otherwise, and shorter."""
    items[:] = [item for item in items if "any_sequence" not in item.name]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        failed.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        failed.append(f"collecting {report.nodeid}")
