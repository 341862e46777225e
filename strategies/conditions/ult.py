"""Ultimate oscillator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from strategies.conditions.condition import Oscillator, flat, unknown_where
from strategies.conditions.tape import Floats, Tape
from strategies.settings import Problem, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ULT(Oscillator):
    """Holds while the ultimate oscillator stands above or below the level, or at the candle that crosses it.

    It is the buying pressure over three spans of time at once, the short one weighing most: 0 is only selling,
    100 only buying. Below 30 is called oversold. Without any movement in the short span it has no value.
    """

    kind: ClassVar[str] = "ult"

    short: int = setting("The short span.", unit="count", low="2", high="500", default=7)
    middle: int = setting("The middle span.", unit="count", low="2", high="500", default=14)
    long: int = setting("The long span.", unit="count", low="2", high="500", default=28)
    level: Decimal = setting("The level.", unit="points", low="0", high="100")

    def problems(self) -> Iterator[Problem]:
        if not self.short < self.middle < self.long:
            yield Problem("short", "the three spans must grow: short, middle, long.", "Give for example 7, 14 and 28.")

    @property
    def title(self) -> str:
        return f"ULT({self.short}, {self.middle}, {self.long})"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def warmup(self) -> int:
        return self.long + 1 + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        bars = tape.bars
        (value,) = tape.study(
            "ULTOSC",
            bars.high,
            bars.low,
            bars.close,
            timeperiod1=self.short,
            timeperiod2=self.middle,
            timeperiod3=self.long,
        )
        before = tape.ago(bars.close)  # a true range begins at the close before
        top, bottom = np.maximum(bars.high, before), np.minimum(bars.low, before)
        return unknown_where(flat(tape, top, bottom, self.short), value)
