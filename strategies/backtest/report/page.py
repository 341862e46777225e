"""A report as one page to keep: no script, nothing loaded from anywhere, charts drawn in place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape

from strategies.backtest.report import drawings, tables, words
from strategies.backtest.report.report import Report
from strategies.backtest.report.several import SeveralReport
from strategies.backtest.report.style import STYLE

_SECONDS = {60: "1m", 300: "5m", 900: "15m", 1800: "30m", 3600: "1h", 14400: "4h", 86400: "1d"}


def to_html(report: Report | SeveralReport) -> str:
    """The page. Its size does not grow with the number of candles or fills."""
    parts = (
        _head(report),
        _tiles(report),
        _remarks(report.warnings, "warnings"),
        drawings.equity(report),
        drawings.drawdown(report),
        tables.markets(report),
        *(drawings.price(part) for part in report.parts),
        tables.months(report),
        tables.figures(report),
        drawings.averaging(report),
        "" if report.bands is None else drawings.from_many_starts(report.bands),
        tables.deals(report),
        _settings(report),
        _notes(report),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )


def _head(report: Report | SeveralReport) -> str:
    figures, fees = report.metrics, [part.market for part in report.parts]
    seconds = report.parts[0].candles.span // 1000
    interval = _SECONDS.get(seconds, f"{seconds} s")
    maker, taker = (_range(each) for each in ([one.maker_fee for one in fees], [one.taker_fee for one in fees]))
    return (
        f"<header><h1>{escape(report.title)}</h1><p>{escape(figures.market)} · {words.moment(figures.started_at)} to "
        f"{words.moment(figures.ended_at)} UTC ({words.length(figures.ended_at - figures.started_at)}) · "
        f"{figures.candles:,} candles of {interval} · capital {words.money(figures.capital, figures.capital)} "
        f"{escape(report.quote)} · fees {maker} maker, {taker} taker</p></header>"
    )


def _range(fees: list[Decimal]) -> str:
    least, most = (words.share(float(each)) for each in (min(fees), max(fees)))
    return least if least == most else f"{least} to {most}"


def _tiles(report: Report | SeveralReport) -> str:
    figures, quote = report.metrics, report.quote

    def tile(name: str, value: str, note: str, number: float | Decimal = 0) -> str:
        shown = f'<p class="value {tables.kind(number)}">{value}</p><p class="note">{escape(note)}</p>'
        return f"<div><h2>{name}</h2>{shown}</div>"

    fall, durations = figures.drawdown, figures.durations
    against = figures.profit_share - figures.holding_share
    still_open = f" ({words.money(figures.open_profit, figures.capital, sign=True)})" if figures.deals_open else ""
    tiles = (
        tile(
            "Profit",
            words.share(figures.profit_share, sign=True),
            f"{words.money(figures.profit, figures.capital, sign=True)} {quote}",
            figures.profit,
        ),
        tile(
            "Against holding",
            f"{words.share(against, sign=True).removesuffix(' %')} <small>points</small>",
            "on top of keeping the coins"
            if report.result.short
            else f"holding: {words.share(figures.holding_share, sign=True)}",
            against,
        ),
        tile(
            "Deepest fall",
            words.share(-fall.share if fall else 0.0),
            f"{words.length(fall.duration)}{'' if fall.recovered_at else ', not recovered'}" if fall else "never fell",
            -1 if fall else 0,
        ),
        tile(
            "Deals won",
            words.share(figures.win_rate, places=1),
            f"{figures.deals_closed:,} closed, {figures.deals_open:,} open{still_open}",
        ),
        tile("Sharpe", words.ratio(figures.sharpe), f"Sortino {words.ratio(figures.sortino)}"),
        tile(
            "Longest deal",
            words.length(max(durations.longest or 0, durations.longest_open or 0) or None),
            f"half took under {words.length(durations.median)}" if durations.median is not None else "none closed",
        ),
    )
    return f'<section class="tiles">{"".join(tiles)}</section>'


def _remarks(texts: Iterable[str], kind: str) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def _settings(report: Report | SeveralReport) -> str:
    if not report.settings:
        return ""
    rows = [(escape(name), escape(value)) for name, value in report.settings]
    return f'<section class="figures">{tables.listed("Settings", rows)}</section>'


def _notes(report: Report | SeveralReport) -> str:
    holding = "Holding: the whole capital spent at the first open at the taker's fee."
    if len(report.parts) > 1:
        holding = "Holding: an equal share of the capital spent in each market at its first open at the taker's fee."
    texts = (
        *report.always,
        "Sharpe and Sortino: mean of daily returns (UTC) over their deviation (below zero), times the root of 365.",
        "Holding: the coins are kept, and nothing is done." if report.result.short else holding,
        "Profit factor: sum of the closed deals' gains over the sum of their losses.",
        "Past prices say what would have happened, not what will.",
    )
    return f'<section class="notes"><h2>How to read this</h2>{_remarks(texts, "plain")}</section>'
