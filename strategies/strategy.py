"""What every kind of bot is: its settings, with pure questions that it can answer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from strategies.deal import Deal
from strategies.events import Event, Watch
from strategies.market import Market
from strategies.orders import Order
from strategies.settings import Problem


class Strategy(Protocol):
    """A frozen dataclass of settings. Nothing in it can tell live from paper from backtest."""

    def orders(self, deal: Deal, last_price: Decimal) -> Iterator[Order]:
        """The orders that should exist by now, filled or not."""

    def watches(self, deal: Deal, last_price: Decimal) -> Iterator[Watch]:
        """The prices at which that answer changes though nothing filled."""

    def on_event(self, deal: Deal, event: Event) -> Deal:
        """The deal after something that is not a fill."""

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do."""

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on a market that stands at `price`."""

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed in the worst case, as the exchange rounds it."""

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send, in quote."""
