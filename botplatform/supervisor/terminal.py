"""What a person sees: one short line for each thing that happened, with the name in front."""

from __future__ import annotations

import os
import sys
import time
import zlib
from typing import TextIO

COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)
RED = 31
WIDTH = 15


class Terminal:
    """Prefixed lines on a stream, in colour if it is a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._began = time.monotonic()

    def say(self, name: str, text: str, *, bad: bool = False) -> None:
        """Print `text`, line by line, as coming from `name`; `bad` makes it red."""
        seconds = f"{time.monotonic() - self._began:6.1f}s "
        colour = COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
        for line in text.splitlines():
            shown = self._paint(line, RED) if bad else line
            self._write(f"{seconds}{self._paint(f'{name:{WIDTH}}', colour)} {shown}\n")

    def plain(self, text: str) -> None:
        """Print text as it is."""
        self._write(text + "\n")

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (BrokenPipeError, OSError):
            pass  # the terminal was closed; the work goes on until the signal comes
