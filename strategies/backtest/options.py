"""How a backtest treats what candles do not tell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from strategies.market import ZERO


class FillRule(StrEnum):
    """When a resting limit order trades: when the price goes through it, or as soon as it touches it."""

    THROUGH = "through"
    TOUCH = "touch"


class GapRule(StrEnum):
    """Where an order trades that the next candle's open has jumped over: at its limit, or at the better open."""

    LIMIT = "limit"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the bot's account and its exchange are taken to be.

    `slippage` is the fraction by which an order at the market trades worse than the price of then. `balance` is the
    account's free quote at the start, for sizes in percent of it; no order is refused for want of it.
    """

    fill: FillRule = FillRule.THROUGH
    gap: GapRule = GapRule.LIMIT
    slippage: Decimal = ZERO
    balance: Decimal | None = None
