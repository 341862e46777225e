"""Where bots stand: what their closed deals made, and what their open one holds, in exact numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from botplatform.bots.models import Bot, Deal, Fill, Order
from botplatform.lib import clock
from strategies.deal import Deal as DealState
from strategies.events import Alarm, Crossing
from strategies.market import ZERO
from strategies.orders import Side
from strategies.settings import SettingsRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The prices that matter to an open deal. None: there is no such price now."""

    target: Decimal | None = None
    next_buy: Decimal | None = None
    stop: Decimal | None = None

    @property
    def floor(self) -> Decimal | None:
        """Where the line to the target begins: the next buy, or else the stop."""
        return self.stop if self.next_buy is None else self.next_buy


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDeal:
    """A deal that goes on, with its rows and what strategies know of it."""

    row: Deal
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    state: DealState

    @property
    def average(self) -> Decimal | None:
        """Quote paid for each coin, fees included; None before anything was bought."""
        return self.state.average_cost if self.state.tally.received > 0 else None

    @property
    def open_orders(self) -> list[Order]:
        """What may still trade, highest price first."""
        return sorted((order for order in self.orders if not order.over), key=lambda order: order.price, reverse=True)

    def levels(self) -> Levels:
        """What the deal waits for."""
        try:
            strategy = self.row.strategy
        except SettingsRefused:
            return Levels()
        wanted = [order for order in strategy.orders(self.state) if order.price is not None]
        sells = [order.price for order in wanted if order.side is Side.SELL]
        buys = [
            order.price for order in wanted if order.side is Side.BUY and self.state.filled(order.name) < order.amount
        ]
        stops = [
            awaited.price
            for awaited in strategy.watches(self.state)
            if not isinstance(awaited, Alarm) and awaited.crossing is Crossing.BELOW
        ]
        return Levels(
            target=min((each for each in sells if each is not None), default=None),
            next_buy=max((each for each in buys if each is not None), default=None),
            stop=max(stops, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """In quote, after fees."""

    today: Decimal  # of the deals that closed since midnight UTC
    realised: Decimal  # of everything that was sold
    open: Decimal  # of what is held, if it went now
    known: bool  # False: the market has no price yet, and `open` is not counted

    @property
    def total(self) -> Decimal:
        return self.realised + self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A bot at one moment, apart from the price."""

    bot: Bot
    deals: tuple[OpenDeal, ...]  # the open ones, the newest first
    closed: int
    closed_profit: Decimal
    closed_today: Decimal

    @property
    def open(self) -> OpenDeal | None:
        """The newest open deal."""
        return self.deals[0] if self.deals else None

    def profit(self, price: Decimal | None) -> Profit:
        """At this price of its first market; deals on others are valued at the last price that was kept of theirs."""
        first = self.bot.market_id
        prices = [price if deal.row.market_id == first else deal.row.market.last_price for deal in self.deals]
        gains = (deal.state.open_profit(at) for deal, at in zip(self.deals, prices, strict=True) if at is not None)
        return Profit(
            today=self.closed_today,
            realised=self.closed_profit + sum((deal.state.realised for deal in self.deals), ZERO),
            open=sum(gains, ZERO),
            known=price is not None and None not in prices,
        )


def standings(bots: QuerySet[Bot]) -> list[Standing]:
    """Where each of them stands, in a number of queries that does not depend on how many there are."""
    rows = list(bots.select_related("market", "account"))
    ids = [bot.pk for bot in rows]
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    today: defaultdict[object, Decimal] = defaultdict(Decimal)
    closed_today = Deal.objects.filter(bot__in=ids, closed_at__gte=midnight).order_by()
    for bot, realised in closed_today.values_list("bot", "realised"):
        today[bot] += realised
    going_on = defaultdict[object, list[OpenDeal]](list)
    for deal in _open_deals(rows):
        going_on[deal.bot_id].append(_open_deal(deal))
    return [
        Standing(
            bot=bot,
            deals=tuple(going_on[bot.pk]),
            closed=bot.deals_closed,
            closed_profit=bot.realised,
            closed_today=today[bot.pk],
        )
        for bot in rows
    ]


def _open_deals(bots: Iterable[Bot]) -> Iterable[Deal]:
    by_id = {bot.pk: bot for bot in bots}
    going_on = Deal.objects.filter(bot__in=by_id, closed_at=None).select_related("market")
    for deal in going_on.prefetch_related("orders__fills"):
        deal.bot = by_id[deal.bot_id]
        yield deal


def _open_deal(deal: Deal) -> OpenDeal:
    orders = tuple(deal.orders.all())
    fills = tuple(fill for order in orders for fill in order.fills.all())
    return OpenDeal(row=deal, orders=orders, fills=fills, state=deal.state(fills))
