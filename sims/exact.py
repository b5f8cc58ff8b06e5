"""The pool in integers, wei for wei: the specification that the contracts are checked against.

Same names, same order, same rounding as the Solidity. Assets and shares of a reserve are tied by

    assets = shares * index / WAD

rounded down for suppliers and up for borrowers; idle, a share is one raw unit. A call that the pool
would revert raises `Revert` with the error's name and arguments and leaves the state as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sims.snapshot import Snapshot

WAD = 10**18
BPS = 10**14
YEAR_S = 365 * 86_400
MAX = 2**256 - 1
MAX_AMOUNT = 2**128 - 1
MAX_SHARES = 2**112 - 1
MAX_INDEX = 2**88 - 1
MAX_ANSWER = 2**96 - 1
MAX_RATE = 20 * WAD // YEAR_S
MIN_SUPPLY_INDEX = 10**12
NO_CAP = MAX
NO_CAP_CODE = 2**14 - 1
ZERO = "0x" + "00" * 20

SHARES = 1 << 255
"""Set in an amount: the rest of it counts shares."""
ALL = MAX
"""As an amount: the whole supply, or the whole debt."""

IDLE, DEBT = 64, 128
"""Set in an id: a supply that sits idle; in an allowance, credit."""

ACTION_SUPPLY, ACTION_WITHDRAW, ACTION_BORROW, ACTION_COLLATERAL = 1, 2, 4, 8

MAX_ACTIONS = 2**16 - 1
MAX_ACTIONS_EXPIRY = 2**40 - 1
MAX_ALLOWANCE = 2**208 - 1
MAX_ALLOWANCE_EXPIRY = 2**48 - 1


class Revert(Exception):  # noqa: N818 - the chain's word
    """The pool refuses: the custom error's name and its arguments."""

    def __init__(self, name: str, *args: object) -> None:
        super().__init__(name, *args)
        self.name = name
        self.arguments = args

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


# ---------------------------------------------------------------------- arithmetic


def mul_down(a: int, b: int) -> int:
    """a * b / WAD, rounded down."""
    return a * b // WAD


def mul_up(a: int, b: int) -> int:
    """a * b / WAD, rounded up."""
    return divide_up(a * b, WAD)


def div_down(a: int, b: int) -> int:
    """a * WAD / b, rounded down."""
    return a * WAD // b


def div_up(a: int, b: int) -> int:
    """a * WAD / b, rounded up."""
    return divide_up(a * WAD, b)


