"""What of a report or a sweep is kept in the row: figures to compare by, a curve to draw, a map."""

from __future__ import annotations

from typing import Any

import numpy as np

from botplatform.bots.sweeps.heat import heat_of, to_svg
from botplatform.bots.sweeps.outcome import Outcome
from botplatform.bots.sweeps.table import best_table
from botplatform.lib.money import written
from strategies.backtest.report import Report, SeveralReport

_POINTS = 300


def figures(report: Report | SeveralReport) -> dict[str, Any]:
    """Money as strings; shares of the capital; times in milliseconds."""
    found = report.metrics
    return {
        "quote": report.quote,
        "capital": written(found.capital),
        "needed": written(found.least_capital),
        "profit": written(found.profit),
        "profit_share": found.profit_share,
        "holding_share": found.holding_share,
        "drawdown": 0.0 if found.drawdown is None else found.drawdown.share,
        "sharpe": found.sharpe,
        "deals": found.deals_closed,
        "deals_open": found.deals_open,
        "win_rate": found.win_rate,
        "fills": found.fills,
        "fees": written(found.fees),
        "since": found.started_at,
        "until": found.ended_at,
        "candles": found.candles,
        "remarks": list(report.warnings),
    }


def curve(report: Report | SeveralReport) -> list[list[float]]:
    """Profit as a share of the capital, at so many moments at most."""
    drawn, capital = report.curves, float(report.metrics.capital)
    places = np.unique(np.linspace(0, len(drawn.equity) - 1, _POINTS).astype(int))
    shares = drawn.equity[places] / capital - 1 if capital else np.zeros(len(places))
    seconds = drawn.closed_at[places] // 1000
    return [[int(at), round(float(share), 6)] for at, share in zip(seconds, shares, strict=True)]


def of_sweep(whole: Outcome, top: int) -> dict[str, Any]:
    """The best sets, the map where two settings were varied, and what to know."""
    heat = heat_of(whole)
    return {
        "best": best_table(whole, top),
        "heat": "" if heat is None or not whole.best else to_svg(heat),
        "remarks": whole.remarks,
        "sets": len(whole.rows),
        "settings": [dict(row.settings) for row in whole.best[:top]],
    }


def best(whole: Outcome) -> dict[str, Any]:
    """Figures of the best set; none if no set can work."""
    for row in whole.best[:1]:
        if (found := row.figures) is not None:
            return {
                "quote": whole.quote,
                "capital": written(found.capital),
                "needed": written(found.needed),
                "profit": written(found.profit),
                "profit_share": found.profit_share,
                "drawdown": found.drawdown,
                "sharpe": found.sharpe,
                "deals": found.deals,
                "fills": found.fills,
            }
    return {}
