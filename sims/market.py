"""The one definition of a market: deployment, tests and simulations read the same file.

A market file is YAML in human units (shares of one, whole tokens, dollars). It is read from its
text, never through binary floats, so that every number has an exact integer on the chain:

    stored integer = value / storage step        (refused where that is no integer)

A file that is wrong is refused as a whole; every problem is named with file, line, path and remedy.
Rules between values are checked once the values themselves are sound.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_args

import numpy as np
import numpy.typing as npt
import yaml
from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from sims.feeds import RATE_DIGITS, Node, Reader, out_of_bounds, out_of_place

if TYPE_CHECKING:  # the engines compile on import, which a deployment need not wait for
    from sims.liquidation import LiquidationTerms, ReserveParams

WAD = 10**18
MAX_RESERVES = 64
"""A position is a bit in a 64-bit map."""
MAX_PRICE_RAW = 2**96 - 1
"""Above it the pool's feed reader sees no price."""
MAX_DECIMALS = 63
"""Of a token and its feed together: six bits in storage."""
MAX_CATEGORIES = 255
"""An account's category is a byte; zero is none."""
MAX_IDLE_RAW = 2**93 - 1
"""Idle collateral has 94 bits."""

Path_ = tuple[str, ...]


class MarketError(ValueError):
    """A market file that cannot be used; the text has one line for each problem.

    Attributes
    ----------
    problems : tuple of str
        One sentence each: file, line, path, what is wrong, what to do.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


# ------------------------------------------------------------------------------------------- values


def _refuse(problem: str) -> NoReturn:
    # The text travels as a parameter, because a template would read its braces as placeholders.
    raise PydanticCustomError("market", "{problem}", {"problem": problem})


def plain(number: Decimal | Fraction | int) -> str:
    """A number with finitely many decimals as a person writes it, without exponent."""
    fraction = Fraction(number)
    digits = 0
    while (fraction * 10**digits).denominator != 1:
        digits += 1
    sign = "-" if fraction < 0 else ""
    whole = str(abs(int(fraction * 10**digits))).rjust(digits + 1, "0")
    return sign + (f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole)


def _number(value: object) -> Decimal:
    """A finite number of sane size; anything else is refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            _refuse(f"{value!r} is text; write the number without quotes")
        _refuse(f"{_show(value)} is no number; write digits, such as 0.05 for 5 %")
    if not value.is_finite():
        _refuse(f"{value} is not finite; write a number")
    if value and (value.adjusted() > 40 or int(value.as_tuple().exponent) < -40):
        _refuse("the number has more than 40 digits; write a shorter one")
    return value


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value) if isinstance(value, str) else str(value)


def _within(value: Decimal, low: Decimal, high: Decimal) -> None:
    if value < low:
        _refuse(f"{plain(value)} is below the least possible {plain(low)}; raise it")
    if value > high:
        hint = "write a share of one, such as 0.05 for 5 %" if high == 1 else "lower it"
        _refuse(f"{plain(value)} is above the greatest possible {plain(high)}; {hint}")


