"""Orders that a strategy wants, and the trades that came of them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def other(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that a deal should have. `name` is its identity and `amount` its total within the deal.

    What is missing of the total is what gets placed, which makes a partial fill ordinary.
    `price` None means at the market. `reduce_only` is reserved for futures and always false on spot.
    """

    name: str
    side: Side
    amount: Decimal  # base currency, on lots
    price: Decimal | None = None  # quote currency, on ticks
    reduce_only: bool = False


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trade of one order. The fee is in `fee_asset`: base, quote, or a third such as BNB."""

    order: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    at: int  # milliseconds since 1970
    trade_id: str


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that the exchange has on its book, as far as we know.

    `remaining` is what has not traded of the piece that was placed. A piece that is being cancelled, or whose fate
    is unknown, is still open: it may yet fill.
    """

    order: Order
    remaining: Decimal
    leaving: bool = False  # a cancel is on its way, or we wait to learn whether it exists
