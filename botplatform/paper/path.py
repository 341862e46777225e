"""Where the price goes: along a seeded random path, or along a file of candles."""

from __future__ import annotations

import csv
import json
import math
import random
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Protocol

from botplatform.paper.candles import MINUTE, Candle
from botplatform.paper.markets import Market
from botplatform.paper.money import ZERO, floor8, nearest

YEAR = 365 * 86_400.0
# Pulls the price back with a half-life of about a week of market time: strong enough that it stays within about
# a quarter of its anchor for months, weak enough not to show within hours.
REVERSION = 38.0
HISTORY_STEPS = 12
MICROSECONDS = 10**14


class PricePath(Protocol):
    """A price on the market's grid, and how to get to the next one."""

    @property
    def price(self) -> Decimal: ...
    @property
    def index(self) -> int: ...
    @property
    def done(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    def advance(self) -> Decimal: ...
    def move(self, price: Decimal) -> None: ...
    def volume(self) -> Decimal: ...
    def state(self) -> str: ...
    def restore(self, state: str) -> None: ...


class SeededPath:
    """A mean-reverting random walk of the logarithm; step `index` depends on the seed and the index alone."""

    def __init__(self, market: Market, seed: int, seconds: float) -> None:
        """`seconds` is the market time that a step takes."""
        self.market = market
        self.index = 0
        self.done = False
        self.kind = "seeded"
        self._seed = f"{seed}/{market.symbol}/"
        self._seconds = seconds
        self._anchor = self._log = math.log(market.start)
        self.price = nearest(market.start, market.tick)

    def advance(self) -> Decimal:
        self.index += 1
        return self._walk(self._random(), self._seconds)

    def move(self, price: Decimal) -> None:
        """Continues from another price, which is also what the path returns to from now on."""
        self._anchor = self._log = math.log(price)
        self.price = price

    def volume(self) -> Decimal:
        """A seeded path makes no volume by itself: the market maker trades."""
        return ZERO

    def state(self) -> str:
        return json.dumps([self.index, self._log, self._anchor])

    def restore(self, state: str) -> None:
        self.index, self._log, self._anchor = json.loads(state)
        self.price = nearest(math.exp(self._log), self.market.tick)

    def history(self, minutes: int, speed: float, now: int) -> list[Candle]:
        """The candles of the `minutes` minutes before the present one; the path then stands at the last close."""
        source = random.Random(self._seed + "history")  # noqa: S311  (a market, not a secret)
        seconds = 60.0 * speed / HISTORY_STEPS
        first = now // MINUTE * MINUTE - minutes * MINUTE
        candles = []
        for number in range(minutes):
            prices = [self.price, *(self._walk(source, seconds) for _ in range(HISTORY_STEPS))]
            volume = nearest(self.market.size * source.uniform(1, 4) / float(self.price), self.market.lot)
            taker = nearest(float(volume) * source.uniform(0.3, 0.7), self.market.lot)
            candles.append(
                Candle(
                    opened=first + number * MINUTE,
                    open=prices[0],
                    high=max(prices),
                    low=min(prices),
                    close=prices[-1],
                    volume=volume,
                    quote=floor8(volume * self.price),
                    trades=source.randint(100, 300),
                    taker_volume=taker,
                    taker_quote=floor8(taker * self.price),
                )
            )
        return candles

    def _random(self) -> random.Random:
        return random.Random(self._seed + str(self.index))  # noqa: S311  (a market, not a secret)

    def _walk(self, source: random.Random, seconds: float) -> Decimal:
        years = seconds / YEAR
        self._log += (self._anchor - self._log) * REVERSION * years
        self._log += self.market.volatility * math.sqrt(years) * source.gauss(0.0, 1.0)
        self.price = nearest(math.exp(self._log), self.market.tick)
        return self.price


class CandlePath:
    """Walks every bar of a file: open, low, high, close if it closes above its open, else open, high, low, close.

    `index` counts the vertices released; the first one, the first bar's open, is where the path begins.
    """

    def __init__(self, market: Market, bars: list[tuple[Decimal, Decimal, Decimal, Decimal, Decimal]]) -> None:
        self.market = market
        self.index = 1
        self.kind = f"candles-{len(bars)}"  # a state is only valid for the file it came from
        self._bars = bars
        self._moved: Decimal | None = None

    @property
    def price(self) -> Decimal:
        if self._moved is not None:
            return self._moved
        opening, high, low, close, _volume = self._bars[(self.index - 1) // 4]
        corners = (opening, low, high, close) if close > opening else (opening, high, low, close)
        return corners[(self.index - 1) % 4]

    @property
    def done(self) -> bool:
        return self.index >= 4 * len(self._bars)

    def advance(self) -> Decimal:
        """The next vertex; the last one stays."""
        if not self.done:
            self.index += 1
            self._moved = None
        return self.price

    def move(self, price: Decimal) -> None:
        """Stands at another price until the next vertex."""
        self._moved = price

    def volume(self) -> Decimal:
        """The vertex's share of its bar's volume."""
        bar = self._bars[(self.index - 1) // 4]
        return max(bar[4] / 4 // self.market.lot, Decimal(1)) * self.market.lot

    def state(self) -> str:
        return json.dumps([self.index, None if self._moved is None else str(self._moved)])

    def restore(self, state: str) -> None:
        index, moved = json.loads(state)
        self.index = min(int(index), 4 * len(self._bars))
        self._moved = None if moved is None else Decimal(moved)


def read_candles(path: Path, market: Market) -> tuple[CandlePath, float]:
    """A path along a CSV of Binance's dumps (open_time, open, high, low, close, volume, ...; stamps in ms or us),
    and the seconds that a bar takes. Raises ValueError, naming the line, for a file that is none."""
    bars = []
    stamps = []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if number == 1 and row and not row[0].isdigit():
                continue
            try:
                stamps.append(int(row[0]))
                opening, high, low, close = (nearest(Decimal(value), market.tick) for value in row[1:5])
                bars.append((opening, high, low, close, Decimal(row[5])))
            except (ValueError, IndexError, InvalidOperation):
                raise ValueError(f"{path.name}, line {number}: no candle") from None
    if not bars:
        raise ValueError(f"{path.name} holds no candle")
    unit = 1_000_000 if stamps[0] > MICROSECONDS else 1_000
    seconds = (stamps[1] - stamps[0]) / unit if len(stamps) > 1 else 60.0
    return CandlePath(market, bars), max(seconds, 1.0)
