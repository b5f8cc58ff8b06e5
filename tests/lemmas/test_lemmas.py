"""Every lemma holds for all integers, fails when it is mis-rounded, and is about something."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from sims.exact import growth
from tests.lemmas import _lemmas, lemmas
from tests.lemmas._prover import REGISTRY, WAD, Lemma, prove, refute, witness

assert _lemmas

EACH = pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)


@EACH
def test_lemma__all_integers__holds(entry: Lemma) -> None:
    assert prove(entry) is None, entry.sentence


@EACH
def test_lemma__rounded_wrongly_or_one_assumption_less__refuted(entry: Lemma) -> None:
    found = refute(entry)
    assert found is not None, f"{entry.name} says nothing: it survives its wrong twin"
    assert entry.is_refuted_by(found.values)


@EACH
def test_lemma__its_assumptions__met_by_some_integers(entry: Lemma) -> None:
    found = witness(entry)
    assert found is not None, f"{entry.name} is about nothing"
    assert entry.is_about(found.values)


def test_lemmas__counted__are_those_of_the_file() -> None:
    assert lemmas() == len({entry.sentence for entry in REGISTRY.values()}) >= 70


# ---------------------------------------------------------------------- what z3 does not know


@pytest.mark.parametrize("exponent", range(-17, 1))
@pytest.mark.parametrize("digit", [1, 3, 7])
def test_growth__beside_the_exponential__within_the_bound_of_its_documentation(
    exponent: int, digit: int
) -> None:
    """e^x is beyond integers. That what the series leaves out is at most x^4 / 24 e^x is Lagrange's
    form of the remainder; here the figures are compared, to 60 digits, at x from 1e-17 to 7."""
    x_wad = digit * 10 ** (18 + exponent)
    with localcontext() as context:
        context.prec = 60
        x = Decimal(x_wad) / WAD
        missed = (x.exp() - 1) * WAD - growth(x_wad, 1)
        most = x**4 / 24 * x.exp() * WAD + 2 + x / 3
        assert 0 <= missed < most
