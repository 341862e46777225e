"""Conditions that look at no candle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from strategies.conditions.condition import Fact
from strategies.conditions.intervals import MINUTE
from strategies.conditions.tape import Bools, Times
from strategies.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ASAP(Fact):
    """Holds always: a new deal starts as soon as the one before has ended."""

    kind: ClassVar[str] = "asap"

    def holds(self, closes: Times, signalled_at: Times, span: int) -> Bools:  # noqa: ARG002 - one signature for all
        return np.ones(len(closes), dtype=np.bool_)

    def words(self) -> str:
        return "At once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(Fact):
    """Never holds by itself: only you start a deal, with the button or a call, and that asks no condition."""

    kind: ClassVar[str] = "manual"

    def holds(self, closes: Times, signalled_at: Times, span: int) -> Bools:  # noqa: ARG002 - one signature for all
        return np.zeros(len(closes), dtype=np.bool_)

    def words(self) -> str:
        return "Only by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Fact):
    """Holds after a webhook signal was received, for as long as `lasts` says.

    With other conditions beside it, the signal waits that long for them. It lasts at least one base candle, so
    that every signal is seen at one close.
    """

    kind: ClassVar[str] = "signal"

    lasts: int = setting("How long a received signal counts.", unit="minutes", low="1", high="1440", default=1)

    def holds(self, closes: Times, signalled_at: Times, span: int) -> Bools:
        return (signalled_at >= 0) & (closes - signalled_at < max(self.lasts * MINUTE, span))

    def words(self) -> str:
        return f"A signal must have been received within {self.lasts} min"
