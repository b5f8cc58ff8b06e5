"""Prices made of several feeds, insurers, vaults and other rules: deployed, verified, read back."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from scripts import _feeds, deploy
from scripts._anvil import anvil
from scripts._chain import connected
from scripts._contracts import at
from scripts._deploy import DeployError, Deployment
from scripts._feeds import CONTRACTS, Feeds
from scripts._forecast import calls_of, forecast
from scripts._plan import make_plan
from scripts._preflight import require_as_described, require_deployable, require_router
from scripts._read_back import parameter_differences
from scripts._steps import gas_of
from scripts.deploy import load_account
from sims.fork.rpc import Call
from sims.fork.weir import LATEST_ROUND_DATA, read_snapshot
from sims.market import UniswapV3, load_market
from tests.scripts._files import OUTSIDE, composed, write
from tests.scripts.test_deploy import finish, interrupt, transactions

ME = load_account(None, development=True)
SENDING = {"sender": ME, "required_confirmations": 0}
MINUTE_S = 60


def starter(file, chain, folder, *, mocks=True):
    """Starts the same deployment as often as asked."""

    def begin():
        return Deployment(
            load_market(file),
            market_file=file,
            chain=chain,
            account=ME,
            mocks=mocks,
            folder=folder / "records",
        )

    return begin


@pytest.fixture
def begin(chain, tmp_path):
    return starter(write(tmp_path / "composed.yaml", composed()), chain, tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The composed market on a chain that tests share."""
    folder = tmp_path_factory.mktemp("composed")
    file = write(folder / "composed.yaml", composed())
    with anvil("--chain-id", "1") as url, connected(f"ethereum:mainnet:{url}") as chain:
        begun = starter(file, chain, folder)()
        yield begun.run(), json.loads(begun.record_path.read_text())


@pytest.fixture
def deployed(done):
    """The same, as it was before the test once the test is over."""
    deployed, _ = done
    before = deployed.chain.rpc.request("evm_snapshot")
    yield deployed
    deployed.chain.rpc.request("evm_revert", before)


@pytest.fixture
def record(done):
    return done[1]


def market_with(folder, change, **there):
    """The composed market after `change` of its data."""
    data = composed(**there)
    change(data)
    return load_market(write(folder / "changed.yaml", data))


# ------------------------------------------------------------------------------- deployed as written


@pytest.mark.parametrize("kind", CONTRACTS)
def test_deploy__each_adapter__is_made_as_the_file_says(deployed, record, kind):
    adapters = {k: n for k, n in Feeds(deployed.market).adapters.items() if n.kind == kind}
    assert adapters
    for key in adapters:
        assert record["contracts"][key]["contract"] == CONTRACTS[kind]
    facts = [
        f
        for f in Feeds(deployed.market).facts(deployed.addresses)
        if f[0].split(".")[0] in adapters
    ]
    assert len(facts) >= 4 * len(adapters)
    assert [f for f in facts if f[1] != f[2]] == []


def test_deploy__adapters__read_back_and_equal(deployed):
    assert parameter_differences(deployed.market, deployed.addresses) == []


def test_deploy__composed_prices__are_those_of_the_file(deployed):
    pool = at("IPool", deployed.pool)
    for symbol, r in deployed.market.reserves.items():
        d = pool.reserveData(deployed.market.reserve_id(symbol))
        assert d.price == pytest.approx(r.price_raw, rel=1e-7)
        assert d.feed == deployed.feed(symbol)
        assert d.cautiousFeed == deployed.cautious_feed(symbol)


def test_deploy__what_was_written_twice__is_deployed_once(deployed, record):
    kinds = [c["contract"] for c in record["contracts"].values()]
    assert kinds.count("CappedFeed") == 1  # the reserve's own, and what its average is over
    assert kinds.count("ProductFeed") == 3
    assert kinds.count("MockFeed") == 4  # ETH / USD stands in three places


def test_deploy__the_record__says_which_feeds_and_insurer_a_reserve_has(deployed, record):
    usdc = record["reserves"]["USDC"]
    assert usdc["feed"] == deployed.addresses["CappedFeed of USDC"]
    assert usdc["cautious_feed"] == deployed.addresses["SequencerFeed of USDC"]
    assert usdc["insurer"] == deployed.addresses["insurer USDC"]
    assert record["reserves"]["WETH"]["insurer"] is None


