"""Why candles were not taken."""

from __future__ import annotations


class CandlesRefused(Exception):
    """Candles that cannot be read, fetched or kept. Its text says what is wrong and what to do about it."""
