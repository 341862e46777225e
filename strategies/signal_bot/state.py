"""What a deal of a signal bot has to remember that no fill tells."""

from __future__ import annotations

import msgspec

from strategies.exits import NO_FUNDS, NOTHING_SEEN, Funds, Seen
from strategies.signal_bot.order import SignalExits

_REMEMBERED = 20


class Unheeded(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that was heard and not acted on, and why, as a sentence."""

    wish: str
    action: str
    reason: str


class SignalState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seen: Seen = NOTHING_SEEN
    funds: Funds = NO_FUNDS
    exits: SignalExits | None = None  # those of the last entering signal that brought some
    disabled: bool = False
    unheeded: tuple[Unheeded, ...] = ()  # the last of them

    def not_heeding(self, wish: str, action: str, reason: str) -> SignalState:
        """The same, with one more signal not acted on. The same wish again is none more."""
        if any(each.wish == wish for each in self.unheeded):
            return self
        one = Unheeded(wish=wish, action=action, reason=reason)
        return msgspec.structs.replace(self, unheeded=(*self.unheeded, one)[-_REMEMBERED:])


FRESH = SignalState()
