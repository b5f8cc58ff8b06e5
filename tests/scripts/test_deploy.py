"""A deployment can be interrupted anywhere, and a deployer is never surprised."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner

from scripts import _deploy
from scripts._anvil import anvil
from scripts._chain import connected
from scripts._contracts import at
from scripts._deploy import DeployError, Deployment
from scripts._journal import Journal
from scripts._plan import make_plan
from scripts._preflight import (
    require_as_described,
    require_deployable,
    require_seeds,
    require_wrapper,
    to_list,
)
from scripts._read_back import parameter_differences
from scripts._steps import gas_of
from scripts.deploy import cli, load_account
from sims.fork.rpc import Rpc
from sims.market import load_market
from tests._cast import SUPPLY
from tests.scripts._files import GOVERNANCE, whole, write
from tests.sims._snapshots import MARKET


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
    assert parameter_differences(deployed.market, deployed.addresses) == []
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
    (difference,) = parameter_differences(load_market(market_file), deployed.addresses)
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


def test_deploy__a_record_of_a_chain_that_looked_the_same__is_replaced(begin, chain):
    first = begin()
    first.run()
    record = json.loads(first.record_path.read_text())
    first.record_path.write_text(json.dumps(record | {"genesis": "0x" + "00" * 32}))
    again = begin()
    again.resume()
    again.run()
    assert json.loads(again.record_path.read_text())["genesis"] == chain.rpc.block(0)["hash"]


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
    live = replace(chain, is_development=False)
    with pytest.raises(DeployError, match="Mock tokens have no place"):
        require_deployable(load_market(market_file), live, mocks=True)
    require_deployable(load_market(market_file), chain, mocks=True)


def test_require_deployable__another_chain__refused(market_file, chain):
    with pytest.raises(DeployError, match="is a market for chain 1"):
        require_deployable(
            load_market(market_file), replace(chain, chain_id=10, name="optimism"), mocks=False
        )


def test_require_deployable__mocks_on_a_fork_of_another_chain__refused(market_file, chain):
    fork = replace(chain, chain_id=10, name="optimism-fork", is_fork=True)
    with pytest.raises(DeployError, match="optimism-fork is a fork that calls itself chain 10"):
        require_deployable(load_market(market_file), fork, mocks=True)


@pytest.mark.parametrize(("chain_id", "is_fork"), [(31337, False), (1, True)])
def test_require_deployable__mocks_on_a_development_chain__accepted(
    market_file, chain, chain_id, is_fork
):
    own = replace(chain, chain_id=chain_id, is_fork=is_fork)
    require_deployable(load_market(market_file), own, mocks=True)


def test_require_deployable__tokens_that_are_not_there__refused(market_file, chain):
    with pytest.raises(DeployError, match="There is no contract at"):
        require_deployable(load_market(market_file), chain, mocks=False)


def test_load_account__none_named_on_a_live_network__refused():
    with pytest.raises(DeployError, match="--account"):
        load_account(None, development=False)


def test_load_account__a_test_account_on_a_live_network__refused():
    with pytest.raises(DeployError, match="Everybody knows the key"):
        load_account("TEST::0", development=False)


@pytest.mark.parametrize("alias", ["TEST::99", ""])
def test_load_account__none_of_that_name__refused(alias):
    with pytest.raises(DeployError, match="There is no account"):
        load_account(alias, development=True)


def test_load_account__an_alias_nobody_has__refused():
    with pytest.raises(DeployError, match="no account 'nobody-has-this'"):
        load_account("nobody-has-this", development=True)


def test_resume__begun_by_another_account__refused(begin, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, after=2)
        with pytest.raises(KeyboardInterrupt):
            begin().run()
    other = begin()
    other.account = load_account("TEST::1", development=True)
    with pytest.raises(DeployError, match="was begun by"):
        other.resume()


def test_resume__the_journal_of_a_local_chain_that_is_gone__begins_anew(begin, chain, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, after=2)
        first = begin()
        with pytest.raises(KeyboardInterrupt):
            first.run()
    text = first.journal.path.read_text()
    first.journal.path.write_text(text.replace(chain.rpc.block(0)["hash"], "0x" + "00" * 32))
    second = begin()
    assert second.resume() == 0
    assert not second.journal.path.exists()


def test_resume__the_journal_of_another_live_chain__refused(begin, chain, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt(patch, after=2)
        first = begin()
        with pytest.raises(KeyboardInterrupt):
            first.run()
    text = first.journal.path.read_text()
    first.journal.path.write_text(text.replace(chain.rpc.block(0)["hash"], "0x" + "00" * 32))
    second = begin()
    second.chain = replace(chain, is_development=False)
    with pytest.raises(DeployError, match="belongs to another chain"):
        second.resume()
    assert second.journal.path.exists()


def test_resume__a_transaction_that_is_not_in_a_block_yet__refused(begin, chain):
    chain.rpc.request("anvil_setAutomine", False)
    first = begin()
    step = first.plan[0]
    prepared = first._prepare(step)
    _begin_journal(first, step, prepared, _sent(first, prepared))
    with pytest.raises(DeployError, match="not in a block yet"):
        begin().resume()
    chain.rpc.request("evm_mine")
    assert begin().resume() == 1


def test_resume__a_transaction_that_never_arrived__is_sent_again(begin):
    first = begin()
    step = first.plan[0]
    _begin_journal(first, step, first._prepare(step), NEVER)
    second = begin()
    assert second.resume() == 0
    second.run()
    assert second.record_path.exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_resume__any_of_several_attempts_is_on_the_chain__is_taken_over(begin, order):
    first = begin()
    step, prepared = first.plan[0], first._prepare(first.plan[0])
    attempts = (NEVER, _sent(first, prepared))
    first.chain.rpc.request("evm_mine")
    _begin_journal(first, step, prepared, *(attempts[i] for i in order))
    assert begin().resume() == 1


def test_resume__a_nonce_that_is_used_and_a_transaction_that_is_nowhere__refused(begin):
    first = begin()
    step, prepared = first.plan[0], first._prepare(first.plan[0])
    _sent(first, prepared)
    first.chain.rpc.request("evm_mine")
    _begin_journal(first, step, prepared, NEVER)
    with pytest.raises(DeployError, match="nowhere to be found, and its nonce 0 is used"):
        begin().resume()


def test_resume__an_attempt_whose_nonce_a_failed_one_used__is_sent_again(begin, chain):
    first = begin()
    step, prepared = first.plan[0], first._prepare(first.plan[0])
    deployer = first.account.address
    # Creates nothing: the first byte of its code is no instruction.
    fields = {"from": deployer, "data": "0xfe", "gas": hex(10**6)}
    failed = chain.rpc.request("eth_sendTransactionSync", fields)
    assert int(failed["status"], 16) == 0
    _begin_journal(first, step, prepared, failed["transactionHash"], NEVER)
    assert begin().resume() == 0


NEVER = "0x" + "77" * 32


def _sent(deployment, prepared):
    """The hash of a step's transaction, sent past the journal."""
    account, rpc = deployment.account, deployment.chain.rpc
    signed = account.sign_transaction(
        account.prepare_transaction(
            prepared.build(sender=account.address, required_confirmations=0)
        )
    )
    raw = bytes(signed.serialize_transaction())
    return rpc.request("eth_sendRawTransaction", "0x" + raw.hex())


