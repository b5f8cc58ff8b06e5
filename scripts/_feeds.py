"""The feeds of a market file on a chain: which contracts they take, what each is made with, and whether
it says what it should.

Adapters are deployed innermost first, each once however often the file has it. Before a reserve uses a
feed, everything that it is made of has to say that it was made as the file says, and to have a price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from scripts._chain import Chain
from scripts._contracts import DeployError, differences_of, made_with, selector
from scripts._steps import Addresses, Step, create
from sims.feeds import WAD, Node, prices_within, rate_within
from sims.fork.rpc import Call, RpcError
from sims.fork.weir import LATEST_ROUND_DATA
from sims.market import Market, plain

CONTRACTS = {
    "product": "ProductFeed",
    "quotient": "ProductFeed",
    "growth_capped": "GrowthCappedFeed",
    "capped": "CappedFeed",
    "bounded": "BoundedFeed",
    "fallback": "FallbackFeed",
    "moving_average": "MovingAverageFeed",
    "sequencer": "SequencerFeed",
}
PRICE_BAND = 2
"""A feed that is further off the file's price, by this factor, answers in another unit or of another
asset, or the file is old."""
MOCK_RATE = "rate()"


class Feeds:
    """The feeds of a market, by what they are called in its deployment."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._trees = {symbol: r.nodes(symbol) for symbol, r in market.reserves.items()}
        self._own: dict[str, str] = {}
        self._keys: dict[Node, str] = {}
        for symbol, (main, _) in self._trees.items():
            if main.is_there:
                self._own.setdefault(main.address, f"feed {symbol}")
        counted: dict[str, int] = {}
        for symbol, trees in self._trees.items():
            for node in (n for tree in trees if tree for n in tree.walk() if not n.is_there):
                if node not in self._keys:
                    name = f"{CONTRACTS[node.kind]} of {symbol}"
                    counted[name] = counted.get(name, 0) + 1
                    self._keys[node] = name if counted[name] == 1 else f"{name} {counted[name]}"

    def trees(self, symbol: str) -> tuple[Node, Node | None]:
        """What a reserve's feed is made of, and its cautious one."""
        return self._trees[symbol]

    def of(self, symbol: str) -> str:
        """The key of a reserve's feed."""
        main = self._trees[symbol][0]
        return f"feed {symbol}" if main.is_there else self._keys[main]

    def cautious_of(self, symbol: str) -> str | None:
        """The key of a reserve's cautious feed; None without one."""
        cautious = self._trees[symbol][1]
        return None if cautious is None else self.key(cautious)

    def key(self, node: Node) -> str:
        """What a feed is called."""
        return self._own.get(node.address, node.address) if node.is_there else self._keys[node]

    @property
    def adapters(self) -> dict[str, Node]:
        """By key, each after what it is made of."""
        return {key: node for node, key in self._keys.items()}

    def outside(self) -> dict[str, str]:
        """Addresses of the file that adapters and reserves rely on, by key."""
        found = {f"feed {s}": main.address for s, (main, _) in self._trees.items() if main.is_there}
        for _, node in self._nodes():
            if node.is_there:
                found[self.key(node)] = node.address
            elif node.kind == "growth_capped":
                found[rate_key(node)] = node["target"]
            elif node.kind == "sequencer":
                found[_uptime_key(node)] = node["uptime"]
        return found

    def _nodes(self) -> Iterator[tuple[str, Node]]:
        for symbol, trees in self._trees.items():
            for tree in filter(None, trees):
                yield from ((symbol, node) for node in tree.walk())

    # ------------------------------------------------------------------ steps

    def mocks(self, symbol: str) -> Iterator[Step]:
        """Mocks of everything that a reserve's feeds rely on, which say what makes the file's price."""
        main = self._trees[symbol][0]
        if main.is_there:
            yield _mock(f"feed {symbol}", main, Fraction(self._market.reserves[symbol].price))
        for owner, tree, prices in self._prices():
            if owner != symbol:
                continue
            for node in tree.walk():
                if node.is_there and node is not main:
                    yield _mock(self.key(node), node, prices[node])
                elif node.kind == "growth_capped":
                    yield _mock_rate(node, rate_within(node, prices))
                elif node.kind == "sequencer":
                    yield from _mock_uptime(node)

    def _prices(self) -> Iterator[tuple[str, Node, dict[Node, Fraction]]]:
        """What everything says when each reserve's feeds say the file's price: what one of them makes of a
        feed holds for the next."""
        own = {s: Fraction(self._market.reserves[s].price) for s in self._trees}
        known = {t[0].address: own[s] for s, t in reversed(self._trees.items()) if t[0].is_there}
        for symbol, trees in self._trees.items():
            for tree in filter(None, trees):
                prices = prices_within(tree, own[symbol], known)
                for node in (n for n in tree.walk() if n.is_there):
                    prices[node] = known.setdefault(node.address, prices[node])
                yield symbol, tree, prices

    def steps(self, symbol: str) -> Iterator[Step]:
        """The adapters of a reserve."""
        for tree in filter(None, self._trees[symbol]):
            for node in tree.walk():
                if node.is_there:
                    continue
                key = self._keys[node]
                yield create(key, CONTRACTS[node.kind], self.words(node), self._making(node))
                if node.kind == "moving_average":
                    yield Step(
                        key=f"first observation of {key}",
                        what="poke MovingAverageFeed",
                        detail=f"{key}, whose time begins",
                        target=key,
                        kind="MovingAverageFeed",
                        method="poke",
                        arguments=lambda _: [],
                    )

    def cautious_step(self, symbol: str) -> Step:
        """The one that names a reserve's cautious feed."""
        key = self.cautious_of(symbol)
        assert key is not None
        id_ = self._market.reserve_id(symbol)
        return Step(
            key=f"cautious feed {symbol}",
            what="set cautious feed",
            detail=f"of {symbol}: {key}",
            target="configurator",
            kind="Configurator",
            method="setCautiousFeed",
            arguments=lambda a: [a["pool"], id_, a[key]],
            before=lambda chain, a: self.require_fit(symbol, chain, a, cautious=True),
        )

    def _making(self, node: Node) -> Callable[[Addresses], list[Any]]:
        return lambda addresses: self.arguments(node, addresses)

    def arguments(self, node: Node, a: Addresses) -> list[Any]:
        """What an adapter is made with."""
        sources = [v for source, age in node.sources for v in (a[self.key(source)], age)]
        kind = node.kind
        if kind in ("product", "quotient"):
            return [*sources, kind == "quotient", node.decimals]
        if kind == "capped":
            return [*sources, node["cap"]]
        if kind == "bounded":
            return [*sources, node["lowest"], node["highest"]]
        if kind == "fallback":
            return [*sources, node["alone_max_age"], node["deviation"]]
        if kind == "moving_average":
            return [*sources, node["window"], node["max_gap"]]
        if kind == "sequencer":
            return [*sources, a[_uptime_key(node)], node["grace"]]
        target = a[rate_key(node)]
        is_real = target == node["target"]
        signature, unit = (node["signature"], node["unit"]) if is_real else (MOCK_RATE, 0)
        rate = (target, selector(signature), unit, node["rate_decimals"])
        return [*sources, rate, node["yearly"], node["decline"], node.decimals]

    def words(self, node: Node) -> str:
        """What an adapter does, for people."""
        named = [f"{self.key(s)} ({_spell(age)})" for s, age in node.sources]
        first = named[0]
        shown = {k: plain(Fraction(v, 10**node.decimals)) for k, v in _prices_of(node).items()}
        if node.kind in ("product", "quotient"):
            return f"{first} {'x' if node.kind == 'product' else '/'} {named[1]}"
        if node.kind == "capped":
            return f"{first}, at most {shown['cap']}"
        if node.kind == "bounded":
            return f"{first}, from {shown['lowest']} to {shown['highest']}"
        if node.kind == "fallback":
            apart = plain(Fraction(node["deviation"], WAD) * 100)
            return (
                f"{first}, at most {apart} % from {named[1]}, which stands in for it up to "
                f"{_spell(node['alone_max_age'])}"
            )
        if node.kind == "moving_average":
            window, gap = _spell(node["window"]), _spell(node["max_gap"])
            return f"{first} over {window}, to be poked every {gap}"
        if node.kind == "sequencer":
            return f"{first}, {_spell(node['grace'])} after {node['uptime']} says up"
        up, down = (plain(Fraction(node[k], WAD) * 100) for k in ("yearly", "decline"))
        return (
            f"{node['signature']} of {node['target']} x {first}, growing at most {up} %, "
            f"falling at most {down} % a year, continuously"
        )

    # ------------------------------------------------------------------ on the chain

    def facts(self, addresses: Addresses) -> Iterator[tuple[str, Any, Any]]:
        """What adapters were made with, beside what they should be: name, is, wanted."""
        for key, node in self.adapters.items():
            yield from self._facts(key, node, addresses)

    def _facts(self, key: str, node: Node, a: Addresses) -> Iterator[tuple[str, Any, Any]]:
        kind = CONTRACTS[node.kind]
        made = made_with(kind, a[key], self.arguments(node, a), decimals=node.decimals)
        yield from ((f"{key}.{name}", is_, wanted) for name, is_, wanted in made)

    def require_fit(
        self, symbol: str, chain: Chain, addresses: Addresses, *, cautious: bool = False
    ) -> None:
        """Refuses a reserve's feed that is not what the file says or has no price near the file's."""
        main, second = self._trees[symbol]
        tree = second if cautious else main
        assert tree is not None
        if tree.is_there:
            return
        nodes = {self.key(n): n for n in tree.walk() if not n.is_there}
        facts = (f for key, node in nodes.items() for f in self._facts(key, node, addresses))
        wrong = differences_of(facts)
        if chain.is_development:
            for key, node in nodes.items():
                if node.kind == "moving_average" and not wrong:
                    _let_time_pass(chain, addresses[key], node["window"])
        limits = {self.key(s): age for n in tree.walk() for s, age in n.sources}
        reserve = self._market.reserves[symbol]
        limits[self.key(tree)] = reserve.feed.max_age_s
        for key, node in nodes.items():
            answer, age = _answer_of(chain, addresses[key])
            if answer == 0 and node.kind == "moving_average":
                wrong.append(_unready(key, addresses[key], node))
            elif answer <= 0 or not 0 <= age <= limits[key]:
                wrong.append(f"{key} has no fresh price")
            elif node == tree:
                wrong += off(f"{key} says", answer, reserve.price_raw, node.decimals)
        if wrong:
            raise DeployError(
                f"The {'cautious ' if cautious else ''}feed of {symbol} is not fit for use, and nothing "
                f"uses it: {'; '.join(wrong)}. What is done stays done: run the same command again "
                "when that is mended."
            )


