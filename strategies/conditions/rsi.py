"""Relative strength index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategies.conditions.condition import SETTLING, Oscillator, flat, unknown_where
from strategies.conditions.tape import Floats, Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RSI(Oscillator):
    """Holds while the RSI stands above or below the level, or at the candle at which it crosses it.

    RSI compares how much the closes rose with how much they fell: 0 is only falling, 100 only rising. Below 30
    is called oversold. While the close stands still the RSI stays where it was; a market whose close has not moved
    for 250 candles has none (TA-Lib ends at 0 there, which would look oversold).
    """

    kind: ClassVar[str] = "rsi"

    period: int = setting("Over how many candles it is smoothed.", unit="count", low="2", high="500", default=14)
    level: Decimal = setting("The level.", unit="points", low="0", high="100")

    @property
    def title(self) -> str:
        return f"RSI({self.period})"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def warmup(self) -> int:
        # Wilder's smoothing forgets slowly: after 8 periods 0.03 % of the first candles is left.
        return self.period + max(SETTLING, 8 * self.period) + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        close = tape.bars.close
        (value,) = tape.study("RSI", close, timeperiod=self.period)
        return unknown_where(flat(tape, close, close, SETTLING), value)
