"""What the contract tests share: assets with good defaults, a factory of markets, a pool's words.

A market comes from `build_market`. Its reserves know their units: `weth.units(2)` is two whole
tokens. Scenes are set with `quickly`, which skips Ape's round trips; what a test is about goes
through Ape.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import ape
from eth_abi import decode, encode
from eth_utils import keccak

WAD = 10**18
YEAR_S = 365 * 86_400
DAY_S = 86_400
MAX = 2**256 - 1
SHARES = 1 << 255
NO_CAP = MAX
ZERO = "0x" + "00" * 20

SUPPLY, WITHDRAW, BORROW, COLLATERAL = 1, 2, 4, 8
IDLE, DEBT = 64, 128  # in a position id
FEED_DECIMALS = 8


# ------------------------------------------------------------------------------------- assets


@dataclass(frozen=True)
class Asset:
    """A token, its price and what its reserve is opened with."""

    symbol: str
    decimals: int
    price_usd: float
    ltv_bps: int = 8_000
    threshold_bps: int = 8_300
    bonus_floor_bps: int = 250
    bonus_cap_bps: int = 500
    liquidation_fee_percent: int = 10
    reserve_factor_percent: int = 10
    curve: tuple[int, int, int, int] = (0, 90, 40, 60)  # steps: 0.01 %, 1 %, 0.1 %, 1 %
    rate_model: str = ZERO
    supply_cap: int = NO_CAP
    borrow_cap: int = NO_CAP
    idle_cap: int = NO_CAP
    min_debt: int = 0
    borrowable: bool = True
    max_age_s: int = DAY_S
    seed: int = 1  # whole tokens

    @property
    def answer(self) -> int:
        """What the feed says."""
        return round(self.price_usd * 10**FEED_DECIMALS)

    def parameters(self, feed: str) -> dict[str, Any]:
        """The configurator's `ReserveParameters`."""
        base, kink, slope1, slope2 = self.curve
        return {
            "feed": feed,
            "maxAge": self.max_age_s,
            "ltvBps": self.ltv_bps,
            "thresholdBps": self.threshold_bps,
            "bonusFloorBps": self.bonus_floor_bps,
            "bonusCapBps": self.bonus_cap_bps,
            "liquidationFeePercent": self.liquidation_fee_percent,
            "reserveFactorPercent": self.reserve_factor_percent,
            "curve": {"base": base, "kink": kink, "slope1": slope1, "slope2": slope2},
            "rateModel": self.rate_model,
            "supplyCap": self.supply_cap,
            "borrowCap": self.borrow_cap,
            "idleCap": self.idle_cap,
            "minDebt": self.min_debt,
            "borrowable": self.borrowable,
        }

    def in_order(self, feed: str) -> tuple[Any, ...]:
        """The same as `ReserveParameters` has it."""
        values = self.parameters(feed)
        values["curve"] = tuple(values["curve"].values())
        return tuple(values.values())


WETH = Asset("WETH", 18, 2_000)
USDC = Asset("USDC", 6, 1, ltv_bps=7_500, threshold_bps=7_800, bonus_floor_bps=225)
WBTC = Asset("WBTC", 8, 60_000, ltv_bps=7_300, threshold_bps=7_800, reserve_factor_percent=50)
CENT = Asset("CENT", 2, 1)  # few decimals: one unit is a cent
FINE = Asset("FINE", 24, 0.5)  # many decimals
ASSETS = (WETH, USDC, WBTC, CENT, FINE)


def without_interest(*assets: Asset) -> tuple[Asset, ...]:
    """The same assets at a rate of zero, for arithmetic in which no second counts."""
    return tuple(replace(a, curve=(0, 100, 0, 0)) for a in assets)


# ------------------------------------------------------------------------------------ markets


@dataclass(frozen=True)
class Terms:
    """The pool's terms of liquidation, as the configurator takes them."""

    target_health_bps: int = 10_500
    full_health_bps: int = 9_000
    dust_usd: int = 1_000
    write_off_below_usd: int = 50
    model: str = ZERO


