"""What a trader fills in for recurring buys, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from strategies.market import ONE, ZERO, Market
from strategies.opening import AT_ONCE, ONCE, Opening
from strategies.recurring.schedule import Every, Schedule
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice
from strategies.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringSettings(Strategy):
    """The settings, as the trader fills them in. Times are UTC, percentages fractions of one."""

    quote: Decimal | None = setting(
        "What each purchase spends. Give this or the number of coins.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    base: Decimal | None = setting(
        "How many coins each purchase buys. Give this or what it spends.",
        unit="base",
        low="0",
        above_low=True,
        default=None,
    )
    every: Every = choice("How often it buys.", Every.WEEK)
    minute: int = setting("At this minute of the hour.", unit="count", low="0", high="59", default=0)
    hour: int = setting(
        "At this hour of the day, UTC. Not used every hour.", unit="count", low="0", high="23", default=0
    )
    weekday: int = setting(
        "On this day of the week, 1 is Monday. Used every week.", unit="count", low="1", high="7", default=1
    )
    day: int = setting(
        "On this day of the month; on the last day of a month that has fewer. Used every month.",
        unit="count",
        low="1",
        high="31",
        default=1,
    )
    below: Decimal | None = setting(
        "How far below the price a limit order waits until the next purchase is due. Empty: it buys at the market.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    purchases: int | None = setting(
        "How many purchases it makes. Empty: no end.", unit="count", low="1", high="100000", default=None
    )
    budget: Decimal | None = setting(
        "What all purchases may spend together, before fees. Empty: no limit.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    highest_price: Decimal | None = setting(
        "A purchase that would cost more than this a coin is left out. Empty: it buys at any price.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    dip: Decimal | None = setting(
        "How far below the average paid so far the price must stand for a larger purchase. Empty: all are alike.",
        unit="fraction",
        low="0",
        above_low=True,
        high="0.99",
        default=None,
    )
    dip_factor: Decimal = setting(
        "A purchase in such a dip is the usual one times this.", unit="factor", low="1", high="10", default=Decimal(2)
    )
    late: int | None = setting(
        "How late a purchase may still be made if the bot was off when it was due. Empty: until the next one is due.",
        unit="minutes",
        low="0",
        high="44640",
        default=None,
    )
    take_profit: Decimal | None = setting(
        "Profit on the whole cost, after fees, at which everything is sold. Empty: the coins are kept.",
        unit="fraction",
        low="0",
        above_low=True,
        high="100",
        default=None,
    )

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if (self.quote is None) == (self.base is None):
            both = "it is given in quote and in base." if self.quote else "it is given neither in quote nor in base."
            problems.append(Problem("quote", both, "Give one of them."))
        if not problems and self.quote is not None and self.budget is not None and self.budget < self.quote:
            problems.append(
                Problem("budget", f"{self.budget} is less than one purchase.", f"Give at least {self.quote}.")
            )
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def opening(self) -> Opening:
        """One deal at once; with a take profit another after each."""
        return ONCE if self.take_profit is None else AT_ONCE

    @property
    def schedule(self) -> Schedule:
        """When purchases are due."""
        return Schedule(every=self.every, minute=self.minute, hour=self.hour, weekday=self.weekday, day=self.day)

    def coins(self, price: Decimal) -> Decimal:
        """Base currency of a usual purchase at this price."""
        return self.base if self.quote is None else self.quote / price  # type: ignore[return-value]  # one is given

    # What it needs

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed for all purchases, or for those of a year if they have no end, at `price`."""
        if self.budget is not None:
            return self.budget
        count = self.schedule.in_a_year if self.purchases is None else self.purchases
        return count * self._largest_purchase(price, market)

    def _largest_purchase(self, price: Decimal, market: Market) -> Decimal:
        factor = ONE if self.dip is None else self.dip_factor
        return market.amount_down(self.coins(price) * factor) * price

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order it can send: everything sold at once, at the take profit if there is one."""
        return self.capital(price, market) * (ONE + (self.take_profit or ZERO)) / (ONE - market.maker_fee)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        limit = price if self.below is None else market.price_down(price * (ONE - self.below))
        if limit <= 0:
            yield Problem("below", "nothing is left of the price.", "Give a smaller distance.")
        elif not market.accepts(market.amount_down(self.coins(limit)), limit):
            least = market.amount_up(max(market.smallest, market.min_notional / limit))
            in_base = self.quote is None
            yield Problem(
                "base" if in_base else "quote",
                f"a purchase is below the smallest order of {market.symbol}.",
                f"Give at least {least} {market.base}."
                if in_base
                else f"Give at least {least * limit} {market.quote}.",
            )

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What will work, but hardly as the user expects."""
        limit = price * (ONE - (self.below or ZERO))
        if self.highest_price is not None and limit > self.highest_price:
            yield Problem(
                "highest_price",
                f"{market.symbol} stands at {price}: purchases are left out until it falls.",
                f"Give more than {limit} if it should buy now.",
            )
