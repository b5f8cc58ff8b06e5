"""What a pool goes through on price paths: liquidations, what they do to the market, and losses.

Steps in time; within a step, rounds over the accounts until no liquidation pays. One liquidation
repays x of a debt d and takes x (1 + b) of a collateral c, of which the liquidator keeps
y = x (1 + b) - fee b x. He sells it, buys back what he repaid, and acts when

    proceeds_c(y) - cost_d(x) - gas > min_profit

Order, so that anyone can replay it: accounts by number; for each, one liquidation a round, of the
first pair that pays in the order of `liquidation.rank_pairs`; an offer that does not pay, or leaves
dust, is halved up to eleven times. The least of four things bounds it: the rule's size, market
depth, the capital that liquidators can turn over in a step, and the pool's own cash of c,
which idle collateral needs none of. Health uses the oracle's price; profit uses the market's.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from sims.book import Book
from sims.depth import MarketDepth, impact_of
from sims.liquidation import (
    LiquidationTerms,
    ReserveParams,
    bonus_of,
    repay_value_of,
    shortfall,
)
from sims.rates import YEAR_S, FloatArray, InputError, annual_rate, as_row, growth_of

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HALVINGS = 11
ROUNDS = 64
"""Most rounds in a step; what is left waits for the next one."""

WATCH_HEALTH = 1.15
"""Accounts below this are looked at every round, the others once prices have moved by as much."""
WATCH_SLACK = 1.0 - 1e-9

NO_RESERVE = -1

# What held an offer back.
PROFIT, CASH, CAPITAL, DEPTH = 0, 1, 2, 3


@dataclass(frozen=True)
class Settings:
    """How liquidators and the oracle behave.

    Attributes
    ----------
    dt_s : length of a step.
    gas_usd : what one liquidation costs its sender.
    min_profit_usd : what it must earn beyond that.
    capital_usd : what liquidators together can put into repayments in one step.
    oracle_feedback : share of the liquidations' own price impact that reaches the oracle, one step
        later, in [0, 1].
    """

    dt_s: float = 300.0
    gas_usd: float = 15.0
    min_profit_usd: float = 0.0
    capital_usd: float = np.inf
    oracle_feedback: float = 0.0

    def __post_init__(self) -> None:
        if not self.dt_s > 0.0:
            raise InputError(f"dt_s is {self.dt_s:g}; set it above 0.")
        for name in ("gas_usd", "min_profit_usd", "capital_usd"):
            if not getattr(self, name) >= 0.0:
                raise InputError(f"{name} is {getattr(self, name):g}; it must not be negative.")
        if not 0.0 <= self.oracle_feedback <= 1.0:
            raise InputError(
                f"oracle_feedback is {self.oracle_feedback:g}; keep it between 0 and 1."
            )


# ---------------------------------------------------------------- records of the compiled engine


def _record(*names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.float64) for name in names])


TERMS = ("threshold", "bonus_floor", "bonus_cap")
CURVE = ("base", "kink", "slope1", "slope2", "reserve_factor")
LEDGER = ("supply_index", "debt_index", "supply_total", "debt_total", "buffer", "insured")
MARKET = ("sold_usd", "bought_usd", "lasting", "market", "oracle")
PRICE_TIMES_INDEX = ("supply_price", "debt_price")
WATCHED = ("watched_oracle", "watched_supply_price", "watched_debt_price")
RESERVE = _record(*CURVE, "fee", *LEDGER, *MARKET, *PRICE_TIMES_INDEX, *WATCHED)

LEG = np.dtype(
    [(name, np.int64) for name in ("reserve", "collateral", "idle")]
    + [(name, np.float64) for name in ("supply", "debt", *TERMS)]
)
KNOBS = _record(
    *("target", "full", "dust", "write_off_below"),
    *("years", "remaining", "lasting_share", "oracle_feedback"),
    *("hurdle_usd", "gas_usd", "capital_usd", "watch_health"),
)
COUNTS = _record(
    *(
        "bad_debt",
        "insurer_loss",
        "supplier_loss",
        "write_offs",
        "liquidated",
        "liquidations",
        "bonus",
        "fees",
    ),
    *("profit", "min_health", "shortfall", "trough", "events"),
    *("unmet_profit", "unmet_cash", "unmet_capital", "unmet_depth"),
    # passing values of the step
    *("capital_left", "short_now", "profit_now", "cash_now", "capital_now", "depth_now"),
)
EVENT = _record(
    *("step", "account", "debt_reserve", "collateral_reserve"),
    *("repaid", "repaid_usd", "seized", "seized_usd", "fee", "bonus", "profit_usd", "bad_debt_usd"),
)
STEP = _record("liquidated_usd", "bad_debt_usd", "shortfall_usd")
RESERVE_STEP = _record(
    *("market_price_usd", "oracle_price_usd", "supplied", "borrowed", "buffer"),
    *("supply_index", "debt_index"),
)


class Pool(NamedTuple):
    """One path's own copy of the pool. Few arrays of records: every array costs compile time.

    `indptr` (n + 1,) and `set_aside` (n,); `legs` (m,) of LEG, amounts in shares, in tokens where they
    sit idle; `reserves` (R,) of RESERVE, totals of what earns; `volume_usd` and `impact` (R, K)
    depth; `knobs` and `counts` (1,); `watched` (n,) numbers of the accounts on the watch list.
    """

    indptr: IntArray
    set_aside: BoolArray
    legs: Any
    reserves: Any
    volume_usd: FloatArray
    impact: FloatArray
    knobs: Any
    counts: Any
    watched: IntArray


compiled = njit(cache=True, error_model="numpy", nogil=True)

# ---------------------------------------------------------------- one step: interest and prices


@compiled
def _accrue(pool: Pool) -> None:
    for r in pool.reserves:
        owed = r.debt_total * r.debt_index
        if owed <= 0.0:
            continue
        supplied = r.supply_total * r.supply_index
        used = min(1.0, owed / supplied) if supplied > 0.0 else 1.0
        rate = annual_rate(used, r.base, r.kink, r.slope1, r.slope2)
        grown: float = growth_of(rate * pool.knobs[0].years)
        interest = owed * grown
        kept = interest * r.reserve_factor if supplied > 0.0 else interest
        r.debt_index *= 1.0 + grown
        r.buffer += kept
        if supplied > 0.0:
            r.supply_index *= 1.0 + (interest - kept) / supplied


@compiled
def _read_prices(pool: Pool, market: FloatArray, oracle: FloatArray) -> None:
    """Market prices carry the lasting impact; the oracle sees a share of all of it, a step late."""
    knobs = pool.knobs[0]
    for i in range(pool.reserves.size):
        r = pool.reserves[i]
        r.sold_usd *= knobs.remaining
        r.bought_usd *= knobs.remaining
        moved = r.lasting * (1.0 - impact_of(pool.volume_usd[i], pool.impact[i], r.sold_usd))
        moved *= 1.0 + impact_of(pool.volume_usd[i], pool.impact[i], r.bought_usd)
        seen = oracle[i] * (1.0 + knobs.oracle_feedback * (moved - 1.0))
        price = market[i] * r.lasting
        r.oracle = seen if seen > 0.0 else 0.0
        r.market = price if price > 0.0 else 0.0
        r.supply_price = r.supply_index * r.oracle
        r.debt_price = r.debt_index * r.oracle


# ---------------------------------------------------------------- one account


@compiled
def _held_usd(leg: Any, reserves: Any) -> float:
    """The value of what the leg holds."""
    r = reserves[leg.reserve]
    value: float = leg.supply * (r.oracle if leg.idle else r.supply_price)
    return value


@compiled
def _debt_and_limit(legs: Any, reserves: Any, start: int, stop: int) -> tuple[float, float]:
    debt, limit = 0.0, 0.0
    for k in range(start, stop):
        leg = legs[k]
        r = reserves[leg.reserve]
        debt += leg.debt * r.debt_price
        if leg.collateral:
            limit += _held_usd(leg, reserves) * leg.threshold
    return debt, limit


@compiled
def _short(pool: Pool, start: int, stop: int) -> float:
    """The debt that the collateral cannot repay at the highest bonus."""
    debt, cover = 0.0, 0.0
    for k in range(start, stop):
        leg = pool.legs[k]
        r = pool.reserves[leg.reserve]
        debt += leg.debt * r.debt_price
        if leg.collateral:
            cover += _held_usd(leg, pool.reserves) / (1.0 + leg.bonus_cap)
    return max(0.0, debt - cover)


@compiled
def _is_bad_debt(pool: Pool, start: int, stop: int) -> bool:
    debt, collateral = 0.0, 0.0
    for k in range(start, stop):
        leg = pool.legs[k]
        r = pool.reserves[leg.reserve]
        held = leg.collateral and leg.supply > 0.0
        if r.oracle == 0.0 and (held or leg.debt > 0.0):
            return False
        debt += leg.debt * r.debt_price
        if held:
            collateral += _held_usd(leg, pool.reserves)
    return collateral <= pool.knobs[0].write_off_below and collateral < debt


@compiled
def _write_off(pool: Pool, start: int, stop: int) -> float:
    """Collateral goes to the buffers, debts off the books; buffers pay first, insurers, suppliers."""
    counts = pool.counts[0]
    lost_usd = 0.0
    for k in range(start, stop):
        leg = pool.legs[k]
        if leg.collateral and leg.supply > 0.0:
            r = pool.reserves[leg.reserve]
            lost_usd -= _held_usd(leg, pool.reserves)
            r.buffer += leg.supply * (1.0 if leg.idle else r.supply_index)
            r.supply_total -= 0.0 if leg.idle else leg.supply
            leg.supply = 0.0
    for k in range(start, stop):
        leg = pool.legs[k]
        if leg.debt == 0.0:
            continue
        r = pool.reserves[leg.reserve]
        lost_usd += leg.debt * r.debt_price
        lost = leg.debt * r.debt_index
        r.debt_total -= leg.debt
        leg.debt = 0.0
        paid = min(lost, r.buffer)
        r.buffer -= paid
        lost -= paid
        if lost > 0.0 and r.insured > 0.0 and r.supply_index > 0.0:
            burned = min(r.insured, lost / r.supply_index)
            r.insured -= burned
            r.supply_total -= burned
            paid = min(lost, burned * r.supply_index)
            counts.insurer_loss += paid * r.oracle
            lost -= paid
        supplied = r.supply_total * r.supply_index
        if lost > 0.0 and supplied > 0.0:
            r.supply_index *= max(0.0, 1.0 - lost / supplied)
            r.supply_price = r.supply_index * r.oracle
            counts.supplier_loss += lost * r.oracle
    counts.bad_debt += lost_usd
    counts.write_offs += 1.0
    return lost_usd


# ---------------------------------------------------------------- one liquidation


@compiled
def _profit(pool: Pool, d: int, c: int, repaid: float, bonus: float) -> float:
    """What the liquidator is left with before gas, in USD at market prices."""
    debt, held = pool.reserves[d], pool.reserves[c]
    kept: float = repaid * (1.0 + bonus * (1.0 - held.fee)) * held.market / held.oracle
    spent: float = repaid * debt.market / debt.oracle
    if d == c:
        return kept - spent
    before, after = held.sold_usd, held.sold_usd + kept
    brought: float = after * (1.0 - impact_of(pool.volume_usd[c], pool.impact[c], after))
    brought -= before * (1.0 - impact_of(pool.volume_usd[c], pool.impact[c], before))
    before, after = debt.bought_usd, debt.bought_usd + spent
    paid: float = after * (1.0 + impact_of(pool.volume_usd[d], pool.impact[d], after))
    paid -= before * (1.0 + impact_of(pool.volume_usd[d], pool.impact[d], before))
    return brought - paid


@compiled
def _bounded(pool: Pool, d: int, c: int, idle: int, rule: float, bonus: float) -> tuple[float, int]:
    """The rule's size, or the least that cash, capital or depth allow; and which of them it was."""
    debt, held = pool.reserves[d], pool.reserves[c]
    repaid, binding = rule, PROFIT
    cash = max(0.0, held.supply_total * held.supply_index - held.debt_total * held.debt_index)
    takes = bonus if d == c else 1.0 + bonus
    if not idle and takes * repaid > cash * held.oracle:
        repaid, binding = cash * held.oracle / takes, CASH
    by_capital = pool.counts[0].capital_left * debt.oracle / debt.market
    if by_capital < repaid:
        repaid, binding = by_capital, CAPITAL
    if d != c:
        sells = (1.0 + bonus * (1.0 - held.fee)) * held.market / held.oracle
        by_sale = max(0.0, pool.volume_usd[c, -1] - held.sold_usd) / sells
        by_purchase = max(0.0, pool.volume_usd[d, -1] - debt.bought_usd) * debt.oracle / debt.market
        by_depth = min(by_sale, by_purchase)
        if by_depth < repaid:
            repaid, binding = by_depth, DEPTH
    return repaid, binding


