"""What a price is made of: the feeds of a market file as a tree, with nothing left to guess.

A node is a feed that is on the chain, or an adapter over others; it says everything that its contract
is made with. Two that say the same are equal, so that they can be one contract. What the file leaves
out comes from around it:

    decimals  of whatever a node is part of; an adapter that calculates none has its source's
    max_age   likewise: how old an answer may be for whoever reads it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.market import Feed, GrowthCapped, Source

WAD = 10**18
MAX_PRICE_RAW = 2**96 - 1
"""Above it a feed's answer is no price."""
MAX_DECIMALS = 36
"""Of an adapter and what it is made of."""
MAX_AGE_MINUTES = 45 * 1_440
"""The longest that an adapter takes an answer for fresh."""
MAX_DEPTH = 6
"""Of adapters inside each other: each takes gas, of which a pool grants a feed a limited amount."""
RATE_DIGITS = 18
"""A vault is asked about as many shares as make at least so many digits."""

HELD_BACK = ("moving_average", "sequencer")
"""Adapters that may have no price while all is well: for a cautious feed, which stops no liquidation."""
CAP_ROOM = Fraction(11, 10)
"""A price may be so far above its feed's cap when a file is written: a peg strays by less."""
THROUGH = ("capped", "bounded", "fallback", "moving_average", "sequencer")
"""Adapters whose price is that of their first source."""

Problem = tuple[str, str]
"""Where, below the feed, and what is wrong and what to do."""


