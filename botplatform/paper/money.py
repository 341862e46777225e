"""Amounts are Decimals of at most eight decimals; these are the only places where one is rounded."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

ZERO = Decimal(0)
EIGHT = Decimal("0.00000001")


def wire(amount: Decimal) -> str:
    """As Binance sends it, and as it is stored: always eight decimals."""
    return f"{amount:.8f}"


def floor8(amount: Decimal) -> Decimal:
    return amount.quantize(EIGHT, rounding=ROUND_DOWN)


def ceil8(amount: Decimal) -> Decimal:
    return amount.quantize(EIGHT, rounding=ROUND_UP)


def commission(amount: Decimal, rate: Decimal) -> Decimal:
    """What the exchange keeps of an amount received."""
    return (amount * rate).quantize(EIGHT, rounding=ROUND_HALF_UP)


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `amount`."""
    return amount // step * step


def nearest(amount: float | Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to `amount`, at least one step."""
    steps = (Decimal(amount) / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return max(steps, Decimal(1)) * step
