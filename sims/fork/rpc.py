"""JSON-RPC in batches: a market at one block in a few round trips.

A call through a framework costs about 20 ms, in a batch of hundreds 0.1 ms. Calls are encoded once,
cut into chunks that the node accepts, and retried while the node is busy:

    round trips = ceil(calls / chunk)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

Progress = Callable[[str, int, int], None]
"""Called with what is being read, how much of it is there, and how much there will be."""

_BUSY_HTTP = frozenset({429, 502, 503, 504})
_TOO_FAST = 429  # as an error code inside a batch
_PAUSES_S = (0.1, 0.4, 1.5)  # before the second, third and fourth attempt


class RpcError(RuntimeError):
    """What went wrong between here and the node, in one sentence.

    Attributes
    ----------
    code
        The node's error code, or None when the node gave no JSON-RPC answer.
    data
        What the node sent beside the code: for a reverted call, the revert data in hex.
    """

    def __init__(self, message: str, *, code: int | None = None, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@dataclass(frozen=True)
class Function:
    """A contract function, with its selector and types worked out once.

    Parameters
    ----------
    signature
        As in the ABI, `reserveWords(uint256)`.
    returns
        ABI types of the answer.
    """

    signature: str
    returns: tuple[str, ...]
    arguments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        inside = self.signature[self.signature.index("(") + 1 : -1]
        object.__setattr__(self, "arguments", tuple(inside.split(",")) if inside else ())

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of the signature's hash."""
        return keccak(text=self.signature)[:4]

    def encode(self, *arguments: Any) -> str:
        """The call's data in hex."""
        return "0x" + (self.selector + encode(self.arguments, arguments)).hex()

    def decode(self, data: str) -> tuple[Any, ...]:
        """The answer's values. Raises `RpcError` when the answer has another shape."""
        try:
            values = decode(self.returns, bytes.fromhex(data[2:]))
            # Ape teaches the decoder to read words that are not there as zeros.
            whole = len(encode(self.returns, values)) <= len(data) // 2 - 1
        except (DecodingError, OverflowError, ValueError):
            whole = False
        if not whole:
            raise RpcError(
                f"{self.signature} answered {_short(data)!r}, which is not "
                f"({', '.join(self.returns)}): another kind of contract lives at that address."
            )
        return values


@dataclass(frozen=True)
class Call:
    """One read of one contract."""

    to: str
    function: Function
    arguments: tuple[Any, ...] = ()