def test_gas_of__the_whole_plan__is_more_than_it_took(deployed):
    for step in make_plan(deployed.market, deployer=ME.address, mocks=True):
        tx = deployed.results[step.key].tx
        used = int(deployed.chain.rpc.request("eth_getTransactionReceipt", tx)["gasUsed"], 16)
        assert used < gas_of([step]), step.key


def test_snapshot__a_pool_with_adapters__has_their_answers(deployed):
    snapshot = read_snapshot(deployed.chain.rpc, deployed.pool)
    for state, (symbol, r) in zip(snapshot.reserves, deployed.market.reserves.items(), strict=True):
        assert state.symbol == symbol
        assert state.answer == pytest.approx(r.price_raw, rel=1e-7)
        assert state.cautious_answer == pytest.approx(r.price_raw, rel=1e-7)


# ------------------------------------------------------------------------------------- read back

CHANGES = {
    "bounds": (
        lambda d: d["reserves"]["WETH"]["feed"]["fallback"]["primary"]["bounded"].update(
            lowest=101
        ),
        "BoundedFeed of WETH.minAnswer is 10000000000, not 10100000000",
    ),
    "deviation": (
        lambda d: d["reserves"]["WETH"]["feed"]["fallback"].update(deviation=0.03),
        "FallbackFeed of WETH.maxDeviation is",
    ),
    "growth": (
        lambda d: d["reserves"]["WETH"]["cautious_feed"]["quotient"][0]["growth_capped"].update(
            yearly=0.2
        ),
        "GrowthCappedFeed of WETH.maxGrowth is",
    ),
    "age of a source": (
        lambda d: d["reserves"]["WETH"]["cautious_feed"]["quotient"][1].update(max_age="20m"),
        "ProductFeed of WETH 3.secondMaxAge is 1800, not 1200",
    ),
    "cap": (
        lambda d: d["reserves"]["USDC"]["feed"]["capped"].update(at=1.05),
        "CappedFeed of USDC.cap is 104000000, not 105000000",
    ),
    "window": (
        lambda d: d["reserves"]["USDC"]["cautious_feed"]["sequencer"]["source"][
            "moving_average"
        ].update(window="31m"),
        "MovingAverageFeed of USDC.window is 1800, not 1860",
    ),
    "grace": (
        lambda d: d["reserves"]["USDC"]["cautious_feed"]["sequencer"].update(grace="2h"),
        "SequencerFeed of USDC.grace is 3600, not 7200",
    ),
    "cooldown": (
        lambda d: d["reserves"]["USDC"]["insurer"].update(cooldown="11d"),
        "insurer USDC.cooldownPeriod is 864000, not 950400",
    ),
    "auction": (
        lambda d: d["liquidation"]["model"]["dutch_auction"].update(duration="21m"),
        "liquidation model.duration is 1200, not 1260",
    ),
    "router's deadline": (
        lambda d: d["periphery"]["uniswap_v3"].update(deadline=False),
        "uniswap v3 venue.hasDeadline is True, not False",
    ),
    "vault's cap": (
        lambda d: d["periphery"]["curated_vaults"]["USDC"].update(cap=2),
        "curated vault USDC.cap is 1000000000000, not 2000000",
    ),
    "vault's fee": (
        lambda d: d["periphery"]["curated_vaults"]["USDC"].update(fee=0.2),
        "curated vault USDC.fee is",
    ),
    "vault's name": (
        lambda d: d["periphery"]["curated_vaults"]["USDC"].update(name="Another"),
        "curated vault USDC.name is Weir USDC, not Another",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_read_back__another_value_than_the_files__is_named(deployed, tmp_path, what):
    change, said = CHANGES[what]
    wrong = parameter_differences(market_with(tmp_path, change), deployed.addresses)
    assert len(wrong) == 1, wrong
    assert wrong[0].startswith(said)


@pytest.mark.parametrize(
    ("place", "with_code_of", "said"),
    [
        ("CappedFeed of USDC", "BoundedFeed of WETH", "CappedFeed of USDC.cap is no answer"),
        ("FallbackFeed of WETH", "CappedFeed of USDC", "FallbackFeed of WETH.primary is no answer"),
        ("insurer USDC", "lens", "insurer USDC.pool is no answer"),
    ],
)
def test_read_back__an_adapter_that_was_replaced__is_named(deployed, place, with_code_of, said):
    rpc, where = deployed.chain.rpc, deployed.addresses
    source = where.get(with_code_of, where["authority"])
    code = rpc.request("eth_getCode", source, "latest")
    rpc.request("anvil_setCode", where[place], code)
    wrong = parameter_differences(deployed.market, where)
    assert [w for w in wrong if w.startswith(said)], wrong


def test_read_back__the_pool_has_another_feed__is_named(deployed):
    other = at("MockFeed", deployed.addresses[OUTSIDE["dai_usd"]])
    configurator = at("Configurator", deployed.addresses["configurator"])
    id_ = deployed.market.reserve_id("USDC")
    configurator.setFeed(deployed.pool, id_, other, 25 * 3_600, 0, 2**255, **SENDING)
    (difference,) = parameter_differences(deployed.market, deployed.addresses)
    assert difference.startswith(f"USDC.feed is {other.address}, not")


# ------------------------------------------------------------------- interrupted, and wrong answers


@pytest.mark.parametrize(
    "step", ["ProductFeed of WETH 2", "first observation of MovingAverageFeed of USDC"]
)
def test_deploy__interrupted_among_adapters__goes_on_and_sends_each_once(
    begin, chain, monkeypatch, step
):
    before = [s.key for s in begin().plan].index(step)
    with monkeypatch.context() as patch:
        interrupt(patch, after=before)
        with pytest.raises(KeyboardInterrupt):
            begin().run()
    again = begin()
    assert again.resume() == before
    finish(again)
    assert transactions(chain) == len(again.plan)
    assert parameter_differences(again.market, again.addresses) == []


def until(begin, monkeypatch, step):
    """A deployment that stops before this step."""
    first = begin()
    with monkeypatch.context() as patch:
        interrupt(patch, after=[s.key for s in first.plan].index(step))
        with pytest.raises(KeyboardInterrupt):
            first.run()
    return first


@pytest.fixture(scope="module")
def halfway(done, tmp_path_factory):
    """A deployment on the same chain whose adapters are there and whose first reserve is not."""
    folder = tmp_path_factory.mktemp("halfway")
    file = write(folder / "composed.yaml", composed())
    with pytest.MonkeyPatch.context() as patch:
        return until(starter(file, done[0].chain, folder), patch, "list WETH")


@pytest.fixture
def stopped(halfway):
    """The same, as it was before the test once the test is over."""
    before = halfway.chain.rpc.request("evm_snapshot")
    yield halfway
    halfway.chain.rpc.request("evm_revert", before)


def require_fit(deployment):
    Feeds(deployment.market).require_fit("WETH", deployment.chain, deployment.addresses)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda feed: feed.set(3 * 311_902_000_000, **SENDING), "says 9357.06, the file 3119.02"),
        (lambda feed: feed.set(0, **SENDING), "BoundedFeed of WETH has no fresh price"),
        (lambda feed: feed.kill(True, **SENDING), "FallbackFeed of WETH has no fresh price"),
    ],
    ids=["wrong", "zero", "dead"],
)
def test_deploy__an_adapter_with_a_wrong_answer__is_not_used(stopped, spoil, said):
    require_fit(stopped)
    spoil(at("MockFeed", stopped.addresses[OUTSIDE["eth_usd"]]))
    with pytest.raises(DeployError, match=said):
        stopped.run()
    assert at("IPool", stopped.addresses["pool"]).reserveCount() == 0


