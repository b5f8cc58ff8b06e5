"""What a feed of a market file would say if its adapters were deployed now, in the contracts' integers.

A deployer learns before anything is sent what would be found when everything is on the chain:

    answer = floor(first * second / scale)      and likewise for every adapter of contracts/oracle/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from sims.feeds import WAD, Node
from sims.fork.rpc import Call, Function, Rpc, RpcError
from sims.fork.weir import DECIMALS, LATEST_ROUND_DATA
from sims.market import plain

MIN_CALCULATED = 10_000
"""A calculated answer below it is no price."""
VAULT_FUNCTION = "convertToAssets(uint256)"
ASSET = Function("asset()", ("address",))


class NoPriceError(Exception):
    """Why a feed would have no price, in half a sentence."""


Told = Mapping[Call, "tuple[Any, ...] | RpcError"]


def calls_of(node: Node) -> Iterator[Call]:
    """What has to be asked on the chain to know what a feed would say."""
    for n in node.walk():
        if n.is_there:
            yield Call(n.address, LATEST_ROUND_DATA)
        elif n.kind == "growth_capped":
            yield _rate_call(n)
        elif n.kind == "sequencer":
            yield Call(n["uptime"], LATEST_ROUND_DATA)


def _rate_call(node: Node) -> Call:
    arguments = (node["unit"],) if "(uint256)" in node["signature"] else ()
    return Call(node["target"], Function(node["signature"], ("uint256",)), arguments)


def forecast(node: Node, told: Told, *, now: int, max_age: int) -> tuple[int, int]:
    """What a feed would answer if it were deployed now, and the date of it.

    Parameters
    ----------
    told : answers to `calls_of`.
    max_age : the oldest answer that counts, in seconds.

    Raises
    ------
    NoPriceError
        If it would have no price.
    """
    answer, dated = _calculated(node, told, now)
    if not 0 <= now - dated <= max_age:
        raise NoPriceError(f"{_named(node)} is too old")
    return answer, dated


def _named(node: Node) -> str:
    return node.address if node.is_there else node.kind


def _calculated(node: Node, told: Told, now: int) -> tuple[int, int]:
    if node.is_there:
        said = told[Call(node.address, LATEST_ROUND_DATA)]
        if isinstance(said, RpcError) or said[1] <= 0:
            raise NoPriceError(f"{node.address} answers nothing")
        return said[1], said[3]
    if node.kind == "fallback":
        return _checked(node, told, now)
    if node.kind == "sequencer":
        _require_up(node, told, now)
    parts = [forecast(source, told, now=now, max_age=age) for source, age in node.sources]
    answer, dated = parts[0][0], min(date for _, date in parts)
    places = [source.decimals for source, _ in node.sources]
    if node.kind == "capped":
        answer = min(answer, node["cap"])
    elif node.kind == "bounded" and not node["lowest"] <= answer <= node["highest"]:
        shown = plain(Fraction(answer, 10**node.decimals))
        raise NoPriceError(f"{shown} is outside its bounds")
    elif node.kind == "product":
        answer = answer * parts[1][0] * 10**node.decimals // 10 ** sum(places)
    elif node.kind == "quotient":
        answer = answer * 10 ** (node.decimals + places[1]) // (parts[1][0] * 10 ** places[0])
    elif node.kind == "growth_capped":
        rate = told[_rate_call(node)]
        if isinstance(rate, RpcError) or not rate[0]:
            raise NoPriceError(f"there is no {node['signature']} of {node['target']}")
        scale = 10 ** (node["rate_decimals"] + places[0])
        answer = rate[0] * answer * 10**node.decimals // scale
    if node.kind in ("product", "quotient", "growth_capped") and answer < MIN_CALCULATED:
        raise NoPriceError("it has too few decimals")
    return answer, dated


def _checked(node: Node, told: Told, now: int) -> tuple[int, int]:
    found: list[tuple[int, int] | None] = []
    for source, age in node.sources:
        try:
            answer, dated = forecast(source, told, now=now, max_age=age)
        except NoPriceError:
            found.append(None)
        else:
            found.append((answer * 10 ** (node.decimals - source.decimals), dated))
    primary, backup = found
    if primary is None:
        if backup is None or now - backup[1] > node["alone_max_age"]:
            raise NoPriceError("neither source has one")
        return backup
    if backup is not None:
        low, high = sorted((primary[0], backup[0]))
        if (high - low) * WAD > low * node["deviation"]:
            raise NoPriceError("its sources are too far apart")
    return primary


def _require_up(node: Node, told: Told, now: int) -> None:
    said = told[Call(node["uptime"], LATEST_ROUND_DATA)]
    if isinstance(said, RpcError) or said[1] not in (0, 1) or not 0 < said[2] <= now:
        raise NoPriceError(f"{node['uptime']} does not say whether the sequencer is up")
    if said[1] == 1 or now - said[2] < node["grace"]:
        raise NoPriceError("the sequencer is down, or was until lately")


# ------------------------------------------------------------------------------------------- vaults


def require_vaults(node: Node, rpc: Rpc, *, block: int) -> Iterator[str]:
    """A sentence for each vault whose decimals are not those that the file counts on."""
    for n in node.walk():
        if n.kind != "growth_capped" or n["signature"] != VAULT_FUNCTION:
            continue
        shares, asset = rpc.try_read([Call(n["target"], f) for f in (DECIMALS, ASSET)], block=block)
        if isinstance(shares, RpcError) or isinstance(asset, RpcError):
            continue
        (assets,) = rpc.try_read([Call(asset[0], DECIMALS)], block=block)
        if isinstance(assets, RpcError):
            continue
        if n["unit"] * 10 ** assets[0] != 10 ** (shares[0] + n["rate_decimals"]):
            yield (
                f"the vault {n['target']} has {shares[0]} decimals and its asset {assets[0]}, which are "
                "others than the rate's share_decimals and asset_decimals"
            )
