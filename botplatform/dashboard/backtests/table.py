"""Figures of several studies side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botplatform.bots.studies.models import Study
from strategies.backtest.report import words

_NOTHING = words.NOTHING


def _share(value: Any, *, sign: bool = False) -> str:
    return _NOTHING if value is None else words.share(value, sign=sign)


_ROWS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("Profit", lambda found: _share(found.get("profit_share"), sign=True)),
    ("Profit in quote", lambda found: f"{found['profit']} {found['quote']}" if "profit" in found else _NOTHING),
    ("Simply holding", lambda found: _share(found.get("holding_share"), sign=True)),
    ("Deepest fall", lambda found: _share(found.get("drawdown"))),
    ("Sharpe ratio", lambda found: words.ratio(found.get("sharpe"))),
    ("Deals closed", lambda found: f"{found.get('deals', 0):,}"),
    ("Won", lambda found: _share(found.get("win_rate"))),
    ("Fees", lambda found: f"{found['fees']} {found['quote']}" if "fees" in found else _NOTHING),
    ("Capital", lambda found: f"{found['capital']} {found['quote']}" if "capital" in found else _NOTHING),
    ("From", lambda found: words.moment(found["since"]) if "since" in found else _NOTHING),
    ("To", lambda found: words.moment(found["until"]) if "until" in found else _NOTHING),
)


def side_by_side(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """A row for each figure, and one for each setting that is not the same in all."""
    rows: list[dict[str, Any]] = [
        {"name": name, "values": [show(each.figures) for each in studies]} for name, show in _ROWS
    ]
    settings = [each.job.get("settings", {}) for each in studies]
    for name in dict.fromkeys(name for each in settings for name in each):
        values = [each.get(name) for each in settings]
        if any(value != values[0] for value in values):
            shown = [_NOTHING if value is None else str(value) for value in values]
            rows.append({"name": name.replace("_", " "), "values": shown, "setting": True})
    return rows


def figures(study: Study) -> list[tuple[str, str]]:
    """Those of one study."""
    return [(name, show(study.figures)) for name, show in _ROWS]
