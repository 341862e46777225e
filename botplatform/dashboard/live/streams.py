"""A page's event stream: server-sent events, one stream a page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from django.contrib.auth import aget_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, StreamingHttpResponse

from botplatform.dashboard.live.broadcaster import broadcaster
from botplatform.dashboard.live.pages import Page
from botplatform.lib import clock

PACE = 0.2  # seconds between two messages to one reader: what changes faster is told once
LOOK_AGAIN = 10.0  # seconds after which a stream looks whether its person is still signed in


def stream(request: HttpRequest, page: Page) -> StreamingHttpResponse:
    """Tells the browser what changes on `page`, until it leaves, signs out, or the server stops."""
    response = StreamingHttpResponse(_words(page, request.session.session_key), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _words(page: Page, session: str | None) -> AsyncIterator[str]:
    told: dict[str, str] = {}
    caster = broadcaster()
    look_again = clock.monotonic() + LOOK_AGAIN
    with caster.reading(page) as (channel, woken):
        yield "retry: 2000\n\n"
        while not caster.stopped:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await woken.wait()
            woken.clear()
            for name, content in list(channel.parts.items()):
                if told.get(name) != content:
                    told[name] = content
                    yield f"data: {content}\n\n"
            if clock.monotonic() >= look_again:
                if not await _signed_in(session):
                    yield 'data: {"part": "signed-out", "is": null}\n\n'
                    return
                yield ": still here\n\n"  # a browser that has gone shows when it is written to
                look_again = clock.monotonic() + LOOK_AGAIN
            await asyncio.sleep(PACE)


async def _signed_in(session: str | None) -> bool:
    """Whether this session still signs somebody in: not ended, not outdated by a new password, not of a person who
    was shut out."""
    request = HttpRequest()
    request.session = SessionStore(session)
    return (await aget_user(request)).is_authenticated
