"""Bases, after Quickfingers Luc."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from strategies.conditions.condition import Indicator, Look, number
from strategies.conditions.relation import EQUAL
from strategies.conditions.tape import Tape
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class QFL(Indicator):
    """Holds while the close stands far under the latest base: a panic has broken the floor.

    A base is a low from which the price turned: no low of the `period` candles before it and of the `period`
    candles after it is lower. It is therefore known only `period` candles later, and nothing is asked of it
    before. The latest base counts, whether higher or lower than the one before it, until there is a newer one or
    until it has been known for `memory` candles; then there is none, and the condition does not hold.

    With a period of 3 and a drop of 0.05:

        lows    104 103 102 100 101 103 104    100 is a base, known at the close of the last of these
        close   95.01                          not yet
        close   95.00                          holds, and as long as closes stay there or lower
    """

    kind: ClassVar[str] = "qfl"

    period: int = setting(
        "How many candles on each side of a base must not be lower.", unit="count", low="2", high="200", default=12
    )
    drop: Decimal = setting(
        "How far the close must stand under the base.", unit="fraction", low="0", above_low=True, high="0.99"
    )
    memory: int = setting("For how many candles a base counts.", unit="count", low="1", high="5000", default=500)

    @property
    def warmup(self) -> int:
        return 2 * self.period + 1

    @property
    def history(self) -> int:
        return self.warmup + self.memory

    def look(self, tape: Tape) -> Look:
        low, close = tape.bars.low, tape.bars.close
        (lowest,) = tape.study("MIN", low, timeperiod=2 * self.period + 1)
        middle = tape.ago(low, self.period)
        base = tape.latest(np.where(middle == lowest, middle, np.nan), self.memory)
        fall = 1.0 - close / base
        return Look(value=fall, holds=fall >= float(self.drop) - EQUAL)

    def words(self) -> str:
        percent = number(float(100 * self.drop))
        return f"The close {self._on} must be at least {percent} % under the latest base of {self.period} candles"

    def show(self, value: float) -> str:
        return f"{number(round(100 * abs(value), 2))} % {'under' if value >= 0 else 'over'} it"
