"""The lines of a grid, and what is bought and sold between each two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from strategies.market import ONE, Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The room between two lines: bought at the lower, sold at the upper.

    What is sold is what arrives after the commission was taken out of the coins.
    """

    number: int  # from 0, the lowest
    buy_price: Decimal
    sell_price: Decimal
    buy_amount: Decimal
    sell_amount: Decimal
    buy_name: str
    sell_name: str
    starts_held: bool  # it was above the price at the start, so its coins are bought at once


def arithmetic(lower: Decimal, upper: Decimal, lines: int) -> Iterator[Decimal]:
    """Lines at equal distances: `lower + k (upper - lower) / (lines - 1)`."""
    step = (upper - lower) / (lines - 1)
    return (lower + step * number for number in range(lines))


def geometric(lower: Decimal, upper: Decimal, lines: int) -> Iterator[Decimal]:
    """Lines at equal ratios: `lower (upper / lower)^(k / (lines - 1))`."""
    ratio = (upper / lower) ** (ONE / (lines - 1))
    return (lower * ratio**number for number in range(lines))


def cells(prices: list[Decimal], quote_a_line: Decimal, start: Decimal, market: Market) -> tuple[Cell, ...]:
    """The cells of a grid that starts while the market stands at `start`; `prices` on ticks, rising."""
    return tuple(
        Cell(
            number=number,
            buy_price=low,
            sell_price=high,
            buy_amount=(amount := market.amount_up(quote_a_line / low)),
            sell_amount=market.amount_down(amount * (ONE - market.maker_fee)),
            buy_name=f"buy-{number}",
            sell_name=f"sell-{number}",
            starts_held=low >= start,
        )
        for number, (low, high) in enumerate(pairwise(prices))
    )
