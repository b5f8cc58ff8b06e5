"""Why a call would revert, asked without sending it.

Ape explains a reverted transaction by its trace, which takes seconds where contracts call contracts.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import ape
from eth_abi import decode
from eth_utils import keccak, to_checksum_address

from tests._revm import contract_types


@cache
def _errors() -> dict[bytes, tuple[str, list[str]]]:
    found = {}
    for kind in contract_types().values():
        for item in kind["abi"]:
            if item["type"] == "error":
                types = [i["type"] for i in item["inputs"]]
                selector = keccak(text=f"{item['name']}({','.join(types)})")[:4]
                found[selector] = (item["name"], types)
    return found


def refusal(method: Any, *args: Any, sender: Any, value: int = 0) -> tuple[Any, ...]:
    """The custom error's name and arguments; the node's words for any other; fails if there is none."""
    call = {
        "from": sender.address,
        "to": method.contract.address,
        "data": "0x" + method.encode_input(*args).hex(),
        "value": hex(value),
        "gas": hex(15_000_000),
    }
    answer = ape.chain.provider.web3.provider.make_request("eth_call", [call, "latest"])
    assert "error" in answer, "the call goes well"
    data = bytes.fromhex(answer["error"].get("data", "0x")[2:])
    if data[:4] not in _errors():
        return (answer["error"]["message"],)
    name, types = _errors()[data[:4]]
    named = zip(types, decode(types, data[4:]), strict=True)
    return (name, *(to_checksum_address(v) if t == "address" else v for t, v in named))
