"""A moving average: what one block can do to it, what poking gains, and when it is no price."""

from __future__ import annotations

from math import exp, isclose

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._cast import DAY_S

WINDOW_S, GAP_S, BLOCK_S = 1_800, 300, 12
ONE = 10**18


@pytest.fixture
def source(machine):
    return machine.deploy("MockFeed", 18, ONE)


@pytest.fixture
def build(machine, source):
    def run(window_s=WINDOW_S, gap_s=GAP_S, source=source):
        return machine.deploy("MovingAverageFeed", source.address, DAY_S, window_s, gap_s)

    return run


@pytest.fixture
def feed(build):
    return build()


@pytest.fixture
def observe(machine, source):
    """Lets time pass and pokes at a price; each step is (seconds, answer)."""

    def run(feed, *steps):
        for seconds, answer in steps:
            machine.now += seconds
            source.set(answer)
            feed.poke()

    return run


@pytest.fixture
def steady(feed, observe):
    """Has seen one for a window."""
    observe(feed, (0, ONE), *[(GAP_S, ONE)] * (WINDOW_S // GAP_S))
    return feed


def test_answer__of_a_steady_price__is_that(machine, steady, price):
    assert price(steady) == (ONE, machine.now)


def test_answer__bears_the_date_that_the_source_had(machine, steady, source, price):
    machine.now += 50
    source.setAt(ONE, machine.now - 40)
    steady.poke()
    machine.now += 10
    source.set(ONE)
    assert price(steady) == (ONE, machine.now - 50)


def test_answer__of_the_first_window__is_the_plain_average(feed, observe, machine, price):
    """A third of the window each at 1, 2 and 6."""
    third = [(GAP_S, 2), (GAP_S, 2), (GAP_S, 6), (GAP_S, 6), (GAP_S, 6)]
    steps = [(0, 1), (GAP_S, 1), *third]
    observe(feed, *[(s, a * ONE) for s, a in steps])
    assert isclose(price(feed)[0], 3 * ONE, rel_tol=1e-12)


@pytest.mark.parametrize("seconds", [1, BLOCK_S, GAP_S])
def test_answer__of_a_price_that_changed__follows_within_the_window(
    machine, steady, observe, price, seconds
):
    observe(steady, (BLOCK_S, 3 * ONE))
    machine.now += seconds
    assert isclose(price(steady)[0], ONE * (3 - 2 * exp(-seconds / WINDOW_S)), rel_tol=1e-12)


# ------------------------------------------------------------------------- what one block can do


@pytest.mark.parametrize("factor", [0.01, 100])
def test_poke__at_a_false_price__moves_nothing_within_its_block(steady, observe, price, factor):
    observe(steady, (BLOCK_S, int(ONE * factor)))
    assert price(steady)[0] == ONE


@pytest.mark.parametrize("factor", [0.01, 100])
@pytest.mark.parametrize("held_s", [BLOCK_S, GAP_S])
def test_poke__in_one_false_block__moves_at_most_its_share(
    machine, steady, observe, price, factor, held_s
):
    false = int(ONE * factor)
    observe(steady, (BLOCK_S, false), (held_s, ONE))

    moved, share = abs(price(steady)[0] - ONE), abs(false - ONE) * held_s / WINDOW_S

    assert 0.9 * share < moved <= share
    machine.now += GAP_S
    assert abs(price(steady)[0] - ONE) < moved  # and it fades


def test_poke__in_a_false_block_that_nobody_answers__ends_as_no_price(
    machine, steady, observe, refusal, price
):
    observe(steady, (BLOCK_S, 100 * ONE))
    machine.now += GAP_S
    assert price(steady)[0] - ONE <= 99 * ONE * GAP_S / WINDOW_S
    machine.now += 1
    assert refusal(steady.latestRoundData)[0] == "ObservationTooOld"


def test_poke__in_a_false_block_of_the_first_window__has_no_larger_share(feed, observe, price):
    """Also when it is the first of all."""
    observe(feed, (0, 100 * ONE), (BLOCK_S, ONE), *[(GAP_S, ONE)] * 6)
    assert price(feed)[0] - ONE <= 99 * ONE * BLOCK_S / WINDOW_S


def test_poke__twice_in_a_block__counts_the_first(machine, steady, observe, source, price):
    observe(steady, (BLOCK_S, ONE))
    source.set(100 * ONE)
    steady.poke()
    machine.now += GAP_S
    assert price(steady)[0] == ONE


# --------------------------------------------------------------------------- what poking gains


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.integers(10**12, 10**24), min_size=8, max_size=12),
    cuts=st.lists(st.integers(1, GAP_S - 1), max_size=40),
)
def test_poke__more_often_at_the_same_prices__changes_nothing(
    machine, source, build, price, answers, cuts
):
    """One feed is poked when the price changes, the other between as well."""
    source.set(answers[0])
    rare, often = build(), build()
    for answer in answers:
        source.set(answer)
        rare.poke()
        often.poke()
        start = machine.now
        for cut in sorted(set(cuts)):
            machine.now = start + cut
            source.set(answer)
            often.poke()
        machine.now = start + GAP_S
    assert isclose(price(rare)[0], price(often)[0], rel_tol=1e-9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, GAP_S), st.integers(1, 2**95)), min_size=12))
