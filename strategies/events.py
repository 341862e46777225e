"""What happens around a deal that is not a fill, and what a deal waits for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Tick:
    """The price at which the market last traded."""

    at: int  # milliseconds since 1970
    price: Decimal


@dataclass(frozen=True, slots=True)
class CloseAtMarket:
    """The user's wish to end the deal now and sell what is held."""


@dataclass(frozen=True, slots=True)
class CancelDeal:
    """The user's wish to end the deal and keep the coins."""


Event = Tick | CloseAtMarket | CancelDeal


class Crossing(StrEnum):
    BELOW = "at or below"
    ABOVE = "at or above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A price at which the wanted orders change though nothing filled. `then` says what will happen, in words."""

    crossing: Crossing
    price: Decimal
    then: str

    def reached_by(self, price: Decimal) -> bool:
        return price <= self.price if self.crossing is Crossing.BELOW else price >= self.price
