"""A crash as a path of factors, and the candles that it makes of a market's price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np

from strategies.backtest.candles import Candles
from strategies.market import ONE, Market

_FINEST = Decimal("1.0025")  # the ratio that one piece of the path spans at most


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle of a scenario, in factors of the price before it begins."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    @property
    def path(self) -> tuple[Decimal, ...]:
        """The order in which a backtest assumes these prices."""
        if self.close > self.open:
            return (self.open, self.low, self.high, self.close)
        return (self.open, self.high, self.low, self.close)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Every market of a drill goes the same way, at the same time. `span` is a candle's length in milliseconds."""

    name: str
    title: str
    span: int
    candles: tuple[Bar, ...]

    @property
    def lowest(self) -> Decimal:
        """The lowest factor."""
        return min(bar.low for bar in self.candles)

    def pieces(self) -> Iterator[tuple[int, Decimal, Decimal]]:
        """The path in pieces so small that it hardly matters which market goes first within one.

        Each is (milliseconds from the start, from, to), with factors; where a candle opens away from the close before,
        a piece of no length stands at the open.
        """
        before = ONE
        for number, bar in enumerate(self.candles):
            legs = [(bar.open, bar.open)] if bar.open != before else []
            for start, end in pairwise(bar.path):
                legs += _cut(start, end)
            for place, (start, end) in enumerate(legs):
                yield number * self.span + self.span * place // len(legs), start, end
            before = bar.close

    def of(self, price: Decimal, market: Market, at: int) -> Candles:
        """The pieces as candles of a market that stands at `price` when the scenario begins, at `at`; on ticks."""
        pieces = list(self.pieces())
        rounded: dict[Decimal, float] = {}

        def on_tick(factor: Decimal) -> float:
            if factor not in rounded:
                rounded[factor] = float(max(market.price_down(price * factor), market.tick_size))
            return rounded[factor]

        opened = np.array([on_tick(start) for _, start, _ in pieces])
        close = np.array([on_tick(end) for _, _, end in pieces])
        return Candles(
            opened_at=np.array([at + after for after, _, _ in pieces], dtype=np.int64),
            open=opened,
            high=np.maximum(opened, close),
            low=np.minimum(opened, close),
            close=close,
            volume=np.ones(len(pieces)),
            span=self.span,
        )


def _cut(start: Decimal, end: Decimal) -> list[tuple[Decimal, Decimal]]:
    """A leg in equal steps of at most the finest ratio."""
    if start == end:
        return []
    count = int((max(start, end) / min(start, end)).ln() / _FINEST.ln()) + 1
    points = [*(start + (end - start) * step / count for step in range(count)), end]
    return list(pairwise(points))


def drawn(text: str, *, opens: str = "1") -> tuple[Bar, ...]:
    """Candles written as high/low/close; the first opens at `opens`, each other where the one before has closed."""
    bars, before = [], Decimal(opens)
    for word in text.split():
        high, low, close = (Decimal(number) for number in word.split("/"))
        bars.append(Bar(before, high, low, close))
        before = close
    return tuple(bars)