class Rpc:
    """One node, one session.

    Parameters
    ----------
    url
        Where the node listens. Error messages name its host only: the rest may hold a key.
    timeout_s
        How long one round trip may take.
    chunk
        Most requests in one batch; halved for good when the node refuses that many.
    """

    def __init__(self, url: str, *, timeout_s: float = 120.0, chunk: int = 500) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise RpcError(f"{url!r} is not the address of a node: {error}.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RpcError(
                f"{url!r} is not the address of a node: it has to begin with http:// or https://."
            )
        self.url = url
        self.host = parts.hostname + (f":{port}" if port else "")
        self._timeout_s = timeout_s
        self._chunk = chunk
        self._session = requests.Session()
        self._session.trust_env = parts.hostname not in ("127.0.0.1", "localhost", "::1")
        self._next_id = 0

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    # -------------------------------------------------------------------------------- requests

    def request(self, method: str, *params: Any) -> Any:
        """One request. Raises `RpcError` when it fails."""
        return self.batch([(method, params)])[0]

    def batch(
        self,
        calls: Sequence[tuple[str, Sequence[Any]]],
        *,
        strict: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> list[Any]:
        """Results in the order of `calls`, each a method and its parameters.

        Parameters
        ----------
        strict
            True raises the first error; False leaves an `RpcError` in the place of each failed result.
        progress
            Called with the number of results so far.
        """
        results: list[Any] = []
        while len(results) < len(calls):
            chunk = calls[len(results) : len(results) + self._chunk]
            answers = self._post(chunk)
            if answers is None:
                self._chunk = max(1, len(chunk) // 2)
                continue
            for (method, _), answer in zip(chunk, answers, strict=True):
                result = (
                    answer.get("result") if "error" not in answer else self._error(method, answer)
                )
                if strict and isinstance(result, RpcError):
                    raise result
                results.append(result)
            if progress:
                progress(len(results))
        return results

    def _post(self, chunk: Sequence[tuple[str, Sequence[Any]]]) -> list[dict[str, Any]] | None:
        """Answers in the order asked; None when the node takes no batch of this size."""
        first = self._next_id
        self._next_id += len(chunk)
        body = [
            {"jsonrpc": "2.0", "id": first + i, "method": method, "params": list(params)}
            for i, (method, params) in enumerate(chunk)
        ]
        # What changes the chain must not be sent twice: it may have arrived although no answer came.
        reads = all(not m.startswith(("eth_send", "evm_", "anvil_")) for m, _ in chunk)
        for pause_s in (*_PAUSES_S, None) if reads else (None,):
            try:
                answer = self._send(body if len(body) > 1 else body[0])
            except _BusyError as busy:
                if pause_s is None:
                    raise RpcError(str(busy)) from busy
                time.sleep(pause_s)
                continue
            break
        answers = answer if isinstance(answer, list) else [answer]
        if len(answers) == 1 and len(body) > 1 and (answer is None or "error" in answers[0]):
            return None
        by_id = {a.get("id"): a for a in answers if isinstance(a, dict)}
        if any(item["id"] not in by_id for item in body):
            raise RpcError(
                f"The node at {self.host} left {len(body) - len(by_id)} of {len(body)} requests "
                "unanswered: it does not speak JSON-RPC 2.0 as it should."
            )
        return [by_id[item["id"]] for item in body]

    def _send(self, body: Any) -> Any:
        """The node's answer; None when the request was too large."""
        try:
            response = self._session.post(self.url, json=body, timeout=self._timeout_s)
        except requests.Timeout as error:
            raise _BusyError(
                f"The node at {self.host} did not answer within {self._timeout_s:g} seconds."
            ) from error
        except requests.RequestException as error:
            raise _BusyError(
                f"No node answers at {self.host}: start it, or correct its address (RPC_URL)."
            ) from error
        if response.status_code == 413:
            return None
        if response.status_code in _BUSY_HTTP:
            raise _BusyError(
                f"The node at {self.host} is too busy (HTTP {response.status_code}): try again later, "
                "or use a node with a higher limit."
            )
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict | list):
            raise RpcError(
                f"{self.host} answered HTTP {response.status_code} and no JSON-RPC: "
                "check the address (RPC_URL) and the key in it."
            )
        limited = _limited(answer)
        if limited:
            raise _BusyError(
                f"The node at {self.host} asks to slow down ({limited}): try again later, or use a "
                "node with a higher limit."
            )
        return answer

    def _error(self, method: str, answer: dict[str, Any]) -> RpcError:
        error = (
            answer["error"] if isinstance(answer["error"], dict) else {"message": answer["error"]}
        )
        message = without_keys(str(error.get("message", ""))).strip().rstrip(".")
        message = message or "no reason given"
        return RpcError(
            f"The node at {self.host} refused {method}: {message}.",
            code=error.get("code"),
            data=error.get("data"),
        )

    # -------------------------------------------------------------------------------- contracts

    def read(
        self,
        calls: Sequence[Call],
        *,
        block: int,
        progress: Callable[[int], None] | None = None,
    ) -> list[tuple[Any, ...]]:
        """What contracts answer at one block. Raises `RpcError` naming the call that failed."""
        for call, answer in zip(
            calls, answers := self.try_read(calls, block=block, progress=progress), strict=True
        ):
            if isinstance(answer, RpcError):
                raise RpcError(
                    f"{call.function.signature} of {call.to} failed at block {block}: {answer}",
                    code=answer.code,
                    data=answer.data,
                ) from answer
        return [answer for answer in answers if not isinstance(answer, RpcError)]

    def try_read(
        self,
        calls: Sequence[Call],
        *,
        block: int,
        progress: Callable[[int], None] | None = None,
    ) -> list[tuple[Any, ...] | RpcError]:
        """As `read`, with an `RpcError` in the place of each failed answer."""
        requests_ = [
            (
                "eth_call",
                ({"to": c.to, "data": c.function.encode(*c.arguments)}, hex(block)),
            )
            for c in calls
        ]
        results = self.batch(requests_, strict=False, progress=progress)
        return [_decoded(c, result) for c, result in zip(calls, results, strict=True)]

    def logs(
        self,
        address: str,
        topics: Sequence[str | Sequence[str] | None],
        *,
        first: int,
        last: int,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Logs of a contract from block `first` to `last`, in ranges as wide as the node accepts.

        Parameters
        ----------
        topics
            What each topic has to be; one of several, or None for anything.
        progress
            Called with the number of blocks searched so far.
        """
        start, span = first, last - first + 1
        while start <= last:
            end = min(start + span - 1, last)
            query = {
                "address": address,
                "topics": list(topics),
                "fromBlock": hex(start),
                "toBlock": hex(end),
            }
            try:
                found = self.request("eth_getLogs", query)
            except RpcError as error:
                if span == 1 or error.code is None:
                    raise
                span = max(1, (end - start + 1) // 4)
                continue
            yield from found
            start, span = end + 1, span * 2
            if progress:
                progress(end - first + 1)

    def block(self, number: int | str = "latest") -> dict[str, Any]:
        """A block's header. Raises `RpcError` when the node has no such block."""
        tag = hex(number) if isinstance(number, int) else number
        found = self.request("eth_getBlockByNumber", tag, False)
        if not isinstance(found, dict):
            raise RpcError(f"The node at {self.host} has no block {number}.")
        return found

    def chain_id(self) -> int:
        """The chain's id."""
        answer = self.request("eth_chainId")
        try:
            return int(answer, 16)
        except (TypeError, ValueError):
            raise RpcError(
                f"The node at {self.host} gave {answer!r} for its chain id: it is no Ethereum node."
            ) from None


def without_keys(text: str) -> str:
    """Addresses of nodes cut down to their hosts: a fork's errors quote the address behind it, and
    the rest of that may hold a key."""
    return re.sub(r"(https?://)(?:[^\s/@\"')]*@)?([^\s/\"')]+)[^\s\"')]*", r"\1\2", text)


class _BusyError(Exception):
    """Worth another attempt."""


def _limited(answer: Any) -> str | None:
    """The node's words when it refused a request for coming too fast."""
    for item in answer if isinstance(answer, list) else [answer]:
        error = item.get("error") if isinstance(item, dict) else None
        if isinstance(error, dict) and error.get("code") == _TOO_FAST:
            return str(error.get("message", "")).strip().rstrip(".") or "too many requests"
    return None


def _decoded(call: Call, result: Any) -> tuple[Any, ...] | RpcError:
    if isinstance(result, RpcError):
        return result
    try:
        return call.function.decode(result)
    except RpcError as error:
        return error


def _short(text: str, most: int = 42) -> str:
    return text if len(text) <= most else text[:most] + "..."
