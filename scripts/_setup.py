"""Make the project ready to use: .venv, node_modules, solc, anvil and forge.

Runs on a bare Python without any package, and parses on versions too old for Weir so that they
get a sentence instead of a traceback. Each step records a digest of its inputs once it is
complete: a second run does nothing, and an interrupted run redoes only what was not finished.

    python3 scripts/_setup.py           set up
    python3 scripts/_setup.py --lock    drop from package-lock.json what ties it to one machine
"""

import contextlib
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIN_PYTHON, MAX_PYTHON = (3, 10), (3, 12)
MIN_NODE = 18
SOLC_VERSION = "0.8.37"
TOOLS = ("anvil", "forge")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "setup.json"
SOLC = VENV / "solc" / ("solc-v" + SOLC_VERSION)
NODE_MODULES = ROOT / "node_modules"

# Python runs this line at start-up, so that `.venv/bin/ape` works without an activated
# environment. It asks for its own folder at run time and keeps what the user has set.
PTH_NAME = "weir-environment.pth"
PTH = (
    "import os, sys; "
    "os.environ.setdefault('SOLCX_BINARY_PATH', os.path.join(sys.prefix, 'solc')); "
    "os.path.join(sys.prefix, 'bin') in os.environ.get('PATH', '').split(os.pathsep) or "
    "os.environ.update(PATH=os.path.join(sys.prefix, 'bin') + os.pathsep "
    "+ os.environ.get('PATH', os.defpath))\n"
)

# `--version` is answered by the shell: Ape asks often, and loading the compiler takes a second.
SOLC_WRAPPER = """#!/bin/sh
if [ "$1" = --version ]; then
  cat "$(dirname "$0")/version.txt"
else
  exec node --stack-size=4000 "$(dirname "$0")/../../scripts/_solc.js" "$@"
fi
"""

# Exit codes: 0 installed, anything else means "use npm's compiler".
NATIVE_SOLC = """
import sys, requests, solcx
from solcx import install
listing = install.BINARY_DOWNLOAD_BASE.format(install._get_os_name(), "list.json")
if sys.argv[1] == "probe":
    sys.exit(0 if requests.head(listing, timeout=3).ok else 1)
solcx.install_solc(sys.argv[2], show_progress=False, solcx_binary_path=sys.argv[3])
"""


class SetupError(Exception):
    """What is wrong and what to do, in one sentence."""


# ---------------------------------------------------------------------------------------- checks


def python_problem():
    found = sys.version_info[:2]
    wanted = "Weir needs Python 3.10, 3.11 or 3.12 with its venv module"
    advice = "install one and run `make setup` again (or name it: make setup PYTHON=<command>)"
    if not (MIN_PYTHON <= found <= MAX_PYTHON):
        return "{}, but this is Python {}.{}: {}.".format(wanted, *found, advice)
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python{}.{}-venv".format(*found)
        return (
            f"{wanted}, but this one cannot make virtual environments: "
            f"install it (on Debian and Ubuntu: apt install {package}) and run `make setup` again."
        )
    return None


def first_line(command):
    """Output of a `--version` call, or None where the command is missing or fails."""
    try:
        quiet = {"stderr": subprocess.DEVNULL, "timeout": 60}
        done = subprocess.run(command, stdout=subprocess.PIPE, **quiet)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.decode(errors="replace").split()
    return lines[0] if done.returncode == 0 and lines else None


def node_problem():
    version = first_line(["node", "--version"])
    advice = f"install Node {MIN_NODE} or newer with npm and run `make setup` again."
    if version is None:
        return "`node` was not found (or does not run): " + advice
    major = version.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < MIN_NODE:
        return f"Node {version} is too old: {advice}"
    return None


def npm_problem():
    if first_line(["npm", "--version"]) is None:
        return (
            "`npm` was not found (or does not run): install the npm that belongs to your Node "
            "(on Debian and Ubuntu: apt install npm) and run `make setup` again."
        )
    return None


def platform_name():
    """Name of this machine in the npm packages of the native tools, such as linux-amd64."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    if system is None or machine is None:
        raise SetupError(
            "Weir runs on Linux and macOS, on x86_64 or arm64, but this is "
            f"{platform.system()} on {platform.machine()}: on Windows, use WSL."
        )
    return f"{system}-{machine}"


# ----------------------------------------------------------------------------------------- stamps


def digest(*parts):
    """Digest of texts and of files' contents."""
    sums = [
        hashlib.sha256(p.read_bytes() if isinstance(p, Path) else p.encode()).hexdigest()
        for p in parts
    ]
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()


