"""What the watched pages show now. One thread asks, once a second, however many people watch.

Each look costs a line for each bot that somebody watches (its `touched` counts up whenever anything of it is written)
and one for each market of theirs; rows are read for the pages that something has changed on.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import close_old_connections
from django.db.models import Q

from botplatform.bots.models import Bot
from botplatform.dashboard.live.pages import Page, Whose
from botplatform.dashboard.live.prices import MarketKey, Prices
from botplatform.lib import clock
from botplatform.markets.models import Market

log = logging.getLogger(__name__)


class Picture:
    """One page as it was last shown."""

    def __init__(self) -> None:
        self.rows: object = None  # what the rows that `loaded` came from were marked with
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
        marks = _marks({page.whose() for page in pages})
        markets = Market.objects.in_bulk({row[2] for rows in marks.values() for row in rows})
        for market in markets.values():
            self._prices.learn_row(market)
        self._kept = {page: self._kept.get(page) or Picture() for page in pages}
        today = clock.now().date()
        for page, picture in self._kept.items():
            mine = marks.get(page.whose(), [])
            prices = {market: self._prices.of(markets[market]) for market in {row[2] for row in mine}}
            try:
                self._look(page, picture, (today, mine), prices)
            except Exception:  # one page that cannot be shown must not stop the others
                log.exception("A page could not be shown anew.")
        return self._kept

    def _look(self, page: Page, picture: Picture, rows: object, prices: object) -> None:
        if rows == picture.rows and prices == picture.prices:
            return
        if rows != picture.rows:
            picture.loaded = page.load()
            picture.market = page.market(picture.loaded)
        parts = page.show(picture.loaded, self._prices)
        picture.parts = {name: json.dumps({"part": name, "is": content}) for name, content in parts.items()}
        picture.rows, picture.prices = rows, prices


def _marks(watched: set[Whose]) -> dict[Whose, list[tuple[Any, ...]]]:
    """For each of them its bots: something that is different whenever a row of theirs is."""
    owners = {whose.id for whose in watched if whose.by == "owner"}
    bots = {whose.id for whose in watched if whose.by == "pk"}
    rows = Bot.objects.filter(Q(owner__in=owners) | Q(pk__in=bots)).order_by("pk")
    found: defaultdict[Whose, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows.values_list("pk", "owner", "market", "touched", "enabled", "name", "grant_version", "started_at"):
        for whose in (Whose("pk", row[0]), Whose("owner", row[1])):
            if whose in watched:
                found[whose].append(row)
    return found