def test_deploy__an_adapter_made_otherwise__is_not_used(stopped):
    rpc, where = stopped.chain.rpc, stopped.addresses
    code = rpc.request("eth_getCode", where["ProductFeed of WETH"], "latest")
    rpc.request("anvil_setCode", where["BoundedFeed of WETH"], code)
    with pytest.raises(DeployError, match=r"BoundedFeed of WETH\.source is no answer"):
        stopped.run()
    assert at("IPool", where["pool"]).reserveCount() == 0


def test_deploy__an_answer_that_was_wrong_and_is_mended__goes_on(begin, monkeypatch):
    first = until(begin, monkeypatch, "list WETH")
    feed = at("MockFeed", first.addresses[OUTSIDE["eth_usd"]])
    feed.set(1, **SENDING)
    with pytest.raises(DeployError):
        first.run()
    feed.set(311_902_000_000, **SENDING)
    again = begin()
    again.resume()
    again.run()
    assert again.record_path.exists()


def test_deploy__an_average_without_observations__waits_for_them(begin, chain, monkeypatch):
    monkeypatch.setattr(_feeds, "_let_time_pass", lambda *_: None)
    first = begin()
    with pytest.raises(DeployError, match="no price before it was observed for 30m"):
        first.run()
    assert [s.key for s in first.steps_left] == ["cautious feed USDC"]
    average = at("MovingAverageFeed", first.addresses["MovingAverageFeed of USDC"])
    for _ in range(4):
        chain.rpc.request("evm_increaseTime", 9 * MINUTE_S)
        # An estimate would be made in the last block's second, when less is to be calculated.
        average.poke(**SENDING, gas=500_000)
    again = begin()
    again.resume()
    again.run()
    assert again.steps_left == []


