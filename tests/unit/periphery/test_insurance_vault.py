"""The insurance vault: in at once, out after a cooldown, and slashed without being asked."""

from __future__ import annotations

import ape
import pytest

from tests._cast import DAY_S, MAX, ZERO, event, quickly
from tests._revm import Reverted
from tests.unit.periphery._refusal import refusal

COOLDOWN_S, WINDOW_S = 10 * DAY_S, 2 * DAY_S
DIGITS = 10**6  # of a share beyond the token's


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def pool(market):
    return market.pool


@pytest.fixture
def usdc(market):
    return market["USDC"]


@pytest.fixture
def build(project, owner, supplier, stranger):
    """A vault over a market's USDC, from which anybody may take supply; two people may deposit."""

    def run(market):
        usdc = market["USDC"]
        arguments = (market.pool, usdc.token, COOLDOWN_S, WINDOW_S)
        vault = owner.deploy(project.MockSlashedVault, *arguments)
        for account in (supplier, stranger):
            quickly(usdc.token.approve, vault, MAX, sender=account)
        return vault

    return run


@pytest.fixture
def vault(build, market):
    return build(market)


@pytest.fixture
def deposited(vault, usdc, supplier):
    """The supplier's 1,000 USDC."""
    quickly(vault.deposit, usdc.units(1_000), supplier, sender=supplier)
    return vault


@pytest.fixture
def cooled(deposited, market, supplier):
    """All of it may leave now."""
    quickly(deposited.cooldown, deposited.balanceOf(supplier), sender=supplier)
    market.wait(COOLDOWN_S)
    return deposited


def everything(vault, account):
    return vault.balanceOf(account)


# ------------------------------------------------------------------------------------------ in


def test_deposit__any__becomes_the_vaults_supply(vault, pool, usdc, supplier, stranger):
    tx = vault.deposit(usdc.units(1_000), stranger, sender=supplier)
    assert tx.return_value == vault.balanceOf(stranger) == usdc.units(1_000) * DIGITS
    assert pool.balanceOf(vault, usdc.id) == vault.totalAssets() == usdc.units(1_000)
    assert usdc.token.balanceOf(vault) == 0
    log = event(tx, vault.Deposit)
    assert (log.sender, log.owner) == (supplier, stranger)
    assert (log.assets, log.shares) == (usdc.units(1_000), tx.return_value)


def test_mint__any__takes_what_it_said(vault, usdc, supplier):
    asked = 10**12 + 1
    assert vault.previewMint(asked) == 10**6 + 1
    assert vault.mint(asked, supplier, sender=supplier).return_value == 10**6 + 1
    assert vault.balanceOf(supplier) == asked


def test_vault__of_a_token__is_named_after_it(vault, usdc):
    assert (vault.name(), vault.symbol(), vault.decimals()) == ("Insuring USDC", "insUSDC", 12)
    assert (vault.asset(), vault.cooldownPeriod(), vault.window()) == (
        usdc.token,
        COOLDOWN_S,
        WINDOW_S,
    )


@pytest.mark.parametrize("switch", ["pause", "freeze"])
def test_deposit__while_the_reserve_takes_none__refused(
    market, pool, vault, usdc, owner, supplier, switch
):
    assert vault.maxDeposit(supplier) > 10**30
    quickly(getattr(market.configurator, switch), pool, usdc.id, sender=owner)
    assert vault.maxDeposit(supplier) == vault.maxMint(supplier) == 0
    error = {"pause": "ReservePaused", "freeze": "ReserveFrozen"}[switch]
    assert refusal(vault.deposit, 1, supplier, sender=supplier) == (error, usdc.id)


def test_deposit__up_to_the_supply_cap__is_what_max_says(market, deposited, usdc, supplier):
    market.set_limits(usdc, supply_cap=usdc.units(1_500))
    most, shares = deposited.maxDeposit(supplier), deposited.maxMint(supplier)
    assert most == usdc.units(499)  # beside the seed
    for method, amount in ((deposited.deposit, most), (deposited.mint, shares)):
        answer = refusal(method, amount + 1, supplier, sender=supplier)
        assert answer[0] == "SupplyCapExceeded"
    deposited.mint(shares, supplier, sender=supplier)
    assert deposited.maxDeposit(supplier) == deposited.maxMint(supplier) == 0


# ------------------------------------------------------------------------------------------ cooldown


def test_redeem__without_cooldown__refused(deposited, supplier):
    shares = everything(deposited, supplier)
    answer = refusal(deposited.redeem, shares, supplier, supplier, sender=supplier)
    assert answer == ("NotCooledDown", supplier, shares, 0)


