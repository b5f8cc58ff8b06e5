"""What must always hold, as small functions that read like sentences.

Those of a state look at a pool at one moment, those of a transition at what happened between two.
`check` lets all of them speak; each fails by an `AssertionError` that names it. Amounts are raw
units; a `claim` is exact, in raw units times WAD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sims.exact import (
    IDLE,
    MAX_INDEX,
    MAX_RATE,
    MIN_SUPPLY_INDEX,
    SHARES,
    WAD,
    divide_up,
    mul_down,
    mul_up,
)
from tests.machine.arena import Event, State

StateCheck = Callable[[State], None]
TransitionCheck = Callable[[State, State, Event], None]

STATES: dict[str, StateCheck] = {}
TRANSITIONS: dict[str, TransitionCheck] = {}
IDENTIFIERS: dict[str, str] = {}
"""By name of a function: the invariant's identifier."""

LIQUIDATING = {"liquidate", "liquidateAndCall", "writeOff"}


def state(identifier: str) -> Callable[[StateCheck], StateCheck]:
    """Marks an invariant of every state."""

    def mark(check: StateCheck) -> StateCheck:
        STATES[check.__name__] = check
        IDENTIFIERS[check.__name__] = identifier
        return check

    return mark


def transition(identifier: str) -> Callable[[TransitionCheck], TransitionCheck]:
    """Marks an invariant of every step."""

    def mark(check: TransitionCheck) -> TransitionCheck:
        TRANSITIONS[check.__name__] = check
        IDENTIFIERS[check.__name__] = identifier
        return check

    return mark


def check(before: State, after: State, event: Event) -> None:
    """All of them."""
    for name, check_ in STATES.items():
        _said(name, check_, after)
    for name, check__ in TRANSITIONS.items():
        _said(name, check__, before, after, event)


def _said(name: str, check_: Callable[..., None], *args: Any) -> None:
    try:
        check_(*args)
    except AssertionError as error:
        raise AssertionError(f"{IDENTIFIERS[name]} {name}: {error}") from error


# ---------------------------------------------------------------------- what they speak of


def both(before: State, after: State) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """A reserve's id, and the reserve before and after."""
    for id_, (b, a) in enumerate(zip(before.reserves, after.reserves, strict=True)):
        yield id_, b, a


def surplus(r: dict[str, Any]) -> int:
    """What is there and owed beyond what is owned, exactly: below zero after a deficit at rest."""
    owned = r["supplyShares"] * r["supplyIndex"] + r["idleAssets"] * WAD
    return r["balance"] * WAD + r["debtShares"] * r["debtIndex"] - owned


def supply_claim(s: State, account: str, id_: int) -> int:
    held = s.accounts[account]
    index = WAD if held.is_idle(id_) else s.reserves[id_]["supplyIndex"]
    return held.supply(id_) * index


def debt_of(s: State, account: str, id_: int) -> int:
    return mul_up(s.accounts[account].debt(id_), s.reserves[id_]["debtIndex"])


def liquidated(event: Event) -> set[str]:
    """Accounts that a call may take from without asking."""
    return {call[1] for call in event.calls() if call[0] in LIQUIDATING}


def insurers(s: State) -> set[str]:
    return {r["insurer"] for r in s.reserves}


def named(event: Event) -> set[str]:
    """The caller, and every account in the arguments."""
    words = (word for call in event.calls() for word in call[1:])
    return {event.caller} | {word for word in words if isinstance(word, str)}


def victims(before: State, after: State, event: Event) -> set[str]:
    """Whom a call may make poorer without his consent: liquidated, or insuring what was written off."""
    return liquidated(event) | (insurers(before) if event.wrote_off else set())


def supply_fell(before: State, after: State) -> bool:
    return any(a["supplyIndex"] < b["supplyIndex"] for _, b, a in both(before, after))


def rounded_off(b: dict[str, Any], after: State, event: Event, index: str) -> int:
    """What an index that is only looked at may be lower a moment later: a model's average rate is rounded
    down, by less than a wei for each second since the last accrual. What is stored never falls."""
    if event.kind != "time" or not int(b["rateModel"], 16):
        return 0
    return (after.now - b["timestamp"]) * b[index] // WAD


