"""One anvil, one transaction per block, a clock set by hand: gas as receipts report it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from sims.fork.rpc import Rpc, RpcError
from tests.gas._compile import Artifact, Artifacts

OWNER = "0x" + "d0" * 20
GAS = 16_000_000
INTRINSIC = 21_000
START_S = 1_765_238_400
WAIT_S = 3_600


@dataclass(frozen=True)
class Call:
    """What a transaction says: encoded once, sent by anyone."""

    to: str
    data: str
    label: str


class Contract:
    """A deployed contract: `contract.function(*args)` is a `Call`."""

    def __init__(self, address: str, abi: list[dict[str, Any]], name: str = "") -> None:
        self.address, self.name = address, name
        self.functions: dict[str, dict[str, Any]] = {}
        for item in abi:
            if item["type"] == "function":
                self.functions.setdefault(item["name"], item)
                self.functions[signature(item)] = item

    def __getattr__(self, name: str) -> Callable[..., Call]:
        return lambda *args: self.call(name, *args)

    def call(self, name: str, *args: Any) -> Call:
        """The call of a function, by name or, where names are shared, by signature."""
        item = self.functions[name]
        types = [_type(i) for i in item["inputs"]]
        data = keccak(text=signature(item))[:4] + encode(types, _tuples(item["inputs"], args))
        return Call(self.address, "0x" + data.hex(), f"{self.name}.{name}")

    def has(self, name: str) -> bool:
        """Whether the contract offers a function."""
        return name in self.functions

    def decode(self, name: str, answer: str) -> Any:
        """What a function returned."""
        types = [_type(o) for o in self.functions[name]["outputs"]]
        values = decode(types, bytes.fromhex(answer[2:]))
        return values[0] if len(values) == 1 else values


class Chain:
    """A node with accounts that need no keys and no ether."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self.now = START_S
        self._accounts = 0

    def account(self) -> str:
        """An address that has never been used."""
        self._accounts += 1
        return to_checksum_address(keccak(text=f"account {self._accounts}")[:20])

    def wait(self, seconds: int = WAIT_S) -> None:
        """Lets time pass: the next block comes that much later."""
        self.now += seconds

    def send(self, sender: str, call: Call) -> int:
        """A transaction in a block of its own; its gas. Raises with the revert data."""
        return int(self._mine(sender, call.to, call.data, call.label)["gasUsed"], 16)

    def view(self, call: Call) -> int:
        """Gas of a view, sent as a transaction and less the intrinsic part: all slots are cold."""
        data = bytes.fromhex(call.data[2:])
        zeros = data.count(0)
        return self.send(OWNER, call) - INTRINSIC - 4 * zeros - 16 * (len(data) - zeros)

    def read(self, contract: Contract, name: str, *args: Any) -> Any:
        """What a view answers."""
        call = contract.call(name, *args)
        answer = self.rpc.request("eth_call", {"to": call.to, "data": call.data}, "latest")
        return contract.decode(name, answer)

    def deploy(
        self,
        artifacts: Artifacts,
        name: str,
        *args: Any,
        sender: str = OWNER,
        libraries: Mapping[str, str] | None = None,
    ) -> Contract:
        """Deploys a compiled contract with constructor arguments."""
        artifact = artifacts[name]
        inputs: list[dict[str, Any]] = next(
            (i["inputs"] for i in artifact.abi if i["type"] == "constructor"), []
        )
        code = _linked(artifact, libraries or {})
        data = code + encode([_type(i) for i in inputs], _tuples(inputs, args)).hex()
        receipt = self._mine(sender, None, "0x" + data, f"new {name}")
        return Contract(receipt["contractAddress"], artifact.abi, name)

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """What happens inside is undone: every row starts from the same state."""
        now, snapshot = self.now, self.rpc.request("evm_snapshot")
        try:
            yield
        finally:
            self.rpc.request("evm_revert", snapshot)
            self.now = now

    def _mine(self, sender: str, to: str | None, data: str, label: str) -> dict[str, Any]:
        self.now += 1
        self.rpc.request("evm_setNextBlockTimestamp", self.now)
        call = {"from": sender, "data": data, "gas": hex(GAS), "gasPrice": "0x0"}
        if to is not None:
            call["to"] = to
        receipt = self.rpc.request("eth_sendTransactionSync", call)
        if int(receipt["status"], 16) != 1:
            try:
                self.rpc.request("eth_call", call, "latest")
                why: Any = "and does not when tried again"
            except RpcError as error:
                why = f"{error} {error.data}"
            raise RuntimeError(f"{label} reverted: {why}")
        return dict(receipt)


def signature(item: dict[str, Any]) -> str:
    """A function as in the ABI's own words, `supply(uint256,uint256,address)`."""
    return f"{item['name']}({','.join(_type(i) for i in item['inputs'])})"


def _type(item: dict[str, Any]) -> str:
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(c) for c in item["components"]) + ")" + kind[5:]


def _tuples(items: list[dict[str, Any]], values: Any) -> list[Any]:
    """Mappings in the place of structs become tuples in the order of the ABI."""
    return [_value(i, v) for i, v in zip(items, values, strict=True)]


def _value(item: dict[str, Any], value: Any) -> Any:
    if isinstance(value, Contract):
        return value.address
    if item["type"] == "tuple":
        members = (
            [value[c["name"]] for c in item["components"]] if isinstance(value, dict) else value
        )
        return tuple(_tuples(item["components"], members))
    if item["type"].endswith("[]"):
        return [_value({**item, "type": item["type"][:-2]}, v) for v in value]
    return value


def _linked(artifact: Artifact, libraries: Mapping[str, str]) -> str:
    code = artifact.bytecode
    for names in artifact.links.values():
        for name, places in names.items():
            for place in places:
                at = 2 * place["start"]
                code = code[:at] + libraries[name][2:].lower() + code[at + 40 :]
    return code
