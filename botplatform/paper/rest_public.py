"""What everybody may ask: markets, prices, klines, depth, trades."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from botplatform.paper import clock, errors
from botplatform.paper.candles import DAY
from botplatform.paper.exchange import Exchange
from botplatform.paper.money import ZERO, wire
from botplatform.paper.params import Params
from botplatform.paper.rest import Call, endpoint

_HUNDREDTH = Decimal("0.001")


@endpoint("GET /api/v3/ping")
def ping(call: Call) -> Any:
    call.params.finish()
    return {}


@endpoint("GET /api/v3/time")
def time(call: Call) -> Any:
    call.params.finish()
    return {"serverTime": clock.now()}


@endpoint("GET /api/v3/exchangeInfo", weight=20)
def exchange_info(call: Call) -> Any:
    for name in ("permissions", "showPermissionSets", "symbolStatus"):
        call.params.text(name)
    chosen = _chosen(call)
    call.params.finish()
    return {
        "timezone": "UTC",
        "serverTime": clock.now(),
        "rateLimits": call.limits.described(),
        "exchangeFilters": [],
        "symbols": [call.exchange.markets[symbol].info() for symbol in chosen],
    }


def _chosen(call: Call) -> list[str]:
    """The markets that `symbol` or `symbols` name, else all."""
    symbols = call.params.symbols()
    symbol = call.maybe_market()
    if symbols is not None and symbol is not None:
        raise errors.Refusal(-1128, "Combination of optional parameters invalid.")
    if symbols is not None:
        return [call.known(name) for name in symbols]
    return [symbol] if symbol is not None else list(call.exchange.markets)


def _one_or_many(call: Call, rows: list[Any]) -> Any:
    return rows[0] if call.params.has("symbol") else rows


def _ticker_weight(params: Params) -> int:
    return 2 if params.has("symbol") else 4


@endpoint("GET /api/v3/ticker/24hr", weight=lambda params: 2 if params.has("symbol") else 40)
def ticker_24h(call: Call) -> Any:
    kind = call.params.text("type", "FULL")
    chosen = _chosen(call)
    call.params.finish()
    rows = [ticker(call.exchange, symbol) for symbol in chosen]
    if kind == "MINI":
        rows = [{name: row[name] for name in _MINI} for row in rows]
    return _one_or_many(call, rows)


_MINI = (
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


def ticker(exchange: Exchange, symbol: str) -> dict[str, Any]:
    """The last 24 hours of a market, as in ticker/24hr."""
    now = clock.now()
    day = exchange.candles[symbol].day(now)
    change = day.close - day.open
    average = day.quote / day.volume if day.volume else day.close
    newest = exchange.tapes[symbol].prints[-1] if exchange.tapes[symbol].prints else None
    book = exchange.engine.books[symbol]
    bid = (book.depth("BUY", 1) or [(ZERO, ZERO)])[0]
    ask = (book.depth("SELL", 1) or [(ZERO, ZERO)])[0]
    return {
        "symbol": symbol,
        "priceChange": wire(change),
        "priceChangePercent": str((change / day.open * 100).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)),
        "weightedAvgPrice": wire(average),
        "prevClosePrice": wire(day.open),
        "lastPrice": wire(day.close),
        "lastQty": wire(newest.quantity if newest else ZERO),
        "bidPrice": wire(bid[0]),
        "bidQty": wire(bid[1]),
        "askPrice": wire(ask[0]),
        "askQty": wire(ask[1]),
        "openPrice": wire(day.open),
        "highPrice": wire(day.high),
        "lowPrice": wire(day.low),
        "volume": wire(day.volume),
        "quoteVolume": wire(day.quote),
        "openTime": now - DAY,
        "closeTime": now,
        "firstId": day.first,
        "lastId": day.last,
        "count": day.trades,
    }


@endpoint("GET /api/v3/ticker/price", weight=_ticker_weight)
def ticker_price(call: Call) -> Any:
    chosen = _chosen(call)
    call.params.finish()
    now = clock.now()
    rows = [{"symbol": symbol, "price": wire(call.exchange.candles[symbol].last_price(now))} for symbol in chosen]
    return _one_or_many(call, rows)


@endpoint("GET /api/v3/ticker/bookTicker", weight=_ticker_weight)
def book_ticker(call: Call) -> Any:
    chosen = _chosen(call)
    call.params.finish()
    rows = []
    for symbol in chosen:
        row = ticker(call.exchange, symbol)
        rows.append({name: row[name] for name in ("symbol", "bidPrice", "bidQty", "askPrice", "askQty")})
    return _one_or_many(call, rows)


@endpoint("GET /api/v3/avgPrice", weight=2)
def average_price(call: Call) -> Any:
    symbol = call.market()
    call.params.finish()
    candle = call.exchange.candles[symbol].around("5m", clock.now())
    price = candle.quote / candle.volume if candle.volume else candle.close
    return {"mins": 5, "price": wire(price), "closeTime": clock.now()}


@endpoint("GET /api/v3/klines", weight=2)
def klines(call: Call) -> Any:
    symbol = call.market()
    interval = call.params.need("interval")
    start, end = call.params.maybe_integer("startTime"), call.params.maybe_integer("endTime")
    limit = call.params.limit(500, 1000)
    call.params.finish()
    return call.exchange.candles[symbol].klines(interval, start, end, limit, clock.now())


def _depth_weight(params: Params) -> int:
    limit = params.integer("limit", 100)
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)


@endpoint("GET /api/v3/depth", weight=_depth_weight)
def depth(call: Call) -> Any:
    symbol = call.market()
    limit = call.params.limit(100, 5000)
    call.params.finish()
    return snapshot(call.exchange, symbol, limit)


def snapshot(exchange: Exchange, symbol: str, limit: int) -> dict[str, Any]:
    """A market's best prices, as in depth and in the partial depth streams."""
    book = exchange.engine.books[symbol]
    return {
        "lastUpdateId": book.update_id,
        "bids": [[wire(price), wire(amount)] for price, amount in book.depth("BUY", limit)],
        "asks": [[wire(price), wire(amount)] for price, amount in book.depth("SELL", limit)],
    }


@endpoint("GET /api/v3/trades", weight=25)
def trades(call: Call) -> Any:
    symbol = call.market()
    limit = call.params.limit(500, 1000)
    call.params.finish()
    return call.exchange.tapes[symbol].trades(limit)


@endpoint("GET /api/v3/aggTrades", weight=4)
def aggregate_trades(call: Call) -> Any:
    symbol = call.market()
    from_id = call.params.maybe_integer("fromId")
    start, end = call.params.maybe_integer("startTime"), call.params.maybe_integer("endTime")
    limit = call.params.limit(500, 1000)
    call.params.finish()
    return call.exchange.tapes[symbol].aggregated(from_id, start, end, limit)
