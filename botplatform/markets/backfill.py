"""A year of minutes for backtests, fetched into the archive because somebody asked for it on a page.

1. A page asks: a row is written, and a task for the cluster `default` that carries its id.
2. The task fetches page by page, each kept at once, and writes down how far it is.
3. Asked again, it goes on where it stopped, and behind the last candle.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from asgiref.sync import async_to_sync
from django.db import transaction
from django_q.tasks import async_task

from botplatform.lib import clock
from botplatform.markets.archive import archive
from botplatform.markets.archive.fetching import Progress, exchange_named, fetch
from botplatform.markets.archive.refusals import CandlesRefused
from botplatform.markets.models import Backfill, Market

YEAR = timedelta(days=365)
_STALE = timedelta(minutes=10)  # without a sign of life nobody works on it any more
_TELL_EVERY = 1.0  # seconds
_LIMIT = 3600  # seconds that a task may take; asked again it goes on


def ask(market: Market) -> Backfill:
    """Have a year of this market's minutes fetched, unless that is being done already."""
    now = clock.now()
    with transaction.atomic():
        row, _ = Backfill.objects.select_for_update().get_or_create(market=market, defaults={"asked_at": now})
        if row.ended_at is None and row.beat_at is not None and now - row.beat_at < _STALE:
            return row
        row.asked_at, row.beat_at, row.ended_at = now, now, None
        row.share, row.trouble = 0.0, ""
        row.save()
    async_task("botplatform.markets.backfill.work", row.pk, cluster="default", task_name="candles", save=False)
    return row


def work(backfill: int) -> None:
    """What the task does. Run twice it waits for the archive's lock, and then finds nothing left to fetch."""
    row = Backfill.objects.select_related("market").filter(pk=backfill, ended_at=None).first()
    if row is None:
        return
    trouble = ""
    try:
        async_to_sync(_fetch)(row)
    except CandlesRefused as refused:
        trouble = str(refused)
    except TimeoutError:
        trouble = "It takes long; ask again, and it goes on where it stopped."
    except OSError as failed:
        trouble = f"The archive cannot be written: {failed.strerror or failed}."
    Backfill.objects.filter(pk=row.pk).update(ended_at=clock.now(), share=1.0, trouble=trouble[:400])


async def _fetch(row: Backfill) -> None:
    market = row.market
    store = archive.folder(market.exchange, market.symbol, "1m")
    exchange = exchange_named(market.exchange)
    since = int((clock.now() - YEAR).timestamp() * 1000)
    told = clock.monotonic()
    pending: set[asyncio.Task[int]] = set()

    def tell(progress: Progress) -> None:
        nonlocal told
        if clock.monotonic() - told < _TELL_EVERY:
            return
        told = clock.monotonic()
        rows = Backfill.objects.filter(pk=row.pk)
        task = asyncio.ensure_future(
            rows.aupdate(share=progress.share, trouble=progress.trouble[:400], beat_at=clock.now())
        )
        pending.add(task)
        task.add_done_callback(pending.discard)

    try:
        async with asyncio.timeout(_LIMIT):
            await fetch(exchange, store, since, tell=tell)
    finally:
        for task in pending:
            with contextlib.suppress(Exception):
                await task
        await exchange.close()
