"""A pytest plugin: which marks the tests reach, in the machine and on anvil.

The machine keeps every account that it has loaded. Anvil forks a chain that is nothing but this process: it
asks for each account that it does not know, once, and so names the mark.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyrevm
import pytest

from tests.coverage._instrument import BASE

PREFIX = f"0x{BASE:040x}"[:26]
reached: set[int] = set()
machines: list[Any] = []
make_evm = pyrevm.EVM


def notice(address: str) -> None:
    if address[:26].lower() == PREFIX:
        reached.add(int(address, 16) - BASE)


def roomy() -> Any:
    """A machine that takes contracts of any size, and is remembered until the test is over."""
    machine = make_evm(env=pyrevm.Env(cfg=pyrevm.CfgEnv(limit_contract_code_size=2**20)))
    machines.append(machine)
    return machine


pyrevm.EVM = roomy


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    yield
    for machine in machines:
        for address in machine.db_accounts:
            notice(address)
    machines.clear()


def pytest_sessionfinish() -> None:
    Path(os.environ["COVERAGE_MARKS"]).write_text(json.dumps(sorted(reached)))


# ---------------------------------------------------------------------- anvil

HASH = "0x" + "11" * 32
BLOCK = {
    "number": "0x1",
    "hash": HASH,
    "parentHash": "0x" + "00" * 32,
    "sha3Uncles": "0x" + "00" * 32,
    "miner": "0x" + "00" * 20,
    "stateRoot": "0x" + "00" * 32,
    "transactionsRoot": "0x" + "00" * 32,
    "receiptsRoot": "0x" + "00" * 32,
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x0",
    "gasLimit": hex(10**9),
    "gasUsed": "0x0",
    "timestamp": hex(1_700_000_000),
    "extraData": "0x",
    "mixHash": "0x" + "00" * 32,
    "nonce": "0x0000000000000000",
    "baseFeePerGas": "0x0",
    "withdrawalsRoot": "0x" + "00" * 32,
    "blobGasUsed": "0x0",
    "excessBlobGas": "0x0",
    "parentBeaconBlockRoot": "0x" + "00" * 32,
    "size": "0x200",
    "totalDifficulty": "0x0",
    "uncles": [],
    "withdrawals": [],
    "transactions": [],
}
EMPTY_CODE = "0x"
ANSWERS = {
    "eth_chainId": "0x7a69",
    "net_version": "31337",
    "eth_blockNumber": "0x1",
    "eth_gasPrice": "0x0",
    "eth_getBlockByNumber": BLOCK,
    "eth_getBlockByHash": BLOCK,
    "eth_getBalance": "0x0",
    "eth_getTransactionCount": "0x0",
    "eth_getCode": EMPTY_CODE,
    "eth_getStorageAt": "0x" + "00" * 32,
    "eth_getAccountInfo": {"balance": "0x0", "nonce": "0x0", "code": EMPTY_CODE},
    "eth_getTransactionByHash": None,
    "eth_getTransactionReceipt": None,
    "eth_getLogs": [],
}


class Nothing(BaseHTTPRequestHandler):
    """An empty chain."""

    protocol_version = "HTTP/1.1"
    # One packet an answer, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        method, parameters = request["method"], request.get("params") or []
        if parameters and isinstance(parameters[0], str):
            notice(parameters[0])
        said: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        if method in ANSWERS:
            return {**said, "result": ANSWERS[method]}
        return {**said, "error": {"code": -32601, "message": f"no {method} here"}}

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        many = isinstance(request, list)
        said = [self.answer(r) for r in request] if many else self.answer(request)
        body = json.dumps(said).encode()
        with suppress(BrokenPipeError):  # anvil has asked twice, and has been answered
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def fork_nothing() -> None:
    """Anvil runs on the empty chain, and takes contracts of any size."""
    from ape_foundry.provider import FoundryProvider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    plain = FoundryProvider.build_command

    def build_command(self: Any) -> list[str]:
        more = ["--fork-url", f"http://127.0.0.1:{server.server_port}", "--chain-id", "31337"]
        more += ["--no-storage-caching", "--no-rate-limit", "--disable-code-size-limit"]
        return [*plain(self), *more, "--gas-limit", str(10**9)]

    FoundryProvider.build_command = build_command


if os.environ.get("COVERAGE_ANVIL"):
    fork_nothing()
