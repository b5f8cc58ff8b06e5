"""Which pool a command is about when it is named, when a record is, and when nothing is."""

from __future__ import annotations

import json

import pytest

from scripts import _records
from scripts._deploy import DeployError
from scripts._records import pool_of

POOL = "0x" + "12" * 20


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Where records are looked for; empty."""
    for name in ("RECORDS", "PASSING_RECORDS"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(_records, name, tmp_path / name)


@pytest.fixture
def record(tmp_path, chain):
    """Writes the record of a deployment on this chain."""

    def write(name="one", folder="RECORDS", **changes):
        data = {
            "market": "Small",
            "chain_id": chain.chain_id,
            "genesis": chain.rpc.block(0)["hash"],
            "block": 7,
            "contracts": {"pool": {"address": POOL}},
        }
        path = tmp_path / folder / f"{name}.json"
        path.write_text(json.dumps({**data, **changes}))
        return path

    return write


def test_pool_of__an_address__is_that_pool(chain):
    assert pool_of(chain, pool=POOL) == (POOL, None, f"pool {POOL}")


def test_pool_of__a_record__is_its_pool_from_its_block_on(chain, record):
    assert pool_of(chain, record=record()) == (POOL, 7, "Small")


@pytest.mark.parametrize("folder", ["RECORDS", "PASSING_RECORDS"])
def test_pool_of__nothing_named_and_one_record_of_this_chain__is_its_pool(chain, record, folder):
    record(folder=folder)
    record("elsewhere", genesis="0x" + "00" * 32)
    assert pool_of(chain) == (POOL, 7, "Small")


def test_pool_of__nothing_named_and_no_record__refused(chain):
    with pytest.raises(DeployError, match="name the pool"):
        pool_of(chain)


def test_pool_of__nothing_named_and_two_records__refused(chain, record):
    record("one")
    record("two")
    with pytest.raises(DeployError, match="several deployments"):
        pool_of(chain)


def test_pool_of__address_and_record__refused(chain, record):
    with pytest.raises(DeployError, match="give one of them"):
        pool_of(chain, pool=POOL, record=record())


def test_pool_of__the_record_of_another_chain__refused(chain, record):
    with pytest.raises(DeployError, match="is on chain 10"):
        pool_of(chain, record=record(chain_id=10))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "[]",
            "{}",
            '{"contracts": null}',
            '{"contracts": {}}',
            '{"contracts": {"pool": {}}}',
        ),
        '{"contracts": {"pool": {"address": "0x12"}}}',
    ],
)
def test_pool_of__a_file_that_is_no_record__refused(chain, tmp_path, text):
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(DeployError, match="is no deployment record"):
        pool_of(chain, record=file)
