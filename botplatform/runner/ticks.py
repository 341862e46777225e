"""Hearing the feed's ticks. A feed that is away is looked for again, and nothing waits for it."""

from __future__ import annotations

import json
import select
import socket
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from botplatform.lib import clock
from strategies.events import Tick

_AGAIN = 1.0  # seconds between two tries to reach the feed
_FRESH = 30.0  # seconds for which the last tick still counts as the price

MarketKey = tuple[str, str]  # exchange, symbol


@dataclass(frozen=True, slots=True)
class Heard:
    tick: Tick
    heard_at: float


class TickListener:
    """The last tick of each market. `wait` is where a slice sleeps."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._rest = b""
        self._next_try = 0.0
        self._last: dict[MarketKey, Heard] = {}

    def last(self, market: MarketKey) -> Tick | None:
        """The market's last tick, or None when there is none that is fresh."""
        heard = self._last.get(market)
        if heard is None or clock.monotonic() - heard.heard_at > _FRESH:
            return None
        return heard.tick

    def wait(self, seconds: float) -> set[MarketKey]:
        """Sleep until ticks come or the time is over; the markets that traded."""
        if self._socket is None:
            self._connect()
        listening = [] if self._socket is None else [self._socket]
        ready, _, _ = select.select(listening, [], [], seconds)
        return self._read() if ready else set()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._rest = b""

    def _connect(self) -> None:
        if clock.monotonic() < self._next_try:
            return
        self._next_try = clock.monotonic() + _AGAIN
        made = socket.socket(socket.AF_UNIX)
        try:
            made.connect(str(self._path))
        except OSError:
            made.close()
            return
        made.setblocking(False)
        self._socket = made

    def _read(self) -> set[MarketKey]:
        if self._socket is None:
            return set()
        try:
            chunk = self._socket.recv(1 << 20)
        except BlockingIOError:
            return set()
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return set()
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return {self._hear(json.loads(line)) for line in lines}

    def _hear(self, word: dict[str, str | int]) -> MarketKey:
        market = (str(word["exchange"]), str(word["symbol"]))
        tick = Tick(int(word["at"]), Decimal(str(word["price"])))
        self._last[market] = Heard(tick, clock.monotonic())
        return market
