"""What the watched pages show now. One thread asks, once a second, however many people watch."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import close_old_connections
from django.db.models import Count, Max, Q, QuerySet

from botplatform.bots.models import Bot, BotEvent, Deal, Fill, Order
from botplatform.dashboard.live.pages import Page
from botplatform.dashboard.live.prices import MarketKey, Prices
from botplatform.lib import clock
from botplatform.markets.models import Market

log = logging.getLogger(__name__)


class Picture:
    """One page as it was last shown."""

    def __init__(self) -> None:
        self.rows: object = None  # fingerprint of the rows that `loaded` came from
        self.loaded: Any = None
        self.prices: object = None
        self.market: MarketKey | None = None
        self.parts: dict[str, str] = {}


class Pictures:
    """Pictures of pages, taken anew only when rows or prices have changed."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._kept: dict[Page, Picture] = {}

    def take(self, pages: Iterable[Page]) -> dict[Page, Picture]:
        """A picture of each page. Opens a database connection and leaves none behind."""
        close_old_connections()
        try:
            return self._take(list(pages))
        finally:
            close_old_connections()

    def _take(self, pages: list[Page]) -> dict[Page, Picture]:
        wanted = Q(pk__in=[])
        for page in pages:
            wanted |= page.whose()
        marks = _marks(wanted)
        for market in Market.objects.filter(bots__in=[*marks]).distinct():
            self._prices.learn_row(market)
        self._kept = {page: self._kept.get(page) or Picture() for page in pages}
        for page, picture in self._kept.items():
            try:
                self._look(page, picture, marks)
            except Exception:  # one page that cannot be shown must not stop the others
                log.exception("A page could not be shown anew.")
        return self._kept

    def _look(self, page: Page, picture: Picture, marks: dict[UUID, Any]) -> None:
        mine = Bot.objects.filter(page.whose()).select_related("market")
        bots = list(mine)
        rows = (clock.now().date(), tuple((bot.pk, marks.get(bot.pk)) for bot in bots))
        prices = tuple(self._prices.of(bot.market) for bot in bots)
        if rows == picture.rows and prices == picture.prices:
            return
        if rows != picture.rows:
            picture.loaded = page.load()
            picture.market = page.market(picture.loaded)
        parts = page.show(picture.loaded, self._prices)
        picture.parts = {name: json.dumps({"part": name, "is": content}) for name, content in parts.items()}
        picture.rows, picture.prices = rows, prices


def _marks(wanted: Q) -> dict[UUID, Any]:
    """For each bot something that is different whenever one of its rows is."""
    bots = {row[0]: row for row in Bot.objects.filter(wanted).values_list("pk", "enabled", "name", "grant_version")}
    deals = _counted(Deal.objects.filter(bot__in=bots), "bot", last=Max("closed_at"))
    wishes = _by_bot(Deal.objects.filter(bot__in=bots, closed_at=None).values_list("bot", "wish", "ending"))
    orders = _counted(Order.objects.filter(deal__bot__in=bots), "deal__bot", last=Max("updated_at"))
    fills = _counted(Fill.objects.filter(order__deal__bot__in=bots), "order__deal__bot")
    events = _counted(
        BotEvent.objects.filter(bot__in=bots), "bot", last=Max("pk"), seen=Count("pk", filter=Q(dismissed=True))
    )
    tables = (bots, deals, wishes, orders, fills, events)
    return {bot: tuple(table.get(bot) for table in tables) for bot in bots}


def _counted(rows: QuerySet[Any], bot: str, **more: Any) -> dict[UUID, tuple[Any, ...]]:
    return _by_bot(rows.order_by().values_list(bot).annotate(count=Count("pk"), **more))


def _by_bot(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, tuple[Any, ...]]:
    return {row[0]: row for row in rows}
