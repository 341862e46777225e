"""What the overview shows, once in the page and again whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.template.loader import render_to_string

from botplatform.bots.models import Bot
from botplatform.dashboard.live.pages import Parts
from botplatform.dashboard.live.prices import MarketKey, Prices
from botplatform.dashboard.progress import Progress
from botplatform.dashboard.standing import Profit, Standing, standings
from strategies.market import ZERO


@dataclass(frozen=True, slots=True)
class Row:
    """One bot, at today's price."""

    standing: Standing
    price: Decimal | None
    profit: Profit
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """One person's overview."""

    owner: UUID

    def whose(self) -> Q:
        return Q(owner_id=self.owner)

    def load(self) -> list[Standing]:
        return standings(Bot.objects.filter(self.whose()))

    def show(self, loaded: list[Standing], prices: Prices) -> Parts:
        shown = context(loaded, prices)
        return {part: render_to_string(f"dashboard/overview/{part}.html", shown) for part in ("totals", "bots")}

    def market(self, _loaded: list[Standing]) -> MarketKey | None:
        return None


def context(loaded: list[Standing], prices: Prices) -> dict[str, Any]:
    """For the templates."""
    rows = [_row(standing, prices.of(standing.bot.market)) for standing in loaded]
    totals: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        of = totals.setdefault(row.standing.bot.market.rules.quote, {"today": ZERO, "open": ZERO, "total": ZERO})
        of["today"] += row.profit.today
        of["open"] += row.profit.open
        of["total"] += row.profit.total
    return {
        "rows": rows,
        "totals": totals,
        "running": sum(row.standing.bot.enabled for row in rows),
        "open_deals": sum(row.standing.open is not None for row in rows),
        "closed_deals": sum(row.standing.closed for row in rows),
    }


def _row(standing: Standing, price: Decimal | None) -> Row:
    return Row(standing, price, standing.profit(price), Progress.of(standing, price))
