"""A local chain of our own: anvil on a free port, gone when the block that started it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sims.fork.rpc import Rpc, RpcError

HOME = Path(__file__).resolve().parent.parent / ".anvil"
"""anvil keeps what it caches of a fork, and old states, in its user's home: that is this one. Not below
.build/, which Ape copies at every compile."""

STATES = HOME / ".foundry" / "anvil" / "tmp"
OLD_S = 86_400
"""A chain that was killed leaves its states behind, hundreds of megabytes of them."""

START_S = 20.0
STOP_S = 5.0


class AnvilError(RuntimeError):
    """Why no local chain could be started, in one sentence."""


@contextlib.contextmanager
def anvil(*arguments: str, port: int | None = None) -> Iterator[str]:
    """The address of a new chain.

    Parameters
    ----------
    arguments
        Options for anvil.
    port
        Where to listen; a free one when None.
    """
    binary = require_anvil()
    port = _free_port() if port is None else _require_free(port)
    _make_home()
    process = subprocess.Popen(
        [binary, "--host", "127.0.0.1", "--port", str(port), "--silent", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "HOME": str(HOME)},
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def anvil_home() -> Iterator[None]:
    """Gives the chain that Ape starts meanwhile the same home as ours, and a port that is free.

    Of its own accord Ape draws a port that some connection may be using, and waits for it in vain.
    """
    _make_home()
    wanted = {"HOME": str(HOME)}
    if "APE_FOUNDRY_HOST" not in os.environ:
        wanted["APE_FOUNDRY_HOST"] = f"http://127.0.0.1:{_free_port()}"
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def unwinding_on_sigterm() -> Iterator[None]:
    """Lets a polite kill, and a terminal that is closed, run every `finally`, as Ctrl-C does, so
    that no chain is left behind."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {}
    for kind in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup a closed terminal is to be ignored.
        if signal.getsignal(kind) is not signal.SIG_IGN:
            before[kind] = signal.signal(kind, stop)
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def require_anvil() -> str:
    """Where anvil is."""
    binary = shutil.which("anvil")
    if binary is None:
        raise AnvilError(
            "`anvil` was not found on PATH: run `make setup`, then activate .venv or use `make`."
        )
    return binary


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_S
    with Rpc(url, timeout_s=1.0) as rpc:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                said = process.stderr.read().decode(errors="replace") if process.stderr else ""
                reason = " ".join(said.split())[:200] or f"exit code {process.returncode}"
                raise AnvilError(f"anvil stopped at once: {reason}.")
            try:
                rpc.chain_id()
            except RpcError:
                time.sleep(0.05)
            else:
                return
    raise AnvilError(f"anvil did not answer at {url} within {START_S:g} seconds: try again.")


def _make_home() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    for states in STATES.glob("anvil-state-*"):
        with contextlib.suppress(OSError):  # somebody else has cleared it away
            if time.time() - states.stat().st_mtime > OLD_S:
                shutil.rmtree(states)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _require_free(port: int) -> int:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise AnvilError(
                f"Port {port} cannot be used ({error}): name another port, or none for a free one."
            ) from None
    return port


def _die_with_parent() -> None:
    """Covers a parent that is killed outright and unwinds nothing (Linux: PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
