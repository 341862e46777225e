"""`manage.py feed`: public market data, until SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from botplatform.markets.feed.exchange import paper_data
from botplatform.markets.feed.feed import Feed
from botplatform.markets.feed.publisher import Publisher


class Command(BaseCommand):
    help = "Keeps candles and prices up to date, and tells ticks on a local socket."

    def handle(self, *_args: Any, **_options: Any) -> None:
        asyncio.run(_run())


async def _run() -> None:
    publisher = Publisher(settings.LAYOUT.ticks_socket)
    await publisher.open()
    exchange = paper_data()
    task = asyncio.create_task(Feed("paper", exchange, publisher).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    finally:
        await publisher.close()
        await exchange.close()
