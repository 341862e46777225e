"""The same bot begun at many moments: what was usual, and what was the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from strategies.backtest.candles import Candles, Floats, Times
from strategies.backtest.report.curves import curves
from strategies.backtest.result import Result
from strategies.market import Market

_PERCENTILES = (5, 25, 50)
_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start: equity as a multiple of the starting equity, `elapsed` milliseconds after it; its longest deal."""

    started_at: int
    elapsed: Times
    equity: Floats
    longest_deal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Percentiles of equity over all starts, at common times since the start.

    `longest_below` is the longest time that any run spent below its starting equity without a break, `longest_deal` the
    longest that any deal was open, whether it ended or not; both look at whole runs, beyond `elapsed` too.
    """

    runs: int
    left_out: int  # shorter than the horizon
    elapsed: Times
    p5: Floats
    p25: Floats
    p50: Floats
    ended_below: float  # share of runs below their start at the horizon
    longest_below: int
    longest_below_start: int
    longest_deal: int
    longest_deal_start: int


def bands(run: Callable[[int], Run], starts: Sequence[int], *, horizon: int | None = None) -> Bands:
    """Run the bot from each of `starts`. See `bands_of`."""
    return bands_of([run(start) for start in starts], horizon=horizon)


def bands_of(runs: Sequence[Run], *, horizon: int | None = None, points: int = _POINTS) -> Bands:
    """Lay runs over each other by the time since their start, up to `horizon` milliseconds (default: the shortest run).

    Runs that end before the horizon are left out, so that every point speaks of the same runs. Raises ValueError if
    none is left.
    """
    ends = [int(run.elapsed[-1]) if len(run.elapsed) else 0 for run in runs]
    if horizon is None:
        horizon = min((end for end in ends if end), default=0)
    kept = [run for run, end in zip(runs, ends, strict=True) if 0 < horizon <= end]
    if not kept:
        raise ValueError("No run lasts so long. Give a shorter horizon, or earlier starts.")
    elapsed = np.linspace(0, horizon, points).astype(np.int64)
    table = np.stack([_resampled(run, elapsed) for run in kept])
    p5, p25, p50 = np.percentile(table, _PERCENTILES, axis=0)
    below = [longest_below(run.elapsed, run.equity) for run in kept]
    stuck, long = int(np.argmax(below)), int(np.argmax([run.longest_deal for run in kept]))
    return Bands(
        runs=len(kept),
        left_out=len(runs) - len(kept),
        elapsed=elapsed,
        p5=p5,
        p25=p25,
        p50=p50,
        ended_below=float((table[:, -1] < 1).mean()),
        longest_below=below[stuck],
        longest_below_start=kept[stuck].started_at,
        longest_deal=kept[long].longest_deal,
        longest_deal_start=kept[long].started_at,
    )


def run_of(result: Result, candles: Candles, market: Market, capital: Decimal) -> Run:
    """A run as the bands need it. `candles` are those that it saw, from its start on."""
    drawn = curves(result, candles, market, capital)
    start, end = int(candles.opened_at[0]), int(drawn.closed_at[-1])
    lengths = [(end if deal.closed_at is None else deal.closed_at) - deal.opened_at for deal in result.deals]
    return Run(
        started_at=start,
        elapsed=drawn.closed_at - start,
        equity=drawn.equity / float(capital),
        longest_deal=max(lengths, default=0),
    )


def longest_below(elapsed: Times, equity: Floats) -> int:
    """The longest unbroken time below 1, from the last moment that was not below; in milliseconds."""
    if not len(equity):
        return 0
    fine = np.flatnonzero(equity >= 1)
    edges = np.concatenate(([0], elapsed[fine], elapsed[-1:]))
    # Between two neighbours that are both fine nothing was below.
    places = np.concatenate(([-1], fine, [len(equity)]))
    waits = np.diff(edges)[np.diff(places) > 1]
    return int(waits.max()) if len(waits) else 0


def _resampled(run: Run, elapsed: Times) -> Floats:
    """The last known equity at each time; 1 before the first close."""
    places = np.searchsorted(run.elapsed, elapsed, side="right")
    return np.concatenate(([1.0], run.equity))[places]
