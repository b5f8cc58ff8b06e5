"""The commands as a user starts and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.prefix) / "bin"


def environment():
    return {k: v for k, v in os.environ.items() if k not in ("RPC_URL", "POOL")}


def processes():
    """Parent by process id of everything that runs, and the name of each."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,comm"], capture_output=True, text=True)
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines()[1:])
    return {int(pid): (int(parent), name) for pid, parent, name in rows}


def anvils_of(pid):
    """Chains that a process started itself."""
    return {p for p, (parent, name) in processes().items() if parent == pid and "anvil" in name}


def test_ape_run__help__lists_every_command():
    # A script that does not import vanishes from the list without an error.
    done = subprocess.run(
        [BIN / "ape", "run", "--help"], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {"demo", "deploy", "keeper", "roles", "snapshot", "stress"} <= listed, (
        done.stdout + done.stderr
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_demo__stopped_in_the_middle__leaves_no_chain_and_no_report(tmp_path, how):
    if how == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed outright")
    started = subprocess.Popen(
        [BIN / "ape", "run", "demo", "--out", tmp_path / "report"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        chains = until(lambda: anvils_of(started.pid))
        started.send_signal(how)
        assert started.wait(20) != 0
        until(lambda: not chains & processes().keys())
    finally:
        started.kill()
        started.wait()
    assert list(tmp_path.iterdir()) == []


def until(condition, *, limit_s=30.0):
    """The condition's first value that is true."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value
