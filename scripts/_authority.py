"""The roles of a market file on its AccessManager: the transactions that set them up and hand over,
and how the manager stands according to the chain.

Each of both is one transaction, the manager's `multicall`: no block has half of the roles, and none
has two administrators or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from eth_utils.address import to_checksum_address

from scripts._contracts import at, container, selector
from scripts._periphery import STEWARD, curated, curated_vaults
from scripts._roles import (
    ADMIN,
    ADMIN_DELAY_S,
    ADMINISTRATOR,
    EVERYBODY,
    ROLES,
    Call,
    Standing,
    described,
    handover_calls,
    role_calls,
    spell,
)
from scripts._steps import Step
from sims.fork.rpc import Call as RpcCall
from sims.fork.rpc import Function, Rpc
from sims.fork.weir import topic
from sims.market import Market

K = TypeVar("K")

SET_UP, HANDOVER = "roles", "handover"
RESTRICTED = {"configurator": "Configurator", STEWARD: "RiskSteward"}
"""The contract types that a manager decides about, by their key in a deployment; curated vaults, of which
there may be several, come on top."""
VAULT = "CuratedVault"
GAS_OF_A_CALL = 80_000
EVERYBODYS_ROLE = 2**64 - 1

ROLE_GRANTED = topic("RoleGranted(uint64,address,uint32,uint48,bool)")
GET_ACCESS = Function("getAccess(uint64,address)", ("uint48", "uint32", "uint32", "uint48"))
GET_ROLE_ADMIN = Function("getRoleAdmin(uint64)", ("uint64",))
GET_ROLE_GUARDIAN = Function("getRoleGuardian(uint64)", ("uint64",))
GET_GRANT_DELAY = Function("getRoleGrantDelay(uint64)", ("uint32",))
GET_FUNCTION_ROLE = Function("getTargetFunctionRole(address,bytes4)", ("uint64",))
IS_CLOSED = Function("isTargetClosed(address)", ("bool",))
GET_ADMIN_DELAY = Function("getTargetAdminDelay(address)", ("uint32",))


# ------------------------------------------------------------------------------------------ steps


def role_steps(market: Market, *, deployer: str) -> Iterator[Step]:
    """The transactions that the file's roles take: none, the set-up, or it and the handover."""
    roles, has_steward = market.roles, market.periphery.risk_steward is not None
    vaults = curated_vaults(market)
    if not roles.given:
        return

    def calls(addresses: Mapping[str, str]) -> list[Call]:
        return [
            *role_calls(
                roles.members,
                configurator=addresses["configurator"],
                steward=addresses[STEWARD] if has_steward else None,
                selectors=_selectors(),
                vaults=[addresses[key] for key in vaults],
            )
        ]

    # The number of calls does not depend on addresses.
    count = len(calls({"configurator": "", STEWARD: "a steward", **{v: v for v in vaults}}))
    people = {member for members in roles.members.values() for member in members}
    yield Step(
        key=SET_UP,
        what="set up roles",
        detail=f"{len(people)} accounts in {len(roles.members)} roles, {count} calls in one",
        target="authority",
        kind="Authority",
        method="multicall",
        arguments=lambda a: [_encoded(a["authority"], calls(a))],
        gas=count * GAS_OF_A_CALL,
    )
    governance = roles.governance
    if governance is not None:
        leaving = "the deployer is nobody any more"
        yield Step(
            key=HANDOVER,
            what="hand over",
            detail=f"{governance} is the administrator, each time after {spell(ADMIN_DELAY_S)}; "
            f"{leaving if governance != deployer else 'that is the deployer'}",
            target="authority",
            kind="Authority",
            method="multicall",
            arguments=lambda a: [
                _encoded(
                    a["authority"], [*handover_calls(governance=governance, deployer=deployer)]
                )
            ],
        )


def _encoded(authority: str, calls: Sequence[Call]) -> list[bytes]:
    manager = at("Authority", authority)
    return [bytes(getattr(manager, c.function).encode_input(*c.arguments)) for c in calls]


def _selectors() -> dict[str, bytes]:
    kinds = (*RESTRICTED.values(), VAULT)
    return {name: s for kind in kinds for name, s in _functions(kind).items()}


def _functions(kind: str) -> dict[str, bytes]:
    """All restricted functions of a contract: those that change something, but a vault is there for all."""
    methods = container(kind).contract_type.mutable_methods
    if kind == VAULT:
        restricted = {name for r in ROLES for name in r.vault}
        methods = [m for m in methods if m.name in restricted]
    return {m.name: selector(m.selector) for m in methods}