@dataclass(frozen=True)
class Category:
    """A category's terms; assets by symbol."""

    collaterals: tuple[str, ...]
    borrowables: tuple[str, ...]
    ltv_bps: int = 9_000
    threshold_bps: int = 9_300
    bonus_floor_bps: int = 100
    bonus_cap_bps: int = 200
    isolated: bool = False
    raw: dict[str, int] = field(default_factory=dict)  # bitmaps that name no asset

    def parameters(self, market: Market) -> dict[str, Any]:
        """The configurator's `CategoryParameters`."""
        return {
            "collaterals": sum(1 << market[s].id for s in self.collaterals),
            "borrowables": sum(1 << market[s].id for s in self.borrowables),
            "ltvBps": self.ltv_bps,
            "thresholdBps": self.threshold_bps,
            "bonusFloorBps": self.bonus_floor_bps,
            "bonusCapBps": self.bonus_cap_bps,
            "isolated": self.isolated,
        } | self.raw


@dataclass(frozen=True)
class Reserve:
    """A listed asset."""

    id: int
    asset: Asset
    token: Any
    feed: Any

    def units(self, amount: float | Fraction) -> int:
        """Whole tokens in raw units."""
        return int(Fraction(str(amount)) * 10**self.asset.decimals)


@dataclass(frozen=True)
class Market:
    """A pool with its control and its reserves."""

    owner: Any
    authority: Any
    configurator: Any
    pool: Any
    reserves: dict[str, Reserve]

    def __getitem__(self, symbol: str) -> Reserve:
        return self.reserves[symbol]

    def words(self, reserve: Reserve) -> Words:
        """The reserve as stored."""
        words = self.pool.reserveWords(reserve.id)
        return decode_words(words.interest, words.totals)

    def fund(self, *accounts: Any) -> None:
        """Gives accounts ten million dollars of every token and approves the pool."""
        for reserve in self.reserves.values():
            amount = reserve.units(10**7 / reserve.asset.price_usd)
            for account in accounts:
                quickly(reserve.token.mint, account, amount, sender=account)
                quickly(reserve.token.approve, self.pool, MAX, sender=account)

    def supply(self, account: Any, reserve: Reserve, amount: float, *, idle: bool = False) -> None:
        """Sets the scene: `account` supplies whole tokens."""
        position, raw = reserve.id | IDLE * idle, reserve.units(amount)
        quickly(self.pool.supply, position, raw, account, sender=account)

    def borrow(self, account: Any, reserve: Reserve, amount: float) -> None:
        """Sets the scene: `account` borrows whole tokens."""
        raw = reserve.units(amount)
        quickly(self.pool.borrow, reserve.id, raw, account, account, sender=account)

    def set_price(self, reserve: Reserve, price_usd: float) -> None:
        """Sets the scene: the feed answers a price, dated now."""
        quickly(reserve.feed.set, round(price_usd * 10**FEED_DECIMALS), sender=self.owner)

    def set_risk(self, reserve: Reserve, *, ramp_s: int = DAY_S, **changes: Any) -> None:
        """Sets the scene: other risk parameters; a threshold that falls does so within `ramp_s`."""
        p = replace(reserve.asset, **changes).parameters(reserve.feed.address)
        quickly(self.configurator.setRisk, self.pool, reserve.id, p, ramp_s, sender=self.owner)

    def set_limits(self, reserve: Reserve, **changes: Any) -> None:
        """Sets the scene: other caps, or not borrowable."""
        a = replace(reserve.asset, **changes)
        limits = (a.supply_cap, a.borrow_cap, a.borrowable)
        quickly(self.configurator.setLimits, self.pool, reserve.id, *limits, sender=self.owner)

    def set_rates(self, reserve: Reserve, **changes: Any) -> None:
        """Sets the scene: another curve, reserve factor or model."""
        a = replace(reserve.asset, **changes)
        rates = (a.curve, a.reserve_factor_percent, a.rate_model)
        quickly(self.configurator.setRates, self.pool, reserve.id, *rates, sender=self.owner)

    def set_category(self, number: int, terms: Category, *, ramp_s: int = 0) -> None:
        """Sets the scene: opens a category or changes it."""
        arguments = (self.pool, number, terms.parameters(self), ramp_s)
        quickly(self.configurator.setCategory, *arguments, sender=self.owner)

    def set_terms(self, terms: Terms) -> None:
        """Sets the scene: other terms of liquidation."""
        values = (
            terms.target_health_bps,
            terms.full_health_bps,
            terms.dust_usd,
            terms.write_off_below_usd,
            terms.model,
        )
        quickly(self.configurator.setLiquidationTerms, self.pool, *values, sender=self.owner)

    def wait(self, seconds: int) -> None:
        """Lets time pass; every feed repeats its price when it is over."""
        ape.chain.mine(deltatime=seconds)
        for reserve in self.reserves.values():
            _, answer, *_ = reserve.feed.latestRoundData()
            quickly(reserve.feed.set, answer, sender=self.owner)


