"""The settings of a SmartTrade, and what contradicts itself in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from strategies.events import Crossing
from strategies.exits import Exits, Step, StopLoss, impossible
from strategies.orders import Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice, part, rows


class Entry(StrEnum):
    """How a trade begins."""

    MARKET = "market"
    LIMIT = "limit"
    CONDITIONAL = "conditional"
    HELD = "already held"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartSettings:
    """As the trader fills them in. Percentages are fractions of one."""

    side: Side = choice(
        "Buy first and sell later; or sell coins that you hold and buy them back later, lower.", Side.BUY
    )
    entry: Entry = choice(
        "Market: at once. Limit: rests on the exchange at your price. Conditional: is sent when the price has reached"
        " the trigger. Already held: nothing is bought, only the exit is looked after.",
        Entry.MARKET,
    )
    base_amount: Decimal | None = setting(
        "How many coins the trade is for. They are rounded down to what the exchange takes.",
        unit="base",
        low="0",
        above_low=True,
        default=None,
    )
    quote_amount: Decimal | None = setting(
        "What the entry spends, or what the coins that it sells are worth. Give this or the coins.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    price: Decimal | None = setting(
        "The entry's limit price. A conditional entry without one is sent at market. For coins already held: what was"
        " paid for each.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    trigger: Decimal | None = setting(
        "The price that a conditional entry waits for.", unit="quote", low="0", above_low=True, default=None
    )
    crossing: Crossing = choice(
        "Whether a conditional entry waits for the price to fall to the trigger or to rise to it.", Crossing.BELOW
    )
    entry_trailing: Decimal | None = setting(
        "After the trigger the price is followed, and the entry sent at market once it has turned by this much: up from"
        " its lowest for a buy, down from its highest for a sell.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.5",
        default=None,
    )
    take_profit: tuple[Step, ...] = rows(
        "Up to ten steps, each with a profit or a price and its share of the position.", Step
    )
    trailing: Decimal | None = setting(
        "The last take-profit step is not sold at its price: from there on the price is followed, and everything sold"
        " at market once it has come back by this much.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.5",
        default=None,
    )
    stop_loss: StopLoss | None = part("Where the position is given up. Empty: never.", StopLoss)
    timeout: int | None = setting(
        "How long the trade may take. After that everything is closed at market. Empty: for ever.",
        unit="seconds",
        low="1",
        high="31536000",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self), *self._impossible_entry(), *impossible(self.exits)]
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def exits(self) -> Exits:
        """How the position is left."""
        return Exits(steps=self.take_profit, trailing=self.trailing, stop_loss=self.stop_loss)

    def _impossible_entry(self) -> Iterator[Problem]:
        entry = self.entry
        if (self.base_amount is None) == (self.quote_amount is None):
            given = "no amount" if self.base_amount is None else "an amount in coins and one in quote"
            yield Problem("base_amount", f"the trade has {given}.", "Give one of the two.")
        if entry in (Entry.LIMIT, Entry.HELD) and self.price is None:
            what = "a limit order needs a price" if entry is Entry.LIMIT else "profit is reckoned from what was paid"
            yield Problem("price", f"{what}.", "Give the price of one coin.")
        if entry is Entry.MARKET and self.price is not None:
            yield Problem("price", "an entry at market has no price.", "Leave it empty, or choose a limit entry.")
        if entry is Entry.HELD and self.side is Side.SELL:
            yield Problem("side", "coins already held can only be sold.", "Choose buy: the exit then sells them.")
        if entry is Entry.HELD and self.quote_amount is not None and self.base_amount is None:
            yield Problem("quote_amount", "coins already held are counted in coins.", "Give the base amount instead.")
        yield from self._impossible_trigger()

    def _impossible_trigger(self) -> Iterator[Problem]:
        conditional = self.entry is Entry.CONDITIONAL
        if conditional and self.trigger is None:
            yield Problem("trigger", "a conditional entry needs a price to wait for.", "Give the trigger price.")
        if not conditional and self.trigger is not None:
            yield Problem("trigger", "only a conditional entry has one.", "Leave it empty, or choose conditional.")
        if not conditional and self.entry_trailing is not None:
            yield Problem("entry_trailing", "only a conditional entry can trail.", "Leave it empty.")
        if conditional and self.entry_trailing is not None and self.price is not None:
            yield Problem("price", "an entry that trails is sent at market.", "Leave the price empty.")
