"""The conditions as candles close, one after the other."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from strategies.backtest.candles import Candles
from strategies.conditions.batch import refuse_span
from strategies.conditions.condition import Fact, Indicator
from strategies.conditions.conditions import Conditions
from strategies.conditions.intervals import MINUTE, Builder, check
from strategies.conditions.tape import Bars, StreamTape


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one indicator says since its latest close. `value` is None before there is one."""

    candles: int  # how many it has seen
    closed_at: int  # milliseconds since 1970; 0 before the first
    value: float | None
    holds: bool


NOTHING = Reading(candles=0, closed_at=0, value=None, holds=False)


class Stream:
    """Conditions that are fed one closed base candle at a time.

    `push` gives the same answers as `holds_after` over the same candles, bit for bit. It keeps what TA-Lib's
    streams keep and at most a few windows, however long it runs. Before the first push, `prime` it with history:
    longest candles first, as many as `conditions.history()` says.

    Answers are those of the latest closes. An indicator's answer ends when its next candle should have closed,
    even if no candle came since: nothing starts on a stale answer.
    """

    def __init__(self, conditions: Conditions, span: int = MINUTE) -> None:
        refuse_span(conditions, span)
        self.conditions = conditions
        self.span = span
        self.closed_at = 0  # when the latest candle closed
        self._watched = {place: _Watched(each) for place, each in enumerate(conditions) if isinstance(each, Indicator)}
        self._builders = {
            watched.condition.length: Builder(watched.condition.length) for watched in self._watched.values()
        }
        self._signals: deque[int] = deque([-1])

    def push(  # noqa: PLR0917 - a candle's columns, in the order that everybody knows
        self,
        opened_at: int,
        open: float,  # noqa: A002 - a candle's own word
        high: float,
        low: float,
        close: float,
        volume: float,
    ) -> bool:
        """Take the next closed candle; whether all conditions hold after its close.

        Raises ValueError, and takes nothing, for a candle that is not later than the latest, does not open on the
        calendar or is not finite.
        """
        if opened_at < self.closed_at:
            raise ValueError(f"The candle of {opened_at} is not later than what was seen until {self.closed_at}.")
        if opened_at % self.span:
            raise ValueError(f"Candles of {self.span} ms must open at multiples of that, not at {opened_at}.")
        values = (float(open), float(high), float(low), float(close), float(volume))
        if not all(map(math.isfinite, values)):
            raise ValueError(f"The candle of {opened_at} has a value that is not a finite number.")
        self._take(opened_at, self.span, values)
        return self.holds_at(self.closed_at)

    def prime(self, candles: Candles) -> None:
        """Take history before the first push: closed candles of any span.

        They go to the conditions whose interval is a multiple of their span, as far as they are later than what
        these have seen. So a condition on days may be primed with a year of days, then all with the minutes of
        today. The sums of volume of a longer candle may differ in the last bit from those of its minutes.
        """
        check(candles)
        columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for opened_at, values in zip(candles.opened_at.tolist(), rows, strict=True):
            self._take(opened_at, candles.span, values)

    def signal(self, at: int) -> None:
        """A webhook signal came at this time, in milliseconds. A clock that was set back counts as standing still."""
        at = max(at, self._signals[-1])
        if len(self._signals) > 1 and _bucket(self._signals[-1], self.span) == _bucket(at, self.span):
            self._signals.pop()  # at the next close the later of the two is all that counts
        self._signals.append(at)

    def holds_at(self, at: int) -> bool:
        """Whether all conditions hold at this moment: on the latest closes, with the signals until now."""
        return all(self._each_at(at))

    def readings(self) -> tuple[Reading | None, ...]:
        """What each condition's indicator says; None for one that looks at no candle."""
        return tuple(
            self._watched[place].reading if place in self._watched else None for place in range(len(self.conditions))
        )

    def _each_at(self, at: int) -> list[bool]:
        return [
            self._fact_at(condition, at) if isinstance(condition, Fact) else self._watched[place].holds_at(at)
            for place, condition in enumerate(self.conditions)
        ]

    def _fact_at(self, condition: Fact, at: int) -> bool:
        latest = max(signal for signal in self._signals if signal <= at)
        return bool(condition.holds(np.array([at]), np.array([latest]), self.span)[0])

    def _take(self, opened_at: int, span: int, values: tuple[float, float, float, float, float]) -> None:
        for length, builder in self._builders.items():
            if length % span:
                continue
            for ended_at, bar in builder.push(opened_at, span, values):
                for watched in self._watched.values():
                    if watched.condition.length == length:
                        watched.close(ended_at, bar)
        self.closed_at = max(self.closed_at, opened_at + span)
        while len(self._signals) > 1 and self._signals[1] <= self.closed_at:
            self._signals.popleft()


class _Watched:
    """One indicator condition, its formula's memory and its latest answer."""

    def __init__(self, condition: Indicator) -> None:
        self.condition = condition
        self.reading = NOTHING
        self._tape = StreamTape()

    def close(self, ended_at: int, bar: Bars) -> None:
        self._tape.feed(bar)
        look = self.condition.look(self._tape)
        candles, value = self.reading.candles + 1, float(look.value[0])
        known = candles >= self.condition.warmup
        self.reading = Reading(
            candles=candles,
            closed_at=ended_at,
            value=value if known and math.isfinite(value) else None,
            holds=known and bool(look.holds[0]),
        )

    def holds_at(self, at: int) -> bool:
        return self.reading.holds and at - self.reading.closed_at < self.condition.length


def _bucket(at: int, span: int) -> int:
    """The close that sees a signal of this time first."""
    return -(-at // span)
