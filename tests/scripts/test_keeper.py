"""The keeper liquidates what pays, in the order in which it pays, and survives what happens to it."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import requests
from click.testing import CliRunner

from scripts import _keeper, keeper
from scripts._anvil import anvil
from scripts._chain import connected
from scripts._contracts import container
from scripts._deploy import Deployment
from scripts._fill import APPROVE, BORROW, MINT, SET_ANSWER, SUPPLY, account_address, send
from scripts._keeper_offers import LIQUIDATE, OwnTokens
from scripts._keeper_state import State
from scripts._local import CHAIN, FREE_GAS
from scripts.deploy import load_account
from sims.exact import MAX, WAD, value_down, value_up
from sims.fork.rpc import Call, Function, Rpc, RpcError
from sims.fork.weir import BALANCE_OF
from sims.market import load_market
from tests.scripts._files import small, write
from tests.scripts.test_commands import BIN, ROOT, environment, until

SUPPLIER, BORROWER, OTHER, SAFE, RIVAL, WHALE = map(account_address, range(1, 7))
WETH, USDC = 0, 1
PRICE = 3_119_02 * 10**6
LOW, LOWER = 2_700 * 10**8, 2_500 * 10**8
"""At the first price the borrower can be liquidated, at the second the other one too."""
HEALTH = Function("healthFactor(address)", ("uint256",))
DEBT = Function("debtBalance(address,uint256)", ("uint256",))
DECIMALS = {"WETH": 26, "USDC": 14}  # of token and feed together


# ------------------------------------------------------------------------------------- a market


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """WETH and USDC without interest, so that a quote still holds in the next block."""
    data = small()
    for reserve in data["reserves"].values():
        reserve["rates"] |= {"base": 0, "slope1": 0, "slope2": 0}
    folder = tmp_path_factory.mktemp("market")
    file = write(folder / "still.yaml", data)
    with anvil(*CHAIN, *FREE_GAS) as url:
        with connected(f"ethereum:mainnet:{url}") as chain:
            me = load_account(None, development=True)
            deployed = Deployment(
                load_market(file),
                market_file=file,
                chain=chain,
                account=me,
                mocks=True,
                folder=folder,
            ).run()
            made = {
                kind: me.deploy(
                    container(kind), *arguments, gas_price=0, type=0, required_confirmations=0
                ).address
                for kind, arguments in {
                    "Lens": (),
                    "QuoteLens": (),
                    "FlashLiquidator": (deployed.pool,),
                    "MockVenue": (deployed.pool, WAD // 100),
                }.items()
            }
        with Rpc(url) as rpc:
            yield Market(url, rpc, deployed, me.address, made)


class Market:
    """The chain, the pool and what everybody does there."""

    def __init__(self, url, rpc, deployed, me, made):
        self.url, self.rpc, self.pool, self.me, self.made = url, rpc, deployed.pool, me, made
        self.tokens = [deployed.token(s) for s in ("WETH", "USDC")]
        self.feeds = [deployed.feed(s) for s in ("WETH", "USDC")]
        mints = [(me, t, MINT.encode(who, 10**12)) for t in self.tokens[1:] for who in self.rich]
        lends = self.supplies(SUPPLIER, USDC, 10**12)
        for who in (BORROWER, OTHER, SAFE):
            lends += self.supplies(who, WETH, 10 * WAD)
        send(rpc, mints + lends, {})
        send(
            rpc,
            [
                self.borrows(who, USDC, debt * 10**6)
                for who, debt in ((BORROWER, 24_000), (OTHER, 22_000), (SAFE, 12_000))
            ],
            {},
        )

    @property
    def rich(self):
        return (self.me, RIVAL, self.made["MockVenue"])

    def supplies(self, who, id_, amount):
        token = self.tokens[id_]
        return [
            (who, token, MINT.encode(who, amount)),
            (who, token, APPROVE.encode(self.pool, MAX)),
            (who, self.pool, SUPPLY.encode(id_, amount, who)),
        ]

    def borrows(self, who, id_, amount):
        return (who, self.pool, BORROW.encode(id_, amount, who, who))

    def price(self, answer):
        send(self.rpc, [(account_address(0), self.feeds[WETH], SET_ANSWER.encode(answer))], {})

    def rival_liquidates(self, who):
        """Somebody faster."""
        data = LIQUIDATE.encode(who, USDC, WETH, MAX, 0, RIVAL)
        approval = (RIVAL, self.tokens[USDC], APPROVE.encode(self.pool, MAX))
        send(self.rpc, [approval, (RIVAL, self.pool, data)], {})

    @property
    def head(self):
        return int(self.rpc.request("eth_blockNumber"), 16)

    def read(self, to, function, *arguments):
        ((answer,),) = self.rpc.read([Call(to, function, arguments)], block=self.head)
        return answer

    def held(self, id_):
        """Of the keeper, raw."""
        return self.read(self.tokens[id_], BALANCE_OF, self.me)

    def healthy(self, who):
        return self.read(self.pool, HEALTH, who) >= WAD

    def sent(self, tag="latest"):
        """How many transactions the keeper's account has sent."""
        return int(self.rpc.request("eth_getTransactionCount", self.me, tag), 16)


