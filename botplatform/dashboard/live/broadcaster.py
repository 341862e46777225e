"""The one task of a web process that keeps every open page current.

1. While anybody watches: listen to the feed's ticks, and look at the database once a second.
2. A tick goes at once to the pages that show its market; what the database says goes to the pages that it changed.
3. Each reader is woken, and takes what is different from what it was told last.
4. When the last reader leaves, both end.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from botplatform.dashboard.live.ending import when_server_stops
from botplatform.dashboard.live.pages import Page
from botplatform.dashboard.live.pictures import Pictures
from botplatform.dashboard.live.prices import MarketKey, Price, Prices, ticks
from botplatform.lib import clock
from botplatform.lib.money import written

log = logging.getLogger(__name__)
LOOK_EVERY = 1.0  # seconds
_SHARE = 2.0  # of what a look took: how long the next one waits at least


@dataclass(eq=False)
class Channel:
    """What the readers of one page are told: the newest of each part."""

    market: MarketKey | None = None
    parts: dict[str, str] = field(default_factory=dict)
    readers: set[asyncio.Event] = field(default_factory=set)

    def tell(self, parts: dict[str, str]) -> None:
        if any(self.parts.get(name) != content for name, content in parts.items()):
            self.parts.update(parts)
            self.wake()

    def wake(self) -> None:
        for reader in self.readers:
            reader.set()


class Broadcaster:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._channels: dict[Page, Channel] = {}
        self._prices = Prices()
        self._pictures = Pictures(self._prices)
        self._tasks: list[asyncio.Task[None]] = []
        self._look_now = asyncio.Event()
        self.stopped = False
        when_server_stops(self._stop)

    @contextmanager
    def reading(self, page: Page) -> Iterator[tuple[Channel, asyncio.Event]]:
        """The page's channel, and what is set whenever something in it has changed."""
        channel = self._channels.setdefault(page, Channel())
        woken = asyncio.Event()
        woken.set()
        channel.readers.add(woken)
        self._look_now.set()
        self._begin()
        try:
            yield channel, woken
        finally:
            channel.readers.discard(woken)
            if not channel.readers:
                del self._channels[page]
            if not self._channels:
                self._end()

    def _stop(self) -> None:
        self.stopped = True
        for channel in self._channels.values():
            channel.wake()

    def _begin(self) -> None:
        if self._tasks:
            return
        loop = asyncio.get_running_loop()
        # An empty context: the request's own would tie the tasks to the thread of a request that ends.
        for work in (self._listen(), self._look()):
            self._tasks.append(loop.create_task(work, context=contextvars.Context()))

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _listen(self) -> None:
        async for market, price in ticks(settings.LAYOUT.ticks_socket):
            self._prices.learn(market, price)
            told = {"tick": _tick(price)}
            for channel in self._channels.values():
                if channel.market == market:
                    channel.tell(told)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "pictures")
        try:
            while True:
                self._look_now.clear()
                began = clock.monotonic()
                try:
                    pictures = await loop.run_in_executor(thread, self._pictures.take, [*self._channels])
                except Exception:  # a database that is busy or away for a moment; the next look tries again
                    log.exception("The database could not be looked at.")
                    pictures = {}
                for page, picture in pictures.items():
                    if channel := self._channels.get(page):
                        channel.market = picture.market
                        channel.tell(picture.parts)
                await self._rest(clock.monotonic() - began)
        finally:
            thread.shutdown(wait=False)

    async def _rest(self, spent: float) -> None:
        """Until the next look; a page that somebody has just opened is not kept waiting.

        Looks that take long come less often, so that the pages themselves are served meanwhile.
        """
        try:
            async with asyncio.timeout(max(LOOK_EVERY, _SHARE * spent)):
                await self._look_now.wait()
        except TimeoutError:
            return


def _tick(price: Price) -> str:
    return json.dumps({"part": "tick", "is": {"price": written(price.value), "at": price.at}})


_BROADCASTERS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Broadcaster] = weakref.WeakKeyDictionary()


def broadcaster() -> Broadcaster:
    """The running loop's."""
    return _BROADCASTERS.setdefault(asyncio.get_running_loop(), Broadcaster())
