"""What a guardian may do to limits at once: lower them, and never raise one."""

from __future__ import annotations

import pytest

from tests._cast import DAY_S, MAX, WAD, quickly, refused

KEEP = MAX
SUPPLY_CAP, BORROW_CAP = 400 * 10**18, 300 * 10**18


@pytest.fixture
def market(still):
    return still


@pytest.fixture(autouse=True)
def limited(market, weth):
    """WETH: caps of 400 and 300, an LTV of 80 %."""
    market.set_limits(weth, supply_cap=SUPPLY_CAP, borrow_cap=BORROW_CAP)


@pytest.fixture
def tighten(market, pool, weth, owner):
    """Supply cap, borrow cap, LTV in steps of 0.01 %, and whether borrowing stops."""

    def run(*values):
        return market.configurator.tighten(pool, weth.id, *values, sender=owner)

    return run


@pytest.fixture
def shown(pool, weth):
    def run():
        d = pool.reserveData(weth.id)
        return d.supplyCap, d.borrowCap, d.ltv * 10_000 // WAD, d.borrowable

    return run


@pytest.mark.parametrize(
    ("values", "after"),
    [
        ((KEEP, KEEP, KEEP, False), (SUPPLY_CAP, BORROW_CAP, 8_000, True)),
        ((10**18, KEEP, KEEP, False), (10**18, BORROW_CAP, 8_000, True)),
        ((KEEP, 0, KEEP, False), (SUPPLY_CAP, 0, 8_000, True)),
        ((KEEP, KEEP, 0, False), (SUPPLY_CAP, BORROW_CAP, 0, True)),
        ((KEEP, KEEP, KEEP, True), (SUPPLY_CAP, BORROW_CAP, 8_000, False)),
        ((SUPPLY_CAP, BORROW_CAP, 8_000, False), (SUPPLY_CAP, BORROW_CAP, 8_000, True)),
        ((0, 0, 0, True), (0, 0, 0, False)),
    ],
)
def test_tighten__lower_or_kept__is_set(tighten, shown, values, after):
    tighten(*values)
    assert shown() == after


@pytest.mark.parametrize(
    ("values", "from_", "to"),
    [
        ((SUPPLY_CAP + 10**18, KEEP, KEEP, False), SUPPLY_CAP, SUPPLY_CAP + 10**18),
        ((KEEP, BORROW_CAP + 1, KEEP, False), BORROW_CAP, BORROW_CAP + 1),
        ((KEEP, KEEP, 8_001, False), 8_000, 8_001),
    ],
)
def test_tighten__higher__refused(market, pool, weth, owner, values, from_, to):
    configurator = market.configurator
    arguments = (pool, weth.id, *values)
    refused(
        configurator.WouldLoosen,
        configurator.tighten,
        *arguments,
        sender=owner,
        **{"from": from_, "to": to},
    )


def test_tighten__cap_of_too_many_digits__refused(market, pool, weth, owner):
    configurator = market.configurator
    arguments = (pool, weth.id, 1_234, KEEP, KEEP, False)
    refused(
        configurator.CapNotRepresentable, configurator.tighten, *arguments, sender=owner, cap=1_234
    )


def test_tighten__where_there_was_no_cap__sets_one(market, pool, usdc, owner):
    market.configurator.tighten(pool, usdc.id, 5, KEEP, KEEP, False, sender=owner)
    data = pool.reserveData(usdc.id)
    assert (data.supplyCap, data.borrowCap) == (5, MAX)


def test_tighten__borrowing_stopped__is_not_started_by_the_next_one(tighten, shown):
    tighten(KEEP, KEEP, KEEP, True)
    tighten(KEEP, KEEP, KEEP, False)
    assert shown()[3] is False


def test_tighten__any__leaves_everything_else_alone(market, pool, weth, owner, tighten):
    """The threshold on its way, the limit on outflow, and what is supplied and owed."""
    limit = (pool, weth.id, 10**18, DAY_S)
    quickly(market.configurator.setOutflowLimit, *limit, sender=owner)
    market.set_risk(weth, threshold_bps=8_100, min_debt=10**16)
    before = pool.reserveWords(weth.id)

    tx = tighten(KEEP, KEEP, 100, False)

    words = pool.reserveWords(weth.id)
    assert tx.decode_logs(pool.ReserveConfigured)[-1].words == words
    ltv = 0x3FFF << 160
    assert words.risk & ltv == 100 << 160
    assert words.risk & ~ltv == before.risk & ~ltv
    for name in ("interest", "totals", "token", "model", "ramp", "outflow", "idleCap"):
        assert getattr(words, name) == getattr(before, name), name


def test_tighten__ltv__liquidates_nobody(market, pool, weth, usdc, supplier, borrower, tighten):
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 16_000)

    tighten(KEEP, KEEP, 0, False)

    data = pool.accountData(borrower)
    assert (data.borrowLimit, data.liquidationLimit) == (0, 16_600 * WAD)


def test_tighten__without_price__accepted(pool, weth, owner, tighten, shown):
    quickly(weth.feed.kill, True, sender=owner)
    tighten(KEEP, KEEP, 0, True)
    assert shown()[2:] == (0, False)
