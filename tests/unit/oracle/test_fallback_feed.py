"""A primary and a backup: agreeing, apart, and alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eth_utils import keccak

from tests._cast import DAY_S, WAD

HOUR_S = 3_600
TWO_PERCENT = 2 * WAD // 100
POOL_GAS = 300_000


@pytest.fixture
def build(machine):
    def run(primary, backup, *, ages_s=(DAY_S, DAY_S, HOUR_S), deviation=TWO_PERCENT):
        a, b = primary.address, backup.address
        return machine.deploy("FallbackFeed", a, ages_s[0], b, *ages_s[1:], deviation)

    return run


@pytest.fixture
def primary(machine):
    return machine.deploy("MockFeed", 8, 10**8)


@pytest.fixture
def backup(machine):
    return machine.deploy("MockFeed", 8, 10**8)


@pytest.fixture
def feed(build, primary, backup):
    return build(primary, backup)


@pytest.mark.parametrize("answer", [102_000_000, 98_039_216])
def test_answer__both_near_each_other__is_the_primarys(
    machine, feed, primary, backup, price, answer
):
    primary.setAt(10**8, machine.now - 7)
    backup.setAt(answer, machine.now - DAY_S)
    assert price(feed) == (10**8, machine.now - 7)


@pytest.mark.parametrize("answer", [102_000_001, 98_039_215])
def test_answer__both_apart__is_none(feed, backup, refusal, answer):
    backup.set(answer)
    assert refusal(feed.latestRoundData) == ("Apart", (10**8, answer, TWO_PERCENT))


def test_answer__primary_without_price__is_the_backups(machine, build, turning, backup, price):
    """However far it is from what the primary said last."""
    feed = build(turning.feed, backup)
    backup.setAt(5 * 10**7, machine.now - HOUR_S)
    turning.turn()
    assert price(feed) == (5 * 10**7, machine.now - HOUR_S)


def test_answer__backup_without_price__is_the_primarys(machine, build, turning, primary, price):
    feed = build(primary, turning.feed)
    primary.setAt(5 * 10**7, machine.now - DAY_S)
    turning.turn()
    assert price(feed) == (5 * 10**7, machine.now - DAY_S)


def test_answer__backup_alone_and_a_little_old__is_none(
    machine, feed, primary, backup, refusal, price
):
    """Good enough to check the primary, not to replace it."""
    backup.setAt(10**8, machine.now - HOUR_S - 1)
    assert price(feed)[0] == 10**8

    primary.kill(True)

    assert refusal(feed.latestRoundData) == ("NoPrice", (backup.address,))


def test_answer__backup_too_old_to_be_a_check__is_no_check(machine, feed, backup, price):
    backup.setAt(2 * 10**8, machine.now - DAY_S - 1)
    assert price(feed)[0] == 10**8


def test_answer__neither_has_a_price__is_none(feed, primary, backup, refusal):
    primary.kill(True)
    backup.kill(True)
    assert refusal(feed.latestRoundData) == ("NoPrice", (primary.address,))


@pytest.mark.parametrize("primary_decimals", [6, 8, 18])
@pytest.mark.parametrize("backup_decimals", [6, 8, 18])
def test_decimals__of_two_sources__are_the_larger_and_lose_nothing(
    machine, build, refusal, price, primary_decimals, backup_decimals
):
    first = machine.deploy("MockFeed", primary_decimals, 10**primary_decimals)
    second = machine.deploy("MockFeed", backup_decimals, 10**backup_decimals)
    feed = build(first, second)
    one = 10 ** max(primary_decimals, backup_decimals)
    assert (feed.decimals(), price(feed)[0]) == (max(primary_decimals, backup_decimals), one)

    second.set(103 * 10**backup_decimals // 100)
    assert refusal(feed.latestRoundData)[0] == "Apart"
    first.kill(True)
    assert price(feed)[0] == 103 * one // 100


def test_answer__too_large_in_the_finer_decimals__is_none(machine, build, refusal):
    coarse = machine.deploy("MockFeed", 0, 2**90)
    feed = build(coarse, machine.deploy("MockFeed", 18, 10**18))
    assert refusal(feed.latestRoundData) == ("AnswerOutOfRange", (2**90 * 10**18,))


# ------------------------------------------------------------------------------------------ gas


@pytest.fixture
def with_gas(machine):
    """The feed's answer when it is given so much gas; nothing when it reverts."""

    def run(feed, gas):
        data = feed.functions["latestRoundData"].encode()
        try:
            answer = machine.evm.message_call(
                caller="0x" + "d0" * 20, to=feed.address, calldata=data, gas=21_064 + gas
            )
        except RuntimeError:
            return None
        return int.from_bytes(answer[32:64], "big")

    return run


