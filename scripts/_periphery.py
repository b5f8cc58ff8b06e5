"""What is deployed around the pool, and whether it is what the market file says.

Each of these contracts is built on the pool's public functions alone and, the risk steward aside, has
no power over it. An insurance vault is named to its reserve, and pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scripts._contracts import Fact, asked, at, container, made_with
from scripts._steps import Addresses, Step, create, spell
from sims.market import STEWARDED, Insurer, Market, Steward, Vault, plain

LENS, QUOTES, FLASH, STEWARD, GATEWAY = (
    "lens",
    "quote lens",
    "flash lender",
    "risk steward",
    "native gateway",
)
FLASH_LIQUIDATOR, VENUE, ROUTER, ORDERS = (
    "flash liquidator",
    "uniswap v3 venue",
    "uniswap v3 router",
    "deleverage orders",
)


def wrapper(symbol: str) -> str:
    """The key of a reserve's ERC-4626 wrapper."""
    return f"wrapped {symbol}"


def insurer(symbol: str) -> str:
    """The key of a reserve's insurance vault."""
    return f"insurer {symbol}"


def curated(symbol: str) -> str:
    """The key of the curated vault of a reserve's asset."""
    return f"curated vault {symbol}"


def curated_vaults(market: Market) -> tuple[str, ...]:
    """The keys of all of them."""
    return tuple(map(curated, market.periphery.curated_vaults))


def periphery_steps(market: Market, *, mocks: bool) -> Iterator[Step]:
    """Everything that the file names, in order."""
    chosen = market.periphery
    for symbol, r in market.reserves.items():
        if r.insurer is not None:
            yield from _insurer_steps(symbol, r.insurer, market.reserve_id(symbol))
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
    if chosen.flash_liquidator:
        yield create(
            FLASH_LIQUIDATOR, "FlashLiquidator", "sells what it seizes", lambda a: [a["pool"]]
        )
    venue = chosen.uniswap_v3
    if venue is not None:
        if mocks:
            yield create(ROUTER, "MockSwapRouter", "mints what is bought", lambda _: [])
        kind = "first" if venue.deadline else "second"
        yield create(
            VENUE,
            "UniswapV3Venue",
            f"sells at the {kind} router {venue.router}",
            lambda a: [a[ROUTER], venue.deadline],
        )
    if chosen.deleverage_orders:
        yield create(ORDERS, "DeleverageOrders", "borrowers' signed orders", lambda a: [a["pool"]])
    for symbol, vault in chosen.curated_vaults.items():
        yield from _vault_steps(symbol, vault, market)
    if chosen.risk_steward is not None:
        yield from _steward_steps(chosen.risk_steward, has_roles=market.roles.given)


def _insurer_steps(symbol: str, i: Insurer, id_: int) -> Iterator[Step]:
    key = insurer(symbol)
    yield create(
        key,
        "InsuranceVault",
        f"for {symbol}, out after {spell(i.cooldown)}, within {spell(i.window)}",
        lambda a: _insurer_arguments(symbol, i, a),
    )
    yield Step(
        key=f"insure {symbol}",
        what="set insurer",
        detail=f"{key} pays for bad debt after the buffer and before suppliers",
        target="configurator",
        kind="Configurator",
        method="setInsurer",
        arguments=lambda a: [a["pool"], id_, a[key]],
    )


def _insurer_arguments(symbol: str, i: Insurer, a: Addresses) -> list[Any]:
    return [a["pool"], a[f"token {symbol}"], i.cooldown * 60, i.window * 60]


def _vault_steps(symbol: str, v: Vault, market: Market) -> Iterator[Step]:
    key = curated(symbol)
    yield create(
        key,
        "CuratedVault",
        f"{v.name} ({v.symbol}) of {symbol}, fees to {v.fee_recipient}",
        lambda a: _vault_arguments(symbol, v, a),
    )

    def call(name: str, method: str, detail: str, *arguments: Any) -> Step:
        return Step(
            key=f"{name} of {key}",
            what=f"set {name}",
            detail=f"{key}: {detail}",
            target=key,
            kind="CuratedVault",
            method=method,
            arguments=lambda a: [a["pool"] if x == "pool" else x for x in arguments],
        )

    cap = _raw(v.cap, market, symbol)
    yield call("cap", "raiseCap", f"{plain(v.cap)} {symbol} to this pool", "pool", cap)
    yield Step(
        key=f"supply queue of {key}",
        what="set supply queue",
        detail=f"{key}: deposits go to this pool",
        target=key,
        kind="CuratedVault",
        method="setSupplyQueue",
        arguments=lambda a: [[a["pool"]]],
    )
    if v.fee:
        yield call("fee", "setFee", f"{plain(v.fee * 100)} % of gains", _vault_fee(v))
    if v.deposit_limit is not None:
        limit = _raw(v.deposit_limit, market, symbol)
        yield call("deposit limit", "setDepositLimit", f"{plain(v.deposit_limit)} {symbol}", limit)


