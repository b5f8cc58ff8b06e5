"""Small faults, one at a time, in the sources of the core: what they are, and how they are put in.

A mutant replaces a few stretches of one source. Many mutants of a source go into one *schema*, a source in
which each is an alternative, `(mutant_(17) ? a - b : a + b)`, and the number of the one that lives stands
where the compiler puts the hash of the sources, at the end of the code. So they are compiled together, and
one is chosen by changing 32 bytes of the bytecode.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.mutation._solc import METADATA, Node, Refused, Sources, check, children, span, walk

# ---------------------------------------------------------------------- what is changed

SWAPS = {
    "arithmetic": {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"]},
    "boundary": {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="]},
    "logic": {"&&": ["||"], "||": ["&&"]},
    "bits": {"&": ["|"], "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"]},
}
"""Operators by what they are for, and what takes their place."""

ROUNDING = {
    "mulDown": "mulUp",
    "divDown": "divUp",
    "valueDown": "valueUp",
    "assetsDown": "assetsUp",
    "mulWad": "mulWadUp",
    "divWad": "divWadUp",
    "fullMulDiv": "fullMulDivUp",
    "min": "max",
}
COMMUTATIVE = {"mulDown", "mulUp", "mulWad", "mulWadUp", "min", "max"}
ROUNDING |= {there: back for back, there in ROUNDING.items()}

YUL = {"add": "sub", "sub": "add", "and": "or", "or": "and", "shl": "shr", "lt": "gt", "gt": "lt"}
YUL_PURE = {*YUL, "mload", "mul", "div", "iszero", "eq", "not", "shr", "returndatasize", "gas"}


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    file: str
    line: int
    function: str
    operator: str
    kind: str
    """How a schema holds it: expression, statement, modifier, assembly..., or "alone" where none can."""
    edits: tuple[tuple[int, int, str], ...]
    """First byte, the byte after, and what stands there instead."""
    before: str
    after: str
    part: int
    """The declaration that it is in."""
    target: int = 0
    """Of a modifier: its definition."""
    digest: str = ""
    """Stays the same when only other places change."""

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line}:{self.operator}:{self.digest}"

    def apply(self, source: bytes) -> bytes:
        """The source with this fault."""
        for start, end, text in sorted(self.edits, reverse=True):
            source = source[:start] + text.encode() + source[end:]
        return source


def short(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


class Finder:
    """Finds the mutants of one source."""

    def __init__(self, file: str, source: bytes, tree: Node) -> None:
        self.file, self.source = file, source
        self.found: list[Mutant] = []
        self.function, self.part, self.in_constructor = "", 0, False
        self.contract = ""
        for node in tree["nodes"]:
            if node["nodeType"] == "ContractDefinition" and node["contractKind"] != "interface":
                self.contract = node["name"]
                for inner in node["nodes"]:
                    self.declaration(inner)
            elif node["nodeType"] == "VariableDeclaration":
                self.contract = ""
                self.declaration(node)

    def text(self, node: Node) -> str:
        start, end = span(node)
        return self.source[start:end].decode()

    def add(
        self, operator: str, kind: str, edits: list[tuple[Node, str]], at: Node, target: int = 0
    ) -> None:
        ranges = tuple((*span(node), text) for node, text in edits)
        self.add_ranges(operator, kind, ranges, at, target)

    def add_ranges(
        self,
        operator: str,
        kind: str,
        ranges: tuple[tuple[int, int, str], ...],
        at: Node,
        target: int = 0,
    ) -> None:
        start, end = span(at)
        start, end = min(start, ranges[0][0]), max(end, ranges[-1][1])
        after = self.source[start:end]
        for first, last, text in sorted(ranges, reverse=True):
            after = after[: first - start] + text.encode() + after[last - start :]
        if self.in_constructor:
            kind = "alone"  # the code at work there ends otherwise
        self.found.append(
            Mutant(
                self.file,
                self.source[:start].count(b"\n") + 1,
                self.function,
                operator,
                kind,
                ranges,
                short(self.source[start:end].decode()),
                short(after.decode()),
                self.part,
                target,
            )
        )

    # ------------------------------------------------------------------ declarations

    def declaration(self, node: Node) -> None:
        self.function = ".".join(filter(None, (self.contract, node.get("name", ""))))
        self.part = node.get("id", 0)
        if node["nodeType"] == "VariableDeclaration" and node.get("value"):
            self.constant(node["value"])
        if node["nodeType"] not in ("FunctionDefinition", "ModifierDefinition"):
            return
        if not node.get("body"):
            return
        self.in_constructor = node.get("kind") == "constructor"
        for modifier in node.get("modifiers", []):
            name = modifier["modifierName"]
            if modifier.get("kind") != "baseConstructorSpecifier" and not modifier.get("arguments"):
                target = name["referencedDeclaration"]
                self.add("modifier", "modifier", [(modifier, "")], modifier, target)
        if node["nodeType"] == "FunctionDefinition" and not self.in_constructor:
            self.early_return(node)
        self.visit(node["body"])
        self.in_constructor = False

    def constant(self, value: Node) -> None:
        kind = value["typeDescriptions"]["typeString"]
        if kind.startswith(("int_const", "uint")):
            for step in ("+", "-"):
                self.add("constant", "alone", [(value, f"({self.text(value)}) {step} 1")], value)

    def early_return(self, node: Node) -> None:
        """Nothing is done; the answer is zero."""
        values = []
        for parameter in node["returnParameters"]["parameters"]:
            kind = parameter["typeDescriptions"]["typeString"]
            if parameter["name"]:
                values.append(parameter["name"])
            elif zero := self.zero(parameter):
                values.append(zero)
            else:
                return
            if kind.endswith(("memory", "storage pointer", "calldata")):
                return
        if not node["body"]["statements"]:
            return
        start = span(node["body"])[0] + 1
        answer = f" ({', '.join(values)})" if values else ""
        place = {"src": f"{start}:0:0"}
        self.add_ranges("early", "insert", ((start, start, f" return{answer};"),), place)

    @staticmethod
    def zero(parameter: Node) -> str:
        kind = parameter["typeDescriptions"]["typeString"]
        if re.fullmatch(r"u?int\d+|bytes\d+|address", kind):
            return f"{kind}(0)"
        if kind == "bool":
            return "false"
        if parameter["typeName"]["nodeType"] == "UserDefinedTypeName" and not re.match(
            r"(struct|contract|enum|function)", kind
        ):
            return f"{kind}.wrap(0)"
        return ""

    # ------------------------------------------------------------------ statements and expressions

    def visit(self, node: Node) -> None:
        visit = getattr(self, "visit_" + node["nodeType"], None)
        if visit is None or visit(node) is not False:
            for child in children(node):
                self.visit(child)

    def removable(self, node: Node) -> None:
        start, end = span(node)
        rest = self.source[end:]
        end += len(rest) - len(rest.lstrip())
        if self.source[end : end + 1] == b";":
            self.add_ranges("remove", "statement", ((start, end + 1, "{}"),), node)

    def visit_ForStatement(self, node: Node) -> bool:
        """Its step stays: a loop without end says nothing."""
        for part in ("initializationExpression", "body"):
            if node.get(part):
                self.visit(node[part])
        return False

    def visit_WhileStatement(self, node: Node) -> None:
        self.add("condition", "expression", [(node["condition"], "false")], node["condition"])

    def visit_IfStatement(self, node: Node) -> None:
        condition, body = node["condition"], node["trueBody"]
        only = body["statements"] if body["nodeType"] == "Block" else [body]
        guards = not node.get("falseBody") and only and only[-1]["nodeType"] == "RevertStatement"
        operator = "unguard" if guards and len(only) == 1 else "condition"
        self.add(operator, "expression", [(condition, "false")], condition)
        if operator == "condition":
            self.add(operator, "expression", [(condition, "true")], condition)

    def visit_Conditional(self, node: Node) -> None:
        for value in ("false", "true"):
            self.add("condition", "expression", [(node["condition"], value)], node["condition"])

    def visit_ExpressionStatement(self, node: Node) -> None:
        self.removable(node)
        inner = node["expression"]
        if inner["nodeType"] == "Assignment" and inner["operator"] != "=":
            sign, left, right = (
                inner["operator"][:-1],
                inner["leftHandSide"],
                inner["rightHandSide"],
            )
            for operator, swaps in SWAPS.items():
                for other in swaps.get(sign, []):
                    new = f"{self.text(left)} {other}= {self.text(right)}"
                    self.add_ranges(operator, "statement", ((*self.whole(node), new + ";"),), node)

    def whole(self, node: Node) -> tuple[int, int]:
        """With its semicolon."""
        start, end = span(node)
        return start, self.source.index(b";", end) + 1

    def visit_EmitStatement(self, node: Node) -> None:
        self.removable(node)

    def visit_RevertStatement(self, node: Node) -> bool:
        """What it says, not whether."""
        for child in node["errorCall"]["arguments"]:
            self.visit(child)
        self.swapped(node["errorCall"])
        return False

    def visit_VariableDeclarationStatement(self, node: Node) -> None:
        value, names = node.get("initialValue"), node["declarations"]
        if not value or value["nodeType"] == "Literal" or len(names) != 1:
            return
        if zero := self.zero(names[0]):
            self.add("initial", "expression", [(value, zero)], node)

    def visit_BinaryOperation(self, node: Node) -> bool | None:
        if node["typeDescriptions"]["typeString"].startswith("int_const"):
            self.number(node)
            return False
        sign, left, right = node["operator"], node["leftExpression"], node["rightExpression"]
        for operator, swaps in SWAPS.items():
            for other in swaps.get(sign, []):
                start, end = span(left)[1], span(right)[0]
                between = self.source[start:end].decode()
                new = between.replace(sign, other, 1)
                # With brackets: the other sign may bind otherwise.
                text = f"({self.text(left)}){new}({self.text(right)})"
                self.add(operator, "expression", [(node, text)], node)
        return None

    def visit_UnaryOperation(self, node: Node) -> bool | None:
        if node["typeDescriptions"]["typeString"].startswith("int_const"):
            self.number(node)
            return False
        if node["operator"] in ("!", "~", "-"):
            self.add("negation", "expression", [(node, self.text(node["subExpression"]))], node)
        return None

    def visit_Literal(self, node: Node) -> None:
        if node["kind"] == "bool":
            other = "false" if node["value"] == "true" else "true"
            self.add("literal", "expression", [(node, other)], node)
        elif node["kind"] == "number":
            self.number(node)

    def number(self, node: Node) -> None:
        text = self.text(node)
        kind = node["typeDescriptions"]["typeString"]
        if text == "0":
            self.add("literal", "number", [(node, "1")], node)
        elif kind.startswith("int_const") and not kind.startswith("int_const -"):
            for step in ("+", "-"):
                self.add("literal", "number", [(node, f"({text} {step} 1)")], node)

    def visit_FunctionCall(self, node: Node) -> bool | None:
        if node["kind"] == "typeConversion" and re.match(
            r"int_const", node["arguments"][0]["typeDescriptions"]["typeString"]
        ):
            return False if self.text(node["expression"]) != "uint256" else None
        if node["kind"] == "functionCall":
            name = node["expression"]
            if name["nodeType"] == "MemberAccess" and name["memberName"] in ROUNDING:
                start, end = map(int, name["memberLocation"].split(":")[:2])
                new = ROUNDING[name["memberName"]]
                first, last = span(node)
                text = self.source[first:start].decode() + new
                text += self.source[start + end : last].decode()
                self.add("rounding", "expression", [(node, text)], node)
            self.swapped(node)
        return None

    def swapped(self, node: Node) -> None:
        arguments = node["arguments"]
        name = node["expression"].get("memberName")
        if node.get("names") or name in COMMUTATIVE:
            return
        for one, two in pairwise(arguments):
            kinds = {a["typeDescriptions"]["typeString"] for a in (one, two)}
            texts = self.text(one), self.text(two)
            if len(kinds) == 1 and texts[0] != texts[1] and "const" not in kinds.pop():
                self.add("swap", "expression", [(one, texts[1]), (two, texts[0])], node)

    def visit_MemberAccess(self, node: Node) -> bool | None:
        return None

    def visit_ElementaryTypeName(self, node: Node) -> bool:
        return False

    # ------------------------------------------------------------------ assembly

    def visit_InlineAssembly(self, node: Node) -> bool:
        self.block = span(node["AST"])[0] + 1
        self.yul(node["AST"])
        return False

    def yul(self, node: Node) -> None:
        kind = node["nodeType"]
        if kind in ("YulExpressionStatement", "YulAssignment"):
            called = node.get("expression", {}).get("functionName", {}).get("name")
            if called not in ("return", "revert"):
                self.add_yul("remove", "statement", node, "{}")
        if kind == "YulIf":
            self.add_yul("condition", "expression", node["condition"], "0")
            self.add_yul("condition", "expression", node["condition"], "1")
        if kind == "YulFunctionCall":
            names = {n["functionName"]["name"] for n in walk(node) if "functionName" in n}
            name = node["functionName"]["name"]
            if name in YUL and names <= YUL_PURE:
                text = self.text(node)
                self.add_yul("arithmetic", "expression", node, YUL[name] + text[len(name) :])
        for child in children(node):
            self.yul(child)

    def add_yul(self, operator: str, kind: str, node: Node, text: str) -> None:
        self.add(operator, f"assembly {kind}", [(node, text)], node, self.block)


def find(sources: Sources, trees: dict[str, Node], files: list[str]) -> list[Mutant]:
    """All mutants of the files, in their order, each with a digest of its own."""
    numbered = []
    for file in files:
        found = Finder(file, sources[file], trees[file]).found
        times: Counter[tuple[str, ...]] = Counter()
        for m in sorted(found, key=lambda m: (m.edits, m.operator)):
            key = (m.file, m.function, m.operator, m.before, m.after)
            text = "\0".join((*key, str(times[key])))
            times[key] += 1
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            numbered.append(Mutant(**{**m.__dict__, "digest": digest}))
    return numbered


# ---------------------------------------------------------------------- many in one source

SELECTOR = "mutation.sol"
CHOSEN = """
        let kept := mload(0)
        codecopy(0, sub(codesize(), 43), 32)
        on := eq(mload(0), n)
        mstore(0, kept)
