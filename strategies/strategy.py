"""What every kind of bot is: its settings, with pure questions that it can answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import msgspec

from strategies.deal import NOTHING_CARRIED, Carried, Deal
from strategies.events import Awaited, Event
from strategies.market import Market
from strategies.opening import AT_ONCE, Opening, Past
from strategies.orders import Fill, Order, Side
from strategies.settings import Problem
from strategies.turns import Turns

if TYPE_CHECKING:
    from strategies.conditions import Conditions

NO_ASKS: Mapping[str, Conditions] = {}


class Strategy(Protocol):
    """A frozen dataclass of settings. Nothing in it can tell live from paper from backtest.

    A kind of bot names this as its base and so has the answers below that have a body.
    """

    State: ClassVar[type[msgspec.Struct] | None] = None  # what `Deal.state` is; None: fills say it all

    @abstractmethod
    def orders(self, deal: Deal) -> Iterable[Order]:
        """The orders that should exist by now, filled or not. An unchanged one is the same object as before."""

    def order(self, deal: Deal, name: str) -> Order | None:
        """The one of them that is called `name`, or None."""
        return next((order for order in self.orders(deal) if order.name == name), None)

    def touched(self, deal: Deal, fill: Fill) -> Iterable[str] | None:
        """The names whose answer may differ after this fill, which the deal has counted; None: all of them.

        Names that were not wanted before may be among them. What the deal awaits must not have changed unless it is
        None. This is only what makes a backtest quick: asking for all orders always gives the same answer.
        """
        del deal, fill
        return None

    def turns(self, deal: Deal) -> Turns | None:
        """Pairs of orders that for now only take turns; None: not so. This, too, only makes a backtest quick."""
        del deal
        return None

    @abstractmethod
    def watches(self, deal: Deal) -> Iterator[Awaited]:
        """The prices and times at which that answer changes though nothing filled."""

    @abstractmethod
    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill: it changes `deal.state` and `deal.ending` alone.

        Told the same again, it changes nothing more.
        """

    @abstractmethod
    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do."""

    def for_deal(self, past: Past) -> Self:
        """The settings of a deal that opens now: sizes that depend on the past are worked out.

        Raises SettingsRefused if they need a balance that is not known.
        """
        del past
        return self

    def takes_over(self, deal: Deal, before: Self) -> None:
        """The user changes the settings of a deal that goes on: it is these from now on, instead of those `before`.

        Changes `deal.state` alone. Raises SettingsRefused for what such a deal cannot change.
        """
        del deal, before

    @property
    def opens_with(self) -> Side:
        """The side of a deal's first order. A deal that opens with a sell sells coins that it was given."""
        return Side.BUY

    @property
    def opening(self) -> Opening:
        """When deals may open."""
        return AT_ONCE

    @property
    def asks(self) -> Mapping[str, Conditions]:
        """Conditions that an open deal wants answered as candles close (`Answered`), by name."""
        return NO_ASKS

    def given(self, price: Decimal, market: Market) -> Carried:
        """Coins of its owner that a deal needs from its first moment, at what they are worth then."""
        del price, market
        return NOTHING_CARRIED

    @abstractmethod
    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on a market that stands at `price`."""

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What will work, but hardly as the user expects."""
        del price, market
        return iter(())

    @abstractmethod
    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed in the worst case, as the exchange rounds it; coins that are given apart."""

    @abstractmethod
    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send, in quote."""
