"""What the contracts compute, for integers and for terms of z3 alike.

Named after the Solidity that they follow; `test_bytecode.py` compares each with the compiled library.
"""

from __future__ import annotations

from tests.lemmas._prover import WAD, Number, Rounding, choose, least, less

MAX_INDEX = 2**88 - 1
MAX_SHARES = 2**112 - 1
MAX_AMOUNT = 2**128 - 1
YEAR_S = 365 * 86_400
MAX_RATE = 20 * WAD // YEAR_S

Pair = tuple[Number, Number]
"""Assets and shares."""


# ---------------------------------------------------------------------- Amounts


def supply_assets(r: Rounding, assets: Number, index: Number) -> Pair:
    """A supply named in assets: shares down."""
    return assets, r.div_down(assets, index)


def supply_shares(r: Rounding, shares: Number, index: Number) -> Pair:
    """A supply named in shares: assets up."""
    return r.mul_up(shares, index), shares


def withdraw_assets(r: Rounding, assets: Number, index: Number) -> Pair:
    """A withdrawal named in assets: shares up."""
    return assets, r.div_up(assets, index)


def withdraw_shares(r: Rounding, shares: Number, index: Number) -> Pair:
    """A withdrawal named in shares, or of all of them: assets down."""
    return r.mul_down(shares, index), shares


borrow_assets, borrow_shares = withdraw_assets, withdraw_shares


def repay(r: Rounding, assets: Number, owed: Number, index: Number) -> Pair:
    """A repayment named in assets: shares down; what reaches the debt clears it and takes no more."""
    debt = r.mul_up(owed, index)
    return least(assets, debt), choose(assets >= debt, owed, r.div_down(assets, index))


def repay_shares(r: Rounding, shares: Number, owed: Number, index: Number) -> Pair:
    """A repayment named in shares: assets up."""
    taken = least(shares, owed)
    return r.mul_up(taken, index), taken


# ---------------------------------------------------------------------- Reserves


def cash(
    r: Rounding, supplied: Number, debt: Number, supply_index: Number, debt_index: Number
) -> Number:
    """What may leave the reserve now; `supplied` and `debt` are shares."""
    return less(r.mul_down(supplied, supply_index), r.mul_up(debt, debt_index))


def utilization(
    r: Rounding, supplied: Number, debt: Number, supply_index: Number, debt_index: Number
) -> Number:
    """Debt over supply, cut at one."""
    owed, owned = r.mul_up(debt, debt_index), r.mul_down(supplied, supply_index)
    # The divisor is kept off zero where it is not divided by.
    return choose(
        owed >= owned,
        choose(owed <= 0, 0, WAD),
        r.floor(owed * WAD, owned + choose(owned <= 0, 1, 0)),
    )


def grow(
    r: Rounding,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    growth_: Number,
    reserve_factor: Number,
) -> Pair:
    """The two indices after interest of `growth_` in WAD, of a reserve with some supply."""
    grown = least(debt_index + r.ceil(debt_index * growth_, WAD), MAX_INDEX)
    interest = debt * (grown - debt_index)
    part = r.floor(r.floor(interest * (100 - reserve_factor), 100), supplied)
    return least(supply_index + part, MAX_INDEX), grown


def buffer(
    r: Rounding,
    held: Number,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
) -> Number:
    """The protocol's income: what is held and owed beyond what suppliers own."""
    return less(held + r.mul_up(debt, debt_index), r.mul_up(supplied, supply_index) + idle)


def written_off_index(
    r: Rounding, supplied: Number, supply_index: Number, deficit: Number
) -> Number:
    """The supply index after a deficit."""
    return r.div_down(less(r.mul_down(supplied, supply_index), deficit), supplied)


def slash(r: Rounding, held: Number, deficit: Number, index: Number) -> Pair:
    """What an insurer with `held` shares pays of a deficit, and the shares it loses."""
    shares = least(held, r.div_up(deficit, index))
    return least(r.mul_down(shares, index), deficit), shares


# ---------------------------------------------------------------------- over time


def series(r: Rounding, x: Number) -> Number:
    """Three terms of e^x - 1, x in WAD."""
    second = r.floor(x * x, 2 * WAD)
    return x + second + r.floor(second * x, 3 * WAD)


