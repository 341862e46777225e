"""Ticks for whoever listens on this machine: a line of JSON each, over a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

_MOST_UNREAD = 256 * 1024  # bytes; a reader that is further behind is dropped, and connects again


class Publisher:
    """Tells every listener every tick, and a new listener the last tick of each market first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers: set[asyncio.StreamWriter] = set()
        self._last: dict[tuple[str, str], bytes] = {}
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._welcome, self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for reader in list(self._readers):
            self._drop(reader)

    def tell(self, exchange: str, symbol: str, price: str, at: int) -> None:
        """A market traded at `price`, `at` milliseconds since 1970."""
        word = {"exchange": exchange, "symbol": symbol, "price": price, "at": at}
        line = json.dumps(word, separators=(",", ":")).encode() + b"\n"
        self._last[exchange, symbol] = line
        for reader in list(self._readers):
            if reader.transport.get_write_buffer_size() > _MOST_UNREAD:
                self._drop(reader)
            else:
                reader.write(line)

    async def _welcome(self, incoming: asyncio.StreamReader, reader: asyncio.StreamWriter) -> None:
        for line in self._last.values():
            reader.write(line)
        self._readers.add(reader)
        with contextlib.suppress(OSError):
            await incoming.read()  # nobody says anything; it ends when the listener goes
        self._drop(reader)

    def _drop(self, reader: asyncio.StreamWriter) -> None:
        self._readers.discard(reader)
        reader.close()
