"""One formula, two ways to run it.

A condition writes its formula once, against a tape. On a `BatchTape` every column has all candles; on a
`StreamTape` every column has one candle, the latest, and what a formula must remember stays in numbered slots,
one for each call in order of calling. The arithmetic is elementwise, and TA-Lib's streams give the same bits as
its functions, so both runs give the same answers, bit for bit. A formula therefore makes the same calls in the
same order every time, and its own arithmetic is nothing but elementwise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import talib
import talib.abstract
import talib.stream

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Closed candles of one interval, in columns."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.close)


class Tape(Protocol):
    """What a formula may ask for."""

    @property
    def bars(self) -> Bars: ...

    def study(self, name: str, *columns: Floats, **settings: float) -> tuple[Floats, ...]:
        """TA-Lib's function of this name; NaN until it is defined. A column may be NaN at its start only."""

    def ago(self, column: Floats, candles: int = 1) -> Floats:
        """The column as it was so many candles ago; NaN before there was one."""

    def latest(self, column: Floats, lasting: int) -> Floats:
        """The latest value that is not NaN, if it is at most `lasting` candles old."""

    def since(self, flag: Bools) -> Floats:
        """How many candles ago the flag was last true; 0 is now. Never: counted from before the first."""


@dataclass(frozen=True, slots=True)
class BatchTape:
    """All candles at once."""

    bars: Bars

    def study(self, name: str, *columns: Floats, **settings: float) -> tuple[Floats, ...]:
        found = getattr(talib, name)(*columns, **settings)
        return tuple(found) if isinstance(found, tuple | list) else (found,)

    def ago(self, column: Floats, candles: int = 1) -> Floats:
        before = np.full(len(column), np.nan)
        before[candles:] = column[: max(0, len(column) - candles)]
        return before

    def latest(self, column: Floats, lasting: int) -> Floats:
        here = np.arange(len(column))
        last = np.maximum.accumulate(np.where(np.isnan(column), -1, here))
        return np.where((last >= 0) & (here - last <= lasting), column[last], np.nan)

    def since(self, flag: Bools) -> Floats:
        here = np.arange(len(flag))
        return (here - np.maximum.accumulate(np.where(flag, here, -1))).astype(np.float64)


class StreamTape:
    """One candle after the other: `feed` the next, then run the formula once."""

    def __init__(self) -> None:
        self.bars: Bars
        self._slots: list[Any] = []
        self._next = 0

    def feed(self, bar: Bars) -> None:
        self.bars = bar
        self._next = 0

    def study(self, name: str, *columns: Floats, **settings: float) -> tuple[Floats, ...]:
        study: _Study = self._slot(lambda: _Study(name, settings))
        return study.update(columns)

    def ago(self, column: Floats, candles: int = 1) -> Floats:
        kept: deque[Floats] = self._slot(lambda: deque(maxlen=candles))
        before = kept[0] if len(kept) == candles else np.array([np.nan])
        kept.append(column)
        return before

    def latest(self, column: Floats, lasting: int) -> Floats:
        kept: _Latest = self._slot(_Latest)
        return kept.update(column, lasting)

    def since(self, flag: Bools) -> Floats:
        kept: list[float] = self._slot(lambda: [0.0])
        kept[0] = 0.0 if flag[0] else kept[0] + 1.0
        return np.array(kept)

    def _slot(self, make: Any) -> Any:
        if self._next == len(self._slots):
            self._slots.append(make())
        self._next += 1
        return self._slots[self._next - 1]


class _Study:
    """A TA-Lib stream, opened as soon as the candles suffice. Until then it keeps them; afterwards it keeps none."""

    def __init__(self, name: str, settings: dict[str, float]) -> None:
        self._open = getattr(talib.stream, name)
        self._settings = settings
        self._history: list[tuple[float, ...]] = []
        self._stream: Any = None
        self._outputs = len(talib.abstract.Function(name).output_names)  # type: ignore[attr-defined]  # its stubs lack it

    def update(self, columns: tuple[Floats, ...]) -> tuple[Floats, ...]:
        values = tuple(float(column[0]) for column in columns)
        if self._stream is not None:
            return _columns(self._stream.update(*values))
        if not any(value != value for value in values):  # noqa: PLR0124 - NaN: not history yet
            self._history.append(values)
            self._try_to_open()
        if self._stream is None:
            return (np.array([np.nan]),) * self._outputs
        return _columns(self._stream.value)

    def _try_to_open(self) -> None:
        try:
            self._stream = self._open(
                *(np.array(column) for column in zip(*self._history, strict=True)), **self._settings
            )
        except talib.InsufficientHistory:  # type: ignore[attr-defined]  # its stubs lack it
            return
        self._history.clear()


class _Latest:
    def __init__(self) -> None:
        self._value = np.array([np.nan])
        self._age = 0

    def update(self, column: Floats, lasting: int) -> Floats:
        self._age += 1
        if not np.isnan(column[0]):
            self._value, self._age = column, 0
        if self._age > lasting:
            self._value = np.array([np.nan])
        return self._value


def _columns(found: float | tuple[float, ...]) -> tuple[Floats, ...]:
    return tuple(np.array([value]) for value in found) if isinstance(found, tuple) else (np.array([found]),)