@compiled
def _offer(
    pool: Pool,
    d: int,
    c: int,
    idle: int,
    rule: float,
    bonus: float,
    debt_side: float,
    collateral_side: float,
) -> tuple[float, float, int]:
    """The value a liquidator repays (0 for none), his profit before gas, and what bound him."""
    if pool.reserves[d].market == 0.0 or pool.reserves[c].market == 0.0:
        return 0.0, 0.0, PROFIT
    knobs = pool.knobs[0]
    repaid, binding = _bounded(pool, d, c, idle, rule, bonus)
    for _ in range(HALVINGS + 1):
        if repaid <= 0.0:
            break
        least_left = min(debt_side - repaid, collateral_side - repaid * (1.0 + bonus))
        if repaid == rule or least_left >= knobs.dust:
            profit = _profit(pool, d, c, repaid, bonus)
            if profit > knobs.hurdle_usd:
                return repaid, profit, binding
        repaid *= 0.5
    return 0.0, 0.0, binding


@compiled
def _settle(
    pool: Pool, debt_leg: int, collateral_leg: int, repaid: float, bonus: float, event: Any
) -> None:
    """Move what a liquidation moves: debt, collateral, fee, capital and the two markets."""
    counts, lasting_share = pool.counts[0], pool.knobs[0].lasting_share
    owed, held = pool.legs[debt_leg], pool.legs[collateral_leg]
    d, c = owed.reserve, held.reserve
    debt, collateral = pool.reserves[d], pool.reserves[c]
    spent = repaid * debt.market / debt.oracle
    kept = repaid * (1.0 + bonus * (1.0 - collateral.fee)) * collateral.market / collateral.oracle
    fee_usd = collateral.fee * bonus * repaid

    index = 1.0 if held.idle else collateral.supply_index
    seized_all = repaid >= _held_usd(held, pool.reserves) / (1.0 + bonus)
    shares = owed.debt
    if repaid < owed.debt * debt.debt_price:
        shares = min(shares, repaid / debt.debt_price)
    owed.debt -= shares
    debt.debt_total -= shares
    event.repaid = shares * debt.debt_index

    shares = held.supply
    if not seized_all:
        shares = min(shares, repaid * (1.0 + bonus) / (index * collateral.oracle))
    held.supply -= shares
    collateral.supply_total -= 0.0 if held.idle else shares
    collateral.buffer += fee_usd / collateral.oracle
    event.seized = shares * index

    counts.capital_left -= spent
    if d != c:
        volume_usd, impact = pool.volume_usd[c], pool.impact[c]
        moved = impact_of(volume_usd, impact, collateral.sold_usd + kept)
        moved -= impact_of(volume_usd, impact, collateral.sold_usd)
        collateral.lasting *= 1.0 - lasting_share * moved
        collateral.market *= 1.0 - lasting_share * moved
        collateral.sold_usd += (1.0 - lasting_share) * kept
        volume_usd, impact = pool.volume_usd[d], pool.impact[d]
        moved = impact_of(volume_usd, impact, debt.bought_usd + spent)
        moved -= impact_of(volume_usd, impact, debt.bought_usd)
        debt.lasting *= 1.0 + lasting_share * moved
        debt.market *= 1.0 + lasting_share * moved
        debt.bought_usd += (1.0 - lasting_share) * spent

    counts.liquidated += repaid
    counts.liquidations += 1.0
    counts.bonus += bonus * repaid
    counts.fees += fee_usd
    event.debt_reserve, event.collateral_reserve = d, c
    event.repaid_usd, event.seized_usd = repaid, repaid * (1.0 + bonus)
    event.fee, event.bonus = fee_usd / collateral.oracle, bonus


