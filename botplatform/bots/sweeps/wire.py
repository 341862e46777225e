"""Sets and rows as plain JSON values and back, to the last digit."""

from __future__ import annotations

from typing import Any

import msgspec

from botplatform.bots.backtests.opened import Piece
from botplatform.bots.sweeps.sets import Settings
from botplatform.bots.sweeps.work import Row

Unit = tuple[Settings, Piece | None]


def unit_words(unit: Unit) -> Any:
    return msgspec.to_builtins(unit)


def unit_of(words: Any) -> Unit:
    unit: Unit = msgspec.convert(words, Unit)
    return unit


def row_words(row: Row) -> Any:
    return msgspec.to_builtins(row)


def row_of(words: Any) -> Row:
    return msgspec.convert(words, Row)
