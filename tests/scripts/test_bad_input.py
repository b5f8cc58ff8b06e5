"""What a user gets wrong: one sentence, exit code 1, nothing half-written, no chain left running."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import closing

import pytest
from click.testing import CliRunner

from scripts import demo, snapshot, stress
from scripts._anvil import AnvilError, anvil
from tests.sims import _snapshots

DEAD = "http://127.0.0.1:1"
POOL = "0x" + "12" * 20


@pytest.fixture(autouse=True)
def before():
    """Chains that ran when the test began: Ape's own, under `ape test`."""
    return anvils()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("RPC_URL", "POOL"):
        monkeypatch.delenv(name, raising=False)


def refused(command, *arguments, env=None):
    """What the command says when it refuses."""
    done = CliRunner().invoke(command.cli, [str(a) for a in arguments], env=env)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)  # no traceback
    return done.output


def anvils():
    """Chains of this process that run."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,ppid,comm"], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()[1:]]
    return {pid for pid, parent, name in rows if parent == str(os.getpid()) and "anvil" in name}


@pytest.mark.parametrize("command", [snapshot, stress])
def test_fork__without_rpc_url__refused(command, tmp_path):
    assert "RPC_URL is not set" in refused(command, "--pool", POOL, "--out", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [snapshot, stress, demo])
def test_fork__of_a_dead_node__refused(command, tmp_path, before):
    said = refused(command, "--pool", POOL, "--out", tmp_path / "x", env={"RPC_URL": DEAD})
    assert "No node answers at 127.0.0.1:1" in said
    assert list(tmp_path.iterdir()) == []
    assert anvils() == before


def test_demo__rpc_url_without_pool__refused(node, tmp_path):
    running = anvils()
    said = refused(demo, "--out", tmp_path / "x", env={"RPC_URL": node})
    assert "name the pool" in said
    assert anvils() == running


def test_demo__pool_without_rpc_url__refused(tmp_path):
    assert "set RPC_URL" in refused(demo, "--pool", POOL, "--out", tmp_path / "x")


def test_fork__of_another_chain__refused(tmp_path, before):
    with anvil("--chain-id", "5") as url:
        said = refused(snapshot, "--pool", POOL, "--out", tmp_path / "x", env={"RPC_URL": url})
    assert "chain" in said.lower()
    assert list(tmp_path.iterdir()) == []
    assert anvils() == before


def test_snapshot__no_contract_at_the_address__refused(node, tmp_path):
    said = refused(snapshot, "--pool", POOL, "--out", tmp_path / "x", env={"RPC_URL": node})
    assert "There is no contract at" in said
    assert list(tmp_path.iterdir()) == []


def test_snapshot__an_address_that_is_none__refused(node, tmp_path):
    said = refused(snapshot, "--pool", "0x12", "--out", tmp_path / "x", env={"RPC_URL": node})
    assert "is no address" in said


def test_snapshot__unknown_network__refused(tmp_path):
    said = refused(
        snapshot, "--pool", POOL, "--network", "ethereum:nowhere:foundry", "--out", tmp_path / "x"
    )
    assert "nowhere" in said


def test_snapshot__no_pool_named__refused(node, tmp_path):
    said = refused(snapshot, "--out", tmp_path / "x", env={"RPC_URL": node})
    assert "--pool" in said


def test_stress__a_damaged_snapshot__refused(tmp_path):
    folder = _snapshots.snapshot().write(tmp_path / "taken")
    (folder / "positions.parquet").write_bytes(b"")
    said = refused(stress, "--snapshot", folder, "--out", tmp_path / "x")
    assert "digest" in said
    assert not (tmp_path / "x").exists()


def test_stress__a_folder_that_is_in_use__refused(tmp_path):
    folder = _snapshots.snapshot().write(tmp_path / "taken")
    said = refused(stress, "--snapshot", folder, "--paths", 20, "--out", folder)
    assert "holds no report" in said
    assert (folder / "manifest.json").exists()


def test_anvil__port_in_use__refused():
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AnvilError, match=f"Port {port} cannot be used"), anvil(port=port):
            pass


def test_anvil__not_installed__refused(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AnvilError, match="make setup"), anvil():
        pass


def test_anvil__whatever_ends_the_block__is_gone(before):
    def interrupted():
        with anvil():
            assert len(anvils() - before) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert anvils() == before