def touched(before: State, event: Event) -> set[int]:
    """Ids of the reserves that a call may change."""
    ids: set[int] = set()
    for name, *args in event.calls():
        if name in LIQUIDATING:
            ids |= set(before.accounts[args[0]].positions) | set(args[1:3])
            # An account may get positions within the same event, and lose them again.
            if event.call[0] in ("batch", "act") or event.call[0] != name:
                ids |= set(range(len(before.reserves)))
        elif name == "transferFrom":
            ids.add(args[2] % IDLE)
        elif name == "transfer":
            ids.add(args[1] % IDLE)
        elif name == "flashLoans":
            ids |= set(args[0])
        elif name == "donate" or (args and isinstance(args[0], int) and name not in PERMISSIONS):
            ids.add(args[0] % IDLE)
    return ids


PERMISSIONS = {"setCategory", "useNonce", "permit"}
"""Begin with a number that is no reserve's, or change nothing of it."""


# ---------------------------------------------------------------------- every state


@state("INV-01")
def suppliers_are_covered(s: State) -> None:
    """Tokens held and owed cover what suppliers own, earning and idle."""
    for r in s.reserves:
        assert r["balance"] + r["debtAssets"] >= r["supplyAssets"] + r["idleAssets"], r


@state("INV-02")
def supply_shares_are_the_sum_of_all_supplies(s: State) -> None:
    for id_, r in enumerate(s.reserves):
        held = [(a.supply(id_), a.is_idle(id_)) for a in s.accounts.values()]
        assert sum(shares for shares, idle in held if not idle) == r["supplyShares"], id_
        assert sum(shares for shares, idle in held if idle) == r["idleAssets"], id_


@state("INV-03")
def debt_shares_are_the_sum_of_all_debts(s: State) -> None:
    for id_, r in enumerate(s.reserves):
        assert sum(a.debt(id_) for a in s.accounts.values()) == r["debtShares"], id_


@state("INV-04")
def debts_are_the_total_give_or_take_their_rounding(s: State) -> None:
    for id_, r in enumerate(s.reserves):
        debts = [debt_of(s, account, id_) for account in s.accounts]
        assert 0 <= sum(debts) - r["debtAssets"] <= sum(debt > 0 for debt in debts), id_


@state("INV-05")
def supplies_are_within_the_total(s: State) -> None:
    for id_, r in enumerate(s.reserves):
        index = r["supplyIndex"]
        held = [a.supply(id_) for a in s.accounts.values() if not a.is_idle(id_)]
        assets = [mul_down(shares, index) for shares in held if shares]
        assert 0 <= r["supplyAssets"] - sum(assets) <= len(assets), id_


@state("INV-06")
def cash_is_there(s: State) -> None:
    for r in s.reserves:
        assert r["balance"] >= r["cash"] + r["idleAssets"], r


@state("INV-08")
def nothing_is_owed_where_nobody_owes(s: State) -> None:
    for r in s.reserves:
        assert (r["debtAssets"] == 0) == (r["debtShares"] == 0), r
        assert r["supplyShares"] or r["supplyAssets"] == 0, r


@state("INV-09")
def nobody_owes_more_than_all(s: State) -> None:
    for id_, r in enumerate(s.reserves):
        assert all(debt_of(s, account, id_) <= r["debtAssets"] for account in s.accounts), id_


@state("INV-16")
def reserves_are_not_ahead_of_time(s: State) -> None:
    assert all(0 < r["timestamp"] <= s.now for r in s.reserves)


@state("INV-20")
def rates_are_within_their_bounds(s: State) -> None:
    for r in s.reserves:
        assert 0 <= r["borrowRate"] <= MAX_RATE, r
        assert 0 <= r["utilization"] <= WAD, r
        assert r["reserveFactor"] <= WAD, r
        assert r["supplyIndex"] <= MAX_INDEX, r
        assert WAD <= r["debtIndex"] <= MAX_INDEX, r


@state("INV-48")
def marks_go_with_positions(s: State) -> None:
    """Nothing listed is empty; only a supply is collateral, or idle."""
    for account in s.accounts.values():
        for supply, debt, collateral, idle in account.positions.values():
            assert supply or debt
            assert supply or not (collateral or idle)


