"""The figures of a report in words: units, key numbers, sentences, definitions, assumptions.

Values are shown with three digits and a unit, so that $1,234,567 reads $1.23m. Between two shocks
a value is a straight line,

    f(x) = f(a) + (f(b) - f(a)) (x - a) / (b - a)
"""

from __future__ import annotations

import numpy as np

from sims.metrics import Estimate
from sims.report.inputs import Floats, Losses, Replay, ReportInput

NBSP = "\u00a0"


# ------------------------------------------------------------------------------------------ units


def money(usd: float) -> str:
    """A value in USD with three digits and a unit: $1.23bn, $45.6m, $789k, $12."""
    sign, size = "-" if usd < 0 else "", abs(usd)
    for unit, one in (("bn", 1e9), ("m", 1e6), ("k", 1e3)):
        if size >= 0.9995 * one:
            return f"{sign}${_three_digits(size / one)}{unit}"
    return f"{sign}${size:.0f}"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.{1 if value >= 9.995 else 2}f}"


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage without trailing zeros: 4.5 %."""
    text = f"{100 * share:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + f"{NBSP}%"


def amount(tokens: float) -> str:
    """A number of whole tokens; an infinite one is a cap that does not exist."""
    if np.isinf(tokens):
        return "none"
    return f"{tokens:,.0f}" if tokens >= 1e3 or tokens == 0 else f"{tokens:.4g}"


def price(usd: float) -> str:
    """A price in USD with six digits, or cents if it is large."""
    return f"${usd:,.2f}" if usd >= 1e3 else f"${usd:.6g}"


def span(seconds: float) -> str:
    """A length of time in its largest unit: 1 day, 5 minutes."""
    for unit, one in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= one:
            count = round(seconds / one, 1)
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"


def interval(estimate: Estimate) -> str:
    """The confidence interval of an estimate in USD."""
    return f"{money(estimate.low)} to {money(estimate.high)}"


def twin_verdict(replay: Replay | None) -> str:
    """How far the integer twin and the contracts are apart."""
    if replay is None or replay.count == 0:
        return "not replayed"
    return f"{replay.twin_difference_max:,} wei apart"


# ------------------------------------------------------------------------------------------ text


def is_owed(data: ReportInput) -> bool:
    """Whether there is any debt, without which only rates and parameters say something."""
    return bool(data.accounts.debt_usd.any())


def key_numbers(data: ReportInput) -> list[tuple[str, str]]:
    """Headline figures: what, and how much."""
    if not is_owed(data):
        return [("Supplied", money(_supplied(data))), ("Debt", money(0.0))]
    level, risk = percent(data.losses.risk.level), data.losses.risk
    fallen = _at_shock(data, data.shocks.liquidatable_usd, -0.2)
    return [
        ("Debt", money(float(data.accounts.debt_usd.sum()))),
        ("Debt below health 1.05", percent(_debt_below(data, 1.05))),
        (f"Liquidatable if prices fall {percent(0.2)}", money(fallen)),
        (f"Bad debt, VaR {level}", money(risk.value_at_risk.value)),
        (f"Bad debt, ES {level}", money(risk.expected_shortfall.value)),
        ("Integer model against chain", twin_verdict(data.replay)),
    ]


def sentences(data: ReportInput) -> list[str]:
    """What the run found, in plain sentences."""
    if not is_owed(data):
        return [f"{data.accounts.debt_usd.size:,} accounts; {money(_supplied(data))} is supplied."]
    found = [_size(data), _closeness(data), _falls(data), _tail(data.losses)]
    if data.replay is not None and data.replay.count:
        worst = data.replay.relative_difference.max(initial=0.0)
        found.append(
            f"The contracts executed {data.replay.count:,} liquidations of one path: the float "
            f"engine differs from them by at most {worst:.1e} of an amount; they and the integer "
            f"model are {twin_verdict(data.replay)}."
        )
    return found


def _size(data: ReportInput) -> str:
    debt = np.sort(data.accounts.debt_usd)[::-1]
    total = max(debt.sum(), 1e-300)
    return (
        f"{int((debt > 0).sum()):,} of {debt.size:,} accounts owe {money(float(debt.sum()))}; "
        f"{money(_supplied(data))} is supplied. The ten largest borrowers owe "
        f"{percent(float(debt[:10].sum() / total), 0)} of the debt."
    )


def _supplied(data: ReportInput) -> float:
    return float((data.reserves.supplied + data.reserves.idle) @ data.reserves.price_usd)


def _closeness(data: ReportInput) -> str:
    return (
        f"{percent(_debt_below(data, 1.0))} of the debt may be liquidated now; "
        f"{percent(_debt_below(data, 1.1), 0)} of it belongs to accounts with a health below 1.1."
    )


def _falls(data: ReportInput) -> str:
    mild, middle, hard = (
        money(_at_shock(data, data.shocks.liquidatable_usd, change))
        for change in (-0.1, -0.2, -0.3)
    )
    short = money(_at_shock(data, data.shocks.shortfall_usd, -0.3))
    return (
        f"If {data.shocks.fallers} fell by 10, 20 or {percent(0.3)} at once, {mild}, {middle} or "
        f"{hard} of debt could be liquidated; after {percent(0.3)}, collateral would fall short of "
        f"debt and bonus by {short}."
    )


def _tail(losses: Losses) -> str:
    hit, paths = int((losses.loss_usd > 0).sum()), losses.loss_usd.size
    var, es = losses.risk.value_at_risk, losses.risk.expected_shortfall
    lost = f"Over {span(losses.horizon_s)}, {hit:,} of {paths:,} simulated paths end with bad debt."
    if hit == 0:
        return lost
    return (
        f"{lost} {percent(losses.risk.level)} of them lose no more than {money(var.value)} "
        f"({percent(losses.confidence, 0)} interval {interval(var)}); the worst "
        f"{percent(1 - losses.risk.level)} lose {money(es.value)} on average ({interval(es)})."
    )


def _debt_below(data: ReportInput, health: float) -> float:
    """Share of the debt that accounts under a health owe."""
    debt = data.accounts.debt_usd
    return float(debt[data.accounts.health < health].sum() / max(debt.sum(), 1e-300))


def _at_shock(data: ReportInput, values: Floats, change: float) -> float:
    order = np.argsort(data.shocks.price_change)
    return float(np.interp(change, data.shocks.price_change[order], values[order]))


# ------------------------------------------------------------------------------------------ basis

DEFINITIONS = (
    (
        "Health",
        "The sum of collateral values times their liquidation thresholds, divided by the value of "
        "all debt. Infinite without debt. Below 1 an account may be liquidated.",
    ),
    (
        "Liquidatable",
        "The whole debt of every account below a health of 1, at the block's prices, so that the "
        "figure grows with the fall. Liquidators may repay less of it: as much as restores the "
        "target health.",
    ),
    (
        "Shortfall",
        "What an account owes beyond the value of its collateral divided by one plus the bonus "
        "cap: what liquidators could not repay without losing money.",
    ),
    (
        "Bad debt",
        "Debt written off because no collateral worth mentioning was left, less what was forfeited "
        "with it, and the shortfall that is still on the books when a path ends. Accounts that are "
        "insolvent at the block are left out, and so is what would be lost with prices that stand "
        "still.",
    ),
    (
        "VaR and ES",
        "At 99 %, value at risk is the bad debt that 99 % of the paths do not exceed, and expected "
        "shortfall is the mean of the worst 1 % of them. Their intervals come from resampling the "
        "paths.",
    ),
    (
        "Utilization",
        "Debt divided by the supply that earns, from 0 to 100 %. Rates are annual, before "
        "compounding; a year has 365 days.",
    ),
)
ASSUMPTIONS = (
    "Positions are those of the block; nobody opens, tops up or leaves one along the way.",
    "Liquidators act when it pays after the bonus, the price impact of selling and gas, within "
    "their capital. They take assets, so that they need cash of collateral that is lent on; the "
    "contracts would give them its supply shares instead, whatever the cash.",
    "Sudden falls are instantaneous: no liquidation happens on the way down.",
    "Simulated prices are no forecast: a tail figure is as good as the price model behind it.",
)
