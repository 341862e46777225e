"""A report as files that other programs read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from strategies.backtest.report.report import Report
from strategies.backtest.report.sampling import closing, starts
from strategies.backtest.report.several import SeveralReport
from strategies.backtest.report.words import moment
from strategies.backtest.result import DealDone, Filled

_POINTS = 1000


def to_json(report: Report | SeveralReport) -> bytes:
    """Figures, remarks, and curves of at most a thousand points; of several markets also the figures of each.

    Money is a string, a time milliseconds since 1970.
    """
    drawn, figures = report.curves, report.metrics
    opened_at = drawn.closed_at - report.parts[0].candles.span
    first = starts(opened_at, figures.started_at, figures.ended_at, _POINTS)
    last = closing(first, len(opened_at))
    bands = report.bands
    each = {"markets": [part.metrics for part in report.parts]} if len(report.parts) > 1 else {}
    return msgspec.json.encode(
        {
            "title": report.title,
            "settings": dict(report.settings),
            "metrics": figures,
            **each,
            "against_holding": figures.against_holding,
            "remarks": report.remarks,
            "curves": {
                "at": drawn.closed_at[last].tolist(),
                "equity": drawn.equity[last].tolist(),
                "holding": drawn.holding[last].tolist(),
                "drawdown": np.maximum.reduceat(drawn.drawdown, first).tolist(),
            },
            "bands": None
            if bands is None
            else {name: _plain(getattr(bands, name)) for name in bands.__dataclass_fields__},
        }
    )


def fills_csv(report: Report | SeveralReport) -> str:
    """Every fill, oldest first."""
    return _csv(report.result.fills, Filled)


def deals_csv(report: Report | SeveralReport) -> str:
    """Every deal, in the order in which they opened."""
    return _csv(report.result.deals, DealDone)


def _csv(rows: Iterable[Filled | DealDone], kind: type[msgspec.Struct]) -> str:
    """The rows' fields by their names; every time once more in words."""
    names = kind.__struct_fields__
    times = [name for name in names if name == "at" or name.endswith("_at")]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*names, *(f"{name}_utc" for name in times)])
    for row in rows:
        values = [_text(getattr(row, name)) for name in names]
        writer.writerow([*values, *(_moment(getattr(row, name)) for name in times)])
    return file.getvalue()


def _text(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else value


def _moment(at: int | None) -> str:
    return "" if at is None else moment(at)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
