"""A bot's chart: candles, the prices that its deal waits for, and its fills. Numbers are for drawing alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from botplatform.bots.models import Deal
from botplatform.dashboard import figures
from botplatform.dashboard.standing import Levels, Standing
from botplatform.markets.models import Candle, Market

CANDLES = 600
_MINUTE = 60


def chart(standing: Standing, levels: Levels, deals: Iterable[Deal]) -> dict[str, Any]:
    """Everything that the page's chart draws."""
    market = standing.bot.market
    newest = Candle.objects.filter(market=market).order_by("-opened_at")[:CANDLES]
    return {
        "candles": [bar(candle) for candle in reversed(newest)],
        "places": figures.decimals(market.tick_size),
        "step": float(market.tick_size),
        **overlay(standing, levels, deals),
    }


def overlay(standing: Standing, levels: Levels, deals: Iterable[Deal]) -> dict[str, Any]:
    """What lies over the candles."""
    return {"lines": list(_lines(standing, levels)), "fills": list(_fills(deals, standing.bot.market))}


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


def _fills(deals: Iterable[Deal], market: Market) -> Iterable[dict[str, Any]]:
    """Fills as markers, those of one order within a minute as one, in the order of time."""
    marks: dict[tuple[int, str, str], Any] = {}
    for deal in deals:
        for order in deal.orders.all():
            for fill in order.fills.all():
                minute = _second(fill.traded_at) // _MINUTE * _MINUTE
                mark = (minute, order.side, f"#{deal.number} {order.name.replace('-', ' ')}")
                marks[mark] = marks.get(mark, 0) + fill.amount
    for (minute, side, what), total in sorted(marks.items()):
        yield {"time": minute, "side": side, "text": f"{what}: {figures.amount(total, market.lot_size)}"}


def _second(at: datetime) -> int:
    return int(at.timestamp())
