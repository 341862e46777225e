"""Candles that a process looks at again and again: read and indexed once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from botplatform.markets.archive import load_path
from strategies.backtest.candles import Candles
from strategies.backtest.index import BarIndex

_MOST_PIECES = 128  # kept opened by a process


class Piece(NamedTuple):
    """Some of the candles: from bar `first` on and before bar `last`."""

    first: int
    last: int


def read(candles_path: str) -> Candles:
    """The candles of a file or a folder. Raises CandlesRefused."""
    return _read(candles_path, _version(Path(candles_path)))


def opened(candles_path: str, piece: Piece | None = None) -> tuple[Candles, BarIndex]:
    """The candles and their index; each is made once for a process as long as the file stays what it is.

    Raises CandlesRefused.
    """
    return _opened(candles_path, piece, _version(Path(candles_path)))


@lru_cache(maxsize=_MOST_PIECES)
def _opened(path: str, piece: Piece | None, version: int) -> tuple[Candles, BarIndex]:
    candles = _read(path, version)
    if piece is not None:
        candles = candles.between(piece.first, piece.last)
    return candles, BarIndex(candles.low, candles.high)


@lru_cache(maxsize=2)
def _read(path: str, _version: int) -> Candles:
    return load_path(path)


def _version(path: Path) -> int:
    """Changes when the file does, or a file of the folder: a process that lives long must not keep old candles."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return max(file.stat().st_mtime_ns for file in files)
    except OSError:
        return 0  # whoever loads it tells what is wrong with it
