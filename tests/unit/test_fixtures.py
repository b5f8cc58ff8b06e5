"""Ape keeps what a fixture has done by its name: two of one name and different scopes leak state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
WITH_APE = ("unit", "integration", "exploits", "invariants")


def scopes(source: str) -> Iterator[tuple[str, str]]:
    """Every fixture of a module and its scope."""
    for node in ast.walk(ast.parse(source)):
        for decorator in getattr(node, "decorator_list", []):
            if "pytest.fixture" in ast.unparse(decorator):
                named = {k.arg: k.value for k in getattr(decorator, "keywords", [])}
                scope = named.get("scope", ast.Constant("function"))
                yield node.name, ast.literal_eval(scope)


def leaking(sources: list[str]) -> set[str]:
    """Names that stand for fixtures of several scopes."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for name, scope in scopes(source):
            found.setdefault(name, set()).add(scope)
    return {name for name, of in found.items() if len(of) > 1}


def test_fixtures__of_one_name__have_one_scope() -> None:
    paths = [TESTS / "conftest.py", *(p for f in WITH_APE for p in (TESTS / f).rglob("*.py"))]
    assert leaking([path.read_text() for path in paths]) == set()


@pytest.mark.parametrize(
    ("other", "leaks"), [("", set()), ("(autouse=True)", set()), ('(scope="module")', {"a"})]
)
def test_fixtures__of_one_name_and_another_scope__are_found(other: str, leaks: set[str]) -> None:
    sources = [f"@pytest.fixture{how}\ndef a(): ...\n" for how in ("", other)]
    assert leaking(sources) == leaks
