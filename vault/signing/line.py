"""A WebSocket connection to the one address that the signer's configuration names for an exchange's private streams."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import aiohttp

from vault import clock
from vault.signing.outcomes import NotSent, Unsure

_LARGEST = 64 * 1024
_CONNECTING = 5.0  # seconds
_AT_ONCE = 30  # connections that may be opened in a row, and then one each
_APART = 1.5  # seconds: an address may open 300 in five minutes
_BUSY = (418, 429)
_PAUSE = 60.0  # seconds of silence after that, unless the exchange names another time


class Line:
    """One open connection. A peer that leaves a ping unanswered is gone: `hear` then raises Unsure."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def say(self, text: str) -> None:
        """Raises Unsure."""
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as why:
            raise Unsure(type(why).__name__) from why

    async def hear(self) -> str:
        """The next text frame. Raises Unsure when the connection has ended."""
        while True:
            try:
                message = await self._socket.receive()  # which answers pings, too
            except (aiohttp.ClientError, OSError) as why:
                raise Unsure(type(why).__name__) from why
            if message.type is aiohttp.WSMsgType.TEXT:
                return str(message.data)
            if message.type is not aiohttp.WSMsgType.BINARY:
                ended = self._socket.exception()
                raise Unsure(type(ended).__name__ if ended else f"it was closed ({self._socket.close_code})")

    async def close(self) -> None:
        await self._socket.close()


class Lines:
    """Opens connections to `address`, no more than the exchange allows; redirects are not followed."""

    def __init__(self, address: str, *, ping_seconds: float) -> None:
        self._address = address
        self._ping_seconds = ping_seconds
        self._http: aiohttp.ClientSession | None = None
        self._may_open, self._counted_at = float(_AT_ONCE), clock.monotonic()
        self._paused_until = 0.0

    async def open(self) -> None:
        tracing = aiohttp.TraceConfig()
        tracing.on_request_redirect.append(_refuse_redirect)
        # Pools of their own: connections that last for hours must not take the places of orders.
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_CONNECTING, connect=_CONNECTING),
            connector=aiohttp.TCPConnector(limit=0),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[tracing],
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def connect(self) -> Line:
        """Raises NotSent."""
        if self._http is None or not self._allowed():
            raise NotSent("the signer is starting" if self._http is None else "no more connections for now")
        try:
            socket = await self._http.ws_connect(
                self._address,
                heartbeat=self._ping_seconds,
                max_msg_size=_LARGEST,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        except aiohttp.WSServerHandshakeError as why:
            if why.status in _BUSY:
                wait = why.headers.get("Retry-After", "") if why.headers else ""
                self._paused_until = clock.monotonic() + (float(wait) if wait.isdigit() else _PAUSE)
            raise NotSent(f"it answered {why.status}") from why
        except (aiohttp.ClientError, TimeoutError, OSError) as why:
            raise NotSent(type(why).__name__) from why
        return Line(socket)

    def _allowed(self) -> bool:
        now = clock.monotonic()
        self._may_open = min(float(_AT_ONCE), self._may_open + (now - self._counted_at) / _APART)
        self._counted_at = now
        if now < self._paused_until or self._may_open < 1:
            return False
        self._may_open -= 1
        return True


async def _refuse_redirect(_session: Any, _context: SimpleNamespace, _params: Any) -> NoReturn:
    raise aiohttp.ClientError("a redirect")
