"""What a deal waits for besides fills: the nearest prices below and above, levels that follow the price, times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from strategies.backtest.book import NEVER
from strategies.backtest.candles import Candles
from strategies.backtest.entrance import holds_during
from strategies.conditions import Conditions
from strategies.events import Alarm, Awaited, Crossing, Signalled, Trail

_FIRST_STRETCH = 256
_TOLERANCE = 1e-12  # a candle too many is walked for nothing; one too few would be missed


class Levels:
    """The watches of a deal, as floats to compare with."""

    __slots__ = ("alarm", "each", "peak", "rise", "stop", "trails", "trough")

    def __init__(self, awaited: tuple[Awaited, ...] = ()) -> None:
        self.each = awaited
        self.stop, self.rise = -NEVER, NEVER  # the nearest below and above
        self.peak, self.trough = NEVER, -NEVER  # beyond these a level follows
        self.alarm = NEVER  # milliseconds
        self.trails: list[Trail] = []
        for each in self.each:
            if isinstance(each, Alarm):
                self.alarm = min(self.alarm, each.at)
                continue
            below = each.crossing is Crossing.BELOW
            if below:
                self.stop = max(self.stop, float(each.price))
            else:
                self.rise = min(self.rise, float(each.price))
            if isinstance(each, Trail):
                self.trails.append(each)
                if below:
                    self.peak = min(self.peak, float(each.best))
                else:
                    self.trough = max(self.trough, float(each.best))

    def due(self, price: float, at: int) -> bool:
        """Whether the deal waits for this price or this time, or has a level that follows it."""
        return price <= self.stop or price >= self.rise or self.alarm <= at or price > self.peak or price < self.trough


NOTHING = Levels()


def first_return(trail: Trail, candles: Candles, start: int, end: int) -> int:
    """The first candle of start..end that may reach a trailing level which follows the candles; -1 if none.

    It may name a candle whose low came before its high: whoever walks it sees.
    """
    falling = trail.crossing is Crossing.BELOW
    far, near = (candles.high, candles.low) if falling else (candles.low, candles.high)
    # Mirrored for a rise: the highest of the negated prices is the lowest of the prices.
    sign = 1.0 if falling else -1.0
    best, keep = sign * float(trail.best), 1 - sign * float(trail.distance)
    stretch = _FIRST_STRETCH
    while start < end:
        stop = min(start + stretch, end)
        peaks = np.maximum.accumulate(sign * far[start:stop])
        np.maximum(peaks, best, out=peaks)
        levels = peaks * keep
        hits = sign * near[start:stop] <= levels + np.abs(levels) * _TOLERANCE
        first = int(hits.argmax())
        if hits[first]:
            return start + first
        best = float(peaks[-1])
        start, stretch = stop, stretch * 2
    return -1


class Asked:
    """When the answers to a strategy's conditions change, and what they are."""

    def __init__(self, asks: Mapping[str, Conditions], candles: Candles, signals: Sequence[int]) -> None:
        self._during = {name: holds_during(conditions, candles, signals) for name, conditions in asks.items()}
        changes = [1 + np.flatnonzero(np.diff(during)) for during in self._during.values()]
        self._changes = np.unique(np.concatenate(changes)) if changes else np.zeros(0, dtype=np.int64)

    def next(self, start: int) -> int:
        """The first candle from `start` on at whose open an answer changes; -1 if there is none."""
        place = int(np.searchsorted(self._changes, start))
        return int(self._changes[place]) if place < len(self._changes) else -1

    def changed(self, bar: int) -> list[tuple[str, bool]]:
        """The answers that change at the open of this candle."""
        return [
            (name, bool(during[bar]))
            for name, during in self._during.items()
            if bar and bool(during[bar]) != bool(during[bar - 1])
        ]

    def holding(self, bar: int) -> list[str]:
        """The conditions that hold within this candle."""
        return [name for name, during in self._during.items() if during[bar]]


class Told:
    """Signals from outside, each told at the first open that is not before it."""

    def __init__(self, signals: Sequence[Signalled], candles: Candles) -> None:
        self._signals = sorted(signals, key=lambda signal: signal.at)
        times = np.array([signal.at for signal in self._signals], dtype=np.int64)
        self._bars = np.searchsorted(candles.opened_at, times)
        self._bars_known = len(candles)

    def next(self, start: int) -> int:
        """The first candle from `start` on at whose open something is told; -1 if there is none."""
        place = int(np.searchsorted(self._bars, start))
        if place == len(self._bars) or self._bars[place] >= self._bars_known:
            return -1
        return int(self._bars[place])

    def at(self, bar: int) -> list[Signalled]:
        """What is told at this candle's open."""
        low, high = np.searchsorted(self._bars, (bar, bar + 1))
        return self._signals[low:high]
