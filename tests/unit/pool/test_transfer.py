"""ERC-6909: supply shares that change hands, and who may move them."""

from __future__ import annotations

from functools import reduce
from operator import xor

import ape
import pytest
from eth_utils import keccak

from tests._cast import BORROW, DEBT, IDLE, MAX, SUPPLY, WAD, WITHDRAW, ZERO, event, quickly


@pytest.fixture
def market(still):
    return still


@pytest.fixture
def supplied(market, supplier, weth):
    """The supplier has 3 WETH."""
    market.supply(supplier, weth, 3)


# ---------------------------------------------------------------------------------- moving shares


@pytest.mark.usefixtures("supplied")
def test_transfer__part__moves_it(pool, weth, supplier, stranger):
    tx = pool.transfer(stranger, weth.id, weth.units(1), sender=supplier)

    assert tx.return_value is True
    assert pool.balanceOf(supplier, weth.id) == weth.units(2)
    assert pool.balanceOf(stranger, weth.id) == weth.units(1)
    log = event(tx, pool.Transfer)
    assert (log.caller, log.sender, log.receiver) == (supplier, supplier, stranger)
    assert (log.id, log.amount) == (weth.id, weth.units(1))


@pytest.mark.usefixtures("supplied")
def test_transfer__all__leaves_the_sender_nothing(pool, weth, supplier, stranger):
    pool.transfer(stranger, weth.id, weth.units(3), sender=supplier)
    assert pool.positions(supplier) == []


@pytest.mark.usefixtures("supplied")
def test_transfer__any__is_the_receivers_to_withdraw(pool, weth, supplier, stranger):
    quickly(pool.transfer, stranger, weth.id, weth.units(1), sender=supplier)
    before = weth.token.balanceOf(stranger)

    pool.withdraw(weth.id, MAX, stranger, stranger, sender=stranger)

    assert weth.token.balanceOf(stranger) == before + weth.units(1)


@pytest.mark.usefixtures("supplied")
def test_transfer__to_one_without__is_no_collateral(pool, weth, supplier, stranger):
    pool.transfer(stranger, weth.id, weth.units(1), sender=supplier)

    assert [p.collateral for p in pool.positions(stranger)] == [False]
    assert pool.accountData(stranger).collateralValue == 0


@pytest.fixture
def given_dust(supplied, market, pool, weth, usdc, supplier, stranger):
    """The stranger has been given one share of WETH; there is something to borrow."""
    market.supply(supplier, usdc, 100_000)
    quickly(pool.transfer, stranger, weth.id, 1, sender=supplier)


@pytest.mark.usefixtures("given_dust")
def test_supply__on_top_of_a_gift__makes_all_of_it_collateral(market, pool, weth, stranger):
    """Somebody's dust must not leave a borrower who adds collateral without it."""
    market.supply(stranger, weth, 10)
    assert pool.accountData(stranger).collateralValue == (weth.units(10) + 1) * 2_000


@pytest.mark.usefixtures("given_dust")
def test_supply__on_top_of_a_gift_in_a_second_place__does_the_same(
    market, pool, weth, supplier, stranger
):
    """The gift of WETH came first; one of USDC is kept in another place of the books."""
    quickly(pool.transfer, stranger, market["USDC"].id, 1, sender=supplier)

    market.supply(stranger, market["USDC"], 100)

    assert [p.collateral for p in pool.positions(stranger)] == [False, True]
    assert pool.accountData(stranger).collateralValue == 100 * WAD + 10**12


@pytest.mark.usefixtures("given_dust")
def test_supply__by_a_stranger_on_top_of_his_gift__makes_it_no_collateral(
    pool, weth, supplier, stranger
):
    """Else anybody could load an account with collaterals that its health checks have to read."""
    pool.supply(weth.id, weth.units(1), stranger, sender=supplier)
    assert pool.accountData(stranger).collateralValue == 0


@pytest.mark.usefixtures("given_dust")
def test_supply__by_an_operator_on_top_of_a_gift__makes_it_collateral(
    pool, weth, supplier, stranger
):
    quickly(pool.authorize, supplier, SUPPLY, MAX, sender=stranger)
    pool.supply(weth.id, weth.units(1), stranger, sender=supplier)
    assert pool.accountData(stranger).collateralValue > 2_000 * WAD


@pytest.mark.usefixtures("given_dust")
def test_supply__on_top_of_a_gift_that_was_refused_as_collateral__stays_none(
    market, pool, weth, stranger
):
    """What an account says counts more than what it supplies."""
    quickly(pool.setCollateral, weth.id, False, stranger, sender=stranger)
    market.supply(stranger, weth, 10)
    assert pool.accountData(stranger).collateralValue == 0


