"""Rate limits: request weight per address and minute, orders per account and ten seconds."""

from __future__ import annotations

from collections.abc import Hashable

from botplatform.paper import clock, errors

MINUTE = 60_000
TEN_SECONDS = 10_000


class Window:
    """Counts in windows that begin on the clock, like Binance's."""

    def __init__(self, limit: int, length: int) -> None:
        self.limit = limit
        self.length = length
        self._number = -1
        self._used: dict[Hashable, int] = {}

    def add(self, who: Hashable, amount: int) -> int:
        """Counts; answers what is used now, which may be above the limit."""
        number = clock.now() // self.length
        if number != self._number:
            self._number = number
            self._used = {}
        self._used[who] = self._used.get(who, 0) + amount
        return self._used[who]

    def retry_after(self) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, -(-(self.length - clock.now() % self.length) // 1000))


class Limits:
    """Both limits; a limit that is set anew starts counting anew."""

    def __init__(self) -> None:
        self.weight = Window(6000, MINUTE)
        self.orders = Window(100, TEN_SECONDS)

    def set(self, *, weight: int | None = None, orders: int | None = None) -> None:
        if weight is not None:
            self.weight = Window(weight, MINUTE)
        if orders is not None:
            self.orders = Window(orders, TEN_SECONDS)

    def spend(self, address: str, weight: int) -> int:
        """Answers the weight used by an address; raises a Refusal above the limit."""
        used = self.weight.add(address, weight)
        if used > self.weight.limit:
            raise errors.too_much_weight(self.weight.limit, self.weight.retry_after())
        return used

    def order(self, account: int) -> int:
        """Answers the orders counted for an account; raises a Refusal above the limit."""
        used = self.orders.add(account, 1)
        if used > self.orders.limit:
            raise errors.too_many_orders(self.orders.limit, self.orders.retry_after())
        return used

    def described(self) -> list[dict[str, str | int]]:
        """As in exchangeInfo."""
        return [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight.limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self.orders.limit},
        ]
