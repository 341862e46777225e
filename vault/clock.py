"""The vault's one clock. It never runs backwards within a process: a fence or an expiry must not come back to life."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_high_water = datetime.fromtimestamp(0, UTC)


def now() -> datetime:
    """The present moment in UTC, never earlier than an answer given before."""
    global _high_water  # noqa: PLW0603 - the high-water mark is what this module is for
    _high_water = max(_high_water, datetime.now(UTC))
    return _high_water


def remember(mark: datetime) -> None:
    """It was this late once, in an earlier process."""
    global _high_water  # noqa: PLW0603 - see above
    _high_water = max(_high_water, mark)


def behind() -> float:
    """Seconds that this machine's clock is behind what it showed before. Until it has caught up, time stands still."""
    return (now() - datetime.now(UTC)).total_seconds()


def seconds() -> int:
    """The present moment in whole seconds since 1970, as tokens and proofs count."""
    return int(now().timestamp())


def milliseconds() -> int:
    """The present moment in milliseconds since 1970, as exchanges count."""
    return int(now().timestamp() * 1000)


def monotonic() -> float:
    """Seconds that only go forward; for waiting and measuring."""
    return time.monotonic()


def after(span: float) -> datetime:
    """The moment `span` seconds from now."""
    return now() + timedelta(seconds=span)
