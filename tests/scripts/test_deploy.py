"""A deployment can be interrupted anywhere, and a deployer is never surprised."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from scripts import _deploy
from scripts._deploy import DeployError, Deployment, require_deployable
from scripts.deploy import cli, load_account
from sims.market import load_market


@pytest.fixture
def begin(market_file, chain, tmp_path):
    """Starts the same deployment as often as asked."""

    def deployment():
        return Deployment(
            load_market(market_file),
            market_file=market_file,
            chain=chain,
            account=load_account(None, development=True),
            mocks=True,
            folder=tmp_path / "records",
        )

    return deployment


def interrupt(monkeypatch, *, after):
    """The machine dies once so many steps were sent."""
    send, sent = Deployment._send, []

    def limited(self, step):
        if len(sent) == after:
            raise KeyboardInterrupt
        sent.append(step.key)
        send(self, step)

    monkeypatch.setattr(Deployment, "_send", limited)


def transactions(chain):
    deployer = load_account(None, development=True).address
    return int(chain.rpc.request("eth_getTransactionCount", deployer, "latest"), 16)


def test_deploy__a_market__every_parameter_on_chain_is_that_of_the_file(begin):
    deployment = begin()
    deployment.resume()
    deployed = deployment.run()
    assert _deploy.parameter_differences(deployed) == []
    record = json.loads(deployment.record_path.read_text())
    assert record["contracts"]["pool"]["address"] == deployed.pool


def test_deploy__a_parameter_that_is_not_the_files__is_named(begin, market_file):
    deployment = begin()
    deployment.resume()
    deployed = deployment.run()
    text = market_file.read_text()
    ltv = load_market(market_file).reserves["WETH"].ltv
    assert f"ltv: {ltv}" in text
    market_file.write_text(text.replace(f"ltv: {ltv}", "ltv: 0.5", 1))
    object.__setattr__(deployed, "market", load_market(market_file))
    (difference,) = _deploy.parameter_differences(deployed)
    assert "WETH" in difference
    assert "ltv" in difference.lower()


def test_deploy__again__sends_nothing(begin, chain):
    first = begin()
    first.resume()
    first.run()
    count = transactions(chain)
    second = begin()
    assert second.resume() == len(second.plan)
    second.run()
    assert transactions(chain) == count


@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_deploy__interrupted__goes_on_where_it_stopped(begin, chain, monkeypatch, after):
    with monkeypatch.context() as patch:
        interrupt(patch, after=after)
        first = begin()
        first.resume()
        with pytest.raises(KeyboardInterrupt):
            first.run()
        assert not first.record_path.exists()
    second = begin()
    assert second.resume() == after
    second.run()
    assert transactions(chain) == len(second.plan)
    assert second.record_path.exists()


def test_deploy__died_between_sending_and_noting__does_not_send_twice(begin, chain, monkeypatch):
    with monkeypatch.context() as patch:
        keep, kept = Deployment._keep, []

        def dies(self, step, entry):
            if len(kept) == 2:
                raise KeyboardInterrupt
            kept.append(step)
            keep(self, step, entry)

        patch.setattr(Deployment, "_keep", dies)
        first = begin()
        with pytest.raises(KeyboardInterrupt):
            first.run()
    lines = first.journal.path.read_text().splitlines()
    assert json.loads(lines[-1])["event"] == "done"
    first.journal.path.write_text("\n".join(lines[:-1]) + "\n")  # the note that was never written
    second = begin()
    assert second.resume() == 3
    second.run()
    assert transactions(chain) == len(second.plan)


def test_deploy__market_changed_half_way__refused_and_the_difference_is_named(
    begin, market_file, monkeypatch
):
    with monkeypatch.context() as patch:
        interrupt(patch, after=4)
        with pytest.raises(KeyboardInterrupt):
            begin().run()
    text = market_file.read_text()
    market_file.write_text(text.replace("target_health: 1.05", "target_health: 1.1", 1))
    with pytest.raises(DeployError, match="target_health"):
        begin().resume()


def test_require_deployable__mocks_where_there_is_real_money__refused(begin, market_file, chain):
    from dataclasses import replace

    live = replace(chain, is_development=False)
    with pytest.raises(DeployError, match="Mock tokens have no place"):
        require_deployable(load_market(market_file), live, mocks=True)
    require_deployable(load_market(market_file), chain, mocks=True)


def test_require_deployable__another_chain__refused(market_file, chain):
    from dataclasses import replace

    with pytest.raises(DeployError, match="is a market for chain 1"):
        require_deployable(
            load_market(market_file), replace(chain, chain_id=10, name="optimism"), mocks=False
        )


def test_require_deployable__tokens_that_are_not_there__refused(market_file, chain):
    with pytest.raises(DeployError, match="There is no contract at"):
        require_deployable(load_market(market_file), chain, mocks=False)


def test_load_account__none_named_on_a_live_network__refused():
    with pytest.raises(DeployError, match="--account"):
        load_account(None, development=False)


def test_load_account__a_test_account_on_a_live_network__refused():
    with pytest.raises(DeployError, match="Everybody knows the key"):
        load_account("TEST::0", development=False)


def test_cli__a_local_chain__ends_with_the_pool(market_file):
    done = CliRunner().invoke(cli, ["--market", str(market_file)])
    assert done.exit_code == 0, done.output
    assert "every parameter read back and equal" in done.output


def test_cli__a_typo_in_the_market_file__names_the_line(market_file):
    market_file.write_text(market_file.read_text().replace("reserve_factor", "reserve_facto", 1))
    done = CliRunner().invoke(cli, ["--market", str(market_file)])
    assert done.exit_code == 1
    assert "reserve_facto" in done.output
    assert "small.yaml:" in done.output
