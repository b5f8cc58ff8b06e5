"""A crash replayed on a chain of our own, with the contracts and the keeper in the loop.

Nothing is modelled that the project has: the pool is deployed and filled, feeds report as oracles do, and
a keeper looks at the blocks, decides and sends. It sells what it seizes in markets of a stated depth at
the day's price, and pays for gas what gas cost. Every block follows

    prices of the market > reports of the feeds > what the keeper has sent > the keeper looks

and blocks in which nothing can happen are left out; latencies count them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from eth_abi.abi import decode

from scripts._chain import Chain, connected
from scripts._contracts import container
from scripts._fill import GAS, SET_ANSWER, account_address, queue
from scripts._keeper import Keeper, Settings
from scripts._keeper_offers import Flash, Prices
from scripts._keeper_state import State
from scripts._keeper_watch import Head, Health, Watch
from scripts._local import Clock, deploy_and_fill, local_chain
from scripts._replay import LIQUIDATE_DATA, LIQUIDATE_EVENT, WRITE_OFF_EVENT
from scripts.deploy import load_account
from sims.book import Book, seeded_book
from sims.cli import Bars
from sims.crashes import Crash, Window, driver, observed
from sims.depth import QUOTED_IMPACTS, QUOTES_USD
from sims.exact import WAD
from sims.fork.rpc import Function, Rpc
from sims.market import Market
from sims.rates import InputError
from sims.report.crashes import Moment, Outcome, Seizure

OPEN = Function("open(address[],uint256[])", ())
TELL = Function("tell(address[],uint256[])", ())
BLOCK_S = 12
WAIT_BLOCKS = 25
"""How long the keeper waits for a market to recover when there is nothing worth a call."""
SETTING_UP_S = 600
TIP_WEI = 10**9
LAST_BLOCKS = 100
"""After the crash, at most, for what has been sent."""
IMPACT = 0.05
"""At which the depth of a market is read off its quotes."""


@dataclass(frozen=True)
class CrashSettings:
    """How a crash is replayed.

    Attributes
    ----------
    accounts, seed : of the market's book.
    threshold : share by which a price has to move for a feed to report it.
    heartbeat_s : a feed reports at least so often.
    depth_scale : depth of the markets, times what is quoted for late 2024.
    half_life_s : in which half of what was sold no longer weighs on a market.
    every : the keeper looks at every block (1), every second one (2), and so on.
    min_profit : the least that a call has to leave the keeper after gas, USD.
    """

    accounts: int = 300
    seed: int = 1
    threshold: float = 0.005
    heartbeat_s: int = 3_600
    depth_scale: float = 1.0
    half_life_s: int = 300
    every: int = 1
    min_profit: int = 10

    def __post_init__(self) -> None:
        for name, least, most in (
            ("threshold", 0.0005, 0.5),
            ("heartbeat_s", 60, 86_400),
            ("depth_scale", 1e-4, 1e4),
            ("half_life_s", 1, 10**6),
            ("every", 1, 10_000),
            ("min_profit", 0, 10**9),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"{name} is {value:g}; keep it between {least:g} and {most:,}.")


def replay_crash(
    window: Window,
    parameters: Market,
    book: Book,
    settings: CrashSettings,
    bars: Bars,
    clock: Clock,
) -> Outcome:
    """Deploys and fills a market of its own, and leads it through a crash."""
    name = window.crash.name
    with local_chain() as url, connected(f"ethereum:mainnet:{url}") as chain:
        deployed = deploy_and_fill(chain, parameters, book, bars, clock, about=f"{name}: ")
        with clock("replay"), tempfile.TemporaryDirectory() as folder:
            replay = Replay(chain, deployed, parameters, window, settings, Path(folder))
            return replay.run(lambda done, of: bars(f"{name}: minutes", done, of))


def replayable(window: Window, market: Market, settings: CrashSettings) -> tuple[Market, Book]:
    """The scene of a crash. Raises `InputError`, before minutes of work, where a replay would stop."""
    parameters, book = scene(window.crash, market, settings)
    for symbol in parameters.symbols:
        depth_usd(symbol, settings.depth_scale)
    if "WETH" not in parameters.reserves:
        raise InputError("The market has no WETH, in which gas is paid: name another --market.")
    return parameters, book


# -------------------------------------------------------------------------------------- the market

CRV = {
    "address": "0xD533a949740bb3306d119CC777fa900bA034cd52",
    "price": Decimal("0.413"),
    "supply_cap": None,
    "borrow_cap": None,
    "seed": Decimal(700),
}
CRV_DEPTH_USD = 0.6372e6
"""At 5 %: USDC sold for CRV, ParaSwap on Ethereum, 2024-12-09."""
SQUEEZED = {"USDC": 63.6e6, "CRV": 92e6}
"""What the short had and owed in the end, in whole tokens, as the press reported."""
CRV_LENT = 120e6
"""A choice: his loan is most of what there is."""


def scene(crash: Crash, market: Market, settings: CrashSettings) -> tuple[Market, Book]:
    """The market and its accounts; for the squeeze with CRV, who lends it, and the one short of it."""
    squeezed = "CRV" in crash.points
    if squeezed and not {"USDC", "LINK"} <= market.reserves.keys():
        raise InputError(f"{crash.name} needs a market with USDC and LINK: name another --market.")
    book = seeded_book(market, accounts=settings.accounts, rng=np.random.default_rng(settings.seed))
    if not squeezed:
        return market, book
    if "CRV" not in market.reserves:
        crv = market.reserves["LINK"].model_copy(update=CRV)
        market = market.model_copy(update={"reserves": {**market.reserves, "CRV": crv}})
    usdc, crv_id = market.symbols.index("USDC"), market.symbols.index("CRV")
    legs = [
        [(crv_id, CRV_LENT, 0.0)],
        [(usdc, SQUEEZED["USDC"], 0.0), (crv_id, 0.0, SQUEEZED["CRV"])],
    ]
    return market, _with_accounts(book, legs)


def _with_accounts(book: Book, accounts: Sequence[Sequence[tuple[int, float, float]]]) -> Book:
    """A book with more accounts, each a list of legs: reserve, supply, debt."""
    flat = [leg for account in accounts for leg in sorted(account)]
    reserve, supply, debt = (np.array(column) for column in zip(*flat, strict=True))
    ends = book.indptr[-1] + np.cumsum([len(account) for account in accounts])
    return replace(
        book,
        indptr=np.concatenate([book.indptr, ends]),
        reserve=np.concatenate([book.reserve, reserve]),
        supply=np.concatenate([book.supply, supply]),
        debt=np.concatenate([book.debt, debt]),
        collateral=np.concatenate([book.collateral, supply > 0]),
        idle=np.concatenate([book.idle, np.zeros(len(flat), dtype=bool)]),
        category=np.concatenate([book.category, np.zeros(len(accounts), dtype=np.int64)]),
    )


def depth_usd(symbol: str, scale: float) -> float:
    """What a pool would hold on each side whose impact at `IMPACT` is the quoted one."""
    quoted = {name: usd[QUOTED_IMPACTS.index(IMPACT)] for name, usd in QUOTES_USD.items()}
    at_impact = {**quoted, "CRV": CRV_DEPTH_USD}.get(symbol)
    if at_impact is None:
        raise InputError(f"There are no depth quotes for {symbol}: leave it out of the market.")
    return scale * at_impact * (1 - IMPACT) / IMPACT


# -------------------------------------------------------------------------------------- the replay


class _Keeper(Keeper):
    """Pays what gas cost on the day: the reports, which outbid everybody, say nothing about that."""

    def _prices(self, head: Head) -> Prices:
        assert head.base_fee is not None
        return replace(super()._prices(head), gas_wei=head.base_fee + TIP_WEI)


class Replay:
    """One pool, one keeper and the prices of a day."""

    def __init__(
        self,
        chain: Chain,
        deployed: Any,
        market: Market,
        window: Window,
        settings: CrashSettings,
        folder: Path,
    ) -> None:
        self.chain, self.market, self.window, self.settings = chain, market, window, settings
        self.rpc: Rpc = chain.rpc
        symbols = market.symbols
        self.tokens = [deployed.token(s) for s in symbols]
        self.feeds = [deployed.feed(s) for s in symbols]
        self.moves = window.moves(symbols, BLOCK_S)
        self.reports = observed(
            self.moves,
            threshold=settings.threshold,
            heartbeat=settings.heartbeat_s // BLOCK_S,
        )
        reporting = np.flatnonzero(self.reports.any(axis=1))
        self.stops = np.union1d(reporting, [len(self.moves) - 1])
        """Steps at which something is reported, and the last."""
        self.gas_wei = window.gas_wei(BLOCK_S)
        self.teller = account_address(0)
        self.rpc.request("anvil_setBalance", self.teller, hex(10**24))
        self.rpc.request("anvil_setNextBlockBaseFeePerGas", "0x0")
        # A fixed while later, so that the same crash begins at the same second.
        self.began_at = int(self.rpc.block()["timestamp"], 16) + SETTING_UP_S
        made = self._deploy(deployed.pool)
        self.venue = made["MockMarket"]
        self.steps: dict[int, int] = {}
        """Of each block, which step of the path it is."""
        self.answers = [market.reserves[s].price_raw for s in symbols]
        self.told: dict[int, list[int]] = {}
        """What the feeds say in each block."""
        self.keeper = self._employ(deployed.pool, made, folder)
        self.moments: list[Moment] = []
        self.waiting: dict[str, int] = {}
        """Who can be liquidated, and since which step."""
        self.waits: dict[str, list[tuple[int, int]]] = {}
        """Who could, from and until which step."""
        self.step = 0

    # ---------------------------------------------------------------------- setting up

    def _deploy(self, pool: str) -> dict[str, str]:
        me = load_account(None, development=True)
        arguments = {
            "Lens": (),
            "QuoteLens": (),
            "FlashLiquidator": (pool,),
            "MockMarket": (self.settings.half_life_s,),
        }
        return {
            kind: me.deploy(
                container(kind), *given, gas_price=0, type=0, required_confirmations=0
            ).address
            for kind, given in arguments.items()
        }

    def _employ(self, pool: str, made: Mapping[str, str], folder: Path) -> Keeper:
        me = load_account(None, development=True)
        watch = Watch(
            self.chain, pool, first_block=0, lens=made["Lens"], quote_lens=made["QuoteLens"]
        )
        # A market needs no route, so that one tier is enough to try.
        payer = Flash(watch, made["FlashLiquidator"], self.venue, me.address, fees=(500,))
        genesis = str(self.rpc.block(0)["hash"])
        return _Keeper(
            self.chain,
            watch,
            State(folder / "state.json", self.chain.chain_id, genesis, watch.pool),
            payer,
            settings=Settings(
                min_profit=self.settings.min_profit * WAD,
                gas_token=watch.asset_id("WETH"),
                write_offs=True,
            ),
            account=me,
            say=lambda text: None,
        )

    # ---------------------------------------------------------------------- living through it

    def run(self, progress: Callable[[int, int], None]) -> Outcome:
        """From the first block to the last."""
        self.first_block = int(self.rpc.block()["number"], 16)
        depths = [int(depth_usd(s, self.settings.depth_scale)) * WAD for s in self.market.symbols]
        self.rpc.request("anvil_setAutomine", False)
        last = len(self.moves) - 1
        self.debtors = sorted(self.keeper.watch.debtors(0, self.first_block))
        self._mine(1, extra=[(self.venue, OPEN.encode(self.tokens, depths))])
        before = self._healths()
        step = 1
        while step < last or (self.keeper.state.sent and step < last + LAST_BLOCKS):
            looks = step % self.settings.every == 0
            has_offers = looks and self._look()
            busy = has_offers or bool(self.keeper.state.sent)
            step = self._next(step, busy=busy, looked=looks)
            self._mine(step)
            progress(min(step, last) * BLOCK_S // 60, last * BLOCK_S // 60)
        self.keeper.finish(0.0)
        self.rpc.request("anvil_dropAllTransactions")
        self.rpc.request("anvil_setAutomine", True)
        return self._outcome(before)

    def _look(self) -> bool:
        """Lets the keeper look and act; whether it found anything worth a call."""
        self.keeper.round(self.keeper.watch.head())
        assert self.keeper.latest is not None
        return bool(self.keeper.latest.offers)

    def _observe(self, step: int) -> None:
        """Notes who can be liquidated after a block, whether the keeper looks or not."""
        unhealthy = {h.account: h for h in self._healths() if h.is_unhealthy}
        for account in unhealthy.keys() - self.waiting.keys():
            self.waiting[account] = step
        for account in self.waiting.keys() - unhealthy.keys():
            self.waits.setdefault(account, []).append((self.waiting.pop(account), step))
        self.moments.append(
            Moment(
                step * BLOCK_S / 3600,
                len(unhealthy),
                _usd(sum(h.debt_value for h in unhealthy.values())),
                _usd(sum(_short(h) for h in unhealthy.values())),
            )
        )

    def _next(self, step: int, *, busy: bool, looked: bool) -> int:
        """The next block in which something can happen."""
        if busy or step >= len(self.moves) - 1:
            return step + 1
        place = np.searchsorted(self.stops, step, side="right")
        to_report = int(self.stops[place])
        if not self.waiting:
            return to_report
        every, soonest = self.settings.every, step + (WAIT_BLOCKS if looked else 1)
        return min(to_report, -(-soonest // every) * every)

    def _mine(self, step: int, *, extra: Sequence[tuple[str, str]] = ()) -> None:
        """A block: the market's prices, the reports that are due, and what the keeper has sent."""
        at = min(step, len(self.moves) - 1)
        base = [market.price for market in self.market.reserves.values()]
        now = [
            int(Decimal(float(move)) * price * WAD)
            for move, price in zip(self.moves[at], base, strict=True)
        ]
        calls = [*extra, (self.venue, TELL.encode(self.tokens, now))]
        since = self.step + 1 if self.steps else 0
        due = self.reports[since : at + 1].any(axis=0)
        for r in np.flatnonzero(due):
            # What it reported last on the way.
            when = since + int(np.flatnonzero(self.reports[since : at + 1, r])[-1])
            reserve = self.market.reserves[self.market.symbols[r]]
            self.answers[r] = max(1, round(float(self.moves[when, r]) * reserve.price_raw))
            calls.append((self.feeds[r], SET_ANSWER.encode(self.answers[r])))
        gas = int(self.gas_wei[at])
        # First in the block, whatever it costs: reports come before whoever uses them.
        queue(self.rpc, self.teller, calls, gas=GAS, price_wei=100 * gas)
        self.rpc.request("evm_setNextBlockTimestamp", self.began_at + step * BLOCK_S)
        self.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(gas))
        self.rpc.request("evm_mine")
        block = int(self.rpc.request("eth_blockNumber"), 16)
        self.step = self.steps[block] = step
        self.told[block] = list(self.answers)
        self._observe(step)

    # ---------------------------------------------------------------------- what came of it

    def _healths(self) -> list[Health]:
        watch = self.keeper.watch
        return watch.healths(self.debtors, watch.head().number)

    def _waited(self, account: str, step: int) -> int:
        """For how many blocks an account that was liquidated at a step had been waiting for it."""
        for start, end in self.waits.get(account, []):
            if start < step <= end:
                return step - start
        return step - self.waiting.get(account, step)

    def _outcome(self, before: Sequence[Health]) -> Outcome:
        after = self._healths()
        rows = self.keeper.earned.rows
        written_off, borne = self._written_off()
        recorded = {driver(s, self.window.prices) for s in self.market.symbols} - {None}
        hours = [moment.hours for moment in self.moments]
        return Outcome(
            crash=self.window.crash,
            read=self.window.read,
            settings=asdict(self.settings),
            debtors=len(before),
            debt_usd=_usd(sum(h.debt_value for h in before)),
            collateral_usd=_usd(sum(h.collateral_value for h in before)),
            seizures=tuple(self._seizures()),
            moments=tuple(self.moments),
            written_off_usd=written_off,
            borne_usd=borne,
            left_usd=_usd(sum(map(_short, after))),
            gross_usd=_usd(sum(int(row["bonus_value"]) for row in rows)),
            gas_usd=_usd(sum(int(row["gas_value"]) for row in rows)),
            calls=len(rows),
            failed=sum(row["status"] == "lost" for row in rows),
            latency_blocks=tuple(
                self._waited(row["account"], self.steps[row["block"]])
                for row in rows
                if row["status"] == "done"
            ),
            moves={
                name: tuple(self.window.moves([name], BLOCK_S)[self._at(hours), 0].tolist())
                for name in sorted(map(str, recorded))
            },
            blocks=len(self.steps),
        )

    def _at(self, hours: Sequence[float]) -> Any:
        steps = np.rint(np.array(hours) * 3600 / BLOCK_S).astype(int)
        return np.minimum(steps, len(self.moves) - 1)

    def _seizures(self) -> Iterator[Seizure]:
        for log in self._logs(LIQUIDATE_EVENT):
            _, account, debt, collateral = log["topics"]
            debt_id, collateral_id = int(debt, 16), int(collateral, 16)
            _, _, repaid, _, seized, _, fee, *_ = decode(
                LIQUIDATE_DATA, bytes.fromhex(log["data"][2:])
            )
            block = int(log["blockNumber"], 16)
            yield Seizure(
                self.steps[block] * BLOCK_S / 3600,
                "0x" + account[-40:],
                self.market.symbols[debt_id],
                self.market.symbols[collateral_id],
                self._value(debt_id, repaid, block),
                self._value(collateral_id, seized, block),
                self._value(collateral_id, fee, block),
            )

    def _written_off(self) -> tuple[float, float]:
        total = borne = 0.0
        for log in self._logs(WRITE_OFF_EVENT):
            id_, block = int(log["topics"][1], 16), int(log["blockNumber"], 16)
            assets, deficit, *_ = decode(["uint256"] * 4, bytes.fromhex(log["data"][2:]))
            total += self._value(id_, assets, block)
            borne += self._value(id_, deficit, block)
        return total, borne

    def _logs(self, event: str) -> list[dict[str, Any]]:
        last = int(self.rpc.request("eth_blockNumber"), 16)
        logs = self.rpc.logs(self.keeper.watch.pool, [[event]], first=self.first_block, last=last)
        return list(logs)

    def _value(self, id_: int, amount: int, block: int) -> float:
        reserve = self.market.reserves[self.market.symbols[id_]]
        price = self.told[block][id_] / 10**reserve.feed.decimals
        return float(amount / 10**reserve.decimals * price)


def _short(health: Health) -> int:
    return max(health.debt_value - health.collateral_value, 0)


def _usd(value: int) -> float:
    return value / WAD
