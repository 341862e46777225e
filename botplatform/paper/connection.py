"""A WebSocket connection with a backlog: whoever tells it something never waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from aiohttp import WSMsgType, web

BACKLOG = 2000  # messages that a slow reader may lag behind before it is dropped


class Connection:
    """What still has to be sent to one client."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self._backlog: deque[bytes] = deque()
        self._more = asyncio.Event()

    def send(self, message: bytes) -> None:
        """Queues a message; a reader that lags too far behind is dropped."""
        if len(self._backlog) >= BACKLOG:
            self.drop()
            return
        self._backlog.append(message)
        self._more.set()

    def drop(self) -> None:
        """Cuts it off, with nothing said."""
        self._backlog.clear()
        if self.request.transport is not None:
            self.request.transport.abort()

    async def write(self) -> None:
        """Sends what is queued until cancelled or cut off."""
        with suppress(ConnectionError, RuntimeError):
            while True:
                await self._more.wait()
                self._more.clear()
                while self._backlog:
                    await self.socket.send_frame(self._backlog.popleft(), WSMsgType.TEXT)
