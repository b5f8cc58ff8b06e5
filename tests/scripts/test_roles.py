"""Who may do what: set up by `ape run deploy`, handed over last, and read back by `ape run roles`."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from eth_utils.address import to_checksum_address

from scripts import _authority, _chain, _deploy, _records, deploy, roles
from scripts._anvil import anvil
from scripts._authority import read_standing
from scripts._chain import connected
from scripts._contracts import container, selector
from scripts._deploy import DeployError, Deployment
from scripts._roles import ADMIN_DELAY_S, ROLES, role
from scripts.deploy import load_account
from sims.fork.rpc import Function, Rpc
from sims.market import STEWARDED, Roles, load_market
from tests.scripts._files import GOVERNANCE, MEMBERS, composed, small, whole, write

ROOT = Path(__file__).resolve().parents[2]
GUARDIAN, RISK = MEMBERS["guardian"][0], MEMBERS["risk"][0]
STRANGER = to_checksum_address("0x" + "e1" * 20)
ME = load_account(None, development=True).address
EVERYBODY = 2**64 - 1


# ----------------------------------------------------------------------------- one list of names


def test_market_file__its_roles__are_those_of_the_set_up():
    assert {name.upper() for name in Roles.model_fields} == {r.label for r in ROLES} | {
        "GOVERNANCE"
    }


def test_market_file__what_a_steward_may_change__is_what_the_contract_lists():
    text = (ROOT / "contracts" / "interfaces" / "IRiskSteward.sol").read_text()
    listed = text.split("enum Parameter {")[1].split("}")[0].replace(",", " ").split()
    names = ["".join(f"_{c.lower()}" if c.isupper() else c for c in x)[1:] for x in listed]
    assert [*STEWARDED] == [{"threshold": "liquidation_threshold"}.get(n, n) for n in names]


def test_roles__of_a_curated_vault__open_every_restricted_function_once():
    text = (ROOT / "contracts" / "periphery" / "CuratedVault.sol").read_text()
    restricted = re.findall(r"function (\w+)\([^)]*\) external restricted", text)
    assert sorted(restricted) == sorted(name for r in ROLES for name in r.vault)


# ------------------------------------------------------------------------------ the live network


@pytest.fixture
def live(monkeypatch, tmp_path):
    """A chain that nobody takes for a rehearsal, and what `ape run deploy` says there."""
    describe = _chain._describe
    monkeypatch.setattr(_chain, "_describe", lambda *a: replace(describe(*a), is_development=False))
    monkeypatch.setattr(
        deploy, "load_account", lambda *_, **__: load_account(None, development=True)
    )
    monkeypatch.setattr(_deploy, "RECORDS", tmp_path / "records")
    file = tmp_path / "whole.yaml"

    with anvil("--chain-id", "31337") as url:

        def run(*options, data=None, answers=None):
            write(file, data or whole(governance=GOVERNANCE))
            arguments = ["--market", str(file), "--network", url, "--mocks", *options]
            done = CliRunner().invoke(deploy.cli, arguments, input=answers, env={"COLUMNS": "200"})
            done.record = next((tmp_path / "records").glob("*.json"), None)
            return done

        run.rpc = Rpc(url)
        yield run


def administrators(run, done):
    """Of the deployed market, with their delays."""
    contracts = json.loads(done.record.read_text())["contracts"]
    addresses = {key: c["address"] for key, c in contracts.items()}
    return dict(read_standing(run.rpc, addresses, first_block=0).members["ADMIN"])


def sent(run):
    return int(run.rpc.request("eth_blockNumber"), 16)


def test_deploy__dry_run__says_who_will_rule_and_sends_nothing(live):
    done = live("--dry-run", "--governance-is-key")
    assert done.exit_code == 0, done.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.output.splitlines()]
    who = {(row[0], row[1]): row[2] for row in rows if len(row) == 5}
    assert who[("ADMIN", GOVERNANCE)] == "7 d"
    assert who[("GUARDIAN", GUARDIAN)] == "at once"
    assert who[("RISK", RISK)] == "2 d"
    assert who[("RISK", "the risk steward")] == "at once"
    assert who[("TREASURY", "nobody")] == ""
    assert "To send: 28 transactions, at most" in done.output
    assert sent(live) == 0


def test_deploy__handover_not_agreed_to__says_how_to_go_on_and_goes_on(live):
    done = live("--yes", "--governance-is-key")
    assert done.exit_code == 0, done.output
    assert f"Not handed over: the deployer {ME} is still the only administrator" in done.output
    assert "--hand-over" in done.output
    assert administrators(live, done) == {ME: 0}
    before = sent(live)

    again = live("--yes", "--governance-is-key", "--hand-over")
    assert again.exit_code == 0, again.output
    assert f"Handed over: {GOVERNANCE} is the only administrator" in again.output
    assert administrators(live, again) == {GOVERNANCE: ADMIN_DELAY_S}
    assert json.loads(again.record.read_text())["roles"]["handover"] == "done"
    assert sent(live) == before + 1

    last = live("--yes")  # nothing is left to be refused, or sent
    assert last.exit_code == 0, last.output
    assert sent(live) == before + 1


@pytest.mark.parametrize(
    ("answers", "administrator"),
    [("y\nn\n", ME), ("y\n", ME), ("y\ny\n", GOVERNANCE)],
    ids=["no", "walks away", "yes"],
)
def test_deploy__asked_twice__hands_over_on_the_second_yes_only(live, answers, administrator):
    done = live("--governance-is-key", answers=answers)
    assert done.exit_code == 0, done.output
    assert [*administrators(live, done)] == [administrator]
    assert ("Not handed over" in done.output) == (administrator == ME)


def test_deploy__governance_without_code__refused(live):
    done = live("--dry-run")
    assert done.exit_code == 1
    assert f"The governance {GOVERNANCE} has no code" in done.output


@pytest.mark.parametrize(
    ("code", "refused"),
    [("0xef0100" + "12" * 20, True), ("0x6000", False)],
    ids=["key", "contract"],
)
def test_deploy__governance_with_code__refused_only_when_a_key_rules_it(live, code, refused):
    live.rpc.request("anvil_setCode", GOVERNANCE, code)
    done = live("--dry-run")
    assert done.exit_code == refused, done.output


@pytest.mark.parametrize("where", ["governance", "guardian"])
def test_deploy__a_test_account_among_the_people__refused(live, where):
    known = load_account("TEST::3", development=True).address
    people = {"governance": GOVERNANCE} | {where: known if where == "governance" else [known]}
    data = whole(**people)
    done = live("--dry-run", "--governance-is-key", data=data)
    assert done.exit_code == 1
    assert f"Everybody knows the key of {known}" in done.output


def rehearse(tmp_path, data, *options):
    """What `ape run deploy` says on a chain of its own."""
    file = write(tmp_path / "rehearsal.yaml", data)
    return CliRunner().invoke(deploy.cli, ["--market", str(file), *options])


def test_deploy__governance_is_the_deployer__refused(tmp_path):
    done = rehearse(tmp_path, small() | {"roles": {"governance": ME}}, "--dry-run")
    assert done.exit_code == 1
    assert "--governance-is-deployer" in done.output


def test_deploy__governance_is_the_deployer_as_told__only_adds_the_delay(tmp_path):
    data = small() | {"roles": {"governance": ME}}
    done = rehearse(tmp_path, data, "--governance-is-deployer")
    assert done.exit_code == 0, done.output
    assert f"Handed over: {ME} is the only administrator" in done.output


def test_deploy__roles_without_governance_on_a_rehearsal__the_deployer_stays(tmp_path):
    done = rehearse(tmp_path, small() | {"roles": {"guardian": [GUARDIAN]}})
    assert done.exit_code == 0, done.output
    assert f"The deployer {ME} is the only administrator" in done.output


def test_deploy__no_guardian__the_plan_says_so(tmp_path):
    done = rehearse(tmp_path, small() | {"roles": {"risk": [RISK]}}, "--dry-run")
    assert "Nobody is the guardian" in done.output


# -------------------------------------------------------------------- what was sent is not believed


def without(left_out):
    """A set-up, or a handover, that leaves something out."""

    def careless(calls):
        return lambda *a, **k: (c for c in calls(*a, **k) if c.function != left_out)

    return careless


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("grantRole", f"{GUARDIAN} is no member of GUARDIAN"),
        ("setRoleGuardian", "what RISK announces is cancelled by ADMIN, not by GUARDIAN"),
        ("setTargetFunctionRole", "configurator.pause belongs to ADMIN, not to GUARDIAN"),
        ("setRoleAdmin", "STEWARD is appointed by ADMIN, not by RISK"),
    ],
)
def test_deploy__a_set_up_that_leaves_something_out__is_named_and_not_recorded(
    tmp_path, monkeypatch, left_out, said
):
    monkeypatch.setattr(_authority, "role_calls", without(left_out)(_authority.role_calls))
    monkeypatch.setattr(_deploy, "PASSING_RECORDS", tmp_path / "records")
    data = small() | {"roles": MEMBERS, "periphery": {"risk_steward": {}}}
    done = rehearse(tmp_path, data)
    assert done.exit_code == 1
    assert said in done.output
    assert [*(tmp_path / "records").glob("*.json")] == []


def test_deploy__a_handover_after_which_the_deployer_still_rules__is_named(tmp_path, monkeypatch):
    careless = without("renounceRole")(_authority.handover_calls)
    monkeypatch.setattr(_authority, "handover_calls", careless)
    done = rehearse(tmp_path, small() | {"roles": {"governance": GOVERNANCE}})
    assert done.exit_code == 1
    assert f"{ME} is a member of ADMIN" in done.output


@pytest.mark.parametrize("left_out", [None, "setTargetFunctionRole"])
def test_deploy__a_curated_vault__is_under_roles_of_its_own(tmp_path, monkeypatch, left_out):
    monkeypatch.setattr(_deploy, "PASSING_RECORDS", tmp_path / "records")
    monkeypatch.setattr(_authority, "role_calls", without(left_out)(_authority.role_calls))
    data = small() | {"roles": {"curator": [RISK], "guardian": [GUARDIAN]}}
    data["periphery"] = {"curated_vaults": composed()["periphery"]["curated_vaults"]}
    done = rehearse(tmp_path, data)
    if left_out:
        assert "curated vault USDC.raiseCap belongs to ADMIN, not to CURATOR" in done.output
        return
    assert done.exit_code == 0, done.output
    (file,) = (tmp_path / "records").glob("*.json")
    standing = json.loads(file.read_text())["roles"]
    assert standing["members"]["CURATOR"] == {RISK: role("CURATOR").delay_s}
    assert standing["functions"]["curated vault USDC.lowerCap"] == "GUARDIAN"


# ----------------------------------------------------------------------------- read back and compared


@dataclass(frozen=True)
class Site:
    """A market with roles whose deployer is still the administrator, so that he can meddle."""

    rpc: Rpc
    file: Path
    folder: Path
    addresses: dict[str, str]

    def begin(self, chain):
        """The deployment as the next run of the command finds it."""
        me = load_account(None, development=True)
        options = {"market_file": self.file, "account": me, "mocks": True, "folder": self.folder}
        begun = Deployment(load_market(self.file), chain=chain, **options)
        begun.resume()
        return begun

    def call(self, function, *arguments):
        """One call of the manager by its administrator; contracts are known by their keys."""
        known = [self.addresses.get(a, a) if isinstance(a, str) else a for a in arguments]
        methods = container("Authority").contract_type.mutable_methods
        signature = next(m.selector for m in methods if m.name == function)
        data = Function(signature, ()).encode(*known)
        fields = {"from": ME, "to": self.addresses["authority"], "data": data, "gas": hex(10**6)}
        return int(self.rpc.request("eth_sendTransactionSync", fields)["status"], 16) == 1

    def look(self):
        """What `ape run roles` says."""
        (record,) = self.folder.glob("*.json")
        arguments = ["--network", f"ethereum:mainnet:{self.rpc.url}", "--deployment", str(record)]
        return CliRunner().invoke(roles.cli, arguments, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roles")
    file = write(folder / "whole.yaml", whole(governance=GOVERNANCE))
    with anvil("--chain-id", "1") as url, Rpc(url) as rpc:
        site = Site(rpc, file, folder / "records", {})
        with connected(f"ethereum:mainnet:{url}") as chain:
            begun = site.begin(chain)
            begun.run()
        yield replace(site, addresses=begun.addresses)


@pytest.fixture
def site(deployed, tmp_path):
    """The same, as it was before the test once the test is over; records are the test's own."""
    folder = shutil.copytree(deployed.folder, tmp_path / "records")
    before = deployed.rpc.request("evm_snapshot")
    yield replace(deployed, folder=folder)
    deployed.rpc.request("evm_revert", before)


