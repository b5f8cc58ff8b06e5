"""What is known about a connected network, and what an error may say about it."""

from __future__ import annotations

import pytest
import requests
from web3.exceptions import Web3Exception

from scripts._anvil import anvil
from scripts._chain import ChainError, connected, first_line

FORK = "ethereum:mainnet-fork:foundry"
KEY = "https://user:secret@node.example/v3/secret?key=secret"


def test_connected__a_fork_that_is_started__is_own_and_keeps_no_step_traces(node):
    with connected(FORK, fork_url=node) as chain:
        assert (chain.is_fork, chain.is_own) == (True, True)
        command = chain.provider.process.args
    assert "--fork-url" in command
    assert "--steps-tracing" not in command


def test_connected__a_fork_that_was_there__is_not_own(node):
    with (
        anvil("--fork-url", node) as url,
        connected(f"ethereum:mainnet:{url}") as chain,
    ):
        assert (chain.is_fork, chain.is_own) == (True, False)


def test_connected__a_chain_of_its_own__is_no_fork(chain):
    assert (chain.is_fork, chain.is_own) == (False, False)


def test_connected__a_fork_while_rpc_url_is_another_chains__refused(monkeypatch):
    with anvil("--chain-id", "5") as url:
        monkeypatch.setenv("RPC_URL", url)
        with (
            pytest.raises(ChainError, match="11155111"),
            connected("ethereum:sepolia-fork:foundry"),
        ):
            pass


@pytest.mark.parametrize(
    "error",
    [requests.ConnectionError(f"no route to {KEY}"), Web3Exception(f"no answer from {KEY}")],
)
def test_connected__a_node_that_fails_on_the_way__is_one_sentence_without_a_key(node, error):
    def fails():
        with connected(f"ethereum:mainnet:{node}"):
            raise error

    with pytest.raises(ChainError, match="ethereum-mainnet failed") as caught:
        fails()
    assert "secret" not in str(caught.value)


def test_connected__a_mistake_of_ours__stays_what_it_is(node):
    def fails():
        with connected(f"ethereum:mainnet:{node}"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()


def test_first_line__of_an_error_with_an_address__names_the_host_only():
    assert first_line(ValueError(f"cannot reach {KEY}.")) == "cannot reach https://node.example"