def build_market(
    project: Any, owner: Any, assets: tuple[Asset, ...] = ASSETS, *, terms: Terms | None = None
) -> Market:
    """Deploys a market and lists `assets`, each with a token and a feed of its own."""
    authority = owner.deploy(project.Authority, owner)
    configurator = owner.deploy(project.Configurator, authority)
    pool = project.IPool.at(owner.deploy(project.Pool, configurator).address)
    market = Market(owner, authority, configurator, pool, {})
    market.set_terms(terms or Terms())
    for asset in assets:
        token = owner.deploy(project.MockToken, asset.symbol, asset.symbol, asset.decimals)
        list_asset(
            market, asset, token, owner.deploy(project.MockFeed, FEED_DECIMALS, asset.answer)
        )
    return market


def list_asset(market: Market, asset: Asset, token: Any, feed: Any) -> Reserve:
    """Opens a reserve for a token that may be minted."""
    reserve = Reserve(len(market.reserves), asset, token, feed)
    seed = reserve.units(asset.seed)
    quickly(token.mint, market.owner, seed, sender=market.owner)
    # The self-test takes the seed, sends it back and takes it again.
    quickly(token.approve, market.configurator, 2 * seed, sender=market.owner)
    quickly(
        market.configurator.listReserve,
        market.pool,
        token,
        asset.parameters(feed.address),
        seed,
        sender=market.owner,
    )
    market.reserves[asset.symbol] = reserve
    return reserve


def attempt(method: Any, *args: Any, sender: Any, gas: int = 10_000_000) -> bool:
    """Sends a raw transaction from an account that the node unlocks; says whether it went well."""
    call = {
        "from": sender.address,
        "to": method.contract.address,
        "data": "0x" + method.encode_input(*args).hex(),
        "gas": hex(gas),
    }
    receipt = ape.chain.provider.make_request("eth_sendTransactionSync", [call])
    return int(receipt["status"], 16) == 1


def quickly(method: Any, *args: Any, sender: Any) -> None:
    """Sends a transaction that sets the scene, and must go well."""
    if not attempt(method, *args, sender=sender):
        method(*args, sender=sender)  # fails again, and says why
        raise AssertionError("a transaction that set the scene failed")


def refusal_of(
    method: Any, *args: Any, sender: Any, value: int = 0, gas: int = 15_000_000
) -> tuple[bytes, str]:
    """What a call that is only asked would revert with, and the node's words for it."""
    call = {
        "from": sender.address,
        "to": method.contract.address,
        "data": "0x" + method.encode_input(*args).hex(),
        "value": hex(value),
        "gas": hex(gas),
    }
    answer = ape.chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert "error" in answer, "the call goes well"
    return bytes.fromhex(answer["error"].get("data", "0x")[2:]), answer["error"]["message"]


