"""A report as the command prints it: one JSON document, or lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from botplatform.lib.money import written
from strategies.backtest.report import Bands, Report, SeveralReport, to_json, words
from strategies.backtest.report.metrics import Drawdown, Durations, Metrics
from strategies.backtest.result import DealDone, Filled

_SHARES = {"profit_share", "holding_share", "win_rate", "exposure"}
_SIGNED = {"profit", "profit_share", "realised", "open_profit", "holding_profit", "holding_share"}


def as_json(report: Report | SeveralReport, seconds: dict[str, float]) -> str:
    """Fills, deals, figures (of several markets also those of each), bands, warnings and seconds."""
    told = json.loads(to_json(report))
    document = {
        "fills": [_fill(fill) for fill in report.result.fills],
        "deals": [_deal(deal) for deal in report.result.deals],
        "metrics": told["metrics"],
        **({"markets": told["markets"]} if "markets" in told else {}),
        "bands": told["bands"],
        "warnings": list(report.remarks),
        "seconds": seconds,
    }
    return json.dumps(document)


def as_lines(report: Report | SeveralReport, seconds: dict[str, float]) -> str:
    """The same for a person, curves and what is held apart."""
    several = len(report.parts) > 1
    lines = ["bar time side price amount order" + several * " market", *_fills(report, several=several)]
    lines += ["", "deal opened closed ending averaging realised" + several * " market"]
    lines += _deals(report, several=several)
    lines.append("")
    lines += _figures(report)
    if several:
        lines += ["", *_markets(report)]
    if report.bands is not None:
        lines += ["", *_bands(report.bands)]
    lines += ["", *(f"note: {remark}" for remark in report.remarks)]
    lines.append("seconds: " + ", ".join(f"{name} {value:.3f}" for name, value in seconds.items()))
    return "\n".join(lines)


def _fill(fill: Filled) -> dict[str, Any]:
    return {
        "bar": fill.bar,
        "time": fill.at,
        "side": fill.side,
        "price": written(fill.price),
        "amount": written(fill.amount),
        "fee": written(fill.fee),
        "fee_asset": fill.fee_asset,
        "order": fill.order,
        "deal": fill.deal,
        "market": fill.market,
    }


def _deal(deal: DealDone) -> dict[str, Any]:
    return {
        "number": deal.number,
        "market": deal.market,
        "opened_bar": deal.opened_bar,
        "opened_at": deal.opened_at,
        "entered_at": deal.entered_at,
        "closed_bar": deal.closed_bar,
        "closed_at": deal.closed_at,
        "ending": deal.ending,
        "averaging_orders": deal.averaging_orders,
        "invested": written(deal.invested),
        "realised": written(deal.realised),
        "held": written(deal.held),
    }


def _fills(report: Report | SeveralReport, *, several: bool) -> Iterator[str]:
    for fill in report.result.fills:
        line = f"{fill.bar} {fill.at} {fill.side} {written(fill.price)} {written(fill.amount)} {fill.order}"
        yield f"{line} {fill.market}" if several else line


def _deals(report: Report | SeveralReport, *, several: bool) -> Iterator[str]:
    for deal in report.result.deals:
        closed = "-" if deal.closed_bar is None else deal.closed_bar
        line = f"{deal.number} {deal.opened_bar} {closed} {deal.ending or 'open'} {deal.averaging_orders}"
        line += f" {deal.realised:.8f}"
        yield f"{line} {deal.market}" if several else line


def _figures(report: Report | SeveralReport) -> Iterator[str]:
    """Each figure under the name that it has in JSON, in words."""
    found = report.metrics
    for name in found.__struct_fields__:
        value = getattr(found, name)
        yield f"{name}: {words.NOTHING if value is None else _shown(report, name, value)}"


def _shown(report: Report | SeveralReport, name: str, value: Any) -> str:
    found, quote = report.metrics, report.quote
    sign = name in _SIGNED
    match value:
        case Drawdown():
            shown = _fall(value, found, quote)
        case Durations():
            shown = ", ".join(f"{each} {words.length(getattr(value, each))}" for each in value.__struct_fields__)
        case dict():
            shown = ", ".join(f"{each}: {number}" for each, number in value.items()) or words.NOTHING
        case Decimal() if name == "held":
            shown = f"{words.amount(value)} {report.parts[0].market.base}"
        case Decimal():
            shown = f"{words.money(value, found.capital, sign=sign)} {quote}"
        case float():
            shown = words.share(value, sign=sign) if name in _SHARES else words.ratio(value)
        case int():
            shown = words.moment(value) if name.endswith("_at") else f"{value:,}"
        case _:
            shown = str(value)
    return shown


def _fall(fall: Drawdown, found: Metrics, quote: str) -> str:
    back = "not recovered" if fall.recovered_at is None else f"recovered {words.moment(fall.recovered_at)}"
    return (
        f"{words.share(-fall.share)}, {words.money(fall.quote, found.capital)} {quote}, from "
        f"{words.moment(fall.from_)}, lowest {words.moment(fall.lowest_at)}, {back}, {words.length(fall.duration)}"
    )


def _markets(report: Report | SeveralReport) -> Iterator[str]:
    yield "market profit realised open held fees closed open fills"
    for part in report.parts:
        found = part.metrics
        money = " ".join(f"{value:.2f}" for value in (found.profit, found.realised, found.open_profit))
        held = "-" if found.held is None else written(found.held)
        deals = f"{found.deals_closed} {found.deals_open} {found.fills}"
        yield f"{found.market} {money} {held} {found.fees:.2f} {deals}"


def _bands(bands: Bands) -> list[str]:
    ends = {"half": bands.p50, "3 of 4": bands.p25, "19 of 20": bands.p5}
    better = ", ".join(
        f"{name} made {words.share(float(curve[-1]) - 1, sign=True)} or more" for name, curve in ends.items()
    )
    return [f"bands: begun at {bands.runs:,} moments, {better}.", f"bands: {bands.sentence}"]
