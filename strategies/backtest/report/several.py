"""A run over several markets: the whole on its shared capital, and each market's part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import reduce
from itertools import groupby
from operator import attrgetter, itemgetter

import numpy as np

from strategies.backtest.candles import Candles, Floats, Times
from strategies.backtest.report.bands import Bands, Run, longest_below, longest_of
from strategies.backtest.report.books import DIGITS, Books, books, moved, moves
from strategies.backtest.report.curves import Curves, Drawn, below_highest, curves, held_from_start
from strategies.backtest.report.metrics import Account, Metrics, exposed, figures, metrics
from strategies.backtest.report.report import ALWAYS_SAID, Report, of_shorts, too_little
from strategies.backtest.report.tied_up import TiedUp
from strategies.backtest.result import GIVEN, Filled, Result
from strategies.market import ZERO, Market

_HAIR = 1e-12  # of rounding
_IDLE = "no deal opened. Where slots are fewer than markets, those earlier in the list take them first."


@dataclass(frozen=True, slots=True, kw_only=True)
class OnMarket:
    """What a bot did on one of its markets. All of a bot's markets have the same quote and candles of one length."""

    result: Result
    candles: Candles
    market: Market


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralReport:
    """A run over several markets, its figures and curves.

    `result` has the fills and deals of all in their order. Each of the `parts` is of one market alone, as a share of
    the whole capital. Where several markets traded at the same moment, those that sold first come first: what they
    brought pays for the others.
    """

    result: Result
    parts: tuple[Report, ...]
    metrics: Metrics
    curves: Drawn
    title: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    bands: Bands | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        runs: Sequence[OnMarket],
        capital: Decimal,
        *,
        title: str = "",
        settings: tuple[tuple[str, str], ...] = (),
        bands: Bands | None = None,
    ) -> SeveralReport:
        """The report of a run over these markets that began with `capital` in quote, shared by all.

        Raises ValueError as `metrics` does.
        """
        worked = [_worked_out(run, capital) for run in runs]
        result = _merged([run.result for run in runs])
        drawn = _drawn(worked, capital)
        parts = tuple(
            Report(
                result=one.run.result,
                candles=one.run.candles,
                market=one.run.market,
                metrics=one.alone,
                curves=one.drawn,
            )
            for one in worked
        )
        return cls(
            result=result,
            parts=parts,
            metrics=figures(_account(worked, result, drawn, capital)),
            curves=drawn,
            title=title or f"Backtest of {result.market}",
            settings=settings,
            bands=bands,
        )

    @property
    def quote(self) -> str:
        return self.parts[0].market.quote

    @property
    def warnings(self) -> list[str]:
        """What is wrong with this run: what the engine said of each market, and what the books show."""
        found = too_little(self.metrics, self.quote, short=self.result.short)
        for part in self.parts:
            idle = [] if part.result.deals else [_IDLE]
            found += [f"{part.market.symbol}: {said}" for said in (*part.result.warnings, *idle, *part.of_the_data)]
        return [*found, *self.notes]

    @property
    def remarks(self) -> list[str]:
        """What the reader has to know."""
        return [*self.warnings, *self.always]

    @property
    def always(self) -> list[str]:
        """What has to be known of every such run."""
        no_order = (
            "Within a candle the paths of two markets have no common order: a deal slot that one gives back is free "
            "for another from the next candle on."
        )
        return [*of_shorts(self.result), no_order, *ALWAYS_SAID]


