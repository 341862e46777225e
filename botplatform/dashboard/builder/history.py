"""Which candles the builder draws and tests on: the archive's, or what the feed has kept where that is more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from botplatform.bots.backtests.hand import Series
from botplatform.lib import clock
from botplatform.markets.archive import archive
from botplatform.markets.archive.refusals import CandlesRefused
from botplatform.markets.models import Candle, Market
from strategies.backtest.candles import Candles
from strategies.conditions.intervals import aggregate

_MINUTE = 60_000
YEAR = 365 * 1440  # minutes
_MOST_KEPT = 60 * 1440  # of the feed's minutes, at most: two months
_MOST_MARKETS = 12
_COLUMNS = ("opened_at", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One market's minutes. `folder` is the archive's, empty where `candles` came from the feed's rows."""

    folder: str
    key: str
    candles: Candles

    @property
    def minutes(self) -> int:
        return len(self.candles)

    def series(self, *, whole: bool = False) -> Series:
        """For the process that tests; `whole` sends the candles along."""
        if self.folder:
            return Series(folder=self.folder, last=YEAR)
        columns = {name: getattr(self.candles, name).tobytes() for name in _COLUMNS} if whole else None
        return Series(key=self.key, columns=columns)


class Histories:
    """What was read is kept for an hour, or until the archive has changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[object, History]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, market: Market) -> History:
        """This market's history; of no candles at all if there are none."""
        store = archive.folder(market.exchange, market.symbol, "1m")
        head = store.path / "head.json"
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        version = (head.stat().st_mtime_ns if head.exists() else 0, hour)
        with self._lock:
            known = self._kept.get(market.pk)
            if known is not None and known[0] == version:
                return known[1]
        found = _read(market, hour)
        with self._lock:
            self._kept[market.pk] = version, found
            while len(self._kept) > _MOST_MARKETS:
                self._kept.popitem(last=False)
        return found


HISTORIES = Histories()


def _read(market: Market, hour: datetime) -> History:
    store = archive.folder(market.exchange, market.symbol, "1m")
    try:
        archived = store.load() if store.exists else None
    except CandlesRefused:
        archived = None
    rows = Candle.objects.filter(market=market, interval=1, opened_at__lt=hour)
    if archived is not None and len(archived) >= min(rows.count(), _MOST_KEPT):
        return History(folder=str(store.path), key="", candles=archived)
    newest = rows.order_by("-opened_at")[:_MOST_KEPT].values_list(*_COLUMNS)
    found = list(newest)[::-1]
    columns = list(zip(*found, strict=True)) or [()] * len(_COLUMNS)
    candles = Candles(
        opened_at=np.array([int(at.timestamp() * 1000) for at in columns[0]], dtype=np.int64),
        open=np.array(columns[1], dtype=np.float64),
        high=np.array(columns[2], dtype=np.float64),
        low=np.array(columns[3], dtype=np.float64),
        close=np.array(columns[4], dtype=np.float64),
        volume=np.array(columns[5], dtype=np.float64),
        span=_MINUTE,
    )
    last = int(candles.opened_at[-1]) if len(candles) else 0
    return History(folder="", key=f"{market.pk} {last} {len(candles)}", candles=candles)


def bars(candles: Candles, minutes: int, most: int) -> list[dict[str, float]]:
    """The last so many candles of a length, for drawing."""
    needed = most * minutes + minutes
    part = candles.between(max(0, len(candles) - needed), len(candles))
    closed = aggregate(part, minutes * _MINUTE)
    opened = (closed.ends - minutes * _MINUTE) // 1000
    columns = (opened, closed.bars.open, closed.bars.high, closed.bars.low, closed.bars.close)
    names = ("time", "open", "high", "low", "close")
    rows = zip(*(column[-most:].tolist() for column in columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def length(minutes: int) -> str:
    """How long so many minutes are, in words."""
    span = timedelta(minutes=minutes)
    if span >= timedelta(days=2):
        return f"{span.days} days"
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hours" if hours > 1 else f"{minutes} minutes"


def moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")
