"""What a backtest says to a person: figures, curves, and files to keep."""

from strategies.backtest.report.bands import Bands, Run, bands_of, run_of, starts, starts_in, times
from strategies.backtest.report.curves import Curves, curves
from strategies.backtest.report.export import deals_csv, fills_csv, to_json
from strategies.backtest.report.metrics import Drawdown, Metrics, metrics
from strategies.backtest.report.page import to_html
from strategies.backtest.report.report import Report
from strategies.backtest.report.several import OnMarket, SeveralReport, run_of_several

__all__ = [
    "Bands",
    "Curves",
    "Drawdown",
    "Metrics",
    "OnMarket",
    "Report",
    "Run",
    "SeveralReport",
    "bands_of",
    "curves",
    "deals_csv",
    "fills_csv",
    "metrics",
    "run_of",
    "run_of_several",
    "starts",
    "starts_in",
    "times",
    "to_html",
    "to_json",
]
