"""The pool in integers, wei for wei: the specification that the contracts are checked against.

Same names, same order, same rounding as the Solidity. Assets and shares of a reserve are tied by

    assets = shares * index / WAD

rounded down for suppliers and up for borrowers. A call that the pool would revert raises `Revert`
with the error's name and arguments and leaves the state as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

WAD = 10**18
YEAR_S = 365 * 86_400
MAX = 2**256 - 1
MAX_SHARES = 2**112 - 1
MAX_INDEX = 2**88 - 1
MAX_ANSWER = 2**96 - 1
MAX_RATE = 20 * WAD // YEAR_S
MIN_SUPPLY_INDEX = 10**12
NO_CAP = MAX
NO_CAP_CODE = 2**14 - 1

SHARES = 1 << 255
"""Set in an amount: the rest of it counts shares."""

ACTION_SUPPLY, ACTION_WITHDRAW, ACTION_BORROW, ACTION_COLLATERAL = 1, 2, 4, 8


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
    return NO_CAP if code == NO_CAP_CODE else (code >> 5) * int(10 ** (code & 31))


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
    """An external rate model; immutable, so that a revert leaves no trace in it."""

    def borrow_rate(self, utilization: int, elapsed_s: int) -> int:
        """The rate per second in WAD, averaged over the interval that ends now."""

    def accrued(self, utilization: int, elapsed_s: int) -> RateModel:
        """The model after an interval that the pool has charged."""


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


# ---------------------------------------------------------------------- reserve


@dataclass
class Reserve:
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
    ltv: int
    threshold: int
    bonus_floor: int
    bonus_cap: int
    decimals: int
    max_age_s: int
    liquidation_fee: int
    answer: int
    updated_at: int
    balance: int
    model: RateModel | None = None

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
            ltv=(risk >> 160 & 0x3FFF) * 10**14,
            threshold=(risk >> 174 & 0x3FFF) * 10**14,
            bonus_floor=(risk >> 188 & 0x3FFF) * 10**14,
            bonus_cap=(risk >> 202 & 0x3FFF) * 10**14,
            decimals=risk >> 216 & 63,
            max_age_s=(risk >> 222 & 0xFFFF) * 60,
            liquidation_fee=(risk >> 238 & 127) * 10**16,
            answer=answer,
            updated_at=updated_at,
            balance=balance,
            model=model,
        )

    @property
    def supply_assets(self) -> int:
        """What suppliers own, rounded down."""
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
        return max(
            self.balance + self.debt_assets - mul_up(self.supply_shares, self.supply_index), 0
        )

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

    def price(self, now: int) -> int:
        """The feed's answer, or zero for no price."""
        if not 0 < self.answer <= MAX_ANSWER:
            return 0
        fresh = self.updated_at <= now and now - self.updated_at <= self.max_age_s
        return self.answer if fresh else 0

    def accrue(self, now: int) -> None:
        """Interest up to `now`, at the rate of the utilization so far."""
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

    def check(self) -> None:
        """The pool stores shares in 112 bits."""
        for shares in (self.supply_shares, self.debt_shares):
            if shares > MAX_SHARES:
                raise Revert("SharesOverflow", shares)


# ---------------------------------------------------------------------- accounts


@dataclass
class Account:
    """Shares per reserve on both sides, never zero, and the supplies that are no collateral."""

    supply: dict[int, int] = field(default_factory=dict)
    debt: dict[int, int] = field(default_factory=dict)
    not_collateral: set[int] = field(default_factory=set)

    def set_supply(self, reserve_id: int, shares: int) -> None:
        """A supply that opens counts as collateral; one that closes forgets its mark."""
        if shares:
            self.supply[reserve_id] = shares
        else:
            self.supply.pop(reserve_id, None)
            self.not_collateral.discard(reserve_id)

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
class _Side:
    """The pair that a liquidator picked, as `_assess` finds it."""

    debt_value: int = 0
    debt_price: int = 0
    debt_decimals: int = 0
    collateral_value: int = 0
    collateral_price: int = 0