def _vault_arguments(symbol: str, v: Vault, a: Addresses) -> list[Any]:
    return [a[f"token {symbol}"], v.name, v.symbol, a["authority"], v.fee_recipient]


def _raw(tokens: Decimal, market: Market, symbol: str) -> int:
    """Exact: the file was refused else."""
    return int(Fraction(tokens) * 10 ** market.reserves[symbol].decimals)


def _vault_fee(v: Vault) -> int:
    return int(Fraction(v.fee) * 10**18)


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
    yield _steward_call("ramp", "setRamp", f"{spell(steward.ramp)} down", steward.ramp * 60)
    for name, bound in steward.bounds.items():
        yield _steward_call(
            name,
            "setBound",
            f"up {plain(bound.up)}, down {plain(bound.down)}, once in {spell(bound.period)}",
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


def periphery_facts(market: Market, addresses: Addresses) -> Iterator[Fact]:
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
    for key, kind, arguments, also in _plainly_made(market, addresses):
        made = made_with(kind, addresses[key], arguments, **also)
        yield from ((f"{key}.{name}", is_, wanted) for name, is_, wanted in made)
    for symbol, vault in chosen.curated_vaults.items():
        yield from _vault_facts(symbol, vault, market, addresses)
    if chosen.risk_steward is not None:
        yield from _steward_facts(chosen.risk_steward, addresses)


def _plainly_made(
    market: Market, a: Addresses
) -> Iterator[tuple[str, str, list[Any], dict[str, Any]]]:
    """Contracts that are what they were made with: key, kind, arguments, and what follows from them."""
    chosen, venue = market.periphery, market.periphery.uniswap_v3
    if chosen.flash_liquidator:
        yield FLASH_LIQUIDATOR, "FlashLiquidator", [a["pool"]], {}
    if venue is not None:
        yield VENUE, "UniswapV3Venue", [a[ROUTER], venue.deadline], {}
    if chosen.deleverage_orders:
        yield ORDERS, "DeleverageOrders", [a["pool"]], {}
    for symbol, r in market.reserves.items():
        if r.insurer is not None:
            also = {"asset": a[f"token {symbol}"], "reserveId": market.reserve_id(symbol)}
            arguments = _insurer_arguments(symbol, r.insurer, a)
            yield insurer(symbol), "InsuranceVault", arguments, also
    for symbol, vault in chosen.curated_vaults.items():
        also = {"fee": _vault_fee(vault)}
        if vault.deposit_limit is not None:
            also["depositLimit"] = _raw(vault.deposit_limit, market, symbol)
        yield curated(symbol), "CuratedVault", _vault_arguments(symbol, vault, a), also


def _vault_facts(symbol: str, v: Vault, market: Market, a: Addresses) -> Iterator[Fact]:
    key, pool = curated(symbol), a["pool"]
    contract = at("CuratedVault", a[key])
    here = asked(contract, "market", pool)
    for name, wanted in {
        "cap": _raw(v.cap, market, symbol),
        "id": market.reserve_id(symbol),
        "listed": True,
        "suspended": False,
    }.items():
        yield f"{key}.{name}", getattr(here, name, here), wanted
    for name in ("supplyQueue", "withdrawQueue"):
        queue = asked(contract, name)
        yield f"{key}.{name}", queue if isinstance(queue, str) else [*queue], [pool]


def _steward_facts(steward: Steward, addresses: Addresses) -> Iterator[Fact]:
    contract = at("RiskSteward", addresses[STEWARD])
    yield f"{STEWARD}.authority", contract.authority(), addresses["authority"]
    yield f"{STEWARD}.configurator", contract.configurator(), addresses["configurator"]
    yield f"{STEWARD}.ramp", contract.ramp(), steward.ramp * 60
    for number, name in enumerate(STEWARDED):
        wanted = steward.stored(name) if name in steward.bounds else (0, 0, 0)
        yield f"{STEWARD}.{name}", tuple(contract.boundOf(number).values()), wanted