def _begin_journal(deployment, step, prepared, *txs, nonce=0):
    """What runs leave that die right after the first transaction, at each attempt."""
    deployment.journal.append(
        "begin",
        genesis=deployment._genesis(),
        deployer=deployment.account.address,
        mocks=True,
        market=deployment._canonical(),
    )
    for tx in txs:
        deployment.journal.append(
            "intent",
            step=step.key,
            tx=tx,
            nonce=nonce,
            digest=prepared.digest,
            encoded=prepared.encoded,
        )


def test_run__a_step_that_the_contracts_refuse__is_named_and_can_be_mended(
    begin, chain, monkeypatch
):
    def kill(deployment, dead):
        feed = deployment.addresses["feed WETH"]
        at("MockFeed", feed).kill(dead, sender=deployment.account, required_confirmations=0)

    with monkeypatch.context() as patch:
        interrupt(patch, after=8)
        first = begin()
        with pytest.raises(KeyboardInterrupt):
            first.run()
    assert first.steps_left[0].key == "list WETH"
    kill(first, True)
    with pytest.raises(DeployError, match=r"'list WETH' failed.*FeedWithoutPrice"):
        first.run()
    kill(first, False)
    second = begin()
    assert second.resume() == 8
    second.run()
    assert second.record_path.exists()


