"""Pairs of orders that only take turns: what a backtest can run through without asking after every fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


class Turn(Protocol):
    """A buy and a sell of which one is wanted at a time, whole. The fill of either wants the other in its place."""

    @property
    def buy_name(self) -> str: ...

    @property
    def buy_price(self) -> Decimal: ...

    @property
    def buy_amount(self) -> Decimal: ...

    @property
    def sell_name(self) -> str: ...

    @property
    def sell_price(self) -> Decimal: ...

    @property
    def sell_amount(self) -> Decimal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Turns from the lowest prices up: all that a deal wants, while the price stays above `above` (None: everywhere).

    Their fills change nothing but which of the two is wanted; what the deal awaits stays, and it does not end.
    """

    each: Sequence[Turn]
    above: Decimal | None = None