@state("INV-51")
def thresholds_leave_room_for_the_bonus(s: State) -> None:
    for r in s.reserves:
        assert r["ltv"] <= r["threshold"] < WAD, r
        assert mul_up(r["threshold"], WAD + r["bonusCap"]) < WAD, r


@state("INV-55")
def no_lock_is_left(s: State) -> None:
    assert s.unlocked


@state("INV-58")
def a_price_is_one_or_none(s: State) -> None:
    """In each reserve, and in each account that holds or owes what has none."""
    assert all(0 <= r["price"] < 2**96 for r in s.reserves)


# ---------------------------------------------------------------------- any step


@transition("INV-11")
def indices_never_fall(before: State, after: State, event: Event) -> None:
    """But the supply's, where bad debt is written off."""
    for id_, b, a in both(before, after):
        for index in ("debtIndex", "supplyIndex"):
            if index == "debtIndex" or not event.wrote_off:
                assert a[index] >= b[index] - rounded_off(b, after, event, index), id_


@transition("INV-12")
def only_bad_debt_lowers_a_supply(before: State, after: State, event: Event) -> None:
    for id_, b, a in both(before, after):
        if a["supplyIndex"] < b["supplyIndex"] - rounded_off(b, after, event, "supplyIndex"):
            assert event.names & LIQUIDATING, (id_, event)
            assert event.wrote_off, (id_, event)


@transition("INV-13")
def only_time_raises_indices(before: State, after: State, event: Event) -> None:
    if before.now == after.now:
        for id_, b, a in both(before, after):
            assert a["debtIndex"] == b["debtIndex"], id_
            assert a["supplyIndex"] <= b["supplyIndex"], id_


@transition("INV-14")
def calls_change_the_reserves_they_name(before: State, after: State, event: Event) -> None:
    """Of accounts that are liquidated, also what they hold and owe."""
    if event.kind not in ("vault", "collection") and before.now == after.now:
        ids = touched(before, event) if event.is_call or event.kind == "donation" else set()
        for id_ in set(range(len(before.reserves))) - ids:
            assert after.words[id_] == before.words[id_], id_
            assert after.reserves[id_]["balance"] == before.reserves[id_]["balance"], id_


@transition("INV-15")
def suppliers_earn_no_more_than_borrowers_pay(before: State, after: State, event: Event) -> None:
    if event.kind == "time":
        for id_, b, a in both(before, after):
            earned = a["supplyShares"] * (a["supplyIndex"] - b["supplyIndex"])
            paid = a["debtShares"] * (a["debtIndex"] - b["debtIndex"])
            paid += a["debtShares"] * rounded_off(b, after, event, "debtIndex")
            # Both moments are counted from the one stored, each rounded down to a step of the index.
            assert earned <= paid + a["supplyShares"], id_


@transition("INV-16")
def time_stored_never_goes_back(before: State, after: State, event: Event) -> None:
    for id_, b, a in both(before, after):
        assert a["timestamp"] >= b["timestamp"], id_


@transition("INV-66")
def nobody_gains_in_a_moment(before: State, after: State, event: Event) -> None:
    """What all accounts own together of an asset, wallets included, never grows at their own will.

    Tokens are neither made nor lost: what accounts gain the pool's surplus loses. It falls only
    where bad debt is written off, to nothing at worst, or where the protocol collects it.
    """
    if event.kind in ("call", "donation", "vault") and before.now == after.now:
        for id_, b, a in both(before, after):
            if not event.wrote_off:
                assert surplus(a) >= surplus(b), id_
            else:
                assert surplus(a) >= min(surplus(b), 0) - WAD, id_


@transition("INV-61")
def nonces_rise_one_by_one(before: State, after: State, event: Event) -> None:
    uses = [c for c in event.calls() if c[0] in ("useNonce", "authorizeBySig", "allowBySig")]
    spent = sum(n - before.nonces.get(key, 0) for key, n in after.nonces.items())
    assert all(after.nonces.get(key, 0) >= n for key, n in before.nonces.items())
    assert spent == (len(uses) if event.outcome == "ok" else 0), uses


@transition("INV-25")
def a_refused_call_leaves_no_trace(before: State, after: State, event: Event) -> None:
    if event.kind == "call" and event.outcome != "ok":
        assert after.words == before.words
        assert after.accounts == before.accounts
        assert [r["balance"] for r in after.reserves] == [r["balance"] for r in before.reserves]


