"""Who may do what on a market, as data: one role per kind of power on the market's AccessManager.

What can hurt somebody waits; what only protects does not. A member's delay is his own: the risk
steward's contract holds the roles that it acts under without one, because its bounds take the
delay's place.

Where a role has a delay, a change is announced with `schedule` on the manager; anybody can read it,
and the guardian can cancel it. Once the delay is over the member calls the configurator itself.
Through `execute` the manager would be the caller, whom `listReserve` would ask for the seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ADMIN = 0
HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Role:
    """A kind of power.

    Attributes
    ----------
    id : in the manager; never changes.
    label : its name there.
    delay_s : from announcing to doing, for people.
    configurator, steward : the functions of either contract that it opens.
    admin : the label of the role that appoints its members; the administrator by default.
    cancellable : the guardian may cancel what its members have announced.
    """

    id: int
    label: str
    delay_s: int
    configurator: tuple[str, ...] = ()
    steward: tuple[str, ...] = ()
    admin: str = ""
    cancellable: bool = True


ROLES = (
    Role(1, "LISTING", 3 * DAY_S, ("listReserve",)),
    Role(2, "RISK", 2 * DAY_S, ("setRisk",)),
    Role(3, "RATES", 1 * DAY_S, ("setRates",)),
    Role(4, "LIMITS", 1 * DAY_S, ("setLimits", "setIdleCap", "setOutflowLimit")),
    Role(5, "CATEGORIES", 2 * DAY_S, ("setCategory",)),
    Role(6, "LIQUIDATION", 7 * DAY_S, ("setLiquidationTerms",)),
    Role(7, "TREASURY", 2 * DAY_S, ("collectBuffer",)),
    # Long enough for borrowers to prepare: liquidations go on when a pause ends.
    Role(8, "REOPENING", 6 * HOUR_S, ("unpause", "unfreeze")),
    # Only stops and tightens, and so at once. Nobody cancels it.
    Role(9, "GUARDIAN", 0, ("pause", "freeze", "tighten"), cancellable=False),
    # May do less than RISK, which appoints it.
    Role(10, "STEWARD", 0, steward=("change",), admin="RISK"),
    Role(11, "BOUNDS", 3 * DAY_S, steward=("setBound", "setRamp")),
)
"""Every restricted function has one role. The administrator is none of them: he appoints, and
gives functions to roles."""

ADMIN_DELAY_S = 7 * DAY_S
STEWARDED = ("RISK", "RATES", "LIMITS")
"""What the steward's contract acts under."""


@dataclass(frozen=True)
class Call:
    """A call of the manager, by its administrator."""

    function: str
    arguments: tuple[Any, ...] = field(default=())


def role(label: str) -> Role:
    """The role of this name."""
    return next(r for r in ROLES if r.label == label)


def role_calls(
    members: Mapping[str, Sequence[str]],
    *,
    configurator: str,
    steward: str | None,
    selectors: Mapping[str, bytes],
) -> Iterator[Call]:
    """Everything that sets the roles up, in order.

    Parameters
    ----------
    members : addresses by label; labels that are not there get no member yet.
    configurator, steward : the contracts' addresses; a market without steward has no such roles.
    selectors : four bytes by function name, for the functions of both contracts.

    Yields
    ------
    Call
        `labelRole`, `setRoleGuardian`, `setTargetFunctionRole`, `grantRole`, `setRoleAdmin`.
    """
    unknown = set(members) - {r.label for r in ROLES}
    if unknown:
        raise ValueError(f"no role is called {', '.join(sorted(unknown))}")
    for r in ROLES:
        functions = {configurator: r.configurator}
        if steward is not None:
            functions[steward] = r.steward
        if not any(functions.values()):
            continue
        yield Call("labelRole", (r.id, r.label))
        if r.cancellable:
            yield Call("setRoleGuardian", (r.id, role("GUARDIAN").id))
        for target, names in functions.items():
            if names:
                opened = [selectors[name] for name in names]
                yield Call("setTargetFunctionRole", (target, opened, r.id))
        for member in members.get(r.label, ()):
            yield Call("grantRole", (r.id, member, r.delay_s))
        if steward is not None and r.label in STEWARDED:
            yield Call("grantRole", (r.id, steward, 0))
    # Last: from here on the sender does not appoint to these any more.
    for r in ROLES:
        if r.admin and (steward is not None or r.configurator):
            yield Call("setRoleAdmin", (r.id, role(r.admin).id))


def handover_calls(*, governance: str, deployer: str) -> Iterator[Call]:
    """The last two calls: the administrator is the governance, with a delay, and the deployer is
    nobody any more.
    """
    yield Call("grantRole", (ADMIN, governance, ADMIN_DELAY_S))
    if governance != deployer:
        yield Call("renounceRole", (ADMIN, deployer))
