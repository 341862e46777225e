"""What a strategy may know of a market: its rules of rounding and its fees."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from strategies.orders import Side
from strategies.settings import Problem, SettingsRefused

ZERO = Decimal(0)
ONE = Decimal(1)
_ONLY_SPOT = "Choose one such as BTC/USDT: futures, swaps and options are not traded."


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
    max_amount: Decimal | None = None  # of one order; None: no such limit
    max_orders: int = 200
    lowest_buy: Decimal | None = None  # a buy's price is at least so many times the last price
    highest_sell: Decimal | None = None  # a sell's price at most
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    contract_size: Decimal = ONE  # reserved for futures: base currency in one contract; one on spot
    base: str = field(init=False)
    quote: str = field(init=False)
    smallest: Decimal = field(init=False)  # the least amount of an order, notional apart
    decimal_steps: bool = field(init=False)  # tick and lot are powers of ten below 1, so that rounding is one step

    def __post_init__(self) -> None:
        """Raises SettingsRefused for what is no spot market."""
        base, _, quote = self.symbol.partition("/")
        if ":" in quote:
            raise SettingsRefused((Problem("market", f"{self.symbol} is no spot market.", _ONLY_SPOT),))
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "quote", quote)
        object.__setattr__(self, "smallest", max(self.lot_size, self.min_amount))
        object.__setattr__(self, "decimal_steps", _is_decimal(self.tick_size) and _is_decimal(self.lot_size))

    def price_down(self, price: Decimal) -> Decimal:
        """The highest tick that is not above `price`. Prices are positive, so cutting off is rounding down."""
        if self.decimal_steps:
            return price.quantize(self.tick_size, ROUND_FLOOR)
        return price // self.tick_size * self.tick_size

    def price_up(self, price: Decimal) -> Decimal:
        """The lowest tick that is not below `price`."""
        tick = self.tick_size
        if self.decimal_steps:
            return price.quantize(tick, ROUND_CEILING)
        down = price // tick * tick
        return down if down == price else down + tick

    def amount_down(self, amount: Decimal) -> Decimal:
        """The most lots that `amount` has room for."""
        if self.decimal_steps:
            return amount.quantize(self.lot_size, ROUND_FLOOR)
        return amount // self.lot_size * self.lot_size

    def amount_up(self, amount: Decimal) -> Decimal:
        """The fewest lots that hold `amount`."""
        lot = self.lot_size
        if self.decimal_steps:
            return amount.quantize(lot, ROUND_CEILING)
        down = amount // lot * lot
        return down if down == amount else down + lot

    def in_reach(self, side: Side, price: Decimal, last_price: Decimal) -> bool:
        """Whether the exchange takes a limit order so far from the last price; a deeper one has to wait."""
        if side is Side.BUY:
            return self.lowest_buy is None or price >= last_price * self.lowest_buy
        return self.highest_sell is None or price <= last_price * self.highest_sell

    def accepts(self, amount: Decimal, price: Decimal) -> bool:
        """Whether an order of this size can exist here: at least a lot, and of the minimum notional."""
        return amount >= self.smallest and amount * price >= self.min_notional


def _is_decimal(step: Decimal) -> bool:
    """Whether quantizing to the exponent of `step` is rounding to its multiples: 0.01, but neither 0.5 nor 1E+2."""
    sign, digits, exponent = step.as_tuple()
    return not sign and digits == (1,) and isinstance(exponent, int) and exponent <= 0
