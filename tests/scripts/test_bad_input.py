"""What a user gets wrong: one sentence, exit code 1, nothing half-written, no chain left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import closing

import pytest
from click.testing import CliRunner

from scripts import demo, deploy, roles, snapshot, stress
from scripts._anvil import AnvilError, anvil, unwinding_on_sigterm
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


@pytest.mark.parametrize(("command", "options"), [(deploy, ["--dry-run"]), (roles, [])])
def test_network__of_a_dead_node__refused(command, options):
    assert "Cannot use network" in refused(command, "--network", DEAD, *options)


def test_roles__a_record_that_is_none__refused(node, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    network = f"ethereum:mainnet:{node}"
    said = refused(roles, "--network", network, "--deployment", tmp_path / "other.json")
    assert "is no deployment record" in said


def test_roles__a_chain_without_a_deployment__refused(node):
    said = refused(roles, "--network", f"ethereum:mainnet:{node}")
    assert "No deployment on ethereum-mainnet is on record" in said


def test_deploy__a_member_who_is_nobody__names_the_line(market_file):
    text = market_file.read_text() + f'roles:\n  guardian: ["0x{"0" * 40}"]\n'
    market_file.write_text(text)
    said = refused(deploy, "--market", market_file)
    assert (
        f"small.yaml:{len(text.splitlines())}: roles.guardian.0: the zero address is nobody" in said
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://[bad"])
def test_fork__of_an_address_that_is_none__refused(tmp_path, url):
    said = refused(snapshot, "--pool", POOL, "--out", tmp_path / "x", env={"RPC_URL": url})
    assert "is not the address of a node" in said


@pytest.mark.parametrize(("block", "said"), [(99, "has no block 99"), (0, "no contract at")])
def test_fork__at_a_block__refused_when_the_node_has_none(node, tmp_path, block, said):
    arguments = ("--pool", POOL, "--block", block, "--out", tmp_path / "x")
    assert said in refused(snapshot, *arguments, env={"RPC_URL": node})


@pytest.mark.parametrize("command", [snapshot, stress, demo])
def test_out__in_use__refused_before_a_node_is_asked(tmp_path, command):
    (tmp_path / "thesis.doc").write_text("precious")
    said = refused(command, "--out", tmp_path, env={"RPC_URL": DEAD})
    assert str(tmp_path) in said
    assert "name another folder" in said
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize("command", [snapshot, stress, demo])
def test_out__free__the_node_is_asked(tmp_path, command):
    (tmp_path / "x").mkdir()
    said = refused(command, "--pool", POOL, "--out", tmp_path / "x", env={"RPC_URL": DEAD})
    assert "No node answers" in said


@pytest.mark.parametrize("command", [snapshot, stress, demo])
def test_out__a_file__refused(tmp_path, command):
    (tmp_path / "file").write_text("precious")
    assert "is a file" in refused(command, "--out", tmp_path / "file" / "x", env={"RPC_URL": DEAD})


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--accounts", 0, "0 accounts"), ("--paths", 0, "0 paths"), ("--seed", -1, "seed is -1")],
)
def test_demo__a_number_that_makes_no_market__refused_before_a_chain_starts(
    tmp_path, monkeypatch, option, value, said
):
    def started(*_arguments, **_options):
        raise AssertionError("a chain was started")

    monkeypatch.setattr("scripts._local.anvil", started)
    assert said in refused(demo, option, value, "--out", tmp_path / "x")


def test_stress__two_sources__refused(tmp_path):
    folder = _snapshots.snapshot().write(tmp_path / "taken")
    said = refused(stress, "--snapshot", folder, "--pool", POOL, "--out", tmp_path / "x")
    assert "--snapshot and --pool" in said


def test_stress__a_snapshot_while_the_environment_names_a_pool__is_the_snapshots(tmp_path):
    folder = _snapshots.snapshot().write(tmp_path / "taken")
    arguments = ("--snapshot", folder, "--paths", 20, "--out", tmp_path / "x")
    done = CliRunner().invoke(stress.cli, [str(a) for a in arguments], env={"POOL": POOL})
    assert done.exit_code == 0, done.output


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


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
def test_unwinding_on_sigterm__a_polite_end__runs_what_has_to_be_run(kind):
    with pytest.raises(SystemExit) as ended, unwinding_on_sigterm():
        os.kill(os.getpid(), kind)
    assert ended.value.code == 128 + kind


def test_unwinding_on_sigterm__a_terminal_that_does_not_matter__is_left_alone():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with unwinding_on_sigterm():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
