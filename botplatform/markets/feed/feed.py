"""Watching an exchange.

1. Learn its markets.
2. Fill the gap between the last stored candle and now.
3. Watch prices and candles, and fetch the histories that are asked for, until the connection breaks; then begin
   again, after a while.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import ccxt
from asgiref.sync import sync_to_async

from botplatform.lib import clock
from botplatform.markets.feed import store
from botplatform.markets.feed.publisher import Publisher
from botplatform.markets.models import Market

log = logging.getLogger(__name__)

_PAGE = 1000
_STORE_EVERY = 1.0  # seconds between two writes of the same market
_LONGEST_PAUSE = 15.0
_HISTORIES_EVERY = 2.0
_HOUR, _DAY = 60, 1440


class Feed:
    """One exchange's public data, written to the database and told to `publisher`."""

    def __init__(self, name: str, exchange: Any, publisher: Publisher) -> None:
        self._name = name
        self._exchange = exchange
        self._publisher = publisher
        self._markets: dict[str, Market] = {}
        self._stored: dict[tuple[str, str], float] = {}
        self._told: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        pause = 0.5
        while True:
            try:
                await self._learn()
                pause = 0.5
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._watch_prices())
                    group.create_task(self._watch_candles())
                    group.create_task(self._fetch_histories())
            except* ccxt.BaseError as broken:
                log.warning("%s: %s; again in %.1f s", self._name, broken.exceptions[0], pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _learn(self) -> None:
        markets = await self._exchange.load_markets(True)
        self._markets = await sync_to_async(store.keep_markets)(self._name, markets.values())
        for market in self._markets.values():
            await self._fill_gap(market)
        await self._take(await self._exchange.fetch_tickers(list(self._markets)))
        log.info("%s: %d markets", self._name, len(self._markets))

    async def _fill_gap(self, market: Market) -> None:
        since = await sync_to_async(store.missing_since)(market)
        while True:
            rows = await self._exchange.fetch_ohlcv(market.symbol, "1m", since, _PAGE)
            await sync_to_async(store.keep_candles)(market, rows)
            if len(rows) < _PAGE:
                return
            since = rows[-1][0] + 60_000

    async def _watch_prices(self) -> None:
        while True:
            await self._take(await self._exchange.watch_tickers(list(self._markets)))

    async def _take(self, tickers: dict[str, Any]) -> None:
        """Tell and store each ticker that is newer than the last one told."""
        for symbol, ticker in tickers.items():
            price, at = ticker["last"], ticker["timestamp"]
            if price is None or symbol not in self._markets or at <= self._told.get(symbol, 0):
                continue
            self._told[symbol] = at
            self._publisher.tell(self._name, symbol, price, at)
            if self._due("price", symbol):
                await sync_to_async(store.keep_price)(self._markets[symbol], price, at, ticker.get("quoteVolume"))

    async def _watch_candles(self) -> None:
        subscriptions = [[symbol, "1m"] for symbol in self._markets]
        newest: dict[str, int] = {}
        while True:
            update = await self._exchange.watch_ohlcv_for_symbols(subscriptions)
            for symbol, by_interval in update.items():
                rows = by_interval["1m"]
                if not rows or symbol not in self._markets:
                    continue
                # A new candle says that the one before is final; between two candles once a second is enough.
                if rows[-1][0] != newest.get(symbol) or self._due("candle", symbol):
                    newest[symbol] = rows[-1][0]
                    await sync_to_async(store.keep_candles)(self._markets[symbol], rows[-2:])

    async def _fetch_histories(self) -> None:
        """Candles that bots' conditions look back on, as they are asked for."""
        while True:
            for history in await sync_to_async(store.due_histories)(self._name):
                name = timeframe(history.interval)
                rows = await self._exchange.fetch_ohlcv(history.market.symbol, name, None, min(history.candles, _PAGE))
                await sync_to_async(store.keep_history)(history, rows)
            await asyncio.sleep(_HISTORIES_EVERY)

    def _due(self, what: str, symbol: str) -> bool:
        now = clock.monotonic()
        if now - self._stored.get((what, symbol), 0) < _STORE_EVERY:
            return False
        self._stored[what, symbol] = now
        return True


def timeframe(minutes: int) -> str:
    """ccxt's name of an interval."""
    if minutes % _DAY == 0:
        return f"{minutes // _DAY}d"
    return f"{minutes // _HOUR}h" if minutes % _HOUR == 0 else f"{minutes}m"
