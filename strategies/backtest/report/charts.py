"""Charts as SVG text. Colours are classes, so that the page decides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from strategies.backtest.candles import Floats, Times
from strategies.backtest.report.sampling import Places, envelope, starts
from strategies.backtest.report.words import MINUS

WIDTH = 1040
LEFT, RIGHT, TOP, BOTTOM = 4, 76, 8, 22
PLOT = WIDTH - LEFT - RIGHT
_BUCKETS = PLOT * 3 // 4
_MOST_MARKS = 1500
_FEWEST_TICKS, _TICK_EVERY = 3, 60
_X_TICKS = 8
_MOST_PLACES = 10
_HOUR, _DAY = 3_600_000, 86_400_000
_YEAR_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a time and a value lie in a chart. `begin` and `end` in milliseconds, `low` and `high` in its unit."""

    begin: int
    end: int
    low: float
    high: float
    height: int

    def x(self, at: npt.ArrayLike) -> Floats:
        return LEFT + (np.asarray(at, np.float64) - self.begin) / max(1, self.end - self.begin) * PLOT

    def y(self, value: npt.ArrayLike) -> Floats:
        inside = self.height - TOP - BOTTOM
        return TOP + (self.high - np.asarray(value, np.float64)) / (self.high - self.low) * inside

    @property
    def floor(self) -> int:
        return self.height - BOTTOM


def frame(begin: int, end: int, values: Sequence[Floats], height: int, *, include: float | None = None) -> Frame:
    """A frame with some air above and below all values."""
    known = [value for value in values if len(value)]
    low, high = min(float(value.min()) for value in known), max(float(value.max()) for value in known)
    if include is not None:
        low, high = min(low, include), max(high, include)
    air = (high - low) * 0.05 or abs(high) * 0.01 or 1.0
    return Frame(begin=begin, end=end, low=low - air, high=high + air, height=height)


def buckets(times: Times, begin: int, end: int) -> Places:
    return starts(times, begin, end, _BUCKETS)


def line(within: Frame, times: Times, values: Floats, first: Places, kind: str) -> str:
    """A curve, with the least and the greatest value of each bucket."""
    low, high = envelope(values, first)
    last = values[np.append(first[1:], len(values)) - 1]
    rising = last - low > high - last
    x = within.x(times[first])
    y = np.stack([within.y(np.where(rising, low, high)), within.y(np.where(rising, high, low))], axis=1)
    return f'<path class="{kind}" d="{_path(np.repeat(x, 2), y.ravel())}"/>'


def area(within: Frame, x: Floats, low: Floats, high: Floats, kind: str) -> str:
    """What lies between two curves, both already of few points."""
    there, back = _path(x, within.y(high)), _path(x[::-1], within.y(low)[::-1])
    return f'<path class="{kind}" d="{there}L{back[1:]}Z"/>'


def simple_line(within: Frame, x: Floats, values: Floats, kind: str) -> str:
    return f'<path class="{kind}" d="{_path(x, within.y(values))}"/>'


def marks(within: Frame, times: Times, values: Floats, kind: str, *, up: bool) -> str:
    """Small triangles, pointing at the price from below or from above; those that would hide each other drawn once."""
    if not len(times):
        return ""
    x, y = within.x(times), within.y(values)
    step = 2.0
    while True:
        spots = np.unique(np.stack([np.rint(x / step), np.rint(y / step)], axis=1), axis=0) * step
        if len(spots) <= _MOST_MARKS:
            break
        step *= 1.5
    shape = "l-3 6h6z" if up else "l-3-6h6z"
    path = "".join(f"M{a:g} {b:g}{shape}" for a, b in spots.round(1).tolist())
    return f'<path class="{kind}" d="{path}"/>'


def chart(within: Frame, label: str, inside: str, *, percent: bool = False, elapsed: bool = False) -> str:
    """The whole drawing: grid, scale, times (or times since a start), and what is inside.

    `label` is for those who cannot see it.
    """
    values, places = _round_values(within)
    unit = " %" if percent else ""
    grid = [_grid_line(within, value, f"{value:,.{places}f}{unit}") for value in values]
    times = _round_lengths(within.end) if elapsed else _round_times(within.begin, within.end)
    grid += [_time_line(within, at, text) for at, text in times]
    return (
        f'<svg viewBox="0 0 {WIDTH} {within.height}" role="img" aria-label="{escape(label)}">'
        f"<g>{''.join(grid)}</g>{inside}</svg>"
    )


