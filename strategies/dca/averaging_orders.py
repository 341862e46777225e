"""Which averaging orders should exist by now, and what makes more of them exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from strategies.dca.choices import Direction, From
from strategies.dca.ladder import Offer, Rung, chained, placed, rounded
from strategies.dca.settings import Sizes
from strategies.dca.state import FRESH, DCAState
from strategies.deal import Deal, Tally
from strategies.events import Awaited, Crossing, Watch
from strategies.market import ZERO, Market
from strategies.orders import Order, Side

BASE = "base"


class Plan(NamedTuple):
    """The whole ladder of a deal as limit orders, by name, and what it was worked out from."""

    settings: Sizes
    made_from: Decimal
    orders: Mapping[str, Order]
    offers: Mapping[str, Offer]


@cache
def averaging(number: int) -> str:
    """The name of the averaging order with this number, from 1."""
    return f"averaging-{number}"


def ladder(settings: Sizes, anchor: Decimal, market: Market) -> Iterator[Rung]:
    """The averaging orders around a base order that cost `anchor` a coin, if each fills at its own price."""
    lay = placed if settings.step_from is From.BASE else chained
    return lay(anchor, market, settings.offers, settings.direction, settings.volume_in)


def plan(settings: Sizes, deal: Deal) -> Plan:
    """The ladder of this deal, worked out once for as long as nothing moves it. The base order has traded."""
    base = deal.by_order[BASE]
    made_from = _net_price(base, settings.direction) if settings.step_from is From.BASE else deal.tally.traded
    known: Plan | None = deal.plan
    if known is not None and known.settings is settings and known.made_from == made_from:
        return known
    market, direction, volume_in = deal.market, settings.direction, settings.volume_in
    chain = settings.step_from is not From.BASE
    anchor = base.average_price if chain else made_from
    orders: dict[str, Order] = {}
    offers: dict[str, Offer] = {}
    side = direction.opens
    state: DCAState = deal.state or FRESH
    short = side is Side.SELL
    unsold = deal.carried.amount - deal.filled(BASE) - sum((wish.amount for wish in state.added), ZERO)
    for offer in settings.offers:
        found = rounded(anchor, offer, market, direction, volume_in)
        if found is None:
            continue
        name, amount = averaging(offer.number), found[1]
        if offer.number in state.done:
            amount = deal.filled(name)
        if short:
            # The coins were given when the deal opened; at a lower price the ladder would sell a little more of them.
            amount = min(amount, market.amount_down(unsold))
            unsold -= amount
        order = Order(name=name, side=side, price=found[0], amount=amount)
        if known is not None and known.orders.get(name) == order:
            order = known.orders[name]
        orders[name], offers[name] = order, offer
        if chain:
            done = name in deal.by_order and not incomplete(deal, order)
            anchor = deal.by_order[name].average_price if done else found[0]
    made = Plan(settings, made_from, orders, offers)
    deal.plan = made
    return made


def standing(settings: Sizes, deal: Deal) -> Iterable[Order]:
    """The averaging orders that should exist by now, filled or not."""
    whole = plan(settings, deal)
    if settings.rests_whole:
        return whole.orders.values()
    return _some(settings, deal, whole)


def awaited(settings: Sizes, deal: Deal) -> Iterator[Awaited]:
    """The nearest prices at which an averaging order is sent at market."""
    below: Decimal | None = None
    above: Decimal | None = None
    for offer, price in _unreleased(settings, deal):
        if _falls_to(settings, offer):
            below = price if below is None else max(below, price)
        else:
            above = price if above is None else min(above, price)
    then = "the next averaging order is sent at market"
    if below is not None:
        yield Watch(crossing=Crossing.BELOW, price=below, then=then)
    if above is not None:
        yield Watch(crossing=Crossing.ABOVE, price=above, then=then)


def release(settings: Sizes, deal: Deal, price: Decimal) -> None:
    """Remember the averaging orders whose price has come: from now on they are wanted at market."""
    reached = tuple(
        offer.number
        for offer, level in _unreleased(settings, deal)
        if (price <= level if _falls_to(settings, offer) else price >= level)
    )
    if reached:
        state: DCAState = deal.state or FRESH
        deal.state = replace(state, released=tuple(sorted({*state.released, *reached})))


def complete(settings: Sizes, deal: Deal) -> tuple[int, ...]:
    """The numbers of the averaging orders that have filled."""
    if BASE not in deal.by_order:
        return ()
    whole = plan(settings, deal)
    filled = (name for name, order in whole.orders.items() if name in deal.by_order and not incomplete(deal, order))
    return tuple(whole.offers[name].number for name in filled)


def incomplete(deal: Deal, order: Order) -> bool:
    """Whether more of an averaging order can still trade: a rest too small for the exchange will not come."""
    missing = order.amount - deal.filled(order.name)
    return missing > 0 and deal.market.accepts(missing, order.price or deal.price)


def _some(settings: Sizes, deal: Deal, whole: Plan) -> Iterator[Order]:
    released: tuple[int, ...] = deal.state.released if deal.state else ()
    window = settings.active_orders
    for name, order in whole.orders.items():
        if _is_sent_at_market(settings, whole.offers[name]):
            if whole.offers[name].number in released:
                yield _at_market(deal, order)
        elif window is None or not incomplete(deal, order):
            yield order
        elif window:
            window -= 1
            yield order


def _is_sent_at_market(settings: Sizes, offer: Offer) -> bool:
    return settings.active_orders == 0 or settings.averaging_conditions is not None or offer.deviation < 0


def _unreleased(settings: Sizes, deal: Deal) -> Iterator[tuple[Offer, Decimal]]:
    """Averaging orders that wait for their price without standing on the book; while conditions forbid it, none."""
    state: DCAState = deal.state or FRESH
    if settings.averaging_conditions is not None and not state.averaging:
        return
    whole = plan(settings, deal)
    for name, order in whole.orders.items():
        offer = whole.offers[name]
        if order.price is None or not _is_sent_at_market(settings, offer):
            continue
        if offer.number not in state.released:
            yield offer, order.price
            if settings.step_from is From.LAST:
                return
        elif settings.step_from is From.LAST and incomplete(deal, order):
            return  # the next one's price is not known before this one has traded


def _falls_to(settings: Sizes, offer: Offer) -> bool:
    return (offer.deviation >= 0) is (settings.direction is Direction.LONG)


def _at_market(deal: Deal, order: Order) -> Order:
    kept = deal.kept.get(order.name)
    if kept is None or kept.amount != order.amount:
        kept = deal.kept[order.name] = Order(name=order.name, side=order.side, amount=order.amount)
    return kept


def _net_price(base: Tally, direction: Direction) -> Decimal:
    if direction is Direction.LONG:
        return base.average_cost
    return base.proceeds / base.sold if base.sold else ZERO
