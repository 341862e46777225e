"""The resting orders of a backtest: best bid and best ask at once, everything by name."""

from __future__ import annotations

from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from strategies.market import ZERO
from strategies.orders import Order, Side

NEVER = float("inf")


class Resting(msgspec.Struct, eq=False, gc=False):
    """One order on the book."""

    order: Order
    amount: Decimal


class RestingOrders:
    """Two heaps with lazy removal. Among orders at one price the one placed first trades first."""

    __slots__ = ("_asks", "_bids", "_placed", "by_name", "offered")

    def __init__(self) -> None:
        self.by_name: dict[str, Resting] = {}
        self.offered = ZERO  # base currency in sells
        self._bids: list[tuple[float, int, Resting]] = []
        self._asks: list[tuple[float, int, Resting]] = []
        self._placed = 0

    def add(self, order: Order, amount: Decimal, price: float) -> None:
        """Put an order on the book; `price` is its limit as a float, which compares exactly with candles' prices."""
        self.by_name[order.name] = resting = Resting(order, amount)
        self._placed += 1
        if order.side is Side.BUY:
            heappush(self._bids, (-price, self._placed, resting))
        else:
            self.offered += amount
            heappush(self._asks, (price, self._placed, resting))

    def remove(self, name: str) -> None:
        resting = self.by_name.pop(name)
        if resting.order.side is Side.SELL:
            self.offered -= resting.amount

    def clear(self) -> None:
        self.by_name.clear()
        self._bids.clear()
        self._asks.clear()
        self.offered = ZERO

    def best_bid(self) -> float:
        """The highest buy; minus infinity without one."""
        bids = self._bids
        while bids:
            if self.by_name.get(bids[0][2].order.name) is bids[0][2]:
                return -bids[0][0]
            heappop(bids)
        return -NEVER

    def best_ask(self) -> float:
        """The lowest sell; infinity without one."""
        asks = self._asks
        while asks:
            if self.by_name.get(asks[0][2].order.name) is asks[0][2]:
                return asks[0][0]
            heappop(asks)
        return NEVER

    def take_bid(self) -> Resting:
        """Remove and answer the order that `best_bid` spoke of."""
        resting = heappop(self._bids)[2]
        del self.by_name[resting.order.name]
        return resting

    def take_ask(self) -> Resting:
        resting = heappop(self._asks)[2]
        del self.by_name[resting.order.name]
        self.offered -= resting.amount
        return resting
