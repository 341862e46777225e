"""What a SmartTrade has to remember that no fill tells."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from strategies.exits import NO_FUNDS, NOTHING_SEEN, Funds, Seen


class SmartState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seen: Seen = NOTHING_SEEN
    funds: Funds = NO_FUNDS
    follows: Decimal | None = None  # the best price since the trigger, for an entry that trails
    entered_at: Decimal | None = None  # the price at which a conditional or forced entry was sent
    forced: Decimal | None = None  # the user wanted the entry at once, at market: its total in base
    let_go: bool = False  # what is missing of the entry is not wanted any more


FRESH = SmartState()