"""
SELECTOR_SOURCE = f"""// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

function mutant_(uint256 n) pure returns (bool on) {{
    assembly ("memory-safe") {{{CHOSEN}    }}
}}
""".encode()
YUL_FUNCTION = "function chosen_(n) -> on {" + CHOSEN + "}"

Alternatives = dict[int, Mutant]
"""By number, from one."""


def alternative(kind: str, n: int, new: str, old: str) -> str:
    """Both, and the number that decides; between marks that name it where the compiler complains."""
    live = f"mutant_({n})"
    text = {
        "expression": f"({live} ? {new} : {old})",
        "number": f"uint256({live} ? uint256({new}) : uint256({old}))",
        "statement": f"{{ if ({live}) {{ {new} }} else {{ {old} }} }}",
        "insert": f" if ({live}) {{ {new} }} {old}",
        "assembly statement": f"switch chosen_({n}) case 0 {{ {old} }} default {{ {new} }}",
        "assembly expression": f"or(mul(chosen_({n}), {new}), mul(iszero(chosen_({n})), {old}))",
    }[kind]
    return f"/*<{n}*/{text}/*{n}>*/"


def schema(sources: Sources, trees: dict[str, Node], mutants: Alternatives) -> Sources:
    """The sources with all these mutants, none of them alive."""
    if not mutants:
        return sources
    changed = dict(sources)
    changed[SELECTOR] = SELECTOR_SOURCE
    edits: dict[str, list[tuple[int, int, str, int, str]]] = {}
    inserts: dict[str, dict[int, str]] = {}
    definitions = {}
    for name, tree in trees.items():
        for n in walk(tree):
            if n["nodeType"] == "ModifierDefinition":
                definitions[n["id"]] = (name, n)
    for n, m in mutants.items():
        assert m.kind != "alone"
        mine = edits.setdefault(m.file, [])
        if m.kind == "modifier":
            ((start, end, _),) = m.edits
            where, node = definitions[m.target]
            mine.append((start, end, "", n, "modifier"))
            first, last = span(node["body"])
            body = sources[where][first:last].decode()
            name = f"{node['name']}_"
            inserts.setdefault(where, {})[span(node)[1]] = (
                f"\n    modifier {name}(uint256 n) {{ if (mutant_(n)) {{ _; }} else {body} }}\n"
            )
            continue
        if m.kind.startswith("assembly"):
            inserts.setdefault(m.file, {})[m.target] = YUL_FUNCTION
        mine.extend((start, end, text, n, m.kind) for start, end, text in m.edits)
    for name in edits.keys() | inserts.keys():
        changed[name] = render(sources[name], edits.get(name, []), inserts.get(name, {}))
    return changed


def render(
    source: bytes, edits: list[tuple[int, int, str, int, str]], inserts: dict[int, str]
) -> bytes:
    """Inner alternatives stand in the unchanged arm of the outer ones."""
    pragma = re.search(rb"pragma solidity[^;]*;", source)
    assert pragma
    everything: list[tuple[int, int, str, int, str]] = [
        *edits,
        *((at, at, text, 0, "text") for at, text in inserts.items()),
        (pragma.end(), pragma.end(), f' import {{mutant_}} from "{SELECTOR}";', 0, "text"),
    ]
    # Outer before inner; of one place, one around the other.
    everything.sort(key=lambda e: (e[0], -e[1], e[3]))

    def between(start: int, end: int, todo: list[tuple[int, int, str, int, str]]) -> str:
        out, at = [], start
        while todo:
            edit, *todo = todo
            first, last, text, n, kind = edit
            inside = [e for e in todo if e[1] <= last and e[0] < last]
            todo = [e for e in todo if not (e[1] <= last and e[0] < last)]
            out.append(source[at:first].decode())
            at = last
            if kind == "text":
                out.append(text)
            elif kind == "modifier":
                out.append(f"/*<{n}*/{source[first:last].decode()}_({n})/*{n}>*/")
            else:
                out.append(alternative(kind, n, text, between(first, last, inside)))
        out.append(source[at:end].decode())
        return "".join(out)

    return between(0, len(source), everything).encode()


def blamed(source: bytes, start: int, end: int) -> set[int]:
    """The mutants that an error at a place of a schema comes from."""
    before = re.search(rb"/\*<(\d+)\*/$", source[:start])
    if before:
        return {int(before[1])}
    opened = [int(n) for n in re.findall(rb"/\*<(\d+)\*/", source[start:end])]
    if opened:
        return set(opened)
    stack: list[int] = []
    for opens, _ in re.findall(rb"/\*<(\d+)\*/|/\*(\d+)>\*/", source[:start]):
        if opens:
            stack.append(int(opens))
        elif stack:
            stack.pop()
    return set(stack[-1:])


def accepted(
    sources: Sources, trees: dict[str, Node], mutants: Alternatives
) -> tuple[Sources, Alternatives]:
    """The schema of those mutants that the compiler takes together; the others are left out."""
    left = dict(mutants)
    while True:
        text = schema(sources, trees, left)
        try:
            check(text)
        except Refused as refused:
            bad: set[int] = set()
            for file, start, end, _ in refused.errors:
                bad |= blamed(text.get(file, b""), start, end)
            if not bad & left.keys():
                raise
            left = {n: m for n, m in left.items() if n not in bad}
        else:
            return text, left


def alive(code: str, n: int) -> str:
    """Bytecode of a schema in which mutant `n` lives."""
    return METADATA.sub(lambda found: found[1] + f"{n:064x}" + found[3], code)


def describe(m: Mutant) -> dict[str, Any]:
    return {"function": m.function, "before": m.before, "after": m.after}
