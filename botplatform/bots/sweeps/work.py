"""The unit of work: one set of settings, backtested.

`run_set` takes and gives plain values, keeps nothing and may run twice, in any process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.opened import Piece, opened
from botplatform.bots.sweeps.axes import NONE, SWITCH
from botplatform.bots.sweeps.sets import Settings
from strategies.backtest.engine import NeverRests, run
from strategies.backtest.report.metrics import Metrics, metrics
from strategies.settings import SettingsRefused

_MEANT: Mapping[str, bool | None] = {NONE: None, **SWITCH}  # what JSON has for these words


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
