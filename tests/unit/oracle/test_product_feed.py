"""Product and quotient of two feeds: exact in all decimals, down by less than one, or no price."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import DAY_S

MAX_ANSWER = 2**96 - 1
DECIMALS = (6, 8, 18)


@pytest.fixture
def build(machine):
    def run(first, second, *, quotient=False, decimals=8, ages_s=(DAY_S, DAY_S)):
        a, b = first.address, second.address
        return machine.deploy("ProductFeed", a, ages_s[0], b, ages_s[1], quotient, decimals)

    return run


@pytest.mark.parametrize("first_decimals", DECIMALS)
@pytest.mark.parametrize("second_decimals", DECIMALS)
@pytest.mark.parametrize("decimals", DECIMALS)
def test_product__of_any_decimals__is_the_price_of_one_token(
    machine, build, price, first_decimals, second_decimals, decimals
):
    lst = machine.deploy("MockFeed", first_decimals, 12 * 10**first_decimals // 10)
    eth = machine.deploy("MockFeed", second_decimals, 2_000 * 10**second_decimals)

    feed = build(lst, eth, decimals=decimals)

    assert price(feed)[0] == 2_400 * 10**decimals
    assert feed.decimals() == decimals


@pytest.mark.parametrize("first_decimals", DECIMALS)
@pytest.mark.parametrize("second_decimals", DECIMALS)
@pytest.mark.parametrize("decimals", DECIMALS)
def test_quotient__of_any_decimals__is_the_price_of_one_token(
    machine, build, price, first_decimals, second_decimals, decimals
):
    btc = machine.deploy("MockFeed", first_decimals, 60_000 * 10**first_decimals)
    eth = machine.deploy("MockFeed", second_decimals, 2_000 * 10**second_decimals)

    assert price(build(btc, eth, quotient=True, decimals=decimals))[0] == 30 * 10**decimals


ANSWERS = st.one_of(st.sampled_from([1, MAX_ANSWER]), st.integers(1, MAX_ANSWER))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    a=ANSWERS,
    b=ANSWERS,
    scales=st.tuples(*[st.integers(0, 36)] * 3),
    quotient=st.booleans(),
)
def test_answer__of_any_two_prices__is_exact_rounded_down_or_none(
    machine, build, a, b, scales, quotient
):
    first, second = (
        machine.deploy("MockFeed", scales[0], a),
        machine.deploy("MockFeed", scales[1], b),
    )
    feed = build(first, second, quotient=quotient, decimals=scales[2])

    x, y = Fraction(a, 10 ** scales[0]), Fraction(b, 10 ** scales[1])
    exact = int((x / y if quotient else x * y) * 10 ** scales[2])

    answer = machine.deploy("MockLibraries").readFeed(feed.address, DAY_S)
    assert answer == (exact if 10_000 <= exact <= MAX_ANSWER else 0)


@pytest.mark.parametrize("quotient", [False, True])
@pytest.mark.parametrize("older", [0, 1])
def test_answer__of_sources_of_two_ages__bears_the_older_date(
    machine, build, price, quotient, older
):
    feeds = [machine.deploy("MockFeed", 8, 10**8) for _ in range(2)]
    feeds[older].setAt(10**8, machine.now - 100)
    feeds[1 - older].setAt(10**8, machine.now - 10)

    assert price(build(*feeds, quotient=quotient)) == (10**8, machine.now - 100)


@pytest.mark.parametrize("slow", [0, 1])
def test_ages__of_two_sources__are_judged_each_by_its_own(machine, build, refusal, price, slow):
    feeds = [machine.deploy("MockFeed", 8, 10**8) for _ in range(2)]
    ages_s = [60, 60]
    ages_s[slow] = DAY_S
    feed = build(*feeds, ages_s=ages_s)

    feeds[slow].setAt(10**8, machine.now - DAY_S)
    assert price(feed)[0] == 10**8
    feeds[1 - slow].setAt(10**8, machine.now - 61)
    assert refusal(feed.latestRoundData) == ("NoPrice", (feeds[1 - slow].address,))


def test_answer__of_too_few_digits__is_none(machine, build, refusal, price):
    """Rounded down from 9,999.99: a basis point too little."""
    first = machine.deploy("MockFeed", 8, 10_000)
    second = machine.deploy("MockFeed", 8, 10**8)
    feed = build(first, second)
    assert price(feed)[0] == 10_000

    second.set(10**8 - 1)

    assert refusal(feed.latestRoundData) == ("Imprecise", (9_999,))


def test_answer__too_large_for_a_price__is_none(machine, build, refusal, price):
    first = machine.deploy("MockFeed", 0, MAX_ANSWER)
    second = machine.deploy("MockFeed", 0, 1)
    feed = build(first, second, decimals=0)
    assert price(feed)[0] == MAX_ANSWER

    second.set(2)

    assert refusal(feed.latestRoundData) == ("AnswerOutOfRange", (2 * MAX_ANSWER,))


def test_constructor__too_many_decimals_of_its_own__refused(machine, build, refusal):
    feed = machine.deploy("MockFeed", 8, 10**8)
    assert build(feed, feed, decimals=36).decimals() == 36
    assert refusal(lambda: build(feed, feed, decimals=37)) == ("InvalidDecimals", (37,))
