"""A job tested over its candles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from botplatform.bots.backtests.job import Job
from botplatform.bots.backtests.opened import opened, read
from botplatform.bots.backtests.reading import refused
from botplatform.bots.backtests.signals import heard, told_on
from botplatform.lib import clock
from strategies.backtest.candles import Candles
from strategies.backtest.engine import Pair, run, run_pairs
from strategies.backtest.index import BarIndex
from strategies.backtest.portfolio import run_portfolio
from strategies.backtest.report import Bands, OnMarket, Report, SeveralReport
from strategies.backtest.report.words import length
from strategies.backtest.result import Result
from strategies.market import Market
from strategies.rebalance import Rebalance


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came of it, and how many seconds each step took. `notes`: what to know of the job itself."""

    runs: tuple[OnMarket, ...]
    capital: Decimal
    notes: tuple[str, ...]
    seconds: dict[str, float]

    def report(self, job: Job, bands: Bands | None = None) -> Report | SeveralReport:
        """The report of one market, or of several."""
        if len(self.runs) == 1:
            (one,) = self.runs
            made = Report.of(one.result, one.candles, one.market, self.capital, title=job.title, settings=job.settings)
            return replace(made, bands=bands, notes=self.notes)
        whole = SeveralReport.of(self.runs, self.capital, title=job.title, settings=job.settings)
        return replace(whole, bands=bands, notes=self.notes)


def tested(job: Job, paths: Sequence[str]) -> Tested:
    """Run the job over the candles of these files, one for each of its markets in their order.

    Raises CandlesRefused, NeverRests, and SettingsRefused for candles that do not go together.
    """
    seconds = {"loading": 0.0, "indexing": 0.0}
    sources: list[tuple[Candles, BarIndex]] = []
    for path, market in zip(paths, job.markets, strict=True):
        began = clock.monotonic()
        if not len(read(path)):
            raise refused("candles", f"{path} holds none.", "Name a file with at least one.")
        loaded = clock.monotonic()
        sources.append(opened(path))
        seconds["loading"] += loaded - began
        seconds["indexing"] += clock.monotonic() - loaded
        _check_length(sources, job.markets, market)
    begun = clock.monotonic()
    pairs = [
        Pair(market, candles, index, told_on(job.signals, market, candles))
        for market, (candles, index) in zip(job.markets, sources, strict=True)
    ]
    results = outcome(job, pairs)
    seconds["running"] = clock.monotonic() - begun
    starts = [first_price(candles) for candles, _ in sources]
    runs = tuple(
        OnMarket(result=result, candles=pair.candles, market=pair.market)
        for result, pair in zip(results, pairs, strict=True)
    )
    return Tested(runs=runs, capital=job.capital_over(starts), notes=tuple(_notes(job, runs, starts)), seconds=seconds)


def outcome(job: Job, pairs: Sequence[Pair]) -> list[Result]:
    """What the job's bot does over these candles, a result for each market. Raises what the engine does."""
    if isinstance(job.strategy, Rebalance):
        return run_portfolio(job.strategy, pairs, job.options)
    if len(pairs) > 1:
        return run_pairs(job.strategy, pairs, job.options)
    (one,) = pairs
    return [run(job.strategy, one.market, one.candles, job.options, one.index, one.signals)]


def first_price(candles: Candles) -> Decimal:
    """The first open, exactly."""
    return Decimal(repr(float(candles.open[0])))


def _check_length(sources: Sequence[tuple[Candles, BarIndex]], markets: Sequence[Market], market: Market) -> None:
    first, latest = sources[0][0].span, sources[-1][0].span
    if first != latest:
        raise refused(
            "candles",
            f"those of {markets[0].symbol} are {length(first)} long, those of {market.symbol} {length(latest)}.",
            "Give candles of one length.",
        )


def _notes(job: Job, runs: Sequence[OnMarket], starts: Sequence[Decimal]) -> Iterator[str]:
    """What the bot's settings would have been told at the start, and signals that nobody heard."""
    for one, start in zip(runs, starts, strict=True):
        where = f"{one.market.symbol}: " if len(runs) > 1 else ""
        for problem in list(job.sized.problems(start, one.market)) or job.sized.warnings(start, one.market):
            if not any(said.endswith(str(problem)) for said in one.result.warnings):
                yield f"{where}{problem}"
    unheard = sum(
        not any(heard(said, one.candles) for one in runs if said.market in (None, one.market.symbol))
        for said in job.signals
    )
    if unheard:
        came = "1 signal came" if unheard == 1 else f"{unheard:,} signals came"
        yield f"{came} before the candles began or after they ended; nobody heard that."