def level(within: Frame, value: float) -> str:
    """A horizontal line at a value that matters."""
    y = float(within.y(value))
    return f'<path class="level" d="M{LEFT} {y:.1f}H{LEFT + PLOT}"/>'


def bars(heights: Sequence[tuple[str, int]]) -> str:
    """Columns with a number above and a name below."""
    most, height = max(count for _, count in heights), 150
    step = min(72.0, PLOT / len(heights))
    drawn = []
    for place, (name, count) in enumerate(heights):
        tall, x = count / most * (height - 44), place * step
        middle = x + step / 2
        drawn.append(
            f'<rect x="{x + step * 0.15:.1f}" y="{height - 22 - tall:.1f}" width="{step * 0.7:.1f}" '
            f'height="{tall:.1f}" rx="2"/><text x="{middle:.1f}" y="{height - 28 - tall:.1f}" '
            f'text-anchor="middle">{count:,}</text><text x="{middle:.1f}" y="{height - 6}" '
            f'text-anchor="middle">{escape(name)}</text>'
        )
    wide = step * len(heights)
    return (
        f'<svg class="bars" viewBox="0 0 {wide:g} {height}" width="{wide:g}" role="img" '
        f'aria-label="Deals by averaging orders filled">{"".join(drawn)}</svg>'
    )


def _path(x: Floats, y: Floats) -> str:
    points = np.stack([x, y], axis=1).round(1).tolist()
    return "M" + "L".join(f"{a:g} {b:g}" for a, b in points)


def _grid_line(within: Frame, value: float, text: str) -> str:
    y = float(within.y(value))
    shown = escape(text.replace("-", MINUS))
    right = LEFT + PLOT
    return f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/><text x="{right + 8}" y="{y + 4:.1f}">{shown}</text>'


def _time_line(within: Frame, at: int, text: str) -> str:
    x = float(within.x(at))
    return (
        f'<path class="grid" d="M{x:.1f} {TOP}V{within.floor}"/>'
        f'<text x="{x:.1f}" y="{within.height - 6}" text-anchor="middle">{text}</text>'
    )


def _round_values(within: Frame) -> tuple[list[float], int]:
    """A round number every sixty pixels or so, and how many places they need."""
    rough = (within.high - within.low) / max(_FEWEST_TICKS, within.height / _TICK_EVERY)
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(min((power * each for each in (1, 2, 2.5, 5, 10)), key=lambda each: abs(each - rough)))
    first, last = int(np.ceil(within.low / step)), int(np.floor(within.high / step))
    places = next((n for n in range(_MOST_PLACES) if abs(round(step, n) - step) < step / 1000), _MOST_PLACES)
    return [n * step + 0.0 for n in range(first, last + 1)], places


def _round_times(begin: int, end: int) -> list[tuple[int, str]]:
    """At most eight beginnings of hours, days, months or years, with their names."""
    span = end - begin
    for step in (1, 2, 6, 12):
        if span <= step * _HOUR * _X_TICKS:
            return _every(begin, end, step * _HOUR, slice(5, 16))
    for step in (1, 2, 7):
        if span <= step * _DAY * _X_TICKS:
            return _every(begin, end, step * _DAY, slice(0, 10))
    first, last = (np.datetime64(at, "ms").astype("datetime64[M]") for at in (begin, end))
    months = np.arange(first + 1, last + 1)
    for step in (1, 2, 3, 6, 12, 24, 60, 120):
        chosen = months[months.astype(np.int64) % step == 0]
        if len(chosen) <= _X_TICKS:
            names = [str(each)[:4] if step >= _YEAR_MONTHS else str(each) for each in chosen]
            return list(zip(chosen.astype("datetime64[ms]").astype(np.int64).tolist(), names, strict=True))
    return []


def _round_lengths(end: int) -> list[tuple[int, str]]:
    unit, name = (_DAY, "d") if end > 2 * _DAY else (_HOUR, "h")
    rough = max(1.0, end / unit / _X_TICKS)
    power = 10 ** int(np.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    return [(n * unit, f"{n} {name}") for n in range(step, int(end / unit * 0.97) + 1, step)]


def _every(begin: int, end: int, step: int, shown: slice) -> list[tuple[int, str]]:
    times = range(-(-begin // step) * step, end + 1, step)
    margin = (end - begin) // 25  # a name at the very edge would be cut off
    kept = [at for at in times if begin + margin <= at <= end - margin]
    return [(at, str(np.datetime64(at, "ms"))[:16].replace("T", " ")[shown]) for at in kept]
