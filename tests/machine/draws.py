"""Draws by Hypothesis, asked like a generator: `World` does not know which of the two it has."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st


class Draws:
    """What `World` uses of `random.Random`; Hypothesis shrinks towards the first and the least."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def randrange(self, start: int, stop: int | None = None) -> int:
        low, high = (0, start) if stop is None else (start, stop)
        return self._draw(st.integers(low, high - 1))

    def random(self) -> float:
        """In steps of a thousandth."""
        return self._draw(st.integers(0, 999)) / 1000

    def choice(self, options: Sequence[Any]) -> Any:
        return options[self.randrange(len(options))]

    def choices(self, options: Sequence[Any], weights: Sequence[int]) -> list[Any]:
        totals = list(accumulate(weights))
        return [options[bisect(totals, self.randrange(totals[-1]))]]
