"""A lemma is a sentence, a formula and a refutation.

A formula is written once, in Python's own operators, and read three ways: with integers it computes what
the contracts compute, with terms of z3 it is proved for all integers, and with one rounding turned round it
has to fail. A lemma that survives its wrong rounding says nothing.

    given and not then    has no solution            the lemma holds
    the same, mis-rounded has one, `Counterexample`  it depends on what it says it depends on
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

WAD = 10**18
TIMEOUT_MS = 20_000

Number = Any
"""An integer or a term of z3: formulas do not mind which."""


# ---------------------------------------------------------------------- arithmetic


def div(a: Number, b: Number) -> Number:
    """a / b, rounded down, as the machine divides; `b` is positive wherever a lemma divides by it."""
    return a / b if z3.is_expr(a) or z3.is_expr(b) else a // b


def least(a: Number, b: Number) -> Number:
    """The lesser of the two."""
    return z3.If(a <= b, a, b) if z3.is_expr(a) or z3.is_expr(b) else min(a, b)


def choose(condition: Any, yes: Number, no: Number) -> Number:
    """Solidity's `condition ? yes : no`."""
    return z3.If(condition, yes, no) if z3.is_expr(condition) else (yes if condition else no)


def less(a: Number, b: Number) -> Number:
    """a - b, at least zero."""
    return choose(a <= b, 0, a - b)


def _down(a: Number, b: Number) -> Number:
    return div(a, b)


def _up(a: Number, b: Number) -> Number:
    return div(a + b - 1, b)


def _half_up(a: Number, b: Number) -> Number:
    return div(2 * a + b, 2 * b)


@dataclass(frozen=True)
class Rounding:
    """Products and quotients in WAD, and plain ones, each with the way it rounds."""

    mul_down_by: Callable[[Number, Number], Number] = _down
    mul_up_by: Callable[[Number, Number], Number] = _up
    div_down_by: Callable[[Number, Number], Number] = _down
    div_up_by: Callable[[Number, Number], Number] = _up
    floor: Callable[[Number, Number], Number] = _down
    ceil: Callable[[Number, Number], Number] = _up

    def mul_down(self, a: Number, b: Number) -> Number:
        """a * b / WAD, down."""
        return self.mul_down_by(a * b, WAD)

    def mul_up(self, a: Number, b: Number) -> Number:
        """a * b / WAD, up."""
        return self.mul_up_by(a * b, WAD)

    def div_down(self, a: Number, b: Number) -> Number:
        """a * WAD / b, down."""
        return self.div_down_by(a * WAD, b)

    def div_up(self, a: Number, b: Number) -> Number:
        """a * WAD / b, up."""
        return self.div_up_by(a * WAD, b)


EXACT = Rounding()
"""As the contracts round."""

WAYS = {"down": _down, "up": _up, "half": _half_up}
"""How a quotient may be rounded."""


def turned(**ways: str) -> Rounding:
    """The contracts' rounding with some of it wrong: `turned(div_up="half")`."""
    fields = {k if k in ("floor", "ceil") else f"{k}_by": WAYS[way] for k, way in ways.items()}
    return replace(EXACT, **fields)


# ---------------------------------------------------------------------- lemmas


@dataclass(frozen=True)
class Claim:
    """What is assumed and what follows."""

    given: Sequence[Any]
    then: Sequence[Any]


@dataclass(frozen=True)
class Lemma:
    """One sentence about all non-negative integers."""

    name: str
    sentence: str
    formula: Callable[..., Claim]
    wrong: Rounding | None
    """A rounding under which it fails; for a lemma about no rounding, `weaker` says what it needs."""
    dropped: int | None
    """Without a wrong rounding: the place of an assumption without which it fails."""
    near: Mapping[str, int]
    """Where to look for the counterexample: z3 finds one among few numbers sooner than among all."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the integers it speaks of."""
        return tuple(inspect.signature(self.formula).parameters)[1:]

    def claim(self, rounding: Rounding, **values: Number) -> Claim:
        """The formula at these values."""
        return self.formula(rounding, **values)

    def is_refuted_by(self, values: Mapping[str, int]) -> bool:
        """Whether plain integers show that it fails, mis-rounded or without its assumption."""
        claim = self.claim(self.wrong or EXACT, **values)
        given = [g for n, g in enumerate(claim.given) if n != self.dropped]
        return min(values.values()) >= 0 and all(given) and not all(claim.then)

    def is_about(self, values: Mapping[str, int]) -> bool:
        """Whether plain integers meet its assumptions, and then what follows."""
        claim = self.claim(EXACT, **values)
        return min(values.values()) >= 0 and all(claim.given) and all(claim.then)


@dataclass(frozen=True)
class Counterexample:
    """Integers for which the assumptions hold and what should follow does not."""

    values: Mapping[str, int]