def test_answer__of_any_observations__lies_between_them(machine, build, observe, steps):
    feed = build()
    steps = [*steps, *[(GAP_S, steps[-1][1])] * 6]
    observe(feed, *steps)
    _, answer, *_ = feed.latestRoundData()
    assert min(a for _, a in steps) - 1 <= answer <= max(a for _, a in steps)


def test_poke__every_second__does_not_add_up_its_rounding(steady, observe, price, source):
    observe(steady, *[(1, ONE - 1)] * 500)
    assert ONE - 1 <= price(steady)[0] <= ONE


# ------------------------------------------------------------------------------------- no price


def test_answer__before_any_observation__is_none(feed, refusal):
    assert refusal(feed.latestRoundData) == ("ObservationTooOld", (0, GAP_S))


def test_answer__observed_for_less_than_the_window__is_none(machine, feed, observe, refusal, price):
    observe(feed, (0, ONE), *[(GAP_S, ONE)] * (WINDOW_S // GAP_S - 1))
    machine.now += GAP_S - 1
    assert refusal(feed.latestRoundData) == ("TooFewObservations", (WINDOW_S - 1, WINDOW_S))
    machine.now += 1
    assert price(feed)[0] == ONE


def test_answer__nobody_pokes__is_none(machine, steady, refusal, price):
    seen = machine.now
    machine.now += GAP_S
    assert price(steady)[0] == ONE
    machine.now += 1
    assert refusal(steady.latestRoundData) == ("ObservationTooOld", (seen, GAP_S))


def test_poke__after_a_gap__starts_anew(machine, steady, observe, refusal, price):
    observe(steady, (GAP_S + 1, 2 * ONE))
    assert refusal(steady.latestRoundData) == ("TooFewObservations", (0, WINDOW_S))
    observe(steady, *[(GAP_S, 2 * ONE)] * (WINDOW_S // GAP_S))
    assert price(steady)[0] == 2 * ONE


def test_poke__source_without_price__refuses(build, turning, refusal):
    feed = build(source=turning.feed)
    turning.turn()
    assert refusal(feed.poke) == ("NoPrice", (turning.feed.address,))


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_decimals__are_the_sources(machine, build, decimals):
    assert build(source=machine.deploy("MockFeed", decimals, 1)).decimals() == decimals


# ---------------------------------------------------------------------------------- constructor


@pytest.mark.parametrize("times", [(1_800, 0), (1_800, 1_800), (30 * DAY_S + 1, 60), (0, 0)])
def test_constructor__window_that_is_none__refused(build, refusal, times):
    assert refusal(lambda: build(*times)) == ("InvalidWindow", times)


@pytest.mark.parametrize("times", [(2, 1), (30 * DAY_S, 30 * DAY_S - 1)])
def test_constructor__window_at_the_edge__accepted(build, times):
    feed = build(*times)
    assert (feed.window(), feed.maxGap()) == times


def test_constructor__age_that_is_no_limit__refused(machine, source, refusal):
    def deploy():
        machine.deploy("MovingAverageFeed", source.address, 0, WINDOW_S, GAP_S)

    assert refusal(deploy) == ("InvalidMaxAge", (0,))
