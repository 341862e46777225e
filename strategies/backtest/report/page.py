"""A report as one page to keep: no script, nothing loaded from anywhere, charts drawn in place."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape

import numpy as np

from strategies.backtest.candles import Candles
from strategies.backtest.report import charts, words
from strategies.backtest.report.bands import Bands
from strategies.backtest.report.report import ALWAYS_SAID, Report
from strategies.backtest.report.sampling import envelope
from strategies.backtest.report.style import STYLE
from strategies.backtest.result import DealDone

_ALL_DEALS = 60
_WORST_DEALS = 20
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECONDS = {60: "1m", 300: "5m", 900: "15m", 1800: "30m", 3600: "1h", 14400: "4h", 86400: "1d"}


def to_html(report: Report) -> str:
    """The page. Its size does not grow with the number of candles or fills."""
    parts = (
        _head(report),
        _tiles(report),
        _remarks(report.warnings, "warnings"),
        _equity(report),
        _drawdown(report),
        _price(report),
        _months(report),
        _figures(report),
        _averaging(report),
        "" if report.bands is None else _bands(report.bands),
        _deals(report),
        _settings(report),
        _notes(),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )


def _head(report: Report) -> str:
    figures = report.metrics
    seconds = report.candles.span // 1000
    interval = _SECONDS.get(seconds, f"{seconds} s")
    return (
        f"<header><h1>{escape(report.title)}</h1><p>{escape(figures.market)} · {words.moment(figures.started_at)} to "
        f"{words.moment(figures.ended_at)} UTC ({words.length(figures.ended_at - figures.started_at)}) · "
        f"{figures.candles:,} candles of {interval} · capital {words.money(figures.capital, figures.capital)} "
        f"{escape(report.market.quote)} · fees {words.share(float(report.market.maker_fee))} maker, "
        f"{words.share(float(report.market.taker_fee))} taker</p></header>"
    )


def _tiles(report: Report) -> str:
    figures, quote = report.metrics, report.market.quote

    def tile(name: str, value: str, note: str, number: float | Decimal = 0) -> str:
        return (
            f'<div><h2>{name}</h2><p class="value {_kind(number)}">{value}</p><p class="note">{escape(note)}</p></div>'
        )

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
            f"holding: {words.share(figures.holding_share, sign=True)}",
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


def _chart(title: str, legend: Iterable[tuple[str, str]], drawing: str) -> str:
    keys = "".join(f'<span class="key {kind}">{escape(name)}</span>' for kind, name in legend)
    return f'<section class="chart"><h2>{title}<span class="keys">{keys}</span></h2>{drawing}</section>'


def _equity(report: Report) -> str:
    drawn, figures, quote = report.curves, report.metrics, report.market.quote
    begin, end = figures.started_at, figures.ended_at
    within = charts.frame(begin, end, [drawn.equity, drawn.holding], 300, include=float(figures.capital))
    first = charts.buckets(drawn.closed_at, begin, end)
    inside = (
        charts.level(within, float(figures.capital))
        + charts.line(within, drawn.closed_at, drawn.holding, first, "holding")
        + charts.line(within, drawn.closed_at, drawn.equity, first, "equity")
    )
    legend = (("equity", "The bot"), ("holding", "Simply holding"))
    label = f"Equity of the bot against holding, in {quote}"
    return _chart(f"Equity in {escape(quote)}", legend, charts.chart(within, label, inside))


def _drawdown(report: Report) -> str:
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


def _price(report: Report) -> str:
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
    return _chart(f"Price in {escape(report.market.quote)}", legend, drawing)


def _months(report: Report) -> str:
    """Profit of each month, in per cent of what was there when it began."""
    returns = month_returns(report.candles, report.curves.equity, float(report.metrics.capital))
    years = sorted({month // 12 for month in returns})
    rows = []
    for year in years:
        known = [returns.get(year * 12 + n) for n in range(12)]
        whole = float(np.prod([1 + each for each in known if each is not None])) - 1
        cells = "".join(_month_cell(each) for each in (*known, whole))
        rows.append(f"<tr><th>{1970 + year}</th>{cells}</tr>")
    names = "".join(f"<th>{name}</th>" for name in (*_MONTHS, "Year"))
    return (
        '<section><h2>Month by month, %</h2><div class="wide"><table class="months">'
        f"<thead><tr><th></th>{names}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _month_cell(value: float | None) -> str:
    if value is None:
        return "<td></td>"
    text = words.share(value, places=1).removesuffix(" %")
    return f'<td class="{_kind(value) if text.strip("0.") else ""}">{text}</td>'


def month_returns(candles: Candles, equity: np.ndarray, capital: float) -> dict[int, float]:
    """Return of each month, by months since January 1970; a month without candles is left out."""
    begin, end = (np.datetime64(int(candles.opened_at[place]), "ms").astype("datetime64[M]") for place in (0, -1))
    months = np.arange(begin, end + 1)
    edges = (months + 1).astype("datetime64[ms]").astype(np.int64)
    last = np.searchsorted(candles.opened_at, edges) - 1
    found, before, place = {}, capital, -1
    for month, each in zip(months.astype(np.int64).tolist(), last.tolist(), strict=True):
        if each == place:
            continue
        if before > 0:
            found[month] = float(equity[each]) / before - 1
        before, place = float(equity[each]), each
    return found


def _figures(report: Report) -> str:
    figures, quote, base = report.metrics, escape(report.market.quote), escape(report.market.base)

    def in_quote(value: Decimal, *, sign: bool = False) -> str:
        return f"{words.money(value, figures.capital, sign=sign)} {quote}"

    fall, durations = figures.drawdown, figures.durations
    money = (
        ("Equity at the end", in_quote(figures.equity)),
        ("Profit", in_quote(figures.profit, sign=True)),
        ("of it realised", in_quote(figures.realised, sign=True)),
        ("of it still open", in_quote(figures.open_profit, sign=True)),
        ("Profit of holding", in_quote(figures.holding_profit, sign=True)),
        ("Fees paid", in_quote(figures.fees)),
        ("Coins held at the end", f"{words.amount(figures.held)} {base}"),
        ("Most in open deals at once", in_quote(figures.capital_needed)),
        ("Capital that would have done", in_quote(figures.least_capital)),
    )
    risk = (
        ("Deepest fall", f"{words.share(-fall.share)}, {in_quote(fall.quote)}" if fall else words.NOTHING),
        ("from", words.moment(fall.from_) if fall else words.NOTHING),
        ("lowest at", words.moment(fall.lowest_at) if fall else words.NOTHING),
        ("recovered", (words.moment(fall.recovered_at) if fall.recovered_at else "not yet") if fall else words.NOTHING),
        ("Sharpe, daily, a year", words.ratio(figures.sharpe)),
        ("Sortino, daily, a year", words.ratio(figures.sortino)),
        ("Profit factor", words.ratio(figures.profit_factor)),
        ("Time with coins held", words.share(figures.exposure, places=1)),
    )
    deals = (
        ("Closed", f"{figures.deals_closed:,}"),
        ("Still open", f"{figures.deals_open:,}"),
        ("Won", words.share(figures.win_rate, places=1)),
        ("Mean length", words.length(durations.mean)),
        ("Half were shorter than", words.length(durations.median)),
        ("Longest closed", words.length(durations.longest)),
        ("Longest still open", words.length(durations.longest_open)),
        ("Averaging orders a deal", words.ratio(figures.averaging_mean)),
        ("Fills", f"{figures.fills:,}"),
    )
    return f'<section class="figures">{_list("Money", money)}{_list("Risk", risk)}{_list("Deals", deals)}</section>'


def _list(title: str, rows: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f"<div><h2>{title}</h2><dl>{items}</dl></div>"


def _averaging(report: Report) -> str:
    histogram = report.metrics.averaging_histogram
    if report.metrics.averaging_most == 0:
        return ""
    columns = [(str(n), histogram.get(n, 0)) for n in range(report.metrics.averaging_most + 1)]
    return f"<section><h2>Deals by averaging orders filled</h2>{charts.bars(columns)}</section>"


def _bands(bands: Bands) -> str:
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


def _deals(report: Report) -> str:
    deals = report.result.deals
    if not deals:
        return "<section><h2>Deals</h2><p>There was none.</p></section>"
    title = "Deals"
    if len(deals) > _ALL_DEALS:
        still_open = [deal for deal in deals if deal.closed_bar is None][-_WORST_DEALS:]
        closed = [deal for deal in deals if deal.closed_bar is not None]
        deals = [*still_open, *sorted(closed, key=lambda deal: deal.realised)[:_WORST_DEALS]]
        title = f"Open deals, and the {_WORST_DEALS} that earned least"
    names = ("No.", "Opened", "Closed", "Took", "Averaging", "Invested", "Realised", "Held now", "Ended by")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(_deal(report, deal) for deal in deals)
    return (
        f'<section><h2>{title}</h2><div class="wide"><table class="deals"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _deal(report: Report, deal: DealDone) -> str:
    capital, end = report.metrics.capital, report.metrics.ended_at
    took = (end if deal.closed_at is None else deal.closed_at) - deal.opened_at
    held = deal.held * Decimal(repr(float(report.candles.close[-1]))) - deal.cost_of_held
    held_cell = _money_cell(held, capital) if deal.closed_bar is None else "<td></td>"
    return (
        f"<tr><td>{deal.number}</td><td>{words.moment(deal.opened_at)}</td>"
        f"<td>{'open' if deal.closed_at is None else words.moment(deal.closed_at)}</td><td>{words.length(took)}</td>"
        f"<td>{deal.averaging_orders}</td><td>{words.money(deal.invested, capital)}</td>"
        f"{_money_cell(deal.realised, capital)}{held_cell}<td>{escape(deal.ending)}</td></tr>"
    )


def _money_cell(value: Decimal, capital: Decimal) -> str:
    return f'<td class="{_kind(value)}">{words.money(value, capital, sign=True)}</td>'


def _kind(value: float | Decimal) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""


def _settings(report: Report) -> str:
    if not report.settings:
        return ""
    rows = [(escape(name), escape(value)) for name, value in report.settings]
    return f'<section class="figures">{_list("Settings", rows)}</section>'


def _notes() -> str:
    texts = (
        *ALWAYS_SAID,
        "Sharpe and Sortino: mean of daily returns (UTC) over their deviation (below zero), times the root of 365.",
        "Holding: the whole capital spent at the first open at the taker's fee.",
        "Profit factor: sum of the closed deals' gains over the sum of their losses.",
        "Past prices say what would have happened, not what will.",
    )
    return f'<section class="notes"><h2>How to read this</h2>{_remarks(texts, "plain")}</section>'