# ------------------------------------------------------------------------------ before anything is sent


def real(deployed):
    """Where the mocks of a deployment are, which stand for real contracts."""
    where = deployed.addresses
    return {
        "eth_usd": where[OUTSIDE["eth_usd"]],
        "lst_eth": where[OUTSIDE["lst_eth"]],
        "dai_usd": where[OUTSIDE["dai_usd"]],
        "lst": where[f"getRate() of {OUTSIDE['lst']}"],
        "uptime": where[f"uptime {OUTSIDE['uptime']}"],
        "router": where["uniswap v3 router"],
        "function": "rate",
    }


def as_real(deployed, change=lambda _: None, **there):
    """The market of what is on the chain, after `change` of its data."""
    data = composed(**(real(deployed) | there))
    for symbol, reserve in data["reserves"].items():
        reserve["address"] = deployed.token(symbol)
    change(data)
    return data


def test_forecast__each_feed__is_what_the_adapters_answer(deployed, tmp_path):
    market = load_market(write(tmp_path / "real.yaml", as_real(deployed)))
    rpc, feeds = deployed.chain.rpc, Feeds(deployed.market)
    head = rpc.block()
    number, now = int(head["number"], 16), int(head["timestamp"], 16)
    for symbol, r in market.reserves.items():
        for tree, key in zip(
            r.nodes(symbol), (feeds.of(symbol), feeds.cautious_of(symbol)), strict=True
        ):
            calls = [*dict.fromkeys(calls_of(tree))]
            told = dict(zip(calls, rpc.try_read(calls, block=number), strict=True))
            ((_, answer, *_),) = rpc.read(
                [Call(deployed.addresses[key], LATEST_ROUND_DATA)], block=number
            )
            foreseen, _ = forecast(tree, told, now=now, max_age=r.feed.max_age_s)
            assert foreseen == answer, key


def test_deploy__feeds_that_are_there__are_used_as_they_are(deployed, tmp_path):
    file = write(tmp_path / "real.yaml", as_real(deployed))
    market = load_market(file)
    for symbol, r in market.reserves.items():
        at("MockToken", deployed.token(symbol)).mint(ME, r.seed_raw, **SENDING)
    require_deployable(market, deployed.chain, mocks=False)
    require_as_described(market.reserves, deployed.chain)
    again = starter(file, deployed.chain, tmp_path, mocks=False)().run()
    assert again.pool != deployed.pool
    assert "MockFeed" not in {s.target for s in make_plan(market, deployer=ME.address, mocks=False)}
    assert parameter_differences(market, again.addresses) == []


def weth_feed(data):
    return data["reserves"]["WETH"]["feed"]["fallback"]


