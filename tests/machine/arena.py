"""The market of `world.py` with enemies in it, watched by the invariants after every step.

Contracts that call back, signatures, tokens that call, feeds that lie, a second pool beside the
first, and every address that could be taken for another. `Arena.act(rule)` does one step; whoever
draws for it (`rng`) is a seed's generator or Hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from eth_utils import keccak

from sims.exact import (
    ALL,
    DEBT,
    IDLE,
    MAX,
    MAX_AMOUNT,
    MAX_SHARES,
    SHARES,
    WAD,
    ZERO,
    Revert,
    divide_up,
    mul_down,
    mul_up,
)
from tests._abi import arguments
from tests._revm import DEPLOYER, Reverted
from tests.machine import world as base
from tests.machine.world import ACCOUNTS, ASSETS, DAY_S, HOOKED, IN_TWIN, KEYS, Call, World

YEAR_S = 365 * DAY_S
CALLING = ("supplyAndCall", "repayAndCall", "liquidateAndCall", "flashLoan", "flashLoans")
"""Call the caller back: the last argument is what he then does."""
ENVIRONMENT = ("TransferFailed", "TransferFromFailed")
"""What the pool refuses because of wallets, which the twin does not know."""

MESSAGES = {
    "authorizeBySig": "Authorization(address account,address operator,uint256 actions,uint256 expiry,"
    "uint256 nonce,uint256 deadline)",
    "allowBySig": "Allowance(address account,address spender,uint256 positionId,uint256 amount,"
    "uint256 expiry,uint256 nonce,uint256 deadline)",
}
FORBIDDEN: dict[str, Call] = {
    "addReserve": (ZERO, 0, 0, 0, ZERO, 0),
    "setRates": (0, 0, ZERO),
    "setLimits": (0, 0, 0, ZERO),
    "setIdleCap": (0, 0),
    "setRisk": (0, 0, 0, ZERO),
    "setSwitches": (0, True, True, 0),
    "setCategoryTerms": (1, 0, 0),
    "setLiquidationTerms": (0,),
    "collectBuffer": (0, 1, ACCOUNTS[0]),
}
"""What only the configurator may, and arguments."""


@dataclass
class Held:
    """An account as the pool's views show it."""

    positions: dict[int, tuple[int, int, bool, bool]]
    """By reserve id: supply shares, debt shares, collateral, idle."""
    collateral_value: int
    debt_value: int
    borrow_limit: int
    liquidation_limit: int
    health: int
    unpriced: bool
    category: int

    def supply(self, id_: int) -> int:
        return self.positions[id_][0] if id_ in self.positions else 0

    def debt(self, id_: int) -> int:
        return self.positions[id_][1] if id_ in self.positions else 0

    def is_idle(self, id_: int) -> bool:
        return id_ in self.positions and self.positions[id_][3]

    @property
    def sound(self) -> bool:
        """Not to be liquidated, at prices that are there."""
        return self.health >= WAD and not self.unpriced


@dataclass
class State:
    """A pool at one moment, as read from the chain."""

    now: int
    reserves: list[dict[str, Any]]
    """`reserveData`, and the tokens that the pool holds as `balance`."""
    words: list[tuple[int, ...]]
    accounts: dict[str, Held]
    nonces: dict[tuple[str, int], int]
    authorizations: dict[tuple[str, str], tuple[int, int]]
    allowances: dict[tuple[str, str, int], tuple[int, int]]
    unlocked: bool
    """Whether the last transaction has left the pool open."""

    def trusts(self, account: str, caller: str) -> bool:
        """Whether the caller may do anything for the account."""
        if account == caller or self.authorizations.get((account, caller), (0, 0))[0]:
            return True
        return any(a == account and c == caller for a, c, _ in self.allowances)


@dataclass
class Event:
    """What happened to one pool."""

    kind: str
    """call, donation, time, collection or vault."""
    caller: str = ZERO
    call: Call = ()
    outcome: str = "ok"
    answer: tuple[Any, ...] = ()
    marks: list[str] = field(default_factory=list)

    def calls(self) -> Iterator[Call]:
        """This one and all within it."""
        return flatten(self.call) if self.call else iter(())

    @property
    def names(self) -> set[str]:
        return {call[0] for call in self.calls()}

    @property
    def is_call(self) -> bool:
        return self.kind == "call" and self.outcome == "ok"

    @property
    def wrote_off(self) -> bool:
        return "written off" in self.marks


