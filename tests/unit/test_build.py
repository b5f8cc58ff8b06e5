"""What the compiler made of the contracts."""

from __future__ import annotations

import json

import pytest
import yaml

from tests._revm import ROOT, contract_types

LIMIT = 24_576


def deployable() -> list[str]:
    return [n for n, t in contract_types().items() if len(_runtime(t)) > 2]


def _runtime(kind: dict) -> str:
    return (kind.get("runtimeBytecode") or {}).get("bytecode") or "0x"


def test_runtime_code__every_contract__is_under_the_limit() -> None:
    sizes = {n: len(_runtime(contract_types()[n])) // 2 - 1 for n in deployable()}
    print({n: sizes[n] for n in ("Pool", "PoolExtension")})
    assert {n: size for n, size in sizes.items() if size > LIMIT} == {}


def test_runtime_code__every_contract__links_no_library() -> None:
    assert [n for n in deployable() if "__$" in json.dumps(contract_types()[n])] == []


@pytest.mark.parametrize("key", ["evmVersion", "viaIR", "optimizer"])
def test_settings__of_the_manifest__are_those_of_the_configuration(key: str) -> None:
    """Ape does not recompile when settings change: this fails until `ape compile -f` was run."""
    config = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    expected = {
        "evmVersion": config["evm_version"],
        "viaIR": config["via_ir"],
        "optimizer": {"enabled": config["optimize"], "runs": config["optimization_runs"]},
    }
    manifest = json.loads((ROOT / ".build" / "__local__.json").read_text())
    settings = [c["settings"][key] for c in manifest["compilers"] if "Pool" in c["contractTypes"]]
    assert settings == [expected[key]]
