"""Questions that tell whether a process can be used yet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

OK = b"200"
TIMEOUT_SECONDS = 3
Probe = Callable[[], Awaitable[bool]]


def http_on_port(port: int, path: str) -> Probe:
    """GET on a loopback port answers 200."""

    async def probe() -> bool:
        return await _ok(asyncio.open_connection("127.0.0.1", port), path)

    return probe


def http_on_socket(socket: Path, path: str) -> Probe:
    """GET on a unix socket answers 200."""

    async def probe() -> bool:
        return await _ok(asyncio.open_unix_connection(str(socket)), path)

    return probe


def accepts(socket: Path) -> Probe:
    """A unix socket takes connections."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                _, writer = await asyncio.open_unix_connection(str(socket))
        except OSError:
            return False
        await _close(writer)
        return True

    return probe


async def _ok(opening: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]], path: str) -> bool:
    writer = None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await opening
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return (await reader.readline()).split()[1:2] == [OK]
    except OSError:  # TimeoutError is one
        return False
    finally:
        if writer is not None:
            await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await writer.wait_closed()
