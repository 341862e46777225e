"""The conditions over a whole history at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategies.backtest.candles import Candles
from strategies.conditions.condition import Fact, Indicator
from strategies.conditions.conditions import Conditions
from strategies.conditions.intervals import MINUTE, Closed, aggregate, check
from strategies.conditions.tape import BatchTape, Bools, Times
from strategies.settings import Problem, SettingsRefused


def holds_after(conditions: Conditions, candles: Candles, signals: Sequence[int] | Times = ()) -> Bools:
    """For each candle, whether all conditions hold after its close.

    Answer i is made of candles 0 to i and nothing later, and is there only once candle i has closed: act on it in
    candle i + 1. Looking ahead is impossible by construction: a longer interval is seen only from the candle that
    completes it, formulas run on complete candles alone, and they only look back.

    `candles` must be closed ones, in order; `signals` are the times at which webhook signals came, in order, in
    milliseconds. Raises SettingsRefused if a condition's interval is not a multiple of the candles' span,
    ValueError for candles out of order, off the calendar or not finite.
    """
    every = answers(conditions, candles, signals)
    together = every[0]
    for answer in every[1:]:
        together &= answer
    return together


def answers(conditions: Conditions, candles: Candles, signals: Sequence[int] | Times = ()) -> list[Bools]:
    """The same for each condition alone."""
    refuse_span(conditions, candles.span)
    check(candles)
    closed: dict[int, Closed] = {}
    found = []
    for condition in conditions:
        if isinstance(condition, Fact):
            found.append(_fact(condition, candles, signals))
            continue
        if condition.length not in closed:
            closed[condition.length] = aggregate(candles, condition.length)
        found.append(_indicator(condition, candles, closed[condition.length]))
    return found


def refuse_span(conditions: Conditions, span: int) -> None:
    """Raises SettingsRefused if a condition's candles cannot be made of candles of `span` milliseconds."""
    problems = tuple(
        Problem(
            f"conditions[{place}].interval",
            f"{condition.interval} minutes cannot be made of candles of {span / MINUTE:g}.",
            "Choose a multiple of that, or use shorter candles.",
        )
        for place, condition in enumerate(conditions)
        if isinstance(condition, Indicator) and condition.length % span
    )
    if problems:
        raise SettingsRefused(problems)


def _fact(condition: Fact, candles: Candles, signals: Sequence[int] | Times) -> Bools:
    closes = candles.opened_at + candles.span
    times = np.concatenate((np.array([-1]), np.asarray(signals, dtype=np.int64)))
    return condition.holds(closes, times[np.searchsorted(times, closes, side="right") - 1], candles.span)


def _indicator(condition: Indicator, candles: Candles, closed: Closed) -> Bools:
    bars = len(candles)
    if not len(closed.bars):
        return np.zeros(bars, dtype=np.bool_)
    holds = condition.look(BatchTape(closed.bars)).holds
    holds[: condition.warmup - 1] = False
    if condition.length == candles.span:
        return holds
    # Each answer is spread over the base candles from the one that completes it to the next one's.
    times = np.diff(closed.ready, prepend=0, append=bars)
    spread = np.repeat(np.concatenate((np.zeros(1, dtype=np.bool_), holds)), times)
    if candles.opened_at[-1] - candles.opened_at[0] != (bars - 1) * candles.span:
        ends = np.repeat(np.concatenate((np.zeros(1, dtype=np.int64), closed.ends)), times)
        spread &= candles.opened_at + candles.span - ends < condition.length
    return spread