@pytest.fixture
def again(site):
    """The next run of the command, connected."""
    with connected(f"ethereum:mainnet:{site.rpc.url}") as chain:
        yield lambda: site.begin(chain)


def test_roles__as_set_up__are_shown_and_equal(site):
    done = site.look()
    assert done.exit_code == 0, done.output
    assert "Everything is as recorded" in done.output
    assert "has not handed over yet" in done.output
    assert f"{site.addresses['risk steward']} (risk steward)" in done.output


CONFIGURATOR, STEWARD = "configurator", "risk steward"
PAUSE = selector("pause(address,uint256)")
MEDDLING = {
    "a member more": (
        "grantRole",
        (role("RISK").id, STRANGER, 0),
        f"{STRANGER} is a member of RISK",
    ),
    "a member less": (
        "revokeRole",
        (role("GUARDIAN").id, GUARDIAN),
        f"{GUARDIAN} is no member of GUARDIAN",
    ),
    "a shorter delay": (
        "grantRole",
        (role("RISK").id, RISK, 60),
        f"{RISK} waits 60 seconds as RISK, not 172800",
    ),
    "an administrator more": ("grantRole", (0, STRANGER, 0), f"{STRANGER} is a member of ADMIN"),
    "another appointer": (
        "setRoleAdmin",
        (role("LISTING").id, role("RISK").id),
        "LISTING is appointed by RISK, not by ADMIN",
    ),
    "another guardian": (
        "setRoleGuardian",
        (role("RISK").id, 0),
        "what RISK announces is cancelled by ADMIN, not by GUARDIAN",
    ),
    "a function for everybody": (
        "setTargetFunctionRole",
        (CONFIGURATOR, [PAUSE], EVERYBODY),
        "configurator.pause belongs to EVERYBODY, not to GUARDIAN",
    ),
    "a function for a role that nobody described": (
        "setTargetFunctionRole",
        (STEWARD, [selector("setRamp(uint256)")], 77),
        "risk steward.setRamp belongs to role 77, not to BOUNDS",
    ),
    "a role that nobody described": (
        "grantRole",
        (77, STRANGER, 0),
        f"{STRANGER} is a member of role 77",
    ),
    "a contract closed": (
        "setTargetClosed",
        (CONFIGURATOR, True),
        "that configurator is closed is 1, not 0",
    ),
    "a delay of appointing": (
        "setGrantDelay",
        (role("RISK").id, 3_600),
        "the delay of appointing to RISK is 3600, not 0",
    ),
    "a delay of giving functions away": (
        "setTargetAdminDelay",
        (STEWARD, 3_600),
        "the delay of giving functions of risk steward to roles is 3600, not 0",
    ),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_roles__somebody_has_meddled__is_named_and_fails(site, what):
    function, arguments, said = MEDDLING[what]
    assert site.call(function, *arguments)
    # What the manager itself delays comes into force in five days.
    site.rpc.request("evm_increaseTime", 6 * 86_400)
    site.rpc.request("evm_mine")
    done = site.look()
    assert done.exit_code == 1
    named = done.output.split("differs from the record:\n")[1]
    assert [line.strip() for line in named.splitlines()] == [said]


def test_roles__a_function_for_everybody__is_shown_as_anybodys(site):
    assert site.call("setTargetFunctionRole", CONFIGURATOR, [PAUSE], EVERYBODY)
    rows = [line.split("│") for line in site.look().output.splitlines() if "EVERYBODY" in line]
    assert [cell.strip() for cell in rows[0][2:5]] == ["anybody", "at once", "configurator: pause"]


def test_roles__a_shorter_delay_that_is_not_in_force_yet__is_named(site):
    assert site.call("grantRole", role("RISK").id, RISK, 60)
    assert f"{RISK} waits 60 seconds as RISK" in site.look().output


def test_deploy__somebody_meddled_before_the_handover__refused_and_nothing_handed_over(site, again):
    assert site.call("grantRole", role("RISK").id, STRANGER, 0)
    said = f"{STRANGER} is a member of RISK. Nothing was handed over"
    with pytest.raises(DeployError, match=re.escape(said)):
        again().run()


def test_deploy__handover_that_fails__is_named_and_can_be_mended(site, again):
    before = site.rpc.request("evm_snapshot")
    assert site.call("renounceRole", 0, ME)
    with pytest.raises(DeployError, match=r"'handover' failed.*run the same command again"):
        again().hand_over()
    site.rpc.request("evm_revert", before)
    deployment = again()
    assert deployment.handover_left
    deployment.hand_over()
    assert again().handover_left is None


def test_deploy__handed_over__the_deployer_can_do_nothing_more(site, again):
    assert site.call("grantRole", role("RISK").id, RISK, role("RISK").delay_s)  # he still can
    again().hand_over()
    assert not site.call("grantRole", role("RISK").id, ME, 0)


def test_roles__a_record_that_does_not_say__refused(site):
    (file,) = site.folder.glob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"roles": {"admin": [ME]}}))
    done = site.look()
    assert done.exit_code == 1
    assert "does not say who may do what" in done.output


def test_roles__no_record__refused(site, tmp_path, monkeypatch):
    for name in ("RECORDS", "PASSING_RECORDS"):
        monkeypatch.setattr(_records, name, tmp_path)
    done = CliRunner().invoke(roles.cli, ["--network", f"ethereum:mainnet:{site.rpc.url}"])
    assert done.exit_code == 1
    assert "--deployment FILE" in done.output
