"""A run as curves: what was there at each candle's close."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from strategies.backtest.candles import Candles, Floats, Times
from strategies.backtest.report.books import Books, books
from strategies.backtest.result import Result
from strategies.market import Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One value for each candle, at its close; floats, for drawing and for ratios.

    `equity` is quote and what the coins are worth. `holding` is what the capital would be worth if it had all been
    spent at the first open, the taker's fee taken out of the coins; of a short it stays the capital, because the short
    is counted on top of keeping the coins. `drawdown` is how far equity lies below its highest
    so far, as a fraction; the capital counts as the first high.
    """

    closed_at: Times
    equity: Floats
    holding: Floats
    drawdown: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves(Drawn):
    """Those of one market: `equity` = quote + held x close."""

    quote: Floats
    held: Floats


def curves(
    result: Result, candles: Candles, market: Market, capital: Decimal, *, totals: Books | None = None
) -> Curves:
    """The curves of a run that began with `capital`, which includes coins that were given."""
    totals = totals or books(result, market)
    start, count = float(capital), len(candles)
    last_of_bar = np.flatnonzero(np.diff(totals.bars, append=count))
    edges = np.concatenate(([0], totals.bars[last_of_bar], [count]))
    lengths = np.diff(edges)
    quote = np.repeat(np.concatenate(([start], start + totals.quote_after[last_of_bar])), lengths)
    held = np.repeat(np.concatenate(([0.0], totals.held_after[last_of_bar])), lengths)
    equity = held * candles.close
    equity += quote
    return Curves(
        closed_at=candles.opened_at + candles.span,
        quote=quote,
        held=held,
        equity=equity,
        holding=held_from_start(candles, market, start, short=result.short),
        drawdown=below_highest(equity, start),
    )


def held_from_start(candles: Candles, market: Market, money: float, *, short: bool) -> Floats:
    """What so much quote would be worth at each close if it had all been spent at the first open."""
    if short or not len(candles):
        return np.full(len(candles), money)
    coins = money / candles.open[0] * (1 - float(market.taker_fee))
    worth: Floats = coins * candles.close
    return worth


def below_highest(equity: Floats, start: float) -> Floats:
    """How far equity lies below its highest so far, `start` among it, as a fraction."""
    # In place: a year of minutes is four megabytes a column.
    drawdown = np.maximum.accumulate(equity)
    np.maximum(drawdown, start, out=drawdown)
    np.divide(equity, drawdown, out=drawdown)
    np.subtract(1, drawdown, out=drawdown)
    return drawdown
