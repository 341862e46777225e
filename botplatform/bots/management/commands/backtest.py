"""`manage.py backtest SETTINGS.json --candles FILE [--bands] [--json] [--html FILE]`: the live bot over the past."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.interrupts import terminated_as_interrupted
from botplatform.bots.backtests.opened import opened, read
from botplatform.bots.backtests.progress import told as with_progress
from botplatform.bots.backtests.starts import bands_from
from botplatform.lib import clock
from botplatform.lib.money import written
from botplatform.markets.archive import CandlesRefused
from strategies.backtest.engine import NeverRests, run
from strategies.backtest.report import Bands, Report, Run, to_html, to_json
from strategies.backtest.report.words import share
from strategies.settings import SettingsRefused

_STARTS = 1000
_INTERRUPTED = 130


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
        parser.add_argument(
            "--bands",
            type=int,
            nargs="?",
            const=_STARTS,
            metavar="N",
            help=f"also begin the bot at N moments ({_STARTS:,}): what was usual, and the worst",
        )
        parser.add_argument(
            "--horizon", type=float, metavar="DAYS", help="how long each of these lasts at least; default: half of all"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
        parser.add_argument("--html", type=Path, help="also write the report as a page")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with terminated_as_interrupted():
                report, seconds = _report(options)
        except SettingsRefused as why:
            raise CommandError("\n".join(str(problem) for problem in why.problems)) from None
        except (CandlesRefused, NeverRests) as why:
            raise CommandError(str(why)) from None
        except BrokenProcessPool:
            raise CommandError("bands: a process was ended from outside, perhaps for want of memory.") from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; every process has ended.", returncode=_INTERRUPTED) from None
        if options["html"]:
            options["html"].write_text(to_html(report))
        (_as_json if options["json"] else _as_lines)(report, seconds)


def _report(options: dict[str, Any]) -> tuple[Report, dict[str, float]]:
    for name in ("bands", "horizon"):
        if options[name] is not None and not options[name] > 0:
            raise CommandError(f"{name}: {options[name]:g} cannot be. Give more than 0.")
    began = clock.monotonic()
    path = str(Path(options["candles"]).absolute())
    words = jobs.words_of(options["job"])
    job = jobs.of(words)
    if not len(read(path)):
        raise CommandError(f"candles: {path} holds none. Name a file with at least one.")
    loaded = clock.monotonic()
    candles, index = opened(path)
    indexed = clock.monotonic()
    result = run(job.strategy, job.market, candles, job.options, index)
    ran = clock.monotonic()
    seconds = {"loading": loaded - began, "indexing": indexed - loaded, "running": ran - indexed}
    bands = None
    if options["bands"]:
        bands = bands_from(words, path, options["bands"], options["horizon"], _with_progress)
        seconds["bands"] = clock.monotonic() - ran
    capital = job.capital_at(Decimal(repr(float(candles.open[0]))))
    title = f"{job.kind} on {job.market.symbol}"
    return Report.of(result, candles, job.market, capital, title=title, settings=job.settings, bands=bands), seconds


def _with_progress(runs: Generator[Run | None, None, None], total: int) -> list[Run | None]:
    return list(with_progress(runs, total, "bands", sys.stderr))


def _as_json(report: Report, seconds: dict[str, float]) -> None:
    told = json.loads(to_json(report))
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
        "metrics": told["metrics"],
        "bands": told["bands"],
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
    if report.bands is not None:
        lines += ["", *_band_lines(report.bands)]
    lines += ["", *(f"note: {remark}" for remark in report.remarks)]
    lines.append("seconds: " + ", ".join(f"{name} {value:.3f}" for name, value in seconds.items()))
    sys.stdout.write("\n".join(lines) + "\n")


def _band_lines(bands: Bands) -> list[str]:
    ends = {"half": bands.p50, "3 of 4": bands.p25, "19 of 20": bands.p5}
    better = ", ".join(f"{name} made {share(float(curve[-1]) - 1, sign=True)} or more" for name, curve in ends.items())
    return [f"bands: begun at {bands.runs:,} moments, {better}.", f"bands: {bands.sentence}"]
