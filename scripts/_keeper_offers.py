"""What a keeper can do for its own good: the best call for every unhealthy account.

Over the account's debts and collaterals, paid in assets, or in shares where cash is thin:

    net = received - repaid - gas * price of gas        in the base currency, at the pool's own prices

rounded against the keeper. Whoever pays from his own tokens holds the collateral afterwards; through a
`FlashLiquidator` it is sold in the same call, and what a venue leaves of it is what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi.abi import decode, encode

from scripts._contracts import selector
from scripts._keeper_watch import LENT, Asset, Health, Position, Question, Quote, Watch
from sims.exact import MAX, SHARES
from sims.fork.rpc import Function, RpcError

LIQUIDATE = Function("liquidate(address,uint256,uint256,uint256,uint256,address)", ("uint256",) * 2)
WRITE_OFF = Function("writeOff(address)", ())

OWN, FLASH, WRITE = "own tokens", "flash", "write-off"

GAS = {OWN: 170_000, FLASH: 420_000, WRITE: 110_000}
"""About what a call takes, before it is simulated; feeds and tokens of real chains included."""
GAS_A_POSITION = 35_000
GAS_EACH = 1_500_000
"""The most that a job among many may use."""
GAS_BESIDE = 120_000
MANY = 8
"""Jobs in a transaction: as many as the most gas that a transaction may have allows for."""

LATER = 1_000
"""Of an amount, one part in so many more is offered, for the interest until the call is in a block."""
LEAST = (98, 100)
"""Of the collateral that is quoted, the least to receive."""
KEPT = (1, 2)
"""Of the profit that a venue gave in the simulation, the least to accept: the rest of the move is not
the market's."""
FRACTIONS = ((1, 2, 4), (8, 16, 32), (64, 128, 256), (512, 1024, 2048))
"""Of what may be repaid, divided by these: a thin venue pays less for more. A group is tried where those
before it gave nothing."""

CASH = selector("InsufficientCash(uint256,uint256,uint256)")
DUST = selector("LeavesDust(uint256,uint256)")

JOB = "(address,uint256,uint256,uint256,uint256,address,bytes)"
OUTCOMES = "(bool,uint256,uint256,uint256,bytes)[]"
LIQUIDATE_JOB = selector(f"liquidate({JOB})")
LIQUIDATE_MANY = selector(f"liquidateMany({JOB}[],uint256)")
NO_VENUE = "0x" + "00" * 20


@dataclass(frozen=True)
class Prices:
    """What the keeper reckons with, at one block."""

    assets: Sequence[Asset]
    gas_wei: int
    """The price of a unit of gas."""
    native: tuple[int, int]
    """The price of the chain's currency, and the decimals of that and of 10^18 together."""
    min_profit: int
    """In the base currency, WAD."""

    def gas_value(self, gas: int, price_wei: int | None = None) -> int:
        """What gas costs, in the base currency and WAD."""
        wei = gas * (self.gas_wei if price_wei is None else price_wei)
        return Asset(0, "", "", 18, *self.native).value_up(wei)


@dataclass(frozen=True)
class Offer:
    """A call that helps an account; values in the base currency and WAD."""

    kind: str
    account: str
    gas: int
    gas_value: int
    gross: int = 0
    """What it leaves before gas."""
    debt: Asset | None = None
    collateral: Asset | None = None
    max_repay: int = 0
    as_shares: bool = False
    repaid: int = 0
    received: int = 0
    writes_off: bool = False
    least_profit: int = 0
    route: bytes = b""

    @property
    def net(self) -> int:
        """What it leaves."""
        return self.gross - self.gas_value


@dataclass(frozen=True)
class Case:
    """An account to be liquidated, and what of."""

    health: Health
    debts: tuple[int, ...]
    collaterals: tuple[int, ...]

    @property
    def positions(self) -> int:
        """Debts and collaterals, which all have to be priced."""
        return len({*self.debts, *self.collaterals})