@dataclass(frozen=True)
class Node:
    """A feed.

    Attributes
    ----------
    kind : the adapter as the file calls it; `address` for what is there already.
    decimals : of its answers.
    address : of what is there already.
    sources : what it is made of, each with the greatest age of an answer in seconds.
    settings : what else its contract is made with, by name, as the chain wants it.
    price : what it says about now, if the file says so.
    """

    kind: str
    decimals: int
    address: str = ""
    sources: tuple[tuple[Node, int], ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()
    price: Fraction | None = field(default=None, compare=False)

    def __getitem__(self, name: str) -> Any:
        return dict(self.settings)[name]

    @property
    def is_there(self) -> bool:
        """Whether nothing needs to be deployed for it."""
        return self.kind == "address"

    def walk(self) -> Iterator[Node]:
        """The node and all that it is made of, each after its sources."""
        for source, _ in self.sources:
            yield from source.walk()
        yield self


# ------------------------------------------------------------------------------------------- reading


class Reader:
    """Turns what a file says into nodes, and notes what contradicts.

    Parameters
    ----------
    own : the node that the word `feed` stands for; there is none outside a cautious feed.
    """

    def __init__(self, own: Node | None = None) -> None:
        self.problems: list[Problem] = []
        self._own = own

    def read(
        self, source: Source | Feed, *, decimals: int, max_age: int, path: str = "", depth: int = 0
    ) -> Node:
        """The node that `source` describes; ages in minutes."""
        if depth > MAX_DEPTH:
            problem = (
                f"more than {MAX_DEPTH} adapters inside each other may take too much gas; use fewer"
            )
            self.problems.append((path, problem))
            return Node("address", decimals)
        decimals = decimals if source.decimals is None else source.decimals
        kind = source.kind
        if kind == "address":
            return self._there(source, decimals, path)
        if decimals > MAX_DECIMALS:
            self._note(path, "decimals", f"{decimals} are more than an adapter's {MAX_DECIMALS}")
        inner = getattr(source, kind)
        here = f"{path}.{kind}" if path else kind

        def part(below: Source, name: str, *, checks: bool = True) -> tuple[Node, int]:
            where = f"{here}.{name}"
            age = self._age(below, max_age, where, checks=checks)
            node = self.read(below, decimals=decimals, max_age=age, path=where, depth=depth + 1)
            return node, age * 60

        settings: dict[str, Any] = {}
        if kind in ("product", "quotient"):
            sources = [part(below, str(i)) for i, below in enumerate(inner)]
        elif kind == "fallback":
            sources = [part(inner.primary, "primary"), part(inner.backup, "backup", checks=False)]
            settings = self._fallback(inner, sources, max_age, here)
            decimals = max(node.decimals for node, _ in sources)
        else:
            sources = [part(inner.source, "source")]
            if kind != "growth_capped":
                decimals = sources[0][0].decimals
            settings = self._settings(kind, inner, decimals, here)
        if source.decimals not in (None, decimals):
            self._note(
                path, "decimals", f"its answers have the {decimals} of its source; leave out"
            )
        return Node(
            kind=kind,
            decimals=decimals,
            sources=tuple(sources),
            settings=tuple(settings.items()),
            price=None if source.price is None else Fraction(source.price),
        )

    def _there(self, source: Source | Feed, decimals: int, path: str) -> Node:
        if source.address == "feed":
            if self._own is not None:
                return self._own
            problem = (
                "`feed` stands for the reserve's own, in its cautious_feed only; write an address"
            )
            self._note(path, "address", problem)
        price = None if source.price is None else Fraction(source.price)
        if price is not None:
            self._raw(source.price, decimals, path, "price")
        return Node("address", decimals, str(source.address), price=price)

    def _age(self, source: Source, outer: int, path: str, *, checks: bool) -> int:
        age = outer if source.max_age is None else source.max_age
        if checks and age > outer:
            self._note(
                path,
                "max_age",
                f"{age}m is above the {outer}m of what it is part of, where the oldest counts; "
                "lower it, or raise that",
            )
        if age > MAX_AGE_MINUTES:
            self._note(path, "max_age", f"{age}m is more than an adapter allows, 45d; lower it")
        return age

    def _settings(self, kind: str, inner: Any, decimals: int, path: str) -> dict[str, Any]:
        if kind == "capped":
            return {"cap": self._raw(inner.at, decimals, path, "at")}
        if kind == "bounded":
            lowest = self._raw(inner.lowest, decimals, path, "lowest")
            highest = self._raw(inner.highest, decimals, path, "highest")
            if lowest > highest:
                self._note(path, "lowest", f"{inner.lowest:f} is above highest; lower it")
            return {"lowest": lowest, "highest": highest}
        if kind == "moving_average":
            if inner.max_gap >= inner.window:
                self._note(
                    path,
                    "max_gap",
                    f"{inner.max_gap}m is not shorter than the window of {inner.window}m, and leaves "
                    "nothing of it; lower it",
                )
            return {"window": inner.window * 60, "max_gap": inner.max_gap * 60}
        if kind == "sequencer":
            return {"uptime": inner.uptime, "grace": inner.grace * 60}
        return self._growth(inner)

    def _growth(self, inner: GrowthCapped) -> dict[str, Any]:
        target, signature, unit, digits = inner.rate.stored
        return {
            "target": target,
            "signature": signature,
            "unit": unit,
            "rate_decimals": digits,
            "yearly": int(Fraction(inner.yearly) * WAD),
            "decline": int(Fraction(inner.decline) * WAD),
        }

    def _fallback(
        self, inner: Any, sources: list[tuple[Node, int]], outer: int, path: str
    ) -> dict[str, Any]:
        for name, (node, _) in zip(("primary", "backup"), sources, strict=True):
            if node.kind == "fallback":
                problem = "a fallback inside another can no longer fall back; put one around all"
                self._note(path, name, problem)
        backup = sources[1][1]
        alone = min(backup, outer * 60) if inner.alone_max_age is None else inner.alone_max_age * 60
        if alone > min(backup, outer * 60):
            self._note(
                path,
                "alone_max_age",
                f"{alone // 60}m is above the greatest age of the backup or of what this is part of; "
                "lower it",
            )
        return {"alone_max_age": alone, "deviation": int(Fraction(inner.deviation) * WAD)}

    def _raw(self, value: Decimal | None, decimals: int, path: str, name: str) -> int:
        raw = Fraction(value or 0) * 10**decimals
        if raw.denominator != 1:
            self._note(
                path, name, f"{value:f} has more than the feed's {decimals} decimals; shorten it"
            )
        if raw > MAX_PRICE_RAW:
            self._note(
                path, name, f"{value:f} is more than a feed may answer (2**96 - 1 raw); lower it"
            )
        return int(raw)

    def _note(self, path: str, name: str, problem: str) -> None:
        self.problems.append((f"{path}.{name}" if path else name, problem))


def out_of_place(node: Node) -> str | None:
    """Which adapter in the feed that liquidations go by could keep them from happening."""
    return next((n.kind for n in node.walk() if n.kind in HELD_BACK), None)


def out_of_bounds(node: Node, price: Fraction) -> str | None:
    """Which bounds a price at which the file was written would break, so that there would be none."""
    while node.kind in THROUGH:
        if node.kind == "bounded":
            lowest, highest = node["lowest"], node["highest"]
            # Where they contradict each other that has been said.
            if lowest <= highest and not lowest <= price * 10**node.decimals <= highest:
                return "is outside its feed's bounds, so that there would be no price; widen them"
        elif node.kind == "capped":
            cap = Fraction(node["cap"], 10**node.decimals)
            if price > cap * CAP_ROOM:
                return "is more than a tenth above its feed's cap, which is what it would say; raise it"
            price = min(price, cap)
        node = node.sources[0][0]
    return None


# ------------------------------------------------------------------------------------------- prices


def prices_within(
    node: Node, price: Fraction, known: Mapping[str, Fraction]
) -> dict[Node, Fraction]:
    """What everything that a feed is made of says when the feed says `price`.

    Where the file leaves it open, the first factor of a product is near one, a divisor is one, and so is
    a rate.

    Parameters
    ----------
    known : prices by address, of feeds that are a reserve's own.
    """
    found: dict[Node, Fraction] = {}
    _spread(node, price, known, found)
    return found


def rate_within(node: Node, found: Mapping[Node, Fraction]) -> Fraction:
    """The rate of a growth-capped feed, where all say what `prices_within` has found."""
    return found[node] / found[node.sources[0][0]]


def stated(node: Node, known: Mapping[str, Fraction]) -> Fraction | None:
    """What the file says that a node says, by itself or by what it is made of."""
    if node.price is not None:
        return node.price
    if node.is_there:
        return known.get(node.address)
    if node.kind in THROUGH:
        return stated(node.sources[0][0], known)
    if node.kind == "growth_capped":
        return None
    first, second = (stated(source, known) for source, _ in node.sources)
    if first is None or second is None:
        return None
    return first * second if node.kind == "product" else first / second


def _spread(
    node: Node, price: Fraction, known: Mapping[str, Fraction], found: dict[Node, Fraction]
) -> None:
    found[node] = price
    below = [source for source, _ in node.sources]
    if node.kind in THROUGH:
        parts = [price] * len(below)
    elif node.kind == "growth_capped":
        parts = [stated(below[0], known) or price]
    elif below:
        said = stated(below[0], known), stated(below[1], known)
        parts = [*_factors(node, price, *said)]
    else:
        return
    for part, its in zip(below, parts, strict=True):
        _spread(part, its, known, found)


def _factors(
    node: Node, price: Fraction, first: Fraction | None, second: Fraction | None
) -> tuple[Fraction, Fraction]:
    """The parts of a product or quotient, as far as the file leaves them open."""
    if node.kind == "quotient":
        second = second or (first / price if first else Fraction(1))
        return first or price * second, second
    if second is None:
        first = first or _near_one(node.sources[0][0])
    return first or price / (second or 1), second or price / (first or 1)


def _near_one(node: Node) -> Fraction:
    """The price nearest to one that bounds allow."""
    one = Fraction(1)
    while node.kind in THROUGH:
        scale = 10**node.decimals
        if node.kind == "bounded":
            one = min(max(one, Fraction(node["lowest"], scale)), Fraction(node["highest"], scale))
        elif node.kind == "capped":
            one = min(one, Fraction(node["cap"], scale))
        node = node.sources[0][0]
    return one
