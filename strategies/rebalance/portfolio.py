"""What a host tells the deals of one portfolio.

A host that runs a portfolio

1. opens a deal for each coin, all at the same time, with the coins that the settings say are brought in (`given`);
2. at each price, while no order of any of these deals is open or about to be (`at_rest`), asks `valued` and tells each
   open deal its event;
3. places what they then want, and goes on at 2. A round takes three of these turns: sells, buys, rest.

It may leave out prices at which no deal's state would change; all deals must be told of the same ones. Deals that were
ended stay in the list: what they spent and brought is part of the cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategies.deal import Deal
from strategies.events import Valued
from strategies.market import ZERO
from strategies.rebalance.bot import Rebalance
from strategies.reconcile import to_place


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the portfolio's deals, and the price at which its market stands."""

    deal: Deal
    price: Decimal


def cash(settings: Rebalance, parts: Sequence[Standing]) -> Decimal:
    """Quote that the portfolio has besides coins: what was brought in, and what its deals got less what they paid."""
    return settings.cash + sum((part.deal.tally.proceeds - part.deal.tally.cost for part in parts), ZERO)


def valued(settings: Rebalance, parts: Sequence[Standing], at: int) -> list[Valued | None]:
    """What to tell each deal; None for one that has ended."""
    money = cash(settings, parts)
    worth = tuple((part.deal.market.symbol, part.deal.held * part.price) for part in parts if not part.deal.ending)
    return [None if part.deal.ending else Valued(at=at, price=part.price, cash=money, worth=worth) for part in parts]


def at_rest(settings: Rebalance, parts: Sequence[Standing]) -> bool:
    """Whether none of the deals wants an order that could still be placed."""
    return not any(
        to_place(order, part.deal.filled(order.name), part.deal.market, free=part.deal.held, last_price=part.price)
        for part in parts
        for order in settings.orders(part.deal)
    )
