"""What the arithmetic of the contracts promises, proved for all integers."""

from __future__ import annotations


def lemmas() -> int:
    """How many there are."""
    from tests.lemmas import _lemmas, _prover

    assert _lemmas
    return len(_prover.REGISTRY)
