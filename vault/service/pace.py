"""How often each grant asked for what in the last minute, and how fast each key may ask for anything.

In memory: a signer that was started anew counts from nothing, which lets through one minute's worth more at most.
"""

from __future__ import annotations

from collections import deque
from typing import Literal
from uuid import UUID

from vault import clock

Kind = Literal["order", "exit", "read", "refused"]
_MINUTE = 60.0


class Pace:
    """Sliding counts by grant and kind."""

    def __init__(self) -> None:
        self._times: dict[tuple[UUID, Kind], deque[float]] = {}

    def count(self, grant: UUID, kind: Kind) -> None:
        """It was done once more."""
        self._times.setdefault((grant, kind), deque()).append(clock.monotonic())

    def of(self, grant: UUID, kind: Kind) -> int:
        """How often it was done in the last minute."""
        times = self._times.get((grant, kind))
        if not times:
            return 0
        past = clock.monotonic() - _MINUTE
        while times and times[0] <= past:
            times.popleft()
        if not times:
            del self._times[grant, kind]
        return len(times)


class Bucket:
    """So many a second in the long run, and `burst` at once after a rest."""

    def __init__(self, a_second: float, burst: float) -> None:
        self._rate, self._burst = a_second, burst
        self._left: dict[str, tuple[float, float]] = {}  # by who asks: how many, at which moment

    def take(self, who: str) -> bool:
        """Whether there is one left, which is then gone. For a known `who` only: each is remembered."""
        now = clock.monotonic()
        left, at = self._left.get(who, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._left[who] = (max(left - 1, 0), now)
        return left >= 1
