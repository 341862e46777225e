"""`manage.py backtest SETTINGS.json --candles FILE [--json] [--html FILE]`: the live bot over candles of the past."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.bots.backtests import job as jobs
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.archive import CandlesRefused, load_path
from strategies.backtest.engine import NeverRests, run
from strategies.backtest.index import BarIndex
from strategies.backtest.report import Report, to_html, to_json
from strategies.settings import SettingsRefused


class Command(BaseCommand):
    help = "Tests a bot over candles: its fills, deals and figures, and how long that took."
    # They would read every page of the dashboard, which takes longer than a backtest.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        # Django has a --settings of its own.
        parser.add_argument(
            "job", type=Path, metavar="SETTINGS.json", help="JSON: kind, market, settings, options, capital"
        )
        parser.add_argument("--candles", required=True, help="an archive folder, .npz, CSV or zip of a Binance dump")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
        parser.add_argument("--html", type=Path, help="also write the report as a page")

    def handle(self, *_args: Any, **options: Any) -> None:
        began = clock.monotonic()
        try:
            job = jobs.read(options["job"])
            candles = load_path(options["candles"])
        except SettingsRefused as why:
            raise CommandError("\n".join(str(problem) for problem in why.problems)) from None
        except CandlesRefused as why:
            raise CommandError(str(why)) from None
        if not len(candles):
            raise CommandError(f"candles: {options['candles']} holds none. Name a file with at least one.")
        loaded = clock.monotonic()
        index = BarIndex(candles.low, candles.high)
        indexed = clock.monotonic()
        try:
            result = run(job.strategy, job.market, candles, job.options, index)
        except NeverRests as why:
            raise CommandError(str(why)) from None
        ran = clock.monotonic()
        start = Decimal(repr(float(candles.open[0])))
        capital = job.capital_at(start)
        report = Report.of(
            result, candles, job.market, capital, title=f"{job.kind} on {job.market.symbol}", settings=job.settings
        )
        seconds = {"loading": loaded - began, "indexing": indexed - loaded, "running": ran - indexed}
        if options["html"]:
            options["html"].write_text(to_html(report))
        (_as_json if options["json"] else _as_lines)(report, seconds)


def _as_json(report: Report, seconds: dict[str, float]) -> None:
    document = {
        "fills": [
            {
                "bar": fill.bar,
                "time": fill.at,
                "side": fill.side,
                "price": written(fill.price),
                "amount": written(fill.amount),
                "fee": written(fill.fee),
                "fee_asset": fill.fee_asset,
                "order": fill.order,
                "deal": fill.deal,
            }
            for fill in report.result.fills
        ],
        "deals": [
            {
                "number": deal.number,
                "opened_bar": deal.opened_bar,
                "opened_at": deal.opened_at,
                "closed_bar": deal.closed_bar,
                "closed_at": deal.closed_at,
                "ending": deal.ending,
                "averaging_orders": deal.averaging_orders,
                "invested": written(deal.invested),
                "realised": written(deal.realised),
                "held": written(deal.held),
            }
            for deal in report.result.deals
        ],
        "metrics": json.loads(to_json(report))["metrics"],
        "warnings": list(report.remarks),
        "seconds": seconds,
    }
    sys.stdout.write(json.dumps(document) + "\n")


def _as_lines(report: Report, seconds: dict[str, float]) -> None:
    lines = ["bar time side price amount order"]
    lines += [
        f"{fill.bar} {fill.at} {fill.side} {written(fill.price)} {written(fill.amount)} {fill.order}"
        for fill in report.result.fills
    ]
    lines += ["", "deal opened closed ending averaging realised"]
    lines += [
        f"{deal.number} {deal.opened_bar} {'-' if deal.closed_bar is None else deal.closed_bar} {deal.ending or 'open'}"
        f" {deal.averaging_orders} {deal.realised:.8f}"
        for deal in report.result.deals
    ]
    lines.append("")
    lines += [f"{name}: {value}" for name, value in json.loads(to_json(report))["metrics"].items()]
    lines += ["", *(f"note: {remark}" for remark in report.remarks)]
    lines.append("seconds: " + ", ".join(f"{name} {value:.3f}" for name, value in seconds.items()))
    sys.stdout.write("\n".join(lines) + "\n")
