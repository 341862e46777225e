"""The drawings of a report's page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from strategies.backtest.report import charts
from strategies.backtest.report.bands import Bands
from strategies.backtest.report.report import Report
from strategies.backtest.report.sampling import envelope
from strategies.backtest.report.several import SeveralReport


def equity(report: Report | SeveralReport) -> str:
    """Equity beside holding."""
    drawn, figures, quote = report.curves, report.metrics, report.quote
    begin, end = figures.started_at, figures.ended_at
    within = charts.frame(begin, end, [drawn.equity, drawn.holding], 300, include=float(figures.capital))
    first = charts.buckets(drawn.closed_at, begin, end)
    inside = (
        charts.level(within, float(figures.capital))
        + charts.line(within, drawn.closed_at, drawn.holding, first, "holding")
        + charts.line(within, drawn.closed_at, drawn.equity, first, "equity")
    )
    legend = (("equity", "The bot"), ("holding", "Keeping the coins" if report.result.short else "Simply holding"))
    label = f"Equity of the bot against holding, in {quote}"
    return _chart(f"Equity in {escape(quote)}", legend, charts.chart(within, label, inside))


def drawdown(report: Report | SeveralReport) -> str:
    """How far equity was below its highest."""
    drawn, figures = report.curves, report.metrics
    begin, end = figures.started_at, figures.ended_at
    first = charts.buckets(drawn.closed_at, begin, end)
    below = -100 * np.maximum.reduceat(drawn.drawdown, first)
    deepest = min(float(below.min()), -0.01)
    within = charts.Frame(begin=begin, end=end, low=deepest * 1.1, high=0.0, height=150)
    x = within.x(drawn.closed_at[first])
    inside = charts.area(within, x, below, np.zeros_like(below), "fall")
    drawing = charts.chart(within, "How far equity was below its highest", inside, percent=True)
    return _chart("Below the highest equity so far", (), drawing)


def price(report: Report) -> str:
    """One market's price with the fills."""
    candles, figures = report.candles, report.metrics
    begin, end = figures.started_at, figures.ended_at
    first = charts.buckets(candles.opened_at, begin, end)
    low, high = envelope(candles.low, first)[0], envelope(candles.high, first)[1]
    within = charts.frame(begin, end, [low, high], 300)
    inside = charts.area(within, within.x(candles.opened_at[first]), low, high, "range")
    inside += charts.line(within, candles.opened_at, candles.close, first, "price")
    for side in ("buy", "sell"):
        fills = [fill for fill in report.result.fills if fill.side == side]
        times = np.array([fill.at for fill in fills], dtype=np.int64)
        prices = np.array([fill.price for fill in fills], dtype=np.float64)
        inside += charts.marks(within, times, prices, side, up=side == "buy")
    legend = (("price", "Price"), ("buy", "Bought"), ("sell", "Sold"))
    drawing = charts.chart(within, "Price, and where the bot bought and sold", inside)
    return _chart(f"Price of {escape(report.market.base)} in {escape(report.market.quote)}", legend, drawing)


def averaging(report: Report | SeveralReport) -> str:
    """Deals by averaging orders."""
    histogram = report.metrics.averaging_histogram
    if report.metrics.averaging_most == 0:
        return ""
    columns = [(str(n), histogram.get(n, 0)) for n in range(report.metrics.averaging_most + 1)]
    return f"<section><h2>Deals by averaging orders filled</h2>{charts.bars(columns)}</section>"


def from_many_starts(bands: Bands) -> str:
    """The same bot begun at many moments."""
    curves = [(each - 1) * 100 for each in (bands.p5, bands.p25, bands.p50)]
    within = charts.frame(0, int(bands.elapsed[-1]), curves, 240, include=0.0)
    x = within.x(bands.elapsed)
    inside = (
        charts.area(within, x, curves[0], curves[1], "band")
        + charts.level(within, 0.0)
        + charts.simple_line(within, x, curves[0], "p5")
        + charts.simple_line(within, x, curves[1], "p25")
        + charts.simple_line(within, x, curves[2], "p50")
    )
    legend = (("p50", "Half of the starts did better"), ("p25", "3 of 4 did better"), ("p5", "19 of 20 did better"))
    label = "Profit since the start, of the same bot begun at many moments"
    drawing = charts.chart(within, label, inside, percent=True, elapsed=True)
    return _chart(f"Begun at {bands.runs:,} moments, profit in %", legend, f"{drawing}<p>{escape(bands.sentence)}</p>")


def _chart(title: str, legend: Iterable[tuple[str, str]], drawing: str) -> str:
    keys = "".join(f'<span class="key {kind}">{escape(name)}</span>' for kind, name in legend)
    return f'<section class="chart"><h2>{title}<span class="keys">{keys}</span></h2>{drawing}</section>'
