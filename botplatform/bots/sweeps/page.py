"""A sweep as one page to keep: no script, nothing loaded from anywhere, the map drawn in place."""

from __future__ import annotations

from html import escape

from botplatform.bots.sweeps.heat import heat_of, to_svg
from botplatform.bots.sweeps.outcome import Outcome
from botplatform.bots.sweeps.table import Table, best_table, walk_table
from botplatform.bots.sweeps.walk_forward import sentence
from strategies.backtest.report import words
from strategies.backtest.report.style import STYLE

_STYLE = (
    "svg rect.gain{fill:var(--gain)}svg rect.loss{fill:var(--loss)}svg rect.none{fill:var(--rule)}"
    "svg.heat text{fill:var(--ink)}svg.heat .cell{text-anchor:middle}svg.heat .end{text-anchor:end}"
)


def to_html(outcome: Outcome, top: int) -> str:
    """The page."""
    heat = heat_of(outcome)
    parts = [
        _head(outcome),
        "" if heat is None else _section(f"Map of {_rank(outcome)}", to_svg(heat)),
        _section(f"The best by {_rank(outcome)}", _table(best_table(outcome, top))),
        ""
        if outcome.steps is None
        else _section(
            "Walk-forward: chosen on one piece, judged on the next, unseen one",
            f"<p>{escape(sentence(outcome.steps))}</p>{_table(walk_table(outcome))}",
        ),
        _section("To know", "<ul>" + "".join(f"<li>{escape(said)}</li>" for said in outcome.remarks) + "</ul>")
        if outcome.remarks
        else "",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(outcome.title)}</title><style>{STYLE}{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _head(outcome: Outcome) -> str:
    at, span = outcome.candles.opened_at, outcome.candles.span
    tried = f"{len(outcome.rows):,} sets"
    if len(outcome.rows) < outcome.grid:
        tried += f", drawn from {outcome.grid:,}"
    return (
        f"<header><h1>{escape(outcome.title)}</h1><p>{tried} · {words.moment(int(at[0]))} to "
        f"{words.moment(int(at[-1]) + span)} UTC · {len(at):,} candles</p></header>"
    )


def _rank(outcome: Outcome) -> str:
    return outcome.rank.value.replace("_", " ")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(word)}</th>" for word in table[0])
    rows = "".join("<tr>" + "".join(f"<td>{escape(word)}</td>" for word in row) + "</tr>" for row in table[1:])
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
