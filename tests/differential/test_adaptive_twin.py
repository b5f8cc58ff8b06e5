"""The adaptive model and its twin: equal to the wei, and as near to the exact mean as the contract says."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest

from sims.adaptive import LEVEL, MAX_CHARGE, WAD, YEAR_S, AdaptiveCurve
from sims.exact import MAX, MAX_RATE
from tests._revm import Chain, Reverted

POOLS = ["0x" + f"{i:02x}" * 20 for i in (0xB1, 0xB2)]
KEY = (POOLS[0], 0)
USUAL = (9 * WAD // 10, 4 * WAD, 50 * WAD, 4 * WAD // 100, WAD // 1_000, 2 * WAD)


class Pair:
    """A model on the machine, and for each of two reserves in two pools a twin."""

    def __init__(self, parameters: tuple[int, ...], chain: Chain | None = None) -> None:
        self.model = (chain or Chain()).deploy("AdaptiveRateModel", parameters)
        self.twins = {(pool, id_): AdaptiveCurve(*parameters) for pool in POOLS for id_ in (0, MAX)}

    def rate(self, key: tuple[str, int], utilization: int, elapsed: int) -> int:
        """What both say that an interval costs."""
        rate = int(self.model.borrowRate(*key, utilization, elapsed))
        assert rate == self.twins[key].borrow_rate(utilization, elapsed)
        return rate

    def accrue(self, key: tuple[str, int], utilization: int, elapsed: int) -> None:
        """Moves both."""
        self.model.accrued(key[1], utilization, elapsed, sender=key[0])
        self.twins[key].accrued(utilization, elapsed)


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    """An integer of any size between two."""
    with localcontext(prec=50):
        at = Decimal(low).ln() + (Decimal(high) / low).ln() * Decimal(rng.random())
        return min(max(int(at.exp()), low), high)


def any_parameters(rng: random.Random) -> tuple[int, ...]:
    """Allowed ones, at the edges too."""
    steepness = rng.choice([WAD, 4 * WAD, 100 * WAD, rng.randrange(WAD, 100 * WAD)])
    most = MAX_CHARGE * WAD // steepness
    low, initial, high = sorted(log_uniform(rng, 1, most) for _ in range(3))
    return (
        rng.choice([1, WAD - 1, 9 * WAD // 10, rng.randrange(1, WAD)]),
        steepness,
        rng.choice([1, 50 * WAD, 1_000 * WAD, log_uniform(rng, 1, 1_000 * WAD)]),
        initial,
        rng.choice([low, initial, 1]),
        rng.choice([high, initial, most]),
    )


def any_interval(rng: random.Random, target: int) -> tuple[int, int]:
    """A utilization and the seconds that it lasted."""
    near = min(max(target + rng.randrange(-3, 4), 0), WAD)
    used = rng.choice([0, WAD, target, near, rng.randrange(WAD + 1), rng.randrange(WAD + 1), MAX])
    return used, rng.choice([0, 1, 12, log_uniform(rng, 1, 5 * YEAR_S), 1_000 * YEAR_S, MAX])


# ------------------------------------------------------------------------------------ the twin


@pytest.mark.parametrize("seed", range(40))
def test_adaptive__random_life__is_that_of_the_twin(seed: int) -> None:
    rng = random.Random(seed)
    parameters = any_parameters(rng)
    pair = Pair(parameters)

    for _ in range(100):
        key = rng.choice(list(pair.twins))
        utilization, elapsed = any_interval(rng, parameters[0])
        pair.rate(key, utilization, elapsed)
        pair.accrue(key, utilization, elapsed)
        assert pair.model.level(*key) == pair.twins[key].level
        assert pair.model.rateAtTarget(*key) == pair.twins[key].rate_at_target()


def test_constructor__random_parameters__both_accept_or_both_refuse() -> None:
    rng = random.Random(0)
    chain, accepted = Chain(), 0

    def nearly(value: int) -> int:
        return rng.choice([value] * 8 + [max(value - 1, 0), value + 1, 0, MAX])

    for _ in range(400):
        parameters = tuple(nearly(value) for value in any_parameters(rng))
        try:
            AdaptiveCurve(*parameters)
        except ValueError:
            with pytest.raises(Reverted, match="Invalid"):
                chain.deploy("AdaptiveRateModel", parameters)
        else:
            accepted += 1
            chain.deploy("AdaptiveRateModel", parameters)

    assert 50 < accepted < 350


# ------------------------------------------------------------------------------------ the bounds


@pytest.mark.parametrize("seed", range(40))
def test_rate_at_target__long_enough__is_a_bound_to_the_wei(seed: int) -> None:
    target, steepness, speed, *rates = any_parameters(random.Random(seed))
    pair = Pair((target, steepness, max(speed, WAD), *rates))
    _, lowest, highest = rates

    for utilization, bound in ((WAD, highest), (0, lowest)):
        pair.accrue(KEY, utilization, MAX)
        assert pair.model.rateAtTarget(*KEY) == bound


def test_borrow_rate__dearest_of_all__is_what_a_pool_lets_pass() -> None:
    pair = Pair((WAD // 2, 4 * WAD, WAD, 5 * WAD, 1, 5 * WAD))
    assert pair.rate(KEY, WAD, YEAR_S) == MAX_RATE


# ----------------------------------------------------------------------------------- intervals


@pytest.mark.parametrize("seed", range(40))
def test_borrow_rate__one_long_interval_or_many_short__cost_the_same(seed: int) -> None:
    """They end at the same level to the last digit; their interest differs by the rounding of rates."""
    rng = random.Random(seed)
    pair = Pair(USUAL if seed % 2 else any_parameters(rng))
    long, short = (POOLS[0], 0), (POOLS[1], 0)
    elapsed, utilization = log_uniform(rng, 1_000, 3 * YEAR_S), rng.randrange(WAD + 1)
    scene = (rng.choice([0, WAD]), elapsed // 9)
    pair.accrue(long, *scene)
    pair.accrue(short, *scene)
    cuts = sorted({0, elapsed, *(rng.randrange(elapsed) for _ in range(50))})

    once = pair.rate(long, utilization, elapsed) * elapsed
    pair.accrue(long, utilization, elapsed)
    often = 0
    for begin, end in pairwise(cuts):
        often += pair.rate(short, utilization, end - begin) * (end - begin)
        pair.accrue(short, utilization, end - begin)

    assert pair.model.level(*short) == pair.model.level(*long)
    assert abs(often - once) <= elapsed


def exact_rate(curve: AdaptiveCurve, utilization: int, elapsed: int) -> Decimal:
    """The mean rate per second in WAD, in as many digits as the context has; `elapsed` above zero."""
    initial, lowest, highest = map(Decimal, (curve.initial_rate, curve.min_rate, curve.max_rate))
    distance = curve.distance(utilization)
    factor = Decimal(curve.factor(distance)) / WAD / YEAR_S
    at = initial * (Decimal(curve.level) / LEVEL).exp()
    slope = Decimal(curve.speed) / WAD * distance / WAD / YEAR_S  # of the logarithm, a second
    if slope == 0:
        return at * factor
    bound = highest if slope > 0 else lowest
    moving_s = min((bound / at).ln() / slope, Decimal(elapsed))
    moving = at * ((slope * moving_s).exp() - 1) / slope
    return (moving + bound * (elapsed - moving_s)) / elapsed * factor


@pytest.mark.parametrize("seed", range(40))
def test_borrow_rate__any_interval__is_the_exact_mean_rounded_down(seed: int) -> None:
    rng = random.Random(seed)
    parameters = any_parameters(rng)
    pair = Pair(parameters)
    stated = Decimal("1e-12")
    with localcontext(prec=80):
        for _ in range(50):
            utilization, elapsed = rng.randrange(WAD + 1), log_uniform(rng, 1, 5 * YEAR_S)
            exact = exact_rate(pair.twins[KEY], utilization, elapsed)
            assert -stated < exact - pair.rate(KEY, utilization, elapsed) < 1 + stated
            pair.accrue(KEY, *any_interval(rng, parameters[0]))


# ---------------------------------------------------------------------------------- utilization


@pytest.mark.parametrize("seed", range(40))
def test_borrow_rate__higher_utilization__never_costs_less(seed: int) -> None:
    rng = random.Random(seed)
    parameters = any_parameters(rng)
    pair = Pair(parameters)
    pair.accrue(KEY, *any_interval(rng, parameters[0]))
    elapsed = rng.choice([0, 12, log_uniform(rng, 1, 5 * YEAR_S)])
    target = parameters[0]
    near = {min(max(target + i, 0), WAD) for i in range(-20, 21)}
    grid = sorted({0, WAD, *near, *(rng.randrange(WAD + 1) for _ in range(60))})

    rates = [pair.rate(KEY, utilization, elapsed) for utilization in grid]

    assert rates == sorted(rates)
