"""Moving averages: two of them, or one and the price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from strategies.conditions.condition import SETTLING, Indicator, Look, choices, number
from strategies.conditions.relation import Relation
from strategies.conditions.tape import Floats, Tape
from strategies.settings import Problem, setting


class Average(StrEnum):
    """Simple: all candles weigh the same. Exponential: the latest weigh most."""

    SMA = "sma"
    EMA = "ema"

    def of(self, tape: Tape, column: Floats, period: int) -> Floats:
        (value,) = tape.study(self.name, column, timeperiod=period)
        return value

    def warmup(self, period: int) -> int:
        return period if self is Average.SMA else period + max(SETTLING, 4 * period)


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageCross(Indicator):
    """Holds at the candle at which a fast moving average crosses a slow one, or while it stands above or below it.

    A fast average over a slow one means that the price has lately been higher than before.
    """

    kind: ClassVar[str] = "average_cross"

    average: Average = field(default=Average.SMA, metadata=choices("Simple or exponential.", Average))
    fast: int = setting("Period of the fast average.", unit="count", low="2", high="500")
    slow: int = setting("Period of the slow average.", unit="count", low="2", high="500")
    relation: Relation = field(metadata=choices("How the fast average must stand to the slow one.", Relation))

    def problems(self) -> Iterator[Problem]:
        if self.fast >= self.slow:
            yield Problem("fast", "it must be shorter than the slow average.", f"Give less than {self.slow}.")

    @property
    def warmup(self) -> int:
        return self.average.warmup(self.slow) + self.relation.crossing

    def look(self, tape: Tape) -> Look:
        close = tape.bars.close
        fast, slow = self.average.of(tape, close, self.fast), self.average.of(tape, close, self.slow)
        return Look(value=fast - slow, holds=self.relation.holds(tape, fast, slow, close))

    def words(self) -> str:
        name = self.average.name
        return f"{name}({self.fast}) {self._on} must {self.relation.words} {name}({self.slow})"

    def show(self, value: float) -> str:
        return f"{number(abs(value))} {'over' if value >= 0 else 'under'} it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAverage(Indicator):
    """Holds while the close stands above or below its moving average, or at the candle at which it crosses it."""

    kind: ClassVar[str] = "price_average"

    average: Average = field(default=Average.SMA, metadata=choices("Simple or exponential.", Average))
    period: int = setting("Period of the average.", unit="count", low="2", high="500")
    relation: Relation = field(metadata=choices("How the close must stand to the average.", Relation))

    @property
    def warmup(self) -> int:
        return self.average.warmup(self.period) + self.relation.crossing

    def look(self, tape: Tape) -> Look:
        close = tape.bars.close
        value = self.average.of(tape, close, self.period)
        return Look(value=value, holds=self.relation.holds(tape, close, value, close))

    def words(self) -> str:
        return f"The close {self._on} must {self.relation.words} {self.average.name}({self.period})"

    def show(self, value: float) -> str:
        return f"at {number(value)}"
