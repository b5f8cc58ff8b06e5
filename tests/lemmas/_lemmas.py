"""The lemmas: what the protocol's arithmetic promises, for all integers.

Scaled by WAD, a reserve's slack is what it holds and is owed less what it owes,

    slack = held WAD + debt shares * debt index - supply shares * supply index - idle WAD

The solvency lemmas are an induction: a slack above minus one wei means that everybody can be paid; it is
zero at listing; every action and all interest leave it or raise it; and the two that lower it, a write-off
and a collection, stop above minus one wei.
"""

from __future__ import annotations

from tests.lemmas import _formulas as f
from tests.lemmas._prover import WAD, Claim, Number, Rounding, choose, least, lemma

FINE = {"index": WAD + WAD // 4}
COARSE = {"index": 3 * WAD}
"""Indices at which a product, and a quotient, shows how it was rounded."""


def slack(
    held: Number,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number = 0,
) -> Number:
    """See above."""
    return held * WAD + debt * debt_index - supplied * supply_index - idle * WAD


# ---------------------------------------------------------------------- products and quotients


@lemma(
    "A product rounded down is the greatest integer that is not above it",
    wrong={"mul_down": "half"},
)
def mul_down__is_the_floor(r: Rounding, a: Number, b: Number) -> Claim:
    q = r.mul_down(a, b)
    return Claim([], [q * WAD <= a * b, a * b < (q + 1) * WAD])


@lemma("A product rounded up is the least integer that is not below it", wrong={"mul_up": "half"})
def mul_up__is_the_ceiling(r: Rounding, a: Number, b: Number) -> Claim:
    q = r.mul_up(a, b)
    return Claim([], [a * b <= q * WAD, q * WAD < a * b + WAD])


@lemma(
    "A quotient rounded down is the greatest integer that is not above it",
    wrong={"div_down": "half"},
)
def div_down__is_the_floor(r: Rounding, a: Number, b: Number) -> Claim:
    q = r.div_down(a, b)
    return Claim([b > 0], [q * b <= a * WAD, a * WAD < (q + 1) * b])


@lemma("A quotient rounded up is the least integer that is not below it", wrong={"div_up": "half"})
def div_up__is_the_ceiling(r: Rounding, a: Number, b: Number) -> Claim:
    q = r.div_up(a, b)
    return Claim([b > 0], [a * WAD <= q * b, q * b < a * WAD + b])


@lemma("Rounding up and down differ by at most one unit", wrong={"mul_up": "down"})
def mul_up__exceeds_mul_down_by_one_at_most(r: Rounding, a: Number, b: Number) -> Claim:
    up, down = r.mul_up(a, b), r.mul_down(a, b)
    return Claim([a * b > down * WAD], [up == down + 1])


# ---------------------------------------------------------------------- round trips


@lemma(
    "What is supplied in assets is not withdrawn as more", wrong={"div_down": "half"}, near=COARSE
)
def supply__assets_then_withdraw_all__no_profit(r: Rounding, paid: Number, index: Number) -> Claim:
    _, shares = f.supply_assets(r, paid, index)
    received, _ = f.withdraw_shares(r, shares, index)
    return Claim([index > 0], [received <= paid])


@lemma("What is supplied in shares is not withdrawn as more", wrong={"mul_up": "half"}, near=FINE)
def supply__shares_then_withdraw_all__no_profit(
    r: Rounding, shares: Number, index: Number
) -> Claim:
    paid, _ = f.supply_shares(r, shares, index)
    received, _ = f.withdraw_shares(r, shares, index)
    # Named with all precision: with half a wei gained each time, a thousand trips would pay.
    return Claim([], [received <= paid, shares * index <= paid * WAD])


@lemma(
    "What is withdrawn in assets costs shares worth at least that",
    wrong={"div_up": "half"},
    near=COARSE,
)
def withdraw__assets__burns_their_worth(r: Rounding, assets: Number, index: Number) -> Claim:
    _, shares = f.withdraw_assets(r, assets, index)
    return Claim([index > 0], [shares * index >= assets * WAD, (shares - 1) * index < assets * WAD])


@lemma(
    "No withdrawal in assets takes out more than was supplied in assets",
    wrong={"div_up": "half"},
    near=COARSE,
)
def supply__then_withdraw_assets__no_profit(
    r: Rounding, paid: Number, taken: Number, index: Number
) -> Claim:
    _, minted = f.supply_assets(r, paid, index)
    _, burned = f.withdraw_assets(r, taken, index)
    return Claim([index > 0, burned <= minted], [taken <= paid])


@lemma(
    "What is withdrawn and supplied again gives no more shares",
    wrong={"div_up": "down"},
    near=COARSE,
)
def withdraw__then_supply__no_more_shares(r: Rounding, assets: Number, index: Number) -> Claim:
    _, burned = f.withdraw_assets(r, assets, index)
    _, minted = f.supply_assets(r, assets, index)
    exact = burned * index == assets * WAD
    return Claim([index > 0], [minted <= burned, minted + choose(exact, 0, 1) == burned])


@lemma(
    "A supplier can always withdraw in assets all that his shares are worth",
    wrong={"div_up": "half"},
)
def withdraw__worth_of_all_shares__never_needs_more(
    r: Rounding, held: Number, index: Number
) -> Claim:
    worth, _ = f.withdraw_shares(r, held, index)
    _, burned = f.withdraw_assets(r, worth, index)
    # One less than that would not be enough.
    return Claim([index > 0], [burned <= held, burned * index >= worth * WAD])


@lemma(
    "A loan in assets costs at least that to repay at once", wrong={"div_up": "half"}, near=COARSE
)
def borrow__assets_then_repay_all__no_profit(r: Rounding, received: Number, index: Number) -> Claim:
    _, owed = f.borrow_assets(r, received, index)
    paid, _ = f.repay_shares(r, owed, owed, index)
    return Claim([index >= WAD], [paid >= received, owed * index >= received * WAD])


@lemma(
    "A loan in shares costs at least what it gave to repay at once",
    wrong={"mul_down": "up"},
    near=FINE,
)
def borrow__shares_then_repay_all__no_profit(r: Rounding, shares: Number, index: Number) -> Claim:
    received, _ = f.borrow_shares(r, shares, index)
    paid, _ = f.repay_shares(r, shares, shares, index)
    return Claim([], [paid >= received, received * WAD <= shares * index])


@lemma(
    "A repayment in assets takes off no more debt than it pays for",
    wrong={"div_down": "up"},
    near=COARSE,
)
def repay__assets__takes_off_no_more(
    r: Rounding, amount: Number, owed: Number, index: Number
) -> Claim:
    paid, shares = f.repay(r, amount, owed, index)
    return Claim([index > 0], [shares * index <= paid * WAD, paid <= amount])


@lemma("No repayment takes off more debt than there is", wrong={"mul_up": "down"}, near=FINE)
def repay__any_amount__at_most_the_debt(
    r: Rounding, amount: Number, owed: Number, index: Number
) -> Claim:
    paid, shares = f.repay(r, amount, owed, index)
    cleared = choose(shares >= owed, owed, 0)
    return Claim(
        [index > 0],
        [shares <= owed, paid * WAD < owed * index + WAD, cleared * index <= paid * WAD],
    )


@lemma(
    "What reaches the debt clears it, what does not leaves some",
    wrong={"div_down": "up"},
    near=COARSE,
)
def repay__less_than_the_debt__leaves_some(
    r: Rounding, amount: Number, owed: Number, index: Number
) -> Claim:
    _, shares = f.repay(r, amount, owed, index)
    clears = amount >= r.mul_up(owed, index)
    return Claim([index > 0, owed > 0], [(shares == owed) == clears])


# ---------------------------------------------------------------------- splits


@lemma(
    "A supply in two parts gives no more shares, and at most one fewer",
    wrong={"div_down": "half"},
    near=COARSE,
)
def supply__split_in_two__no_more_shares(r: Rounding, a: Number, b: Number, index: Number) -> Claim:
    parts = r.div_down(a, index) + r.div_down(b, index)
    whole = r.div_down(a + b, index)
    return Claim([index > 0], [parts <= whole, whole <= parts + 1])


@lemma(
    "A withdrawal in two parts burns no fewer shares, and at most one more",
    wrong={"div_up": "half"},
    near=COARSE,
)
def withdraw__split_in_two__no_fewer_shares(
    r: Rounding, a: Number, b: Number, index: Number
) -> Claim:
    parts = r.div_up(a, index) + r.div_up(b, index)
    whole = r.div_up(a + b, index)
    return Claim([index > 0], [parts >= whole, parts <= whole + 1])


@lemma(
    "Shares redeemed in two parts give no more assets, and at most one fewer",
    wrong={"mul_down": "half"},
    near=FINE,
)
def redeem__split_in_two__no_more_assets(r: Rounding, a: Number, b: Number, index: Number) -> Claim:
    parts = r.mul_down(a, index) + r.mul_down(b, index)
    whole = r.mul_down(a + b, index)
    return Claim([], [parts <= whole, whole <= parts + 1])


@lemma(
    "Debt shares paid off in two parts cost no less, and at most one more",
    wrong={"mul_up": "half"},
    near=FINE,
)
def repay__split_in_two__no_cheaper(r: Rounding, a: Number, b: Number, index: Number) -> Claim:
    parts = r.mul_up(a, index) + r.mul_up(b, index)
    whole = r.mul_up(a + b, index)
    return Claim([], [parts >= whole, parts <= whole + 1])


# ---------------------------------------------------------------------- totals and their parts


@lemma(
    "What two suppliers own is no more than what both own together",
    wrong={"mul_down": "half"},
    near=FINE,
)
def supply_assets__of_all__cover_each(
    r: Rounding, one: Number, others: Number, index: Number
) -> Claim:
    each = r.mul_down(one, index) + r.mul_down(others, index)
    return Claim([], [each <= r.mul_down(one + others, index)])


@lemma(
    "What two borrowers owe is no less than what both owe together",
    wrong={"mul_up": "half"},
    near=FINE,
)
def debt_assets__of_all__no_more_than_of_each(
    r: Rounding, one: Number, others: Number, index: Number
) -> Claim:
    each = r.mul_up(one, index) + r.mul_up(others, index)
    return Claim([], [each >= r.mul_up(one + others, index)])


@lemma(
    "Cash never exceeds supply, and with the debt it never exceeds supply either",
    wrong={"mul_up": "down"},
)
def cash__and_debt__within_supply(
    r: Rounding, supplied: Number, debt: Number, supply_index: Number, debt_index: Number
) -> Claim:
    free = f.cash(r, supplied, debt, supply_index, debt_index)
    given = [supplied * supply_index >= debt * debt_index]
    # A loan of all cash leaves no more owed than is owned, to the last fraction.
    return Claim(given, [free * WAD + debt * debt_index <= supplied * supply_index])


@lemma(
    "A utilization is a fraction, and zero only without debt or to the last digit",
    wrong={"floor": "half"},
)
def utilization__any_totals__at_most_one(
    r: Rounding, supplied: Number, debt: Number, supply_index: Number, debt_index: Number
) -> Claim:
    u = f.utilization(r, supplied, debt, supply_index, debt_index)
    owed, owned = r.mul_up(debt, debt_index), r.mul_down(supplied, supply_index)
    return Claim([], [u <= WAD, choose(owed < owned, u * owned, 0) <= owed * WAD])


# ---------------------------------------------------------------------- solvency, step by step


@lemma(
    "Slack above minus one wei: what is held and owed covers what is owned",
    wrong={"mul_up": "half"},
)
def solvency__slack_above_minus_a_wei__everybody_is_paid(
    r: Rounding,
    held: Number,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
) -> Claim:
    before = slack(held, supplied, debt, supply_index, debt_index, idle)
    owed, owned = r.mul_up(debt, debt_index), r.mul_down(supplied, supply_index)
    return Claim([before > -WAD], [held + owed >= owned + idle])


@lemma(
    "A supply does not lower the slack, named in assets or in shares",
    wrong={"div_down": "up"},
    near=COARSE,
)
def solvency__supply__slack_kept(
    r: Rounding, assets: Number, shares: Number, index: Number
) -> Claim:
    _, minted = f.supply_assets(r, assets, index)
    paid, _ = f.supply_shares(r, shares, index)
    return Claim(
        [index > 0], [assets * WAD - minted * index >= 0, paid * WAD - shares * index >= 0]
    )


@lemma(
    "A withdrawal does not lower the slack, named in assets or in shares",
    wrong={"div_up": "down"},
    near=COARSE,
)
def solvency__withdraw__slack_kept(
    r: Rounding, assets: Number, shares: Number, index: Number
) -> Claim:
    _, burned = f.withdraw_assets(r, assets, index)
    received, _ = f.withdraw_shares(r, shares, index)
    return Claim(
        [index > 0], [burned * index - assets * WAD >= 0, shares * index - received * WAD >= 0]
    )


@lemma(
    "A loan does not lower the slack, named in assets or in shares",
    wrong={"mul_down": "half"},
    near=FINE,
)
def solvency__borrow__slack_kept(
    r: Rounding, assets: Number, shares: Number, index: Number
) -> Claim:
    _, owed = f.borrow_assets(r, assets, index)
    received, _ = f.borrow_shares(r, shares, index)
    return Claim(
        [index > 0], [owed * index - assets * WAD >= 0, shares * index - received * WAD >= 0]
    )


@lemma(
    "A repayment does not lower the slack, named in assets or in shares",
    wrong={"mul_up": "half"},
    near=FINE,
)
def solvency__repay__slack_kept(
    r: Rounding, assets: Number, shares: Number, owed: Number, index: Number
) -> Claim:
    paid, off = f.repay(r, assets, owed, index)
    price, taken = f.repay_shares(r, shares, owed, index)
    return Claim([index > 0], [paid * WAD - off * index >= 0, price * WAD - taken * index >= 0])


@lemma("Supply turned idle does not lower the slack", wrong={"mul_down": "up"}, near=FINE)
def solvency__convert_to_idle__slack_kept(r: Rounding, shares: Number, index: Number) -> Claim:
    units, _ = f.withdraw_shares(r, shares, index)
    return Claim([], [shares * index - units * WAD >= 0])


@lemma(
    "Idle supply that begins to earn does not lower the slack",
    wrong={"div_down": "half"},
    near=COARSE,
)
def solvency__convert_to_earning__slack_kept(r: Rounding, units: Number, index: Number) -> Claim:
    assets, shares = f.supply_assets(r, units, index)
    return Claim([index > 0], [assets * WAD - shares * index >= 0])


@lemma("Idle and back again pays nobody", wrong={"div_down": "up"}, near=FINE)
def convert__idle_and_back__no_profit(r: Rounding, shares: Number, index: Number) -> Claim:
    units, _ = f.withdraw_shares(r, shares, index)
    _, again = f.supply_assets(r, units, index)
    return Claim([index > 0], [again <= shares, again * index <= units * WAD])


@lemma("Debt repaid with one's supply does not lower the slack", wrong={"div_up": "half"})
def solvency__repay_with_supply__slack_kept(
    r: Rounding, assets: Number, owed: Number, supply_index: Number, debt_index: Number
) -> Claim:
    repaid, off = f.repay(r, assets, owed, debt_index)
    _, burned = f.withdraw_assets(r, repaid, supply_index)
    given = [supply_index > 0, debt_index > 0]
    return Claim(
        given, [burned * supply_index - repaid * WAD >= 0, repaid * WAD - off * debt_index >= 0]
    )


@lemma(
    "Interest does not lower the slack: suppliers get no more than borrowers pay",
    wrong={"floor": "half"},
)
def solvency__interest__slack_kept(
    r: Rounding,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    growth: Number,
    reserve_factor: Number,
) -> Claim:
    si, di = f.grow(r, supplied, debt, supply_index, debt_index, growth, reserve_factor)
    given = [
        supplied > 0,
        reserve_factor <= 100,
        supply_index <= f.MAX_INDEX,
        debt_index <= f.MAX_INDEX,
    ]
    return Claim(given, [supplied * (si - supply_index) <= debt * (di - debt_index)])


@lemma("A collection of no more than the buffer leaves the slack above minus one wei", dropped=0)
def solvency__collection__slack_above_minus_a_wei(
    r: Rounding,
    held: Number,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
    taken: Number,
) -> Claim:
    most = f.buffer(r, held, supplied, debt, supply_index, debt_index, idle)
    before = slack(held, supplied, debt, supply_index, debt_index, idle)
    after = slack(held - taken, supplied, debt, supply_index, debt_index, idle)
    return Claim([taken <= most, before > -WAD], [after > -WAD])


@lemma("A write-off leaves the slack above minus one wei", wrong={"div_down": "up"})
def solvency__write_off__slack_above_minus_a_wei(
    r: Rounding,
    held: Number,
    supplied: Number,
    before: Number,
    after: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
) -> Claim:
    deficit = _deficit(r, held, supplied, before, after, supply_index, debt_index, idle)
    index = choose(
        deficit <= 0, supply_index, f.written_off_index(r, supplied, supply_index, deficit)
    )
    given = [
        after < before,
        supplied > 0,
        slack(held, supplied, before, supply_index, debt_index, idle) > -WAD,
        held >= idle,
    ]
    return Claim(given, [slack(held, supplied, after, index, debt_index, idle) > -WAD])


@lemma(
    "A deficit that an insurer pays in full leaves the slack above minus one wei",
    wrong={"mul_down": "up", "div_up": "down"},
)
def solvency__insured_write_off__slack_above_minus_a_wei(
    r: Rounding,
    held: Number,
    supplied: Number,
    before: Number,
    after: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
    insured: Number,
) -> Claim:
    deficit = _deficit(r, held, supplied, before, after, supply_index, debt_index, idle)
    paid, burned = f.slash(r, insured, deficit, supply_index)
    was = slack(held, supplied, before, supply_index, debt_index, idle)
    given = [
        after < before,
        insured <= supplied,
        supply_index > 0,
        deficit > 0,
        paid >= deficit,
        was > -WAD,
    ]
    now = slack(held, supplied - burned, after, supply_index, debt_index, idle)
    return Claim(given, [now > -WAD])


def _deficit(
    r: Rounding,
    held: Number,
    supplied: Number,
    before: Number,
    after: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
) -> Number:
    """What the buffer cannot pay as the debt falls from `before` shares to `after`."""
    funds = f.buffer(r, held, supplied, before, supply_index, debt_index, idle)
    lost = r.mul_up(before - after, debt_index)
    return choose(lost <= funds, 0, lost - funds)


@lemma("What leaves the reserve leaves the idle collateral in it", dropped=0)
def solvency__outflow__idle_stays(
    r: Rounding,
    held: Number,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    idle: Number,
) -> Claim:
    owed, owned = r.mul_up(debt, debt_index), r.mul_down(supplied, supply_index)
    after = slack(held, supplied, debt, supply_index, debt_index, idle)
    return Claim([owned >= owed, after > -WAD], [held + owed >= owned + idle, held >= idle])


# ---------------------------------------------------------------------- write-offs


@lemma("After a write-off suppliers own no more than what is left", wrong={"div_down": "half"})
def write_off__deficit__index_times_shares_within_what_is_left(
    r: Rounding, supplied: Number, index: Number, deficit: Number
) -> Claim:
    lowered = f.written_off_index(r, supplied, index, deficit)
    owned = r.mul_down(supplied, index)
    given = [supplied > 0, deficit <= owned]
    return Claim(given, [lowered * supplied <= (owned - deficit) * WAD])


@lemma("A write-off never raises the supply index, and a deficit of a wei lowers it", dropped=1)
def write_off__deficit__index_falls(
    r: Rounding, supplied: Number, index: Number, deficit: Number
) -> Claim:
    lowered = f.written_off_index(r, supplied, index, deficit)
    return Claim([supplied > 0, deficit > 0, index > 0], [lowered < index])


@lemma(
    "A write-off takes from suppliers the deficit and less than a wei and a step of the index",
    wrong={"mul_down": "half"},
)
def write_off__deficit__takes_no_more(
    r: Rounding, supplied: Number, index: Number, deficit: Number
) -> Claim:
    lowered = f.written_off_index(r, supplied, index, deficit)
    given = [supplied > 0, deficit <= r.mul_down(supplied, index)]
    loss = supplied * (index - lowered)
    return Claim(given, [loss < deficit * WAD + WAD + supplied, loss >= deficit * WAD])


@lemma(
    "The greater deficit leaves the lower index",
    wrong={"floor": "down", "div_down": "half"},
    near={"supplied": 3},
)
def write_off__greater_deficit__not_the_higher_index(
    r: Rounding, supplied: Number, index: Number, deficit: Number, more: Number
) -> Claim:
    one = f.written_off_index(r, supplied, index, deficit)
    other = f.written_off_index(r, supplied, index, deficit + more)
    return Claim(
        [supplied > 0], [other <= one, one * supplied <= r.mul_down(supplied, index) * WAD]
    )


@lemma(
    "An insurer pays no more than the deficit and loses shares worth at least that",
    wrong={"mul_down": "up"},
    near=FINE,
)
def slash__any_holding__pays_what_it_burns(
    r: Rounding, held: Number, deficit: Number, index: Number
) -> Claim:
    paid, shares = f.slash(r, held, deficit, index)
    return Claim([index > 0], [paid <= deficit, paid * WAD <= shares * index, shares <= held])


@lemma(
    "An insurer with enough shares pays all of it, for less than a share more",
    wrong={"div_up": "down"},
    near=COARSE,
)
def slash__enough_shares__pays_in_full(
    r: Rounding, held: Number, deficit: Number, index: Number
) -> Claim:
    paid, shares = f.slash(r, held, deficit, index)
    given = [index > 0, held * index >= deficit * WAD]
    return Claim(given, [paid == deficit, shares * index < deficit * WAD + index])


# ---------------------------------------------------------------------- interest


@lemma("Interest never lowers an index", wrong={"ceil": "down"}, near={"growth": 1})
def interest__any_growth__indices_do_not_fall(
    r: Rounding,
    supplied: Number,
    debt: Number,
    supply_index: Number,
    debt_index: Number,
    growth: Number,
    reserve_factor: Number,
) -> Claim:
    si, di = f.grow(r, supplied, debt, supply_index, debt_index, growth, reserve_factor)
    given = [
        supplied > 0,
        reserve_factor <= 100,
        debt_index > 0,
        debt_index < f.MAX_INDEX,
        supply_index <= f.MAX_INDEX,
        growth > 0,
    ]
    return Claim(given, [si >= supply_index, di > debt_index])


@lemma(
    "A debt grows by its growth, and by less than a step of the index more", wrong={"ceil": "half"}
)
def interest__debt__grows_by_its_growth(r: Rounding, debt_index: Number, growth: Number) -> Claim:
    step = r.ceil(debt_index * growth, WAD)
    return Claim([], [step * WAD >= debt_index * growth, step * WAD < debt_index * growth + WAD])


@lemma(
    "The protocol keeps at least its part of the interest",
    wrong={"floor": "up"},
    near={"reserve_factor": 10},
)
def interest__reserve_factor__kept_in_full(
    r: Rounding, supplied: Number, interest: Number, reserve_factor: Number
) -> Claim:
    part = r.floor(r.floor(interest * (100 - reserve_factor), 100), supplied)
    given = [supplied > 0, reserve_factor <= 100]
    return Claim(given, [100 * (interest - supplied * part) >= reserve_factor * interest])


@lemma("No product in the accrual outgrows a word", dropped=0)
def interest__widths__fit_a_word(
    r: Rounding, index: Number, growth: Number, shares: Number, grown: Number
) -> Claim:
    given = [growth < 2**93, index <= f.MAX_INDEX, shares <= f.MAX_SHARES, grown <= f.MAX_INDEX]
    word = 2**256
    return Claim(
        given,
        [index * growth + WAD < word, shares * grown * 100 < word, shares * grown + WAD < word],
    )


@lemma("No share count outgrows a word before it is refused", dropped=0)
def shares__of_any_amount__do_not_wrap(
    r: Rounding, amount: Number, index: Number, total: Number
) -> Claim:
    given = [amount <= f.MAX_AMOUNT, index > 0, total <= f.MAX_SHARES]
    return Claim(given, [r.div_up(amount, index) + total < 2**256, amount * WAD < 2**256])


@lemma(
    "The series is its polynomial rounded down, by less than 2 + x / 3 wei", wrong={"floor": "half"}
)
def growth__series__misses_its_polynomial_by_little(r: Rounding, x: Number) -> Claim:
    # Six times the polynomial in steps of WAD^-2: 6 x WAD^2 + 3 x^2 WAD + x^3.
    exact = 6 * x * WAD * WAD + 3 * x * x * WAD + x * x * x
    missed = exact - 6 * WAD * WAD * f.series(r, x)
    return Claim([], [missed >= 0, missed < 12 * WAD * WAD + 2 * x * WAD])


@lemma("Nothing in the series outgrows a word, at the greatest rate for 2^32 seconds", dropped=1)
def growth__widths__fit_a_word(r: Rounding, rate: Number, elapsed: Number) -> Claim:
    x = rate * elapsed
    second = r.floor(x * x, 2 * WAD)
    given = [rate <= f.MAX_RATE, elapsed < 2**32]
    return Claim(
        given, [x < 2**72, x * x < 2**144, second * x < 2**216, f.growth(r, rate, elapsed) < 2**93]
    )


@lemma("The longer interval never costs less", dropped=0)
def growth__longer__not_less(r: Rounding, x: Number, y: Number) -> Claim:
    second = [r.floor(z * z, 2 * WAD) for z in (x, y)]
    steps = [x * x <= y * y, second[0] <= second[1], second[0] * x <= second[1] * y]
    return Claim([x <= y], [*steps, f.series(r, x) <= f.series(r, y)])


@lemma("The series charges at least simple interest", dropped=0)
def growth__series__at_least_simple_interest(
    r: Rounding, rate: Number, elapsed: Number, simple: Number
) -> Claim:
    return Claim([simple <= rate * elapsed], [simple <= f.growth(r, rate, elapsed)])


@lemma(
    "The curve never falls as more is borrowed, from its base to the sum of its slopes", dropped=2
)
def curve__higher_utilization__not_the_lower_rate(
    r: Rounding, base: Number, kink: Number, slope1: Number, slope2: Number, u: Number, more: Number
) -> Claim:
    given = [kink > 0, kink < WAD, u + more <= WAD]
    one = f.annual_rate(r, base, kink, slope1, slope2, u)
    other = f.annual_rate(r, base, kink, slope1, slope2, u + more)
    return Claim(given, [one <= other, one >= base, one <= base + slope1 + slope2])


@lemma("Interest in two steps is at least interest in one, before rounding", dropped=0)
def growth__two_steps__at_least_one(r: Rounding, x: Number, y: Number, both: Number) -> Claim:
    def polynomial(z: Number) -> Number:
        return 6 * WAD**3 + 6 * z * WAD**2 + 3 * z * z * WAD + z * z * z

    sum_ = polynomial(x) * polynomial(y) >= 6 * WAD**3 * polynomial(x + y)
    return Claim([both <= x + y], [sum_, both <= x + y, polynomial(both) <= polynomial(x + y)])


@lemma("A threshold on its way down stays between its two ends", dropped=1)
def ramp__on_the_way__between_its_ends(
    r: Rounding, origin: Number, target: Number, left: Number, whole: Number
) -> Claim:
    now = f.ramp(r, origin, target, left, whole)
    given = [target <= origin, left <= whole, whole > 0]
    return Claim(
        given, [(origin - target) * left <= (origin - target) * whole, target <= now, now <= origin]
    )


@lemma(
    "A threshold on its way down never rises, nor falls ahead of its line", wrong={"ceil": "down"}
)
def ramp__later__not_higher(
    r: Rounding, origin: Number, target: Number, left: Number, passed: Number, whole: Number
) -> Claim:
    before = f.ramp(r, origin, target, left + passed, whole)
    now = f.ramp(r, origin, target, left, whole)
    given = [target <= origin, left + passed <= whole, whole > 0]
    line = (now - target) * whole >= (origin - target) * left
    return Claim(
        given,
        [(origin - target) * left <= (origin - target) * (left + passed), now <= before, line],
    )


@lemma("What leaves within one window is at most twice the bucket", dropped=1)
def outflow__within_a_window__twice_the_bucket(
    r: Rounding,
    capacity: Number,
    window: Number,
    level: Number,
    passed: Number,
    first: Number,
    second: Number,
) -> Claim:
    left = level - first
    given = [
        level <= capacity,
        passed <= window,
        first <= level,
        second <= f.outflow_level(r, capacity, window, left, passed),
        window > 0,
    ]
    return Claim(given, [capacity * passed <= capacity * window, first + second <= 2 * capacity])


# ---------------------------------------------------------------------- values


@lemma("Assets worth a value, rounded down, are worth no more than it", wrong={"floor": "half"})
def assets_down__valued_again__no_more(
    r: Rounding, value: Number, price: Number, down: Number
) -> Claim:
    assets = f.assets_down(r, value, price, 1, down)
    given = [price > 0, down > 0]
    return Claim(
        given, [assets * price <= value * down, f.value_down(r, assets, price, 1, down) <= value]
    )


@lemma("Assets worth a value, rounded up, are worth no less than it", wrong={"ceil": "half"})
def assets_up__valued_again__no_less(
    r: Rounding, value: Number, price: Number, down: Number
) -> Claim:
    assets = f.assets_up(r, value, price, 1, down)
    given = [price > 0, down > 0]
    return Claim(
        given, [assets * price >= value * down, f.value_down(r, assets, price, 1, down) >= value]
    )


@lemma(
    "A collateral in two parts is worth no more, a debt in two parts no less",
    wrong={"floor": "half"},
)
def value__split_in_two__against_the_account(
    r: Rounding, a: Number, b: Number, price: Number, down: Number
) -> Claim:
    low = f.value_down(r, a, price, 1, down) + f.value_down(r, b, price, 1, down)
    high = f.value_up(r, a, price, 1, down) + f.value_up(r, b, price, 1, down)
    whole = f.value_down(r, a + b, price, 1, down), f.value_up(r, a + b, price, 1, down)
    return Claim([down > 0], [low <= whole[0], high >= whole[1]])


# ---------------------------------------------------------------------- liquidation


@lemma("What is seized is worth no more than what is repaid and the bonus", wrong={"floor": "half"})
def liquidation__seized__worth_no_more_than_repaid_and_bonus(
    r: Rounding,
    repaid: Number,
    bonus: Number,
    debt_price: Number,
    debt_down: Number,
    price: Number,
    down: Number,
) -> Claim:
    worth = f.value_down(r, repaid, debt_price, 1, debt_down)
    claim = r.mul_down(worth, WAD + bonus)
    taken = f.seized(r, repaid, bonus, debt_price, 1, debt_down, price, 1, down)
    steps = [
        worth * debt_down <= repaid * debt_price,
        claim * WAD <= worth * (WAD + bonus),
        taken * price <= claim * down,
        claim * WAD * debt_down <= worth * debt_down * (WAD + bonus),
        claim * WAD * debt_down <= repaid * debt_price * (WAD + bonus),
        taken * price * (WAD * debt_down) <= claim * down * (WAD * debt_down),
    ]
    bound = repaid * debt_price * (WAD + bonus) * down
    # In values: taken * price / down <= repaid * debt price / debt down * (1 + bonus).
    return Claim(
        [price > 0, down > 0, debt_down > 0], [*steps, taken * price * WAD * debt_down <= bound]
    )


@lemma(
    "All the collateral costs its value less the bonus, but for less than a wei of value",
    wrong={"ceil": "down"},
)
def liquidation__all_collateral__paid_for(
    r: Rounding, side: Number, bonus: Number, debt_price: Number, debt_down: Number
) -> Claim:
    covered = r.div_down(side, WAD + bonus)
    repaid = f.assets_up(r, covered, debt_price, 1, debt_down)
    steps = [
        side * WAD < (covered + 1) * (WAD + bonus),
        covered * debt_down <= repaid * debt_price,
    ]
    given = [debt_price > 0, debt_down > 0]
    return Claim(
        given, [*steps, side * WAD * debt_down < (repaid * debt_price + debt_down) * (WAD + bonus)]
    )


@lemma("The most that is repaid takes no more collateral than there is", wrong={"div_down": "up"})
def liquidation__most__within_both_sides(
    r: Rounding, debt_side: Number, collateral_side: Number, bonus: Number
) -> Claim:
    value = f.most(r, debt_side, collateral_side, bonus)
    # To the last fraction: what is taken for it is at most the side.
    return Claim([], [value <= debt_side, value * (WAD + bonus) <= collateral_side * WAD])


TARGET = {"bonus": WAD // 20, "threshold": WAD * 4 // 5, "target": WAD + WAD // 20}


@lemma("What is repaid restores the target health", wrong={"div_up": "half"}, near=TARGET)
def liquidation__to_target__reaches_it(
    r: Rounding, debt: Number, limit: Number, target: Number, threshold: Number, bonus: Number
) -> Claim:
    value = f.to_target(r, debt, limit, target, threshold, bonus)
    taken = r.mul_down(WAD + bonus, threshold)
    given = [limit < debt, target > WAD, taken < WAD]
    # (L - x (1 + b) t) / (D - x) >= H, multiplied out, with (1 + b) t rounded down.
    return Claim(given, [target * (debt - value) <= limit * WAD - taken * value])


@lemma(
    "One wei less repaid, and the account stays under the target but for a wei",
    wrong={"div_up": "up", "mul_up": "up", "div_down": "up", "mul_down": "up"},
)
def liquidation__to_target__no_further(
    r: Rounding, debt: Number, limit: Number, target: Number, threshold: Number, bonus: Number
) -> Claim:
    value = f.to_target(r, debt, limit, target, threshold, bonus)
    taken = r.mul_down(WAD + bonus, threshold)
    given = [limit < debt, target > WAD, taken < WAD]
    less_by_one = target * (debt - (value - 1)) > limit * WAD - taken * (value - 1) - WAD
    return Claim(given, [less_by_one, taken * WAD <= (WAD + bonus) * threshold])


@lemma("Health does not fall where the bonus times the threshold is at most health", dropped=3)
def liquidation__bonus_times_threshold_within_health__health_does_not_fall(
    r: Rounding,
    debt: Number,
    limit: Number,
    worth: Number,
    repaid: Number,
    seized: Number,
    threshold: Number,
    bonus: Number,
) -> Claim:
    drop = r.mul_down(worth, threshold) - r.mul_down(worth - seized, threshold)
    given = [
        seized <= worth,
        repaid <= debt,
        seized * WAD <= repaid * (WAD + bonus),
        (WAD + bonus) * threshold * debt <= limit * WAD * WAD,
        debt > 0,
        drop <= limit,
    ]
    steps = [
        drop * WAD < seized * threshold + WAD,
        (drop - 1) * WAD * debt <= seized * threshold * debt,
        seized * WAD * (threshold * debt) <= repaid * (WAD + bonus) * (threshold * debt),
        repaid * ((WAD + bonus) * threshold * debt) <= repaid * (limit * WAD * WAD),
        seized * threshold * debt <= repaid * limit * WAD,
        (drop - 1) * debt <= repaid * limit,
    ]
    # L / D <= (L - drop + 1) / (D - x): one wei of value is the rounding.
    return Claim(given, [*steps, limit * (debt - repaid) <= (limit - drop + 1) * debt])


@lemma("The bonus stays between its floor and its cap", dropped=0)
def liquidation__bonus__between_floor_and_cap(
    r: Rounding, lowest: Number, highest: Number, health: Number, full: Number
) -> Claim:
    span = WAD - full
    part = least(WAD - health, span)
    bonus = f.bonus(r, lowest, highest, health, full)
    given = [lowest <= highest, health <= WAD, full < WAD]
    return Claim(
        given,
        [(highest - lowest) * part <= (highest - lowest) * span, lowest <= bonus, bonus <= highest],
    )


@lemma("The worse health never has the lower bonus", dropped=3)
def liquidation__worse_health__not_the_lower_bonus(
    r: Rounding, lowest: Number, highest: Number, health: Number, worse: Number, full: Number
) -> Claim:
    span = WAD - full
    parts = [least(WAD - h, span) for h in (health, worse)]
    given = [lowest <= highest, health <= WAD, full < WAD, worse <= health]
    step = (highest - lowest) * parts[0] <= (highest - lowest) * parts[1]
    bonuses = [f.bonus(r, lowest, highest, h, full) for h in (health, worse)]
    return Claim(given, [step, bonuses[0] <= bonuses[1]])


@lemma(
    "The fee leaves the liquidator what he repaid", wrong={"div_up": "down"}, near={"share": WAD}
)
def liquidation__fee__out_of_the_bonus_alone(
    r: Rounding, taken: Number, bonus: Number, share: Number
) -> Claim:
    fee = f.fee(r, taken, bonus, share)
    base = r.div_up(taken, WAD + bonus)
    steps = [base <= taken, (taken - base) * share <= (taken - base) * WAD, fee <= taken - base]
    return Claim([share <= WAD], [*steps, (taken - fee) * (WAD + bonus) >= taken * WAD])


@lemma(
    "The fee in shares is part of the shares seized, and worth the fee",
    wrong={"div_up": "half"},
    near=COARSE,
)
def liquidation__fee_in_shares__within_the_seized(
    r: Rounding, taken: Number, fee: Number, index: Number
) -> Claim:
    shares, burned = r.div_up(taken, index), r.div_up(fee, index)
    return Claim([index > 0, fee <= taken], [burned <= shares, burned * index >= fee * WAD])


@lemma("Less than all that an account supplies is no more shares than it has", dropped=1)
def liquidation__part_of_the_supply__within_its_shares(
    r: Rounding, taken: Number, held: Number, index: Number
) -> Claim:
    return Claim([index > 0, taken < r.mul_down(held, index)], [r.div_up(taken, index) <= held])


@lemma(
    "A liquidation does not lower the slack of the collateral: the fee stays",
    wrong={"div_up": "down"},
    near=COARSE,
)
def solvency__liquidation__fee_stays(
    r: Rounding, taken: Number, fee: Number, index: Number
) -> Claim:
    burned = r.div_up(taken, index)
    paid_out = taken - fee
    return Claim([index > 0, fee <= taken], [burned * index - paid_out * WAD >= fee * WAD])
