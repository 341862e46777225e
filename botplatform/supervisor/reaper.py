"""Waits for the supervisor's end and then ends what it left behind.

The parent-death signal reaches children only; grandchildren (a cluster's workers) would go on after a `kill -9`.
Run as `python -m botplatform.supervisor.reaper VAR MARK`; standard input is a pipe that the supervisor never writes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from .sessions import kill, marked

PATIENCE_SECONDS = 5


def main(var: Path, mark: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(sys.stdin.fileno(), 64):
        pass
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := marked(var, only=mark)) and time.monotonic() < deadline:
        kill(left)
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
