"""Exact numbers as people read them."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

MINUS = "\N{MINUS SIGN}"
UNKNOWN = "\N{EN DASH}"
_DIGITS = 4  # that a small amount of money is shown with


def decimals(step: Decimal) -> int:
    """How many places a price on this tick, or an amount on this lot, has."""
    return max(0, -int(step.normalize().as_tuple().exponent))


def price(value: Decimal | None, tick: Decimal) -> str:
    """On the market's ticks, thousands apart."""
    return UNKNOWN if value is None else _grouped(value, decimals(tick))


def amount(value: Decimal | None, lot: Decimal) -> str:
    """On the market's lots, rounded down: never more than there is."""
    if value is None:
        return UNKNOWN
    places = decimals(lot)
    return _grouped(value.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR), places)


def money(value: Decimal | None) -> str:
    """Two places, and for less than one as many as four digits take: 12.35, 0.1834, 0.0001235."""
    return UNKNOWN if value is None else _grouped(value, _places(value))


def gain(value: Decimal | None) -> str:
    """Money with its sign."""
    if value is None:
        return UNKNOWN
    text = money(value)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def percent(fraction: Decimal | None) -> str:
    """A fraction of one, in percent, with its sign."""
    if fraction is None:
        return UNKNOWN
    text = _grouped(fraction.scaleb(2), 2)
    return f"+{text} %" if fraction > 0 else f"{text} %"


def lasting(span: timedelta | None) -> str:
    """How long, in its two largest units: 4 d 2 h, 3 h 12 min, 45 s."""
    if span is None:
        return UNKNOWN
    left = max(0, int(span.total_seconds()))
    parts: list[str] = []
    for name, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])


def _places(value: Decimal) -> int:
    if value == 0 or abs(value) >= 1:
        return 2
    return min(8, _DIGITS - 1 - value.adjusted())


def _grouped(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{places}f}"
    return f"{MINUS}{text}" if rounded < 0 else text
