"""Where the lines of a grid lie.

Lines are numbered from 0, the lowest that the settings draw. The numbers go on beyond both ends: a grid that trails
or expands uses lines that were there all along.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from strategies.market import ONE, Market

LineAt = Callable[[int], Decimal]


def arithmetic(lower: Decimal, upper: Decimal, lines: int) -> LineAt:
    """Lines at equal distances: `lower + k (upper - lower) / (lines - 1)`."""
    step = (upper - lower) / (lines - 1)
    return lambda number: lower + step * number


def geometric(lower: Decimal, upper: Decimal, lines: int) -> LineAt:
    """Lines at equal ratios: `lower (upper / lower)^(k / (lines - 1))`."""
    return endless(lower, (upper / lower) ** (ONE / (lines - 1)))


def endless(lower: Decimal, ratio: Decimal) -> LineAt:
    """Lines at equal ratios without a highest one: `lower x ratio^k`."""
    return lambda number: lower * ratio**number


def on_ticks(line: LineAt, market: Market) -> LineAt:
    """The same lines, each rounded down to a tick."""
    return lambda number: market.price_down(line(number))
