"""Why a call would revert, asked without sending it.

Ape explains a reverted transaction by its trace, which takes seconds where contracts call contracts.
"""

from __future__ import annotations

from typing import Any

from eth_utils import to_checksum_address

from tests._cast import refusal_of
from tests._revm import named_error


def refusal(method: Any, *args: Any, sender: Any, **options: int) -> tuple[Any, ...]:
    """The custom error's name and arguments; the node's words for any other; fails if there is none."""
    data, words = refusal_of(method, *args, sender=sender, **options)
    error = named_error(data)
    if error is None:
        return (words,)
    name, types, values = error
    named = zip(types, values, strict=True)
    return (name, *(to_checksum_address(v) if t == "address" else v for t, v in named))