def refused(error: Any, method: Any, *args: Any, sender: Any, **fields: Any) -> None:
    """Asserts that a call fails with `error`, a pool's or a signature, as `ape.reverts` does.

    For errors that come up from the depth of several calls, which Ape takes seconds to trace.
    """
    answer, response = refusal_of(method, *args, sender=sender)
    if isinstance(error, str):
        assert answer == keccak(text=error)[:4], f"not {error}: {response}"
        return
    assert answer[:4] == keccak(text=error.abi.selector)[:4], f"not {error.abi.name}: {response}"
    values = decode([i.canonical_type for i in error.abi.inputs], answer[4:])
    shown = dict(zip((i.name for i in error.abi.inputs), values, strict=True))
    expected = {k: getattr(v, "address", v) for k, v in fields.items()}
    expected = {k: v.lower() if isinstance(v, str) else v for k, v in expected.items()}
    assert expected.items() <= shown.items(), shown


UNPAID = "TransferFromFailed()"  # a token that does not move to the pool
UNPAYABLE = "TransferFailed()"  # nor out of it

Step = tuple[str, bytes]


def step(method: Any, *args: Any) -> Step:
    """A call that a `MockCaller` is to make."""
    return method.contract.address, bytes(method.encode_input(*args))


def script(*steps: Step) -> bytes:
    """The data of an action that calls a `MockCaller` back, which then takes the steps."""
    return bytes(encode(["(address,bytes)[]"], [steps]))


def swap(sold: Reserve, amount: float, bought: Reserve, account: Any) -> tuple[Step, Step]:
    """The steps in which `account` sells whole tokens at the prices at which assets were listed."""
    value = Fraction(str(amount)) * Fraction(str(sold.asset.price_usd))
    got = value / Fraction(str(bought.asset.price_usd))
    return (
        step(sold.token.burn, account, sold.units(amount)),
        step(bought.token.mint, account, int(got * 10**bought.asset.decimals)),
    )


# -------------------------------------------------------------------------------------- words


@dataclass(frozen=True)
class Words:
    """A reserve's `interest` and `totals` words, unpacked."""

    supply_index: int
    debt_index: int
    timestamp_s: int
    curve: int
    reserve_factor_percent: int
    external_model: bool
    supply_shares: int
    debt_shares: int
    supply_cap_code: int
    borrow_cap_code: int
    borrowable: bool

    @property
    def supply_assets(self) -> int:
        return self.supply_shares * self.supply_index // WAD

    @property
    def debt_assets(self) -> int:
        return div_up(self.debt_shares * self.debt_index, WAD)


def decode_words(interest: int, totals: int) -> Words:
    """Reads what events and `reserveWords` carry."""
    return Words(
        supply_index=interest & (1 << 88) - 1,
        debt_index=interest >> 88 & (1 << 88) - 1,
        timestamp_s=interest >> 176 & (1 << 32) - 1,
        curve=interest >> 208 & (1 << 37) - 1,
        reserve_factor_percent=interest >> 245 & 127,
        external_model=bool(interest >> 252 & 1),
        supply_shares=totals & (1 << 112) - 1,
        debt_shares=totals >> 112 & (1 << 112) - 1,
        supply_cap_code=totals >> 224 & (1 << 14) - 1,
        borrow_cap_code=totals >> 238 & (1 << 14) - 1,
        borrowable=bool(totals >> 252 & 1),
    )


def stored(pool: Any, reserve: Reserve) -> tuple[int, int]:
    """The two words that an event of lending repeats: `interest` and `totals`."""
    words = pool.reserveWords(reserve.id)
    return words.interest, words.totals


def div_up(a: int, b: int) -> int:
    """The quotient, rounded up."""
    return -(-a // b)


def event(receipt: Any, kind: Any) -> Any:
    """The only event of a kind in a receipt."""
    (found,) = receipt.decode_logs(kind)
    return found
