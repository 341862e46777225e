"""The platform's one clock. Everything that needs the time asks here, so that a test can stand still."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only ever go forward; for waiting and for measuring."""
    return time.monotonic()