@compiled
def _next_pair(
    pool: Pool, start: int, stop: int, health: float, last_value: float, last_pair: int
) -> tuple[float, int]:
    """The pair after `last_pair` in the order of `rank_pairs`.

    A pair counts as debt leg * width + collateral leg. Returns the most that can be repaid with it,
    and the pair, which is -1 when none is left.
    """
    width = stop - start
    best_value, best_pair = 0.0, -1
    for pair in range(width * width):
        owed, held = pool.legs[start + pair // width], pool.legs[start + pair % width]
        if not held.collateral or owed.debt == 0.0 or held.supply == 0.0:
            continue
        bonus = bonus_of(health, held.bonus_floor, held.bonus_cap, pool.knobs[0].full)
        value = min(
            owed.debt * pool.reserves[owed.reserve].debt_price,
            _held_usd(held, pool.reserves) / (1.0 + bonus),
        )
        is_later = value < last_value or (value == last_value and pair > last_pair)
        if is_later and value > best_value:
            best_value, best_pair = value, pair
    return best_value, best_pair


@compiled
def _liquidate(
    pool: Pool, start: int, stop: int, debt_value: float, limit: float, event: Any
) -> bool:
    """Liquidate the first of the account's pairs that pays; false if none does."""
    knobs, counts = pool.knobs[0], pool.counts[0]
    width = stop - start
    health = limit / debt_value
    value, pair = _next_pair(pool, start, stop, health, np.inf, -1)
    is_first = True
    while pair >= 0:
        debt_leg, collateral_leg = start + pair // width, start + pair % width
        held = pool.legs[collateral_leg]
        d, c = pool.legs[debt_leg].reserve, held.reserve
        bonus = bonus_of(health, held.bonus_floor, held.bonus_cap, knobs.full)
        debt_side = pool.legs[debt_leg].debt * pool.reserves[d].debt_price
        collateral_side = _held_usd(held, pool.reserves)
        rule = repay_value_of(
            debt_value,
            limit,
            debt_side,
            collateral_side,
            held.threshold,
            bonus,
            knobs.target,
            knobs.full,
            knobs.dust,
        )
        repaid, profit, binding = _offer(
            pool, d, c, held.idle, rule, bonus, debt_side, collateral_side
        )
        if repaid > 0.0:
            _settle(pool, debt_leg, collateral_leg, repaid, bonus, event)
            event.profit_usd = profit - knobs.gas_usd
            counts.profit += profit - knobs.gas_usd
            return True
        if is_first:
            counts.profit_now += rule if binding == PROFIT else 0.0
            counts.cash_now += rule if binding == CASH else 0.0
            counts.capital_now += rule if binding == CAPITAL else 0.0
            counts.depth_now += rule if binding == DEPTH else 0.0
        is_first = False
        value, pair = _next_pair(pool, start, stop, health, value, pair)
    return False


@compiled
def _act_on(pool: Pool, account: int, debt: float, limit: float, event: Any) -> bool:
    """An unhealthy account's turn in a round: whether anything happened to it."""
    start, stop = pool.indptr[account], pool.indptr[account + 1]
    counts = pool.counts[0]
    counts.min_health = min(counts.min_health, limit / debt)
    event.account = account
    event.debt_reserve = event.collateral_reserve = NO_RESERVE
    event.repaid = event.repaid_usd = event.seized = event.seized_usd = 0.0
    event.fee = event.bonus = event.profit_usd = event.bad_debt_usd = 0.0
    acted = not _is_bad_debt(pool, start, stop) and _liquidate(
        pool, start, stop, debt, limit, event
    )
    if _is_bad_debt(pool, start, stop):
        event.bad_debt_usd = _write_off(pool, start, stop)
        acted = True
    if not acted:
        counts.short_now += _short(pool, start, stop)
    return acted


# ---------------------------------------------------------------- the watch list


@compiled
def _watch(pool: Pool) -> int:
    """List the accounts near enough to liquidation to be looked at; returns how many."""
    for r in pool.reserves:
        r.watched_oracle = r.oracle
        r.watched_supply_price, r.watched_debt_price = r.supply_price, r.debt_price
    watch_health = pool.knobs[0].watch_health
    count = 0
    for account in range(pool.indptr.size - 1):
        debt, limit = _debt_and_limit(
            pool.legs, pool.reserves, pool.indptr[account], pool.indptr[account + 1]
        )
        if debt > 0.0 and limit < watch_health * debt and not pool.set_aside[account]:
            pool.watched[count] = account
            count += 1
    return count


@compiled
def _unwatched_are_healthy(pool: Pool) -> bool:
    """No limit shrank and no debt grew enough to bring an unwatched account under health one.

    Its health was at least `watch_health`; prices times indices bound what is left of that.
    """
    limit_left, debt_grown = np.inf, 0.0
    for r in pool.reserves:
        if r.watched_oracle > 0.0:
            limit_left = min(limit_left, r.oracle / r.watched_oracle)
        if r.watched_supply_price > 0.0:
            limit_left = min(limit_left, r.supply_price / r.watched_supply_price)
        if r.watched_debt_price > 0.0:
            debt_grown = max(debt_grown, r.debt_price / r.watched_debt_price)
        elif r.debt_price > 0.0:
            return False
    enough: bool = pool.knobs[0].watch_health * limit_left * WATCH_SLACK >= debt_grown
    return enough


@compiled
def _next_unhealthy(pool: Pool, first: int, watched: int) -> tuple[int, float, float]:
    """The place in the watch list, from `first` on, of an unhealthy account; its debt and limit."""
    legs, reserves, indptr = pool.legs, pool.reserves, pool.indptr
    for k in range(first, watched):
        account = pool.watched[k]
        debt, limit = _debt_and_limit(legs, reserves, indptr[account], indptr[account + 1])
        if limit < debt:
            return k, debt, limit
    return watched, 0.0, 0.0


# ---------------------------------------------------------------- one path


@compiled
def _round(pool: Pool, watched: int, step: int, event: Any, events: Any) -> tuple[bool, int]:
    """Every watched account's turn; whether anything happened, and how many are watched now."""
    counts = pool.counts[0]
    counts.short_now = 0.0
    counts.profit_now = counts.cash_now = counts.capital_now = counts.depth_now = 0.0
    anything = False
    k, debt, limit = _next_unhealthy(pool, 0, watched)
    while k < watched:
        account = pool.watched[k]
        k += 1
        if _act_on(pool, account, debt, limit, event):
            anything = True
            event.step = step
            if counts.events < events.size:
                events[int(counts.events)] = event
            counts.events += 1.0
            # A write-off shrinks what others have supplied: look whom that brings into view.
            if not _unwatched_are_healthy(pool):
                watched = _watch(pool)
                k = 0
                while k < watched and pool.watched[k] <= account:
                    k += 1
        k, debt, limit = _next_unhealthy(pool, k, watched)
    return anything, watched


@compiled
def _keep(pool: Pool, step: int, steps: Any, reserve_steps: Any) -> None:
    counts = pool.counts[0]
    row = steps[step]
    row.liquidated_usd, row.bad_debt_usd = counts.liquidated, counts.bad_debt
    row.shortfall_usd = counts.short_now
    for i in range(pool.reserves.size):
        r, kept = pool.reserves[i], reserve_steps[step, i]
        kept.market_price_usd, kept.oracle_price_usd = r.market, r.oracle
        kept.supplied, kept.borrowed = r.supply_total * r.supply_index, r.debt_total * r.debt_index
        kept.buffer = r.buffer
        kept.supply_index, kept.debt_index = r.supply_index, r.debt_index


@compiled
def _run_path(
    pool: Pool,
    market: FloatArray,
    oracle: FloatArray,
    event: Any,
    events: Any,
    steps: Any,
    reserve_steps: Any,
) -> None:
    """Take the pool along one path (T + 1, R); keeps as many events and steps as there is room."""
    counts = pool.counts[0]
    _read_prices(pool, market[0], oracle[0])
    watched = _watch(pool)
    if steps.size > 0:
        _keep(pool, 0, steps, reserve_steps)
    for step in range(1, market.shape[0]):
        _accrue(pool)
        _read_prices(pool, market[step], oracle[step])
        counts.capital_left = pool.knobs[0].capital_usd
        for _ in range(ROUNDS):
            if not _unwatched_are_healthy(pool):
                watched = _watch(pool)
            anything, watched = _round(pool, watched, step, event, events)
            if not anything:
                break
        counts.shortfall = counts.short_now
        counts.trough = max(counts.trough, counts.bad_debt + counts.short_now)
        counts.unmet_profit = max(counts.unmet_profit, counts.profit_now)
        counts.unmet_cash = max(counts.unmet_cash, counts.cash_now)
        counts.unmet_capital = max(counts.unmet_capital, counts.capital_now)
        counts.unmet_depth = max(counts.unmet_depth, counts.depth_now)
        if steps.size > 0:
            _keep(pool, step, steps, reserve_steps)


# ---------------------------------------------------------------- results


@dataclass(frozen=True)
class CascadeResult:
    """What P paths did to a pool; all arrays (P,), values in USD.

    Attributes
    ----------
    bad_debt_usd : written off, less the collateral forfeited with it.
    insurer_loss_usd : the part of it that the buffers could not pay, but insurers could.
    supplier_loss_usd : the part of it that neither could.
    shortfall_usd : at the end, still on the books: debt beyond collateral / (1 + bonus_cap).
    trough_loss_usd : the largest bad debt so far plus shortfall at the end of any step.
    liquidated_usd, liquidations, write_offs : debt repaid by liquidators, and how often.
    bonus_paid_usd, fees_usd : what borrowers paid on top, and the protocol's part of it.
    profit_usd : what liquidators were left with after slippage and gas.
    min_health : the lowest health below one that any account had when its turn came; one if none.
    unmet_profit_usd, unmet_cash_usd, unmet_capital_usd, unmet_depth_usd : the most debt, at the end
        of any step, that the rule would have liquidated but that was refused: it did not pay, the
        pool had no cash of the collateral, liquidators no capital, the market no depth.
    baseline_loss_usd : bad debt and shortfall of the same pool with prices that stand still.
    set_aside : (n,) accounts insolvent at the start; they take no part.
    set_aside_usd : their shortfall then.
    """

    bad_debt_usd: FloatArray
    insurer_loss_usd: FloatArray
    supplier_loss_usd: FloatArray
    shortfall_usd: FloatArray
    trough_loss_usd: FloatArray
    liquidated_usd: FloatArray
    liquidations: IntArray
    write_offs: IntArray
    bonus_paid_usd: FloatArray
    fees_usd: FloatArray
    profit_usd: FloatArray
    min_health: FloatArray
    unmet_profit_usd: FloatArray
    unmet_cash_usd: FloatArray
    unmet_capital_usd: FloatArray
    unmet_depth_usd: FloatArray
    baseline_loss_usd: float
    set_aside: BoolArray
    set_aside_usd: float

    @property
    def loss_usd(self) -> FloatArray:
        """Bad debt realised plus what is still short at the end."""
        return self.bad_debt_usd + self.shortfall_usd

    @property
    def shock_loss_usd(self) -> FloatArray:
        """The loss over what happens with prices that stand still."""
        return self.loss_usd - self.baseline_loss_usd


@dataclass(frozen=True)
class Event:
    """One liquidation, or one write-off without (then both reserves are -1).

    Amounts are whole tokens of the reserve concerned; `seized` includes the protocol's `fee`.
    """

    step: int
    account: int
    debt_reserve: int
    collateral_reserve: int
    repaid: float
    repaid_usd: float
    seized: float
    seized_usd: float
    fee: float
    bonus: float
    profit_usd: float
    bad_debt_usd: float

    @property
    def written_off(self) -> bool:
        """Whether the account's remaining debts were written off."""
        return self.bad_debt_usd > 0.0


@dataclass(frozen=True)
class Trace:
    """One path in full: events in order, and series with one row a step, the start included.

    Attributes
    ----------
    time_s : (T + 1,).
    liquidated_usd, bad_debt_usd : (T + 1,) so far.
    shortfall_usd : (T + 1,) at that step.
    market_price_usd, oracle_price_usd : (T + 1, R), the market's with the lasting impact.
    supplied, borrowed, buffer : (T + 1, R) whole tokens; the buffer is the protocol's.
    supply_index, debt_index : (T + 1, R), from one.
    """

    events: tuple[Event, ...]
    time_s: FloatArray
    liquidated_usd: FloatArray
    bad_debt_usd: FloatArray
    shortfall_usd: FloatArray
    market_price_usd: FloatArray
    oracle_price_usd: FloatArray
    supplied: FloatArray
    borrowed: FloatArray
    buffer: FloatArray
    supply_index: FloatArray
    debt_index: FloatArray

    @property
    def utilization(self) -> FloatArray:
        """Borrowed over supplied (T + 1, R); zero where nothing is supplied."""
        has = self.supplied > 0.0
        return np.divide(self.borrowed, self.supplied, out=np.zeros_like(self.borrowed), where=has)


@dataclass(frozen=True)
class Cascade:
    """A pool, ready to be run on price paths.

    Attributes
    ----------
    book : the accounts.
    params, terms : the pool's parameters.
    depth : the markets of its R assets.
    settings : how liquidators behave.
    other_supply, other_debt : (R,) whole tokens that earn for, and are owed by, nobody in `book`:
        the seed, or accounts that are not looked at. They lend and borrow on and do nothing else.
    buffer : (R,) whole tokens of the protocol's income so far, first to absorb bad debt.
    insured : (R,) whole tokens of the supply that are the insurer's, second to absorb it. It borrows
        nothing against them.
    """

    book: Book
    params: ReserveParams
    terms: LiquidationTerms
    depth: MarketDepth
    settings: Settings = Settings()
    other_supply: ArrayLike = 0.0
    other_debt: ArrayLike = 0.0
    buffer: ArrayLike = 0.0
    insured: ArrayLike = 0.0

    def run(
        self,
        paths: FloatArray,
        *,
        oracle: FloatArray | None = None,
        workers: int | None = None,
        block: int = 64,
        progress: Callable[[int, int], None] | None = None,
    ) -> CascadeResult:
        """Run every path.

        Parameters
        ----------
        paths : (P, T + 1, R) market prices in USD, all from the same start; a price that is not
            above zero is missing.
        oracle : (P, T + 1, R) what the oracle says before feedback; as the market if not given.
        workers : threads, one per core if not given; changes nothing in the result.
        block : paths a thread takes at a time; changes nothing in the result.
        progress : called with the paths done and the paths in all, after each block.
        """
        market, seen = self._prices(paths, oracle)
        start = self._pool(seen[0, 0])
        parts = [slice(first, first + block) for first in range(0, len(market), block)]

        def run_part(part: slice) -> FloatArray:
            return np.concatenate(
                [_counts(start, *prices) for prices in zip(market[part], seen[part], strict=True)]
            )

        counts = []
        with ThreadPoolExecutor(workers or cpu_count()) as threads:
            for done in threads.map(run_part, parts):
                counts.append(done)
                if progress is not None:
                    progress(sum(map(len, counts)), len(market))
        still = (np.tile(prices[0, 0], (market.shape[1], 1)) for prices in (market, seen))
        baseline = _counts(start, *still)[0]
        return self._result(
            np.concatenate(counts), float(baseline.bad_debt + baseline.shortfall), seen[0, 0]
        )

    def trace(self, path: FloatArray, *, oracle: FloatArray | None = None) -> Trace:
        """Run one path (T + 1, R) again and keep everything: `trace(paths[i])` explains row i."""
        market, seen = self._prices(path[None], None if oracle is None else oracle[None])
        start = self._pool(seen[0, 0])
        steps, reserves = market.shape[1:]
        events = records(EVENT, int(_counts(start, market[0], seen[0]).events[0]))
        step_rows, reserve_rows = records(STEP, steps), records(RESERVE_STEP, (steps, reserves))
        _counts(start, market[0], seen[0], events, step_rows, reserve_rows)
        return Trace(
            events=tuple(_event(row) for row in events),
            time_s=np.arange(steps) * self.settings.dt_s,
            **{name: np.array(step_rows[name]) for name in step_rows.dtype.names},
            **{name: np.array(reserve_rows[name]) for name in reserve_rows.dtype.names},
        )

    def _prices(
        self, paths: FloatArray, oracle: FloatArray | None
    ) -> tuple[FloatArray, FloatArray]:
        market = np.ascontiguousarray(paths, dtype=np.float64)
        seen = market if oracle is None else np.ascontiguousarray(oracle, dtype=np.float64)
        reserves = self.params.reserves
        if market.ndim != 3 or market.shape[2] != reserves or 0 in market.shape:
            raise InputError(
                f"Price paths have shape {market.shape}; give them (paths, steps + 1, {reserves})."
            )
        if seen.shape != market.shape:
            raise InputError(f"oracle has shape {seen.shape}; give it that of the paths.")
        for prices in (market, seen):
            alike = np.tile(prices[0, 0], (len(prices), 1))
            if not np.array_equal(prices[:, 0], alike, equal_nan=True):
                raise InputError("Price paths start at different prices; let all start alike.")
        return market, seen

    def _short(self, price: FloatArray) -> FloatArray:
        """The shortfall (n,) of every account at `price` (R,)."""
        known = np.where(price > 0.0, price, 0.0)
        cover = self.book.collateral_value(known / (1.0 + self.params.by_category("bonus_cap")))
        return shortfall(self.book.debt_value(known), cover=cover)

    def _pool(self, start_price: FloatArray) -> Pool:
        params, terms, settings, depth = self.params, self.terms, self.settings, self.depth
        book = self.book
        if book.reserve.size and book.reserve.max() >= params.reserves:
            raise InputError(
                f"The book has positions in reserve {book.reserve.max()}, but there are only"
                f" {params.reserves} reserves; use the market it was made for."
            )
        if len(depth.volume_usd) != params.reserves:
            raise InputError(
                f"depth has {len(depth.volume_usd)} markets; give it {params.reserves}."
            )
        if book.accounts and book.category.max() > len(params.categories):
            raise InputError(
                f"The book has accounts in category {book.category.max()}, but there are only"
                f" {len(params.categories)} categories; use the market it was made for."
            )

        def row(name: str) -> FloatArray:
            return as_row(name, np.broadcast_to(getattr(self, name), params.reserves))

        # An account's legs by reserve, so that the first of equal pairs has the lowest ids.
        by_reserve = np.lexsort((book.reserve, book.account_of_leg))
        legs = records(LEG, book.reserve.size)
        for name in ("reserve", "collateral", "idle", "supply", "debt"):
            legs[name] = getattr(book, name)[by_reserve]
        for name in TERMS:
            legs[name] = book.at_legs(params.by_category(name))[by_reserve]

        rows = records(RESERVE, params.reserves)
        for name in CURVE:
            rows[name] = getattr(params.curve, name)
        rows.fee = params.fee
        rows.supply_index = rows.debt_index = rows.lasting = 1.0
        rows.supply_total = book.supplied(params.reserves) + row("other_supply")
        rows.debt_total = book.borrowed(params.reserves) + row("other_debt")
        rows.buffer, rows.insured = row("buffer"), row("insured")

        knobs, counts = records(KNOBS, 1), records(COUNTS, 1)
        knobs.target, knobs.full = terms.target_health, terms.full_liquidation_health
        knobs.dust, knobs.write_off_below = terms.dust, terms.write_off_below
        knobs.years, knobs.remaining = settings.dt_s / YEAR_S, depth.remaining(settings.dt_s)
        knobs.lasting_share, knobs.oracle_feedback = depth.lasting_share, settings.oracle_feedback
        knobs.hurdle_usd = settings.gas_usd + settings.min_profit_usd
        knobs.gas_usd, knobs.capital_usd = settings.gas_usd, settings.capital_usd
        knobs.watch_health = WATCH_HEALTH
        counts.min_health = 1.0
        return Pool(
            indptr=book.indptr,
            set_aside=self._short(start_price) > 0.0,
            legs=legs,
            reserves=rows,
            volume_usd=depth.volume_usd,
            impact=depth.impact,
            knobs=knobs,
            counts=counts,
            watched=np.zeros(book.accounts, dtype=np.int64),
        )

    def _result(self, counts: Any, baseline_usd: float, start_price: FloatArray) -> CascadeResult:
        short = self._short(start_price)
        return CascadeResult(
            bad_debt_usd=counts["bad_debt"].copy(),
            insurer_loss_usd=counts["insurer_loss"].copy(),
            supplier_loss_usd=counts["supplier_loss"].copy(),
            shortfall_usd=counts["shortfall"].copy(),
            trough_loss_usd=counts["trough"].copy(),
            liquidated_usd=counts["liquidated"].copy(),
            liquidations=counts["liquidations"].astype(np.int64),
            write_offs=counts["write_offs"].astype(np.int64),
            bonus_paid_usd=counts["bonus"].copy(),
            fees_usd=counts["fees"].copy(),
            profit_usd=counts["profit"].copy(),
            min_health=counts["min_health"].copy(),
            unmet_profit_usd=counts["unmet_profit"].copy(),
            unmet_cash_usd=counts["unmet_cash"].copy(),
            unmet_capital_usd=counts["unmet_capital"].copy(),
            unmet_depth_usd=counts["unmet_depth"].copy(),
            baseline_loss_usd=baseline_usd,
            set_aside=short > 0.0,
            set_aside_usd=float(short.sum()),
        )


def records(kind: np.dtype[np.void], shape: int | tuple[int, ...]) -> Any:
    """Zeroed records of one kind, whose fields are attributes."""
    return np.zeros(shape, dtype=kind).view(np.recarray)


def _counts(
    start: Pool,
    market: FloatArray,
    oracle: FloatArray,
    events: Any = None,
    steps: Any = None,
    reserve_steps: Any = None,
) -> Any:
    """The counts (1,) of one path (T + 1, R), run on a copy of the pool `start`."""
    pool = start._replace(
        legs=start.legs.copy(),
        reserves=start.reserves.copy(),
        counts=start.counts.copy(),
        watched=start.watched.copy(),
    )
    _run_path(
        pool,
        market,
        oracle,
        records(EVENT, 1)[0],
        records(EVENT, 0) if events is None else events,
        records(STEP, 0) if steps is None else steps,
        records(RESERVE_STEP, (0, 0)) if reserve_steps is None else reserve_steps,
    )
    return pool.counts


def _event(row: Any) -> Event:
    values: dict[str, Any] = {name: float(row[name]) for name in EVENT.names or ()}
    for name in ("step", "account", "debt_reserve", "collateral_reserve"):
        values[name] = int(values[name])
    return Event(**values)
