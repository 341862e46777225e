"""Filling the archive from an exchange.

1. Finish what an interrupted run left: candles from before the archive's first one, kept beside it until they meet it.
2. If older candles are wanted than the archive has, fetch those beside it and join them.
3. Go on behind the archive's last candle, page by page, each kept at once, up to the last candle that is finished.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import ccxt
import ccxt.async_support

from botplatform.lib import clock
from botplatform.markets.archive.columns import Gap, from_rows, gaps, impossible, take
from botplatform.markets.archive.refusals import CandlesRefused
from botplatform.markets.archive.store import Store, merge
from botplatform.markets.feed.exchange import paper_data

_PAGE = 1000
_TRIES = 8
_LONGEST_PAUSE = 30.0
_BESIDE = ".earlier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is: everything up to `at` of `since` to `until` is here. `trouble` says what it is waiting for."""

    since: int
    at: int
    until: int
    candles: int
    trouble: str = ""

    @property
    def share(self) -> float:
        return min(1.0, (self.at - self.since) / max(1, self.until - self.since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came: candles added, candles left out because they cannot be, and where some are missing."""

    added: int
    left_out: int
    gaps: list[Gap]


Tell = Callable[[Progress], None]
Sleep = Callable[[float], Awaitable[None]]


def exchange_named(name: str) -> Any:
    """An exchange's public data through ccxt; `paper` is this installation's own. Close it when done."""
    if name == "paper":
        return paper_data()
    if name not in ccxt.exchanges:
        near = difflib.get_close_matches(name, ccxt.exchanges, 3)
        hint = (
            f"Did you mean {' or '.join(near)}?" if near else "Use paper, or a name that ccxt knows, such as binance."
        )
        raise CandlesRefused(f"There is no exchange {name!r}. {hint}")
    return getattr(ccxt.async_support, name)({"enableRateLimit": True, "timeout": 20_000})


async def fetch(
    exchange: Any,
    store: Store,
    since: int | None = None,
    until: int | None = None,
    *,
    tell: Tell = lambda _progress: None,
    sleep: Sleep = asyncio.sleep,
) -> Fetched:
    """Fetch a market's candles from `since` (default: behind the last one here) to `until` (default: now)."""
    head = store.head()
    if since is None and head.last is None:
        raise CandlesRefused(f"There are no {head.interval} candles of {head.symbol} yet. Say --since which day.")
    work = _Work(exchange=exchange, store=store, tell=tell, sleep=sleep)
    await work.check_market()
    now = await work.now()
    stop = now if until is None else min(until, now)
    if since is not None and since >= now:
        raise CandlesRefused("The first candle asked for is still to come. Give an earlier --since.")
    with store.writing():
        beside = store.beside(_BESIDE)
        if beside.exists:
            await work.join(beside, None)
        head = store.head()
        if since is not None and head.first is not None and since < head.first:
            await work.join(beside, since)
        await work.forward(store, since, stop)
        found = gaps(store.load()) if store.exists else []
    return Fetched(added=work.added, left_out=work.left_out, gaps=found)


@dataclass(kw_only=True)
class _Work:
    exchange: Any
    store: Store
    tell: Tell
    sleep: Sleep
    added: int = 0
    left_out: int = 0
    page: int = _PAGE

    @property
    def name(self) -> str:
        return self.store.head().exchange

    async def check_market(self) -> None:
        head = self.store.head()
        markets = await self._patiently(self.exchange.load_markets, None)
        if head.symbol not in markets:
            near = difflib.get_close_matches(head.symbol, list(markets), 3, 0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Write base and quote such as BTC/USDT."
            raise CandlesRefused(f"{self.name} has no market {head.symbol}. {hint}")
        known = self.exchange.timeframes or {}
        if not self.exchange.has.get("fetchOHLCV") or head.interval not in known:
            raise CandlesRefused(
                f"{self.name} has no {head.interval} candles. Take one of {', '.join(known) or 'another exchange'}."
            )
        most = self.exchange.feature_value(head.symbol, "fetchOHLCV", "limit", _PAGE)
        self.page = min(_PAGE, int(most or _PAGE))

    async def now(self) -> int:
        """The exchange's own time, which says what candle is finished."""
        if self.exchange.has.get("fetchTime") is True:
            return int(await self._patiently(self.exchange.fetch_time, None))
        return int(clock.now().timestamp() * 1000)

    async def join(self, beside: Store, since: int | None) -> None:
        """Fill `beside` up to the store's first candle, then make both one."""
        first = self.store.head().first
        if first is not None:
            with beside.writing():
                await self.forward(beside, since, first)
        if beside.exists:
            merge(self.store, beside.load())
        beside.remove()

    async def forward(self, store: Store, since: int | None, stop: int) -> None:
        """Every candle behind the last one, or from `since` on, that ends by `stop`."""
        head = store.head()
        span = head.span
        start = since if head.last is None else head.last + span
        if start is None:
            return
        cursor = begin = -(-start // span) * span if head.last is None else start
        while cursor + span <= stop:
            progress = Progress(since=begin, at=cursor, until=stop, candles=self.added)
            self.tell(progress)
            ask = partial(self.exchange.fetch_ohlcv, head.symbol, head.interval, cursor, self.page)
            rows = await self._patiently(ask, progress)
            by_time = {int(row[0]): row for row in rows if int(row[0]) >= cursor}
            if by_time and min(by_time) + span > stop:
                break  # the next ones are not finished, or not asked for
            wanted = sorted(at for at in by_time if at + span <= stop)
            self._keep(store, [by_time[at] for at in wanted])
            cursor = (wanted[-1] + span) if wanted else cursor + self.page * span
        self.tell(Progress(since=begin, at=max(begin, stop), until=stop, candles=self.added))

    def _keep(self, store: Store, rows: list[list[Any]]) -> None:
        numbers = [[float(value or 0) for value in row[:6]] for row in rows]
        head = store.head()
        candles = from_rows(numbers, head.span)
        known = candles.opened_at[:1] if head.last is None else head.last
        bad = (candles.opened_at - known) % head.span != 0
        for wrong in impossible(candles).values():
            bad |= wrong
        self.left_out += int(bad.sum())
        good = take(candles, ~bad)
        store.append(good)
        self.added += len(good)

    async def _patiently(self, ask: Callable[[], Awaitable[Any]], progress: Progress | None) -> Any:
        """Ask again, a little later each time, while the network or a moody exchange is the trouble."""
        pause = 0.5
        for attempt in range(1, _TRIES + 1):
            try:
                return await ask()
            except ccxt.OperationFailed as broken:
                if attempt == _TRIES:
                    raise CandlesRefused(
                        f"{self.name} does not answer ({_first_line(broken)}). Run the same command again "
                        "later: it goes on where it stopped."
                    ) from None
                if progress is not None:
                    trouble = f"{_first_line(broken)}; again in {pause:g} s"
                    self.tell(replace(progress, trouble=trouble))
                await self.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except ccxt.BaseError as refused:
                raise CandlesRefused(
                    f"{self.name} refuses: {_first_line(refused)}. Check exchange, market and interval."
                ) from None
        raise AssertionError("unreachable")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
