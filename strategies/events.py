"""What happens around a deal that is not a fill, and what a deal waits for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Tick:
    """The price at which the market last traded. It is how time passes, too."""

    at: int  # milliseconds since 1970
    price: Decimal


@dataclass(frozen=True, slots=True)
class Answered:
    """Conditions of the strategy (`asks`) hold from now on, or hold no longer: a candle has closed."""

    at: int
    ask: str
    holds: bool
    price: Decimal


@dataclass(frozen=True, slots=True)
class CloseAtMarket:
    """The user's wish to end the deal now and sell what is held."""


@dataclass(frozen=True, slots=True)
class CancelDeal:
    """The user's wish to end the deal and keep the coins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFunds:
    """The user's wish to put more into the deal. The same `wish` twice is one wish."""

    wish: str  # its identity
    quote: Decimal  # what it spends
    price: Decimal | None = None  # None: at the market
    at_price: Decimal  # what the market stood at when it was wished


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceFunds:
    """The user's wish to sell a share of what is held at the market, and go on. The same `wish` twice is one wish."""

    wish: str
    share: Decimal  # a fraction of what is held
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A signal from outside, already checked: it is from its owner and not too old. The same `wish` twice is one."""

    wish: str
    at: int
    action: str  # the strategy's own words
    price: Decimal
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """What a bot's portfolio is worth: the same for each of its open deals, told to all of them at the same moment.

    It is told only while none of the bot's orders is open or about to be. `worth` has the coins of each open deal by
    symbol, and `cash` what the bot has besides: both in quote.
    """

    at: int
    price: Decimal  # of the deal's own market
    cash: Decimal
    worth: tuple[tuple[str, Decimal], ...]

    @property
    def total(self) -> Decimal:
        """Cash and coins together, in quote."""
        return self.cash + sum((each for _, each in self.worth), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPaid:
    """Reserved for futures, which pay or cost funding. Nothing on spot sends it."""

    at: int
    quote: Decimal  # received when positive


Event = Tick | Answered | CloseAtMarket | CancelDeal | AddFunds | ReduceFunds | Signalled | Valued | FundingPaid


class Crossing(StrEnum):
    BELOW = "at or below"
    ABOVE = "at or above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A price at which the wanted orders change though nothing filled. `then` says what will happen, in words."""

    crossing: Crossing
    price: Decimal
    then: str

    def reached_by(self, price: Decimal) -> bool:
        return price <= self.price if self.crossing is Crossing.BELOW else price >= self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A watch that follows the price at a distance: the exchange of words is the same, the level moves by itself.

    With crossing BELOW it follows the highest price seen, `best`, and is reached at or below
    `best x (1 - distance)`; with ABOVE the lowest, and `best x (1 + distance)`. `price` is that level as it stands, on
    a tick. The strategy is told each new best by a Tick.
    """

    crossing: Crossing
    best: Decimal
    distance: Decimal  # a fraction
    price: Decimal
    then: str

    def reached_by(self, price: Decimal) -> bool:
        return price <= self.price if self.crossing is Crossing.BELOW else price >= self.price

    def follows(self, price: Decimal) -> bool:
        """Whether this price is a new best."""
        return price > self.best if self.crossing is Crossing.BELOW else price < self.best


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A time at which the wanted orders change though nothing filled and no price was reached."""

    at: int  # milliseconds since 1970
    then: str


Awaited = Watch | Trail | Alarm
