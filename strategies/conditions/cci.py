"""Commodity channel index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategies.conditions.condition import Oscillator, flat, unknown_where
from strategies.conditions.tape import Floats, Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CCI(Oscillator):
    """Holds while the CCI stands above or below the level, or at the candle at which it crosses it.

    CCI is how far the typical price (high + low + close) / 3 stands from its average, in units of its usual
    distance; most of the time between -100 and 100. Below -100 is called oversold. Without any movement in the
    period it has no value.
    """

    kind: ClassVar[str] = "cci"

    period: int = setting("Over how many candles.", unit="count", low="2", high="500", default=20)
    level: Decimal = setting("The level.", unit="points", low="-1000", high="1000")

    @property
    def title(self) -> str:
        return f"CCI({self.period})"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def warmup(self) -> int:
        return self.period + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        bars = tape.bars
        (value,) = tape.study("CCI", bars.high, bars.low, bars.close, timeperiod=self.period)
        typical = (bars.high + bars.low + bars.close) / 3.0
        return unknown_where(flat(tape, typical, typical, self.period), value)
