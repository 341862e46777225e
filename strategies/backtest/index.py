"""Finding the next bar that matters without looking at the others: a 256-ary min/max index over lows and highs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Floats

_NEAR = 192  # bars that are compared directly first: most answers are close by
_SHIFT = 8
_BLOCK = 1 << _SHIFT

Blocks = tuple[Floats, Floats]


class BarIndex:
    """The lowest low and the highest high of each 256 bars, and of each 65,536."""

    def __init__(self, low: Floats, high: Floats) -> None:
        self.low, self.high = low, high
        self.length = len(low)
        self._blocks = _summary(low, high)
        self._superblocks = _summary(*self._blocks)

    def find(self, start: int, below: float, above: float) -> int:
        """The first bar from `start` on with `low <= below` or `high >= above`; -1 when there is none."""
        if start >= self.length:
            return -1
        end = ((start + _NEAR >> _SHIFT) + 1) << _SHIFT  # at least `_NEAR` bars, up to a block's end
        hit = _first(self.low[start:end], self.high[start:end], below, above)
        if hit >= 0:
            return start + hit
        if end >= self.length:
            return -1
        block = end >> _SHIFT
        end_block = ((block >> _SHIFT) + 1) << _SHIFT
        lows, highs = self._blocks
        hit = _first(lows[block:end_block], highs[block:end_block], below, above)
        if hit >= 0:
            return self._within(block + hit, below, above)
        superblock = end_block >> _SHIFT
        wide_lows, wide_highs = self._superblocks
        hit = _first(wide_lows[superblock:], wide_highs[superblock:], below, above)
        if hit < 0:
            return -1
        block = (superblock + hit) << _SHIFT
        hit = _first(lows[block : block + _BLOCK], highs[block : block + _BLOCK], below, above)
        return self._within(block + hit, below, above)

    def _within(self, block: int, below: float, above: float) -> int:
        start = block << _SHIFT
        end = start + _BLOCK
        return start + _first(self.low[start:end], self.high[start:end], below, above)


class IndexSince(BarIndex):
    """An index seen from bar `first` on, which then is bar 0: nothing is made anew."""

    def __init__(self, whole: BarIndex, first: int) -> None:
        self.low, self.high = whole.low[first:], whole.high[first:]
        self.length = len(self.low)
        self._whole, self._since = whole, first

    def find(self, start: int, below: float, above: float) -> int:
        """As `BarIndex.find`, counted from `first`."""
        hit = self._whole.find(start + self._since, below, above)
        return hit - self._since if hit >= 0 else -1


def _first(low: Floats, high: Floats, below: float, above: float) -> int:
    hits: npt.NDArray[np.bool_] = (low <= below) | (high >= above)
    if not len(hits):
        return -1
    first = int(hits.argmax())
    return first if hits[first] else -1


def _summary(low: Floats, high: Floats) -> Blocks:
    whole = len(low) // _BLOCK * _BLOCK
    lows = low[:whole].reshape(-1, _BLOCK).min(axis=1)
    highs = high[:whole].reshape(-1, _BLOCK).max(axis=1)
    if whole < len(low):
        lows, highs = np.append(lows, low[whole:].min()), np.append(highs, high[whole:].max())
    return lows, highs
