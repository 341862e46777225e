"""What a DCA deal has to remember that no fill tells."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class ByHand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that the user asked for: `name` in the deal, `amount` in base, `price` None at the market."""

    name: str
    amount: Decimal
    price: Decimal | None = None


class DCAState(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    released: tuple[int, ...] = ()  # averaging orders that are sent at market because their price was reached
    averaging: bool = False  # whether the averaging conditions hold
    closing: bool = False  # whether the close conditions hold
    best: Decimal | None = None  # the best price since the deal began, for a trailing stop
    armed: Decimal | None = None  # the best price since the trailing take profit was reached
    stopped_since: int | None = None  # since when the price has been beyond the stop, in milliseconds
    added: tuple[ByHand, ...] = ()  # funds added by the user
    reduced: tuple[ByHand, ...] = ()  # parts closed by the user


FRESH = DCAState()
