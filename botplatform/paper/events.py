"""The shapes of what the streams tell."""

from __future__ import annotations

from typing import Any

from botplatform.paper import clock
from botplatform.paper.candles import INTERVALS, MINUTE, Candle
from botplatform.paper.money import wire
from botplatform.paper.orders import Print

_TIMES = frozenset({"E", "O", "C", "u", "lastUpdateId"})
_MINI_FIELDS = {
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
_FULL_FIELDS = {
    **_MINI_FIELDS,
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}


def essence(event: Any) -> Any:
    """An event without its times: two with the same essence say the same."""
    if isinstance(event, list):
        return [essence(part) for part in event]
    return {name: value for name, value in event.items() if name not in _TIMES}


def ticker_event(row: dict[str, Any], *, mini: bool) -> dict[str, Any]:
    """Of a row of ticker/24hr."""
    return {
        "e": "24hrMiniTicker" if mini else "24hrTicker",
        "E": row["closeTime"],
        "s": row["symbol"],
        **{short: row[long] for short, long in (_MINI_FIELDS if mini else _FULL_FIELDS).items()},
    }


def trade_event(trade: Print) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": clock.now(),
        "s": trade.symbol,
        "t": trade.id,
        "p": wire(trade.price),
        "q": wire(trade.quantity),
        "T": trade.time,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def kline_event(symbol: str, interval: str, candle: Candle, *, closed: bool) -> dict[str, Any]:
    return {
        "e": "kline",
        "E": clock.now(),
        "s": symbol,
        "k": {
            "t": candle.opened,
            "T": candle.opened + INTERVALS[interval] * MINUTE - 1,
            "s": symbol,
            "i": interval,
            "f": candle.first,
            "L": candle.last,
            "o": wire(candle.open),
            "c": wire(candle.close),
            "h": wire(candle.high),
            "l": wire(candle.low),
            "v": wire(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": wire(candle.quote),
            "V": wire(candle.taker_volume),
            "Q": wire(candle.taker_quote),
            "B": "0",
        },
    }
