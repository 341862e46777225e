"""Knowing that the server stops.

uvicorn waits for open streams, then cancels them with a traceback. Nothing in ASGI tells a stream that the server
wants to end, so the signals that end it are heard here as well, and handed on.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


def when_server_stops(act: Callable[[], None]) -> None:
    """Call `act` in the running loop as soon as this process is told to stop. Signals reach the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        _hear(number, loop, act)


def _hear(number: signal.Signals, loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    before: Any = signal.getsignal(number)

    def hear(received: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(act)
        if callable(before):
            before(received, frame)

    signal.signal(number, hear)
