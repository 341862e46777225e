"""One bot begun at many moments of the same candles, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.opened import opened
from botplatform.bots.backtests.pool import answers
from botplatform.bots.backtests.reading import refused
from botplatform.bots.backtests.signals import told_on
from botplatform.bots.backtests.tested import first_price, outcome
from strategies.backtest.candles import Times
from strategies.backtest.engine import NeverRests, Pair
from strategies.backtest.index import IndexSince
from strategies.backtest.report import OnMarket, run_of_several
from strategies.backtest.report.bands import Bands, Run, bands_of, run_of, starts_in, times
from strategies.market import Market
from strategies.settings import SettingsRefused

_DAY = 86_400_000
Told = Callable[[Generator[Run | None, None, None], int], Sequence[Run | None]]


def bands_from(
    job_words: Mapping[str, Any], paths: Sequence[str], count: int, horizon_days: float | None, told: Told
) -> Bands:
    """The bands of this job over about `count` starts; `told` hands the runs on and says how far they are.

    `paths` has the candles of each of its markets. Raises SettingsRefused for a horizon that the candles do not have,
    or if the bot can work from no start, and CandlesRefused.
    """
    every = [opened(path)[0] for path in paths]
    opens: Times = reduce(np.union1d, [candles.opened_at for candles in every])
    span = every[0].span
    horizon = horizon_of(opens, span, horizon_days)
    first = [int(opens[place]) for place in starts_in(opens, span, count, horizon)]
    act = partial(run_from, job_words, tuple(paths), horizon)
    runs = told(answers(act, first, processes=os.cpu_count() or 1), len(first))
    try:
        return bands_of(runs, times(horizon))
    except ValueError:
        raise refused("bands", "the bot can work from no start.", "Try it without --bands.") from None


def horizon_of(opens: Times, span: int, days: float | None) -> int:
    """How long a run has to last at least, in milliseconds: so many days, or half of all. Raises SettingsRefused."""
    whole = int(opens[-1]) + span - int(opens[0])
    horizon = whole // 2 if days is None else int(days * _DAY)
    if not span <= horizon <= whole:
        raise refused(
            "horizon",
            f"{days:g} days are more than the candles have, or less than one of them.",
            f"Give at most {whole / _DAY:.4g} days.",
        )
    return horizon


def run_from(job_words: Mapping[str, Any], paths: Sequence[str], horizon: int, begin: int) -> Run | None:
    """The job begun at this time and run to the end; None where the bot cannot work at the prices of then."""
    job = jobs.of_any(job_words)
    pairs = [
        pair
        for market, path in zip(job.markets, paths, strict=True)
        if len((pair := _pair_from(job, market, path, begin)).candles)
    ]
    starts = [first_price(pair.candles) for pair in pairs]
    try:
        if len(pairs) < len(job.markets):
            return None  # a market has ended by then
        capital = job.capital_over(starts)
        if capital <= 0 or any(
            any(job.sized.problems(start, pair.market)) for start, pair in zip(starts, pairs, strict=True)
        ):
            return None
        results = outcome(job, pairs)
    except (NeverRests, SettingsRefused):
        return None
    if len(pairs) == 1:
        return run_of(results[0], pairs[0].candles, pairs[0].market, capital, times(horizon))
    runs = [OnMarket(result=r, candles=p.candles, market=p.market) for r, p in zip(results, pairs, strict=True)]
    return run_of_several(runs, capital, times(horizon))


def _pair_from(job: jobs.Job, market: Market, path: str, begin: int) -> Pair:
    everything, index = opened(path)
    first = int(everything.opened_at.searchsorted(begin))
    candles = everything.between(first, len(everything))
    signals = told_on(job.signals, market, candles) if len(candles) else ()
    return Pair(market, candles, IndexSince(index, first), signals)