def test_require_deployable__a_reserve_without_a_feed__is_named(chain):
    market = load_market(MARKET)
    link = market.reserves["LINK"]
    feed = link.feed.model_copy(update={"address": None})
    reserves = {**market.reserves, "LINK": link.model_copy(update={"feed": feed})}
    unnamed = market.model_copy(update={"reserves": reserves})
    with pytest.raises(DeployError, match="No feed for LINK"):
        require_deployable(unnamed, chain, mocks=False)
    require_deployable(unnamed, chain, mocks=True)


def real(deployed, **changes):
    """The market of mock tokens and feeds that stand for real ones; `changes` of WETH."""

    def named(symbol, r):
        feed = r.feed.model_copy(update={"address": deployed.feed(symbol)})
        return r.model_copy(update={"address": deployed.token(symbol), "feed": feed})

    reserves = {s: named(s, r) for s, r in deployed.market.reserves.items()}
    reserves["WETH"] = reserves["WETH"].model_copy(update=changes)
    return deployed.market.model_copy(update={"reserves": reserves})


def test_require_seeds__none_held__refused_before_anything_is_sent(begin, chain):
    market = real(begin().run())
    poor = load_account("TEST::1", development=True).address
    with pytest.raises(DeployError, match="holds 0 WETH"):
        require_seeds(market.reserves, chain, poor)


def test_to_list__an_interrupted_plan__needs_seeds_only_for_what_is_left(begin, chain):
    deployment = begin()
    market = real(deployment.run())
    deployer = deployment.account.address  # his seeds are in the pool by now
    left = [step for step in deployment.plan if step.key != "list WETH"]
    assert [*to_list(market, deployment.plan)] == ["WETH", "USDC"]
    assert [*to_list(market, left)] == ["USDC"]
    with pytest.raises(DeployError, match="holds 0 USDC"):
        require_seeds(to_list(market, left), chain, deployer)
    require_seeds(to_list(market, left[-1:]), chain, deployer)


def test_deploy__the_whole_plan__leaves_no_allowance_behind(begin, chain):
    deployed = begin().run()
    configurator = deployed.addresses["configurator"]
    owner = load_account(None, development=True).address
    for symbol in deployed.market.reserves:
        token = at("MockToken", deployed.token(symbol))
        assert token.allowance(owner, configurator) == 0


def test_require_as_described__what_the_file_says__accepted(begin, chain):
    require_as_described(real(begin().run()).reserves, chain)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decimals": 17}, "the token of WETH has 18 decimals, not 17"),
        ({"price": Decimal("1000")}, "the feed of WETH says 3119.02, the file 1000"),
        ({"price": Decimal("7000")}, "the feed of WETH says 3119.02, the file 7000"),
    ],
)
def test_require_as_described__another_token_or_price__refused(begin, chain, changes, said):
    market = real(begin().run(), **changes)
    with pytest.raises(DeployError, match=said):
        require_as_described(market.reserves, chain)


def test_require_as_described__a_feed_of_other_decimals__refused(begin, chain):
    market = real(begin().run())
    weth = market.reserves["WETH"]
    feed = weth.feed.model_copy(update={"decimals": 18})
    with pytest.raises(DeployError, match="the feed of WETH has 8 decimals, not 18"):
        require_as_described({"WETH": weth.model_copy(update={"feed": feed})}, chain)


def test_require_as_described__another_symbol__refused(begin, chain):
    market = real(begin().run())
    with pytest.raises(DeployError, match="the token of ETH calls itself WETH"):
        require_as_described({"ETH": market.reserves["WETH"]}, chain)