@pytest.fixture(autouse=True)
def undone(market):
    """Every test begins with the same market."""
    mark = market.rpc.request("evm_snapshot")
    yield
    market.rpc.request("anvil_setAutomine", True)
    market.rpc.request("evm_revert", mark)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("RPC_URL", "POOL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "keeper" / "state.json"


@pytest.fixture
def keep(market, state):
    """Runs the command; what it said and what it logged."""

    def run(*arguments, url=None, ends=0, **options):
        words = ["--network", f"ethereum:mainnet:{url or market.url}", "--state", state]
        if "--pool" not in arguments:
            words += ["--pool", market.pool]
        words = [str(word) for word in (*words, *arguments)]
        done = CliRunner(env={"COLUMNS": "250"}).invoke(keeper.cli, words, **options)
        assert done.exit_code == ends, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return SimpleNamespace(said=done.output, rows=logged(state))

    return run


def logged(state):
    log = state.with_suffix(".jsonl")
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def rows_of_table(said):
    """Cells of the table, the headings aside."""
    lines = (line for line in said.splitlines() if line.startswith("│"))
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def raw(text):
    """`1,234.5 USDC` in raw units."""
    amount, symbol = text.split()[:2]
    return int(Decimal(amount.replace(",", "")).scaleb(DECIMALS[symbol] - 8))


# ------------------------------------------------------------------------------------- own tokens


def test_keeper__a_healthy_pool__has_nothing_to_do(market, keep):
    before = market.sent()
    done = keep("--once")
    assert "Nothing was liquidated." in done.said
    assert (market.sent(), done.rows) == (before, [])


def test_keeper__dry_run__sends_nothing_and_says_what_a_run_then_makes(market, keep, state):
    market.price(LOWER)
    before = market.sent()
    plan = keep("--dry-run")
    assert market.sent() == before
    assert not state.exists()
    assert "A dry run: nothing was sent." in plan.said

    weth, usdc = market.held(WETH), market.held(USDC)
    done = keep("--once")
    told = [(raw(repays), raw(receives)) for _, repays, receives, *_ in rows_of_table(plan.said)]
    assert told == [(int(row["repaid"]), int(row["received"])) for row in done.rows]
    assert usdc - market.held(USDC) == sum(repaid for repaid, _ in told)
    assert market.held(WETH) - weth == sum(received for _, received in told)
    assert [bonus for _, _, _, bonus, *_ in rows_of_table(plan.said)] == [
        f"{int(row['bonus_value']) // 10**16 / 100:,.2f}" for row in done.rows
    ]


def test_keeper__run__most_profitable_first_and_logged_to_the_wei(market, keep):
    market.price(LOWER)
    done = keep("--once")
    first, second = done.rows
    assert (first["account"], second["account"]) == (BORROWER, OTHER)
    assert int(first["net_value"]) > int(second["net_value"]) > 0
    assert first["block"] < second["block"]
    assert market.healthy(BORROWER)
    assert market.healthy(OTHER)
    for row in done.rows:
        paid = value_up(int(row["repaid"]), 99_979_000, DECIMALS["USDC"])
        got = value_down(int(row["received"]), LOWER, DECIMALS["WETH"])
        gas = int(row["gas_value"])
        assert int(row["bonus_value"]) == got - paid
        assert int(row["net_value"]) == got - paid - gas
        assert gas >= row["gas"] * LOWER * 10  # a gwei each, at the price of WETH
    assert "2 of 2 calls went through" in done.said


def test_keeper__one_account_of_many__leaves_the_others_alone(market, keep):
    market.price(LOW)
    done = keep("--once")
    assert [row["account"] for row in done.rows] == [BORROWER]


def test_keeper__what_it_allows_the_pool__is_used_up_but_for_the_interest(market, keep):
    market.price(LOW)
    allowance = Function("allowance(address,address)", ("uint256",))
    (row,) = keep("--once").rows
    left = market.read(market.tokens[USDC], allowance, market.me, market.pool)
    assert left == int(row["repaid"]) // 1_000 + 1


def test_keeper__an_allowance_that_is_too_small__goes_over_nothing(market, keep):
    send(market.rpc, [(market.me, market.tokens[USDC], APPROVE.encode(market.pool, 1))], {})
    market.price(LOW)
    before = market.sent()
    assert [row["status"] for row in keep("--once").rows] == ["done"]
    assert market.sent() == before + 3


def test_keeper__latency__counts_from_the_block_in_which_it_was_seen(market, keep):
    market.price(LOW)
    keep("--once", "--min-profit", 10**6)
    market.rpc.request("anvil_mine", hex(5))
    seen, done = market.head - 5, keep("--once")
    (row,) = done.rows
    assert row["latency_blocks"] == row["block"] - seen


def test_keeper__thin_cash__takes_shares(market, keep):
    send(market.rpc, market.supplies(WHALE, USDC, 2 * 10**11), {})
    send(market.rpc, [market.borrows(WHALE, WETH, 30 * WAD)], {})
    market.price(LOW)
    (row,) = keep("--once").rows
    assert (row["account"], row["as_shares"]) == (BORROWER, True)
    balance = Function("balanceOf(address,uint256)", ("uint256",))
    shares = market.read(market.pool, balance, market.me, WETH)
    assert shares == int(row["received"]) > 0
    assert int(row["bonus_value"]) > 0


@pytest.mark.parametrize(("limit", "expected"), [(30_000, [BORROWER, OTHER]), (15_000, [BORROWER])])
def test_keeper__limit__the_most_profitable_that_it_lasts_for(market, keep, limit, expected):
    market.price(LOWER)
    done = keep("--once", "--limit", f"USDC={limit}")
    assert [row["account"] for row in done.rows] == expected
    assert sum(int(row["repaid"]) for row in done.rows) <= limit * 10**6


def test_keeper__below_the_least_profit__sends_nothing(market, keep):
    market.price(LOW)
    before = market.sent()
    done = keep("--once", "--min-profit", 5_000)
    assert (market.sent(), done.rows) == (before, [])
    assert "1 of 3 unhealthy, 0 worth a call" in done.said


def test_keeper__at_the_least_profit__sends(market, keep):
    market.price(LOW)
    assert len(keep("--once", "--min-profit", 100).rows) == 1


def test_keeper__the_price_of_the_chains_currency__is_what_gas_costs(market, keep):
    market.price(LOW)
    assert "0 worth a call" in keep("--dry-run", "--native-price", 10**9).said
    assert "1 worth a call" in keep("--dry-run", "--native-price", 2_700).said


def test_keeper__dry_run_on_a_fork__finds_what_the_forked_chain_has(market, keep, monkeypatch):
    market.price(LOWER)
    there = rows_of_table(keep("--dry-run").said)
    monkeypatch.setenv("RPC_URL", market.url)
    runner = CliRunner(env={"COLUMNS": "250"})
    forked = runner.invoke(keeper.cli, ["--pool", market.pool, "--dry-run"])
    assert forked.exit_code == 0, forked.output
    assert len(there) == 2
    # The gas of the fork has a price of its own.
    assert [row[:4] for row in rows_of_table(forked.output)] == [row[:4] for row in there]


# ------------------------------------------------------------------------------------- write-offs


@pytest.fixture
def hopeless(market):
    """Owes 120 USDC on collateral that is worth 5: nobody gains a dollar by that."""
    send(market.rpc, market.supplies(WHALE, WETH, WAD // 20), {})
    send(market.rpc, [market.borrows(WHALE, USDC, 120 * 10**6)], {})
    for who in (BORROWER, OTHER, SAFE):
        market.rpc.request("anvil_dealERC20", who, market.tokens[USDC], hex(10**11))
        repay = Function("repay(uint256,uint256,address)", ("uint256",) * 2).encode(USDC, MAX, who)
        approval = APPROVE.encode(market.pool, MAX)
        send(market.rpc, [(who, market.tokens[USDC], approval), (who, market.pool, repay)], {})
    market.price(100 * 10**8)
    return WHALE


def test_keeper__what_can_only_be_written_off__is_said_and_left(market, keep, hopeless):
    before = market.sent()
    done = keep("--once", "--min-profit", 1)
    assert "1 only to be written off (--write-offs pays for that)" in done.said
    assert (market.sent(), done.rows) == (before, [])


def test_keeper__what_can_only_be_written_off__is_written_off_when_asked(market, keep, hopeless):
    (row,) = keep("--once", "--min-profit", 1, "--write-offs").rows
    assert (row["account"], row["kind"], row["wrote_off"]) == (hopeless, "write-off", True)
    assert int(row["net_value"]) == -int(row["gas_value"]) < 0
    assert market.healthy(hopeless)


# ------------------------------------------------------------------------------------- without capital


@pytest.fixture
def flash(market):
    return ("--liquidator", market.made["FlashLiquidator"], "--venue", market.made["MockVenue"])


def test_keeper__liquidator__several_accounts_in_one_transaction(market, keep, flash):
    market.price(LOWER)
    usdc = market.held(USDC)
    before = market.sent()
    done = keep("--once", *flash)
    assert market.sent() == before + 1
    assert {row["account"] for row in done.rows} == {BORROWER, OTHER}
    (tx,) = {row["tx"] for row in done.rows}
    used = int(market.rpc.request("eth_getTransactionReceipt", tx)["gasUsed"], 16)
    assert sum(row["gas"] for row in done.rows) == used
    earned = market.held(USDC) - usdc
    assert earned > 0
    assert sum(int(row["bonus_value"]) for row in done.rows) == value_down(
        earned, 99_979_000, DECIMALS["USDC"]
    )


def test_keeper__liquidator__a_single_account(market, keep, flash):
    market.price(LOW)
    usdc = market.held(USDC)
    (row,) = keep("--once", *flash).rows
    earned = market.held(USDC) - usdc
    assert int(row["bonus_value"]) == value_down(earned, 99_979_000, DECIMALS["USDC"]) > 0


def test_keeper__liquidator__dry_run_without_an_account__finds_the_same(market, keep, flash):
    market.price(LOWER)
    assert "2 worth a call" in keep("--dry-run", *flash).said


def test_keeper__liquidator__a_venue_that_fails__sends_nothing(market, keep, flash):
    be = Function("be(uint8)", ())
    send(market.rpc, [(RIVAL, market.made["MockVenue"], be.encode(1))], {})
    market.price(LOWER)
    before = market.sent()
    done = keep("--once", *flash)
    assert (market.sent(), done.rows) == (before, [])


# ------------------------------------------------------------------------------------- lost races


def test_keeper__somebody_was_faster__is_a_line_and_the_rest_goes_on(market, keep, monkeypatch):
    submit, raced = _keeper.Keeper._submit, []

    def late(self, to, data, *, items, **rest):
        if items and not raced:
            raced.append(market.rival_liquidates(BORROWER))
        return submit(self, to, data, items=items, **rest)

    monkeypatch.setattr(_keeper.Keeper, "_submit", late)
    market.price(LOWER)
    lost, won = keep("--once").rows
    assert (lost["account"], lost["status"], won["account"], won["status"]) == (
        BORROWER,
        "lost",
        OTHER,
        "done",
    )
    assert int(lost["net_value"]) == -int(lost["gas_value"]) < 0


def test_keeper__healthy_again_before_it_is_sent__nothing_is_sent(market, keep, monkeypatch):
    offers = OwnTokens.offers

    def recovers(*arguments):
        found = offers(*arguments)
        market.price(PRICE)
        return found

    monkeypatch.setattr(OwnTokens, "offers", recovers)
    market.price(LOW)
    done = keep("--once")
    assert f"{BORROWER}: not sent, it would fail with Healthy." in done.said
    assert done.rows == []


# ------------------------------------------------------------------------------------- interruptions


class Dies(BaseException):
    """The machine is gone: nothing is unwound that could write."""


def test_keeper__died_after_sending__logs_it_and_does_not_send_twice(
    market, keep, state, monkeypatch
):
    market.price(LOW)
    before = market.sent()
    with monkeypatch.context() as patch:
        patch.setattr(_keeper.Keeper, "finish", _dies)
        with pytest.raises(Dies):
            keep("--once", catch_exceptions=False)
    assert logged(state) == []
    count = market.sent("pending")
    assert count == before + 2  # the approval and the call
    done = keep("--once")
    assert market.sent("pending") == count
    assert [row["account"] for row in done.rows] == [BORROWER]
    assert keep("--once").rows == done.rows


def test_keeper__died_before_sending__sends_once(market, keep, monkeypatch):
    market.price(LOW)
    request = Rpc.request

    def dies(self, method, *params):
        if method == "eth_sendRawTransaction":
            _dies()
        return request(self, method, *params)

    before = market.sent()
    with monkeypatch.context() as patch:
        patch.setattr(Rpc, "request", dies)
        with pytest.raises(Dies):
            keep("--once", catch_exceptions=False)
    assert market.sent() == before
    done = keep("--once")
    assert market.sent() == before + 2
    assert [row["account"] for row in done.rows] == [BORROWER]


def test_keeper__died_after_logging__does_not_log_twice(market, keep, state, monkeypatch):
    market.price(LOW)
    log = State.log

    def dies(self, rows):
        log(self, rows)
        _dies()

    with monkeypatch.context() as patch:
        patch.setattr(State, "log", dies)
        with pytest.raises(Dies):
            keep("--once", catch_exceptions=False)
    before = logged(state)
    assert [row["account"] for row in before] == [BORROWER]
    assert keep("--once").rows == before


def test_keeper__a_transaction_in_no_block_yet__is_waited_for_and_not_sent_again(
    market, keep, state, monkeypatch
):
    send(market.rpc, [(market.me, market.tokens[USDC], APPROVE.encode(market.pool, MAX))], {})
    market.price(LOW)
    before = market.sent()
    monkeypatch.setattr(_keeper, "SETTLE_S", 0.0)
    market.rpc.request("anvil_setAutomine", False)
    for _ in range(2):
        done = keep("--once")
        assert "1 transactions are in no block yet" in done.said
        assert "not sent" not in done.said  # nor even tried
        assert (market.sent("pending"), market.sent()) == (before + 1, before)
    market.rpc.request("evm_mine")
    assert [row["account"] for row in keep("--once").rows] == [BORROWER]
    assert market.sent("pending") == before + 1


def test_keeper__interrupted__ends_with_what_it_has_earned(market, keep, monkeypatch):
    market.price(LOW)
    pauses, pause = [], _keeper.time.sleep

    def interrupt(seconds):
        pauses.append(seconds)
        if len(pauses) == 1:
            raise KeyboardInterrupt
        pause(seconds)

    monkeypatch.setattr(
        _keeper, "time", SimpleNamespace(**{**vars(_keeper.time), "sleep": interrupt})
    )
    send(market.rpc, [(market.me, market.tokens[USDC], APPROVE.encode(market.pool, MAX))], {})
    done = keep()
    assert "Interrupted" in done.said
    assert "1 of 1 calls went through" in done.said


def test_keeper__a_process_of_its_own__works_until_ctrl_c_and_ends_well(market, state):
    words = ["--network", f"ethereum:mainnet:{market.url}", "--pool", market.pool]
    process = subprocess.Popen(
        [BIN / "ape", "run", "keeper", *words, "--state", state],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(state.exists)
        market.price(LOW)
        until(lambda: logged(state))
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "1 of 1 calls went through" in said


def test_keeper__another_at_work_with_the_state__refused(market, keep, state):
    with State(state, 1, "", market.pool).held():
        assert "Another keeper is at work" in keep("--once", ends=1).said


def test_keeper__a_reorganisation__finds_who_borrowed_instead(market, keep, state):
    mark = market.rpc.request("evm_snapshot")
    market.rpc.request("anvil_mine", hex(3))
    keep("--once")
    scanned = json.loads(state.read_text())["scanned"]
    market.rpc.request("evm_revert", mark)
    send(market.rpc, market.supplies(WHALE, WETH, 10 * WAD), {})
    send(market.rpc, [market.borrows(WHALE, USDC, 24_500 * 10**6)], {})
    market.price(LOW)
    assert market.head <= scanned  # the new debtor is in a block that was read before
    assert WHALE in {row["account"] for row in keep("--once").rows}


def _dies(*_arguments):
    raise Dies


# ------------------------------------------------------------------------------------- the node


class Proxy:
    """A node's address that can be out of order."""

    def __init__(self, url):
        self._url = url
        self._server = None
        self.port = 0
        self.up()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def up(self):
        url = self._url

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = requests.post(
                    url, data=body, headers={"Content-Type": "application/json"}, timeout=60
                )
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def proxy(market):
    between = Proxy(market.url)
    yield between
    between.down()


def test_keeper__the_node_is_away_for_a_while__says_so_once_and_goes_on(
    market, keep, proxy, monkeypatch
):
    monkeypatch.setattr("sims.fork.rpc._PAUSES_S", ())
    monkeypatch.setattr(_keeper, "PAUSES_S", (0.02, 0.02))
    failures, pause = [], _keeper.time.sleep

    def sleep(seconds):
        """The first wait is for a second block: then the node goes, and comes back with a crash."""
        if seconds == _keeper.POLL_S and not failures:
            proxy.down()
            failures.append(0)
        elif seconds == 0.02:
            failures[0] += 1
            if failures[0] == 4:
                market.price(LOW)
                proxy.up()
        pause(min(seconds, 0.02))

    monkeypatch.setattr(_keeper, "time", SimpleNamespace(**{**vars(_keeper.time), "sleep": sleep}))
    done = keep("--blocks", 2, url=proxy.url)
    assert failures == [4]
    assert done.said.count("The keeper goes on trying.") == 1
    assert done.said.count("The node answers again") == 1
    assert [row["account"] for row in done.rows] == [BORROWER]


def test_keeper__a_node_that_always_errs__ends_with_its_words(market, keep, monkeypatch):
    def errs(*_arguments):
        raise RpcError("The node refused eth_call: out of order.", code=-32000)

    monkeypatch.setattr(_keeper, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(_keeper.Keeper, "round", errs)
    assert "out of order" in keep("--blocks", 5, ends=1).said


# ------------------------------------------------------------------------------------- no surprises


@pytest.fixture
def live(monkeypatch):
    """The chain looks like one where things are worth something."""
    monkeypatch.setattr("scripts._chain.DEVELOPMENT_CLIENTS", ("none",))
    me = load_account(None, development=True)
    monkeypatch.setattr("scripts.deploy.load_account", lambda *_, **__: me)
    monkeypatch.setattr(_keeper, "CONFIRMATIONS", 0)


def test_keeper__a_live_network__asks_and_takes_no_for_an_answer(market, keep, live):
    market.price(LOW)
    before = market.sent()
    done = keep("--once", input="n\n", ends=1)
    assert f"Send transactions from {market.me}" in done.said
    assert market.sent() == before


def test_keeper__a_live_network__does_not_ask_when_told(market, keep, live):
    market.price(LOW)
    done = keep("--once", "--yes")
    assert "Send transactions" not in done.said
    assert [row["account"] for row in done.rows] == [BORROWER]


def test_keeper__lenses_on_the_chain__say_the_same(market, keep):
    market.price(LOWER)
    made = ("--lens", market.made["Lens"], "--quote-lens", market.made["QuoteLens"])
    assert rows_of_table(keep("--dry-run", *made).said) == rows_of_table(keep("--dry-run").said)


@pytest.mark.parametrize("option", ["--lens", "--quote-lens"])
def test_keeper__a_stale_lens__refused(market, keep, option):
    said = keep("--dry-run", option, market.tokens[WETH], ends=1).said
    assert f"is not this project's {'Lens' if option == '--lens' else 'QuoteLens'}" in said


def test_keeper__no_gas__refused(market, keep):
    market.rpc.request("anvil_setBalance", market.me, "0x0")
    assert "has nothing to pay gas with" in keep("--once", ends=1).said


def test_keeper__no_tokens__refused(market, keep):
    for token in market.tokens:
        market.rpc.request("anvil_dealERC20", market.me, token, "0x0")
    assert "has none of the pool's tokens" in keep("--once", ends=1).said


def test_keeper__no_tokens_but_a_liquidator__works(market, keep, flash):
    for token in market.tokens:
        market.rpc.request("anvil_dealERC20", market.me, token, "0x0")
    market.price(LOW)
    assert len(keep("--once", *flash).rows) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--once", "--blocks", "3"], "--once and --blocks"),
        (["--liquidator", SAFE], "name where, --venue"),
        (["--venue", SAFE], "are for --liquidator"),
        (["--through", SAFE], "are for --liquidator"),
        (["--liquidator", SAFE, "--venue", SAFE, "--limit", "USDC=1"], "uses none"),
        (["--liquidator", SAFE, "--venue", SAFE], "is no FlashLiquidator of this pool"),
        (["--liquidator", "0x12", "--venue", SAFE], "'0x12' is no address: a FlashLiquidator"),
        (["--min-profit", "much"], "--min-profit is 'much'"),
        (["--min-profit", "-1"], "--min-profit is '-1'"),
        (["--native-price", "nan"], "--native-price is 'nan'"),
        (["--limit", "USDC"], "--limit is 'USDC': write it as USDC=50000"),
        (["--limit", "EURC=5"], "The pool has no reserve EURC: use one of WETH, USDC"),
        (["--gas-token", "WMATIC"], "The pool has no reserve WMATIC"),
        (["--pool", "0x12"], "is no address: a pool"),
        (["--pool", "0x" + "12" * 20], "There is no contract at"),
        (["--account", "nobody"], "There is no account 'nobody'"),
        (["--lens", "0x12"], "is no address: a Lens"),
    ],
)
def test_keeper__bad_arguments__one_sentence(keep, arguments, said):
    assert said in keep(*arguments, *([] if "--once" in arguments else ["--dry-run"]), ends=1).said


def test_keeper__a_contract_that_is_no_pool__refused(market, keep):
    said = keep("--dry-run", "--pool", market.tokens[WETH], ends=1).said
    assert "is no Weir pool" in said


@pytest.mark.parametrize("text", ["precious", '{"schema": 1}', "[]"])
def test_keeper__a_state_that_is_none__refused_and_kept(keep, state, text):
    state.parent.mkdir()
    state.write_text(text)
    assert "is no state of a keeper" in keep("--once", ends=1).said
    assert state.read_text() == text


def test_keeper__the_state_of_another_pool__refused(keep, state):
    keep("--once")
    data = json.loads(state.read_text())
    state.write_text(json.dumps(data | {"pool": SAFE}))
    assert "another pool or chain" in keep("--once", ends=1).said


def test_keeper__a_local_chain_that_began_anew__is_a_new_state(market, keep, state):
    keep("--once")
    data = json.loads(state.read_text())
    state.write_text(json.dumps(data | {"genesis": "0x" + "00" * 32, "debtors": [RIVAL]}))
    keep("--once")
    data = json.loads(state.read_text())
    assert set(data["debtors"]) == {BORROWER, OTHER, SAFE}
