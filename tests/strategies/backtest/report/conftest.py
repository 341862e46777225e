"""Small runs by hand."""

from decimal import Decimal as D

import numpy as np

from strategies.backtest.candles import Candles
from strategies.backtest.result import DealDone, Filled, Result
from strategies.market import Market

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BEGIN = 1_767_225_600_000  # 2026-01-01
MARKET = Market(symbol="BTC/USDT", tick_size=D("0.01"), lot_size=D("0.001"), min_notional=D(5))


def candles(closes, *, opens=None, span=DAY, begin=BEGIN):
    close = np.array(closes, dtype=np.float64)
    opening = np.concatenate((close[:1], close[:-1])) if opens is None else np.array(opens, dtype=np.float64)
    return Candles(
        opened_at=begin + np.arange(len(close)) * span,
        open=opening,
        high=np.maximum(opening, close),
        low=np.minimum(opening, close),
        close=close,
        volume=np.ones(len(close)),
        span=span,
    )


def fill(bar, side, price, amount, fee="0", asset="USDT", *, deal=1, order="base", span=DAY):
    return Filled(
        bar=bar,
        at=BEGIN + bar * span,
        side=side,
        price=D(price),
        amount=D(amount),
        fee=D(fee),
        fee_asset=asset,
        order=order,
        deal=deal,
        market="BTC/USDT",
    )


def deal(number, opened, closed, realised, *, averaging=0, invested="100", held="0", cost="0", span=DAY):
    return DealDone(
        number=number,
        market="BTC/USDT",
        opened_bar=opened,
        opened_at=BEGIN + opened * span,
        closed_bar=closed,
        closed_at=None if closed is None else BEGIN + closed * span,
        ending="" if closed is None else "take profit",
        averaging_orders=averaging,
        invested=D(invested),
        realised=D(realised),
        held=D(held),
        cost_of_held=D(cost),
    )


def result(fills=(), deals=(), warnings=()):
    return Result(market="BTC/USDT", fills=list(fills), deals=list(deals), warnings=list(warnings))
