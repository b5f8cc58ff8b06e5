"""A staked token's price: an honest rate is passed on exactly, a false one gains what time allows.

The limits are a year's, compounded continuously: from a rate `r` seen at `t` the corridor at `s` is
r * exp(-decline * (s - t)) to r * exp(growth * (s - t)).
"""

from __future__ import annotations

from fractions import Fraction
from math import exp, expm1, isclose, log

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests._cast import DAY_S, WAD, YEAR_S
from tests.unit.oracle.conftest import HOSTILE, SELECTORS

GROWTH, DECLINE = WAD // 10, WAD
RATE = 12 * WAD // 10
ETH = 2_000 * 10**8
PERIOD_S = DAY_S
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def base(machine):
    return machine.deploy("MockFeed", 8, ETH)


@pytest.fixture
def rate(machine):
    return machine.deploy("MockRate", RATE)


@pytest.fixture
def feed(growth_capped, base, rate):
    return growth_capped(base, rate, GROWTH, DECLINE, decimals=18)


@pytest.fixture
def wait(machine, base):
    """Lets time pass; the base repeats its price."""

    def run(seconds):
        machine.now += seconds
        base.set(ETH)

    return run


def worth(rate: int, decimals: int = 18) -> int:
    return rate * ETH * 10**decimals // 10**26


# ------------------------------------------------------------------------------ an honest rate


@pytest.mark.parametrize("base_decimals", [6, 8, 18])
@pytest.mark.parametrize("rate_decimals", [18, 27])
@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_answer__of_any_decimals__is_rate_times_base(
    machine, growth_capped, price, base_decimals, rate_decimals, decimals
):
    base = machine.deploy("MockFeed", base_decimals, 2_000 * 10**base_decimals)
    rate = machine.deploy("MockRate", 12 * 10**rate_decimals // 10)
    feed = growth_capped(
        base, rate, GROWTH, DECLINE, decimals=decimals, rate_decimals=rate_decimals
    )
    assert price(feed) == (2_400 * 10**decimals, machine.now)


@pytest.mark.parametrize("share_decimals", [6, 18])
def test_answer__of_a_vault__is_what_a_share_converts_to(machine, price, share_decimals):
    """A million shares are asked about where one has too few digits."""
    token = machine.deploy("MockToken", "T", "T", share_decimals)
    vault = machine.deploy("MockVault", token.address, abi="MockToken")
    vault.mint("0x" + "01" * 20, 2 * 10**share_decimals)
    token.mint(vault.address, 10**share_decimals)
    dollar = machine.deploy("MockFeed", 8, 10**8)
    unit = 10 ** (share_decimals + 6)
    source = (vault.address, SELECTORS["convertToAssets"], unit, share_decimals + 6)

    feed = machine.deploy("GrowthCappedFeed", dollar.address, DAY_S, source, GROWTH, DECLINE, 8)

    assert isclose(price(feed)[0], 1.5e8, rel_tol=1e-6)


def test_answer__of_an_older_base__bears_its_date(machine, feed, base, price):
    base.setAt(ETH, machine.now - 77)
    assert price(feed)[1] == machine.now - 77


def test_answer__is_rounded_down(growth_capped, base, rate, price):
    feed = growth_capped(base, rate, GROWTH, DECLINE, decimals=8)
    base.set(10**4)
    assert price(feed)[0] == 12_000
    base.set(10**4 - 1)
    assert price(feed)[0] == 11_998  # of 11,998.8


STEPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 60), st.integers(0, 90 * DAY_S)),
        st.floats(-0.999, 0.999),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@quick
