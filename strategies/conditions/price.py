"""The price itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategies.conditions.condition import Oscillator, number
from strategies.conditions.tape import Floats, Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Oscillator):
    """Holds while the close stands above or below a price, or at the candle at which it crosses it.

    Only closes count: a wick through the level and back is no crossing.
    """

    kind: ClassVar[str] = "price"

    level: Decimal = setting("The price.", unit="quote", low="1e-18", high="1e15")

    @property
    def title(self) -> str:
        return "The close"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def scale(self) -> float:
        return 0.0  # prices are exact

    @property
    def warmup(self) -> int:
        return 1 + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        return tape.bars.close

    def show(self, value: float) -> str:
        return number(value)
