"""The compiled contracts in an Ethereum machine inside this process: thousands of calls a second.

For millions of calls, not for gas: warm slots carry over between calls here. A user's path is
proved through Ape.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyrevm
from eth_utils import keccak

from scripts._build import STALE, is_fresh
from tests._abi import arguments

ROOT = Path(__file__).resolve().parent.parent
DEPLOYER = "0x" + "d0" * 20


MET_FUNCTIONS: set[str] = set()
"""What has been called in this process, as `Contract.function(types)`."""

MET_ERRORS: set[str] = set()
"""First bytes of what calls have reverted with."""


class Reverted(Exception):  # noqa: N818 - the chain's word
    """A call that reverted: the custom error's name and its arguments, or the raw bytes."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(name, arguments)
        self.name, self.arguments = name, arguments


@cache
def contract_types() -> dict[str, Any]:
    """What `ape compile` left behind, by contract name."""
    build = ROOT / ".build" / "__local__.json"
    if not is_fresh():
        raise RuntimeError(STALE)
    return dict(json.loads(build.read_text())["contractTypes"])


def _type(item: dict[str, Any]) -> str:
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(c) for c in item["components"]) + ")" + kind[5:]


def signature(item: dict[str, Any]) -> str:
    """Of something in an ABI, as in `transfer(address,uint256)`."""
    return f"{item['name']}({','.join(_type(i) for i in item['inputs'])})"


def _selector(item: dict[str, Any]) -> bytes:
    return bytes(keccak(text=signature(item))[:4])


@cache
def _errors() -> dict[bytes, dict[str, Any]]:
    items = [i for t in contract_types().values() for i in t["abi"] if i["type"] == "error"]
    return {_selector(i): i for i in items}


def named_error(data: bytes) -> tuple[str, list[str], tuple[Any, ...]] | None:
    """The custom error behind what a call reverted with: name, types, arguments."""
    item = _errors().get(data[:4])
    if item is None:
        return None
    types = [_type(i) for i in item["inputs"]]
    return item["name"], types, arguments(tuple(types)).decode(data, 4)


@dataclass(frozen=True)
class Function:
    """How a function is called, and what its answer means."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    fields: tuple[str, ...]
    """Names of what it answers, of a struct's fields when that is the answer."""
    signature: str = ""
    view: bool = False

    @classmethod
    def from_abi(cls, item: dict[str, Any]) -> Function:
        """From a contract's ABI."""
        outputs = item["outputs"]
        named = outputs[0].get("components", outputs) if len(outputs) == 1 else outputs
        return cls(
            _selector(item),
            tuple(_type(i) for i in item["inputs"]),
            tuple(_type(o) for o in outputs),
            tuple(n["name"] for n in named),
            signature(item),
            item["stateMutability"] in ("view", "pure"),
        )

    @cached_property
    def _encode(self) -> Callable[[Any], bytes]:
        return arguments(self.inputs).encode

    @cached_property
    def _decode(self) -> Callable[[bytes, int], Any]:
        return arguments(self.outputs).decode

    def encode(self, *args: Any) -> bytes:
        """The data of a call."""
        return self.selector + self._encode(args)

    def decode(self, answer: bytes) -> Any:
        """One value, or a tuple of several."""
        values = self._decode(answer, 0)
        return values[0] if len(values) == 1 else values


@cache
def functions(name: str) -> dict[str, Function]:
    """A contract's functions by name."""
    abi = contract_types()[name]["abi"]
    return {i["name"]: Function.from_abi(i) for i in abi if i["type"] == "function"}


class Contract:
    """A deployed contract: `contract.function(*args, sender=...)` calls, and decodes the answer."""

    def __init__(self, chain: Chain, name: str, address: str, kind: str = "") -> None:
        self.chain, self.name, self.address, self.kind = chain, name, address, kind or name
        self.functions = functions(name)

    def __getattr__(self, name: str) -> Any:
        try:
            function = self.functions[name]
        except KeyError as error:
            raise AttributeError(f"{self.name} has no function {name}") from error

        MET_FUNCTIONS.update(f"{kind}.{function.signature}" for kind in (self.kind, self.name))
        send = self.chain.read if function.view else self.chain.send
        kind = f"{self.name}.{'read' if function.view else 'write'}"
        tally, address = self.chain.tally, self.address

        def call(*args: Any, sender: str = DEPLOYER) -> Any:
            tally[kind] += 1
            return function.decode(send(sender, address, function.encode(*args)))

        self.__dict__[name] = call  # found at once next time
        return call

    def send(self, data: bytes, sender: str = DEPLOYER) -> bytes:
        """A call that is encoded already, and its answer as it is."""
        self.chain.tally[f"{self.name}.write"] += 1
        return self.chain.send(sender, self.address, data)

    def named(self, name: str, *args: Any) -> dict[str, Any]:
        """The answer by the names of its parts."""
        return dict(zip(self.functions[name].fields, getattr(self, name)(*args), strict=True))


class Chain:
    """One machine with a clock of its own.

    A transaction lasts until the next one begins: reads see what it has left behind, a lock too.
    """

    def __init__(self, now: int = 1_765_238_400) -> None:
        self.tally: Counter[str] = Counter()
        """Calls by contract, reads and writes."""
        self.evm = pyrevm.EVM()
        self.evm.set_balance(DEPLOYER, 10**30)
        self.now = now

    @property
    def now(self) -> int:
        """Unix seconds of the block that calls run in."""
        return self._now

    @now.setter
    def now(self, timestamp: int) -> None:
        self._now = timestamp
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=timestamp, number=1 + timestamp // 12))

    def deploy(self, name: str, *args: Any, abi: str | None = None) -> Contract:
        """Deploys a compiled contract with constructor arguments; it is called by another's ABI."""
        kind = contract_types()[name]
        inputs = next((i["inputs"] for i in kind["abi"] if i["type"] == "constructor"), [])
        code = bytes.fromhex(kind["deploymentBytecode"]["bytecode"][2:])
        values = arguments(tuple(_type(i) for i in inputs)).encode(args)
        self.evm.reset_transient_storage()
        try:
            address = self.evm.deploy(DEPLOYER, code + values)
        except RuntimeError as error:
            raise _reverted(error) from None
        return Contract(self, abi or name, address.lower(), kind=name)

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """One call in a transaction of its own; raises `Reverted`."""
        self.evm.reset_transient_storage()
        return self.read(sender, to, data)

    def read(self, sender: str, to: str, data: bytes) -> bytes:
        """One call more in the transaction before it; raises `Reverted`."""
        try:
            return self.evm.message_call(caller=sender, to=to, calldata=data)
        except RuntimeError as error:
            raise _reverted(error) from None


def _reverted(error: RuntimeError) -> Exception:
    """Names what the machine reports as `Revert { ..., output: 0x... }`."""
    match = re.search(r"output: (0x[0-9a-f]*)", str(error))
    if match is None:
        return error
    MET_ERRORS.add(match[1][:10])
    data = bytes.fromhex(match[1][2:])
    error = named_error(data)
    if error is None:
        return Reverted("0x" + data.hex(), ())
    name, _, values = error
    return Reverted(name, values)