WRONG = {
    "decimals of a source": (
        lambda d: d["reserves"]["WETH"]["cautious_feed"]["quotient"][1].update(decimals=8),
        "in the cautious feed of WETH has 18 decimals, not 8",
    ),
    "another price": (
        lambda d: d["reserves"]["USDC"].update(price=0.4),
        "the feed of USDC says 0.99979, the file 0.4",
    ),
    "bounds": (
        lambda d: weth_feed(d).update(
            primary={
                "bounded": {
                    "source": weth_feed(d)["primary"]["bounded"]["source"],
                    "lowest": 1,
                    "highest": 3_200,
                }
            },
            backup={"product": [weth_feed(d)["primary"]["bounded"]["source"]] * 2},
        ),
        "the feed of WETH gives no fresh price (its sources are too far apart)",
    ),
    "no rate": (
        lambda d: d["reserves"]["WETH"]["cautious_feed"]["quotient"][0]["growth_capped"][
            "rate"
        ].update(function="exchangeRate"),
        "there is no exchangeRate()",
    ),
    "a cautious feed that is far away": (
        lambda d: d["reserves"]["WETH"].update(
            cautious_feed=d["reserves"]["WETH"]["cautious_feed"]["quotient"][0]
        ),
        "the feeds of WETH are more than 10 % apart",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_require_as_described__a_feed_that_would_be_wrong__refused(deployed, tmp_path, what):
    change, said = WRONG[what]
    text = json.dumps(as_real(deployed, change), default=str)  # JSON is YAML, and has no aliases
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(DeployError) as refused:
        require_as_described(load_market(file).reserves, deployed.chain)
    assert said in str(refused.value)


def test_require_as_described__a_sequencer_that_is_down__refused(deployed, tmp_path):
    market = load_market(write(tmp_path / "real.yaml", as_real(deployed)))
    require_as_described(market.reserves, deployed.chain)
    at("MockFeed", real(deployed)["uptime"]).setAt(1, 1, **SENDING)
    with pytest.raises(DeployError, match="the cautious feed of USDC gives no fresh price"):
        require_as_described(market.reserves, deployed.chain)


@pytest.mark.parametrize("decimals", [18, 6])
def test_require_as_described__a_vault__has_the_decimals_of_the_file(deployed, tmp_path, decimals):
    vault = ME.deploy(_type("MockVault"), deployed.token("USDC"), required_confirmations=0)
    vault.mint(ME, 10**12, **SENDING)

    def change(data):
        usdc = data["reserves"]["USDC"]
        source, usdc["cautious_feed"] = usdc["feed"]["capped"]["source"], None
        del usdc["feed"]["capped"], usdc["cautious_feed"]
        rate = {"vault": vault.address, "share_decimals": 6, "asset_decimals": decimals}
        usdc["feed"]["growth_capped"] = {"source": source, "rate": rate, "yearly": 0.2}

    market = load_market(write(tmp_path / "vault.yaml", as_real(deployed, change)))
    if decimals == 6:
        require_as_described(market.reserves, deployed.chain)
        return
    with pytest.raises(DeployError, match="has 6 decimals and its asset 6, which are others"):
        require_as_described(market.reserves, deployed.chain)


def _type(name):
    from scripts._contracts import container

    return container(name)


@pytest.mark.parametrize("name", ["eth_usd", "lst", "uptime", "router"])
def test_require_deployable__a_contract_that_is_not_there__is_named(deployed, tmp_path, name):
    file = tmp_path / "real.yaml"
    require_deployable(load_market(write(file, as_real(deployed))), deployed.chain, mocks=False)
    nowhere = as_real(deployed, **{name: OUTSIDE[name]})
    with pytest.raises(DeployError, match=f"There is no contract at {OUTSIDE[name]}"):
        require_deployable(load_market(write(file, nowhere)), deployed.chain, mocks=False)


def test_require_router__one_that_knows_other_calls__refused_with_the_remedy(deployed):
    from eth_utils.crypto import keccak

    first, second = (
        f"0x63{keccak(text=f'exactInput((bytes,address,uint256,uint256{more}))')[:4].hex()}"
        for more in (",uint256", "")
    )
    router = OUTSIDE["router"]
    deployed.chain.rpc.request("anvil_setCode", router, first)
    require_router(UniswapV3(router=router, deadline=True), deployed.chain)
    with pytest.raises(DeployError, match=r"uniswap_v3\.deadline: true"):
        require_router(UniswapV3(router=router, deadline=False), deployed.chain)
    deployed.chain.rpc.request("anvil_setCode", router, second)
    require_router(UniswapV3(router=router, deadline=False), deployed.chain)
    with pytest.raises(DeployError, match=r"uniswap_v3\.deadline: false"):
        require_router(UniswapV3(router=router, deadline=True), deployed.chain)
    deployed.chain.rpc.request("anvil_setCode", router, "0x6000")
    with pytest.raises(DeployError, match="write the address of SwapRouter or of SwapRouter02"):
        require_router(UniswapV3(router=router, deadline=True), deployed.chain)


def test_cli__dry_run__lists_every_adapter_and_what_has_to_be_called(tmp_path):
    file = write(tmp_path / "composed.yaml", composed())
    options = ["--market", str(file), "--dry-run"]
    done = CliRunner().invoke(deploy.cli, options, env={"COLUMNS": "300"})
    assert done.exit_code == 0, done.output
    for kind in {*CONTRACTS.values(), "InsuranceVault", "CuratedVault", "DutchAuctionModel"}:
        assert f"deploy {kind}" in done.output
    assert "update() of each GrowthCappedFeed once a day and poke()" in done.output


# ------------------------------------------------------------------------------------- what they do


def test_insurer__of_a_deployment__is_the_reserves(deployed):
    vault = at("InsuranceVault", deployed.addresses["insurer USDC"])
    token = at("MockToken", deployed.token("USDC"))
    token.mint(ME, 10**9, **SENDING)
    token.approve(vault, 10**9, **SENDING)
    vault.deposit(10**9, ME, **SENDING)
    assert vault.totalAssets() == pytest.approx(10**9, abs=2)


def test_curated_vault__of_a_deployment__lends_to_the_pool(deployed):
    vault = at("CuratedVault", deployed.addresses["curated vault USDC"])
    token = at("MockToken", deployed.token("USDC"))
    token.mint(ME, 10**9, **SENDING)
    token.approve(vault, 10**9, **SENDING)
    vault.deposit(10**9, ME, **SENDING)
    assert vault.market(deployed.pool).counted == pytest.approx(10**9, abs=2)


@pytest.mark.parametrize(
    ("duration", "lifetime", "said"),
    [
        ("20m", "1d", "a bonus that rises for 20 m, in an auction of 1 d"),
        ("90m", "24h", "a bonus that rises for 90 m, in an auction of 1 d"),
        ("1h", "120m", "a bonus that rises for 1 h, in an auction of 2 h"),
    ],
)
def test_plan__an_auction__says_its_times_in_their_largest_whole_unit(
    tmp_path, duration, lifetime, said
):
    data = composed()
    data["liquidation"]["model"]["dutch_auction"] = {"duration": duration, "lifetime": lifetime}
    market = load_market(write(tmp_path / "auction.yaml", data))
    plan = make_plan(market, deployer=ME.address, mocks=True)
    (step,) = (s for s in plan if s.key == "liquidation model")
    assert step.detail == said


@pytest.mark.parametrize("rule", ["close_factor", "fixed_incentive"])
def test_deploy__another_rule__is_the_pools(chain, tmp_path, rule):
    from tests.scripts._files import small

    data = small()
    data["liquidation"]["model"] = rule
    begun = starter(write(tmp_path / "rule.yaml", data), chain, tmp_path)()
    deployed = begun.run()
    model = at("IPool", deployed.pool).liquidationTerms()[4]
    assert model == deployed.addresses["liquidation model"]
    own = deployed.market.liquidation.model_copy(
        update={"model": type(begun.market.liquidation.model)()}
    )
    plain_market = deployed.market.model_copy(update={"liquidation": own})
    (difference,) = parameter_differences(plain_market, deployed.addresses)
    assert difference.startswith("liquidation model is")
