"""A bot's chart: candles, the prices that its deal waits for, and its fills. Numbers are for drawing alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botplatform.bots.models import Deal
from botplatform.dashboard import figures
from botplatform.dashboard.standing import Levels, Standing
from botplatform.markets.models import Candle

CANDLES = 600
MOST = 5000  # of a window: more than three days
AROUND = 30  # minutes before and after a deal
_DIGITS = 11
_MINUTE = 60
# Next to a candle there is little room: "#4 +2" is the second averaging order of the fourth deal.
_SHORT = {"base": "buy", "take-profit": "sell"}


@dataclass(frozen=True, slots=True)
class Window:
    """A time that somebody wants to look at."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, since: str, until: str) -> Window | None:
        """From seconds since 1970, with something around them; None for what is no time."""
        if not (since.isdecimal() and until.isdecimal() and len(since) <= _DIGITS and len(until) <= _DIGITS):
            return None
        around = timedelta(minutes=AROUND)
        return cls(
            datetime.fromtimestamp(int(since), UTC) - around,
            datetime.fromtimestamp(int(until), UTC) + around,
        )


def chart(standing: Standing, levels: Levels, deals: Iterable[Deal], window: Window | None) -> dict[str, Any]:
    """Everything that the page's chart draws: the newest candles, or those of a window."""
    market = standing.bot.market
    rows = Candle.objects.filter(market=market, interval=1)
    if window is None:
        found = list(reversed(rows.order_by("-opened_at")[:CANDLES]))
    else:
        found = list(rows.filter(opened_at__range=(window.since, window.until)).order_by("opened_at")[:MOST])
    return {
        "candles": [bar(candle) for candle in found],
        "places": figures.decimals(market.tick_size),
        "step": float(market.tick_size),
        **overlay(standing, levels, deals),
    }


def overlay(standing: Standing, levels: Levels, deals: Iterable[Deal]) -> dict[str, Any]:
    """What lies over the candles."""
    return {"lines": list(_lines(standing, levels)), "fills": list(_fills(deals))}


def bar(candle: Candle) -> dict[str, float]:
    return {
        "time": _second(candle.opened_at),
        "open": float(candle.open),
        "high": float(candle.high),
        "low": float(candle.low),
        "close": float(candle.close),
    }


def _lines(standing: Standing, levels: Levels) -> Iterable[dict[str, Any]]:
    deal = standing.open
    if deal is None:
        return
    for order in deal.open_orders:
        if not order.at_market:
            yield {"price": float(order.price), "kind": order.side, "title": order.name.replace("-", " ")}
    if deal.average is not None:
        yield {"price": float(deal.average), "kind": "average", "title": "average"}
    if levels.stop is not None:
        yield {"price": float(levels.stop), "kind": "stop", "title": "stop loss"}


def _fills(deals: Iterable[Deal]) -> Iterable[dict[str, Any]]:
    """Fills as markers, those of one order within a minute as one, in the order of time."""
    marks = {
        (
            _second(fill.traded_at) // _MINUTE * _MINUTE,
            order.side,
            f"#{deal.number} {_SHORT.get(order.name, order.name)}",
        )
        for deal in deals
        for order in deal.orders.all()
        for fill in order.fills.all()
    }
    for minute, side, text in sorted(marks):
        yield {"time": minute, "side": side, "text": text.replace("averaging-", "+")}


def _second(at: datetime) -> int:
    return int(at.timestamp())
