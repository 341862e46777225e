"""The public WebSocket streams. Nothing is computed for a stream that nobody reads."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from botplatform.paper import clock
from botplatform.paper.book import Diff
from botplatform.paper.candles import INTERVALS
from botplatform.paper.connection import Connection
from botplatform.paper.events import essence, kline_event, ticker_event, trade_event
from botplatform.paper.exchange import Exchange
from botplatform.paper.money import wire
from botplatform.paper.orders import Print
from botplatform.paper.rest_public import snapshot, ticker
from botplatform.paper.tape import Aggregate

TICK = 0.1
SECOND = 10  # ticks
MOST_STREAMS = 1024
PING = 20.0
_KINDS = re.compile(
    r"ticker|miniTicker|trade|aggTrade|bookTicker|kline_(?P<interval>\w+)|depth(5|10|20)?(@100ms|@1000ms)?"
)
_DIFFS = frozenset({"depth", "depth@100ms", "depth@1000ms"})
_FOR_ALL = frozenset({"!miniTicker@arr", "!ticker@arr"})


class Reader(Connection):
    """One connection and what it subscribed to."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, *, combined: bool) -> None:
        super().__init__(socket, request)
        self.combined = combined
        self.streams: dict[str, None] = {}


class Hub:
    """Who reads what. The exchange tells it of every trade; the rest it looks at ten times a second."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.readers: set[Reader] = set()
        self._by_stream: dict[str, set[Reader]] = {}
        self._diffs: dict[str, Diff] = {}
        self._told: dict[str, Any] = {}
        self._ticks = 0
        exchange.tell = self.on_trades

    # Connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`/ws`, `/ws/<stream>` and `/stream?streams=<stream>/<stream>`."""
        combined = request.path == "/stream"
        names = request.query.get("streams", "") if combined else request.match_info.get("streams", "")
        socket = web.WebSocketResponse(heartbeat=PING, max_msg_size=64 * 1024, timeout=0.5, compress=False)
        await socket.prepare(request)
        reader = Reader(socket, request, combined=combined)
        # ccxt numbers its connections (/ws/0): what is no stream is passed over here.
        self._subscribe(reader, [name for name in names.split("/") if self._is_stream(name)])
        self.readers.add(reader)
        writer = asyncio.create_task(reader.write())
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    reader.send(msgspec.json.encode(self._obey(reader, message.data)))
        finally:
            writer.cancel()
            self.readers.discard(reader)
            self._unsubscribe(reader, list(reader.streams))
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    def drop_all(self) -> int:
        """Cuts every connection; answers how many there were."""
        readers = list(self.readers)
        for reader in readers:
            reader.drop()
        return len(readers)

    def _obey(self, reader: Reader, text: str) -> dict[str, Any]:
        try:
            wish = json.loads(text)
            method, number, names = wish["method"], wish.get("id"), wish.get("params") or []
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"error": {"code": 2, "msg": "Invalid request: invalid JSON or missing field `method`"}}
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(reader.streams), "id": number}
        if method not in {"SUBSCRIBE", "UNSUBSCRIBE"} or not isinstance(names, list):
            return {"error": {"code": 2, "msg": f"Invalid request: unknown method `{method}`"}, "id": number}
        if not all(isinstance(name, str) and self._is_stream(name) for name in names):
            return {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": number}
        if method == "UNSUBSCRIBE":
            self._unsubscribe(reader, names)
        elif len(reader.streams) + len(names) > MOST_STREAMS:
            return {"error": {"code": 3, "msg": "Invalid request: too many subscriptions"}, "id": number}
        else:
            self._subscribe(reader, names)
        return {"result": None, "id": number}

    def _is_stream(self, name: str) -> bool:
        if name in _FOR_ALL:
            return True
        symbol, _, kind = name.partition("@")
        if symbol.upper() not in self.exchange.markets or symbol != symbol.lower():
            return False
        match = _KINDS.fullmatch(kind)
        return match is not None and (match["interval"] is None or match["interval"] in INTERVALS)

    def _subscribe(self, reader: Reader, names: list[str]) -> None:
        for name in names:
            reader.streams[name] = None
            self._by_stream.setdefault(name, set()).add(reader)
            symbol, _, kind = name.partition("@")
            if kind in _DIFFS and name not in self._diffs:
                book = self.exchange.engine.books[symbol.upper()]
                self._diffs[name] = Diff(book.update_id)
                book.diffs.append(self._diffs[name])

    def _unsubscribe(self, reader: Reader, names: list[str]) -> None:
        for name in names:
            reader.streams.pop(name, None)
            readers = self._by_stream.get(name, set())
            readers.discard(reader)
            if readers:
                continue
            self._by_stream.pop(name, None)
            self._told.pop(name, None)
            diff = self._diffs.pop(name, None)
            if diff is not None:
                self.exchange.engine.books[name.partition("@")[0].upper()].diffs.remove(diff)

    # Telling

    def on_trades(self, symbol: str, trades: list[Print], aggregates: list[Aggregate]) -> None:
        """Called by the exchange after every commit that had trades."""
        if not self._by_stream:
            return
        lower = symbol.lower()
        if f"{lower}@trade" in self._by_stream:
            for trade in trades:
                self._tell(f"{lower}@trade", trade_event(trade))
        if f"{lower}@aggTrade" in self._by_stream:
            for aggregate in aggregates:
                row = {"e": "aggTrade", "E": clock.now(), "s": symbol, **aggregate.row()}
                self._tell(f"{lower}@aggTrade", row)

    async def run(self) -> None:
        """Looks at everything that changes by itself, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self._ticks += 1
            for name in list(self._by_stream):
                self._look(name)

    def _look(self, name: str) -> None:
        every_second = self._ticks % SECOND == 0
        if name in _FOR_ALL:
            if every_second:
                self._tell_changed(name, self._all_tickers(name))
            return
        lower, _, kind = name.partition("@")
        symbol = lower.upper()
        if kind in _DIFFS:
            if every_second or kind.endswith("@100ms"):
                self._tell_diff(name, symbol)
        elif kind.startswith("depth"):
            if every_second or kind.endswith("@100ms"):
                levels = int(kind.removeprefix("depth").partition("@")[0])
                self._tell_changed(name, snapshot(self.exchange, symbol, levels))
        elif kind == "bookTicker":
            self._tell_changed(name, self._book_ticker(symbol))
        elif kind.startswith("kline_"):
            self._tell_kline(name, symbol, kind.removeprefix("kline_"))
        elif every_second and kind in {"ticker", "miniTicker"}:
            self._tell_changed(name, ticker_event(ticker(self.exchange, symbol), mini=kind == "miniTicker"))

    def _tell(self, name: str, event: Any) -> None:
        plain = msgspec.json.encode(event)
        for reader in list(self._by_stream.get(name, ())):
            if reader.combined:
                reader.send(msgspec.json.encode({"stream": name, "data": msgspec.Raw(plain)}))
            else:
                reader.send(plain)

    def _tell_changed(self, name: str, event: Any) -> None:
        """Tells of an event unless it says the same as the last one; the time of the event does not count."""
        if not event:
            return
        saying = essence(event)
        if self._told.get(name) != saying:
            self._told[name] = saying
            self._tell(name, event)

    def _tell_diff(self, name: str, symbol: str) -> None:
        book = self.exchange.engine.books[symbol]
        diff = self._diffs[name]
        if book.update_id == diff.since:
            return
        event = {
            "e": "depthUpdate",
            "E": clock.now(),
            "s": symbol,
            "U": diff.since + 1,
            "u": book.update_id,
            "b": [[wire(p), wire(book.shown("BUY", p))] for p in sorted(diff.prices["BUY"], reverse=True)],
            "a": [[wire(p), wire(book.shown("SELL", p))] for p in sorted(diff.prices["SELL"])],
        }
        diff.since = book.update_id
        diff.prices["BUY"].clear()
        diff.prices["SELL"].clear()
        self._tell(name, event)

    def _tell_kline(self, name: str, symbol: str, interval: str) -> None:
        now = clock.now()
        candles = self.exchange.candles[symbol]
        opened, trades = self._told.get(name, (None, None))
        current = candles.around(interval, now)
        if opened is not None and opened != current.opened:
            finished = candles.around(interval, current.opened - 1)
            self._tell(name, kline_event(symbol, interval, finished, closed=True))
        if (opened, trades) != (current.opened, current.trades):
            self._told[name] = (current.opened, current.trades)
            self._tell(name, kline_event(symbol, interval, current, closed=False))

    def _book_ticker(self, symbol: str) -> dict[str, Any]:
        book = self.exchange.engine.books[symbol]
        bids, asks = book.depth("BUY", 1), book.depth("SELL", 1)
        if not bids or not asks:
            return {}
        return {
            "u": book.update_id,
            "s": symbol,
            "b": wire(bids[0][0]),
            "B": wire(bids[0][1]),
            "a": wire(asks[0][0]),
            "A": wire(asks[0][1]),
        }

    def _all_tickers(self, name: str) -> list[dict[str, Any]]:
        """Those that changed since the last time."""
        changed = []
        for symbol in self.exchange.markets:
            event = ticker_event(ticker(self.exchange, symbol), mini=name.startswith("!mini"))
            saying = essence(event)
            if self._told.get(f"{name}/{symbol}") != saying:
                self._told[f"{name}/{symbol}"] = saying
                changed.append(event)
        return changed
