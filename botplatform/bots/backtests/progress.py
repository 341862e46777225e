"""How far something is: count, rate and time left."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TextIO, TypeVar

from botplatform.lib import clock
from strategies.backtest.report.words import length

Each = TypeVar("Each")
_WIDTH = 24
_ON_TERMINAL, _IN_FILE = 0.1, 5.0  # seconds between two tellings


def told(rows: Generator[Each, None, None], total: int, what: str, out: TextIO) -> Iterator[Each]:
    """The same; on the way a bar on a terminal, or now and then a line in a file."""
    terminal = out.isatty()
    began = last = clock.monotonic()
    count = 0
    try:
        # Closed here and not when it is forgotten: until then its workers would go on after an interrupt.
        with closing(rows):
            for count, row in enumerate(rows, 1):
                now = clock.monotonic()
                if now - last >= (_ON_TERMINAL if terminal else _IN_FILE):
                    last = now
                    _tell(out, _words(what, count, total, now - began), terminal=terminal)
                yield row
    finally:
        _tell(out, _words(what, count, total, clock.monotonic() - began), terminal=terminal)
        if terminal:
            out.write("\n")


def _words(what: str, count: int, total: int, seconds: float) -> str:
    filled = _WIDTH * count // max(1, total)
    rate = count / seconds if seconds > 0 else 0.0
    left = length((total - count) / rate * 1000) + " left" if rate and count < total else f"{seconds:.1f} s"
    return f"{what} [{'#' * filled}{'.' * (_WIDTH - filled)}] {count:,} of {total:,}, {rate:,.0f} a second, {left}"


def _tell(out: TextIO, words: str, *, terminal: bool) -> None:
    out.write(f"\r{words}\x1b[K" if terminal else f"{words}\n")
    out.flush()
