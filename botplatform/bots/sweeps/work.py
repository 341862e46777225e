"""The unit of work: one set of settings, backtested.

`run_set` takes and gives plain values, keeps nothing and may run twice, in any process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from botplatform.bots.backtests import job as jobs
from botplatform.bots.sweeps.axes import NONE, SWITCH
from botplatform.bots.sweeps.sets import Settings
from botplatform.markets.archive import load_path
from strategies.backtest.candles import Candles
from strategies.backtest.engine import NeverRests, run
from strategies.backtest.index import BarIndex
from strategies.backtest.report.metrics import Metrics, metrics
from strategies.settings import SettingsRefused

_MOST_PIECES = 128  # kept opened by a process
_MEANT: Mapping[str, bool | None] = {NONE: None, **SWITCH}  # what JSON has for these words


class Piece(NamedTuple):
    """Some of the candles: from bar `first` on and before bar `last`."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of one set; money in quote, durations in milliseconds, shares of the capital."""

    profit: Decimal
    profit_share: float
    drawdown: float
    sharpe: float | None
    deals: int  # closed
    longest_deal: int | None  # closed or still open
    capital: Decimal
    needed: Decimal  # the capital with which every fill could have been paid
    fills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A set with its figures; or with the field that makes it impossible, and why."""

    settings: Settings
    figures: Figures | None = None
    field: str = ""
    problem: str = ""


def run_set(job_words: Mapping[str, Any], candles_path: str, settings: Settings, piece: Piece | None = None) -> Row:
    """Backtest the job with these settings in place of its own, over all candles of the file or one piece of them.

    Settings that cannot work make a row that says so. Raises CandlesRefused.
    """
    candles, index = opened(candles_path, piece)
    try:
        job = jobs.of(words_with(job_words, settings))
        start = Decimal(repr(float(candles.open[0])))
        if problems := tuple(job.strategy.problems(start, job.market)):
            raise SettingsRefused(problems)  # noqa: TRY301 - one way to say so for both kinds of refusal
        result = run(job.strategy, job.market, candles, job.options, index)
    except SettingsRefused as why:
        first = why.problems[0]
        return Row(settings=settings, field=first.field, problem=str(first))
    except NeverRests as why:
        return Row(settings=settings, field="never rests", problem=str(why))
    found = metrics(result, candles, job.market, job.capital_at(start))
    return Row(settings=settings, figures=_figures(found))


def words_with(job_words: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The job's words with these settings in place of its own."""
    own = job_words.get("settings")
    changed = {name: _MEANT.get(value, value) for name, value in settings}
    return {**job_words, "settings": {**(own if isinstance(own, dict) else {}), **changed}}


def opened(candles_path: str, piece: Piece | None = None) -> tuple[Candles, BarIndex]:
    """The candles and their index; each is made once for a process as long as the file stays what it is."""
    return _opened(candles_path, piece, _version(Path(candles_path)))


@lru_cache(maxsize=_MOST_PIECES)
def _opened(path: str, piece: Piece | None, version: int) -> tuple[Candles, BarIndex]:
    candles = _loaded(path, version)
    if piece is not None:
        part = slice(piece.first, piece.last)
        candles = Candles(
            opened_at=candles.opened_at[part],
            open=candles.open[part],
            high=candles.high[part],
            low=candles.low[part],
            close=candles.close[part],
            volume=candles.volume[part],
            span=candles.span,
        )
    return candles, BarIndex(candles.low, candles.high)


@lru_cache(maxsize=2)
def _loaded(path: str, _version: int) -> Candles:
    return load_path(path)


def _version(path: Path) -> int:
    """Changes when the file does, or a file of the folder: a process that lives long must not keep old candles."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return max(file.stat().st_mtime_ns for file in files)
    except OSError:
        return 0  # whoever loads it tells what is wrong with it


def _figures(found: Metrics) -> Figures:
    lengths = [each for each in (found.durations.longest, found.durations.longest_open) if each is not None]
    return Figures(
        profit=found.profit,
        profit_share=found.profit_share,
        drawdown=0.0 if found.drawdown is None else found.drawdown.share,
        sharpe=found.sharpe,
        deals=found.deals_closed,
        longest_deal=max(lengths, default=None),
        capital=found.capital,
        needed=found.least_capital,
        fills=found.fills,
    )
