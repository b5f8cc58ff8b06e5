"""Who may do what on a market, as data: one role per kind of power on the market's AccessManager.

What can hurt somebody waits; what only protects does not. A member's delay is his own: the risk
steward's contract holds the roles that it acts under without one, because its bounds take the
delay's place.

Where a role has a delay, a change is announced with `schedule` on the manager; anybody can read it,
and the guardian can cancel it. Once the delay is over the member calls the configurator itself.
Through `execute` the manager would be the caller, whom `listReserve` would ask for the seed.

A `Standing` is how a manager stands: what it should be follows from the data, what it is from the
chain, and `differences` names every deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ADMIN = 0
ADMINISTRATOR = "ADMIN"
"""What the role that everything belongs to at first is called."""
EVERYBODY = "EVERYBODY"
"""And the role that needs no member."""
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
    configurator, steward, vault : the functions of these contracts that it opens; `vault` of curated ones.
    admin : the label of the role that appoints its members; the administrator by default.
    cancellable : the guardian may cancel what its members have announced.
    """

    id: int
    label: str
    delay_s: int
    configurator: tuple[str, ...] = ()
    steward: tuple[str, ...] = ()
    vault: tuple[str, ...] = ()
    admin: str = ""
    cancellable: bool = True

    def has_use(self, *, steward: bool, vaults: bool) -> bool:
        """Whether there is anything that it opens, in a market with or without these."""
        return bool(self.configurator or (steward and self.steward) or (vaults and self.vault))


ROLES = (
    Role(1, "LISTING", 3 * DAY_S, ("listReserve",)),
    Role(2, "RISK", 2 * DAY_S, ("setRisk", "setInsurer")),
    Role(3, "RATES", 1 * DAY_S, ("setRates",)),
    Role(4, "LIMITS", 1 * DAY_S, ("setLimits", "setIdleCap", "setOutflowLimit")),
    Role(5, "CATEGORIES", 2 * DAY_S, ("setCategory",)),
    Role(6, "LIQUIDATION", 7 * DAY_S, ("setLiquidationTerms",)),
    Role(7, "TREASURY", 2 * DAY_S, ("collectBuffer",)),
    # Long enough for borrowers to prepare: liquidations go on when a pause ends.
    Role(8, "REOPENING", 6 * HOUR_S, ("unpause", "unfreeze", "resumePrice")),
    # Only stops and tightens, and so at once. Nobody cancels it. A price out of use leaves accounts with
    # their other collateral alone: the guardian's key is worth guarding.
    Role(
        9,
        "GUARDIAN",
        0,
        ("pause", "freeze", "tighten", "pausePrice"),
        vault=("lowerCap", "suspend"),
        cancellable=False,
    ),
    # May do less than RISK, which appoints it.
    Role(10, "STEWARD", 0, steward=("change",), admin="RISK"),
    Role(11, "BOUNDS", 3 * DAY_S, steward=("setBound", "setRamp")),
    # Shorter than the longest that the guardian may pause a price.
    Role(12, "PRICES", 2 * DAY_S, ("setFeed", "setCautiousFeed")),
    # Depositors who dislike what is announced have time to leave.
    Role(
        13,
        "CURATOR",
        3 * DAY_S,
        vault=(
            "raiseCap",
            "setFee",
            "setFeeRecipient",
            "setDepositLimit",
            "abandon",
            "resume",
            "sweep",
        ),
    ),
    # Only between the markets, and up to the caps, that curators have chosen.
    Role(
        14,
        "ALLOCATOR",
        0,
        vault=("reallocate", "setSupplyQueue", "setWithdrawQueue", "remove"),
    ),
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
    vaults: Sequence[str] = (),
) -> Iterator[Call]:
    """Everything that sets the roles up, in order.

    Parameters
    ----------
    members : addresses by label; labels that are not there get no member yet.
    configurator, steward, vaults : the contracts' addresses; a market without steward, or without curated
        vaults, has no such roles.
    selectors : four bytes by function name, for the functions of all these contracts.

    Yields
    ------
    Call
        `labelRole`, `setRoleGuardian`, `setTargetFunctionRole`, `grantRole`, `setRoleAdmin`.
    """
    unknown = set(members) - {r.label for r in ROLES}
    if unknown:
        raise ValueError(f"no role is called {', '.join(sorted(unknown))}")
    for r in ROLES:
        if not r.has_use(steward=steward is not None, vaults=bool(vaults)):
            continue
        functions = {configurator: r.configurator}
        if steward is not None:
            functions[steward] = r.steward
        functions |= dict.fromkeys(vaults, r.vault)
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
        if r.admin and r.has_use(steward=steward is not None, vaults=bool(vaults)):
            yield Call("setRoleAdmin", (r.id, role(r.admin).id))


def handover_calls(*, governance: str, deployer: str) -> Iterator[Call]:
    """The last two calls: the administrator is the governance, with a delay, and the deployer is
    nobody any more.
    """
    yield Call("grantRole", (ADMIN, governance, ADMIN_DELAY_S))
    if governance != deployer:
        yield Call("renounceRole", (ADMIN, deployer))


# ------------------------------------------------------------------------------------------ standing