@pytest.mark.parametrize(
    ("wait_s", "ready"),
    [
        (COOLDOWN_S - 60, False),
        (COOLDOWN_S, True),
        (COOLDOWN_S + WINDOW_S - 60, True),
        (COOLDOWN_S + WINDOW_S, False),
    ],
)
def test_redeem__by_the_clock__only_in_the_window(market, deposited, usdc, supplier, wait_s, ready):
    shares = everything(deposited, supplier)
    deposited.cooldown(shares, sender=supplier)
    market.wait(wait_s)

    assert deposited.maxRedeem(supplier) == (shares if ready else 0)
    assert deposited.maxWithdraw(supplier) == (usdc.units(1_000) if ready else 0)
    if ready:
        before = usdc.token.balanceOf(supplier)
        deposited.redeem(shares, supplier, supplier, sender=supplier)
        assert usdc.token.balanceOf(supplier) - before == usdc.units(1_000)
    else:
        answer = refusal(deposited.redeem, shares, supplier, supplier, sender=supplier)
        assert answer == ("NotCooledDown", supplier, shares, 0)


def test_cooldown__any__says_from_when_until_when(deposited, chain, supplier):
    tx = deposited.cooldown(5, sender=supplier)
    start = chain.blocks[tx.block_number].timestamp + COOLDOWN_S
    assert tuple(deposited.cooldownOf(supplier)) == (5, start, start + WINDOW_S)
    log = event(tx, deposited.CooldownStarted)
    assert (log.owner, log.shares) == (supplier, 5)
    assert (log.opensAt, log.closesAt) == (start, start + WINDOW_S)


def test_cooldown__of_more_than_one_has__refused(deposited, supplier):
    shares = everything(deposited, supplier)
    answer = refusal(deposited.cooldown, shares + 1, sender=supplier)
    assert answer == ("CooldownExceedsBalance", supplier, shares + 1, shares)


def test_cooldown__again__begins_anew_and_zero_ends_it(market, cooled, supplier):
    shares = everything(cooled, supplier)
    cooled.cooldown(shares, sender=supplier)
    assert cooled.maxRedeem(supplier) == 0
    market.wait(COOLDOWN_S)
    assert cooled.maxRedeem(supplier) == shares
    cooled.cooldown(0, sender=supplier)
    assert cooled.maxRedeem(supplier) == 0
    assert tuple(cooled.cooldownOf(supplier)) == (0, 0, 0)


def test_redeem__part_of_what_is_cooled__leaves_the_other_part(market, deposited, usdc, supplier):
    half = everything(deposited, supplier) // 2
    deposited.cooldown(half, sender=supplier)
    market.wait(COOLDOWN_S)

    deposited.redeem(half // 2, supplier, supplier, sender=supplier)
    deposited.withdraw(usdc.units(250), supplier, supplier, sender=supplier)

    assert deposited.maxRedeem(supplier) == deposited.maxWithdraw(supplier) == 0
    answer = refusal(deposited.redeem, 1, supplier, supplier, sender=supplier)
    assert answer == ("NotCooledDown", supplier, 1, 0)
    assert deposited.totalAssets() == usdc.units(500)


def test_withdraw__one_more_than_max__refused(cooled, usdc, supplier):
    most = cooled.maxWithdraw(supplier)
    answer = refusal(cooled.withdraw, most + 1, supplier, supplier, sender=supplier)
    assert answer[0] == "NotCooledDown"
    cooled.withdraw(most, supplier, supplier, sender=supplier)
    assert cooled.totalAssets() == 0


@pytest.mark.parametrize("left_usd", [0, 0.000001, 400])
def test_redeem__thin_cash__is_what_max_says(
    market, cooled, pool, weth, usdc, supplier, borrower, left_usd
):
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 1_001 - left_usd)  # beside the seed
    cash = usdc.units(left_usd)

    assets, shares = cooled.maxWithdraw(supplier), cooled.maxRedeem(supplier)

    assert assets == cash
    for method, amount in ((cooled.withdraw, assets), (cooled.redeem, shares)):
        answer = refusal(method, amount + 1, supplier, supplier, sender=supplier)
        assert answer[0] == "InsufficientCash"
    if shares:
        assert cooled.redeem(shares, supplier, supplier, sender=supplier).return_value == cash


def test_withdraw__more_than_any_reserve_holds__refused(cooled, supplier):
    answer = refusal(cooled.withdraw, 1 << 255, supplier, supplier, sender=supplier)
    assert answer == ("ERC4626ExceededMaxWithdraw", supplier, 1 << 255, 1_000 * 10**6)