def run_of_several(runs: Sequence[OnMarket], capital: Decimal, elapsed: Times) -> Run:
    """A run over several markets as the bands need it; `elapsed` counts from the first candle of all."""
    drawn = _drawn([_worked_out(run, capital) for run in runs], capital)
    start = min(int(run.candles.opened_at[0]) for run in runs)
    end, money = int(drawn.closed_at[-1]), float(capital)
    return Run(
        started_at=start,
        equity=_carried(drawn.equity / money, drawn.closed_at, start + elapsed, 1.0),
        longest_below=longest_below(drawn.closed_at - start, drawn.equity >= money - abs(money) * _HAIR),
        longest_deal=longest_of((deal for run in runs for deal in run.result.deals), end),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worked:
    """One market's run with what was worked out of it."""

    run: OnMarket
    totals: Books
    drawn: Curves
    alone: Metrics


def _worked_out(run: OnMarket, capital: Decimal) -> _Worked:
    totals = books(run.result, run.market)
    drawn = curves(run.result, run.candles, run.market, capital, totals=totals)
    alone = metrics(run.result, run.candles, run.market, capital, totals=totals, drawn=drawn)
    return _Worked(run=run, totals=totals, drawn=drawn, alone=alone)


def _merged(results: Sequence[Result]) -> Result:
    """One result of all, in the order in which things happened."""
    return Result(
        market=", ".join(result.market for result in results),
        fills=list(_in_order(result.fills for result in results)),
        deals=sorted((deal for result in results for deal in result.deals), key=attrgetter("number")),
        warnings=[f"{result.market}: {said}" for result in results for said in result.warnings],
        given=list(_in_order(result.given for result in results)),
        short=any(result.short for result in results),
    )


def _in_order(several: Iterable[Iterable[Filled]]) -> Iterator[Filled]:
    """By time; of one time first coins that were given, then the markets that sold first, then the others."""
    groups = []
    for place, fills in enumerate(several):
        for (at, given), group in groupby(fills, key=lambda fill: (fill.at, fill.order == GIVEN)):
            rows = list(group)
            groups.append(((at, not given, rows[0].side == "buy", place), rows))
    groups.sort(key=itemgetter(0))
    for _, rows in groups:
        yield from rows


def _account(worked: Sequence[_Worked], result: Result, drawn: Drawn, capital: Decimal) -> Account:
    lowest, most = _needed(worked)
    other: dict[str, Decimal] = {}
    with localcontext() as context:
        context.prec = DIGITS
        profit = sum((one.alone.profit for one in worked), ZERO)
        fees = sum((one.totals.fees for one in worked), ZERO)
        for asset, amount in (fee for one in worked for fee in one.totals.other_fees.items()):
            other[asset] = other.get(asset, ZERO) + amount
    return Account(
        name=result.market,
        capital=capital,
        profit=profit,
        holding_profit=sum((one.alone.holding_profit for one in worked), ZERO) / len(worked),
        held=None,
        candles=sum(one.alone.candles for one in worked),
        began_at=min(one.alone.started_at for one in worked),
        span=worked[0].run.candles.span,
        drawn=drawn,
        exposure=_exposure(worked, drawn),
        most_tied_up=most,
        lowest_quote=lowest,
        fees=fees,
        other_fees=other,
        fills=len(result.fills),
        deals=result.deals,
    )


def _needed(worked: Sequence[_Worked]) -> tuple[Decimal, Decimal]:
    """The lowest that the shared quote came to, at most 0, and the most that was tied up in deals at one time."""
    assets = {one.run.market.symbol: (one.run.market.base, one.run.market.quote) for one in worked}
    quote = lowest = ZERO
    tied_up = TiedUp([one.run.result for one in worked])
    with localcontext() as context:
        context.prec = DIGITS
        for fill in _in_order(moves(one.run.result) for one in worked):
            money, coins = moved(fill, *assets[fill.market])
            quote += money
            lowest = min(lowest, quote)
            tied_up.add(fill, money, coins)
    return lowest, tied_up.most


def _drawn(worked: Sequence[_Worked], capital: Decimal) -> Drawn:
    """The curves of the whole at every close that any of the markets has; the others' last closes stand until then."""
    start = float(capital)
    closed_at = reduce(np.union1d, [one.drawn.closed_at for one in worked])
    gained = np.zeros(len(closed_at))
    holding = np.zeros(len(closed_at))
    share = start / len(worked)
    for one in worked:
        run = one.run
        held = held_from_start(run.candles, run.market, share, short=run.result.short)
        gained += _carried(one.drawn.equity - start, one.drawn.closed_at, closed_at, 0.0)
        holding += _carried(held, one.drawn.closed_at, closed_at, share)
    equity = gained + start
    return Drawn(closed_at=closed_at, equity=equity, holding=holding, drawdown=below_highest(equity, start))


def _carried(values: Floats, times: Times, at: Times, before: float) -> Floats:
    """The last of the values by each time; `before` the first one."""
    if times is at or np.array_equal(times, at):
        return values
    places = np.searchsorted(times, at, side="right")
    return np.concatenate(([before], values))[places]


def _exposure(worked: Sequence[_Worked], drawn: Drawn) -> float:
    """Share of all candles' times at which any of the markets was exposed."""
    found = np.zeros(len(drawn.closed_at), dtype=np.bool_)
    for one in worked:
        held = exposed(one.totals, one.drawn, one.run.candles, one.run.market)
        found[np.searchsorted(drawn.closed_at, one.drawn.closed_at)[held]] = True
    return float(found.mean())