def divide_up(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


def growth(rate: int, elapsed_s: int) -> int:
    """e^(rate * elapsed) - 1 in WAD: three terms of the series, rounded down."""
    x = rate * elapsed_s
    second = x * x // (2 * WAD)
    third = second * x // (3 * WAD)
    return x + second + third


def value_down(assets: int, price: int, decimals: int) -> int:
    """Value in WAD of raw `assets` at a feed's `price`; `decimals` of token and feed together."""
    product = assets * price
    return (
        product * 10 ** (18 - decimals) if decimals < 18 else product // int(10 ** (decimals - 18))
    )


def value_up(assets: int, price: int, decimals: int) -> int:
    """As `value_down`, rounded up."""
    product = assets * price
    return (
        product * 10 ** (18 - decimals)
        if decimals < 18
        else divide_up(product, 10 ** (decimals - 18))
    )


def assets_down(value: int, price: int, decimals: int) -> int:
    """Raw assets worth `value`, rounded down."""
    return value * int(10**decimals) // (price * WAD)


def assets_up(value: int, price: int, decimals: int) -> int:
    """Raw assets worth `value`, rounded up."""
    return divide_up(value * 10**decimals, price * WAD)


def decode_cap(code: int) -> int:
    """A cap's 14-bit code, nine bits of mantissa and five of decimal exponent, in raw units."""
    return NO_CAP if code == NO_CAP_CODE else _decimal(code)


def _decimal(code: int) -> int:
    return (code >> 5) * int(10 ** (code & 31))


# ---------------------------------------------------------------------- amounts


def to_supply(amount: int, index: int) -> tuple[int, int]:
    """A supply in assets, rounded up, and in shares, rounded down."""
    return _convert(amount, index, assets_of=mul_up, shares_of=div_down)


def to_withdraw(amount: int, held: int, index: int) -> tuple[int, int]:
    """A withdrawal in assets, rounded down, and in shares, rounded up; `ALL` of those held."""
    if amount == ALL:
        return mul_down(held, index), _not_zero(held)
    if not amount & SHARES:
        _not_zero(index)  # written off: shares are worth nothing, assets take none
    return to_borrow(amount, index)


def to_borrow(amount: int, index: int) -> tuple[int, int]:
    """A loan in assets, rounded down, and in shares, rounded up."""
    return _convert(amount, index, assets_of=mul_down, shares_of=div_up)


def to_repay(amount: int, owed: int, index: int) -> tuple[int, int]:
    """A repayment in assets, rounded up, and in shares, rounded down; no more than is owed."""
    if amount & SHARES:
        shares = min(amount ^ SHARES, owed)
        return mul_up(shares, index), _not_zero(shares)
    debt = mul_up(owed, index)
    return (debt, owed) if amount >= debt else (amount, _not_zero(div_down(amount, index)))


def to_idle(amount: int) -> int:
    """Raw units, which are shares as well."""
    return _not_zero(bounded(amount & ~SHARES))


def bounded(amount: int) -> int:
    """An amount that a reserve can hold."""
    if amount > MAX_AMOUNT:
        raise Revert("AmountTooLarge", amount)
    return amount


def _convert(
    amount: int,
    index: int,
    *,
    assets_of: Callable[[int, int], int],
    shares_of: Callable[[int, int], int],
) -> tuple[int, int]:
    if amount & SHARES:
        shares = bounded(amount ^ SHARES)
        return assets_of(shares, index), _not_zero(shares)
    return bounded(amount), _not_zero(shares_of(amount, index))


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise Revert("ZeroAmount")
    return amount


def _fitting(shares: int) -> int:
    """Shares have 112 bits where they are stored."""
    if shares > MAX_SHARES:
        raise Revert("SharesOverflow", shares)
    return shares


def split(position_id: int) -> tuple[int, bool]:
    """A position's reserve, and whether it sits idle."""
    return (position_id - IDLE, True) if position_id >= IDLE else (position_id, False)


# ---------------------------------------------------------------------- rate model


@dataclass(frozen=True)
class KinkedCurve:
    """The two-slope curve in storage steps: base 0.01 %, kink 1 %, slope1 0.1 %, slope2 1 %."""

    base: int
    kink: int
    slope1: int
    slope2: int

    @classmethod
    def unpack(cls, word: int) -> KinkedCurve:
        """From the bits that a reserve's word carries."""
        return cls(word & 0x3FF, word >> 10 & 0x7F, word >> 17 & 0x3FF, word >> 27 & 0x3FF)

    def borrow_rate(self, utilization: int) -> int:
        """The rate per second in WAD, rounded down."""
        kink = self.kink * 10**16
        annual = self.base * 10**14
        if utilization <= kink:
            annual += self.slope1 * 10**15 * utilization // kink
        else:
            annual += self.slope1 * 10**15
            annual += self.slope2 * 10**16 * (utilization - kink) // (WAD - kink)
        return annual // YEAR_S


class RateModel(Protocol):
    """An external rate model of one reserve; a shallow copy of it goes its own way."""

    def borrow_rate(self, utilization: int, elapsed_s: int, /) -> int:
        """The rate per second in WAD, averaged over the interval that ends now."""

    def accrued(self, utilization: int, elapsed_s: int, /) -> None:
        """Moves the model over an interval that the pool has charged."""


# ---------------------------------------------------------------------- liquidation model


@dataclass(frozen=True)
class LiquidationTerms:
    """What a pool asks of every liquidation, all in WAD."""

    target_health: int
    full_health: int
    dust: int
    write_off_below: int


@dataclass(frozen=True)
class LiquidationCase:
    """The account and the pair that a liquidator picked, all in WAD."""

    account: str
    debt_value: int
    limit: int
    debt_side: int
    collateral_side: int
    threshold: int
    bonus_floor: int
    bonus_cap: int


LiquidationModel = Callable[[LiquidationCase, LiquidationTerms], tuple[int, int] | None]
"""An external rule: value that may be repaid and bonus, or None for no usable answer."""


def liquidation_size(c: LiquidationCase, terms: LiquidationTerms) -> tuple[int, int]:
    """Value that may be repaid, and bonus: x = (H D - L) / (H - (1 + b) t).

    Everything when health is under the floor, or when dust would stay on either side.
    """
    health = div_down(c.limit, c.debt_value)
    span = WAD - terms.full_health
    bonus = c.bonus_floor + (c.bonus_cap - c.bonus_floor) * min(WAD - health, span) // span

    most = min(c.debt_side, div_down(c.collateral_side, WAD + bonus))
    if health < terms.full_health:
        return most, bonus

    missing = mul_up(terms.target_health, c.debt_value) - c.limit
    repay = min(
        div_up(missing, terms.target_health - mul_down(WAD + bonus, c.threshold)),
        most,
    )
    collateral_left = max(c.collateral_side - mul_down(repay, WAD + bonus), 0)
    if c.debt_side - repay < terms.dust or collateral_left < terms.dust:
        repay = most
    return repay, bonus


# ---------------------------------------------------------------------- risk


@dataclass(frozen=True)
class Ramp:
    """A liquidation threshold on its way down, on a straight line from `start` to `end`."""

    origin: int
    start: int
    end: int

    @classmethod
    def unpack(cls, word: int) -> Ramp:
        """From `reserveWords` or `categoryWords`."""
        return cls((word & 0x3FFF) * BPS, word >> 14 & 0xFFFFFFFFFF, word >> 54 & 0xFFFFFFFFFF)

    def threshold(self, target: int, now: int) -> int:
        """Where it stands, rounded up."""
        if now >= self.end:
            return target
        left, whole = self.end - now, self.end - self.start
        return target + divide_up((self.origin - target) * left, whole)


@dataclass(kw_only=True)
class RiskTerms:
    """What a reserve's asset, or a category's, is worth as collateral, in WAD."""

    ltv: int
    threshold: int
    """Where it stands, or what it ramps down to."""
    bonus_floor: int
    bonus_cap: int
    ramp: Ramp | None = None

    def threshold_now(self, now: int) -> int:
        """Where the threshold stands."""
        return self.threshold if self.ramp is None else self.ramp.threshold(self.threshold, now)


@dataclass(kw_only=True)
class Category(RiskTerms):
    """Assets that move together, by reserve id, with terms of their own for who chooses them."""

    collaterals: frozenset[int]
    borrowables: frozenset[int]
    isolated: bool
    """No other collateral counts."""

    @classmethod
    def from_words(cls, word: int, ramp: int = 0) -> Category:
        """Unpacks the words of `categoryWords`; see `CategorySlots` for their layout."""
        return cls(
            collaterals=_ids(word & 0xFFFFFFFFFFFFFFFF),
            borrowables=_ids(word >> 64 & 0xFFFFFFFFFFFFFFFF),
            ltv=(word >> 128 & 0x3FFF) * BPS,
            threshold=(word >> 142 & 0x3FFF) * BPS,
            bonus_floor=(word >> 156 & 0x3FFF) * BPS,
            bonus_cap=(word >> 170 & 0x3FFF) * BPS,
            isolated=bool(word >> 184 & 1),
            ramp=Ramp.unpack(ramp) if word >> 185 & 1 else None,
        )


def _ids(bitmap: int) -> frozenset[int]:
    return frozenset(id_ for id_ in range(64) if bitmap >> id_ & 1)


# ---------------------------------------------------------------------- reserve


@dataclass(frozen=True)
class Outflow:
    """A limit on how fast assets leave: a bucket that fills up from empty within its window."""

    capacity: int
    window_s: int
    level: int
    timestamp: int

    @classmethod
    def unpack(cls, word: int) -> Outflow:
        """From `reserveWords`."""
        return cls(
            capacity=decode_cap(word & 0x3FFF),
            window_s=word >> 14 & 0xFFFFFFFF,
            level=word >> 46 & MAX_SHARES,
            timestamp=word >> 158 & 0xFFFFFFFFFF,
        )

    def room(self, now: int) -> int:
        """What may leave now."""
        filled = self.capacity * (now - self.timestamp) // self.window_s
        return min(self.level + filled, self.capacity)

    def moved(self, assets: int, now: int) -> Outflow:
        """After `assets` have come in; those that leave, which are not more than the room, below zero."""
        return replace(self, level=min(self.room(now) + assets, self.capacity), timestamp=now)


@dataclass(kw_only=True)
class Reserve(RiskTerms):
    """One reserve: its words unpacked, its feed's last answer, the tokens that the pool holds."""

    supply_index: int
    debt_index: int
    timestamp: int
    curve: KinkedCurve
    reserve_factor_percent: int
    supply_shares: int
    debt_shares: int
    supply_cap: int
    borrow_cap: int
    borrowable: bool
    paused: bool
    frozen: bool
    decimals: int
    max_age_s: int
    liquidation_fee: int
    answer: int
    updated_at: int
    balance: int
    model: RateModel | None = None
    min_debt: int = 0
    outflow: Outflow | None = None
    idle: int = 0
    idle_cap: int = 0
    cautious: tuple[int, int] | None = None
    """A second feed, for whoever takes on risk: its answer, and when it was set."""
    insurer: str | None = None
    """Whose earning supply pays for bad debt before the other suppliers'."""
    grace_end: int = 0

    @classmethod
    def from_words(
        cls,
        *,
        index: int,
        totals: int,
        risk: int,
        token: int,
        answer: int,
        updated_at: int,
        balance: int,
        model: RateModel | None = None,
        ramp: int = 0,
        outflow: int = 0,
        idle_cap: int = 0,
        cautious: tuple[int, int] = (0, 0),
        insurer: str | None = None,
        grace_end: int = 0,
    ) -> Reserve:
        """Unpacks the words of `reserveWords`; see `ReserveSlots` for their layout."""
        rates, limits = index >> 208, totals >> 224
        if rates >> 44 & 1 and model is None:
            raise ValueError("a reserve asks an external rate model, which the twin does not know")
        return cls(
            supply_index=index & MAX_INDEX,
            debt_index=index >> 88 & MAX_INDEX,
            timestamp=index >> 176 & 0xFFFFFFFF,
            curve=KinkedCurve.unpack(rates),
            reserve_factor_percent=rates >> 37 & 127,
            supply_shares=totals & MAX_SHARES,
            debt_shares=totals >> 112 & MAX_SHARES,
            supply_cap=decode_cap(limits & 0x3FFF),
            borrow_cap=decode_cap(limits >> 14 & 0x3FFF),
            borrowable=bool(limits >> 28 & 1),
            paused=bool(token >> 254 & 1),
            frozen=bool(token >> 255 & 1),
            ltv=(risk >> 160 & 0x3FFF) * BPS,
            threshold=(risk >> 174 & 0x3FFF) * BPS,
            bonus_floor=(risk >> 188 & 0x3FFF) * BPS,
            bonus_cap=(risk >> 202 & 0x3FFF) * BPS,
            decimals=risk >> 216 & 63,
            max_age_s=(risk >> 222 & 0xFFFF) * 60,
            liquidation_fee=(risk >> 238 & 127) * 10**16,
            answer=answer,
            updated_at=updated_at,
            balance=balance,
            model=model,
            min_debt=_decimal(risk >> 245 & 0x1FF),
            ramp=Ramp.unpack(ramp) if risk >> 254 & 1 else None,
            outflow=Outflow.unpack(outflow) if limits >> 29 & 1 else None,
            idle=idle_cap - (token >> 160 & 2**93 - 1),
            idle_cap=idle_cap,
            cautious=cautious if risk >> 255 else None,
            insurer=insurer if limits >> 30 & 1 else None,
            grace_end=grace_end,
        )

    def __copy__(self) -> Reserve:
        """With a model of its own, so that one goes on and the other stays."""
        other = object.__new__(Reserve)
        other.__dict__.update(self.__dict__, model=copy.copy(self.model))
        return other

    @property
    def supply_assets(self) -> int:
        """What suppliers own, rounded down, without what sits idle."""
        return mul_down(self.supply_shares, self.supply_index)

    @property
    def debt_assets(self) -> int:
        """What borrowers owe, rounded up."""
        return mul_up(self.debt_shares, self.debt_index)

    @property
    def cash(self) -> int:
        """What suppliers and borrowers may take out now."""
        return max(self.supply_assets - self.debt_assets, 0)

    @property
    def buffer(self) -> int:
        """The protocol's income: what is there and owed beyond what suppliers own."""
        owned = mul_up(self.supply_shares, self.supply_index) + self.idle
        return max(self.balance + self.debt_assets - owned, 0)

    @property
    def utilization(self) -> int:
        """Debt over supply in WAD, cut at one."""
        debt, supplied = self.debt_assets, self.supply_assets
        if debt == 0:
            return 0
        return WAD if debt >= supplied else div_down(debt, supplied)

    @property
    def borrow_rate(self) -> int:
        """Per second in WAD, at this moment."""
        return self._rate(0)

    def _rate(self, elapsed_s: int) -> int:
        if self.model is None:
            return self.curve.borrow_rate(self.utilization)
        return min(self.model.borrow_rate(self.utilization, elapsed_s), MAX_RATE)

    @property
    def supply_rate(self) -> int:
        """Per second in WAD; by debt over supply, which may exceed one after a write-off."""
        if self.supply_assets == 0:
            return 0
        kept = 100 - self.reserve_factor_percent
        return self.borrow_rate * self.debt_assets // self.supply_assets * kept // 100

    @property
    def collectable(self) -> int:
        """What of the buffer may be paid out: nothing where more is owed than supplied."""
        return 0 if self.debt_assets > self.supply_assets else self.buffer

    def outflow_room(self, now: int) -> int:
        """What the limit on outflow lets out now."""
        return MAX if self.outflow is None else self.outflow.room(now)

    def price(self, now: int) -> int:
        """The feed's answer, or zero for no price."""
        return self._sound(self.answer, self.updated_at, now)

    def cautious_price(self, now: int, *, owed: bool) -> int:
        """For whoever takes on risk: of two feeds the answer that favours him less, if both give one."""
        price = self.price(now)
        if self.cautious is None:
            return price
        other = self._sound(*self.cautious, now)
        return max(price, other) if owed and price and other else min(price, other)

    def _sound(self, answer: int, updated_at: int, now: int) -> int:
        fresh = updated_at <= now and now - updated_at <= self.max_age_s
        return answer if 0 < answer <= MAX_ANSWER and fresh else 0

    def accrue(self, now: int) -> None:
        """Interest up to `now`, at the rate of the utilization so far; its model is not told."""
        elapsed = now - self.timestamp
        if elapsed == 0:
            return
        self.timestamp = now
        if self.debt_shares == 0:
            return
        grown = growth(self._rate(elapsed), elapsed)
        debt_index = min(self.debt_index + mul_up(self.debt_index, grown), MAX_INDEX)
        if self.supply_shares:
            interest = self.debt_shares * (debt_index - self.debt_index)
            increase = interest * (100 - self.reserve_factor_percent) // 100 // self.supply_shares
            self.supply_index = min(self.supply_index + increase, MAX_INDEX)
        self.debt_index = debt_index


# ---------------------------------------------------------------------- accounts


@dataclass
class Account:
    """Shares per reserve on both sides, never zero; supplies that sit idle or are no collateral."""

    supply: dict[int, int] = field(default_factory=dict)
    debt: dict[int, int] = field(default_factory=dict)
    not_collateral: set[int] = field(default_factory=set)
    idle: set[int] = field(default_factory=set)
    given: set[int] = field(default_factory=set)
    """Last opened by somebody else: no collateral until the owner supplies to it or says so."""
    category: int = 0

    def __copy__(self) -> Account:
        """With positions of its own."""
        return Account(
            dict(self.supply),
            dict(self.debt),
            set(self.not_collateral),
            set(self.idle),
            set(self.given),
            self.category,
        )

    def supply_of(self, position_id: int) -> int:
        """Shares of a position id: none while the supply is in the other mode."""
        id_, idle = split(position_id)
        return self.supply.get(id_, 0) if (id_ in self.idle) is idle else 0

    def set_supply(self, reserve_id: int, shares: int) -> None:
        """A supply that opens earns and counts as collateral; one that closes forgets its marks."""
        if shares:
            self.supply[reserve_id] = shares
        else:
            self.supply.pop(reserve_id, None)
            self.not_collateral.discard(reserve_id)
            self.idle.discard(reserve_id)

    def set_debt(self, reserve_id: int, shares: int) -> None:
        """Sets or clears a debt."""
        if shares:
            self.debt[reserve_id] = shares
        else:
            self.debt.pop(reserve_id, None)

    def collaterals(self) -> list[int]:
        """Reserve ids in ascending order."""
        return sorted(self.supply.keys() - self.not_collateral)

    def debts(self) -> list[int]:
        """Reserve ids in ascending order."""
        return sorted(self.debt)


@dataclass(frozen=True)
class AccountData:
    """An account's values in WAD."""

    collateral_value: int
    debt_value: int
    borrow_limit: int
    liquidation_limit: int
    health: int
    unpriced: bool


@dataclass(frozen=True)
class Position:
    """One reserve of an account, in shares."""

    id: int
    supply_shares: int
    debt_shares: int
    collateral: bool
    idle: bool


@dataclass(frozen=True)
class Liquidated:
    """What a liquidation moved, in assets; `received` in shares when it was paid so."""

    repaid: int
    received: int
    seized: int
    fee: int
    forfeits: list[tuple[int, int]]
    write_offs: list[tuple[int, int, int]]


@dataclass
class _Pair:
    """The debt and the collateral that a liquidator picked, as `_assess` finds them."""

    debt_side: int = 0
    debt_price: int = 0
    debt_decimals: int = 0
    collateral_side: int = 0
    collateral_price: int = 0
    collateral_decimals: int = 0
    threshold: int = 0
    bonus_floor: int = 0
    bonus_cap: int = 0

    def paid(self, repaid: int) -> int:
        """The debt's value that goes with what is repaid."""
        return min(value_down(repaid, self.debt_price, self.debt_decimals), self.debt_side)

    def taken(self, seized: int) -> int:
        """The collateral's value that goes with what is seized."""
        value = value_down(seized, self.collateral_price, self.collateral_decimals)
        return min(value, self.collateral_side)


# ---------------------------------------------------------------------- pool


@dataclass
class _Before:
    """What an action found, to put back when it reverts; accounts are kept as it meets them."""

    reserves: list[Reserve]
    authorizations: dict[tuple[str, str], tuple[int, int]]
    allowances: dict[tuple[str, str, int], tuple[int, int]]
    accounts: dict[str, Account] = field(default_factory=dict)


class Pool:
    """The pool at one moment, `now`. Wallets are not part of it: tokens are assumed to be there.

    Whoever calls is named by `caller`, the account itself when None. Configuration is plain state:
    `reserves`, `categories` and `terms` may be changed, but for what has a method here.
    """

    def __init__(
        self,
        reserves: Sequence[Reserve],
        terms: LiquidationTerms,
        *,
        now: int,
        accounts: Mapping[str, Account] | None = None,
        categories: Mapping[int, Category] | None = None,
        liquidation_model: LiquidationModel | None = None,
    ) -> None:
        self.reserves = list(reserves)
        self.terms = terms
        self.liquidation_model = liquidation_model
        self.now = now
        self.accounts: dict[str, Account] = dict(accounts or {})
        self.categories: dict[int, Category] = dict(categories or {})
        self.authorizations: dict[tuple[str, str], tuple[int, int]] = {}
        self.allowances: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._before: _Before | None = None
        self._deferred: list[str] | None = None

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Pool:
        """The pool as it was at the snapshot's block."""
        reserves = [
            Reserve.from_words(
                index=r.index_word,
                totals=r.totals_word,
                risk=r.risk_word,
                token=r.token_word,
                answer=r.answer,
                updated_at=r.updated_at,
                balance=r.balance,
                ramp=r.ramp_word,
                outflow=r.outflow_word,
                idle_cap=r.idle_cap_word,
                cautious=(r.cautious_answer, r.cautious_updated_at),
                insurer=r.insurer,
                grace_end=r.grace_end,
            )
            for r in snapshot.reserves
        ]
        accounts: dict[str, Account] = {}
        for p in snapshot.positions:
            a = accounts.setdefault(p.account, Account())
            a.set_supply(p.id, p.supply_shares)
            a.set_debt(p.id, p.debt_shares)
            if p.supply_shares and not p.collateral:
                a.not_collateral.add(p.id)
            if p.supply_shares and p.idle:
                a.idle.add(p.id)
            a.category = p.category
        return cls(
            reserves,
            snapshot.liquidation_terms,
            now=snapshot.timestamp,
            accounts=accounts,
            categories={
                c.id: Category.from_words(c.word, c.ramp_word) for c in snapshot.categories
            },
        )

    # ------------------------------------------------------------------ lending

    def supply(
        self, position_id: int, amount: int, account: str, *, caller: str | None = None
    ) -> tuple[int, int]:
        """Assets taken, rounded up, and shares minted, rounded down."""
        with self._atomic():
            id_, idle = split(position_id)
            r = self._require_listed(id_) if idle else self._enter(id_)
            self._require_open(id_, r)
            if idle:
                assets = shares = to_idle(amount)
            else:
                assets, shares = to_supply(amount, r.supply_index)
            self._open(position_id, shares, account, caller)
            if idle:
                self._add_idle(id_, r, assets)
            else:
                self._give_supply(id_, r, shares, assets)
            r.balance += assets
            return assets, shares

    def withdraw(
        self,
        position_id: int,
        amount: int,
        account: str,
        *,
        caller: str | None = None,
        to: str | None = None,
    ) -> tuple[int, int]:
        """Assets paid out, rounded down, and shares burned, rounded up. `ALL` empties."""
        with self._atomic():
            self._require_address(to)
            id_, idle = split(position_id)
            r = self._require_listed(id_) if idle else self._enter(id_)
            held = self._account(account).supply_of(position_id)
            if idle:
                assets = shares = _not_zero(held) if amount == ALL else to_idle(amount)
            else:
                assets, shares = to_withdraw(amount, held, r.supply_index)
            collateral = self._decrease_supply(account, position_id, shares)
            self._spend_allowance(account, caller, ACTION_WITHDRAW, position_id, shares)
            if idle:
                r.idle -= assets
            else:
                self._take_supply(id_, r, shares, assets)
                self._take_outflow(id_, r, assets)
            if collateral:
                self._require_covered_without(id_, account)
            r.balance -= assets
            return assets, shares

    def transfer(
        self,
        sender: str,
        receiver: str,
        position_id: int,
        amount: int,
        *,
        caller: str | None = None,
    ) -> None:
        """Moves supply shares of the sender, who calls."""
        with self._atomic():
            self._require_address(receiver)
            if position_id >= 2 * IDLE:
                raise Revert("UnknownReserve", position_id)
            collateral = self._decrease_supply(sender, position_id, _not_zero(amount))
            id_, idle = split(position_id)
            held = self._increase_supply(receiver, position_id, amount, collateral=False)
            # A gift of dust must not keep a supply from earning.
            if held == 0 and idle:
                self._require_authorized(receiver, caller or sender, ACTION_SUPPLY)
            if held == 0:
                self._account(receiver).given.add(id_)
            if collateral:
                self._require_covered_without(id_, sender)

    def transfer_from(
        self, caller: str, sender: str, receiver: str, position_id: int, amount: int
    ) -> None:
        """As `transfer`, by who has the sender's allowance or authorization."""
        with self._atomic():
            self._spend_allowance(sender, caller, ACTION_WITHDRAW, position_id, amount)
            self.transfer(sender, receiver, position_id, amount, caller=caller)

    # ------------------------------------------------------------------ borrowing

    def borrow(
        self,
        id_: int,
        amount: int,
        account: str,
        *,
        caller: str | None = None,
        to: str | None = None,
    ) -> tuple[int, int]:
        """Assets paid out, rounded down, and debt shares minted, rounded up."""
        with self._atomic():
            self._require_address(to)
            r = self._enter(id_)
            self._require_open(id_, r)
            if not r.borrowable:
                raise Revert("NotBorrowable", id_)
            assets, shares = to_borrow(amount, r.debt_index)
            self._take_on_debt(id_, assets, shares, account, caller)
            cash = r.cash
            r.debt_shares = _fitting(r.debt_shares + shares)
            if r.debt_assets > r.supply_assets:
                raise Revert("InsufficientCash", id_, assets, cash)
            if r.debt_assets > r.borrow_cap:
                room = max(r.borrow_cap - (r.debt_assets - assets), 0)
                raise Revert("BorrowCapExceeded", id_, assets, room)
            self._require_min_debt(id_, r, account)
            self._take_outflow(id_, r, assets)
            self._require_covered(account)
            r.balance -= assets
            return assets, shares

    def repay(self, id_: int, amount: int, account: str) -> tuple[int, int]:
        """Assets taken, rounded up, and shares burned, rounded down. At or above the debt it clears."""
        with self._atomic():
            r = self._enter(id_)
            assets, shares = to_repay(amount, self._owed(id_, account), r.debt_index)
            self._decrease_debt(account, id_, shares)
            r.debt_shares -= shares
            self._refill_outflow(r, assets)
            r.balance += assets
            return assets, shares

    def set_collateral(
        self, id_: int, enabled: bool, account: str, *, caller: str | None = None
    ) -> None:
        """Says whether a supply counts as collateral."""
        with self._atomic():
            self._require_authorized(account, caller, ACTION_COLLATERAL)
            self._require_listed(id_)
            a = self._account(account)
            if id_ not in a.supply:
                raise Revert("NoPosition", account, id_)
            a.given.discard(id_)
            if enabled:
                a.not_collateral.discard(id_)
            else:
                a.not_collateral.add(id_)
                self._require_covered_without(id_, account)

    # ------------------------------------------------------------------ composing

    def batch(self, calls: Sequence[Callable[[], object]]) -> list[object]:
        """Runs calls to this pool, all or none; health is checked once, at the end."""
        with self._atomic():
            if self._deferred is not None:
                return [call() for call in calls]
            deferred: list[str] = []
            self._deferred = deferred
            try:
                results = [call() for call in calls]
            finally:
                self._deferred = None
            for account in reversed(deferred):
                self._check_covered(account)
            return results

    # ------------------------------------------------------------------ permissions

    def authorize(self, account: str, operator: str, actions: int, expiry: int) -> None:
        """Lets `operator` do `actions` for `account` until `expiry`."""
        with self._atomic():
            self._require_address(operator)
            self.authorizations[account, operator] = (
                actions & MAX_ACTIONS,
                min(expiry, MAX_ACTIONS_EXPIRY),
            )

    def set_operator(self, account: str, operator: str, approved: bool) -> None:
        """`ACTION_WITHDRAW` without expiry; other actions keep theirs, unless they have expired."""
        actions, expiry = self.authorization(account, operator)
        if expiry < self.now:
            actions = 0
        if approved:
            self.authorize(account, operator, actions | ACTION_WITHDRAW, MAX)
        else:
            self.authorize(account, operator, actions & ~ACTION_WITHDRAW, expiry)

    def allow(
        self, account: str, spender: str, position_id: int, amount: int, expiry: int = MAX
    ) -> None:
        """Lets `spender` use shares of a position id or, with `DEBT`, borrow assets, until `expiry`."""
        with self._atomic():
            self._require_address(spender)
            self.allowances[account, spender, position_id] = (
                min(amount, MAX_ALLOWANCE),
                min(expiry, MAX_ALLOWANCE_EXPIRY),
            )

    # ------------------------------------------------------------------ less frequent actions

    def accrue(self, id_: int) -> None:
        """Stores a reserve's interest up to now."""
        with self._atomic():
            self._enter(id_)

    def repay_with_supply(
        self, position_id: int, amount: int, account: str, *, caller: str | None = None
    ) -> tuple[int, int, int]:
        """Assets repaid, supply shares burned, rounded up, and debt shares burned, rounded down."""
        with self._atomic():
            id_, idle = split(position_id)
            r = self._enter(id_)
            index = WAD if idle else r.supply_index
            owed = self._owed(id_, account)
            balance = mul_down(self._account(account).supply_of(position_id), index)
            assets, debt_shares = to_repay(amount, owed, r.debt_index)
            if assets > balance and amount == ALL:
                assets, debt_shares = to_repay(balance, owed, r.debt_index)
            supply_shares = to_withdraw(assets, 0, index)[1]
            self._decrease_supply(account, position_id, supply_shares)
            self._spend_allowance(account, caller, ACTION_WITHDRAW, position_id, supply_shares)
            self._decrease_debt(account, id_, debt_shares)
            r.debt_shares -= debt_shares
            if idle:
                r.idle -= assets
            else:
                r.supply_shares -= supply_shares
            return assets, supply_shares, debt_shares

    def take_debt(
        self, id_: int, amount: int, from_: str, to: str, *, caller: str | None = None
    ) -> tuple[int, int]:
        """Moves debt to `to`, who calls when `caller` is None: assets and shares."""
        with self._atomic():
            self._require_live(id_, self._require_listed(id_))
            # The reserve's totals stay as they are, and so nothing of it is stored.
            r = self._accrued(id_)
            assets, shares = to_repay(amount, self._owed(id_, from_), r.debt_index)
            self._decrease_debt(from_, id_, shares)
            self._take_on_debt(id_, assets, shares, to, caller)
            self._require_min_debt(id_, r, to)
            self._require_covered(to)
            return assets, shares

    def convert(
        self, id_: int, idle: bool, account: str, *, caller: str | None = None
    ) -> tuple[int, int]:
        """Turns a whole supply from earning to idle or back: its assets, and its shares then."""
        with self._atomic():
            self._require_authorized(account, caller, ACTION_COLLATERAL)
            r = self._enter(id_)
            earning, idling = id_, id_ | IDLE
            origin, target = (earning, idling) if idle else (idling, earning)
            held = self._account(account).supply_of(origin)
            if held == 0:
                raise Revert("NoPosition", account, id_)
            collateral = self._decrease_supply(account, origin, held)
            if idle:
                assets = shares = mul_down(held, r.supply_index)
                self._take_supply(id_, r, held, assets)
                self._take_outflow(id_, r, assets)
                self._add_idle(id_, r, assets)
            else:
                self._require_open(id_, r)
                assets, shares = to_supply(held, r.supply_index)
                self._give_supply(id_, r, shares, assets)
                r.idle -= assets
            self._increase_supply(account, target, shares, collateral=collateral)
            if collateral:
                self._require_covered_without(id_, account)
            return assets, shares

    def set_category(self, category: int, account: str, *, caller: str | None = None) -> None:
        """Chooses the account's category; zero for none."""
        with self._atomic():
            self._require_authorized(account, caller, ACTION_COLLATERAL)
            if category and category not in self.categories:
                raise Revert("UnknownCategory", category)
            a = self._account(account)
            a.category = category
            for id_ in a.debts():
                self._require_lends(id_, a)
            self._require_covered(account)

    # ------------------------------------------------------------------ configuration

    def set_rates(
        self,
        id_: int,
        curve: KinkedCurve,
        reserve_factor_percent: int,
        model: RateModel | None = None,
    ) -> None:
        """Other rates from now on."""
        with self._atomic():
            r = self._enter(id_)
            r.curve, r.reserve_factor_percent, r.model = curve, reserve_factor_percent, model

    def set_idle_cap(self, id_: int, cap: int) -> int:
        """What the cap is then: not below what sits idle."""
        with self._atomic():
            r = self._require_listed(id_)
            r.idle_cap = max(cap, r.idle)
            return r.idle_cap

    def set_switches(self, id_: int, paused: bool, frozen: bool, grace_s: int = 0) -> None:
        """A reserve whose supply is worth next to nothing stays frozen; after a pause there is grace."""
        with self._atomic():
            r = self._require_listed(id_)
            if not frozen and r.supply_index < MIN_SUPPLY_INDEX:
                raise Revert("ReserveWorthless", id_)
            if r.paused and not paused:
                r.grace_end = self.now + grace_s
            r.paused, r.frozen = paused, frozen

    def collect_buffer(self, id_: int, assets: int, to: str | None = None) -> None:
        """Pays protocol income out."""
        with self._atomic():
            self._require_address(to)
            r = self._enter(id_)
            if assets > r.collectable:
                raise Revert("InsufficientBuffer", id_, assets, r.collectable)
            r.balance -= assets

    def set_price(self, id_: int, answer: int, updated_at: int) -> None:
        """What the reserve's feed answers from now on."""
        self.reserves[id_].answer = answer
        self.reserves[id_].updated_at = updated_at

    # ------------------------------------------------------------------ liquidation

    def liquidate(
        self,
        caller: str,
        account: str,
        debt_id: int,
        collateral_id: int,
        max_repay: int = MAX,
        min_received: int = 0,
        to: str | None = None,
    ) -> Liquidated:
        """Repays an unhealthy account's debt for its collateral at a bonus; writes bad debt off.

        With `SHARES` in `min_received` the collateral becomes the supply of `to`, else of `caller`.
        """
        with self._atomic():
            if account in (caller, to):
                raise Revert("SelfLiquidation")
            self._require_address(to)
            self._require_not_deferred(account)
            for id_ in (debt_id, collateral_id):
                self._require_listed(id_)
            for id_ in (debt_id, collateral_id):
                self._require_liquidatable(id_)
            a = self._account(account)
            idle = collateral_id in a.idle
            debt, collateral = self._enter(debt_id), self.reserves[collateral_id]
            if not idle:
                self._enter(collateral_id)
            supply_index = WAD if idle else collateral.supply_index

            held = self._owed(debt_id, account)
            data, pair = self._assess(account, debt_id, collateral_id)
            if pair.threshold == 0:
                raise Revert("NotCollateral", account, collateral_id)
            if pair.debt_price == 0:
                raise Revert("NoPrice", debt_id)
            if pair.collateral_price == 0:
                raise Revert("NoPrice", collateral_id)
            if data.liquidation_limit >= data.debt_value:
                raise Revert("Healthy", account, data.health)

            repay_value, bonus = self._ask(account, data, pair)
            allowed = mul_up(held, debt.debt_index)
            if repay_value < pair.debt_side:
                most = assets_up(repay_value, pair.debt_price, pair.debt_decimals)
                allowed = min(most, allowed)
            repaid, repaid_shares = to_repay(min(max_repay, allowed), held, debt.debt_index)

            supply_shares = a.supply[collateral_id]
            supplied = mul_down(supply_shares, supply_index)
            covered = div_down(pair.collateral_side, WAD + bonus)
            seized = assets_down(
                mul_down(value_down(repaid, pair.debt_price, pair.debt_decimals), WAD + bonus),
                pair.collateral_price,
                pair.collateral_decimals,
            )
            if seized >= supplied or (repay_value >= covered and repaid == allowed):
                seized, seized_shares = supplied, supply_shares
                offer = min(assets_up(covered, pair.debt_price, pair.debt_decimals), repaid)
                repaid, repaid_shares = to_repay(offer, held, debt.debt_index)
            else:
                seized_shares = div_up(seized, supply_index)
                if repaid < allowed:
                    self._require_no_dust(pair, repaid, seized)
            fee = mul_up(seized - div_up(seized, WAD + bonus), collateral.liquidation_fee)

            self._decrease_debt(account, debt_id, repaid_shares)
            debt.debt_shares -= repaid_shares
            position_id = collateral_id | IDLE if idle else collateral_id
            self._decrease_supply(account, position_id, seized_shares)
            if min_received & SHARES:
                received, paid_out = div_down(seized - fee, supply_index), 0
                burned = seized_shares - received
                self._open(position_id, received, to or caller, caller)
            else:
                burned = seized_shares
                received = paid_out = seized - fee
            if idle:
                collateral.idle -= burned
            else:
                self._take_supply(collateral_id, collateral, burned, paid_out)
            min_received &= ~SHARES
            if received < min_received:
                raise Revert("SeizedTooLittle", received, min_received)
            debt.balance += repaid
            collateral.balance -= paid_out

            forfeits: list[tuple[int, int]] = []
            write_offs: list[tuple[int, int, int]] = []
            bad = self._is_bad_debt(
                data.unpriced,
                data.collateral_value - pair.taken(seized),
                data.debt_value - pair.paid(repaid),
            )
            # Without a debt the value that is left of it was rounding.
            if bad and a.debts() and self._barred_reserve(account) is None:
                forfeits, write_offs = self._write_off_account(account)
            return Liquidated(repaid, received, seized, fee, forfeits, write_offs)

    def write_off(self, account: str) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        """Writes off bad debt: forfeits (id, assets) and write-offs (id, assets, deficit)."""
        with self._atomic():
            self._require_not_deferred(account)
            data = self.account_data(account)
            if not self._is_bad_debt(data.unpriced, data.collateral_value, data.debt_value):
                raise Revert("NotBadDebt", account, data.collateral_value, data.debt_value)
            barred = self._barred_reserve(account)
            if barred is not None:
                self._require_liquidatable(barred)
            return self._write_off_account(account)

    def _ask(self, account: str, data: AccountData, pair: _Pair) -> tuple[int, int]:
        """The external model, held to its bounds, or the built-in rule."""
        case = LiquidationCase(
            account=account,
            debt_value=data.debt_value,
            limit=data.liquidation_limit,
            debt_side=pair.debt_side,
            collateral_side=pair.collateral_side,
            threshold=pair.threshold,
            bonus_floor=pair.bonus_floor,
            bonus_cap=pair.bonus_cap,
        )
        answer = self.liquidation_model and self.liquidation_model(case, self.terms)
        if answer and answer[0] and answer[0] >= min(self.terms.dust, case.debt_side):
            return min(answer[0], case.debt_side), min(answer[1], case.bonus_cap)
        return liquidation_size(case, self.terms)

    def _require_no_dust(self, pair: _Pair, repaid: int, seized: int) -> None:
        debt_left = pair.debt_side - pair.paid(repaid)
        collateral_left = pair.collateral_side - pair.taken(seized)
        if debt_left < self.terms.dust or collateral_left < self.terms.dust:
            raise Revert("LeavesDust", debt_left, collateral_left)

    def _require_not_deferred(self, account: str) -> None:
        if self._deferred is not None and account in self._deferred:
            raise Revert("HealthCheckPending", account)

    def _is_bad_debt(self, unpriced: bool, collateral_left: int, debt_left: int) -> bool:
        worthless = collateral_left <= self.terms.write_off_below and collateral_left < debt_left
        return worthless and not unpriced

    def _barred_reserve(self, account: str) -> int | None:
        """The first reserve that is paused, or was just now, and that the account has pledged or owes to."""
        a = self._account(account)
        ids = sorted({*self._pledged(a), *a.debts()})
        return next((id_ for id_ in ids if self._is_barred(id_)), None)

    def _is_barred(self, id_: int) -> bool:
        r = self.reserves[id_]
        return r.paused or self.now < r.grace_end

    def _require_liquidatable(self, id_: int) -> None:
        self._require_live(id_, self.reserves[id_])
        if self._is_barred(id_):
            raise Revert("GracePeriod", id_, self.reserves[id_].grace_end)

    def _write_off_account(
        self, account: str
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        a = self._account(account)
        forfeits = [(id_, self._forfeit(id_, account)) for id_ in self._pledged(a)]
        write_offs = [(id_, *self._write_off(id_, account)) for id_ in a.debts()]
        return forfeits, write_offs

    def _forfeit(self, id_: int, account: str) -> int:
        a = self._account(account)
        shares = a.supply[id_]
        if id_ in a.idle:
            self._decrease_supply(account, id_ | IDLE, shares)
            self.reserves[id_].idle -= shares
            return shares
        self._decrease_supply(account, id_, shares)
        r = self._enter(id_)
        r.supply_shares -= shares
        return mul_down(shares, r.supply_index)

    def _write_off(self, id_: int, account: str) -> tuple[int, int]:
        """The buffer pays first, then the insurer; what they cannot pay lowers the supply index."""
        r = self._enter(id_)
        buffer = r.buffer
        shares = self._account(account).debt[id_]
        self._decrease_debt(account, id_, shares)
        r.debt_shares -= shares
        lost = mul_up(shares, r.debt_index)
        deficit = max(lost - buffer, 0)
        if deficit and r.insurer is not None:
            deficit -= self._slash(id_, r, r.insurer, deficit)
        if deficit and r.supply_shares:
            r.supply_index = div_down(max(r.supply_assets - deficit, 0), r.supply_shares)
            if r.supply_index < MIN_SUPPLY_INDEX:
                r.frozen = True
        return lost, deficit

    def _slash(self, id_: int, r: Reserve, insurer: str, deficit: int) -> int:
        """Burns the insurer's supply against a deficit, and says how much of it that paid."""
        shares = self._account(insurer).supply_of(id_)
        if shares == 0 or r.supply_index == 0:
            return 0
        shares = min(shares, div_up(deficit, r.supply_index))
        self._decrease_supply(insurer, id_, shares)
        r.supply_shares -= shares
        return min(mul_down(shares, r.supply_index), deficit)

    # ------------------------------------------------------------------ health

    def _assess(
        self, account: str, debt_id: int | None = None, collateral_id: int | None = None
    ) -> tuple[AccountData, _Pair]:
        """The account at fresh indices, and a pair of its assets."""
        a = self._account(account)
        pair = _Pair()
        collateral_value = debt_value = borrow_limit = liquidation_limit = 0
        unpriced = False
        for id_ in a.debts():
            value, price = self._debt_value(a, id_)
            debt_value += value
            unpriced |= price == 0
            if id_ == debt_id:
                pair.debt_side, pair.debt_price = value, price
                pair.debt_decimals = self.reserves[id_].decimals
        for id_ in self._pledged(a):
            r, terms = self.reserves[id_], self._terms(a, id_)
            price, threshold = r.price(self.now), terms.threshold_now(self.now)
            value = value_down(self._supply_balance(a, id_), price, r.decimals)
            collateral_value += value
            borrow_limit += mul_down(value, terms.ltv)
            liquidation_limit += mul_down(value, threshold)
            unpriced |= price == 0
            if id_ == collateral_id:
                pair.collateral_side, pair.collateral_price = value, price
                pair.collateral_decimals, pair.threshold = r.decimals, threshold
                pair.bonus_floor, pair.bonus_cap = terms.bonus_floor, terms.bonus_cap
        health = MAX if debt_value == 0 else div_down(liquidation_limit, debt_value)
        data = AccountData(
            collateral_value, debt_value, borrow_limit, liquidation_limit, health, unpriced
        )
        return data, pair

    def _pledged(self, a: Account) -> list[int]:
        """What a liquidator may take: an asset with a threshold of zero is nobody's collateral."""
        ids = self._counting_collaterals(a)
        return [id_ for id_ in ids if self._terms(a, id_).threshold_now(self.now)]

    def _counting_collaterals(self, a: Account) -> list[int]:
        """In an isolated category no other collateral counts."""
        category = self.categories.get(a.category)
        if category is None or not category.isolated:
            return a.collaterals()
        return [id_ for id_ in a.collaterals() if id_ in category.collaterals]

    def _terms(self, a: Account, id_: int) -> RiskTerms:
        """The category's, or the reserve's own."""
        category = self.categories.get(a.category)
        return category if category and id_ in category.collaterals else self.reserves[id_]

    def _require_covered(self, account: str) -> None:
        """For whoever takes on risk; in a batch at its end."""
        if self._deferred is None:
            self._check_covered(account)
        elif account not in self._deferred:
            self._deferred.append(account)

    def _require_covered_without(self, id_: int, account: str) -> None:
        """Taking collateral out is free without debt, and where the asset is nobody's collateral."""
        a = self._account(account)
        if a.debt and (
            self.reserves[id_].threshold or self._terms(a, id_) is not self.reserves[id_]
        ):
            self._require_covered(account)

    def _check_covered(self, account: str) -> None:
        """Debt at fresh indices, collateral at stored ones, and only as many as it takes."""
        a = self._account(account)
        debt_value = 0
        for id_ in a.debts():
            r = self._accrued(id_)
            price = r.cautious_price(self.now, owed=True)
            if price == 0:
                raise Revert("NoPrice", id_)
            debt_value += value_up(mul_up(a.debt[id_], r.debt_index), price, r.decimals)
        borrow_limit = 0
        for id_ in self._counting_collaterals(a):
            if borrow_limit >= debt_value:
                break
            r = self.reserves[id_]
            assets = mul_down(a.supply[id_], WAD if id_ in a.idle else r.supply_index)
            value = value_down(assets, r.cautious_price(self.now, owed=False), r.decimals)
            borrow_limit += mul_down(value, self._terms(a, id_).ltv)
        if debt_value > borrow_limit:
            health = div_down(borrow_limit, debt_value)
            raise Revert("Undercollateralized", account, debt_value, borrow_limit, health)

    def _debt_value(self, a: Account, id_: int) -> tuple[int, int]:
        """Rounded up, and the price: zero for none."""
        r = self._accrued(id_)
        price = r.price(self.now)
        return value_up(mul_up(a.debt[id_], r.debt_index), price, r.decimals), price

    def _supply_balance(self, a: Account, id_: int) -> int:
        """In assets with interest, rounded down."""
        shares = a.supply.get(id_, 0)
        return shares if id_ in a.idle else mul_down(shares, self._accrued(id_).supply_index)

    # ------------------------------------------------------------------ who may

    def _require_address(self, address: str | None) -> None:
        if address == ZERO:
            raise Revert("ZeroAddress")

    def _require_authorized(self, account: str, caller: str | None, action: int) -> None:
        if not self._is_authorized(account, caller, action):
            raise Revert("NotAuthorized", account, caller, action)

    def _is_authorized(self, account: str, caller: str | None, action: int) -> bool:
        if caller is None or caller == account:
            return True
        actions, expiry = self.authorization(account, caller)
        return bool(actions & action) and expiry >= self.now

    def _spend_allowance(
        self, account: str, caller: str | None, action: int, position_id: int, amount: int
    ) -> None:
        """As `_require_authorized`, or by an allowance, of which `amount` is spent."""
        if caller is None or self._is_authorized(account, caller, action):
            return
        key = (account, caller, position_id)
        left, expiry = self.allowances.get(key, (0, 0))
        if (left, expiry) == (0, 0):
            raise Revert("NotAuthorized", account, caller, action)
        allowed = 0 if expiry < self.now else left
        if amount > allowed:
            raise Revert("InsufficientAllowance", account, caller, position_id, amount, allowed)
        if allowed != MAX_ALLOWANCE:
            self.allowances[key] = (left - amount, expiry)

    # ------------------------------------------------------------------ positions

    def _account(self, account: str) -> Account:
        a = self.accounts.setdefault(account, Account())
        if self._before is not None and account not in self._before.accounts:
            self._before.accounts[account] = copy.copy(a)
        return a

    def _open(self, position_id: int, shares: int, account: str, caller: str | None) -> None:
        """Opening a supply for somebody else takes his authorization."""
        if self._increase_supply(account, position_id, shares) == 0:
            self._require_authorized(account, caller, ACTION_SUPPLY)
        id_, a = position_id % IDLE, self._account(account)
        if id_ in a.given and self._is_authorized(account, caller, ACTION_SUPPLY):
            a.given.remove(id_)
            a.not_collateral.discard(id_)

    def _increase_supply(
        self, account: str, position_id: int, shares: int, *, collateral: bool = True
    ) -> int:
        """Adds shares and returns those held before; what it opens is marked as `collateral` says."""
        _not_zero(shares)
        a = self._account(account)
        id_, idle = split(position_id)
        held = a.supply.get(id_, 0)
        if held and (id_ in a.idle) is not idle:
            raise Revert("OtherMode", account, position_id)
        a.set_supply(id_, _fitting(held + shares))
        if held == 0 and idle:
            a.idle.add(id_)
        if held == 0 and not collateral:
            a.not_collateral.add(id_)
        return held

    def _decrease_supply(self, account: str, position_id: int, shares: int) -> bool:
        """Removes shares; says whether they counted as collateral."""
        a = self._account(account)
        held = a.supply_of(position_id)
        if shares > held:
            raise Revert("InsufficientShares", account, position_id, shares, held)
        id_, _ = split(position_id)
        collateral = id_ not in a.not_collateral
        a.set_supply(id_, held - shares)
        return collateral

    def _owed(self, id_: int, account: str) -> int:
        held = self._account(account).debt.get(id_, 0)
        if held == 0:
            raise Revert("NoPosition", account, id_)
        return held

    def _decrease_debt(self, account: str, id_: int, shares: int) -> None:
        a = self._account(account)
        a.set_debt(id_, a.debt[id_] - shares)

    def _take_on_debt(
        self, id_: int, assets: int, shares: int, account: str, caller: str | None
    ) -> None:
        """Adds debt shares, with the account's consent and within its category."""
        a = self._account(account)
        a.set_debt(id_, _fitting(a.debt.get(id_, 0) + shares))
        self._spend_allowance(account, caller, ACTION_BORROW, id_ | DEBT, assets)
        self._require_lends(id_, a)

    def _require_lends(self, id_: int, a: Account) -> None:
        if a.category and id_ not in self.categories[a.category].borrowables:
            raise Revert("NotInCategory", a.category, id_)

    def _require_min_debt(self, id_: int, r: Reserve, account: str) -> None:
        """Of a debt that has just grown."""
        debt = mul_up(self._account(account).debt[id_], r.debt_index)
        if debt < r.min_debt:
            raise Revert("DebtTooSmall", id_, debt, r.min_debt)

    # ------------------------------------------------------------------ reserves

    def _require_listed(self, id_: int) -> Reserve:
        if not 0 <= id_ < len(self.reserves):
            raise Revert("UnknownReserve", id_)
        return self.reserves[id_]

    def _require_live(self, id_: int, r: Reserve) -> None:
        if r.paused:
            raise Revert("ReservePaused", id_)

    def _require_open(self, id_: int, r: Reserve) -> None:
        self._require_live(id_, r)
        if r.frozen:
            raise Revert("ReserveFrozen", id_)

    def _enter(self, id_: int) -> Reserve:
        """A listed reserve with interest up to now, of which its model hears."""
        r = self._require_listed(id_)
        before, elapsed = r.utilization, self.now - r.timestamp
        r.accrue(self.now)
        if r.model is not None and elapsed:
            r.model.accrued(before, elapsed)
        return r

    def _accrued(self, id_: int) -> Reserve:
        """The reserve with interest up to now, not stored."""
        r = self.reserves[id_]
        if r.timestamp == self.now:
            return r
        r = copy.copy(r)
        r.accrue(self.now)
        return r

    def _give_supply(self, id_: int, r: Reserve, shares: int, assets: int) -> None:
        """Mints supply shares for `assets` that come in."""
        r.supply_shares = _fitting(r.supply_shares + shares)
        if r.supply_assets > r.supply_cap:
            room = max(r.supply_cap - (r.supply_assets - assets), 0)
            raise Revert("SupplyCapExceeded", id_, assets, room)
        self._refill_outflow(r, assets)

    def _take_supply(self, id_: int, r: Reserve, shares: int, assets: int) -> None:
        """Burns supply shares for `assets` that leave; what stays must cover what is lent."""
        cash = r.cash
        r.supply_shares -= shares
        if assets and r.supply_assets < r.debt_assets:
            raise Revert("InsufficientCash", id_, assets, cash)

    def _take_outflow(self, id_: int, r: Reserve, assets: int) -> None:
        room = r.outflow_room(self.now)
        if assets > room:
            raise Revert("OutflowLimitExceeded", id_, assets, room)
        self._refill_outflow(r, -assets)

    def _refill_outflow(self, r: Reserve, assets: int) -> None:
        if r.outflow is not None:
            r.outflow = r.outflow.moved(assets, self.now)

    def _add_idle(self, id_: int, r: Reserve, assets: int) -> None:
        room = r.idle_cap - r.idle
        if assets > room:
            raise Revert("IdleCapExceeded", id_, assets, room)
        r.idle += assets

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        """A revert leaves no trace. An action inside another one is part of it."""
        if self._before is not None:
            yield
            return
        before = self._before = _Before(
            [copy.copy(r) for r in self.reserves], dict(self.authorizations), dict(self.allowances)
        )
        try:
            yield
        except Revert:
            self.reserves = before.reserves
            self.authorizations, self.allowances = before.authorizations, before.allowances
            self.accounts.update(before.accounts)
            raise
        finally:
            self._before = None

    # ------------------------------------------------------------------ views

    def authorization(self, account: str, operator: str) -> tuple[int, int]:
        """What `operator` may do for `account`, and until when."""
        return self.authorizations.get((account, operator), (0, 0))

    def is_operator(self, account: str, operator: str) -> bool:
        """Whether he may move its supplies."""
        actions, expiry = self.authorization(account, operator)
        return bool(actions & ACTION_WITHDRAW) and expiry >= self.now

    def allowance(self, account: str, spender: str, position_id: int) -> int:
        """What is left of an allowance; `MAX` where it never runs out."""
        amount, expiry = self.allowances.get((account, spender, position_id), (0, 0))
        if expiry < self.now:
            return 0
        return MAX if amount == MAX_ALLOWANCE else amount

    def balance_of(self, account: str, position_id: int) -> int:
        """The shares of a position id."""
        return self._account(account).supply_of(position_id) if position_id < 2 * IDLE else 0

    def supply_balance(self, account: str, id_: int) -> int:
        """In assets, earning or idle, rounded down."""
        self._require_listed(id_)
        return self._supply_balance(self._account(account), id_)

    def debt_balance(self, account: str, id_: int) -> int:
        """In assets, rounded up."""
        self._require_listed(id_)
        return mul_up(self._account(account).debt.get(id_, 0), self._accrued(id_).debt_index)

    def account_data(self, account: str) -> AccountData:
        """Values, limits and health at fresh indices."""
        return self._assess(account)[0]

    def health_factor(self, account: str) -> int:
        """Liquidation limit over debt value in WAD; `MAX` without debt."""
        return self.account_data(account).health

    def positions(self, account: str) -> list[Position]:
        """By ascending reserve id."""
        a = self._account(account)
        return [
            Position(
                id_,
                a.supply.get(id_, 0),
                a.debt.get(id_, 0),
                id_ in a.supply and id_ not in a.not_collateral,
                id_ in a.idle,
            )
            for id_ in sorted(a.supply.keys() | a.debt.keys())
        ]

    def category_of(self, account: str) -> int:
        """Zero for none."""
        return self._account(account).category
