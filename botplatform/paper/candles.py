"""One-minute klines of one market, and the longer ones made from them.

Three days are held here; what is older is asked for elsewhere (`Earlier`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, groupby
from typing import Any, Protocol

from botplatform.paper import errors
from botplatform.paper.money import ZERO, wire
from botplatform.paper.orders import Print

MINUTE = 60_000
DAY = 1440 * MINUTE
KEPT = 3 * 1440
INTERVALS = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
}


@dataclass(slots=True, kw_only=True)
class Candle:
    """`taker_*` is the part that takers bought; `first` and `last` are trade ids, -1 if there was no trade."""

    opened: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote: Decimal = ZERO
    trades: int = 0
    taker_volume: Decimal = ZERO
    taker_quote: Decimal = ZERO
    first: int = -1
    last: int = -1

    def row(self, minutes: int) -> list[Any]:
        """As in GET klines."""
        return [
            self.opened,
            wire(self.open),
            wire(self.high),
            wire(self.low),
            wire(self.close),
            wire(self.volume),
            self.opened + minutes * MINUTE - 1,
            wire(self.quote),
            self.trades,
            wire(self.taker_volume),
            wire(self.taker_quote),
            "0",
        ]


def minutes_of(interval: str) -> int:
    """How many minutes a kline has; raises a Refusal for an interval that is not served."""
    minutes = INTERVALS.get(interval)
    if minutes is None:
        raise errors.invalid(-1120, "interval")
    return minutes


def merge(candles: Iterable[Candle], opened: int) -> Candle:
    """One candle of several consecutive ones."""
    parts = list(candles)
    ids = [part for part in parts if part.first >= 0]
    return Candle(
        opened=opened,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum((part.volume for part in parts), ZERO),
        quote=sum((part.quote for part in parts), ZERO),
        trades=sum(part.trades for part in parts),
        taker_volume=sum((part.taker_volume for part in parts), ZERO),
        taker_quote=sum((part.taker_quote for part in parts), ZERO),
        first=ids[0].first if ids else -1,
        last=ids[-1].last if ids else -1,
    )


class Earlier(Protocol):
    """Whoever has what is older than the minutes held."""

    @property
    def begin(self) -> int | None:
        """When its first candle opens; None before there is any."""

    def candles(self, minutes: int, start: int, end: int) -> list[Candle]:
        """Candles of this width, or finer, that open from `start` to before `end`, oldest first."""


class Candles:
    """The last three days of one market without gaps; `unsaved` are those that the store does not have yet."""

    def __init__(self, symbol: str, price: Decimal, now: int, earlier: Earlier | None = None) -> None:
        self.symbol = symbol
        self._earlier = earlier
        self.minutes: deque[Candle] = deque(maxlen=KEPT)
        self.unsaved: dict[int, Candle] = {}
        self._start = (price, now)
        self._day: tuple[int, Candle] | None = None

    def load(self, candles: Iterable[Candle]) -> None:
        """Takes over candles of the past, oldest first; what lies between them is filled."""
        for candle in candles:
            if self.minutes:
                self.roll(candle.opened - MINUTE)
            self.minutes.append(candle)

    def roll(self, now: int) -> Candle:
        """The candle of the present minute; minutes in which nothing happened become flat candles."""
        minute = now // MINUTE * MINUTE
        if not self.minutes:
            price, start = self._start
            self._append(min(start // MINUTE * MINUTE, minute), price)
        newest = self.minutes[-1]
        if newest.opened < minute:
            oldest = minute - (KEPT - 1) * MINUTE
            for opened in range(max(newest.opened + MINUTE, oldest), minute + 1, MINUTE):
                self._append(opened, newest.close)
        return self.minutes[-1]

    def record(self, trade: Print) -> None:
        candle = self.roll(trade.time)
        price = trade.price
        if not candle.trades:
            candle.first = trade.id
        candle.high = max(candle.high, price)
        candle.low = min(candle.low, price)
        candle.close = price
        candle.volume += trade.quantity
        candle.quote += trade.quote
        candle.trades += 1
        candle.last = trade.id
        if not trade.buyer_is_maker:
            candle.taker_volume += trade.quantity
            candle.taker_quote += trade.quote
        self.unsaved[candle.opened] = candle

    def last_price(self, now: int) -> Decimal:
        return self.roll(now).close

    def around(self, interval: str, moment: int) -> Candle:
        """The candle of an interval that contains a moment of the last three days; the present one is unfinished."""
        self.roll(moment)
        width = minutes_of(interval) * MINUTE
        opened = moment // width * width
        parts = []
        for candle in reversed(self.minutes):
            if candle.opened < opened:
                break
            if candle.opened < opened + width:
                parts.append(candle)
        return merge(reversed(parts), opened)

    def klines(self, interval: str, start: int | None, end: int | None, limit: int, now: int) -> list[list[Any]]:
        """Rows as in GET klines: the first `limit` from `start` on, or the last `limit` up to `end`."""
        self.roll(now)
        minutes = minutes_of(interval)
        rows = [
            candle
            for candle in self._merged(minutes, start, end, limit)
            if (start is None or candle.opened >= start) and (end is None or candle.opened <= end)
        ]
        chosen = rows[:limit] if start is not None else rows[-limit:]
        return [candle.row(minutes) for candle in chosen]

    def _merged(self, minutes: int, start: int | None, end: int | None, limit: int) -> Iterator[Candle]:
        width = minutes * MINUTE
        newest = self.minutes[-1].opened // width * width
        last = newest if end is None else min(newest, end // width * width)
        first = last - (limit - 1) * width if start is None else start // width * width
        held = self.minutes[0].opened
        earlier = self._earlier if first < held else None
        begin = None if earlier is None else earlier.begin
        oldest = held if begin is None else min(begin, held)
        if start is not None:
            first = max(first, oldest // width * width)
            last = min(last, first + limit * width)
        low = max(0, (first - held) // MINUTE)
        high = max(0, (last + width - held) // MINUTE)
        chosen: Iterable[Candle] = (self.minutes[index] for index in range(low, min(high, len(self.minutes))))
        if earlier is not None and first < held:
            chosen = chain(
                earlier.candles(minutes, max(first, oldest // width * width), min(held, last + width)), chosen
            )
        if minutes == 1:
            yield from chosen
            return
        for opened, parts in groupby(chosen, key=lambda candle: candle.opened // width * width):
            yield merge(parts, opened)

    def day(self, now: int) -> Candle:
        """The last 24 hours as one candle."""
        current = self.roll(now)
        if self._day is None or self._day[0] != current.opened:
            since = current.opened - DAY
            past = [candle for candle in self.minutes if since < candle.opened < current.opened]
            whole = (
                merge(past, past[0].opened)
                if past
                else Candle(
                    opened=current.opened,
                    open=current.open,
                    high=current.high,
                    low=current.low,
                    close=current.close,
                )
            )
            self._day = (current.opened, whole)
        return merge((self._day[1], current), self._day[1].opened)

    def _append(self, opened: int, price: Decimal) -> None:
        self.minutes.append(Candle(opened=opened, open=price, high=price, low=price, close=price))
