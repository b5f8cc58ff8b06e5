"""Caps: nine bits of mantissa and five of exponent, in raw units; zero is a cap, none is another."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import MAX

NONE = 2**14 - 1


@pytest.fixture
def caps(machine):
    return machine.deploy("MockLibraries")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=st.integers(0, NONE - 1))
def test_caps__any_code__encodes_to_the_same_cap(caps, code):
    cap = caps.decodeCap(code)
    assert cap == (code >> 5) * 10 ** (code & 31)

    again, exact = caps.encodeCap(cap)

    assert exact
    assert caps.decodeCap(again) == cap


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cap=st.one_of(st.integers(0, 10**6), st.integers(0, MAX)))
def test_caps__any_cap__is_exact_or_refused(caps, cap):
    code, exact = caps.encodeCap(cap)
    assert (
        exact
        == any(
            cap % 10**e == 0 and cap // 10**e <= 511 and not (cap // 10**e == 511 and e == 31)
            for e in range(32)
        )
        or cap == MAX
    )
    assert not exact or caps.decodeCap(code) == cap


@pytest.mark.parametrize(
    ("cap", "exact"),
    [
        (0, True),
        (511, True),
        (512, False),
        (5_110, True),
        (5_120, False),
        (1_234, False),
        (511 * 10**30, True),
        (510 * 10**31, True),
        (511 * 10**31, False),  # its code means none
        (10**33, True),
        (512 * 10**31, False),
    ],
)
def test_caps__around_the_edges__are_exact_or_not(caps, cap, exact):
    assert caps.encodeCap(cap)[1] is exact


def test_caps__none__has_a_code_of_its_own(caps):
    assert caps.encodeCap(MAX) == (NONE, True)
    assert caps.decodeCap(NONE) == MAX
    assert caps.encodeCap(0) == (0, True)
    assert caps.decodeCap(0) == 0