def test_answer__of_a_primary_that_burns_its_gas__is_the_backups_within_a_pools_gas(
    machine, build, backup, with_gas
):
    burner = machine.deploy("MockHostileFeed", 10**8)
    feed = build(burner, backup)
    burner.turn(2)
    assert with_gas(feed, POOL_GAS) == 10**8


@pytest.fixture
def costing(machine):
    """A source of eight decimals in bare code: it counts down from `rounds`, 26 gas each, and answers."""

    def run(rounds, answer):
        words = f"60085f5263{answer:08x}6020524260405242606052600160805260a05ff3"
        code = bytes.fromhex(f"61{rounds:04x}5b6001900380600357{words}")
        prefix = bytes.fromhex(f"60{len(code):02x}80600a5f395ff300")  # returns what follows
        return SimpleNamespace(address=machine.evm.deploy("0x" + "d0" * 20, prefix + code))

    return run


DEAR, CHEAP = 3_846, 1  # 100,000 gas and next to none
GAS = range(90_000, 150_000, 50)


def test_answer__of_any_gas_that_the_caller_chooses__is_the_same_or_none(build, costing, with_gas):
    """A dear primary, and a caller who would rather have the backup's price."""
    feed = build(costing(DEAR, 10**8), costing(CHEAP, 101 * 10**6))
    assert {with_gas(feed, gas) for gas in GAS} == {None, 10**8}


def test_answer__of_sources_apart__is_none_with_any_gas(build, costing, with_gas):
    """A dear backup, and a caller who would rather have the check left out."""
    feed = build(costing(CHEAP, 10**8), costing(DEAR, 2 * 10**8))
    assert {with_gas(feed, gas) for gas in GAS} == {None}


def test_answer__dead_source_and_too_little_gas_to_know__is_none(
    machine, feed, primary, with_gas, refusal
):
    primary.kill(True)
    assert with_gas(feed, 135_000) == 10**8
    assert with_gas(feed, 120_000) is None
    call = {"calldata": feed.functions["latestRoundData"].encode(), "gas": 141_064}
    with pytest.raises(RuntimeError, match=keccak(text="TooLittleGas(uint256)")[:4].hex()):
        machine.evm.message_call(caller="0x" + "d0" * 20, to=feed.address, **call)


# ---------------------------------------------------------------------------------- constructor


@pytest.mark.parametrize("deviation", [0, WAD])
def test_constructor__deviation_that_is_no_bound__refused(
    build, primary, backup, refusal, deviation
):
    def deploy():
        build(primary, backup, deviation=deviation)

    assert refusal(deploy) == ("InvalidDeviation", (deviation,))


def test_constructor__alone_for_longer_than_together__refused(build, primary, backup, refusal):
    def deploy():
        build(primary, backup, ages_s=(DAY_S, 60, 61))

    assert refusal(deploy) == ("InvalidAloneMaxAge", (61, 60))


@pytest.mark.parametrize("ages_s", [(0, 1, 1), (1, 0, 0), (1, 1, 0)])
def test_constructor__age_that_is_no_limit__refused(build, primary, backup, refusal, ages_s):
    def deploy():
        build(primary, backup, ages_s=ages_s)

    assert refusal(deploy) == ("InvalidMaxAge", (0,))


@pytest.mark.parametrize("decimals", [(37, 8), (8, 37)])
def test_constructor__too_many_decimals__refused(machine, build, refusal, decimals):
    feeds = [machine.deploy("MockFeed", d, 1) for d in decimals]
    assert refusal(lambda: build(*feeds)) == ("InvalidDecimals", (37,))