def test_require_as_described__a_feed_that_is_too_old__refused(begin, chain):
    market = real(begin().run())
    chain.rpc.request("evm_increaseTime", 3 * 86_400)
    chain.rpc.request("evm_mine")
    with pytest.raises(DeployError, match="the feed of WETH gives no fresh price"):
        require_as_described(market.reserves, chain)


def test_require_as_described__no_token_at_all__refused(begin, chain):
    deployed = begin().run()
    market = real(deployed, address=deployed.pool)
    with pytest.raises(DeployError, match="the token of WETH has no decimals"):
        require_as_described(market.reserves, chain)


def test_deployment__contracts_that_changed_since_they_were_compiled__refused(begin, monkeypatch):
    monkeypatch.setattr(_deploy, "is_fresh", lambda: False)
    with pytest.raises(DeployError, match="make compile"):
        begin()


def test_cli__no_money_for_gas__refused_before_anything_is_sent(market_file, node):
    with Rpc(node) as rpc:
        poor = load_account("TEST::3", development=True).address
        rpc.request("anvil_setBalance", poor, hex(10**12))
        done = CliRunner().invoke(
            cli,
            [
                *f"--network ethereum:mainnet:{node} --account TEST::3 --mocks --market".split(),
                str(market_file),
            ],
        )
        assert done.exit_code == 1, done.output
        assert "fund the account" in done.output
        assert int(rpc.request("eth_blockNumber"), 16) == 0


@pytest.mark.parametrize("network", ["ethereum:nowhere:foundry", "nonsense", "http://127.0.0.1:1"])
def test_cli__a_network_that_is_none__refused(market_file, network):
    done = CliRunner().invoke(cli, ["--market", str(market_file), "--network", network])
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.output.startswith("Error: ")


def test_cli__a_local_chain__ends_with_the_pool(market_file):
    done = CliRunner().invoke(cli, ["--market", str(market_file)])
    assert done.exit_code == 0, done.output
    assert "every parameter and role read back and equal" in done.output


def test_cli__a_chain_with_another_id__the_plan_says_so(market_file):
    with anvil("--chain-id", "31337") as url:
        done = deploy(market_file, url)
    assert done.exit_code == 0, done.output
    assert "ethereum-custom, chain 31337" in " ".join(done.output.split())
    assert "The market file is for chain 1 and this is chain 31337" in done.output
    assert "rehearsal" not in done.output


def test_cli__a_chain_with_the_files_id__the_plan_says_only_that_tokens_are_mocks(
    market_file, node
):
    done = deploy(market_file, f"ethereum:mainnet:{node}")
    assert done.exit_code == 0, done.output
    assert "Tokens and feeds are mocks" in done.output
    assert "The market file is for chain" not in done.output


def test_cli__a_fork_that_somebody_else_started__is_a_fork(market_file):
    with anvil("--chain-id", "5") as behind, anvil("--fork-url", behind) as url:
        done = deploy(market_file, url)
    assert done.exit_code == 1
    assert "is a fork that calls itself chain 5" in done.output


def test_cli__a_chain_that_ends_with_the_command__says_so(market_file):
    done = CliRunner().invoke(cli, ["--market", str(market_file)])
    assert "a rehearsal" in done.output


def deploy(market_file, network):
    return CliRunner().invoke(cli, ["--market", str(market_file), "--network", network])


def test_cli__a_typo_in_the_market_file__names_the_line(market_file):
    market_file.write_text(market_file.read_text().replace("reserve_factor", "reserve_facto", 1))
    done = CliRunner().invoke(cli, ["--market", str(market_file)])
    assert done.exit_code == 1
    assert "reserve_facto" in done.output
    assert "small.yaml:" in done.output


# ------------------------------------------------------------------ around the pool, and the roles


@pytest.fixture
def begin_whole(chain, tmp_path):
    """Starts the deployment of everything that a market file can ask for, as often as asked."""
    file = write(tmp_path / "whole.yaml", whole(governance=GOVERNANCE))

    def deployment():
        return Deployment(
            load_market(file),
            market_file=file,
            chain=chain,
            account=load_account(None, development=True),
            mocks=True,
            folder=tmp_path / "records",
        )

    return deployment


