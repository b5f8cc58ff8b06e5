"""Who notices a mutant: short walks, every test that needs no chain, then tests through Ape."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrevm
import pytest

from tests import _revm
from tests.mutation import _alone
from tests.mutation._mutants import Mutant, alive
from tests.mutation._solc import ROOT

SHORT = ((0, 300), (1, 300))
LONG = ((2, 2_000), (3, 2_000))
"""Seeds and steps of walks."""
SHORT_S, ALONE_S, APE_S = 120, 1_200, 2_400
"""What takes longer hangs, and is noticed."""

ALONE = {
    "rates/": ["tests/unit/rates", "tests/differential/test_adaptive_twin.py"],
    "oracle/": ["tests/unit/oracle"],
    "liquidation/": ["tests/unit/liquidation"],
    "libraries/Untrusted": ["tests/unit/oracle", "tests/unit/liquidation"],
    "libraries/Comp": ["tests/unit/rates"],
    "libraries/": ["tests/unit/positions"],
    "": ["tests/differential/test_exact.py"],
}
"""By how a source's path begins: where those tests are looked for that need no chain."""

Code = dict[str, str]
"""Creation bytecode in hex, by contract."""

original_types = _revm.contract_types()


make_evm = pyrevm.EVM


def roomy() -> pyrevm.EVM:
    """A machine that takes contracts of any size."""
    return make_evm(env=pyrevm.Env(cfg=pyrevm.CfgEnv(limit_contract_code_size=2**20)))


def put(code: Code) -> None:
    """From now on this process deploys these."""
    changed = {
        name: {**original_types[name], "deploymentBytecode": {"bytecode": "0x" + text}}
        for name, text in code.items()
    }
    types = {**original_types, **changed}
    _revm.contract_types = lambda: types
    pyrevm.EVM = roomy


def in_child(work: Callable[[], str | None], limit_s: float) -> str | None:
    """What work in a process of its own says, or that it hangs or dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(reading)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            os.write(writing, ("+" + (work() or "")).encode())
        os._exit(0)
    os.close(writing)
    try:
        if not select.select([reading], [], [], limit_s)[0]:
            return "hangs"
        said = os.read(reading, 4_096).decode()
        return said[1:] or None if said.startswith("+") else "dies"
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def walk(walks: tuple[tuple[int, int], ...]) -> str | None:
    """The lock-step walk that fails."""
    from tests.machine.world import World

    for seed, steps in walks:
        try:
            world = World(seed)
            for n in range(steps):
                world.step()
                if n % 10 == 0:
                    world.assert_equal()
                    world.assert_solvent()
            world.assert_equal()
        except Exception as error:
            return f"walk {seed}: {type(error).__name__}"
    return None


def alone(file: str) -> str | None:
    """The test in the machine that fails."""
    _alone.failed.clear()
    paths = [p for begin, some in ALONE.items() if file.startswith(begin) for p in some]
    options = ["-x", "-q", "-p", "no:ape_test", "-p", "no:cacheprovider", "-p", _alone.__name__]
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main([*options, *dict.fromkeys(paths)])
    if _alone.failed:
        return _alone.failed[0]
    return None if code == 0 else f"pytest ends with {code}"


def walks(code: Code) -> str | None:
    """Who notices it at once."""

    def judge() -> str | None:
        put(code)
        return walk(SHORT)

    return in_child(judge, SHORT_S)


def noticed(code: Code, file: str) -> str | None:
    """Who notices it in the machine."""

    def judge() -> str | None:
        put(code)
        return alone(file) or walk(LONG)

    return walks(code) or in_child(judge, ALONE_S)


# ---------------------------------------------------------------------- through Ape

TESTS = {
    "access": ["tests/unit/configurator", "tests/unit/pool/test_configuration.py"],
    "rates": ["tests/unit/rates"],
    "liquidation": ["tests/unit/liquidation", "tests/unit/pool/test_liquidate.py"],
    "oracle": ["tests/unit/oracle", "tests/unit/pool"],
    "libraries": ["tests/unit/pool", "tests/unit/positions", "tests/unit/configurator"],
    "": ["tests/unit/pool"],
}
"""By the folder of the mutated source."""
COPIED = ("contracts", "tests", "scripts", "sims", "ape-config.yaml", "pyproject.toml")
COPIED += ("package-lock.json", "package.json", "Makefile")


class Shadow:
    """A copy of the project whose build is another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / ".build").mkdir(parents=True)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns(".cache", "__pycache__", "node_modules")
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, folder / name)
        for name in (".venv", "node_modules"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copy2(ROOT / ".build/sources.sha256", folder / ".build/sources.sha256")

    def build(self, code: Code) -> None:
        manifest = json.loads((ROOT / ".build/__local__.json").read_text())
        for name, text in code.items():
            manifest["contractTypes"][name]["deploymentBytecode"] = {"bytecode": "0x" + text}
        (self.folder / ".build/__local__.json").write_text(json.dumps(manifest))

    def noticed(self, code: Code, m: Mutant) -> str | None:
        """The test through Ape that fails."""
        self.build(code)
        ape = ROOT / ".venv/bin/ape"
        run = subprocess.Popen(
            [ape, "test", *selected(m), "-x", "-q", "-p", "no:cacheprovider", "--tb=line"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = run.communicate(timeout=APE_S)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
            return "hangs"
        if run.returncode == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", said, re.MULTILINE)
        if failed is None:
            raise RuntimeError(f"ape test: {said[-2_000:]}")
        return failed[1]


def selected(m: Mutant) -> list[str]:
    """Test files, those first that are named like the function."""
    folder = m.file.rpartition("/")[0]
    files: list[Path] = []
    for path in TESTS[folder]:
        files += (
            sorted((ROOT / path).glob("test_*.py")) if (ROOT / path).is_dir() else [ROOT / path]
        )
    words = set(re.findall(r"[a-z]+", re.sub("([A-Z])", r" \1", m.function.split(".")[-1]).lower()))

    def likeness(path: Path) -> float:
        named = set(path.stem.split("_")[1:])
        return -len(named & words) / len(named)

    return [str(p.relative_to(ROOT)) for p in sorted(files, key=likeness)]


def chosen(schema: Code, n: int) -> Code:
    return {name: alive(text, n) for name, text in schema.items()}
