"""Whether the kept sums are what the closed deals say, and setting them right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from botplatform.bots.models import Bot, DailyProfit, Deal

Sums = tuple[Decimal, int]  # profit in quote, deals
_NOTHING: Sums = (Decimal(0), 0)
_DayKey = tuple[UUID, str, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A sum that is kept wrong."""

    what: str
    kept: Sums
    counted: Sums

    def __str__(self) -> str:
        kept, counted = (f"{profit:f} of {deals} deals" for profit, deals in (self.kept, self.counted))
        return f"{self.what}: kept {kept}, counted {counted}"


@transaction.atomic
def recount(*, write: bool) -> list[Difference]:
    """Add up all closed deals anew; with `write` the sums are set to that. What deleted bots earned is forgotten."""
    bots, days = _counted()
    return [*_bots(bots, write=write), *_days(days, write=write)]


def _counted() -> tuple[dict[UUID, Sums], dict[_DayKey, Sums]]:
    rows = Bot.objects.select_related("market")
    known = {bot.pk: (bot.owner_id, bot.market.rules.quote) for bot in rows}
    bots: defaultdict[UUID, Sums] = defaultdict(lambda: _NOTHING)
    days: defaultdict[_DayKey, Sums] = defaultdict(lambda: _NOTHING)
    closed = Deal.objects.filter(closed_at__isnull=False).order_by().values_list("bot", "closed_at", "realised")
    for bot, at, realised in closed.iterator(5000):
        if at is not None:
            day = (*known[bot], at.astimezone(UTC).date())
            bots[bot] = (bots[bot][0] + realised, bots[bot][1] + 1)
            days[day] = (days[day][0] + realised, days[day][1] + 1)
    return bots, days


def _bots(counted: dict[UUID, Sums], *, write: bool) -> Iterator[Difference]:
    for bot in Bot.objects.select_for_update():
        kept, right = (bot.realised, bot.deals_closed), counted.get(bot.pk, _NOTHING)
        if kept != right:
            yield Difference(what=f"bot {bot.pk}", kept=kept, counted=right)
            if write:
                Bot.objects.filter(pk=bot.pk).update(realised=right[0], deals_closed=right[1])


def _days(counted: dict[_DayKey, Sums], *, write: bool) -> Iterator[Difference]:
    kept = {(row.owner_id, row.quote, row.day): row for row in DailyProfit.objects.select_for_update()}
    for key in sorted(kept.keys() | counted.keys()):
        row, right = kept.get(key), counted.get(key, _NOTHING)
        found = _NOTHING if row is None else (row.realised, row.deals)
        if found == right:
            continue
        owner, quote, day = key
        yield Difference(what=f"user {owner}, {quote} on {day}", kept=found, counted=right)
        if write:
            values = {"realised": right[0], "deals": right[1]}
            DailyProfit.objects.update_or_create(owner_id=owner, quote=quote, day=day, defaults=values)
