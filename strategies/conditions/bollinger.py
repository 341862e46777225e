"""Bollinger bands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from strategies.conditions.condition import Oscillator, flat, number, unknown_where
from strategies.conditions.tape import Floats, Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Bollinger(Oscillator):
    """Holds while the close stands above or below a place between the Bollinger bands, or crosses it.

    The place is %B: 0 is the lower band, 0.5 the average in the middle, 1 the upper band; below 0 the close is
    under the lower band. Bands of a price that did not move have no width, and no %B.
    """

    kind: ClassVar[str] = "bollinger"

    period: int = setting("Over how many candles.", unit="count", low="2", high="500", default=20)
    deviations: Decimal = setting(
        "How many standard deviations the bands stand from the average.",
        unit="factor",
        low="0.1",
        high="10",
        default=Decimal(2),
    )
    level: Decimal = setting("The place: 0 the lower band, 1 the upper.", unit="fraction", low="-10", high="10")

    @property
    def title(self) -> str:
        return f"Bollinger %B({self.period}, {number(float(self.deviations))})"

    @property
    def at(self) -> float:
        return float(self.level)

    @property
    def scale(self) -> float:
        return 1.0

    @property
    def warmup(self) -> int:
        return self.period + self.relation.crossing

    def value(self, tape: Tape) -> Floats:
        close, width = tape.bars.close, float(self.deviations)
        upper, _, lower = tape.study("BBANDS", close, timeperiod=self.period, nbdevup=width, nbdevdn=width)
        none = (upper == lower) | flat(tape, close, close, self.period)
        with np.errstate(invalid="ignore", divide="ignore"):
            return unknown_where(none, (close - lower) / (upper - lower))

    def show(self, value: float) -> str:
        return f"{value:.3f}"
