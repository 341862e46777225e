"""Two varied settings as a map: where the good sets lie, and whether they lie together or alone."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from botplatform.bots.sweeps.axes import Axis
from botplatform.bots.sweeps.outcome import Outcome
from botplatform.bots.sweeps.ranking import Rank, value
from botplatform.bots.sweeps.table import aligned
from strategies.backtest.report import words

_AXES = 2
_WIDE, _LEFT, _TOP, _CELL = 1080, 110, 22, 34
_LEAST_CELL = 6
_TEXT_FITS = 46  # pixels
_MOST_TALL = 720
_MOST_COLUMNS = 12  # in a terminal
_LABEL = 56  # pixels that a label needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A figure for each pair of values; None where the pair was not tried, cannot work, or has no such figure."""

    across: Axis
    down: Axis
    values: dict[tuple[str, str], float | None]
    rank: Rank

    def at(self, down: str, across: str) -> float | None:
        return self.values.get((down, across))

    def shown(self, figure: float | None) -> str:
        return words.ratio(figure) if self.rank is not Rank.PROFIT else words.share(figure, sign=True, places=1)


def heat_of(outcome: Outcome) -> Heat | None:
    """The map of a sweep; None unless exactly two settings were varied."""
    if len(outcome.axes) != _AXES:
        return None
    down, across = outcome.axes
    values = {
        (row.settings[0][1], row.settings[1][1]): value(row.figures, outcome.rank)
        for row in outcome.rows
        if row.figures is not None
    }
    return Heat(across=across, down=down, values=values, rank=outcome.rank)


def to_lines(heat: Heat) -> list[str]:
    """The map in letters; a sentence where a terminal is too narrow for it."""
    if len(heat.across.values) > _MOST_COLUMNS:
        return [f"The map has {len(heat.across.values)} columns: --html FILE draws it."]
    table = [[f"{heat.down.name} \\ {heat.across.name}", *heat.across.values]]
    table += [
        [down, *(heat.shown(heat.at(down, across)) for across in heat.across.values)] for down in heat.down.values
    ]
    return aligned(table)


def to_svg(heat: Heat) -> str:
    """The map as a drawing: green is gain, red is loss, the stronger the more."""
    columns, lines = heat.across.values, heat.down.values
    wide = (_WIDE - _LEFT) / len(columns)
    tall = max(_LEAST_CELL, min(_CELL, _MOST_TALL // len(lines)))
    most = max((abs(each) for each in heat.values.values() if each is not None), default=0.0) or 1.0
    height = _TOP + tall * len(lines) + 44
    named = f"{heat.rank.value} by {heat.down.name} and {heat.across.name}"
    parts = [
        f'<svg class="heat" viewBox="0 0 {_WIDE} {height}" role="img" aria-label="{escape(named)}">',
        f'<text x="0" y="14">{escape(heat.down.name)}</text>',
    ]

    def x_of(column: int) -> float:
        return _LEFT + column * wide

    for row, down in enumerate(lines):
        y = _TOP + row * tall
        for column, across in enumerate(columns):
            figure = heat.at(down, across)
            told = f"{heat.down.name} {down}, {heat.across.name} {across}: {heat.shown(figure)}"
            kind = "none" if figure is None else "gain" if figure >= 0 else "loss"
            strength = 1.0 if figure is None else 0.06 + 0.56 * abs(figure) / most  # text on it stays legible
            parts.append(
                f'<rect class="{kind}" x="{x_of(column):.1f}" y="{y}" width="{wide - 1:.1f}" height="{tall - 1}" '
                f'fill-opacity="{strength:.2f}"><title>{escape(told)}</title></rect>'
            )
            if wide >= _TEXT_FITS and tall >= _CELL // 2 and figure is not None:
                parts.append(
                    f'<text class="cell" x="{x_of(column) + wide / 2:.1f}" y="{y + tall / 2 + 4:.1f}">'
                    f"{heat.shown(figure)}</text>"
                )
    parts += [
        f'<text class="end" x="{_LEFT - 8}" y="{_TOP + row * tall + tall / 2 + 4:.1f}">{escape(lines[row])}</text>'
        for row in range(0, len(lines), max(1, _TOP // tall))
    ]
    bottom = _TOP + tall * len(lines)
    parts += [
        f'<text class="cell" x="{x_of(column) + wide / 2:.1f}" y="{bottom + 16}">{escape(columns[column])}</text>'
        for column in range(0, len(columns), max(1, -int(-_LABEL // wide)))
    ]
    parts.append(f'<text class="cell" x="{(_WIDE + _LEFT) / 2}" y="{bottom + 36}">{escape(heat.across.name)}</text>')
    return "".join(parts) + "</svg>"
