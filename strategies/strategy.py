"""What every kind of bot is: its settings, with pure questions that it can answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Protocol

from strategies.deal import Deal
from strategies.events import Event, Watch
from strategies.market import Market
from strategies.orders import Fill, Order
from strategies.settings import Problem


class Strategy(Protocol):
    """A frozen dataclass of settings. Nothing in it can tell live from paper from backtest."""

    def orders(self, deal: Deal) -> Iterable[Order]:
        """The orders that should exist by now, filled or not. An unchanged one is the same object as before."""

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""

    def touched(self, deal: Deal, fill: Fill) -> Iterable[str] | None:
        """The names whose answer may differ after this fill, which the deal has counted; None: all of them.

        This is only what makes a backtest quick: asking for all orders always gives the same answer.
        """

    def watches(self, deal: Deal) -> Iterator[Watch]:
        """The prices at which that answer changes though nothing filled."""

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do."""

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on a market that stands at `price`."""

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed in the worst case, as the exchange rounds it."""

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send, in quote."""
