"""The formulas of the lemmas are what the contracts compute.

Each is taken as the term that z3 proves things about, evaluated at edges and at random integers of every
width, and compared with the compiled library and with the integer twin.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import z3

from sims import exact
from sims.exact import ALL, BPS, SHARES, WAD
from tests._revm import Chain, Contract, Reverted
from tests.lemmas import _formulas as f
from tests.lemmas._prover import EXACT, Number

CASES = 1_000
NOW = 1_765_238_400


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain(NOW)


@pytest.fixture(scope="module")
def libraries(chain: Chain) -> Contract:
    return chain.deploy("MockLibraries")


@pytest.fixture(scope="module")
def reserves(chain: Chain) -> Contract:
    return chain.deploy("MockReserves")


@dataclass(frozen=True)
class Term:
    """A formula as z3 has it, to be evaluated."""

    formula: Callable[..., Any]
    variables: Sequence[z3.ArithRef]
    parts: Sequence[z3.ArithRef]

    @classmethod
    def of(cls, formula: Callable[..., Any], count: int) -> Term:
        variables = [z3.Int(f"x{n}") for n in range(count)]
        answer = formula(*variables)
        return cls(formula, variables, answer if isinstance(answer, tuple) else (answer,))

    def __call__(self, *values: int) -> tuple[int, ...]:
        """At these values; Python's own answer to the same formula is the same."""
        pairs = [(v, z3.IntVal(n)) for v, n in zip(self.variables, values, strict=True)]
        evaluated = tuple(z3.simplify(z3.substitute(p, *pairs)).as_long() for p in self.parts)
        plain = self.formula(*values)
        assert evaluated == (plain if isinstance(plain, tuple) else (plain,))
        return evaluated


def exactly(formula: Callable[..., Number]) -> Callable[..., Number]:
    """A formula at the rounding of the contracts."""
    return lambda *values: formula(EXACT, *values)


