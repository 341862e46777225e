"""What a bot's page shows, once in the page and again whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.template.loader import render_to_string

from botplatform.bots.editing import changes
from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order, SettingsChange, Wish
from botplatform.dashboard.bots import chart
from botplatform.dashboard.bots.moves import moves
from botplatform.dashboard.bots.timeline import Entry, timeline
from botplatform.dashboard.builder.sections import KINDS
from botplatform.dashboard.builder.sentences import sentences
from botplatform.dashboard.live.pages import Parts, Whose
from botplatform.dashboard.live.prices import MarketKey, Prices, key
from botplatform.dashboard.progress import Progress
from botplatform.dashboard.standing import Levels, Standing, standings
from botplatform.markets.models import Candle
from strategies.market import ONE, ZERO
from strategies.orders import Side
from strategies.settings import SettingsRefused

# Each is a template in dashboard/bots/parts/ and an element of the page.
PARTS = (
    "state",
    "price",
    "numbers",
    "moves",
    "deal",
    "orders",
    "deals",
    "events",
    "errors",
    "start",
    "stop",
    "close",
    "cancel",
)
DEALS, EVENTS, CHANGES = 25, 80, 10  # how many rows of history a page shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The rows behind one bot's page."""

    standing: Standing
    deals: list[Deal]
    timeline: list[Entry]
    errors: list[BotEvent]
    wishes: list[Wish]
    first: Deal | None  # of all its deals
    changes: list[SettingsChange]


@dataclass(frozen=True, slots=True)
class BotPage:
    """The page of one bot; whoever makes one has looked whose bot it is."""

    bot: UUID

    def whose(self) -> Whose:
        return Whose("pk", self.bot)

    def load(self) -> Loaded | None:
        """None when the bot is gone."""
        found = standings(Bot.objects.filter(pk=self.bot))
        if not found:
            return None
        events = BotEvent.objects.filter(bot=self.bot).select_related("deal")
        fills = Prefetch("orders", Order.objects.prefetch_related(Prefetch("fills", Fill.objects.order_by("learned"))))
        deals = Deal.objects.filter(bot=self.bot).select_related("market").prefetch_related(fills)
        newest = list(deals[:DEALS])
        asked = Wish.objects.filter(bot=self.bot, done_at=None).exclude(kind=Wish.Kind.SIGNAL)
        return Loaded(
            standing=found[0],
            deals=newest,
            timeline=timeline(events[:EVENTS], newest, EVENTS),
            wishes=list(asked.select_related("market")),
            first=Deal.objects.filter(bot=self.bot).order_by("number").first(),
            changes=list(SettingsChange.objects.filter(bot=self.bot)[:CHANGES]),
            errors=list(events.filter(level=BotEvent.Level.ERROR, dismissed=False)[:EVENTS]),
        )

    def show(self, loaded: Loaded | None, prices: Prices) -> Parts:
        if loaded is None:
            return {"gone": None}
        shown = context(loaded, prices)
        html = {part: render_to_string(f"dashboard/bots/parts/{part}.html", shown) for part in PARTS}
        last = Candle.objects.filter(market=loaded.standing.bot.market, interval=1).order_by("-opened_at").first()
        return {
            **html,
            "chart": chart.overlay(loaded.standing, shown["levels"], loaded.deals),
            "candle": None if last is None else chart.bar(last),
        }

    def market(self, loaded: Loaded | None) -> MarketKey | None:
        return None if loaded is None else key(loaded.standing.bot.market)


def context(loaded: Loaded, prices: Prices) -> dict[str, Any]:
    """For the templates."""
    standing = loaded.standing
    bot, deal = standing.bot, standing.open
    price = prices.of(bot.market)
    return {
        "bot": bot,
        "market": bot.market,
        "base": bot.market.rules.base,
        "quote": bot.market.rules.quote,
        "standing": standing,
        "open": deal,
        "price": price,
        "profit": standing.profit(price),
        "levels": Levels() if deal is None or price is None else deal.levels(),
        "progress": Progress.of(standing, price),
        "worth": None if deal is None or price is None else deal.state.held * price,
        "open_profit": None if deal is None or price is None else deal.state.open_profit(price),
        "needs": _needs(bot, price),
        "orders": [] if deal is None else [_order(order, price) for order in deal.open_orders],
        "deals": loaded.deals,
        "timeline": loaded.timeline,
        "errors": loaded.errors,
        "wishes": loaded.wishes,
        "moves": moves(standing, price),
        "holding": _holding(loaded, price),
        "kind": KINDS[bot.kind],
        "settings": _settings(bot),
        "changes": [(each, changes(bot.kind, each.before, each.after)) for each in loaded.changes],
        "newest": loaded.deals[0] if loaded.deals else None,
    }


def _settings(bot: Bot) -> list[tuple[str, str]]:
    """Each section in its sentence; nothing for settings of another version."""
    try:
        said = sentences(bot.strategy, bot.market.rules)
    except SettingsRefused:
        return []
    return [(section.title, said[section.key]) for section in KINDS[bot.kind].sections]


def _holding(loaded: Loaded, price: Decimal | None) -> Decimal | None:
    """What the bot's capital would have made if all of it had bought coins when its first deal opened.

    A short is counted on top of keeping the coins, so that holding makes nothing; None while it cannot be known.
    """
    bot, first = loaded.standing.bot, loaded.first
    if first is None or price is None or first.market_id != bot.market_id or not first.price:
        return None
    try:
        strategy, rules = bot.strategy, bot.market.rules
        if strategy.opens_with is Side.SELL:
            return ZERO
        capital = strategy.capital(first.price, rules)
    except (SettingsRefused, ArithmeticError):
        return None
    return capital * (price / first.price * (ONE - rules.taker_fee) - ONE)


def _order(order: Order, price: Decimal | None) -> dict[str, Any]:
    away = None if not price or order.at_market else order.price / price - 1
    return {"row": order, "label": order.name.replace("-", " ").capitalize(), "away": away}


def _needs(bot: Bot, price: Decimal | None) -> Decimal | None:
    """What a deal takes in the worst case, in quote; None while it cannot be known."""
    if price is None:
        return None
    try:
        return bot.strategy.capital(price, bot.market.rules)
    except SettingsRefused:
        return None
