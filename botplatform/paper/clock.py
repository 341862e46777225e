"""The exchange's one clock."""

from __future__ import annotations

import time


def now() -> int:
    """The wall clock in whole milliseconds since 1970 UTC, as it stands in every message on the wire."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds that only go forward; for waiting and measuring."""
    return time.monotonic()