def off(what: str, answer: int, price_raw: int, decimals: int) -> list[str]:
    """A sentence where an answer is too far from the file's price."""
    if price_raw <= answer * PRICE_BAND <= price_raw * PRICE_BAND**2:
        return []
    said, wanted = (plain(Fraction(raw, 10**decimals)) for raw in (answer, price_raw))
    return [f"{what} {said}, the file {wanted}"]


def rate_key(node: Node) -> str:
    """What the source of a rate is called."""
    return f"{node['signature']} of {node['target']}"


def _uptime_key(node: Node) -> str:
    return f"uptime {node['uptime']}"


def _prices_of(node: Node) -> dict[str, int]:
    return {k: v for k, v in node.settings if k in ("cap", "lowest", "highest")}


def _spell(seconds: int) -> str:
    unit, name = next(
        (u, n) for u, n in ((86_400, "d"), (3_600, "h"), (60, "m")) if seconds % u == 0
    )
    return f"{seconds // unit}{name}"


def _mock(key: str, node: Node, price: Fraction) -> Step:
    raw = max(1, round(price * 10**node.decimals))
    said = f"{plain(Fraction(raw, 10**node.decimals))}, {node.decimals} decimals"
    return create(key, "MockFeed", said, lambda _: [node.decimals, raw])