def finish(deployment):
    deployment.run()
    deployment.hand_over()


class PowerCutError(BaseException):
    """The machine is off."""


def cut_power(monkeypatch, *, note):
    """The machine dies after every transaction that it sends, before or after that is noted."""
    keep, append = Deployment._keep, Journal.append
    taking_over = []

    def dies(self, step, entry):
        keep(self, step, entry)
        if not taking_over:
            raise PowerCutError

    def forgets(self, event, **fields):
        if event == "done" and not note and not taking_over:
            return
        append(self, event, **fields)

    def resumes(self):
        taking_over.append(True)
        try:
            return resume(self)
        finally:
            taking_over.clear()

    resume = Deployment.resume
    monkeypatch.setattr(Deployment, "_keep", dies)
    monkeypatch.setattr(Deployment, "resume", resumes)
    monkeypatch.setattr(Journal, "append", forgets)


@pytest.mark.parametrize("note", [True, False], ids=["noted", "not noted"])
def test_deploy__interrupted_after_every_transaction__sends_each_once(
    begin_whole, chain, monkeypatch, note
):
    total = len(begin_whole().plan)
    with monkeypatch.context() as patch:
        cut_power(patch, note=note)
        for sent in range(total):
            deployment = begin_whole()
            assert deployment.resume() == sent
            with pytest.raises(PowerCutError):
                finish(deployment)
    last = begin_whole()
    assert last.resume() == total == transactions(chain)
    last.run()
    record = json.loads(last.record_path.read_text())
    assert record["roles"]["handover"] == "done"
    assert transactions(chain) == total


def test_deploy__everything__the_record_has_what_each_contract_was_made_with(begin_whole):
    deployment = begin_whole()
    deployment.run()
    record = json.loads(deployment.record_path.read_text())
    contracts = record["contracts"]
    kinds = {key: c["contract"] for key, c in contracts.items()}
    assert (
        kinds.items()
        >= {
            "rate model WETH": "AdaptiveRateModel",
            "lens": "Lens",
            "quote lens": "QuoteLens",
            "flash lender": "FlashLender",
            "wrapped WETH": "WrappedSupply",
            "wrapped USDC": "WrappedSupply",
            "native gateway": "NativeGateway",
            "risk steward": "RiskSteward",
        }.items()
    )
    assert "rate model USDC" not in kinds  # equal parameters, one contract
    assert str(9 * 10**17) in contracts["rate model WETH"]["arguments"][0]
    assert "once in 7 d" in record["calls"]["bound ltv"]["with"]
    assert record["roles"]["handover"] == "pending"
    assert record["roles"]["members"]["ADMIN"] == {deployment.account.address: 0}


