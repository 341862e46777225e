"""The resting orders of a backtest: best bid and best ask at once, everything by name."""

from __future__ import annotations

from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from strategies.market import ZERO
from strategies.orders import Order, Side

NEVER = float("inf")
_BUY = Side.BUY  # asked for every order: an enum's class is slow to look into


class Resting(msgspec.Struct, eq=False, gc=False):
    """One order on the book."""

    order: Order
    amount: Decimal


class RestingOrders:
    """Two heaps with lazy removal. Among orders at one price the one placed first trades first."""

    __slots__ = ("_asks", "_bids", "_placed", "ask", "bid", "by_name", "offered")

    def __init__(self) -> None:
        self.by_name: dict[str, Resting] = {}
        self.bid, self.ask = -NEVER, NEVER  # the highest buy and the lowest sell
        self.offered = ZERO  # base currency in sells
        self._bids: list[tuple[float, int, Resting]] = []
        self._asks: list[tuple[float, int, Resting]] = []
        self._placed = 0

    def add(self, order: Order, amount: Decimal, price: float) -> None:
        """Put an order on the book; `price` is its limit as a float, which compares exactly with candles' prices."""
        self.by_name[order.name] = resting = Resting(order, amount)
        self._placed += 1
        if order.side is _BUY:
            heappush(self._bids, (-price, self._placed, resting))
            self.bid = max(self.bid, price)
        else:
            self.offered += amount
            heappush(self._asks, (price, self._placed, resting))
            self.ask = min(self.ask, price)

    def remove(self, name: str) -> None:
        resting = self.by_name.pop(name)
        if resting.order.side is _BUY:
            self._find_bid()
        else:
            self.offered -= resting.amount
            self._find_ask()

    def clear(self) -> None:
        self.by_name.clear()
        self._bids.clear()
        self._asks.clear()
        self.bid, self.ask = -NEVER, NEVER
        self.offered = ZERO

    def take_bid(self) -> Resting:
        """Remove and answer the order at `bid`."""
        resting = heappop(self._bids)[2]
        del self.by_name[resting.order.name]
        self._find_bid()
        return resting

    def take_ask(self) -> Resting:
        """Remove and answer the order at `ask`."""
        resting = heappop(self._asks)[2]
        del self.by_name[resting.order.name]
        self.offered -= resting.amount
        self._find_ask()
        return resting

    def _find_bid(self) -> None:
        bids = self._bids
        while bids and self.by_name.get(bids[0][2].order.name) is not bids[0][2]:
            heappop(bids)
        self.bid = -bids[0][0] if bids else -NEVER

    def _find_ask(self) -> None:
        asks = self._asks
        while asks and self.by_name.get(asks[0][2].order.name) is not asks[0][2]:
            heappop(asks)
        self.ask = asks[0][0] if asks else NEVER
