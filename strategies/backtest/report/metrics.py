"""The figures of a run. Money is Decimal; ratios are floats, and None where they say nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from statistics import median

import msgspec
import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Candles
from strategies.backtest.report.books import DIGITS, Books, books
from strategies.backtest.report.curves import Curves, Drawn, curves
from strategies.backtest.result import DealDone, Result
from strategies.market import ZERO, Market

_DAY = 86_400_000
_DAYS_A_YEAR = 365  # crypto trades every day
_NOISE = 1e-12  # a spread of daily returns below this is rounding

Bools = npt.NDArray[np.bool_]


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
    """How long deals took from their entry on, in milliseconds. The first three are of closed deals."""

    mean: float | None
    median: float | None
    longest: int | None
    longest_open: int | None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What came of `capital`, between the first candle's opening and the last one's close.

    profit          equity at the last close - capital; profit_share is that of the capital. The capital includes coins
                    that deals were given, at what they counted as then. Coins that a short sells are only lent to it:
                    what they are worth in themselves counts neither in equity nor in profit
    realised        sum of what the deals say they realised, after fees
    open_profit     profit - realised: what is held, marked at the last close, against its cost
    holding_profit  all capital spent at the first open at the taker's fee, marked at the last close. Over several
                    markets an equal share spent in each. Of a short nothing: it is counted on top of keeping the coins
    profit_factor   sum of closed deals' gains / sum of closed deals' losses (as in Tharp, Trade Your Way to Financial
                    Freedom, 1998); None without a loss
    win_rate        closed deals with realised > 0 / closed deals; those that only bought, and keep it, are in neither
    sharpe          mean / standard deviation (n - 1) of daily returns x sqrt(365), risk-free rate 0
                    (Sharpe, The Sharpe Ratio, Journal of Portfolio Management 1994)
    sortino         mean / sqrt(mean(min(return, 0)^2)) of daily returns x sqrt(365), target 0
                    (Sortino and Price, Performance Measurement in a Downside Risk Framework, 1994)
    capital_needed  the most quote that open deals had taken and not given back at one time; what finished deals
                    earned does not count towards it, nor does what resting orders reserve
    least_capital   the capital with which every fill could have been paid, earlier profits included
    fees            in quote; fees in base at the fill's price. other_fees: what was paid in other assets, not in profit
    held            base; below zero what a short owes; None over several markets
    exposure        share of candles during which coins were held that could have been sold, or were owed by a short

    A deal in which nothing was filled, and that was given nothing, counts nowhere. Daily returns are of equity at the
    last close of each UTC day, the capital before the first; a day without candles returns 0. They need two days and
    equity above 0; both ratios are None where their divisor is 0.
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
    held: Decimal | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the figures are made of, on one market or over several.

    `began_at` is the first candle's opening and `span` a candle's length, in milliseconds; `lowest_quote` is at most 0.
    """

    name: str
    capital: Decimal
    profit: Decimal
    holding_profit: Decimal
    held: Decimal | None
    candles: int
    began_at: int
    span: int
    drawn: Drawn
    exposure: float
    most_tied_up: Decimal
    lowest_quote: Decimal
    fees: Decimal
    other_fees: Mapping[str, Decimal]
    fills: int
    deals: Sequence[DealDone]


def metrics(
    result: Result,
    candles: Candles,
    market: Market,
    capital: Decimal,
    *,
    totals: Books | None = None,
    drawn: Curves | None = None,
) -> Metrics:
    """The figures of a run that began with `capital`.

    Raises ValueError without candles, or with a capital that is not above 0. `totals` and `drawn` save working them
    out again.
    """
    if capital <= 0:
        raise ValueError(f"The capital is {capital}. Give more than 0.")
    if not len(candles):
        raise ValueError("There are no candles. Give at least one.")
    totals = totals or books(result, market)
    drawn = drawn or curves(result, candles, market, capital, totals=totals)
    close, first = exact(candles.close[-1]), exact(candles.open[0])
    with localcontext() as context:
        context.prec = DIGITS
        profit = totals.quote + totals.held * close
    return figures(
        Account(
            name=result.market,
            capital=capital,
            profit=profit,
            holding_profit=ZERO if result.short else capital / first * (1 - market.taker_fee) * close - capital,
            held=_tidy(totals.held),
            candles=len(candles),
            began_at=int(candles.opened_at[0]),
            span=candles.span,
            drawn=drawn,
            exposure=float(exposed(totals, drawn, candles, market).mean()),
            most_tied_up=totals.most_tied_up,
            lowest_quote=totals.lowest_quote,
            fees=totals.fees,
            other_fees=totals.other_fees,
            fills=len(result.fills),
            deals=result.deals,
        )
    )