def _targets(keys: Iterable[str]) -> dict[str, str]:
    """The contract types that a manager decides about, by key."""
    vault = curated("")
    return {
        k: VAULT if k.startswith(vault) else RESTRICTED[k]
        for k in keys
        if k in RESTRICTED or k.startswith(vault)
    }


# ------------------------------------------------------------------------------------------ standing


def standing_of(
    market: Market, *, deployer: str, is_set_up: bool, is_handed_over: bool, steward: str | None
) -> Standing:
    """How the market's manager should stand; `steward` as in `described`."""
    governance = market.roles.governance if is_handed_over else None
    vaults = curated_vaults(market)
    there = {k: kind for k, kind in RESTRICTED.items() if k != STEWARD or steward is not None}
    there |= _targets(vaults)
    return described(
        market.roles.members,
        administrators={deployer: 0} if governance is None else {governance: ADMIN_DELAY_S},
        functions={contract: [*_functions(kind)] for contract, kind in there.items()},
        steward=steward,
        is_set_up=is_set_up,
        vaults=vaults,
    )


def planned_standing(market: Market, *, deployer: str) -> Standing:
    """How the manager will stand when everything is done."""
    return standing_of(
        market,
        deployer=deployer,
        is_set_up=market.roles.given,
        is_handed_over=market.roles.governance is not None,
        steward="the risk steward" if market.periphery.risk_steward is not None else None,
    )


def read_standing(rpc: Rpc, addresses: Mapping[str, str], *, first_block: int) -> Standing:
    """How a manager stands now.

    Parameters
    ----------
    addresses : of the authority and of what it decides about, by key; others are left aside.
    first_block : the authority's; its members are all whom an event has named since.
    """
    authority = addresses["authority"]
    last = int(rpc.block()["number"], 16)

    def read(function: Function, asked: Mapping[K, tuple[Any, ...]]) -> dict[K, tuple[Any, ...]]:
        calls = [RpcCall(authority, function, arguments) for arguments in asked.values()]
        return dict(zip(asked, rpc.read(calls, block=last), strict=True))

    granted = {
        (int(log["topics"][1], 16), to_checksum_address("0x" + log["topics"][2][-40:]))
        for log in rpc.logs(authority, [ROLE_GRANTED], first=first_block, last=last)
    }
    labels = {ADMIN: ADMINISTRATOR, **{r.id: r.label for r in ROLES}, EVERYBODYS_ROLE: EVERYBODY}
    named = _Names(labels)
    by_label = {named[i]: (i,) for i in [*labels, *(i for i, _ in sorted(granted))]}
    del by_label[EVERYBODY]
    members: dict[str, dict[str, int]] = {label: {} for label in by_label}
    accesses = read(GET_ACCESS, {pair: pair for pair in sorted(granted)})
    for (i, account), (since, delay, pending, effect) in accesses.items():
        if since:
            # A delay that is on its way down counts as what it will be.
            members[named[i]][account] = min(delay, pending) if effect else delay
    kinds = _targets(addresses)
    targets = {key: addresses[key] for key in kinds}
    functions = {
        f"{key}.{name}": (targets[key], code)
        for key, kind in kinds.items()
        for name, code in _functions(kind).items()
    }
    each = {contract: (address,) for contract, address in targets.items()}
    settings = {
        "the delay of appointing to {}": read(GET_GRANT_DELAY, by_label),
        "that {} is closed": read(IS_CLOSED, each),
        "the delay of giving functions of {} to roles": read(GET_ADMIN_DELAY, each),
    }
    lesser = {label: i for label, i in by_label.items() if label != ADMINISTRATOR}
    return Standing(
        members=members,
        admins={label: named[i] for label, (i,) in read(GET_ROLE_ADMIN, lesser).items()},
        guardians={label: named[i] for label, (i,) in read(GET_ROLE_GUARDIAN, lesser).items()},
        functions={f: named[i] for f, (i,) in read(GET_FUNCTION_ROLE, functions).items()},
        settings={
            text.format(name): int(value)
            for text, answers in settings.items()
            for name, (value,) in answers.items()
        },
    )


class _Names(dict[int, str]):
    """Labels by role; a role that nobody described is called by its number."""

    def __missing__(self, role: int) -> str:
        return f"role {role}"
