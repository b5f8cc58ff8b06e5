"""Products, quotients and values: the rounding is in the name, and nothing is off by more than one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import WAD, div_up

FACTORS = st.integers(0, 2**120)
QUICK = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def libraries(machine):
    return machine.deploy("MockLibraries")


@QUICK
@given(a=FACTORS, b=FACTORS)
def test_products__any__are_rounded_as_named(libraries, a, b):
    assert libraries.mulDown(a, b) == a * b // WAD
    assert libraries.mulUp(a, b) == div_up(a * b, WAD)


@QUICK
@given(a=FACTORS, b=st.integers(1, 2**120))
def test_quotients__any__are_rounded_as_named(libraries, a, b):
    assert libraries.divDown(a, b) == a * WAD // b
    assert libraries.divUp(a, b) == div_up(a * WAD, b)


AMOUNTS = st.integers(0, 2**112 - 1)
PRICES = st.integers(1, 2**60)
DECIMALS = st.integers(0, 42)  # of token and feed together


@QUICK
@given(assets=AMOUNTS, price=PRICES, decimals=DECIMALS)
def test_values__any__are_rounded_as_named(libraries, assets, price, decimals):
    product = assets * price * WAD
    assert libraries.valueDown(assets, price, decimals) == product // 10**decimals
    assert libraries.valueUp(assets, price, decimals) == div_up(product, 10**decimals)


@QUICK
@given(value=st.integers(0, 2**100), price=PRICES, decimals=DECIMALS)
def test_amounts__of_any_value__are_rounded_as_named(libraries, value, price, decimals):
    product = value * 10**decimals
    assert libraries.assetsDown(value, price, decimals) == product // (price * WAD)
    assert libraries.assetsUp(value, price, decimals) == div_up(product, price * WAD)


@QUICK
@given(assets=AMOUNTS, price=PRICES, decimals=DECIMALS)
def test_amounts__of_an_amounts_value__never_give_more_than_it(libraries, assets, price, decimals):
    value = libraries.valueDown(assets, price, decimals)
    assert libraries.assetsDown(min(value, 2**100), price, decimals) <= assets
