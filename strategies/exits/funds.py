"""What is put into a position while it goes on, and what is taken out of it: orders that somebody wished for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from strategies.deal import Deal, Tally
from strategies.events import AddFunds, ReduceFunds
from strategies.exits.position import ADDED, Position
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order, Side
from strategies.settings import Problem, SettingsRefused

REDUCED = "reduce-"
_NAME = re.compile(r"[a-z0-9-]{1,40}")


class Wished(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it was wished for: `amount` in base, `price` None at the market."""

    name: str
    amount: Decimal
    price: Decimal | None = None


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """Every wish of a deal so far, filled or not. `put_in` has the deal's own side, `taken_out` the other."""

    put_in: tuple[Wished, ...] = ()
    taken_out: tuple[Wished, ...] = ()

    def knows(self, name: str) -> bool:
        return any(wished.name == name for wished in (*self.put_in, *self.taken_out))

    def with_more(self, wished: Wished) -> Funds:
        return msgspec.structs.replace(self, put_in=(*self.put_in, wished))

    def with_less(self, wished: Wished) -> Funds:
        return msgspec.structs.replace(self, taken_out=(*self.taken_out, wished))

    def orders_in(self, deal: Deal) -> Iterator[Order]:
        """The orders that put more in."""
        return _orders(deal, deal.opens, self.put_in)

    def orders_out(self, deal: Deal) -> Iterator[Order]:
        """The orders that take something out."""
        return _orders(deal, deal.opens.other, self.taken_out)

    def reserved(self, deal: Deal) -> Decimal:
        """What the orders that take something out have still to trade: the exits leave it to them."""
        return sum((_missing(deal, order) for order in self.orders_out(deal)), ZERO)


NO_FUNDS = Funds()


def named(prefix: str, wish: str) -> str:
    """The name of a wish's order. Raises SettingsRefused if it can't be one."""
    name = prefix + wish
    if not _NAME.fullmatch(name):
        problem = f"{wish!r} cannot be part of an order's name."
        raise refused("wish", problem, f"Use up to {40 - len(prefix)} small letters, digits and hyphens.")
    return name


def add(deal: Deal, funds: Funds, event: AddFunds) -> Funds:
    """Put more in. Raises SettingsRefused if that order cannot exist."""
    name = named(ADDED, event.wish)
    if funds.knows(name):
        return funds
    market, price = deal.market, limit_price(deal.market, deal.opens, event.price)
    amount = amount_for(market, event.quote, event.at_price if price is None else price)
    _check(market, amount, event.at_price if price is None else price, "quote")
    if deal.opens is Side.SELL and amount > deal.held:
        problem = f"{amount} {market.base} would be sold, and the deal has {deal.held} left to sell."
        raise refused("quote", problem, "Add less.")
    return funds.with_more(Wished(name=name, amount=amount, price=price))


def reduce(deal: Deal, funds: Funds, event: ReduceFunds) -> Funds:
    """Take a share out. Raises SettingsRefused if that order cannot exist."""
    name = named(REDUCED, event.wish)
    if funds.knows(name):
        return funds
    if not ZERO < event.share <= ONE:
        raise refused("share", f"{event.share} is no share.", "Give more than 0 and at most 1.")
    position = Position.of(deal, reserved=funds.reserved(deal))
    if position is None:
        raise refused("share", "the deal holds nothing yet.", "Wait for its entry.")
    market = deal.market
    price = limit_price(market, deal.opens.other, event.price)
    amount = market.amount_down(position.amount * event.share)
    _check(market, amount, position.price if price is None else price, "share")
    return funds.with_less(Wished(name=name, amount=amount, price=price))


def filling(deal: Deal, orders: Iterable[Order]) -> list[Tally]:
    """What has traded of the orders of which more is to come."""
    found = []
    for order in orders:
        tally = deal.by_order.get(order.name)
        if tally is not None and _missing(deal, order):
            found.append(tally)
    return found


def limit_price(market: Market, side: Side, price: Decimal | None) -> Decimal | None:
    """A limit on a tick that is no worse than it was given."""
    if price is None:
        return None
    if price <= 0:
        raise refused("price", f"{price} is no price.", "Give more than 0.")
    return market.price_down(price) if side is Side.BUY else market.price_up(price)


def amount_for(market: Market, quote: Decimal, price: Decimal) -> Decimal:
    """Coins on lots that do not cost more than this much quote. Raises SettingsRefused for what is no amount."""
    if quote <= 0 or price <= 0:
        raise refused("quote", f"{quote} at {price} is nothing.", "Give an amount and a price above 0.")
    return market.amount_down(quote / price)


def _check(market: Market, amount: Decimal, price: Decimal, field: str) -> None:
    if not market.accepts(amount, price):
        smallest = max(market.min_notional, market.smallest * price)
        problem = f"{amount} {market.base} at {price} is below the smallest order of {market.symbol}."
        raise refused(field, problem, f"Let it be worth at least {smallest.normalize():f} {market.quote}.")


def _orders(deal: Deal, side: Side, wishes: Iterable[Wished]) -> Iterator[Order]:
    return (deal.keep(wished.name, side, wished.amount, wished.price) for wished in wishes)


def _missing(deal: Deal, order: Order) -> Decimal:
    """What can still trade of an order; a rest too small for the exchange will not come.

    At the market nobody knows the price. A wish of which nothing has traded was large enough when it was wished for.
    """
    tally, price = deal.by_order.get(order.name), order.price
    if tally is None:
        return order.amount
    missing = order.amount - tally.traded
    return missing if deal.market.accepts(missing, tally.average_price if price is None else price) else ZERO


def refused(field: str, problem: str, remedy: str) -> SettingsRefused:
    """A wish that cannot be, in words."""
    return SettingsRefused((Problem(field, problem, remedy),))
