"""TWAP, the time-weighted average price: a large order in equal slices over a time.

Whoever buys 24,000 USDT at once pays what the book asks that far up. In 24 slices over a day the same coins cost about
what the day's prices were on average.

    00:00  slice 1    1,000 USDT at the market
    01:00  slice 2    1,000 USDT
    ...
    23:00  slice 24   1,000 USDT, and what rounding has left over

With a worst price a slice is a limit order at that price: it trades at once while the market is better, and waits on
the book while it is worse, until the next slice begins. What did not trade by then is skipped, or made up by the next.

What an order at the market costs more or less than the price at which it was reckoned, the next slices spend less or
more; only the last one's own slippage can exceed the total. Under a worst price the total is never exceeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec

from strategies.deal import NOTHING_CARRIED, Carried, Deal, Ending
from strategies.events import Alarm, CancelDeal, CloseAtMarket, Event, Tick
from strategies.market import ONE, ZERO, Market
from strategies.opening import ONCE, Opening
from strategies.orders import Order, Side
from strategies.settings import Problem, SettingsRefused, out_of_bounds, setting
from strategies.shapes import choice
from strategies.strategy import Strategy

CLOSE = "close"
_SECOND = 1000  # milliseconds
_HAIR_MORE = ONE + Decimal("1e-18")  # shares are rounded at the 28th digit, which must not cost a lot


class Missed(StrEnum):
    """What becomes of a slice that did not trade in its time."""

    SKIP = "skip"
    CATCH_UP = "catch up"


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The slice that is on. `skipped` is what slices before it did not trade, in quote or base like the total."""

    number: int  # from 1
    price: Decimal  # where the market stood when it began
    skipped: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class TWAP(Strategy):
    """The settings, as the trader fills them in. A total in quote or in base, before fees."""

    State: ClassVar[type[msgspec.Struct]] = Slice

    side: Side = choice("Whether it buys or sells.", Side.BUY)
    quote: Decimal | None = setting(
        "What all slices spend or earn together. Give this or the amount in base.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    base: Decimal | None = setting(
        "How many coins all slices buy or sell together. Give this or the amount in quote.",
        unit="base",
        low="0",
        above_low=True,
        default=None,
    )
    slices: int = setting("Into how many equal slices it is cut.", unit="count", low="1", high="10000")
    duration: int = setting(
        "The time over which the slices are spread. The first comes at once.",
        unit="seconds",
        low="1",
        high="31622400",
    )
    worst_price: Decimal | None = setting(
        "It buys at no higher and sells at no lower price, and waits meanwhile. Empty: at any price of the market.",
        unit="quote",
        low="0",
        above_low=True,
        default=None,
    )
    missed: Missed = choice("What becomes of a slice that did not trade in its time.", Missed.SKIP)

    def __post_init__(self) -> None:
        problems = [*out_of_bounds(self)]
        if (self.quote is None) == (self.base is None):
            both = "it is given in quote and in base." if self.quote else "it is given neither in quote nor in base."
            problems.append(Problem("quote", both, "Give one of them."))
        if not problems and self.slices > self.duration:
            problems.append(
                Problem("slices", "more than one slice would come in a second.", f"Use at most {self.duration}.")
            )
        if problems:
            raise SettingsRefused(tuple(problems))

    @property
    def opening(self) -> Opening:
        """One deal at once, and no other."""
        return ONCE

    # What the deal should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """One order, whose total grows with each slice: a slice is placed only when the one before is off the book."""
        if deal.ending is Ending.AT_MARKET:
            yield deal.keep(CLOSE, Side.SELL, deal.filled(CLOSE) + deal.market.amount_down(deal.held))
        elif deal.ending is None:
            name = self.side.value
            now = self._slice(deal)
            amount = deal.filled(name) + self._tradable(deal, now, self._upto(deal, now))
            yield deal.keep(name, self.side, amount, self._limit(deal.market))

    def _limit(self, market: Market) -> Decimal | None:
        if self.worst_price is None:
            return None
        rounded = market.price_down if self.side is Side.BUY else market.price_up
        return rounded(self.worst_price)

    def _done(self, deal: Deal) -> Decimal:
        """What the slices have traded, before fees."""
        tally = deal.by_order.get(self.side.value)
        if tally is None:
            return ZERO
        return tally.traded if self.quote is None else tally.spent + tally.earned

    def _tradable(self, deal: Deal, now: Slice, upto: Decimal) -> Decimal:
        """Base currency, on lots, that is missing until `upto` has traded; not below zero."""
        done = self._done(deal)
        missing = min((upto - done) * _HAIR_MORE, self.total - done)
        if self.quote is not None:
            missing /= self._reckoned_at(now.price, deal.market)
        if self.side is Side.SELL:
            missing = min(missing, deal.held)
        return deal.market.amount_down(max(missing, ZERO))

    def _reckoned_at(self, price: Decimal, market: Market) -> Decimal:
        """The price that turns quote into coins, such that a limit order cannot spend too much."""
        limit = self._limit(market)
        if limit is None:
            return price
        return limit if self.side is Side.BUY else max(limit, price)

    def _placeable(self, deal: Deal, now: Slice, upto: Decimal) -> bool:
        """Whether what is missing until `upto` has traded is large enough for an order."""
        price = self._limit(deal.market) or now.price
        return deal.market.accepts(self._tradable(deal, now, upto), price)

    # Slices

    @property
    def total(self) -> Decimal:
        """Of all slices together, in quote or base."""
        return self.base if self.quote is None else self.quote  # type: ignore[return-value]  # one of them is given

    def begins(self, deal: Deal, number: int) -> int:
        """When a slice begins, in milliseconds since 1970; one beyond the last: when the time is over."""
        return deal.opened_at - (number - 1) * self.duration * _SECOND // -self.slices

    def _number(self, deal: Deal, at: int) -> int:
        """The slice that is on at a time; one beyond the last when the time is over."""
        return max(at - deal.opened_at, 0) * self.slices // (self.duration * _SECOND) + 1

    def _slice(self, deal: Deal) -> Slice:
        if deal.state is None:
            return Slice(number=1, price=deal.price)
        kept: Slice = deal.state
        return kept

    def _upto(self, deal: Deal, now: Slice) -> Decimal:
        """What may have traded in all when this slice is over, in quote or base like the total."""
        total = self.total
        upto = total * now.number / self.slices - now.skipped
        # A rest too small for an order of its own goes with this slice.
        rest = (total - upto) / (ONE if self.quote is None else now.price) * _HAIR_MORE
        alone = deal.market.accepts(deal.market.amount_down(max(rest, ZERO)), now.price)
        return min(upto, total) if alone else total

    def _next(self, deal: Deal, number: int, price: Decimal) -> Slice:
        before = self._slice(deal)
        skipped = ZERO
        if self.missed is Missed.SKIP:
            upto = self._upto(deal, before)
            # What rounding left of the slice before was not missed.
            done = self._done(deal) if self._placeable(deal, before, upto) else min(upto, self.total)
            skipped = self.total * (number - 1) / self.slices - done
        return Slice(number=number, price=price, skipped=max(skipped, ZERO))

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Alarm]:
        """The next slice, and the end."""
        if deal.ending:
            return
        now = self._slice(deal)
        if not self._placeable(deal, now, self.total):
            yield Alarm(at=self.begins(deal, now.number), then="the total is reached")
        elif now.number == self.slices:
            yield Alarm(at=self.begins(deal, self.slices + 1), then="the time is over")
        else:
            number = now.number + 1
            yield Alarm(at=self.begins(deal, number), then=f"slice {number} of {self.slices}")

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick(at=at, price=price) if not deal.ending:
                now, number = self._slice(deal), self._number(deal, at)
                if number > self.slices or not self._placeable(deal, now, self.total):
                    deal.end(Ending.DONE)
                elif number > now.number:
                    deal.state = self._next(deal, number, price)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do. Coins that it bought are the user's, unless the deal is closed at market."""
        if deal.ending is not Ending.AT_MARKET:
            return deal.ending is not None
        return not deal.market.accepts(deal.market.amount_down(deal.held), last_price)

    # What it needs

    def given(self, price: Decimal, market: Market) -> Carried:
        """The coins that it is to sell."""
        if self.side is Side.BUY:
            return NOTHING_CARRIED
        amount = self._coins(price, market)
        return Carried(amount=amount, cost=amount * price)

    def _coins(self, price: Decimal, market: Market) -> Decimal:
        """Base currency of the whole total, if it all traded at `price`, or at the worst price when that is another."""
        if self.base is not None:
            return market.amount_down(self.base)
        return market.amount_up(self.total / (self._limit(market) or price))

    def capital(self, price: Decimal, market: Market) -> Decimal:
        """Quote needed if all of it is bought at `price`, or at the worst price."""
        if self.side is Side.SELL:
            return ZERO
        return self.total if self.base is None else market.amount_down(self.base) * (self._limit(market) or price)

    def largest_order(self, price: Decimal, market: Market) -> Decimal:
        """Notional of the largest order that it can send if prices stay: all that is missing, or the close."""
        return self._coins(price, market) * max(price, self._limit(market) or price)

    def problems(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What cannot work on this market while it stands at `price`."""
        field = "base" if self.quote is None else "quote"
        at = self._reckoned_at(price, market)
        if not at:
            yield Problem(
                "worst_price",
                f"it is below the smallest price of {market.symbol}.",
                f"Give at least {market.tick_size}.",
            )
            return
        share = self.total / self.slices / (1 if self.quote is None else at)
        if not market.accepts(market.amount_down(share), at):
            least = market.amount_up(max(market.smallest, market.min_notional / at))
            most = int(self.total / (least if self.quote is None else least * at))
            remedy = f"Use at most {most} slices." if most else f"Trade at least {least} {market.base} in all."
            yield Problem(
                "slices" if most else field, f"a slice is below the smallest order of {market.symbol}.", remedy
            )

    def warnings(self, price: Decimal, market: Market) -> Iterator[Problem]:
        """What will work, but hardly as the user expects."""
        limit = self._limit(market)
        if limit is not None and (limit < price if self.side is Side.BUY else limit > price):
            yield Problem(
                "worst_price",
                f"{market.symbol} stands at {price}, beyond it: nothing trades until the price comes back.",
                "Give a worst price on the other side if it should begin at once.",
            )
