"""What the user adds to a deal that goes on, or takes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from strategies.dca.averaging_orders import BASE, plan
from strategies.dca.choices import Direction
from strategies.dca.settings import Sizes
from strategies.dca.state import FRESH, ByHand, DCAState
from strategies.deal import Deal
from strategies.events import AddFunds, ReduceFunds
from strategies.market import ONE, ZERO
from strategies.orders import Order
from strategies.settings import Problem, SettingsRefused


def orders(deal: Deal) -> Iterator[Order]:
    """The orders that the user asked for."""
    state: DCAState = deal.state or FRESH
    for wish in state.added:
        yield deal.keep(wish.name, deal.opens, wish.amount, wish.price)
    for wish, missing in _reductions(deal):
        yield deal.keep(wish.name, deal.opens.other, deal.filled(wish.name) + missing, wish.price)


def reserved(deal: Deal) -> Decimal:
    """Coins, on lots, that the user's reductions have yet to trade: a take profit leaves them alone."""
    return sum((missing for _, missing in _reductions(deal)), ZERO)


def _reductions(deal: Deal) -> Iterator[tuple[ByHand, Decimal]]:
    """Each reduction and what is missing of it, never more than there is to exit; a rest too small will not come."""
    state: DCAState = deal.state or FRESH
    left = deal.to_exit if state.reduced else ZERO
    for wish in state.reduced:
        missing = max(min(wish.amount - deal.filled(wish.name), left), ZERO)
        if not deal.market.accepts(missing, wish.price or deal.price):
            missing = ZERO
        left -= missing
        yield wish, missing


def add(settings: Sizes, deal: Deal, event: AddFunds) -> None:
    """Add an order that trades more into the deal. Raises SettingsRefused if it cannot exist."""
    state: DCAState = deal.state or FRESH
    name = f"add-{event.wish}"
    if deal.ending or any(wish.name == name for wish in state.added):
        return
    market = deal.market
    price = None if event.price is None else settings.direction.against(event.price, ZERO, market)
    at = event.at_price if price is None else price
    if at <= 0 or event.quote <= 0:
        raise _refused("quote", f"{event.quote} cannot be spent.", "Give an amount and a price above 0.")
    amount = market.amount_up(event.quote / at)
    if not market.accepts(amount, at):
        raise _refused(
            "quote",
            f"{event.quote} {market.quote} is below the smallest order of {market.symbol}.",
            f"Give at least {market.min_notional} {market.quote}.",
        )
    if settings.direction is Direction.SHORT and amount > (spare := _spare(settings, deal)):
        raise _refused(
            "quote",
            f"the deal sells coins that it was given, and only {spare:f} {market.base} are not for its own orders.",
            "Close the deal, and give the next one larger sizes.",
        )
    deal.state = replace(state, added=(*state.added, ByHand(name=name, amount=amount, price=price)))


def reduce(deal: Deal, event: ReduceFunds) -> None:
    """Exit a share of the position. Raises SettingsRefused if that order cannot exist."""
    state: DCAState = deal.state or FRESH
    name = f"reduce-{event.wish}"
    if deal.ending or any(wish.name == name for wish in state.reduced):
        return
    market = deal.market
    if not 0 < event.share <= ONE:
        raise _refused("share", f"{event.share} is no share.", "Give more than 0 and at most 1.")
    if not deal.started or not deal.to_exit:
        raise _refused("share", "the deal holds nothing yet.", "Wait for its first order to fill.")
    amount = market.amount_down((deal.to_exit - reserved(deal)) * event.share)
    if not market.accepts(amount, event.price or deal.price):
        raise _refused(
            "share",
            f"{event.share:%} of what is held is below the smallest order of {market.symbol}.",
            "Give a larger share, or close the deal.",
        )
    wish = ByHand(name=name, amount=amount, price=_on_tick(event.price, deal))
    deal.state = replace(state, reduced=(*state.reduced, wish))


def _spare(settings: Sizes, deal: Deal) -> Decimal:
    """Coins of a short deal that neither its ladder nor funds added before are to sell; none before it has begun."""
    if BASE not in deal.by_order:
        return ZERO
    state: DCAState = deal.state or FRESH
    wanted: list[Order | ByHand] = [*plan(settings, deal).orders.values(), *state.added]
    unsold = sum((max(each.amount - deal.filled(each.name), ZERO) for each in wanted), ZERO)
    return max(deal.carried.amount - deal.tally.sold - unsold, ZERO)


def _on_tick(price: Decimal | None, deal: Deal) -> Decimal | None:
    return None if price is None else deal.market.price_up(price)


def _refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    return SettingsRefused((Problem(field, problem, remedy),))
