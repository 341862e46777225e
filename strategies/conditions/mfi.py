"""Money flow index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from strategies.conditions.condition import Oscillator, unknown_where
from strategies.conditions.tape import Floats, Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MFI(Oscillator):
    """Holds while the money flow index stands above or below the level, or at the candle at which it crosses it.

    Like an RSI that weighs each candle by the money traded: 0 is only selling, 100 only buying. Below 20 is
    called oversold. Where no money moved the price during the whole period it has no value.
    """

    kind: ClassVar[str] = "mfi"

    period: int = setting("Over how many candles.", unit="count", low="2", high="500", default=14)
    level: Decimal = setting("The level.", unit="points", low="0", high="100")

    @property
    def title(self) -> str:
        return f"MFI({self.period})"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def warmup(self) -> int:
        return self.period + 1 + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        bars = tape.bars
        (value,) = tape.study("MFI", bars.high, bars.low, bars.close, bars.volume, timeperiod=self.period)
        typical = (bars.high + bars.low + bars.close) / 3.0
        flow = np.where(typical == tape.ago(typical), 0.0, bars.volume)
        (most,) = tape.study("MAX", flow, timeperiod=self.period)
        return unknown_where(most == 0, value)