@given(
    growth=st.integers(0, 1_000).map(lambda n: n * WAD // 1_000),
    decline=st.integers(0, 1_000).map(lambda n: n * WAD // 10),
    steps=STEPS,
)
def test_answer__of_any_rate_within_limits_at_any_cadence__is_never_held_back(
    growth_capped, base, rate, wait, price, growth, decline, steps
):
    """Grown or fallen, updated always, now and then or never."""
    value = RATE
    rate.set(value)
    feed = growth_capped(base, rate, growth, decline, decimals=18)
    for seconds, share, updates in steps:
        yearly = share * (growth if share > 0 else decline) / WAD
        value += int(value * expm1(yearly * seconds / YEAR_S))
        assume(value > 10**9)
        wait(seconds)
        rate.set(value)
        assert price(feed)[0] == worth(value)
        if updates:
            feed.update()
            assert price(feed)[0] == worth(value)


# ------------------------------------------------------------------------------- a false rate


@pytest.mark.parametrize("days", [0, 1, 36.5, 365])
def test_answer__of_a_rate_that_jumps_up__is_the_cap(feed, rate, wait, price, days):
    wait(int(days * DAY_S))
    rate.set(10 * RATE)
    assert isclose(price(feed)[0], worth(RATE) * exp(0.1 * days / 365), rel_tol=1e-12)


def test_answer__of_a_rate_that_jumps_down__is_none(feed, rate, wait, refusal):
    wait(DAY_S)
    floor, _ = feed.limits()
    assert isclose(floor, RATE * exp(-1 / 365), rel_tol=1e-12)

    rate.set(floor - 1)

    assert refusal(feed.latestRoundData) == ("BelowFloor", (floor - 1, floor))


def test_answer__of_a_rate_at_the_floor__is_its_price(feed, rate, wait, price):
    wait(DAY_S)
    floor, _ = feed.limits()
    rate.set(floor)
    assert price(feed)[0] == worth(floor)


@pytest.mark.parametrize("every_s", [None, DAY_S, 7 * DAY_S])
def test_answer__after_a_real_loss__is_back_when_the_floor_has_caught_up(
    feed, rate, wait, refusal, price, every_s
):
    """Whoever pokes to put it off, or does not: 30 % at 100 % a year are 130 days."""
    lost = RATE * 7 // 10
    due_s = int(-log(0.7) * YEAR_S)
    rate.set(lost)
    for _ in range(due_s // every_s if every_s else 0):
        wait(every_s)
        feed.update()
        assert refusal(feed.latestRoundData)[0] == "BelowFloor"
    wait(due_s % every_s - 60 if every_s else due_s - 60)
    assert refusal(feed.latestRoundData)[0] == "BelowFloor"
    wait(120)
    assert price(feed)[0] == worth(lost)


@quick
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 40 * DAY_S), st.floats(1e-3, 1e3)), min_size=1, max_size=25
    )
)
def test_update__at_any_false_rates__never_widens_the_corridor_beyond_what_time_allows(
    growth_capped, machine, base, rate, steps
):
    """The first corridor, grown and fallen since, holds all that follow it."""
    rate.set(RATE)
    feed = growth_capped(base, rate, GROWTH, DECLINE)
    start = machine.now
    for n, (seconds, factor) in enumerate(steps, 1):
        machine.now += seconds
        rate.set(int(RATE * factor))
        before = feed.limits()
        feed.update()
        floor, cap = feed.limits()

        years = (machine.now - start) / YEAR_S
        # Each update may round, both ways.
        assert floor <= cap
        assert floor >= before[0] - 2
        assert cap <= before[1] + 2
        assert cap <= RATE * exp(years / 10) * (1 + 1e-12) + 2 * n
        assert floor >= RATE * exp(-years) * (1 - 1e-12) - 2 * n


@quick
@given(
    steps=st.lists(st.tuples(st.integers(0, 40 * DAY_S), st.floats(-0.9, 0.09)), max_size=12),
    jump=st.floats(0.1, 10),
)
def test_update__at_a_jump_and_back_within_one_block__changes_no_price(
    growth_capped, base, rate, wait, price, steps, jump
):
    """Beside true sightings in every period."""
    rate.set(RATE)
    feed = growth_capped(base, rate, GROWTH, DECLINE, decimals=18)

    value = RATE
    for seconds, share in steps:
        value += int(value * expm1(share * seconds / YEAR_S))
        wait(seconds)
        rate.set(value)
        feed.update()
        assert price(feed)[0] == worth(value)

        rate.set(int(value * jump))
        feed.update()
        rate.set(value)

        assert price(feed)[0] == worth(value)


