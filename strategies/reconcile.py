"""From what is on the book to what should be: the only place where orders come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from strategies.market import ZERO, Market
from strategies.orders import OpenOrder, Order, Side


@dataclass(frozen=True, slots=True)
class Place:
    order: Order
    amount: Decimal  # what is still missing of the order's total


@dataclass(frozen=True, slots=True)
class Cancel:
    name: str


Step = Place | Cancel


def reconcile(
    wanted: Iterable[Order],
    open_orders: Iterable[OpenOrder],
    filled: Mapping[str, Decimal],
    market: Market,
    *,
    held: Decimal,
    last_price: Decimal,
) -> list[Step]:
    """The steps that lead from the open orders to the wanted ones.

    `filled` is the amount traded of each order by name, `held` what can be sold, `last_price` values an order at
    the market. Three rules keep it safe:

    * An order whose terms changed is only cancelled. It is placed again on a later pass, after the exchange
      has confirmed: until then it may still fill, and what is missing would be counted wrong.
    * Sells never offer more than is held, counting those that are about to be cancelled.
    * What is missing of an order but too small for the exchange is not placed: it is dust.
    """
    want = {order.name: order for order in wanted}
    have = {piece.order.name: piece for piece in open_orders}
    steps: list[Step] = [
        Cancel(name) for name, piece in have.items() if not piece.leaving and not _same(want.get(name), piece.order)
    ]
    offered = sum((piece.remaining for piece in have.values() if piece.order.side is Side.SELL), ZERO)
    for name, order in want.items():
        if name in have:
            continue
        missing = order.amount - filled.get(name, ZERO)
        if not market.accepts(missing, last_price if order.price is None else order.price):
            continue
        if order.side is Side.SELL:
            if offered + missing > held:
                continue
            offered += missing
        steps.append(Place(order, missing))
    return steps


def _same(wanted: Order | None, existing: Order) -> bool:
    return wanted is existing or wanted == existing