def cases(*bits: int, at_least: Sequence[int] | None = None) -> Iterator[tuple[int, ...]]:
    """Edges, then integers of every width up to `bits`."""
    least = at_least or [0] * len(bits)
    rng = random.Random("".join(map(str, bits)))
    tops = [2**b - 1 for b in bits]
    edges = [
        sorted({x for x in (lo, lo + 1, WAD - 1, WAD, WAD + 1, top) if lo <= x <= top})
        for lo, top in zip(least, tops, strict=True)
    ]
    for _ in range(CASES // 5):
        yield tuple(rng.choice(e) for e in edges)
    for _ in range(CASES):
        yield tuple(
            max(lo, rng.getrandbits(rng.randint(1, b))) for lo, b in zip(least, bits, strict=True)
        )


def as_tuple(answer: Any) -> tuple[int, ...]:
    return tuple(answer) if isinstance(answer, tuple | list) else (answer,)


# ---------------------------------------------------------------------- WadMath


@pytest.mark.parametrize(
    ("name", "formula", "twin", "bits"),
    [
        ("mulDown", EXACT.mul_down, exact.mul_down, (128, 128)),
        ("mulUp", EXACT.mul_up, exact.mul_up, (128, 128)),
        ("divDown", EXACT.div_down, exact.div_down, (196, 256)),
        ("divUp", EXACT.div_up, exact.div_up, (196, 256)),
    ],
)
def test_wad_math__any_integers__the_term(
    libraries: Contract,
    name: str,
    formula: Callable[[Number, Number], Number],
    twin: Callable[[int, int], int],
    bits: tuple[int, int],
) -> None:
    term = Term.of(formula, 2)
    for a, b in cases(*bits, at_least=(0, 1)):
        assert (getattr(libraries, name)(a, b),) == term(a, b) == (twin(a, b),)


@pytest.mark.parametrize("name", ["mulDown", "mulUp", "divDown", "divUp"])
def test_wad_math__beyond_a_word__reverts(libraries: Contract, name: str) -> None:
    with pytest.raises(Reverted):
        getattr(libraries, name)(2**255, 3 if name.startswith("mul") else 1)


# ---------------------------------------------------------------------- Amounts


@pytest.mark.parametrize(
    ("name", "by_assets", "by_shares"),
    [
        ("toSupply", f.supply_assets, f.supply_shares),
        ("toBorrow", f.borrow_assets, f.borrow_shares),
    ],
)
def test_amounts__what_comes_in_or_is_lent__the_term(
    reserves: Contract,
    name: str,
    by_assets: Callable[..., Number],
    by_shares: Callable[..., Number],
) -> None:
    assets_term, shares_term = Term.of(exactly(by_assets), 2), Term.of(exactly(by_shares), 2)
    twin = exact.to_supply if name == "toSupply" else exact.to_borrow
    for amount, index in cases(128, 88, at_least=(1, 1)):
        for flag, term in ((0, assets_term), (SHARES, shares_term)):
            answer = term(amount, index)
            if answer[1] == 0:
                continue  # refused
            assert (
                getattr(reserves, name)(amount | flag, index)
                == answer
                == twin(amount | flag, index)
            )


def test_amounts__withdrawal__the_term(reserves: Contract) -> None:
    by_assets, by_shares = (
        Term.of(exactly(f.withdraw_assets), 2),
        Term.of(exactly(f.withdraw_shares), 2),
    )
    for amount, index, held in cases(128, 88, 112, at_least=(1, 1, 1)):
        answers = {
            amount: by_assets(amount, index),
            amount | SHARES: by_shares(amount, index),
            ALL: by_shares(held, index),
        }
        for word, answer in answers.items():
            assert (
                reserves.toWithdraw(word, held, index)
                == answer
                == exact.to_withdraw(word, held, index)
            )


def test_amounts__repayment__the_term(reserves: Contract) -> None:
    by_assets, by_shares = Term.of(exactly(f.repay), 3), Term.of(exactly(f.repay_shares), 3)
    for amount, owed, index in cases(150, 112, 88, at_least=(1, 1, WAD)):
        for flag, term in ((0, by_assets), (SHARES, by_shares)):
            answer = term(amount, owed, index)
            if answer[1] == 0:
                continue  # refused
            assert (
                reserves.toRepay(amount | flag, owed, index)
                == answer
                == exact.to_repay(amount | flag, owed, index)
            )


# ---------------------------------------------------------------------- Reserves


def test_reserves__sums__the_terms(reserves: Contract) -> None:
    terms = [
        Term.of(lambda s, d, si, di: EXACT.mul_down(s, si), 4),
        Term.of(lambda s, d, si, di: EXACT.mul_up(d, di), 4),
        Term.of(exactly(f.cash), 4),
        Term.of(exactly(f.utilization), 4),
    ]
    for supplied, debt, supply_index, debt_index in cases(112, 112, 88, 88):
        answer = reserves.sums(supplied | debt << 112, supply_index | debt_index << 88)
        assert answer == tuple(t(supplied, debt, supply_index, debt_index)[0] for t in terms)


def test_reserves__growth_of_the_indices__the_term(reserves: Contract) -> None:
    growth, term = Term.of(exactly(f.growth), 2), Term.of(exactly(f.grow), 6)
    for supplied, debt, supply_index, debt_index, rate, elapsed, part in cases(
        112, 112, 88, 88, 39, 30, 7, at_least=(1, 0, 0, 0, 0, 0, 0)
    ):
        factor = part % 101
        word = supply_index | debt_index << 88 | (NOW - elapsed) << 176 | factor << 208 + 37
        (grown,) = growth(rate, elapsed)
        expected = term(supplied, debt, supply_index, debt_index, grown, factor)
        assert reserves.grow(word, supplied | debt << 112, rate) == expected


def test_compounding__any_rate_and_time__the_term(libraries: Contract) -> None:
    term = Term.of(exactly(f.growth), 2)
    for rate, elapsed in [*cases(39, 32), (f.MAX_RATE, 2**32 - 1)]:
        assert (
            (libraries.growth(rate, elapsed),)
            == term(rate, elapsed)
            == (exact.growth(rate, elapsed),)
        )


def test_curve__any_parameters__the_term(libraries: Contract) -> None:
    term = Term.of(exactly(f.annual_rate), 5)
    for base, kink, slope1, slope2, u in cases(10, 7, 10, 10, 60, at_least=(0, 1, 0, 0, 0)):
        kink, u = min(kink, 99), min(u, WAD)
        (annual,) = term(base * BPS, kink * 10**16, slope1 * 10**15, slope2 * 10**16, u)
        assert libraries.curveRate((base, kink, slope1, slope2), u) == annual // f.YEAR_S


def test_ramps__any_moment__the_term(reserves: Contract) -> None:
    term = Term.of(exactly(f.ramp), 4)
    for target, more, left, passed in cases(13, 13, 31, 30, at_least=(0, 0, 1, 0)):
        end, start = NOW + left, NOW - passed
        origin = target + more
        word = origin | start << 14 | end << 54
        expected = term(origin * BPS, target * BPS, left, end - start)
        assert (reserves.ramp(word, target * BPS),) == expected
        assert exact.Ramp.unpack(word).threshold(target * BPS, NOW) == expected[0]


def test_outflows__any_moment__the_term(reserves: Contract) -> None:
    term = Term.of(exactly(f.outflow_level), 4)
    for digits, zeros, window, level, passed in cases(9, 5, 32, 112, 30, at_least=(0, 0, 1, 0, 0)):
        zeros %= 24
        capacity = digits * 10**zeros
        word = digits << 5 | zeros | window << 14 | level << 46 | (NOW - passed) << 158
        assert (reserves.outflow(word),) == term(capacity, window, level, passed)


# ---------------------------------------------------------------------- Valuation, TargetHealth


def scale(decimals: int) -> tuple[int, int]:
    """1e18 / 10^decimals as a fraction."""
    return (10 ** (18 - decimals), 1) if decimals < 18 else (1, 10 ** (decimals - 18))


@pytest.mark.parametrize(
    ("name", "formula", "twin"),
    [
        ("valueDown", f.value_down, exact.value_down),
        ("valueUp", f.value_up, exact.value_up),
        ("assetsDown", f.assets_down, exact.assets_down),
        ("assetsUp", f.assets_up, exact.assets_up),
    ],
)
def test_valuation__any_decimals__the_term(
    libraries: Contract,
    name: str,
    formula: Callable[..., Number],
    twin: Callable[[int, int, int], int],
) -> None:
    term = Term.of(exactly(formula), 4)
    for amount, price, decimals in cases(112, 82, 6, at_least=(0, 1, 0)):
        decimals %= 43
        answer = term(amount, price, *scale(decimals))
        assert (
            (getattr(libraries, name)(amount, price, decimals),)
            == answer
            == (twin(amount, price, decimals),)
        )


def test_target_health__any_account__the_term(libraries: Contract) -> None:
    term = Term.of(exactly(f.target_health), 10)
    rng = random.Random(0)
    for _ in range(CASES):
        debt = rng.getrandbits(rng.randint(1, 100)) + 1
        limit = debt * rng.randrange(WAD) // WAD
        sides = [
            min(rng.getrandbits(rng.randint(1, 100)) + 1, debt),
            rng.getrandbits(rng.randint(1, 100)),
        ]
        threshold = rng.randrange(1, 9_500) * BPS
        lowest = rng.randrange(0, 300) * BPS
        highest = lowest + rng.randrange(0, 200) * BPS
        target, full = WAD + rng.randrange(1, 2_000) * BPS, rng.randrange(5_000, 9_999) * BPS
        dust = rng.choice([0, 1, 1_000 * WAD])
        answer = term(debt, limit, *sides, threshold, lowest, highest, target, full, dust)
        case = ("0x" + "00" * 20, debt, limit, *sides, threshold, lowest, highest)
        assert libraries.targetHealth(case, (target, full, dust)) == answer
        terms = exact.LiquidationTerms(target, full, dust, 0)
        assert exact.liquidation_size(exact.LiquidationCase(*case), terms) == answer
