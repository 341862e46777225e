"""Candles as conditions want them, from what the feed has kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from botplatform.lib import clock
from botplatform.markets.models import Candle, History, Market
from strategies.backtest.candles import Candles

_MINUTE = 60_000
# An exchange closes a candle a moment late; and its last one is final once the next one exists.
GRACE = timedelta(seconds=3)


def ask_for(market: Market, interval: int, candles: int) -> bool:
    """Have so many candles of an interval (in minutes) fetched; whether they are here already."""
    history, _ = History.objects.get_or_create(
        market=market, interval=interval, defaults={"candles": candles, "asked_at": clock.now()}
    )
    if history.candles < candles:
        History.objects.filter(pk=history.pk).update(candles=candles, fetched_at=None)
        return False
    return history.fetched_at is not None


def closed(market: Market, interval: int, since: int, limit: int | None = None) -> Candles:
    """Closed candles that opened at `since` (milliseconds since 1970) or later, in order; of many, the last `limit`."""
    length = timedelta(minutes=interval)
    rows = Candle.objects.filter(
        market=market,
        interval=interval,
        opened_at__gte=datetime.fromtimestamp(since / 1000, UTC),
        opened_at__lte=clock.now() - length - GRACE,
    ).order_by("-opened_at")
    found = list(rows[:limit] if limit else rows)[::-1]
    return Candles(
        opened_at=np.array([int(row.opened_at.timestamp() * 1000) for row in found], dtype=np.int64),
        open=np.array([float(row.open) for row in found]),
        high=np.array([float(row.high) for row in found]),
        low=np.array([float(row.low) for row in found]),
        close=np.array([float(row.close) for row in found]),
        volume=np.array([float(row.volume) for row in found]),
        span=interval * _MINUTE,
    )
