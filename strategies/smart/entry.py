"""How a SmartTrade gets in: at once, at a limit, or when a price was reached and perhaps turned."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from strategies.deal import Deal
from strategies.events import Awaited, Crossing, Trail, Watch
from strategies.exits import ADDED
from strategies.exits.funds import amount_for, limit_price
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order, Side
from strategies.smart.settings import Entry, SmartSettings
from strategies.smart.state import SmartState

ENTRY = "entry"


def order(settings: SmartSettings, deal: Deal, state: SmartState) -> Order | None:
    """The entry's order; None while it waits, once something was sold, and where others have opened the position."""
    if settings.entry is Entry.HELD or state.let_go or deal.reduced or opened_by_others(deal):
        return None
    if state.forced is not None:
        return deal.keep(ENTRY, settings.side, state.forced)
    sent_at = _sent_at(settings, deal, state)
    if sent_at is None:
        return None
    limit = limit_price(deal.market, settings.side, settings.price)
    amount = amount_of(settings, deal.market, sent_at if limit is None else limit)
    return deal.keep(ENTRY, settings.side, _at_most_given(deal, amount), limit)


def amount_of(settings: SmartSettings, market: Market, price: Decimal) -> Decimal:
    """Coins of the entry if it is sent at this price: never more than was asked for."""
    if settings.quote_amount is not None:
        return amount_for(market, settings.quote_amount, price)
    return market.amount_down(settings.base_amount or ZERO)


def more_to_come(deal: Deal, entry: Order) -> bool:
    """Whether more of the entry can still trade: a rest too small for the exchange will not come."""
    price = deal.price if entry.price is None else entry.price
    return deal.market.accepts(entry.amount - deal.filled(ENTRY), price)


def waits(settings: SmartSettings, deal: Deal, state: SmartState) -> bool:
    """Whether a conditional entry has not been sent yet."""
    conditional = settings.entry is Entry.CONDITIONAL and not (state.let_go or deal.reduced or opened_by_others(deal))
    return conditional and _sent_at(settings, deal, state) is None


def awaited(settings: SmartSettings, deal: Deal, state: SmartState) -> Awaited:
    """What an entry that waits is waiting for."""
    follows = _follows(settings, deal, state)
    if follows is None:
        then = "the entry is sent" if settings.entry_trailing is None else "the entry follows the price"
        return Watch(crossing=settings.crossing, price=settings.trigger or ZERO, then=then)
    distance = settings.entry_trailing or ZERO
    buys, market = settings.side is Side.BUY, deal.market
    return Trail(
        crossing=Crossing.ABOVE if buys else Crossing.BELOW,
        best=follows,
        distance=distance,
        price=market.price_up(follows * (ONE + distance)) if buys else market.price_down(follows * (ONE - distance)),
        then="the entry is sent at market",
    )


def told(settings: SmartSettings, deal: Deal, state: SmartState, price: Decimal) -> SmartState:
    """What is remembered once an entry that waits has seen this price."""
    level = awaited(settings, deal, state)
    if isinstance(level, Trail):
        if level.reached_by(price):
            return replace(state, entered_at=price)
        return replace(state, follows=price) if level.follows(price) else state
    if isinstance(level, Watch) and level.reached_by(price):
        return replace(state, entered_at=price) if settings.entry_trailing is None else replace(state, follows=price)
    return state


def forced(settings: SmartSettings, deal: Deal, state: SmartState, price: Decimal) -> SmartState:
    """What is remembered when the user wants now what is missing of the entry: it is sent at market."""
    if state.forced is not None:
        return state
    total = amount_of(settings, deal.market, price)
    if settings.quote_amount is not None and (part := deal.by_order.get(ENTRY)) is not None:
        left = settings.quote_amount - part.spent - part.earned
        total = part.traded + deal.market.amount_down(max(left, ZERO) / price)
    return replace(state, forced=_at_most_given(deal, total), entered_at=price)


def reached(settings: SmartSettings, price: Decimal) -> bool:
    """Whether a conditional entry's trigger is reached at this price."""
    trigger = settings.trigger or ZERO
    return price <= trigger if settings.crossing is Crossing.BELOW else price >= trigger


def _sent_at(settings: SmartSettings, deal: Deal, state: SmartState) -> Decimal | None:
    """The price at which the entry is sent; None while it waits."""
    if state.entered_at is not None:
        return state.entered_at
    if settings.entry is not Entry.CONDITIONAL:
        return deal.price
    return deal.price if settings.entry_trailing is None and reached(settings, deal.price) else None


def _follows(settings: SmartSettings, deal: Deal, state: SmartState) -> Decimal | None:
    """The best price since the trigger was reached; None before, and without trailing."""
    if settings.entry_trailing is None or state.follows is not None:
        return state.follows
    return deal.price if reached(settings, deal.price) else None


def _at_most_given(deal: Deal, amount: Decimal) -> Decimal:
    """A short sells no more than the coins that it was given."""
    return min(amount, deal.market.amount_down(deal.carried.amount)) if deal.opens is Side.SELL else amount


def opened_by_others(deal: Deal) -> bool:
    """Whether another kind of bot has opened this position, before the deal was made a SmartTrade."""
    opened = deal.opens is Side.BUY
    return any(
        (tally.bought if opened else tally.sold) and name != ENTRY and not name.startswith(ADDED)
        for name, tally in deal.by_order.items()
    )
