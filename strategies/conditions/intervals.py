"""Candles of a longer interval, made from those of a shorter one.

An interval begins where the calendar of UTC says: a quarter of an hour at :00, :15, :30, :45, a day at midnight.
Its candle is complete as soon as its last base candle has closed. If that one is missing, it is complete as soon
as a later candle exists, and is built from what is there; so is one with a hole in its middle or at its start. An
interval of which no candle exists at all has none here either.

The unfinished last interval is never seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strategies.backtest.candles import Candles
from strategies.conditions.tape import Bars, Times

MINUTE = 60_000
INTERVALS = (1, 3, 5, 15, 30, 60, 120, 240, 360, 720, 1440)


def check(candles: Candles) -> None:
    """Raises ValueError for candles that are not in order, not on the calendar or have values that are not finite."""
    opened_at = candles.opened_at
    if not len(opened_at):
        return
    if (steps := np.diff(opened_at)).size and steps.min() <= 0:
        raise ValueError("Candles must be in order of time, each opening once.")
    regular = not steps.size or steps.max() == steps.min() == candles.span
    if ((opened_at[:1] if regular else opened_at) % candles.span).any():
        raise ValueError(f"Candles of {candles.span} ms must open at multiples of that.")
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    if not all(np.isfinite(column.sum()) for column in columns):
        raise ValueError("A candle has a value that is not a finite number.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The complete candles of one interval. `ends` has their closes by the calendar, `ready` the index of the base
    candle after whose close each one is complete."""

    bars: Bars
    ends: Times
    ready: Times


def aggregate(candles: Candles, length: int) -> Closed:
    """All candles of `length` milliseconds that are complete after the last base candle."""
    opened_at = candles.opened_at
    if length == candles.span:
        bars = Bars(open=candles.open, high=candles.high, low=candles.low, close=candles.close, volume=candles.volume)
        return Closed(bars=bars, ends=opened_at + length, ready=np.arange(len(candles)))
    interval = opened_at // length
    last = np.flatnonzero(np.diff(interval, append=interval[-1:] + 1)) if len(candles) else np.arange(0)
    first = np.concatenate((np.zeros(min(1, len(last)), dtype=np.int64), last[:-1] + 1))
    ends = (interval[last] + 1) * length
    ready = np.where(opened_at[last] + candles.span == ends, last, last + 1)
    if len(ready) and ready[-1] == len(candles):
        first, last, ends, ready = first[:-1], last[:-1], ends[:-1], ready[:-1]
    if not len(last):
        nothing = np.empty(0)
        return Closed(
            bars=Bars(open=nothing, high=nothing, low=nothing, close=nothing, volume=nothing), ends=ends, ready=ready
        )
    used = slice(0, last[-1] + 1)
    bars = Bars(
        open=candles.open[first],
        high=np.maximum.reduceat(candles.high[used], first),
        low=np.minimum.reduceat(candles.low[used], first),
        close=candles.close[last],
        # Not reduceat, which adds in pairs: bincount adds one after the other, as the stream does.
        volume=np.bincount(np.repeat(np.arange(len(last)), last - first + 1), weights=candles.volume[used]).astype(
            np.float64, copy=False
        ),
    )
    return Closed(bars=bars, ends=ends, ready=ready)


class Builder:
    """The same, one base candle after the other."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.covered_until = 0  # candles that open earlier were seen, or lie before what was seen
        self._end = 0
        self._values: tuple[float, float, float, float, float] | None = None

    def push(
        self, opened_at: int, span: int, values: tuple[float, float, float, float, float]
    ) -> list[tuple[int, Bars]]:
        """The candles that this one completes: none, its own interval's, or an earlier one's that had a hole."""
        if opened_at < self.covered_until:
            return []
        self.covered_until = opened_at + span
        closed = []
        if self._values is not None and opened_at >= self._end:
            closed.append(self._close())
        if self._values is None:
            self._end = (opened_at // self.length + 1) * self.length
            self._values = values
        else:
            opened, high, low, _, volume = self._values
            self._values = (opened, max(high, values[1]), min(low, values[2]), values[3], volume + values[4])
        if self.covered_until == self._end:
            closed.append(self._close())
        return closed

    def _close(self) -> tuple[int, Bars]:
        assert self._values is not None  # noqa: S101 - for mypy
        opened, high, low, close, volume = (np.array([value]) for value in self._values)
        self._values = None
        return self._end, Bars(open=opened, high=high, low=low, close=close, volume=volume)
