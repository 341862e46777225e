"""How often each grant asked for what in the last minute.

In memory: a signer that was started anew counts from nothing, which lets through one minute's worth more at most.
"""

from __future__ import annotations

from collections import deque
from typing import Literal
from uuid import UUID

from vault import clock

Kind = Literal["order", "exit", "read"]
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
