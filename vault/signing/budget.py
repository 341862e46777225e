"""An exchange's patience: how much request weight it counts against us, by its own headers.

Reading slows down long before the limit, so that what is left is there for orders, and above all for exits.
"""

from __future__ import annotations

from collections.abc import Mapping

from vault import clock

_MINUTE = 60.0
_FREE = 0.3  # the share of the limit up to which reading goes at full speed
_STEEPNESS = 30.0
_BUSY = (418, 429)
_DEFAULT_PAUSE = 10.0


class Budget:
    """One address's weight at one exchange; `limit` is what it allows in a minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._heard_at = 0.0
        self._paused_until = 0.0

    def hear(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says of it; the names of `headers` are in lower case."""
        used = headers.get("x-mbx-used-weight-1m", "")
        if used.isdigit():
            self._used, self._heard_at = int(used), clock.monotonic()
        if status in _BUSY:
            wait = headers.get("retry-after", "")
            pause = float(wait) if wait.isdigit() else _DEFAULT_PAUSE
            self._paused_until = clock.monotonic() + pause

    @property
    def paused(self) -> bool:
        """Whether the exchange has asked for silence. Orders are still tried: it answers them by itself."""
        return clock.monotonic() < self._paused_until

    @property
    def slowness(self) -> float:
        """By how much longer than usual to wait between two readings: 1 when there is plenty."""
        if clock.monotonic() - self._heard_at > _MINUTE:
            return 1.0
        return 1.0 + _STEEPNESS * max(0.0, self._used / self._limit - _FREE)
