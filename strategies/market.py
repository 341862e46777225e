"""What a strategy may know of a market: its rules of rounding and its fees."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One spot market of one exchange.

    `tick_size` is the smallest step of a price and `lot_size` of an amount; `min_notional` the smallest
    price x amount of an order, in quote. Fees are fractions of what is received (0.001 is 0.1 %).
    """

    symbol: str  # "BTC/USDT"
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal = ZERO
    min_amount: Decimal = ZERO
    max_orders: int = 200
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")

    @property
    def base(self) -> str:
        return self.symbol.partition("/")[0]

    @property
    def quote(self) -> str:
        return self.symbol.partition("/")[2].partition(":")[0]

    def price_down(self, price: Decimal) -> Decimal:
        """The highest tick that is not above `price`."""
        return (price / self.tick_size).to_integral_value(ROUND_FLOOR) * self.tick_size

    def price_up(self, price: Decimal) -> Decimal:
        """The lowest tick that is not below `price`."""
        return (price / self.tick_size).to_integral_value(ROUND_CEILING) * self.tick_size

    def amount_down(self, amount: Decimal) -> Decimal:
        """The most lots that `amount` has room for."""
        return (amount / self.lot_size).to_integral_value(ROUND_FLOOR) * self.lot_size

    def amount_up(self, amount: Decimal) -> Decimal:
        """The fewest lots that hold `amount`."""
        return (amount / self.lot_size).to_integral_value(ROUND_CEILING) * self.lot_size

    def accepts(self, amount: Decimal, price: Decimal) -> bool:
        """Whether an order of this size can exist here: at least a lot, and of the minimum notional."""
        return (
            amount > 0 and amount >= self.lot_size and amount >= self.min_amount and amount * price >= self.min_notional
        )