def cases(healths: Sequence[Health], positions: Sequence[Sequence[Position]]) -> list[Case]:
    """What there is to choose from."""
    return [
        Case(
            health,
            tuple(p.id for p in held if p.debt),
            tuple(p.id for p in held if p.supply and p.is_collateral),
        )
        for health, held in zip(healths, positions, strict=True)
    ]


def best(offers: Iterable[Offer], least: int) -> list[Offer]:
    """The most profitable one of each account, the most profitable account first; none at a loss."""
    chosen: dict[str, Offer] = {}
    for offer in offers:
        before = chosen.get(offer.account)
        if before is None or offer.net > before.net:
            chosen[offer.account] = offer
    worth = [offer for offer in chosen.values() if offer.net >= max(least, 1)]
    return sorted(worth, key=lambda offer: -offer.net)


def write_offs(some: Iterable[Case], watch: Watch, prices: Prices) -> Iterator[Offer]:
    """Accounts that owe more than they have, and have next to nothing."""
    for case in some:
        h = case.health
        is_bad = h.collateral_value < h.debt_value and h.collateral_value <= watch.write_off_below
        if is_bad and not h.unpriced:
            gas = GAS[WRITE] + GAS_A_POSITION * case.positions
            yield Offer(WRITE, h.account, gas, prices.gas_value(gas))


def _quoted(
    watch: Watch, questions: Sequence[Question], block: int
) -> list[tuple[Question, Quote]]:
    """Answers; a question at which the lens fails is left out."""
    answers = watch.quotes(questions, block)
    pairs = zip(questions, answers, strict=True)
    return [(q, answer) for q, answer in pairs if not isinstance(answer, RpcError)]


# ------------------------------------------------------------------------------------- own tokens


