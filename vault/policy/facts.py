"""What a decision rests on. Service gathers it; policy only reads it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vault.messages.money import EXACT
from vault.messages.words import Limits, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An intent to place an order, its numbers, and what the grant says."""

    intent: Place
    amount: Decimal
    price: Decimal
    limits: Limits
    order_notional: Decimal  # the grant's limit, in quote

    @property
    def notional(self) -> Decimal:
        """The most quote that can change hands."""
        return EXACT.multiply(self.amount, self.price)
