"""The JSON-RPC client against a node that answers over HTTP, well or badly."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from eth_abi.decoding import UnsignedIntegerDecoder

from sims.fork import rpc as module
from sims.fork.rpc import Call, Function, Rpc, RpcError
from sims.fork.weir import find_accounts, first_block_of, read_accounts, topic
from sims.snapshot import SnapshotError

POOL = "0x" + "11" * 20
DOUBLE = Function("double(uint256)", ("uint256",))


class Node:
    """Answers every request with `answer(method, params)`; an `RpcError` becomes the node's error.

    `http` may replace the whole reply to a body by a status and a text.
    """

    def __init__(self, answer):
        self.answer = answer
        self.http = lambda body: None
        self.bodies = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.bodies.append(body)
                status, text = node.http(body) or (200, json.dumps(node.reply(body)))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v2/a-secret-key"
        serve = threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True)
        serve.start()

    def reply(self, body):
        if isinstance(body, list):
            return [self.reply(item) for item in reversed(body)]  # any order is allowed
        try:
            result = {"result": self.answer(body["method"], body["params"])}
        except RpcError as error:
            result = {"error": {"code": error.code, "message": str(error)}}
        return {"jsonrpc": "2.0", "id": body["id"], **result}

    @property
    def sizes(self):
        return [len(body) if isinstance(body, list) else 1 for body in self.bodies]


@pytest.fixture
def node():
    made = Node(lambda method, params: [method, *params])
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(module, "_PAUSES_S", (0.0, 0.0, 0.0))


def chain(node):
    """A node whose contract doubles numbers, and refuses 13."""

    def answer(method, params):
        assert method == "eth_call"
        number = int(params[0]["data"][10:], 16)
        if number == 13:
            raise RpcError("execution reverted", code=3)
        return f"0x{2 * number:064x}"

    node.answer = answer


# ------------------------------------------------------------------------------------ functions


def test_encode__a_number__is_selector_and_word():
    transfer = Function("transfer(address,uint256)", ("bool",))
    words = "00" * 12 + "ab" * 20 + "00" * 31 + "01"
    assert transfer.encode("0x" + "ab" * 20, 1) == "0xa9059cbb" + words


def test_encode__no_arguments__is_the_selector():
    assert Function("decimals()", ("uint8",)).encode() == "0x313ce567"


def test_decode__an_answer__is_its_values():
    assert DOUBLE.decode(f"0x{7:064x}") == (7,)


@pytest.mark.parametrize("data", ["0x", "0x1234", "0xzz"])
@pytest.mark.parametrize("lenient", [False, True])
def test_decode__an_answer_of_another_shape__refused(data, lenient, monkeypatch):
    if lenient:  # as Ape makes the decoder of the whole process
        monkeypatch.setattr(
            UnsignedIntegerDecoder,
            "read_data_from_stream",
            lambda self, stream: stream.read(32).ljust(32, b"\0"),
        )
    with pytest.raises(RpcError, match="another kind of contract"):
        DOUBLE.decode(data)


# ------------------------------------------------------------------------------------ batches


def test_batch__more_than_a_chunk__comes_back_in_order(node):
    with Rpc(node.url, chunk=4) as client:
        assert client.batch([("m", [i]) for i in range(10)]) == [["m", i] for i in range(10)]
    assert node.sizes == [4, 4, 2]


def test_batch__progress__counts_to_the_end(node):
    seen = []
    with Rpc(node.url, chunk=4) as client:
        client.batch([("m", [i]) for i in range(10)], progress=seen.append)
    assert seen == [4, 8, 10]


@pytest.mark.parametrize(
    "refusal",
    [(413, ""), (200, '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too many"}}')],
)
def test_batch__larger_than_the_node_takes__is_cut_smaller(node, refusal):
    node.http = lambda body: refusal if isinstance(body, list) and len(body) > 2 else None
    with Rpc(node.url, chunk=8) as client:
        assert client.batch([("m", [i]) for i in range(8)]) == [["m", i] for i in range(8)]
    assert node.sizes == [8, 4, 2, 2, 2, 2]


@pytest.mark.parametrize(
    "busy",
    [(429, ""), (503, ""), (200, '{"id":0,"error":{"code":429,"message":"slow down"}}')],
)
def test_request__a_node_that_is_busy_twice__is_asked_again(node, busy):
    node.http = lambda body: busy if len(node.bodies) < 3 else None
    with Rpc(node.url) as client:
        assert client.request("m", 1) == ["m", 1]
    assert len(node.bodies) == 3


def test_request__a_node_that_stays_busy__refused_after_four_attempts(node):
    node.http = lambda body: (503, "")
    with Rpc(node.url) as client, pytest.raises(RpcError, match="too busy"):
        client.request("m")
    assert len(node.bodies) == 4


@pytest.mark.parametrize("method", ["eth_sendTransaction", "eth_sendRawTransaction", "evm_mine"])
def test_request__that_changes_the_chain__is_sent_once(node, method):
    node.http = lambda body: (503, "")
    with Rpc(node.url) as client, pytest.raises(RpcError):
        client.request(method)
    assert len(node.bodies) == 1


# ------------------------------------------------------------------------------------ bad nodes


def test_request__no_node__names_the_host_and_what_to_do():
    with Rpc("http://127.0.0.1:1") as client, pytest.raises(RpcError) as caught:
        client.request("eth_chainId")
    assert str(caught.value) == (
        "No node answers at 127.0.0.1:1: start it, or correct its address (RPC_URL)."
    )


def test_request__any_failure__keeps_the_key_to_itself(node):
    node.http = lambda body: (403, "<html>")
    with Rpc(node.url) as client, pytest.raises(RpcError) as caught:
        client.request("m")
    assert "HTTP 403" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_request__an_error_that_quotes_an_address__names_its_host_only(node):
    def answer(method, params):
        raise RpcError("cannot fetch (https://user:secret@far.example/secret?k=secret); gave up")

    node.answer = answer
    with Rpc(node.url) as client, pytest.raises(RpcError) as caught:
        client.request("eth_call")
    assert "(https://far.example); gave up" in str(caught.value)


def test_request__an_error_of_the_node__carries_code_and_words(node):
    def answer(method, params):
        raise RpcError("header not found", code=-32000)

    node.answer = answer
    with Rpc(node.url) as client, pytest.raises(RpcError, match="header not found") as caught:
        client.request("eth_call")
    assert caught.value.code == -32000


def test_batch__an_answer_left_out__refused(node):
    node.http = lambda body: (200, json.dumps(node.reply(body)[1:]))
    with Rpc(node.url) as client, pytest.raises(RpcError, match="left 1 of 3 requests"):
        client.batch([("m", [i]) for i in range(3)])


@pytest.mark.parametrize(
    "url", ["", "mainnet", "ftp://host", "http://", "http://[bad", "http://host:port"]
)
def test_rpc__an_address_that_is_none__refused(url):
    with pytest.raises(RpcError, match="is not the address of a node"):
        Rpc(url)


@pytest.mark.parametrize("answer", [None, "one", {}])
def test_chain_id__of_something_else__refused(node, answer):
    node.answer = lambda method, params: answer
    with Rpc(node.url) as client, pytest.raises(RpcError, match="no Ethereum node"):
        client.chain_id()


def test_block__that_is_not_there__refused(node):
    node.answer = lambda method, params: None
    with Rpc(node.url) as client, pytest.raises(RpcError, match="no block 7"):
        client.block(7)


# ------------------------------------------------------------------------------------ contracts


def test_read__many_calls__are_decoded_in_order(node):
    chain(node)
    with Rpc(node.url) as client:
        answers = client.read([Call(POOL, DOUBLE, (i,)) for i in range(5)], block=9)
    assert answers == [(0,), (2,), (4,), (6,), (8,)]
    assert {item["params"][1] for item in node.bodies[0]} == {"0x9"}


def test_read__a_call_that_reverts__is_named(node):
    chain(node)
    with Rpc(node.url) as client, pytest.raises(RpcError, match=r"double\(uint256\).*reverted"):
        client.read([Call(POOL, DOUBLE, (i,)) for i in (12, 13)], block=9)


def test_try_read__a_call_that_reverts__leaves_the_others(node):
    chain(node)
    with Rpc(node.url) as client:
        first, refused, last = client.try_read(
            [Call(POOL, DOUBLE, (i,)) for i in (12, 13, 14)], block=9
        )
    assert (first, last) == ((24,), (28,))
    assert isinstance(refused, RpcError)


def logs_node(node, *, widest):
    """A log in every block, and no more than `widest` blocks at once."""

    def answer(method, params):
        query = params[0]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first + 1 > widest:
            raise RpcError("query returned more than 10000 results", code=-32005)
        return [{"block": b} for b in range(first, last + 1)]

    node.answer = answer


@pytest.mark.parametrize("widest", [1, 3, 1_000])
def test_logs__whatever_the_node_allows__every_block_once(node, widest):
    logs_node(node, widest=widest)
    with Rpc(node.url) as client:
        found = [log["block"] for log in client.logs(POOL, [], first=5, last=40)]
    assert found == [*range(5, 41)]


def test_logs__a_node_that_refuses_even_one_block__refused(node):
    logs_node(node, widest=0)
    with Rpc(node.url) as client, pytest.raises(RpcError, match="more than 10000"):
        list(client.logs(POOL, [], first=5, last=40))


# ------------------------------------------------------------------------------------ accounts


SUPPLY = topic("Supply(uint256,address,address,uint256,uint256,uint256,uint256)")
SUPPLY_IDLE = topic("SupplyIdle(uint256,address,address,uint256,uint256)")
TRANSFER = topic("Transfer(address,address,address,uint256,uint256)")
BORROW = topic("Borrow(uint256,address,address,address,uint256,uint256,uint256,uint256)")
DEBT_TAKEN = topic("DebtTaken(uint256,address,address,address,uint256,uint256)")


def found_in(node, *logs):
    """The accounts that events with these topics name."""

    def answer(method, params):
        (wanted,) = params[0]["topics"]
        return [
            {"topics": [first, *(f"0x{value:064x}" for value in indexed)]}
            for first, *indexed in logs
            if first in wanted
        ]

    node.answer = answer
    with Rpc(node.url) as client:
        return [int(a, 16) for a in find_accounts(client, POOL, first=1, last=1)]


def test_find_accounts__several_events_of_one__counts_him_once(node):
    assert found_in(node, (SUPPLY, 0, 0xA), (SUPPLY, 1, 0xB), (BORROW, 0, 0xA)) == [0xA, 0xB]


@pytest.mark.parametrize(
    "log",
    [
        (SUPPLY, 0, 0xC),
        (SUPPLY_IDLE, 0, 0xC),
        (TRANSFER, 0xA, 0xC, 0),
        (BORROW, 0, 0xC),
        (DEBT_TAKEN, 0, 0xA, 0xC),
    ],
)
def test_find_accounts__whatever_gives_a_first_position__names_who_has_it(node, log):
    assert found_in(node, log) == [0xC]


@pytest.mark.parametrize("born", [0, 1, 637, 1_000])
def test_first_block_of__a_pool__is_found_by_halving(node, born):
    node.answer = lambda method, params: "0x60" if int(params[1], 16) >= born else "0x"
    with Rpc(node.url) as client:
        assert first_block_of(client, POOL, last=1_000) == born
    assert len(node.bodies) <= 11


def test_first_block_of__a_node_without_old_states__is_the_first_of_all(node):
    def answer(method, params):
        if int(params[1], 16) < 900:
            raise RpcError("missing trie node", code=-32000)
        return "0x60"

    node.answer = answer
    with Rpc(node.url) as client:
        assert first_block_of(client, POOL, last=1_000) == 0


def test_read_accounts__a_file__is_sorted_without_what_is_no_address(tmp_path):
    file = tmp_path / "accounts.txt"
    file.write_text(f"# ours\n0x{'22' * 20}\n\n0x{'11' * 20}  # first\n0x{'22' * 20}\n")
    assert read_accounts(file) == ["0x" + "11" * 20, "0x" + "22" * 20]


@pytest.mark.parametrize(
    ("text", "said"), [("0x12\n", "accounts.txt:1"), ("# none\n", "names no account")]
)
def test_read_accounts__a_file_that_is_wrong__refused(tmp_path, text, said):
    file = tmp_path / "accounts.txt"
    file.write_text(text)
    with pytest.raises(SnapshotError, match=said):
        read_accounts(file)


def test_read_accounts__no_file__refused(tmp_path):
    with pytest.raises(SnapshotError, match="cannot be read"):
        read_accounts(tmp_path / "none.txt")
