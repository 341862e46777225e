"""Candles in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """One market's candles, oldest first, all of one length.

    `opened_at` in milliseconds since 1970; prices in quote, exact on the market's ticks when rounded to them
    (a float holds any price of up to 15 digits); `volume` in base. `span` is a candle's length in milliseconds.
    """

    opened_at: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    span: int

    def __len__(self) -> int:
        return len(self.opened_at)

    def between(self, first: int, last: int) -> Candles:
        """Those from bar `first` on and before bar `last`; nothing is copied."""
        part = slice(first, last)
        return Candles(
            opened_at=self.opened_at[part],
            open=self.open[part],
            high=self.high[part],
            low=self.low[part],
            close=self.close[part],
            volume=self.volume[part],
            span=self.span,
        )
