"""Signals that enter: how much they may buy, and why they may not."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from strategies.deal import Deal
from strategies.events import Signalled
from strategies.exits import ADDED, Position, Wished
from strategies.exits.funds import amount_for, limit_price, named, refused
from strategies.market import ONE, ZERO
from strategies.orders import OrderType, Side
from strategies.signal_bot.order import AmountIn, Details, SignalOrder
from strategies.signal_bot.settings import ExitsFrom, SignalSettings
from strategies.signal_bot.state import SignalState

ENTER = "enter-"
MORE = f"{ADDED}signal-"  # further entries: to the exits they are funds added to the first


def entered(settings: SignalSettings, deal: Deal, state: SignalState, signal: Signalled) -> SignalState:
    """The state after a signal that enters. Raises SettingsRefused, with the reason, if it cannot be heeded."""
    name = named(MORE if state.funds.put_in else ENTER, signal.wish)
    if state.disabled:
        raise refused("action", "the bot was disabled by a signal.", "Enable it again.")
    before = sum(each.name.startswith((ENTER, MORE)) for each in state.funds.put_in)
    if before >= settings.entries:
        raise refused(
            "action", f"the position has had {before} of its {settings.entries} entries.", "Allow more entries."
        )
    details = Details.of(signal)
    price = order_price(details.order, deal, deal.opens, signal.price)
    at = signal.price if price is None else price
    amount = _amount(settings, deal, details.order, at)
    if not deal.market.accepts(amount, at):
        problem = f"{amount} {deal.market.base} at {at} is below the smallest order of {deal.market.symbol}."
        raise refused("order.amount", problem, "Let the signal ask for more.")
    _room(settings, deal, state, amount, at)
    exits = state.exits
    if settings.exits_from is ExitsFrom.SIGNAL and details.exits is not None:
        exits = details.exits
    funds = state.funds.with_more(Wished(name=name, amount=amount, price=price))
    return replace(state, funds=funds, exits=exits)


def order_price(order: SignalOrder, deal: Deal, side: Side, now: Decimal) -> Decimal | None:
    """The limit of an order that a signal asks for, on a tick; None at the market."""
    if order.order is OrderType.MARKET:
        return None
    price = order.price
    if price is None:
        distance = order.better_by or ZERO
        price = now * (ONE - distance if side is Side.BUY else ONE + distance)
    return limit_price(deal.market, side, price)


def _amount(settings: SignalSettings, deal: Deal, order: SignalOrder, at: Decimal) -> Decimal:
    """Coins that an entry asks for, on lots and never more than was said."""
    market = deal.market
    if order.amount is None:
        return amount_for(market, settings.order_amount, at)
    if order.amount_in is AmountIn.QUOTE:
        return amount_for(market, order.amount, at)
    if order.amount_in is AmountIn.BASE:
        return market.amount_down(order.amount)
    position = Position.of(deal) if deal.started else None
    if position is None:
        raise refused("order.amount", "there is no position to take a share of.", "Give quote or coins.")
    return market.amount_down(position.amount * order.amount)


def _room(settings: SignalSettings, deal: Deal, state: SignalState, amount: Decimal, at: Decimal) -> None:
    """Raises SettingsRefused if so much more does not fit in."""
    position = Position.of(deal) if deal.started else None
    taken = ZERO if position is None else position.amount * position.price
    coming = ZERO
    for wished in state.funds.put_in:
        missing = max(wished.amount - deal.filled(wished.name), ZERO)
        coming += missing
        taken += missing * (at if wished.price is None else wished.price)
    if taken + amount * at > settings.max_position:
        problem = f"the position would be worth {taken + amount * at:f}, more than {settings.max_position}."
        raise refused("order.amount", problem, "Allow a larger position.")
    if deal.opens is Side.SELL and amount + coming > deal.held:
        problem = f"{amount} {deal.market.base} would be sold, and {deal.held - coming:f} are left."
        raise refused("order.amount", problem, "Give the bot more coins.")
