"""What the overview shows, once in the page and again whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from botplatform.bots.models import Bot, BotEvent
from botplatform.dashboard.lists import pages
from botplatform.dashboard.live.pages import Parts, Whose
from botplatform.dashboard.live.prices import MarketKey, Prices
from botplatform.dashboard.overview.listing import Brief, Everything, Query, everything
from botplatform.dashboard.progress import Progress
from botplatform.dashboard.standing import Profit, Standing, standings

SIZE = 25  # bots on a page
ERRORS = 5  # that are shown at once
PARTS = ("totals", "attention", "bots")


@dataclass(frozen=True, slots=True)
class Row:
    """One bot, at today's price."""

    brief: Brief
    standing: Standing
    price: Decimal | None
    profit: Profit
    progress: Progress | None


@dataclass(slots=True)
class Loaded:
    """The rows behind an overview. Standings are added as bots come onto the page: prices can change who is on it."""

    everything: Everything
    errors: list[BotEvent]
    standings: dict[UUID, Standing]


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """One person's overview, or what of it is filtered."""

    owner: UUID
    query: Query = field(default_factory=Query)

    def whose(self) -> Whose:
        return Whose("owner", self.owner)

    def load(self) -> Loaded:
        inbox = BotEvent.objects.filter(bot__owner=self.owner, level=BotEvent.Level.ERROR, dismissed=False)
        return Loaded(everything(self.owner), list(inbox.select_related("bot")[:ERRORS]), {})

    def show(self, loaded: Loaded, prices: Prices) -> Parts:
        shown = context(self, loaded, prices)
        return {part: render_to_string(f"dashboard/overview/{part}.html", shown) for part in PARTS}

    def market(self, _loaded: Loaded) -> MarketKey | None:
        return None


def context(shown: OverviewPage, loaded: Loaded, prices: Prices) -> dict[str, Any]:
    """For the templates."""
    whole = loaded.everything
    page = pages.of_list(whole.chosen(shown.query, prices), shown.query.page, size=SIZE)
    missing = [bot.id for bot in page.rows if bot.id not in loaded.standings]
    if missing:
        loaded.standings |= {each.bot.pk: each for each in standings(Bot.objects.filter(pk__in=missing))}
    return {
        "page": page,
        "rows": [_row(bot, loaded.standings[bot.id], prices) for bot in page.rows if bot.id in loaded.standings],
        "bots": len(whole.bots),
        "totals": whole.totals(prices),
        "running": sum(bot.enabled for bot in whole.bots),
        "open_deals": sum(len(bot.holdings) for bot in whole.bots),
        "closed_deals": sum(bot.deals for bot in whole.bots),
        "errors": loaded.errors,
        "errors_in_all": sum(bot.errors for bot in whole.bots),
    }


def _row(brief: Brief, standing: Standing, prices: Prices) -> Row:
    price = prices.of(standing.bot.market)
    return Row(brief, standing, price, standing.profit(price), Progress.of(standing, price))
