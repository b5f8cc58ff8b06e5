"""Weir on the bench: how it is deployed and how each operation of the rows is called.

What the pool calls its actions, and with which arguments, is said in `Weir`'s small methods only.
"""

from __future__ import annotations

from tests.gas._chain import OWNER, Call, Chain, Contract
from tests.gas._compile import Artifacts
from tests.gas._rows import (
    ALL,
    BONUS_BPS,
    LTV_BPS,
    PARTIAL,
    THRESHOLD_BPS,
    UNIT,
    USD,
    World,
    collaterals,
)

IDLE = 64
ZERO = "0x" + "00" * 20
CURVE = {"base": 0, "kink": 90, "slope1": 40, "slope2": 60}  # steps: 0.01 %, 1 %, 0.1 %, 1 %
CAP = 9 * 10**9  # whole tokens; low enough to be a cap that is checked

REASONS = {
    "liquidate_bad_debt_1c": "the buffer that pays before suppliers is derived: writing off reads "
    "the pool's balance and the cap of idle collateral",
    "flash_loan": "the pool reads the reserve's word, and its callback leaves the books open to "
    "every other action: a lock, and a note of what is still owed",
}
"""Why a row is lost, by row; shown as long as it is."""


class Weir:
    """One pool with six reserves.

    Parameters
    ----------
    idle
        Whether collateral sits idle, as it does with peers where it earns nothing. Where the pool
        lacks that mode, operations on collateral are missing.
    """

    def __init__(self, world: World, artifacts: Artifacts, *, idle: bool) -> None:
        self.world, self.idle = world, idle
        self.name = "weir" if idle else "weir_earning"
        chain = world.chain
        self.chain: Chain = chain
        self.authority = chain.deploy(artifacts, "Authority", OWNER)
        self.configurator = chain.deploy(artifacts, "Configurator", self.authority.address)
        pool = chain.deploy(artifacts, "Pool", self.configurator.address)
        self.pool = Contract(pool.address, artifacts["IPool"].abi, "Pool")
        self.borrower = chain.deploy(
            artifacts, "MockBorrower", self.pool.address, world.tokens[0].address
        )
        world.fund(self.borrower.address)
        self._configure()
        self._fill()

    def _configure(self) -> None:
        """Terms like Aave's: everything may be liquidated below a health of 0.95."""
        terms = (10_500, 9_500, 1_000, 50, ZERO)
        self._own(self.configurator.setLiquidationTerms(self.pool, *terms))
        self.world.fund(OWNER)
        self.world.approve(OWNER, self.configurator.address)
        for i, (token, feed) in enumerate(zip(self.world.tokens, self.world.feeds, strict=True)):
            cap = CAP * (UNIT if i else USD)
            parameters = {
                "feed": feed.address,
                "maxAge": 30 * 86_400,
                "ltvBps": LTV_BPS,
                "thresholdBps": THRESHOLD_BPS,
                "bonusFloorBps": BONUS_BPS // 2,
                "bonusCapBps": BONUS_BPS,
                "liquidationFeePercent": 10,
                "reserveFactorPercent": 10,
                "curve": CURVE,
                "rateModel": ZERO,
                "supplyCap": cap,
                "borrowCap": cap,
                "idleCap": cap,
                "minDebt": 0,
                "borrowable": True,
            }
            seed = UNIT if i else USD
            self._own(self.configurator.listReserve(self.pool, token, parameters, seed))

    def _fill(self) -> None:
        """Other people: every reserve is lent to 60 %."""
        lender, borrower = self.user(), self.user()
        self.chain.send(lender, self.lend(lender, 10_000_000 * USD))
        for i in collaterals():
            self.chain.send(borrower, self._supply(borrower, i, 10_000 * UNIT, idle=False))
        for i in collaterals():
            self.chain.send(borrower, self._borrow(borrower, i, 6_000 * UNIT))
        self.chain.send(borrower, self.borrow(borrower, 6_000_000 * USD))

    def double_feed(self, i: int) -> None:
        """A second feed for a collateral: another one's, whose price is the same."""
        other = self.world.feeds[i + 1].address
        self._own(self.configurator.setCautiousFeed(self.pool, i, other))

    def _own(self, call: Call) -> None:
        self.chain.send(OWNER, call)

    # ------------------------------------------------------------------- as the pool calls it

    def _supply(self, user: str, i: int, amount: int, *, idle: bool) -> Call:
        return self.pool.supply(i | IDLE * idle, amount, user)

    def _withdraw(self, user: str, i: int, amount: int, *, idle: bool) -> Call:
        return self.pool.withdraw(i | IDLE * idle, amount, user, user)

    def _borrow(self, user: str, i: int, amount: int) -> Call:
        return self.pool.borrow(i, amount, user, user)

    def user(self) -> str:
        return self.world.wallet(self.pool.address)

    def lend(self, user: str, amount: int) -> Call:
        return self._supply(user, 0, amount, idle=False)

    def withdraw(self, user: str, amount: int) -> Call:
        return self._withdraw(user, 0, amount, idle=False)

    def pledge(self, user: str, i: int, amount: int) -> Call | None:
        return self._supply(user, i, amount, idle=self.idle)

    def unpledge(self, user: str, i: int, amount: int) -> Call:
        return self._withdraw(user, i, amount, idle=self.idle)

    def borrow(self, user: str, amount: int) -> Call:
        return self._borrow(user, 0, amount)

    def repay(self, user: str, amount: int) -> Call:
        return self.pool.repay(0, amount, user)

    def liquidate(self, user: str, liquidator: str, kind: str) -> Call:
        most = PARTIAL * USD if kind == "partial" else ALL
        return self.pool.liquidate(user, 0, 1, most, 0, liquidator)

    def flash(self, user: str, amount: int) -> Call:
        return self.borrower.borrow(0, amount)

    def give(self, user: str, to: str, amount: int) -> Call:
        return self.pool.transfer(to, 0, amount)

    def view(self, user: str) -> Call:
        return self.pool.accountData(user)

    def position(self, user: str) -> tuple[int, int, int]:
        supplied, owed = "supplyBalance", "debtBalance"
        read = self.chain.read
        return (
            read(self.pool, supplied, user, 0),
            read(self.pool, owed, user, 0),
            read(self.pool, supplied, user, 1),
        )
