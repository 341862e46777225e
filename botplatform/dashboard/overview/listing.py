"""All of a person's bots in few words each: enough to add up, to sort and to choose a page of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from botplatform.bots.models import Bot, BotEvent, DailyProfit, Deal
from botplatform.bots.sums.keeping import open_profit
from botplatform.dashboard.live.prices import Prices
from botplatform.lib import clock
from botplatform.markets.models import Market
from strategies.market import ZERO


@dataclass(frozen=True, slots=True)
class Query:
    """What of it a page shows. Empty: everything."""

    name: str = ""
    state: str = ""
    kind: str = ""
    market: int | None = None
    sort: str = "-attention"
    page: int = 1

    @property
    def everything(self) -> bool:
        return not (self.name or self.state or self.kind or self.market)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one open deal holds, as its row says."""

    market: Market
    held: Decimal
    paid: Decimal
    realised: Decimal

    def open_profit(self, prices: Prices) -> Decimal:
        """Zero while its market has no price."""
        price = prices.of(self.market)
        return ZERO if price is None else open_profit(self.held, self.paid, price, self.market.taker_fee)


@dataclass(frozen=True, slots=True)
class Brief:
    """One bot."""

    id: UUID
    name: str
    kind: str
    market: Market
    enabled: bool
    realised: Decimal
    deals: int
    created_at: datetime
    today: Decimal
    errors: int
    holdings: tuple[Holding, ...]

    def total(self, prices: Prices) -> Decimal:
        """Realised and open, in quote."""
        return self.realised + sum((each.realised + each.open_profit(prices) for each in self.holdings), ZERO)


@dataclass(slots=True)
class Sums:
    """Of one quote currency, after fees."""

    today: Decimal = ZERO
    week: Decimal = ZERO
    month: Decimal = ZERO
    realised: Decimal = ZERO
    open: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.realised + self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All of a person's bots."""

    bots: tuple[Brief, ...]
    markets: tuple[Market, ...]
    periods: dict[str, Sums] = field(default_factory=dict)  # what closed deals brought; by quote

    def totals(self, prices: Prices) -> dict[str, Sums]:
        """By quote, that with the most bots first."""
        often = Counter(_quote(bot.market) for bot in self.bots)
        found = {quote: Sums() for quote, _ in often.most_common()}
        for quote, sums in self.periods.items():
            into = found.setdefault(quote, Sums())
            into.today, into.week, into.month = sums.today, sums.week, sums.month
        for bot in self.bots:
            into = found[_quote(bot.market)]
            into.realised += bot.realised
            for holding in bot.holdings:
                into.realised += holding.realised
                into.open += holding.open_profit(prices)
        return found

    def chosen(self, query: Query, prices: Prices) -> list[Brief]:
        """Those that the query asks for, in its order."""
        name = query.name.casefold()
        found = [
            bot
            for bot in self.bots
            if name in bot.name.casefold()
            and query.kind in ("", bot.kind)
            and query.market in (None, bot.market.pk)
            and _STATES[query.state](bot)
        ]
        order = _orders(prices)[query.sort.lstrip("-")]
        found.sort(key=lambda bot: bot.created_at, reverse=True)
        found.sort(key=order, reverse=query.sort.startswith("-"))
        return found


_STATES: dict[str, Callable[[Brief], bool]] = {
    "": lambda _: True,
    "running": lambda bot: bot.enabled,
    "stopped": lambda bot: not bot.enabled,
    "deal": lambda bot: bool(bot.holdings),
    "error": lambda bot: bot.errors > 0,
}


def _orders(prices: Prices) -> dict[str, Callable[[Brief], Any]]:
    return {
        "attention": lambda bot: (bot.errors > 0, bot.enabled or bool(bot.holdings)),
        "name": lambda bot: bot.name.casefold(),
        "market": lambda bot: bot.market.symbol,
        "today": lambda bot: bot.today,
        "total": lambda bot: bot.total(prices),
        "deals": lambda bot: bot.deals,
        "created": lambda bot: bot.created_at,
    }


def everything(owner: UUID) -> Everything:
    """In a number of queries that does not depend on how many bots there are."""
    columns = ("pk", "name", "kind", "market", "enabled", "realised", "deals_closed", "created_at")
    rows = list(Bot.objects.filter(owner=owner).order_by().values_list(*columns))
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    today: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    deals = Deal.objects.filter(owner=owner).order_by()  # in whatever order: their own would read all of them
    for bot, realised in deals.filter(closed_at__gte=midnight).values_list("bot", "realised"):
        today[bot] += realised
    open_deals = list(deals.filter(closed_at=None).values_list("bot", "market", "held", "paid", "realised"))
    markets = Market.objects.in_bulk({row[3] for row in rows} | {row[1] for row in open_deals})
    holdings: defaultdict[UUID, list[Holding]] = defaultdict(list)
    for bot, market, held, paid, realised in open_deals:
        holdings[bot].append(Holding(markets[market], held, paid, realised))
    errors = _errors(owner)
    return Everything(
        bots=tuple(
            Brief(
                id=pk,
                name=name,
                kind=kind,
                market=markets[market],
                enabled=enabled,
                realised=realised,
                deals=deals,
                created_at=created_at,
                today=today[pk],
                errors=errors[pk],
                holdings=tuple(holdings[pk]),
            )
            for pk, name, kind, market, enabled, realised, deals, created_at in rows
        ),
        markets=tuple(markets.values()),
        periods=_periods(owner, midnight),
    )


def _errors(owner: UUID) -> Counter[UUID]:
    inbox = BotEvent.objects.filter(bot__owner=owner, level=BotEvent.Level.ERROR, dismissed=False)
    return Counter(inbox.order_by().values_list("bot", flat=True))


def _periods(owner: UUID, midnight: datetime) -> dict[str, Sums]:
    """Whole days in UTC: today, and it with the six or twenty-nine before."""
    day = midnight.date()
    week, month = day - timedelta(days=6), day - timedelta(days=29)
    found: defaultdict[str, Sums] = defaultdict(Sums)
    rows: Iterable[DailyProfit] = DailyProfit.objects.filter(owner=owner, day__gte=month)
    for row in rows:
        sums = found[row.quote]
        sums.month += row.realised
        if row.day >= week:
            sums.week += row.realised
        if row.day >= day:
            sums.today += row.realised
    return dict(found)


def _quote(market: Market) -> str:
    return market.symbol.partition("/")[2]