def _mock_rate(node: Node, rate: Fraction) -> Step:
    raw = round(rate * 10 ** node["rate_decimals"])
    said = plain(Fraction(raw, 10 ** node["rate_decimals"]))
    return create(rate_key(node), "MockRate", f"{rate_key(node)}: {said}", lambda _: [raw])


def _mock_uptime(node: Node) -> Iterator[Step]:
    key = _uptime_key(node)
    yield create(key, "MockFeed", "a sequencer's uptime", lambda _: [0, 0])
    yield Step(
        key=f"{key} since long",
        what="start sequencer",
        detail="up since 1970",
        target=key,
        kind="MockFeed",
        method="setAt",
        arguments=lambda _: [0, 1],
    )


def _answer_of(chain: Chain, feed: str) -> tuple[int, int]:
    """A feed's answer and its age; zeros for none."""
    head = chain.rpc.block()
    (told,) = chain.rpc.try_read([Call(feed, LATEST_ROUND_DATA)], block=int(head["number"], 16))
    if isinstance(told, RpcError):
        return 0, 0
    return told[1], int(head["timestamp"], 16) - told[3]


def _unready(key: str, address: str, node: Node) -> str:
    window, gap = _spell(node["window"]), _spell(node["max_gap"])
    return (
        f"{key} has no price before it was observed for {window} without a gap of more than {gap}: "
        f"somebody has to call poke() of {address} that often, which anybody may"
    )


def _let_time_pass(chain: Chain, average: str, window: int) -> None:
    """Makes an average on a development chain as old as it has to be: it keeps the dates of the last and
    the first observation at the end of its first word and at the beginning of its second."""
    now = int(chain.rpc.block()["timestamp"], 16)
    words = [
        int(chain.rpc.request("eth_getStorageAt", average, hex(i), "latest"), 16) for i in (0, 1)
    ]
    words[0] = words[0] & (1 << 224) - 1 | now << 224
    words[1] = words[1] >> 32 << 32 | now - window
    for place, word in enumerate(words):
        slot, value = f"0x{place:064x}", f"0x{word:064x}"
        chain.rpc.request("anvil_setStorageAt", average, slot, value)
