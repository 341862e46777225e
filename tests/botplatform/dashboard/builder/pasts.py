"""A market's past, made up: a year of minutes in the archive, with swings as a coin has them."""

import numpy as np

from botplatform.markets.archive.store import Head, Store
from strategies.backtest.candles import Candles

MINUTE = 60_000
YEAR = 365 * 1440


def walk(minutes=YEAR, end=60000.0, seed=3, deviation=0.0005, last=1_790_000_000_000):
    """Minutes that arrive at `end`; `deviation` is that of a minute's change."""
    chance = np.random.default_rng(seed)
    closes = np.exp(np.cumsum(chance.normal(0, deviation, minutes)))
    closes = np.round(closes * end / closes[-1], 2)
    opened = np.concatenate((closes[:1], closes[:-1]))
    reach = np.abs(chance.normal(0, deviation / 2, (2, minutes)))
    first = (last // MINUTE - minutes) * MINUTE
    return Candles(
        opened_at=first + np.arange(minutes, dtype=np.int64) * MINUTE,
        open=opened,
        high=np.round(np.maximum(opened, closes) * (1 + reach[0]), 2),
        low=np.round(np.minimum(opened, closes) * (1 - reach[1]), 2),
        close=closes,
        volume=np.ones(minutes),
        span=MINUTE,
    )


def archived(var, candles, symbol="BTC/USDT", exchange="paper"):
    """Puts them where an installation with this state folder looks for them."""
    path = var / "candles" / exchange / symbol.replace("/", "_") / "1m"
    store = Store(path, Head(exchange=exchange, symbol=symbol, interval="1m", span=MINUTE))
    with store.writing():
        store.replace(candles)
    return path
