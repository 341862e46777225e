"""One bot begun at many moments of the same candles, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.opened import opened
from botplatform.bots.backtests.pool import answers
from strategies.backtest.candles import Candles
from strategies.backtest.engine import NeverRests, run
from strategies.backtest.index import IndexSince
from strategies.backtest.report.bands import Bands, Run, bands_of, run_of, starts, times
from strategies.settings import Problem, SettingsRefused

_DAY = 86_400_000
Told = Callable[[Generator[Run | None, None, None], int], Sequence[Run | None]]


def bands_from(
    job_words: Mapping[str, Any], candles_path: str, count: int, horizon_days: float | None, told: Told
) -> Bands:
    """The bands of this job over about `count` starts; `told` hands the runs on and says how far they are.

    Raises SettingsRefused for a horizon that the candles do not have, or if the bot can work from no start, and
    CandlesRefused.
    """
    candles, _ = opened(candles_path)
    horizon = horizon_of(candles, horizon_days)
    first = starts(candles, count, horizon)
    act = partial(run_from, job_words, candles_path, horizon)
    runs = told(answers(act, first, processes=os.cpu_count() or 1), len(first))
    try:
        return bands_of(runs, times(horizon))
    except ValueError:
        raise SettingsRefused(
            (Problem("bands", "the bot can work from no start.", "Try it without --bands."),)
        ) from None


def horizon_of(candles: Candles, days: float | None) -> int:
    """How long a run has to last at least, in milliseconds: so many days, or half of all. Raises SettingsRefused."""
    whole = int(candles.opened_at[-1]) + candles.span - int(candles.opened_at[0])
    horizon = whole // 2 if days is None else int(days * _DAY)
    if not candles.span <= horizon <= whole:
        raise SettingsRefused(
            (
                Problem(
                    "horizon",
                    f"{days:g} days are more than the candles have, or less than one of them.",
                    f"Give at most {whole / _DAY:.4g} days.",
                ),
            )
        )
    return horizon


def run_from(job_words: Mapping[str, Any], candles_path: str, horizon: int, first: int) -> Run | None:
    """The job begun at bar `first` and run to the end; None where the bot cannot work at the price of then."""
    everything, index = opened(candles_path)
    candles = everything.between(first, len(everything))
    job = jobs.of(job_words)
    start = Decimal(repr(float(candles.open[0])))
    capital = job.capital_at(start)
    if capital <= 0 or any(job.strategy.problems(start, job.market)):
        return None
    try:
        result = run(job.strategy, job.market, candles, job.options, IndexSince(index, first))
    except NeverRests:
        return None
    return run_of(result, candles, job.market, capital, times(horizon))
