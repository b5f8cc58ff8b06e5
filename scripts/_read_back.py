"""Reads a deployment back from the chain and compares it with the market file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts._contracts import Fact, at, differences_of, made_with
from scripts._feeds import Feeds
from scripts._periphery import insurer, periphery_facts
from scripts._plan import NO_CAP, RULE, RULES, cap_or_none, category_parameters, model_key
from scripts._steps import ZERO, Addresses
from sims.market import MAX_IDLE_RAW, Market

MODEL_PARAMETERS = ("target", "steepness", "speed", "initialRate", "minRate", "maxRate")


def parameter_differences(market: Market, addresses: Addresses) -> list[str]:
    """Every parameter on the chain that is not what the market file says.

    Parameters
    ----------
    addresses : of everything, by the keys of the plan.
    """
    return differences_of(
        [
            *_pool_facts(market, addresses),
            *Feeds(market).facts(addresses),
            *periphery_facts(market, addresses),
        ]
    )


def _pool_facts(market: Market, addresses: Addresses) -> Iterator[Fact]:
    pool = at("IPool", addresses["pool"])
    configurator = at("Configurator", addresses["configurator"])
    found = [*pool.liquidationTerms()]
    h = market.liquidation
    yield "reserves", pool.reserveCount(), len(market.reserves)
    yield "configurator", pool.configurator(), addresses["configurator"]
    yield "authority", configurator.authority(), addresses["authority"]
    yield "target_health", found[0], h.target_health_bps * 10**14
    yield "full_liquidation_health", found[1], h.full_liquidation_health_bps * 10**14
    yield "dust", found[2], h.dust * 10**18
    yield "write_off_below", found[3], h.write_off_below * 10**18
    rule = h.model.name
    yield "liquidation model", found[4], ZERO if rule is None else addresses[RULE]
    if rule is not None:
        kind, arguments = RULES[rule]
        made = made_with(kind, addresses[RULE], arguments(h.model, addresses))
        yield from ((f"{RULE}.{name}", is_, wanted) for name, is_, wanted in made)
    feeds = Feeds(market)
    for symbol in market.reserves:
        yield from _reserve_facts(pool, market, symbol, feeds, addresses)
    for number, (name, c) in enumerate(market.categories.items(), start=1):
        stored = pool.categoryData(number)
        collaterals, borrowables, *shares, isolated = category_parameters(c, market)
        wanted = [collaterals, borrowables, *(s * 10**14 for s in shares), isolated]
        for (field, is_), value in zip(stored.items(), wanted, strict=True):
            yield f"{name}.{field}", is_, value


def _reserve_facts(
    pool: Any, market: Market, symbol: str, feeds: Feeds, addresses: Addresses
) -> Iterator[Fact]:
    id_ = market.reserve_id(symbol)
    r, d = market.reserves[symbol], pool.reserveData(id_)
    base, kink, slope1, slope2 = r.rates.stored
    model, cautious = model_key(market, symbol), feeds.cautious_of(symbol)
    for name, wanted in {
        "token": addresses[f"token {symbol}"],
        "feed": addresses[feeds.of(symbol)],
        "rateModel": addresses[model] if model else ZERO,
        "paused": False,
        "frozen": False,
        "borrowable": r.borrowable,
        "supplyCap": cap_or_none(r.supply_cap_raw),
        "borrowCap": cap_or_none(r.borrow_cap_raw),
        "idleCap": MAX_IDLE_RAW if r.idle_cap_raw is None else r.idle_cap_raw,
        "minDebt": r.min_debt_raw,
        "outflowRoom": NO_CAP,
        "insurer": addresses[insurer(symbol)] if r.insurer else ZERO,
        "cautiousFeed": addresses[cautious] if cautious else ZERO,
        "graceEnd": 0,
        "priceDecimals": r.decimals + r.feed.decimals,
        "maxAge": r.feed.max_age_s,
        "ltv": r.ltv_bps * 10**14,
        "threshold": r.liquidation_threshold_bps * 10**14,
        "bonusFloor": r.liquidation_bonus.floor_bps * 10**14,
        "bonusCap": r.liquidation_bonus.cap_bps * 10**14,
        "liquidationFee": r.liquidation_fee_percent * 10**16,
        "reserveFactor": r.reserve_factor_percent * 10**16,
        "curve": base | kink << 10 | slope1 << 17 | slope2 << 27,
    }.items():
        yield f"{symbol}.{name}", getattr(d, name), wanted
    yield f"{symbol}.ramps", pool.reserveWords(id_).risk >> 254 & 1, 0
    if d.supplyAssets < r.seed_raw:
        yield f"{symbol}.seed", d.supplyAssets, r.seed_raw
    if model is not None and r.adaptive_rates is not None:
        contract = at("AdaptiveRateModel", addresses[model])
        for name, value in zip(MODEL_PARAMETERS, r.adaptive_rates.wad, strict=True):
            yield f"{symbol}.{model}.{name}", getattr(contract, name)(), value