# ---------------------------------------------------------------------- calls that went through


def of_calls(check_: TransitionCheck) -> TransitionCheck:
    """Only where a call went through."""

    def when_called(before: State, after: State, event: Event) -> None:
        if event.is_call:
            check_(before, after, event)

    when_called.__name__, when_called.__doc__ = check_.__name__, check_.__doc__
    return when_called


@transition("INV-07")
@of_calls
def calls_lend_no_more_than_is_supplied(before: State, after: State, event: Event) -> None:
    """Where more is owed than supplied, by interest or a loss, no call makes it worse."""
    if not event.wrote_off:
        for id_, b, a in both(before, after):
            missing = a["debtAssets"] - a["supplyAssets"]
            # Paid with supply, a share is burned too many on one side and one too few on the other.
            shares = divide_up(a["supplyIndex"], WAD) + divide_up(a["debtIndex"], WAD)
            slack = len(list(event.calls())) * shares if "repayWithSupply" in event.names else 0
            if (
                event.names & LIQUIDATING
            ):  # paid in shares, its fee becomes buffer, though all be lent
                slack += max(a["buffer"] - b["buffer"], 0) + shares
            assert missing <= max(b["debtAssets"] - b["supplyAssets"], 0) + slack, id_


@transition("INV-21")
@of_calls
def no_call_makes_a_sound_account_unsound(before: State, after: State, event: Event) -> None:
    """But that of an insurer, or by the loss of an asset that he holds."""
    exempt = insurers(before) if event.wrote_off else set()
    if not supply_fell(before, after):
        for account, held in before.accounts.items():
            if held.sound and account not in exempt:
                assert after.accounts[account].health >= WAD, (account, held)


@transition("INV-22")
@of_calls
def no_call_of_its_own_weakens_an_unsound_account(
    before: State, after: State, event: Event
) -> None:
    """Paid with its own supply a debt may shrink by less than the limit does: that only is let be."""
    exempt = victims(before, after, event)
    if "repayWithSupply" not in event.names and not supply_fell(before, after):
        for account, held in before.accounts.items():
            now = after.accounts[account]
            if held.health < WAD and account not in exempt and now.category == held.category:
                assert now.health >= held.health, (account, held, now)


@transition("INV-23")
@of_calls
def accounts_that_are_not_named_stay_as_they_are(before: State, after: State, event: Event) -> None:
    """Indices at one moment are the same before and after, so that values are too."""
    exempt = named(event) | (insurers(before) if event.wrote_off else set())
    if not supply_fell(before, after):
        for account, held in before.accounts.items():
            if account not in exempt:
                assert after.accounts[account] == held, account


@transition("INV-24")
@of_calls
def gifts_harm_nobody(before: State, after: State, event: Event) -> None:
    """Who is not trusted by an account, nor liquidates it, cannot lower its health."""
    exempt = victims(before, after, event)
    if not supply_fell(before, after) and not {"authorizeBySig", "allowBySig"} & event.names:
        for account, held in before.accounts.items():
            if account not in exempt and not before.trusts(account, event.caller):
                assert after.accounts[account].health >= held.health, account


@transition("INV-25")
@of_calls
def strangers_take_nothing_and_lend_nothing(before: State, after: State, event: Event) -> None:
    """Without an account's trust its supplies do not fall, nor its debts rise, nor its marks change."""
    exempt = victims(before, after, event)
    for account, held in before.accounts.items():
        if account in exempt or before.trusts(account, event.caller):
            continue
        now = after.accounts[account]
        assert now.category == held.category, account
        for id_, (supply, _, collateral, idle) in held.positions.items():
            assert now.supply(id_) >= supply, (account, id_)
            if supply:
                assert now.positions[id_][2:] == (collateral, idle), (account, id_)
        assert all(now.debt(id_) <= held.debt(id_) for id_ in now.positions), account


