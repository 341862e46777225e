"""Keeping what the feed sees: markets, last prices, candles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from botplatform.lib import clock
from botplatform.markets.models import Candle, History, Market

FIRST_BACKFILL = timedelta(hours=24)
_RULES = (
    "tick_size",
    "lot_size",
    "min_notional",
    "min_amount",
    "max_amount",
    "max_orders",
    "lowest_buy",
    "highest_sell",
    "maker_fee",
    "taker_fee",
    "active",
)
_MOST_ORDERS = 200  # where the exchange does not say


def keep_markets(exchange: str, markets: Iterable[dict[str, Any]]) -> dict[str, Market]:
    """The exchange's spot markets by symbol, brought up to date. One that is gone is marked inactive."""
    rows = [_market(exchange, each) for each in markets if each["spot"]]
    Market.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["exchange", "symbol"], update_fields=list(_RULES)
    )
    ours = Market.objects.filter(exchange=exchange)
    ours.exclude(symbol__in=[row.symbol for row in rows]).update(active=False)
    return {row.symbol: row for row in ours.filter(active=True)}


def _market(exchange: str, market: dict[str, Any]) -> Market:
    limits, precision = market["limits"], market["precision"]
    # Binance's own words, which ccxt does not unify; other exchanges have no such list.
    filters = {each.get("filterType"): each for each in market["info"].get("filters", ())}
    deep, orders = filters.get("PERCENT_PRICE_BY_SIDE", {}), filters.get("MAX_NUM_ORDERS", {})
    return Market(
        exchange=exchange,
        symbol=market["symbol"],
        tick_size=Decimal(str(precision["price"])),
        lot_size=Decimal(str(precision["amount"])),
        min_notional=Decimal(str(limits["cost"]["min"] or 0)),
        min_amount=Decimal(str(limits["amount"]["min"] or 0)),
        max_amount=_number(limits["amount"]["max"]),
        max_orders=int(orders.get("maxNumOrders", _MOST_ORDERS)),
        lowest_buy=_number(deep.get("bidMultiplierDown")),
        highest_sell=_number(deep.get("askMultiplierUp")),
        maker_fee=Decimal(str(market["maker"])),
        taker_fee=Decimal(str(market["taker"])),
        active=bool(market["active"]),
    )


def _number(value: Any) -> Decimal | None:
    return Decimal(str(value)) if value else None


def keep_price(market: Market, price: str, at: int, volume: str | None) -> None:
    """The last price, and the quote that was traded in 24 hours where the exchange tells it."""
    known = None if volume is None else Decimal(volume)
    Market.objects.filter(pk=market.pk).update(last_price=Decimal(price), last_price_at=_moment(at), volume=known)


def keep_candles(market: Market, rows: Iterable[list[Any]], interval: int = 1) -> None:
    """Rows as ccxt gives them: milliseconds, open, high, low, close, volume. A candle that grew is replaced."""
    candles = [
        Candle(
            market=market,
            interval=interval,
            opened_at=_moment(row[0]),
            open=Decimal(str(row[1])),
            high=Decimal(str(row[2])),
            low=Decimal(str(row[3])),
            close=Decimal(str(row[4])),
            volume=Decimal(str(row[5] or 0)),
        )
        for row in rows
    ]
    Candle.objects.bulk_create(
        candles,
        update_conflicts=True,
        unique_fields=["market", "interval", "opened_at"],
        update_fields=["open", "high", "low", "close", "volume"],
    )


def missing_since(market: Market) -> int:
    """Milliseconds since 1970 of the first candle that may be missing or unfinished."""
    last = Candle.objects.filter(market=market, interval=1).order_by("-opened_at").first()
    start = clock.now() - FIRST_BACKFILL
    if last is not None:
        start = max(start, last.opened_at)
    return int(start.timestamp() * 1000)


def due_histories(exchange: str) -> list[History]:
    """Histories that nobody has fetched yet, or that the minutes kept since then may soon not reach back to."""
    old = clock.now() - FIRST_BACKFILL / 2
    ours = History.objects.filter(market__exchange=exchange, market__active=True).select_related("market")
    return list(ours.filter(Q(fetched_at=None) | Q(fetched_at__lt=old)))


def keep_history(history: History, rows: Iterable[list[Any]]) -> None:
    """What was fetched for a history."""
    keep_candles(history.market, rows, history.interval)
    History.objects.filter(pk=history.pk).update(fetched_at=clock.now())


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
