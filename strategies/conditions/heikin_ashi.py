"""Heikin Ashi candles."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from strategies.conditions.condition import SETTLING, Indicator, Look, choices
from strategies.conditions.relation import EQUAL
from strategies.conditions.tape import Tape
from strategies.settings import setting


class Colour(StrEnum):
    """Green: closed above its open. Red: below."""

    GREEN = "green"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeikinAshi(Indicator):
    """Holds while the last so many Heikin Ashi candles all have one colour; it may be more of them.

    A Heikin Ashi candle closes at the mean of open, high, low and close, and opens in the middle of the body of
    the one before it. One that closes where it opened has no colour and ends the row.
    """

    kind: ClassVar[str] = "heikin_ashi"

    candles: int = setting("How many in a row.", unit="count", low="1", high="100", default=3)
    colour: Colour = field(metadata=choices("Their colour.", Colour))

    @property
    def warmup(self) -> int:
        return SETTLING + self.candles

    def look(self, tape: Tape) -> Look:
        bars = tape.bars
        opened, _, _, closed = tape.study("HA", bars.open, bars.high, bars.low, bars.close)
        body, margin = closed - opened, EQUAL * bars.close
        same = body > margin if self.colour is Colour.GREEN else body < -margin
        row = tape.since(~same)
        return Look(value=row, holds=row >= self.candles)

    def words(self) -> str:
        return f"{self.candles} Heikin Ashi candles in a row {self._on} must be {self.colour.value}"

    def show(self, value: float) -> str:
        return f"{value:.0f} now"