@transition("INV-26")
@of_calls
def sound_accounts_lose_no_collateral(before: State, after: State, event: Event) -> None:
    """Even where somebody tries to liquidate them, unless they call or let him call."""
    exempt = insurers(before) if event.wrote_off else set()
    if event.call[0] in ("batch", "act", *CALLBACKS):
        return  # he may have been weakened within it, by who was allowed to
    for account, held in before.accounts.items():
        if held.sound and account not in exempt and not before.trusts(account, event.caller):
            now = after.accounts[account]
            assert all(now.supply(id_) >= held.supply(id_) for id_ in held.positions), account


CALLBACKS = {"supplyAndCall", "repayAndCall", "flashLoan", "flashLoans"}


@transition("INV-27")
@of_calls
def only_unsound_accounts_are_liquidated(before: State, after: State, event: Event) -> None:
    """And none on an asset that is paused, or was just now."""
    if event.call[0] == "liquidate":
        _, account, debt_id, collateral_id, *_ = event.call
        assert before.accounts[account].health < WAD, before.accounts[account]
        for id_ in (debt_id, collateral_id):
            r = before.reserves[id_]
            assert not r["paused"], id_
            assert before.now >= r["graceEnd"], id_


@transition("INV-28")
@of_calls
def liquidations_improve_what_they_can(before: State, after: State, event: Event) -> None:
    """Where the bonus takes less than the health leaves, health does not fall."""
    if event.call[0] == "liquidate" and not event.wrote_off:
        _, account, debt_id, collateral_id, *_ = event.call
        held, now = before.accounts[account], after.accounts[account]
        r = before.reserves[collateral_id]
        least = mul_up(r["threshold"], WAD + r["bonusCap"])
        if held.category == 0 and held.health > least and now.debt_value > WAD:
            # A raw unit of either asset is what rounding may cost.
            units = value_of(before, debt_id, 2) + value_of(before, collateral_id, 2)
            assert now.liquidation_limit * held.debt_value >= (
                held.liquidation_limit * now.debt_value - 2 * held.debt_value * (units + WAD)
            ), (held, now)


def value_of(s: State, id_: int, assets: int) -> int:
    """In WAD, rounded up."""
    r = s.reserves[id_]
    product = assets * r["price"] * WAD
    return divide_up(product, int(10 ** r["priceDecimals"]))


@transition("INV-31")
@of_calls
def liquidators_get_no_more_than_the_bonus(before: State, after: State, event: Event) -> None:
    """What is received is worth no more than what was repaid and the highest bonus of the asset."""
    if event.call[0] == "liquidate" and event.answer:
        _, account, debt_id, collateral_id, _, least, _ = event.call
        repaid, received = event.answer
        if before.accounts[account].category == 0:
            r = before.reserves[collateral_id]
            if least & SHARES and not before.accounts[account].is_idle(collateral_id):
                received = mul_down(received, r["supplyIndex"])
            most = mul_up(value_of(before, debt_id, repaid), WAD + r["bonusCap"])
            assert value_of(before, collateral_id, received) <= most + 3, event  # wei of value


@transition("INV-32")
@of_calls
def bad_debt_leaves_with_all_collateral(before: State, after: State, event: Event) -> None:
    """Who had his debts written off owes nothing more, and no supply of his counts."""
    if event.wrote_off and event.call[0] in ("liquidate", "writeOff"):
        held = after.accounts[event.call[1]]
        assert not any(debt for _, debt, _, _ in held.positions.values()), held
        assert held.collateral_value == 0, held


@transition("INV-10")
@of_calls
def no_bad_debt_stays_behind(before: State, after: State, event: Event) -> None:
    """After a liquidation there is collateral for what is still owed, where all is priced and open."""
    if event.call[0] == "liquidate":
        held = after.accounts[event.call[1]]
        barred = any(
            r["paused"] or after.now < r["graceEnd"]
            for id_, r in enumerate(after.reserves)
            if id_ in held.positions or id_ in before.accounts[event.call[1]].positions
        )
        if held.debt_value and not barred and not held.unpriced:
            assert held.collateral_value > 0, held


@transition("INV-39")
@of_calls
def nothing_moves_for_nothing(before: State, after: State, event: Event) -> None:
    """No share without assets of the caller's, no assets without a share."""
    name = event.call[0]
    if name in ("supply", "borrow", "withdraw", "repay") and event.answer:
        assets, shares = event.answer
        assert shares > 0, event
        if name in ("supply", "repay"):
            assert assets > 0, event