@dataclass(frozen=True)
class Standing:
    """How a manager stands; roles by label.

    Attributes
    ----------
    members : delay in seconds by account, by role.
    admins : the role that appoints to a role.
    guardians : the role that cancels what a role's members have announced.
    functions : the role that opens a function, by `contract.function`.
    settings : whatever else decides, by a description; 0 unless somebody has changed it.
    """

    members: Mapping[str, Mapping[str, int]]
    admins: Mapping[str, str]
    guardians: Mapping[str, str]
    functions: Mapping[str, str]
    settings: Mapping[str, int] = field(default_factory=dict)


def described(
    members: Mapping[str, Sequence[str]],
    *,
    administrators: Mapping[str, int],
    functions: Mapping[str, Sequence[str]],
    steward: str | None,
    is_set_up: bool,
    vaults: Sequence[str] = (),
) -> Standing:
    """How a manager should stand.

    Parameters
    ----------
    members : addresses by label.
    administrators : delay in seconds by account.
    functions : all that are restricted, by `configurator`, `risk steward` and the names of `vaults`.
    steward : the risk steward's address, or its name as long as it has none.
    is_set_up : whether the roles are; before that everything is the administrator's.
    """
    has = {"steward": steward is not None, "vaults": bool(vaults)}
    there = [r for r in ROLES if is_set_up and r.has_use(**has)]
    opened = {f"configurator.{name}": r.label for r in there for name in r.configurator}
    opened |= {f"risk steward.{name}": r.label for r in there for name in r.steward}
    opened |= {f"{vault}.{name}": r.label for r in there for vault in vaults for name in r.vault}
    known: dict[str, dict[str, int]] = {ADMINISTRATOR: dict(administrators)}
    for r in ROLES:
        known[r.label] = dict.fromkeys(members.get(r.label, ()), r.delay_s) if r in there else {}
        if r in there and steward is not None and r.label in STEWARDED:
            known[r.label][steward] = 0
    return Standing(
        members=known,
        admins={r.label: (r in there and r.admin) or ADMINISTRATOR for r in ROLES},
        guardians={
            r.label: "GUARDIAN" if r in there and r.cancellable else ADMINISTRATOR for r in ROLES
        },
        functions={
            f"{contract}.{name}": opened.get(f"{contract}.{name}", ADMINISTRATOR)
            for contract, names in functions.items()
            for name in names
        },
    )


def differences(wanted: Standing, found: Standing) -> Iterator[str]:
    """Every deviation of `found`, in words."""
    for label in [*wanted.members, *(x for x in found.members if x not in wanted.members)]:
        should, are = wanted.members.get(label, {}), found.members.get(label, {})
        for account in should:
            if account not in are:
                yield f"{account} is no member of {label}"
            elif are[account] != should[account]:
                yield f"{account} waits {are[account]} seconds as {label}, not {should[account]}"
        yield from (f"{account} is a member of {label}" for account in are if account not in should)
    for text, is_, should in (
        ("{} is appointed by {}, not by {}", found.admins, wanted.admins),
        ("what {} announces is cancelled by {}, not by {}", found.guardians, wanted.guardians),
        ("{} belongs to {}, not to {}", found.functions, wanted.functions),
    ):
        for name in sorted(should.keys() | is_.keys()):
            a, b = is_.get(name, ADMINISTRATOR), should.get(name, ADMINISTRATOR)
            if a != b:
                yield text.format(name, a, b)
    for name, value in found.settings.items():
        if value != wanted.settings.get(name, 0):
            yield f"{name} is {value}, not {wanted.settings.get(name, 0)}"


def powers(standing: Standing) -> Iterator[tuple[str, str, str, str, str]]:
    """Who may do what: role, account, after which delay, what, and who appoints."""
    by_role: dict[str, list[str]] = {}
    for function, label in standing.functions.items():
        by_role.setdefault(label, []).append(function)
    for label in dict.fromkeys([*standing.members, *by_role]):
        accounts = standing.members.get(label, {})
        if not accounts and label not in by_role:
            continue
        may = _in_words(label, by_role.get(label, []))
        appoints = "itself" if label == ADMINISTRATOR else standing.admins.get(label, ADMINISTRATOR)
        without = ("anybody", 0) if label == EVERYBODY else ("nobody", None)
        for account, delay_s in accounts.items() or (without,):
            yield label, account, spell(delay_s), may, appoints


def _in_words(label: str, functions: Sequence[str]) -> str:
    by_contract: dict[str, list[str]] = {}
    for function in functions:
        contract, name = function.split(".")
        by_contract.setdefault(contract, []).append(name)
    opened = "; ".join(f"{contract}: {', '.join(names)}" for contract, names in by_contract.items())
    if label == ADMINISTRATOR:
        return f"appoints, gives functions to roles; {opened}"
    return opened


def spell(delay_s: int | None) -> str:
    """A delay for people."""
    if delay_s is None:
        return ""
    if delay_s == 0:
        return "at once"
    unit, name = next(
        (unit, name) for unit, name in ((DAY_S, "d"), (HOUR_S, "h"), (1, "s")) if delay_s >= unit
    )
    return f"{delay_s / unit:g} {name}"
