"""What has to be sent to put a market file on a chain, as data, in order:

    pool and configurator > reserves > categories > what is around the pool > cautious feeds > roles
    > handover

A reserve is listed after the adapters of its feed. Cautious feeds come late, because an average over time
needs some before it has a price.

Whoever deploys is the administrator until the last step. Once the roles are set up the configurator
listens to their members only, so that nothing is configured after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from scripts._authority import role_steps
from scripts._feeds import Feeds
from scripts._periphery import periphery_steps
from scripts._steps import CALL_GAS, ZERO, Addresses, Step, create, spell
from sims.market import AdaptiveRates, Category, LiquidationModel, Market, Reserve, plain

NO_CAP = 2**256 - 1
EARLIER_RESERVE_GAS = 40_000
"""What a listing spends on each reserve before it, whose balance must not move along."""
RULE = "liquidation model"
"""The key of the rule that the pool asks instead of its own."""
RULES: dict[str, tuple[str, Callable[[LiquidationModel, Addresses], list[Any]]]] = {
    "close_factor": ("CloseFactorModel", lambda m, _: [*m.close_factor.stored]),  # type: ignore[union-attr]
    "fixed_incentive": ("FixedIncentiveModel", lambda _m, _a: []),
    "dutch_auction": (
        "DutchAuctionModel",
        lambda m, a: [a["pool"], m.dutch_auction.duration * 60, m.dutch_auction.lifetime * 60],  # type: ignore[union-attr]
    ),
}
"""The contract of each rule of a file, and what it is made with."""


def make_plan(market: Market, *, deployer: str, mocks: bool) -> list[Step]:
    """Everything that has to be sent, in order; the order of the reserves is their id."""
    feeds = Feeds(market)
    steps = [*_pool_steps(market, deployer)]
    for symbol, reserve in market.reserves.items():
        if mocks:
            native = symbol == market.periphery.native_gateway
            steps.append(_mock_token(symbol, reserve, native=native))
            steps += feeds.mocks(symbol)
            steps.append(_mint(symbol, reserve, deployer))
        steps += feeds.steps(symbol)
        model = model_key(market, symbol)
        if model is not None:
            steps.append(_model_step(model, reserve))
        steps += _listing_steps(market.reserve_id(symbol), symbol, reserve, model, feeds)
    steps += [
        _category_step(number, name, category, market)
        for number, (name, category) in enumerate(market.categories.items(), start=1)
    ]
    steps += periphery_steps(market, mocks=mocks)
    steps += [feeds.cautious_step(s) for s, r in market.reserves.items() if r.cautious_feed]
    return [*_each_once(steps), *role_steps(market, deployer=deployer)]


def _each_once(steps: Iterable[Step]) -> Iterator[Step]:
    """What several reserves need is deployed for the first of them."""
    seen: set[str] = set()
    for step in steps:
        if step.key not in seen:
            seen.add(step.key)
            yield step


def _pool_steps(market: Market, deployer: str) -> Iterator[Step]:
    yield create("authority", "Authority", f"admin {deployer}", lambda _: [deployer])
    yield create("configurator", "Configurator", "authority", lambda a: [a["authority"]])
    yield create("pool", "Pool", "configurator", lambda a: [a["configurator"]])
    health = market.liquidation
    rule = health.model.name
    if rule is not None:
        kind, arguments = RULES[rule]
        yield create(RULE, kind, _rule_in_words(health.model), lambda a: arguments(health.model, a))
    yield Step(
        key="liquidation terms",
        what="set liquidation terms",
        detail=f"target health {plain(health.target_health)}, everything below "
        f"{plain(health.full_liquidation_health)}, dust {health.dust} {market.base_currency}, "
        f"written off below {health.write_off_below} {market.base_currency}"
        f"{f', by the rule {rule}' if rule else ''}",
        target="configurator",
        kind="Configurator",
        method="setLiquidationTerms",
        arguments=lambda a: [
            a["pool"],
            health.target_health_bps,
            health.full_liquidation_health_bps,
            health.dust,
            health.write_off_below,
            a[RULE] if rule else ZERO,
        ],
    )


def _rule_in_words(model: LiquidationModel) -> str:
    factor, auction = model.close_factor, model.dutch_auction
    if factor is not None:
        return (
            f"half of a debt above a health of {plain(factor.full_health)} where both sides are worth "
            f"{factor.min_side} or more, else all of it"
        )
    if auction is not None:
        rises, lasts = spell(auction.duration), spell(auction.lifetime)
        return f"a bonus that rises for {rises}, in an auction of {lasts}"
    return "any part of a debt, at a bonus that follows from the threshold"


def _mock_token(symbol: str, r: Reserve, *, native: bool) -> Step:
    key = f"token {symbol}"
    if native:
        return create(key, "MockWETH", f"{symbol}, wraps the chain's currency", lambda _: [])
    return create(
        key,
        "MockToken",
        f"{symbol}, {r.decimals} decimals",
        lambda _: [f"{symbol} (mock)", symbol, r.decimals],
    )


def _mint(symbol: str, r: Reserve, deployer: str) -> Step:
    return Step(
        key=f"mint {symbol}",
        what=f"mint {symbol}",
        detail=f"{plain(r.seed)} {symbol} to the deployer",
        target=f"token {symbol}",
        kind="MockToken",
        method="mint",
        arguments=lambda _: [deployer, r.seed_raw],
    )


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


def _listing_steps(
    id_: int, symbol: str, r: Reserve, model: str | None, feeds: Feeds
) -> list[Step]:
    feed = feeds.of(symbol)
    named = {model, *feeds.adapters} - {None}
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
            detail=_in_words(symbol, r) + "".join(f", {x}" for x in (model, feed) if x in named),
            target="configurator",
            kind="Configurator",
            method="listReserve",
            arguments=lambda a: [
                a["pool"],
                a[f"token {symbol}"],
                reserve_parameters(r, a[feed], a[model] if model else ZERO),
                r.seed_raw,
            ],
            gas=CALL_GAS + id_ * EARLIER_RESERVE_GAS,
            before=lambda chain, a: feeds.require_fit(symbol, chain, a),
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
