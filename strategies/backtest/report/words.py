"""Numbers, times and durations as a person reads them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_PLACES_FROM = 100


def moment(at: int) -> str:
    """2026-11-01 12:30, in UTC."""
    return str(np.datetime64(at, "ms").astype("datetime64[s]")).replace("T", " ").removesuffix(":00")


def day(at: int) -> str:
    return moment(at)[:10]


def length(milliseconds: float | None) -> str:
    """The two largest units: 12 d 4 h."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < _MINUTE:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds < _HOUR:
        return f"{milliseconds / _MINUTE:.0f} min"
    if milliseconds < _DAY:
        return f"{int(milliseconds // _HOUR)} h {int(milliseconds % _HOUR // _MINUTE)} min"
    return f"{int(milliseconds // _DAY):,} d {int(milliseconds % _DAY // _HOUR)} h"


def share(value: float | None, *, sign: bool = False, places: int = 2) -> str:
    """12.34 %"""
    return NOTHING if value is None else f"{_number(value * 100, places, sign=sign)} %"


def ratio(value: float | None) -> str:
    return NOTHING if value is None else _number(value, 2, sign=False)


def money(value: Decimal, capital: Decimal, *, sign: bool = False) -> str:
    """Two places, or six where the capital is a small number such as of bitcoins."""
    return _number(value, 2 if capital >= _PLACES_FROM else 6, sign=sign)


def amount(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _number(value: Decimal | float, places: int, *, sign: bool) -> str:
    text = f"{abs(value):,.{places}f}"
    if not text.strip("0.,"):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text
