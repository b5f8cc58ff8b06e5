"""Which functions, errors and events of the contracts a run of the tests has met.

`record` listens to Ape and to the node; `python -m tests._seen` compares what the latest `make test`
has met with the contracts' ABIs, and fails if something was never exercised.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from eth_utils import keccak

from tests._revm import MET_ERRORS, MET_FUNCTIONS, ROOT, contract_types, signature

SEEN = ROOT / ".build" / "seen"

topics: set[str] = set()
"""First topics of logs."""

BEHIND = {"IPool": ("Pool", "PoolExtension")}
"""Contracts that are called by an interface's ABI."""


@cache
def record() -> None:
    """Listens from now on, once."""
    from ape.contracts import base
    from web3 import HTTPProvider

    def listening(call: Any) -> Any:
        def listened(handler: Any, *args: Any, **kwargs: Any) -> Any:
            abis = handler.abis
            if len(abis) > 1:
                abis = [base._select_method_abi(abis, args, encode_check=handler._can_encode)]
            name = handler.contract.contract_type.name
            MET_FUNCTIONS.add(f"{name}.{abis[0].selector}")
            return call(handler, *args, **kwargs)

        return listened

    for handler in (base.ContractCallHandler, base.ContractTransactionHandler):
        handler.__call__ = listening(handler.__call__)
    base.ContractMethodHandler.encode_input = listening(base.ContractMethodHandler.encode_input)

    request = HTTPProvider.make_request

    def listened(provider: HTTPProvider, method: Any, params: Any) -> Any:
        answer = request(provider, method, params)
        note(answer)
        return answer

    HTTPProvider.make_request = listened


def note(answer: Any) -> None:
    """What a node's answer shows of errors and events."""
    if error := answer.get("error"):
        data = error.get("data")
        if isinstance(data, str) and len(data) >= 10:
            MET_ERRORS.add(data[:10])
        return
    result = answer.get("result")
    if isinstance(result, dict) and "logs" in result:
        topics.update(str(log["topics"][0]) for log in result["logs"] if log["topics"])


def keep() -> None:
    """Puts down what this process has met."""
    SEEN.mkdir(parents=True, exist_ok=True)
    met = {"functions": MET_FUNCTIONS, "errors": MET_ERRORS, "topics": topics}
    part = SEEN / f"{os.getpid()}.part"
    part.write_text(json.dumps({name: sorted(values) for name, values in met.items()}))
    part.rename(part.with_suffix(".json"))


def own_contracts() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What is deployed by users: no mocks, no interfaces, no libraries."""
    for name, kind in contract_types().items():
        source = kind["sourceId"]
        code = (kind.get("deploymentBytecode") or {}).get("bytecode", "0x")
        if source.startswith("contracts/") and "/mocks/" not in source and len(code) > 200:
            yield name, kind["abi"]


def declared() -> set[str]:
    """What the project itself has named; what libraries bring along is tested by them."""
    words = re.compile(
        r"^ *(?:(?:error|event|function) (\w+)|[^/\n]* public [\w ]*?(\w+)(?: =|;))", re.M
    )
    sources = (path.read_text() for path in (ROOT / "contracts").rglob("*.sol"))
    return {a or b for text in sources for a, b in words.findall(text)}


def missing(met: dict[str, set[str]]) -> dict[str, list[str]]:
    """What the contracts have and the tests have not met."""
    called = set(met["functions"])
    for interface, contracts in BEHIND.items():
        for function in met["functions"]:
            name, _, rest = function.partition(".")
            if name == interface:
                called.update(f"{contract}.{rest}" for contract in contracts)
    found: dict[str, list[str]] = {"functions": [], "errors": [], "events": []}
    ours = declared()
    for name, abi in own_contracts():
        for item in abi:
            kind = item["type"]
            if kind not in ("function", "error", "event") or item["name"] not in ours:
                continue
            text = signature(item)
            digest = "0x" + keccak(text=text).hex()
            if kind == "function" and f"{name}.{text}" not in called:
                found["functions"].append(f"{name}.{text}")
            elif kind == "error" and digest[:10] not in met["errors"]:
                found["errors"].append(f"{name}.{text}")
            elif kind == "event" and digest not in met["topics"]:
                found["events"].append(f"{name}.{text}")
    return found


def read(folder: Path = SEEN) -> dict[str, set[str]]:
    """What all processes of the latest runs have met."""
    met: dict[str, set[str]] = {"functions": set(), "errors": set(), "topics": set()}
    for path in folder.glob("*.json"):
        for name, values in json.loads(path.read_text()).items():
            met[name].update(values)
    return met


def main() -> int:
    """Prints what is missing."""
    found = missing(read())
    for kind, names in found.items():
        for name in names:
            print(f"never exercised, of the {kind}: {name}")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main())
