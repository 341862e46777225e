"""Recurring buys: a fixed sum every hour, day, week or month.

Whoever buys for the same sum each time gets more coins when they are cheap and fewer when they are dear, so that the
average paid lies below the average of the prices.

    1 January   12:00    100 USDT at 50,000    buy-1    0.00200 BTC
    1 February  12:00    100 USDT at 40,000    buy-2    0.00250 BTC
    1 March     12:00    100 USDT at 62,500    buy-3    0.00160 BTC

One deal lives as long as the purchases go on, and the coins are the owner's. With a take profit everything is sold
once the price stands that far above the average cost, fees included, and the purchases go on in a new deal.

A purchase at a limit waits below the price until the next is due. If the bot was off when one was due, it is made
when the bot is back; of several that were missed only the last, so that none is doubled. The first one is due after
the deal has opened, not at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from strategies.deal import Deal, Ending, Tally
from strategies.events import Alarm, CancelDeal, CloseAtMarket, Event, Tick
from strategies.market import ONE, ZERO, Market
from strategies.orders import Order, Side
from strategies.recurring.settings import RecurringSettings

TAKE_PROFIT, CLOSE = "take-profit", "close"
_MINUTE = 60_000  # milliseconds


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """The last time that a purchase was due, and what came of it.

    An order that has not filled keeps its name when the next one is due: so that one is placed only when the exchange
    has confirmed that the one before is off its book, and both can never fill.
    """

    period: int = 0  # from 1: how many times one was due since the deal opened; 0: not yet
    wished: bool = False  # whether something is to be bought in this period
    named: int = 0  # the period that its order is named after
    upto: Decimal = ZERO  # base: the order's total
    since: Decimal = ZERO  # base: how much of it had filled before this period
    price: Decimal = ZERO  # of its order: the limit, or where the market stood
    would_pay: Decimal = ZERO  # what the purchase of this period costs a coin, or would have if it was left out
    made: int = 0  # purchases before this period of which anything traded


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring(RecurringSettings):
    """What its deal should have on the book, and when."""

    State: ClassVar[type[msgspec.Struct]] = Purchase

    # What the deal should have on the book

    def orders(self, deal: Deal) -> Iterator[Order]:
        """The purchase of this period, and the take profit."""
        if deal.ending:
            if deal.ending is Ending.AT_MARKET:
                amount = deal.filled(CLOSE) + deal.market.amount_down(deal.held)
                yield deal.keep(CLOSE, Side.SELL, amount)
            return
        if self._sold_out(deal):
            return
        now = self._purchase(deal)
        if now.wished:
            yield deal.keep(bought_in(now.named), Side.BUY, now.upto, None if self.below is None else now.price)
        if self.take_profit is not None and deal.tally.bought:
            yield self._take_profit(deal)

    def _take_profit(self, deal: Deal) -> Order:
        """One sell of all that is held; while a purchase fills in parts it stays as it was."""
        market = deal.market
        held, price = deal.held, self._target(deal.cost, deal.received, market)
        part = self._filling(deal)
        if part is not None and (whole := held - part.received) > 0:
            aim = self._target(deal.cost - part.cost, deal.received - part.received, market)
            if market.accepts(market.amount_down(whole), aim):
                held, price = whole, aim
        amount = deal.filled(TAKE_PROFIT) + market.amount_down(held)
        return deal.keep(TAKE_PROFIT, Side.SELL, amount, price)

    def _filling(self, deal: Deal) -> Tally | None:
        """What has filled of a purchase of which more is to come."""
        now = self._purchase(deal)
        return deal.by_order.get(bought_in(now.named)) if now.wished and not self._complete(deal, now) else None

    def _target(self, cost: Decimal, received: Decimal, market: Market) -> Decimal:
        """`ceil to tick of (average cost x (1 + take profit) / (1 - fee))`."""
        return market.price_up(cost / received * (ONE + (self.take_profit or ZERO)) / (ONE - market.maker_fee))

    def _sold_out(self, deal: Deal) -> bool:
        """Whether the take profit has sold everything but dust."""
        if self.take_profit is None or not deal.tally.sold:
            return False
        target = self._target(deal.cost, deal.received, deal.market)
        return not deal.market.accepts(deal.market.amount_down(deal.held), target)

    # Purchases

    def _purchase(self, deal: Deal) -> Purchase:
        kept: Purchase | None = deal.state
        return kept or Purchase()

    def _due(self, deal: Deal, at: int, price: Decimal) -> Purchase | None:
        """The purchase that is due at `at` and was not before; None: there is none."""
        before, schedule = self._purchase(deal), self.schedule
        number = schedule.number(at)
        period = number - schedule.number(deal.opened_at)
        if period <= before.period:
            return None
        limit = price if self.below is None else deal.market.price_down(price * (ONE - self.below))
        made = self._made(deal, before)
        in_time = self.late is None or at <= schedule.moment(number) + self.late * _MINUTE
        amount = self._amount(deal, made, price, limit) if in_time else ZERO
        filled = self._filled(deal, before)
        now = replace(before, period=period, made=made, wished=False, since=filled, would_pay=limit)
        if not deal.market.accepts(amount, limit):
            return now
        if self._complete(deal, before):
            return replace(now, wished=True, named=period, upto=amount, since=ZERO, price=limit)
        return replace(now, wished=True, upto=filled + amount, price=limit)

    def _amount(self, deal: Deal, made: int, price: Decimal, limit: Decimal) -> Decimal:
        """Base currency on lots to buy now; zero for a purchase that is left out."""
        if limit <= 0 or (self.purchases is not None and made >= self.purchases):
            return ZERO
        if self.highest_price is not None and limit > self.highest_price:
            return ZERO
        factor = ONE
        if self.dip is not None and deal.tally.bought:
            average = deal.tally.spent / deal.tally.bought
            factor = self.dip_factor if price <= average * (ONE - self.dip) else ONE
        amount = self.coins(limit) * factor
        if self.budget is not None:
            amount = min(amount, (self.budget - deal.tally.spent) / limit)
        return deal.market.amount_down(max(amount, ZERO))

    def _filled(self, deal: Deal, now: Purchase) -> Decimal:
        return deal.filled(bought_in(now.named))

    def _made(self, deal: Deal, now: Purchase) -> int:
        """Purchases of which anything traded, the present one among them."""
        return now.made + (self._filled(deal, now) > now.since)

    def _complete(self, deal: Deal, now: Purchase) -> bool:
        """Whether nothing more of the order can come: a rest too small for the exchange will not."""
        return not deal.market.accepts(now.upto - self._filled(deal, now), now.price)

    def _used_up(self, deal: Deal) -> bool:
        """Whether no purchase will follow, and the present one is complete."""
        now = self._purchase(deal)
        if now.wished and not self._complete(deal, now):
            return False
        if self.purchases is not None and self._made(deal, now) >= self.purchases:
            return True
        if self.budget is None or not now.would_pay:
            return False
        left = deal.market.amount_down(max(self.budget - deal.tally.spent, ZERO) / now.would_pay)
        return not deal.market.accepts(left, now.would_pay)

    # What changes the answer though nothing filled

    def watches(self, deal: Deal) -> Iterator[Alarm]:
        """The next purchase, or the end."""
        if deal.ending or self._sold_out(deal):
            return
        now, schedule = self._purchase(deal), self.schedule
        first = schedule.number(deal.opened_at)
        if not self._used_up(deal):
            number = now.period + 1
            yield Alarm(at=schedule.moment(first + number), then=f"purchase {number} is due")
        elif self.take_profit is None:
            yield Alarm(at=schedule.moment(first + now.period), then="the last purchase is made")

    def on_event(self, deal: Deal, event: Event) -> None:
        """Let the deal know of something that is not a fill."""
        match event:
            case CloseAtMarket():
                deal.end(Ending.AT_MARKET)
            case CancelDeal():
                deal.end(Ending.CANCELLED)
            case Tick(at=at, price=price) if not deal.ending and not self._sold_out(deal):
                if not self._used_up(deal) and (due := self._due(deal, at, price)):
                    deal.state = due
                if self.take_profit is None and self._used_up(deal):
                    deal.end(Ending.DONE)

    def finished(self, deal: Deal, last_price: Decimal) -> bool:
        """Whether nothing is left to do. Coins that it bought are the owner's, unless the deal is closed at market."""
        if deal.ending is None:
            return self._sold_out(deal)
        if deal.ending is not Ending.AT_MARKET:
            return True
        return not deal.market.accepts(deal.market.amount_down(deal.held), last_price)


def bought_in(period: int) -> str:
    """The name of the order of this period."""
    return f"buy-{period}"
