"""The three ERC-4626 vaults over the market of `arena.py`, held to the standard at every step.

Previews say what the same call then does, `max` what goes through to the unit, conversions favour
nobody; nobody gains by going in and out. Interest, caps, pauses, thin cash and losses come from the
market beneath, which moves between the steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sims.exact import MAX, SHARES, WAD
from tests._revm import DEPLOYER, Contract, Reverted
from tests.machine.arena import ACCOUNTS, DAY_S, Arena, Event

WRAPPED, INSURED, CURATED = 0, 1, 2
"""The reserves of the three."""
PLENTY = 2**140
"""More than anybody has of a token."""
KINDS = ("deposit", "mint", "withdraw", "redeem")


def attempt(call: Callable[[], Any]) -> tuple[str, Any]:
    """The error of a call, or ok and what it answered."""
    try:
        return "ok", call()
    except Reverted as error:
        return error.name, None


class Vaults:
    """A wrapper, an insurer and a curated vault over two pools."""

    def __init__(self, arena: Arena) -> None:
        self.arena, self.chain = arena, arena.chain
        deploy, pool = self.chain.deploy, arena.pool.address
        token = [t.address for t in arena.tokens]
        self.wrapper = deploy("WrappedSupply", pool, token[WRAPPED])
        self.insurer = deploy("InsuranceVault", pool, token[INSURED], 2 * DAY_S, DAY_S)
        authority = deploy("Authority", DEPLOYER).address
        self.curated = deploy("CuratedVault", token[CURATED], "Curated", "CUR", authority, DEPLOYER)
        self.vaults = {
            self.wrapper: WRAPPED,
            self.insurer: INSURED,
            self.curated: CURATED,
        }
        self.pools = [world.pool.address for world in arena.worlds]
        for address in self.pools:
            self.curated.raiseCap(address, 50 * 10**8)
        self.curated.setSupplyQueue(self.pools)
        self.curated.setFee(WAD // 10)
        for vault, id_ in self.vaults.items():
            for user in ACCOUNTS:
                arena.tokens[id_].approve(vault.address, MAX, sender=user)
        for world in arena.worlds:
            world.everyone += [vault.address for vault in self.vaults]
            world.moved()
        arena.insurable.append(self.insurer.address)
        assert arena.configure("setInsurer", INSURED, self.insurer.address)
        arena.twin.reserves[INSURED].insurer = self.insurer.address

    # ---------------------------------------------------------------- one step

    def step(self) -> None:
        """Something that a user or the curator does, or a look at what the vaults say."""
        self.do(self.arena.rng.choices(list(STEPS), list(STEPS.values()))[0])

    def do(self, name: str) -> None:
        """By its name in `STEPS`, with any of the vaults."""
        vault = self.arena.rng.choice(list(self.vaults))
        self.arena.trail.append(f"{vault.name} {name}")
        getattr(self, name)(vault)
        self.arena.seen[f"vault {name}"] += 1
        self.follow()

    def follow(self) -> None:
        """The twins learn what the vaults did in their pools; the invariants of a state still hold."""
        for world in self.arena.worlds:
            changed = False
            for vault, id_ in self.vaults.items():
                changed |= self.follow_in(world, vault, id_)
            if changed:
                before, world.last = world.last, None
                event = Event("vault") if before else None
                if event and world.watch:
                    world.observe(before, event)

    def follow_in(self, world: Arena, vault: Contract, id_: int) -> bool:
        twin, address = world.twin, vault.address
        shares = world.pool.balanceOf(address, id_)
        more = shares - twin.balance_of(address, id_)
        if more == 0:
            return False
        twin.reserves[id_].outflow = None  # read again below
        if more > 0:
            twin.supply(id_, more | SHARES, address)
        else:
            twin.withdraw(id_, -more | SHARES, address)
        r = twin.reserves[id_]
        twin.reserves[id_] = world.read_reserve(id_)
        twin.reserves[id_].model = r.model
        return True

    # ---------------------------------------------------------------- what to pick

    def amount(self, vault: Contract, kind: str, user: str) -> int:
        """Near what is allowed, near one share, or anything."""
        rng, id_ = self.arena.rng, self.vaults[vault]
        index = self.arena.twin._accrued(id_).supply_index
        most = self.limit(vault, kind, user)
        edge = rng.choice([0, 1, 2, index // WAD, most, most // 2, 2 ** rng.randrange(100)])
        whole = self.arena.rng.randrange(1, 10**11 if kind in ("deposit", "withdraw") else 10**20)
        amount = max(rng.choice([edge, whole]) + rng.choice([-1, 0, 0, 1]), 0)
        return min(amount, PLENTY)

    @staticmethod
    def limit(vault: Contract, kind: str, user: str) -> int:
        return getattr(vault, f"max{kind.capitalize()}")(user)

    # ---------------------------------------------------------------- what is done

    def go(self, vault: Contract) -> None:
        """One of the four, by the owner or by who has his allowance, to himself or to another."""
        rng = self.arena.rng
        kind, owner = rng.choice(KINDS), rng.choice(ACCOUNTS)
        caller = owner if rng.random() < 0.8 else rng.choice(ACCOUNTS)
        receiver = caller if rng.random() < 0.8 else rng.choice(ACCOUNTS)
        self.call(vault, kind, self.amount(vault, kind, owner), caller, receiver, owner)

    def call(
        self, vault: Contract, kind: str, amount: int, caller: str, receiver: str, owner: str
    ) -> str:
        """Compared with the preview, the limit, the balances and the allowance."""
        token = self.arena.tokens[self.vaults[vault]]
        into = kind in ("deposit", "mint")
        payer = caller if into else owner
        most = self.limit(vault, kind, receiver if into else owner)
        try:
            preview = getattr(vault, f"preview{kind.capitalize()}")(amount)
        except Reverted:
            preview = None
        allowance = vault.allowance(owner, caller)
        holder = receiver if into else owner
        shares, wallet = vault.balanceOf(holder), token.balanceOf(caller if into else receiver)
        args = (amount, receiver) if into else (amount, receiver, owner)
        outcome, said = attempt(lambda: getattr(vault, kind)(*args, sender=caller))
        if outcome != "ok":
            needed = amount if kind == "redeem" else preview or 0
            allowed = into or caller == owner or allowance >= needed
            worthless = preview in (0, None) or amount == 0
            enough = not into or max(amount, preview or 0) < PLENTY
            assert worthless or amount > most or not allowed or not enough, (
                f"{kind} {amount} of {most} by {payer}: {outcome}"
            )
            self.arena.seen[f"vault {outcome}"] += 1
            return outcome
        assert said == preview, f"{kind} {amount}: {said}, preview {preview}"
        assert amount <= most, f"{kind} {amount} of {most} went through"
        moved, minted = (amount, said) if kind in ("deposit", "withdraw") else (said, amount)
        sign = 1 if into else -1
        assert vault.balanceOf(holder) == shares + sign * minted
        paid = token.balanceOf(caller if into else receiver) - wallet
        assert paid == -sign * moved, f"{kind} moved {paid}, not {moved}"
        if not into and caller != owner and allowance != MAX:
            assert allowance >= minted, f"{caller} took {minted} of {allowance}"
            assert vault.allowance(owner, caller) == allowance - minted
        self.arena.seen[f"{vault.name} {kind}"] += 1
        return "ok"

    def allow(self, vault: Contract) -> None:
        rng = self.arena.rng
        owner, spender = rng.choice(ACCOUNTS), rng.choice(ACCOUNTS)
        amount = rng.choice([0, 1, vault.balanceOf(owner), MAX])
        vault.approve(spender, amount, sender=owner)

    def give(self, vault: Contract) -> None:
        """Vault shares change hands."""
        rng = self.arena.rng
        sender, receiver = rng.choice(ACCOUNTS), rng.choice(ACCOUNTS)
        held, all_ = vault.balanceOf(sender), vault.totalSupply()
        vault.transfer(receiver, rng.choice([0, held // 2, held]), sender=sender)
        assert vault.totalSupply() == all_
        assert sender == receiver or vault.balanceOf(sender) <= held

    def donate(self, vault: Contract) -> None:
        """Tokens sent to a vault are nobody's: no share is worth more."""
        worth = vault.convertToAssets(10**18)
        token = self.arena.tokens[self.vaults[vault]]
        token.transfer(vault.address, 10**6, sender=self.arena.rng.choice(ACCOUNTS))
        assert vault.convertToAssets(10**18) == worth, "a donation moved the price"

    def cool(self, vault: Contract) -> None:
        """A holder of the insurer says that he will leave; then he waits."""
        rng, user = self.arena.rng, self.arena.rng.choice(ACCOUNTS)
        held = self.insurer.balanceOf(user)
        self.insurer.cooldown(rng.choice([held, held, held // 2]), sender=user)
        _, opens, closes = self.insurer.cooldownOf(user)
        if held and rng.random() < 0.7:
            self.arena.pass_time(max(rng.choice([opens, closes - 1, closes]) - self.chain.now, 0))
            self.arena.refresh_prices()
            kind = rng.choice(["withdraw", "redeem"])
            most = self.limit(self.insurer, kind, user)
            self.call(self.insurer, kind, most, user, user, user)

    def curate(self, vault: Contract) -> None:
        """Money moves between markets, a cap changes, a market is suspended or comes back."""
        rng, pool = self.arena.rng, self.arena.rng.choice(self.pools)
        name, *args = rng.choice(
            [
                ("reallocate", [(pool, 0)]),
                ("reallocate", [(pool, MAX)]),
                ("lowerCap", pool, rng.choice([0, 10**9])),
                ("raiseCap", pool, 50 * 10**8),
                ("suspend", pool),
                ("resume", pool),
                ("resume", pool),
                ("setFee", rng.choice([0, WAD // 10, WAD // 2])),
                ("setDepositLimit", rng.choice([0, 10**10, 2**128 - 1, 2**128 - 1])),
            ]
        )
        try:
            getattr(self.curated, name)(*args)
        except Reverted as error:
            self.arena.seen[f"vault {error.name}"] += 1

    # ---------------------------------------------------------------- what is said

    def quote(self, vault: Contract) -> None:
        """Conversions lie between the previews, whoever asks; in and out never gains."""
        user = self.arena.rng.choice(ACCOUNTS)
        x = self.amount(vault, self.arena.rng.choice(KINDS), user)
        try:
            shares, assets = vault.convertToShares(x), vault.convertToAssets(x)
            previews = [getattr(vault, f"preview{kind.capitalize()}")(x) for kind in KINDS]
        except Reverted:
            return  # a supply that is worth nothing
        deposit, mint, withdraw, redeem = previews
        assert deposit <= shares <= withdraw, (x, previews, shares)
        assert redeem <= assets <= mint, (x, previews, assets)
        for name, said in (("convertToShares", shares), ("convertToAssets", assets)):
            assert getattr(vault, name)(x, sender=user) == said, "who asks matters"
        assert vault.convertToAssets(shares) <= x, (x, shares)
        assert vault.convertToShares(assets) <= x, (x, assets)
        assert vault.previewRedeem(deposit) <= x, (x, deposit)
        assert vault.previewWithdraw(mint) >= x, (x, mint)

    def reach(self, vault: Contract) -> None:
        """What `max` says goes through, and one more does not; as if it had not been."""
        rng = self.arena.rng
        kind, user = rng.choice(KINDS), rng.choice(ACCOUNTS)
        most = self.limit(vault, kind, user)
        args = (user,) if kind in ("deposit", "mint") else (user, user)
        into = kind in ("deposit", "mint")
        for amount, fits in ((most, True), (most + 1, False)):
            if amount in (0, 2**256):
                continue
            try:
                preview = getattr(vault, f"preview{kind.capitalize()}")(amount)
            except Reverted:
                continue
            if into and (preview == 0 or max(amount, preview) >= PLENTY):
                continue
            checkpoint = self.chain.evm.snapshot()
            call = partial(getattr(vault, kind), amount, *args, sender=user)
            outcome, _ = attempt(call)
            self.chain.evm.revert(checkpoint)
            assert (outcome == "ok") == fits, f"{kind} {amount} where {most} is most: {outcome}"
            self.arena.seen[f"{vault.name} max {kind}"] += 1

    def round_trip(self, vault: Contract) -> None:
        """Into the vault and out again in one moment gains nothing."""
        if vault is self.insurer:
            return  # nobody leaves it in a moment
        user = self.arena.rng.choice(ACCOUNTS)
        token = self.arena.tokens[self.vaults[vault]]
        checkpoint = self.chain.evm.snapshot()
        try:
            wallet, held = token.balanceOf(user), vault.balanceOf(user)
            x = self.amount(vault, "deposit", user)
            vault.deposit(x, user, sender=user)
            vault.redeem(vault.balanceOf(user) - held, user, user, sender=user)
            assert token.balanceOf(user) <= wallet, f"{x} in and out gained"
            wallet, held = token.balanceOf(user), vault.balanceOf(user)
            shares = self.amount(vault, "mint", user)
            paid = vault.mint(shares, user, sender=user)
            burned = vault.withdraw(paid, user, user, sender=user)
            assert burned >= shares, f"{shares} shares in and {burned} out"
        except Reverted:
            pass
        finally:
            self.chain.evm.revert(checkpoint)

    def add_up(self, vault: Contract) -> None:
        """Shares are those of the holders; what stands behind them is there."""
        holders = [*ACCOUNTS, DEPLOYER]
        held = sum(vault.balanceOf(a) for a in holders)
        assert held == vault.totalSupply(), "shares of nobody"
        pool = self.arena.pool
        if vault is self.wrapper:
            assert vault.totalSupply() <= pool.balanceOf(vault.address, WRAPPED)
        if vault is self.curated:
            token = self.arena.tokens[CURATED]
            assert token.balanceOf(vault.address) >= vault.idle()
            assert vault.liquidity() <= max(vault.totalAssets(), vault.idle())
        # Nobody can make a vault owe anything, or sit idle.
        for world in self.arena.worlds:
            for _, _, debt, _, idle in world.pool.positions(vault.address):
                assert debt == 0
                assert not idle


STEPS = {
    "go": 12,
    "allow": 2,
    "give": 1,
    "donate": 1,
    "cool": 3,
    "curate": 2,
    "quote": 3,
    "reach": 4,
    "round_trip": 2,
    "add_up": 2,
}
