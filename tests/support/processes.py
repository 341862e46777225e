"""Child processes that end with the test that started them."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1


def wait_until(condition, seconds=60, what="the condition"):
    """The first true answer of `condition`, asked again and again; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true within {seconds} s")


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(*argv, env=None, log, stdin=subprocess.DEVNULL, **more):
    """A Python process of the project (`-m ...`), its output in `log`."""
    with Path(log).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *map(str, argv)],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=stdin,
            stdout=more.pop("stdout", output),
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing else runs in this child before exec
            **more,
        )


def run(*argv, env=None, feed=None):
    """Run a Python process of the project to its end; what it printed. Fails with its error output."""
    done = subprocess.run(
        [sys.executable, *map(str, argv)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        input=feed,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


def stop(process, seconds=30):
    """SIGTERM, then SIGKILL."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
