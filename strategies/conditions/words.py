"""The conditions in sentences, for the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from strategies.conditions.condition import Indicator
from strategies.conditions.conditions import Conditions
from strategies.conditions.stream import NOTHING, Reading, Stream


def clock(at: int) -> str:
    """The time of day in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M UTC")


def next_words(
    conditions: Conditions, stream: Stream | None, at: int, clock: Callable[[int], str] = clock
) -> tuple[str, ...]:
    """One sentence for each condition: what must be, what is, and when it is looked at next.

    `at` is now, in milliseconds; `clock` writes such a time for the reader. Without a stream nothing is known yet.

        RSI(7) on 15 min must be under 30; it is 41.3; next look at 15:00 UTC
    """
    readings = stream.readings() if stream else (None,) * len(conditions)
    return tuple(
        _indicator(condition, reading or NOTHING, at, clock) if isinstance(condition, Indicator) else condition.words()
        for condition, reading in zip(conditions, readings, strict=True)
    )


def _indicator(condition: Indicator, reading: Reading, at: int, clock: Callable[[int], str]) -> str:
    next_look = clock((at // condition.length + 1) * condition.length)
    return f"{condition.words()}; {_state(condition, reading, at)}; next look at {next_look}"


def _state(condition: Indicator, reading: Reading, at: int) -> str:
    if reading.candles < condition.warmup:
        return f"not known before {condition.warmup} candles, {reading.candles} seen"
    if at - reading.closed_at >= condition.length:
        return "its latest candle has not come yet"
    if reading.value is None:
        return "it has no value now"
    return f"it is {condition.show(reading.value)}{', so it holds' if reading.holds else ''}"
