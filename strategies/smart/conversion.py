"""Making a deal of another bot a SmartTrade: what it holds is looked after under new settings."""

from __future__ import annotations

from dataclasses import replace

from strategies.deal import Deal
from strategies.exits import Position
from strategies.exits.funds import refused
from strategies.smart.bot import SmartTrade
from strategies.smart.settings import Entry


def converted(deal: Deal, wanted: SmartTrade) -> SmartTrade:
    """The settings with which this deal goes on: the exits of `wanted`, for the position as it is.

    The deal keeps its fills; its state starts anew. Raises SettingsRefused if it holds nothing, or the exits cannot
    be.
    """
    position = Position.of(deal)
    if position is None or not position.amount:
        raise refused("deal", "it holds nothing.", "Only a deal that has bought can be made a SmartTrade.")
    # A short has no coins that it could begin with; its own entry is never sent, since others have opened the deal.
    return replace(
        wanted,
        side=deal.opens,
        entry=Entry.HELD if position.long else Entry.MARKET,
        base_amount=position.amount,
        quote_amount=None,
        price=deal.market.price_up(position.cost) if position.long else None,
        trigger=None,
        entry_trailing=None,
    )
