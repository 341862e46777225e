"""What a person's bots have made, day after day: numbers for drawing alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from botplatform.bots.models import DailyProfit


def curves(owner: UUID) -> list[dict[str, Any]]:
    """Realised profit added up, a curve for each quote; that with the most deals first."""
    points: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    deals: defaultdict[str, int] = defaultdict(int)
    rows = DailyProfit.objects.filter(owner=owner).order_by("day").values_list("quote", "day", "realised", "deals")
    for quote, day, realised, closed in rows:
        sums[quote] += realised
        deals[quote] += closed
        points[quote].append((int(datetime.combine(day, time(), UTC).timestamp()), float(sums[quote])))
    return [
        {"name": quote, "unit": quote, "points": points[quote]}
        for quote in sorted(points, key=lambda quote: deals[quote], reverse=True)
    ]