@pytest.mark.usefixtures("supplied")
def test_supply__on_top_of_ones_own_that_is_no_collateral__stays_none(market, pool, weth, supplier):
    quickly(pool.setCollateral, weth.id, False, supplier, sender=supplier)
    market.supply(supplier, weth, 1)
    assert pool.accountData(supplier).collateralValue == 0


@pytest.mark.usefixtures("supplied")
def test_transfer__to_one_with_such_collateral__adds_to_it(market, pool, weth, supplier, stranger):
    market.supply(stranger, weth, 1)

    pool.transfer(stranger, weth.id, weth.units(1), sender=supplier)

    assert pool.accountData(stranger).collateralValue == 4_000 * WAD


@pytest.fixture
def resting(market, supplier, weth):
    """The supplier has 3 WETH that sit idle."""
    market.supply(supplier, weth, 3, idle=True)


@pytest.mark.usefixtures("resting")
def test_transfer__idle_to_one_without__refused(pool, weth, supplier, stranger):
    """A gift of dust would keep his own supply from earning."""
    with ape.reverts(pool.NotAuthorized, account=stranger, caller=supplier, action=SUPPLY):
        pool.transfer(stranger, weth.id | IDLE, 1, sender=supplier)


@pytest.mark.usefixtures("resting")
def test_transfer__idle_with_authorization__stays_idle(pool, weth, supplier, stranger):
    quickly(pool.authorize, supplier, SUPPLY, MAX, sender=stranger)

    pool.transfer(stranger, weth.id | IDLE, weth.units(1), sender=supplier)

    assert [p.idle for p in pool.positions(stranger)] == [True]
    assert pool.reserveData(weth.id).idleAssets == weth.units(3)


@pytest.mark.usefixtures("resting")
def test_transfer__idle_to_one_with_such_a_supply__adds_to_it(
    market, pool, weth, supplier, stranger
):
    market.supply(stranger, weth, 1, idle=True)

    pool.transfer(stranger, weth.id | IDLE, weth.units(1), sender=supplier)

    assert pool.balanceOf(stranger, weth.id | IDLE) == weth.units(2)


@pytest.mark.usefixtures("supplied")
def test_transfer__to_one_whose_supply_is_in_the_other_mode__refused(
    market, pool, weth, supplier, stranger
):
    market.supply(stranger, weth, 1, idle=True)

    with ape.reverts(pool.OtherMode, account=stranger, positionId=weth.id):
        pool.transfer(stranger, weth.id, 1, sender=supplier)


@pytest.mark.usefixtures("supplied")
def test_transfer__a_share_more_than_held__refused(pool, weth, supplier, stranger):
    held = weth.units(3)
    with ape.reverts(
        pool.InsufficientShares, account=supplier, positionId=weth.id, requested=held + 1, held=held
    ):
        pool.transfer(stranger, weth.id, held + 1, sender=supplier)


@pytest.mark.usefixtures("supplied")
def test_transfer__nothing__refused(pool, weth, supplier, stranger):
    with ape.reverts(pool.ZeroAmount):
        pool.transfer(stranger, weth.id, 0, sender=supplier)


@pytest.mark.usefixtures("supplied")
def test_transfer__to_nobody__refused(pool, weth, supplier):
    with ape.reverts(pool.ZeroAddress):
        pool.transfer(ZERO, weth.id, 1, sender=supplier)


@pytest.mark.parametrize("unknown", [DEBT, DEBT | IDLE, MAX])
def test_transfer__unknown_position__refused(pool, supplier, stranger, unknown):
    with ape.reverts(pool.UnknownReserve, id=unknown):
        pool.transfer(stranger, unknown, 1, sender=supplier)


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("closed", ["freeze", "pause"])
def test_transfer__closed_reserve__goes_on(market, pool, weth, owner, supplier, stranger, closed):
    quickly(getattr(market.configurator, closed), pool, weth.id, sender=owner)
    pool.transfer(stranger, weth.id, 1, sender=supplier)
    assert pool.balanceOf(stranger, weth.id) == 1


@pytest.fixture
def owing(market, supplier, borrower, weth, usdc):
    """8,000 USDC of debt on 10 WETH, of which 5 would do."""
    market.supply(supplier, usdc, 100_000)
    market.supply(borrower, weth, 10)
    market.borrow(borrower, usdc, 8_000)


