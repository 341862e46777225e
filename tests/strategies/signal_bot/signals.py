"""Signals as tests send them."""

from decimal import Decimal as D

from strategies.signal_bot import Action, AmountIn, SignalOrder, signalled
from tests.strategies.exits.deals import START


def signal(action, wish="s1", price="100", at=START, exits=None, **order):
    """`order` may say amount, amount_in, order, price, better_by."""
    for name in ("amount", "price_limit", "better_by"):
        if name in order:
            order[name] = D(order[name])
    if "price_limit" in order:
        order["price"] = order.pop("price_limit")
    return signalled(wish, at, Action(action), D(price), SignalOrder(**order) if order else None, exits)


def enter(wish="s1", **said):
    return signal("enter_long", wish, **said)


def leave(wish="x1", **said):
    return signal("exit_long", wish, **said)


SHARE = AmountIn.POSITION
