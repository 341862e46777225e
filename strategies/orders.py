"""Orders that a strategy wants, and the trades that came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def other(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order that a deal should have. `name` is its identity and `amount` its total within the deal.

    What is missing of the total is what gets placed, which makes a partial fill ordinary.
    `price` None means at the market. `reduce_only` is reserved for futures and always false on spot.
    """

    name: str
    side: Side
    amount: Decimal  # base currency, on lots
    price: Decimal | None = None  # quote currency, on ticks
    reduce_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade of one order. The fee is in `fee_asset`: base, quote, or a third such as BNB."""

    order: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    at: datetime
    trade_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order that the exchange has on its book, as far as we know.

    `amount` is what this piece of the wanted order was placed with, `remaining` what has not traded of it.
    A piece that is being cancelled, or whose fate is unknown, is still open: it may yet fill.
    """

    order: Order
    remaining: Decimal
    leaving: bool = False  # a cancel is on its way, or we wait to learn whether it exists