@transition("INV-40")
@of_calls
def what_moved_is_what_was_answered(before: State, after: State, event: Event) -> None:
    """Of supplying and withdrawing."""
    name, *args = event.call
    if name in ("supply", "withdraw") and event.answer:
        _moved(before, after, event, args[0] % IDLE, 1 if name == "supply" else -1, 0)


@transition("INV-41")
@of_calls
def what_was_lent_is_what_was_answered(before: State, after: State, event: Event) -> None:
    """Of borrowing and repaying."""
    name, *args = event.call
    if name in ("borrow", "repay") and event.answer:
        _moved(before, after, event, args[0], 1 if name == "repay" else -1, 1)


def _moved(b: State, a: State, event: Event, id_: int, sign: int, side: int) -> None:
    assets, shares = event.answer
    account = event.call[3]
    held, now = (s.accounts[account].positions.get(id_, (0, 0)) for s in (b, a))
    assert now[side] - held[side] == sign * shares * (1 - 2 * side), event
    paid = a.reserves[id_]["balance"] - b.reserves[id_]["balance"]
    to_itself = event.call[-1] in a.accounts and paid == 0 and sign < 0
    assert paid == sign * assets or to_itself, event


@transition("INV-42")
@of_calls
def repaying_lowers_the_debt_and_takes_no_more(before: State, after: State, event: Event) -> None:
    if event.call[0] == "repay" and event.answer:
        _, id_, _, account = event.call
        owed = debt_of(before, account, id_)
        assert after.accounts[account].debt(id_) < before.accounts[account].debt(id_), event
        assert event.answer[0] <= owed, event


@transition("INV-46")
@of_calls
def nothing_grows_above_its_cap(before: State, after: State, event: Event) -> None:
    """Taking a debt over does not make the reserve's debt larger."""
    for id_, b, a in both(before, after):
        if a["supplyShares"] > b["supplyShares"] and "liquidate" not in event.names:
            assert a["supplyAssets"] <= a["supplyCap"], id_
        if a["debtShares"] > b["debtShares"]:
            assert a["debtAssets"] <= a["borrowCap"], id_
        assert a["idleAssets"] <= a["idleCap"], id_


@transition("INV-47")
@of_calls
def shut_reserves_do_not_grow(before: State, after: State, event: Event) -> None:
    """Paused or frozen; and what cannot be borrowed is not."""
    for id_, b, a in both(before, after):
        if b["paused"] or b["frozen"]:
            assert a["supplyShares"] <= b["supplyShares"], id_
        if b["paused"] or b["frozen"] or not b["borrowable"]:
            assert a["debtShares"] <= b["debtShares"], id_


@transition("INV-50")
@of_calls
def who_chooses_a_category_is_sound_in_it(before: State, after: State, event: Event) -> None:
    if event.call[0] == "setCategory":
        _, category, account = event.call
        assert after.accounts[account].category == category
        if before.accounts[account].category != category:
            assert after.accounts[account].health >= WAD, after.accounts[account]


@transition("INV-52")
@of_calls
def what_is_sent_arrives(before: State, after: State, event: Event) -> None:
    """And nothing comes or goes beside it; to oneself, nothing changes."""
    if event.call[0] in ("transfer", "transferFrom"):
        *senders, receiver, position_id, amount = event.call[1:]
        sender, id_ = senders[0] if senders else event.caller, position_id % IDLE
        moved = 0 if sender == receiver else amount
        for account, sign in ((sender, -1), (receiver, 1)):
            held = before.accounts[account].supply(id_)
            assert after.accounts[account].supply(id_) == held + sign * moved, event


@transition("INV-54")
@of_calls
def loans_come_back(before: State, after: State, event: Event) -> None:
    """A flash loan in which nothing else happens changes nothing."""
    if event.call[0] in ("flashLoan", "flashLoans") and not event.call[-1]:
        assert after.words == before.words
        assert [r["balance"] for r in after.reserves] == [r["balance"] for r in before.reserves]


@transition("INV-17")
@of_calls
def accruing_changes_no_view(before: State, after: State, event: Event) -> None:
    """Views include the interest up to now already."""
    if event.call[0] == "accrue":
        assert after.accounts == before.accounts
        for id_, b, a in both(before, after):
            assert {**a, "timestamp": 0} == {**b, "timestamp": 0} or int(b["rateModel"], 16), id_