# ---------------------------------------------------------------------- pool


class ReserveWords(Protocol):
    """A reserve as `sims.snapshot` keeps it."""

    @property
    def index_word(self) -> int: ...
    @property
    def totals_word(self) -> int: ...
    @property
    def risk_word(self) -> int: ...
    @property
    def token_word(self) -> int: ...
    @property
    def answer(self) -> int: ...
    @property
    def updated_at(self) -> int: ...
    @property
    def balance(self) -> int: ...


class AccountPosition(Protocol):
    """One position of one account as `sims.snapshot` keeps it."""

    @property
    def account(self) -> str: ...
    @property
    def id(self) -> int: ...
    @property
    def supply_shares(self) -> int: ...
    @property
    def debt_shares(self) -> int: ...
    @property
    def collateral(self) -> bool: ...


class SnapshotLike(Protocol):
    """What `Pool.from_snapshot` reads."""

    @property
    def timestamp(self) -> int: ...
    @property
    def reserves(self) -> Sequence[ReserveWords]: ...
    @property
    def positions(self) -> Sequence[AccountPosition]: ...
    @property
    def liquidation_terms(self) -> LiquidationTerms: ...


class Pool:
    """The pool at one moment, `now`. Wallets are not part of it: tokens are assumed to be there."""

    def __init__(
        self,
        reserves: Sequence[Reserve],
        terms: LiquidationTerms,
        *,
        now: int,
        accounts: Mapping[str, Account] | None = None,
        liquidation_model: LiquidationModel | None = None,
    ) -> None:
        self.reserves = list(reserves)
        self.terms = terms
        self.liquidation_model = liquidation_model
        self.now = now
        self.accounts: dict[str, Account] = dict(accounts or {})
        self.authorizations: dict[tuple[str, str], tuple[int, int]] = {}

    @classmethod
    def from_snapshot(cls, snapshot: SnapshotLike) -> Pool:
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
        return cls(reserves, snapshot.liquidation_terms, now=snapshot.timestamp, accounts=accounts)

    # ------------------------------------------------------------------ lending

    def supply(self, id_: int, assets: int, account: str, *, caller: str | None = None) -> int:
        """Shares minted, rounded down."""
        with self._atomic(account):
            r = self._enter(id_)
            self._require_open(id_, r)
            shares = div_down(assets, r.supply_index)
            if shares == 0:
                raise Revert("ZeroAmount")
            held = self._account(account).supply.get(id_, 0)
            if held == 0:
                self._require_authorized(account, caller, ACTION_SUPPLY)
            self._account(account).set_supply(id_, held + shares)
            r.supply_shares += shares
            if r.supply_assets > r.supply_cap:
                raise Revert("SupplyCapExceeded", id_, r.supply_assets, r.supply_cap)
            r.check()
            r.balance += assets
            return shares

    def withdraw(
        self, id_: int, assets: int, account: str, *, caller: str | None = None
    ) -> tuple[int, int]:
        """Assets paid out and shares burned, rounded up. `MAX` empties."""
        with self._atomic(account):
            self._require_authorized(account, caller, ACTION_WITHDRAW)
            r = self._enter(id_)
            if assets == 0:
                raise Revert("ZeroAmount")
            a = self._account(account)
            held = a.supply.get(id_, 0)
            balance = mul_down(held, r.supply_index)
            withdrawn = balance if assets == MAX else assets
            if withdrawn > balance:
                raise Revert("InsufficientSupply", id_, withdrawn, balance)
            shares = held if assets == MAX else div_up(withdrawn, r.supply_index)
            if shares == 0:
                raise Revert("ZeroAmount")
            collateral = id_ in a.collaterals()
            a.set_supply(id_, held - shares)
            self._take_supply(id_, r, shares, withdrawn)
            if collateral:
                self._require_covered_without(id_, account)
            r.balance -= withdrawn
            return withdrawn, shares

    # ------------------------------------------------------------------ borrowing

    def borrow(self, id_: int, assets: int, account: str, *, caller: str | None = None) -> int:
        """Debt shares minted, rounded up."""
        with self._atomic(account):
            self._require_authorized(account, caller, ACTION_BORROW)
            r = self._enter(id_)
            self._require_open(id_, r)
            if not r.borrowable:
                raise Revert("NotBorrowable", id_)
            shares = div_up(assets, r.debt_index)
            if shares == 0:
                raise Revert("ZeroAmount")
            cash = r.cash
            a = self._account(account)
            a.set_debt(id_, a.debt.get(id_, 0) + shares)
            r.debt_shares += shares
            if r.debt_assets > r.supply_assets:
                raise Revert("InsufficientCash", id_, assets, cash)
            if r.debt_assets > r.borrow_cap:
                raise Revert("BorrowCapExceeded", id_, r.debt_assets, r.borrow_cap)
            r.check()
            self._require_covered(account)
            r.balance -= assets
            return shares

    def repay(self, id_: int, assets: int, account: str) -> tuple[int, int]:
        """Assets taken and shares burned, rounded down. At or above the debt it clears."""
        with self._atomic(account):
            r = self._enter(id_)
            a = self._account(account)
            held = a.debt.get(id_, 0)
            if held == 0:
                raise Revert("NoPosition", account, id_)
            repaid, shares = _repayable(assets, held, r.debt_index)
            a.set_debt(id_, held - shares)
            r.debt_shares -= shares
            r.balance += repaid
            return repaid, shares

    def set_collateral(
        self, id_: int, enabled: bool, account: str, *, caller: str | None = None
    ) -> None:
        """Says whether a supply counts as collateral."""
        with self._atomic(account):
            self._require_authorized(account, caller, ACTION_COLLATERAL)
            self._require_listed(id_)
            a = self._account(account)
            if id_ not in a.supply:
                raise Revert("NoPosition", account, id_)
            if enabled:
                a.not_collateral.discard(id_)
            else:
                a.not_collateral.add(id_)
                self._require_covered_without(id_, account)

    def authorize(self, account: str, operator: str, actions: int, expiry: int) -> None:
        """Lets `operator` do `actions` for `account` until `expiry`."""
        self.authorizations[account, operator] = (actions & 0xFFFF, min(expiry, 2**40 - 1))

    def accrue(self, id_: int) -> None:
        """Stores a reserve's interest up to now."""
        self._enter(id_)

    def collect_buffer(self, id_: int, assets: int) -> None:
        """Pays protocol income out."""
        with self._atomic():
            r = self._enter(id_)
            if assets > r.collectable:
                raise Revert("InsufficientBuffer", id_, assets, r.collectable)
            r.balance -= assets

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
        to = caller if to is None else to
        with self._atomic(account, to):
            if account == caller:
                raise Revert("SelfLiquidation")
            debt, collateral = self._enter(debt_id), self._enter(collateral_id)
            for id_, r in ((debt_id, debt), (collateral_id, collateral)):
                if r.paused:
                    raise Revert("ReservePaused", id_)
            a = self._account(account)
            held = a.debt.get(debt_id, 0)
            if held == 0:
                raise Revert("NoPosition", account, debt_id)
            data, side = self._assess(account, debt_id, collateral_id)
            if collateral_id not in self._pledged(a):
                raise Revert("NotCollateral", account, collateral_id)
            if side.debt_price == 0:
                raise Revert("NoPrice", debt_id)
            if side.collateral_price == 0:
                raise Revert("NoPrice", collateral_id)
            if data.liquidation_limit >= data.debt_value:
                raise Revert("Healthy", account, data.health)

            case = LiquidationCase(
                debt_value=data.debt_value,
                limit=data.liquidation_limit,
                debt_side=side.debt_value,
                collateral_side=side.collateral_value,
                threshold=collateral.threshold,
                bonus_floor=collateral.bonus_floor,
                bonus_cap=collateral.bonus_cap,
            )
            repay_value, bonus = self._ask(case)
            debt_assets = mul_up(held, debt.debt_index)
            allowed = debt_assets
            if repay_value < side.debt_value:
                allowed = min(
                    assets_up(repay_value, side.debt_price, side.debt_decimals), debt_assets
                )
            repaid, repaid_shares = _repayable(min(max_repay, allowed), held, debt.debt_index)

            supply_shares = a.supply[collateral_id]
            supplied = mul_down(supply_shares, collateral.supply_index)
            covered = div_down(side.collateral_value, WAD + bonus)
            repaid_value = value_down(repaid, side.debt_price, side.debt_decimals)
            seized = assets_down(
                mul_down(repaid_value, WAD + bonus), side.collateral_price, collateral.decimals
            )
            if seized >= supplied or (repay_value >= covered and repaid == allowed):
                seized, seized_shares = supplied, supply_shares
                offer = min(assets_up(covered, side.debt_price, side.debt_decimals), repaid)
                repaid, repaid_shares = _repayable(offer, held, debt.debt_index)
            else:
                seized_shares = div_up(seized, collateral.supply_index)
                if repaid < allowed:
                    self._require_no_dust(side, collateral, repaid, seized)
            fee = mul_up(seized - div_up(seized, WAD + bonus), collateral.liquidation_fee)
            a.set_debt(debt_id, held - repaid_shares)
            a.set_supply(collateral_id, supply_shares - seized_shares)
            debt.debt_shares -= repaid_shares
            if min_received & SHARES:
                min_received ^= SHARES
                burned = min(div_up(fee, collateral.supply_index), seized_shares)
                collateral.supply_shares -= burned
                received, paid_out = seized_shares - burned, 0
                self._give_shares(collateral_id, to, caller, received)
            else:
                received = paid_out = seized - fee
                self._take_supply(collateral_id, collateral, seized_shares, received)
            if received < min_received:
                raise Revert("SeizedTooLittle", received, min_received)
            debt.balance += repaid
            collateral.balance -= paid_out

            collateral_left = data.collateral_value - min(
                value_down(seized, side.collateral_price, collateral.decimals),
                side.collateral_value,
            )
            debt_left = data.debt_value - min(
                value_down(repaid, side.debt_price, side.debt_decimals), side.debt_value
            )
            forfeits: list[tuple[int, int]] = []
            write_offs: list[tuple[int, int, int]] = []
            if (
                self._is_bad_debt(account, data.unpriced, collateral_left, debt_left)
                and self._paused_reserve(account) is None
            ):
                forfeits, write_offs = self._write_off_account(account)
            return Liquidated(repaid, received, seized, fee, forfeits, write_offs)

    def write_off(self, account: str) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        """Writes off bad debt: forfeits (id, assets) and write-offs (id, assets, deficit)."""
        with self._atomic(account):
            data = self.account_data(account)
            if not self._is_bad_debt(
                account, data.unpriced, data.collateral_value, data.debt_value
            ):
                raise Revert("NotBadDebt", account, data.collateral_value, data.debt_value)
            paused = self._paused_reserve(account)
            if paused is not None:
                raise Revert("ReservePaused", paused)
            return self._write_off_account(account)

    def _ask(self, c: LiquidationCase) -> tuple[int, int]:
        """The external model, held to its bounds, or the built-in rule."""
        answer = self.liquidation_model and self.liquidation_model(c, self.terms)
        if answer and answer[0] and answer[0] >= min(self.terms.dust, c.debt_side):
            return min(answer[0], c.debt_side), min(answer[1], c.bonus_cap)
        return liquidation_size(c, self.terms)

    def _require_no_dust(self, side: _Side, collateral: Reserve, repaid: int, seized: int) -> None:
        paid = value_down(repaid, side.debt_price, side.debt_decimals)
        taken = value_down(seized, side.collateral_price, collateral.decimals)
        debt_left = max(side.debt_value - paid, 0)
        collateral_left = max(side.collateral_value - taken, 0)
        if debt_left < self.terms.dust or collateral_left < self.terms.dust:
            raise Revert("LeavesDust", debt_left, collateral_left)

    def _is_bad_debt(
        self, account: str, unpriced: bool, collateral_left: int, debt_left: int
    ) -> bool:
        if unpriced or not self._account(account).debt:
            return False
        return collateral_left <= self.terms.write_off_below and collateral_left < debt_left

    def _paused_reserve(self, account: str) -> int | None:
        """A paused reserve that the account has pledged or owes to."""
        a = self._account(account)
        ids = (*self._pledged(a), *a.debts())
        return next((id_ for id_ in ids if self.reserves[id_].paused), None)

    def _write_off_account(
        self, account: str
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        a = self._account(account)
        forfeits = [(id_, self._forfeit(id_, a)) for id_ in self._pledged(a)]
        write_offs = [(id_, *self._write_off(id_, a)) for id_ in a.debts()]
        return forfeits, write_offs

    def _forfeit(self, id_: int, a: Account) -> int:
        r = self._enter(id_)
        shares = a.supply[id_]
        a.set_supply(id_, 0)
        r.supply_shares -= shares
        return mul_down(shares, r.supply_index)

    def _write_off(self, id_: int, a: Account) -> tuple[int, int]:
        r = self._enter(id_)
        buffer = r.buffer
        before = r.debt_assets
        r.debt_shares -= a.debt[id_]
        a.set_debt(id_, 0)
        lost = before - r.debt_assets
        deficit = max(lost - buffer, 0)
        if deficit and r.supply_shares:
            r.supply_index = div_down(max(r.supply_assets - deficit, 0), r.supply_shares)
            if r.supply_index < MIN_SUPPLY_INDEX:
                r.frozen = True
        return lost, deficit

    # ------------------------------------------------------------------ health

    def _assess(
        self, account: str, debt_id: int | None = None, collateral_id: int | None = None
    ) -> tuple[AccountData, _Side]:
        a = self._account(account)
        side = _Side()
        collateral_value = debt_value = borrow_limit = liquidation_limit = 0
        unpriced = False
        for id_ in a.debts():
            value, price = self._debt_value(a, id_)
            debt_value += value
            unpriced |= price == 0
            if id_ == debt_id:
                side.debt_value, side.debt_price = value, price
                side.debt_decimals = self.reserves[id_].decimals
        for id_ in self._pledged(a):
            r = self._accrued(id_)
            price = r.price(self.now)
            value = value_down(mul_down(a.supply[id_], r.supply_index), price, r.decimals)
            collateral_value += value
            borrow_limit += mul_down(value, r.ltv)
            liquidation_limit += mul_down(value, r.threshold)
            unpriced |= price == 0
            if id_ == collateral_id:
                side.collateral_value, side.collateral_price = value, price
        health = MAX if debt_value == 0 else div_down(liquidation_limit, debt_value)
        data = AccountData(
            collateral_value, debt_value, borrow_limit, liquidation_limit, health, unpriced
        )
        return data, side

    def _pledged(self, a: Account) -> list[int]:
        """Collaterals that count: a reserve with a threshold of zero is none for anybody."""
        return [id_ for id_ in a.collaterals() if self.reserves[id_].threshold]

    def _require_covered(self, account: str) -> None:
        a = self._account(account)
        if not a.debt:
            return
        debt_value = 0
        for id_ in a.debts():
            value, price = self._debt_value(a, id_)
            if price == 0:
                raise Revert("NoPrice", id_)
            debt_value += value
        borrow_limit = 0
        for id_ in a.collaterals():
            if borrow_limit >= debt_value:
                break
            r = self.reserves[id_]
            if r.ltv == 0:
                continue
            assets = mul_down(a.supply[id_], r.supply_index)
            borrow_limit += mul_down(value_down(assets, r.price(self.now), r.decimals), r.ltv)
        if debt_value > borrow_limit:
            raise Revert("Undercollateralized", account, debt_value, borrow_limit)

    def _require_covered_without(self, id_: int, account: str) -> None:
        if self._account(account).debt and self.reserves[id_].threshold:
            self._require_covered(account)

    def _debt_value(self, a: Account, id_: int) -> tuple[int, int]:
        r = self._accrued(id_)
        price = r.price(self.now)
        return value_up(mul_up(a.debt[id_], r.debt_index), price, r.decimals), price

    # ------------------------------------------------------------------ shared steps

    def _enter(self, id_: int) -> Reserve:
        r = self._require_listed(id_)
        before, elapsed = r.utilization, self.now - r.timestamp
        r.accrue(self.now)
        if r.model is not None and elapsed:
            r.model = r.model.accrued(before, elapsed)
        return r

    def _require_listed(self, id_: int) -> Reserve:
        if not 0 <= id_ < len(self.reserves):
            raise Revert("UnknownReserve", id_)
        return self.reserves[id_]

    def _accrued(self, id_: int) -> Reserve:
        """The reserve with interest up to now, not stored."""
        r = self.reserves[id_]
        if r.timestamp == self.now:
            return r
        r = copy.copy(r)
        r.accrue(self.now)
        return r

    def _account(self, account: str) -> Account:
        return self.accounts.setdefault(account, Account())

    def _require_open(self, id_: int, r: Reserve) -> None:
        if r.paused:
            raise Revert("ReservePaused", id_)
        if r.frozen:
            raise Revert("ReserveFrozen", id_)

    def _require_authorized(self, account: str, caller: str | None, action: int) -> None:
        if caller is None or caller == account:
            return
        actions, expiry = self.authorizations.get((account, caller), (0, 0))
        if not actions & action or expiry < self.now:
            raise Revert("NotAuthorized", account, caller, action)

    def _give_shares(self, id_: int, to: str, caller: str, shares: int) -> None:
        a = self._account(to)
        held = a.supply.get(id_, 0)
        if held == 0:
            self._require_authorized(to, caller, ACTION_SUPPLY)
        a.set_supply(id_, held + shares)

    def _take_supply(self, id_: int, r: Reserve, shares: int, assets: int) -> None:
        cash = r.cash
        r.supply_shares -= shares
        if assets and r.supply_assets < r.debt_assets:
            raise Revert("InsufficientCash", id_, assets, cash)

    @contextmanager
    def _atomic(self, *accounts: str) -> Iterator[None]:
        """A revert leaves no trace. An action touches reserves and the accounts named."""
        reserves = [copy.copy(r) for r in self.reserves]
        before = {account: copy.deepcopy(self._account(account)) for account in accounts}
        try:
            yield
        except Revert:
            self.reserves = reserves
            self.accounts.update(before)
            raise

    # ------------------------------------------------------------------ views

    def supply_balance(self, account: str, id_: int) -> int:
        """In assets, rounded down."""
        self._require_listed(id_)
        return mul_down(self._account(account).supply.get(id_, 0), self._accrued(id_).supply_index)

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
            )
            for id_ in sorted(a.supply.keys() | a.debt.keys())
        ]

    def set_price(self, id_: int, answer: int, updated_at: int) -> None:
        """What the reserve's feed answers from now on."""
        self.reserves[id_].answer = answer
        self.reserves[id_].updated_at = updated_at


def _repayable(assets: int, held: int, index: int) -> tuple[int, int]:
    """What an offer pays of a debt: everything when it reaches the debt, else whole shares only."""
    owed = mul_up(held, index)
    if assets >= owed:
        return owed, held
    shares = div_down(assets, index)
    if shares == 0:
        raise Revert("ZeroAmount")
    return assets, shares
