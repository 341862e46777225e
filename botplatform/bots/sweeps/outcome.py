"""Everything that a sweep found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botplatform.bots.backtests.opened import Piece
from botplatform.bots.sweeps.axes import Axis
from botplatform.bots.sweeps.ranking import Rank, ranked, short, value
from botplatform.bots.sweeps.walk_forward import Step, left_of, sentence
from botplatform.bots.sweeps.work import Figures, Row
from botplatform.lib.money import written
from strategies.backtest.candles import Candles
from strategies.backtest.report.words import moment

CHANCE_SAID = (
    "The best of many settings is partly luck: what fitted these candles best need not fit the next ones. "
    "See --walk-forward."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The rows in the order of their sets; `grid` is how many sets there were to draw from."""

    title: str
    quote: str
    axes: tuple[Axis, ...]
    grid: int
    rank: Rank
    candles: Candles
    rows: Sequence[Row]
    steps: Sequence[Step] | None = None
    steps_asked: int = 0

    @property
    def best(self) -> list[Row]:
        return ranked(self.rows, self.rank)

    @property
    def refused(self) -> dict[str, list[Row]]:
        """The sets that cannot work, by the field that says so."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            if row.figures is None:
                found.setdefault(row.field, []).append(row)
        return found

    @property
    def remarks(self) -> list[str]:
        """What the reader has to know."""
        said = [
            f"{len(rows):,} of {len(self.rows):,} sets cannot work and were left out. The first of them: "
            f"{settings_text(rows[0])}: {rows[0].problem}"
            for rows in self.refused.values()
        ]
        poor = sum(row.figures is not None and short(row.figures) for row in self.rows)
        if poor:
            said.append(
                f"{poor:,} sets (*) needed more than their capital; they are compared by their profit on what they "
                "needed."
            )
        if self.steps is None:
            said.append(CHANCE_SAID)
        elif missing := self.steps_asked - len(self.steps):
            said.append(f"{missing} of {self.steps_asked} steps of the walk are missing: no set can work there.")
        return said

    def span_of(self, piece: Piece) -> str:
        """2026-01-01 to 2026-02-01"""
        at = self.candles.opened_at
        return f"{moment(int(at[piece.first]))} to {moment(int(at[piece.last - 1]) + self.candles.span)}"


def settings_text(row: Row) -> str:
    return ", ".join(f"{name}={each}" for name, each in row.settings)


def document(outcome: Outcome, top: int) -> dict[str, Any]:
    """The outcome as JSON values."""
    return {
        "sets": len(outcome.rows),
        "grid": outcome.grid,
        "rank": outcome.rank.value,
        "varied": {axis.name: list(axis.values) for axis in outcome.axes},
        "best": [{"settings": dict(row.settings), **_figures(row.figures, outcome.rank)} for row in outcome.best[:top]],
        "refused": [
            {"field": field, "sets": len(rows), "first": dict(rows[0].settings), "problem": rows[0].problem}
            for field, rows in outcome.refused.items()
        ],
        "walk_forward": None if outcome.steps is None else _walk(outcome, outcome.steps),
        "remarks": outcome.remarks,
    }


def _walk(outcome: Outcome, steps: Sequence[Step]) -> dict[str, Any]:
    return {
        "steps": [
            {
                "chosen_on": _piece(outcome, step.chosen_on),
                "judged_on": _piece(outcome, step.judged_on),
                "settings": dict(step.settings),
                "seen": _figures(step.seen, outcome.rank),
                "unseen": _figures(step.unseen, outcome.rank),
            }
            for step in steps
        ],
        "left": left_of(steps),
        "sentence": sentence(steps),
    }


def _piece(outcome: Outcome, piece: Piece) -> dict[str, int]:
    at = outcome.candles.opened_at
    until = int(at[piece.last - 1]) + outcome.candles.span
    return {"first_bar": piece.first, "bars": piece.last - piece.first, "since": int(at[piece.first]), "until": until}


def _figures(figures: Figures | None, rank: Rank) -> dict[str, Any]:
    if figures is None:
        return {}
    return {
        "rank": value(figures, rank),
        "profit": written(figures.profit),
        "profit_share": figures.profit_share,
        "drawdown": figures.drawdown,
        "sharpe": figures.sharpe,
        "deals": figures.deals,
        "longest_deal": figures.longest_deal,
        "capital": written(figures.capital),
        "needed": written(figures.needed),
        "fills": figures.fills,
    }
