"""One market's order book: price first, then time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from botplatform.paper.orders import Order, Side

Level = tuple[Decimal, Decimal]


class Diff:
    """The prices that changed since somebody last looked; the streams keep one for each rate."""

    def __init__(self, since: int) -> None:
        self.since = since
        self.prices: dict[Side, set[Decimal]] = {"BUY": set(), "SELL": set()}


class Book:
    """Resting orders by side. The best bid is the last of its prices, the best ask the first of its."""

    def __init__(self) -> None:
        self.update_id = 1
        self.diffs: list[Diff] = []
        self._prices: dict[Side, list[Decimal]] = {"BUY": [], "SELL": []}
        self._levels: dict[Side, dict[Decimal, dict[int, Order]]] = {"BUY": {}, "SELL": {}}

    def add(self, order: Order) -> None:
        """Puts an order behind the others of its price."""
        levels = self._levels[order.side]
        level = levels.get(order.price)
        if level is None:
            level = levels[order.price] = {}
            insort(self._prices[order.side], order.price)
        level[order.id] = order
        self.touched(order)

    def remove(self, order: Order) -> None:
        """Takes an order out; one that is not in the book is left alone."""
        levels = self._levels[order.side]
        level = levels.get(order.price)
        if level is None or level.pop(order.id, None) is None:
            return
        if not level:
            del levels[order.price]
            prices = self._prices[order.side]
            del prices[bisect_left(prices, order.price)]
        self.touched(order)

    def touched(self, order: Order) -> None:
        """Counts a change of what is shown at an order's price."""
        self.update_id += 1
        for diff in self.diffs:
            diff.prices[order.side].add(order.price)

    def best_price(self, side: Side) -> Decimal | None:
        prices = self._prices[side]
        if not prices:
            return None
        return prices[-1] if side == "BUY" else prices[0]

    def best(self, side: Side) -> Order | None:
        """The order that is matched next on a side."""
        price = self.best_price(side)
        return None if price is None else next(iter(self._levels[side][price].values()))

    def orders(self, side: Side) -> Iterator[Order]:
        """All orders of a side in the order in which they would be matched."""
        prices = self._prices[side]
        for price in reversed(prices) if side == "BUY" else prices:
            yield from self._levels[side][price].values()

    def shown(self, side: Side, price: Decimal) -> Decimal:
        """The amount that rests at a price."""
        level = self._levels[side].get(price)
        return Decimal(0) if level is None else sum((order.remaining for order in level.values()), Decimal(0))

    def depth(self, side: Side, limit: int) -> list[Level]:
        """The best `limit` prices of a side with their amounts, best first."""
        prices = self._prices[side]
        chosen = prices[: -limit - 1 : -1] if side == "BUY" else prices[:limit]
        return [(price, self.shown(side, price)) for price in chosen]


def other(side: Side) -> Side:
    return "SELL" if side == "BUY" else "BUY"


def crosses(side: Side, limit: Decimal, price: Decimal) -> bool:
    """Whether an order of `side` with the limit `limit` may trade at `price`."""
    return price <= limit if side == "BUY" else price >= limit
