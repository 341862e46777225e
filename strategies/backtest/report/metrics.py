"""The figures of a run. Money is Decimal; ratios are floats, and None where they say nothing."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal, localcontext
from statistics import median

import msgspec
import numpy as np

from strategies.backtest.candles import Candles
from strategies.backtest.report.books import Books, books
from strategies.backtest.report.curves import Curves, curves
from strategies.backtest.result import DealDone, Result
from strategies.market import ZERO, Market

_DAY = 86_400_000
_DAYS_A_YEAR = 365  # crypto trades every day
_NOISE = 1e-12  # a spread of daily returns below this is rounding


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The deepest fall of equity below its highest so far, measured at closes, by share of that high.

    From the last moment at the high to the first at or above it again; `recovered_at` is None if that never came, and
    `duration` then runs to the end. Times in milliseconds.
    """

    share: float
    quote: Decimal
    from_: int = msgspec.field(name="from")
    lowest_at: int
    recovered_at: int | None
    duration: int


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """How long deals took, in milliseconds. The first three are of closed deals."""

    mean: float | None
    median: float | None
    longest: int | None
    longest_open: int | None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What came of `capital`, between the first candle's opening and the last one's close.

    profit          equity at the last close - capital; profit_share is that of the capital
    realised        sum of what the deals say they realised, after fees
    open_profit     profit - realised: what is held, marked at the last close, against its cost
    holding_profit  all capital spent at the first open at the taker's fee, marked at the last close
    profit_factor   sum of closed deals' gains / sum of closed deals' losses (as in Tharp, Trade Your Way to Financial
                    Freedom, 1998); None without a loss
    win_rate        closed deals with realised > 0 / closed deals
    sharpe          mean / standard deviation (n - 1) of daily returns x sqrt(365), risk-free rate 0
                    (Sharpe, The Sharpe Ratio, Journal of Portfolio Management 1994)
    sortino         mean / sqrt(mean(min(return, 0)^2)) of daily returns x sqrt(365), target 0
                    (Sortino and Price, Performance Measurement in a Downside Risk Framework, 1994)
    capital_needed  the most quote that open deals had taken and not given back at one time; what finished deals
                    earned does not count towards it, nor does what resting orders reserve
    least_capital   the capital with which every fill could have been paid, earlier profits included
    fees            in quote; fees in base at the fill's price. other_fees: what was paid in other assets, not in profit
    exposure        share of candles during which coins were held that could have been sold

    A deal in which nothing was filled counts nowhere. Daily returns are of equity at the last close of each UTC day,
    the capital before the first; a day without candles returns 0. They need two days and equity above 0; both ratios
    are None where their divisor is 0.
    """

    market: str
    started_at: int
    ended_at: int
    candles: int
    capital: Decimal
    equity: Decimal
    profit: Decimal
    profit_share: float
    realised: Decimal
    open_profit: Decimal
    holding_profit: Decimal
    holding_share: float
    held: Decimal
    drawdown: Drawdown | None
    profit_factor: float | None
    sharpe: float | None
    sortino: float | None
    win_rate: float | None
    deals_closed: int
    deals_open: int
    durations: Durations
    averaging_mean: float | None
    averaging_most: int
    averaging_histogram: dict[int, int]
    capital_needed: Decimal
    least_capital: Decimal
    fees: Decimal
    other_fees: dict[str, Decimal]
    exposure: float
    fills: int

    @property
    def against_holding(self) -> Decimal:
        return self.profit - self.holding_profit


def metrics(
    result: Result,
    candles: Candles,
    market: Market,
    capital: Decimal,
    *,
    totals: Books | None = None,
    drawn: Curves | None = None,
) -> Metrics:
    """The figures of a run that began with `capital` in quote and no coins.

    Raises ValueError without candles, or with a capital that is not above 0. `totals` and `drawn` save working them
    out again.
    """
    if capital <= 0:
        raise ValueError(f"The capital is {capital}. Give more than 0.")
    if not len(candles):
        raise ValueError("There are no candles. Give at least one.")
    totals = totals or books(result.fills, market)
    drawn = drawn or curves(result, candles, market, capital, totals=totals)
    with localcontext() as context:
        context.prec = 60
        close, first = _exact(candles.close[-1]), _exact(candles.open[0])
        equity = capital + totals.quote + totals.held * close
        realised = sum((deal.realised for deal in result.deals), ZERO)
        profit, still_open = equity - capital, equity - capital - realised
    holding = capital / first * (1 - market.taker_fee) * close - capital
    deals = [deal for deal in result.deals if deal.invested or deal.realised]
    closed = [deal for deal in deals if deal.closed_bar is not None]
    returns = _daily_returns(drawn, candles, float(capital))
    averaging = Counter(deal.averaging_orders for deal in deals)
    return Metrics(
        market=result.market,
        started_at=int(candles.opened_at[0]),
        ended_at=int(drawn.closed_at[-1]),
        candles=len(candles),
        capital=capital,
        equity=_tidy(equity),
        profit=_tidy(profit),
        profit_share=float(profit / capital),
        realised=_tidy(realised),
        open_profit=_tidy(still_open),
        holding_profit=_tidy(holding),
        holding_share=float(holding / capital),
        held=_tidy(totals.held),
        drawdown=_drawdown(drawn, candles, float(capital)),
        profit_factor=_profit_factor(closed),
        sharpe=_sharpe(returns),
        sortino=_sortino(returns),
        win_rate=sum(deal.realised > 0 for deal in closed) / len(closed) if closed else None,
        deals_closed=len(closed),
        deals_open=len(deals) - len(closed),
        durations=_durations(deals, int(drawn.closed_at[-1])),
        averaging_mean=sum(n * deals for n, deals in averaging.items()) / len(deals) if deals else None,
        averaging_most=max(averaging, default=0),
        averaging_histogram=dict(sorted(averaging.items())),
        capital_needed=_tidy(totals.most_tied_up),
        least_capital=_tidy(-totals.lowest_quote),
        fees=_tidy(totals.fees),
        other_fees={asset: _tidy(amount) for asset, amount in totals.other_fees.items()},
        exposure=_exposure(totals, drawn, candles, market),
        fills=len(result.fills),
    )


def _tidy(value: Decimal) -> Decimal:
    """The same number without zeros at its end, exponent or minus nought."""
    text = f"{value:f}"
    value = Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    return value or ZERO


def _exact(price: np.float64) -> Decimal:
    return Decimal(repr(float(price)))


def _drawdown(drawn: Curves, candles: Candles, capital: float) -> Drawdown | None:
    lowest = int(drawn.drawdown.argmax())
    if drawn.drawdown[lowest] <= 0:
        return None
    before = drawn.equity[: lowest + 1]
    high = max(capital, float(before.max()))
    at_high = np.flatnonzero(before >= high)
    begin = int(drawn.closed_at[at_high[-1]]) if len(at_high) else int(candles.opened_at[0])
    after = np.flatnonzero(drawn.equity[lowest:] >= high)
    end = int(drawn.closed_at[lowest + after[0]]) if len(after) else None
    return Drawdown(
        share=float(drawn.drawdown[lowest]),
        quote=Decimal(repr(high)) - _exact(drawn.equity[lowest]),
        from_=begin,
        lowest_at=int(drawn.closed_at[lowest]),
        recovered_at=end,
        duration=(int(drawn.closed_at[-1]) if end is None else end) - begin,
    )


def _profit_factor(closed: list[DealDone]) -> float | None:
    gains = sum((deal.realised for deal in closed if deal.realised > 0), ZERO)
    losses = -sum((deal.realised for deal in closed if deal.realised < 0), ZERO)
    return float(gains / losses) if losses else None


def _daily_returns(drawn: Curves, candles: Candles, capital: float) -> list[float]:
    """A candle belongs to the day in which it opened."""
    first, last = int(candles.opened_at[0]) // _DAY, int(candles.opened_at[-1]) // _DAY
    ends = (np.arange(first, last + 1) + 1) * _DAY
    equity = np.concatenate(([capital], drawn.equity[np.searchsorted(candles.opened_at, ends) - 1]))
    if (equity <= 0).any():
        return []
    returns: list[float] = (equity[1:] / equity[:-1] - 1).tolist()
    return returns


def _sharpe(returns: list[float]) -> float | None:
    if len(returns) < 2:  # noqa: PLR2004 - a spread needs two
        return None
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation * math.sqrt(_DAYS_A_YEAR) if deviation > _NOISE else None


def _sortino(returns: list[float]) -> float | None:
    if len(returns) < 2:  # noqa: PLR2004 - as above
        return None
    deviation = math.sqrt(sum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    return float(np.mean(returns)) / deviation * math.sqrt(_DAYS_A_YEAR) if deviation > _NOISE else None


def _durations(deals: list[DealDone], end: int) -> Durations:
    closed = [deal.closed_at - deal.opened_at for deal in deals if deal.closed_at is not None]
    still_open = [end - deal.opened_at for deal in deals if deal.closed_at is None]
    return Durations(
        mean=sum(closed) / len(closed) if closed else None,
        median=float(median(closed)) if closed else None,
        longest=max(closed, default=None),
        longest_open=max(still_open, default=None),
    )


def _exposure(totals: Books, drawn: Curves, candles: Candles, market: Market) -> float:
    """Dust that cannot be sold is no exposure. A deal that came and went within a candle is."""
    lot, least = float(market.lot_size), float(market.min_notional)
    held = (drawn.held >= lot) & (drawn.held * candles.close >= least)
    filled = (totals.held_after >= lot) & (totals.held_after * totals.prices >= least)
    exposed = held.copy()
    exposed[1:] |= held[:-1]
    exposed[totals.bars[filled]] = True
    return float(exposed.mean())
