"""What has to be sent to put a market file on a chain, as data, in order:

    pool and configurator > reserves > categories > what is around the pool > roles > handover

Whoever deploys is the administrator until the last step. Once the roles are set up the configurator
listens to their members only, so that nothing is configured after them.
"""

from __future__ import annotations

from typing import Any

from scripts._authority import role_steps
from scripts._periphery import periphery_steps
from scripts._steps import ZERO, Step, create
from sims.market import AdaptiveRates, Category, Market, Reserve, plain

NO_CAP = 2**256 - 1


def make_plan(market: Market, *, deployer: str, mocks: bool) -> list[Step]:
    """Everything that has to be sent, in order; the order of the reserves is their id."""
    health = market.liquidation
    steps = [
        create("authority", "Authority", f"admin {deployer}", lambda _: [deployer]),
        create("configurator", "Configurator", "authority", lambda a: [a["authority"]]),
        create("pool", "Pool", "configurator", lambda a: [a["configurator"]]),
        Step(
            key="liquidation terms",
            what="set liquidation terms",
            detail=f"target health {plain(health.target_health)}, everything below "
            f"{plain(health.full_liquidation_health)}, dust {health.dust} {market.base_currency}, "
            f"written off below {health.write_off_below} {market.base_currency}",
            target="configurator",
            kind="Configurator",
            method="setLiquidationTerms",
            arguments=lambda a: [
                a["pool"],
                health.target_health_bps,
                health.full_liquidation_health_bps,
                health.dust,
                health.write_off_below,
                ZERO,
            ],
        ),
    ]
    for symbol, reserve in market.reserves.items():
        if mocks:
            native = symbol == market.periphery.native_gateway
            steps += _mock_steps(symbol, reserve, deployer, native=native)
        model = model_key(market, symbol)
        if model == _model_key(symbol):
            steps.append(_model_step(model, reserve))
        steps += _listing_steps(symbol, reserve, model)
    steps += [
        _category_step(number, name, category, market)
        for number, (name, category) in enumerate(market.categories.items(), start=1)
    ]
    return [*steps, *periphery_steps(market), *role_steps(market, deployer=deployer)]


def _mock_steps(symbol: str, r: Reserve, deployer: str, *, native: bool) -> list[Step]:
    wrapping = create(
        f"token {symbol}", "MockWETH", f"{symbol}, wraps the chain's currency", lambda _: []
    )
    plain_token = create(
        f"token {symbol}",
        "MockToken",
        f"{symbol}, {r.decimals} decimals",
        lambda _: [f"{symbol} (mock)", symbol, r.decimals],
    )
    return [
        wrapping if native else plain_token,
        create(
            f"feed {symbol}",
            "MockFeed",
            f"{plain(r.price)}, {r.feed.decimals} decimals",
            lambda _: [r.feed.decimals, r.price_raw],
        ),
        Step(
            key=f"mint {symbol}",
            what=f"mint {symbol}",
            detail=f"{plain(r.seed)} {symbol} to the deployer",
            target=f"token {symbol}",
            kind="MockToken",
            method="mint",
            arguments=lambda _: [deployer, r.seed_raw],
        ),
    ]


def model_key(market: Market, symbol: str) -> str | None:
    """The key of the contract that sets a reserve's rates; reserves of equal parameters share one."""
    wanted = market.reserves[symbol].adaptive_rates
    if wanted is None:
        return None
    first = next(s for s, r in market.reserves.items() if r.adaptive_rates == wanted)
    return _model_key(first)


def _model_key(symbol: str) -> str:
    return f"rate model {symbol}"


def _model_step(key: str, r: Reserve) -> Step:
    a = r.adaptive_rates
    assert a is not None
    return create(key, "AdaptiveRateModel", _rates_in_words(a), lambda _: [a.wad])


def _rates_in_words(a: AdaptiveRates) -> str:
    return (
        f"target {_share(a.target)}, steepness {plain(a.steepness)}, speed {plain(a.speed)} a year, "
        f"{_share(a.initial_rate)} at target to begin with, "
        f"{_share(a.min_rate)} to {_share(a.max_rate)}"
    )