def test_redeem__by_another__takes_an_allowance(cooled, usdc, supplier, stranger):
    shares = everything(cooled, supplier)
    answer = refusal(cooled.redeem, shares, stranger, supplier, sender=stranger)
    assert answer[0] == "ERC20InsufficientAllowance"
    cooled.approve(stranger, shares, sender=supplier)
    before = usdc.token.balanceOf(stranger)
    cooled.redeem(shares, stranger, supplier, sender=stranger)
    assert usdc.token.balanceOf(stranger) - before == usdc.units(1_000)


# ------------------------------------------------------------------------------- giving shares away


def test_transfer__of_what_is_cooled__takes_it_off(cooled, supplier, stranger):
    shares = everything(cooled, supplier)
    cooled.transfer(stranger, shares // 4, sender=supplier)
    assert cooled.maxRedeem(supplier) == shares - shares // 4
    assert cooled.maxRedeem(stranger) == 0
    # Nor does it come back with the shares.
    cooled.transfer(supplier, shares // 4, sender=stranger)
    assert cooled.maxRedeem(supplier) == shares - shares // 4


def test_transfer__of_what_is_not_cooled__leaves_it(market, deposited, supplier, stranger):
    half = everything(deposited, supplier) // 2
    deposited.cooldown(half, sender=supplier)
    deposited.transfer(stranger, half, sender=supplier)
    market.wait(COOLDOWN_S)
    assert deposited.maxRedeem(supplier) == half


@pytest.mark.parametrize("kind", ["real", "naive"])
def test_transfer__to_an_account_that_has_waited__does_not_free_the_shares(
    project, owner, market, vault, pool, usdc, supplier, stranger, kind
):
    """One share waits; in the window all the others come to it."""
    if kind == "naive":
        vault = owner.deploy(project.MockNaiveVault, pool, usdc.token)
        for account in (supplier, stranger):
            quickly(usdc.token.approve, vault, MAX, sender=account)
    quickly(vault.deposit, usdc.units(1_000), supplier, sender=supplier)
    quickly(vault.deposit, usdc.units(1), stranger, sender=stranger)
    waiting = everything(vault, stranger)
    quickly(vault.cooldown, waiting, sender=stranger)
    market.wait(COOLDOWN_S)
    quickly(vault.transfer, stranger, everything(vault, supplier), sender=supplier)

    assert (vault.maxRedeem(stranger) == waiting) is (kind == "real")
    if kind == "naive":
        vault.redeem(everything(vault, stranger), stranger, stranger, sender=stranger)


# ------------------------------------------------------------------------------------------ slashed


def test_slashed__by_half__everybody_has_half(deposited, pool, usdc, supplier, stranger, owner):
    deposited.deposit(usdc.units(3_000), stranger, sender=stranger)
    quickly(deposited.lose, usdc.units(2_000), sender=owner)

    for account, worth in ((supplier, 500), (stranger, 1_500)):
        shares = everything(deposited, account)
        assert deposited.convertToAssets(shares) == pytest.approx(usdc.units(worth), abs=1)
    # A new deposit buys twice as many shares as the first.
    tx = deposited.deposit(usdc.units(500), stranger, sender=stranger)
    assert tx.return_value == pytest.approx(2 * usdc.units(500) * DIGITS, rel=1e-8)


def test_slashed__in_cooldown__loses_like_the_rest(market, cooled, usdc, supplier, owner):
    quickly(cooled.lose, usdc.units(900), sender=owner)
    shares = everything(cooled, supplier)
    assert cooled.maxRedeem(supplier) == shares
    assert cooled.maxWithdraw(supplier) == usdc.units(100)
    cooled.redeem(shares, supplier, supplier, sender=supplier)
    assert cooled.totalAssets() == 0


def test_slashed__to_zero__takes_no_deposits_and_redeems_for_nothing(
    cooled, usdc, supplier, stranger, owner
):
    quickly(cooled.lose, usdc.units(1_000), sender=owner)

    assert cooled.isDepleted()
    assert cooled.maxDeposit(stranger) == cooled.maxMint(stranger) == 0
    for method in (cooled.deposit, cooled.mint):
        assert refusal(method, 10**9, stranger, sender=stranger) == ("Depleted",)
    tx = cooled.redeem(everything(cooled, supplier), supplier, supplier, sender=supplier)
    assert tx.return_value == 0
    # With its last share gone it is like new.
    assert not cooled.isDepleted()
    cooled.deposit(usdc.units(1), stranger, sender=stranger)


def test_slashed__to_zero_and_given_supply__takes_deposits_again(
    cooled, pool, usdc, supplier, stranger, owner
):
    quickly(cooled.lose, usdc.units(1_000), sender=owner)
    quickly(pool.supply, usdc.id, usdc.units(10), stranger, sender=stranger)
    # A millionth of the thousand dollars is enough, and a unit less is not.
    quickly(pool.transfer, cooled, usdc.id, 999, sender=stranger)
    assert cooled.isDepleted()
    quickly(pool.transfer, cooled, usdc.id, 1, sender=stranger)
    assert not cooled.isDepleted()
    quickly(pool.transfer, cooled, usdc.id, usdc.units(1), sender=stranger)
    cooled.deposit(usdc.units(1), stranger, sender=stranger)
    worth = cooled.convertToAssets(everything(cooled, stranger))
    assert worth == pytest.approx(usdc.units(1), abs=2)


def test_slashed__again_and_again__never_overflows(vault, usdc, stranger, owner):
    """Each time all but a little, with the largest deposits that there are."""
    for _ in range(8):
        if vault.isDepleted():
            break
        quickly(vault.deposit, usdc.units(1_000_000), stranger, sender=stranger)
        quickly(vault.lose, vault.totalAssets() - 2, sender=owner)
    assert vault.isDepleted()
    assert vault.totalSupply() < 2**152


# ------------------------------------------------------------------------------------------ premium


def test_premium__supplied_on_its_behalf__raises_every_share(
    deposited, pool, usdc, supplier, stranger
):
    quickly(pool.supply, usdc.id, usdc.units(100), deposited, sender=stranger)
    assert deposited.totalAssets() == usdc.units(1_100)
    shares = everything(deposited, supplier)
    assert deposited.convertToAssets(shares) == pytest.approx(usdc.units(1_100), abs=1)


def test_premium__before_any_deposit__refused_by_the_pool(vault, pool, usdc, stranger):
    answer = refusal(pool.supply, usdc.id, 1, vault, sender=stranger)
    assert answer[0] == "NotAuthorized"


@pytest.mark.parametrize("kind", ["real", "naive"])
def test_premium__ahead_of_a_victims_deposit__does_not_take_it(
    project, owner, vault, pool, usdc, supplier, stranger, kind
):
    """The first depositor owns one unit and raises its price to 20,000 USDC."""
    if kind == "naive":
        vault = owner.deploy(project.MockNaiveVault, pool, usdc.token)
        for account in (supplier, stranger):
            quickly(usdc.token.approve, vault, MAX, sender=account)
    quickly(vault.deposit, 1, stranger, sender=stranger)
    quickly(pool.supply, usdc.id, usdc.units(20_000), vault, sender=stranger)

    vault.deposit(usdc.units(5_000), supplier, sender=supplier)

    worth = vault.convertToAssets(everything(vault, supplier))
    if kind == "real":
        assert worth == pytest.approx(usdc.units(5_000), rel=1e-5)
        mine = vault.convertToAssets(everything(vault, stranger))
        assert mine < usdc.units(20_000) * 0.6  # he has lost the rest to nobody
    else:
        assert worth == 0


def test_deposit__worth_less_than_a_share__refused(vault, pool, usdc, supplier, stranger):
    quickly(vault.deposit, 1, stranger, sender=stranger)
    quickly(pool.supply, usdc.id, usdc.units(5_000_000), vault, sender=stranger)
    assert refusal(vault.deposit, 1, supplier, sender=supplier) == ("NothingMinted", 1)
    vault.deposit(10**7, supplier, sender=supplier)


# ----------------------------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("cooldown_s", "window_s"),
    [
        (DAY_S - 1, 3_600),
        (90 * DAY_S + 1, 3_600),
        (DAY_S, 3_599),
        (DAY_S, DAY_S + 1),
    ],
)
def test_constructor__periods_out_of_range__refused(machine, cooldown_s, window_s):
    token = machine.deploy("MockToken", "T", "T", 18).address
    with pytest.raises(Reverted) as e:
        machine.deploy("InsuranceVault", ZERO, token, cooldown_s, window_s)
    assert (e.value.name, e.value.arguments) == ("PeriodsOutOfRange", (cooldown_s, window_s))


def test_constructor__token_without_reserve__refused(project, owner, pool):
    token = owner.deploy(project.MockToken, "T", "T", 18)
    with ape.reverts(pool.UnknownReserve):
        owner.deploy(project.InsuranceVault, pool, token, DAY_S, 3_600)