@pytest.mark.usefixtures("owing")
def test_transfer__down_to_the_limit__accepted(pool, weth, borrower, stranger):
    pool.transfer(stranger, weth.id, weth.units(5), sender=borrower)
    assert pool.accountData(borrower).borrowLimit == 8_000 * WAD


@pytest.mark.usefixtures("owing")
def test_transfer__a_share_below_the_limit__refused(pool, weth, borrower, stranger):
    with ape.reverts(
        pool.Undercollateralized,
        account=borrower,
        debtValue=8_000 * WAD,
        borrowLimit=8_000 * WAD - 1_600,
    ):
        pool.transfer(stranger, weth.id, weth.units(5) + 1, sender=borrower)


# -------------------------------------------------------------------------------- for somebody else


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("granted", [0, BORROW])
def test_transfer_from__without_consent__refused(pool, weth, supplier, stranger, granted):
    quickly(pool.authorize, stranger, granted, MAX, sender=supplier)

    with ape.reverts(pool.NotAuthorized, account=supplier, caller=stranger, action=WITHDRAW):
        pool.transferFrom(supplier, stranger, weth.id, 1, sender=stranger)


@pytest.mark.usefixtures("supplied")
def test_transfer_from__within_the_allowance__spends_it(pool, weth, supplier, stranger, liquidator):
    quickly(pool.approve, stranger, weth.id, weth.units(2), sender=supplier)

    tx = pool.transferFrom(supplier, liquidator, weth.id, weth.units(1), sender=stranger)

    assert tx.return_value is True
    assert pool.balanceOf(liquidator, weth.id) == weth.units(1)
    assert pool.allowance(supplier, stranger, weth.id) == weth.units(1)
    log = event(tx, pool.Transfer)
    assert (log.caller, log.sender, log.receiver) == (stranger, supplier, liquidator)


@pytest.mark.usefixtures("supplied")
def test_transfer_from__a_share_above_the_allowance__refused(pool, weth, supplier, stranger):
    allowed = weth.units(2)
    quickly(pool.approve, stranger, weth.id, allowed, sender=supplier)

    with ape.reverts(
        pool.InsufficientAllowance,
        account=supplier,
        caller=stranger,
        positionId=weth.id,
        requested=allowed + 1,
        allowed=allowed,
    ):
        pool.transferFrom(supplier, stranger, weth.id, allowed + 1, sender=stranger)


@pytest.mark.usefixtures("supplied")
def test_transfer_from__by_an_operator__spends_no_allowance(pool, weth, supplier, stranger):
    quickly(pool.approve, stranger, weth.id, 5, sender=supplier)
    quickly(pool.setOperator, stranger, True, sender=supplier)

    pool.transferFrom(supplier, stranger, weth.id, weth.units(3), sender=stranger)

    assert pool.allowance(supplier, stranger, weth.id) == 5


@pytest.mark.usefixtures("supplied")
def test_transfer_from__ones_own__needs_no_allowance(pool, weth, supplier, stranger):
    pool.transferFrom(supplier, stranger, weth.id, 1, sender=supplier)
    assert pool.balanceOf(stranger, weth.id) == 1


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("granted", [2**208 - 1, MAX])
def test_transfer_from__the_largest_allowance__never_runs_out(
    pool, weth, supplier, stranger, granted
):
    quickly(pool.approve, stranger, weth.id, granted, sender=supplier)

    pool.transferFrom(supplier, stranger, weth.id, weth.units(3), sender=stranger)

    assert pool.allowance(supplier, stranger, weth.id) == MAX


# ------------------------------------------------------------------------------------- the standard

ERC_6909 = (
    "balanceOf",
    "allowance",
    "isOperator",
    "transfer",
    "transferFrom",
    "approve",
    "setOperator",
)


def test_supports_interface__erc_6909__is_the_sum_of_its_selectors(pool):
    signatures = {m.name: m.selector for m in pool.contract_type.methods}
    selectors = [int.from_bytes(keccak(text=signatures[name])[:4], "big") for name in ERC_6909]
    assert pool.supportsInterface(reduce(xor, selectors).to_bytes(4, "big"))


@pytest.mark.parametrize(("interface", "known"), [("0x01ffc9a7", True), ("0xffffffff", False)])
def test_supports_interface__erc_165__is_known_and_nonsense_is_not(pool, interface, known):
    assert pool.supportsInterface(interface) is known


@pytest.mark.usefixtures("supplied")
@pytest.mark.parametrize("unknown", [5, DEBT, MAX])
def test_balance_of__unknown_position__is_zero(pool, supplier, unknown):
    assert pool.balanceOf(supplier, unknown) == 0
