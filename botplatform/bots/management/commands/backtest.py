"""`manage.py backtest SETTINGS.json --candles FILE [--bands] [--json] [--html FILE]`: the live bot over the past."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Generator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.bots.backtests import job as jobs
from botplatform.bots.backtests.interrupts import terminated_as_interrupted
from botplatform.bots.backtests.printed import as_json, as_lines
from botplatform.bots.backtests.progress import told as with_progress
from botplatform.bots.backtests.sources import paths_of
from botplatform.bots.backtests.starts import bands_from
from botplatform.bots.backtests.tested import tested
from botplatform.lib import clock
from botplatform.markets.archive import CandlesRefused
from strategies.backtest.engine import NeverRests
from strategies.backtest.report import Report, Run, SeveralReport, deals_csv, fills_csv, to_html
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
            "job",
            type=Path,
            metavar="SETTINGS.json",
            help="JSON: kind, market or markets, settings, options, capital, signals",
        )
        parser.add_argument(
            "--candles",
            required=True,
            action="append",
            metavar="FILE",
            help="an archive folder, .npz, CSV or zip of a Binance dump; one for each market of the job, in its order "
            "or each as SYMBOL=FILE",
        )
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
        parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report as a page")
        parser.add_argument("--csv", type=Path, metavar="FOLDER", help="also write fills.csv and deals.csv there")

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
        try:
            _write(report, options)
        except OSError as why:
            raise CommandError(f"{why.filename} cannot be written ({why.strerror}).") from None
        sys.stdout.write((as_json if options["json"] else as_lines)(report, seconds) + "\n")


def _report(options: dict[str, Any]) -> tuple[Report | SeveralReport, dict[str, float]]:
    for name in ("bands", "horizon"):
        if options[name] is not None and not options[name] > 0:
            raise CommandError(f"{name}: {options[name]:g} cannot be. Give more than 0.")
    words = jobs.words_of(options["job"])
    job = jobs.of_any(words)
    said = options["candles"]
    paths = paths_of([said] if isinstance(said, str) else said, job.markets)
    found = tested(job, paths)
    bands = None
    if options["bands"]:
        began = clock.monotonic()
        bands = bands_from(words, paths, options["bands"], options["horizon"], _with_progress)
        found.seconds["bands"] = clock.monotonic() - began
    return found.report(job, bands), found.seconds


def _with_progress(runs: Generator[Run | None, None, None], total: int) -> list[Run | None]:
    return list(with_progress(runs, total, "bands", sys.stderr))


def _write(report: Report | SeveralReport, options: dict[str, Any]) -> None:
    if options["html"]:
        options["html"].write_text(to_html(report))
    if options["csv"]:
        options["csv"].mkdir(parents=True, exist_ok=True)
        (options["csv"] / "fills.csv").write_text(fills_csv(report))
        (options["csv"] / "deals.csv").write_text(deals_csv(report))