def _stepped(step: str, high: str, low: str = "0") -> PlainValidator:
    """Numbers from `low` to `high` that the chain stores as a whole multiple of `step`."""
    size, least, most = Decimal(step), Decimal(low), Decimal(high)

    def validate(value: object) -> Decimal:
        number = _number(value)
        _within(number, least, most)
        steps = Fraction(number) / Fraction(size)
        if steps.denominator != 1:
            below = (steps.numerator // steps.denominator) * Fraction(size)
            above = below + Fraction(size)
            nearest = plain(above) if below < least else f"{plain(below)} or {plain(above)}"
            _refuse(f"{plain(number)} is no multiple of {step}; use {nearest}")
        return number

    return PlainValidator(validate)


def _whole(low: int, high: int) -> PlainValidator:
    """Whole numbers from `low` to `high`."""

    def validate(value: object) -> int:
        number = _number(value)
        if number != int(number):
            _refuse(
                f"{plain(number)} is not whole; use {math.floor(number)} or {math.ceil(number)}"
            )
        _within(number, Decimal(low), Decimal(high))
        return int(number)

    return PlainValidator(validate)


def _positive(value: object) -> Decimal:
    number = _number(value)
    if number <= 0:
        _refuse(f"{plain(number)} is not above zero; raise it")
    return number


def _cap(value: object) -> Decimal | None:
    if value == "none":
        return None
    if value is None or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        _refuse(f"{_show(value)} is no cap; write whole tokens, 0 for nothing or none for no cap")
    number = _number(value)
    if number < 0:
        _refuse(f"{plain(number)} is below zero; write 0 for nothing or none for no cap")
    return number


def _least(value: object) -> Decimal:
    number = _number(value)
    if number < 0:
        _refuse(f"{plain(number)} is below zero; write whole tokens, or 0 for no minimum")
    return number


def _symbols(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        _refuse(f"{_show(value)} is no list; write symbols in brackets, such as [WETH, USDC]")
    for item in value:
        if not isinstance(item, str):
            _refuse(f"{_show(item)} is no symbol; write those of the reserves")
        if value.count(item) > 1:
            _refuse(f"{item} stands there twice; remove one")
    return tuple(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        _refuse(f"{_show(value)} is no text; write some, in quotes if it looks like a number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        _refuse(f"{_show(value)} is neither true nor false; write one of them")
    return value


def _date(value: object) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError:
        _refuse(f"{_show(value)} is no date; write year-month-day, such as 2025-12-09")


def _address(value: object, zero: str = "no contract") -> str:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        _refuse(f"{_show(value)} is no address; write 0x and 40 hexadecimal digits")
    if int(value, 16) == 0:
        _refuse(f"the zero address is {zero}; write the right one")
    if value in (value.lower(), "0x" + value[2:].upper()):
        checksummed = to_checksum_address(value)
        if value != checksummed:
            _refuse(f"{value} carries no checksum; if it is right, write {checksummed}")
    elif not is_checksum_address(value):
        _refuse(f"{value} fails its checksum (EIP-55), a digit may be wrong; copy it again")
    return value


def _account(value: object) -> str:
    return _address(value, zero="nobody")


def _feed_address(value: object) -> str:
    return value if value == "feed" else _address(value)


_FUNCTION = re.compile(r"([A-Za-z_]\w*)(\(\)|\(uint256\))?", re.ASCII)


def _function(value: object) -> str:
    match = _FUNCTION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        _refuse(
            f"{_show(value)} is no function; write its name, such as getRate or getRate(), or with its one "
            "argument: convertToAssets(uint256)"
        )
    return match[1] + (match[2] or "()")


def _below_one(value: object) -> Decimal:
    number = _number(value)
    if not 0 < number < 1:
        _refuse(f"{plain(number)} is not between 0 and 1; use one such as 0.02")
    return number


def _accounts(value: object) -> object:
    if not isinstance(value, list):
        _refuse(f'{_show(value)} is no list; write addresses in brackets, such as ["0x..."]')
    for item in value:
        if value.count(item) > 1:
            _refuse(f"{item} stands there twice; remove one")
    return value


def _wrapped(value: object) -> tuple[str, ...] | None:
    """None is all of them."""
    return None if value == "all" else _symbols(value)


def _lasting(noun: str, low: int, high: int, edges: str) -> PlainValidator:
    """Minutes, hours or days as a whole number of minutes, `low` to `high` of them."""

    def validate(value: object) -> int:
        match = re.fullmatch(r"(\d{1,9})([mhd])", value) if isinstance(value, str) else None
        if not match:
            _refuse(
                f"{_show(value)} is no {noun}; write minutes, hours or days, such as 65m, 25h or 2d"
            )
        minutes = int(match[1]) * {"m": 1, "h": 60, "d": 1440}[match[2]]
        if not low <= minutes <= high:
            _refuse(f"{value} is outside {edges}; write one in between")
        return minutes

    return PlainValidator(validate)


Text = Annotated[str, PlainValidator(_text)]
Flag = Annotated[bool, PlainValidator(_flag)]
Date = Annotated[date, PlainValidator(_date)]
Address = Annotated[str, PlainValidator(_address)]
Minutes = Annotated[int, _lasting("age", 1, 65535, "1m to 65535m (45 days)")]
Period = Annotated[int, _lasting("period", 60, 365 * 1440, "1h to 365d")]
Ramp = Annotated[int, _lasting("time", 1440, 365 * 1440, "1d to 365d")]
Window = Annotated[int, _lasting("time", 1, 30 * 1440, "1m to 30d")]
Moment = Annotated[int, _lasting("time", 1, 1440, "1m to 1d")]
Cooldown = Annotated[int, _lasting("time", 1440, 90 * 1440, "1d to 90d")]
ExitWindow = Annotated[int, _lasting("time", 60, 90 * 1440, "1h to 90d")]
FeedAddress = Annotated[str, PlainValidator(_feed_address)]
FunctionName = Annotated[str, PlainValidator(_function)]
BelowOne = Annotated[Decimal, PlainValidator(_below_one)]
Account = Annotated[str, PlainValidator(_account)]
Accounts = Annotated[tuple[Account, ...], BeforeValidator(_accounts)]
Positive = Annotated[Decimal, PlainValidator(_positive)]
CapTokens = Annotated[Decimal | None, PlainValidator(_cap)]
LeastTokens = Annotated[Decimal, PlainValidator(_least)]
Symbols = Annotated[tuple[str, ...], PlainValidator(_symbols)]
SymbolsOrAll = Annotated[tuple[str, ...] | None, PlainValidator(_wrapped)]
BpsShare = Annotated[Decimal, _stepped("0.0001", "1")]
PercentShare = Annotated[Decimal, _stepped("0.01", "1")]
Decimals = Annotated[int, _whole(0, MAX_DECIMALS)]


def _steps(value: Decimal, per_one: int) -> int:
    """`value` in steps of 1 / per_one; exact, because validation let whole steps only pass."""
    return int(Fraction(value) * per_one)


# --------------------------------------------------------------------------------------------- caps


MAX_MANTISSA = 511
MAX_EXPONENT = 31
MAX_CAP_RAW = 510 * 10**MAX_EXPONENT
"""511 with 31 zeros is the code of "no cap"."""
NO_CAP_CODE = (1 << 14) - 1
"""Zero is the code of a cap of zero."""


def cap_code(raw: int | None) -> int:
    """The 14-bit code of a cap, mantissa * 2**5 + exponent, as the contracts store it.

    Parameters
    ----------
    raw : int or None
        Cap in raw token units; None for no cap.

    Raises
    ------
    ValueError
        If three digits (at most 511) and zeros cannot express it.
    """
    if raw is None:
        return NO_CAP_CODE
    mantissa, exponent = raw, 0
    while mantissa > MAX_MANTISSA and mantissa % 10 == 0 and exponent < MAX_EXPONENT:
        mantissa, exponent = mantissa // 10, exponent + 1
    code = mantissa << 5 | exponent
    if raw < 0 or mantissa > MAX_MANTISSA or code == NO_CAP_CODE:
        raise ValueError(
            f"{raw} is no cap of at most {MAX_MANTISSA} and up to {MAX_EXPONENT} zeros"
        )
    return code


def _expressible_around(raw: Fraction, most: int) -> tuple[int, int]:
    """Of the numbers digits * 10**zeros, digits up to `most`: the last up to `raw`, the next."""
    zeros = 0
    while raw >= (most + 1) * 10**zeros:
        zeros += 1
    digits = int(raw / 10**zeros)
    if digits < most:
        return digits * 10**zeros, (digits + 1) * 10**zeros
    return digits * 10**zeros, (most // 10 + 1) * 10 ** (zeros + 1)


MAX_DIGITS, MAX_ZEROS = 15, 31
"""A minimum is stored as a number up to 15 and zeros."""


# ------------------------------------------------------------------------------------------- models


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


WEI = "0.000000000000000001"


class _Composed(_Model):
    """A feed that is there, or one adapter of contracts/oracle/ over others."""

    address: FeedAddress | None = None
    """A contract with Chainlink's AggregatorV3 interface."""
    product: tuple[Source, Source] | None = None
    """Two feeds whose prices are multiplied, such as LST / ETH and ETH / USD."""
    quotient: tuple[Source, Source] | None = None
    """Two feeds, of which the first is divided by the second."""
    growth_capped: GrowthCapped | None = None
    """A rate, whose growth is limited, times the price of what it is counted in."""
    capped: Capped | None = None
    """A price, never more than a fixed one."""
    bounded: Bounded | None = None
    """A price between two; outside there is none."""
    fallback: Fallback | None = None
    """A price that a second source checks, and stands in for."""
    moving_average: MovingAverage | None = None
    """An average over time; in a cautious feed."""
    sequencer: Sequencer | None = None
    """A price while a rollup's sequencer is up; in a cautious feed."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of its parts that say what it is."""
        return tuple(k for k in _Composed.model_fields if getattr(self, k) is not None)

    @property
    def kind(self) -> str:
        """The one that says what it is."""
        return self.kinds[0] if self.kinds else "address"


class Source(_Composed):
    """A feed that another is made of: an address, or what a feed may be."""

    decimals: Decimals | None = None
    """Of its answers; those of what it is part of if left out."""
    max_age: Minutes | None = None
    """Oldest answer of it that counts; that of what it is part of if left out."""
    price: Positive | None = None
    """What it says about now. Whoever leaves it out is asked for nothing: a rehearsal then guesses."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """An address may stand for itself."""
        return {"address": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Source:
        if len(self.kinds) != 1:
            found = " and ".join(self.kinds) or "nothing"
            known = ", ".join(_Composed.model_fields)
            _refuse(f"a feed is one of {known}, and here stands {found}; write one")
        return self


class Feed(_Composed):
    """Where a reserve's price comes from. Nothing that says so where no feed is known yet."""

    decimals: Decimals
    """Decimals of its answers."""
    max_age: Minutes
    """Oldest answer that counts: minutes, hours or days (65m, 25h, 2d), up to 65535 minutes."""

    @model_validator(mode="after")
    def _check(self) -> Feed:
        if len(self.kinds) > 1:
            _contradiction(
                self.kinds[1], f"{self.kinds[0]} says already where the price comes from; keep one"
            )
        return self

    @property
    def price(self) -> None:
        """That of the reserve."""

    @property
    def max_age_s(self) -> int:
        return self.max_age * 60


class Rate(_Model):
    """Where a staked token's or a vault share's rate is read."""

    vault: Address | None = None
    """An ERC-4626 vault: what a share of it is worth."""
    share_decimals: Annotated[int, _whole(0, 36)] = 18
    """Of the vault's shares."""
    asset_decimals: Annotated[int, _whole(0, 36)] = 18
    """Of the vault's asset."""
    address: Address | None = None
    """Or any contract with a function that answers one number."""
    function: FunctionName | None = None
    """Its name, such as stEthPerToken or stEthPerToken(); with (uint256) if it has an argument."""
    amount: Annotated[int, _whole(1, 2**128)] | None = None
    """Its argument, in raw units."""
    decimals: Annotated[int, _whole(0, 36)] = 18
    """Of its answer: what one whole token is worth, for `amount` if it is asked about that."""

    @model_validator(mode="after")
    def _check(self) -> Rate:
        if (self.vault is None) == (self.address is None):
            _contradiction(
                "vault", "a rate is read from a vault or from an address; write one of them"
            )
        of_function, of_vault = (
            ("function", "amount", "decimals"),
            ("share_decimals", "asset_decimals"),
        )
        mine, others = ("vault", of_function) if self.vault else ("address", of_vault)
        for name in others:
            if name in self.model_fields_set:
                _contradiction(name, f"does not belong to a rate of {mine}; remove it")
        if self.vault is None and self.function is None:
            _contradiction("function", "is missing; add it")
        if self.function is not None and ("(uint256)" in self.function) != (
            self.amount is not None
        ):
            _contradiction("amount", "belongs to a function of one argument, and it needs it")
        return self

    @property
    def stored(self) -> tuple[str, str, int, int]:
        """Target, function, what that is asked about and decimals of the answer, for the chain."""
        if self.vault is None:
            return str(self.address), str(self.function), self.amount or 0, self.decimals
        more = max(0, RATE_DIGITS - self.asset_decimals)
        unit = 10 ** (self.share_decimals + more)
        return self.vault, "convertToAssets(uint256)", unit, self.asset_decimals + more


class GrowthCapped(_Model):
    """A GrowthCappedFeed."""

    source: Source
    """The price of what the rate is counted in."""
    rate: Rate
    """How much of that a token is worth."""
    yearly: Annotated[Decimal, _stepped(WEI, "1")]
    """The fastest growth that is believed, a year, compounded continuously."""
    decline: Annotated[Decimal, _stepped(WEI, "100")] = Decimal(1)
    """The fastest decline that is believed, likewise: below there is no price."""


class Capped(_Model):
    """A CappedFeed."""

    source: Source
    """The price."""
    at: Positive
    """The most that it says."""


class Bounded(_Model):
    """A BoundedFeed."""

    source: Source
    """The price."""
    lowest: Positive
    """Below there is no price."""
    highest: Positive
    """Above there is no price."""


class Fallback(_Model):
    """A FallbackFeed."""

    primary: Source
    """The price as long as it has one."""
    backup: Source
    """What it is compared with, and the price where the other has none."""
    deviation: BelowOne
    """The largest difference, of the lower one; further apart there is no price."""
    alone_max_age: Minutes | None = None
    """Oldest answer of the backup that counts as the price; its max_age if left out."""


class MovingAverage(_Model):
    """A MovingAverageFeed."""

    source: Source
    """The price; `feed` for the reserve's own."""
    window: Window
    """The time in which an observation fades by e, 1m to 30d; for so long there is no average at first."""
    max_gap: Window
    """The longest time between two observations; shorter than the window."""


class Sequencer(_Model):
    """A SequencerFeed."""

    source: Source
    """The price; `feed` for the reserve's own."""
    uptime: Address
    """Chainlink's feed of the rollup's uptime."""
    grace: Moment
    """How long the sequencer has to be up again, 1m to 1d."""


for _part in (Source, GrowthCapped, Capped, Bounded, Fallback, MovingAverage, Sequencer, Feed):
    _part.model_rebuild()


class Bonus(_Model):
    """What a liquidator earns on top of the debt repaid; it grows as health falls."""

    floor: BpsShare
    """At a health of one: share of the debt repaid, steps of 0.01 %."""
    cap: BpsShare
    """At the full-liquidation health and below: share of the debt repaid, steps of 0.01 %."""

    @model_validator(mode="after")
    def _check(self) -> Bonus:
        if self.floor > self.cap:
            _contradiction("floor", f"{plain(self.floor)} is above cap {plain(self.cap)}; lower it")
        return self

    @property
    def floor_bps(self) -> int:
        return _steps(self.floor, 10_000)

    @property
    def cap_bps(self) -> int:
        return _steps(self.cap, 10_000)


class Rates(_Model):
    """The kinked curve of annual borrow rates over utilization."""

    base: Annotated[Decimal, _stepped("0.0001", "0.1023")]
    """Annual rate at zero utilization, steps of 0.01 %, up to 10.23 %."""
    kink: Annotated[Decimal, _stepped("0.01", "1", "0.01")]
    """Utilization at which the second slope starts, steps of 1 %, from 1 % to 100 %."""
    slope1: Annotated[Decimal, _stepped("0.001", "1.023")]
    """What the annual rate gains from zero to the kink, steps of 0.1 %, up to 102.3 %."""
    slope2: Annotated[Decimal, _stepped("0.01", "10.23")]
    """What the annual rate gains from the kink to full utilization, steps of 1 %, up to 1023 %."""

    @property
    def base_bps(self) -> int:
        return _steps(self.base, 10_000)

    @property
    def kink_percent(self) -> int:
        return _steps(self.kink, 100)

    @property
    def slope1_permille(self) -> int:
        return _steps(self.slope1, 1_000)

    @property
    def slope2_percent(self) -> int:
        return _steps(self.slope2, 100)

    @property
    def stored(self) -> tuple[int, int, int, int]:
        """Base, kink, slope1 and slope2 in their storage steps, ordered as the chain wants them."""
        return self.base_bps, self.kink_percent, self.slope1_permille, self.slope2_percent

    @property
    def wad(self) -> tuple[int, int, int, int]:
        """Base, kink, slope1 and slope2 a year in WAD."""
        return _wad(self.base), _wad(self.kink), _wad(self.slope1), _wad(self.slope2)


MAX_CHARGE = 20
"""Of an annual rate: more is not charged by any pool."""


class AdaptiveRates(_Model):
    """A curve of annual borrow rates that rises while utilization is above a target and sinks while
    it is below, deployed as an AdaptiveRateModel."""

    target: Annotated[Decimal, _stepped(WEI, "1")]
    """Utilization at which the curve rests, between 0 and 1."""
    steepness: Annotated[Decimal, _stepped(WEI, "100", "1")]
    """The rate at full use over the rate at target, and the latter over the rate at no use; 1 to 100."""
    speed: Annotated[Decimal, _stepped(WEI, "1000", WEI)]
    """A year: after one at full use the rate at target is e^speed as high; up to 1000."""
    initial_rate: Annotated[Decimal, _stepped(WEI, "20", WEI)]
    """Annual rate at target to begin with."""
    min_rate: Annotated[Decimal, _stepped(WEI, "20", WEI)]
    """The least annual rate at target."""
    max_rate: Annotated[Decimal, _stepped(WEI, "20", WEI)]
    """The greatest annual rate at target; times the steepness at most 20, which is 2000 %."""

    @model_validator(mode="after")
    def _check(self) -> AdaptiveRates:
        problems = []
        if not 0 < self.target < 1:
            shown = plain(self.target)
            problems.append(("target", f"{shown} is not between 0 and 1; use one such as 0.9"))
        for low, high in (("min_rate", "initial_rate"), ("initial_rate", "max_rate")):
            least, most = getattr(self, low), getattr(self, high)
            if least > most:
                problems.append((low, f"{plain(least)} is above {high} {plain(most)}; lower it"))
        dearest = Fraction(self.max_rate) * Fraction(self.steepness)
        if dearest > MAX_CHARGE:
            problems.append(
                (
                    "max_rate",
                    f"{plain(self.max_rate)} times steepness {plain(self.steepness)} is "
                    f"{plain(dearest)}, more than the {MAX_CHARGE} that a pool charges; lower one",
                )
            )
        _refuse_all(problems)
        return self

    @property
    def wad(self) -> tuple[int, ...]:
        """`Parameters` of AdaptiveRateModel."""
        return tuple(
            _wad(value)
            for value in (
                self.target,
                self.steepness,
                self.speed,
                self.initial_rate,
                self.min_rate,
                self.max_rate,
            )
        )


class CloseFactor(_Model):
    """A CloseFactorModel: half of a debt at once, all of it where that is small or in deep trouble."""

    full_health: Annotated[Decimal, _stepped(WEI, "1")] = Decimal("0.95")
    """At this health and below all of the debt may be repaid; below 1."""
    min_side: Annotated[int, _whole(0, 2**64 - 1)] = 2_000
    """And where debt or collateral is worth less than this, in whole units of the base currency."""

    @model_validator(mode="after")
    def _check(self) -> CloseFactor:
        if self.full_health == 1:
            _contradiction("full_health", "1 is not below 1; use one such as 0.95")
        return self

    @property
    def stored(self) -> tuple[int, int]:
        """What the contract is made with."""
        return _wad(self.full_health), self.min_side * WAD


class FixedIncentive(_Model):
    """A FixedIncentiveModel: any part of the debt, at a bonus that follows from the threshold."""


class DutchAuction(_Model):
    """A DutchAuctionModel: the bonus rises from floor to cap since somebody has started an auction."""

    duration: Moment
    """How long it rises, 1m to 1d."""
    lifetime: Moment
    """How long an auction lasts, from `duration` to 1d."""

    @model_validator(mode="after")
    def _check(self) -> DutchAuction:
        if self.lifetime < self.duration:
            _contradiction("lifetime", "an auction lasts at least while its bonus rises; raise it")
        return self


class LiquidationModel(_Model):
    """Another rule than the pool's own, which restores the target health; at most one."""

    close_factor: CloseFactor | None = None
    """As in Aave v3.3."""
    fixed_incentive: FixedIncentive | None = None
    """As in Morpho Blue."""
    dutch_auction: DutchAuction | None = None
    """The pool's own, with a bonus that rises with time."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """A rule without settings is its name."""
        if isinstance(value, Mapping):
            if "target_health" in value:
                _refuse(
                    "target_health has no settings here; write model: target_health, or nothing"
                )
            return {name: {} if given is None else given for name, given in value.items()}
        if not isinstance(value, str):
            return value
        known = tuple(cls.model_fields)
        if value != "target_health" and value not in known:
            _refuse(f"{value!r} is no model; use target_health or one of {', '.join(known)}")
        return {} if value == "target_health" else {value: {}}

    @model_validator(mode="after")
    def _check(self) -> LiquidationModel:
        chosen = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(chosen) > 1:
            _contradiction(chosen[1], f"{chosen[0]} is the model already; remove one")
        return self

    @property
    def name(self) -> str | None:
        """Of the rule; None is the pool's own."""
        return next((n for n in type(self).model_fields if getattr(self, n) is not None), None)


class Liquidation(_Model):
    """How the pool as a whole liquidates."""

    target_health: Annotated[Decimal, _stepped("0.0001", "6.5535")]
    """Health that a liquidation restores, above 1, steps of 0.01 %."""
    full_liquidation_health: Annotated[Decimal, _stepped("0.0001", "6.5535")]
    """Below this health the whole debt may be repaid, at the bonus cap; between 0 and 1, steps of
    0.01 %."""
    dust: Annotated[int, _whole(1, 2**24 - 1)]
    """Value, in whole units of the base currency, that a liquidation leaves on neither side."""
    write_off_below: Annotated[int, _whole(0, 2**16 - 1)]
    """Collateral worth this or less, in whole units of the base currency, is given up and the debt
    that is left is written off; at most the dust."""
    model: LiquidationModel = LiquidationModel()
    """Another rule than to restore the target health: close_factor, fixed_incentive or dutch_auction.
    Should it fail, the pool goes by its own."""

    @model_validator(mode="after")
    def _check(self) -> Liquidation:
        if self.target_health <= 1:
            _contradiction("target_health", f"{plain(self.target_health)} is not above 1; raise it")
        if not 0 < self.full_liquidation_health < 1:
            shown = plain(self.full_liquidation_health)
            _contradiction(
                "full_liquidation_health", f"{shown} is not between 0 and 1; use one such as 0.9"
            )
        if self.write_off_below > self.dust:
            _contradiction(
                "write_off_below",
                f"{self.write_off_below} is above dust {self.dust}, so that a liquidation could "
                "leave what is written off next; lower it",
            )
        return self

    @property
    def target_health_bps(self) -> int:
        return _steps(self.target_health, 10_000)

    @property
    def full_liquidation_health_bps(self) -> int:
        return _steps(self.full_liquidation_health, 10_000)


class Insurer(_Model):
    """An InsuranceVault: its deposits pay for the reserve's bad debt before the other suppliers."""

    cooldown: Cooldown
    """How long before leaving one has to say so, 1d to 90d."""
    window: ExitWindow
    """In which one may leave afterwards, 1h up to the cooldown."""

    @model_validator(mode="after")
    def _check(self) -> Insurer:
        if self.window > self.cooldown:
            _contradiction("window", "is longer than the cooldown; lower it")
        return self


class Reserve(_Model):
    """One asset of the market."""

    address: Address
    """The token, with an EIP-55 checksum."""
    decimals: Decimals
    """The token's decimals."""
    price: Positive
    """Price of a whole token in the base currency at the block, exact in the feed's decimals."""
    feed: Feed
    """Where the pool reads the price."""
    cautious_feed: Source | None = None
    """A second feed of the same decimals: borrowing and withdrawing go by whichever of the two favours the
    account less, liquidations by the first alone. `feed` in it stands for the first."""
    insurer: Insurer | None = None
    """Whose deposits pay for bad debt before the other suppliers; nobody's if left out."""
    ltv: BpsShare
    """Share of the collateral's value that may be borrowed, steps of 0.01 %."""
    liquidation_threshold: BpsShare
    """Share of the collateral's value up to which debt is safe, steps of 0.01 %."""
    liquidation_bonus: Bonus
    """What a liquidator who takes this asset earns."""
    liquidation_fee: PercentShare
    """The protocol's share of the bonus, steps of 1 %."""
    reserve_factor: PercentShare
    """The protocol's share of the interest, steps of 1 %."""
    supply_cap: CapTokens
    """Most that may be supplied, in whole tokens: three digits (at most 511) and zeros; 0 for
    nothing, none for no cap."""
    borrow_cap: CapTokens
    """Most that may be borrowed, written like the supply cap."""
    idle_cap: CapTokens = None
    """Most that may sit idle as collateral, beside the supply cap, in whole tokens; none for no cap."""
    min_debt: LeastTokens = Decimal(0)
    """Least debt that borrowing may leave an account with, in whole tokens: a number up to 15 and
    zeros."""
    borrowable: Flag
    """Whether the asset may be borrowed at all."""
    rates: Rates
    """What borrowing costs."""
    adaptive_rates: AdaptiveRates | None = None
    """What borrowing costs instead; `rates` are then what the pool falls back to, should the model
    fail."""
    seed: Positive
    """Whole tokens supplied at listing and never withdrawn, so that the market is never empty;
    above zero."""

    @model_validator(mode="after")
    def _check(self) -> Reserve:
        _refuse_all([*self._contradictions()])
        return self

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        yield from _terms_problems(self)
        yield from self._price_problems()
        yield from self._feed_problems()
        yield from self._cap_problems("supply_cap", self.supply_cap)
        yield from self._cap_problems("borrow_cap", self.borrow_cap)
        yield from self._idle_cap_problems()
        yield from self._min_debt_problems()
        if (Fraction(self.seed) * 10**self.decimals).denominator != 1:
            yield "seed", f"{plain(self.seed)} has more than {self.decimals} decimals; shorten it"
        if self.supply_cap is not None and self.seed > self.supply_cap:
            yield (
                "seed",
                f"{plain(self.seed)} is above supply_cap {plain(self.supply_cap)}; lower it",
            )

    def _price_problems(self) -> Iterator[tuple[str, str]]:
        shown, scale = plain(self.price), 10**self.feed.decimals
        raw = Fraction(self.price) * scale
        if raw.denominator != 1:
            near = [plain(Fraction(n, scale)) for n in (math.floor(raw), math.ceil(raw)) if n > 0]
            yield (
                "price",
                f"{shown} has more than the feed's {self.feed.decimals} decimals; "
                f"use {' or '.join(near)}",
            )
        if raw > MAX_PRICE_RAW:
            yield "price", f"{shown} is more than a feed may answer (2**96 - 1 raw); lower it"
        if self.decimals + self.feed.decimals > MAX_DECIMALS:
            yield (
                "decimals",
                f"{self.decimals} and the feed's {self.feed.decimals} add up to more than "
                f"{MAX_DECIMALS}; lower one",
            )

    def _feed_problems(self) -> Iterator[tuple[str, str]]:
        reader = Reader()
        main = self._read_feed(reader)
        for path, problem in reader.problems:
            yield f"feed.{path}", problem
        if main.decimals != self.feed.decimals:
            yield (
                "feed.decimals",
                f"{self.feed.decimals} are not the {main.decimals} of what it is made of; write those",
            )
        kind = out_of_place(main)
        if kind is not None:
            problem = "could stop liquidations; put it into cautious_feed"
            yield "feed", f"{kind} in the feed that they go by {problem}"
        said = out_of_bounds(main, Fraction(self.price))
        if said is not None:
            yield "price", f"{plain(self.price)} {said}"
        if self.cautious_feed is None:
            return
        reader = Reader(own=main)
        cautious = self._read_cautious(self.cautious_feed, reader)
        for path, problem in reader.problems:
            yield f"cautious_feed.{path}", problem
        if cautious == main:
            yield "cautious_feed", "is the reserve's own feed; leave it out"
        if cautious.decimals != self.feed.decimals:
            yield (
                "cautious_feed.decimals",
                f"{cautious.decimals} are not the feed's {self.feed.decimals}, which both have",
            )
        for name in ("max_age", "price"):
            if getattr(self.cautious_feed, name) is not None:
                yield f"cautious_feed.{name}", "is that of the reserve; leave it out"
        said = out_of_bounds(cautious, Fraction(self.price))
        if said is not None:
            yield "price", f"{plain(self.price)} {said}"

    def _read_feed(self, reader: Reader, unnamed: str = "") -> Node:
        if not self.feed.kinds:
            return Node("address", self.feed.decimals, unnamed)
        return reader.read(self.feed, decimals=self.feed.decimals, max_age=self.feed.max_age)

    def _read_cautious(self, source: Source, reader: Reader) -> Node:
        return reader.read(source, decimals=self.feed.decimals, max_age=self.feed.max_age)

    def nodes(self, symbol: str) -> tuple[Node, Node | None]:
        """What the price is made of, and the cautious one; a feed that is not named yet has the reserve's
        symbol for an address."""
        main = self._read_feed(Reader(), symbol)
        if self.cautious_feed is None:
            return main, None
        return main, self._read_cautious(self.cautious_feed, Reader(own=main))

    def _cap_problems(self, field: str, cap: Decimal | None) -> Iterator[tuple[str, str]]:
        if cap is None:
            return
        scale = 10**self.decimals
        raw = Fraction(cap) * scale
        below, above = _expressible_around(raw, MAX_MANTISSA)
        if below > MAX_CAP_RAW:
            yield field, f"{plain(cap)} is more than the chain can store; lower it or write none"
        elif below != raw:
            near = f"{plain(Fraction(below, scale))} or {plain(Fraction(above, scale))}"
            yield (
                field,
                f"{plain(cap)} is not three digits (at most {MAX_MANTISSA}) and zeros; use {near}",
            )

    def _idle_cap_problems(self) -> Iterator[tuple[str, str]]:
        if self.idle_cap is None:
            return
        raw = Fraction(self.idle_cap) * 10**self.decimals
        if raw.denominator != 1:
            shown = plain(self.idle_cap)
            yield "idle_cap", f"{shown} has more than {self.decimals} decimals; shorten it"
        if raw > MAX_IDLE_RAW:
            shown = plain(self.idle_cap)
            yield "idle_cap", f"{shown} is more than the chain can store; lower it or write none"

    def _min_debt_problems(self) -> Iterator[tuple[str, str]]:
        scale = 10**self.decimals
        raw = Fraction(self.min_debt) * scale
        below, above = _expressible_around(raw, MAX_DIGITS)
        if below > MAX_DIGITS * 10**MAX_ZEROS:
            yield "min_debt", f"{plain(self.min_debt)} is more than the chain can store; lower it"
        elif below != raw:
            near = f"{plain(Fraction(below, scale))} or {plain(Fraction(above, scale))}"
            yield (
                "min_debt",
                f"{plain(self.min_debt)} is not a number up to {MAX_DIGITS} and zeros; use {near}",
            )
        if self.borrow_cap is not None and self.min_debt > self.borrow_cap > 0:
            yield (
                "min_debt",
                f"{plain(self.min_debt)} is above borrow_cap {plain(self.borrow_cap)}; lower it",
            )

    @property
    def ltv_bps(self) -> int:
        return _steps(self.ltv, 10_000)

    @property
    def liquidation_threshold_bps(self) -> int:
        return _steps(self.liquidation_threshold, 10_000)

    @property
    def liquidation_fee_percent(self) -> int:
        return _steps(self.liquidation_fee, 100)

    @property
    def reserve_factor_percent(self) -> int:
        return _steps(self.reserve_factor, 100)

    @property
    def price_raw(self) -> int:
        """The price in the feed's decimals."""
        return _steps(self.price, 10**self.feed.decimals)

    @property
    def seed_raw(self) -> int:
        return _steps(self.seed, 10**self.decimals)

    @property
    def supply_cap_raw(self) -> int | None:
        return None if self.supply_cap is None else _steps(self.supply_cap, 10**self.decimals)

    @property
    def borrow_cap_raw(self) -> int | None:
        return None if self.borrow_cap is None else _steps(self.borrow_cap, 10**self.decimals)

    @property
    def idle_cap_raw(self) -> int | None:
        return None if self.idle_cap is None else _steps(self.idle_cap, 10**self.decimals)

    @property
    def min_debt_raw(self) -> int:
        return _steps(self.min_debt, 10**self.decimals)

    @property
    def min_debt_code(self) -> int:
        """As the contracts store it, digits * 2**5 + zeros."""
        digits, zeros = self.min_debt_raw, 0
        while digits > MAX_DIGITS:
            digits, zeros = digits // 10, zeros + 1
        return digits << 5 | zeros

    @property
    def supply_cap_code(self) -> int:
        return cap_code(self.supply_cap_raw)

    @property
    def borrow_cap_code(self) -> int:
        return cap_code(self.borrow_cap_raw)


class Category(_Model):
    """Assets that move together, with terms of their own for accounts that choose them."""

    collaterals: Symbols
    """Symbols of the assets that count as collateral at these terms."""
    borrowables: Symbols
    """Symbols of the assets that an account in the category may borrow; it may borrow no others."""
    ltv: BpsShare
    """As of a reserve."""
    liquidation_threshold: BpsShare
    """As of a reserve."""
    liquidation_bonus: Bonus
    """As of a reserve."""
    isolated: Flag = False
    """Whether no other collateral counts for an account in the category."""

    @model_validator(mode="after")
    def _check(self) -> Category:
        problems = [*_terms_problems(self)]
        if not self.collaterals:
            problems.append(("collaterals", "there is none; name an asset"))
        if self.liquidation_threshold == 0:
            problems.append(("liquidation_threshold", "0 would secure nothing; raise it"))
        _refuse_all(problems)
        return self

    @property
    def ltv_bps(self) -> int:
        return _steps(self.ltv, 10_000)

    @property
    def liquidation_threshold_bps(self) -> int:
        return _steps(self.liquidation_threshold, 10_000)


def _terms_problems(terms: Reserve | Category) -> Iterator[tuple[str, str]]:
    """Rules between LTV, threshold and bonus."""
    ltv, threshold = terms.ltv, terms.liquidation_threshold
    if ltv > threshold:
        yield "ltv", f"{plain(ltv)} is above liquidation_threshold {plain(threshold)}; lower it"
    cap = terms.liquidation_bonus.cap
    seized = Fraction(threshold) * (1 + Fraction(cap))
    if seized >= 1:
        yield (
            "liquidation_threshold",
            f"{plain(threshold)} times (1 + bonus cap {plain(cap)}) is {plain(seized)}, so "
            "that liquidating would lower health; lower one of them until it is below 1",
        )


class Bound(_Model):
    """How far a risk steward may move a parameter at once, and how often."""

    up: BpsShare
    """Most that it may rise, in the parameter's own unit and step; of a cap, as a share of it."""
    down: BpsShare
    """Most that it may fall, likewise."""
    period: Period
    """Time between two changes of one reserve's parameter, 1h to 365d."""


class Steward(_Model):
    """The bounds of a RiskSteward, the contract through which small changes go without the delay of
    large ones; what has no bound here it cannot change."""

    ramp: Ramp = 7 * 1440
    """How long a lowered threshold takes to come down, 1d to 365d."""
    supply_cap: Bound | None = None
    """Shares of the cap."""
    borrow_cap: Bound | None = None
    """Shares of the cap."""
    idle_cap: Bound | None = None
    """Shares of the cap."""
    ltv: Bound | None = None
    """In steps of 0.01 %."""
    liquidation_threshold: Bound | None = None
    """In steps of 0.01 %."""
    bonus_floor: Bound | None = None
    """In steps of 0.01 %."""
    bonus_cap: Bound | None = None
    """In steps of 0.01 %."""
    reserve_factor: Bound | None = None
    """In steps of 1 %."""
    base: Bound | None = None
    """Of the curve, in steps of 0.01 %."""
    kink: Bound | None = None
    """Of the curve, in steps of 1 %."""
    slope1: Bound | None = None
    """Of the curve, in steps of 0.1 %."""
    slope2: Bound | None = None
    """Of the curve, in steps of 1 %."""

    @model_validator(mode="after")
    def _check(self) -> Steward:
        problems = []
        for name, bound in self.bounds.items():
            for field in ("up", "down"):
                value = getattr(bound, field)
                if (Fraction(value) * _STEPS_PER_ONE.get(name, 10_000)).denominator != 1:
                    step = plain(Fraction(1, _STEPS_PER_ONE[name]))
                    problem = f"{plain(value)} is no multiple of {step}; write one that is"
                    problems.append((f"{name}.{field}", problem))
        _refuse_all(problems)
        return self

    @property
    def bounds(self) -> dict[str, Bound]:
        """By parameter, in the order of `Parameter` of IRiskSteward."""
        named = ((name, getattr(self, name)) for name in STEWARDED)
        return {name: bound for name, bound in named if bound is not None}

    def stored(self, name: str) -> tuple[int, int, int]:
        """A bound as the contract wants it: steps up, steps down, seconds."""
        bound, per_one = self.bounds[name], _STEPS_PER_ONE.get(name, 10_000)
        return _steps(bound.up, per_one), _steps(bound.down, per_one), bound.period * 60


STEWARDED = tuple(name for name in Steward.model_fields if name != "ramp")
"""The parameters that a steward may change; a name's place is its number on the chain."""
_STEPS_PER_ONE = {"reserve_factor": 100, "kink": 100, "slope1": 1_000, "slope2": 100}


class UniswapV3(_Model):
    """A UniswapV3Venue, which flash liquidators sell collateral at."""

    router: Address
    """Uniswap v3's router on the chain."""
    deadline: Flag = True
    """Whether its calls carry a deadline: those of the first router (SwapRouter) do, those of the second
    (SwapRouter02) do not."""


class Vault(_Model):
    """A CuratedVault: deposits in one asset, lent out to this pool within a cap, and to others that its
    curators add."""

    name: Text
    """What people call it."""
    symbol: Text
    """Of its shares."""
    cap: Positive
    """Most that it lends to the pool, in whole tokens."""
    deposit_limit: CapTokens = None
    """Most that it takes, in whole tokens; none for no limit."""
    fee: Annotated[Decimal, _stepped("0.0001", "0.5")] = Decimal(0)
    """The curators' share of gains, steps of 0.01 %, up to half."""
    fee_recipient: Account
    """Who gets it."""


class Periphery(_Model):
    """The contracts that are deployed around the pool; what is not named is not deployed."""

    lens: Flag = False
    """Reads a market and its accounts in one call."""
    quote_lens: Flag = False
    """Says exactly what an action would do, and what is the most that goes through."""
    flash_lender: Flag = False
    """EIP-3156 flash loans."""
    risk_steward: Steward | None = None
    """Small changes within bounds; {} for one without any yet."""
    wrapped_supply: SymbolsOrAll = ()
    """Symbols of the reserves whose supply gets an ERC-4626 wrapper, or all."""
    native_gateway: Text | None = None
    """Symbol of the reserve that wraps the chain's own currency."""
    flash_liquidator: Flag = False
    """Liquidations without capital."""
    uniswap_v3: UniswapV3 | None = None
    """Where a flash liquidator may sell."""
    deleverage_orders: Flag = False
    """Orders by which a borrower is delevered before he is liquidated."""
    curated_vaults: dict[str, Vault] = {}
    """Symbol of a reserve to the vault that lends its asset."""


class Roles(_Model):
    """Who may change the market, and who rules it: addresses by role, of which `scripts/_roles.py` has
    the powers and delays. Without any the deployer stays the administrator of everything."""

    governance: Account | None = None
    """Administrator once the deployer has handed over; without one he stays it."""
    listing: Accounts = ()
    """Open reserves."""
    risk: Accounts = ()
    """Change risk parameters and insurers, and appoint the steward's keepers."""
    prices: Accounts = ()
    """Change feeds."""
    rates: Accounts = ()
    """Change curves, reserve factors and rate models."""
    limits: Accounts = ()
    """Change caps and limits on outflow."""
    categories: Accounts = ()
    """Change categories."""
    liquidation: Accounts = ()
    """Change the terms of liquidation."""
    treasury: Accounts = ()
    """Collect what the protocol has earned."""
    reopening: Accounts = ()
    """End a pause or a freeze, of a price too."""
    guardian: Accounts = ()
    """Pause (a reserve, or its price), freeze and tighten at once, and cancel what others announced."""
    steward: Accounts = ()
    """Change parameters through the risk steward, within its bounds."""
    bounds: Accounts = ()
    """Change the risk steward's bounds."""
    curator: Accounts = ()
    """Raise the curated vaults' caps, set their fees and limits, give up or resume a market."""
    allocator: Accounts = ()
    """Move the curated vaults' money between their markets, within caps."""

    @property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Addresses by role, of the roles that have any."""
        named = {name: getattr(self, name) for name in Roles.model_fields if name != "governance"}
        return {name.upper(): accounts for name, accounts in named.items() if accounts}

    @property
    def given(self) -> bool:
        """Whether there is anything to set up."""
        return self.governance is not None or bool(self.members)


class Market(_Model):
    """What one pool is deployed with; the order of the reserves is their id on the chain."""

    name: Text
    """What people call it."""
    description: Text
    """One or two sentences: what it is for."""
    source: Text
    """Where the figures come from."""
    as_of: Date
    """The day of the figures."""
    block: Annotated[int, _whole(0, 2**63 - 1)]
    """The block of the figures."""
    chain_id: Annotated[int, _whole(1, 2**63 - 1)]
    """The chain that the addresses are on."""
    base_currency: Text
    """What values are counted in, such as USD."""
    liquidation: Liquidation
    """How the pool as a whole liquidates."""
    reserves: dict[str, Reserve]
    """Symbol to reserve, 1 to 64 of them."""
    categories: dict[str, Category] = {}
    """Name to category, up to 255 of them; the first is number 1 on the chain."""
    periphery: Periphery = Periphery()
    """What is deployed around the pool; nothing if left out."""
    roles: Roles = Roles()
    """Who may change what; the deployer everything if left out."""

    @model_validator(mode="after")
    def _check(self) -> Market:
        count = len(self.reserves)
        if count == 0:
            _contradiction("reserves", "the market has no reserve; add one")
        if count > MAX_RESERVES:
            _contradiction(
                "reserves", f"{count} reserves are more than {MAX_RESERVES}; remove some"
            )
        first: dict[str, str] = {}
        repeated = [
            (f"reserves.{symbol}.address", f"{reserve.address} is {other}'s already; remove one")
            for symbol, reserve in self.reserves.items()
            if (other := first.setdefault(reserve.address, symbol)) != symbol
        ]
        _refuse_all(
            [
                *repeated,
                *self._category_problems(),
                *self._periphery_problems(),
                *self._role_problems(),
            ]
        )
        return self

    def _category_problems(self) -> Iterator[tuple[str, str]]:
        if len(self.categories) > MAX_CATEGORIES:
            yield (
                "categories",
                f"{len(self.categories)} categories are more than {MAX_CATEGORIES}; remove some",
            )
        for name, category in self.categories.items():
            for field in ("collaterals", "borrowables"):
                for symbol in getattr(category, field):
                    if symbol not in self.reserves:
                        known = ", ".join(self.reserves)
                        problem = f"there is no reserve {symbol}; use some of {known}"
                    elif field == "borrowables" and not self.reserves[symbol].borrowable:
                        problem = f"{symbol} cannot be borrowed at all; remove it"
                    else:
                        continue
                    yield f"categories.{name}.{field}", problem

    def _periphery_problems(self) -> Iterator[tuple[str, str]]:
        known = ", ".join(self.reserves)
        for symbol in self.wrapped:
            if symbol not in self.reserves:
                problem = f"there is no reserve {symbol}; use some of {known}, or all"
                yield "periphery.wrapped_supply", problem
        native = self.periphery.native_gateway
        if native is not None and native not in self.reserves:
            yield "periphery.native_gateway", f"there is no reserve {native}; use one of {known}"
        elif native is not None and self.reserves[native].decimals != 18:
            yield (
                "periphery.native_gateway",
                f"{native} has {self.reserves[native].decimals} decimals, and what wraps a chain's "
                "own currency has 18; name the reserve that does",
            )
        for symbol, vault in self.periphery.curated_vaults.items():
            path = f"periphery.curated_vaults.{symbol}"
            if symbol not in self.reserves:
                yield path, f"there is no reserve {symbol}; use some of {known}"
                continue
            scale = 10 ** self.reserves[symbol].decimals
            for name in ("cap", "deposit_limit"):
                raw = Fraction(getattr(vault, name) or 0) * scale
                if raw.denominator != 1 or raw >= 2**128:
                    shown = plain(getattr(vault, name))
                    yield f"{path}.{name}", f"{shown} is no amount of {symbol}; shorten or lower it"

    def _role_problems(self) -> Iterator[tuple[str, str]]:
        contracts = {r.address: f"the token of {symbol}" for symbol, r in self.reserves.items()}
        for symbol, r in self.reserves.items():
            for node in filter(None, r.nodes(symbol)):
                feeds = (n.address for n in node.walk() if n.is_there)
                contracts |= dict.fromkeys(feeds, f"a feed of {symbol}")
        governance = self.roles.governance
        people = [("governance", governance)] if governance is not None else []
        for label, accounts in self.roles.members.items():
            people += [(f"{label.lower()}.{i}", account) for i, account in enumerate(accounts)]
        for path, account in people:
            if account in contracts:
                problem = f"{account} is {contracts[account]}; write who it shall be"
                yield f"roles.{path}", problem
        for name in ("steward", "bounds"):
            if getattr(self.roles, name) and self.periphery.risk_steward is None:
                yield (
                    f"roles.{name}",
                    "there is no risk steward; add risk_steward to periphery, or remove this",
                )
        for name in ("curator", "allocator"):
            if getattr(self.roles, name) and not self.periphery.curated_vaults:
                yield (
                    f"roles.{name}",
                    "there is no curated vault; add curated_vaults to periphery, or remove this",
                )

    @property
    def wrapped(self) -> tuple[str, ...]:
        """Symbols of the reserves whose supply gets a wrapper."""
        chosen = self.periphery.wrapped_supply
        return tuple(self.reserves) if chosen is None else chosen

    @property
    def around(self) -> tuple[str, ...]:
        """What is deployed around the pool, for people."""
        p = self.periphery
        there = {
            "lens": p.lens,
            "quote lens": p.quote_lens,
            "flash lender": p.flash_lender,
            f"wrapped supply of {', '.join(self.wrapped)}": self.wrapped,
            f"native gateway for {p.native_gateway}": p.native_gateway,
            "risk steward": p.risk_steward is not None,
            "flash liquidator": p.flash_liquidator,
            "Uniswap v3 venue": p.uniswap_v3 is not None,
            "deleverage orders": p.deleverage_orders,
            f"curated vaults of {', '.join(p.curated_vaults)}": p.curated_vaults,
            f"insurance vaults of {', '.join(self.insured)}": self.insured,
        }
        return tuple(name for name, is_there in there.items() if is_there)

    @property
    def insured(self) -> tuple[str, ...]:
        """Symbols of the reserves that have an insurer."""
        return tuple(s for s, r in self.reserves.items() if r.insurer is not None)

    @property
    def adapters(self) -> tuple[Node, ...]:
        """The feeds that have to be deployed, each after what it is made of."""
        trees = (node for s, r in self.reserves.items() for node in r.nodes(s) if node is not None)
        return tuple(dict.fromkeys(n for tree in trees for n in tree.walk() if not n.is_there))

    def bare(self) -> Market:
        """The same market with one feed for each reserve and nothing around the pool."""
        plain_feeds = {
            symbol: r.model_copy(
                update={
                    "feed": Feed(decimals=Decimal(r.feed.decimals), max_age=f"{r.feed.max_age}m"),
                    "cautious_feed": None,
                    "insurer": None,
                }
            )
            for symbol, r in self.reserves.items()
        }
        return self.model_copy(update={"reserves": plain_feeds, "periphery": Periphery()})

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols by reserve id, length R."""
        return tuple(self.reserves)

    def reserve_id(self, symbol: str) -> int:
        """The id of a reserve on the chain and in every array of shape (R,)."""
        if symbol not in self.reserves:
            known = ", ".join(self.symbols)
            raise MarketError(f"{self.name} has no reserve {symbol}; use one of {known}")
        return self.symbols.index(symbol)

    def floats(self, get: Callable[[Reserve], Decimal | int | None]) -> npt.NDArray[np.float64]:
        """One float per reserve, shape (R,); None (no cap) becomes infinity."""
        values = (get(reserve) for reserve in self.reserves.values())
        return np.array([np.inf if value is None else float(value) for value in values])

    def bitmap(self, symbols: Iterable[str]) -> int:
        """One bit for each reserve, by id."""
        return sum(1 << self.reserve_id(symbol) for symbol in symbols)

    @property
    def prices(self) -> npt.NDArray[np.float64]:
        """Prices in the base currency, shape (R,)."""
        return self.floats(lambda reserve: reserve.price)

    @property
    def decimals(self) -> npt.NDArray[np.int64]:
        """Token decimals, shape (R,)."""
        return np.array([reserve.decimals for reserve in self.reserves.values()])

    def reserve_params(self) -> ReserveParams:
        """What the engines need to know of the reserves, in floats.

        Raises
        ------
        MarketError
            If a reserve has rates that the engines do not know.
        """
        from sims.liquidation import CategoryParams, ReserveParams
        from sims.rates import RateCurve

        adaptive = [s for s, reserve in self.reserves.items() if reserve.adaptive_rates is not None]
        if adaptive:
            raise MarketError(
                f"{self.name}: the engines know kinked curves only, and adaptive_rates belong to "
                f"{', '.join(adaptive)}; take them out of a copy of the file to simulate `rates`"
            )
        return ReserveParams(
            symbols=self.symbols,
            curve=RateCurve(
                base=self.floats(lambda reserve: reserve.rates.base),
                kink=self.floats(lambda reserve: reserve.rates.kink),
                slope1=self.floats(lambda reserve: reserve.rates.slope1),
                slope2=self.floats(lambda reserve: reserve.rates.slope2),
                reserve_factor=self.floats(lambda reserve: reserve.reserve_factor),
            ),
            ltv=self.floats(lambda reserve: reserve.ltv),
            threshold=self.floats(lambda reserve: reserve.liquidation_threshold),
            bonus_floor=self.floats(lambda reserve: reserve.liquidation_bonus.floor),
            bonus_cap=self.floats(lambda reserve: reserve.liquidation_bonus.cap),
            fee=self.floats(lambda reserve: reserve.liquidation_fee),
            categories=tuple(
                CategoryParams(
                    name=name,
                    collaterals=np.array([s in category.collaterals for s in self.symbols]),
                    ltv=float(category.ltv),
                    threshold=float(category.liquidation_threshold),
                    bonus_floor=float(category.liquidation_bonus.floor),
                    bonus_cap=float(category.liquidation_bonus.cap),
                )
                for name, category in self.categories.items()
            ),
        )

    def liquidation_terms(self) -> LiquidationTerms:
        """The pool's terms of liquidation, in floats.

        Raises
        ------
        MarketError
            If the pool asks a model that the engines do not know.
        """
        from sims.liquidation import LiquidationTerms

        model = self.liquidation.model.name
        if model is not None:
            raise MarketError(
                f"{self.name}: the engines know the target-health rule only, and liquidation.model is "
                f"{model}; take it out of a copy of the file to simulate"
            )

        return LiquidationTerms(
            target_health=float(self.liquidation.target_health),
            full_liquidation_health=float(self.liquidation.full_liquidation_health),
            dust=float(self.liquidation.dust),
            write_off_below=float(self.liquidation.write_off_below),
        )


def _wad(value: Decimal) -> int:
    return _steps(value, WAD)


def _contradiction(field: str, problem: str) -> None:
    _refuse_all([(field, problem)])


def _refuse_all(problems: list[tuple[str, str]]) -> None:
    if problems:
        raise PydanticCustomError("contradictions", "contradictions", {"problems": problems})


# ------------------------------------------------------------------------------------------ reading


def load_market(path: str | Path) -> Market:
    """The market in a YAML file.

    Raises
    ------
    MarketError
        If the file cannot be read or is no sound market; the text names every problem.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MarketError(f"{path}: there is no such file; check the path") from None
    except UnicodeDecodeError:
        raise MarketError(f"{path}: the file is no UTF-8 text; save it as such") from None
    except OSError as error:
        reason = error.strerror
        raise MarketError(f"{path}: cannot be read ({reason}); name a readable file") from None
    return parse_market(text, source=path.name)


def parse_market(text: str, *, source: str = "market") -> Market:
    """The market in a YAML text; `source` stands for the file in messages.

    Raises
    ------
    MarketError
        If the text is no sound market.
    """
    reader = _Reader(source)
    data = reader.read(text)
    try:
        market = Market.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            for path, problem in _explain(detail):
                reader.report(path, problem)
    reader.raise_problems()
    return market


MAX_LEVELS = 50
"""Of values inside each other, twice what the deepest feed takes; to read them takes Python's stack."""
_NUMBER = re.compile(r"[+-]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][+-]?\d{1,3})?")


class _Reader:
    """Turns YAML into mappings, exact decimals and text, and remembers the line of every path."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines: dict[Path_, int] = {}
        self._problems: list[tuple[int, str]] = []

    def read(self, text: str) -> dict[str, Any]:
        node = self._compose(text)
        if node is None:
            raise self._error(None, "the file is empty; start from scripts/_markets/ethereum.yaml")
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node.start_mark, "a market is a mapping; write `name: value` lines")
        data: dict[str, Any] = self._value(node, ())
        return data

    def _error(self, mark: Any, problem: str) -> MarketError:
        where = f"{self._source}:{mark.line + 1}" if mark else self._source
        return MarketError(f"{where}: {problem}")

    def _compose(self, text: str) -> yaml.Node | None:
        level = 0
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                level += isinstance(event, yaml.CollectionStartEvent)
                level -= isinstance(event, yaml.CollectionEndEvent)
                if level > MAX_LEVELS:
                    problem = "values are nested too deep; no market needs so many levels"
                    raise self._error(None, problem)
                if isinstance(event, yaml.AliasEvent):
                    problem = f"*{event.anchor} is an alias; write the value out"
                    raise self._error(event.start_mark, problem)
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            problem = f"this is no YAML ({error.problem}); mend the line"
            raise self._error(error.problem_mark or error.context_mark, problem) from None
        except yaml.YAMLError as error:
            problem = f"this is no YAML ({str(error).splitlines()[0]}); mend the file"
            raise self._error(None, problem) from None

    def _value(self, node: yaml.Node, path: Path_) -> Any:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, str(i))) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.append((line, f"{'.'.join(path)}: a key is no name; write one"))
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in result:
                problem = f"{'.'.join(here)}: the key stands here twice; remove one"
                self._problems.append((line, problem))
                continue
            self._lines[here] = line
            result[key] = self._value(value_node, here)
        return result

    def report(self, path: Path_, problem: str) -> None:
        """Notes a problem at a path, or at the nearest line above it where the path is missing."""
        known = path
        while known not in self._lines:
            known = known[:-1]
        self._problems.append((self._lines[known], f"{'.'.join(path)}: {problem}"))

    def raise_problems(self) -> None:
        """Raises everything noted, in the order of the file."""
        if self._problems:
            ordered = sorted(self._problems, key=lambda problem: problem[0])
            raise MarketError(*(f"{self._source}:{line}: {text}" for line, text in ordered))


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if node.style is not None:  # quoted or block: text, whatever it looks like
        return text
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return text.lower() in ("true", "yes", "on")
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _explain(detail: ErrorDetails) -> Iterator[tuple[Path_, str]]:
    """Path and sentence of each problem in one of pydantic's errors."""
    path = tuple(str(part) for part in detail["loc"])
    kind = detail["type"]
    if kind == "contradictions":
        for field, problem in detail["ctx"]["problems"]:
            yield (*path, *field.split(".")), problem
    elif kind == "missing":
        yield path, "is missing; add it"
    elif kind == "extra_forbidden":
        yield path, f"there is no such key; {_instead(path)}"
    elif kind in ("tuple_type", "too_long"):
        yield path, "two feeds belong here, as a list; nest one in the other for more"
    elif kind in ("model_type", "dict_type"):
        found = _show(detail["input"])
        yield path, f"{found} stands where a mapping belongs; write names and values below it"
    else:
        yield path, detail["msg"]


def _instead(path: Path_) -> str:
    """What could have been meant by a key that is none."""
    known = [*_model_at(path[:-1]).model_fields]
    if not known:
        return f"{path[-2]} has no settings; leave it out"
    close = difflib.get_close_matches(path[-1], known, n=1)
    return f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"


def _model_at(path: Path_) -> type[_Model]:
    """The model that a path through a market leads to."""
    at: Any = Market
    for part in path:
        # Below a mapping of names stands its model; elsewhere that of the field, which may be None.
        at = get_args(at)[1] if get_args(at) else at.model_fields[part].annotation
        if type(None) in get_args(at):
            at = get_args(at)[0]
    model: type[_Model] = at
    return model