@dataclass(frozen=True)
class OwnTokens:
    """Repays from an account's tokens.

    Attributes
    ----------
    account : who pays; None, in a dry run, is somebody with enough of everything.
    limits : the most to use of an asset, raw, by id.
    """

    watch: Watch
    account: str | None
    limits: Mapping[int, int] = field(default_factory=dict)

    def inventory(self, assets: Sequence[Asset], block: int) -> list[int]:
        """What may be used of each asset."""
        held = (
            [MAX] * len(assets)
            if self.account is None
            else self.watch.balances(assets, self.account, block)
        )
        return [min(h, self.limits.get(a.id, MAX)) for h, a in zip(held, assets, strict=True)]

    def offers(self, some: Sequence[Case], prices: Prices, block: int) -> list[Offer]:
        """The best of each account, as far as the inventory lasts."""
        left = self.inventory(prices.assets, block)
        taken: list[Offer] = []
        while some:
            missed = set()
            for offer in best(self._found(some, left, prices, block), prices.min_profit):
                assert offer.debt is not None
                if offer.max_repay <= left[offer.debt.id]:
                    left[offer.debt.id] -= offer.max_repay
                    taken.append(offer)
                else:
                    missed.add(offer.account)
            # Of these there may be something else, or less, to do with what is left.
            some = [case for case in some if case.health.account in missed]
        return sorted(taken, key=lambda offer: -offer.net)

    def _found(
        self, some: Sequence[Case], left: Sequence[int], prices: Prices, block: int
    ) -> list[Offer]:
        """Whatever goes through."""
        sizes = {case.health.account: case.positions for case in some}
        first = [
            Question(case.health.account, d, c, left[d])
            for case in some
            for d in case.debts
            for c in case.collaterals
            if left[d]
        ]
        quoted = _quoted(self.watch, first, block)
        again = [
            Question(q.account, q.debt_id, q.collateral_id, q.max_repay, True)
            for q, answer in quoted
            if answer.refusal == CASH
        ] + [
            # Less leaves more of the debt.
            Question(q.account, q.debt_id, q.collateral_id, q.max_repay // 2)
            for q, answer in quoted
            if answer.refusal == DUST
        ]
        quoted += _quoted(self.watch, again, block)
        return [
            self._offer(q, answer, prices, sizes[q.account])
            for q, answer in quoted
            if not any(answer.refusal)
        ]

    def _offer(self, q: Question, answer: Quote, prices: Prices, positions: int) -> Offer:
        gas = GAS[OWN] + GAS_A_POSITION * positions
        return Offer(
            OWN,
            q.account,
            gas,
            prices.gas_value(gas),
            answer.received_value - answer.repaid_value,
            debt=prices.assets[q.debt_id],
            collateral=prices.assets[q.collateral_id],
            max_repay=min(q.max_repay, answer.repaid + answer.repaid // LATER + 1),
            as_shares=q.as_shares,
            repaid=answer.repaid,
            received=answer.received,
            writes_off=answer.writes_off,
        )

    def call(self, offer: Offer, to: str) -> str:
        """The data of a call to the pool."""
        if offer.kind == WRITE:
            return WRITE_OFF.encode(offer.account)
        assert offer.debt is not None
        assert offer.collateral is not None
        least = offer.received * LEAST[0] // LEAST[1] | (SHARES if offer.as_shares else 0)
        return LIQUIDATE.encode(
            offer.account, offer.debt.id, offer.collateral.id, offer.max_repay, least, to
        )


# ------------------------------------------------------------------------------------- without capital


@dataclass(frozen=True)
class Flash:
    """Liquidates through a `FlashLiquidator`, which sells the collateral at a venue.

    Attributes
    ----------
    fees : tiers of the venue's pools, in millionths; a venue that needs no route ignores them.
    through : tokens that a route may lead over, beside the direct one.
    """

    watch: Watch
    liquidator: str
    venue: str
    account: str | None
    fees: Sequence[int]
    through: Sequence[str] = ()

    def offers(self, some: Sequence[Case], prices: Prices, block: int) -> list[Offer]:
        """The best of each account, each simulated as if it were alone."""
        sizes = {case.health.account: case.positions for case in some}
        questions = [
            Question(case.health.account, d, c, MAX)
            for case in some
            for d in case.debts
            for c in case.collaterals
        ]
        quoted = _quoted(self.watch, questions, block)
        # Where cash is too thin for the whole a part may go: in shares it is quoted all the same.
        in_shares = [replace(q, as_shares=True) for q, answer in quoted if answer.refusal == CASH]
        quoted += _quoted(self.watch, in_shares, block)
        left = [(q, answer) for q, answer in quoted if not any(answer.refusal)]
        taken: list[Offer] = []
        for parts in FRACTIONS:
            jobs = [
                self._job(q, answer, prices, sizes[q.account], part, route)
                for q, answer in left
                for part in parts
                if part == 1 or self._may_pay(answer, prices, sizes[q.account], part)
                for route in self._routes(prices.assets[q.collateral_id], prices.assets[q.debt_id])
            ]
            taken += best(self._sold(jobs, block), prices.min_profit)
            helped = {offer.account for offer in taken}
            left = [(q, answer) for q, answer in left if q.account not in helped]
        return sorted(taken, key=lambda offer: -offer.net)

    def _sold(self, jobs: Sequence[Offer], block: int) -> Iterator[Offer]:
        """What goes through, with what it leaves after selling."""
        answers = self._simulate([self.call(job) for job in jobs], block)
        for job, data in zip(jobs, answers, strict=True):
            if not isinstance(data, RpcError):
                yield self._with_profit(job, *decode(["uint256"] * 3, data))

    def _may_pay(self, answer: Quote, prices: Prices, positions: int, part: int) -> bool:
        """Whether so small a part can be worth its gas, at a market twice as good as the pool's prices."""
        needed = prices.gas_value(GAS[FLASH] + GAS_A_POSITION * positions) + prices.min_profit
        return 2 * (answer.received_value - answer.repaid_value) >= needed * part

    def _routes(self, sold: Asset, bought: Asset) -> Iterator[bytes]:
        """Paths of Uniswap v3: token, fee, token."""
        if sold.id == bought.id:
            yield b""
            return
        start, end = bytes.fromhex(sold.token[2:]), bytes.fromhex(bought.token[2:])
        hops = [fee.to_bytes(3, "big") for fee in self.fees]
        for fee in hops:
            yield start + fee + end
        for token in self.through:
            if token not in (sold.token, bought.token):
                between = bytes.fromhex(token[2:])
                for one in hops:
                    for two in hops:
                        yield start + one + between + two + end

    def _job(
        self, q: Question, answer: Quote, prices: Prices, positions: int, part: int, route: bytes
    ) -> Offer:
        gas = GAS[FLASH] + GAS_A_POSITION * positions
        gas_value = prices.gas_value(gas)
        debt = prices.assets[q.debt_id]
        # So much of the debt's asset pays for the gas and the least profit.
        unit = max(debt.value_down(10**debt.decimals), 1)
        least = -(-(gas_value + prices.min_profit) * 10**debt.decimals // unit)
        return Offer(
            FLASH,
            q.account,
            gas,
            gas_value,
            debt=debt,
            collateral=prices.assets[q.collateral_id],
            max_repay=MAX if part == 1 else max(answer.repaid // part, 1),
            writes_off=answer.writes_off and part == 1,
            least_profit=least,
            route=route,
        )

    def _with_profit(self, job: Offer, repaid: int, received: int, profit: int) -> Offer:
        assert job.debt is not None
        return Offer(
            **{
                **vars(job),
                "gross": job.debt.value_down(profit),
                "repaid": repaid,
                "received": received,
                "least_profit": max(job.least_profit, profit * KEPT[0] // KEPT[1]),
            }
        )

    def _simulate(self, calls: Sequence[str], block: int) -> list[bytes | RpcError]:
        sender = self.account or LENT  # tokens do not move to the zero address
        answers = self.watch.rpc.batch(
            [
                ("eth_call", ({"from": sender, "to": self.liquidator, "data": data}, hex(block)))
                for data in calls
            ],
            strict=False,
        )
        return [a if isinstance(a, RpcError) else bytes.fromhex(a[2:]) for a in answers]

    def groups(self, offers: Sequence[Offer], block: int) -> Iterator[list[Offer]]:
        """What goes into one transaction each, simulated together: one job moves the venue's price for
        the next."""
        for i in range(0, len(offers), MANY):
            group = list(offers[i : i + MANY])
            while len(group) > 1:
                (data,) = self._simulate([self.call_many(group)], block)
                if isinstance(data, RpcError):
                    raise data
                (outcomes,) = decode([OUTCOMES], data)
                done = [job for job, outcome in zip(group, outcomes, strict=True) if outcome[0]]
                if len(done) == len(group):
                    break
                group = done
            if group:
                yield group

    def call(self, offer: Offer) -> str:
        """The data of a call for one job, which reverts where it fails."""
        data: bytes = LIQUIDATE_JOB + encode([JOB], [self._tuple(offer)])
        return "0x" + data.hex()

    def call_many(self, offers: Sequence[Offer]) -> str:
        """The data of a call for several, which skips what fails."""
        jobs = [self._tuple(offer) for offer in offers]
        data: bytes = LIQUIDATE_MANY + encode([f"{JOB}[]", "uint256"], [jobs, GAS_EACH])
        return "0x" + data.hex()

    def gas_limit(self, jobs: int) -> int:
        """For several: a job that lacks gas is skipped and no error, so that no node can estimate it."""
        return GAS_BESIDE + jobs * GAS_EACH * 64 // 63

    def _tuple(self, offer: Offer) -> tuple[Any, ...]:
        if offer.debt is None or offer.collateral is None:
            return (offer.account, 0, 0, 0, 0, NO_VENUE, b"")
        return (
            offer.account,
            offer.debt.id,
            offer.collateral.id,
            offer.max_repay,
            offer.least_profit,
            self.venue,
            offer.route,
        )
