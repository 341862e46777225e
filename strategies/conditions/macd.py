"""Moving average convergence and divergence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from strategies.conditions.condition import SETTLING, Indicator, Look, choices, number
from strategies.conditions.relation import Relation
from strategies.conditions.tape import Tape
from strategies.settings import Problem, setting


class MACDRule(StrEnum):
    """What the MACD line must do."""

    CROSSES_SIGNAL_UP = "crosses_signal_up"
    CROSSES_SIGNAL_DOWN = "crosses_signal_down"
    ABOVE_ZERO = "above_zero"
    BELOW_ZERO = "below_zero"


_WORDS = {
    MACDRule.CROSSES_SIGNAL_UP: "cross up through its signal line",
    MACDRule.CROSSES_SIGNAL_DOWN: "cross down through its signal line",
    MACDRule.ABOVE_ZERO: "be over zero",
    MACDRule.BELOW_ZERO: "be under zero",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MACD(Indicator):
    """Holds at the candle at which the MACD line crosses its signal line, or while it stands above or below zero.

    The MACD line is a fast exponential average of the closes less a slow one, its signal line an exponential
    average of that. Above zero the price rises faster than it used to.
    """

    kind: ClassVar[str] = "macd"

    fast: int = setting("Period of the fast average.", unit="count", low="2", high="500", default=12)
    slow: int = setting("Period of the slow average.", unit="count", low="2", high="500", default=26)
    signal: int = setting("Period of the signal line.", unit="count", low="1", high="500", default=9)
    rule: MACDRule = field(metadata=choices("What the MACD line must do.", MACDRule))

    def problems(self) -> Iterator[Problem]:
        if self.fast >= self.slow:
            yield Problem("fast", "it must be shorter than the slow average.", f"Give less than {self.slow}.")

    @property
    def warmup(self) -> int:
        return self.slow + self.signal - 1 + max(SETTLING, 4 * (self.slow + self.signal)) + 1

    def look(self, tape: Tape) -> Look:
        close = tape.bars.close
        line, signal, _ = tape.study(
            "MACD", close, fastperiod=self.fast, slowperiod=self.slow, signalperiod=self.signal
        )
        match self.rule:
            case MACDRule.CROSSES_SIGNAL_UP:
                return Look(value=line - signal, holds=Relation.CROSSING_UP.holds(tape, line, signal, close))
            case MACDRule.CROSSES_SIGNAL_DOWN:
                return Look(value=line - signal, holds=Relation.CROSSING_DOWN.holds(tape, line, signal, close))
            case MACDRule.ABOVE_ZERO:
                return Look(value=line, holds=Relation.ABOVE.holds(tape, line, 0.0, close))
            case MACDRule.BELOW_ZERO:
                return Look(value=line, holds=Relation.BELOW.holds(tape, line, 0.0, close))

    def words(self) -> str:
        return f"MACD({self.fast}, {self.slow}, {self.signal}) {self._on} must {_WORDS[self.rule]}"

    def show(self, value: float) -> str:
        crossing = self.rule in {MACDRule.CROSSES_SIGNAL_UP, MACDRule.CROSSES_SIGNAL_DOWN}
        return f"{number(abs(value))} {'over' if value >= 0 else 'under'} {'it' if crossing else 'zero'}"
