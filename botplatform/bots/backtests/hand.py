"""The backtest that follows the hand: a process that answers while a line is dragged.

It keeps the candles that it was asked about in memory, with their index, so that an answer is one run and a few
columns of arithmetic. It is told what to do on its standard input and answers on its standard output, each message a
length of four bytes and MessagePack; it ends when its input does. It has no database and no settings.

    python -m botplatform.bots.backtests.hand
"""

from __future__ import annotations

import gc
import os
import signal
import struct
import sys
from collections import OrderedDict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec
import numpy as np

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.memory import keep_freed
from botplatform.bots.backtests.opened import opened
from botplatform.bots.backtests.tested import first_price, outcome
from botplatform.lib import clock
from botplatform.markets.archive.refusals import CandlesRefused
from strategies.backtest.candles import Candles
from strategies.backtest.engine import NeverRests, Pair
from strategies.backtest.index import BarIndex, IndexSince
from strategies.backtest.quick import run_quickly
from strategies.backtest.report.bands import Run, bands_of, run_of, starts_in, times
from strategies.backtest.report.books import moves
from strategies.backtest.result import Result
from strategies.market import Market
from strategies.rebalance import Rebalance
from strategies.settings import SettingsRefused

_LENGTH = struct.Struct("<I")
_POINTS = 400  # of a curve, more than its picture is wide
_MOST_KEPT = 12  # markets whose sent candles are remembered
_BEHIND = 5  # nice: the web itself and the bots come first
_COLUMNS = ("opened_at", "open", "high", "low", "close", "volume")


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One market's candles: a folder of the archive, of which the `last` bars count; or columns sent once, by `key`."""

    folder: str = ""
    last: int = 0
    key: str = ""
    columns: dict[str, bytes] | None = None
    span: int = 60_000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A job's words, the candles of each of its markets, and from how many starts; 0: one run over all of it."""

    job: dict[str, Any]
    series: list[Series]
    starts: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Curves at common times (milliseconds since 1970), as multiples of the capital, and the run's figures.

    `problem` says why there are none; `unknown` that the candles have to be sent again.
    """

    times: list[int] = []
    equity: list[float] = []
    holding: list[float] = []
    drawdown: list[float] = []
    profit: float = 0.0  # of the capital
    held: float = 0.0  # what holding made
    deepest: float = 0.0
    deals: int = 0
    won: int = 0
    fills: int = 0
    longest: int = 0  # milliseconds that a deal was open
    capital: str = ""
    began: int = 0
    ended: int = 0
    seconds: float = 0.0
    band: Band | None = None
    problem: str = ""
    unknown: bool = False


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of equity over many starts, at common times since the start, as multiples of the capital."""

    elapsed: list[int]
    p5: list[float]
    p25: list[float]
    p50: list[float]
    runs: int
    sentence: str


