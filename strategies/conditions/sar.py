"""Parabolic stop and reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from strategies.conditions.condition import SETTLING, Indicator, Look, choices, number
from strategies.conditions.relation import Relation
from strategies.conditions.tape import Tape
from strategies.settings import Problem, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ParabolicSAR(Indicator):
    """Holds while the close stands above or below the Parabolic SAR, or at the candle at which the SAR flips.

    The SAR follows the price like a trailing stop: under a rising price, over a falling one. It flips when the
    price touches it. `crossing_up` is the flip that makes it rise (SAR now under the price), `crossing_down`
    the other.
    """

    kind: ClassVar[str] = "parabolic_sar"

    start: Decimal = setting(
        "How fast it follows at first.", unit="factor", low="0.001", high="1", default=Decimal("0.02")
    )
    increment: Decimal = setting(
        "How much faster with each new extreme.", unit="factor", low="0.001", high="1", default=Decimal("0.02")
    )
    maximum: Decimal = setting("How fast at most.", unit="factor", low="0.001", high="1", default=Decimal("0.2"))
    relation: Relation = field(metadata=choices("How the close must stand to the SAR.", Relation))

    def problems(self) -> Iterator[Problem]:
        if self.maximum < max(self.start, self.increment):
            yield Problem(
                "maximum",
                "it is less than the start or the increment.",
                f"Give at least {max(self.start, self.increment)}.",
            )

    @property
    def warmup(self) -> int:
        return SETTLING + self.relation.crossing

    def look(self, tape: Tape) -> Look:
        bars = tape.bars
        start, increment, maximum = float(self.start), float(self.increment), float(self.maximum)
        (signed,) = tape.study(
            "SAREXT",
            bars.high,
            bars.low,
            accelerationinitlong=start,
            accelerationlong=increment,
            accelerationmaxlong=maximum,
            accelerationinitshort=start,
            accelerationshort=increment,
            accelerationmaxshort=maximum,
        )
        value = abs(signed)  # its sign tells which way it follows
        return Look(value=value, holds=self.relation.holds(tape, bars.close, value, bars.close))

    def words(self) -> str:
        return f"The close {self._on} must {self.relation.words} the Parabolic SAR"

    def show(self, value: float) -> str:
        return f"at {number(value)}"
