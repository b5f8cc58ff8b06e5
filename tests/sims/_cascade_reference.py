"""The cascade in plain Python: every account looked at every round, no watch list, no compiling.

Written from the rules, to be compared with the engine bit for bit; so sums run in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sims.cascade import HALVINGS, ROUNDS, Cascade, Event
from sims.liquidation import rank_pairs
from sims.rates import YEAR_S


@dataclass
class Reserve:
    supply_total: float
    debt_total: float
    supply_index: float = 1.0
    debt_index: float = 1.0
    buffer: float = 0.0
    insured: float = 0.0
    sold: float = 0.0
    bought: float = 0.0
    lasting: float = 1.0
    market: float = 0.0
    oracle: float = 0.0


@dataclass
class Holding:
    supply: float
    debt: float
    collateral: bool
    idle: bool
    threshold: float
    bonus_floor: float
    bonus_cap: float


@dataclass
class Outcome:
    bad_debt: float = 0.0
    insurer_loss: float = 0.0
    supplier_loss: float = 0.0
    write_offs: int = 0
    liquidated: float = 0.0
    bonus: float = 0.0
    fees: float = 0.0
    profit: float = 0.0
    min_health: float = 1.0
    shortfall: float = 0.0
    trough: float = 0.0
    unmet: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("profit", "cash", "capital", "depth"), 0.0)
    )
    events: list[Event] = field(default_factory=list)


class ReferenceCascade:
    def __init__(self, engine: Cascade) -> None:
        self.engine = engine
        self.params, self.terms = engine.params, engine.terms
        self.settings, self.depth = engine.settings, engine.depth
        book, size = engine.book, engine.params.reserves
        supplied = book.supplied(size) + np.broadcast_to(engine.other_supply, size)
        owed = book.borrowed(size) + np.broadcast_to(engine.other_debt, size)
        self.reserves = [Reserve(float(s), float(d)) for s, d in zip(supplied, owed, strict=True)]
        for reserve, insured in zip(
            self.reserves, np.broadcast_to(engine.insured, size), strict=True
        ):
            reserve.insured = float(insured)
        self.accounts: list[dict[int, Holding]] = []
        for a in range(book.accounts):
            legs = range(book.indptr[a], book.indptr[a + 1])
            holdings = {
                int(book.reserve[k]): Holding(
                    float(book.supply[k]),
                    float(book.debt[k]),
                    bool(book.collateral[k]),
                    bool(book.idle[k]),
                    *self.terms_of(int(book.category[a]), int(book.reserve[k])),
                )
                for k in legs
            }
            self.accounts.append(dict(sorted(holdings.items())))
        self.out = Outcome()

    def terms_of(self, category: int, r: int) -> list[float]:
        chosen = self.params.categories[category - 1] if category else None
        if chosen is not None and chosen.collaterals[r]:
            return [chosen.threshold, chosen.bonus_floor, chosen.bonus_cap]
        names = ("threshold", "bonus_floor", "bonus_cap")
        return [float(getattr(self.params, name)[r]) for name in names]

    # ------------------------------------------------------------ values

    def impact(self, r: int, volume: float) -> float:
        return float(np.interp(volume, self.depth.volume_usd[r], self.depth.impact[r]))

    def owed(self, r: int, h: Holding) -> float:
        reserve = self.reserves[r]
        return h.debt * (reserve.debt_index * reserve.oracle)

    def held(self, r: int, h: Holding) -> float:
        reserve = self.reserves[r]
        return h.supply * (self.index(r, h) * reserve.oracle) if h.collateral else 0.0

    def index(self, r: int, h: Holding) -> float:
        return 1.0 if h.idle else self.reserves[r].supply_index

    def debt_and_limit(self, account: dict[int, Holding]) -> tuple[float, float]:
        debt, limit = 0.0, 0.0
        for r, h in account.items():
            debt += self.owed(r, h)
            limit += self.held(r, h) * h.threshold
        return debt, limit

    def is_bad_debt(self, account: dict[int, Holding]) -> bool:
        for r, h in account.items():
            used = h.debt > 0.0 or (h.collateral and h.supply > 0.0)
            if used and self.reserves[r].oracle == 0.0:
                return False
        debt = sum((self.owed(r, h) for r, h in account.items()), 0.0)
        collateral = sum((self.held(r, h) for r, h in account.items()), 0.0)
        return collateral <= self.terms.write_off_below and collateral < debt

    def short(self, account: dict[int, Holding]) -> float:
        debt, cover = 0.0, 0.0
        for r, h in account.items():
            debt += self.owed(r, h)
            cover += self.held(r, h) / (1.0 + h.bonus_cap)
        return max(0.0, debt - cover)

    # ------------------------------------------------------------ a step

    def accrue(self) -> None:
        curve = self.params.curve
        for r, reserve in enumerate(self.reserves):
            debt = reserve.debt_total * reserve.debt_index
            if debt <= 0.0:
                continue
            supply = reserve.supply_total * reserve.supply_index
            used = 1.0 if supply <= 0.0 else min(1.0, debt / supply)
            if used <= curve.kink[r]:
                rate = curve.base[r] + curve.slope1[r] * used / curve.kink[r]
            else:
                above = curve.slope2[r] * (used - curve.kink[r]) / (1.0 - curve.kink[r])
                rate = curve.base[r] + curve.slope1[r] + above
            x = float(rate) * (self.settings.dt_s / YEAR_S)
            grown = x + x * x / 2.0 + x * x * x / 6.0
            interest = debt * grown
            kept = interest * float(curve.reserve_factor[r]) if supply > 0.0 else interest
            reserve.debt_index *= 1.0 + grown
            reserve.buffer += kept
            if supply > 0.0:
                reserve.supply_index *= 1.0 + (interest - kept) / supply

    def read_prices(self, market: np.ndarray, oracle: np.ndarray) -> None:
        left = self.depth.remaining(self.settings.dt_s)
        for r, reserve in enumerate(self.reserves):
            reserve.sold *= left
            reserve.bought *= left
            moved = reserve.lasting * (1.0 - self.impact(r, reserve.sold))
            moved *= 1.0 + self.impact(r, reserve.bought)
            seen = float(oracle[r]) * (1.0 + self.settings.oracle_feedback * (moved - 1.0))
            price = float(market[r]) * reserve.lasting
            reserve.oracle = seen if seen > 0.0 else 0.0
            reserve.market = price if price > 0.0 else 0.0

    # ------------------------------------------------------------ a liquidation

    def size(self, debt: float, limit: float, debt_side: float, held: float, t: float, b: float):
        terms = self.terms
        most = min(debt_side, held / (1.0 + b))
        if limit < terms.full_liquidation_health * debt:
            return most
        to_target = (terms.target_health * debt - limit) / (terms.target_health - (1.0 + b) * t)
        x = min(to_target, most)
        leaves_dust = debt_side - x < terms.dust or held - x * (1.0 + b) < terms.dust
        return most if leaves_dust else x

    def limits(self, d: int, c: int, b: float, idle: bool) -> list[tuple[float, str]]:
        debt, held = self.reserves[d], self.reserves[c]
        cash = held.supply_total * held.supply_index - held.debt_total * held.debt_index
        takes = b if d == c else 1.0 + b
        cash_value = max(0.0, cash) * held.oracle
        needs_cash = takes > 0.0 and not idle
        limits = [(cash_value / takes if needs_cash else np.inf, "cash")]
        limits.append((self.capital * debt.oracle / debt.market, "capital"))
        if d != c:
            keeps = (1.0 + b * (1.0 - self.params.fee[c])) * held.market / held.oracle
            to_sell = max(0.0, self.depth.volume_usd[c, -1] - held.sold) / keeps
            to_buy = max(0.0, self.depth.volume_usd[d, -1] - debt.bought)
            limits.append((min(to_sell, to_buy * debt.oracle / debt.market), "depth"))
        return limits

    def profit(self, d: int, c: int, x: float, b: float) -> float:
        debt, held = self.reserves[d], self.reserves[c]
        kept = x * (1.0 + b * (1.0 - self.params.fee[c])) * held.market / held.oracle
        spent = x * debt.market / debt.oracle
        if d == c:
            return float(kept - spent)

        def sale(volume: float) -> float:
            return volume * (1.0 - self.impact(c, volume))

        def purchase(volume: float) -> float:
            return volume * (1.0 + self.impact(d, volume))

        brought = sale(held.sold + kept) - sale(held.sold)
        return float(brought - (purchase(debt.bought + spent) - purchase(debt.bought)))

    def liquidate(self, step: int, number: int, debt: float, limit: float) -> Event | None:
        account, terms, settings = self.accounts[number], self.terms, self.settings
        health = limit / debt
        reach = min(1.0, (1.0 - health) / (1.0 - terms.full_liquidation_health))
        bonus = {
            c: h.bonus_floor + (h.bonus_cap - h.bonus_floor) * reach for c, h in account.items()
        }
        repayable = {
            (d, c): min(self.owed(d, owed), self.held(c, held) / (1.0 + bonus[c]))
            for d, owed in account.items()
            for c, held in account.items()
        }
        for rank, (d, c) in enumerate(rank_pairs(repayable)):
            b = bonus[c]
            debt_side, held = self.owed(d, account[d]), self.held(c, account[c])
            rule = self.size(debt, limit, debt_side, held, account[c].threshold, b)
            if not (self.reserves[d].market > 0.0 and self.reserves[c].market > 0.0):
                self.now["profit"] += rule if rank == 0 else 0.0
                continue
            x, held_back = rule, "profit"
            for bound, reason in self.limits(d, c, b, account[c].idle):
                if bound < x:
                    x, held_back = bound, reason
            for _ in range(HALVINGS + 1):
                if x <= 0.0:
                    break
                left = min(debt_side - x, held - x * (1.0 + b))
                if x == rule or left >= terms.dust:
                    profit = self.profit(d, c, x, b)
                    if profit > settings.gas_usd + settings.min_profit_usd:
                        return self.settle(step, number, d, c, x, b, profit - settings.gas_usd)
                x *= 0.5
            self.now[held_back] += rule if rank == 0 else 0.0
        return None

    def settle(
        self, step: int, number: int, d: int, c: int, x: float, b: float, profit: float
    ) -> Event:
        account, out = self.accounts[number], self.out
        debt, held = self.reserves[d], self.reserves[c]
        phi = float(self.params.fee[c])
        spent = x * debt.market / debt.oracle
        kept = x * (1.0 + b * (1.0 - phi)) * held.market / held.oracle
        fee_usd = phi * b * x

        takes_all = x >= self.held(c, account[c]) / (1.0 + b)
        shares = account[d].debt
        if x < self.owed(d, account[d]):
            shares = min(shares, x / (debt.debt_index * debt.oracle))
        account[d].debt -= shares
        debt.debt_total -= shares
        repaid = shares * debt.debt_index

        shares = account[c].supply
        if not takes_all:
            shares = min(shares, x * (1.0 + b) / (self.index(c, account[c]) * held.oracle))
        account[c].supply -= shares
        held.supply_total -= 0.0 if account[c].idle else shares
        seized = shares * self.index(c, account[c])
        held.buffer += fee_usd / held.oracle

        self.capital -= spent
        if d != c:
            stays = self.depth.lasting_share
            moved = self.impact(c, held.sold + kept) - self.impact(c, held.sold)
            held.lasting *= 1.0 - stays * moved
            held.market *= 1.0 - stays * moved
            held.sold += (1.0 - stays) * kept
            moved = self.impact(d, debt.bought + spent) - self.impact(d, debt.bought)
            debt.lasting *= 1.0 + stays * moved
            debt.market *= 1.0 + stays * moved
            debt.bought += (1.0 - stays) * spent
        out.liquidated += x
        out.bonus += b * x
        out.fees += fee_usd
        out.profit += profit
        return Event(
            step=step,
            account=number,
            debt_reserve=d,
            collateral_reserve=c,
            repaid=repaid,
            repaid_usd=x,
            seized=seized,
            seized_usd=x * (1.0 + b),
            fee=fee_usd / held.oracle,
            bonus=b,
            profit_usd=profit,
            bad_debt_usd=0.0,
        )

    def write_off(self, account: dict[int, Holding]) -> float:
        lost_usd = 0.0
        for r, h in account.items():
            reserve = self.reserves[r]
            if h.collateral and h.supply > 0.0:
                lost_usd -= self.held(r, h)
                reserve.buffer += h.supply * self.index(r, h)
                reserve.supply_total -= 0.0 if h.idle else h.supply
                h.supply = 0.0
        for r, h in account.items():
            reserve = self.reserves[r]
            if h.debt == 0.0:
                continue
            lost_usd += self.owed(r, h)
            lost = h.debt * reserve.debt_index
            reserve.debt_total -= h.debt
            h.debt = 0.0
            paid = min(lost, reserve.buffer)
            reserve.buffer -= paid
            lost -= paid
            if lost > 0.0 and reserve.insured > 0.0 and reserve.supply_index > 0.0:
                burned = min(reserve.insured, lost / reserve.supply_index)
                reserve.insured -= burned
                reserve.supply_total -= burned
                paid = min(lost, burned * reserve.supply_index)
                self.out.insurer_loss += paid * reserve.oracle
                lost -= paid
            supplied = reserve.supply_total * reserve.supply_index
            if lost > 0.0 and supplied > 0.0:
                reserve.supply_index *= max(0.0, 1.0 - lost / supplied)
                self.out.supplier_loss += lost * reserve.oracle
        self.out.bad_debt += lost_usd
        self.out.write_offs += 1
        return lost_usd

    # ------------------------------------------------------------ rounds

    def turn(self, step: int, number: int) -> bool:
        account = self.accounts[number]
        debt, limit = self.debt_and_limit(account)
        if limit >= debt:
            return False
        self.out.min_health = min(self.out.min_health, limit / debt)
        event = None
        if not self.is_bad_debt(account):
            event = self.liquidate(step, number, debt, limit)
        lost = 0.0
        if self.is_bad_debt(account):
            lost = self.write_off(account)
            if event is None:
                event = Event(step, number, -1, -1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, lost)
        if event is None:
            self.short_now += self.short(account)
            return False
        self.out.events.append(Event(**{**event.__dict__, "bad_debt_usd": lost}))
        return True

    def run(self, market: np.ndarray, oracle: np.ndarray | None = None) -> Outcome:
        oracle = market if oracle is None else oracle
        self.read_prices(market[0], oracle[0])
        aside = [self.short(account) > 0.0 for account in self.accounts]
        for step in range(1, len(market)):
            self.accrue()
            self.read_prices(market[step], oracle[step])
            self.capital = self.settings.capital_usd
            for _ in range(ROUNDS):
                self.short_now = 0.0
                self.now = dict.fromkeys(self.out.unmet, 0.0)
                turns = [
                    self.turn(step, number)
                    for number in range(len(self.accounts))
                    if not aside[number]
                ]
                if not any(turns):
                    break
            out = self.out
            out.shortfall = self.short_now
            out.trough = max(out.trough, out.bad_debt + self.short_now)
            for reason, value in self.now.items():
                out.unmet[reason] = max(out.unmet[reason], value)
        return self.out
