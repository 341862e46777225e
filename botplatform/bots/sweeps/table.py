"""The best sets and the walk as rows of words, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Sequence

from botplatform.bots.sweeps.outcome import Outcome
from botplatform.bots.sweeps.ranking import Rank, short, value
from botplatform.bots.sweeps.work import Figures
from strategies.backtest.report import words

Table = list[list[str]]


def best_table(outcome: Outcome, top: int) -> Table:
    """A head, and a row for each of the best."""
    names = [axis.name for axis in outcome.axes]
    extra = [] if outcome.rank is Rank.PROFIT else [outcome.rank.value.replace("_", " ")]
    head = [*names, *extra, "profit", "drawdown", "deals", "longest deal", f"capital {outcome.quote}"]
    rows = []
    for row in outcome.best[:top]:
        if (figures := row.figures) is not None:
            ranked_by = [words.ratio(value(figures, outcome.rank))] if extra else []
            rows.append([*(each for _, each in row.settings), *ranked_by, *_figures(figures)])
    return [head, *rows]


def walk_table(outcome: Outcome) -> Table:
    """A head, and a row for each step of the walk."""
    names = [axis.name for axis in outcome.axes]
    head = ["chosen on", *names, "profit there", "judged on", "profit there", "drawdown there"]
    return [
        head,
        *(
            [
                outcome.span_of(step.chosen_on),
                *(each for _, each in step.settings),
                words.share(step.seen.profit_share, sign=True),
                outcome.span_of(step.judged_on),
                "cannot work" if step.unseen is None else words.share(step.unseen.profit_share, sign=True),
                words.NOTHING if step.unseen is None else words.share(step.unseen.drawdown),
            ]
            for step in outcome.steps or ()
        ),
    ]


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The table in columns, to the right."""
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    return ["  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in table]


def _figures(figures: Figures) -> list[str]:
    return [
        words.share(figures.profit_share, sign=True) + ("*" if short(figures) else ""),
        words.share(figures.drawdown),
        f"{figures.deals:,}",
        words.length(figures.longest_deal),
        words.money(figures.capital, figures.capital),
    ]