def inputs():
    """What each step depends on; in the order in which the steps run."""
    # The launchers in .venv/bin hold the project's path: a moved folder needs a new environment.
    python = digest(ROOT / "requirements.lock", sys.version, platform_name(), str(ROOT), PTH)
    node = digest(ROOT / "package.json", ROOT / "package-lock.json", platform_name())
    tools = digest(python, node, *TOOLS)
    solc = digest(python, node, ROOT / "scripts" / "_solc.js", SOLC_WRAPPER, SOLC_VERSION)
    return {"python": python, "node": node, "tools": tools, "solc": solc}


def present():
    """Whether what each step makes is still there: people delete folders."""
    return {
        "python": (BIN / "ape").exists() and (BIN / "python").exists(),
        "node": (NODE_MODULES / ".package-lock.json").exists(),
        "tools": all((BIN / tool).exists() for tool in TOOLS),
        "solc": SOLC.exists(),
    }


def read_stamp():
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(stamp):
    # Written beside and moved over: a reader never meets half a file.
    beside = STAMP.with_name(STAMP.name + ".new")
    beside.write_text(json.dumps(stamp, indent=1))
    beside.replace(STAMP)


# ------------------------------------------------------------------------------------------ steps


def clean_environment():
    """The user's environment without what would lead pip or Python out of .venv."""
    drop = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    env = {k: v for k, v in os.environ.items() if k not in drop}
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return env


class Task:
    """A command in the background, its output kept for the case that it fails."""

    def __init__(self, command, failure):
        self.failure = failure
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            cwd=str(ROOT),
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def wait(self):
        try:
            code = self.process.wait()
        except BaseException:
            self.stop()  # a forgotten pip would write into the next attempt's .venv
            raise
        if code != 0:
            self.log.seek(0)
            tail = self.log.read().decode(errors="replace").strip().splitlines()[-15:]
            sys.stderr.write("\n".join(tail) + "\n")
            raise SetupError(self.failure)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


class Step:
    """Prints a short line with the seconds that a step took."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.start = time.monotonic()
        if sys.stdout.isatty():
            print(f"  {self.what} ...", end="", flush=True)
        return self

    def __exit__(self, kind, *_):
        start = "\r\033[K" if sys.stdout.isatty() else ""
        if kind is None:
            print(f"{start}  {time.monotonic() - self.start:5.1f} s  {self.what}", flush=True)
        elif start:
            print()


def start_npm():
    return Task(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        "npm could not install node_modules (its last lines are above): check the connection to "
        "your npm registry and run `make setup` again.",
    )


def make_python():
    with Step("virtual environment in .venv"):
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        # A real interpreter, not a launcher or another environment's: .venv must outlive those.
        base = getattr(sys, "_base_executable", None) or sys.executable
        Task(
            [base, "-m", "venv", "--clear", str(VENV)],
            "The virtual environment could not be made (see above): remove .venv, check that the "
            "disk is writable and run `make setup` again.",
        ).wait()
    with Step("Python packages from requirements.lock"):
        pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
        Task(
            # The lock is complete: without --no-deps pip would work out again what it holds.
            [*pip, "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")],
            "pip could not install the Python packages (its last lines are above): check the "
            "connection to your package index and run `make setup` again.",
        ).wait()
        site = VENV / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
        (site / PTH_NAME).write_text(PTH)


def link_tools():
    # The launchers in node_modules/.bin exit 0 whatever happens: use the native binaries.
    for tool in TOOLS:
        package = f"@foundry-rs/{tool}-{platform_name()}"
        binary = NODE_MODULES / package / "bin" / tool
        if not binary.exists():
            raise SetupError(
                f"npm installed no {package} for this machine: allow optional dependencies "
                "(npm config delete omit), remove node_modules and run `make setup` again."
            )
        binary.chmod(binary.stat().st_mode | 0o111)
        link = BIN / tool
        if link.is_symlink() or link.exists():
            link.unlink()
        link.symlink_to(os.path.relpath(str(binary), str(BIN)))


def native_solc(folder):
    """Try to download the native compiler, several times faster than npm's."""
    command = [str(BIN / "python"), "-c", NATIVE_SOLC]
    env = dict(clean_environment(), SOLCX_BINARY_PATH=str(folder))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
    for mode, limit in (("probe", 8), ("install", 240)):
        try:
            done = subprocess.run(
                [*command, mode, SOLC_VERSION, str(folder)], timeout=limit, **quiet
            )
        except subprocess.TimeoutExpired:
            return False
        if done.returncode != 0:
            return False
    return (folder / SOLC.name).exists()


