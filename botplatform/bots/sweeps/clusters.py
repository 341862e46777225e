"""Who works on a sweep: the cluster `default` where one runs, or else a cluster of its own for as long as it takes."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from abc import abstractmethod
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings

from botplatform.lib import clock

_FRESH = timedelta(seconds=10)
_GRACE = 3.0  # seconds between asking a cluster to stop and ending it
_STARTS = 3
_PR_SET_PDEATHSIG = 1
# A column of a year of minutes is 4 MB, which glibc gives back at once: to get it again costs a third of a set.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20)}


class ClusterLost(Exception):
    """Nobody works on the sweep any more; the message says why, and what to do."""


class Cluster(Protocol):
    """A cluster that takes tasks from the queue called `name` with about `workers` at a time."""

    name: str
    workers: int

    @abstractmethod
    def look(self) -> bool:
        """See to it that it runs; whether it had to be started. Raises ClusterLost."""

    @abstractmethod
    def restart(self) -> None:
        """It runs and does nothing. Raises ClusterLost."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more will be asked of it."""


def cluster_for(processes: int | None) -> Cluster:
    """`default` if it runs and no number of processes is asked for, so that bots on this machine keep their cores."""
    if processes is None and _default_runs():
        return DefaultCluster()
    return OwnCluster(processes or os.cpu_count() or 1)


def _default_runs() -> bool:
    """Whether the supervisor says so, and said so just now."""
    try:
        board = json.loads(settings.LAYOUT.processes.read_text())
        fresh = clock.now() - datetime.fromisoformat(board["at"]) < _FRESH
        return fresh and board["processes"]["default"]["state"] == "ready"
    except (OSError, ValueError, KeyError, TypeError):
        return False


class DefaultCluster:
    """The one that runs beside the bots. It does other things too, so that it may be busy means nothing."""

    name = "default"
    workers = 1

    def look(self) -> bool:
        return False

    def restart(self) -> None:
        """Its supervisor does that, if there still is one."""
        if not _default_runs():
            raise ClusterLost("the cluster `default` stopped. Run the same command again, which then starts its own.")

    def close(self) -> None:
        """It goes on."""


class OwnCluster:
    """`manage.py qcluster` in a process of its own from the first look on; it ends with this one, however that ends."""

    name = "sweeps"

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._starts = 0
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the cluster
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return False
        self._process = self._started()
        return True

    def restart(self) -> None:
        # A worker that was killed while it held the queue's lock leaves a cluster that looks alive and does nothing.
        self._end()
        self._process = self._started()

    def close(self) -> None:
        """Ask it to stop; after some seconds end it. What its workers have in hand may be lost: nobody waits for it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._end()
        self._said.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._starts == _STARTS:
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().splitlines()[-3:]
            raise ClusterLost(f"the cluster was started {_STARTS} times in vain. It said: {' / '.join(last)}")
        self._starts += 1
        settings.LAYOUT.run.mkdir(mode=0o700, parents=True, exist_ok=True)  # a cluster that stops leaves a flag there
        environment = {"Q_CLUSTER_NAME": self.name, "BOTPLATFORM_SWEEP_WORKERS": str(self.workers)}
        return subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=Path(settings.BASE_DIR),
            env={**os.environ, **environment, **_KEEP_MEMORY},
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the cluster
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one thread
        )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
