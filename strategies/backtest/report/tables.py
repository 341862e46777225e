"""The tables of a report's page."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape

import numpy as np

from strategies.backtest.candles import Floats, Times
from strategies.backtest.report import words
from strategies.backtest.report.metrics import exact
from strategies.backtest.report.report import Report
from strategies.backtest.report.several import SeveralReport
from strategies.backtest.result import DealDone
from strategies.deal import Ending
from strategies.market import ZERO

_ALL_DEALS = 60
_WORST_DEALS = 20
_COINS_STAY = (Ending.DONE, Ending.CANCELLED)  # what such a deal holds is not the next one's
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def months(report: Report | SeveralReport) -> str:
    """Profit of each month, in per cent of what was there when it began."""
    drawn, span = report.curves, report.parts[0].candles.span
    returns = returns_by_month(drawn.closed_at - span, drawn.equity, float(report.metrics.capital))
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
    return f'<td class="{kind(value) if text.strip("0.") else ""}">{text}</td>'


def returns_by_month(opened_at: Times, equity: Floats, capital: float) -> dict[int, float]:
    """Return of each month, by months since January 1970; a month without candles is left out."""
    begin, end = (np.datetime64(int(opened_at[place]), "ms").astype("datetime64[M]") for place in (0, -1))
    months = np.arange(begin, end + 1)
    edges = (months + 1).astype("datetime64[ms]").astype(np.int64)
    last = np.searchsorted(opened_at, edges) - 1
    found, before, place = {}, capital, -1
    for month, each in zip(months.astype(np.int64).tolist(), last.tolist(), strict=True):
        if each == place:
            continue
        if before > 0:
            found[month] = float(equity[each]) / before - 1
        before, place = float(equity[each]), each
    return found


def figures(report: Report | SeveralReport) -> str:
    """Money, risk and deals, in three lists."""
    figures, quote = report.metrics, escape(report.quote)
    short = report.result.short

    def in_quote(value: Decimal, *, sign: bool = False) -> str:
        return f"{words.money(value, figures.capital, sign=sign)} {quote}"

    fall, durations = figures.drawdown, figures.durations
    money = (
        ("Equity at the end", in_quote(figures.equity)),
        ("Profit", in_quote(figures.profit, sign=True)),
        ("of it realised", in_quote(figures.realised, sign=True)),
        ("of it still open", in_quote(figures.open_profit, sign=True)),
        *([] if short else [("Profit of holding", in_quote(figures.holding_profit, sign=True))]),
        ("Fees paid", in_quote(figures.fees)),
        *(_held(part) for part in report.parts),
        ("Most in open deals at once", in_quote(figures.capital_needed)),
        ("Quote needed beside the coins" if short else "Capital that would have done", in_quote(figures.least_capital)),
    )
    risk = (
        ("Deepest fall", f"{words.share(-fall.share)}, {in_quote(fall.quote)}" if fall else words.NOTHING),
        ("from", words.moment(fall.from_) if fall else words.NOTHING),
        ("lowest at", words.moment(fall.lowest_at) if fall else words.NOTHING),
        ("recovered", (words.moment(fall.recovered_at) if fall.recovered_at else "not yet") if fall else words.NOTHING),
        ("Sharpe, daily, a year", words.ratio(figures.sharpe)),
        ("Sortino, daily, a year", words.ratio(figures.sortino)),
        ("Profit factor", words.ratio(figures.profit_factor)),
        ("Time with coins owed" if short else "Time with coins held", words.share(figures.exposure, places=1)),
    )
    deals = (
        ("Closed", f"{figures.deals_closed:,}"),
        ("Still open", f"{figures.deals_open:,}"),
        ("Won", words.share(figures.win_rate, places=1)),
        ("Mean length", words.length(durations.mean)),
        ("Half were shorter than", words.length(durations.median)),
        ("Longest closed", words.length(durations.longest)),
        ("Longest still open", words.length(durations.longest_open)),
        *([("Averaging orders a deal", words.ratio(figures.averaging_mean))] if figures.averaging_most else []),
        ("Fills", f"{figures.fills:,}"),
    )
    return f'<section class="figures">{listed("Money", money)}{listed("Risk", risk)}{listed("Deals", deals)}</section>'


def listed(title: str, rows: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f"<div><h2>{title}</h2><dl>{items}</dl></div>"


def _held(part: Report) -> tuple[str, str]:
    held = part.metrics.held or ZERO
    what = "Coins owed at the end" if held < 0 else "Coins held at the end"
    return what, f"{words.amount(abs(held))} {escape(part.market.base)}"


def markets(report: Report | SeveralReport) -> str:
    """A row for each market of several, in quote and in shares of the whole capital."""
    if len(report.parts) == 1:
        return ""
    names = (
        *("Market", "Price", "Profit", "Realised", "Open", "Held now", "Fees", "Fills"),
        *("Deals", "Won", "Most in them", "Time in"),
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(_market(part) for part in report.parts)
    return (
        '<section><h2>Market by market</h2><div class="wide"><table class="markets"><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _market(part: Report) -> str:
    found, capital = part.metrics, part.metrics.capital
    moved = float(part.candles.close[-1] / part.candles.open[0]) - 1
    held = f"{words.amount(found.held or ZERO)} {escape(part.market.base)}"
    return (
        f"<tr><th>{escape(part.market.symbol)}</th><td>{words.share(moved, sign=True)}</td>"
        f"{_money_cell(found.profit, capital)}"
        f"{_money_cell(found.realised, capital)}{_money_cell(found.open_profit, capital)}<td>{held}</td>"
        f"<td>{words.money(found.fees, capital)}</td><td>{found.fills:,}</td>"
        f"<td>{found.deals_closed + found.deals_open:,}</td><td>{words.share(found.win_rate, places=1)}</td>"
        f"<td>{words.money(found.capital_needed, capital)}</td><td>{words.share(found.exposure, places=1)}</td></tr>"
    )


def deals(report: Report | SeveralReport) -> str:
    """The deals; of many those that are open and those that earned least."""
    shown = [deal for deal in report.result.deals if deal.counts]
    if not shown:
        return "<section><h2>Deals</h2><p>There was none.</p></section>"
    title = "Deals"
    if len(shown) > _ALL_DEALS:
        still_open = [deal for deal in shown if deal.closed_bar is None][-_WORST_DEALS:]
        closed = [deal for deal in shown if deal.closed_bar is not None]
        shown = [*still_open, *sorted(closed, key=lambda deal: deal.realised)[:_WORST_DEALS]]
        title = f"Open deals, and the {_WORST_DEALS} that earned least"
    names = (
        *("No.", *(["Market"] if len(report.parts) > 1 else []), "Entered", "Closed", "Took"),
        *(["Averaging"] if report.metrics.averaging_most else []),
        *("Most in it", "Realised", "Open profit", "Ended by"),
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    closes = {part.market.symbol: exact(part.candles.close[-1]) for part in report.parts}
    rows = "".join(_deal(report, deal, closes[deal.market]) for deal in shown)
    return (
        f'<section><h2>{title}</h2><div class="wide"><table class="deals"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _deal(report: Report | SeveralReport, deal: DealDone, close: Decimal) -> str:
    capital, end = report.metrics.capital, report.metrics.ended_at
    took = (end if deal.closed_at is None else deal.closed_at) - deal.began_at
    keeps = deal.closed_bar is None or deal.ending in _COINS_STAY
    still_open = _money_cell(deal.held * close - deal.cost_of_held, capital) if keeps else "<td></td>"
    market = f"<td>{escape(deal.market)}</td>" if len(report.parts) > 1 else ""
    averaging = f"<td>{deal.averaging_orders}</td>" if report.metrics.averaging_most else ""
    return (
        f"<tr><td>{deal.number}</td>{market}<td>{words.moment(deal.began_at)}</td>"
        f"<td>{'open' if deal.closed_at is None else words.moment(deal.closed_at)}</td><td>{words.length(took)}</td>"
        f"{averaging}<td>{words.money(deal.invested, capital)}</td>"
        f"{_money_cell(deal.realised, capital)}{still_open}<td>{escape(deal.ending)}</td></tr>"
    )


def _money_cell(value: Decimal, capital: Decimal) -> str:
    return f'<td class="{kind(value)}">{words.money(value, capital, sign=True)}</td>'


def kind(value: float | Decimal) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""
