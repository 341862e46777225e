"""How a value must stand to a level."""

from __future__ import annotations

from enum import StrEnum

from strategies.conditions.tape import Bools, Floats, Tape

# Two values closer than this part of their scale count as equal. Averages of a market that stands still differ
# in their last bits, and a cross made of rounding must not start a deal.
EQUAL = 1e-10


class Relation(StrEnum):
    """Standing above or below lasts as long as it is so; a crossing holds for the one candle that crossed."""

    ABOVE = "above"
    BELOW = "below"
    CROSSING_UP = "crossing_up"
    CROSSING_DOWN = "crossing_down"

    @property
    def crossing(self) -> bool:
        return self in {Relation.CROSSING_UP, Relation.CROSSING_DOWN}

    @property
    def words(self) -> str:
        return _WORDS[self]

    def holds(self, tape: Tape, value: Floats, level: Floats | float, scale: Floats | float) -> Bools:
        """Whether `value` stands so to `level`; False wherever either is NaN.

        Crossing up is: above now, and not above one candle ago. Equal is neither above nor below, so a value
        that rests on the level and then leaves it upwards has crossed up.
        """
        distance, margin = value - level, EQUAL * scale
        match self:
            case Relation.ABOVE:
                return distance > margin
            case Relation.BELOW:
                return distance < -margin
            case Relation.CROSSING_UP:
                return (distance > margin) & (tape.ago(distance) <= _ago(tape, margin))
            case Relation.CROSSING_DOWN:
                return (distance < -margin) & (tape.ago(distance) >= -_ago(tape, margin))


_WORDS = {
    Relation.ABOVE: "be over",
    Relation.BELOW: "be under",
    Relation.CROSSING_UP: "cross up through",
    Relation.CROSSING_DOWN: "cross down through",
}


def _ago(tape: Tape, margin: Floats | float) -> Floats | float:
    return margin if isinstance(margin, float) else tape.ago(margin)