REGISTRY: dict[str, Lemma] = {}


def lemma(
    sentence: str,
    *,
    wrong: Mapping[str, str] | None = None,
    dropped: int | None = None,
    near: Mapping[str, int] | None = None,
) -> Callable[[Callable[..., Claim]], Callable[..., Claim]]:
    """Enters a formula under its sentence."""

    def enter(formula: Callable[..., Claim]) -> Callable[..., Claim]:
        name = formula.__name__
        assert name not in REGISTRY, f"two lemmas are called {name}"
        assert (wrong is None) != (dropped is None), f"{name} has to be refuted in one way"
        rounding = None if wrong is None else turned(**wrong)
        REGISTRY[name] = Lemma(name, sentence, formula, rounding, dropped, near or {})
        return formula

    return enter


# ---------------------------------------------------------------------- proofs


def prove(entry: Lemma) -> Counterexample | None:
    """None where the lemma holds of all integers, and divides by nothing but positive ones.

    What follows is proved in order, each from the assumptions and what was proved before.
    """
    terms = _terms(entry)
    claim = entry.claim(EXACT, **terms)
    known = list(claim.given)
    for conclusion in (*[d > 0 for d in _divisors(claim)], *claim.then):
        found = _search(terms, [*known, z3.Not(_bool(conclusion))])
        if found is not None:
            return found
        known.append(conclusion)
    return None


def refute(entry: Lemma) -> Counterexample | None:
    """Integers for which it fails once its rounding is turned round, or its assumption dropped."""
    terms = _terms(entry)
    claim = entry.claim(entry.wrong or EXACT, **terms)
    given = [g for n, g in enumerate(claim.given) if n != entry.dropped]
    near = [terms[name] == value for name, value in entry.near.items()]
    return _search(terms, [*given, *near, z3.Not(z3.And(*map(_bool, claim.then)))])


def witness(entry: Lemma) -> Counterexample | None:
    """Integers for which its assumptions hold: a lemma about nothing is none."""
    terms = _terms(entry)
    near = [terms[name] == value for name, value in entry.near.items()]
    return _search(terms, [*entry.claim(EXACT, **terms).given, *near])


def _terms(entry: Lemma) -> dict[str, z3.ArithRef]:
    return {name: z3.Int(name) for name in entry.variables}


def _bool(condition: Any) -> z3.BoolRef:
    return condition if z3.is_expr(condition) else z3.BoolVal(bool(condition))


def _search(terms: Mapping[str, z3.ArithRef], conditions: Sequence[Any]) -> Counterexample | None:
    solver = z3.SimpleSolver()  # many times faster here than what z3 would choose
    solver.set("timeout", TIMEOUT_MS)
    goal = [t >= 0 for t in terms.values()] + [_bool(c) for c in conditions]
    solver.add(*_without_division(goal))
    answer = solver.check()
    if answer == z3.unsat:
        return None
    if answer == z3.unknown:
        raise TimeoutError(f"z3 does not know: {solver.reason_unknown()}")
    model = solver.model()
    values = {n: model.eval(t, model_completion=True).as_long() for n, t in terms.items()}
    return Counterexample(values)


def _divisors(claim: Claim) -> list[z3.ArithRef]:
    """Every term that the claim divides by."""
    found: dict[int, z3.ArithRef] = {}
    stack = [c for c in (*claim.given, *claim.then) if z3.is_expr(c)]
    seen: set[int] = set()
    while stack:
        term = stack.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        stack.extend(term.children())
        if z3.is_app_of(term, z3.Z3_OP_IDIV) and not z3.is_int_value(term.arg(1)):
            found[term.arg(1).get_id()] = term.arg(1)
    return list(found.values())


def _without_division(goal: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
    """Each quotient by a name of its own, with b q <= a < b q + b: what z3 reasons about best.

    Where b is not positive the law leaves the quotient open: nothing is concluded from it.
    """
    laws: list[z3.BoolRef] = []
    done: dict[int, z3.ExprRef] = {}

    def rewrite(term: z3.ExprRef) -> z3.ExprRef:
        key = term.get_id()
        if key in done:
            return done[key]
        old = term.children()
        parts = [rewrite(p) for p in old]
        if z3.is_app_of(term, z3.Z3_OP_IDIV):
            a, b = parts
            q = z3.FreshInt("q")
            law = z3.And(b * q <= a, a < b * q + b)
            laws.append(law if z3.is_int_value(b) else z3.Implies(b > 0, law))
            result: z3.ExprRef = q
        else:
            result = z3.substitute(term, *zip(old, parts, strict=True)) if parts else term
        done[key] = result
        return result

    return [rewrite(g) for g in goal] + laws
