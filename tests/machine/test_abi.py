"""The compiled codec says what the general library says."""

from __future__ import annotations

from typing import Any

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._abi import arguments
from tests._revm import contract_types, functions

ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())


def values(kind: str) -> st.SearchStrategy[Any]:
    """Of the types below."""
    if kind.endswith("[]"):
        return st.lists(values(kind[:-2]), max_size=3).map(tuple)
    if kind.endswith("[2]"):
        return st.tuples(values(kind[:-3]), values(kind[:-3]))
    if kind.startswith("("):
        return st.tuples(*[values(part) for part in TUPLES[kind]])
    return {
        "address": ADDRESS,
        "bool": st.booleans(),
        "bytes": st.binary(max_size=70),
        "string": st.text(max_size=20),
        "bytes32": st.binary(min_size=32, max_size=32),
        "bytes4": st.binary(min_size=4, max_size=4),
        "uint256": st.integers(0, 2**256 - 1),
        "uint8": st.integers(0, 255),
        "int256": st.integers(-(2**255), 2**255 - 1),
        "int192": st.integers(-(2**191), 2**191 - 1),
    }[kind]


TUPLES = {
    "(address,bytes)": ["address", "bytes"],
    "(uint256,bool)": ["uint256", "bool"],
    "(bytes32,(address,bytes)[])": ["bytes32", "(address,bytes)[]"],
    "((uint256,bool),string)": ["(uint256,bool)", "string"],
}
SIGNATURES = [
    ("address", "uint256", "bool"),
    ("int192", "int256", "uint8", "bytes4"),
    ("bytes", "uint256", "string"),
    ("(uint256,bool)[]", "uint256"),
    ("(uint256,bool)[2]", "(uint256,bool)"),
    ("bytes[]", "uint256[]", "bytes[2]"),
    ("(address,bytes)[]", "(bytes32,(address,bytes)[])"),
    ("((uint256,bool),string)", "address"),
    (),
]


@pytest.mark.parametrize("kinds", SIGNATURES, ids=",".join)
def test_codec__any_values__agrees_with_the_library(kinds: tuple[str, ...]) -> None:
    @settings(max_examples=50, deadline=None)
    @given(st.tuples(*[values(kind) for kind in kinds]))
    def agrees(some: tuple[Any, ...]) -> None:
        data = eth_abi.encode(kinds, some)
        assert arguments(kinds).encode(some) == data
        assert arguments(kinds).decode(data, 0) == eth_abi.decode(kinds, data) == some

    agrees()


def test_codec__every_function_of_the_project__is_known() -> None:
    for name in contract_types():
        for function in functions(name).values():
            assert arguments(function.inputs).words >= 0
            assert arguments(function.outputs).words >= 0
