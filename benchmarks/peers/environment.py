"""An environment for each peer, from its own hashed lock; made once and again when the lock changes."""

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.series import KEPT
from benchmarks.timing import ROOT

HERE = Path(__file__).parent


class NotInstalled(Exception):
    """The peer's environment could not be made; the message says why."""


def python_of(peer):
    """The Python that has this peer. Raises NotInstalled."""
    lock, home = HERE / f"{peer}.txt", KEPT / "peers" / peer
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    stamp, python = home / "installed", home / "bin" / "python"
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"installing {peer} ...", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    uv = ROOT / ".make" / "uv" / "bin" / "uv"
    found = str(uv) if uv.exists() else shutil.which("uv")
    venv.create(home, with_pip=found is None)
    installer = [found, "pip", "install", "--python"] if found else [python, "-m", "pip", "install"]
    target = [python] if found else []
    _run([*installer, *target, "--quiet", "--require-hashes", "-r", lock])
    stamp.write_text(digest)
    return python


def asked(peer, *words):
    """What the peer's script says to these words. Raises NotInstalled, and CalledProcessError when it fails."""
    command = [python_of(peer), HERE / f"with_{peer}.py", *map(str, words)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _run(command):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotInstalled(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no reason was given")