def make_solc():
    folder = SOLC.parent
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir(parents=True)
    if not native_solc(folder):
        shutil.rmtree(str(folder), ignore_errors=True)
        folder.mkdir(parents=True)
        done = subprocess.run(
            ["node", str(ROOT / "scripts" / "_solc.js"), "--version"], stdout=subprocess.PIPE
        )
        version = done.stdout.decode(errors="replace")
        if done.returncode != 0 or f"Version: {SOLC_VERSION}" not in version:
            raise SetupError(
                f"npm's solc does not report version {SOLC_VERSION}: remove node_modules and run "
                "`make setup` again."
            )
        (folder / "version.txt").write_text(version)
        SOLC.write_text(SOLC_WRAPPER)
        SOLC.chmod(0o755)
        return "solc " + SOLC_VERSION + " from npm (the native one could not be downloaded)"
    return "solc " + SOLC_VERSION + ", native"


# ------------------------------------------------------------------------------------------- main


@contextlib.contextmanager
def alone():
    """Let a second setup of the same folder wait for the first."""
    import fcntl

    handle = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another setup of this folder ...", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # some network drives have no locks
        yield
    finally:
        os.close(handle)


def stale():
    """Steps to run: their inputs changed, they never finished, or their results are gone."""
    wanted, done, there = inputs(), read_stamp(), present()
    steps = [name for name in wanted if done.get(name) != wanted[name] or not there[name]]
    if "python" in steps:  # a new .venv loses what the later steps put into it
        steps = [name for name in wanted if name in (*steps, "tools", "solc")]
    return wanted, steps


def run(wanted, steps):
    start = time.monotonic()
    print("setting up Weir (" + ", ".join(steps) + ")", flush=True)
    stamp = {k: v for k, v in read_stamp().items() if k not in steps}
    if VENV.is_dir():
        write_stamp(stamp)

    npm = start_npm() if "node" in steps else None  # beside pip: both mostly wait
    try:
        if "python" in steps:
            make_python()
            stamp = {k: v for k, v in stamp.items() if k == "node"}
            stamp["python"] = wanted["python"]
            write_stamp(stamp)
        if npm is not None:
            with Step("Solidity libraries and tools in node_modules (beside pip)"):
                npm.wait()
            stamp["node"] = wanted["node"]
            write_stamp(stamp)
    finally:
        if npm is not None:
            npm.stop()

    if "tools" in steps:
        with Step(" and ".join(TOOLS) + " in .venv/bin"):
            link_tools()
        stamp["tools"] = wanted["tools"]
        write_stamp(stamp)
    if "solc" in steps:
        step = Step("solc " + SOLC_VERSION)
        with step:
            step.what = make_solc()
        stamp["solc"] = wanted["solc"]
        write_stamp(stamp)
    print(f"ready in {time.monotonic() - start:.0f} s", flush=True)


def clean_lock():
    """Drop addresses and Node versions from package-lock.json, and name every platform."""
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    packages = lock["packages"]
    for tool in TOOLS:
        parent = packages[f"node_modules/@foundry-rs/{tool}"]
        for name, version in parent["optionalDependencies"].items():
            system, machine = name.rsplit("-", 2)[-2:]
            entry = packages.setdefault("node_modules/" + name, {"version": version})
            # A registry may not serve every platform; npm checks these before it fetches.
            entry.update(
                cpu=[{"amd64": "x64"}.get(machine, machine)],
                dev=True,
                optional=True,
                os=[system],
            )
            # Native binaries: the Node version does not matter, yet npm would skip them for it.
            entry.pop("engines", None)
    for entry in packages.values():
        entry.pop("resolved", None)
        entry.pop("funding", None)
    lock["packages"] = {k: packages[k] for k in sorted(packages)}
    path.write_text(json.dumps(lock, indent=2) + "\n")


def main(arguments):
    problem = python_problem()
    if problem is not None:
        raise SetupError(problem)
    if arguments == ["--lock"]:
        clean_lock()
        return
    wanted, steps = stale()
    if not steps and shutil.which("node"):
        return
    problems = [text for text in (node_problem(), npm_problem()) if text]
    if problems:
        raise SetupError("\n".join(problems))
    with alone():
        wanted, steps = stale()  # another setup may have done the work meanwhile
        if steps:
            run(wanted, steps)


def interrupted(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)  # so that it stops its children, as Ctrl-C does
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: run `make setup` again to finish.\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"setup could not finish ({error}): mend that and run it again.\n")
        sys.exit(1)
