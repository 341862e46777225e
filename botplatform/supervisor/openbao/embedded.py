"""OpenBao alone: for the vault's tests and for `python -m botplatform.supervisor openbao`."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from botplatform.supervisor.children import environment, on_leash
from botplatform.supervisor.layout import open_layout, private_folder
from botplatform.supervisor.problems import Problem

from . import setup
from .files import ENVIRONMENT, BaoFiles

POLL_SECONDS = 0.02
STOP_SECONDS = 10


class EmbeddedBao:
    """An OpenBao in a folder of its own, as a context manager.

    Entering starts it and waits until it can be used (Problem if that takes longer than `patience` seconds,
    twice on a first start); leaving stops it. The folder keeps its keys.
    """

    def __init__(self, var: Path, patience: float = 30) -> None:
        self.files = BaoFiles(open_layout(var))
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def socket(self) -> Path:
        return self.files.socket

    @property
    def pid(self) -> int:
        if self._process is None:
            raise Problem("OpenBao is not running.")
        return self._process.pid

    def wrap_signer_secret_id(self) -> str:
        """A wrapping token (60 s, one use) around a fresh secret-id of the signer."""
        return setup.wrap_signer_secret_id(self.files)

    def start(self) -> None:
        """Start and wait. A first start that fails is tried once more on empty data."""
        try:
            self._start_once()
        except Problem:
            if not self.files.set_aside_unfinished():
                raise
            self._start_once()

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def poll(self) -> int | None:
        """The server's exit code, or None while it runs."""
        return self._process.poll() if self._process else None

    def _start_once(self) -> None:
        files = self.files
        files.prepare()
        log_path = private_folder(files.layout.logs) / "openbao.log"
        with log_path.open("ab") as log:
            log_path.chmod(0o600)
            self._process = subprocess.Popen(
                on_leash(files.argv()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(files.layout, ENVIRONMENT),
                start_new_session=True,
            )
        try:
            self._wait(log_path)
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def _wait(self, log_path: Path) -> None:
        deadline = time.monotonic() + self._patience
        while not setup.is_ready(self.files):
            if self.poll() is not None:
                raise Problem(f"OpenBao ended by itself; {log_path} says why.")
            if time.monotonic() > deadline:
                raise Problem(f"OpenBao was not ready within {self._patience:g} s; see {log_path}.")
            time.sleep(POLL_SECONDS)
