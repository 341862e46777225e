"""Signals that exit: everything, or a part of the position."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from strategies.deal import Deal, Ending
from strategies.events import Signalled
from strategies.exits import Position, Wished
from strategies.exits.funds import amount_for, named, refused
from strategies.orders import OrderType
from strategies.signal_bot.entering import order_price
from strategies.signal_bot.order import AmountIn, Details, SignalOrder
from strategies.signal_bot.state import SignalState

EXIT = "exit-"


def left(deal: Deal, state: SignalState, signal: Signalled) -> tuple[SignalState, Ending | None]:
    """The state after a signal that exits, and how the deal ends if it does.

    Without a position it does nothing, save that entries which have not filled yet are called off. A part that would
    leave less than an order of its own is all of it. Raises SettingsRefused, with the reason, if it cannot be heeded.
    """
    name = named(EXIT, signal.wish)
    order = Details.of(signal).order
    position = Position.of(deal, reserved=state.funds.reserved(deal)) if deal.started else None
    if position is None:
        return state, Ending.SIGNAL if state.funds.put_in else None
    price = order_price(order, deal, position.exits_with, signal.price)
    at = signal.price if price is None else price
    amount = _amount(position, order, at)
    if not deal.market.accepts(position.amount - amount, at):
        if order.order is OrderType.MARKET:
            return state, Ending.SIGNAL
        amount = position.amount
    if not deal.market.accepts(amount, at):
        problem = f"{amount} {deal.market.base} at {at} is below the smallest order of {deal.market.symbol}."
        raise refused("order.amount", problem, "Let the signal ask for more.")
    return replace(state, funds=state.funds.with_less(Wished(name=name, amount=amount, price=price))), None


def _amount(position: Position, order: SignalOrder, at: Decimal) -> Decimal:
    if order.amount is None:
        return position.amount
    market = position.market
    if order.amount_in is AmountIn.POSITION:
        asked = market.amount_down(position.amount * order.amount)
    elif order.amount_in is AmountIn.QUOTE:
        asked = amount_for(market, order.amount, at)
    else:
        asked = market.amount_down(order.amount)
    return min(asked, position.amount)
