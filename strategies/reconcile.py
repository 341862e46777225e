"""From what is on the book to what should be: the only place where orders come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from strategies.market import ZERO, Market
from strategies.orders import OpenOrder, Order, Side


class Place(msgspec.Struct, frozen=True, gc=False):
    order: Order
    amount: Decimal  # what is still missing of the order's total


class Cancel(msgspec.Struct, frozen=True, gc=False):
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
    owed: Decimal | None = None,
) -> list[Step]:
    """The steps that lead from the open orders to the wanted ones.

    `filled` is the amount traded of each order by name, `held` what can be sold, `last_price` values an order at
    the market, `owed` is what a short may buy back in all (`Deal.most_bought_back`), None for any other deal. Three
    rules keep it safe:

    * An order whose terms changed is only cancelled. It is placed again on a later pass, after the exchange
      has confirmed: until then it may still fill, and what is missing would be counted wrong.
    * Sells never offer more than is held, counting those that are about to be cancelled; and the buys of a short
      never ask for more than it owes.
    * What is missing of an order but too small for the exchange is not placed: it is dust.
    * An order too deep for the exchange is not placed before the price has come nearer.
    """
    want = {order.name: order for order in wanted}
    have = {piece.order.name: piece for piece in open_orders}
    steps: list[Step] = [
        Cancel(name) for name, piece in have.items() if not piece.leaving and not same(want.get(name), piece.order)
    ]
    resting = {side: sum((p.remaining for p in have.values() if p.order.side is side), ZERO) for side in Side}
    for name, order in want.items():
        if name in have or not (order.price is None or market.in_reach(order.side, order.price, last_price)):
            continue
        amount = to_place(order, filled.get(name, ZERO), market, free=held - resting[Side.SELL], last_price=last_price)
        too_much = owed is not None and order.side is Side.BUY and (amount or ZERO) + resting[Side.BUY] > owed
        if amount is not None and not too_much:
            resting[order.side] += amount
            steps.append(Place(order, amount))
    return steps


def same(wanted: Order | None, existing: Order) -> bool:
    """Whether an open order is as it is wanted. An unchanged order is the same object, so that is asked first."""
    return wanted is existing or wanted == existing


def to_place(order: Order, filled: Decimal, market: Market, *, free: Decimal, last_price: Decimal) -> Decimal | None:
    """What to place of an order that is not on the book: what is missing of it, or None.

    `free` is what is held and not offered yet.
    """
    missing = order.amount - filled
    if order.side is Side.SELL and missing > free:
        return None
    return missing if market.accepts(missing, last_price if order.price is None else order.price) else None
