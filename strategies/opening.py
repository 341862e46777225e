"""When a bot opens deals: what holds for the bot as a whole and not for one deal.

Who runs a bot asks this, live and in a backtest alike; a strategy never sees another deal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from strategies.market import ZERO

if TYPE_CHECKING:
    from strategies.conditions import Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """All of it must be fulfilled. None: no such limit."""

    conditions: Conditions | None = None  # None: at once
    deals_at_once: int = 1  # over all markets of the bot; one a market
    cooldown: int = 0  # milliseconds after a deal closed, before the next one on that market
    deals: int | None = None  # how many the bot opens in all
    lowest_price: Decimal | None = None
    highest_price: Decimal | None = None
    least_volume: Decimal | None = None  # quote, in 24 hours
    not_on: frozenset[str] = frozenset()  # symbols

    def against(self, symbol: str, price: Decimal, volume: Decimal | None) -> Iterator[str]:
        """Each reason not to open a deal on this market now, conditions, slots and times apart, as a sentence.

        `volume` None: it is not known.
        """
        if symbol in self.not_on:
            yield f"{symbol} is on the bot's list of markets not to trade."
        if self.lowest_price is not None and price < self.lowest_price:
            yield f"The price is below {self.lowest_price}."
        if self.highest_price is not None and price > self.highest_price:
            yield f"The price is above {self.highest_price}."
        if self.least_volume is not None:
            if volume is None:
                yield "The market's volume of 24 hours is not known yet."
            elif volume < self.least_volume:
                yield f"Less than {self.least_volume} were traded in 24 hours."

    def next_one(self, opened: int, going_on: int) -> bool:
        """Whether there is room for one more, after so many were opened and so many still go on."""
        return going_on < self.deals_at_once and (self.deals is None or opened < self.deals)


class Past(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bot has to go by when it opens a deal, in quote."""

    balance: Decimal | None = None  # free on the account; None: not known
    profit: Decimal = ZERO  # of all its deals that ended in profit
    loss: Decimal = ZERO  # of all those that did not, as a positive number


AT_ONCE = Opening()
ONCE = Opening(deals=1)
