"""What is older than the minutes at hand: what the store has kept, and the time before the market began.

That time is made up when somebody asks for it, so that bots can be tested on it. It ends where the market's first
candle opens, and goes at the ordinary pace, whatever the exchange's own speed is. The logarithm of the price is the
same mean-reverting walk as `SeededPath`, walked backwards, which looks like it forwards:

    x[n] = a x[n-1] + noise = a^n (x[0] + sum of noise[k] / a^k)    from the anchor, a = 1 - reversion x minute
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from botplatform.paper.candles import DAY, MINUTE, Candle
from botplatform.paper.markets import Market
from botplatform.paper.money import floor8, nearest
from botplatform.paper.path import REVERSION, YEAR
from botplatform.paper.store import Store

_BLOCK = 1440 * 100  # minutes that are summed up together: beyond that a^k would leave the range of a float
_WIDTH = 0.6  # of a minute's own movement, by which its extremes lie beyond its ends

Floats = npt.NDArray[np.float64]


class Older:
    """One market's minutes since it began, from the store, and `days` before that."""

    def __init__(self, store: Store, market: Market, *, seed: int, days: int) -> None:
        self._store, self._market, self._seed, self._days = store, market, seed, days
        self._known: tuple[int, Past] | None = None  # when the market's first minute opens, and what is before it

    @property
    def begin(self) -> int | None:
        """When its first candle opens; None before there is any."""
        return None if (known := self._first()) is None else known[1].begin

    def candles(self, minutes: int, start: int, end: int) -> list[Candle]:
        """Of the time before the market began candles of this width, of the time since then of a minute."""
        known = self._first()
        if known is None:
            return []
        first, past = known
        found = past.candles(minutes, start, min(end, first)) if start < first else []
        return [*found, *self._kept(max(start, first), end)]

    def _first(self) -> tuple[int, Past] | None:
        if self._known is None and (first := self._store.first_candle(self._market.symbol)) is not None:
            past = Past(self._market, self._seed, days=self._days, until=first.opened, price=first.open)
            self._known = first.opened, past
        return self._known

    def _kept(self, start: int, end: int) -> Iterator[Candle]:
        """Minutes in which nothing happened were not stored: they are flat."""
        symbol = self._market.symbol
        stored = {candle.opened: candle for candle in self._store.candles(symbol, start, end)}
        before = self._store.candle_before(symbol, start)
        close = None if before is None else before.close
        for opened in range(start, end, MINUTE):
            candle = stored.get(opened)
            if candle is None and close is not None:
                candle = Candle(opened=opened, open=close, high=close, low=close, close=close)
            if candle is not None:
                close = candle.close
                yield candle


class Past:
    """The `days` before `until` (milliseconds, a whole minute), where the price was `price`."""

    def __init__(self, market: Market, seed: int, *, days: int, until: int, price: Decimal) -> None:
        self.begin, self.end = until - days * DAY, until
        self._market, self._price = market, price
        self._seed = [seed, *market.symbol.encode()]
        self._made: tuple[Floats, Floats, Floats, Floats] | None = None  # what `_minutes` answers

    def candles(self, minutes: int, start: int, end: int) -> list[Candle]:
        """Those of this width that open from `start` to before `end`; the first and the last may lack minutes."""
        width = minutes * MINUTE
        prices, reach, volume, taken = self._minutes()
        found = []
        for opened in range(max(start, self.begin // width * width), min(end, self.end), width):
            first = max(opened - self.begin, 0) // MINUTE
            last = min(opened + width - self.begin, self.end - self.begin) // MINUTE
            if last > first:
                found.append(
                    self._candle(opened, prices[first : last + 1], reach[first:last], volume[first:last], taken)
                )
        return found

    def _candle(self, opened: int, prices: Floats, reach: Floats, volume: Floats, taken: Floats) -> Candle:
        market = self._market
        ends = (prices[:-1], prices[1:])
        high, low = np.maximum(*ends) * (1 + reach), np.minimum(*ends) * (1 - reach)
        first, last = nearest(float(prices[0]), market.tick), nearest(float(prices[-1]), market.tick)
        traded = nearest(float(volume.sum()) * market.size / float(prices[0]), market.lot)
        taker = nearest(float(traded) * float(taken[opened // MINUTE % len(taken)]), market.lot)
        return Candle(
            opened=opened,
            open=first,
            high=max(first, last, nearest(float(high.max()), market.tick)),
            low=min(first, last, nearest(float(low.min()), market.tick)),
            close=last,
            volume=traded,
            quote=floor8(traded * last),
            trades=int(volume.sum() * 80),
            taker_volume=taker,
            taker_quote=floor8(taker * last),
        )

    def _minutes(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Prices at the ends of all minutes, and of each how far it reaches beyond them, its volume, its takers."""
        if self._made is None:
            source = np.random.default_rng(self._seed)
            count = (self.end - self.begin) // MINUTE
            minute = 60.0 / YEAR
            moves = self._market.volatility * np.sqrt(minute) * source.standard_normal(count)
            walk = np.zeros(count + 1)
            keeps = 1 - REVERSION * minute
            for at in range(0, count, _BLOCK):
                noise = moves[at : at + _BLOCK]
                powers = keeps ** np.arange(1, len(noise) + 1)
                walk[at + 1 : at + 1 + len(noise)] = powers * (walk[at] + np.cumsum(noise / powers))
            prices = float(self._price) * np.exp(walk[::-1])
            reach = np.abs(source.standard_normal(count)) * self._market.volatility * np.sqrt(minute) * _WIDTH
            self._made = prices, reach, source.uniform(1, 4, count), source.uniform(0.3, 0.7, 1440)
        return self._made
