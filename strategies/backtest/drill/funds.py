"""One quote balance for several deals, kept as an exchange keeps it.

A buy on the book reserves what it will cost. One that the free cash does not cover is refused; the bot asks again, so
it is placed as soon as cash comes free, in the order in which they were refused.
"""

from __future__ import annotations

from decimal import Decimal

from strategies.backtest.book import RestingOrders
from strategies.backtest.drill.outcome import Starved
from strategies.market import ZERO
from strategies.orders import Order, Side

Key = tuple[int, str]  # the deal's number, the order's name


class Funds:
    """`balance` in quote, with what resting orders have reserved of it; None: as much as is asked for."""

    def __init__(self, balance: Decimal | None) -> None:
        self._unlimited = balance is None
        self.balance = balance or ZERO  # below zero: lent, when there is no limit
        self.needed = ZERO  # the most that was lent at one time
        self.earned = ZERO  # by sells, after fees
        self.starved: list[Starved] = []  # as it happened, each order once
        self._reserved: dict[Key, Decimal] = {}
        self._refused: dict[Key, Decimal] = {}
        self._total = ZERO  # of what is reserved

    @property
    def free(self) -> Decimal:
        return self.balance - self._total

    def reserve(self, key: Key, cost: Decimal) -> None:
        """An order is placed. If the cash does not cover it, it waits for some."""
        if self._unlimited or cost <= self.free:
            self._reserved[key] = cost
            self._total += cost
            self.needed = max(self.needed, -self.free)
        else:
            self._refused[key] = cost

    def release(self, key: Key) -> None:
        """An order leaves the book, and what it had reserved is free."""
        self._refused.pop(key, None)
        self._total -= self._reserved.pop(key, ZERO)
        self._place_refused()

    def pay(self, key: Key, cost: Decimal) -> Decimal:
        """An order trades for this much, from what it has reserved or what is free. What is missing: zero if paid."""
        self._refused.pop(key, None)
        self._total -= self._reserved.pop(key, ZERO)
        missing = ZERO if self._unlimited else max(cost - self.free, ZERO)
        if not missing:
            self.balance -= cost
            self.needed = max(self.needed, -self.free)
        self._place_refused()
        return missing

    def earn(self, proceeds: Decimal) -> None:
        self.balance += proceeds
        self.earned += proceeds
        self._place_refused()

    def _place_refused(self) -> None:
        for key, cost in [*self._refused.items()]:
            if cost <= self.free:
                del self._refused[key]
                self.reserve(key, cost)


class FundedOrders(RestingOrders):
    """The resting orders of one deal: each buy among them reserves its cost, until it is removed or paid."""

    __slots__ = ("_deal", "_funds")

    def __init__(self, deal: int, funds: Funds) -> None:
        super().__init__()
        self._deal, self._funds = deal, funds

    def add(self, order: Order, amount: Decimal, price: float) -> None:
        """Put an order on the book, in the queue for cash if it is refused."""
        super().add(order, amount, price)
        if order.side is Side.BUY and order.price is not None:
            self._funds.reserve((self._deal, order.name), amount * order.price)

    def remove(self, name: str) -> None:
        super().remove(name)
        self._funds.release((self._deal, name))

    def clear(self) -> None:
        names = [*self.by_name]
        super().clear()
        for name in names:
            self._funds.release((self._deal, name))
