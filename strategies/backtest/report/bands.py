"""The same bot begun at many moments: what was usual, and what was the worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Candles, Floats, Times
from strategies.backtest.report import words
from strategies.backtest.report.books import Books, books
from strategies.backtest.result import DealDone, Result
from strategies.market import Market

_PERCENTILES = (5, 25, 50)
_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start: equity as a multiple of the starting equity at the common times since it; its worst, in milliseconds.

    `longest_below` is the longest time below the starting equity without a break, `longest_deal` the longest that a
    deal was open, whether it ended or not; both look at the whole run.
    """

    started_at: int
    equity: Floats
    longest_below: int
    longest_deal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Percentiles of equity over all starts, at common times since the start, and the worst of all runs.

    The worst looks at whole runs, beyond `elapsed` too.
    """

    runs: int
    left_out: int  # starts at which the bot cannot work
    elapsed: Times
    p5: Floats
    p25: Floats
    p50: Floats
    ended_below: float  # share of runs below their start at the last common time
    longest_below: int
    longest_below_start: int
    longest_deal: int
    longest_deal_start: int

    @property
    def sentence(self) -> str:
        """The worst, plainly."""
        left_out = f" {self.left_out:,} starts at which the bot cannot work are left out." if self.left_out else ""
        return (
            f"{words.share(self.ended_below, places=0)} of them stood below their start after "
            f"{words.length(int(self.elapsed[-1]))}. Longest below the start without a break: "
            f"{words.length(self.longest_below)} (begun {words.day(self.longest_below_start)}). Longest deal: "
            f"{words.length(self.longest_deal)} (begun {words.day(self.longest_deal_start)}).{left_out}"
        )


def starts(candles: Candles, count: int, horizon: int) -> list[int]:
    """Up to `count` bars, evenly spread over those after which there are at least `horizon` milliseconds of candles."""
    return starts_in(candles.opened_at, candles.span, count, horizon)


def starts_in(opened_at: Times, span: int, count: int, horizon: int) -> list[int]:
    """As `starts`, of candles that open at these times."""
    last = int(np.searchsorted(opened_at, int(opened_at[-1]) + span - horizon, side="right")) - 1
    return sorted(set(np.linspace(0, last, count).astype(int).tolist())) if last >= 0 else []


def times(horizon: int, points: int = _POINTS) -> Times:
    """The common times since the start, in milliseconds: 0 to `horizon`."""
    return np.linspace(0, horizon, points).astype(np.int64)


def bands_of(runs: Sequence[Run | None], elapsed: Times) -> Bands:
    """Lay runs over each other by the time since their start; None is a start at which the bot cannot work.

    Raises ValueError if there is no run.
    """
    kept = [run for run in runs if run is not None]
    if not kept:
        raise ValueError("There is no run.")
    table = np.stack([run.equity for run in kept])
    p5, p25, p50 = np.percentile(table, _PERCENTILES, axis=0)
    stuck = max(kept, key=lambda run: run.longest_below)
    long = max(kept, key=lambda run: run.longest_deal)
    return Bands(
        runs=len(kept),
        left_out=len(runs) - len(kept),
        elapsed=elapsed,
        p5=p5,
        p25=p25,
        p50=p50,
        ended_below=float((table[:, -1] < 1).mean()),
        longest_below=stuck.longest_below,
        longest_below_start=stuck.started_at,
        longest_deal=long.longest_deal,
        longest_deal_start=long.started_at,
    )


def run_of(result: Result, candles: Candles, market: Market, capital: Decimal, elapsed: Times) -> Run:
    """A run as the bands need it. `candles` are those that it saw, from its start on.

    Equity is only worked out where it is asked for: a curve of every candle would take longer than the run.
    """
    totals, money = books(result, market), float(capital)
    start, end = int(candles.opened_at[0]), int(candles.opened_at[-1]) + candles.span
    places = np.searchsorted(candles.opened_at, start + elapsed - candles.span, side="right") - 1
    return Run(
        started_at=start,
        equity=np.where(places < 0, 1.0, _equity(totals, candles, money, places) / money),
        longest_below=longest_below(candles.opened_at + candles.span - start, _fine(totals, candles)),
        longest_deal=longest_of(result.deals, end),
    )


def _equity(totals: Books, candles: Candles, money: float, places: Times) -> Floats:
    """Quote and the worth of the coins at the closes of these bars."""
    fills = np.searchsorted(totals.bars, places, side="right")
    quote = np.concatenate(([0.0], totals.quote_after))[fills]
    held = np.concatenate(([0.0], totals.held_after))[fills]
    equity: Floats = money + quote + held * candles.close[places]
    return equity


def _fine(totals: Books, candles: Candles) -> npt.NDArray[np.bool_]:
    """Whether equity at each close is at least what it was at the start."""
    found = np.ones(len(candles), dtype=np.bool_)
    last = np.flatnonzero(np.diff(totals.bars, append=len(candles)))  # the last fill of each bar that has any
    edges = [*totals.bars[last].tolist(), len(candles)]
    balances = zip(totals.quote_after[last].tolist(), totals.held_after[last].tolist(), strict=True)
    for (first, until), (quote, held) in zip(pairwise(edges), balances, strict=True):
        np.greater_equal(candles.close[first:until] * held, -quote, out=found[first:until])
    return found


def longest_of(deals: Iterable[DealDone], end: int) -> int:
    """The longest time that a deal was open from its entry on, in milliseconds."""
    ends = ((end if deal.closed_at is None else deal.closed_at, deal) for deal in deals if deal.counts)
    return max((closed - deal.began_at for closed, deal in ends), default=0)


def longest_below(elapsed: Times, fine: npt.NDArray[np.bool_]) -> int:
    """The longest unbroken time that was not fine, from the last moment that was; in milliseconds."""
    if not len(fine):
        return 0
    good = np.flatnonzero(fine)
    edges = np.concatenate(([0], elapsed[good], elapsed[-1:]))
    # Between two neighbours that are both fine nothing was below.
    places = np.concatenate(([-1], good, [len(fine)]))
    waits = np.diff(edges)[np.diff(places) > 1]
    return int(waits.max()) if len(waits) else 0
