"""What no contract here may do, read from the syntax trees; and where one does, why that is right.

Each rule finds places; a place that is not in `REVIEWED` is a finding, and an entry of `REVIEWED` that no
longer occurs is one as well. `tests/static/bad/` has a small contract for every rule that breaks it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.static._sources import Node, Source

VERSION = ["solidity", "0.8", ".37"]
HALVES = ("Pool", "PoolExtension")
"""The two halves of the pool: one address, one storage."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a rule is broken."""

    rule: str
    where: str
    """`Contract.function`."""
    line: str
    """File and line, for who mends it."""


Rule = Callable[[Sequence[Source]], Iterator[tuple[str, str]]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Enters a rule under its name."""
    RULES[function.__name__] = function
    return function


def broken(sources: Sequence[Source]) -> list[Place]:
    """Every place where a rule is broken."""
    return sorted({Place(n, where, line) for n, r in RULES.items() for where, line in r(sources)})


# ---------------------------------------------------------------------- the shape of a node


def _each(sources: Sequence[Source]) -> Iterator[tuple[Source, str, Node, list[Node]]]:
    for source in sources:
        for name, node, above in source.named:
            yield source, name, node, above


def _found(sources: Sequence[Source], wanted: Callable[[Node], bool]) -> Iterator[tuple[str, str]]:
    for source, name, node, _ in _each(sources):
        if wanted(node):
            yield name, f"{source.path}:{source.line(node)}"


def _is_call(node: Node) -> bool:
    return node["nodeType"] == "FunctionCall" and node.get("kind") == "functionCall"


def _called(node: Node) -> Node:
    """What a call calls, without the gas and the value that it is given."""
    called: Node = node["expression"]
    while called["nodeType"] == "FunctionCallOptions":
        called = called["expression"]
    return called


def _is_this(node: Any) -> bool:
    """`address(this)`, or a variable would have to be followed: that is Slither's work."""
    return (
        isinstance(node, dict)
        and node.get("nodeType") == "FunctionCall"
        and node.get("kind") == "typeConversion"
        and node["arguments"][0].get("name") == "this"
    )


def _member(node: Node, name: str, of: str) -> bool:
    return (
        node["nodeType"] == "MemberAccess"
        and node["memberName"] == name
        and node["expression"].get("name") == of
    )


def _yul(node: Node, *names: str) -> bool:
    return node["nodeType"] == "YulFunctionCall" and node["functionName"]["name"] in names


# ---------------------------------------------------------------------- rules


@rule
def own_balance(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """What the contract itself holds: whoever sends tokens decides about it."""

    def wanted(node: Node) -> bool:
        if _is_call(node):
            called = _called(node)
            name = called.get("memberName") or called.get("name")
            # Of a token; shares of a position are named by an account and an id.
            return name == "balanceOf" and _is_this(node["arguments"][-1])
        plain = node["nodeType"] == "MemberAccess" and node["memberName"] == "balance"
        return (plain and _is_this(node["expression"])) or _yul(node, "selfbalance")

    yield from _found(sources, wanted)


@rule
def delegate_call(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Another's code on this contract's storage."""

    def wanted(node: Node) -> bool:
        member = node["nodeType"] == "MemberAccess" and node["memberName"] in (
            "delegatecall",
            "callcode",
        )
        return member or _yul(node, "delegatecall", "callcode")

    yield from _found(sources, wanted)


@rule
def transaction_origin(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Who signed the transaction: not who calls."""
    yield from _found(sources, lambda n: _member(n, "origin", "tx") or _yul(n, "origin"))


@rule
def block_number(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """No clock: blocks come at different rates on different chains."""
    yield from _found(sources, lambda n: _member(n, "number", "block") or _yul(n, "number"))


@rule
def raw_storage(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Storage by its number, which no compiler checks."""

    def wanted(node: Node) -> bool:
        slot = node["nodeType"] == "InlineAssembly" and any(
            r.get("suffix") == "slot" for r in node["externalReferences"]
        )
        return slot or _yul(node, "sload", "sstore", "tload", "tstore")

    yield from _found(sources, wanted)


@rule
def unsafe_assembly(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Assembly that does not say that it minds the compiler's memory."""
    yield from _found(
        sources,
        lambda n: n["nodeType"] == "InlineAssembly" and "memory-safe" not in n.get("flags", ()),
    )


@rule
def open_action(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """A function of the pool that changes state and does not take the lock."""
    for where, line, node in _entrances(sources):
        if node["stateMutability"] not in ("view", "pure") and "lock" not in _modifiers(node):
            yield where, line


@rule
def open_view(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """A view of the pool that answers in the middle of an action."""
    for where, line, node in _entrances(sources):
        if node["stateMutability"] in ("view", "pure") and "unlocked" not in _modifiers(node):
            yield where, line


def _entrances(sources: Sequence[Source]) -> Iterator[tuple[str, str, Node]]:
    for source, name, node, above in _each(sources):
        if (
            node["nodeType"] == "FunctionDefinition"
            and node["visibility"] in ("external", "public")
            and node["kind"] != "constructor"
            and above[-1].get("name") in HALVES
        ):
            yield name, f"{source.path}:{source.line(node)}", node


def _modifiers(node: Node) -> set[str]:
    return {m["modifierName"]["name"] for m in node["modifiers"]}


@rule
def unchecked_without_reason(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Arithmetic that wraps, and no sentence in, at the end of or above the block or its function."""
    for source, name, node, above in _each(sources):
        if node["nodeType"] != "UncheckedBlock":
            continue
        function = next((a for a in reversed(above) if a["nodeType"] == "FunctionDefinition"), {})
        said = "@dev" in ((function.get("documentation") or {}).get("text", ""))
        near = source.lines_before(node, 2) + source.of(node)
        masked = re.fullmatch(
            r"unchecked \{\s*return \([^;]*&[^;]*\) \* \w+;\s*\}", source.of(node)
        )
        if not said and "//" not in near and masked is None:
            yield name, f"{source.path}:{source.line(node)}"


@rule
def call_without_helper(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """A call that the called can make revert or run out of gas. Pools, libraries and rules only."""

    def wanted(node: Node) -> bool:
        if _yul(node, "call", "staticcall"):
            return True
        kind = _called(node)["typeDescriptions"]["typeIdentifier"] if _is_call(node) else ""
        return kind.startswith(
            ("t_function_external", "t_function_barecall", "t_function_barestatic")
        )

    yield from _found([s for s in sources if _is_core(s.path)], wanted)


def _is_core(path: str) -> bool:
    rooms = ("contracts/libraries/", "contracts/liquidation/", "contracts/rates/")
    feeds = "contracts/oracle/FeedReader.sol"
    return path.startswith((*rooms, "tests/")) or path.count("/") == 1 or path == feeds


@rule
def selector_clash(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """A function that both halves of the pool have: the extension's can never be called."""
    by_id = {n["id"]: n for _, _, n, _ in _each(sources) if n["nodeType"] == "ContractDefinition"}
    halves = {n["name"]: n for n in by_id.values() if n["name"] in HALVES}
    seen: dict[str, list[str]] = defaultdict(list)
    for half in halves.values():
        bases = [by_id[i] for i in half["linearizedBaseContracts"] if i in by_id]
        functions = [f for b in bases if b["contractKind"] == "contract" for f in b["nodes"]]
        own = {(f["functionSelector"], f["name"]) for f in functions if "functionSelector" in f}
        for selector, name in sorted(own):
            seen[selector].append(f"{half['name']}.{name}")
    yield from ((" and ".join(n), f"selector {s}") for s, n in sorted(seen.items()) if len(n) > 1)


@rule
def floating_pragma(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Another compiler would make other bytecode."""
    for source in sources:
        pragmas = [
            n["literals"] for n in source.tree["nodes"] if n["nodeType"] == "PragmaDirective"
        ]
        if pragmas != [VERSION]:
            yield source.path, f"{source.path}:1"


@rule
def error_without_sentence(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """A custom error that does not say when it is raised."""
    for source, name, node, _ in _each(sources):
        if node["nodeType"] == "ErrorDefinition" and not node.get("documentation"):
            yield f"{name}.{node['name']}", f"{source.path}:{source.line(node)}"


# ---------------------------------------------------------------------- reviewed


def _all(reason: str, *places: str) -> dict[str, str]:
    return dict.fromkeys(places, reason)


REVIEWED: dict[str, dict[str, str]] = {
    "own_balance": {
        "PoolBase._buffer": "Bounds what may be collected and absorbs losses: a donation adds to both, and "
        "to nobody's claim.",
        "Configurator.listReserve": "Before and after its own seed: it has to arrive in full.",
        "CuratedVault._supplyTo": "Before and after one movement, which must be what was asked.",
        "CuratedVault._withdrawFrom": "As `_supplyTo`.",
        "CuratedVault.sweep": "Sends on what was donated: what is idle is counted apart.",
        "FlashLiquidator.onLiquidate": "All there is is this liquidation's, and has to cover it.",
        "FlashLiquidator._sweep": "As `onLiquidate`.",
        "UniswapV3Venue.swap": "Sends back what was not sold; holds nothing between calls.",
    },
    "delegate_call": {
        "Pool.batch": "To itself, for calls in the caller's name.",
        "Pool.fallback": "To the other half of the pool, which its constructor has made.",
    },
    "raw_storage": {
        **_all(
            "The library of what is remembered within a transaction; its places are apart.",
            "Transient.state",
            "Transient.set",
            "Transient.defer",
            "Transient.isDeferred",
            "Transient.takeDeferred",
            "Transient.owed",
            "Transient.setOwed",
        ),
        "PoolBase._slots": "The place of a reserve whose id was checked; written through the struct.",
    },
    "open_action": {
        "Pool.batch": "Refuses while locked; each part takes the lock, and so does the check at the end.",
        "Pool.fallback": "Hands on; what it reaches takes the lock itself.",
    },
    "open_view": _all(
        "No action leaves it half-way: written in one step, or by configuration alone.",
        *(
            f"PoolExtension.{name}"
            for name in (
                "authorization",
                "isOperator",
                "allowance",
                "allowanceExpiry",
                "nonces",
                "DOMAIN_SEPARATOR",
                "supportsInterface",
                "categoryOf",
                "categoryData",
                "categoryWords",
                "reserveId",
                "reserveCount",
                "liquidationTerms",
                "configurator",
            )
        ),
    ),
    "unchecked_without_reason": {
        **_all("A field of few bits times a constant.", "LiquidationWord.terms"),
        "Positions.decrease": "What is subtracted has been compared with what is there, on the line above.",
        **_all(
            "Shares have at most 188 bits (lemma `shares__of_any_amount__do_not_wrap`), a total 112.",
            "Reserves.addSupply",
            "Reserves.addDebt",
        ),
        **_all(
            "The library's comment: 141 bits times 96; scaled up, the product is checked.",
            "Valuation.valueDown",
            "Valuation.valueUp",
        ),
    },
    "call_without_helper": {
        "Untrusted.ask": "The helper.",
        "Untrusted.tell": "The helper.",
        "FeedReader._latestRound": "Bounded likewise, with a limit that its caller names.",
        "PoolBase._callBack": "The caller's own contract: nobody else waits for it.",
        "PoolExtension.permit": "A listed token, in a try: the allowance may be there already.",
        **_all(
            "A liquidation model that calls the pool it was made for, before any pool calls it.",
            "DutchAuctionModel.start",
            "DutchAuctionModel.stop",
        ),
    },
}


@cache
def reviewed(name: str) -> frozenset[str]:
    """Places where a rule may be broken."""
    return frozenset(REVIEWED.get(name, {}))


def findings(sources: Sequence[Source]) -> tuple[list[Place], list[tuple[str, str]]]:
    """Places that nobody has reviewed, and entries of `REVIEWED` that no longer occur."""
    places = broken(sources)
    there = {(p.rule, p.where) for p in places}
    stale = sorted({(r, where) for r, entries in REVIEWED.items() for where in entries} - there)
    return [p for p in places if p.where not in reviewed(p.rule)], stale
