"""Requests to one address over HTTP/1.1, on connections that are kept and each carry one request at a time.

Made for requests that must not be made twice: nothing is repeated, no redirect followed, no cookie kept. What failed
before the first byte left is told apart from what failed after it. An answer counts only when all of it is there.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import httptools
import msgspec

from vault import clock

_LARGEST = 64 * 1024 * 1024  # bytes of an answer
_IDLE = 15.0  # seconds after which a connection that was not used is not trusted any more
_NO_TARGET = re.compile(r"[^\x21-\x7e]")
_NO_HEADER = re.compile(r"[^\x20-\x7e]")


class NotConnected(Exception):
    """Not a byte of the request left."""


class NoAnswer(Exception):
    """The request left, or may have, and no whole answer came."""


class Answer(msgspec.Struct, kw_only=True):
    """`headers` by their names in lower case."""

    status: int = 0
    reason: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host and port, under TLS or not; or a unix socket."""

    host: str
    port: int = 0
    tls: bool = False
    socket: str | None = None

    @property
    def authority(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.socket or self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Peer:
    """Whoever answers at an address. `timeout`: seconds for a request as a whole; `most` connections at once."""

    def __init__(
        self, address: Address, *, timeout: float, connect_timeout: float = 3, most: int, headers: Mapping[str, str]
    ) -> None:
        self._address = address
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._turns = asyncio.Semaphore(most)
        self._idle: list[_Connection] = []
        self._tls = ssl.create_default_context() if address.tls else None
        self._always = "".join(
            f"{name}: {_checked(value)}\r\n"
            for name, value in {"Host": address.authority, "Accept": "*/*", **headers}.items()
        )

    async def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """The answer, whatever its status. `target`: path and query, as they are to be sent.

        Raises NotConnected and NoAnswer.
        """
        request = self._written(method, target, headers, body)
        try:
            if self._turns.locked():
                await asyncio.wait_for(self._turns.acquire(), self._timeout)
            else:
                await self._turns.acquire()
        except TimeoutError as why:
            raise NotConnected("TimeoutError") from why
        try:
            connection = self._kept() or await self._connected()
            answer = await connection.ask(request, self._timeout)
            if connection.usable:
                self._idle.append(connection)
            return answer
        finally:
            self._turns.release()

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().close()

    def _written(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        """The request's bytes. Raises NotConnected for what would be read as something else."""
        if _NO_TARGET.search(target):
            raise NotConnected("a target that cannot be sent")
        own = "".join([f"{name}: {_checked(value)}\r\n" for name, value in headers.items()])
        length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
        head = f"{method} {target} HTTP/1.1\r\n{self._always}{own}{length}\r\n".encode("ascii")
        return head if body is None else head + body

    def _kept(self) -> _Connection | None:
        """The connection that was used last and is still open, if there is one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and clock.monotonic() - connection.used_at < _IDLE:
                return connection
            connection.close()
        return None

    async def _connected(self) -> _Connection:
        loop, address = asyncio.get_running_loop(), self._address
        try:
            async with asyncio.timeout(self._connect_timeout):
                if address.socket is not None:
                    _, made = await loop.create_unix_connection(_Connection, address.socket)
                else:
                    host = address.host if address.tls else None
                    _, made = await loop.create_connection(
                        _Connection, address.host, address.port, ssl=self._tls, server_hostname=host
                    )
        except (OSError, TimeoutError) as why:  # ssl.SSLError among them
            raise NotConnected(type(why).__name__) from why
        return made


class _Connection(asyncio.Protocol):
    """One connection, and the answer that is being read from it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waits: asyncio.Future[Answer] | None = None
        self._headers: dict[bytes, bytes] = {}
        self.on_header = self._headers.__setitem__  # the parser tells each
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._parts: list[bytes] = []
        self._size = 0
        self.used_at = 0.0
        self.usable = True

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Raises NoAnswer; then, and whenever else nobody waits for its end, the connection is closed."""
        loop = asyncio.get_running_loop()
        self._waits = loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        late = loop.call_later(seconds, self._failed, "TimeoutError")
        try:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(request)
            else:
                self._failed("ConnectionResetError")
            return await self._waits
        except BaseException:
            self.close()
            raise
        finally:
            late.cancel()
            self._waits = None
            self.used_at = clock.monotonic()

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._waits is None or self._waits.done():  # nobody asked: what follows would be taken for another's answer
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as why:
            self._failed(type(why).__name__)

    def connection_lost(self, _: Exception | None) -> None:
        self.usable = False
        self._failed("ServerDisconnected")

    # What the parser tells.

    def on_message_begin(self) -> None:
        if self._waits is None or self._waits.done():
            self.usable = False
        self._answer, self._parts, self._size = Answer(), [], 0
        self._headers.clear()

    def on_status(self, status: bytes) -> None:
        self._answer.reason = status.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _LARGEST:
            self._failed("an answer without end")
            return
        self._parts.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._waits is None or self._waits.done():  # noqa: PLR2004 - the answer proper follows
            return
        self._answer.status = status
        self._answer.headers = _texts(self._headers)
        self._answer.body = b"".join(self._parts)
        if not self._parser.should_keep_alive():
            self.usable = False
        if self._answer.headers.get("content-encoding") == "gzip":
            try:
                self._answer.body = _unpacked(self._answer.body)
            except zlib.error:
                self._failed("an answer that cannot be unpacked")
                return
        self._waits.set_result(self._answer)

    def _failed(self, why: str) -> None:
        self.usable = False
        if self._waits is not None and not self._waits.done():
            self._waits.set_exception(NoAnswer(why))


def _texts(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """All of them at once: the parser has left no end of a line in any."""
    if not headers:
        return {}
    names, values = b"\n".join(headers).lower(), b"\n".join(headers.values())
    return dict(zip(names.decode("latin-1").split("\n"), values.decode("latin-1").split("\n"), strict=True))


def _unpacked(body: bytes) -> bytes:
    """Raises zlib.error."""
    unpacking = zlib.decompressobj(wbits=31)
    plain = unpacking.decompress(body, _LARGEST)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise zlib.error("it is cut off, or has no end")
    return plain


def _checked(value: str) -> str:
    if _NO_HEADER.search(value):
        raise NotConnected("a header that cannot be sent")
    return value