def growth(r: Rounding, rate: Number, elapsed_s: Number) -> Number:
    """The growth of a debt over an interval."""
    return series(r, rate * elapsed_s)


def annual_rate(
    r: Rounding, base: Number, kink: Number, slope1: Number, slope2: Number, utilization_: Number
) -> Number:
    """The two-slope curve, all in WAD, a year; the kink under one and over zero."""
    low = base + r.floor(slope1 * utilization_, kink)
    high = base + slope1 + r.floor(slope2 * (utilization_ - kink), WAD - kink)
    return choose(utilization_ <= kink, low, high)


def ramp(r: Rounding, origin: Number, target: Number, left: Number, whole: Number) -> Number:
    """A threshold with `left` of `whole` seconds to go, rounded up."""
    return target + r.ceil((origin - target) * left, whole)


def outflow_level(
    r: Rounding, capacity: Number, window: Number, level: Number, passed: Number
) -> Number:
    """What may leave after `passed` seconds."""
    return least(level + r.floor(capacity * passed, window), capacity)


# ---------------------------------------------------------------------- Valuation

# 10^decimals / 1e18 is `down` / `up`, one of which is one.


def value_down(r: Rounding, assets: Number, price: Number, up: Number, down: Number) -> Number:
    """Value in WAD."""
    return r.floor(assets * price * up, down)


def value_up(r: Rounding, assets: Number, price: Number, up: Number, down: Number) -> Number:
    """As `value_down`, rounded up."""
    return r.ceil(assets * price * up, down)


def assets_down(r: Rounding, value: Number, price: Number, up: Number, down: Number) -> Number:
    """Assets worth a value."""
    return r.floor(value * down, price * up)


def assets_up(r: Rounding, value: Number, price: Number, up: Number, down: Number) -> Number:
    """As `assets_down`, rounded up."""
    return r.ceil(value * down, price * up)


# ---------------------------------------------------------------------- TargetHealth, liquidation


def bonus(
    r: Rounding, lowest: Number, highest: Number, health: Number, full_health: Number
) -> Number:
    """From floor to cap as health falls from one to `full_health`."""
    span = WAD - full_health
    return lowest + r.floor((highest - lowest) * least(WAD - health, span), span)


def most(r: Rounding, debt_side: Number, collateral_side: Number, bonus_: Number) -> Number:
    """The value that may be repaid where nothing is to be left."""
    return least(debt_side, r.div_down(collateral_side, WAD + bonus_))


def to_target(
    r: Rounding, debt: Number, limit: Number, target: Number, threshold: Number, bonus_: Number
) -> Number:
    """The value that restores the target health."""
    missing = r.mul_up(target, debt) - limit
    return r.div_up(missing, target - r.mul_down(WAD + bonus_, threshold))


def target_health(
    r: Rounding,
    debt: Number,
    limit: Number,
    debt_side: Number,
    collateral_side: Number,
    threshold: Number,
    lowest: Number,
    highest: Number,
    target: Number,
    full_health: Number,
    dust: Number,
) -> Pair:
    """The built-in rule: value that may be repaid, and bonus."""
    health = r.div_down(limit, debt)
    rate = bonus(r, lowest, highest, health, full_health)
    whole = most(r, debt_side, collateral_side, rate)
    part = least(to_target(r, debt, limit, target, threshold, rate), whole)
    collateral_left = less(collateral_side, r.mul_down(part, WAD + rate))
    dusty = choose(debt_side - part < dust, True, collateral_left < dust)
    return choose(health < full_health, whole, choose(dusty, whole, part)), rate


def seized(
    r: Rounding,
    repaid: Number,
    bonus_: Number,
    debt_price: Number,
    debt_up: Number,
    debt_down: Number,
    price: Number,
    up: Number,
    down: Number,
) -> Number:
    """The collateral for what is repaid, at a bonus, in assets."""
    worth = value_down(r, repaid, debt_price, debt_up, debt_down)
    return assets_down(r, r.mul_down(worth, WAD + bonus_), price, up, down)


def fee(r: Rounding, taken: Number, bonus_: Number, share: Number) -> Number:
    """The protocol's part of the bonus in what is seized."""
    return r.mul_up(taken - r.div_up(taken, WAD + bonus_), share)
