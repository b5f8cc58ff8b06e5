"""What is deployed around the pool, and whether it is what the market file says.

Each of these contracts is built on the pool's public functions alone and, the risk steward aside, has
no power over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts._contracts import at, container
from scripts._steps import Addresses, Step, create
from sims.market import STEWARDED, Market, Steward, plain

LENS, QUOTES, FLASH, STEWARD, GATEWAY = (
    "lens",
    "quote lens",
    "flash lender",
    "risk steward",
    "native gateway",
)
DAY_MINUTES = 1_440


def wrapper(symbol: str) -> str:
    """The key of a reserve's ERC-4626 wrapper."""
    return f"wrapped {symbol}"


def periphery_steps(market: Market) -> Iterator[Step]:
    """Everything that the file names, in order."""
    chosen = market.periphery
    if chosen.lens:
        yield create(LENS, "Lens", "reads markets and accounts", lambda _: [])
    if chosen.quote_lens:
        yield create(QUOTES, "QuoteLens", "says what actions would do", lambda _: [])
    if chosen.flash_lender:
        yield create(FLASH, "FlashLender", "EIP-3156, free of charge", lambda a: [a["pool"]])
    for symbol in market.wrapped:
        yield _wrapper_step(symbol)
    native = chosen.native_gateway
    if native is not None:
        yield create(
            GATEWAY,
            "NativeGateway",
            f"native currency in and out of {native}",
            lambda a: [a["pool"], a[f"token {native}"]],
        )
    if chosen.risk_steward is not None:
        yield from _steward_steps(chosen.risk_steward, has_roles=market.roles.given)


def _wrapper_step(symbol: str) -> Step:
    return create(
        wrapper(symbol),
        "WrappedSupply",
        f"ERC-4626 of the supply of {symbol}",
        lambda a: [a["pool"], a[f"token {symbol}"]],
    )


def _steward_steps(steward: Steward, *, has_roles: bool) -> Iterator[Step]:
    powers = "" if has_roles else ", without power until roles are set up"
    yield create(
        STEWARD,
        "RiskSteward",
        f"changes within bounds{powers}",
        lambda a: [a["authority"], a["configurator"]],
    )
    yield _steward_call("ramp", "setRamp", f"{_spell(steward.ramp)} down", steward.ramp * 60)
    for name, bound in steward.bounds.items():
        yield _steward_call(
            name,
            "setBound",
            f"up {plain(bound.up)}, down {plain(bound.down)}, once in {_spell(bound.period)}",
            STEWARDED.index(name),
            steward.stored(name),
        )


def _steward_call(name: str, method: str, detail: str, *arguments: Any) -> Step:
    return Step(
        key=f"bound {name}",
        what=f"bound {name}",
        detail=detail,
        target=STEWARD,
        kind="RiskSteward",
        method=method,
        arguments=lambda _: arguments,
    )


def _spell(minutes: int) -> str:
    if minutes % DAY_MINUTES == 0:
        return f"{minutes // DAY_MINUTES} d"
    return f"{minutes / 60:g} h"


def periphery_facts(market: Market, addresses: Addresses) -> Iterator[tuple[str, Any, Any]]:
    """What the contracts say beside what they should: name, is, wanted."""
    pool, chosen = addresses["pool"], market.periphery
    for key, kind in ((LENS, "Lens"), (QUOTES, "QuoteLens")):
        if key in addresses:
            # Nothing in them depends on the market: the code is all there is.
            code = container(kind).contract_type.get_runtime_bytecode()
            contract = at(kind, addresses[key])
            # Past Ape's memory of codes, which outlives a chain that began anew.
            found = contract.provider.get_code(contract.address)
            yield f"{key}.code", bytes(found), bytes(code)
    if chosen.flash_lender:
        yield f"{FLASH}.pool", at("FlashLender", addresses[FLASH]).pool(), pool
    for symbol in market.wrapped:
        key = wrapper(symbol)
        contract = at("WrappedSupply", addresses[key])
        yield f"{key}.pool", contract.pool(), pool
        yield f"{key}.asset", contract.asset(), addresses[f"token {symbol}"]
        yield f"{key}.reserveId", contract.reserveId(), market.reserve_id(symbol)
    native = chosen.native_gateway
    if native is not None:
        contract = at("NativeGateway", addresses[GATEWAY])
        yield f"{GATEWAY}.pool", contract.pool(), pool
        yield f"{GATEWAY}.wrapped", contract.wrapped(), addresses[f"token {native}"]
        yield f"{GATEWAY}.reserveId", contract.reserveId(), market.reserve_id(native)
    if chosen.risk_steward is not None:
        yield from _steward_facts(chosen.risk_steward, addresses)


def _steward_facts(steward: Steward, addresses: Addresses) -> Iterator[tuple[str, Any, Any]]:
    contract = at("RiskSteward", addresses[STEWARD])
    yield f"{STEWARD}.authority", contract.authority(), addresses["authority"]
    yield f"{STEWARD}.configurator", contract.configurator(), addresses["configurator"]
    yield f"{STEWARD}.ramp", contract.ramp(), steward.ramp * 60
    for number, name in enumerate(STEWARDED):
        wanted = steward.stored(name) if name in steward.bounds else (0, 0, 0)
        yield f"{STEWARD}.{name}", tuple(contract.boundOf(number).values()), wanted