class Hand:
    """Answers questions, one at a time."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, tuple[Candles, BarIndex]] = OrderedDict()

    def answer(self, question: Question) -> Answer:
        began = clock.monotonic()
        try:
            found = self._answer(question)
        except _Unknown:
            return Answer(unknown=True)
        except (SettingsRefused, CandlesRefused, NeverRests, ArithmeticError) as why:
            return Answer(problem=str(why))
        return msgspec.structs.replace(found, seconds=clock.monotonic() - began)

    def _answer(self, question: Question) -> Answer:
        job = jobs.of_any(question.job)
        pairs = [self._pair(market, each) for market, each in zip(job.markets, question.series, strict=True)]
        if question.starts:
            return Answer(band=_band(job, pairs, question.starts))
        starts = [first_price(pair.candles) for pair in pairs]
        for pair, start in zip(pairs, starts, strict=True):
            if problem := next(iter(job.sized.problems(start, pair.market)), None):
                return Answer(problem=f"At the price of {start:f} with which the candles begin: {problem}")
        return _curves(_quickly(job, pairs), pairs, job.capital_over(starts))

    def _pair(self, market: Market, series: Series) -> Pair:
        candles, index = self._candles(series)
        if not len(candles):
            raise CandlesRefused(f"There are no candles of {market.symbol} yet.")
        first = max(0, len(candles) - series.last) if series.last else 0
        if first:
            return Pair(market, candles.between(first, len(candles)), IndexSince(index, first))
        return Pair(market, candles, index)

    def _candles(self, series: Series) -> tuple[Candles, BarIndex]:
        if series.folder:
            return opened(series.folder)
        if series.columns is not None:
            arrays = {
                name: np.frombuffer(series.columns[name], "<i8" if name == "opened_at" else "<f8") for name in _COLUMNS
            }
            candles = Candles(**arrays, span=series.span)
            self._sent[series.key] = candles, BarIndex(candles.low, candles.high)
            while len(self._sent) > _MOST_KEPT:
                self._sent.popitem(last=False)
        if series.key not in self._sent:
            raise _Unknown
        self._sent.move_to_end(series.key)
        return self._sent[series.key]


class _Unknown(Exception):
    """Candles that were not sent, or are not kept any more."""


def _quickly(job: jobs.Job, pairs: Sequence[Pair]) -> list[Result]:
    """What `outcome` answers, sooner where that can be."""
    if len(pairs) > 1 or isinstance(job.strategy, Rebalance):
        return outcome(job, pairs)
    return [run_quickly(job.strategy, pairs[0], job.options)]


def _curves(results: Sequence[Result], pairs: Sequence[Pair], capital: Decimal) -> Answer:
    """Equity, holding and drawdown where the picture needs them; the deepest fall over every close."""
    money = float(capital)
    if money <= 0:
        return Answer(problem="It needs no capital at these prices.")
    first = pairs[0].candles
    places = np.unique(np.linspace(0, len(first) - 1, _POINTS).astype(np.int64))
    equity = _equity(results, pairs, money)
    holding = _holding(results, pairs, money, places)
    # In place from here on: a year of minutes is four megabytes a column.
    shown, last = equity[places] / money, float(equity[-1] / money)
    kept = np.maximum.accumulate(equity)
    np.maximum(kept, money, out=kept)
    np.divide(equity, kept, out=kept)
    # The deepest of each stretch is drawn, so that no fall between two points is missed.
    deepest = 1 - np.minimum.reduceat(kept, places)
    deals = [deal for result in results for deal in result.deals if deal.counts]
    closed = [deal for deal in deals if deal.closed_at is not None]
    ended = int(first.opened_at[-1]) + first.span
    return Answer(
        times=(first.opened_at[places] + first.span).tolist(),
        equity=shown.tolist(),
        holding=(holding / money).tolist(),
        drawdown=deepest.tolist(),
        profit=last - 1,
        held=float(holding[-1] / money - 1),
        deepest=float(deepest.max()),
        deals=len(closed),
        won=sum(deal.realised > 0 for deal in closed),
        fills=sum(len(result.fills) for result in results),
        longest=max((deal.closed_at or ended) - deal.began_at for deal in deals) if deals else 0,
        capital=str(capital),
        began=int(first.opened_at[0]),
        ended=ended,
    )


def _equity(results: Sequence[Result], pairs: Sequence[Pair], money: float) -> Any:
    """What is there at each close of the first market."""
    first, equity = pairs[0].candles, np.zeros(0)
    for result, pair in zip(results, pairs, strict=True):
        quote, worth = _steps(result, pair.market, len(pair.candles))
        worth *= pair.candles.close
        worth += quote
        if pair is not pairs[0]:
            worth = worth[_at(pair, first.opened_at)]
        equity = equity + worth if len(equity) else worth
    equity += money
    return equity


def _holding(results: Sequence[Result], pairs: Sequence[Pair], money: float, places: Any) -> Any:
    """What holding the same in all markets would be worth at these places; of a short it stays what it was."""
    first, holding, share = pairs[0].candles, np.zeros(len(places)), money / len(pairs)
    for result, pair in zip(results, pairs, strict=True):
        candles = pair.candles
        if result.short:
            holding += share
            continue
        coins = share / candles.open[0] * (1 - float(pair.market.taker_fee))
        holding += coins * candles.close[_at(pair, first.opened_at[places])]
    return holding


def _at(pair: Pair, times: Any) -> Any:
    """The last candle of this market that has opened by each of these times, or its first."""
    opened = pair.candles.opened_at
    return np.clip(opened.searchsorted(times, side="right") - 1, 0, len(opened) - 1)


def _steps(result: Result, market: Market, count: int) -> tuple[Any, Any]:
    """Quote and coins at each bar's close, as changes since the start: in floats, as they are only drawn."""
    bars, quote, coins = [], [], []
    for fill in moves(result):
        amount, fee = float(fill.amount), float(fill.fee)
        worth = amount * float(fill.price)
        if fill.side == "buy":
            worth = -worth
        else:
            amount = -amount
        if fill.fee_asset == market.quote:
            worth -= fee
        elif fill.fee_asset == market.base:
            amount -= fee
        bars.append(fill.bar)
        quote.append(worth)
        coins.append(amount)
    last = np.flatnonzero(np.diff(np.array(bars, dtype=np.int64), append=count))
    lengths = np.diff(np.concatenate(([0], np.array(bars, dtype=np.int64)[last], [count])))
    return tuple(
        np.repeat(np.concatenate(([0.0], np.cumsum(each)[last])), lengths)
        for each in (quote, coins)  # type: ignore[return-value]
    )


def _band(job: jobs.Job, pairs: Sequence[Pair], count: int) -> Band:
    """The same bot begun at many moments, over half of the candles. Of several markets the first alone is looked at."""
    (pair, *_) = pairs
    candles = pair.candles
    whole = int(candles.opened_at[-1]) + candles.span - int(candles.opened_at[0])
    horizon = whole // 2
    elapsed = times(horizon)
    runs = [_begun(job, pair, start, elapsed) for start in starts_in(candles.opened_at, candles.span, count, horizon)]
    try:
        found = bands_of(runs, elapsed)
    except ValueError:
        raise CandlesRefused("The bot can work from none of these starts.") from None
    return Band(
        elapsed=elapsed.tolist(),
        p5=found.p5.tolist(),
        p25=found.p25.tolist(),
        p50=found.p50.tolist(),
        runs=found.runs,
        sentence=found.sentence,
    )


def _begun(job: jobs.Job, pair: Pair, start: int, elapsed: Any) -> Run | None:
    candles = pair.candles
    part = candles.between(start, len(candles))
    index = IndexSince(pair.index or BarIndex(candles.low, candles.high), start)
    price = first_price(part)
    try:
        capital = job.capital_at(price)
        if capital <= 0 or any(job.sized.problems(price, pair.market)):
            return None
        (result,) = _quickly(job, [Pair(pair.market, part, index)])
    except (NeverRests, SettingsRefused):
        return None
    return run_of(result, part, pair.market, capital, elapsed)


# The process


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until the input ends."""
    keep_freed()
    os.nice(_BEHIND)
    # A run makes no cycles, and looking for some would cost a tenth of it.
    gc.disable()
    hand, decode = Hand(), msgspec.msgpack.Decoder(Question).decode
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        asked = source.read(_LENGTH.unpack(head)[0])
        answer = msgspec.msgpack.encode(hand.answer(decode(asked)))
        sink.write(_LENGTH.pack(len(answer)) + answer)
        sink.flush()
        gc.collect(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the end of the input ends this
    main(sys.stdin.buffer, sys.stdout.buffer)
