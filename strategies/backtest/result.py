"""What a backtest found: its fills and its deals."""

from __future__ import annotations

from decimal import Decimal

import msgspec

GIVEN = "given"  # in place of an order's name: coins that a deal was given


class Filled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trade. `bar` is the candle's index, `at` its opening in milliseconds since 1970."""

    bar: int
    at: int
    side: str  # "buy" or "sell"
    price: Decimal
    amount: Decimal  # base
    fee: Decimal
    fee_asset: str
    order: str
    deal: int  # from 1
    market: str


class DealDone(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One deal; `closed_bar` is None while it is still open at the last candle.

    `opened_at` is when it began to wait for its entry and `entered_at` when something first traded, or coins were given
    to it; None while nothing has.
    """

    number: int
    market: str
    opened_bar: int
    opened_at: int
    closed_bar: int | None
    closed_at: int | None
    ending: str  # "take profit", "stop loss", ...; empty while open
    averaging_orders: int  # how many filled, in whole or in part
    invested: Decimal  # quote: the most that was in it at one time, before fees; of a short, what its sales had brought
    realised: Decimal  # quote, after fees
    held: Decimal  # base, still held at the end; of a short below zero, what it owes
    cost_of_held: Decimal  # quote; of a short below zero, what it got for what it owes
    entered_at: int | None = None

    @property
    def began_at(self) -> int:
        """From when on its length is counted: its entry."""
        return self.opened_at if self.entered_at is None else self.entered_at

    @property
    def counts(self) -> bool:
        """Whether anything was in it."""
        return bool(self.invested or self.realised)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report is made from. `fills` in the order in which they happened.

    `given` are coins that deals had of their owner from their first moment, as buys without a fee at what they count
    as then. Coins that a `short` sells are not among them: they are lent, and it gives them back.
    """

    market: str
    fills: list[Filled]
    deals: list[DealDone]
    warnings: list[str]
    given: list[Filled] = []
    short: bool = False
