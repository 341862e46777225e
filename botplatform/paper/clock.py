"""The exchange's one clock."""

from __future__ import annotations

import time

_ahead = 0


def now() -> int:
    """The wall clock in whole milliseconds since 1970 UTC, as it stands in every message on the wire."""
    return time.time_ns() // 1_000_000 + _ahead


def set_ahead(milliseconds: int) -> None:
    """Run so far before the machine's clock; below 0: behind it."""
    global _ahead  # noqa: PLW0603 - there is one clock
    _ahead = milliseconds


def monotonic() -> float:
    """Seconds that only go forward; for waiting and measuring."""
    return time.monotonic()
