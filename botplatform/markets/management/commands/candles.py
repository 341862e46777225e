"""`manage.py candles`: candles for backtests, fetched, imported, exported, listed."""

from __future__ import annotations

import asyncio
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botplatform.markets.archive import archive, files
from botplatform.markets.archive.columns import Gap, gaps, joined, moment
from botplatform.markets.archive.fetching import Fetched, Progress, exchange_named, fetch
from botplatform.markets.archive.intervals import SPANS, span_of
from botplatform.markets.archive.refusals import CandlesRefused
from botplatform.markets.archive.store import Store, merge

_BAR = 30
_REDRAW = 0.1  # seconds
_SHOWN_GAPS = 10


class Command(BaseCommand):
    help = "The candle archive that backtests read."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="fetch|import|export|list")
        fetching = actions.add_parser("fetch", help="get candles from an exchange; run it again to go on")
        fetching.add_argument("--exchange", default="paper", help="paper, or a name that ccxt knows (paper)")
        fetching.add_argument("--since", help="first day or minute, UTC: 2026-11-01 or 2026-11-01T12:30")
        fetching.add_argument("--until", help="end, not included (now)")
        importing = actions.add_parser("import", help="take candles from CSV, zip or npz files")
        importing.add_argument("files", nargs="+", type=Path, metavar="FILE")
        importing.add_argument("--exchange", default="binance", help="where the candles come from (binance)")
        exporting = actions.add_parser("export", help="write candles to a CSV file")
        exporting.add_argument("--exchange", help="needed if several have the market")
        exporting.add_argument("--since", help="first day or minute, UTC")
        exporting.add_argument("--until", help="end, not included")
        exporting.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
        for action in (fetching, importing, exporting):
            action.add_argument("--symbol", required=True, help="such as BTC/USDT")
            action.add_argument("--interval", default="1m", help=f"one of {', '.join(SPANS)} (1m)")
        actions.add_parser("list", help="what is there, from when to when, and what is missing")

    def handle(self, *_args: Any, **options: Any) -> None:
        actions = {"fetch": self._fetch, "import": self._import, "export": self._export, "list": self._list}
        try:
            actions[options["action"]](options)
        except CandlesRefused as refused:
            raise CommandError(str(refused)) from None
        except OSError as failed:
            raise CommandError(
                f"The archive cannot be written: {failed.strerror or failed}. Free some space or correct the rights of "
                f"{archive.root()}, and run the same command again."
            ) from None

    def _fetch(self, options: dict[str, Any]) -> None:
        store = archive.folder(options["exchange"], options["symbol"], options["interval"])
        since, until = _moment(options["since"], "--since"), _moment(options["until"], "--until")
        bar = _Bar(self)
        try:
            fetched = asyncio.run(_fetch(options["exchange"], store, since, until, bar))
        except KeyboardInterrupt:
            raise CommandError("Stopped. Run the same command again to go on.") from None
        finally:
            bar.end()
        self._say(f"{fetched.added:,} candles added to {_range(store)}.")
        if fetched.left_out:
            self._say(f"{fetched.left_out:,} left out: their prices do not fit together.")
        self._say_gaps(fetched.gaps)

    def _import(self, options: dict[str, Any]) -> None:
        store = archive.folder(options["exchange"], options["symbol"], options["interval"])
        read = [files.read(path, span_of(options["interval"])) for path in options["files"]]
        candles, repeated = joined([each.candles for each in read], "The files")
        with store.writing():
            before = store.head().rows
            repeated += merge(store, candles) + sum(each.repeated for each in read)
            added = store.head().rows - before
        self._say(f"{added:,} candles added to {_range(store)}; {repeated:,} were there already.")
        self._say_gaps(gaps(store.load()))

    def _export(self, options: dict[str, Any]) -> None:
        symbol, interval = options["symbol"], options["interval"]
        exchange = options["exchange"] or _only_exchange(symbol, interval)
        since, until = _moment(options["since"], "--since"), _moment(options["until"], "--until")
        candles = archive.load(exchange, symbol, interval, since, until)
        if not len(candles):
            raise CandlesRefused("There are no candles in that time. See `manage.py candles list`.")
        files.write_csv(options["out"], candles)
        self._say(f"{len(candles):,} candles written to {options['out']}.")

    def _list(self, _options: dict[str, Any]) -> None:
        found = list(archive.entries())
        if not found:
            self._say("No candles yet. Get some with `manage.py candles fetch` or `manage.py candles import`.")
        for entry in found:
            if entry.head is None:
                self._say(f"{entry.path}: {entry.trouble}")
                continue
            missing = sum(gap.missing for gap in entry.gaps)
            holes = f"{len(entry.gaps)} gaps, {missing:,} candles missing" if entry.gaps else "no gaps"
            self._say(f"{entry.head.exchange} {_range(Store(entry.path))}: {entry.head.rows:,} candles, {holes}")

    def _say_gaps(self, found: list[Gap]) -> None:
        if not found:
            self._say("No gaps.")
            return
        missing = sum(gap.missing for gap in found)
        self._say(f"{len(found):,} gaps, {missing:,} candles missing; the longest:")
        for gap in sorted(found, key=lambda gap: -gap.missing)[:_SHOWN_GAPS]:
            self._say(f"  {moment(gap.from_ms)} to {moment(gap.to_ms)}: {gap.missing:,}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)


class _Bar:
    """A line that fills up, where there is a terminal to draw it on."""

    def __init__(self, command: Command) -> None:
        self._out = command.stderr
        self._drawn = 0.0
        self._open = False

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._out.isatty():
            if progress.trouble:
                self._out.write(progress.trouble)
        elif progress.trouble or now - self._drawn > _REDRAW or progress.share >= 1:
            full = round(progress.share * _BAR)
            text = progress.trouble or f"{moment(progress.at)}  {progress.candles:,} candles"
            line = f"\r[{'#' * full}{'.' * (_BAR - full)}] {progress.share:4.0%}  {text}"
            self._out.write(line[:119].ljust(119), str, ending="")
            self._drawn, self._open = now, True

    def end(self) -> None:
        if self._open:
            self._out.write("", str)


async def _fetch(exchange: str, store: Store, since: int | None, until: int | None, bar: _Bar) -> Fetched:
    client = exchange_named(exchange)
    try:
        return await fetch(client, store, since, until, tell=bar)
    finally:
        await client.close()


def _only_exchange(symbol: str, interval: str) -> str:
    heads = [entry.head for entry in archive.entries() if entry.head]
    having = [head.exchange for head in heads if (head.symbol, head.interval) == (symbol, interval)]
    if len(having) > 1:
        raise CandlesRefused(f"{' and '.join(having)} have {symbol} {interval}. Say which with --exchange.")
    return having[0] if having else "paper"


def _range(store: Store) -> str:
    head = store.head()
    name = f"{head.symbol} {head.interval}"
    if head.first is None or head.last is None:
        return f"{name} (none there)"
    return f"{name}, {moment(head.first)} to {moment(head.last + head.span)}"


def _moment(text: str | None, option: str) -> int | None:
    """Milliseconds since 1970."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise CandlesRefused(f"{option} {text} is not a time. Write 2026-11-01 or 2026-11-01T12:30, in UTC.") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
