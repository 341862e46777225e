"""One log file for each process: private, bounded, with its last lines at hand."""

from __future__ import annotations

import os
import re
from collections import deque
from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 5_000_000
KEPT = 3
TAIL_LINES = 15
LONGEST_LINE = 4000
ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|panic:)", re.ASCII)


class Log:
    """Takes a process's output; rotates at `limit` bytes and keeps three older files."""

    def __init__(self, path: Path, limit: int = LIMIT_BYTES) -> None:
        self.path = path
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._limit = limit
        self._rest = b""
        self._file = self._open()

    def take(self, chunk: bytes) -> list[str]:
        """Write what came; gives the complete lines in it that speak of an error."""
        self._file.write(chunk)
        self._file.flush()
        if self._file.tell() >= self._limit:
            self._rotate()
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-LONGEST_LINE:]
        texts = [line.decode(errors="replace")[:LONGEST_LINE].rstrip() for line in lines]
        self.tail.extend(text for text in texts if text)
        return [text for text in texts if ERROR.search(text)]

    def last_lines(self) -> str:
        rest = self._rest.decode(errors="replace").strip()
        return "\n".join([*self.tail, *([rest] if rest else [])][-TAIL_LINES:])

    def begin(self) -> None:
        """A new process writes here now: forget what the one before it said."""
        self.tail.clear()
        self._rest = b""

    def close(self) -> None:
        self._file.close()

    def _open(self) -> BinaryIO:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "ab")

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEPT, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number}"))
        self._file = self._open()