@transition("INV-19")
def accruing_never_fails(before: State, after: State, event: Event) -> None:
    if event.kind == "call" and event.call[0] == "accrue" and event.call[1] < len(before.reserves):
        assert event.outcome == "ok", event


@transition("INV-59")
def donations_change_the_buffer_alone(before: State, after: State, event: Event) -> None:
    if event.kind == "donation":
        assert after.words == before.words
        assert after.accounts == before.accounts
        for b, a in zip(before.reserves, after.reserves, strict=True):
            same = {"balance": 0, "buffer": 0}
            assert {**a, **same} == {**b, **same}
            assert a["buffer"] >= b["buffer"]


@transition("INV-62")
def collecting_takes_of_the_buffer_alone(before: State, after: State, event: Event) -> None:
    """No more than there is, and no account, share or index is another one."""
    if event.kind == "collection":
        assert after.accounts == before.accounts
        for id_, b, a in both(before, after):
            paid = b["balance"] - a["balance"]
            assert 0 <= paid <= b["buffer"], id_
            same = {"balance": 0, "buffer": 0, "timestamp": 0}
            assert a["buffer"] == b["buffer"] - paid, id_
            assert {**a, **same} == {**b, **same} or int(b["rateModel"], 16), id_


@transition("INV-60")
def reserves_are_independent_of_each_other(before: State, after: State, event: Event) -> None:
    """What a call does not name neither loses cash nor changes its indices."""
    if event.kind in ("call", "donation") and before.now == after.now:
        for id_, b, a in both(before, after):
            if id_ not in touched(before, event):
                names = ("supplyIndex", "debtIndex", "cash", "supplyShares", "debtShares")
                assert [a[n] for n in names] == [b[n] for n in names], id_


@transition("INV-44")
def exits_need_no_price_and_no_permission(before: State, after: State, event: Event) -> None:
    """Who owes nothing takes out all that he has, where there is cash and no limit on outflow."""
    if event.kind == "call" and event.call[0] == "withdraw" and event.outcome != "ok":
        _, position_id, amount, account, to = event.call
        id_, idle = position_id % IDLE, position_id >= IDLE
        if account != event.caller or position_id >= 2 * IDLE or id_ >= len(before.reserves):
            return
        held, r = before.accounts[account], before.reserves[id_]
        assets = mul_down(held.supply(id_), WAD if idle else r["supplyIndex"])
        enough = idle or assets <= min(r["cash"], r["outflowRoom"], r["balance"])
        owes = any(debt for _, debt, _, _ in held.positions.values())
        mine = held.supply(id_) and held.is_idle(id_) == idle
        if mine and enough and not owes and int(to, 16):
            assert amount != 2**256 - 1, event


@transition("INV-43")
def debts_can_always_be_paid(before: State, after: State, event: Event) -> None:
    """All of it, whatever is paused, frozen, capped or without a price."""
    if event.kind == "call" and event.call[0] == "repay" and event.call[2] == 2**256 - 1:
        _, id_, _, account = event.call
        if id_ < len(before.reserves) and before.accounts[account].debt(id_):
            assert event.outcome == "ok", event
            assert after.accounts[account].debt(id_) == 0, event


@transition("INV-53")
@of_calls
def debts_move_by_consent_only(before: State, after: State, event: Event) -> None:
    """A debt share that one account has more another has less, or the reserve has lent it."""
    if event.names <= {"transfer", "transferFrom", "supply", "withdraw", "approve", "allow"}:
        for account, held in before.accounts.items():
            ids = held.positions.keys() | after.accounts[account].positions.keys()
            assert all(after.accounts[account].debt(i) == held.debt(i) for i in ids), account


@transition("INV-33")
@of_calls
def a_worthless_supply_is_shut(before: State, after: State, event: Event) -> None:
    """A loss that leaves next to nothing of a supply freezes the reserve."""
    for id_, b, a in both(before, after):
        if a["supplyIndex"] < b["supplyIndex"] and a["supplyIndex"] < MIN_SUPPLY_INDEX:
            assert a["frozen"], id_
