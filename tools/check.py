"""Runs the checks and the tests: `check.py lint`, `check.py test`, `check.py torture`; pytest's arguments in $ARGS.

Two Django settings don't live in one process, so types and tests go in two runs each: the vault's and the rest.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
NO_TESTS = 5  # pytest: nothing was collected, or nothing matched
INTERRUPTED = 2


def verdict(codes: list[int]) -> int:
    """One exit code of several pytest runs: a run that matched no test is fine unless all of them are like that."""
    real = [code for code in codes if code != NO_TESTS]
    if not real:
        return NO_TESTS
    return next((code for code in real if code != 0), 0)


def share(arguments: list[str]) -> dict[str, list[str] | None]:
    """Each run's arguments. Paths go to the run that they belong to; None: not this run, all paths are the other's."""
    paths = [each for each in arguments if not each.startswith("-") and _is_path(each)]
    options = [each for each in arguments if each not in paths]
    if not paths:
        return {"vault": [*options, "tests/vault"], "platform": [*options, "tests", "--ignore=tests/vault"]}
    own = [path for path in paths if path.removeprefix("./").startswith("tests/vault")]
    others = [path for path in paths if path not in own]
    return {"vault": [*options, *own] if own else None, "platform": [*options, *others] if others else None}


def _is_path(argument: str) -> bool:
    return (ROOT / argument.partition("::")[0]).exists()


def lint() -> int:
    """Style, layers, types; the exit code of the first that fails."""
    mypy: list[str | Path] = [BIN / "mypy", "--no-error-summary"]
    commands: tuple[list[str | Path], ...] = (
        [BIN / "ruff", "check", "."],
        [BIN / "ruff", "format", "--check", "."],
        [BIN / "lint-imports"],
        [*mypy, "--config-file", vault_types(), "--cache-dir", ".mypy_cache/vault", "vault", "strategies"],
        [*mypy, "botplatform", "tools"],
    )
    for argv in commands:
        code = run(argv, dict(os.environ))
        if code:
            return code
    return 0


def vault_types() -> Path:
    """mypy's settings for the vault: the project's own with the vault's Django settings."""
    ours = 'django_settings_module = "botplatform.settings"'
    text = (ROOT / "pyproject.toml").read_text()
    if ours not in text:
        sys.exit(f"pyproject.toml no longer says {ours}; correct tools/check.py.")
    path = ROOT / ".make" / "mypy-vault.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(ours, 'django_settings_module = "vault.settings"'))
    return path


def tests(marker: str, arguments: list[str]) -> int:
    """Both pytest runs, in a state folder of their own; their common exit code."""
    codes = []
    for name, own in share(arguments).items():
        if own is None:
            continue
        with tempfile.TemporaryDirectory(prefix="bp-") as var:
            kept = {key: value for key, value in os.environ.items() if not key.startswith(("BOTPLATFORM_", "VAULT_"))}
            env = {**kept, "BOTPLATFORM_VAR": var}
            settings = "vault.settings" if name == "vault" else "botplatform.settings"
            workers = ("-n", "2", "--dist", "loadgroup")
            argv: list[str | Path] = [BIN / "pytest", f"--ds={settings}", *workers, "-m", marker, *own]
            codes.append(run(argv, env))
        if codes[-1] == INTERRUPTED:
            break
    return verdict(codes)


def run(argv: Sequence[str | Path], env: dict[str, str]) -> int:
    shown = " ".join(Path(argv[0]).name if each is argv[0] else str(each) for each in argv)
    say(f"\n== {shown}")
    began = time.monotonic()
    code = subprocess.run([str(each) for each in argv], cwd=ROOT, env=env, check=False).returncode
    outcome = "ok" if code == 0 else f"code {code}"
    say(f"== {Path(argv[0]).name}: {outcome}, {time.monotonic() - began:.0f} s")
    return code


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(what: str) -> int:
    arguments = shlex.split(os.environ.get("ARGS", ""))
    if what == "torture":
        return tests("torture", arguments)
    return lint() or (tests("not torture", arguments) if what == "test" else 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
