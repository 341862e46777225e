"""Markets to look at: ordinary ones and nasty ones."""

from dataclasses import replace
from decimal import Decimal as D

import numpy as np

from strategies.backtest.candles import Candles
from strategies.conditions import (
    ASAP,
    CCI,
    MACD,
    MFI,
    QFL,
    RSI,
    ULT,
    Average,
    AverageCross,
    Bollinger,
    Colour,
    Conditions,
    HeikinAshi,
    MACDRule,
    Manual,
    ParabolicSAR,
    Price,
    PriceAverage,
    Relation,
    Signal,
    Stream,
)

MINUTE = 60_000
DAY = 1440 * MINUTE
MIDNIGHT = 19_700 * DAY


def candles(close, *, high=None, low=None, opened=None, volume=None, start=MIDNIGHT, span=MINUTE):
    close = np.asarray(close, dtype=np.float64)
    opened = close if opened is None else np.asarray(opened, dtype=np.float64)
    return Candles(
        opened_at=start + np.arange(len(close), dtype=np.int64) * span,
        open=opened,
        high=np.maximum(opened, close) if high is None else np.asarray(high, dtype=np.float64),
        low=np.minimum(opened, close) if low is None else np.asarray(low, dtype=np.float64),
        close=close,
        volume=np.ones(len(close)) if volume is None else np.asarray(volume, dtype=np.float64),
        span=span,
    )


def pick(some, rows):
    """These candles only: a slice, or a mask that makes gaps."""
    names = ("opened_at", "open", "high", "low", "close", "volume")
    return replace(some, **{name: getattr(some, name)[rows] for name in names})


def walk(count, seed=1, *, scale=0.004, price=100.0, start=MIDNIGHT, span=MINUTE):
    chance = np.random.default_rng(seed)
    close = np.round(price * np.exp(np.cumsum(chance.normal(0, scale, count))), 4)
    opened = np.concatenate((close[:1], close[:-1]))
    return candles(
        close,
        opened=opened,
        high=np.maximum(opened, close) + np.round(price * scale * chance.random(count), 4),
        low=np.minimum(opened, close) * (1 - scale * np.round(chance.random(count), 3)),
        volume=np.round(chance.random(count) * 5, 3),
        start=start,
        span=span,
    )


def holed(some, seed=1, share=0.2):
    """Without a fifth of its candles, and without one long stretch."""
    chance = np.random.default_rng(seed)
    kept = chance.random(len(some)) > share
    kept[len(some) // 2 : len(some) // 2 + 200] = False
    return pick(some, kept)


def nasty(count=2400):
    """Name and candles of markets that break careless code."""
    ordinary = walk(count, 5)
    place = np.arange(count)
    steps = np.where(place // 40 % 2, 0.1, 0.3)
    yield "walk", ordinary
    yield "starts mid-interval", walk(count, 6, start=MIDNIGHT + 7 * MINUTE)
    yield "holes", holed(ordinary)
    yield "constant", candles(np.full(count, 0.1))
    yield "stands still after a walk", candles(np.where(place < count // 2, ordinary.close, 0.3))
    yield "steps", candles(steps)
    yield "huge jumps", candles(np.where(place // 35 % 2, 1e9, 1e-6) * (1 + place % 7 / 100))
    yield "no volume", replace(ordinary, volume=np.zeros(count))
    yield "volume now and then", replace(ordinary, volume=np.where(place // 30 % 2, ordinary.volume * 1e-9, 0.0))
    yield (
        "few prices",
        replace(candles(np.round(ordinary.close / 5) * 5), volume=np.where(place % 3, 0.0, ordinary.volume)),
    )


def of_every_kind(interval, relation=Relation.BELOW, rule=MACDRule.CROSSES_SIGNAL_UP, average=Average.EMA):
    """One condition of each kind that looks at candles, with settings that make them hold now and then."""
    up = relation in {Relation.ABOVE, Relation.CROSSING_UP}
    return (
        RSI(interval=interval, period=7, level=D(55 if up else 45), relation=relation),
        MACD(interval=interval, fast=5, slow=12, signal=4, rule=rule),
        Bollinger(interval=interval, period=20, level=D("0.8" if up else "0.2"), relation=relation),
        MFI(interval=interval, period=6, level=D(55 if up else 45), relation=relation),
        CCI(interval=interval, period=8, level=D(40 if up else -40), relation=relation),
        ULT(interval=interval, level=D(50), relation=relation),
        ParabolicSAR(interval=interval, relation=relation),
        AverageCross(interval=interval, average=average, fast=4, slow=9, relation=relation),
        PriceAverage(interval=interval, average=average, period=6, relation=relation),
        HeikinAshi(interval=interval, candles=2, colour=Colour.GREEN if up else Colour.RED),
        QFL(interval=interval, period=3, drop=D("0.01"), memory=30),
        Price(interval=interval, level=D(100), relation=relation),
    )


FACTS = (ASAP(), Manual(), Signal(lasts=7))


def rows(some):
    columns = (some.opened_at, some.open, some.high, some.low, some.close, some.volume)
    return zip(*(column.tolist() for column in columns), strict=True)


def streamed(conditions, some, signals=()):
    """The answers of a stream to these candles; each signal comes before the first candle that closes after it."""
    stream, waiting, found = Stream(conditions, some.span), list(signals), []
    for row in rows(some):
        while waiting and waiting[0] <= row[0] + some.span:
            stream.signal(waiting.pop(0))
        found.append(stream.push(*row))
    return np.array(found, dtype=np.bool_)


def alone(condition):
    return Conditions((condition,))
