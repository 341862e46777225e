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
class Curves:
    """One value for each candle, at its close; floats, for drawing and for ratios.

    `equity` = quote + held x close. `holding` is what the capital would be worth if it had all been spent at the first
    open, the taker's fee taken out of the coins. `drawdown` is how far equity lies below its highest so far, as a
    fraction; the capital counts as the first high.
    """

    closed_at: Times
    quote: Floats
    held: Floats
    equity: Floats
    holding: Floats
    drawdown: Floats


def curves(
    result: Result, candles: Candles, market: Market, capital: Decimal, *, totals: Books | None = None
) -> Curves:
    """The curves of a run that began with `capital` in quote and no coins."""
    totals = totals or books(result.fills, market)
    start, count = float(capital), len(candles)
    last_of_bar = np.flatnonzero(np.diff(totals.bars, append=count))
    edges = np.concatenate(([0], totals.bars[last_of_bar], [count]))
    lengths = np.diff(edges)
    quote = np.repeat(np.concatenate(([start], start + totals.quote_after[last_of_bar])), lengths)
    held = np.repeat(np.concatenate(([0.0], totals.held_after[last_of_bar])), lengths)
    equity = held * candles.close
    equity += quote
    coins = start / candles.open[0] * (1 - float(market.taker_fee)) if count else 0.0
    # In place: a year of minutes is four megabytes a column.
    drawdown = np.maximum.accumulate(equity)
    np.maximum(drawdown, start, out=drawdown)
    np.divide(equity, drawdown, out=drawdown)
    np.subtract(1, drawdown, out=drawdown)
    return Curves(
        closed_at=candles.opened_at + candles.span,
        quote=quote,
        held=held,
        equity=equity,
        holding=coins * candles.close,
        drawdown=drawdown,
    )