def _listing_steps(symbol: str, r: Reserve, model: str | None) -> list[Step]:
    return [
        Step(
            key=f"approve {symbol}",
            what=f"approve {symbol}",
            detail=f"{plain(r.seed)} {symbol} to the configurator",
            target=f"token {symbol}",
            kind="MockToken",
            method="approve",
            arguments=lambda a: [a["configurator"], r.seed_raw],
        ),
        Step(
            key=listing_key(symbol),
            what=f"list {symbol}",
            detail=_in_words(symbol, r) + (f", {model}" if model else ""),
            target="configurator",
            kind="Configurator",
            method="listReserve",
            arguments=lambda a: [
                a["pool"],
                a[f"token {symbol}"],
                reserve_parameters(r, a[f"feed {symbol}"], a[model] if model else ZERO),
                r.seed_raw,
            ],
        ),
    ]


def listing_key(symbol: str) -> str:
    """The key of the step that opens a reserve."""
    return f"list {symbol}"


def _category_step(number: int, name: str, c: Category, market: Market) -> Step:
    return Step(
        key=f"category {number}",
        what=f"set category {number}",
        detail=f"{name}: {_terms_in_words(c)}, collateral {', '.join(c.collaterals)}, "
        f"lends {', '.join(c.borrowables) or 'nothing'}"
        f"{', no other collateral counts' if c.isolated else ''}",
        target="configurator",
        kind="Configurator",
        method="setCategory",
        arguments=lambda a: [a["pool"], number, category_parameters(c, market), 0],
    )


def _share(value: Any) -> str:
    return f"{plain(value * 100)} %"


def _terms_in_words(terms: Reserve | Category) -> str:
    return (
        f"LTV {_share(terms.ltv)}, threshold {_share(terms.liquidation_threshold)}, bonus "
        f"{_share(terms.liquidation_bonus.floor)} to {_share(terms.liquidation_bonus.cap)}"
    )


def _in_words(symbol: str, r: Reserve) -> str:
    cap = "no cap" if r.supply_cap is None else f"cap {plain(r.supply_cap)}"
    borrowing = "no borrow cap" if r.borrow_cap is None else f"borrow cap {plain(r.borrow_cap)}"
    if not r.borrowable:
        borrowing = "not borrowable"
    if r.min_debt:
        borrowing += f", least debt {plain(r.min_debt)}"
    idle = "" if r.idle_cap is None else f", idle cap {plain(r.idle_cap)}"
    return (
        f"{_terms_in_words(r)}, fee {_share(r.liquidation_fee)}, "
        f"reserve factor {_share(r.reserve_factor)}, "
        f"{cap}{idle}, {borrowing}, seed {plain(r.seed)} {symbol}"
    )


def reserve_parameters(r: Reserve, feed: str, model: str) -> tuple[Any, ...]:
    """`ReserveParameters` of IConfigurator."""
    return (
        feed,
        r.feed.max_age_s,
        r.ltv_bps,
        r.liquidation_threshold_bps,
        r.liquidation_bonus.floor_bps,
        r.liquidation_bonus.cap_bps,
        r.liquidation_fee_percent,
        r.reserve_factor_percent,
        r.rates.stored,
        model,
        *(cap_or_none(raw) for raw in (r.supply_cap_raw, r.borrow_cap_raw, r.idle_cap_raw)),
        r.min_debt_raw,
        r.borrowable,
    )


def cap_or_none(raw: int | None) -> int:
    """A cap as the configurator wants it."""
    return NO_CAP if raw is None else raw


def category_parameters(c: Category, market: Market) -> tuple[Any, ...]:
    """`CategoryParameters` of IConfigurator."""
    return (
        market.bitmap(c.collaterals),
        market.bitmap(c.borrowables),
        c.ltv_bps,
        c.liquidation_threshold_bps,
        c.liquidation_bonus.floor_bps,
        c.liquidation_bonus.cap_bps,
        c.isolated,
    )