@pytest.mark.parametrize("factor", [0.01, 100])
@pytest.mark.parametrize("true_first", [False, True])
def test_update__at_one_false_sighting_beside_a_true_one__excludes_no_true_rate(
    feed, rate, wait, price, factor, true_first
):
    for _ in range(30):
        for true in (true_first, not true_first):
            rate.set(RATE if true else int(RATE * factor))
            wait(PERIOD_S // 2)
            feed.update()
        rate.set(RATE)
        assert price(feed)[0] == worth(RATE)


def test_update__at_false_sightings_only__errs_by_no_more_than_the_limits(feed, rate, wait, price):
    """The rate was dented for each of a month's sightings, and nobody else looked."""
    for _ in range(30):
        rate.set(RATE // 100)
        wait(PERIOD_S)
        feed.update()
    rate.set(RATE)
    wait(0)
    assert worth(RATE) * exp(-31 / 365) <= price(feed)[0] < worth(RATE)


# ------------------------------------------------------------------------------------- updates


@pytest.mark.parametrize("change", [10**12, -(10**12)])
def test_update__within_the_period_and_what_time_allows__moves_nothing(
    machine, feed, rate, wait, change
):
    """Time has led the first sighting further up and down than this one lies."""
    start = machine.now
    wait(PERIOD_S - 1)
    rate.set(RATE + change)
    feed.update()

    corridor, seen, since = feed.sightings()

    assert corridor == seen == (RATE, start, RATE, start)
    assert since == start


def test_update__higher_and_lower_than_time_alone_leads__gathers_both(
    growth_capped, machine, base, rate, wait
):
    """Sightings further out than those so far, in the corridor of an older one."""
    feed = growth_capped(base, rate, GROWTH, DECLINE)
    wait(PERIOD_S)
    feed.update()
    start = machine.now
    wait(60)
    low, high = feed.limits()
    rate.set(high)
    feed.update()
    rate.set(low)
    feed.update()

    _, seen, _ = feed.sightings()

    assert seen == (high, start + 60, low, start + 60)


def test_update__after_the_period__moves_rate_and_date_together(machine, feed, rate, wait):
    wait(PERIOD_S)
    feed.update()
    first = machine.now
    rate.set(RATE + 10**12)
    wait(PERIOD_S)
    feed.update()

    corridor, seen, since = feed.sightings()

    assert corridor == (RATE, first, RATE, first)
    assert seen == (RATE + 10**12, machine.now, RATE + 10**12, machine.now)
    assert since == machine.now


def test_update__twice_at_once__is_once(machine, feed, rate, wait):
    wait(PERIOD_S)
    feed.update()
    first = feed.sightings()
    feed.update()
    assert feed.sightings() == first


def test_update__nobody_for_years__leaves_a_price(feed, rate, wait, price):
    wait(5 * YEAR_S)
    rate.set(RATE * 14 // 10)
    assert price(feed)[0] == worth(RATE * 14 // 10)
    feed.update()
    assert price(feed)[0] == worth(RATE * 14 // 10)


# -------------------------------------------------------------------------------------- no rate


@pytest.mark.parametrize("value", [0, 2**96])
@pytest.mark.parametrize("call", ["latestRoundData", "update"])
def test_rate__that_is_none__refused(feed, rate, refusal, value, call):
    rate.set(value)
    assert refusal(getattr(feed, call)) == ("NoRate", (rate.address, value))


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("call", ["latestRoundData", "update"])
def test_rate__source_that_turns__refused(machine, base, growth_capped, refusal, how, call):
    source = machine.deploy("MockHostileFeed", RATE)
    feed = growth_capped(base, source, GROWTH, DECLINE)
    source.turn(HOSTILE[how])
    name, (address, _) = refusal(getattr(feed, call))
    assert (name, address) == ("NoRate", source.address)


def test_answer__of_too_few_digits__is_none(growth_capped, base, rate, refusal):
    feed = growth_capped(base, rate, GROWTH, DECLINE)
    base.set(8_333)
    assert refusal(feed.latestRoundData) == ("Imprecise", (9_999,))


# ---------------------------------------------------------------------------------- constructor


@pytest.mark.parametrize("limits", [(WAD + 1, 0), (0, 100 * WAD + 1)])
def test_constructor__limits_that_limit_nothing__refused(
    growth_capped, base, rate, refusal, limits
):
    assert refusal(growth_capped, base, rate, *limits) == ("InvalidLimits", limits)


@pytest.mark.parametrize("limits", [(0, 0), (WAD, 100 * WAD)])
def test_constructor__limits_at_the_edge__accepted(growth_capped, base, rate, price, limits):
    assert price(growth_capped(base, rate, *limits))[0] == worth(RATE, 8)


@pytest.mark.parametrize("value", [0, 10**9 - 1, 2**96])
def test_constructor__rate_of_too_few_digits_or_none__refused(
    growth_capped, base, rate, refusal, value
):
    rate.set(value)
    assert refusal(growth_capped, base, rate, 0, 0) == ("NoRate", (rate.address, value))


def test_constructor__rate_of_nine_digits__accepted(growth_capped, base, rate):
    rate.set(10**9)
    assert growth_capped(base, rate, 0, 0).limits() == (10**9, 10**9)


def test_constructor__rate_of_too_many_decimals__refused(growth_capped, base, rate, refusal):
    def deploy():
        growth_capped(base, rate, 0, 0, rate_decimals=37)

    assert refusal(deploy) == ("InvalidDecimals", (37,))


@quick
@given(
    value=st.integers(10**9, 2**96 - 1),
    answer=st.integers(1, 2**96 - 1),
    scales=st.tuples(*[st.integers(0, 36)] * 3),
)
def test_answer__of_any_rate_and_base__is_exact_rounded_down_or_none(
    machine, growth_capped, value, answer, scales
):
    base = machine.deploy("MockFeed", scales[0], answer)
    rate = machine.deploy("MockRate", value)
    feed = growth_capped(base, rate, 0, 0, rate_decimals=scales[1], decimals=scales[2])

    exact = int(Fraction(value * answer, 10 ** (scales[0] + scales[1])) * 10 ** scales[2])

    read = machine.deploy("MockLibraries").readFeed(feed.address, DAY_S)
    assert read == (exact if 10_000 <= exact < 2**96 else 0)
