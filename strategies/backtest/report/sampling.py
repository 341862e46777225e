"""Fewer points that look the same: the least and the greatest of each pixel's share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Floats, Times

Places = npt.NDArray[np.intp]


def starts(times: Times, begin: int, end: int, buckets: int) -> Places:
    """Where each bucket of time begins; empty ones are left out."""
    edges = begin + (end - begin) * np.arange(buckets, dtype=np.int64) // buckets
    edges[0] = min(begin, int(times[0]))
    found = np.searchsorted(times, edges)
    return found[(np.diff(found, prepend=-1) > 0) & (found < len(times))]


def closing(first: Places, count: int) -> Places:
    """The last place of each bucket."""
    return np.append(first[1:], count) - 1


def envelope(values: Floats, first: Places) -> tuple[Floats, Floats]:
    """The least and the greatest of each bucket."""
    return np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