def test_deploy__a_native_gateway_over_mocks__works(deployed):
    gateway = at("NativeGateway", deployed.addresses["native gateway"])
    pool, me = at("IPool", deployed.pool), load_account(None, development=True)
    sending = {"sender": me, "required_confirmations": 0}
    pool.authorize(gateway, SUPPLY, 2**256 - 1, **sending)
    gateway.supplyNative(False, value=10**15, **sending)
    assert pool.balanceOf(me.address, deployed.market.reserve_id("WETH")) > 0


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Everything deployed and nothing handed over, on a chain that tests share."""
    folder = tmp_path_factory.mktemp("whole")
    file = write(folder / "whole.yaml", whole())
    with anvil("--chain-id", "1") as url, connected(f"ethereum:mainnet:{url}") as chain:
        deployment = Deployment(
            load_market(file),
            market_file=file,
            chain=chain,
            account=load_account(None, development=True),
            mocks=True,
            folder=folder,
        )
        yield deployment.run()


@pytest.fixture
def deployed(done):
    """The same, as it was before the test once the test is over."""
    before = done.chain.rpc.request("evm_snapshot")
    yield done
    done.chain.rpc.request("evm_revert", before)


def test_read_back__everything__does_not_differ(deployed):
    assert parameter_differences(deployed.market, deployed.addresses) == []


@pytest.mark.parametrize(
    ("key", "other", "said"),
    [
        ("lens", "quote lens", "lens.code"),
        ("quote lens", "lens", "quote lens.code"),
        ("wrapped WETH", "wrapped USDC", "wrapped WETH.asset"),
        ("token WETH", "token USDC", "native gateway.wrapped"),
    ],
)
def test_read_back__another_contract_in_a_place__is_named(deployed, key, other, said):
    swapped = {**deployed.addresses, key: deployed.addresses[other]}
    wrong = parameter_differences(deployed.market, swapped)
    assert [d for d in wrong if d.startswith(said)], wrong


@pytest.mark.parametrize("field", ["speed", "min_rate"])
def test_read_back__a_rate_model_of_other_parameters__is_named(deployed, field):
    usdc = deployed.market.reserves["USDC"]
    rates = usdc.adaptive_rates.model_copy(update={field: Decimal("0.0005")})
    reserves = {
        s: r.model_copy(update={"adaptive_rates": rates})
        for s, r in deployed.market.reserves.items()
    }
    other = deployed.market.model_copy(update={"reserves": reserves})
    wrong = parameter_differences(other, deployed.addresses)
    name = {"speed": "speed", "min_rate": "minRate"}[field]
    assert [d.split(" is ")[0] for d in wrong] == [
        f"{symbol}.rate model WETH.{name}" for symbol in ("WETH", "USDC")
    ]


def test_read_back__no_adaptive_rates_in_the_file__the_model_is_named(deployed):
    usdc = deployed.market.reserves["USDC"].model_copy(update={"adaptive_rates": None})
    reserves = {**deployed.market.reserves, "USDC": usdc}
    other = deployed.market.model_copy(update={"reserves": reserves})
    (difference,) = parameter_differences(other, deployed.addresses)
    assert difference.startswith("USDC.rateModel is")


@pytest.mark.parametrize(("name", "number"), [("ltv", 3), ("kink", 9)])
def test_read_back__a_bound_that_is_not_the_files__is_named(deployed, name, number):
    steward = at("RiskSteward", deployed.addresses["risk steward"])
    slot = _bound_slot(deployed, number)
    deployed.chain.rpc.request("anvil_setStorageAt", steward.address, slot, "0x" + "01" * 32)
    (difference,) = parameter_differences(deployed.market, deployed.addresses)
    assert difference.startswith(f"risk steward.{name} is")


def _bound_slot(deployed, number):
    """Where the steward keeps how far a parameter may rise."""
    from eth_abi import encode
    from eth_utils.crypto import keccak

    rpc, steward = deployed.chain.rpc, deployed.addresses["risk steward"]
    bound = deployed.market.periphery.risk_steward.stored("ltv")[0]
    for base in range(8):  # the mapping is the first that holds the bound of the LTV, number 3
        slot = "0x" + keccak(encode(["uint256", "uint256"], [3, base])).hex()
        if int(rpc.request("eth_getStorageAt", steward, slot, "latest"), 16) == bound:
            return "0x" + keccak(encode(["uint256", "uint256"], [number, base])).hex()
    raise AssertionError("the bounds are elsewhere")


def test_require_wrapper__the_wrapped_currency__accepted(deployed):
    me = load_account(None, development=True).address
    require_wrapper("WETH", deployed.token("WETH"), deployed.chain, me)


def test_require_wrapper__another_token__refused(deployed):
    me = load_account(None, development=True).address
    with pytest.raises(DeployError, match=r"token of USDC has no deposit\(\)"):
        require_wrapper("USDC", deployed.token("USDC"), deployed.chain, me)


def test_gas_of__the_whole_plan__is_more_than_it_took(deployed):
    plan = make_plan(
        deployed.market, deployer=load_account(None, development=True).address, mocks=True
    )
    for step in plan:
        tx = deployed.results[step.key].tx
        used = int(deployed.chain.rpc.request("eth_getTransactionReceipt", tx)["gasUsed"], 16)
        assert used < gas_of([step]), step.key
