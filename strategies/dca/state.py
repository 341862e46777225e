"""What a DCA deal has to remember that no fill tells."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec.structs import replace


class ByHand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order that the user asked for: `name` in the deal, `amount` in base, `price` None at the market."""

    name: str
    amount: Decimal
    price: Decimal | None = None


class DCAState(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    released: tuple[int, ...] = ()  # averaging orders that are sent at market because their price was reached
    averaging: bool = False  # whether the averaging conditions hold
    closing: bool = False  # whether the close conditions hold
    held_before: bool = False  # whether they have held since before the base order traded
    best: Decimal | None = None  # the best price since the deal began, for a trailing stop
    armed: Decimal | None = None  # the best price since the trailing take profit was reached
    stopped_since: int | None = None  # since when the price has been beyond the stop, in milliseconds
    added: tuple[ByHand, ...] = ()  # funds added by the user
    reduced: tuple[ByHand, ...] = ()  # parts closed by the user
    done: tuple[int, ...] = ()  # averaging orders that had filled when the user changed the settings

    def answered(self, ask: str, *, holds: bool, begun: bool) -> DCAState:
        """With the answer to one of the bot's conditions; `begun`: whether the base order has traded."""
        if ask == "averaging":
            return replace(self, averaging=holds)
        before = self.held_before if self.closing else not begun
        return replace(self, closing=holds, held_before=holds and before)


FRESH = DCAState()
