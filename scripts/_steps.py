"""One transaction of a deployment, described before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts._chain import Chain
from scripts._contracts import creation_code

Addresses = Mapping[str, str]
"""What is known by the time a step is sent: the address of everything by its key."""

ZERO = "0x" + "00" * 20
CALL_GAS = 600_000
"""More than any call takes that does not say itself what it takes."""


@dataclass(frozen=True)
class Step:
    """One transaction.

    Attributes
    ----------
    key : its name in the journal.
    what, detail : for people, in human units.
    target : the contract type to create, or the key of the address to call.
    arguments : from the addresses known by then.
    method : the function to call; None creates a contract.
    kind : contract type of the target of a call.
    gas : more than the call takes.
    before : what has to hold on the chain when it is sent; refuses where that is not so.
    """

    key: str
    what: str
    detail: str
    target: str
    arguments: Callable[[Addresses], Sequence[Any]]
    method: str | None = None
    kind: str = ""
    gas: int = CALL_GAS
    before: Callable[[Chain, Addresses], None] | None = None


def create(
    key: str, kind: str, detail: str, arguments: Callable[[Addresses], Sequence[Any]]
) -> Step:
    """The step that creates a contract."""
    return Step(key, f"deploy {kind}", detail, kind, arguments)


def gas_of(steps: Iterable[Step]) -> int:
    """More than these steps take together."""
    return sum(map(_gas, steps))


def _gas(step: Step) -> int:
    if step.method is not None:
        return step.gas
    # 200 a byte to store the code, 16 a byte to send it, and what a creation and its constructor cost.
    return 200_000 + 216 * len(creation_code(step.target))


def spell(minutes: int) -> str:
    """A time in its largest unit of which there is a whole number."""
    unit, name = next((u, n) for u, n in ((1_440, "d"), (60, "h"), (1, "m")) if minutes % u == 0)
    return f"{minutes // unit} {name}"