def figures(account: Account) -> Metrics:
    """The figures of an account."""
    capital, profit, drawn = account.capital, account.profit, account.drawn
    with localcontext() as context:
        context.prec = DIGITS
        equity = capital + profit
        realised = sum((deal.realised for deal in account.deals), ZERO)
        still_open = profit - realised
    began, ended = account.began_at, int(drawn.closed_at[-1])
    deals = [deal for deal in account.deals if deal.counts]
    closed = [deal for deal in deals if deal.closed_bar is not None]
    returns = _daily_returns(account)
    averaging = Counter(deal.averaging_orders for deal in deals)
    return Metrics(
        market=account.name,
        started_at=began,
        ended_at=ended,
        candles=account.candles,
        capital=capital,
        equity=_tidy(equity),
        profit=_tidy(profit),
        profit_share=float(profit / capital),
        realised=_tidy(realised),
        open_profit=_tidy(still_open),
        holding_profit=_tidy(account.holding_profit),
        holding_share=float(account.holding_profit / capital),
        held=account.held,
        drawdown=_drawdown(drawn, began, float(capital)),
        profit_factor=_profit_factor(closed),
        sharpe=_sharpe(returns),
        sortino=_sortino(returns),
        win_rate=_win_rate(closed),
        deals_closed=len(closed),
        deals_open=len(deals) - len(closed),
        durations=_durations(deals, ended),
        averaging_mean=sum(n * deals for n, deals in averaging.items()) / len(deals) if deals else None,
        averaging_most=max(averaging, default=0),
        averaging_histogram=dict(sorted(averaging.items())),
        capital_needed=_tidy(account.most_tied_up),
        least_capital=_tidy(-account.lowest_quote),
        fees=_tidy(account.fees),
        other_fees={asset: _tidy(amount) for asset, amount in account.other_fees.items()},
        exposure=account.exposure,
        fills=account.fills,
    )


def _tidy(value: Decimal) -> Decimal:
    """The same number without zeros at its end, exponent or minus nought."""
    text = f"{value:f}"
    value = Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    return value or ZERO


def exact(price: np.float64) -> Decimal:
    return Decimal(repr(float(price)))


def _drawdown(drawn: Drawn, began: int, capital: float) -> Drawdown | None:
    lowest = int(drawn.drawdown.argmax())
    if drawn.drawdown[lowest] <= 0:
        return None
    before = drawn.equity[: lowest + 1]
    high = max(capital, float(before.max()))
    at_high = np.flatnonzero(before >= high)
    begin = int(drawn.closed_at[at_high[-1]]) if len(at_high) else began
    after = np.flatnonzero(drawn.equity[lowest:] >= high)
    end = int(drawn.closed_at[lowest + after[0]]) if len(after) else None
    return Drawdown(
        share=float(drawn.drawdown[lowest]),
        quote=Decimal(repr(high)) - exact(drawn.equity[lowest]),
        from_=begin,
        lowest_at=int(drawn.closed_at[lowest]),
        recovered_at=end,
        duration=(int(drawn.closed_at[-1]) if end is None else end) - begin,
    )


def _win_rate(closed: list[DealDone]) -> float | None:
    decided = [deal for deal in closed if deal.realised or not deal.held]
    return sum(deal.realised > 0 for deal in decided) / len(decided) if decided else None


def _profit_factor(closed: list[DealDone]) -> float | None:
    gains = sum((deal.realised for deal in closed if deal.realised > 0), ZERO)
    losses = -sum((deal.realised for deal in closed if deal.realised < 0), ZERO)
    return float(gains / losses) if losses else None


def _daily_returns(account: Account) -> list[float]:
    """A candle belongs to the day in which it opened."""
    closed_at, span = account.drawn.closed_at, account.span
    first, last = (int(closed_at[0]) - span) // _DAY, (int(closed_at[-1]) - span) // _DAY
    ends = (np.arange(first, last + 1) + 1) * _DAY
    closes = account.drawn.equity[np.searchsorted(closed_at, ends + span) - 1]
    equity = np.concatenate(([float(account.capital)], closes))
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
    closed = [deal.closed_at - deal.began_at for deal in deals if deal.closed_at is not None]
    still_open = [end - deal.began_at for deal in deals if deal.closed_at is None]
    return Durations(
        mean=sum(closed) / len(closed) if closed else None,
        median=float(median(closed)) if closed else None,
        longest=max(closed, default=None),
        longest_open=max(still_open, default=None),
    )


def exposed(totals: Books, drawn: Curves, candles: Candles, market: Market) -> Bools:
    """For each candle whether coins were held, or owed by a short.

    Dust that cannot be sold is no exposure. A deal that came and went within a candle is.
    """
    lot, least = float(market.lot_size), float(market.min_notional)
    at_close, after_fill = drawn.held, totals.held_after
    if len(after_fill) and after_fill.min() < 0:  # a short owes
        at_close, after_fill = np.abs(at_close), np.abs(after_fill)
    held = (at_close >= lot) & (at_close * candles.close >= least)
    filled = (after_fill >= lot) & (after_fill * totals.prices >= least)
    found: Bools = held.copy()
    found[1:] |= held[:-1]
    found[totals.bars[filled]] = True
    return found
