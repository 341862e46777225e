"""Candles that can be: in order, each once, prices that fit together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from botplatform.markets.archive.refusals import CandlesRefused
from strategies.backtest.candles import Candles

PRICES = ("open", "high", "low", "close")
COLUMNS = ("opened_at", *PRICES, "volume")

Bools = npt.NDArray[np.bool_]
Where = Callable[[int], str]


class Gap(NamedTuple):
    """Candles that are not there: from the first one's opening to the opening of the next one that is."""

    from_ms: int
    to_ms: int
    missing: int


def gaps(candles: Candles) -> list[Gap]:
    """Where candles are missing between the first and the last."""
    at = candles.opened_at
    steps = np.diff(at)
    return [
        Gap(int(at[i]) + candles.span, int(at[i + 1]), int(steps[i]) // candles.span - 1)
        for i in np.flatnonzero(steps > candles.span)
    ]


def impossible(candles: Candles) -> dict[str, Bools]:
    """For each way in which a candle cannot be: which ones are like that."""
    o, h, l, c = candles.open, candles.high, candles.low, candles.close  # noqa: E741 - as everybody writes them
    finite = np.isfinite(candles.volume)
    positive = candles.volume >= 0
    for prices in (o, h, l, c):
        finite &= np.isfinite(prices)
        positive &= prices > 0
    return {
        "has a value that is not a finite number": ~finite,
        "has a negative value or a price of zero": finite & ~positive,
        "has a high below its low": finite & positive & (h < l),
        "has an open or close outside of low to high": finite
        & (h >= l)
        & ((np.maximum(o, c) > h) | (np.minimum(o, c) < l)),
    }


def checked(candles: Candles, where: Where) -> tuple[Candles, int]:
    """The candles without exact repetitions, and how many those were. Refuses what a backtest would get wrong.

    `where(index)` names the place of a row for the person who has to correct it.
    """
    for problem, rows in impossible(candles).items():
        if rows.any():
            raise CandlesRefused(f"{where(int(rows.argmax()))} {problem}. Correct or remove that line.")
    kept, dropped = _without_repetitions(candles)
    at = candles.opened_at[kept]
    steps = np.diff(at)
    if (steps <= 0).any():
        row = int(kept[int((steps <= 0).argmax()) + 1])
        if steps.min() == 0 and int(steps[(steps <= 0).argmax()]) == 0:
            raise CandlesRefused(
                f"{where(row)} has the time of the candle before it and other values. Keep the right one of the two."
            )
        raise CandlesRefused(f"{where(row)} is older than the candle before it. Sort the file by time.")
    wrong = (at - at[:1]) % candles.span != 0
    if wrong.any():
        raise CandlesRefused(
            f"{where(int(kept[int(wrong.argmax())]))} does not lie on the interval of {candles.span / 1000:g} s that "
            "the first candle begins. Name the interval that the file really has, or remove that line."
        )
    return (candles if not dropped else take(candles, kept)), dropped


def _without_repetitions(candles: Candles) -> tuple[npt.NDArray[np.intp], int]:
    repeated = np.zeros(len(candles), np.bool_)
    if len(candles) > 1:
        repeated[1:] = candles.opened_at[1:] == candles.opened_at[:-1]
        if repeated.any():
            for name in COLUMNS[1:]:
                values = getattr(candles, name)
                repeated[1:] &= values[1:] == values[:-1]
    return np.flatnonzero(~repeated), int(repeated.sum())


def take(candles: Candles, rows: slice | npt.NDArray[np.intp] | Bools) -> Candles:
    """Some of the candles."""
    return Candles(**{name: getattr(candles, name)[rows] for name in COLUMNS}, span=candles.span)


def between(candles: Candles, since: int | None, until: int | None) -> Candles:
    """The candles that open from `since` on and before `until`."""
    at = candles.opened_at
    first = 0 if since is None else int(np.searchsorted(at, since))
    last = len(at) if until is None else int(np.searchsorted(at, until))
    return take(candles, slice(first, max(first, last)))


def joined(parts: Sequence[Candles], where: str) -> tuple[Candles, int]:
    """All candles in order of time, and how many repeated exactly. Refuses two that contradict each other."""
    span = parts[0].span
    every = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    order = np.argsort(every["opened_at"], kind="stable")
    whole = Candles(**{name: values[order] for name, values in every.items()}, span=span)
    return checked(whole, lambda row: f"{where}: the candle of {moment(int(whole.opened_at[row]))}")


def from_rows(rows: Sequence[Sequence[float]], span: int) -> Candles:
    """Rows of time, open, high, low, close, volume as columns."""
    table = np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))
    return Candles(
        opened_at=table[:, 0].astype(np.int64),
        **{name: np.ascontiguousarray(table[:, n]) for n, name in enumerate(COLUMNS) if n},
        span=span,
    )


def moment(milliseconds: int) -> str:
    """2026-11-01 12:30, in UTC."""
    return str(np.datetime64(milliseconds, "ms").astype("datetime64[s]")).replace("T", " ").removesuffix(":00")
