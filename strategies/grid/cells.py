"""What is bought and sold between two lines, and which of the two is due.

A cell's fills say all there is to know of it. Each of its two orders has a total that counts the turns so far:

    bought 3 x 1.000, sold 2 x 0.999    it holds its coins: sell, total 3 x 0.999
    bought 3 x 1.000, sold 3 x 0.999    it has none: buy, total 4 x 1.000

A rest that is too small for the exchange does not hold a cell up: the turn counts as done. The sell after a buy that
came short is smaller by what is missing, and the next turn makes up for it; after a sell that came short likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from strategies.deal import Deal
from strategies.market import ONE, ZERO
from strategies.orders import Order, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The room between two lines: bought at the lower, sold at the upper."""

    number: int  # of its lower line
    buy_price: Decimal
    sell_price: Decimal
    buy_amount: Decimal
    sell_amount: Decimal
    buy_name: str
    sell_name: str
    starts_held: bool  # it was above the price at the start, so the grid starts with its coins

    @property
    def cost(self) -> Decimal:
        """Quote that its buy spends, as it is really rounded."""
        return self.buy_amount * self.buy_price


def buy_name(number: int) -> str:
    return f"buy-{_label(number)}"


def sell_name(number: int) -> str:
    return f"sell-{_label(number)}"


def number_of(name: str) -> int | None:
    """The cell that an order belongs to; None for the orders that no cell has."""
    kind, _, label = name.partition("-")
    below = label.removeprefix("below-")
    if kind not in ("buy", "sell") or not below.isdecimal():
        return None
    return int(below) if below is label else -int(below)


def order_of(deal: Deal, cell: Cell, short: Mapping[int, Decimal]) -> Order:
    """The one order that a cell wants: it sells the coins that it holds, without coins it buys.

    `short` is what the start left out of cells' coins, by number: it counts as sold already.
    """
    by_order = deal.by_order
    tally = by_order.get(cell.buy_name)
    buys, bought = divmod(tally.bought, cell.buy_amount) if tally is not None else (ZERO, ZERO)
    tally = by_order.get(cell.sell_name)
    sold_so_far = tally.sold if tally is not None else ZERO
    if short and cell.starts_held:
        sold_so_far += short.get(cell.number, ZERO)
    sells, sold = divmod(sold_so_far, cell.sell_amount) if sold_so_far else (ZERO, ZERO)
    unbought = ZERO
    if bought or sold:  # a turn that is not whole
        accepts, price = deal.market.accepts, cell.buy_price
        missing = cell.buy_amount - bought
        if bought and not accepts(missing, price):
            buys, unbought = buys + ONE, missing
        if sold and not accepts(cell.sell_amount - sold - unbought, price):
            sells += ONE
    if buys + cell.starts_held > sells:
        total = (sells + ONE) * cell.sell_amount - unbought
        if short and cell.starts_held:
            total -= short.get(cell.number, ZERO)
        return deal.keep(cell.sell_name, Side.SELL, total, cell.sell_price)
    return deal.keep(cell.buy_name, Side.BUY, (buys + ONE) * cell.buy_amount, cell.buy_price)


def is_idle(deal: Deal, cell: Cell, short: Mapping[int, Decimal]) -> bool:
    """Whether a cell has none of its coins, not even some, and waits to buy."""
    order = order_of(deal, cell, short)
    return order.side is Side.BUY and order.amount - deal.filled(order.name) >= cell.buy_amount


def is_whole(deal: Deal, cell: Cell, short: Mapping[int, Decimal]) -> bool:
    """Whether nothing of a cell has traded in part."""
    sold = deal.filled(cell.sell_name) + (short.get(cell.number, ZERO) if cell.starts_held else ZERO)
    return not deal.filled(cell.buy_name) % cell.buy_amount and not sold % cell.sell_amount


def _label(number: int) -> str:
    return str(number) if number >= 0 else f"below-{-number}"