def refusal(call: Callable[[], Any]) -> str:
    """The error of a call, or ok."""
    try:
        call()
    except Reverted as error:
        return error.name
    return "ok"


def flatten(call: Call) -> Iterator[Call]:
    yield call
    if call[0] in (*CALLING, "batch", "act"):
        for inner in call[-1]:
            yield from flatten(inner)


class Arena(World):
    """A world under attack. What watches it is called after each call with before, after, event."""

    def __init__(self, seed: int, beside: Arena | None = None) -> None:
        super().__init__(seed, beside)
        self.watch: Any = None
        self.trail: list[str] = beside.trail if beside else []
        """What has been done, for the report."""
        self.last: State | None = None
        self.nonces: dict[tuple[str, int], int] = {}
        self.signed: dict[bytes, Call] = {}
        self.actor = beside.actor if beside else self.chain.deploy("MockCaller")
        self.listener = beside.listener if beside else self.chain.deploy("MockActor")
        pool = self.pool.address
        for token in self.tokens:
            token.mint(self.actor.address, 2**150)
            data = token.functions["approve"].encode(pool, MAX)
            self.actor.act([(token.address, data)])
        hooked = self.tokens[HOOKED]
        if not beside:
            self.listener.act(hooked.address, hooked.functions["listen"].encode(True))
        self.everyone = [
            *ACCOUNTS,
            self.actor.address,
            self.listener.address,
            pool,
            self.configurator.address,
            self.tokens[0].address,
            ZERO,
        ]
        for k in range(2):
            arguments_ = base.CATEGORIES[k + 1]
            bitmaps = [sum(1 << i for i in ids) for ids in arguments_[:2]]
            self.configurator.setCategory(
                pool, k + 1, (*bitmaps, *arguments_[2:4], *arguments_[4], arguments_[5]), DAY_S
            )
            word, ramp = self.pool.categoryWords(k + 1)
            self.twin.categories[k + 1] = base.Category.from_words(word, ramp)

    # ---------------------------------------------------------------- looking

    def moved(self) -> None:
        self.last = None

    def look(self) -> State:
        """The pool now, read from the chain, in the transaction that was the last."""
        pool = self.pool
        unlocked = refusal(lambda: pool.healthFactor(ZERO)) != "Reentrancy"
        self.chain.evm.reset_transient_storage()
        reserves = []
        for i, token in enumerate(self.tokens):
            data = pool.named("reserveData", i)
            data["balance"] = token.balanceOf(pool.address)
            reserves.append(data)
        accounts = {}
        for account in self.everyone:
            positions = {row[0]: tuple(row[1:]) for row in pool.positions(account)}
            accounts[account] = Held(
                positions, *pool.accountData(account), pool.categoryOf(account)
            )
        return State(
            now=self.chain.now,
            reserves=reserves,
            words=[pool.reserveWords(i) for i in range(len(self.tokens))],
            accounts=accounts,
            nonces={key: pool.nonces(*key) & 2**64 - 1 for key in self.nonces},
            authorizations=dict(self.twin.authorizations),
            allowances=dict(self.twin.allowances),
            unlocked=unlocked,
        )

    def agree(self, state: State) -> None:
        """The twin says the same as the chain, to the wei."""
        twin = self.twin
        fields = self.pool.functions["reserveWords"].fields
        for i, reserve in enumerate(twin.reserves):
            words = dict(zip(fields, state.words[i], strict=True))
            view, expected = state.reserves[i], self.view_of(i)
            assert self.read_reserve(i, words, view["balance"]) == reserve, f"reserve {i}"
            assert {name: view[name] for name in expected} == expected, f"reserve {i}"
        for account, held in state.accounts.items():
            assert held.positions == {
                p.id: (p.supply_shares, p.debt_shares, p.collateral, p.idle)
                for p in twin.positions(account)
            }
            data = twin.account_data(account)
            assert (held.collateral_value, held.debt_value) == (
                data.collateral_value,
                data.debt_value,
            )
            assert (held.borrow_limit, held.liquidation_limit, held.health, held.unpriced) == (
                data.borrow_limit,
                data.liquidation_limit,
                data.health,
                data.unpriced,
            )
            assert held.category == twin.category_of(account)
        assert state.nonces == self.nonces

    def before(self) -> State | None:
        if self.watch is None:
            return None
        if self.last is None:
            self.last = self.look()
        return self.last

    def observe(self, before: State | None, event: Event) -> None:
        """Looks, compares with the twin and lets the invariants speak; the other pools are still."""
        if before is None:
            return
        after = self.last = self.look()
        self.agree(after)
        self.watch(before, after, event)
        for world in self.worlds:
            if world is not self and world.last is not None and event.is_call:
                i = self.eyes.randrange(len(ASSETS))
                self.watch_other(world, i)

    def watch_other(self, world: Arena, i: int) -> None:
        """A reserve of another pool is as it was."""
        assert world.pool.reserveWords(i) == world.last.words[i], "INV-60: pools are independent"
        balance = world.tokens[i].balanceOf(world.pool.address)
        assert balance == world.last.reserves[i]["balance"], "INV-60: pools are independent"

    # ---------------------------------------------------------------- doing

    def run(self, caller: str, call: Call) -> str:
        before = self.before()
        self.trail.append(f"{self.worlds.index(self)} {caller[:6]} {call}")
        if caller == self.actor.address:
            outcome, said = self.run_actor([call])
        else:
            data = self.encode(call)
            outcome, said = self.compare(
                lambda: self.decode(call, self.pool.send(data, sender=caller)),
                lambda: self.call_twin(caller, call),
            )
        self.observe(before, Event("call", caller, call, outcome, said, list(self.marks)))
        return outcome

    def run_steps(self, calls: list[Call]) -> str:
        """Several calls of the contract in one transaction, each on its own."""
        before = self.before()
        self.trail.append(f"{self.worlds.index(self)} act {calls}")
        outcome, _ = self.run_actor(calls)
        event = Event("call", self.actor.address, ("act", calls), outcome, (), list(self.marks))
        self.observe(before, event)
        return outcome

    def run_actor(self, calls: list[Call]) -> tuple[str, tuple[Any, ...]]:
        pool = self.pool.address
        steps = [(pool, self.encode(call)) for call in calls]
        self.chain.tally["IPool.write"] += len(calls)
        said: list[Any] = []

        def on_chain() -> None:
            try:
                self.actor.act(steps)
            except Reverted as error:
                said.append(error)
                raise

        def in_twin() -> None:
            if said and said[0].name in ENVIRONMENT:
                raise Revert(said[0].name, *said[0].arguments)
            with self.twin._atomic():
                for call in calls:
                    self.call_twin(self.actor.address, call)

        return self.compare(on_chain, in_twin)

    def encode(self, call: Call) -> bytes:
        name, *args = call
        if name not in CALLING:
            return super().encode(call)
        steps = [(self.pool.address, self.encode(c)) for c in args[-1]]
        data = arguments(("(address,bytes)[]",)).encode([steps])
        return self.pool.functions[name].encode(*args[:-1], data)

    def call_twin(self, caller: str, call: Call) -> tuple[Any, ...]:
        name, *args = call
        if name in MESSAGES:
            return self.call_twin_signed(name, args)
        if name == "useNonce":
            return (self.next_nonce(caller, args[0]),)
        if name == "permit":
            self.twin._require_listed(args[0])
            return ()
        if name not in CALLING:
            return super().call_twin(caller, call)
        if name.startswith("flashLoan"):
            ids = args[0] if name == "flashLoans" else [args[0]]
            if name == "flashLoans" and (len(ids) != len(args[1]) or not ids):
                raise Revert("LengthMismatch", len(ids), len(args[1]))
            for id_ in ids:
                self.twin._require_live(id_, self.twin._require_listed(id_))
            self.marks.append(name)
            said: tuple[Any, ...] = ()
        else:
            plain = name.removesuffix("AndCall")
            said = super().call_twin(caller, (plain, *args[:-1]))
            self.marks.append(name)
        for inner in args[-1]:
            self.call_twin(caller, inner)
        return said

    # ---------------------------------------------------------------- signatures

    def next_nonce(self, account: str, key: int) -> int:
        """Spends one."""
        number = self.nonces.get((account, key), 0)
        self.nonces[account, key] = number + 1
        return number | key << 64

    def call_twin_signed(self, name: str, args: list[Any]) -> tuple[Any, ...]:
        *values, signature = args
        account, nonce, deadline = values[0], values[-2], values[-1]
        if deadline < self.chain.now:
            raise Revert("SignatureExpired", deadline)
        key, number = nonce >> 64, nonce & 2**64 - 1
        current = self.nonces.get((account, key), 0)
        if number != current:
            raise Revert("InvalidAccountNonce", account, key << 64 | current)
        if self.signed.get(signature) != (name, *values):
            raise Revert("InvalidSignature", account)
        plain = "authorize" if name == "authorizeBySig" else "allow"
        said = IN_TWIN[plain](self.twin, account, *values[1:-2])
        self.next_nonce(account, key)
        self.marks.append(name)
        return base.answer(said)

    def sign(self, name: str, values: list[Any], signer: str) -> bytes:
        """65 bytes: r, s, v."""
        types = MESSAGES[name]
        kinds = tuple(part.split()[0] for part in types.split("(")[1][:-1].split(","))
        message = keccak(keccak(text=types) + arguments(kinds).encode(values))
        digest = keccak(b"\x19\x01" + self.pool.DOMAIN_SEPARATOR() + message)
        signature = KEYS[signer].sign_msg_hash(digest)
        raw = signature.to_bytes()
        raw = raw[:64] + bytes([raw[64] + 27])
        if signer == values[0]:
            self.signed[raw] = (name, *values)
        return raw

    def by_signature(self, name: str) -> None:
        """Signed by the account or by somebody else, used at once, too late, again, or changed."""
        caller, account = self.rng.choice(ACCOUNTS), self.rng.choice(ACCOUNTS)
        old = [call for call in self.signed.values() if call[0] == name]
        if old and self.rng.random() < 0.2:
            call = self.rng.choice(old)
            raw = next(r for r, c in self.signed.items() if c == call)
            self.run(caller, (*call, raw))
            return
        key = self.rng.choice([0, 0, 1, 2**192 - 1])
        nonce = key << 64 | self.nonces.get((account, key), 0)
        if self.rng.random() < 0.1:
            nonce += 1
        deadline = self.chain.now + self.rng.choice([0, 0, 60, -1])
        plain = self.authorize(account) if name == "authorizeBySig" else self.allow(account)
        values = [account, *plain[1:], nonce, deadline]
        signer = account if self.rng.random() < 0.8 else self.rng.choice(ACCOUNTS)
        raw = self.sign(name, values, signer)
        if self.rng.random() < 0.1:
            values[2] ^= 1
        self.run(caller, (name, *values, raw))

    def authorize_by_sig(self) -> None:
        self.by_signature("authorizeBySig")

    def allow_by_sig(self) -> None:
        self.by_signature("allowBySig")

    def use_nonce(self, caller: str) -> Call:
        return "useNonce", self.rng.choice([0, 1, 2**192 - 1])

    def permit(self, caller: str) -> Call:
        return "permit", self.id(), self.amount(0), MAX, 27, bytes(32), bytes(32)

    # ---------------------------------------------------------------- edges

    def amount(self, id_: int) -> int:
        """Edges first: next to nothing, next to the index, next to all there is, next to too much."""
        if self.rng.random() < 0.65:
            return super().amount(id_)
        r = self.twin.reserves[id_ % IDLE % len(ASSETS)]
        index = self.rng.choice([r.supply_index, r.debt_index])
        around = self.rng.choice(
            [
                0,
                1,
                mul_down(self.rng.choice([1, 2, 10**6]), index),
                divide_up(index, WAD),
                r.cash,
                r.balance,
                r.supply_shares,
                r.debt_assets,
                r.idle_cap - r.idle,
                2 ** self.rng.randrange(129),
                MAX_SHARES,
                MAX_AMOUNT,
            ]
        )
        amount = max(around + self.rng.choice([-1, 0, 0, 1]), 0)
        mode = self.rng.choice([0, 0, 0, SHARES])
        return self.rng.choice([min(amount, MAX_AMOUNT + 1) | mode] * 4 + [ALL])

    def exact(self, account: str, position_id: int) -> int:
        """All that an account has there, as assets or shares, give or take one."""
        id_ = position_id % IDLE % len(ASSETS)
        held, owed = self.twin._account(account), self.twin._accrued(id_)
        if position_id & DEBT:
            shares = held.debt.get(id_, 0)
            assets = mul_up(shares, owed.debt_index)
        else:
            shares = held.supply.get(id_, 0)
            assets = shares if id_ in held.idle else mul_down(shares, owed.supply_index)
        amount = self.rng.choice([assets, shares | SHARES, assets // 2, shares // 2 | SHARES])
        return max(amount + self.rng.choice([-1, 0, 0, 1]), 0)

    def account(self, caller: str) -> str:
        """Mostly the caller's own, now and then nobody's."""
        if self.rng.random() < 0.05:
            return self.rng.choice(self.everyone)
        return super().account(caller)

    def to(self, caller: str) -> str:
        return self.rng.choice(self.everyone) if self.rng.random() < 0.06 else caller

    def withdraw(self, caller: str) -> Call:
        name, position_id, amount, account, to = super().withdraw(caller)
        if self.rng.random() < 0.5:
            amount = self.exact(account, position_id)
        return name, position_id, amount, account, to

    def repay(self, caller: str) -> Call:
        name, id_, amount, account = super().repay(caller)
        if self.rng.random() < 0.5:
            amount = self.exact(account, id_ % DEBT | DEBT)
        return name, id_, amount, account

    def repay_with_supply(self, caller: str) -> Call:
        name, position_id, amount, account = super().repay_with_supply(caller)
        if self.rng.random() < 0.5:
            edge = self.rng.choice([0, DEBT])
            amount = self.exact(account, position_id % DEBT | edge)
        return name, position_id, amount, account

    def liquidate(self, caller: str, account: str | None = None) -> Call:
        """Also himself, and with one asset on both sides."""
        call = super().liquidate(caller, account)
        if self.rng.random() < 0.03:
            call = (*call[:2], call[2], call[2], *call[4:])
        if self.rng.random() < 0.02:
            call = (call[0], caller, *call[2:])
        return call

    # ---------------------------------------------------------------- contracts that call back

    def simple(self, caller: str) -> Call:
        """A call of one piece."""
        name = self.rng.choice(list(base.CALLS))
        return getattr(self, name)(caller)

    def inner(self, depth: int = 0) -> list[Call]:
        """What the contract does when it is called back."""
        actor = self.actor.address
        calls = []
        for _ in range(self.rng.randrange(3)):
            deeper = depth < 2 and self.rng.random() < 0.3
            calls.append(self.calling(depth + 1) if deeper else self.simple(actor))
        return calls

    def calling(self, depth: int = 0, name: str | None = None) -> Call:
        """Something that calls the contract back."""
        actor, inner = self.actor.address, self.inner(depth)
        name = name or self.rng.choice([*CALLING, "batch"])
        if name == "batch":
            return name, inner
        if name == "flashLoan":
            return name, (id_ := self.id()), self.loan(id_), inner
        if name == "flashLoans":
            ids = [self.id() for _ in range(self.rng.randrange(3))]
            assets = [self.loan(id_) for id_ in ids]
            return name, ids, assets[: self.rng.choice([3, 3, 3, 1])], inner
        call = getattr(self, name.removesuffix("AndCall"))(actor)
        return name, *call[1:], inner

    def loan(self, id_: int) -> int:
        balance = self.twin.reserves[id_ % len(ASSETS)].balance
        return self.rng.choice([0, 1, balance // 2, balance, balance + 1])

    def call_back(self, name: str) -> None:
        self.run(self.actor.address, self.calling(0, name))

    def supply_and_call(self) -> None:
        self.call_back("supplyAndCall")

    def repay_and_call(self) -> None:
        self.call_back("repayAndCall")

    def liquidate_and_call(self) -> None:
        self.call_back("liquidateAndCall")

    def flash_loan(self) -> None:
        self.call_back("flashLoan")

    def flash_loans(self) -> None:
        self.call_back("flashLoans")

    def several(self) -> None:
        """In one transaction, each call on its own: a lock that stays would stop the second."""
        self.run_steps([self.simple(self.actor.address) for _ in range(1 + self.rng.randrange(3))])

    def reenter(self) -> None:
        """The token calls its receiver in the middle of an action: whatever he does is refused."""
        caller, pool = self.rng.choice(ACCOUNTS), self.pool
        view = self.rng.random() < 0.2
        armed = self.simple(self.listener.address)
        data = pool.functions["healthFactor"].encode(caller) if view else self.encode(armed)
        self.listener.arm(pool.address, data)
        calls = self.listener.calls()
        amount = self.rng.randrange(1, ASSETS[HOOKED].unit)
        name = self.rng.choice(["borrow", "withdraw"])
        outcome = self.run(caller, (name, HOOKED, amount, caller, self.listener.address))
        if outcome == "ok":
            assert self.listener.calls() > calls
            assert not self.listener.succeeded(), "INV-55: an action ran inside another one"
            assert self.listener.answer() == keccak(text="Reentrancy()")[:4]
            self.seen["reentered"] += 1
        self.listener.arm(ZERO, b"")

    # ---------------------------------------------------------------- the world's own doings

    def intrude(self) -> None:
        """Nobody configures the pool but the configurator, nor the configurator but its owner."""
        before, caller = self.before(), self.rng.choice(ACCOUNTS)
        name = self.rng.choice(list(FORBIDDEN))
        data = self.pool.functions[name].encode(*FORBIDDEN[name])
        assert refusal(lambda: self.pool.send(data, sender=caller)) == "NotConfigurator", name
        pause = self.configurator.pause
        outcome = refusal(lambda: pause(self.pool.address, 0, sender=caller))
        assert outcome == "AccessManagedUnauthorized"
        self.seen["intruded"] += 1
        self.observe(before, Event("call", caller, (name, *FORBIDDEN[name]), "NotConfigurator"))

    def donate(self) -> None:
        """Tokens that arrive without a call."""
        before, id_ = self.before(), self.rng.randrange(len(ASSETS))
        r = self.twin.reserves[id_]
        amount = self.rng.choice([1, 1, ASSETS[id_].unit, r.debt_assets, r.supply_assets])
        amount = min(amount, ASSETS[id_].large * 100)
        self.trail.append(f"{self.worlds.index(self)} donate {id_} {amount}")
        self.tokens[id_].transfer(self.pool.address, amount, sender=self.rng.choice(ACCOUNTS))
        r.balance += amount
        self.observe(before, Event("donation", call=("donate", id_, amount)))

    def collect(self) -> None:
        before = self.before()
        super().collect()
        self.observe(before, Event("collection"))

    def lie(self) -> None:
        """A feed says something absurd, or nothing."""
        id_, now = self.rng.randrange(len(ASSETS)), self.chain.now
        feed = self.rng.choice([self.feeds, self.cautious])[id_]
        price = ASSETS[id_].answer
        answer, updated_at = self.rng.choice(
            [
                (0, now),
                (-1, now),
                (-price, now),
                (1, now),
                (2**96 - 1, now),
                (2**96, now),
                (2**191 - 1, now),
                (price, now + 1),
                (price, 2**40 - 1),
                (price, 0),
                (price, now - DAY_S),
                (price, now - DAY_S - 1),
                None,
            ]
        ) or (0, 0)
        self.trail.append(f"lie {id_} {answer} {updated_at}")
        if (answer, updated_at) == (0, 0):
            feed.kill(True)
            self.heard(feed, id_, 0, 0)
        else:
            self.say(feed, id_, answer, updated_at)

    def rescale(self) -> None:
        """A feed goes on in other decimals: the pool has fixed them when it took the feed."""
        id_ = self.rng.randrange(len(ASSETS))
        feed, (answer, updated_at) = self.feeds[id_], self.said[self.feeds[id_].address]
        if answer and updated_at == self.chain.now:
            feed.rescale(self.rng.choice([0, 6, 8, 18, 77]), answer)

    def wait(self) -> None:
        """From no time at all to years."""
        before = self.before()
        seconds = self.rng.choice([0, 1, 2, 12, 60, 3_599, DAY_S, 7 * DAY_S])
        if self.rng.random() > 0.97:  # markets seldom survive it
            seconds = self.rng.choice([30 * DAY_S, YEAR_S, 4 * YEAR_S])
        self.trail.append(f"wait {seconds}")
        self.pass_time(seconds)
        self.observe(before, Event("time"))
        if self.rng.random() < 0.85:
            self.refresh_prices()

    def pause_price(self) -> None:
        """A guardian takes a price out of use; its time passes, anybody resumes it."""
        id_ = self.rng.randrange(len(ASSETS))
        if not self.configure("pausePrice", id_, self.rng.choice([1, 3_600])):
            return
        self.trail.append(f"pausePrice {id_}")
        r = self.twin.reserves[id_]
        kept, r.answer = r.answer, 0
        said = self.said[self.feeds[id_].address]
        self.said[self.feeds[id_].address] = 0, said[1]
        before = self.before()
        if before is not None:
            self.agree(before)
        self.run(self.rng.choice(ACCOUNTS), self.simple(self.rng.choice(ACCOUNTS)))
        self.configurator.resumePrice(self.pool.address, id_)
        self.said[self.feeds[id_].address] = said
        self.twin.reserves[id_].answer = kept
        self.moved()

    # ---------------------------------------------------------------- the end

    def leave(self) -> None:
        """All debts are paid and all supplies taken out, without a price: what is left is not less
        than nothing. On the chain alone, and as if it had not been."""
        evm, pool = self.chain.evm, self.pool
        checkpoint = evm.snapshot()
        try:
            for i, token in enumerate(self.tokens):
                self.feeds[i].kill(True)
                self.configurator.setOutflowLimit(pool.address, i, 0, 0)
                token.mint(DEPLOYER, 2**140)
                token.approve(pool.address, MAX)
            for account in self.everyone:
                for id_, _, debt, _, _ in pool.positions(account):
                    if debt:
                        pool.repay(id_, MAX_AMOUNT, account)
            for account in ACCOUNTS:
                for id_, supply, _, _, idle in pool.positions(account):
                    if supply:
                        position_id = id_ | IDLE if idle else id_
                        pool.withdraw(position_id, ALL, account, account, sender=account)
            for i, token in enumerate(self.tokens):
                data = pool.named("reserveData", i)
                left = token.balanceOf(pool.address) - data["supplyAssets"] - data["idleAssets"]
                assert data["debtShares"] == 0, f"INV-63: reserve {i} is still owed"
                assert left >= 0, f"INV-63: reserve {i} lacks {-left}"
        except Reverted as error:
            raise AssertionError(f"INV-63: somebody cannot leave: {error}") from error
        finally:
            evm.revert(checkpoint)

    def act(self, rule: str) -> None:
        """One step, by its name in `RULES`."""
        if rule in CALLS:
            contract = self.rng.random() < 0.1
            caller = self.actor.address if contract else self.rng.choice(ACCOUNTS)
            self.run(caller, getattr(self, rule)(caller))
            return
        self.trail.append(f"{self.worlds.index(self)} {rule}")
        getattr(self, rule)()

    def step(self) -> None:
        self.act(self.rng.choices(list(RULES), list(RULES.values()))[0])


CALLS = {**base.CALLS, "use_nonce": 1, "permit": 1}

RULES = {
    **{rule: weight for rule, weight in base.STEPS.items() if rule != "time"},
    "supply": 36,
    "borrow": 26,
    "withdraw": 14,
    "transfer": 8,
    "crash": 7,
    "recover": 5,
    "use_nonce": 1,
    "permit": 1,
    "wait": 6,
    "authorize_by_sig": 2,
    "allow_by_sig": 2,
    "supply_and_call": 3,
    "repay_and_call": 3,
    "liquidate_and_call": 3,
    "flash_loan": 3,
    "flash_loans": 2,
    "several": 3,
    "reenter": 2,
    "intrude": 1,
    "donate": 3,
    "lie": 2,
    "rescale": 1,
    "pause_price": 1,
}
"""Every step, and how often where a seed draws."""
