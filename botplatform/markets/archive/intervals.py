"""How long candles are, by the names that exchanges use."""

from __future__ import annotations

from botplatform.markets.archive.refusals import CandlesRefused

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000

# Months have no fixed length and are left out.
SPANS = {
    "1s": _SECOND,
    "1m": _MINUTE,
    "3m": 3 * _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1h": _HOUR,
    "2h": 2 * _HOUR,
    "4h": 4 * _HOUR,
    "6h": 6 * _HOUR,
    "8h": 8 * _HOUR,
    "12h": 12 * _HOUR,
    "1d": _DAY,
    "3d": 3 * _DAY,
    "1w": 7 * _DAY,
}


def span_of(interval: str) -> int:
    """A candle's length in milliseconds."""
    if (span := SPANS.get(interval)) is None:
        raise CandlesRefused(f"There is no interval {interval!r}. Take one of {', '.join(SPANS)}.")
    return span
